/**
 * Requests made up from what the hub says of itself: by its OpenAPI document, and in part against it. Whoever calls gets them from
 * fast-check, which makes one that fails smaller.
 */
import fc from "fast-check"

type Json = { readonly [name: string]: unknown }

export interface RandomRequest {
  readonly operation: string
  readonly method: string
  readonly path: string
  /** `undefined`: none is sent. */
  readonly body: unknown
}

interface Operation {
  readonly operationId: string
  readonly parameters?: ReadonlyArray<{ readonly name: string; readonly in: string; readonly schema: Json }>
  readonly requestBody?: { readonly content: { readonly [type: string]: { readonly schema: Json } } }
}

interface Document {
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } }
  readonly components: { readonly schemas: { readonly [name: string]: Json } }
}

const words = [
  ["", " ", "\0", "..", "../../etc/passwd", "__proto__", "constructor", "toString", "%00", "%2e%2e", "'", '"'],
  ["null", "NaN", "-0", "1e999", "٣", "\u202e", "\ud800", "🔒", "a".repeat(300), "<script>alert(1)</script>"]
].flat()
const values: ReadonlyArray<unknown> = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 31,
  2 ** 53,
  Number.MAX_VALUE,
  [],
  {},
  [[[[]]]],
  { __proto__: null, length: -1 }
]

/** What has broken other servers: empty, huge, not a number, not text, and names that a prototype has. */
const hostile: fc.Arbitrary<unknown> = fc.oneof(fc.constantFrom(...words, ...values), fc.jsonValue({ maxDepth: 3 }))

/** Names that records and members may have here, so that requests also reach what is there. */
const known = fc.constantFrom("owner", "task", "a", "b", "milk", "admin", "member", "x")

const depthMax = 5

/** A value that a JSON schema takes, mostly. */
const valueOf = (document: Document, schema: Json, depth = 0): fc.Arbitrary<unknown> => {
  const reference = schema["$ref"]
  if (typeof reference === "string") {
    return valueOf(document, document.components.schemas[reference.split("/").at(-1)!]!, depth + 1)
  }
  if (depth > depthMax) return hostile
  const choices = (schema["anyOf"] ?? schema["oneOf"]) as ReadonlyArray<Json> | undefined
  const good =
    choices === undefined
      ? plain(document, schema, depth)
      : fc.oneof(...choices.map((each) => valueOf(document, each, depth + 1)))
  return fc.oneof({ weight: 12, arbitrary: good }, { weight: 1, arbitrary: hostile })
}

const plain = (document: Document, schema: Json, depth: number): fc.Arbitrary<unknown> => {
  if (Array.isArray(schema["enum"])) return fc.constantFrom(...(schema["enum"] as ReadonlyArray<unknown>))
  if ("const" in schema) return fc.constant(schema["const"])
  switch (schema["type"]) {
    case "string":
      return fc.oneof(known, fc.string({ maxLength: Math.min(40, Number(schema["maxLength"] ?? 40)) }), hexadecimal)
    case "integer":
      return fc.integer({ min: Number(schema["minimum"] ?? -5), max: Number(schema["maximum"] ?? 1_000) })
    case "number":
      return fc.double({ noNaN: true, min: -1e6, max: 1e6 })
    case "boolean":
      return fc.boolean()
    case "null":
      return fc.constant(null)
    case "array":
      return fc.array(valueOf(document, (schema["items"] ?? {}) as Json, depth + 1), { maxLength: 3 })
    case "object":
      return objectOf(document, schema, depth)
    default:
      return hostile
  }
}

const digits = Array.from("0123456789abcdef")
const hexadecimal = fc
  .constantFrom(16, 32, 64)
  .chain((length) =>
    fc.array(fc.constantFrom(...digits), { minLength: length, maxLength: length }).map((all) => all.join(""))
  )

const objectOf = (document: Document, schema: Json, depth: number): fc.Arbitrary<unknown> => {
  const properties = Object.entries((schema["properties"] ?? {}) as { readonly [name: string]: Json })
  const required = new Set((schema["required"] ?? []) as ReadonlyArray<string>)
  if (properties.length === 0) return fc.dictionary(known, hostile, { maxKeys: 3 })
  const fields = properties.map(([name, each]) => {
    const value = valueOf(document, each, depth + 1)
    const sent = fc.oneof(
      { weight: required.has(name) ? 15 : 1, arbitrary: value },
      { weight: 1, arbitrary: fc.constant(undefined) }
    )
    return sent.map((found) => [name, found] as const)
  })
  return fc.tuple(...fields).map((all) => Object.fromEntries(all.filter(([, found]) => found !== undefined)))
}

/** One request to any operation of the document. */
export const requestTo = (text: unknown): fc.Arbitrary<RandomRequest> => {
  const document = text as Document
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation }))
  )
  return fc.constantFrom(...operations).chain(({ method, operation, path }) => {
    const { operationId, parameters = [], requestBody } = operation
    const schema = requestBody?.content["application/json"]?.schema
    const body =
      schema === undefined
        ? fc.constant(undefined)
        : fc.oneof({ weight: 15, arbitrary: valueOf(document, schema) }, { weight: 1, arbitrary: hostile })
    const values = fc.tuple(...parameters.map((parameter) => valueOf(document, parameter.schema)))
    return fc.tuple(values, body).map(([given, sent]) => {
      const all = new URLSearchParams()
      let filled = path
      for (const [at, parameter] of parameters.entries()) {
        const value = wordOf(given[at])
        if (parameter.in === "path") filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(value) || "-")
        else if (value !== "undefined") all.append(parameter.name, value)
      }
      const query = all.size === 0 ? "" : `?${all.toString()}`
      return { operation: operationId, method, path: filled + query, body: sent }
    })
  })
}

const wordOf = (value: unknown): string =>
  (typeof value === "string" ? value : (JSON.stringify(value) ?? "undefined")).toWellFormed().slice(0, 300)
