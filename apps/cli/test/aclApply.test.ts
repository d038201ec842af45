// Putting a policy in force at a hub that cannot say in time what it changes.
import { mkdirSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { afterEach, expect, it } from "vitest"
import { run, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
const policy = join(folder.path, "policy.yaml")
mkdirSync(folder.path, { recursive: true })
writeFileSync(policy, "version: 1\ntypes: { task: {} }\nrules: []\n")

const closers: Array<() => Promise<void>> = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** What is asked at a door behind which somebody compares as the test says. */
const doorWith = async (compare: (response: ServerResponse) => void) => {
  const asked: Array<{ readonly path: string; readonly body: Record<string, unknown> }> = []
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    let text = ""
    for await (const chunk of request) text += String(chunk)
    const path = request.url!.replace("/api/v1/policy/", "")
    asked.push({ path, body: JSON.parse(text) as Record<string, unknown> })
    if (path === "diff") return compare(response)
    response.setHeader("content-type", "application/json")
    return response.end(JSON.stringify({ version: 7 }))
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  closers.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  writeFileSync(join(folder.path, "local-door.json"), JSON.stringify({ url: `http://127.0.0.1:${port}`, token: "t" }))
  return asked
}

const apply = (...args: ReadonlyArray<string>) => run(["acl", "apply", policy, "--data", folder.path, ...args])
const without = "The hub could not say in time what it changes, so it is put in force without a comparison.\n"
const inForce = `${policy} is in force: version 7 of the charter.\n`

it("[CL-88] a policy is put in force at a hub that cannot compare, and that is said", async () => {
  const asked = await doorWith((response) => {
    response.statusCode = 503
    response.end(JSON.stringify({ detail: "the hub took too long to answer; try again" }))
  })
  expect(await apply()).toEqual({ code: 0, out: inForce, err: without })
  expect(asked.map(({ path }) => path)).toEqual(["diff", "apply"])
  expect(asked[1]!.body).not.toHaveProperty("expectedVersion")
  await apply("--expect", "6", "--note", "why")
  expect(asked.at(-1)!.body).toMatchObject({ expectedVersion: 6, note: "why" })
  expect(JSON.parse((await apply("--json")).out)).toEqual({ impacts: null, version: 7 })
})

it("[CL-88] a hub that does not answer keeps it for ten seconds only", async () => {
  const asked = await doorWith(() => undefined)
  const began = performance.now()
  expect(await apply()).toEqual({ code: 0, out: inForce, err: without })
  expect(performance.now() - began).toBeLessThan(30_000)
  expect(asked.map(({ path }) => path)).toEqual(["diff", "apply"])
})

it("[CL-88] without a comparison none is asked for, and a policy that is refused is not put in force", async () => {
  const asked = await doorWith((response) => {
    response.statusCode = 422
    response.end(JSON.stringify({ detail: "it names nobody" }))
  })
  expect(await apply("--no-diff")).toEqual({ code: 0, out: inForce, err: "" })
  expect(asked.map(({ path }) => path)).toEqual(["apply"])
  expect(await apply()).toMatchObject({ code: 5, out: "" })
  expect(asked.map(({ path }) => path)).toEqual(["apply", "diff"])
})
