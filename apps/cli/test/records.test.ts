// Single records, questions and exports.
import { closeSync, existsSync, lstatSync, openSync, readFileSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { citySchema, run, runAlone, start, taskSchema, teamSchema, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
const device = join(folder.path, "device")
const on = (...args: ReadonlyArray<string>) => run([...args, "--data", device])
const rows = (out: string): ReadonlyArray<Record<string, unknown>> =>
  out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>)

const people = [
  { id: "a", name: "Ada", age: 36, isIn: true, city: null },
  { id: "b", name: "Bea", age: 41, isIn: false, city: "Ulm" },
  { id: "c", name: "36", age: 36, isIn: true, city: "Ulm" }
]

beforeAll(async () => {
  await run(["init", "--data", device])
  const input = JSON.stringify(people)
  expect((await runAlone(["import", "-", "--type", "person", "--data", device], { input })).code).toBe(0)
})
afterAll(() => folder.remove())

describe("one record", () => {
  it("[CL-30] is put, got, changed in part and deleted", async () => {
    const made = await on("put", "task", '{"title":"Write","done":false}')
    expect(made.out).toMatch(/^[0-9a-f-]{36}\n$/)
    const id = made.out.trim()
    expect((await on("put", "task", '{"done":true}', "--id", id, "--json")).out).toBe(`{"type":"task","id":"${id}"}\n`)
    expect(JSON.parse((await on("get", "task", id)).out)).toEqual({ id, title: "Write", done: true })
    expect((await on("delete", "task", id)).out).toBe(`Deleted task ${id}.\n`)
    const gone = await on("get", "task", id, "--json")
    expect(gone).toMatchObject({ code: 1, out: "" })
    expect(JSON.parse(gone.err).error.code).toBe("EntityNotFound")
    expect((await on("delete", "task", id)).code).toBe(1)
  })

  it("[CL-30] [CL-23] is put from standard input, and checked against the schema", async () => {
    const args = ["put", "city", "-", "--schema", citySchema, "--data", device]
    const put = (input: string) => run(args, { input })
    expect(await runAlone(args, { input: '{"id":1,"name":"Ulm","population":1}' })).toMatchObject({
      code: 0,
      out: "1\n"
    })
    expect(await put('{"id":1,"population":2}')).toMatchObject({ code: 0 })
    expect(JSON.parse((await on("get", "city", "1")).out)).toEqual({ id: "1", name: "Ulm", population: 2 })
    const refused = await put('{"id":1,"population":-2}')
    expect(refused).toMatchObject({ code: 1, out: "" })
    expect(refused.err).toContain("city 1: field population")
  })
})

it("[CL-134] of records with one id the one is got and deleted whose header is named", async () => {
  const put = await run([
    "put",
    "task",
    '{"title":"Plan","team":"north"}',
    "--id",
    "p",
    "--schema",
    teamSchema,
    "--data",
    device
  ])
  expect(put).toMatchObject({ code: 0, err: "" })
  expect(JSON.parse((await on("get", "task", "p", "--header", "team=north")).out)).toMatchObject({ team: "north" })
  for (const command of ["get", "delete"]) {
    expect(await on(command, "task", "p", "--header", "team=south")).toMatchObject({ code: 1, out: "" })
    expect((await on(command, "task", "p", "--header", "north")).err).toContain("field=value")
  }
  expect((await on("delete", "task", "p", "--header", "team=north")).code).toBe(0)
  expect((await on("get", "task", "p")).code).toBe(1)
})

describe("a question", () => {
  const questions: ReadonlyArray<readonly [args: ReadonlyArray<string>, ids: string]> = [
    [["--where", "age=36"], "ac"],
    [["--where", 'name="36"'], "c"],
    [["--where", "name=36"], ""],
    [["--where", "isIn=true", "--where", "city=Ulm"], "c"],
    [["--where", "city=null"], "a"],
    [["--order-by", "age:desc"], "bac"],
    [["--order-by", "name", "--limit", "2"], "ca"],
    [["--limit", "2", "--offset", "1"], "bc"]
  ]
  for (const [args, ids] of questions) {
    it(`[CL-31] ${args.join(" ")} finds ${ids || "nothing"}`, async () => {
      const { code, out } = await on("query", "person", ...args)
      expect(code).toBe(0)
      expect(
        out === ""
          ? ""
          : rows(out)
              .map(({ id }) => id)
              .join("")
      ).toBe(ids)
    })
  }

  it("[CL-31] gives everything, and counts", async () => {
    expect(new Set(rows((await on("query", "person")).out))).toEqual(new Set(people))
    expect((await on("query", "person", "--count", "--where", "city=Ulm", "--json")).out).toBe(
      '{"type":"person","count":2}\n'
    )
    expect((await on("query", "nobody", "--count")).out).toBe("0\n")
  })

  it("[CL-31] asks for a field of any name", async () => {
    for (const past of [[], ["--at", "2099-01-01"]]) {
      const asked = await on("query", "person", "--where", "__proto__=1", ...past)
      expect([asked.code, asked.out]).toEqual([0, ""])
    }
  })
})

describe("a field that was emptied", () => {
  it("[CL-33] is not shown, and the record can be written and its export imported", async () => {
    const data = join(folder.path, "emptied")
    const at = (...args: ReadonlyArray<string>) => run([...args, "--data", data])
    await at("init", "--schema", taskSchema)
    await at("put", "task", '{"title":"Milk","parent":null}', "--id", "7")
    await at("put", "task", '{"due":5}', "--id", "7")
    const [{ commit }] = rows((await at("history", "task", "7", "--json")).out) as [{ commit: string }]
    expect((await at("undo", commit)).code).toBe(0)
    const shown = { id: "7", title: "Milk", parent: null }
    expect(JSON.parse((await at("get", "task", "7")).out)).toEqual(shown)
    expect(rows((await at("query", "task")).out)).toEqual([shown])
    const exported = await at("export")
    expect(rows(exported.out)).toEqual([{ $type: "task", ...shown }])
    expect((await at("put", "task", '{"title":"Oats"}', "--id", "7")).code).toBe(0)
    expect(JSON.parse((await at("get", "task", "7")).out)).toEqual({ ...shown, title: "Oats" })
    expect((await run(["import", "-", "--data", data], { input: exported.out })).code).toBe(0)
    // Who exports without the schema gives the null out.
    const bare = '{"id":"7","title":"Milk","due":null,"parent":null}'
    expect((await run(["import", "-", "--type", "task", "--data", data], { input: bare })).code).toBe(0)
    expect(JSON.parse((await at("get", "task", "7")).out)).toEqual(shown)
    const refused = await at("put", "task", '{"due":null}', "--id", "7")
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("task 7: field due")])
  })
})

describe("an export", () => {
  it("[CL-32] is taken back by import, to the same hash", async () => {
    const all = await on("export")
    expect(rows(all.out).filter((row) => row["$type"] === "person")).toHaveLength(3)
    const copy = join(folder.path, "copy")
    await run(["init", "--data", copy])
    expect((await run(["import", "-", "--data", copy], { input: all.out })).code).toBe(0)
    const [mine, theirs] = await Promise.all([on("hash", "--json"), run(["hash", "--data", copy, "--json"])])
    expect(mine.out).toBe(theirs.out)
    expect(JSON.parse(mine.out)).toEqual({
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      count: 4,
      space: expect.any(String)
    })
  })

  it("[CL-32] goes to a file that is complete or not there", async () => {
    const file = join(folder.path, "people.ndjson")
    expect((await on("export", "--type", "person", "--file", file)).out).toBe(`Wrote 3 records to ${file}.\n`)
    expect(new Set(rows(readFileSync(file, "utf8")))).toEqual(new Set(people))
    const nowhere = join(folder.path, "no", "such.ndjson")
    expect(await on("export", "--file", nowhere)).toMatchObject({ code: 1, out: "" })
    const link = join(folder.path, "link")
    symlinkSync(file, link)
    expect((await on("export", "--type", "nobody", "--file", link)).code).toBe(0)
    expect([readFileSync(file, "utf8"), lstatSync(link).isSymbolicLink()]).toEqual(["", true])
  })

  it("[CL-4] [CL-32] tells when the disk is full", async () => {
    // The device of the kernel that always answers like a full disk; other systems have none.
    if (!existsSync("/dev/full")) return
    const full = openSync("/dev/full", "w")
    const exporting = start(["export", "--data", device], { stdout: full })
    const { code, err } = await exporting.ended
    closeSync(full)
    expect({ code, err }).toEqual({ code: 1, err: "standard output cannot be written: the disk is full.\n" })
  })

  it("[CL-6] ends quietly when nobody reads", async () => {
    const exporting = start(["export", "--data", device])
    exporting.child.stdout!.destroy()
    expect(await exporting.ended).toMatchObject({ code: 0, err: "" })
  })
})
