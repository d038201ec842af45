/** People at a hub as a process: what it tells where, what outlives it, and what lies in its folder. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join as pathOf } from "node:path"
import { expect, it, vi } from "vitest"
import { type HubProcess, startHub, temporaryFolder, until } from "../hubProcess.ts"
import { ask, team } from "../localDoor.ts"

// Several processes start in each test, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const password = "correct horse battery"

const post = (hub: HubProcess, path: string, body: object, headers: Record<string, string> = {}) =>
  fetch(`${hub.url}/api/v1/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body)
  })

/** The token that a hub without accounts tells people. */
const tokenOf = async (hub: HubProcess): Promise<string> => {
  await until(() => hub.out().includes("setup token"), 10_000)
  return /setup token {2}(\S+)/.exec(hub.out())![1]!
}

const everythingIn = (folder: string): string =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => pathOf(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, "latin1"))
    .join("\n")

it("[HA-1][HA-14] tells the setup token on standard output and in the log, and no other secret anywhere", async () => {
  const data = temporaryFolder()
  const hub = await startHub({ data, env: { ...team, SYNCLINE_LOG_LEVEL: "trace" } })
  const token = await tokenOf(hub)
  expect(token).toMatch(/^[\w-]{43}$/)
  expect(
    hub
      .log()
      .split("\n")
      .filter((line) => line.includes(token))
  ).toHaveLength(1)
  const made = await post(hub, "setup", { token, name: "ann", password })
  expect([made.status, await made.json()]).toMatchObject([201, { account: { member: "owner" } }])
  const cookie = made.headers.get("set-cookie")!.split(";", 1)[0]!
  const headers = { cookie, origin: hub.url }
  expect((await fetch(`${hub.url}/api/v1/members`, { headers })).status).toBe(200)
  const issued = await post(hub, "tokens", { note: "", scopes: ["team:read"] }, headers)
  const { secret } = (await issued.json()) as { readonly secret: string }
  expect((await fetch(`${hub.url}/api/v1/members`, { headers: { authorization: `Bearer ${secret}` } })).status).toBe(
    200
  )
  const account = await post(hub, "accounts", { name: "bob", role: "viewer" }, headers)
  const { link } = (await account.json()) as { readonly link: string }
  expect((await post(hub, "session", { name: "ann", password: "another wrong one" })).status).toBe(401)
  const member = await post(hub, "members", { id: "mia", name: "Mia", role: "member" }, headers)
  expect(member.status).toBe(201)
  await until(async () => JSON.stringify((await ask(data, "audit?action=manage")).body).includes("members"), 10_000)
  expect((await ask(data, "audit?action=signin")).body["entries"]).toHaveLength(2)
  const metrics = await (await fetch(`${hub.url}/metrics`)).text()
  const everything = `${everythingIn(data)}\n${hub.log()}\n${metrics}`
  const secrets = [cookie.slice(-43), secret.slice(-43), link.slice(-43)]
  for (const each of [password, "another wrong one", ...secrets]) expect(everything.includes(each)).toBe(false)
  expect(`${everythingIn(data)}\n${metrics}`.includes(token)).toBe(false)
  hub.child.kill("SIGTERM")
  expect((await hub.ended()).code).toBe(0)
  const again = await startHub({ data, env: team })
  expect((await fetch(`${again.url}/api/v1/session`, { headers })).status).toBe(200)
  expect(again.out()).not.toContain("setup token")
})

it("[HA-1] an unused token is worth nothing after a start", async () => {
  const data = temporaryFolder()
  const first = await startHub({ data })
  const old = await tokenOf(first)
  first.child.kill("SIGKILL")
  await first.ended()
  const second = await startHub({ data })
  const token = await tokenOf(second)
  expect((await post(second, "setup", { token: old, name: "ann", password })).status).toBe(403)
  expect((await post(second, "setup", { token, name: "ann", password })).status).toBe(201)
})

it("[HA-5] who has to wait waits also at a hub that was killed and started again", async () => {
  const data = temporaryFolder()
  const first = await startHub({ data })
  await post(first, "setup", { token: await tokenOf(first), name: "ann", password })
  for (let at = 0; at < 4; at++) {
    expect((await post(first, "session", { name: "ann", password: "wrong" })).status).toBe(401)
  }
  // Killed while it looks at a password, it has counted the attempt.
  const under = post(first, "session", { name: "ann", password: "wrong" }).catch(() => undefined)
  await new Promise((resolve) => setTimeout(resolve, 15))
  first.child.kill("SIGKILL")
  await first.ended()
  await under
  const second = await startHub({ data })
  const tries = async () => (await post(second, "session", { name: "ann", password: "wrong" })).status
  const statuses = [await tries(), await tries(), await tries()]
  expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(2)
  expect(statuses).toContain(429)
})

it("[HA-16] with a damaged file of accounts nobody signs in or sets the hub up, and it goes on", async () => {
  const data = temporaryFolder()
  const first = await startHub({ data, env: team })
  await post(first, "setup", { token: await tokenOf(first), name: "ann", password })
  first.child.kill("SIGTERM")
  await first.ended()
  writeFileSync(pathOf(data, "hub.db"), "x".repeat(8_192))
  const hub = await startHub({ data, env: team })
  const refused = await post(hub, "session", { name: "ann", password })
  expect([refused.status, await refused.json()]).toMatchObject([503, { code: "HubStoreFailed" }])
  const headers = { cookie: `__Host-syncline=${"A".repeat(43)}` }
  expect((await fetch(`${hub.url}/api/v1/members`, { headers })).status).toBe(503)
  expect((await fetch(`${hub.url}/api/v1/identity`)).status).toBe(200)
  expect((await ask(data, "members")).status).toBe(200)
  expect(hub.out()).not.toContain("setup token")
  expect(hub.log()).toContain("accounts cannot be used")
  expect(readFileSync(pathOf(data, "hub.db"), "latin1")).toBe("x".repeat(8_192))
})
