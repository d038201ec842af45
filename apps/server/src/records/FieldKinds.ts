/**
 * What the fields of a record are where no program has declared its type: what they are in the record itself, else what the caller says,
 * else what they are in other records of the type. So a counter is not overwritten with a number. It writes nothing.
 */
import {
  Entity,
  type FieldValue,
  type Journal,
  type JournalError,
  type Partition,
  type Records,
  type WriteError
} from "@syncline/core"
import type { AdminRecords } from "@syncline/core/admin"
import { Effect, Schema } from "effect"
import * as RecordRefusal from "./RecordRefusal.ts"

type Kind = AdminRecords.Kind
type Kinds = ReadonlyMap<string, Kind>
type Failure = WriteError.WriteError | JournalError.JournalError

/** Records of a type that are looked at for what its fields are. */
export const sampledMax = 8

/** What a caller wrote of one record. */
export interface Asked {
  readonly type: string
  readonly id: string
  readonly fields: { readonly [field: string]: unknown }
  readonly kinds: { readonly [field: string]: Kind } | undefined
}

/** What the fields are that the first records of a type have. */
export const sample = Effect.fnUntraced(function* (
  records: Records.RecordsShape,
  type: string
): Effect.fn.Return<Kinds, Failure> {
  const question: Journal.EntityQuery = { type, where: {}, orderBy: undefined, limit: sampledMax, offset: 0 }
  const found = new Map<string, Kind>()
  for (const { id, partition } of yield* records.query(question)) {
    const view = yield* records.get(type, id, partition.header)
    for (const [field, kind] of view === undefined ? [] : kindsIn(view)) {
      if (kind !== "lww" || !found.has(field)) found.set(field, kind)
    }
  }
  return found
})

/** What the fields of a record are that it has, without those of its header. */
const kindsIn = ({ fields, kinds = {}, partition }: Journal.EntityView): ReadonlyArray<readonly [string, Kind]> =>
  Object.keys(fields)
    .filter((field) => !Object.hasOwn(partition.header, field))
    .map((field) => [field, (Object.hasOwn(kinds, field) ? kinds[field] : undefined) ?? "lww"])

/** `sample`, looked at once at most, for whoever asks of many records. */
export const sampledOnce = (
  records: Records.RecordsShape,
  type: string
): Effect.Effect<Effect.Effect<Kinds, Failure>> => Effect.cached(sample(records, type))

/**
 * What the named fields are; `stored` is the record as it stands. A caller that says otherwise than the record fails with
 * `EntityInvalid`. `guess` says what a value alone makes of a field that nothing else tells of.
 */
export const decide = Effect.fnUntraced(function* (
  records: Records.RecordsShape,
  stored: Journal.EntityView | undefined,
  { fields, id, kinds = {}, type }: Asked,
  guess: (value: unknown) => Kind,
  sampled: Effect.Effect<Kinds, Failure> = sample(records, type)
): Effect.fn.Return<Kinds, Failure> {
  const own: Kinds = new Map(stored === undefined ? [] : kindsIn(stored))
  const decided = new Map<string, Kind>()
  let others: Kinds | undefined
  for (const field of new Set([...Object.keys(fields), ...Object.keys(kinds)])) {
    const said = Object.hasOwn(kinds, field) ? kinds[field] : undefined
    const is = own.get(field)
    if (is !== undefined && said !== undefined && is !== said) {
      return yield* RecordRefusal.invalid(type, id, field, `is ${is} in this record, and not ${said}`)
    }
    let kind = is ?? said
    if (kind === undefined) {
      others ??= yield* sampled
      kind = others.get(field) ?? guess(fields[field])
    }
    if (kind === "lww" && said === undefined && guess(fields[field]) !== "lww") {
      return yield* RecordRefusal.invalid(
        type,
        id,
        field,
        "is neither counter nor set; to write just this say that it is lww"
      )
    }
    decided.set(field, kind)
  }
  return decided
})

const json: Schema.Codec<FieldValue.FieldValue, FieldValue.FieldValue> = Schema.Unknown as never
const plain = Entity.optional(json)
const set = Entity.orSet(json)

/** The entity type of one write. Names have been checked. */
export const typeOf = (name: string, header: Partition.HeaderValues, kinds: Kinds): Entity.EntityType => {
  const fields: Record<string, Entity.Field> = {}
  for (const [field, kind] of kinds) {
    if (kind !== "lww") fields[field] = kind === "counter" ? Entity.counter : set
  }
  const names = Object.keys(header)
  for (const field of names) fields[field] = plain
  return Entity.make(name, fields, { header: names })
}
