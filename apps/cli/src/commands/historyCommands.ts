/**
 * `syncline history`, `restore` and `undo`: what became of a record, and taking it back. Restoring and undoing write new
 * commits and print them; a record that looks as it should is left alone.
 */
import { Author, type History, Journal, Records, WriteError } from "@syncline/core"
import { Effect } from "effect"
import { because, CommitMissing, NothingInForce, UndoneAlready } from "../CliError.ts"
import * as CommitId from "../CommitId.ts"
import * as Device from "../Device.ts"
import * as DeviceFile from "../DeviceFile.ts"
import * as FieldCondition from "../FieldCondition.ts"
import * as HistoryText from "../HistoryText.ts"
import { Output } from "../Output.ts"
import * as PlainText from "../PlainText.ts"
import * as PointInTime from "../PointInTime.ts"
import * as Progress from "../Progress.ts"
import * as RecordHistory from "../RecordHistory.ts"
import * as RecordRow from "../RecordRow.ts"
import * as SchemaFile from "../SchemaFile.ts"

export interface HistoryInput extends RecordInput {
  readonly limit: number | undefined
}

interface RecordInput {
  readonly data: string
  readonly type: string
  readonly id: string
  readonly header: ReadonlyArray<string>
}

export const history = Effect.fnUntraced(function* ({ data, id, limit, type, ...input }: HistoryInput) {
  const output = yield* Output
  const header = yield* FieldCondition.header(input.header)
  yield* Effect.gen(function* () {
    const self = yield* Journal.Journal.use(({ info }) => Effect.succeed(Author.peer(info.author)))
    const count = yield* RecordHistory.eachPage({ type, id, header }, limit ?? Number.POSITIVE_INFINITY, (page) =>
      Effect.forEach(page, (entry) => output.line(HistoryText.document(entry), HistoryText.page(entry, self)), {
        discard: true
      })
    )
    if (count === 0) return yield* refuse(new WriteError.EntityNotFound({ type, id }))
  }).pipe(Effect.provide(Device.layerReading(data)))
})

const refuse = (reason: WriteError.WriteError["reason"]) => Effect.fail(new WriteError.WriteError({ reason }))

export interface RestoreInput extends RecordInput {
  readonly at: string
  readonly schema: string | undefined
}

export const restore = Effect.fnUntraced(function* (input: RestoreInput) {
  const output = yield* Output
  const { data, id } = input
  const at = yield* PointInTime.parse(input.at)
  const header = yield* FieldCondition.header(input.header)
  const device = yield* DeviceFile.read(data)
  const typeOf = yield* SchemaFile.load(input.schema ?? device?.schema)
  const type = yield* typeOf(input.type)
  const ref = { type: type.name, id }
  const { commits, written } = yield* Effect.gen(function* () {
    const outcome = yield* Records.Records.use((records) => records.restore(type, id, at, header)).pipe(
      Effect.catchTag("WriteError", (error) =>
        error.reason._tag === "EntityNotFoundAt"
          ? RecordHistory.missingThen({ ...ref, header }, at)
          : Effect.fail(error)
      )
    )
    const written = yield* Effect.forEach(outcome.entities, (each) => RecordHistory.writtenBy(each, outcome.commits))
    return { commits: outcome.commits, written: written.flat() }
  }).pipe(Effect.provide(Device.layerWriting(data)))
  const time = PointInTime.print(at)
  const text =
    commits.length === 0
      ? `Nothing changed: ${type.name} ${id} looks as it did at ${time}.`
      : [`${type.name} ${id} looks as it did at ${time}:`, ...HistoryText.written(written), wrote(commits)].join("\n")
  yield* output.result({ restored: ref, time, at, commits, written: written.map(HistoryText.document) }, text)
})

const wrote = (commits: ReadonlyArray<string>): string =>
  `Wrote ${Progress.counted(commits.length, "commit")}: ${commits.join(", ")}`

export interface UndoInput {
  readonly data: string
  readonly commit: string
  readonly schema: string | undefined
}

export const undo = Effect.fnUntraced(function* (input: UndoInput) {
  const output = yield* Output
  const target = yield* CommitId.parseUndoable(input.commit)
  const commit = "commit" in target ? target.commit : target.group
  const device = yield* DeviceFile.read(input.data)
  const types = yield* SchemaFile.types(input.schema ?? device?.schema)
  const { commits, undone } = yield* Effect.gen(function* () {
    const outcome = yield* Records.Records.use((records) => records.undo(target, [...types.values()])).pipe(
      Effect.catchTag("WriteError", (error) =>
        Effect.fail(
          error.reason._tag === "CommitNotFound" ? because(new CommitMissing({ commit, place: "journal" })) : error
        )
      )
    )
    if (outcome.commits.length === 0) return yield* nothingUndone(commit, outcome.entities)
    const told = yield* Effect.forEach(outcome.entities, (entity) =>
      Effect.map(RecordHistory.writtenBy(entity, outcome.commits), (written) => ({ entity, written }))
    )
    return { commits: outcome.commits, undone: told }
  }).pipe(Effect.provide(Device.layerWriting(input.data)))
  const entities = undone.map(({ entity, written }) => ({
    type: entity.type,
    id: entity.id,
    ...RecordRow.headerPart(entity.header),
    becomes: entity.becomes ?? null,
    fields: entity.fields,
    skipped: entity.skipped.map(({ because: why, field = null }) => ({ field, because: why })),
    written: written.map(HistoryText.document)
  }))
  const left = undone.flatMap(({ entity }) => HistoryText.skipped(entity))
  const lines = [
    `Undid ${"commit" in target ? "commit" : "transaction"} ${commit}:`,
    ...undone.flatMap(({ entity, written }) => {
      const did = HistoryText.written(written)
      return did.length === 0 ? [] : [PlainText.part(RecordRow.name(entity)), ...did]
    }),
    ...left.map((each) => `Left alone: ${each}`),
    wrote(commits)
  ]
  yield* output.result({ undone: commit, commits, entities }, lines.join("\n"))
})

/** Records that a message names when there are many. */
const namedMax = 3

const nothingUndone = Effect.fnUntraced(function* (commit: string, entities: ReadonlyArray<History.EntityReversal>) {
  const [first] = entities
  if (first !== undefined && entities.every(({ skipped }) => skipped.some(({ because: why }) => why === "undone"))) {
    return yield* because(new UndoneAlready({ commit, type: first.type, id: first.id }))
  }
  const left = entities.flatMap(HistoryText.skipped)
  const more = left.length > namedMax ? `, and ${Progress.count(left.length - namedMax)} more` : ""
  const problem = left.length === 0 ? "it changed no record" : `${left.slice(0, namedMax).join(", ")}${more}`
  return yield* because(new NothingInForce({ commit, problem }))
})
