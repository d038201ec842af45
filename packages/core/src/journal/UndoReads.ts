/**
 * What restoring and undoing would write, read from the past and the present of the entities concerned. Each change
 * names the state that it rests on, so what was changed meanwhile is refused and not overwritten. Nothing is written.
 */
import { Effect } from "effect"
import type { HybridTime } from "../identity/HybridTime.ts"
import * as EntityFold from "../merge/EntityFold.ts"
import type { EntityState } from "../merge/EntityState.ts"
import * as Restoration from "../merge/Restoration.ts"
import * as Undo from "../merge/Undo.ts"
import type { EntityChange } from "../model/EntityChange.ts"
import * as Partition from "../model/Partition.ts"
import {
  CommitNotFound,
  EntityAmbiguous,
  EntityInvalid,
  EntityNotFoundAt,
  SpaceLocked,
  UndoTooLarge,
  WriteError
} from "../model/WriteError.ts"
import * as CommitSearch from "./CommitSearch.ts"
import * as EntityRead from "./EntityRead.ts"
import * as Fingerprint from "./Fingerprint.ts"
import type { Sees } from "./EntityQuery.ts"
import { type EntityReversal, type Reversal, undoEntitiesMax, type UndoTarget } from "./History.ts"
import type { EntityRow, PartitionRow } from "./JournalTables.ts"
import * as PastCommits from "./PastCommits.ts"
import * as PastEvents from "./PastEvents.ts"

const refuse = (reason: WriteError["reason"]): Effect.Effect<never, WriteError> =>
  Effect.fail(new WriteError({ reason }))

type Found = readonly [PartitionRow, EntityRow]

/** Which entity is to look as it did, and when. */
interface Wanted {
  readonly type: string
  readonly id: string
  readonly time: HybridTime
  readonly header: Partition.HeaderValues | undefined
  readonly sees: Sees | undefined
}

export const restoration = Effect.fnUntraced(function* (
  context: PastEvents.PastContext,
  { header, id, sees, time, type }: Wanted
) {
  const reading = PastEvents.begin(context)
  const found = yield* context.read(() => EntityRead.ofId(context.rows, context.crypto.sha256, type, id, sees))
  const then: Array<{ readonly found: Found; readonly present: EntityState; readonly past: EntityState }> = []
  for (const each of found) {
    if (header !== undefined && !Partition.same(each[0].partition, { type, header })) continue
    const events = yield* readable(reading, each[1])
    const known = events.filter(({ origin }) => origin.at <= time)
    if (known.length === 0) continue
    const past = EntityFold.fold(known, context.crypto.sha256)
    then.push({ found: each, present: EntityFold.fold(events, context.crypto.sha256), past })
  }
  const live = then.filter(({ past }) => !past.isDeleted)
  if (live.length > 1) {
    const several = live.map(({ found: each }) => each)
    return yield* refuse(ambiguous(type, id, several))
  }
  const chosen = live[0] ?? then[0]
  if (chosen === undefined) return yield* refuse(new EntityNotFoundAt({ type, id, at: time }))
  const [{ partition }, row] = chosen.found
  const others = found.filter(([, other]) => other !== row && !other.isDeleted)
  if (others.length > 0 && !row.isDeleted && header === undefined) {
    return yield* refuse(ambiguous(type, id, [chosen.found, ...others]))
  }
  if (others.length > 0 && row.isDeleted) {
    const field = Object.keys(partition.header).join(", ")
    return yield* refuse(new EntityInvalid({ type, id, field, problem: "was another then; delete the record first" }))
  }
  const other = Restoration.otherKind(chosen.present, chosen.past)
  if (other !== undefined) {
    const problem = `holds a ${other.is} now and held a ${other.was} then, so it cannot be set back; write it anew`
    return yield* refuse(new EntityInvalid({ type, id, field: other.field, problem }))
  }
  return changesOf(partition, row, Restoration.plan(chosen.present, chosen.past))
})

const ambiguous = (type: string, id: string, found: ReadonlyArray<Found>): EntityAmbiguous =>
  new EntityAmbiguous({ type, id, headers: found.map(([{ partition }]) => partition.header) })

/** The events of an entity. What cannot be read here must not be taken for nothing: what rests on it would wipe it out for all. */
const readable = Effect.fnUntraced(function* (reading: PastEvents.Reading, row: EntityRow) {
  const events = yield* PastEvents.ofEntity(reading, row)
  return events.some(({ isLocked }) => isLocked) ? yield* refuse(new SpaceLocked({})) : events
})

/** The changes of one entity; the first says what they rest on. */
const changesOf = (
  partition: Partition.Partition,
  { id, lseq }: EntityRow,
  changes: ReadonlyArray<EntityChange["change"]>
): ReadonlyArray<EntityChange> =>
  changes.map((change, i) => (i === 0 ? { partition, id, change, expects: lseq } : { partition, id, change }))

export const reversal = Effect.fnUntraced(function* (context: PastEvents.PastContext, asked: UndoTarget, sees?: Sees) {
  const reading = PastEvents.begin(context)
  const found = yield* CommitSearch.find(reading, asked)
  if (found === undefined || found.lseqs.length === 0)
    return yield* refuse(new CommitNotFound({ commit: targetName(asked) }))
  const { lseqs, target } = found
  const touched = new Map<string, Found>()
  for (const lseq of lseqs) {
    yield* context.read(() => collectEntities(reading, lseq, touched, sees))
    if (touched.size > undoEntitiesMax) {
      return yield* refuse(new UndoTooLarge({ entities: touched.size, max: undoEntitiesMax }))
    }
    yield* PastEvents.rest(reading)
  }
  if (sees !== undefined && touched.size === 0) return yield* refuse(new CommitNotFound({ commit: targetName(asked) }))
  const planned: Array<Planned> = []
  // By partition, because a commit lies in one.
  for (const each of [...touched.values()].sort(([a], [b]) => a.index - b.index)) {
    const undo = Undo.plan(yield* readable(reading, each[1]), target, context.crypto.sha256)
    if (undo !== undefined) planned.push({ found: each, undo })
  }
  const deleted = new Set(planned.filter(({ undo }) => undo.becomes === "deleted").map(({ found }) => nameOf(found)))
  const changes: Array<EntityChange> = []
  const entities: Array<EntityReversal> = []
  for (const { found, undo } of planned) {
    const [{ partition }, row] = found
    const isTaken =
      undo.becomes === "live" && (yield* context.read(() => isLiveElsewhere(context, found, deleted, sees)))
    const { changes: wanted, ...told } = isTaken ? Undo.elsewhere : undo
    changes.push(...changesOf(partition, row, wanted))
    entities.push({ ...partition, id: row.id, ...told })
    if (undo.becomes === "live") yield* PastEvents.rest(reading)
  }
  return { changes, entities, group: Undo.groupOf(context.crypto.sha256, target) } satisfies Reversal
})

/** What undoing would do to one entity. */
interface Planned {
  readonly found: Found
  readonly undo: Undo.EntityUndo
}

/** True when another entity has the id, and is not among those that the same undo deletes. */
const isLiveElsewhere = (
  { crypto, rows }: PastEvents.PastContext,
  [{ partition }, { id }]: Found,
  deleted: ReadonlySet<string>,
  sees: Sees | undefined
): boolean =>
  EntityRead.ofId(rows, crypto.sha256, partition.type, id, sees).some(
    (other) => !other[1].isDeleted && !deleted.has(nameOf(other))
  )

const nameOf = ([partition, { id }]: Found): string => `${partition.index} ${id}`

const targetName = (asked: UndoTarget): string =>
  "commit" in asked ? asked.commit : "group" in asked ? asked.group : String(asked.lseq)

/** The entities that one stored commit names, in its order, as they are now; none where they are not to be seen. */
const collectEntities = (
  { context, opened }: PastEvents.Reading,
  lseq: number,
  into: Map<string, Found>,
  sees: Sees | undefined
): void => {
  const { crypto, rows } = context
  const commit = opened.find(lseq)
  if (commit === undefined) return
  const partition = rows.partitionAt(commit.partition)
  if (sees?.(partition.partition) === false) return
  for (const id of PastCommits.entitiesIn(commit)) {
    const name = `${partition.index} ${id}`
    if (into.has(name)) continue
    const row = rows.entity(partition.index, Fingerprint.entityKey(crypto.sha256, id), id)
    if (row !== undefined) into.set(name, [partition, row])
  }
}
