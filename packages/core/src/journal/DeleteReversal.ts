/**
 * Keeping the records that a mass delete would take: its commits are applied, and what they deleted here is brought back
 * by new commits in the same transaction. Dropping the commits instead would leave this replica different from those
 * that have them, for ever. It asks no policy.
 */
import type { EntityChange } from "../model/EntityChange.ts"
import * as CommitOpening from "./CommitOpening.ts"
import type { Released } from "./Journal.ts"
import * as JournalReceiver from "./JournalReceiver.ts"
import type { QuarantineRow } from "./JournalTables.ts"
import * as JournalWriter from "./JournalWriter.ts"
import { mergedRefs, OpenEntities, type OpenEntity } from "./OpenEntities.ts"

/** Applies those of the commits that wait as mass deletes, and revives what was live before them and is not after. */
export const revertDeletes = (
  context: JournalWriter.WriterContext,
  rows: ReadonlyArray<QuarantineRow>,
  nowMs: number
): Released => {
  const massDeletes = rows.filter(({ reason }) => reason === "MassDelete")
  const before = liveTargets(context, massDeletes)
  const outcome = JournalReceiver.release(context, massDeletes, nowMs)
  const { entities } = JournalWriter.write(context, deletedOf(context, before).map(revival), nowMs)
  return { ...outcome, entities: mergedRefs(outcome.entities, entities) }
}

/** Live entities that the commits delete, partition by partition, so that few commits bring them back. */
const liveTargets = (
  context: JournalWriter.WriterContext,
  rows: ReadonlyArray<QuarantineRow>
): ReadonlyArray<OpenEntity> => {
  const entities = new OpenEntities(context.tables, context.crypto)
  const live = new Set<OpenEntity>()
  for (const { bytes } of rows) {
    const opening = CommitOpening.open(context, bytes)
    if (opening.kind !== "checked") continue
    const partition = context.tables.partitionOf(opening.commit.packed.header.partition)
    if (partition === undefined) continue
    for (const event of opening.commit.decoded) {
      if (event.ops.d !== true) continue
      const entity = entities.open(partition, event.entity)
      if (entity.state.clock.size > 0 && !entity.state.isDeleted) live.add(entity)
    }
  }
  return [...live].sort((a, b) => a.partition.index - b.partition.index)
}

/** Those that are deleted by now; a commit that waits for something may not have come to its deletes. */
const deletedOf = (
  { tables }: JournalWriter.WriterContext,
  entities: ReadonlyArray<OpenEntity>
): ReadonlyArray<OpenEntity> =>
  entities.filter(({ id, key, partition }) => tables.entity(partition.index, key, id)?.isDeleted === true)

/** A put that names no field revives the entity with the fields it had. */
const revival = ({ id, partition }: OpenEntity): EntityChange => ({
  partition: partition.partition,
  id,
  change: { kind: "put", lww: {}, counters: {}, sets: {} }
})
