/**
 * The operations of a hub's REST interface as it describes them itself in `/openapi.json`: how each is asked, with what, and what it gives.
 * So a command line of one version asks hubs of another for all that they have. It asks nothing but that description.
 */
import { Effect, Schema } from "effect"
import { because, type CliError, UsageInvalid } from "./CliError.ts"
import * as HubClient from "./HubClient.ts"

const Shape = Schema.Record(Schema.String, Schema.Unknown)
const Content = Schema.Record(Schema.String, Schema.Struct({ schema: Shape }))
const Described = Schema.Struct({
  operationId: Schema.String,
  summary: Schema.String,
  tags: Schema.Array(Schema.String),
  parameters: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({ name: Schema.String, in: Schema.String, required: Schema.optionalKey(Schema.Boolean) })
    )
  ),
  requestBody: Schema.optionalKey(Schema.Struct({ content: Content })),
  responses: Schema.Record(Schema.String, Schema.Struct({ content: Schema.optionalKey(Content) }))
})
const Document = Schema.Struct({
  paths: Schema.Record(Schema.String, Schema.Record(Schema.String, Described)),
  components: Schema.Struct({ schemas: Schema.Record(Schema.String, Shape) })
})

export interface HubOperation {
  /** E.g. `peers.pause`. */
  readonly id: string
  readonly method: HubClient.Method
  /** Below `/api/v1/`, with `{name}` for each argument. */
  readonly path: string
  readonly summary: string
  /** What it is about, e.g. `peers`. */
  readonly tag: string
  /** In the order in which they stand in the path. */
  readonly args: ReadonlyArray<string>
  readonly query: ReadonlyArray<string>
  /** Fields of its body; `undefined` where it takes none, and empty where it takes any. */
  readonly body: ReadonlyArray<string> | undefined
  /** The media type of a file that it takes. */
  readonly takes: string | undefined
  readonly givesFile: boolean
}

const json = "application/json"
const fileType = "application/octet-stream"
const methods: ReadonlyArray<HubClient.Method> = ["GET", "POST", "PUT", "PATCH", "DELETE"]
/** A description is about half of that. */
const answerMsMax = 10_000

/** All of them, by their names. Fails with `NotConnected`. */
export const all = (place: HubClient.Place): Effect.Effect<ReadonlyArray<HubOperation>, CliError> =>
  Effect.tryPromise({
    try: async (signal) => {
      const response = await fetch(`${place.url}/openapi.json`, { signal, redirect: "error" })
      return operationsIn(Schema.decodeUnknownSync(Document)(await response.json()))
    },
    catch: (error) => HubClient.notConnected(place, wordsOf(error))
  }).pipe(
    Effect.timeoutOrElse({
      duration: answerMsMax,
      orElse: () => Effect.fail(HubClient.notConnected(place, `no answer within ${answerMsMax / 1000} s`))
    })
  )

const wordsOf = (error: unknown): string => {
  const { cause, message } = error as { readonly cause?: { readonly code?: string }; readonly message: string }
  return (
    cause?.code ??
    (message.startsWith("Expected") ? "its description cannot be read; use one version of both" : message)
  )
}

const operationsIn = ({ components, paths }: typeof Document.Type): ReadonlyArray<HubOperation> => {
  const found: Array<HubOperation> = []
  for (const [path, byMethod] of Object.entries(paths)) {
    for (const [name, described] of Object.entries(byMethod)) {
      const method = methods.find((each) => each === name.toUpperCase())
      if (method !== undefined) found.push(operationOf(path, method, described, components.schemas))
    }
  }
  return found.sort((one, other) => (one.id < other.id ? -1 : 1))
}

type Schemas = (typeof Document.Type)["components"]["schemas"]

const operationOf = (
  path: string,
  method: HubClient.Method,
  { operationId, parameters = [], requestBody, responses, summary, tags }: typeof Described.Type,
  schemas: Schemas
): HubOperation => {
  const [taken] = Object.keys(requestBody?.content ?? {})
  const given = Object.entries(responses).find(([status]) => status.startsWith("2"))?.[1].content
  return {
    id: operationId,
    method,
    path: path.replace(/^\//, ""),
    summary,
    tag: tags[0] ?? "",
    args: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!),
    query: parameters.filter((each) => each.in === "query").map(({ name }) => name),
    body: taken === json ? fieldsOf(requestBody!.content[json]!.schema, schemas) : undefined,
    takes: taken === undefined || taken === json ? undefined : taken,
    givesFile: given !== undefined && fileType in given
  }
}

/** Also of one that stands elsewhere, or is put together of several. */
const fieldsOf = (shape: typeof Shape.Type, schemas: Schemas): ReadonlyArray<string> => {
  const { $ref, allOf, anyOf, properties } = shape as {
    readonly $ref?: string
    readonly allOf?: ReadonlyArray<typeof Shape.Type>
    readonly anyOf?: ReadonlyArray<typeof Shape.Type>
    readonly properties?: object
  }
  const named = $ref === undefined ? undefined : schemas[$ref.slice($ref.lastIndexOf("/") + 1)]
  const parts = [...(named === undefined ? [] : [named]), ...(allOf ?? []), ...(anyOf ?? [])]
  return [...new Set([...Object.keys(properties ?? {}), ...parts.flatMap((part) => fieldsOf(part, schemas))])]
}

/** The one of a name. Fails with `UsageInvalid`, which names those that are near. */
export const named = (operations: ReadonlyArray<HubOperation>, id: string): Effect.Effect<HubOperation, CliError> => {
  const found = operations.find((each) => each.id === id)
  if (found !== undefined) return Effect.succeed(found)
  const [noun = ""] = id.split(".")
  const near = operations.filter((each) => each.id.startsWith(`${noun}.`)).map((each) => each.id)
  const advice = near.length === 0 ? "see `syncline hub`" : `there are ${near.join(", ")}`
  return Effect.fail(because(new UsageInvalid({ problem: `The hub has no operation ${id}; ${advice}.` })))
}

/** How it is called, for people. */
export const usage = ({ args, body, givesFile, id, query, takes }: HubOperation): string => {
  const fields = [...query, ...(body ?? [])]
  return [
    `hub ${id}`,
    ...args.map((name) => `<${name}>`),
    ...(fields.length === 0 ? [] : [`[--set ${fields.join("|")}=…]`]),
    ...(body === undefined ? [] : ["[--body <file>]"]),
    ...(takes === undefined ? [] : ["--from <file>"]),
    ...(givesFile ? ["[--to <file>]"] : [])
  ].join(" ")
}
