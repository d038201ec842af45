/**
 * Looks after the quarantine by itself: releases what is due, and asks the policy again about what it had denied once
 * its answers may have changed. What only a person may decide stays untouched; see `QuarantineDesk`.
 */
import { Clock, Effect, Metric } from "effect"
import * as CountedWrite from "../gate/CountedWrite.ts"
import type { Decision } from "../gate/Decision.ts"
import type { GateShape } from "../gate/Gate.ts"
import * as Author from "../identity/Author.ts"
import type { PeerId } from "../identity/PeerId.ts"
import * as CommitDeeds from "../session/CommitDeeds.ts"
import * as QuotaJudging from "../session/QuotaJudging.ts"
import type { JournalShape, Released } from "../journal/Journal.ts"
import type { JournalError } from "../journal/JournalError.ts"
import type { QuarantineRow } from "../journal/JournalTables.ts"
import {
  quarantinePageMax,
  type QuarantineEntry,
  type QuarantineReason,
  quarantineReasons,
  quarantineWays,
  releasedAtOnceMax
} from "../journal/Quarantine.ts"
import * as Commit from "../model/Commit.ts"
import * as CoreMetrics from "../telemetry/CoreMetrics.ts"
import * as AccessKeeper from "./AccessKeeper.ts"
import * as QuarantineNews from "./QuarantineNews.ts"
import * as IntakeNews from "./IntakeNews.ts"
import { type Resting, restingMax, resubmittedMax, type Supervision } from "./Supervision.ts"
import type { SyncEvent } from "./SyncEvent.ts"

/** Releases what is due again and again, and keeps the gauges. */
export const run = Effect.fnUntraced(function* (supervisor: Supervision) {
  const asked = { place: 0 }
  const due = { place: 0 }
  supervisor.isReviewDue = true
  yield* guarded(supervisor, reviewAtStart(supervisor))
  for (;;) {
    yield* guarded(supervisor, releaseDue(supervisor, due))
    // A full disk may have kept the last review from its work.
    if (supervisor.isAccessReviewDue) yield* guarded(supervisor, AccessKeeper.review(supervisor))
    if (supervisor.isReviewDue) yield* review(supervisor)
    else yield* guarded(supervisor, reviewResting(supervisor))
    yield* guarded(supervisor, reviewNew(supervisor, asked))
    yield* Effect.sleep(supervisor.options.releaseEveryMs)
  }
})

const guarded = (supervisor: Supervision, effect: Effect.Effect<void, JournalError>): Effect.Effect<void> =>
  effect.pipe(
    Effect.catchTag("JournalError", (error) => IntakeNews.reportFailure(supervisor, undefined, "journal", error)),
    Effect.catchDefect((defect) => Effect.logError("the quarantine could not be looked at", defect))
  )

/** Commits that are due and that one look asks the policy about; what it still denies would be asked about for ever. */
const dueAskedMax = 256

/** Releases what is due, from the place where the last look stopped. */
const releaseDue = Effect.fnUntraced(function* (supervisor: Supervision, due: { place: number }) {
  const { journal } = supervisor
  const counts = yield* journal.quarantineCounts
  if (counts.ClockAhead > 0) {
    const nowMs = yield* Clock.currentTimeMillis
    let left = dueAskedMax
    const isDue = ({ dueMs, place }: QuarantineEntry): boolean => {
      if (dueMs === null || dueMs > nowMs || left === 0) return false
      left--
      due.place = place
      return true
    }
    // The right of its author may have ended while it waited.
    const isAllowed: Judge = (row, beginnings) =>
      Effect.map(decisionNow(supervisor, row, beginnings), ({ allowed }) => allowed)
    yield* releaseAllowed(supervisor, "ClockAhead", isAllowed, isDue, due.place)
    if (left > 0) due.place = 0
  }
  yield* showCounts(journal)
})

/** Shows how many commits wait for what. */
export const showCounts = Effect.fnUntraced(function* ({ quarantineCounts }: JournalShape) {
  const counts = yield* quarantineCounts
  for (const reason of quarantineReasons) {
    yield* Metric.update(Metric.withAttributes(CoreMetrics.quarantineCommits, { reason }), counts[reason])
  }
})

/** Every reason is on display from the start, so that a rule that watches a counter sees it begin at 0. */
export const showAll = Effect.fnUntraced(function* (supervisor: Supervision) {
  yield* Metric.update(CoreMetrics.commitsHeld, 0)
  yield* Metric.update(CoreMetrics.commitsRejected, 0)
  for (const reason of quarantineReasons) {
    yield* Metric.update(Metric.withAttributes(CoreMetrics.quarantineCommits, { reason }), 0)
    for (const how of quarantineWays) {
      yield* Metric.update(Metric.withAttributes(CoreMetrics.quarantineLeft, { reason, how }), 0)
    }
  }
  yield* guarded(supervisor, showCounts(supervisor.journal))
})

/** A commit that was released showed that this journal has a copy. Sessions may go on as they greeted. */
export const tellCopied = (
  { journal, publish }: { readonly journal: JournalShape; readonly publish: (event: SyncEvent) => Effect.Effect<void> },
  peer: PeerId
): Effect.Effect<void> =>
  Effect.suspend(() => publish({ _tag: "JournalCopied", peer, incarnation: journal.info.incarnation }))

const tellReleased = Effect.fnUntraced(function* (
  supervisor: Supervision,
  reason: QuarantineReason,
  { copyShownBy, kept, released }: Released
) {
  const { channel } = supervisor
  if (copyShownBy !== undefined)
    yield* tellCopied({ journal: supervisor.journal, publish: channel.publish }, copyShownBy)
  yield* QuarantineNews.left(channel, reason, "released", released.length)
  // A mass delete that waited for something else now waits for a person, who should hear of it.
  const byPeer = new Map<PeerId, number>()
  for (const { code, peer } of kept) if (code === "MassDelete") byPeer.set(peer, (byPeer.get(peer) ?? 0) + 1)
  for (const [peer, commits] of byPeer)
    yield* channel.publish({ _tag: "CommitsHeld", peer, reason: "MassDelete", commits })
})

/** After a start, the program may be a later version, and the policy may have changed meanwhile. */
const reviewAtStart = Effect.fnUntraced(function* (supervisor: Supervision) {
  yield* releaseAllowed(supervisor, "SchemaUnknown", (row, beginnings) =>
    Effect.map(decisionNow(supervisor, row, beginnings), ({ allowed }) => allowed)
  )
  yield* reviewReasons(supervisor, true)
})

/** Asks the policy again about everything that it had denied. Each commit is tried once for each change. */
export const review = (supervisor: Supervision): Effect.Effect<void> =>
  Effect.suspend(() => {
    supervisor.isReviewDue = true
    return guarded(supervisor, reviewReasons(supervisor, false))
  })

/**
 * Asks once more about what has come since the last look: the policy may have changed between its answer and the moment
 * in which the commit was kept.
 */
const reviewNew = Effect.fnUntraced(function* (supervisor: Supervision, asked: { place: number }) {
  let newest = asked.place
  for (const reason of ["Denied", "Revoked"] as const) {
    const isAllowed: Judge = (row, beginnings) =>
      Effect.map(decisionNow(supervisor, row, beginnings), ({ allowed }) => {
        newest = Math.max(newest, row.place)
        return allowed
      })
    yield* releaseAllowed(supervisor, reason, isAllowed, undefined, asked.place)
  }
  const scale = yield* scaleOf(supervisor)
  const isToSubmit: Judge = (row, beginnings) =>
    Effect.map(decisionNow(supervisor, row, beginnings), (decision) => {
      newest = Math.max(newest, row.place)
      return isLaterThan(supervisor, row, decision, scale) && isFirstTime(supervisor, row, decision)
    })
  yield* releaseAllowed(supervisor, "Rejected", isToSubmit, undefined, asked.place)
  asked.place = newest
})

/** What the versions of decisions say of each other. */
interface Scale {
  readonly isOnePolicy: boolean
  readonly isRenumbered: boolean
}

const scaleOf = Effect.fnUntraced(function* ({ gate }: Supervision) {
  const scale: Scale = { isOnePolicy: yield* gate.givesWay, isRenumbered: yield* gate.isRenumbered }
  return scale
})

/**
 * True when own work was refused under an older policy than the present one here. Versions count on one scale only where
 * one policy holds for all, or where this device itself decided: another node's rules have numbers of their own. Where a
 * version may come to mean another policy, what is allowed now was refused under another one.
 */
const isLaterThan = (
  { journal }: Supervision,
  { peer, policyVersion: refusedAt }: QuarantineRow,
  { allowed, policyVersion }: Decision,
  { isOnePolicy, isRenumbered }: Scale
): boolean => {
  if (!allowed || isRenumbered) return allowed
  return policyVersion > refusedAt && (isOnePolicy || peer === Author.peer(journal.info.author))
}

/** Notes that a commit is submitted again under the present policy; false when it was before. */
const isFirstTime = ({ resubmitted }: Supervision, { id }: QuarantineRow, { policyVersion }: Decision): boolean => {
  if (resubmitted.get(id) === policyVersion) return false
  if (resubmitted.size >= resubmittedMax) resubmitted.clear()
  resubmitted.set(id, policyVersion)
  return true
}

/** What the policy allows and rests on something missing is tried again once something has come; nothing else is. */
const reviewResting = Effect.fnUntraced(function* (supervisor: Supervision) {
  const { resting } = supervisor
  if (resting === undefined) return
  const head = yield* supervisor.journal.head
  if (head === resting.head) return
  if (resting.isMore) return yield* reviewReasons(supervisor, false)
  let { ids } = resting
  for (;;) {
    const { released, waiting } = yield* releaseResting(supervisor, ids)
    ids = waiting
    // What waits may rest on what was released after it.
    if (released === 0 || ids.length === 0) break
  }
  // The policy may have changed meanwhile, and then all was looked at.
  if (supervisor.resting === resting) supervisor.resting = restingOf(head, ids)
})

const restingOf = (head: number, ids: ReadonlyArray<string>): Resting | undefined =>
  ids.length === 0 ? undefined : { head, ids: ids.slice(0, restingMax), isMore: ids.length > restingMax }

/** Tries these commits, in their order, a bounded number at a time. */
const releaseResting = Effect.fnUntraced(function* (supervisor: Supervision, ids: ReadonlyArray<string>) {
  const sum: ReleaseSum = { released: 0, waiting: [] }
  for (let from = 0; from < ids.length; from += releasedAtOnceMax) {
    const beginnings = new CommitDeeds.Beginnings()
    const allowed = new Map<QuarantineReason, LetIn>()
    for (const id of ids.slice(from, from + releasedAtOnceMax)) {
      const row = yield* supervisor.journal.quarantined(id)
      if (row === undefined || !(yield* decisionNow(supervisor, row, beginnings)).allowed) continue
      const group = allowed.get(row.reason) ?? { ids: [], strangers: [] }
      allowed.set(row.reason, group)
      yield* letIn(supervisor, row, group)
    }
    for (const [reason, group] of allowed) yield* release(supervisor, reason, group, sum)
  }
  return sum
})

const reviewReasons = Effect.fnUntraced(function* (supervisor: Supervision, isStart: boolean) {
  const head = yield* supervisor.journal.head
  supervisor.resting = undefined
  const scale = yield* scaleOf(supervisor)
  const isAllowed: Judge = (row, beginnings) =>
    Effect.map(decisionNow(supervisor, row, beginnings), (decision) => {
      if (!isStart) return decision.allowed
      if (row.reason === "Rejected") return isLaterThan(supervisor, row, decision, scale)
      return decision.allowed && (scale.isRenumbered || decision.policyVersion !== row.policyVersion)
    })
  for (;;) {
    const sum: ReleaseSum = { released: 0, waiting: [] }
    for (const reason of ["Denied", "Revoked", "Rejected"] as const) {
      const { released, waiting } = yield* releaseAllowed(supervisor, reason, isAllowed)
      sum.released += released
      sum.waiting.push(...waiting)
    }
    // What waits may rest on what was released after it.
    if (sum.waiting.length > 0 && sum.released > 0) continue
    supervisor.resting = restingOf(head, sum.waiting)
    break
  }
  supervisor.isReviewDue = false
})

/** What it takes to ask the policy about a commit. */
export type JudgingContext = Omit<CommitDeeds.DeedsContext, "beginnings"> & { readonly gate: GateShape }

/**
 * What the policy says now of a commit that it, or a custodian, had turned away. `beginnings` are those of the commits
 * that are let in together; what this one begins is added to them if it is let in.
 */
export const decisionNow = Effect.fnUntraced(function* (
  context: JudgingContext,
  row: QuarantineRow,
  beginnings = new CommitDeeds.Beginnings()
) {
  const { gate } = context
  const packed = Commit.open(row.bytes)
  if (typeof packed === "string") return unreadable
  const { at, authors, partition } = packed.header
  const begun: Array<CommitDeeds.Beginning> = []
  const deeds = Effect.map(CommitDeeds.of({ ...context, beginnings }, row.bytes), (done) => {
    begun.push(...done.begun)
    return done.deeds
  })
  if (row.reason === "Rejected") return yield* gate.canWrite(partition, deeds)
  const received = yield* gate.canReceive(partition, row.peer)
  if (!received.allowed) return received
  const write = { author: authors[0]!, partition, at, from: row.peer }
  const counts = yield* gate.accepts(write, deeds)
  if (counts.allowed) {
    beginnings.add(begun)
    yield* gate.audit(CountedWrite.audited(write, counts))
  }
  return counts
})

const unreadable: Decision = {
  allowed: false,
  rule: "",
  policyVersion: 0,
  because: "this version cannot read where it belongs, so the policy cannot be asked"
}

/** Whether a commit may be let in, beside those of the same page that are. */
type Judge = (row: QuarantineRow, beginnings: CommitDeeds.Beginnings) => Effect.Effect<boolean, JournalError>

/** What became of commits that the policy allows. */
interface ReleaseSum {
  released: number
  /** Ids of those that stay, because what they rest on is missing. */
  readonly waiting: Array<string>
}

/** Commits that are let in, and which of them are of strangers. */
interface LetIn {
  readonly ids: Array<string>
  readonly strangers: Array<string>
}

const letIn = Effect.fnUntraced(function* (supervisor: Supervision, row: QuarantineRow, into: LetIn) {
  into.ids.push(row.id)
  if (yield* isOfStranger(supervisor, row)) into.strangers.push(row.id)
})

const release = Effect.fnUntraced(function* (
  supervisor: Supervision,
  reason: QuarantineReason,
  { ids, strangers }: LetIn,
  sum: ReleaseSum
) {
  const { deleteLimits } = supervisor.options
  for (let from = 0; from < ids.length; from += releasedAtOnceMax) {
    const some = ids.slice(from, from + releasedAtOnceMax)
    const outcome = yield* supervisor.journal.release(some, deleteLimits, strangers)
    sum.released += outcome.released.length
    sum.waiting.push(...outcome.waiting)
    yield* QuotaJudging.tookReleased(supervisor.gate, outcome)
    yield* tellReleased(supervisor, reason, outcome)
  }
})

/** True where the policy does not admit the author, but for what came from a peer that a route names. */
const isOfStranger = Effect.fnUntraced(function* ({ gate, routes }: Supervision, { bytes, peer }: QuarantineRow) {
  for (const { route } of routes.values()) if (route.peer === peer) return false
  const packed = Commit.open(bytes)
  return typeof packed !== "string" && !(yield* gate.admits(Author.peer(packed.header.authors[0]!))).allowed
})

const releaseAllowed = Effect.fnUntraced(function* (
  supervisor: Supervision,
  reason: QuarantineReason,
  isAllowed: Judge,
  isMeant: (entry: QuarantineEntry) => boolean = () => true,
  from = 0
) {
  const { journal } = supervisor
  const sum: ReleaseSum = { released: 0, waiting: [] }
  let after = from
  for (;;) {
    const page: ReadonlyArray<QuarantineEntry> = yield* journal.quarantine({ after, limit: quarantinePageMax, reason })
    const allowed: LetIn = { ids: [], strangers: [] }
    const beginnings = new CommitDeeds.Beginnings()
    for (const entry of page) {
      const { id, place } = entry
      after = place
      if (!isMeant(entry)) continue
      const row = yield* journal.quarantined(id)
      if (row === undefined || !(yield* isAllowed(row, beginnings))) continue
      yield* letIn(supervisor, row, allowed)
    }
    yield* release(supervisor, reason, allowed, sum)
    if (page.length < quarantinePageMax) return sum
  }
})
