/**
 * Taking commits back out of the journal because a custodian does not take them, so that nobody may build on them: those
 * that the policy refuses wait in quarantine as they were signed, others' only where this device gives way; own ones written by a clock that was far ahead
 * are written again with the right time. Entities become what they are without the commits, and later commits of the
 * same author on them go with them. From then on this device writes as another incarnation, so that no number is used
 * twice when a withdrawn commit is taken in after all.
 */
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import type { PeerId } from "../identity/PeerId.ts"
import * as Commit from "../model/Commit.ts"
import * as Limits from "../model/Limits.ts"
import * as EntityFold from "../merge/EntityFold.ts"
import type { Origin } from "../merge/EntityState.ts"
import * as CommitOpening from "./CommitOpening.ts"
import * as EntityHistory from "./EntityHistory.ts"
import type { SettleOutcome } from "./Journal.ts"
import { type CommitRow, type JournalRows, type PeerRow, type ReceiptRow, sources } from "./JournalTables.ts"
import * as KeptCommits from "./KeptCommits.ts"
import { newIncarnation, type WriterContext } from "./JournalWriter.ts"
import { type OpenedCommit, OpenedCommits } from "./OpenedCommits.ts"
import { mergedRefs, OpenEntities, type OpenEntity } from "./OpenEntities.ts"
import { notShared, type Settlement, type Verdict, withdrawingCodes } from "./Receipt.ts"
import * as Receipts from "./Receipts.ts"
import * as Rewriting from "./Rewriting.ts"

interface Work {
  readonly context: WriterContext
  readonly commits: OpenedCommits
  readonly entities: OpenEntities
}

/** Keeps what a peer said of this journal's commits, and withdraws those that a custodian can never take as they are. */
export const settle = (context: WriterContext, settlement: Settlement, nowMs: number): SettleOutcome => {
  const { tables } = context
  const { givesWay, isCustodian, peer } = settlement
  const row = setBack(context, settlement)
  const acknowledged = Math.max(row.acknowledged, settlement.acknowledged)
  // Before the peer counts as told: from then on a commit without a row is one that it has.
  if (isCustodian) keepNotShared(context, settlement)
  const custody = isCustodian ? Math.max(row.custody, settlement.told) : row.custody
  if (acknowledged > row.acknowledged || custody > row.custody) tables.setPeer({ ...row, acknowledged, custody })
  if (isCustodian && settlement.proven !== undefined) tables.removeReceiptsOf(peer, settlement.proven)
  const withdrawing = new Map<number, Verdict>()
  const standing = new Set<string>()
  for (const { lseq, ...verdict } of settlement.verdicts) {
    const commit = tables.commitAt(lseq)
    if (commit === undefined || commit.events === 0) continue
    const packed = packedOf(commit)
    if (isCustodian && isFinal(context, verdict, { commit, givesWay, packed, peer }, nowMs)) {
      withdrawing.set(lseq, verdict)
      continue
    }
    if (withdrawingCodes.has(verdict.code)) standing.add(verdict.code)
    if (!isCustodian || commit.source !== sources.own) continue
    keepSaid(context, verdict, { commit: Commit.id(context.crypto, packed), lseq, peer, atMs: nowMs })
  }
  const outcome = withdrawing.size === 0 ? unchanged : withdraw(context, withdrawing, settlement, nowMs)
  return { ...outcome, standing: [...standing] }
}

/**
 * Keeps what a custodian said of an own commit that stays. A refusal that stands for another one's sake is put off: by itself
 * it must keep nothing once that other one has ended.
 */
const keepSaid = (
  { tables }: WriterContext,
  verdict: Verdict,
  where: Pick<ReceiptRow, "commit" | "lseq" | "peer" | "atMs">
): void => {
  const isPutOff = isTakenBack(verdict) && !isBroughtAgain(tables, tables.receiptsOf(where.commit))
  tables.putReceipt({ ...verdict, ...where, kind: isPutOff ? "held" : verdict.kind })
}

/** The peer's row; where the peer was set back, cut to what it says that it has. */
const setBack = ({ tables }: WriterContext, { incarnation, peer, setBackTo = Infinity }: Settlement): PeerRow => {
  const row = tables.peerOf(peer, incarnation)
  if (row.acknowledged <= setBackTo && row.custody <= setBackTo) return row
  const less = {
    ...row,
    acknowledged: Math.min(row.acknowledged, setBackTo),
    custody: Math.min(row.custody, setBackTo)
  }
  tables.setPeer(less)
  return less
}

/** Receipts that one step of a walk looks at. */
const receiptsAtOnceMax = 512

/**
 * The custodians may be others now, and these peers are none any more. What somebody refuses stays no longer for the sake of
 * whoever had confirmed it, or brought it again: it is put off until the refusal is said again.
 */
export const disown = ({ tables }: WriterContext, peers: ReadonlyArray<PeerId>): void => {
  for (const peer of peers) tables.disown(peer)
  for (let from = 0; ;) {
    const page = tables.receiptsAfter(from, receiptsAtOnceMax)
    for (const row of page) {
      if (isTakenBack(row) && (tables.commitAt(row.lseq)?.events ?? 0) > 0) tables.putReceipt({ ...row, kind: "held" })
    }
    if (page.length < receiptsAtOnceMax) return
    // Several may have said something of the last one.
    from = Math.max(from + 1, page.at(-1)!.lseq - 1)
  }
}

/** Own commits that one step of a search looks at: a few milliseconds. */
const soughtAtOnceMax = 512

/**
 * Keeps for own commits that this device does not share with a custodian that it has not got them. What it was told of
 * before stands: it had said of each what became of it.
 */
const keepNotShared = (context: WriterContext, { peer, proven, unsent }: Settlement): void => {
  const { tables } = context
  const told = tables.peer(peer)?.custody ?? 0
  for (const lseq of unsent) if (lseq > told) putNotShared(context, tables.commitAt(lseq), peer)
  if (proven === undefined || proven.uncompared.size === 0) return
  for (let from = told; from < proven.upto;) {
    const page = tables.ownCommits(from, soughtAtOnceMax)
    for (const row of page) {
      if (row.lseq <= proven.upto && proven.uncompared.has(row.partition)) putNotShared(context, row, peer)
    }
    from = page.length < soughtAtOnceMax ? proven.upto : page.at(-1)!.lseq
  }
}

const putNotShared = (
  { crypto, tables }: WriterContext,
  row: (CommitRow & { readonly lseq: number }) | undefined,
  peer: PeerId
): void => {
  if (row === undefined || row.source !== sources.own || row.events === 0) return
  const commit = Commit.id(crypto, packedOf(row))
  if (tables.receiptsOf(commit).some((said) => said.peer === peer)) return
  // Older than any word of another custodian, so that such a word is what the receipt says.
  tables.putReceipt({ ...notShared, commit, lseq: row.lseq, peer, atMs: 0 })
}

const unchanged = { withdrawn: [], rewritten: [], entities: [] }

const packedOf = ({ bytes }: CommitRow): Commit.PackedCommit => {
  const packed = Commit.open(bytes)
  if (typeof packed === "string") throw new Error(`a stored commit does not open: ${packed}`)
  return packed
}

const tooFarAhead = "StampTooFarAhead"

interface Judged {
  readonly commit: CommitRow & { readonly lseq: number }
  readonly packed: Commit.PackedCommit
  /** Who does not take it. */
  readonly peer: PeerId
  readonly givesWay: boolean
}

/** True when the commit can never be taken in as it is: the policy says no, or both clocks say that its time is wrong. */
const isFinal = (
  context: WriterContext,
  { code, kind }: Verdict,
  { commit, givesWay, packed, peer }: Judged,
  nowMs: number
): boolean => {
  if (kind === "held") return false
  if (withdrawingCodes.has(code)) {
    return (commit.source === sources.own || givesWay) && !isElsewhere(context, commit, packed, peer)
  }
  return code === tooFarAhead && HybridTime.millis(packed.header.at) > nowMs + Limits.clockAheadMsMax
}

/**
 * True when somebody else counts the commit: another custodian has confirmed it, or it was taken back before and came
 * again. Taking it back would make this replica differ from that one, which would bring it again and again. Of others'
 * commits no word is kept, so only who brought them stands for them: that a custodian has told that far may mean that it
 * refused them, too.
 */
const isElsewhere = (
  { crypto, tables }: WriterContext,
  { lseq, source }: Judged["commit"],
  packed: Commit.PackedCommit,
  peer: PeerId
): boolean => {
  const others = tables.custodians().filter((custodian) => custodian.peer !== peer)
  if (source !== sources.own) return others.some((custodian) => custodian.peer === tables.peerAt(source))
  const said = tables.receiptsOf(Commit.id(crypto, packed))
  return Receipts.confirmedBy(others, lseq, said) !== undefined || isBroughtAgain(tables, said)
}

/** True when an own commit was taken back before, and was brought again by who stands for it. */
const isBroughtAgain = (tables: JournalRows, said: ReadonlyArray<ReceiptRow>): boolean => {
  const before = said.find(isTakenBack)
  if (before === undefined) return false
  // Its place is empty as long as nothing of it has come again. It may come in parts, of which the receipt names one.
  return (tables.commitAt(before.lseq)?.events ?? 0) > 0
}

/** A refusal for which a commit is taken back, or was. */
const isTakenBack = ({ code, kind }: Verdict): boolean => kind === "refused" && withdrawingCodes.has(code)

const withdraw = (
  context: WriterContext,
  causes: ReadonlyMap<number, Verdict>,
  { givesWay, peer }: Settlement,
  nowMs: number
): Omit<SettleOutcome, "standing"> => {
  const { crypto, tables } = context
  const commits = new OpenedCommits({ rows: tables, ...context, addLocked: tables.addLocked })
  const work: Work = { context, commits, entities: new OpenEntities(tables, crypto) }
  const verdicts = new Map([...withDependents(work, causes, givesWay)].sort(([a], [b]) => a - b))
  for (const entity of entitiesOf(work, verdicts.keys())) removeEvents(work, entity, verdicts)
  const withdrawn: Array<string> = []
  const misdated: Array<OpenedCommit> = []
  for (const [lseq, verdict] of verdicts) {
    const commit = commits.get(lseq)
    const id = Commit.id(crypto, commit.packed)
    const isOwn = commit.row.source === sources.own
    if (verdict.code === tooFarAhead && isOwn) misdated.push(commit)
    else {
      const from = isOwn ? peer : deliverer(context, commit, peer)
      keep(context, commit, isOwn ? "Rejected" : reasonOf(verdict), verdict, from, nowMs)
      if (isOwn) withdrawn.push(id)
    }
    if (isOwn) tables.putReceipt({ ...verdict, kind: "refused", commit: id, lseq, peer, atMs: nowMs })
    tables.setCommit(lseq, { events: 0, previous: [], bytes: new Uint8Array(0) })
    tables.removeLocked(lseq)
  }
  const entities = work.entities.finish()
  tables.setIdentity({ ...tables.identity(), writing: newIncarnation(crypto) })
  const written = Rewriting.rewrite(context, misdated, nowMs)
  for (const { commit, commits: ids } of written.again) {
    const { lseq } = commit.row
    const id = Commit.id(crypto, commit.packed)
    const because = Rewriting.becauseAgain(ids)
    tables.putReceipt({ ...verdicts.get(lseq)!, because, kind: "refused", commit: id, lseq, peer, atMs: nowMs })
  }
  for (const { because, commit } of written.unwritten) {
    const { lseq } = commit.row
    const id = Commit.id(crypto, commit.packed)
    const verdict: Verdict = {
      ...verdicts.get(lseq)!,
      because: `its time is wrong, and it cannot be written again: ${because}`
    }
    keep(context, commit, "ClockAhead", verdict, peer, nowMs)
    tables.putReceipt({ ...verdict, kind: "refused", commit: id, lseq, peer, atMs: nowMs })
    withdrawn.push(id)
  }
  return { withdrawn, rewritten: written.commits, entities: mergedRefs(entities, written.entities) }
}

const reasonOf = ({ code }: Verdict): "Denied" | "Revoked" | "ClockAhead" =>
  code === "Denied" || code === "Revoked" ? code : "ClockAhead"

/**
 * Who brought a commit of somebody else: with that the policy is asked about it again. Where that is not known it is the
 * author's device, whose word adds nothing; that of the custodian which refuses it would let it in.
 */
const deliverer = ({ tables }: WriterContext, { packed, row }: OpenedCommit, refusing: PeerId): PeerId => {
  const peer = tables.peerAt(row.source)
  return peer === undefined || peer === refusing ? Author.peer(packed.header.authors[0]!) : peer
}

/** Keeps a commit that was taken out, until a person or the policy lets it in. */
const keep = (
  context: WriterContext,
  { decoded, packed, row }: OpenedCommit,
  reason: "Rejected" | ReturnType<typeof reasonOf>,
  { because, policyVersion, rule }: Verdict,
  peer: PeerId,
  nowMs: number
): void =>
  KeptCommits.keepWithdrawn(context, {
    ...CommitOpening.describe(Commit.id(context.crypto, packed), packed, decoded.length, row.bytes),
    rule,
    policyVersion,
    because,
    peer,
    reason,
    sinceMs: nowMs,
    dueMs: null
  })

/**
 * The commits and those that rest on them: what continues their authors' chains, and what this device wrote on them
 * under a later incarnation. Without the former the latter fit nowhere. Who gives way also gives up what others built on
 * them: no custodian takes that in, and its author has given it up or will.
 */
const withDependents = (
  work: Work,
  causes: ReadonlyMap<number, Verdict>,
  givesWay: boolean
): ReadonlyMap<number, Verdict> => {
  const verdicts = new Map(causes)
  // A map gives what is added while it is walked.
  for (const [lseq, verdict] of verdicts) {
    const opened = work.commits.get(lseq)
    const { decoded, row } = opened
    const partition = work.context.tables.partitionAt(row.partition)
    decoded.forEach((event, index) => {
      if (row.previous[index]! < 0) return
      const entity = work.entities.open(partition, event.entity)
      const origin = EntityHistory.originOf(opened, index)
      for (const later of EntityHistory.newestFirst(work.commits, entity.id, entity.lseq)) {
        if (later.lseq <= lseq) break
        if (verdicts.has(later.lseq) || !restsOn(later, origin, event.eseq, givesWay)) continue
        verdicts.set(later.lseq, { ...verdict, because: `it builds on a commit that is refused: ${verdict.because}` })
      }
    })
  }
  return verdicts
}

/** True for what follows in its author's chain, which another branch does not, and for what this device, or anybody, wrote on it. */
const restsOn = (
  { commit, event, origin }: EntityHistory.HistoricEvent,
  on: Origin,
  eseq: number,
  isAnybody: boolean
): boolean => {
  const author = on.authors[0]!
  if (origin.authors[0] === author) return event.prev !== undefined && Bytes.equals(event.prev, on.hash)
  return (
    (isAnybody || commit.row.source === sources.own) &&
    event.deps.some(([index, seen]) => origin.authors[index] === author && seen >= eseq)
  )
}

const entitiesOf = (work: Work, lseqs: Iterable<number>): ReadonlySet<OpenEntity> => {
  const touched = new Set<OpenEntity>()
  for (const lseq of lseqs) {
    const { decoded, row } = work.commits.get(lseq)
    const partition = work.context.tables.partitionAt(row.partition)
    decoded.forEach((event, index) => {
      if (row.previous[index]! >= 0) touched.add(work.entities.open(partition, event.entity))
    })
  }
  return touched
}

/** Folds the entity without the withdrawn commits, and links those that stay past them. */
const removeEvents = (work: Work, entity: OpenEntity, withdrawn: ReadonlyMap<number, Verdict>): void => {
  const { crypto, tables } = work.context
  const left = EntityHistory.ofEntity(work.commits, entity.id, entity.lseq).filter(({ lseq }) => !withdrawn.has(lseq))
  let before = 0
  let last = 0
  for (const { index, lseq } of left) {
    if (lseq !== last) before = last
    last = lseq
    // Read afresh: the same commit may have been linked anew for another of its entities.
    const row = tables.commitAt(lseq)!
    if (row.previous[index] === before) continue
    const previous = row.previous.map((link, at) => (at === index ? before : link))
    tables.setCommit(lseq, { events: row.events, bytes: row.bytes, previous })
  }
  entity.state = EntityFold.fold(left, crypto.sha256)
  work.entities.changed(entity, last)
}
