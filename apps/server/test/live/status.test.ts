/** How a hub says that it stands: in one sentence, in numbers, and as files of its audit. */
import { AuditStore, Crypto, PeerId, type Status } from "@syncline/core"
import { NodeCrypto } from "@syncline/node"
import { AuditReport } from "@syncline/policy"
import { Effect, Stream } from "effect"
import { describe, expect, it } from "vitest"
import * as AuditFile from "../../src/audit/AuditFile.ts"
import * as CsvLine from "../../src/audit/CsvLine.ts"
import * as Health from "../../src/status/Health.ts"
import { Stats } from "../../src/status/Stats.ts"
import { until } from "../hubProcess.ts"
import { policyOf } from "../rest/recordsWorld.ts"
import { type LiveHub, openLiveHub, type Person } from "./liveHub.ts"

type State = Status.PeerStatus["state"]

const factsOf = (states: ReadonlyArray<State>, waiting = 0): Health.HealthFacts => ({
  status: {
    isStarted: true,
    peers: states.map((state) => ({ state })),
    quarantine: { Denied: waiting }
  } as unknown as Status.Status,
  seal: "open",
  closed: undefined
})

it("[HP-8] the sentence says that nothing is missing only where it was proven, and names what is not known", () => {
  const said = (...states: ReadonlyArray<State>) => Health.of(factsOf(states))
  expect(said()).toEqual({
    light: "yellow",
    sentence: "No device has come since the start, so nobody is known to have what is here."
  })
  expect(said("synced", "synced")).toEqual({ light: "green", sentence: "Proven equal with 2 devices." })
  expect(said("synced", "paused", "blocked")).toEqual({
    light: "green",
    sentence: "Proven equal with 1 device; 2 devices kept out."
  })
  expect(said("synced", "offline").light).toBe("yellow")
  expect(said("synced", "offline").sentence).toContain("1 device away, which may lack changes")
  expect(said("syncing", "connecting", "held").sentence).toBe(
    "2 devices coming into step; with 1 device some changes wait."
  )
  expect(said("paused").light).toBe("yellow")
  expect(Health.of(factsOf(["synced"], 3))).toEqual({
    light: "yellow",
    sentence: "Proven equal with 1 device; 3 changes in quarantine."
  })
  const { status, ...facts } = factsOf(["synced"])
  expect(Health.of({ ...facts, status: { ...status, isStarted: false } }).light).toBe("red")
  expect(Health.of({ ...facts, status, closed: "a record cannot be judged" }).sentence).toContain(
    "a record cannot be judged"
  )
  expect(Health.of({ ...facts, status, seal: "waiting" }).light).toBe("red")
})

it("[HP-8] [HP-1] the hub is stopped and started, and its status says so", async () => {
  const hub = await openLiveHub()
  const { ask } = hub.door
  const status = async () =>
    (await ask("GET", "/status")).body as unknown as { isStarted: boolean; light: string; canManage: null }
  expect(await status()).toMatchObject({
    isStarted: true,
    light: "yellow",
    canManage: null,
    autoSync: { mode: "live" }
  })
  expect((await ask("POST", "/orchestrator/stop")).body).toEqual({ touched: 0 })
  expect(await status()).toMatchObject({ isStarted: false, light: "red" })
  expect((await ask("POST", "/orchestrator/start")).status).toBe(200)
  expect(await status()).toMatchObject({ isStarted: true })
  expect((await ask("POST", "/sync", {})).body).toEqual({ touched: 0 })
  expect((await ask("GET", "/mailboxes")).body).toEqual({ mailboxes: [] })
  expect((await ask("GET", "/lists")).body).toEqual({ lists: [] })
  expect((await ask("POST", "/orchestrator/stop", { now: true })).status).toBe(400)
})

it("[HP-9] numbers of the last hour are kept in points, the newest last, and no more than an hour of them", async () => {
  const points = await Effect.runPromise(
    Effect.provide(
      Effect.flatMap(Stats, ({ points: taken }) => Effect.delay(taken, 1_500)),
      Stats.layer(1)
    )
  )
  expect(points.length).toBe(360)
  expect(points.map(({ atMs }) => atMs)).toEqual(points.map(({ atMs }) => atMs).toSorted((a, b) => a - b))
})

/** A hub of a team with one task in the north and two in the south; mia reads the north. */
const teamHub = async (): Promise<{
  readonly hub: LiveHub
  readonly owner: Person
  readonly mia: Person
  readonly nobody: Person
}> => {
  const hub = await openLiveHub({ policy: "enterprise" })
  const owner = await hub.owner()
  const where = [{ field: "team", op: "eq", value: "north" }]
  const reads = { id: "reads", effect: "allow", actions: ["read"], types: ["task"], to: { teams: ["north"] }, where }
  for (const operations of [
    [
      { _tag: "SetTeam", team: "north", name: "North" },
      { _tag: "AddMember", member: "mia", name: "=cmd|' /C calc'!A0", role: "member", teams: ["north"] }
    ],
    [policyOf(reads)]
  ]) {
    await hub.door.ask("POST", "/charter/records", { operations })
  }
  for (const team of ["north", "south", "south"]) {
    const made = await hub.door.ask("POST", "/entities/task", { header: { team }, fields: { title: team } })
    expect(made.status).toBe(201)
  }
  return {
    hub,
    owner,
    mia: await hub.join(owner, "mia", "admin", "mia"),
    nobody: await hub.join(owner, "nobody", "admin")
  }
}

describe("a team's hub", () => {
  it("[HP-5] [HP-9] counts only records that the caller may read, and hashes only for who sees all", async () => {
    const { hub, mia, nobody, owner } = await teamHub()
    const counted = async ({ ask }: Person) => [
      (await ask("GET", "/stats")).body["records"],
      ((await ask("GET", "/spaces")).body["spaces"] as unknown as ReadonlyArray<object>)?.map((each) =>
        Reflect.get(each, "records")
      )
    ]
    expect(await counted(owner)).toEqual([{ task: 3 }, [3]])
    expect(await counted(hub.door)).toEqual([{ task: 3 }, [3]])
    expect(await counted(mia)).toEqual([{ task: 1 }, [1]])
    expect((await nobody.ask("GET", "/stats")).body["code"]).toBe("AccountUnlinked")
    expect((await owner.ask("GET", "/spaces/home?hash=true")).body["stateHash"]).toMatch(/^[0-9a-f]{64}$/)
    const ofMia = await mia.ask("GET", "/spaces/home?hash=true")
    expect([ofMia.status, "stateHash" in ofMia.body]).toEqual([200, false])
    expect((await owner.ask("GET", "/spaces/home?hash=yes")).status).toBe(400)
    expect((await owner.ask("GET", "/status")).body).toMatchObject({ canManage: true, closed: null })
    const stats = (await owner.ask("GET", "/stats?sinceMs=0")).body as unknown as { storage: Record<string, number> }
    expect(stats.storage["journal.db"]).toBeGreaterThan(0)
  })

  it("[HP-6] the audit is exported as a file that others verify, and as a table", async () => {
    const { hub, mia, owner } = await teamHub()
    await until(async () => {
      const entries = (await owner.ask("GET", "/audit?rule=hub%2F*")).body[
        "entries"
      ] as unknown as ReadonlyArray<object>
      return entries.length >= 4
    }, 5_000)
    const file = await owner.ask("GET", "/audit/export")
    expect(file.headers.get("content-type")).toBe("application/x-ndjson; charset=utf-8")
    expect(file.headers.get("content-disposition")).toBe('attachment; filename="audit.ndjson"')
    expect(file.headers.get("x-content-type-options")).toBe("nosniff")
    const crypto = await Effect.runPromise(Effect.provide(Crypto.Crypto, NodeCrypto.layer))
    const verdict = AuditReport.verifyLines(file.text.trimEnd().split("\n"), crypto)
    expect(verdict).toMatchObject({ fault: undefined, signer: hub.peer })
    expect(verdict.entries).toBeGreaterThan(3)
    const table = await mia.ask("GET", "/audit/export?format=csv")
    expect(table.headers.get("content-type")).toBe("text/csv; charset=utf-8; header=present")
    expect(table.text.split("\r\n")[0]).toContain("number,time,action,device")
    expect(table.text).toContain("hub/accounts.make")
    expect((await owner.ask("GET", "/audit/export?format=xml")).status).toBe(400)
    expect((await owner.ask("GET", "/audit?from=1&to=2")).body).toEqual({ entries: [] })
    expect(
      ((await owner.ask("GET", "/audit?text=CHARTER&limit=1")).body["entries"] as unknown as ReadonlyArray<object>)
        .length
    ).toBeLessThan(2)
  })
})

it("[HP-6] no cell of the table is a formula", () => {
  expect(CsvLine.of([1, true, "plain", "=1+1", "+1", "-1", "@a", "\tx", 'say "x", y', "a\nb"])).toBe(
    `1,true,plain,"'=1+1","'+1","'-1","'@a","'\tx","say ""x"", y","a\nb"\r\n`
  )
})

it("[HP-6] a table of many pages has every entry once, in order, and what is no entry is left out", async () => {
  const rows = Array.from({ length: 2_500 }, (_, i) => ({
    number: i + 1,
    text: i % 2 === 0 ? entryOf(i + 1) : "no entry"
  }))
  const reads = await Effect.runPromise(Effect.provide(AuditStore.AuditStore, AuditStore.AuditStore.layerMemory(rows)))
  const text = (await Effect.runPromise(Stream.runCollect(AuditFile.table(reads).text))).join("")
  const numbers = text
    .split("\r\n")
    .slice(1, -1)
    .map((line) => Number(line.split(",", 1)[0]))
  expect(numbers).toEqual(Array.from({ length: 1_250 }, (_, i) => 2 * i + 1))
})

const entryOf = (number: number): string =>
  JSON.stringify({
    number,
    atMs: 1,
    action: "send",
    peer: PeerId.fromPublicKey(new Uint8Array(32)),
    decision: { allowed: true, rule: "r", policyVersion: 1, because: "b" },
    detail: "d",
    times: 1,
    hash: "0".repeat(64)
  })
