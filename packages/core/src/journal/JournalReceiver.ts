/**
 * What commits of others do to the rows of a journal, once for every store: each is taken in wholly, kept in quarantine
 * or refused, and the rest of its batch flows on. It runs inside one transaction of the store. The author's signature
 * and the peer's rights were checked before; everything that concerns the events themselves is checked here.
 */
import * as Author from "../identity/Author.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import type { PeerId } from "../identity/PeerId.ts"
import { eseqOf } from "../identity/VectorClock.ts"
import type { PlacedEvent } from "../merge/EntityFold.ts"
import * as EntityState from "../merge/EntityState.ts"
import * as Limits from "../model/Limits.ts"
import * as CommitOpening from "./CommitOpening.ts"
import type { CheckedCommit } from "./CommitOpening.ts"
import * as CommitReading from "./CommitReading.ts"
import type { DeleteLimits } from "./DeleteWatch.ts"
import * as EntityHistory from "./EntityHistory.ts"
import * as ForkMerge from "./ForkMerge.ts"
import type { Denial, KeptCommit, Released, RemoteBatch, RemoteOutcome } from "./Journal.ts"
import { type JournalTables, type PartitionRow, type QuarantineRow, sources } from "./JournalTables.ts"
import { authorOf, newIncarnation, type WriterContext } from "./JournalWriter.ts"
import * as KeptCommits from "./KeptCommits.ts"
import { judgeDeletes, restsOnMissing } from "./MassDelete.ts"
import type { OpenEntity } from "./OpenEntities.ts"
import { type Because, type QuarantineReason, waitingOf } from "./Quarantine.ts"
import { type Intake, intake } from "./ReceiverIntake.ts"
import * as ReleasedCommits from "./ReleasedCommits.ts"
import { restsOnWaiting, type Verdict } from "./Receipt.ts"

/** Most conflicts and forks that one batch reports; the rest stays visible in the history only. */
const reportsMax = 64

/** Takes in commits of others whose author signatures were verified, and moves the cursor with them. */
export const receive = (context: WriterContext, batch: RemoteBatch, nowMs: number): RemoteOutcome => {
  const { aheadMsMax, feed, givesWay = false, isCustodian } = batch
  const isVouched = isCustodian || !givesWay
  const work = intake(context, { nowMs, aheadMsMax, isCompared: feed === undefined, isVouched })
  const { tables } = context
  const source = tables.peerOf(batch.peer, batch.incarnation).index
  const openings = batch.commits.map((bytes) => CommitOpening.open(context, bytes))
  const denials = new Map(batch.denials.map((denial) => [denial.index, denial]))
  const strangers = new Set(batch.strangers)
  const massDeleting =
    batch.massDeletes === undefined
      ? judgeDeletes(
          work,
          openings.filter((_, index) => !denials.has(index)),
          {
            deleteLimits: batch.deleteLimits,
            judgedBy: batch.isCustodian && batch.judgesAll !== true ? batch.peer : undefined,
            deletingOf: ({ author }) => (strangers.has(author) ? batch.peer : author),
            later: batch.laterDeletes ?? []
          }
        )
      : new Set(batch.massDeletes)
  const fresh: Array<RemoteOutcome["fresh"][number]> = []
  openings.forEach((opening, index) => {
    const { applied, grown, kept } = work.tally
    const denial = denials.get(index)
    const verdict =
      denial === undefined
        ? takeOrTell(work, opening, batch.peer, source, massDeleting)
        : keepDenied(work, opening, denial, batch.peer)
    if (verdict !== undefined) say(work, index, verdict)
    if (work.tally.applied > applied || work.tally.kept > kept) fresh.push([index, work.tally.grown - grown])
  })
  const entities = work.entities.finish()
  const cursor = moveCursor(tables, batch)
  if (work.tally.isCopied) renew(context)
  const { arrived, grown: _grown, kept: _kept, refused, ...tally } = work.tally
  return {
    ...tally,
    fresh,
    refused: [...refused],
    arrived: [...arrived],
    massDeletes: [...massDeleting],
    entities,
    cursor,
    head: tables.head()
  }
}

const say = ({ tally }: Intake, index: number, verdict: Verdict): void => {
  tally.verdicts.push({ ...verdict, index })
  if (verdict.kind === "held") tally.held++
  else tally.refused.set(verdict.code, (tally.refused.get(verdict.code) ?? 0) + 1)
}

/** From here on this journal is another one than its copy. */
export const renew = ({ crypto, tables }: WriterContext): void => {
  const incarnation = newIncarnation(crypto)
  tables.setIdentity({ incarnation, writing: incarnation })
}

/** How commits are released. */
export interface Releasing {
  /** Without a person's word: what is beyond these limits stays. */
  readonly deleteLimits?: DeleteLimits | undefined
  /** Ids of those whose deletes count as deletes of who delivered them. */
  readonly strangers?: ReadonlyArray<string> | undefined
  /** Mass deletes are applied as far as they can be. Absent: as a whole or not at all. */
  readonly isInParts?: boolean
}

/**
 * Applies commits of the quarantine now; whoever asks has judged that they may be. What stays keeps its place.
 */
export const release = (
  context: WriterContext,
  rows: ReadonlyArray<QuarantineRow>,
  nowMs: number,
  { deleteLimits, isInParts = false, strangers = [] }: Releasing = {}
): Released => {
  const { tables } = context
  // A person knows which clock is right; by itself nothing is applied that is far ahead of this one.
  const aheadMsMax = deleteLimits === undefined ? Infinity : Limits.clockAheadMsMax
  const work = intake(context, { nowMs, aheadMsMax, isCompared: true, isVouched: true })
  let copyShownBy: PeerId | undefined
  const openings = rows.map((row) => ReleasedCommits.open(context, row))
  const deletingOf = ReleasedCommits.delivererOf(rows, openings, new Set(strangers))
  const massDeleting =
    deleteLimits === undefined
      ? new Set<string>()
      : judgeDeletes(work, openings, { deleteLimits, judgedBy: undefined, deletingOf })
  const outcome = { released: new Array<string>(), waiting: new Array<string>(), kept: new Array<KeptCommit>() }
  const grown: Array<Released["grown"][number]> = []
  rows.forEach((row, index) => {
    const opening = openings[index]!
    const isWhole = row.reason === "MassDelete" && !isInParts
    if (isWhole && opening.kind === "checked" && restsOnMissing(work, opening.commit)) {
      return void outcome.waiting.push(row.id)
    }
    // Taken out first, so that it can be kept for another reason, e.g. as the proof of a fork.
    tables.removeQuarantine(row.id)
    if (row.reason === "Forked") return void outcome.released.push(row.id)
    const { gaps: gapsBefore, grown: grownBefore } = work.tally
    // What this device wrote itself comes back as it was; a custodian says whether its time can stand.
    const judging = row.reason === "Rejected" ? { ...work, aheadMsMax: Infinity } : work
    const verdict = takeOpened(judging, opening, row.peer, ReleasedCommits.sourceOf(row, tables), massDeleting)
    if (work.tally.isCopied) copyShownBy ??= row.peer
    const records = work.tally.grown - grownBefore
    if (records !== 0 && opening.kind === "checked") {
      grown.push({ author: Author.peer(opening.commit.packed.header.authors[0]!), peer: row.peer, records })
    }
    if (verdict === undefined && work.tally.gaps === gapsBefore) {
      tables.removeReceipt(row.id)
      return void outcome.released.push(row.id)
    }
    KeptCommits.keepAgain(tables, row, verdict, nowMs)
    if (verdict === undefined) outcome.waiting.push(row.id)
    else outcome.kept.push({ id: row.id, peer: row.peer, code: verdict.code, because: verdict.because })
  })
  const entities = work.entities.finish()
  if (copyShownBy !== undefined) renew(context)
  return { ...outcome, grown, entities, copyShownBy }
}

const moveCursor = (tables: JournalTables, batch: RemoteBatch): number => {
  const row = tables.peerOf(batch.peer, batch.incarnation)
  if (batch.feed === undefined) return row.cursor
  const { from, upto } = batch.feed
  // A stretch that starts beyond the cursor would jump over what lies between.
  if (from > row.cursor || upto <= row.cursor) return row.cursor
  tables.setPeer({ ...row, cursor: upto })
  return upto
}

/**
 * Keeps a commit that the policy does not let in; its deliverer learns the rule, also when there is no room. What came
 * in while the policy let it is not judged again, or its author would take back what others have.
 */
const keepDenied = (
  work: Intake,
  opening: CommitOpening.Opening,
  { because, isUnjudged = false, policyVersion, reason, rule }: Denial,
  peer: PeerId
): Verdict | undefined => {
  if (opening.kind === "refused") return refusal(opening.code)
  if (opening.kind === "checked" && isKnown(work, opening.commit)) {
    work.tally.known += opening.commit.decoded.length
    return undefined
  }
  const verdict: Verdict = { code: reason, kind: isUnjudged ? "held" : "refused", rule, policyVersion, because }
  keep(work, opening.kind === "newer" ? opening.entry : describe(opening.commit), peer, reason, verdict, null)
  return verdict
}

/** True when every event of the commit was applied here before. */
const isKnown = (work: Intake, commit: CheckedCommit): boolean =>
  commit.decoded.every((_, index) => isEventKnown(work, commit, index))

const isEventKnown = ({ context, entities, known }: Intake, commit: CheckedCommit, index: number): boolean => {
  const { header } = commit.packed
  const row = context.tables.findPartition(header.partition)
  if (row === undefined) return false
  const event = commit.decoded[index]!
  const entity = entities.open(row, event.entity)
  if (eseqOf(entity.state.clock, header.authors[0]!) < event.eseq) return false
  return known.has(entity, EntityHistory.originOf(commit, index).hash)
}

const describe = ({ bytes, decoded, id, packed }: CheckedCommit): CommitOpening.Described =>
  CommitOpening.describe(id, packed, decoded.length, bytes)

/** Puts a commit into quarantine; false when it is full. */
const keep = (
  { context, nowMs, tally }: Intake,
  entry: CommitOpening.Described,
  peer: PeerId,
  reason: QuarantineReason,
  why: Because & Partial<Pick<Verdict, "kind">>,
  dueMs: number | null
): boolean => {
  const isNew = context.tables.quarantineRow(entry.id) === undefined
  const isKept = KeptCommits.keepTold(context, { ...entry, peer, reason, ...why, sinceMs: nowMs, dueMs }, why.kind)
  if (isNew && isKept) tally.kept++
  return isKept
}

const refusal = (code: string, because = ""): Verdict => ({
  code,
  kind: "refused",
  rule: "",
  policyVersion: 0,
  because
})

const held = (code: QuarantineReason, because: string): Verdict => ({
  code,
  kind: "held",
  rule: "",
  policyVersion: 0,
  because
})

/**
 * Takes in one commit of a batch. While something waits here, what is left out because something is missing is told
 * commit by commit and is no gap: a person may take days, and nobody has to compare for it until then.
 */
const takeOrTell = (...taking: Parameters<typeof takeOpened>): Verdict | undefined => {
  const [{ context, tally }] = taking
  const { gaps } = tally
  const verdict = takeOpened(...taking)
  if (verdict !== undefined || tally.gaps === gaps || waitingOf(context.tables.quarantineCounts()) === 0) return verdict
  tally.gaps = gaps
  return restsOnWaiting
}

const full = refusal("QuarantineFull", "the quarantine there is full; a person must look at it")

/** Takes in one commit; gives a verdict when it was not simply applied. */
const takeOpened = (
  work: Intake,
  opening: CommitOpening.Opening,
  peer: PeerId,
  source: number,
  massDeleting: ReadonlySet<string>
): Verdict | undefined => {
  if (opening.kind === "refused") return refusal(opening.code)
  if (opening.kind === "newer") {
    const verdict = held("SchemaUnknown", "a later version wrote it; it is taken in after an update there")
    return keep(work, opening.entry, peer, "SchemaUnknown", verdict, null) ? verdict : full
  }
  const { commit } = opening
  const { header } = commit.packed
  const dueMs = HybridTime.millis(header.at) - work.aheadMsMax
  if (dueMs > work.nowMs) {
    if (dueMs > work.nowMs + Limits.clockAheadMsMax) {
      return refusal("StampTooFarAhead", "its time is more than a day ahead of the clock there")
    }
    const verdict = held("ClockAhead", "its time is ahead of the clock there; it is applied when due")
    return keep(work, describe(commit), peer, "ClockAhead", verdict, dueMs) ? verdict : full
  }
  if (massDeleting.has(commit.id)) {
    const verdict = held("MassDelete", "it is part of a mass delete and waits until a person there confirms")
    return keep(work, describe(commit), peer, "MassDelete", verdict, null) ? verdict : full
  }
  const row = work.context.tables.partitionOf(header.partition)
  if (row === undefined) return refusal("PartitionsExhausted")
  mergeCommit(work, commit, row, peer, source)
  return undefined
}

const mergeCommit = (work: Intake, commit: CheckedCommit, row: PartitionRow, peer: PeerId, source: number): void => {
  const { tables } = work.context
  const previous: Array<number> = []
  const touched = new Map<OpenEntity, Array<PlacedEvent>>()
  const forked: Array<OpenEntity> = []
  const gapsBefore = work.tally.gaps
  for (let i = 0; i < commit.decoded.length; i++) {
    const entity = work.entities.open(row, commit.decoded[i]!.entity)
    const before = entity.lseq
    const placed = { event: commit.decoded[i]!, origin: EntityHistory.originOf(commit, i) }
    const pending = touched.get(entity)
    const isApplied = mergeEvent(work, placed, entity, pending ?? [], forked)
    previous.push(isApplied ? before : -1)
    if (!isApplied) continue
    if (pending === undefined) touched.set(entity, [placed])
    else pending.push(placed)
  }
  const lseq = touched.size === 0 ? undefined : append(work, commit, row, source, previous)
  if (lseq !== undefined) for (const entity of touched.keys()) work.entities.changed(entity, lseq)
  const kept = tables.quarantineRow(commit.id)
  if (kept !== undefined) comeBack(work, commit, kept, lseq, work.tally.gaps > gapsBefore)
  // Only now, for what waited and came in would take the proof along.
  for (const entity of forked) reportFork(work, commit, peer, entity)
}

const append = (
  { context, tally }: Intake,
  { bytes, contents, decoded, packed }: CheckedCommit,
  { index }: PartitionRow,
  source: number,
  previous: ReadonlyArray<number>
): number => {
  const { tables } = context
  const { header } = packed
  const author = header.authors[0]!
  if (author === authorOf(context)) tally.isCopied = true
  // A clock that has seen a stamp never gives a smaller one. What is further ahead than allowed never gets here.
  const last = HybridTime.add(header.at, header.count - 1)
  if (last > tables.lastTime()) tables.setLastTime(last)
  const lseq = tables.appendCommit({
    partition: index,
    author: tables.authorIndex(author),
    // What this device wrote is its own, whoever brought it back.
    source: Author.peer(author) === context.signer.peer ? sources.own : source,
    events: decoded.length,
    previous,
    bytes
  })
  if (header.seal !== undefined) tables.setSealed()
  const lacked = CommitReading.lackedKey({ contents, packed })
  if (lacked !== undefined) {
    tables.addLocked(lseq, lacked)
    tally.locked++
  }
  return lseq
}

/**
 * Something of a commit that is kept in quarantine came in by another way. It waits no longer once all of it that is
 * kept is known; the proof of a fork stays until a person has seen it.
 */
const comeBack = (
  work: Intake,
  { events, id }: CheckedCommit,
  row: QuarantineRow,
  lseq: number | undefined,
  hasGap: boolean
): void => {
  const { tables } = work.context
  if (row.reason === "Forked") return
  // What was taken back and comes again counts elsewhere; the refusal stays with it, so that it is not taken back anew.
  if (row.reason === "Rejected" && lseq !== undefined) {
    const { isVouched } = work
    for (const said of tables.receiptsOf(id)) {
      tables.putReceipt({ ...said, lseq, kind: isVouched ? said.kind : "held" })
    }
  }
  const looked = work.cameBack.get(id)
  const came = looked ?? new Set<number>()
  const before = came.size
  if (!hasGap) for (const place of events.places) came.add(place)
  // What is kept may be large, and whoever brings the same small part again must not have it opened each time.
  if (looked !== undefined && lseq === undefined && came.size === before) return
  work.cameBack.set(id, came)
  const opening = CommitOpening.open(work.context, row.bytes)
  if (opening.kind !== "checked") return
  const kept = opening.commit
  const isComplete = kept.events.places.every((place, index) => came.has(place) || isEventKnown(work, kept, index))
  if (!isComplete) return
  tables.removeQuarantine(id)
  work.tally.arrived.set(row.reason, (work.tally.arrived.get(row.reason) ?? 0) + 1)
}

const mergeEvent = (
  work: Intake,
  placed: PlacedEvent,
  entity: OpenEntity,
  pending: ReadonlyArray<PlacedEvent>,
  forked: Array<OpenEntity>
): boolean => {
  const { tally } = work
  const { event, origin } = placed
  const { partition } = entity.partition
  const isUnfolded = entity.unfolded !== undefined
  const wasLive = isLive(entity)
  switch (isUnfolded ? "fork" : EntityState.standing(entity.state, event, origin, work.isCompared)) {
    case "known":
      tally.known++
      return false
    case "gap":
      tally.gaps++
      return false
    case "fork": {
      const standing = ForkMerge.merge(work.commits, entity, placed, pending)
      if (standing === "known") tally.known++
      if (standing === "gap") tally.gaps++
      if (standing === "forked") forked.push(entity)
      if (standing === "known" || standing === "gap") return false
      tally.applied++
      return true
    }
    case "new": {
      tally.applied++
      for (const { field, loser, winner } of EntityState.apply(entity.state, event, origin)) {
        if (tally.conflicts.length >= reportsMax) break
        const [won, lost] = [
          { winner: winner.author, winnerAt: winner.at },
          { loser: loser.author, loserAt: loser.at }
        ]
        tally.conflicts.push({ partition, id: entity.id, field, ...won, ...lost })
      }
      tally.grown += Number(isLive(entity)) - Number(wasLive)
      return true
    }
  }
}

const isLive = ({ state }: OpenEntity): boolean => !state.isDeleted && state.clock.size > 0

/** Keeps the commit as the proof of a fork. */
const reportFork = (work: Intake, commit: CheckedCommit, peer: PeerId, entity: OpenEntity): void => {
  const author = commit.packed.header.authors[0]!
  const { type } = entity.partition.partition
  if (work.tally.forks.length < reportsMax) work.tally.forks.push({ author, type, id: entity.id })
  const because =
    `${Author.peer(author)} wrote two changes of ${type} ${JSON.stringify(entity.id)} under one number: ` +
    "its data folder was copied or restored, or it lies; both changes count"
  keep(work, describe(commit), peer, "Forked", { rule: "", policyVersion: 0, because }, null)
}
