/**
 * Entities as applications read them: by id, by question, or all in a fixed order. Deleted entities are invisible to
 * `get` and queries and only `scan` shows them.
 */
import * as Bytes from "../identity/Bytes.ts"
import type { FieldValue } from "../model/FieldValue.ts"
import * as Partition from "../model/Partition.ts"
import * as Fingerprint from "./Fingerprint.ts"
import type { EntityQuery, EntityView, Sees } from "./EntityQuery.ts"
import type { ItemKey } from "./Journal.ts"
import type { EntityRow, JournalRows, PartitionRow } from "./JournalTables.ts"
import * as StateCodec from "./StateCodec.ts"

type Sha256 = (bytes: Uint8Array) => Uint8Array
type Position = ItemKey & { readonly id: string }

/** The row as a view. */
export const view = (partition: PartitionRow, row: EntityRow): EntityView => ({
  type: partition.partition.type,
  id: row.id,
  partition: partition.partition,
  fields: JSON.parse(row.value) as Record<string, FieldValue>,
  isDeleted: row.isDeleted
})

/** The same with how its fields merge. */
const viewWithKinds = (partition: PartitionRow, row: EntityRow): EntityView => {
  const kinds = StateCodec.kinds(row.state)
  return kinds === undefined ? view(partition, row) : { ...view(partition, row), kinds }
}

/** Partitions in the order of their hashes, the same on every replica. */
export const byHash = (rows: JournalRows): ReadonlyArray<PartitionRow> =>
  rows
    .partitions()
    .map((row) => [Bytes.toHex(row.hash), row] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, row]) => row)

/** The entities of an id that are to be seen, live and deleted, in the order of their partitions' hashes. */
export const ofId = (
  rows: JournalRows,
  sha256: Sha256,
  type: string,
  id: string,
  sees?: Sees
): ReadonlyArray<readonly [PartitionRow, EntityRow]> => {
  const key = Fingerprint.entityKey(sha256, id)
  const found: Array<readonly [PartitionRow, EntityRow]> = []
  for (const partition of rows.partitions()) {
    if (partition.partition.type !== type || sees?.(partition.partition) === false) continue
    const row = rows.entity(partition.index, key, id)
    if (row !== undefined) found.push([partition, row])
  }
  return found.sort(([a], [b]) => (Bytes.toHex(a.hash) < Bytes.toHex(b.hash) ? -1 : 1))
}

/** The live entities of an id, in the order of their partitions' hashes. */
export const liveOf = (
  rows: JournalRows,
  sha256: Sha256,
  type: string,
  id: string,
  sees?: Sees
): ReadonlyArray<EntityView> =>
  ofId(rows, sha256, type, id, sees)
    .filter(([, row]) => !row.isDeleted)
    .map((found) => viewWithKinds(...found))

/**
 * The live entity of an id. Devices that made it at the same time with different header values have made two; then
 * the one in the partition with the smaller hash is read.
 */
export const get = (rows: JournalRows, sha256: Sha256, type: string, id: string): EntityView | undefined => {
  const live = ofId(rows, sha256, type, id).find(([, row]) => !row.isDeleted)
  return live === undefined ? undefined : view(...live)
}

/** A page of all entities after a position. */
export const scan = (
  rows: JournalRows,
  after: Position | undefined,
  limit: number
): ReadonlyArray<EntityView & ItemKey> => {
  const page: Array<EntityView & ItemKey> = []
  const afterHash = after === undefined ? "" : Bytes.toHex(after.partitionHash)
  for (const partition of byHash(rows)) {
    const hash = Bytes.toHex(partition.hash)
    if (hash < afterHash) continue
    let position = hash === afterHash ? after : undefined
    while (page.length < limit) {
      const found = pageOf(rows, partition, position, limit - page.length)
      if (found.length === 0) break
      page.push(...found)
      position = found[found.length - 1]!
    }
    if (page.length >= limit) break
  }
  return page
}

/** Entities with one key are few: two ids share 52 bits of a hash about never. */
const sharedKeyMax = 16

const pageOf = (
  rows: JournalRows,
  partition: PartitionRow,
  after: Position | undefined,
  limit: number
): ReadonlyArray<EntityView & ItemKey> => {
  const low = after?.key ?? 0
  const found = rows.entitiesInRange(partition.index, low, 2 ** Fingerprint.keyBits - 1, limit + sharedKeyMax)
  return found
    .filter((row) => after === undefined || row.key > after.key || row.id > after.id)
    .slice(0, limit)
    .map((row) => ({ ...viewWithKinds(partition, row), partitionHash: partition.hash, key: row.key }))
}

/** Answers a question from rows at hand. */
export const queryInMemory = (
  rows: JournalRows,
  candidates: ReadonlyArray<EntityRow>,
  query: EntityQuery
): ReadonlyArray<EntityView> => {
  const found = candidates
    .filter((row) => !row.isDeleted)
    .map((row) => view(rows.partitionAt(row.partition), row))
    .filter((entity) => matches(entity, query))
    .sort(orderOf(query))
  return upToLength(found.slice(query.offset, query.offset + query.limit), query.lengthMax)
}

const upToLength = (found: ReadonlyArray<EntityView>, lengthMax = Infinity): ReadonlyArray<EntityView> => {
  let length = 0
  const last = found.findIndex(({ fields }) => (length += JSON.stringify(fields).length) > lengthMax)
  return last < 0 ? found : found.slice(0, last + 1)
}

/** True when the entity meets a question's conditions. */
export const matches = ({ fields, id, partition }: EntityView, query: EntityQuery): boolean => {
  if (query.sees?.(partition) === false) return false
  if (query.fromId !== undefined && compareTexts(id, query.fromId) < 0) return false
  for (const field in query.where) if (fieldOf(fields, field) !== query.where[field]) return false
  return true
}

/** The order of a question's answer; ties are in the order of ids and then of partitions. */
export const orderOf = ({ orderBy }: EntityQuery): ((a: EntityView, b: EntityView) => number) => {
  const sign = orderBy?.isDescending === true ? -1 : 1
  return (a, b) => {
    const order =
      orderBy === undefined ? 0 : sign * compare(fieldOf(a.fields, orderBy.field), fieldOf(b.fields, orderBy.field))
    if (order !== 0) return order
    if (a.id !== b.id) return compareTexts(a.id, b.id)
    const [ofA, ofB] = [Partition.key(a.partition), Partition.key(b.partition)]
    return ofA === ofB ? 0 : ofA < ofB ? -1 : 1
  }
}

const fieldOf = (fields: EntityView["fields"], name: string): FieldValue =>
  Object.hasOwn(fields, name) ? (fields[name] ?? null) : null

/** SQLite's order of JSON: null, then numbers (booleans count as 0 and 1), then texts; lists and objects are their JSON. */
const compare = (a: FieldValue, b: FieldValue): number => {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1
  const [x, y] = [comparable(a), comparable(b)]
  if (typeof x === "string" && typeof y === "string") return compareTexts(x, y)
  if (typeof x !== typeof y) return typeof x === "string" ? 1 : -1
  return x === y ? 0 : x < y ? -1 : 1
}

const comparable = (value: NonNullable<FieldValue>): string | number =>
  typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : Number(value)

/** By code point, as UTF-8 sorts. By code unit, which is JavaScript's order, surrogates would stand before U+E000. */
const compareTexts = (a: string, b: string): number => {
  const end = Math.min(a.length, b.length)
  let at = 0
  while (at < end && a.charCodeAt(at) === b.charCodeAt(at)) at++
  if (at === end) return a.length - b.length
  const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)]
  if (isSurrogate(x) !== isSurrogate(y)) return isSurrogate(x) ? 1 : -1
  return x - y
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff
