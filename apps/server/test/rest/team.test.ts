/** The team over REST: what is read and written, in whose name, and what the charter says to that. */
import { type Charter, CharterRecord } from "@syncline/core"
import { NodeCrypto } from "@syncline/node"
import { describe, expect, it } from "vitest"
import { peerOf, teamWorld } from "./teamWorld.ts"

/** Who stands behind each record, in their order. */
const behalvesOf = (charter: Charter.CharterShape) =>
  charter.beyond({ marks: [], rivals: [] }, 1_000_000).map((bytes) => {
    const record = CharterRecord.open(NodeCrypto.functions, bytes)
    return typeof record === "string" ? record : record.behalf
  })

describe("members and devices", () => {
  it("[HT-1] are listed in pages, added, changed and removed", async () => {
    const { ask } = await teamWorld()
    const door = { as: "door" }
    const first = await ask("/members?limit=2", door)
    expect(first).toMatchObject({
      status: 200,
      body: { items: [{ id: "adam", role: "admin" }, { id: "mia" }], next: "mia" }
    })
    expect((await ask("/members?limit=2&after=mia", door)).body).toMatchObject({ items: [{ id: "owner" }], next: null })
    expect((await ask("/members?limit=0", door)).status).toBe(400)
    const body = { name: "Zoë Ünal", role: "member", device: { peer: peerOf(7), name: "phone" } }
    const added = await ask("/members", { ...door, method: "POST", body })
    expect(added).toMatchObject({ status: 201, body: { id: "zo-nal", name: "Zoë Ünal", role: "member", teams: [] } })
    expect((await ask(`/devices/${peerOf(7)}`, door)).body).toMatchObject({
      member: "zo-nal",
      name: "phone",
      isPaused: false
    })
    const again = await ask("/members", { ...door, method: "POST", body: { name: "Zoë Ünal", role: "member" } })
    expect(again.body["id"]).toMatch(/^zo-nal-[0-9a-f]{6}$/)
    const change = (path: string, what: object) => ask(path, { ...door, method: "PATCH", body: what })
    expect((await change("/members/zo-nal", { name: "Zoë", role: "readonly" })).body).toMatchObject({
      name: "Zoë",
      role: "readonly"
    })
    expect(await change("/members/zo-nal", { note: "nothing" })).toMatchObject({
      status: 400,
      body: { code: "InputInvalid" }
    })
    expect((await change(`/devices/${peerOf(7)}`, { isPaused: true })).body).toMatchObject({ isPaused: true })
    expect(
      (await ask("/devices", { ...door, method: "POST", body: { member: "mia", peer: peerOf(8), name: "tablet" } }))
        .status
    ).toBe(201)
    expect((await ask(`/devices/${peerOf(8)}`, { ...door, method: "DELETE" })).status).toBe(204)
    expect((await ask("/members/zo-nal", { ...door, method: "DELETE" })).status).toBe(204)
    for (const path of ["/members/zo-nal", `/devices/${peerOf(8)}`]) {
      for (const method of ["GET", "DELETE"]) {
        expect(await ask(path, { ...door, method })).toMatchObject({ status: 404, body: { code: "NoneOfTeam" } })
      }
    }
    const limit = { ...door, method: "PUT", body: { limit: 3 } }
    expect((await ask("/device-limit", limit)).status).toBe(200)
    expect((await ask("/members/mia/device-limit", { ...limit, body: { limit: 1, isOwn: true } })).status).toBe(200)
    expect((await ask("/charter", door)).body).toMatchObject({ deviceLimit: 3, deviceLimits: { mia: 1 } })
  })

  it("[HT-1] roles, teams and the seal are looked after as well", async () => {
    const { ask } = await teamWorld()
    const put = (path: string, body: object, as = "door") => ask(path, { as, method: "PUT", body })
    expect((await put("/roles/editor", { name: "Editor", level: 30 })).body).toMatchObject({
      id: "editor",
      level: 30,
      isBuiltIn: false
    })
    expect(await put("/roles/owner", { name: "Boss", level: 90 })).toMatchObject({
      status: 409,
      body: { code: "CharterDenied" }
    })
    expect((await put("/teams/north", { name: "North" })).body).toEqual({ id: "north", name: "North" })
    expect((await ask("/teams", { as: "door" })).body).toEqual({ items: [{ id: "north", name: "North" }], next: null })
    expect((await ask("/roles?limit=1000", { as: "door" })).body["items"]).toContainEqual(
      expect.objectContaining({ id: "editor" })
    )
    for (const path of ["/roles/editor", "/teams/north"]) {
      expect((await ask(path, { as: "door", method: "DELETE" })).status).toBe(204)
      expect((await ask(path, { as: "door", method: "DELETE" })).status).toBe(404)
    }
    expect((await put("/seal", { showsHistory: true, periodDays: 30 })).body).toEqual({
      showsHistory: true,
      periodDays: 30,
      keys: 0
    })
  })

  it("[HT-2] changes are made to the charter that was looked at, or not at all", async () => {
    const { ask, charter } = await teamWorld()
    const { version } = charter.state()
    const remove = (expected: number) =>
      ask(`/members/mia?expectedVersion=${expected}`, { as: "door", method: "DELETE" })
    expect(await remove(version - 1)).toMatchObject({ status: 409, body: { code: "CharterMoved" } })
    expect(charter.state().members.has("mia")).toBe(true)
    expect((await remove(version)).status).toBe(204)
    const both = ["a", "b"].map((id) =>
      ask("/members", {
        as: "door",
        method: "POST",
        body: { id, name: id, role: "member", expectedVersion: version + 1 }
      })
    )
    const statuses = (await Promise.all(both)).map(({ status }) => status)
    expect(statuses.toSorted((one, other) => one - other)).toEqual([201, 409])
  })
})

describe("in whose name", () => {
  it("[HT-3] a person does what its member could do itself, and the record names it", async () => {
    const { ask, charter } = await teamWorld()
    const add = (as: string, role: string) => ask("/members", { as, method: "POST", body: { name: `by ${as}`, role } })
    expect((await add("adam", "member")).status).toBe(201)
    expect((await add("token", "member")).status).toBe(201)
    expect((await add("owner", "admin")).status).toBe(201)
    expect(behalvesOf(charter).slice(-3)).toEqual([
      "the owner (adam)",
      "the owner (adam), by a token",
      "the owner (owner)"
    ])
    const { version } = charter.state()
    for (const [as, role] of [
      ["adam", "owner"],
      ["mia", "member"],
      ["gone", "member"]
    ] as const) {
      expect([as, role, await add(as, role)]).toMatchObject([
        as,
        role,
        { status: 409, body: { code: "CharterDenied" } }
      ])
    }
    expect(await add("nobody", "member")).toMatchObject({ status: 403, body: { code: "AccountUnlinked" } })
    const policy = { text: "version: 1\ntypes: {}\nrules: []\n" }
    for (const [path, body] of [
      ["/policy/apply", policy],
      ["/charter/records", { operations: [{ _tag: "SetPolicy", ...policy }] }]
    ] as const) {
      expect(await ask(path, { as: "mia", method: "POST", body })).toMatchObject({
        status: 409,
        body: { code: "CharterDenied" }
      })
    }
    expect(charter.state().version).toBe(version)
    expect((await ask("/policy/apply", { as: "adam", method: "POST", body: policy })).status).toBe(200)
    expect((await ask("/members/mia", { as: "door", method: "DELETE" })).status).toBe(204)
    expect(behalvesOf(charter).slice(-2)).toEqual(["the owner (adam)", "the hub's machine"])
  })
})

it("[HT-8] a policy and a seal take by the charter what they take by themselves", async () => {
  const { ask, charter } = await teamWorld()
  const write = (as: string, operation: object) =>
    ask("/charter/records", { as, method: "POST", body: { operations: [operation] } })
  const text = JSON.stringify({ version: 1, types: {}, rules: [] })
  const seal = { _tag: "SealSpace", showsHistory: true, periodDays: null }
  for (const [as, operation] of [
    ["token", { _tag: "SetPolicy", text }],
    ["token", { _tag: "RemovePolicy" }],
    ["owner", seal]
  ] as const) {
    expect(await write(as, operation)).toMatchObject({ status: 403, body: { code: "AskedElsewhere" } })
  }
  expect(charter.state()).toMatchObject({ version: 2, policy: undefined, seal: undefined })
  expect((await write("adam", { _tag: "SetPolicy", text })).body["code"]).not.toBe("AskedElsewhere")
  expect((await write("door", seal)).status).toBe(200)
})
