/** Records over REST as members of a team have them: what may not be read is not there, and what may not be done is not done. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { inQuery, policyOf, type RecordsWorld, recordsWorld } from "./recordsWorld.ts"

const north = { team: "north" }
const south = { team: "south" }
const one = (fields: object, more: object = {}) => ({ fields, ...more })

/** Whatever asks about one record, without what changes one: method, what stands behind the id, body. */
const asking = [
  ["GET", "", undefined],
  ["GET", `?header=${inQuery(south)}`, undefined],
  ["GET", "?at=281474976710655", undefined],
  ["PATCH", "", one({ title: "mine" })],
  ["PATCH", "", one({ title: "mine" }, { header: south })],
  ["DELETE", "", undefined],
  ["DELETE", `?header=${inQuery(south)}`, undefined],
  ["GET", "/history", undefined],
  ["GET", `/history?header=${inQuery(south)}`, undefined],
  ["POST", "/restore", { at: "281474976710655" }],
  ["POST", "/restore", { at: "281474976710655", header: south }],
  ["PUT", "", one({ title: "mine" }, { header: south })]
] as const

/** An answer without what is each request's own. */
const said = ({ body, headers, status }: Awaited<ReturnType<RecordsWorld["ask"]>>, id: string): string => {
  const named = ["content-type", "content-length", "cache-control", "x-content-type-options"]
  const text = JSON.stringify({ ...body, instance: "" }).replaceAll(id, "ID")
  return JSON.stringify([status, named.map((name) => headers.get(name)), text])
}

const hidden = async () => {
  const world = await recordsWorld()
  await world.copy(
    { id: "hid1", header: south, fields: { title: "secret" } },
    { id: "hid2", header: south, fields: { title: "secret" } },
    { id: "seen", header: north, fields: { title: "ours" } },
    { id: "both", header: north, fields: { title: "ours" } },
    { id: "both", header: south, fields: { title: "secret" } }
  )
  await world.as("door")("DELETE", "/entities/task/hid2")
  return world
}

/** Conflicts of records, the newest first. */
const conflictsOf = (...ids: ReadonlyArray<string>) =>
  ids.map((id, at) => ({
    number: ids.length - at,
    atMs: 1,
    type: "task",
    id,
    field: "title",
    winner: "one",
    loser: "other"
  }))

describe("what a member may not read", () => {
  it("[HE-5] gets the same bytes as what is not there, whatever is asked", async () => {
    const { as, journal } = await hidden()
    for (const who of ["mia", "rob"]) {
      for (const [method, rest, body] of asking) {
        const answers: Array<string> = []
        for (const id of ["hid1", "hid2", "none"]) {
          const answer = await as(who)(method, `/entities/task/${id}${rest}`, body)
          answers.push(said(answer, id))
          expect([who, method, rest, answer.status < 500]).toEqual([who, method, rest, true])
        }
        expect([who, method, rest, new Set(answers).size]).toEqual([who, method, rest, 1])
        expect(answers[0]).not.toContain("secret")
      }
    }
    expect((await as("door")("GET", "/entities/task/hid1")).body).toMatchObject({ fields: { title: "secret" } })
    const { commit } = (
      (await as("door")("GET", "/entities/task/hid1/history")).body["items"] as ReadonlyArray<{ commit: string }>
    )[0]!
    const head = await Effect.runPromise(journal.head)
    const undoing = await Promise.all(
      [commit, "0".repeat(64)].map(async (id) => said(await as("mia")("POST", "/undo", { commits: [id] }), id))
    )
    expect(new Set(undoing).size).toBe(1)
    expect(await Effect.runPromise(journal.head)).toBe(head)
  })

  it("[HE-5] is in no list, no count and nobody's way", async () => {
    const { as } = await hidden()
    const mia = as("mia")
    const ids = async (query: string) => {
      const { body } = await mia("GET", `/entities/task${query}`)
      return [(body["items"] as ReadonlyArray<{ readonly id: string }>).map(({ id }) => id), body["next"]]
    }
    expect(await ids("")).toEqual([["both", "seen"], null])
    expect(await ids("?limit=2")).toEqual([["both", "seen"], null])
    expect(await ids("?orderBy=title&limit=2")).toEqual([["both", "seen"], null])
    expect(await ids("?at=281474976710655")).toEqual([["both", "seen"], null])
    expect(await ids(`?where=${inQuery({ title: "secret" })}`)).toEqual([[], null])
    expect((await mia("GET", "/types")).body).toMatchObject({ items: [{ id: "task", records: 2, partitions: 1 }] })
    expect((await mia("GET", "/entities/task/both")).body).toMatchObject({ fields: { title: "ours" } })
    expect((await as("door")("GET", "/entities/task/both")).status).toBe(409)
    const mine = await mia("PUT", "/entities/task/hid1", one({ title: "mine" }, { header: north }))
    expect(mine).toMatchObject({ status: 200, body: { record: { fields: { title: "mine" } } } })
    const { body } = await as("door")("GET", `/entities/task/hid1?header=${inQuery(south)}`)
    expect(body).toMatchObject({ fields: { title: "secret" } })
    const batch = {
      items: [
        { id: "a", header: north, fields: {} },
        { id: "b", header: south, fields: {} }
      ]
    }
    expect(await mia("POST", "/entities/task/batch", batch)).toMatchObject({
      status: 403,
      body: { code: "WriteDenied" }
    })
    expect((await as("door")("GET", "/entities/task/a")).status).toBe(404)
  })

  it("[HE-5] takes as long to be refused as what is not there", async () => {
    const { as, copy } = await recordsWorld()
    const large = "x".repeat(50_000)
    await copy(...Array.from({ length: 200 }, (_, i) => ({ id: `hid${i}`, header: south, fields: { title: large } })))
    const mia = as("mia")
    const times: { readonly [kind: string]: Array<number> } = { hid: [], non: [] }
    for (let i = 0; i < 200; i++) {
      for (const kind of i % 2 === 0 ? ["hid", "non"] : ["non", "hid"]) {
        const began = performance.now()
        expect((await mia("GET", `/entities/task/${kind}${i}`)).status).toBe(404)
        times[kind]!.push(performance.now() - began)
      }
    }
    const [hid, non] = ["hid", "non"].map((kind) => times[kind]!.toSorted((a, b) => a - b)[100]!)
    expect(Math.abs(hid! - non!)).toBeLessThan(5)
  })
})

describe("what a member may", () => {
  it("[HE-5] is what its role and teams let it, with the rule that says no", async () => {
    const { as } = await hidden()
    const put = (who: string, header: object | undefined) =>
      as(who)("POST", "/entities/task", one({ title: "new" }, header === undefined ? {} : { header }))
    const outcomes: Array<unknown> = []
    for (const who of ["door", "owner", "adam", "mia", "rob"]) {
      for (const header of [undefined, north, south]) outcomes.push([who, (await put(who, header)).status])
    }
    const of = (who: string, ...statuses: ReadonlyArray<number>) => statuses.map((status) => [who, status])
    expect(outcomes).toEqual([
      ...of("door", 201, 201, 201),
      ...of("owner", 201, 201, 201),
      ...of("adam", 201, 201, 201),
      ...of("mia", 201, 201, 403),
      ...of("rob", 403, 403, 403)
    ])
    expect((await put("mia", south)).body).toMatchObject({
      code: "WriteDenied",
      detail: expect.stringContaining("team")
    })
    expect((await as("rob")("GET", "/entities/task/seen")).status).toBe(200)
    for (const [method, rest, body] of [
      ["PATCH", "", one({ title: "x" })],
      ["PUT", "", one({ title: "x" })],
      ["DELETE", "", undefined]
    ] as const) {
      const refused = await as("rob")(method, `/entities/task/seen${rest}`, body)
      expect([method, refused.status, refused.body["code"]]).toEqual([method, 403, "WriteDenied"])
    }
    expect((await as("mia")("PATCH", "/entities/task/seen", one({ title: "x" }))).status).toBe(200)
  })

  it("[HE-5] follows the policy at once, to single fields and acts", async () => {
    const { as, charter } = await hidden()

    const works = { id: "works", actions: ["read", "create", "update"], types: ["task"], to: { roles: ["member"] } }
    const salary = {
      id: "no-salary",
      effect: "forbid",
      actions: ["create", "update"],
      types: ["task"],
      fields: ["salary"]
    }
    await Effect.runPromise(charter.write([policyOf({ effect: "allow", ...works }, salary)]))
    const mia = as("mia")
    expect((await mia("GET", "/entities/task/hid1")).body).toMatchObject({ fields: { title: "secret" } })
    expect((await mia("PATCH", "/entities/task/hid1", one({ title: "known" }))).status).toBe(200)
    for (const [method, path, body] of [
      ["PATCH", "/hid1", one({ salary: 1 })],
      ["PUT", "/hid1", one({ salary: 1, title: "x" })],
      ["POST", "", one({ salary: 1 })],
      ["DELETE", "/hid1", undefined]
    ] as const) {
      const refused = await mia(method, `/entities/task${path}`, body)
      expect([method, refused.status, refused.body["code"]]).toEqual([method, 403, "WriteDenied"])
    }
    expect((await mia("PATCH", "/entities/task/hid1", one({ salary: 1 }))).body["detail"]).toContain("no-salary")
    expect((await as("rob")("GET", "/entities/task/seen")).status).toBe(404)
    expect((await as("adam")("GET", "/entities/task/seen")).status).toBe(404)
    expect((await as("owner")("DELETE", "/entities/task/seen")).status).toBe(200)
    await Effect.runPromise(charter.write([{ _tag: "RemoveMember", member: "mia" }]))
    expect(await mia("GET", "/entities/task/hid1")).toMatchObject({ status: 403, body: { code: "AccountUnlinked" } })
  })

  it("[HE-5] is nothing for an account that acts as no member, and everything where there is no team", async () => {
    const { as } = await hidden()
    for (const who of ["nobody", "gone"]) {
      for (const [method, path, body] of [
        ["GET", "/types", undefined],
        ["GET", "/types/task", undefined],
        ["GET", "/entities/task", undefined],
        ["GET", "/entities/task/seen", undefined],
        ["GET", "/entities/task/none", undefined],
        ["GET", "/entities/task/seen/history", undefined],
        ["POST", "/entities/task", one({})],
        ["POST", "/entities/task/batch", { items: [{ fields: {} }] }],
        ["PUT", "/entities/task/seen", one({})],
        ["PATCH", "/entities/task/seen", one({})],
        ["DELETE", "/entities/task/seen", undefined],
        ["POST", "/entities/task/seen/restore", { at: "1" }],
        ["POST", "/undo", { group: "0".repeat(16) }],
        ["GET", "/quarantine", undefined],
        ["GET", `/quarantine/${"0".repeat(64)}`, undefined],
        ["POST", "/quarantine/release", { reason: "Denied" }],
        ["POST", "/quarantine/discard", { ids: ["0".repeat(64)] }],
        ["GET", "/receipts", undefined],
        ["GET", `/receipts/${"0".repeat(64)}`, undefined]
      ] as const) {
        const answer = await as(who)(method, path, body)
        expect([who, path, answer.status, answer.body["code"]]).toEqual([who, path, 403, "AccountUnlinked"])
      }
    }
    const personal = await recordsWorld({ isTeam: false })
    const nobody = personal.as("nobody")
    expect((await nobody("PUT", "/entities/task/1", one({}, { header: south }))).status).toBe(200)
    expect((await nobody("GET", "/entities/task/1")).status).toBe(200)
    expect((await personal.as("viewer")("PUT", "/entities/task/1", one({}))).status).toBe(403)
  })

  it("[HE-10] each write stands in the audit with who did it, and so does who was kept from one", async () => {
    const { as, audited } = await hidden()
    const mia = as("mia")
    const { body } = await mia("PUT", "/entities/task/seen", one({ title: "by mia" }))
    const [commit] = body["commits"] as [string]
    await as("rob")("DELETE", "/entities/task/seen")
    await mia("DELETE", "/entities/task/hid1")
    expect(audited.slice(-2)).toMatchObject([
      {
        action: "manage",
        decision: { allowed: true, rule: "hub/entities.put" },
        behalf: "the owner (mia)",
        detail: expect.stringContaining(`put task "seen", commit ${commit}`)
      },
      { decision: { allowed: false, rule: "hub/entities.remove" }, behalf: "the owner (rob)" }
    ])
  })
})

it("[HE-11] of conflicts a person gets those of records that its member may read, and no page tells of others", async () => {
  const noted = conflictsOf("hid", "seen", "hid", "hid", "gone", "seen")
  const { as, copy } = await recordsWorld({ conflicts: noted })
  await copy({ id: "hid", header: south, fields: { title: "secret" } })
  await copy({ id: "seen", header: north, fields: { title: "ours" } })
  const idsOf = async (who: string, query: string) => {
    const { body } = await as(who)("GET", `/conflicts?${query}`)
    const { items, ...more } = body as unknown as { readonly items: ReadonlyArray<{ readonly id: string }> }
    return { ...more, ids: items.map(({ id }) => id) }
  }
  expect(await idsOf("owner", "limit=4")).toEqual({ ids: ["hid", "seen", "hid", "hid"], next: "3", missed: 7 })
  expect(await idsOf("mia", "limit=1")).toEqual({ ids: ["seen"], next: "5", missed: 0 })
  expect(await idsOf("mia", "limit=1&after=5")).toEqual({ ids: ["seen"], next: null, missed: 0 })
  for (const id of ["hid", "gone", "none"]) {
    expect(await idsOf("mia", `type=task&id=${id}&limit=1`)).toEqual({ ids: [], next: null, missed: 0 })
  }
  expect((await as("nobody")("GET", "/conflicts")).body).toMatchObject({ code: "AccountUnlinked" })
  expect((await as("mia")("GET", "/conflicts?after=x")).body).toMatchObject({ code: "PlaceUnfit" })
})

it("[HE-11] of several records with one id each person hears of the conflicts of those that its member may read", async () => {
  const [one] = conflictsOf("twin")
  const times = { winnerAt: "0000000000020000", loserAt: "0000000000010000" }
  const conflicts = [
    { ...one!, number: 3, header: south, ...times },
    { ...one!, number: 2, header: north, ...times },
    { ...one!, number: 1 }
  ]
  const { as, copy } = await recordsWorld({ conflicts })
  await copy({ id: "twin", header: south, fields: { title: "secret" } })
  await copy({ id: "twin", header: north, fields: { title: "ours" } })
  const told = async (who: string) => (await as(who)("GET", "/conflicts")).body["items"]
  const { number: _number, ...northern } = conflicts[1]!
  expect(await told("mia")).toEqual([northern])
  expect(await told("owner")).toHaveLength(3)
})
