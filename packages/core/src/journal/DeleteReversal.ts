/**
 * Keeping the records that a mass delete would take: its commits are applied, and what they deleted here is brought back
 * by new commits in the same transaction. Dropping the commits instead would leave this replica different from those
 * that have them, for ever. What rests on something missing cannot be applied, and is dropped. It asks no policy.
 */
import * as Bytes from "../identity/Bytes.ts"
import type { EntityChange } from "../model/EntityChange.ts"
import * as Event from "../model/Event.ts"
import * as CommitOpening from "./CommitOpening.ts"
import * as EntityHistory from "./EntityHistory.ts"
import type { Reverted } from "./Journal.ts"
import * as JournalReceiver from "./JournalReceiver.ts"
import type { QuarantineRow } from "./JournalTables.ts"
import * as JournalWriter from "./JournalWriter.ts"
import { deletesOf } from "./MassDelete.ts"
import { mergedRefs, OpenEntities, type OpenEntity } from "./OpenEntities.ts"

/**
 * Applies those of the commits that wait as mass deletes, as far as they can be, and revives what was live before them, or
 * was deleted by them already, and is not after. None of them stays.
 */
export const revertDeletes = (
  context: JournalWriter.WriterContext,
  rows: ReadonlyArray<QuarantineRow>,
  nowMs: number
): Reverted => {
  const massDeletes = rows.filter(({ reason }) => reason === "MassDelete")
  const before = targets(context, massDeletes)
  const known = massDeletes.filter((row) => !deletesUnknown(context, row))
  const outcome = JournalReceiver.release(context, known, nowMs, { isInParts: true })
  const gone = new Set(outcome.released)
  const dropped = massDeletes.flatMap(({ id }) => (gone.has(id) ? [] : [id]))
  for (const id of dropped) context.tables.removeQuarantine(id)
  const { entities } = JournalWriter.write(context, deletedOf(context, before).map(revival), nowMs)
  return { ...outcome, waiting: [], kept: [], dropped, entities: mergedRefs(outcome.entities, entities) }
}

/** True when it deletes, before it comes, what is not here: applied, that could not be undone before the record is there. */
const deletesUnknown = (context: JournalWriter.WriterContext, { bytes }: QuarantineRow): boolean => {
  const opening = CommitOpening.open(context, bytes)
  const deletes = opening.kind === "checked" ? deletesOf(opening.commit) : undefined
  if (deletes === undefined) return false
  const row = context.tables.findPartition(deletes.partition)
  const entities = new OpenEntities(context.tables, context.crypto)
  return deletes.entities.some(
    ([id, , , , isFirst]) => isFirst && (row === undefined || entities.open(row, id).state.clock.size === 0)
  )
}

/** Entities that the commits delete, or have deleted, partition by partition, so that few commits bring them back. */
const targets = (
  context: JournalWriter.WriterContext,
  rows: ReadonlyArray<QuarantineRow>
): ReadonlyArray<OpenEntity> => {
  const entities = new OpenEntities(context.tables, context.crypto)
  const found = new Set<OpenEntity>()
  for (const { bytes } of rows) {
    const opening = CommitOpening.open(context, bytes)
    if (opening.kind !== "checked") continue
    const partition = context.tables.partitionOf(opening.commit.packed.header.partition)
    if (partition === undefined) continue
    opening.commit.decoded.forEach((event, index) => {
      if (!Event.mayDelete(event)) return
      const entity = entities.open(partition, event.entity)
      const { clock, deletedBy, isDeleted } = entity.state
      const { hash } = EntityHistory.originOf(opening.commit, index)
      const isDeletedByIt = isDeleted && deletedBy !== undefined && Bytes.equals(deletedBy.hash, hash)
      if (isDeleted ? isDeletedByIt : clock.size > 0) found.add(entity)
    })
  }
  return [...found].sort((a, b) => a.partition.index - b.partition.index)
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
