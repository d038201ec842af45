/** Whatever is asked of a hub, it says what was wrong, and stays up. */
import fc from "fast-check"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it, vi } from "vitest"
import { endpoints } from "../../src/EndpointList.ts"
import { startHub, temporaryFolder } from "../hubProcess.ts"
import { team } from "../localDoor.ts"
import { requestTo } from "./RandomRequest.ts"

// Several hundred requests, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000 })

const runs = 600
/** Of each run the same requests, so that one that failed fails again. */
const seed = 20_261_123

/** Statuses that an endpoint says it may answer because of the hub itself. */
const busy = new Map(
  endpoints.map(({ id, problems }) => [id, new Set(Object.values(problems).filter((status) => status >= 500))])
)

const asksOf = async (env: Record<string, string>) => {
  const data = temporaryFolder()
  const hub = await startHub({ data, env: { SYNCLINE_LOG_LEVEL: "error", ...env } })
  const { token } = JSON.parse(readFileSync(join(data, "local-door.json"), "utf8")) as { readonly token: string }
  const headers = { authorization: `Bearer ${token}` }
  const ask = (path: string, method = "GET", body?: unknown) =>
    fetch(`${hub.url}${path}`, {
      method,
      headers: body === undefined ? headers : { ...headers, "content-type": "application/json" },
      ...(body === undefined || method === "GET" ? {} : { body: JSON.stringify(body) })
    })
  return { ask, hub }
}

const isProblem = ({ headers, status }: Response, text: string): boolean =>
  headers.get("content-type")?.includes("application/problem+json") === true &&
  (JSON.parse(text) as { readonly status: unknown }).status === status

for (const [kind, env] of [
  ["team", team],
  ["personal", {}]
] as const) {
  it(`[HR-12] random requests to every route of a ${kind} hub find no answer that blames the hub, and it goes on`, async () => {
    const { ask, hub } = await asksOf(env)
    const request = requestTo(await (await ask("/openapi.json")).json())
    const seen = new Map<number, number>()
    const property = fc.asyncProperty(request, async ({ body, method, operation, path }) => {
      const response = await ask(`/api/v1${path}`, method, body)
      const text = await response.text()
      seen.set(response.status, (seen.get(response.status) ?? 0) + 1)
      const isBlaming = response.status >= 500 && !(response.status === 503 && busy.get(operation)?.has(503))
      if (isBlaming) throw new Error(`${operation}: ${method} ${path} is answered ${response.status}: ${text}`)
      if (response.status >= 400 && !isProblem(response, text)) throw new Error(`${operation}: ${text} is no problem`)
    })
    await fc.assert(property, { numRuns: runs, seed })
    // They reached something: some were answered, some found nothing, some were refused.
    expect([200, 400, 404].every((status) => (seen.get(status) ?? 0) > runs / 50)).toBe(true)
    // One of them may have stopped it from syncing, as it may be told to.
    expect((await ask("/api/v1/orchestrator/start", "POST")).status).toBeLessThan(300)
    expect((await ask("/readyz")).status).toBe(200)
    expect(hub.child.exitCode).toBeNull()
  })
}
