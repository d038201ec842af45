/**
 * Taking a partition out of the journal because this device may not have it any more: its records, the commits that they
 * are made of, and what their fingerprints add up to. Own commits that no custodian has confirmed go into quarantine, and all of
 * them where custodians come and go, so that nobody's work is lost. It goes in steps of a few milliseconds, each a transaction; how far it has come is stored,
 * so that one that was interrupted is brought to its end. From then on this device writes as another incarnation, for it
 * does not know its old numbers there any more.
 */
import { Effect } from "effect"
import * as EntityState from "../merge/EntityState.ts"
import * as Commit from "../model/Commit.ts"
import type { Partition } from "../model/Partition.ts"
import * as CommitOpening from "./CommitOpening.ts"
import type { EntityRef, Purging, PurgeOutcome } from "./Journal.ts"
import { isPurgeDue } from "./JournalReads.ts"
import { type CommitRow, type PartitionRow, type PurgeProgress, sources } from "./JournalTables.ts"
import * as KeptCommits from "./KeptCommits.ts"
import { newIncarnation, type WriterContext } from "./JournalWriter.ts"
import { openRow } from "./OpenedCommits.ts"
import { OpenEntities } from "./OpenEntities.ts"
import * as Receipts from "./Receipts.ts"

/** Commits that one step looks at. */
const commitsPerStepMax = 128
/** No commit has this source, so that none is left out. */
const noSource = -2

/** What one step took out. */
export interface PurgeStep {
  readonly entities: ReadonlyArray<EntityRef>
  /** Ids of own commits that wait in quarantine now. */
  readonly withdrawn: ReadonlyArray<string>
  /** Commits that were taken out. */
  readonly commits: number
  readonly isEnd: boolean
}

/** Takes out the next commits of the partition with the records that they belong to. */
export const step = (context: WriterContext, partition: Partition, why: Purging, nowMs: number): PurgeStep => {
  const { tables } = context
  const row = tables.findPartition(partition)
  if (row === undefined || !isPurgeDue(tables, row)) return { entities: [], withdrawn: [], commits: 0, isEnd: true }
  const progress = tables.purgeOf(row.index) ?? begin(context)
  const page = tables.commitsAfter(progress.after, noSource, commitsPerStepMax)
  const entities = new OpenEntities(tables, context.crypto)
  const withdrawn: Array<string> = []
  let commits = 0
  for (const commit of page) {
    if (commit.partition !== row.index || commit.lseq > progress.upto || commit.events === 0) continue
    withdrawn.push(...takeOut(context, row, entities, commit, why, nowMs))
    commits++
  }
  const after = page.at(-1)?.lseq ?? progress.upto
  const isThrough = page.length < commitsPerStepMax || after >= progress.upto
  const gone = entities.finish()
  // One that was interrupted may have been followed by the right, by further records, and by the loss of it again.
  const isMore = isThrough && tables.head() > progress.upto && tables.findPartition(partition)!.total.count > 0
  const next = isMore ? { ...begin(context), after: progress.upto } : { ...progress, after }
  const isEnd = isThrough && !isMore
  tables.setPurge(row.index, isEnd ? undefined : next)
  return { entities: gone, withdrawn, commits, isEnd }
}

const begin = ({ crypto, tables }: WriterContext): PurgeProgress => {
  tables.setIdentity({ ...tables.identity(), writing: newIncarnation(crypto) })
  return { after: 0, upto: tables.head() }
}

type StoredCommit = CommitRow & { readonly lseq: number }

/** A record goes with the first of its commits; no later one finds it again. Gives the id of what is kept. */
const takeOut = (
  context: WriterContext,
  partition: PartitionRow,
  entities: OpenEntities,
  commit: StoredCommit,
  why: Purging,
  nowMs: number
): ReadonlyArray<string> => {
  const { tables } = context
  const { decoded, packed } = openRow({ ...context, rows: tables }, commit)
  for (const { entity: id } of decoded) {
    const entity = entities.open(partition, id)
    if (entity.before === undefined) continue
    entity.state = EntityState.empty()
    entities.changed(entity, 0)
  }
  const kept = commit.source === sources.own ? keepOwn(context, packed, commit, decoded.length, why, nowMs) : []
  tables.setCommit(commit.lseq, { events: 0, previous: [], bytes: new Uint8Array(0) })
  tables.removeLocked(commit.lseq)
  return kept
}

const keepOwn = (
  context: WriterContext,
  packed: Commit.PackedCommit,
  { bytes, lseq }: StoredCommit,
  events: number,
  { keepsConfirmed = false, ...why }: Purging,
  nowMs: number
): ReadonlyArray<string> => {
  const { crypto, signer, tables } = context
  const id = Commit.id(crypto, packed)
  if (!keepsConfirmed && Receipts.confirmedBy(tables.custodians(), lseq, tables.receiptsOf(id)) !== undefined) return []
  const { peer } = signer
  KeptCommits.keepWithdrawn(context, {
    ...CommitOpening.describe(id, packed, events, bytes),
    ...why,
    peer,
    reason: "Rejected",
    sinceMs: nowMs,
    dueMs: null
  })
  tables.putReceipt({ ...why, code: "Denied", kind: "refused", commit: id, lseq, peer, atMs: nowMs })
  return [id]
}

/** All steps, one after the other. */
export const whole = <E>(next: Effect.Effect<PurgeStep, E>): Effect.Effect<PurgeOutcome, E> =>
  Effect.gen(function* () {
    let entities = 0
    const withdrawn: Array<string> = []
    for (;;) {
      const done = yield* next
      entities += done.entities.length
      withdrawn.push(...done.withdrawn)
      if (done.isEnd) return { entities, withdrawn } satisfies PurgeOutcome
      yield* Effect.yieldNow
    }
  })
