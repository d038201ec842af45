/** Making, changing and deleting records: the hub's device writes them, in the name of whoever is signed in, and only what that may. */
import { type Partition, type Records } from "@syncline/core"
import { AdminRecords } from "@syncline/core/admin"
import { Effect } from "effect"
import * as HttpServer from "../http/HttpServer.ts"
import { endpoint } from "../rest/Endpoint.ts"
import * as FieldKinds from "./FieldKinds.ts"
import * as Reader from "./Reader.ts"
import * as RecordRefusal from "./RecordRefusal.ts"
import * as recordProblems from "./recordProblems.ts"
import * as RecordView from "./RecordView.ts"

/**
 * Longest body, in bytes: four times what one write holds, or some thousand small records. Reading and checking the worst JSON of
 * that length takes about 50 ms, and all others wait meanwhile.
 */
const bodyBytesMax = 256 * 1024

const writing = {
  tag: "records",
  access: { kind: "scope", scope: "records:write" },
  problems: recordProblems.all,
  bodyBytesMax
} as const

type Fields = { readonly [field: string]: unknown }
type Typed = { readonly [field: string]: AdminRecords.Kind }

/** What is to be put, and where. */
interface Putting {
  readonly id: string
  readonly header: Partition.HeaderValues | undefined
  readonly fields: Fields
}

/** A put, once it is known where it goes and what its fields are. */
interface Placed {
  readonly header: Partition.HeaderValues
  readonly kinds: ReadonlyMap<string, AdminRecords.Kind>
}

const isPlain = () => "lww" as const

/** Of a record that is there the header need not be said; one that is said chooses among several, and cannot change. */
const placed = Effect.fnUntraced(function* (
  records: Records.RecordsShape,
  type: string,
  { fields, header, id }: Putting,
  kinds: Typed | undefined,
  sampled?: Parameters<typeof FieldKinds.decide>[4]
) {
  const stored = id === "" ? undefined : yield* records.get(type, id, header)
  // Of a header with fields, writing sees to that.
  if (stored === undefined && header !== undefined && Object.keys(header).length === 0 && id !== "") {
    const other = yield* records.get(type, id)
    if (other !== undefined) {
      const names = Object.keys(other.partition.header).join(", ")
      return yield* RecordRefusal.invalid(type, id, names, "chooses the partition and cannot change; make a new record")
    }
  }
  const where = header ?? stored?.partition.header ?? {}
  for (const field of Object.keys(fields)) {
    if (Object.hasOwn(where, field)) return yield* RecordRefusal.invalid(type, id, field, "stands in the header")
  }
  const decided = yield* FieldKinds.decide(records, stored, { type, id, fields, kinds }, isPlain, sampled)
  return { header: where, kinds: decided } satisfies Placed
})

const written = Effect.fnUntraced(function* (
  records: Records.RecordsShape,
  type: string,
  id: string,
  header: Partition.HeaderValues,
  commits: ReadonlyArray<string>
) {
  const view = yield* records.get(type, id, header)
  return { id, commits, record: view === undefined ? null : RecordView.of(view) }
})

/** Makes or changes one record; without an id a new one. */
const put = Effect.fnUntraced(function* (
  records: Records.RecordsShape,
  type: string,
  id: string | undefined,
  { fields, header, kinds }: typeof AdminRecords.RecordAs.Type
) {
  const putting: Putting = { id: id ?? "", header, fields }
  const where = yield* placed(records, type, putting, kinds)
  const value = { ...fields, ...where.header }
  const { commits, ids } = yield* records.putAll(FieldKinds.typeOf(type, where.header, where.kinds), [{ id, value }])
  return yield* written(records, type, ids[0]!, where.header, commits)
})

/** Records of a batch that are looked up before others get a turn. */
const lookedUpAtOnceMax = 16

/** Writes many as records of one type, whose header fields are therefore the same. */
const putBatch = Effect.fnUntraced(function* (
  records: Records.RecordsShape,
  type: string,
  { items, kinds: said }: typeof AdminRecords.Batch.Type
) {
  const kinds = new Map<string, AdminRecords.Kind>()
  const puts: Array<{ readonly id: string | undefined; readonly value: Fields }> = []
  // A look through all partitions of the type for each of them would keep others waiting.
  const sampled = yield* FieldKinds.sampledOnce(records, type)
  let names: string | undefined
  let header: Partition.HeaderValues = {}
  for (const { fields, header: given, id } of items) {
    const where = yield* placed(records, type, { id: id ?? "", header: given, fields }, said, sampled)
    const own = Object.keys(where.header).toSorted().join(", ")
    if (names !== undefined && own !== names) {
      const problem = "is not named alike in all records of the batch; send several"
      return yield* RecordRefusal.invalid(type, id ?? "", "header", problem)
    }
    names = own
    header = where.header
    for (const [field, kind] of where.kinds) {
      if ((kinds.get(field) ?? kind) !== kind) {
        const problem = `is ${kind} in one record of the batch and ${kinds.get(field)} in another; send several`
        return yield* RecordRefusal.invalid(type, id ?? "", field, problem)
      }
      kinds.set(field, kind)
    }
    puts.push({ id, value: { ...fields, ...where.header } })
    if (puts.length % lookedUpAtOnceMax === 0) yield* Effect.yieldNow
  }
  const { commits, ids } = yield* records.putAll(FieldKinds.typeOf(type, header, kinds), puts)
  return { ids, commits }
})

const isListOrNone = (value: unknown): boolean => value === undefined || Array.isArray(value)

/** What a change says by its shape. */
const kindOfChange = (value: unknown): AdminRecords.Kind => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "lww"
  const { add, inc, remove, ...more } = value as Fields
  if (Object.keys(more).length > 0) return "lww"
  if (inc !== undefined) return typeof inc === "number" && add === undefined && remove === undefined ? "counter" : "lww"
  return (add !== undefined || remove !== undefined) && isListOrNone(add) && isListOrNone(remove) ? "orSet" : "lww"
}

/** A set's change with both of its lists. */
const whole = (kind: AdminRecords.Kind | undefined, value: unknown): unknown => {
  if (kind !== "orSet" || kindOfChange(value) !== "orSet") return value
  const { add = [], remove = [] } = value as Fields
  return { add, remove }
}

const patch = Effect.fnUntraced(function* (
  records: Records.RecordsShape,
  type: string,
  id: string,
  { fields, header, kinds }: typeof AdminRecords.RecordChanges.Type
) {
  const stored = yield* records.get(type, id, header)
  if (stored === undefined) return yield* RecordRefusal.absent(type, id)
  const decided = yield* FieldKinds.decide(records, stored, { type, id, fields, kinds }, kindOfChange)
  const changes = Object.fromEntries(
    Object.entries(fields).map(([field, value]) => [field, whole(decided.get(field), value)])
  )
  const where = stored.partition.header
  const { commits } = yield* records.patch(FieldKinds.typeOf(type, where, decided), id, changes, where)
  return yield* written(records, type, id, where, commits)
})

interface OfOne {
  readonly params: { readonly type: string; readonly id: string }
}

const told =
  (act: string) =>
  ({ params }: OfOne, { commits }: { readonly commits: ReadonlyArray<string> }): string =>
    `${act} ${RecordView.named(params)}, ${RecordView.commitsTold(commits)}`

export const writingEndpoints = [
  endpoint({
    ...writing,
    id: "entities.add",
    method: "POST",
    path: "/entities/:type",
    summary: "A new record under an id of the hub's.",
    params: AdminRecords.OfType,
    body: AdminRecords.NewRecord,
    status: 201,
    answer: AdminRecords.Written,
    audit: ({ params: { type } }, { commits, id }) => told("made")({ params: { type, id } }, { commits }),
    run: Effect.fnUntraced(function* ({ body, params: { type }, principal }) {
      const { records } = yield* Reader.of(principal)
      return yield* put(records, type, undefined, body)
    })
  }),
  endpoint({
    ...writing,
    id: "entities.batch",
    method: "POST",
    path: "/entities/:type/batch",
    summary: "Makes or changes many records of a type in one transaction: all or none.",
    answerMsMax: HttpServer.reviewMsMax,
    params: AdminRecords.OfType,
    body: AdminRecords.Batch,
    answer: AdminRecords.BatchWritten,
    audit: ({ params: { type } }, { commits, ids }) =>
      `put ${ids.length} of ${type}, ${RecordView.commitsTold(commits)}`,
    run: Effect.fnUntraced(function* ({ body, params: { type }, principal }) {
      const { records } = yield* Reader.of(principal)
      return yield* putBatch(records, type, body)
    })
  }),
  endpoint({
    ...writing,
    id: "entities.put",
    method: "PUT",
    path: "/entities/:type/:id",
    summary: "Makes a record, or gives fields of one new values; a counter the total, a set its elements. Others stay.",
    params: AdminRecords.OfRecord,
    body: AdminRecords.RecordAs,
    answer: AdminRecords.Written,
    audit: told("put"),
    run: Effect.fnUntraced(function* ({ body, params: { id, type }, principal }) {
      const { records } = yield* Reader.of(principal)
      return yield* put(records, type, id, body)
    })
  }),
  endpoint({
    ...writing,
    id: "entities.patch",
    method: "PATCH",
    path: "/entities/:type/:id",
    summary: "Changes fields of a record that is there; counters by `{inc}` and sets by `{add, remove}`.",
    params: AdminRecords.OfRecord,
    body: AdminRecords.RecordChanges,
    answer: AdminRecords.Written,
    audit: told("patched"),
    run: Effect.fnUntraced(function* ({ body, params: { id, type }, principal }) {
      const { records } = yield* Reader.of(principal)
      return yield* patch(records, type, id, body)
    })
  }),
  endpoint({
    ...writing,
    id: "entities.remove",
    method: "DELETE",
    path: "/entities/:type/:id",
    summary: "Deletes a record. Its history stays, and brings it back.",
    params: AdminRecords.OfRecord,
    query: AdminRecords.Which,
    answer: AdminRecords.Removed,
    audit: told("deleted"),
    run: Effect.fnUntraced(function* ({ params: { id, type }, principal, query: { header } }) {
      const { records } = yield* Reader.of(principal)
      const which = header === undefined ? undefined : AdminRecords.conditionOf(header)
      const { commits } = yield* records.remove(FieldKinds.typeOf(type, {}, new Map()), id, which)
      return { commits }
    })
  })
]
