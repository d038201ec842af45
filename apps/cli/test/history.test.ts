// The past at a terminal: histories, questions as of a time, restoring and undoing.
import { join } from "node:path"
import { HybridTime } from "@syncline/core"
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as PointInTime from "../src/PointInTime.ts"
import { citySchema, run, runAlone, startHub, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
const device = join(folder.path, "device")
const on = (...args: ReadonlyArray<string>) => run([...args, "--data", device])

interface Entry {
  readonly time: string
  readonly at: string
  readonly peer: string
  readonly commit: string
  readonly kind: string
  readonly changes: ReadonlyArray<Record<string, unknown>>
}

const rows = <A = Record<string, unknown>>(out: string): ReadonlyArray<A> =>
  out
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as A)

const historyOf = async (type: string, id = "1", data = device): Promise<ReadonlyArray<Entry>> =>
  rows<Entry>((await run(["history", type, id, "--json", "--data", data])).out)

const errorOf = (err: string): unknown => (JSON.parse(err) as { readonly error: { readonly code: string } }).error.code

const valueOf = async (type: string, id = "1", data = device): Promise<unknown> =>
  JSON.parse((await run(["get", type, id, "--data", data])).out)

/** Types of one task each, so that each has commits of its own: made, changed in one field, then in another. */
const kinds = ["bought", "put back", "kept", "taken back", "done"]
const versions = [{ title: "Milk", done: false }, { title: "Oat milk" }, { title: "Oat milk", done: true }]

const begunMs = Date.now()

beforeAll(async () => {
  await run(["init", "--data", device])
  for (const version of versions) {
    const input = JSON.stringify(kinds.map((kind) => ({ $type: kind, id: "1", ...version })))
    expect((await run(["import", "-", "--data", device], { input })).code).toBe(0)
  }
})
afterAll(() => folder.remove())

describe("a history", () => {
  it("[CL-60] says when, who, in which commit, what became and what was", async () => {
    const [last, middle, first] = await historyOf("bought")
    const peer = (await on("id")).out.trim()
    expect(first).toMatchObject({
      kind: "created",
      peer,
      changes: [{ field: "title", value: "Milk" }, { value: false }]
    })
    expect(middle!.changes).toEqual([
      { kind: "lww", field: "title", value: "Oat milk", previous: "Milk", isConflict: false }
    ])
    expect(last).toMatchObject({ changes: [{ field: "done", value: true, previous: false }] })
    expect(new Set([first, middle, last].map((entry) => entry!.commit)).size).toBe(3)
    expect(Date.parse(first!.time)).toBeGreaterThanOrEqual(begunMs)
    expect(Date.parse(last!.time)).toBeLessThanOrEqual(Date.now())
    expect((await on("history", "bought", "1", "--limit", "2")).out).toBe(
      `${last!.time}  changed by ${peer} (this device)\n  commit ${last!.commit}\n  done = true, was false\n` +
        `${middle!.time}  changed by ${peer} (this device)\n  commit ${middle!.commit}\n  title = "Oat milk", was "Milk"\n`
    )
    await on("delete", "bought", "1")
    expect((await historyOf("bought")).map(({ kind }) => kind)).toEqual(["deleted", "changed", "changed", "created"])
    const unknown = await on("history", "bought", "nobody", "--json")
    expect([unknown.code, unknown.out, errorOf(unknown.err)]).toEqual([1, "", "EntityNotFound"])
  })
})

describe("a time", () => {
  const spans: ReadonlyArray<readonly [text: string, last: string]> = [
    ["2026-11-21", "2026-11-21T23:59:59.999Z"],
    ["2026-11-21T14:30", "2026-11-21T14:30:59.999Z"],
    ["2026-11-21 14:30:05", "2026-11-21T14:30:05.999Z"],
    ["2026-11-21T14:30:05Z", "2026-11-21T14:30:05.999Z"],
    ["2026-11-21T14:30:05.007Z", "2026-11-21T14:30:05.007Z"],
    ["2026-11-21T14:30:05.0071234z", "2026-11-21T14:30:05.007Z"],
    ["2026-11-21T14:30:05+02:00", "2026-11-21T12:30:05.999Z"],
    ["2026-11-21T23:30:05-0130", "2026-11-22T01:00:05.999Z"],
    ["2024-02-29", "2024-02-29T23:59:59.999Z"],
    ["1970-01-01", "1970-01-01T23:59:59.999Z"]
  ]
  for (const [text, last] of spans) {
    it(`[CL-62] ${text} means everything until ${last}`, () => {
      const stamp = Effect.runSync(PointInTime.parse(text))
      expect(stamp).toBe(HybridTime.make(Date.parse(last), 0xffff))
      expect(PointInTime.print(stamp)).toBe(last)
    })
  }

  it("[CL-62] a stamp is exact", () => {
    expect(Effect.runSync(PointInTime.parse("01A1FE9FF9A40003"))).toBe("01a1fe9ff9a40003")
    expect(PointInTime.print("01a1fe9ff9a40003" as HybridTime.HybridTime)).toBe("2026-11-21T15:00:59.428Z")
  })

  const wrong = [
    "yesterday",
    "",
    "2026-02-30",
    "2023-02-29",
    "2026-13-01",
    "2026-11-21T24:00",
    "2026-11-21T14:60",
    "2026-11-21T14:30+25:00",
    "2026-11-21Z",
    "1969-12-31",
    "0026-11-21",
    "01a1fe9ff9a4000"
  ]
  for (const text of wrong) {
    it(`[CL-62] ${JSON.stringify(text)} is none`, () => {
      expect(Effect.runSync(Effect.flip(PointInTime.parse(text)))).toMatchObject({
        reason: { _tag: "TimeInvalid", text }
      })
    })
  }

  it("[CL-62] that is none ends with 2 and says how to write one", async () => {
    for (const command of ["query task", "get task a", "restore task a"]) {
      const told = await on(...command.split(" "), "--at", "2026-02-30", "--json")
      expect(told).toMatchObject({ code: 2, out: "" })
      expect(errorOf(told.err)).toBe("TimeInvalid")
      expect(told.err).toContain("2026-11-21T14:30:05Z")
    }
  })
})

describe("a question about the past", () => {
  it("[CL-61] is answered as of a time, with all other flags", async () => {
    const input = ["x", "y", "z"]
      .map((id) => JSON.stringify({ id, name: `Old ${id}`, size: id === "y" ? 2 : 1 }))
      .join("\n")
    expect((await run(["import", "-", "--type", "shop", "--data", device], { input })).code).toBe(0)
    const at = rows<Entry>((await on("history", "shop", "z", "--json")).out)[0]!.time
    await on("put", "shop", '{"name":"New x","size":3}', "--id", "x")
    await on("delete", "shop", "y")
    await on("put", "shop", '{"name":"New w","size":1}', "--id", "w")
    const names = async (...flags: ReadonlyArray<string>) =>
      rows((await on("query", "shop", ...flags)).out).map((row) => row["name"])
    expect(new Set(await names("--at", at))).toEqual(new Set(["Old x", "Old y", "Old z"]))
    expect(await names("--at", at, "--where", "size=1")).toEqual(["Old x", "Old z"])
    expect(await names("--at", at, "--order-by", "name:desc")).toEqual(["Old z", "Old y", "Old x"])
    expect(await names("--at", at, "--limit", "1", "--offset", "1")).toEqual(["Old y"])
    expect(await names("--at", "1999-12-31")).toEqual([])
    expect(new Set(await names("--at", "2999-12-31"))).toEqual(new Set(["New w", "New x", "Old z"]))
    expect((await on("query", "shop", "--at", at, "--count")).out).toBe("3\n")
    expect((await on("query", "shop", "--at", at, "--count", "--where", "size=1", "--json")).out).toBe(
      '{"type":"shop","count":2}\n'
    )
    expect((await on("query", "shop", "--at", "1999-12-31", "--count")).err).toBe("As of 1999-12-31T23:59:59.999Z.\n")
    expect(JSON.parse((await on("get", "shop", "y", "--at", at)).out)).toEqual({ id: "y", name: "Old y", size: 2 })
    expect((await on("get", "shop", "y", "--at", "2999-12-31")).err).toContain("it was deleted then")
    expect((await on("get", "shop", "y", "--at", "1999-12-31")).err).toContain(`it was made at ${at}`)
  })
})

describe("restoring", () => {
  it("[CL-63] makes a record look as it did, and prints what it wrote", async () => {
    const [, changed, first] = await historyOf("put back")
    await on("delete", "put back", "1")
    const told = await on("restore", "put back", "1", "--at", first!.at)
    expect(told.code).toBe(0)
    const written = (await historyOf("put back"))[0]!
    expect(told.out).toBe(
      `put back 1 looks as it did at ${first!.time}:\n  revived\n  title = "Milk", was "Oat milk"\n  done = false, was true\n` +
        `Wrote 1 commit: ${written.commit}\n`
    )
    expect(await valueOf("put back")).toEqual({ id: "1", title: "Milk", done: false })
    const again = await on("restore", "put back", "1", "--at", first!.at)
    expect(again).toMatchObject({ code: 0, out: `Nothing changed: put back 1 looks as it did at ${first!.time}.\n` })
    const json = JSON.parse((await on("restore", "put back", "1", "--at", changed!.at, "--json")).out)
    expect(json).toMatchObject({
      restored: { type: "put back", id: "1" },
      time: changed!.time,
      commits: [(await historyOf("put back"))[0]!.commit],
      written: [{ kind: "changed", changes: [{ field: "title", value: "Oat milk", previous: "Milk" }] }]
    })
    expect(await historyOf("put back")).toHaveLength(7)
  })

  it("[CL-63] says why it cannot, and writes nothing", async () => {
    const made = (await historyOf("kept")).at(-1)!
    const early = await on("restore", "kept", "1", "--at", "1999-12-31", "--json")
    expect([early.code, early.out, errorOf(early.err)]).toEqual([1, "", "RecordMissingThen"])
    expect(early.err).toContain(`it was made at ${made.time}`)
    const unknown = await on("restore", "task", "nobody", "--at", "2999-12-31", "--json")
    expect([unknown.code, unknown.out, errorOf(unknown.err)]).toEqual([1, "", "EntityNotFound"])
    expect(await historyOf("kept")).toHaveLength(3)
  })
})

describe("undoing", () => {
  it("[CL-64] takes back what a commit did, and the undo of the undo brings it back", async () => {
    const [, changed] = await historyOf("taken back")
    const told = await on("undo", changed!.commit)
    const [undo] = await historyOf("taken back")
    expect(told).toMatchObject({ code: 0, err: "" })
    expect(told.out).toBe(
      `Undid commit ${changed!.commit}:\ntaken back 1\n  title = "Milk", was "Oat milk"\nWrote 1 commit: ${undo!.commit}\n`
    )
    expect(await valueOf("taken back")).toEqual({ id: "1", title: "Milk", done: true })
    const again = await on("undo", changed!.commit, "--json")
    expect([again.code, again.out, errorOf(again.err)]).toEqual([1, "", "UndoneAlready"])
    expect(again.err).toContain("history 'taken back' 1")
    const redo = await runAlone(["undo", undo!.commit.toUpperCase(), "--json", "--data", device])
    expect(JSON.parse(redo.out)).toEqual({
      undone: undo!.commit,
      commits: [expect.stringMatching(/^[0-9a-f]{64}$/)],
      entities: [
        {
          type: "taken back",
          id: "1",
          becomes: null,
          fields: ["title"],
          skipped: [],
          written: [
            expect.objectContaining({ changes: [expect.objectContaining({ value: "Oat milk", previous: "Milk" })] })
          ]
        }
      ]
    })
    expect(await valueOf("taken back")).toEqual({ id: "1", title: "Oat milk", done: true })
    expect(await historyOf("taken back")).toHaveLength(5)
  })

  it("[CL-64] leaves alone what is not in force, and says so", async () => {
    await on("put", "task", '{"title":"A","note":"B"}', "--id", "v")
    await on("put", "task", '{"title":"C","note":"D"}', "--id", "v")
    const [both] = await historyOf("task", "v")
    await on("put", "task", '{"title":"E"}', "--id", "v")
    const half = await on("undo", both!.commit)
    expect(half.code).toBe(0)
    expect(half.out).toContain('task v\n  note = "B", was "D"\nLeft alone: title of task v was overwritten since\n')
    const [, changed, first] = await historyOf("done")
    await on("put", "done", '{"title":"Soy milk"}', "--id", "1")
    for (const { commit } of [changed!, first!]) {
      const none = await on("undo", commit, "--json")
      expect([none.code, none.out, errorOf(none.err)]).toEqual([1, "", "NothingInForce"])
    }
    expect((await on("undo", first!.commit)).err).toContain("nothing was written: done 1 was changed since.")
    expect(await historyOf("done")).toHaveLength(4)
    const nowhere = await on("undo", "ab".repeat(32), "--json")
    expect([nowhere.code, nowhere.out, errorOf(nowhere.err)]).toEqual([1, "", "CommitMissing"])
  })

  it("[CL-64] undoes a commit that comes to nothing, so that what was before can be undone", async () => {
    await on("put", "back", '{"title":"Milk"}', "--id", "1")
    const input = ["Oat milk", "Milk"].map((title) => JSON.stringify({ id: "1", title })).join("\n")
    expect((await run(["import", "-", "--type", "back", "--data", device], { input })).code).toBe(0)
    const [there, , made] = await historyOf("back")
    expect((await on("undo", made!.commit)).err).toContain("back 1 was changed since")
    const told = await on("undo", there!.commit)
    const [mark] = await historyOf("back")
    expect(mark).toMatchObject({ kind: "changed", changes: [] })
    expect(told).toMatchObject({
      code: 0,
      out: `Undid commit ${there!.commit}:\nLeft alone: back 1 looks the same without it\nWrote 1 commit: ${mark!.commit}\n`
    })
    expect((await on("undo", made!.commit)).code).toBe(0)
    expect((await on("get", "back", "1")).code).toBe(1)
  })

  it("[CL-60] [CL-64] takes back a whole transaction, as a history names it", async () => {
    const input = ["x", "y"].map((id) => JSON.stringify({ id, title: "Milk" })).join("\n")
    expect((await run(["import", "-", "--type", "both", "--data", device], { input })).code).toBe(0)
    const [, group] = /, transaction ([0-9a-f]{16})\n/.exec((await on("history", "both", "x")).out)!
    const told = await on("undo", group!)
    expect(told.code).toBe(0)
    expect(told.out).toContain(`Undid transaction ${group}:\nboth x\n`)
    for (const id of ["x", "y"]) expect((await on("get", "both", id)).code).toBe(1)
    const again = await on("undo", group!)
    expect([again.code, again.err]).toEqual([1, expect.stringContaining(`transaction ${group} is undone already`)])
    expect((await on("undo", "00".repeat(8))).err).toContain(`no transaction ${"00".repeat(8)} here`)
  })

  it("[CL-65] keeps to the schema, and so does restoring", async () => {
    await on("put", "city", '{"name":"Ulm","population":-2}', "--id", "1")
    await on("put", "city", '{"population":5}', "--id", "1")
    const [mended, first] = rows<Entry>((await on("history", "city", "1", "--json")).out)
    const undo = ["undo", mended!.commit]
    for (const command of [undo, ["restore", "city", "1", "--at", first!.at]]) {
      const refused = await on(...command, "--schema", citySchema, "--json")
      expect([refused.code, refused.out, errorOf(refused.err)]).toEqual([1, "", "EntityInvalid"])
    }
    expect(await on(...undo)).toMatchObject({ code: 0, err: "" })
    expect(JSON.parse((await on("get", "city", "1")).out)).toMatchObject({ population: -2 })
  })
})

describe("two devices", () => {
  it("[CL-60] [CL-64] show what a writer had not seen, and undo each other's commits", async () => {
    const hubFolder = join(folder.path, "hub")
    const hub = await startHub(hubFolder)
    const [a, b] = [join(folder.path, "a"), join(folder.path, "b")]
    const synced = async (...devices: ReadonlyArray<string>) => {
      for (const data of devices) expect(await run(["sync", "--data", data])).toMatchObject({ code: 0 })
    }
    try {
      for (const data of [a, b]) {
        await run(["init", "--data", data, "--hub", hub.address])
        const peer = (await run(["id", "--data", data])).out.trim()
        await run(["trust", peer, "--data", hubFolder])
      }
      await run(["put", "task", '{"title":"Milk"}', "--id", "t", "--data", a])
      await synced(a, b)
      await run(["put", "task", '{"title":"Oat milk"}', "--id", "t", "--data", a])
      await run(["put", "task", '{"title":"Soy milk"}', "--id", "t", "--data", b])
      await synced(a, b, a)
      const told = await run(["history", "task", "t", "--limit", "1", "--data", a])
      expect(told.out).toContain('title = "Soy milk", was "Oat milk", which its author had not seen\n')
      expect(told.out).not.toContain("(this device)")
      const [soy] = await historyOf("task", "t", a)
      const undone = await run(["undo", soy!.commit, "--data", a])
      expect(undone.out).toContain('task t\n  title = "Oat milk", was "Soy milk"\n')
      await synced(a, b)
      expect(await valueOf("task", "t", b)).toEqual({ id: "t", title: "Oat milk" })
      expect(await historyOf("task", "t", b)).toHaveLength(4)
      expect((await run(["history", "task", "t", "--data", hubFolder])).code).toBe(0)
    } finally {
      await hub.stop()
    }
  })
})
