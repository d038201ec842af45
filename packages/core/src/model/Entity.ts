/**
 * Entity types: the fields of a record, how each merges, and the schema of its values. An entity type is the unit of
 * merge, of access and of subscription. Schemas judge local writes only: what other devices wrote under another
 * version of the schema is kept and passed on as it is.
 */
import { Result, Schema } from "effect"
import * as EntityId from "../identity/EntityId.ts"
import type { EntityChange } from "./EntityChange.ts"
import * as FieldValue from "./FieldValue.ts"
import * as Limits from "./Limits.ts"
import { headerProblem, type HeaderValues } from "./Partition.ts"
import { EntityInvalid } from "./WriteError.ts"

/** A schema without services whose decoded and encoded forms are the same JSON. */
type Codec<A> = Schema.Codec<A, A>

type Judge = (value: unknown) => string | undefined

/** Last writer wins. */
export interface Lww<A> {
  readonly kind: "lww"
  readonly isOptional: boolean
  /** What is wrong with a value; judged by the copy of Effect that the schema was made with. */
  readonly problemOf: Judge
  /** For the compiler only: what a value is. */
  readonly "~value"?: A
}

/** A whole number that devices add to; concurrent additions all count. */
export interface Counter {
  readonly kind: "counter"
}

/** A set of values; an addition wins over a concurrent removal. */
export interface OrSet<A> {
  readonly kind: "orSet"
  /** What is wrong with an element; judged by the copy of Effect that the schema was made with. */
  readonly problemOf: Judge
  /** For the compiler only: what an element is. */
  readonly "~value"?: A
}

export type Field = Lww<unknown> | Counter | OrSet<unknown>

export interface Fields {
  readonly [name: string]: Field
}

type OptionalNames<F extends Fields> = {
  [K in keyof F]: F[K] extends { readonly kind: "lww"; readonly isOptional: false } ? never : K
}[keyof F]

type ValueOf<F> = F extends Lww<infer A> ? A : F extends OrSet<infer A> ? ReadonlyArray<A> : number

type PatchOf<F> = F extends Lww<infer A> ? A : F extends OrSet<infer A> ? SetChange<A> : Increment

/** What `put` takes: `lww` fields are required unless declared optional, counters and sets start empty. */
export type Input<F extends Fields> = { readonly [K in Exclude<keyof F, OptionalNames<F>>]: ValueOf<F[K]> } & {
  readonly [K in OptionalNames<F>]?: ValueOf<F[K]>
}

/** What `patch` takes: any of the fields. */
export type PatchInput<F extends Fields> = { readonly [K in keyof F]?: PatchOf<F[K]> }

/** What a read gives: the id and the fields. Optional fields may be missing. */
export type Row<F extends Fields> = Input<F> & { readonly id: string }

export interface EntityType<Name extends string = string, F extends Fields = Fields> {
  readonly name: Name
  readonly fields: F
  /** Names of `lww` fields that choose the partition; they are set when an entity is made and never change. */
  readonly header: ReadonlyArray<string>
}

/** Adds elements to a set and removes others. */
export interface SetChange<A> {
  readonly add: ReadonlyArray<A>
  readonly remove: ReadonlyArray<A>
}

/** Adds to a counter. */
export interface Increment {
  readonly inc: number
}

/** A program may hold several copies of Effect, and the checks of a schema are understood by their own only. */
const judgeOf = <A>(schema: Codec<A>): Judge => {
  const decode = Schema.decodeUnknownResult(schema)
  return (value) => {
    const decoded = decode(value)
    return Result.isFailure(decoded) ? decoded.failure.message.replaceAll("\n", " ") : undefined
  }
}

/** A field whose last written value wins. Values must be JSON. */
export const lww = <A>(schema: Codec<A>): Lww<A> & { readonly isOptional: false } => ({
  kind: "lww",
  isOptional: false,
  problemOf: judgeOf(schema)
})

/** A field that may be missing; its last written value wins. */
export const optional = <A>(schema: Codec<A>): Lww<A> & { readonly isOptional: true } => ({
  kind: "lww",
  isOptional: true,
  problemOf: judgeOf(schema)
})

/** A whole number that devices add to. */
export const counter: Counter = { kind: "counter" }

/** A set of JSON values. */
export const orSet = <A>(schema: Codec<A>): OrSet<A> => ({ kind: "orSet", problemOf: judgeOf(schema) })

/** In a patch: add these elements to a set. */
export const add = <A>(...elements: ReadonlyArray<A>): SetChange<A> => ({ add: elements, remove: [] })

/** In a patch: remove these elements from a set. */
export const remove = <A>(...elements: ReadonlyArray<A>): SetChange<A> => ({ add: [], remove: elements })

/** In a patch: add `by` (a whole number of at most 2^31 in size) to a counter. */
export const inc = (by: number): Increment => ({ inc: by })

/**
 * Declares an entity type. Throws a `TypeError` for a name that the data model forbids, because that is a mistake in
 * the program and not in its input.
 */
export const make = <const Name extends string, const F extends Fields>(
  name: Name,
  fields: F,
  options: { readonly header?: ReadonlyArray<keyof F & string> } = {}
): EntityType<Name, F> => {
  for (const each of [name, ...Object.keys(fields)]) {
    const wrong = FieldValue.nameProblem(each) ?? (each === "id" ? `"id" is the entity's own name` : undefined)
    if (wrong !== undefined) throw new TypeError(`entity type ${name}: ${wrong}`)
  }
  for (const each of options.header ?? []) {
    if (fields[each]?.kind !== "lww") throw new TypeError(`entity type ${name}: header field ${each} must be lww`)
  }
  return { name, fields, header: options.header ?? [] }
}

/** An entity type without declared fields: every field is `lww` and holds any JSON. */
export const open = (name: string): EntityType => make(name, {})

/** The change that makes an entity look like `input`, or the first thing that is wrong with it. */
export const put = (type: EntityType, id: string, input: unknown): EntityChange | EntityInvalid => {
  const wrong = inputProblem(type, id, input)
  if (wrong !== undefined) return wrong
  const values = input as Record<string, unknown>
  const lwwValues: Record<string, FieldValue.FieldValue> = {}
  const counters: Record<string, number> = {}
  const sets: Record<string, ReadonlyArray<FieldValue.FieldValue>> = {}
  const header: Record<string, string | number | boolean | null> = {}
  for (const name of Object.keys(type.fields)) {
    const field = type.fields[name]!
    if (field.kind === "lww" && !field.isOptional && values[name] === undefined) {
      return new EntityInvalid({ type: type.name, id, field: name, problem: "is required" })
    }
  }
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || name === "id") continue
    const field = fieldOf(type, name)
    const problem = valueProblem(field, name, value)
    if (problem !== undefined) return new EntityInvalid({ type: type.name, id, field: name, problem })
    if (type.header.includes(name)) header[name] = value as string
    else if (field?.kind === "counter") counters[name] = value as number
    else if (field?.kind === "orSet") sets[name] = value as ReadonlyArray<FieldValue.FieldValue>
    else lwwValues[name] = value as FieldValue.FieldValue
  }
  const bad = headerProblem(header)
  if (bad !== undefined) return new EntityInvalid({ type: type.name, id, field: "header", problem: bad })
  return { partition: { type: type.name, header }, id, change: { kind: "put", lww: lwwValues, counters, sets } }
}

/** The change that a patch asks for, or the first thing that is wrong with it. `header` is the entity's own. */
export const patch = (
  type: EntityType,
  id: string,
  input: unknown,
  header: HeaderValues
): EntityChange | EntityInvalid => {
  const wrong = inputProblem(type, id, input)
  if (wrong !== undefined) return wrong
  const lwwValues: Record<string, FieldValue.FieldValue> = {}
  const counters: Record<string, number> = {}
  const sets: Record<string, SetChange<FieldValue.FieldValue>> = {}
  for (const [name, value] of Object.entries(input as Record<string, unknown>)) {
    if (value === undefined || name === "id") continue
    const field = fieldOf(type, name)
    const problem = patchProblem(type, field, name, value)
    if (problem !== undefined) return new EntityInvalid({ type: type.name, id, field: name, problem })
    if (field?.kind === "counter") counters[name] = (value as Increment).inc
    else if (field?.kind === "orSet") sets[name] = value as SetChange<FieldValue.FieldValue>
    else lwwValues[name] = value as FieldValue.FieldValue
  }
  return { partition: { type: type.name, header }, id, change: { kind: "patch", lww: lwwValues, counters, sets } }
}

/**
 * What is wrong with a change that takes values from the past, which may be of another version of the type. Null stands
 * for a value that was missing and passes everywhere.
 */
export const pastProblem = (type: EntityType, { change, id }: EntityChange): EntityInvalid | undefined => {
  if (change.kind !== "patch") return undefined
  for (const kind of ["lww", "counters", "sets"] as const) {
    for (const [name, value] of Object.entries(change[kind])) {
      const field = fieldOf(type, name)
      const problem = field === undefined ? undefined : pastValueProblem(field, kind, value)
      if (problem !== undefined) return new EntityInvalid({ type: type.name, id, field: name, problem })
    }
  }
  return undefined
}

const pastValueProblem = (field: Field, kind: "lww" | "counters" | "sets", value: unknown): string | undefined => {
  const wasKind = ({ lww: "lww", counters: "counter", sets: "orSet" } as const)[kind]
  if (field.kind !== wasKind) return `is declared as ${field.kind} and was ${wasKind} then`
  if (field.kind === "orSet") return elementsProblem(field, (value as SetChange<unknown>).add)
  return field.kind === "lww" && value !== null ? field.problemOf(value) : undefined
}

/** True when null is a value of the field; otherwise a null that undoing left there means that nothing is. */
const isNullable = (field: Lww<unknown>): boolean => field.problemOf(null) === undefined

/** The values without the nulls that are none: a field whose schema knows no null was emptied, and is not there. */
export const withoutEmptied = (
  type: EntityType,
  values: { readonly [name: string]: unknown }
): { readonly [name: string]: unknown } => {
  if (!Object.values(values).includes(null)) return values
  const isThere = ([name, value]: readonly [string, unknown]): boolean => {
    const field = value === null ? fieldOf(type, name) : undefined
    return field?.kind !== "lww" || isNullable(field)
  }
  return Object.fromEntries(Object.entries(values).filter(isThere))
}

/** The declared field of a name; names that every object answers to are no declarations. */
const fieldOf = (type: EntityType, name: string): Field | undefined =>
  Object.hasOwn(type.fields, name) ? type.fields[name] : undefined

const inputProblem = (type: EntityType, id: string, input: unknown): EntityInvalid | undefined => {
  const wrongId = EntityId.problem(id)
  if (wrongId !== undefined)
    return new EntityInvalid({ type: type.name, id: String(id), field: "id", problem: wrongId })
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    return new EntityInvalid({ type: type.name, id, field: "(record)", problem: "a record must be an object" })
  }
  if (Object.keys(input).length > Limits.fieldsPerEventMax) {
    const problem = `a record has at most ${Limits.fieldsPerEventMax} fields`
    return new EntityInvalid({ type: type.name, id, field: "(record)", problem })
  }
  return undefined
}

const valueProblem = (field: Field | undefined, name: string, value: unknown): string | undefined => {
  if (field?.kind === "counter") return counterProblem(value)
  if (field?.kind === "orSet") return elementsProblem(field, value)
  const wrong = (field === undefined ? FieldValue.nameProblem(name) : undefined) ?? FieldValue.problem(value)
  return wrong ?? (field === undefined ? undefined : field.problemOf(value))
}

const patchProblem = (type: EntityType, field: Field | undefined, name: string, value: unknown): string | undefined => {
  if (type.header.includes(name)) return "chooses the partition and cannot change; make a new entity"
  if (field?.kind === "counter") {
    const by = (value as Partial<Increment> | null)?.inc
    return by === undefined ? "a counter changes by { inc: n }" : counterProblem(by)
  }
  if (field?.kind !== "orSet") return valueProblem(field, name, value)
  const change = value as Partial<SetChange<unknown>> | null
  if (!Array.isArray(change?.add) || !Array.isArray(change.remove)) return "a set changes by { add: […], remove: […] }"
  return elementsProblem(field, change.add) ?? elementsProblem(field, change.remove)
}

const counterProblem = (value: unknown): string | undefined =>
  Number.isSafeInteger(value) && Math.abs(value as number) <= Limits.counterDeltaAbsMax
    ? undefined
    : "must be a whole number of at most 2^31 in size"

const elementsProblem = (field: OrSet<unknown>, value: unknown): string | undefined => {
  if (!Array.isArray(value)) return "must be a list"
  const wrong = FieldValue.problem(value)
  if (wrong !== undefined) return wrong
  for (const element of value) {
    const problem = field.problemOf(element)
    if (problem !== undefined) return problem
  }
  return undefined
}
