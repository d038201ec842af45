/**
 * What happens at the hub, told to each listener as far as it may hear it. It listens once, however many listeners there are, and holds a bounded number
 * of events for each; one that is too slow loses the oldest and is told so. How a listener is reached is not its business.
 */
import { Charter, type CharterState, Journal, Orchestrator, Records, type SyncEvent } from "@syncline/core"
import type { AdminLive } from "@syncline/core/admin"
import { Clock, Context, Effect, Layer, Option, Queue, type Scope, Stream } from "effect"
import * as Reader from "../records/Reader.ts"
import { type Principal, scopesOf } from "../rest/Principal.ts"
import * as HubHealth from "../status/HubHealth.ts"
import * as LiveLooks from "./LiveLooks.ts"
import * as LiveView from "./LiveView.ts"

/** Events that one listener has not taken; beyond it the oldest is lost. */
export const waitingMax = 256
/** How often it is looked whether the hub stands otherwise, where something happened, in milliseconds. */
const healthMs = 2_000

export interface LiveFeedShape {
  /** From now on until the scope closes; each call gives the next event, in order. */
  readonly listen: (principal: Principal) => Effect.Effect<Effect.Effect<AdminLive.Told>, never, Scope.Scope>
}

export class LiveFeed extends Context.Service<LiveFeed, LiveFeedShape>()("@syncline/server/live/LiveFeed") {
  static readonly layer: Layer.Layer<LiveFeed, never, Needs> = Layer.effect(
    LiveFeed,
    Effect.suspend(() => make())
  )
}

type Needs =
  | HubHealth.HealthServices
  | Journal.Journal
  | LiveLooks.LookServices
  | Records.Records
  | Orchestrator.Orchestrator

interface Waiting {
  readonly number: number
  readonly atMs: number
  readonly event: AdminLive.LiveEvent
}

interface Hearer {
  readonly principal: Principal
  readonly queue: Queue.Queue<Waiting>
  /** Events that were meant for it. */
  offered: number
  /** What it may hear, by one state of the charter. */
  ears: { readonly state: CharterState.CharterState | undefined; readonly of: LiveView.Ears } | undefined
}

interface Feed {
  readonly hearers: Set<Hearer>
  readonly services: Context.Context<Needs>
  readonly charter: Charter.CharterShape | undefined
  /** Something happened since the hub's sentence was made. */
  isStirred: boolean
  sentence: string | undefined
}

const make = Effect.fnUntraced(function* () {
  const services = yield* Effect.context<Needs>()
  const charter = Option.getOrUndefined(yield* Effect.serviceOption(Charter.Charter))
  const feed: Feed = { hearers: new Set(), services, charter, isStirred: true, sentence: undefined }
  const [journal, orchestrator] = [yield* Journal.Journal, yield* Orchestrator.Orchestrator]
  const follow = <A>(stream: Stream.Stream<A>, tell: (one: A) => Effect.Effect<void, never, Needs>) =>
    Effect.forkScoped(Stream.runForEach(stream, tell), { startImmediately: true })
  yield* follow(journal.changes, (change) => tellAll(feed, (ears) => LiveView.ofChange(change, ears)))
  yield* follow(orchestrator.events, (event) => tellEvent(feed, event))
  if (charter !== undefined) {
    yield* follow(charter.changes, ({ version }) =>
      tellAll(feed, ({ scopes }) => (scopes.has("team:read") ? [{ _tag: "CharterChanged", version }] : []))
    )
  }
  const looks = LiveLooks.looksOf(services).map((look): Watched => ({ look, mark: undefined }))
  const looking = Effect.andThen(tellHealth(feed), tellSeen(feed, looks))
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(healthMs), looking)))
  return { listen: (principal) => listen(feed, principal) } satisfies LiveFeedShape
})

const listen = Effect.fnUntraced(function* (feed: Feed, principal: Principal) {
  const queue = yield* Queue.sliding<Waiting>(waitingMax)
  const hearer: Hearer = { principal, queue, offered: 0, ears: undefined }
  yield* Effect.acquireRelease(
    Effect.sync(() => feed.hearers.add(hearer)),
    () => Effect.sync(() => feed.hearers.delete(hearer))
  )
  let [seq, taken] = [0, 0]
  let held: Waiting | undefined
  return Effect.gen(function* () {
    const next = held ?? (yield* Queue.take(queue))
    const count = next.number - taken - 1
    held = count > 0 ? next : undefined
    taken = count > 0 ? next.number - 1 : next.number
    const event: AdminLive.LiveEvent = count > 0 ? { _tag: "Missed", count } : next.event
    return { seq: ++seq, atMs: next.atMs, event }
  })
})

type Tell = (ears: LiveView.Ears) => ReadonlyArray<AdminLive.LiveEvent>

const tellAll = Effect.fnUntraced(function* (feed: Feed, tell: Tell) {
  feed.isStirred = true
  const atMs = yield* Clock.currentTimeMillis
  for (const hearer of feed.hearers) {
    for (const event of tell(yield* earsOf(feed, hearer))) {
      Queue.offerUnsafe(hearer.queue, { number: ++hearer.offered, atMs, event })
    }
  }
  // Listeners take while more comes.
  if (feed.hearers.size > 0) yield* Effect.yieldNow
})

/** Found anew where the charter is another one: a right that was taken is not used any more. */
const earsOf = Effect.fnUntraced(function* ({ charter, services }: Feed, hearer: Hearer) {
  const state = charter?.state()
  if (hearer.ears !== undefined && hearer.ears.state === state) return hearer.ears.of
  const reader = Option.getOrUndefined(yield* Effect.option(Effect.provide(Reader.of(hearer.principal), services)))
  // An account that acts as no member has no records, and everything else that its role may have.
  const { isAll, sees } = reader ?? { isAll: false, sees: () => false }
  const of = { scopes: scopesOf(hearer.principal), isAll, sees }
  hearer.ears = { state, of }
  return of
})

const tellEvent = Effect.fnUntraced(function* (feed: Feed, event: SyncEvent.SyncEvent) {
  if (feed.hearers.size === 0) return void (feed.isStirred = true)
  const partitions = event._tag === "ConflictResolved" ? yield* partitionsOf(event) : []
  yield* tellAll(feed, (ears) => {
    const heard = LiveView.ofEvent(event, ears, partitions)
    return heard === undefined ? [] : [heard]
  })
})

/** Nothing of a record that is gone, or of a journal that cannot be read. */
const partitionsOf = Effect.fnUntraced(function* ({ id, type }: { readonly type: string; readonly id: string }) {
  const found = yield* Effect.option((yield* Journal.Journal).liveOf(type, id))
  return Option.getOrElse(found, () => []).map(({ partition }) => partition)
})

const tellHealth = Effect.fnUntraced(function* (feed: Feed) {
  if (feed.hearers.size === 0 || !feed.isStirred) return
  feed.isStirred = false
  const found = yield* Effect.option(HubHealth.now)
  if (Option.isNone(found) || found.value.health.sentence === feed.sentence) return
  const { health } = found.value
  feed.sentence = health.sentence
  yield* tellAll(feed, ({ scopes }) => (scopes.has("status:read") ? [{ _tag: "StatusNow", ...health }] : []))
  feed.isStirred = false
})

interface Watched {
  readonly look: LiveLooks.Look
  /** As it was seen last; `undefined` before, or while nobody listened. */
  mark: string | undefined
}

/** The first look tells all: something may have changed since whoever has just come asked for it. */
const tellSeen = Effect.fnUntraced(function* (feed: Feed, watched: ReadonlyArray<Watched>) {
  for (const one of watched) {
    if (feed.hearers.size === 0) {
      one.mark = undefined
      continue
    }
    const seen = yield* one.look.see
    if (seen === undefined) continue
    const isNew = one.mark !== seen.mark
    one.mark = seen.mark
    if (isNew) yield* tellAll(feed, ({ scopes }) => (scopes.has(one.look.scope) ? [seen.event] : []))
  }
})
