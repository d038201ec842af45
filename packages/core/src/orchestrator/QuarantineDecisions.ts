/**
 * What becomes of commits when a person releases or discards them: who must be asked, what is told of it, and an answer
 * for each. The journal takes commits in; the desk offers this to people.
 */
import { Clock, Effect } from "effect"
import type { CompressionFunctions } from "../crypto/Compression.ts"
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import type { Decision } from "../gate/Decision.ts"
import type { GateShape } from "../gate/Gate.ts"
import * as Author from "../identity/Author.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import type { JournalShape, Released } from "../journal/Journal.ts"
import type { JournalError } from "../journal/JournalError.ts"
import type { QuarantineRow } from "../journal/JournalTables.ts"
import {
  type Because,
  entryOf,
  type QuarantineEntry,
  quarantinePageMax,
  type QuarantineReason,
  releasedAtOnceMax
} from "../journal/Quarantine.ts"
import * as Commit from "../model/Commit.ts"
import * as Limits from "../model/Limits.ts"
import * as Partition from "../model/Partition.ts"
import * as QuotaJudging from "../session/QuotaJudging.ts"
import * as QuarantineAccess from "./QuarantineAccess.ts"
import * as QuarantineKeeper from "./QuarantineKeeper.ts"
import * as QuarantineNews from "./QuarantineNews.ts"
import type { SyncEvent } from "./SyncEvent.ts"

/** What decisions are made on. */
export interface DeskContext {
  readonly journal: JournalShape
  readonly gate: GateShape
  readonly crypto: CryptoFunctions
  readonly compression: CompressionFunctions
  /** Tells whoever listens on this node. */
  readonly publish: (event: SyncEvent) => Effect.Effect<void>
}

/** Commits of the quarantine that are meant together. */
export interface QuarantineSelection {
  readonly reason: QuarantineReason
  /** `<peer id>/<incarnation>` of their author, or the peer id of the author's device. */
  readonly author?: string | undefined
  /** Peer id of who delivered them. */
  readonly peer?: string | undefined
}

/**
 * What became of one commit. `released`: it is applied. `discarded`: it is gone. `waiting`: it stays, because it cannot
 * be taken in now. `denied`: it stays, because the rule says so. `unknown`: it is not in quarantine, or no longer.
 */
export interface QuarantineAnswer extends Because {
  /** Commit id in hexadecimal. */
  readonly id: string
  readonly outcome: "released" | "discarded" | "waiting" | "denied" | "unknown"
  /** What it had waited for; `null` when it is unknown. */
  readonly reason: QuarantineReason | null
}

/** What became of many commits. */
export interface QuarantineSum {
  /** Commits that were released or discarded. */
  readonly done: number
  /** Commits that stay. */
  readonly stayed: number
  /** Answers for those that stay, at most 100. */
  readonly answers: ReadonlyArray<QuarantineAnswer>
}

type Decide = (
  desk: DeskContext,
  ids: ReadonlyArray<string>
) => Effect.Effect<ReadonlyArray<QuarantineAnswer>, JournalError>

/** Releases commits; see `QuarantineDesk`. */
export const release: Decide = Effect.fnUntraced(function* (desk, ids) {
  const { answers, entries } = yield* judge(desk, ids, releaseRefusal)
  yield* inPages(entries, (page) =>
    Effect.gen(function* () {
      const outcome = yield* desk.journal.release(idsOf(page))
      const { copyShownBy } = outcome
      yield* QuotaJudging.tookReleased(desk.gate, outcome)
      if (copyShownBy !== undefined) yield* QuarantineKeeper.tellCopied(desk, copyShownBy)
      yield* tell(desk, "released", note(answers, page, outcome, "released", applied))
    })
  )
  return answersTo(ids, answers)
})

/** Discards commits; see `QuarantineDesk`. */
export const discard: Decide = Effect.fnUntraced(function* (desk, ids) {
  const { answers, entries } = yield* judge(desk, ids, discardRefusal)
  const massDeletes = entries.filter(({ reason }) => reason === "MassDelete")
  yield* inPages(massDeletes, (page) =>
    Effect.flatMap(desk.journal.revertDeletes(idsOf(page)), (outcome) => {
      const dropped = new Set(outcome.dropped)
      const gone = { ...outcome, released: [...outcome.released, ...outcome.dropped] }
      const because = ({ id }: QuarantineEntry): string => (dropped.has(id) ? revertedInPart : reverted)
      return tell(desk, "discarded", note(answers, page, gone, "discarded", because))
    })
  )
  const others = entries.filter(({ reason }) => reason !== "MassDelete")
  yield* inPages(others, (page) =>
    Effect.gen(function* () {
      const isForbidden = yield* QuarantineAccess.isAnyForbidden(desk, idsOf(page))
      const gone = yield* desk.journal.discard(idsOf(page), isForbidden)
      const outcome = { released: idsOf(gone), waiting: [], kept: [] }
      yield* tell(desk, "discarded", note(answers, page, outcome, "discarded", dropped))
    })
  )
  return answersTo(ids, answers)
})

/** Answers that a sum gives for commits that stay. */
const answersMax = 100

/** Decides on everything that is meant and waits now, page by page; what comes meanwhile was seen by nobody. */
export const forAll = Effect.fnUntraced(function* (desk: DeskContext, selection: QuarantineSelection, decide: Decide) {
  const { journal } = desk
  const { reason } = selection
  const last = yield* lastPlace(desk, reason)
  const sum = { done: 0, stayed: 0, answers: new Array<QuarantineAnswer>() }
  let after = 0
  while (after < last) {
    const page: ReadonlyArray<QuarantineEntry> = yield* journal.quarantine({ after, limit: releasedAtOnceMax, reason })
    if (page.length === 0) break
    after = page.at(-1)!.place
    const ids = idsOf(page.filter((entry) => entry.place <= last && isMeant(selection, entry)))
    for (const answer of yield* decide(desk, ids)) {
      if (isDone(answer)) sum.done++
      else if (answer.outcome !== "unknown" && ++sum.stayed <= answersMax) sum.answers.push(answer)
    }
  }
  return sum satisfies QuarantineSum
})

const lastPlace = Effect.fnUntraced(function* ({ journal }: DeskContext, reason: QuarantineReason) {
  let last = 0
  for (;;) {
    const page = yield* journal.quarantine({ after: last, limit: quarantinePageMax, reason })
    last = page.at(-1)?.place ?? last
    if (page.length < quarantinePageMax) return last
  }
})

const isMeant = ({ author, peer }: QuarantineSelection, entry: QuarantineEntry): boolean =>
  (peer === undefined || entry.peer === peer) &&
  (author === undefined || entry.author === author || entry.author.startsWith(`${author}/`))

const idsOf = (entries: ReadonlyArray<{ readonly id: string }>): ReadonlyArray<string> => entries.map(({ id }) => id)

const isDone = ({ outcome }: QuarantineAnswer): boolean => outcome === "released" || outcome === "discarded"

interface Judged {
  readonly answers: Map<string, QuarantineAnswer>
  /** What may be decided on as it was asked, in the order of places: later commits rest on earlier ones. */
  readonly entries: ReadonlyArray<QuarantineEntry>
}

/** Reads each commit once and asks whether it may be; one commit is in memory at a time. */
const judge = Effect.fnUntraced(function* (
  desk: DeskContext,
  ids: ReadonlyArray<string>,
  refusal: (desk: DeskContext, row: QuarantineRow) => Effect.Effect<Decision | undefined, JournalError>
) {
  if (ids.length > quarantinePageMax) {
    return yield* Effect.die(new RangeError(`${ids.length} commits are more than ${quarantinePageMax} at once`))
  }
  const answers = new Map<string, QuarantineAnswer>()
  const entries: Array<QuarantineEntry> = []
  for (const id of new Set(ids)) {
    const row = yield* desk.journal.quarantined(id)
    if (row === undefined) continue
    const decision = yield* refusal(desk, row)
    if (decision === undefined) entries.push(entryOf(row))
    else answers.set(id, denied(row, decision))
  }
  const judged: Judged = { answers, entries: entries.sort((a, b) => a.place - b.place) }
  return judged
})

/** Why a person's word is not enough to apply a commit. */
const releaseRefusal = Effect.fnUntraced(function* (desk: DeskContext, row: QuarantineRow) {
  switch (row.reason) {
    // This device gave its stamp itself.
    case "Rejected":
      return yield* whyNot(desk, row)
    case "Denied":
    case "Revoked":
    case "ClockAhead":
    case "MassDelete": {
      const nowMs = yield* Clock.currentTimeMillis
      if (HybridTime.millis(row.at) > nowMs + Limits.clockAheadMsMax) return farAhead
      return yield* whyNot(desk, row)
    }
    case "SchemaUnknown":
      return typeof Commit.open(row.bytes) === "string" ? undefined : yield* whyNot(desk, row)
    default:
      return undefined
  }
})

/** What the policy says against it now, if anything. */
const whyNot = Effect.fnUntraced(function* (desk: DeskContext, row: QuarantineRow) {
  const decision = yield* QuarantineKeeper.decisionNow(desk, row)
  return decision.allowed ? undefined : yield* audited(desk, row, decision, row.reason === "Rejected")
})

/** Own stamps are never smaller than what was applied, so one stamp from next year would spoil all later writes. */
const farAhead: Decision = {
  allowed: false,
  rule: "clock",
  policyVersion: 0,
  because:
    "its time is more than a day ahead: with it, others would refuse what this device writes from then on; discard it"
}

const bringingBack = Effect.succeed({ creates: true, updates: false, deletes: false, fields: new Set<string>() })

/** Bringing back what a mass delete took is a write of this device. */
const discardRefusal = Effect.fnUntraced(function* (desk: DeskContext, row: QuarantineRow) {
  if (row.reason !== "MassDelete") return undefined
  const packed = Commit.open(row.bytes)
  if (typeof packed === "string") return undefined
  const decision = yield* desk.gate.canWrite(packed.header.partition, bringingBack)
  return decision.allowed ? undefined : yield* audited(desk, row, decision, true)
})

const audited = Effect.fnUntraced(function* (
  { gate, journal }: DeskContext,
  row: QuarantineRow,
  decision: Decision,
  isOwn: boolean
) {
  const peer = isOwn ? Author.peer(journal.info.author) : row.peer
  const packed = Commit.open(row.bytes)
  const detail = typeof packed === "string" ? row.id : Partition.key(packed.header.partition)
  yield* gate.audit({ action: isOwn ? "write" : "receive", peer, decision, detail })
  return decision
})

/** A few commits at a time, so that memory and transactions stay small; what was done is told before anything ends it. */
const inPages = Effect.fnUntraced(function* <E>(
  entries: ReadonlyArray<QuarantineEntry>,
  work: (page: ReadonlyArray<QuarantineEntry>) => Effect.Effect<void, E>
) {
  for (let from = 0; from < entries.length; from += releasedAtOnceMax) {
    yield* Effect.uninterruptible(work(entries.slice(from, from + releasedAtOnceMax)))
  }
})

const applied = (): string => "it is applied"
const reverted = "its deletes were applied and undone, so the records stay on every device"
const revertedInPart =
  "it is gone, and what was applied of it is undone; the rest lacks something here, and a peer that has it may bring it again"
const dropped = ({ reason }: QuarantineEntry): string =>
  reason === "Rejected" || reason === "Forked" ? "it is gone" : "it is gone; a peer that has it may bring it again"

/** Adds the answers for a page of which the journal told what it did, and gives what left. */
const note = (
  answers: Map<string, QuarantineAnswer>,
  page: ReadonlyArray<QuarantineEntry>,
  { kept, released, waiting }: Pick<Released, "kept" | "released" | "waiting">,
  done: "released" | "discarded",
  doneBecause: (entry: QuarantineEntry) => string
): ReadonlyArray<QuarantineEntry> => {
  const gone = new Set(released)
  const lacking = new Set(waiting)
  const reasons = new Map(kept.map(({ because, code, id }) => [id, because || `it cannot be taken in: ${code}`]))
  for (const entry of page) {
    const { id, reason } = entry
    const plain = { id, reason, rule: "", policyVersion: 0 }
    const because = reasons.get(id) ?? (lacking.has(id) ? missing : undefined)
    if (gone.has(id)) answers.set(id, { ...plain, outcome: done, because: doneBecause(entry) })
    else if (because !== undefined) answers.set(id, { ...plain, outcome: "waiting", because })
  }
  return page.filter(({ id }) => gone.has(id))
}

const missing = "something that it rests on is missing here; it stays until that has come"

const denied = ({ id, reason }: QuarantineRow, { because, policyVersion, rule }: Decision): QuarantineAnswer => ({
  id,
  outcome: "denied",
  reason,
  rule,
  policyVersion,
  because
})

const unknown = (id: string): QuarantineAnswer => ({
  id,
  outcome: "unknown",
  reason: null,
  rule: "",
  policyVersion: 0,
  because: "it is not in quarantine, or no longer"
})

/** Tells what left: subscribers, metrics and the log. */
const tell = Effect.fnUntraced(function* (
  desk: DeskContext,
  how: "released" | "discarded",
  left: ReadonlyArray<QuarantineEntry>
) {
  for (const reason of new Set(left.map((entry) => entry.reason))) {
    const ids = idsOf(left.filter((entry) => entry.reason === reason))
    yield* QuarantineNews.left(desk, reason, how, ids.length)
    yield* Effect.logInfo(`a person ${how} commits of the quarantine`, { reason, commits: ids.length, ids })
  }
  yield* QuarantineKeeper.showCounts(desk.journal)
})

/** An answer for each id, once, in the order in which they were asked. */
const answersTo = (
  ids: ReadonlyArray<string>,
  answers: ReadonlyMap<string, QuarantineAnswer>
): ReadonlyArray<QuarantineAnswer> => [...new Set(ids)].map((id) => answers.get(id) ?? unknown(id))
