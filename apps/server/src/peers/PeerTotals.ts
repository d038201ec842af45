/**
 * What became of syncing with each peer over all runs of the hub: it listens to what the orchestrator tells, adds up, and keeps the sums beside the
 * accounts. What is true now is the orchestrator's status, not this.
 */
import { Orchestrator, PeerId, type SyncEvent } from "@syncline/core"
import type { AdminPeers } from "@syncline/core/admin"
import { HubStore } from "@syncline/node/hub"
import { Clock, Context, Effect, Layer, Schema, Stream } from "effect"

/** Peers whose sums are kept; beyond it the one that was not seen for longest is forgotten. */
export const totalledPeersMax = 1_024
/** How often sums that changed are written down, in milliseconds; those of the last such time are lost with the process. */
export const flushMs = 10_000
const hourMs = 3_600_000
/** Hours that count as the last day. */
const hoursMax = 24

const prefix = "totals/"

const Hour = Schema.Struct({ hour: Schema.Int, successes: Schema.Int, failures: Schema.Int })
const Sums = Schema.Struct({
  successes: Schema.Int,
  failures: Schema.Int,
  /** Syncs whose length is known, and their lengths together. */
  timed: Schema.Int,
  tookMs: Schema.Finite,
  sentEvents: Schema.Int,
  receivedEvents: Schema.Int,
  lastEvents: Schema.Int,
  lastSuccessMs: Schema.NullOr(Schema.Finite),
  lastSeenMs: Schema.NullOr(Schema.Finite),
  hours: Schema.Array(Hour)
})
export type Sums = typeof Sums.Type

const none: Sums = {
  successes: 0,
  failures: 0,
  timed: 0,
  tookMs: 0,
  sentEvents: 0,
  receivedEvents: 0,
  lastEvents: 0,
  lastSuccessMs: null,
  lastSeenMs: null,
  hours: []
}

/** Of one peer in this process. */
interface Running {
  sums: Sums
  /** When a difference was found that is not proven to be gone. */
  beganMs: number | undefined
  /** As the orchestrator counts, since its start. */
  sentEvents: number
  receivedEvents: number
}

const unseen: Running = { sums: none, beganMs: undefined, sentEvents: 0, receivedEvents: 0 }

const seenMsOf = ({ sums }: Running): number => sums.lastSeenMs ?? 0

/** The sums behind an event. */
const after = (running: Running, event: SyncEvent.SyncEvent, nowMs: number): Sums => {
  const { sums } = running
  const seen = { ...sums, lastSeenMs: nowMs }
  switch (event._tag) {
    case "PeerConnected":
    case "PeerDisconnected":
      return seen
    case "SyncStarted":
      running.beganMs ??= nowMs
      return seen
    case "SyncError":
      running.beganMs = undefined
      return { ...sums, failures: sums.failures + 1, hours: counted(sums.hours, nowMs, false) }
    case "SyncCompleted":
      return completed(running, event, nowMs)
    default:
      return sums
  }
}

const completed = (
  running: Running,
  { receivedEvents, sentEvents }: typeof SyncEvent.SyncCompleted.Type,
  nowMs: number
): Sums => {
  const { beganMs, sums } = running
  const sent = Math.max(0, sentEvents - running.sentEvents)
  const received = Math.max(0, receivedEvents - running.receivedEvents)
  running.sentEvents = sentEvents
  running.receivedEvents = receivedEvents
  running.beganMs = undefined
  return {
    ...sums,
    successes: sums.successes + 1,
    timed: sums.timed + (beganMs === undefined ? 0 : 1),
    tookMs: sums.tookMs + (beganMs === undefined ? 0 : Math.max(0, nowMs - beganMs)),
    sentEvents: sums.sentEvents + sent,
    receivedEvents: sums.receivedEvents + received,
    lastEvents: sent + received,
    lastSuccessMs: nowMs,
    lastSeenMs: nowMs,
    hours: counted(sums.hours, nowMs, true)
  }
}

const counted = (hours: Sums["hours"], nowMs: number, isSuccess: boolean): Sums["hours"] => {
  const hour = Math.floor(nowMs / hourMs)
  const last = hours.at(-1)
  const own = last?.hour === hour ? last : { hour, successes: 0, failures: 0 }
  const next = isSuccess ? { ...own, successes: own.successes + 1 } : { ...own, failures: own.failures + 1 }
  const others = last?.hour === hour ? hours.slice(0, -1) : hours
  return [...others, next].filter((each) => each.hour > hour - hoursMax && each.hour <= hour)
}

const rateOf = (successes: number, failures: number): number | null =>
  successes + failures === 0 ? null : successes / (successes + failures)

const shownOf = ({ hours, sums }: { readonly sums: Sums; readonly hours: Sums["hours"] }): AdminPeers.PeerTotals => {
  const { hours: _, timed, tookMs, ...others } = sums
  const sum = (of: (hour: typeof Hour.Type) => number) => hours.reduce((total, hour) => total + of(hour), 0)
  return {
    ...others,
    successRate: rateOf(sums.successes, sums.failures),
    successRateOfDay: rateOf(
      sum(({ successes }) => successes),
      sum(({ failures }) => failures)
    ),
    averageMs: timed === 0 ? null : tookMs / timed
  }
}

export class PeerTotals extends Context.Service<
  PeerTotals,
  {
    /** By peer. */
    readonly all: Effect.Effect<ReadonlyMap<PeerId.PeerId, AdminPeers.PeerTotals>>
  }
>()("@syncline/server/peers/PeerTotals") {
  static readonly layer: Layer.Layer<PeerTotals, never, HubStore.HubStore | Orchestrator.Orchestrator> = Layer.effect(
    PeerTotals,
    Effect.gen(function* () {
      const [store, orchestrator] = [yield* HubStore.HubStore, yield* Orchestrator.Orchestrator]
      const book = new Book(store)
      const listening = Stream.runForEach(orchestrator.events, book.take)
      yield* Effect.forkScoped(listening, { startImmediately: true })
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(flushMs), book.flush)))
      yield* Effect.addFinalizer(() => book.flush)
      return { all: book.all }
    })
  )
}

const readSums = Schema.decodeUnknownOption(Schema.fromJsonString(Sums))

class Book {
  readonly #store: HubStore.HubStoreShape
  readonly #peers = new Map<PeerId.PeerId, Running>()
  readonly #changed = new Set<PeerId.PeerId>()
  #isRead = false

  constructor(store: HubStore.HubStoreShape) {
    this.#store = store
  }

  readonly take = (event: SyncEvent.SyncEvent): Effect.Effect<void> =>
    Effect.map(Clock.currentTimeMillis, (nowMs) => {
      if (!("peer" in event) || event.peer === null) return
      const running = this.#peers.get(event.peer) ?? { ...unseen }
      const sums = after(running, event, nowMs)
      if (sums === running.sums) return
      running.sums = sums
      // The one that was seen last stands last.
      this.#peers.delete(event.peer)
      this.#peers.set(event.peer, running)
      this.#changed.add(event.peer)
      this.#makeRoom()
    })

  #makeRoom(): void {
    for (const longest of this.#peers.keys()) {
      if (this.#peers.size <= totalledPeersMax) return
      this.#peers.delete(longest)
      this.#changed.add(longest)
    }
  }

  /** A store that cannot be written is told of elsewhere; the sums wait. */
  readonly flush = Effect.suspend(() => {
    if (this.#changed.size === 0) return Effect.void
    return Effect.andThen(
      this.#read,
      Effect.suspend(() => this.#write())
    )
  }).pipe(Effect.ignore)

  readonly all = Effect.suspend(() => Effect.ignore(this.#read)).pipe(
    Effect.andThen(Clock.currentTimeMillis),
    Effect.map((nowMs) => {
      const first = Math.floor(nowMs / hourMs) - hoursMax
      const shown = [...this.#peers].map(
        ([peer, { sums }]) => [peer, shownOf({ sums, hours: sums.hours.filter(({ hour }) => hour > first) })] as const
      )
      return new Map(shown)
    })
  )

  /** Once: what earlier runs have summed up comes before what this one has. */
  get #read() {
    if (this.#isRead) return Effect.void
    const rows = this.#store.read(({ settings }) =>
      settings.keys(prefix).map((key) => [key.slice(prefix.length), settings.get(key)] as const)
    )
    return Effect.map(rows, (kept) => {
      if (this.#isRead) return
      this.#isRead = true
      for (const [peer, text] of kept) {
        const read = readSums(text)
        if (!PeerId.is(peer) || read._tag === "None") continue
        const running = this.#peers.get(peer)
        if (running !== undefined) running.sums = together(read.value, running.sums)
        else this.#peers.set(peer, { ...unseen, sums: read.value })
      }
      const sorted = [...this.#peers].toSorted(([, one], [, other]) => seenMsOf(one) - seenMsOf(other))
      this.#peers.clear()
      for (const [peer, running] of sorted) this.#peers.set(peer, running)
      this.#makeRoom()
    })
  }

  #write() {
    const changed = [...this.#changed]
    this.#changed.clear()
    const writing = this.#store.change(({ settings }) => {
      for (const peer of changed) {
        const sums = this.#peers.get(peer)?.sums
        if (sums === undefined) settings.remove(prefix + peer)
        else settings.set(prefix + peer, JSON.stringify(sums))
      }
    })
    return Effect.tapError(writing, () => Effect.sync(() => changed.forEach((peer) => this.#changed.add(peer))))
  }
}

const together = (earlier: Sums, now: Sums): Sums => {
  const [last, ...later] = now.hours
  const own = earlier.hours.find(({ hour }) => hour === last?.hour)
  const joined = last === undefined || own === undefined
  return {
    successes: earlier.successes + now.successes,
    failures: earlier.failures + now.failures,
    timed: earlier.timed + now.timed,
    tookMs: earlier.tookMs + now.tookMs,
    sentEvents: earlier.sentEvents + now.sentEvents,
    receivedEvents: earlier.receivedEvents + now.receivedEvents,
    lastEvents: now.lastSuccessMs === null ? earlier.lastEvents : now.lastEvents,
    lastSuccessMs: now.lastSuccessMs ?? earlier.lastSuccessMs,
    lastSeenMs: now.lastSeenMs ?? earlier.lastSeenMs,
    hours: joined
      ? [...earlier.hours, ...now.hours]
      : [
          ...earlier.hours.filter((hour) => hour !== own),
          { hour: own.hour, successes: own.successes + last.successes, failures: own.failures + last.failures },
          ...later
        ]
  }
}
