/**
 * Newcomers at a team's hub: by the links that its people make, and by nothing else.
 */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join as pathOf } from "node:path"
import { Bytes } from "@syncline/core"
import { createNode } from "@syncline/node"
import { enterprise } from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { type HubProcess, metric, startHub, Task, temporaryFolder, until } from "./hubProcess.ts"
import { ask, team, write } from "./localDoor.ts"
import { invite, join, newcomer, post, requestOf } from "./newcomer.ts"

// Several processes start in each test, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const open = async (more: Record<string, string> = {}) => {
  const data = temporaryFolder()
  return { data, hub: await startHub({ data, env: { ...team, ...more } }) }
}

const restart = async (data: string, hub: HubProcess, signal: "SIGKILL" | "SIGTERM") => {
  hub.child.kill(signal)
  await hub.ended()
  return startHub({ data, env: team })
}

interface Kept {
  readonly id: string
  readonly status: string
  readonly uses: number
}
const listed = async (data: string, what: "invitations" | "requests") =>
  (await ask(data, what)).body[what] as unknown as ReadonlyArray<Kept>

/** The text of every file below a folder. */
const everythingIn = (folder: string): string =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => pathOf(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, "latin1"))
    .join("\n")

describe("a newcomer", () => {
  it("[HB-70] asks without a token, is approved at the local door, and syncs", async () => {
    const { data, hub } = await open()
    await write(data, { _tag: "SetTeam", team: "sales", name: "Sales" })
    const { body, link, status } = await invite(data, hub, { teams: ["sales"] })
    expect([status, body]).toMatchObject([200, { hub: hub.peer, invitation: { standing: "good", uses: 0 } }])
    expect(JSON.stringify(body)).not.toContain('"key"')
    const zoe = newcomer("Zoe")
    const asked = await join(hub, link, zoe)
    expect(asked).toMatchObject({ status: "pending", spaceName: "home", member: null })
    expect((await ask(data, "requests/approve", { id: asked.request })).body).toMatchObject({
      request: { status: "approved", member: "zoe", by: hub.peer }
    })
    expect(await join(hub, link, zoe)).toMatchObject({ status: "approved", member: "zoe", role: "member" })
    const node = await createNode({
      space: "home",
      store: zoe.store,
      entities: { task: Task },
      policy: enterprise({ introducer: hub.peer }),
      transports: [socketIo()],
      routes: [{ address: hub.url, peer: hub.peer }]
    })
    onTestFinished(() => node.close())
    const isSynced = async () => (await node.status()).peers[0]?.state === "synced"
    await until(isSynced, 10_000)
    await node.task.put({ title: "Milk" })
    await until(isSynced, 10_000)
    expect((await node.receipts())[0]).toMatchObject({ status: "accepted" })
    const again = await ask(data, "requests/reject", { id: asked.request })
    expect([again.status, again.body["detail"]]).toMatchObject([409, expect.stringContaining("approved already")])
    expect((await ask(data, "requests/approve", { id: "ffffffff" })).status).toBe(404)
    expect((await ask(data, "invitations/revoke", { id: "ffffffff" })).status).toBe(404)
    const auditing = async () =>
      (await ask(data, "audit?limit=100")).body["entries"] as unknown as ReadonlyArray<{ action: string }>
    await until(async () => (await auditing()).some(({ action }) => action === "approve"), 5_000)
    const told = (await auditing()).map(({ action }) => action)
    for (const action of ["invite", "request", "approve"]) expect(told).toContain(action)
  })

  it("[HB-70] gets through no other door, and a personal hub has none of them", async () => {
    const { data, hub } = await open()
    await invite(data, hub)
    for (const path of ["invitations", "requests"]) {
      expect((await fetch(`${hub.url}/api/v1/${path}`)).status).toBe(401)
    }
    for (const path of ["invitations", "invitations/revoke", "requests/approve", "requests/reject"]) {
      const init = { method: "POST", headers: { "content-type": "application/json" }, body: `{"id":"x"}` }
      expect((await fetch(`${hub.url}/api/v1/${path}`, init)).status).toBe(401)
    }
    const personal = temporaryFolder()
    const home = await startHub({ data: personal })
    expect((await fetch(`${home.url}/api/v1/join`, { method: "POST" })).status).toBe(404)
    expect(await ask(personal, "invitations")).toMatchObject({ status: 404, body: { code: "TeamMissing" } })
  })

  it("[HB-71] takes one use, whenever the hub is killed, and what was decided outlives it", async () => {
    const { data, hub } = await open()
    const { link } = await invite(data, hub, { uses: 2 })
    const [first, second, third] = [newcomer("first"), newcomer("second"), newcomer("third")]
    const asked = await join(hub, link, first)
    let now = await restart(data, hub, "SIGKILL")
    expect(await join(now, link, first)).toEqual(asked)
    expect((await listed(data, "invitations"))[0]).toMatchObject({ uses: 1 })
    await ask(data, "requests/reject", { id: asked.request, reason: "not you" })
    now = await restart(data, now, "SIGKILL")
    expect(await join(now, link, first)).toMatchObject({ status: "rejected", because: "not you" })
    const other = await join(now, link, second)
    await ask(data, "requests/approve", { id: other.request })
    now = await restart(data, now, "SIGKILL")
    expect(await join(now, link, second)).toMatchObject({ status: "approved", member: "second" })
    await expect(join(now, link, third)).rejects.toThrow("403")
    expect(await listed(data, "requests")).toHaveLength(2)
    expect((await ask(data, "charter")).body["members"]).toHaveLength(2)
  })

  it("[HB-71] that is let in by itself is in, or has its use, in whatever moment the hub is killed", async () => {
    const { data, hub } = await open()
    const { link } = await invite(data, hub, { uses: 20, isByHand: false })
    let now = hub
    for (let round = 0; round < 5; round++) {
      const who = newcomer(`n${round}`)
      const answering = join(now, link, who).catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, round * 4))
      now = await restart(data, now, "SIGKILL")
      const heard = await answering
      const after = await join(now, link, who)
      expect(after).toMatchObject({ status: "approved", member: `n${round}` })
      // What it was told before the end, if anything, holds.
      expect(heard ?? after).toEqual(after)
    }
    const [invitation] = await listed(data, "invitations")
    const { devices, members } = (await ask(data, "charter")).body as unknown as Record<string, ReadonlyArray<object>>
    expect([invitation?.uses, members?.length, devices?.length]).toEqual([5, 6, 6])
  })
})

describe("a stranger", () => {
  it("[HB-72] hears the same of every invitation, and can make nothing of the hub's files", async () => {
    const { data, hub } = await open()
    const [good, used, gone] = [await invite(data, hub), await invite(data, hub), await invite(data, hub)]
    await join(hub, used.link, newcomer("somebody"))
    await ask(data, "invitations/revoke", { id: gone.link.id })
    const eve = newcomer("eve")
    const secret = new Uint8Array(16)
    const links = [
      { ...good.link, id: "0123456789abcdef" },
      { ...good.link, secret },
      { ...used.link, secret },
      used.link,
      gone.link
    ]
    const said = await Promise.all(links.map((link) => post(hub, JSON.stringify(requestOf(link, eve)))))
    // What lies in the hub's folder verifies proofs: used as a key it makes none.
    const { invitations } = JSON.parse(readFileSync(pathOf(data, "onboarding.json"), "utf8")) as {
      readonly invitations: ReadonlyArray<{ readonly key: string }>
    }
    const stolen = { ...good.link, secret: Bytes.fromHex(invitations[0]!.key.slice(0, 32))! }
    said.push(await post(hub, JSON.stringify(requestOf(stolen, eve))))
    const plain = ({ headers, status, text }: (typeof said)[number]) => [
      status,
      headers,
      text.replace(/urn:uuid:[0-9a-f-]+/, "")
    ]
    for (const each of said) expect(plain(each)).toEqual(plain(said[0]!))
    expect(said[0]!.status).toBe(403)
    expect(await listed(data, "requests")).toHaveLength(1)
    expect(await metric(hub, 'syncline_join_requests_total{outcome="refused"}')).toBe(6)
  })

  it("[HB-73] finds no secret of a link in log, metrics or folder, whatever level the log has", async () => {
    const { data, hub } = await open({ SYNCLINE_LOG_LEVEL: "trace" })
    const { link } = await invite(data, hub)
    const asked = await join(hub, link, newcomer("Zoe"))
    await ask(data, "requests/approve", { id: asked.request })
    await post(hub, JSON.stringify(requestOf({ ...link, secret: new Uint8Array(16) }, newcomer("eve"))))
    const metrics = await (await fetch(`${hub.url}/metrics`)).text()
    expect(statSync(pathOf(data, "onboarding.json")).mode & 0o777).toBe(0o600)
    hub.child.kill("SIGTERM")
    await hub.ended()
    const known = [hub.log(), hub.out(), metrics, everythingIn(data)].join("\n")
    const bytes = Buffer.from(link.secret)
    for (const form of ["hex", "base64", "base64url", "latin1"] as const) {
      expect([form, known.includes(bytes.toString(form))]).toEqual([form, false])
    }
    // The search finds what is there.
    for (const there of [link.id, asked.request, "Zoe"]) expect(known).toContain(there)
    expect(metrics).not.toContain(link.id)
  })

  it("[HB-74] that calls too often is turned away, and everybody else is served", async () => {
    const { data, hub } = await open()
    const { link } = await invite(data, hub)
    const eve = newcomer("eve")
    const statuses = new Map<number, number>()
    for (let i = 0; i < 70; i++) {
      const { status } = await post(hub, JSON.stringify(requestOf({ ...link, secret: new Uint8Array(16) }, eve)))
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    expect(statuses).toEqual(
      new Map([
        [403, 60],
        [429, 10]
      ])
    )
    expect(await listed(data, "requests")).toEqual([])
    expect((await fetch(`${hub.url}/readyz`)).status).toBe(200)
    expect(await metric(hub, 'syncline_join_requests_total{outcome="limited"}')).toBe(10)
  })

  it("[HB-75] that sends what is no request is told so, and nothing is kept of it", async () => {
    const { data, hub } = await open()
    const { link } = await invite(data, hub)
    const request = requestOf(link, newcomer("eve"))
    const bodies = [
      "",
      "[]",
      "null",
      "{",
      `"text"`,
      "{}",
      JSON.stringify({ ...request, version: 2 }),
      JSON.stringify({ ...request, name: "" }),
      JSON.stringify({ ...request, name: "n".repeat(65) }),
      JSON.stringify({ ...request, platform: 7 }),
      JSON.stringify({ ...request, device: "12D3KooW" }),
      JSON.stringify({ ...request, proof: request.proof.toUpperCase() }),
      JSON.stringify({ ...request, nonce: `${request.nonce}00` }),
      JSON.stringify({ ...request, invitation: { $ne: null } })
    ]
    for (const body of bodies) expect([body, (await post(hub, body)).status]).toEqual([body, 400])
    expect((await post(hub, JSON.stringify({ ...request, more: "x".repeat(5_000) }))).status).toBe(413)
    const init = { method: "POST", headers: { "content-type": "application/xml" }, body: "x" }
    expect((await fetch(`${hub.url}/api/v1/join`, init)).status).toBe(415)
    expect((await fetch(`${hub.url}/api/v1/join`)).status).toBe(404)
    expect(await listed(data, "requests")).toEqual([])
    expect((await join(hub, link, newcomer("max"))).status).toBe("pending")
  })
})

describe("a hub's people", () => {
  it("[HB-76] are told why there can be no such invitation, and nothing is made", async () => {
    const { data, hub } = await open()
    const refused = async (more: object) => {
      const { body, status } = await invite(data, hub, more)
      return [status, body["detail"]]
    }
    expect(await refused({ role: "emperor" })).toEqual([409, expect.stringContaining("there is no role emperor")])
    expect(await refused({ teams: ["nowhere"] })).toEqual([409, expect.stringContaining("there is no team nowhere")])
    expect(await refused({ role: "admin", isByHand: false })).toEqual([409, expect.stringContaining("must approve")])
    expect(await refused({ uses: 0 })).toEqual([409, expect.stringContaining("1 to 100")])
    expect(await refused({ key: "00" })).toEqual([400, expect.anything()])
    expect(await listed(data, "invitations")).toEqual([])
  })
})
