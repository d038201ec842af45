/**
 * Taking own commits back out of the journal: a custodian does not take them, so nobody may build on them. The entities
 * become what they are without them, the commits wait in quarantine as they were signed, and later own commits on the
 * same entities go with them. From then on this device writes as another incarnation, so that no number is used twice
 * when the withdrawn ones are taken in after all.
 */
import * as Commit from "../model/Commit.ts"
import * as EntityFold from "../merge/EntityFold.ts"
import * as CommitOpening from "./CommitOpening.ts"
import * as EntityHistory from "./EntityHistory.ts"
import type { EntityRef, SettleOutcome } from "./Journal.ts"
import { type PartitionRow, sources } from "./JournalTables.ts"
import { newIncarnation, type WriterContext } from "./JournalWriter.ts"
import { OpenedCommits } from "./OpenedCommits.ts"
import { OpenEntities, type OpenEntity } from "./OpenEntities.ts"
import { type Settlement, type Verdict, withdrawingCodes } from "./Receipt.ts"

interface Work {
  readonly context: WriterContext
  readonly commits: OpenedCommits
  readonly entities: OpenEntities
}

/** Keeps what a peer said of this journal's commits, and withdraws those that a custodian refuses. */
export const settle = (context: WriterContext, settlement: Settlement, nowMs: number): SettleOutcome => {
  const { tables } = context
  const { incarnation, isCustodian, peer } = settlement
  const row = tables.peerOf(peer, incarnation)
  const acknowledged = Math.max(row.acknowledged, settlement.acknowledged)
  const custody = isCustodian ? Math.max(row.custody, acknowledged) : row.custody
  if (acknowledged > row.acknowledged || custody > row.custody) tables.setPeer({ ...row, acknowledged, custody })
  const withdrawing = new Map<number, Verdict>()
  for (const { lseq, ...verdict } of settlement.verdicts) {
    const commit = tables.commitAt(lseq)
    if (commit === undefined || commit.source !== sources.own || commit.events === 0 || !isCustodian) continue
    if (verdict.kind === "refused" && withdrawingCodes.has(verdict.code)) withdrawing.set(lseq, verdict)
    else tables.putReceipt({ ...verdict, commit: idOf(context, commit.bytes), lseq, peer, atMs: nowMs })
  }
  if (withdrawing.size === 0) return { withdrawn: [], entities: [] }
  return withdraw(context, withdrawing, settlement, nowMs)
}

const idOf = ({ crypto }: WriterContext, bytes: Uint8Array): string => {
  const packed = Commit.open(bytes)
  if (typeof packed === "string") throw new Error(`a commit made here does not open: ${packed}`)
  return Commit.id(crypto, packed)
}

const withdraw = (
  context: WriterContext,
  causes: ReadonlyMap<number, Verdict>,
  { peer }: Settlement,
  nowMs: number
): SettleOutcome => {
  const { crypto, tables } = context
  const commits = new OpenedCommits({ rows: tables, crypto, compression: context.compression })
  const work: Work = { context, commits, entities: new OpenEntities(tables, crypto) }
  const verdicts = withDependents(work, causes)
  const touched = entitiesOf(work, verdicts.keys())
  for (const entity of touched) removeEvents(work, entity, verdicts)
  const withdrawn: Array<string> = []
  for (const [lseq, verdict] of [...verdicts].sort(([a], [b]) => a - b)) {
    const { events, packed, row } = commits.get(lseq)
    const id = Commit.id(crypto, packed)
    const { because, code, policyVersion, rule } = verdict
    tables.addQuarantine({
      ...CommitOpening.describe(id, packed, events.events.length, row.bytes),
      because,
      policyVersion,
      rule,
      peer,
      reason: "Rejected",
      sinceMs: nowMs,
      dueMs: null
    })
    tables.putReceipt({ commit: id, lseq, peer, code, kind: "refused", because, policyVersion, rule, atMs: nowMs })
    tables.setCommit(lseq, { events: 0, previous: [], bytes: new Uint8Array(0) })
    withdrawn.push(id)
  }
  const entities: ReadonlyArray<EntityRef> = work.entities.finish()
  tables.setIdentity({ ...tables.identity(), writing: newIncarnation(crypto) })
  return { withdrawn, entities }
}

/** The commits and those own ones that continue their chains: without the former the latter fit nowhere. */
const withDependents = (work: Work, causes: ReadonlyMap<number, Verdict>): ReadonlyMap<number, Verdict> => {
  const verdicts = new Map(causes)
  // A map gives what is added while it is walked.
  for (const [lseq, verdict] of verdicts) {
    const { decoded, packed, row } = work.commits.get(lseq)
    const author = packed.header.authors[0]!
    const partition = work.context.tables.partitionAt(row.partition)
    decoded.forEach((event, index) => {
      if (row.previous[index]! < 0) return
      const entity = work.entities.open(partition, event.entity)
      for (const later of EntityHistory.newestFirst(work.commits, entity.id, entity.lseq)) {
        if (later.lseq <= lseq) break
        if (later.origin.authors[0] !== author || verdicts.has(later.lseq)) continue
        verdicts.set(later.lseq, { ...verdict, because: `it builds on a commit that is refused: ${verdict.because}` })
      }
    })
  }
  return verdicts
}

const entitiesOf = (work: Work, lseqs: Iterable<number>): ReadonlySet<OpenEntity> => {
  const touched = new Set<OpenEntity>()
  for (const lseq of lseqs) {
    const { decoded, row } = work.commits.get(lseq)
    const partition: PartitionRow = work.context.tables.partitionAt(row.partition)
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
