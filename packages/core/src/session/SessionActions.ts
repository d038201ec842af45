/**
 * What a step may ask for, done: each action reads or writes once and gives at most one input back. The gate is asked
 * here for every partition before anything of it is named or sent.
 */
import { Clock, Effect, Metric } from "effect"
import * as Bytes from "../identity/Bytes.ts"
import type { FeedCommit } from "../journal/Journal.ts"
import type { JournalError } from "../journal/JournalError.ts"
import type { PartitionRow } from "../journal/JournalTables.ts"
import type { Verdict } from "../journal/Receipt.ts"
import * as Limits from "../model/Limits.ts"
import * as Partition from "../model/Partition.ts"
import { PartitionMap } from "../model/PartitionMap.ts"
import * as RangeTree from "../reconcile/RangeTree.ts"
import * as CoreMetrics from "../telemetry/CoreMetrics.ts"
import type * as Wire from "../wire/WireMessage.ts"
import * as CharterExchange from "./CharterExchange.ts"
import * as RangeExchange from "./RangeExchange.ts"
import { type Confirmed, monotonicMs, type RunningSession, send } from "./RunningSession.ts"
import { PeerLinked, SessionError } from "./SessionError.ts"
import type { Action, Input } from "./SessionState.ts"

type Performed = Effect.Effect<Input | undefined, JournalError | SessionError>

const takeCharter = (driver: RunningSession, message: Wire.CharterSync): Performed =>
  Effect.map(CharterExchange.take(driver, message), (isAgreed): Input => ({ _tag: "CharterTaken", isAgreed }))

const hearCharter = (driver: RunningSession, message: Wire.CharterSync): Performed =>
  Effect.map(CharterExchange.hear(driver, message), (outcome): Input => ({ _tag: "CharterHeard", outcome }))

const nothing = (effect: Effect.Effect<unknown, JournalError>): Performed => Effect.as(effect, undefined)

/** Performs one action other than those that are the driver's own. */
export const perform = (
  driver: RunningSession,
  action: Exclude<Action, { readonly _tag: "Fail" | "Apply" }>
): Performed => {
  switch (action._tag) {
    case "Send":
      return nothing(Effect.andThen(CharterExchange.tellIfMoved(driver), send(driver, action.message)))
    case "TellCharter":
      return nothing(CharterExchange.tell(driver))
    case "TakeCharter":
      return takeCharter(driver, action.message)
    case "HearCharter":
      return hearCharter(driver, action.message)
    case "Admit":
      return admit(driver)
    case "Meet":
      return nothing(meet(driver, action))
    case "ReadSpace":
      return readSpace(driver, action.purpose)
    case "ReadFeed":
      return readFeed(driver, action.after)
    case "AnswerRanges":
      return answerRanges(driver, action)
    case "Settle":
      return settle(driver, action.verdicts, driver.state.live)
    case "SetCursor":
      return nothing(setCursor(driver, action.cursor))
    case "Connected":
      CharterExchange.greeted(driver)
      return nothing(driver.options.notify(action))
    case "Progressed":
      return nothing(driver.options.notify(action))
    case "Differs":
      return nothing(driver.options.notify(action))
    case "Synced":
      return nothing(synced(driver, action))
  }
}

const admit = Effect.fnUntraced(function* (driver: RunningSession) {
  const peer = driver.state.peer!
  const { isHeard, ...decision } = yield* driver.gate.admits(peer)
  yield* driver.gate.audit({ action: "admit", peer, decision, detail: "session" })
  const { allowed, because, rule } = decision
  const { isSpared } = driver.options
  if (allowed && isSpared !== undefined && (yield* isSpared(peer, incarnationOf(driver)))) {
    return yield* Effect.fail(new SessionError({ reason: new PeerLinked({ peer }) }))
  }
  const hears = !allowed && isHeard === true && driver.charter !== undefined && (yield* driver.options.hears(peer))
  const heardWith = hears ? driver.charter!.digest() : undefined
  const input: Input = { _tag: "Admitted", denied: allowed ? undefined : { rule, because, heardWith } }
  return input
})

/**
 * A peer that is met as another journal than before may have lost what it had confirmed, and so has one whose files were put
 * back, which itself learns only from what it is sent.
 */
const meet = Effect.fnUntraced(function* (
  { journal, state }: RunningSession,
  { incarnation, setBackTo }: Action & { readonly _tag: "Meet" }
) {
  const peer = state.peer!
  const known = yield* journal.peer(peer, incarnation)
  if (known === undefined) return yield* journal.setCursor(peer, incarnation, 0)
  if (setBackTo === undefined) return
  const said = { ...nothingSaid, isCustodian: false, givesWay: false, unsent: [], setBackTo }
  yield* journal.settle({ ...said, peer, incarnation })
})

const nothingSaid = { acknowledged: 0, told: 0, proven: undefined, verdicts: [] }

/** What is named or sent next was judged by the charter of this moment, or by a later one. */
const judgedNow = (driver: RunningSession): void => {
  driver.charterJudged = driver.charter?.digest()
}

/** The partitions that may go both ways between this node and the peer, the others, and the head of the same moment. */
const readView = Effect.fnUntraced(function* (driver: RunningSession) {
  const peer = driver.state.peer!
  const { head, rows } = yield* driver.journal.partitions
  judgedNow(driver)
  if (driver.state.phase !== "live") driver.charterGreeted = driver.charter?.known()
  const view: Array<PartitionRow> = []
  const hidden: Array<PartitionRow> = []
  for (const row of rows) {
    const sends = yield* driver.gate.canSend(row.partition, peer)
    const receives = yield* driver.gate.canReceive(row.partition, peer)
    if (sends.allowed && receives.allowed) view.push(row)
    else hidden.push(row)
  }
  return { head, view, hidden }
})

/** The peer's incarnation, once it has said it. */
const incarnationOf = ({ state }: RunningSession): string | undefined =>
  state.peerSpace?.incarnation ?? (state.hello === undefined ? undefined : Bytes.toHex(state.hello.incarnation))

const readSpace = Effect.fnUntraced(function* (
  driver: RunningSession,
  purpose: (Action & { readonly _tag: "ReadSpace" })["purpose"]
) {
  // Before the rows: what is taken back in between makes the roots count as outdated, not as new.
  driver.rootsWriter = driver.journal.info.author
  const { head, hidden, view } = yield* readView(driver)
  driver.uncompared = new Set(hidden.map(({ index }) => index))
  const snapshot = { head, ...RangeTree.root(driver.crypto.sha256, view) }
  const cursor = yield* driver.journal.peer(driver.state.peer!, incarnationOf(driver))
  const charter = driver.charterJudged ?? null
  const input: Input = { _tag: "SpaceRead", purpose, snapshot, cursor, charter }
  return input
})

const readFeed = Effect.fnUntraced(function* (driver: RunningSession, after: number) {
  const peer = driver.state.peer!
  const page = yield* driver.journal.feed(after, peer, Limits.frameBytesTarget, incarnationOf(driver))
  const commits = yield* permitted(driver, page.commits)
  if (commits.length < page.commits.length) yield* settleUnsent(driver, page.commits, commits)
  const input: Input = { _tag: "FeedRead", page, commits }
  return input
})

/** Keeps what the feed passes over, before the peer's acknowledgement of what lies behind it counts for it, too. */
const settleUnsent = Effect.fnUntraced(function* (
  driver: RunningSession,
  commits: ReadonlyArray<FeedCommit>,
  sent: ReadonlyArray<FeedCommit>
) {
  const peer = driver.state.peer!
  if (!(yield* driver.gate.isCustodian(peer))) return
  const kept = new Set(sent)
  const unsent = commits.flatMap((commit) => (kept.has(commit) ? [] : [commit.lseq]))
  const { incarnation } = driver.state.peerSpace!
  yield* driver.journal.settle({ ...nothingSaid, peer, incarnation, isCustodian: true, givesWay: false, unsent })
})

/** The one place where commits are let out: what the gate does not allow stays. */
const permitted = Effect.fnUntraced(function* (driver: RunningSession, commits: ReadonlyArray<FeedCommit>) {
  const peer = driver.state.peer!
  judgedNow(driver)
  const decisions = new PartitionMap<boolean>()
  const allowed: Array<FeedCommit> = []
  let events = 0
  for (const commit of commits) {
    let isAllowed = decisions.get(commit.partition)
    if (isAllowed === undefined) {
      const decision = yield* driver.gate.canSend(commit.partition, peer)
      isAllowed = decision.allowed
      decisions.set(commit.partition, isAllowed)
      const detail = Partition.key(commit.partition)
      yield* driver.gate.audit({ action: "send", peer, decision, detail, isPassedOver: !isAllowed })
    }
    if (!isAllowed) continue
    allowed.push(commit)
    events += commit.events
  }
  if (events > 0) yield* Metric.update(CoreMetrics.eventsSent, events)
  return allowed
})

const answerRanges = Effect.fnUntraced(function* (
  driver: RunningSession,
  action: Action & { readonly _tag: "AnswerRanges" }
) {
  const { hidden, view } = yield* readView(driver)
  if (action.message !== undefined) yield* auditNamed(driver, action.message, hidden)
  const context = { journal: driver.journal, sha256: driver.crypto.sha256, view }
  const answer =
    action.message === undefined
      ? RangeExchange.describe(context, action.request)
      : yield* RangeExchange.answer(context, action.message)
  const pushes = yield* permitted(driver, answer.pushes)
  const input: Input = { _tag: "RangesRead", reply: answer.reply, pushes }
  return input
})

/**
 * A peer that names what it may not have gets the answer that it gets for what is not there; that it asked is kept here.
 */
const auditNamed = Effect.fnUntraced(function* (
  { gate, state }: RunningSession,
  message: Wire.SyncState,
  hidden: ReadonlyArray<PartitionRow>
) {
  if (hidden.length === 0) return
  const peer = state.peer!
  const named = RangeExchange.partitionsNamed(message)
  for (const { hash, partition } of hidden) {
    if (!named.has(Bytes.toHex(hash))) continue
    const decision = yield* gate.canSend(partition, peer)
    // What may be sent and not received is hidden as well, and no secret.
    if (!decision.allowed) {
      // Passed over by the feed, as happens to everybody, is one thing; to ask for it by name another.
      yield* gate.audit({ action: "send", peer, decision, detail: `${Partition.key(partition)} asked for` })
    }
  }
})

/** Keeps what the peer said of this journal's commits, how far it has confirmed them and how far it was proven to. */
export const settle = Effect.fnUntraced(function* (
  driver: RunningSession,
  verdicts: ReadonlyArray<Verdict & { readonly lseq: number }>,
  { acknowledged, told }: Confirmed
) {
  const peer = driver.state.peer!
  const { incarnation } = driver.state.peerSpace!
  const isCustodian = yield* driver.gate.isCustodian(peer)
  const { provenToStore: proven } = driver
  driver.stored = { acknowledged, told }
  driver.provenToStore = undefined
  const givesWay = yield* driver.gate.givesWay
  const said = { acknowledged, told, proven, verdicts, givesWay, unsent: [] }
  const outcome = yield* driver.journal.settle({ ...said, peer, incarnation, isCustodian })
  if (verdicts.length > 0 && isCustodian) yield* driver.options.notify({ _tag: "Settled", verdicts, outcome })
  if (outcome.standing.length === 0) return undefined
  const input: Input = { _tag: "Settled", standing: outcome.standing }
  return input
})

const setCursor = Effect.fnUntraced(function* (driver: RunningSession, cursor: number) {
  const incarnation = driver.state.peerSpace!.incarnation
  const row = yield* driver.journal.peer(driver.state.peer!, incarnation)
  if (row !== undefined && row.cursor >= cursor) return
  yield* driver.journal.setCursor(driver.state.peer!, incarnation, cursor)
})

const synced = Effect.fnUntraced(function* (driver: RunningSession, action: Action & { readonly _tag: "Synced" }) {
  driver.lastProofMs = yield* monotonicMs
  driver.lastProofAtMs = yield* Clock.currentTimeMillis
  if (yield* driver.gate.isCustodian(driver.state.peer!)) {
    const { settled, stored, uncompared } = driver
    // What the peer said itself is stored first, or what it has would count as not shared with it.
    if (uncompared.size > 0 && settled.told > stored.told) yield* settle(driver, [], settled)
    driver.provenToStore = { upto: action.head, uncompared }
  }
  yield* Metric.update(CoreMetrics.proofsEqual, 1)
  yield* driver.options.notify({ ...action, writer: driver.rootsWriter })
})
