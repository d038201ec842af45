/**
 * `syncline hub`: any operation of a hub's REST interface, by its name. What there is the hub says itself; what it may do and what it means
 * is the hub's business.
 */
import { readFileSync } from "node:fs"
import { text as textOf } from "node:stream/consumers"
import { Effect, Result, Schema } from "effect"
import { because, type CliError, InputUnreadable, UsageInvalid } from "../CliError.ts"
import * as FieldCondition from "../FieldCondition.ts"
import { TokenRefused } from "../HubAnswerError.ts"
import * as HubClient from "../HubClient.ts"
import * as HubFile from "../HubFile.ts"
import * as HubOperation from "../HubOperation.ts"
import * as HubPeople from "../HubPeople.ts"
import * as HubText from "../HubText.ts"
import { Output } from "../Output.ts"
import { StandardStreams } from "../StandardStreams.ts"

export interface HubInput extends HubPeople.At {
  /** The operation and its arguments; none for a list. */
  readonly words: ReadonlyArray<string>
  /** Each as `name=value`. */
  readonly set: ReadonlyArray<string>
  readonly body: string | undefined
  readonly from: string | undefined
  readonly to: string | undefined
  readonly isConfirmed: boolean
}

/** Pages of one list that are followed. */
const pagesMax = 10_000

type Operation = HubOperation.HubOperation

const unusable = (problem: string) => Effect.fail(because(new UsageInvalid({ problem })))

export const run = Effect.fnUntraced(function* (input: HubInput) {
  const place = yield* HubPeople.placeOf(input)
  const operations = yield* HubOperation.all(place)
  const [id, ...args] = input.words
  const found = id === undefined ? undefined : operations.find((each) => each.id === id)
  if (id === undefined || (found === undefined && !id.includes("."))) return yield* list(operations, input.words)
  const operation = yield* HubOperation.named(operations, id)
  const question = yield* questionOf(operation, args, input)
  if (operation.takes !== undefined) return yield* send(place, operation.takes, question.path, input)
  if (operation.givesFile) return yield* fetchFile(place, question.path, input)
  yield* operation.method === "GET" ? pages(place, question, input) : answer(place, question, input)
})

/** Those in whose name or words each of the given ones stands. */
const list = Effect.fnUntraced(function* (operations: ReadonlyArray<Operation>, words: ReadonlyArray<string>) {
  const output = yield* Output
  const meant = operations.filter(({ id, summary }) =>
    words.every((word) => `${id} ${summary}`.toLowerCase().includes(word.toLowerCase()))
  )
  for (const each of meant) {
    yield* output.line({ ...each, usage: HubOperation.usage(each) }, `${HubOperation.usage(each)}\n    ${each.summary}`)
  }
  if (meant.length === 0) yield* output.note("There is none.")
})

interface Question {
  readonly method: HubClient.Method
  readonly path: string
  readonly body: object | undefined
}

/** Refuses what the operation does not take before anything is asked. */
const questionOf = Effect.fnUntraced(function* (
  operation: Operation,
  args: ReadonlyArray<string>,
  { body, from, isConfirmed, set, to }: HubInput
): Effect.fn.Return<Question, CliError> {
  const how = `Write it as: ${HubOperation.usage(operation)}`
  if (args.length !== operation.args.length) {
    return yield* unusable(`${operation.id} takes ${operation.args.length} arguments, and not ${args.length}. ${how}`)
  }
  // An address would lose such a part, and lead to another operation.
  const lost = args.find((each) => each === "" || each === "." || each === "..")
  if (lost !== undefined) return yield* unusable(`"${lost}" cannot stand for something here. ${how}`)
  if ((operation.takes === undefined) !== (from === undefined)) {
    return yield* unusable(`${operation.id} ${operation.takes === undefined ? "takes no" : "takes a"} file. ${how}`)
  }
  if (to !== undefined && !operation.givesFile) return yield* unusable(`${operation.id} gives no file. ${how}`)
  if (operation.method === "DELETE" && !isConfirmed) {
    return yield* unusable(`${operation.id} takes something away: say so by --yes.`)
  }
  const query = new URLSearchParams()
  const fields: Record<string, unknown> = body === undefined ? {} : { ...(yield* bodyOf(operation, body)) }
  for (const each of set) {
    const [name, value] = yield* FieldCondition.parse("--set", each)
    if (operation.query.includes(name)) query.set(name, each.slice(name.length + 1))
    else if (operation.body?.includes(name) === true || operation.body?.length === 0)
      fields[name] = valueOf(each, value)
    else return yield* unusable(`${operation.id} has no ${name}. ${how}`)
  }
  const path = operation.args.reduce(
    (text, name, at) => text.replace(`{${name}}`, encodeURIComponent(args[at]!)),
    operation.path
  )
  return {
    method: operation.method,
    path: query.size === 0 ? path : `${path}?${query.toString()}`,
    body: operation.body === undefined ? undefined : fields
  }
})

/** Lists and objects, too; a text that looks like one is said in quotes. */
const valueOf = (condition: string, plain: FieldCondition.Scalar): unknown => {
  const text = condition.slice(condition.indexOf("=") + 1)
  if (!/^[[{]/.test(text)) return plain
  try {
    return JSON.parse(text) as unknown
  } catch {
    return plain
  }
}

const bodyOf = Effect.fnUntraced(function* ({ body, id }: Operation, file: string) {
  if (body === undefined) return yield* unusable(`${id} takes no body.`)
  const { stdin } = yield* StandardStreams
  const text = yield* Effect.tryPromise({
    try: async () => (file === "-" ? await textOf(stdin) : readFileSync(file, "utf8")),
    catch: (error) => because(new InputUnreadable({ file, problem: (error as Error).message }))
  })
  const read = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))(text)
  return Result.isSuccess(read) ? read.success : yield* unusable(`${file} holds no JSON object.`)
})

/** A token that the hub does not know is told as such; what else it says no with in its words. */
const given = <A>(place: HubClient.Place, { at }: HubInput, outcome: Result.Result<A, HubClient.Refusal>) => {
  if (Result.isSuccess(outcome)) return Effect.succeed(outcome.success)
  const { detail, status } = outcome.failure
  if (status === 401 && at !== undefined)
    return Effect.fail(because(new TokenRefused({ address: place.url, problem: detail })))
  return Effect.fail(HubClient.refused(outcome.failure))
}

const exchange = (place: HubClient.Place, { body, method, path }: Question, input: HubInput) =>
  Effect.flatMap(
    HubClient.exchange(place, { path, method, answer: Schema.Unknown, ...(body === undefined ? {} : { body }) }),
    (outcome) => given(place, input, outcome)
  )

const answer = Effect.fnUntraced(function* (place: HubClient.Place, question: Question, input: HubInput) {
  const said = yield* exchange(place, question, input)
  yield* (yield* Output).result(said ?? {}, HubText.text(said))
})

/** Follows a list to its end, unless somebody asks for one page of it. */
const pages = Effect.fnUntraced(function* (place: HubClient.Place, question: Question, input: HubInput) {
  const output = yield* Output
  const isOne = /[?&](limit|after)=/.test(question.path)
  let path = question.path
  for (let page = 0; page < pagesMax; page++) {
    const said = yield* exchange(place, { ...question, path }, input)
    const found = HubText.listIn(said)
    const next = (said as { readonly next?: unknown } | undefined)?.next
    if (found === undefined) return yield* output.result(said ?? {}, HubText.text(said))
    for (const item of found.items) yield* output.line(item, HubText.line(item))
    if (isOne || typeof next !== "string") {
      const rest = { ...found.rest, ...(isOne && typeof next === "string" ? { next } : {}) }
      if (Object.keys(rest).length > 0) yield* output.note(HubText.text(rest))
      if (page === 0 && found.items.length === 0) yield* output.note("There is none.")
      return
    }
    const [bare, query] = question.path.split("?", 2)
    const more = new URLSearchParams(query)
    more.set("after", next)
    path = `${bare}?${more.toString()}`
  }
})

const send = Effect.fnUntraced(function* (place: HubClient.Place, mediaType: string, path: string, input: HubInput) {
  const said = yield* given(place, input, yield* HubFile.upload(place, path, { file: input.from!, mediaType }))
  yield* (yield* Output).result(said, HubText.text(said))
})

const fetchFile = Effect.fnUntraced(function* (place: HubClient.Place, path: string, input: HubInput) {
  const { stdout } = yield* StandardStreams
  yield* given(place, input, yield* HubFile.download(place, path, input.to ?? stdout))
  if (input.to !== undefined) yield* (yield* Output).result({ file: input.to }, `Wrote ${input.to}.`)
})
