/**
 * `syncline put`, `get` and `delete`: one record. `put` keeps fields that it does not name.
 */
import { Entity, Journal, Records, WriteError } from "@syncline/core"
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
  const id = yield* putOver(type, item.value, input.id ?? item.id).pipe(Effect.provide(Device.layerWriting(input.data)))
  yield* output.result({ type: input.type, id }, id)
})

/** A schema wants a whole record; what the caller leaves out is taken from the record that is there. */
const putOver = Effect.fnUntraced(function* (
  type: Entity.EntityType,
  value: Record<string, unknown>,
  id: string | undefined
) {
  const records = yield* Records.Records
  const known = id === undefined ? undefined : yield* records.get(type.name, id)
  const kept: Record<string, unknown> = {}
  // What undoing had to empty holds a null that the schema does not know.
  const present = known === undefined || known.isDeleted ? {} : Entity.withoutEmptied(type, known.fields)
  for (const name of Object.keys(type.fields)) {
    if (type.fields[name]!.kind === "lww" && present[name] !== undefined) kept[name] = present[name]
  }
  return yield* records.put(type, { ...kept, ...value }, id)
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

/** The header that a command names; nothing where it names none. */
const headerOf = Effect.fnUntraced(function* ({ header }: OneInput) {
  const values = yield* Effect.forEach(header, (each) => FieldCondition.parse("--header", each))
  return values.length === 0 ? undefined : Object.fromEntries(values)
})

export const get = Effect.fnUntraced(function* (input: OneInput & { readonly at: string | undefined }) {
  const output = yield* Output
  const { id, type } = input
  const at = input.at === undefined ? undefined : yield* PointInTime.parse(input.at)
  const header = yield* headerOf(input)
  const found = yield* Effect.gen(function* () {
    const journal = yield* Journal.Journal
    if (at === undefined) return yield* Records.theOne(journal, type, id, header)
    const past = yield* journal.at(type, id, at)
    return past === undefined || past.isDeleted ? yield* RecordHistory.missingThen({ type, id }, at) : past
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
  const header = yield* headerOf(input)
  yield* Records.Records.use((records) => records.remove(type, input.id, header)).pipe(
    Effect.provide(Device.layerWriting(input.data))
  )
  yield* output.result({ deleted: { type: input.type, id: input.id } }, `Deleted ${input.type} ${input.id}.`)
})

const missing = ({ id, type }: Pick<OneInput, "id" | "type">) =>
  Effect.fail(new WriteError.WriteError({ reason: new WriteError.EntityNotFound({ type, id }) }))
