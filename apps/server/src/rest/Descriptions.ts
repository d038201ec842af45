/** What describes the REST interface: `/openapi.json` for programs, `/docs` for people. Both are made when they are first asked for. */
import type { FastifyInstance } from "fastify"
import * as DocsPage from "./DocsPage.ts"
import type { AnyEndpoint } from "./Endpoint.ts"
import * as OpenApi from "./OpenApi.ts"

/** Adds both to a server. */
export const install = (app: FastifyInstance, endpoints: ReadonlyArray<AnyEndpoint>, version: string): void => {
  let made: { readonly json: string; readonly page: string } | undefined
  const describe = () => {
    if (made !== undefined) return made
    const document = OpenApi.documentOf(endpoints, version)
    made = { json: JSON.stringify(document), page: DocsPage.pageOf(document) }
    return made
  }
  app.get("/openapi.json", (_, reply) => reply.type("application/json; charset=utf-8").send(describe().json))
  app.get("/docs", (_, reply) =>
    reply
      .header("content-security-policy", DocsPage.contentSecurityPolicy)
      .type("text/html; charset=utf-8")
      .send(describe().page)
  )
}
