/**
 * `syncline put`, `get` and `delete`: one record. `put` keeps fields that it does not name.
 */
import { Entity, Journal, type Partition, Records, WriteError } from "@syncline/core"
import { Effect } from "effect"
import { text as textOf } from "node:stream/consumers"
import { because, InputUnreadable, UsageInvalid } from "../CliError.ts"
import * as Device from "../Device.ts"
import * as DeviceFile from "../DeviceFile.ts"
import { Output } from "../Output.ts"
import * as PointInTime from "../PointInTime.ts"
import * as RecordHistory from "../RecordHistory.ts"
import * as RecordRow from "../RecordRow.ts"
import * as SchemaFile from "../SchemaFile.ts"
import { StandardStreams } from "../StandardStreams.ts"
import * as FieldCondition from "../FieldCondition.ts"
import * as RecordItem from "../importing/RecordItem.ts"
import * as RecordParser from "../importing/RecordParser.ts"

export interface PutInput {
  readonly data: string
  readonly type: string
  /** JSON, or `-` for standard input. */
  readonly json: string
  readonly id: string | undefined
  readonly header: ReadonlyArray<string>
  readonly schema: string | undefined
}

export const put = Effect.fnUntraced(function* (input: PutInput) {
  const output = yield* Output
  const device = yield* DeviceFile.read(input.data)
  const typeOf = yield* SchemaFile.load(input.schema ?? device?.schema)
  const type = yield* typeOf(input.type)
  const value = yield* valueOf(input)
  const item = RecordItem.make(value, { type: input.type, idField: "id", isIdRequired: false })
  if (typeof item === "string") return yield* because(new UsageInvalid({ problem: item }))
  if (input.id !== undefined && item.id !== undefined && item.id !== input.id) {
    const problem = `The record says that its id is ${item.id}, and --id says ${input.id}. Leave one of them out.`
    return yield* because(new UsageInvalid({ problem }))
  }
  const whole = yield* withHeader(type, item.value, yield* FieldCondition.header(input.header))
  const id = yield* putOver(type, whole, input.id ?? item.id).pipe(Effect.provide(Device.layerWriting(input.data)))
  yield* output.result({ type: input.type, id }, id)
})

/** The record with the header values that the command names beside it. */
const withHeader = Effect.fnUntraced(function* (
  type: Entity.EntityType,
  value: Record<string, unknown>,
  header: Partition.HeaderValues = {}
) {
  for (const [field, named] of Object.entries(header)) {
    const problem = !type.header.includes(field)
      ? `--header ${field}: the schema of ${type.name} has no such header field.`
      : value[field] !== undefined && value[field] !== named
        ? `The record says that its ${field} is ${JSON.stringify(value[field])}, and --header says ${JSON.stringify(named)}. Leave one of them out.`
        : undefined
    if (problem !== undefined) return yield* because(new UsageInvalid({ problem }))
  }
  return { ...value, ...header }
})

/** A schema wants a whole record; what the caller leaves out is taken from the record that is there. */
const putOver = Effect.fnUntraced(function* (
  type: Entity.EntityType,
  value: Record<string, unknown>,
  id: string | undefined
) {
  const records = yield* Records.Records
  const known = id === undefined ? undefined : yield* meant(type, value, id)
  const kept: Record<string, unknown> = {}
  // What undoing had to empty holds a null that the schema does not know.
  const present = known === undefined ? {} : Entity.withoutEmptied(type, known.fields)
  for (const name of Object.keys(type.fields)) {
    if (type.fields[name]!.kind === "lww" && present[name] !== undefined) kept[name] = present[name]
  }
  return yield* records.put(type, { ...kept, ...value }, id)
})

/** The live record of an id that has the header values which the new one names: all of its own, or those that are named. */
const meant = Effect.fnUntraced(function* (type: Entity.EntityType, value: Record<string, unknown>, id: string) {
  const journal = yield* Journal.Journal
  const live = yield* journal.liveOf(type.name, id)
  const named = type.header.filter((field) => value[field] !== undefined)
  const fitting = live.filter(({ partition }) => named.every((field) => partition.header[field] === value[field]))
  const exact = fitting.find(({ partition }) => Object.keys(partition.header).length === named.length)
  if (exact === undefined && fitting.length > 1) return yield* Records.theOne(journal, type.name, id, undefined)
  // Where none fits, writing says that a header does not change.
  const found = exact ?? fitting[0] ?? live[0]
  const unknown = Object.keys(found?.partition.header ?? {}).filter((field) => !type.header.includes(field))
  if (unknown.length === 0) return found
  const problem = `${type.name} ${id} has the header field ${unknown.join(", ")}, which no schema names here. Name one that does with --schema.`
  return yield* because(new UsageInvalid({ problem }))
})

const valueOf = Effect.fnUntraced(function* (input: PutInput) {
  const isStandardInput = input.json === "-"
  const name = isStandardInput ? "standard input" : "the record"
  const { stdin } = yield* StandardStreams
  const text = isStandardInput
    ? yield* Effect.tryPromise({
        try: () => textOf(stdin),
        catch: (error) => because(new InputUnreadable({ file: name, problem: String(error) }))
      })
    : input.json
  const parsed = RecordParser.parse({ offset: 0, bytes: Buffer.from(text), problem: undefined })
  if ("value" in parsed) return parsed.value
  const before = Buffer.from(text).subarray(0, parsed.offset).toString()
  const line = before.split("\n").length
  const column = before.length - before.lastIndexOf("\n")
  return yield* because(
    new UsageInvalid({ problem: `${name} is not JSON: line ${line}, column ${column}: ${parsed.problem}` })
  )
})

interface OneInput {
  readonly data: string
  readonly type: string
  readonly id: string
  readonly header: ReadonlyArray<string>
}

export const get = Effect.fnUntraced(function* (input: OneInput & { readonly at: string | undefined }) {
  const output = yield* Output
  const { id, type } = input
  const at = input.at === undefined ? undefined : yield* PointInTime.parse(input.at)
  const header = yield* FieldCondition.header(input.header)
  const found = yield* Effect.gen(function* () {
    const journal = yield* Journal.Journal
    if (at === undefined) return yield* Records.theOne(journal, type, id, header)
    const past = yield* Records.theOneAt(journal, type, id, at, header)
    return past === undefined || past.isDeleted ? yield* RecordHistory.missingThen({ type, id, header }, at) : past
  }).pipe(Effect.provide(Device.layerReading(input.data)))
  if (found === undefined || found.isDeleted) return yield* missing(input)
  const show = yield* RecordRow.showing(input.data)
  const [row] = yield* show([found])
  yield* output.result(row, JSON.stringify(row, undefined, 2))
})

export const remove = Effect.fnUntraced(function* (input: OneInput) {
  const output = yield* Output
  // The header of a record comes from the journal, so the open type will do.
  const type = yield* SchemaFile.load(undefined).pipe(Effect.flatMap((typeOf) => typeOf(input.type)))
  const header = yield* FieldCondition.header(input.header)
  yield* Records.Records.use((records) => records.remove(type, input.id, header)).pipe(
    Effect.provide(Device.layerWriting(input.data))
  )
  yield* output.result({ deleted: { type: input.type, id: input.id } }, `Deleted ${input.type} ${input.id}.`)
})

const missing = ({ id, type }: Pick<OneInput, "id" | "type">) =>
  Effect.fail(new WriteError.WriteError({ reason: new WriteError.EntityNotFound({ type, id }) }))
