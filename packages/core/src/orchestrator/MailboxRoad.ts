/**
 * A mailbox as a road of the node: it is looked into when something may have come or is to be left there, often while links do
 * not reach somebody, else now and then. One fiber for each mailbox; whatever fails there is tried again and costs no link.
 */
import { Clock, Effect, Metric, PubSub, Queue, Stream } from "effect"
import { FileSeal } from "../crypto/FileSeal.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { Mailbox } from "../mailbox/Mailbox.ts"
import type { MailboxRegistry } from "../mailbox/MailboxRegistry.ts"
import { MailboxStore } from "../mailbox/MailboxState.ts"
import * as MailboxSync from "../mailbox/MailboxSync.ts"
import type { MailboxNotice } from "../mailbox/MailboxWork.ts"
import { monotonicMs } from "../session/RunningSession.ts"
import * as CoreMetrics from "../telemetry/CoreMetrics.ts"
import * as AutoSync from "./AutoSync.ts"
import * as IntakeNews from "./IntakeNews.ts"
import * as PeerSession from "./PeerSession.ts"
import type { MailboxEntry, Supervision } from "./Supervision.ts"

type Registry = MailboxRegistry["Service"]
type Opened = Effect.Success<ReturnType<typeof MailboxSync.open>>

/** A mailbox that nobody looks into yet. */
export const entryOf = Effect.fnUntraced(function* (mailbox: Mailbox) {
  const entry: MailboxEntry = {
    mailbox,
    turn: { isActive: false, turningSinceMs: undefined },
    turnedMs: undefined,
    because: "the node is not started",
    attempts: 0,
    lastError: undefined,
    lookedMs: 0,
    lookedAtMs: undefined,
    lookedHead: 0,
    peers: [],
    wake: yield* Queue.sliding<"now" | "soon">(1),
    isDue: false
  }
  return entry
})

/** Keeps a mailbox and the journal in step until it is interrupted. */
export const run = Effect.fnUntraced(function* (supervisor: Supervision, registry: Registry, entry: MailboxEntry) {
  for (;;) {
    yield* AutoSync.untilWanted(supervisor, entry)
    // Before it is opened: what is wished for meanwhile is another look.
    entry.isDue = false
    const ended = yield* opened(supervisor, registry, entry).pipe(
      Effect.scoped,
      Effect.result,
      Effect.catchDefect((defect) => Effect.as(Effect.logError("a mailbox failed", defect), undefined))
    )
    if (ended?._tag === "Success") continue
    const failure = ended?.failure
    if (failure !== undefined) yield* failed(supervisor, entry, failure)
    else entry.attempts++
    if (!AutoSync.isDone(supervisor, entry)) yield* rest(supervisor, entry, failure)
  }
})

/** Ends once nobody wants it looked into. A failure after which the mailbox need not be opened anew is dealt with here. */
const opened = Effect.fnUntraced(function* (supervisor: Supervision, { seal, store }: Registry, entry: MailboxEntry) {
  const sync = yield* MailboxSync.open({
    mailbox: entry.mailbox,
    aheadMsMax: supervisor.options.aheadMsMax,
    deleteLimits: supervisor.options.deleteLimits,
    isPaused: (peer) => supervisor.paused.has(peer),
    notify: (notice) => takenIn(supervisor, entry, notice)
  }).pipe(
    Effect.provide(supervisor.services),
    Effect.provideService(FileSeal, seal),
    Effect.provideService(MailboxStore, store)
  )
  yield* listen(supervisor, entry, sync)
  for (;;) {
    entry.isDue = false
    const looked = yield* Effect.result(look(supervisor, entry, sync))
    if (looked._tag === "Success") {
      entry.attempts = 0
      entry.lastError = undefined
      if (AutoSync.isDone(supervisor, entry)) return
      yield* untilLook(supervisor, entry)
      if (AutoSync.isDone(supervisor, entry)) return
      continue
    }
    if (isGone(looked.failure)) return yield* Effect.fail(looked.failure)
    yield* failed(supervisor, entry, looked.failure)
    if (AutoSync.isDone(supervisor, entry)) return
    yield* rest(supervisor, entry, looked.failure)
  }
})

type Failure = Effect.Error<Opened["step"]>

const goneReasons: ReadonlySet<string> = new Set(["MailboxUnreachable", "MailboxDenied", "MailboxUnfit"])

/** True when what was opened is worth nothing any more. */
const isGone = ({ reason }: Failure): boolean => goneReasons.has(reason._tag)

/** Everything that may ask for a look. */
const listen = Effect.fnUntraced(function* (supervisor: Supervision, entry: MailboxEntry, sync: Opened) {
  const { gate, journal, wanted } = supervisor
  const wishes = yield* PubSub.subscribe(wanted)
  const ask = (when: "now" | "soon") => Queue.offer(entry.wake, when)
  // What is written goes out with what follows it at once; while links reach everybody it waits for the next look.
  const written = Stream.runForEach(journal.changes, () => (entry.turn.isActive ? ask("soon") : Effect.void))
  const come = Stream.runForEach(sync.changes, () => ask("now"))
  const ruled = Stream.runForEach(gate.changes, () => ask("soon"))
  const wished = Effect.forever(Effect.andThen(PubSub.take(wishes), ask("now")))
  // Before the first look, so that nothing between is missed.
  for (const each of [written, come, ruled, wished]) yield* Effect.forkScoped(each, { startImmediately: true })
})

/** How long others may take to turn to a mailbox behind this node, and how often it is looked into meanwhile, in milliseconds. */
const othersTurnMs = 10_000
const lookForOthersMs = 2_000

const untilLook = Effect.fnUntraced(function* ({ options }: Supervision, entry: MailboxEntry) {
  const { flushAfterMs, pollEveryMs } = entry.mailbox.capabilities
  const isFresh = entry.turnedMs !== undefined && (yield* monotonicMs) - entry.turnedMs < othersTurnMs
  const inUseMs = isFresh ? Math.min(pollEveryMs, lookForOthersMs) : pollEveryMs
  const waitMs = entry.turn.isActive ? inUseMs : options.roads.heartbeatMs
  const when = yield* Effect.raceFirst(Queue.take(entry.wake), Effect.as(Effect.sleep(waitMs), "now" as const))
  if (when === "soon") yield* Effect.sleep(flushAfterMs)
})

/** One look, and what it says of the others. */
const look = Effect.fnUntraced(function* (supervisor: Supervision, entry: MailboxEntry, sync: Opened) {
  const head = yield* supervisor.journal.head
  const { hasWritten, isNews } = yield* sync.step
  const outcome = hasWritten || isNews ? "news" : "nothing"
  yield* Metric.update(counted(entry, outcome), 1)
  const before = new Map(entry.peers.map((peer) => [peer.peer, peer]))
  entry.peers = yield* sync.peers
  entry.lookedMs = yield* monotonicMs
  entry.lookedAtMs = yield* Clock.currentTimeMillis
  entry.lookedHead = head
  for (const each of entry.peers) {
    const known = before.get(each.peer)
    const isNew = known === undefined || !known.isEqual || known.root !== each.root
    yield* seen(supervisor, entry, each, each.isEqual && isNew)
  }
})

const counted = (entry: MailboxEntry, outcome: "news" | "nothing" | "failed") =>
  Metric.withAttributes(CoreMetrics.mailboxLooks, { mailbox: entry.mailbox.name, outcome })

/** What is remembered of a peer that no link reaches. */
const seen = Effect.fnUntraced(function* (
  supervisor: Supervision,
  entry: MailboxEntry,
  { entities, isEqual, peer, root }: MailboxSync.MailboxPeer,
  isNews: boolean
) {
  if (supervisor.sessions.get(peer) !== undefined) return
  const memory = PeerSession.memoryOf(supervisor, peer, entry.mailbox.address)
  if (isEqual) {
    memory.provenAtMs = entry.lookedAtMs
    memory.lastError = undefined
    memory.heldBecause = undefined
    memory.pendingIn = 0
  }
  if (!isNews) return
  const { receivedEvents, sentEvents } = memory
  yield* supervisor.channel.publish({ _tag: "SyncCompleted", peer, root, entities, sentEvents, receivedEvents })
})

const takenIn = Effect.fnUntraced(function* (
  supervisor: Supervision,
  entry: MailboxEntry,
  { outcome, partitions, peer }: MailboxNotice
) {
  const memory = PeerSession.memoryOf(supervisor, peer, routeOf(supervisor, entry, peer))
  memory.receivedEvents += outcome.applied
  memory.heldBecause = outcome.verdicts.find(({ kind }) => kind === "held")?.because ?? memory.heldBecause
  yield* IntakeNews.lookForLost(supervisor, partitions)
  yield* IntakeNews.takenIn(supervisor, peer, { outcome })
})

const routeOf = ({ sessions }: Supervision, entry: MailboxEntry, peer: PeerId): string =>
  sessions.get(peer)?.route ?? entry.mailbox.address

const failed = Effect.fnUntraced(function* (supervisor: Supervision, entry: MailboxEntry, error: Failure) {
  entry.attempts++
  entry.lastError = error.message
  yield* Metric.update(counted(entry, "failed"), 1)
  yield* IntakeNews.reportFailure(supervisor, undefined, entry.mailbox.address, error)
})

/** Waits longer after each failure, with jitter, and no less than the provider asks for; a person's wish ends it. */
const rest = Effect.fnUntraced(function* (
  { crypto, options, wanted }: Supervision,
  entry: MailboxEntry,
  error: Failure | undefined
) {
  const { retryMsMax, retryMsMin } = options
  const fullMs = Math.min(retryMsMin * 2 ** Math.min(entry.attempts - 1, 30), retryMsMax)
  const [chance] = crypto.randomBytes(1)
  const askedMs = error?.reason._tag === "MailboxBusy" ? error.reason.afterMs : 0
  const waitMs = Math.max(askedMs, Math.round(fullMs / 2 + (chance! / 255) * (fullMs / 2)))
  const wished = Effect.scoped(Effect.flatMap(PubSub.subscribe(wanted), (wishes) => PubSub.take(wishes)))
  yield* Effect.raceFirst(Effect.sleep(waitMs), Effect.asVoid(wished))
})
