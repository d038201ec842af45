/**
 * From a JSON value to what an import writes: its type, its id and its fields. It decides where the id comes from and
 * what no import may lose; whether the fields suit the schema is the entity type's business.
 */
import { Entity, type EntityChange, Event, Limits, WriteError } from "@syncline/core"

export interface ItemOptions {
  /** The type of every record; absent when each names its own in `$type`. */
  readonly type: string | undefined
  /** The field that holds the id. */
  readonly idField: string
  /** A record without id is refused instead of getting a new one. */
  readonly isIdRequired: boolean
}

export interface Item {
  readonly type: string
  /** Absent: a new id is made when the record is written. */
  readonly id: string | undefined
  readonly value: Record<string, unknown>
}

/** The field in which `export` writes the type. Fields of records never begin with `$`. */
const typeField = "$type"

/** The item, or what is wrong with the value. */
export const make = (value: unknown, options: ItemOptions): Item | string => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return "a record must be a JSON object"
  }
  const { [typeField]: named, ...fields } = value as Record<string, unknown>
  const type = options.type ?? named
  if (typeof type !== "string") return `the record has no "${typeField}" that names its type; pass --type`
  if (named !== undefined && named !== type) return `the record has the type ${JSON.stringify(named)}, not ${type}`
  const id = idOf(fields, options)
  if (typeof id === "object") return id.problem
  if (options.idField !== "id" && "id" in fields && String(fields["id"]) !== id) {
    return `the field id would be lost, because the id is taken from ${options.idField}; rename one of them`
  }
  return { type, id, value: fields }
}

const idOf = (
  fields: Record<string, unknown>,
  options: ItemOptions
): string | undefined | { readonly problem: string } => {
  const { idField } = options
  const found = Object.hasOwn(fields, idField) ? fields[idField] : undefined
  if (found === undefined || found === null) {
    return options.isIdRequired ? { problem: `the record has no field ${idField} to take its id from` } : undefined
  }
  if (typeof found === "string") return found
  if (typeof found === "number") return String(found)
  return { problem: `the id in field ${idField} must be a text or a number` }
}

/** The change that writes an item, or what is wrong with it by the type's schema and the engine's bounds. */
export const check = (type: Entity.EntityType, item: Item, textBytes: number): EntityChange.EntityChange | string => {
  // Any id will do to check a record that gets one later.
  const id = item.id ?? "new"
  const change = Entity.put(type, id, item.value)
  if (change instanceof WriteError.EntityInvalid) return describe(change)
  // Encoded, a number takes at most nine bytes, so only long texts can exceed the bound.
  const bytes = textBytes * 5 > Limits.writtenEventBytesMax ? encodedBytes(change) : 0
  return bytes > Limits.writtenEventBytesMax
    ? `${item.type} ${id}: the record has ${bytes} bytes encoded, more than ${Limits.writtenEventBytesMax}`
    : change
}

/** Type, id, field and reason. */
export const describe = (invalid: WriteError.EntityInvalid): string =>
  `${invalid.type} ${JSON.stringify(invalid.id)}: field ${invalid.field}: ${invalid.problem}`

const encodedBytes = ({ change, id }: EntityChange.EntityChange): number => {
  if (change.kind !== "put") return 0
  const ops = { s: change.lww, c: change.counters, a: change.sets }
  return Event.encode({ entity: id, eseq: 1, prev: undefined, deps: [], ops }).length
}
