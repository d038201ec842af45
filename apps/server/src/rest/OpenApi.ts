/**
 * The endpoints as an OpenAPI 3.1 document, made from the same schemas that decode what comes and encode what is answered, so that it
 * cannot tell anything else. Which endpoints there are it is told.
 */
import { AdminProblem } from "@syncline/core/admin"
import { JsonSchema, Schema } from "effect"
import type { Access, AnyEndpoint } from "./Endpoint.ts"
import { root } from "./Installing.ts"

type Json = JsonSchema.JsonSchema

/** A document that OpenAPI's readers take. */
export interface OpenApiDocument {
  readonly openapi: "3.1.0"
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly servers: ReadonlyArray<{ readonly url: string }>
  readonly tags: ReadonlyArray<{ readonly name: string }>
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } }
  readonly components: { readonly schemas: { readonly [name: string]: Json }; readonly securitySchemes: object }
}

export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly description: string
  readonly tags: ReadonlyArray<string>
  readonly security: ReadonlyArray<object>
  readonly parameters: ReadonlyArray<Parameter>
  readonly requestBody?: object
  readonly responses: { readonly [status: string]: object }
}

interface Parameter {
  readonly name: string
  readonly in: "path" | "query"
  readonly required: boolean
  readonly schema: Json
}

/** The document of these endpoints. Throws where two schemas of one name differ. */
export const documentOf = (endpoints: ReadonlyArray<AnyEndpoint>, version: string): OpenApiDocument => {
  const shapes = new Shapes()
  const problem = shapes.of(AdminProblem.AdminProblem)
  const paths: Record<string, Record<string, Operation>> = {}
  for (const endpoint of endpoints) {
    const path = endpoint.path.replaceAll(/:(\w+)/g, "{$1}")
    const operations = (paths[path] ??= {})
    operations[endpoint.method.toLowerCase()] = operationOf(endpoint, shapes, problem)
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Syncline hub",
      version,
      description: "What people and programs ask a hub, beside syncing with it."
    },
    servers: [{ url: root }],
    tags: [...new Set(endpoints.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: { schemas: shapes.named, securitySchemes }
  }
}

const securitySchemes = {
  token: { type: "http", scheme: "bearer", description: "A token of an account, or the one in the hub's data folder." },
  session: { type: "apiKey", in: "cookie", name: "__Host-syncline", description: "A signed-in person's." }
}

const operationOf = (endpoint: AnyEndpoint, shapes: Shapes, problem: Json): Operation => {
  const { access, answer, body, id, params, query, status = 200, summary, tag, takes } = endpoint
  const json = (schema: Json) => ({ content: { "application/json": { schema } } })
  const answered = { description: "Done.", ...answerOf(answer, shapes) }
  return {
    operationId: id,
    summary,
    description: whoMay(access),
    tags: [tag],
    security: access.kind === "open" ? [] : [{ token: [] }, { session: [] }],
    parameters: [...parametersOf("path", params, shapes), ...parametersOf("query", query, shapes)],
    ...(body === undefined ? {} : { requestBody: { required: true, ...json(shapes.of(body)) } }),
    ...(takes === undefined
      ? {}
      : { requestBody: { required: true, content: { [takes]: { schema: { type: "string" } } } } }),
    responses: { [answer === "none" ? 204 : status]: answered, ...problemsOf(endpoint, problem) }
  }
}

const answerOf = (answer: AnyEndpoint["answer"], shapes: Shapes) => {
  if (answer === "none") return {}
  if (answer === "file") return { content: { "application/octet-stream": { schema: { type: "string" } } } }
  return { content: { "application/json": { schema: shapes.of(answer) } } }
}

const whoMay = (access: Access): string => {
  if (access.kind === "open") return "Everybody may ask this."
  const again = access.isFresh === true ? " A person must have signed in within the last ten minutes." : ""
  if (access.kind === "self") return `Whoever is signed in may ask this.${again}`
  return `Takes the right \`${access.scope}\`.${again}`
}

/** Reasons by their status, those of the frame among them. */
const problemsOf = ({ access, isTeams, problems }: AnyEndpoint, problem: Json): Operation["responses"] => {
  const reasons: Array<readonly [number, string]> = [
    [400, "InputInvalid"],
    [503, "HubStopping"],
    ...(access.kind === "open" ? [] : [[401, "SignInNeeded"] as const, [403, "OriginForeign"] as const]),
    ...(access.kind === "scope" ? [[403, "ScopeMissing"] as const] : []),
    ...(isTeams === true ? [[404, "TeamMissing"] as const] : []),
    ...Object.entries(problems).map(([reason, status]) => [status, reason] as const)
  ]
  const byStatus: Record<string, object> = {}
  for (const status of new Set(reasons.map(([each]) => each))) {
    const named = reasons.filter(([each]) => each === status).map(([, reason]) => reason)
    const description = [...new Set(named)].join(", ")
    byStatus[status] = { description, content: { "application/problem+json": { schema: problem } } }
  }
  return byStatus
}

const parametersOf = (
  place: "path" | "query",
  schema: Schema.Codec<unknown, unknown> | undefined,
  shapes: Shapes
): ReadonlyArray<Parameter> => {
  if (schema === undefined) return []
  const { properties = {}, required = [] } = shapes.of(schema) as {
    readonly properties?: { readonly [name: string]: Json }
    readonly required?: ReadonlyArray<string>
  }
  return Object.entries(properties).map(([name, shape]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    schema: shape
  }))
}

/** Schemas as OpenAPI has them; those with an identifier stand once, under their names. */
class Shapes {
  readonly named: Record<string, Json> = {}

  of(schema: Schema.Codec<unknown, unknown>): Json {
    const { definitions, dialect, schema: own } = Schema.toJsonSchemaDocument(schema, { onExcessProperty: "error" })
    const made = JsonSchema.toMultiDocumentOpenApi3_1({ dialect, schemas: [own], definitions })
    for (const [name, shape] of Object.entries(made.definitions)) {
      const known = this.named[name]
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(shape)) {
        throw new Error(`two schemas are called ${name}`)
      }
      this.named[name] = shape
    }
    return made.schemas[0]
  }
}
