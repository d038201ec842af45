/** What the hub says of its REST interface, held against what it serves. */
import { Validator } from "@seriousme/openapi-schema-validator"
import { Effect, Schema } from "effect"
import { expect, it } from "vitest"
import { endpoint } from "../../src/rest/Endpoint.ts"
import { endpoints } from "../../src/EndpointList.ts"
import { serve } from "./frame.ts"

interface Operation {
  readonly operationId: string
  readonly security: ReadonlyArray<object>
  readonly parameters: ReadonlyArray<{ readonly name: string; readonly in: string; readonly required: boolean }>
  readonly responses: { readonly [status: string]: { readonly description: string } }
}

it("[HR-1] every endpoint stands in a document that OpenAPI 3.1 takes", async () => {
  const { ask } = await serve(endpoints)
  const { body, headers, status } = await ask("/openapi.json")
  expect([status, headers.get("content-type")]).toEqual([200, "application/json; charset=utf-8"])
  expect(await new Validator().validate(structuredClone(body) as Record<string, unknown>)).toEqual({ valid: true })
  expect(body).toMatchObject({ openapi: "3.1.0", info: { version: "1.2.3" }, servers: [{ url: "/api/v1" }] })
  const paths = body["paths"] as { readonly [path: string]: { readonly [method: string]: Operation } }
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => `${operationId} ${method.toUpperCase()} ${path}`)
  )
  const served = endpoints.map(({ id, method, path }) => `${id} ${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`)
  expect(described.toSorted()).toEqual(served.toSorted())
  expect(new Set(endpoints.map(({ id }) => id)).size).toBe(endpoints.length)
  for (const { access, id, method, path, problems } of endpoints) {
    const { responses, security } = paths[path.replaceAll(/:(\w+)/g, "{$1}")]![method.toLowerCase()]!
    expect([id, security.length > 0]).toEqual([id, access.kind !== "open"])
    for (const [reason, status] of Object.entries(problems)) expect(responses[status]!.description).toContain(reason)
  }
})

it("[HR-1] parameters, bodies and shared shapes are described, and two shapes of one name are a mistake", async () => {
  const Thing = Schema.Struct({ size: Schema.Int }).annotate({ identifier: "Thing" })
  const thing = endpoint({
    id: "things.put",
    method: "PUT",
    path: "/things/:id",
    summary: "A <b>thing</b>.",
    tag: "things",
    access: { kind: "scope", scope: "team:write", isFresh: true },
    params: Schema.Struct({ id: Schema.String.check(Schema.isMaxLength(8)) }),
    query: Schema.Struct({ dry: Schema.optionalKey(Schema.Literal("true")) }),
    body: Thing,
    answer: Schema.Struct({ things: Schema.Array(Thing) }),
    problems: {},
    run: ({ body }) => Effect.succeed({ things: [body] })
  })
  const { ask } = await serve([thing])
  const document = (await ask("/openapi.json")).body as {
    readonly paths: { readonly [path: string]: { readonly put: Operation & { readonly requestBody: object } } }
    readonly components: { readonly schemas: object }
  }
  const { parameters, requestBody, responses } = document.paths["/things/{id}"]!.put
  expect(parameters).toEqual([
    { name: "id", in: "path", required: true, schema: { type: "string", maxLength: 8 } },
    { name: "dry", in: "query", required: false, schema: { type: "string", enum: ["true"] } }
  ])
  expect(JSON.stringify(requestBody)).toContain("#/components/schemas/Thing")
  expect(document.components.schemas).toMatchObject({ Thing: { type: "object" }, Problem: { type: "object" } })
  expect(responses["401"]!.description).toContain("SignInNeeded")
  const page = (await ask("/docs")).body["text"] as string
  expect(page).toContain("/things/:id".replace(":id", "{id}"))
  expect(page).not.toContain("<b>")
  const Other = Schema.Struct({ size: Schema.String }).annotate({ identifier: "Thing" })
  const clash = endpoint({ ...bare("others.get", "/others"), answer: Other, run: () => Effect.succeed({ size: "1" }) })
  expect((await (await serve([thing, clash])).ask("/openapi.json")).status).toBe(500)
})

const bare = (id: string, path: `/${string}`) =>
  ({ id, method: "GET", path, summary: "It.", tag: "things", access: { kind: "open" }, problems: {} }) as const

it("[HR-9] people read of every endpoint on a page that runs nothing", async () => {
  const { ask } = await serve(endpoints)
  const { body, headers, status } = await ask("/docs")
  expect([status, headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"])
  expect(headers.get("content-security-policy")).toMatch(
    /^default-src 'none'; style-src 'sha256-[^']+'; frame-ancestors 'none'$/
  )
  const page = body["text"] as string
  for (const { id, path } of endpoints) {
    expect(page).toContain(`id="${id}"><h3><code>`)
    expect(page).toContain(path.split("/:")[0]!)
  }
  expect(page).not.toMatch(/<script|javascript:|<[^>]* on\w+=/i)
})
