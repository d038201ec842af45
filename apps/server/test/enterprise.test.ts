/**
 * A team's hub: who belongs to it stands in its charter, which programs on the hub's machine may write.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { createNode, Entity, NodeCrypto, Schema, SqliteAudit } from "@syncline/node"
import { AuditReport, enterprise } from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"
import { Effect } from "effect"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { device, type HubProcess, startHub, temporaryFolder, until } from "./hubProcess.ts"
import { ask, joining, team, write } from "./localDoor.ts"

// Several processes start in each test, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const Task = Entity.make(
  "task",
  { team: Entity.lww(Schema.String), title: Entity.lww(Schema.String) },
  { header: ["team"] }
)

const openDevice = async (store: string, hub: HubProcess) => {
  const node = await createNode({
    space: "home",
    store,
    entities: { task: Task },
    policy: enterprise({ introducer: hub.peer }),
    transports: [socketIo()],
    routes: [{ address: hub.url, peer: hub.peer }],
    retryMsMin: 200,
    retryMsMax: 500
  })
  onTestFinished(() => node.close())
  return node
}

describe("a team's hub", () => {
  it("[HB-9] [HB-50] founds its space once, and keeps it over a restart", async () => {
    const data = temporaryFolder()
    const first = await startHub({ data, env: team })
    const { body } = await ask(data, "charter")
    expect(body).toMatchObject({ name: "home", version: 1, hub: first.peer, members: [{ id: "owner", role: "owner" }] })
    expect(await (await fetch(`${first.url}/api/v1/identity`)).json()).toMatchObject({ policy: "enterprise" })
    expect(statSync(join(data, "local-door.json")).mode & 0o777).toBe(0o600)
    first.child.kill("SIGTERM")
    await first.ended()
    expect(existsSync(join(data, "local-door.json"))).toBe(false)
    await startHub({ data, env: team })
    expect((await ask(data, "charter")).body).toMatchObject({ version: 1 })
  })

  it("[HB-54] what it decided is listed and verified, there and in its folder", async () => {
    const data = temporaryFolder()
    const hub = await startHub({ data, env: { ...team, SYNCLINE_AUDIT_ENTRIES: "1000" } })
    const { peer, store } = device()
    const node = await openDevice(store, hub)
    const denied = async () =>
      (await ask(data, `audit?denied=true&peer=${peer}`)).body["entries"] as unknown as ReadonlyArray<object>
    await until(async () => (await denied()).length > 0, 20_000)
    expect(await denied()).toMatchObject([{ action: "admit", peer, decision: { rule: "charter/device" } }])
    expect((await ask(data, "audit/verify")).body).toMatchObject({ start: { number: 0 }, fault: null })
    expect((await ask(data, "audit?limit=1&before=2")).body).toMatchObject({ entries: [{ number: 1 }] })
    for (const query of ["limit=0", "limit=1001", "before=x", "denied=no", "action=see"]) {
      expect([query, (await ask(data, `audit?${query}`)).status]).toEqual([query, 400])
    }
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const reads = (yield* SqliteAudit.openReadOnly(data))!
          const verdict = yield* AuditReport.verify(reads, NodeCrypto.functions, hub.peer as never)
          expect(verdict.fault).toBe(undefined)
          expect(verdict.entries).toBeGreaterThan(0)
        })
      )
    )
    await node.close()
  })

  it("[HB-51] opens its local door to the token of its folder only", async () => {
    const data = temporaryFolder()
    const hub = await startHub({ data, env: team })
    for (const path of ["charter", "policy/versions", "audit", "audit/verify"]) {
      for (const authorization of ["", "Bearer", "Bearer x", `Bearer ${"A".repeat(43)}`]) {
        expect((await fetch(`${hub.url}/api/v1/${path}`, { headers: { authorization } })).status).toBe(401)
      }
    }
    const records = await fetch(`${hub.url}/api/v1/charter/records`, { method: "POST", body: "{}" })
    expect([401, 415]).toContain(records.status)
    const personal = temporaryFolder()
    const other = await startHub({ data: personal })
    expect((await fetch(`${other.url}/api/v1/charter`)).status).toBe(401)
    expect(statSync(join(personal, "local-door.json")).mode & 0o777).toBe(0o600)
    for (const path of ["charter", "policy/versions", "audit"]) {
      expect(await ask(personal, path)).toMatchObject({ status: 404, body: { code: "TeamMissing" } })
    }
    other.child.kill("SIGTERM")
    await other.ended()
    expect(existsSync(join(personal, "local-door.json"))).toBe(false)
  })

  it("[HB-52] members get what they may read, lose it without a trace, and get it back", async () => {
    const data = temporaryFolder()
    const [ann, mia] = [device(), device()]
    const hub = await startHub({ data, env: team })
    const teams = ["north", "south"].map((name) => ({ _tag: "SetTeam", team: name, name }))
    const added = await write(
      data,
      ...teams,
      ...joining("ann", "member", ann.peer, "south"),
      ...joining("mia", "member", mia.peer, "north", "south")
    )
    expect(added).toMatchObject({ status: 200, body: { version: 2 } })
    const [a, b] = [await openDevice(ann.store, hub), await openDevice(mia.store, hub)]
    const lost: Array<unknown> = []
    b.on("AccessChanged", (event) => lost.push(event))
    await until(async () => (await a.status()).peers[0]?.state === "synced", 10_000)
    await a.task.putAll(
      Array.from({ length: 50 }, (_, i) => ({ id: `s${i}`, team: "south", title: `southern secret ${i}` }))
    )
    await until(async () => (await b.task.query({})).length === 50, 10_000)
    await b.task.put({ id: "n1", team: "north", title: "northern" })
    expect((await write(data, { _tag: "SetMemberTeams", member: "mia", teams: ["north"] })).status).toBe(200)
    await until(() => lost.length > 0, 10_000)
    expect(lost).toMatchObject([
      { lost: [{ type: "task", header: { team: "south" }, entities: 50, kept: 0 }], gained: [] }
    ])
    expect(await b.task.query({})).toMatchObject([{ id: "n1" }])
    const holding = (store: string) =>
      readdirSync(store).filter((name) => readFileSync(join(store, name)).includes("southern secret"))
    expect(holding(mia.store)).toEqual([])
    expect(holding(ann.store).length).toBeGreaterThan(0)
    await expect(b.task.put({ id: "s99", team: "south", title: "no" })).rejects.toThrow("not in the team south")
    await a.task.put({ id: "s50", team: "south", title: "southern secret 50" })
    await write(data, { _tag: "SetMemberTeams", member: "mia", teams: ["north", "south"] })
    await until(async () => (await b.task.query({})).length === 52, 10_000)
    expect((await a.task.query({})).length).toBe(51)
  })

  it("[HB-58] writes nothing when the charter is not as was expected", async () => {
    const data = temporaryFolder()
    await startHub({ data, env: team })
    const text = (id: string) =>
      `version: 1\ntypes: {}\nrules: [{ id: ${id}, effect: allow, actions: [read], types: all }]\n`
    const apply = (id: string, expectedVersion?: number) =>
      ask(data, "policy/apply", { text: text(id), ...(expectedVersion === undefined ? {} : { expectedVersion }) })
    expect((await ask(data, "policy/diff", { text: text("a") })).body).toMatchObject({ version: 1 })
    const both = await Promise.all([apply("a", 1), apply("b", 1)])
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409])
    expect(both.find(({ status }) => status === 409)?.body).toMatchObject({
      status: 409,
      detail: "the charter has moved on to version 2, and version 1 was expected; look at it again"
    })
    const operations = [{ _tag: "SetTeam", team: "north", name: "North" }]
    expect((await ask(data, "charter/records", { operations, expectedVersion: 1 })).status).toBe(409)
    expect((await ask(data, "policy/rollback", { version: 2, expectedVersion: 9 })).status).toBe(409)
    expect((await ask(data, "charter")).body).toMatchObject({ version: 2 })
    const { digest } = (await ask(data, "policy/diff", { text: text("a") })).body as unknown as {
      readonly digest: string
    }
    expect(digest).toMatch(/^[0-9a-f]{32}$/)
    const other = { operations, expectedVersion: 2, expectedDigest: "0".repeat(32) }
    expect((await ask(data, "charter/records", other)).status).toBe(409)
    expect((await ask(data, "charter/records", { ...other, expectedDigest: digest })).body).toEqual({ version: 3 })
    expect((await apply("c")).body).toEqual({ version: 4 })
  })

  it("[HB-53] explains, tests, compares, applies and rolls back a policy", async () => {
    const data = temporaryFolder()
    const mia = device()
    await startHub({ data, env: team })
    await write(
      data,
      { _tag: "AddMember", member: "mia", name: "Mia", role: "member", teams: [] },
      { _tag: "AddDevice", member: "mia", device: mia.peer, name: "laptop" }
    )
    const text = JSON.stringify({
      version: 1,
      types: { task: { header: { team: "text" } } },
      rules: [{ id: "read-all", effect: "allow", actions: ["read"], types: ["task"] }]
    })
    const question = { asker: "mia", action: "create", type: "task" }
    expect((await ask(data, "policy/explain", question)).body).toMatchObject({ decision: { allowed: true } })
    expect((await ask(data, "policy/test", { text: "rules: 1" })).body["problems"]).not.toEqual([])
    expect(await ask(data, "policy/diff", { text })).toMatchObject({ status: 200, body: { impacts: [], warnings: [] } })
    const misnamed = text.replace('"types":["task"]', '"types":["task"],"to":{"teams":["nroth"]}')
    for (const path of ["policy/test", "policy/diff"]) {
      const { body } = await ask(data, path, { text: misnamed })
      expect(body).toMatchObject({ warnings: [expect.stringContaining('has no team "nroth"')] })
    }
    expect((await ask(data, "policy/apply", { text: misnamed })).status).toBe(422)
    expect((await write(data, { _tag: "SetPolicy", text: misnamed })).status).toBe(409)
    expect((await ask(data, "policy/apply", { text: "rules: 1" })).status).toBe(422)
    expect(await ask(data, "policy/apply", { text, note: "readers" })).toMatchObject({
      status: 200,
      body: { version: 3 }
    })
    expect((await ask(data, "policy/explain", question)).body).toMatchObject({
      decision: { allowed: false, rule: "default" }
    })
    await ask(data, "policy/apply", { text: text.replace("read-all", "all-read") })
    expect(await ask(data, "policy/rollback", { version: 3 })).toMatchObject({ status: 200, body: { version: 5 } })
    expect((await ask(data, "policy/rollback", { version: 99 })).status).toBe(404)
    expect((await ask(data, "policy/rollback", { version: 1 })).body).toEqual({
      version: 6,
      policyVersion: null,
      warnings: []
    })
    expect((await ask(data, "policy/explain", question)).body).toMatchObject({ decision: { allowed: true } })
    expect((await ask(data, "policy/rollback", { version: 1 })).status).toBe(404)
    const { versions } = (await ask(data, "policy/versions")).body as unknown as {
      versions: ReadonlyArray<{ version: number }>
    }
    expect(versions.map(({ version }) => version)).toEqual([6, 5, 4, 3])
    expect((await ask(data, "policy/explain", { ...question, asker: "nobody" })).status).toBe(404)
    expect((await write(data, { _tag: "Nothing" })).status).toBe(400)
    expect((await write(data, { _tag: "RemoveMember", member: "owner" })).status).toBe(409)
    const tooMuch = Array.from({ length: 65 }, (_, i) => ({ _tag: "SetTeam", team: `t${i}`, name: "T" }))
    expect((await write(data, ...tooMuch)).status).toBe(409)
  })
})
