/** The admin pages as the hub gives them to browsers. What they do is tested beside them. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs"
import { type IncomingHttpHeaders, request } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, expect, it } from "vitest"
import type { FastifyInstance } from "fastify"
import { pino } from "pino"
import * as HttpServer from "../src/http/HttpServer.ts"
import * as AdminPages from "../src/pages/AdminPages.ts"

const page = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" }
const opened: Array<FastifyInstance> = []
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close()
})

const built = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "syncline-pages-"))
  mkdirSync(join(folder, "assets"))
  writeFileSync(join(folder, "index.html"), "<!doctype html><html><head><title>x</title></head></html>")
  writeFileSync(join(folder, "icon.svg"), "<svg/>")
  writeFileSync(join(folder, "made-of"), "a secret of the folder")
  writeFileSync(join(folder, "assets", "index-abc.js"), "let a = 1")
  writeFileSync(join(folder, "assets", "index-abc.js.br"), Buffer.from([1, 2, 3]))
  return folder
}

interface Answer {
  readonly statusCode: number
  readonly headers: IncomingHttpHeaders
  readonly rawPayload: Buffer
  readonly body: string
}

interface Asked {
  readonly url: string
  readonly method?: string
  readonly headers?: Record<string, string>
}

/** Paths go as they are: `fetch` would tidy them up. */
const asking =
  (app: FastifyInstance) =>
  ({ headers = {}, method = "GET", url }: Asked): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { port } = app.server.address() as AddressInfo
      const sent = request({ host: "127.0.0.1", port, path: url, method, headers, timeout: 10_000 }, (answer) => {
        const chunks: Array<Buffer> = []
        answer.on("data", (chunk: Buffer) => chunks.push(chunk))
        answer.on("end", () => {
          const rawPayload = Buffer.concat(chunks)
          resolve({ statusCode: answer.statusCode!, headers: answer.headers, rawPayload, body: rawPayload.toString() })
        })
      })
      sent.on("error", reject).end()
    })

const open = async (folder: string, publicPath = "") => {
  const app = HttpServer.make(pino({ level: "silent" }))
  AdminPages.install(app, { folder, publicPath })
  app.get("/api/v1/thing", async () => ({ a: 1 }))
  opened.push(app)
  await app.listen({ host: "127.0.0.1", port: 0 })
  return asking(app)
}

it("[HO-30] every address that a browser opens gives the document, and machines are told as ever", async () => {
  const ask = await open(built())
  for (const url of ["/", "/peers", "/data/a%20type/x?at=5", "/peers/12D3KooW"]) {
    const answer = await ask({ url, headers: page })
    expect([url, answer.statusCode, answer.headers["content-type"]]).toEqual([url, 200, "text/html; charset=utf-8"])
    expect(answer.headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'self';/)
    expect(answer.headers["content-security-policy"]).not.toContain("unsafe-eval")
    expect(answer.headers["cache-control"]).toBe("no-store")
  }
  expect(JSON.parse((await ask({ url: "/api/v1/thing", headers: page })).body)).toEqual({ a: 1 })
  for (const [url, headers] of [
    ["/api/v1/nothing", page],
    ["/openapi.json/x", page],
    ["/healthz/x", page],
    ["/assets/nothing.js", page],
    ["/peers", { accept: "application/json" }],
    ["/peers", {}]
  ] as const) {
    const answer = await ask({ url, headers })
    expect([url, answer.statusCode]).toEqual([url, 404])
    expect(answer.headers["content-type"]).toContain("application/problem+json")
  }
  expect((await ask({ method: "POST", url: "/peers", headers: page })).statusCode).toBe(404)
})

it("[HO-31] files come packed and are kept, the base is the public path, and nothing leads out of the folder", async () => {
  const ask = await open(built(), "/team")
  expect((await ask({ url: "/", headers: page })).body).toContain('<head><base href="/team/">')
  const packed = await ask({ url: "/assets/index-abc.js", headers: { "accept-encoding": "br" } })
  expect([packed.headers["content-encoding"], packed.rawPayload.length]).toEqual(["br", 3])
  const plain = await ask({ url: "/assets/index-abc.js", headers: { "accept-encoding": "identity" } })
  expect([plain.body, plain.headers["cache-control"]]).toEqual(["let a = 1", "public, max-age=31536000, immutable"])
  expect(plain.headers["x-content-type-options"]).toBe("nosniff")
  expect((await ask({ url: "/icon.svg" })).headers["content-type"]).toContain("image/svg+xml")
  for (const url of [
    "/assets/../made-of",
    "/assets/%2e%2e/made-of",
    "/assets/..%2fmade-of",
    "/assets/",
    "/made-of",
    "/assets/%00"
  ]) {
    const answer = await ask({ url })
    expect([url, answer.statusCode >= 400, answer.body.includes("a secret")]).toEqual([url, true, false])
  }
})

it("[HO-32] without built pages the hub says how they are made", async () => {
  const ask = await open(join(tmpdir(), "syncline-no-pages"))
  const answer = await ask({ url: "/", headers: page })
  expect([answer.statusCode, answer.body]).toEqual([200, expect.stringContaining("npm start") as string])
})
