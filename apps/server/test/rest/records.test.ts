/** Records over REST as who has everything reads and writes them; what others may of it is `recordRights.test`'s. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { recordsWorld, inQuery } from "./recordsWorld.ts"

type World = Awaited<ReturnType<typeof recordsWorld>>
type Ask = ReturnType<World["as"]>

const one = (fields: object, more: object = {}) => ({ fields, ...more })
const idsOf = ({ body }: { readonly body: { readonly [key: string]: unknown } }) =>
  (body["items"] as ReadonlyArray<{ readonly id: string }>).map(({ id }) => id)

/** All pages of a list. */
const pages = async (door: Ask, path: string) => {
  const found: Array<ReadonlyArray<string>> = []
  for (let after: string | null | undefined; after !== null;) {
    const page = await door("GET", after === undefined ? path : `${path}&after=${encodeURIComponent(after)}`)
    expect(page.status).toBe(200)
    found.push(idsOf(page))
    after = page.body["next"] as string | null
  }
  return found
}

describe("records", () => {
  it("[HE-1] are made, put, changed, deleted and told", async () => {
    const { as } = await recordsWorld({ isTeam: false })
    const door = as("mia")
    const made = await door("POST", "/entities/task", one({ title: "a", done: false }, { header: { team: "north" } }))
    expect(made).toMatchObject({ status: 201, body: { record: { header: { team: "north" } } } })
    const path = `/entities/task/${made.body["id"] as string}`
    const told = { type: "task", id: made.body["id"], header: { team: "north" }, fields: { title: "a", done: false } }
    expect(await door("GET", path)).toMatchObject({ status: 200, body: told })
    const put = await door("PUT", path, one({ title: "b" }))
    expect(put.body).toMatchObject({ record: { fields: { title: "b", done: false }, header: { team: "north" } } })
    expect((await door("PUT", path, one({ title: "b" }))).body["commits"]).toEqual([])
    expect((await door("PATCH", path, one({ done: true }))).body).toMatchObject({
      record: { fields: { title: "b", done: true } }
    })
    expect((await door("DELETE", path)).body["commits"]).toHaveLength(1)
    for (const [method, body] of [
      ["GET", undefined],
      ["PATCH", one({ done: true })],
      ["DELETE", undefined]
    ] as const) {
      expect(await door(method, path, body)).toMatchObject({ status: 404, body: { code: "EntityNotFound" } })
    }
    expect((await door("PUT", path, one({ title: "c" }, { header: { team: "north" } }))).status).toBe(200)
    for (const id of ["a/b", "%", "...", "a?b#c", "é".repeat(64), "x".repeat(128)]) {
      const odd = `/entities/task/${encodeURIComponent(id)}`
      expect([id, (await door("PUT", odd, one({}))).body["id"]]).toEqual([id, id])
      expect([id, (await door("GET", odd)).body["id"]]).toEqual([id, id])
    }
  })

  it("[HE-1] many are written in one transaction, all or none", async () => {
    const { as, journal } = await recordsWorld({ isTeam: false })
    const door = as("mia")
    const items = Array.from({ length: 300 }, (_, i) => ({ id: `t${i}`, fields: { n: i } }))
    const written = await door("POST", "/entities/task/batch", { items, kinds: { n: "counter" } })
    expect(written).toMatchObject({ status: 200, body: { ids: items.map(({ id }) => id) } })
    const head = await Effect.runPromise(journal.head)
    for (const bad of [
      { items: [{ fields: { n: 1 } }, { fields: { n: "x" } }] },
      { items: [{ fields: { a: 1 } }, { header: { team: "north" }, fields: { a: 1 } }] },
      { items: [{ id: "t1", fields: { n: 1 } }], kinds: { n: "lww" } }
    ]) {
      const refused = await door("POST", "/entities/task/batch", bad)
      expect(refused).toMatchObject({ status: 422, body: { code: "EntityInvalid" } })
    }
    expect((await door("POST", "/entities/task/batch", { items: [] })).status).toBe(400)
    const mixed = [
      { id: "m1", fields: { v: 1 }, kinds: "lww" },
      { id: "m2", fields: { v: 1 }, kinds: "counter" }
    ]
    for (const { fields, id, kinds } of mixed) {
      await door("PUT", `/entities/mixed/${id}`, { fields, kinds: { v: kinds } })
    }
    const both = { items: mixed.map(({ fields, id }) => ({ id, fields })) }
    expect((await door("POST", "/entities/mixed/batch", both)).status).toBe(422)
    expect(await Effect.runPromise(journal.head)).toBe(head + 2)
  })

  it("[HE-1] lists come in pages that miss and repeat nothing, by ids, by a field and by conditions", async () => {
    const { as, copy } = await recordsWorld({ isTeam: false })
    const door = as("mia")
    for (const team of ["north", "south"]) {
      await copy(...["b", "d", "f"].map((id, n) => ({ id, header: { team }, fields: { n, on: n > 0 } })))
    }
    const all = ["b", "b", "d", "d", "f", "f"]
    for (const limit of [1, 2, 3, 4, 5, 6, 100]) {
      expect((await pages(door, `/entities/task?limit=${limit}`)).flat()).toEqual(all)
      expect((await pages(door, `/entities/task?limit=${limit}&orderBy=n&isDescending=true`)).flat()).toEqual(
        all.toReversed()
      )
    }
    const where = (condition: object) =>
      pages(door, `/entities/task?where=${encodeURIComponent(JSON.stringify(condition))}`)
    expect([await where({ team: "north", on: true }), await where({ n: 0 }), await where({ n: "0" })]).toEqual([
      [["d", "f"]],
      [["b", "b"]],
      [[]]
    ])
    const first = await door("GET", "/entities/task?limit=2")
    await door("DELETE", `/entities/task/b?header=${inQuery({ team: "north" })}`)
    await door("PUT", "/entities/task/a", one({ n: 9 }))
    const after = encodeURIComponent(String(first.body["next"]))
    expect(idsOf(await door("GET", `/entities/task?after=${after}`))).toEqual(["d", "d", "f", "f"])
    for (const place of ["x", "e30", Buffer.from(`{"told":-1}`).toString("base64url")]) {
      const answer = await door("GET", `/entities/task?after=${place}`)
      expect([place, answer.status, answer.body["code"]]).toEqual([place, 422, "PlaceUnfit"])
    }
    for (const bad of ["limit=0", "limit=1001", "where=[]", "where={", `where={"a":[]}`, "at=yesterday", "x=1"]) {
      expect([bad, (await door("GET", `/entities/task?${bad}`)).status]).toEqual([bad, 400])
    }
  })

  it("[HE-1] a page ends where it is large, and goes on behind", async () => {
    const { as } = await recordsWorld({ isTeam: false })
    const door = as("mia")
    const ids = Array.from({ length: 100 }, (_, i) => `t${String(i).padStart(3, "0")}`)
    for (let from = 0; from < ids.length; from += 4) {
      const items = ids.slice(from, from + 4).map((id) => ({ id, fields: { text: "x".repeat(60_000) } }))
      expect((await door("POST", "/entities/big/batch", { items })).status).toBe(200)
    }
    const found = await pages(door, "/entities/big?limit=1000")
    expect(found.map(({ length }) => length)).toEqual([69, 31])
    expect(found.flat()).toEqual(ids)
  })

  it("[HE-1] [HE-2] types are told with what their fields are", async () => {
    const { as } = await recordsWorld({ isTeam: false })
    const door = as("mia")
    await door("POST", "/entities/task", {
      header: { team: "a" },
      fields: { n: 1, t: ["x"] },
      kinds: { n: "counter", t: "orSet" }
    })
    await door("POST", "/entities/task", { header: { owner: "b" }, fields: { title: "x" } })
    await door("PUT", "/entities/gone/1", one({}))
    await door("DELETE", "/entities/gone/1")
    const task = { id: "task", records: 2, partitions: 2, header: ["owner", "team"] }
    expect((await door("GET", "/types")).body).toEqual({ items: [task], next: null })
    expect((await door("GET", "/types/task")).body).toEqual({
      ...task,
      fields: { n: "counter", t: "orSet", title: "lww" }
    })
    expect(await door("GET", "/types/gone")).toMatchObject({ status: 404, body: { code: "NoneOfRecords" } })
  })
})

describe("fields", () => {
  it("[HE-2] counters and sets are changed and put as what they are", async () => {
    const { as } = await recordsWorld({ isTeam: false })
    const door = as("mia")
    const path = "/entities/task/1"
    await door("PUT", path, { fields: { n: 5, tags: ["x"], title: "a" }, kinds: { n: "counter", tags: "orSet" } })
    const patch = async (fields: object, more: object = {}) => {
      const { body, status } = await door("PATCH", path, { fields, ...more })
      return status === 200 ? (body["record"] as { fields: object }).fields : [status, body["code"]]
    }
    expect(await patch({ n: { inc: -2 }, tags: { add: ["y"], remove: ["x"] } })).toMatchObject({ n: 3, tags: ["y"] })
    expect(await patch({ tags: { add: ["z"] }, more: { inc: 1 }, list: { add: [1] } })).toMatchObject({
      tags: ["y", "z"],
      more: 1,
      list: [1]
    })
    expect((await door("PUT", path, one({ n: 10, tags: ["q"] }))).body).toMatchObject({
      record: { fields: { n: 10, tags: ["q"] }, kinds: { n: "counter", tags: "orSet", more: "counter", list: "orSet" } }
    })
    for (const wrong of [
      { n: 3 },
      { n: { inc: 0.5 } },
      { n: { inc: 2 ** 31 + 1 } },
      { tags: ["a"] },
      { tags: { inc: 1 } },
      { title: { inc: 1 } },
      { title: { add: ["a"] } }
    ]) {
      expect([wrong, await patch(wrong)]).toEqual([wrong, [422, "EntityInvalid"]])
    }
    expect(await patch({ title: { inc: 1 } }, { kinds: { title: "lww" } })).toMatchObject({ title: { inc: 1 } })
    expect(await patch({ n: { inc: 1 } }, { kinds: { n: "lww" } })).toEqual([422, "EntityInvalid"])
    expect((await door("PUT", "/entities/task/2", one({ n: 4, tags: ["r"] }))).body).toMatchObject({
      record: { kinds: { n: "counter", tags: "orSet" } }
    })
    expect((await door("PUT", "/entities/task/3", one({ n: "four" }))).status).toBe(422)
    expect((await door("PATCH", "/entities/task/none", one({ title: { inc: 1 } }))).status).toBe(404)
  })

  it("[HE-3] of several with one id the header says which, and it does not change", async () => {
    const { as } = await recordsWorld({ isTeam: false })
    const door = as("mia")
    const put = (header: object | undefined, title: string) =>
      door("PUT", "/entities/task/1", one({ title }, header === undefined ? {} : { header }))
    await put({ team: "a" }, "of a")
    for (const header of [{}, { team: "b" }, { owner: "x" }]) {
      expect([header, (await put(header, "moved")).status]).toEqual([header, 422])
    }
    expect((await door("PATCH", "/entities/task/1", one({ team: "b" }))).status).toBe(422)
    expect((await door("PUT", "/entities/task/1", one({ team: "a" }))).status).toBe(422)
    await door("POST", "/entities/task/batch", { items: [{ id: "2", header: { team: "b" }, fields: {} }] })
  })

  it("[HE-3] of several with one id each is told, changed and deleted by its header", async () => {
    const { as, copy } = await recordsWorld({ isTeam: false })
    const door = as("mia")
    await copy(...["a", "b"].map((team) => ({ id: "1", header: { team }, fields: { title: team } })))
    const path = "/entities/task/1"
    for (const [method, body] of [
      ["GET", undefined],
      ["PUT", one({ title: "x" })],
      ["PATCH", one({ title: "x" })],
      ["DELETE", undefined]
    ] as const) {
      const answer = await door(method, path, body)
      expect([method, answer.status, answer.body["code"]]).toEqual([method, 409, "EntityAmbiguous"])
      expect(answer.body["detail"]).toMatch(/\{"team":"[ab]"\} or \{"team":"[ab]"\}/)
    }
    expect((await door("GET", `${path}/history`)).status).toBe(409)
    const [a, b] = [`${path}?header=${inQuery({ team: "a" })}`, `${path}?header=${inQuery({ team: "b" })}`]
    expect((await door("PATCH", path, one({ title: "new" }, { header: { team: "a" } }))).status).toBe(200)
    expect((await door("GET", a)).body).toMatchObject({ fields: { title: "new" } })
    expect((await door("GET", b)).body).toMatchObject({ fields: { title: "b" } })
    expect(idsOf(await door("GET", `${path}/history?header=${inQuery({ team: "a" })}`)).length).toBe(2)
    expect((await door("DELETE", a)).status).toBe(200)
    expect((await door("GET", path)).body).toMatchObject({ fields: { title: "b" } })
  })
})

describe("the past", () => {
  it("[HE-4] is told, restored and undone", async () => {
    const { as } = await recordsWorld({ isTeam: false })
    const door = as("mia")
    const path = "/entities/task/1"
    await door("PUT", path, one({ title: "one" }))
    await new Promise((resolve) => setTimeout(resolve, 3))
    const then = Date.now()
    await new Promise((resolve) => setTimeout(resolve, 3))
    await door("PUT", path, one({ title: "two" }))
    await door("PATCH", path, one({ title: "three" }))
    const history = await door("GET", `${path}/history?limit=2`)
    const changes = history.body["items"] as ReadonlyArray<{ readonly at: string; readonly commit: string }>
    expect(changes).toMatchObject([
      { kind: "changed", changes: [{ field: "title", value: "three", previous: "two" }] },
      { kind: "changed", changes: [{ field: "title", value: "two" }] }
    ])
    expect(Object.keys(changes[0]!)).not.toContain("lseq")
    const rest = await door("GET", `${path}/history?after=${String(history.body["next"])}`)
    expect(rest.body).toMatchObject({ items: [{ kind: "created" }], next: null })
    expect((await door("GET", `${path}/history?after=x`)).status).toBe(422)
    for (const at of [String(then), changes[1]!.at]) {
      expect((await door("GET", `${path}?at=${at}`)).status).toBe(200)
    }
    expect((await door("GET", `${path}?at=${then}`)).body).toMatchObject({ fields: { title: "one" } })
    expect((await door("GET", `/entities/task?at=${then}`)).body).toMatchObject({
      items: [{ fields: { title: "one" } }]
    })
    expect((await door("GET", `${path}?at=1`)).status).toBe(404)

    const undone = await door("POST", "/undo", { commits: [changes[0]!.commit] })
    expect(undone.body).toMatchObject({ entities: [{ id: "1", fields: ["title"], becomes: null }], entitiesCount: 1 })
    expect((await door("GET", path)).body).toMatchObject({ fields: { title: "two" } })
    await door("DELETE", path)
    expect((await door("GET", `${path}/history`)).body).toMatchObject({ items: [{ kind: "deleted" }, {}, {}, {}, {}] })
    const restored = await door("POST", `${path}/restore`, { at: String(then) })
    expect(restored.body).toMatchObject({ record: { fields: { title: "one" } } })
    expect(await door("POST", `${path}/restore`, { at: "1" })).toMatchObject({
      status: 404,
      body: { code: "EntityNotFoundAt" }
    })
    const { body } = await door("POST", "/entities/task/batch", {
      items: [
        { id: "x", fields: {} },
        { id: "y", fields: {} }
      ]
    })
    expect(body["commits"]).toHaveLength(1)
    const [made] = (await door("GET", "/entities/task/x/history")).body["items"] as [{ readonly group: string }]
    expect((await door("POST", "/undo", { group: made.group })).body).toMatchObject({ entitiesCount: 2 })
    expect((await door("GET", "/entities/task/x")).status).toBe(404)
    for (const target of [{ commits: ["0".repeat(64)] }, { group: "0".repeat(16) }]) {
      expect(await door("POST", "/undo", target)).toMatchObject({ status: 404, body: { code: "CommitNotFound" } })
    }
    for (const bad of [{}, { commits: [], group: "0".repeat(16) }, { commits: ["x"] }, { group: "x" }]) {
      expect((await door("POST", "/undo", bad)).status).toBe(400)
    }
  })
})
