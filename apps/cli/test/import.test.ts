// Importing: what is accepted, what is refused and where, and that nothing is half-done.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { citySchema, type Outcome, run, start, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
let devices = 0

const file = (name: string, text: string | Buffer): string => {
  const path = join(folder.path, name)
  writeFileSync(path, text)
  return path
}

const newDevice = async (...args: ReadonlyArray<string>): Promise<string> => {
  const device = join(folder.path, `device-${devices++}`)
  expect((await run(["init", "--data", device, ...args])).code).toBe(0)
  return device
}

const importInto = (device: string, ...args: ReadonlyArray<string>): Promise<Outcome> =>
  run(["import", "--type", "city", "--data", device, ...args])

const count = async (device: string): Promise<number> =>
  Number((await run(["query", "city", "--count", "--data", device])).out.replaceAll(",", ""))

const cities = (number: number) =>
  Array.from({ length: number }, (_, index) => ({ cityId: index + 1, name: `City ${index + 1}`, population: index }))
const lines = (values: ReadonlyArray<unknown>): string => values.map((each) => `${JSON.stringify(each)}\n`).join("")

// One device for everything that imports nothing.
let empty = ""
beforeAll(async () => {
  empty = await newDevice("--schema", citySchema)
})
afterAll(async () => {
  expect(await count(empty)).toBe(0)
  folder.remove()
})

describe("a good source", () => {
  it("[CL-20] [CL-24] [CL-25] is imported from array, NDJSON and standard input, once", async () => {
    const device = await newDevice()
    const values = cities(5_000)
    const first = await importInto(device, file("a.json", JSON.stringify(values)), "--id-field", "cityId", "--json")
    expect(first).toMatchObject({ code: 0, err: "" })
    expect(JSON.parse(first.out)).toMatchObject({
      imported: 5000,
      changed: 5000,
      skipped: 0,
      reasons: [],
      withoutId: 0
    })
    const again = await importInto(device, file("a.ndjson", lines(values)), "--id-field", "cityId")
    expect(again.out).toMatch(/^Nothing was written: all 5,000 city records are here already/)
    const input = lines([...values.slice(0, 4), { cityId: 5, name: "Renamed", population: 4 }])
    const piped = await run(["import", "-", "--type", "city", "--id-field", "cityId", "--data", device], { input })
    expect(piped.out).toMatch(/^Imported 5 city records: 1 new or changed/)
    expect(await count(device)).toBe(5000)
    const got = await run(["get", "city", "5", "--data", device, "--json"])
    expect(JSON.parse(got.out)).toEqual({ id: "5", cityId: 5, name: "Renamed", population: 4 })
  })

  it("[CL-24] gives records without id a new one, and says so", async () => {
    const device = await newDevice()
    const told = await importInto(device, file("free.ndjson", lines([{ name: "Ulm" }, { id: "a", name: "Bonn" }])))
    expect(told.err).toContain("1 record had no id and got a new one")
    const ordered = await run(["query", "city", "--order-by", "name:desc", "--data", device])
    const ids = ordered.out
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { readonly id: string }).id)
    expect(ids).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), "a"])
  })

  it("[CL-23] keeps fields that the schema does not know", async () => {
    const device = await newDevice("--schema", citySchema)
    const told = await importInto(
      device,
      file("more.json", '[{"id":1,"name":"Ulm","population":1,"twin":{"of":["Neu-Ulm"]}}]')
    )
    expect(told.code).toBe(0)
    const got = await run(["get", "city", "1", "--data", device, "--json"])
    expect(JSON.parse(got.out)).toEqual({ id: "1", name: "Ulm", population: 1, twin: { of: ["Neu-Ulm"] } })
  })

  it("[CL-20] may hold nothing", async () => {
    for (const text of ["", "[]\n"]) {
      expect((await importInto(empty, file("nothing.json", text))).out).toBe("There was nothing to import.\n")
    }
  })
})

describe("a bad source", () => {
  const good = '{"id":1,"name":"Ä","population":1}'
  const bad: ReadonlyArray<readonly [what: string, text: string, code: string, place: string]> = [
    ["array", `[\n  ${good},\n  {"id":2,"name":"ü" "population":2}\n]`, "InputMalformed", "line 3, column 22"],
    ["array on one line", `[${good},{"id":2,"name":tru}]`, "InputMalformed", "line 1, column 52"],
    ["cut array", `[${good},\n{"id":2`, "InputMalformed", "line 2, column 8"],
    ["NDJSON", `${good}\n\n{"id":2,}\n${good}\n`, "InputMalformed", "line 3, column 9"],
    ["list among records", `[${good},[1]]`, "RecordInvalid", "line 1"],
    [
      "value against the schema",
      `${good}\n{"id":7,"name":"X","population":-5}`,
      "RecordInvalid",
      'city "7": field population'
    ],
    ["missing field", '{"id":7,"population":5}', "RecordInvalid", 'city "7": field name: is required'],
    ["reserved field", '{"id":7,"name":"X","population":5,"$x":1}', "RecordInvalid", "field $x"],
    ["rounded number", '{"id":12345678901234567890}', "InputMalformed", "write it as a text"],
    ["wrong id", '{"id":true}', "RecordInvalid", "must be a text or a number"],
    ["record too large", `{"id":1,"name":"${"x".repeat(70_000)}","population":1}`, "RecordInvalid", "more than 64512"]
  ]
  for (const [what, text, code, place] of bad) {
    it(`[CL-21] [CL-23] [CL-26] imports nothing of a ${what} and names the place`, async () => {
      const path = file(`${what}.json`, text)
      const told = await importInto(empty, path, "--json")
      expect(told).toMatchObject({ code: 1, out: "" })
      const { error } = JSON.parse(told.err) as { readonly error: { readonly code: string; readonly message: string } }
      expect(error.code).toBe(code)
      expect(error.message).toContain(path)
      expect(error.message).toContain(place)
    })
  }

  it("[CL-24] [CL-26] wants the field that --id-field names, and loses no field id", async () => {
    const missing = await importInto(empty, file("b.json", `[${good}]`), "--id-field", "cityId")
    expect(missing.err).toContain("no field cityId to take its id from")
    const lost = await importInto(
      empty,
      file("c.json", '[{"id":1,"cityId":2,"name":"X","population":1}]'),
      "--id-field",
      "cityId"
    )
    expect(lost.err).toContain("the field id would be lost")
  })

  it("[CL-22] is imported as far as it is good with --skip-bad", async () => {
    const device = await newDevice("--schema", citySchema)
    const text = `${lines(cities(3_000))}{"cityId":,}\n{"cityId":9001}\n[]\n{"cityId":9002,"name":"Last","population":0}\n`
    const path = file("mixed.ndjson", text)
    const told = await importInto(device, path, "--id-field", "cityId", "--skip-bad", "--json")
    expect(told).toMatchObject({ code: 0, err: "" })
    const result = JSON.parse(told.out)
    expect(result).toMatchObject({ imported: 3001, changed: 3001, skipped: 3 })
    expect(result.reasons[0]).toMatch(/^line 3001, column 11: /)
    const again = await importInto(device, path, "--id-field", "cityId", "--skip-bad")
    expect(again.out).toContain("Nothing was written")
    expect(again.err).toContain("Skipped 3 bad records:\n  line 3001, column 11")
    expect(await count(device)).toBe(3001)
  })

  it("[CL-4] that is not there is told", async () => {
    const told = await importInto(empty, join(folder.path, "none.json"))
    expect(told).toMatchObject({ code: 1, out: "" })
    expect(told.err).toContain("none.json cannot be read: there is no such file.")
    expect((await importInto(empty, folder.path)).err).toContain("it is a folder")
  })
})

describe("a long import", () => {
  it("[CL-28] [CL-29] shows plain lines, and ends with 130 and whole transactions when interrupted", async () => {
    const device = await newDevice()
    const path = file("many.ndjson", lines(cities(150_000)))
    const importing = start(["import", path, "--type", "city", "--id-field", "cityId", "--data", device])
    await importing.said("importing: ")
    importing.child.kill("SIGINT")
    const told = await importing.ended
    expect(told).toMatchObject({ code: 130, out: "" })
    expect(told.err).not.toContain("\r")
    const [, text] = /Stopped: ([\d,]+) of 150,000 records are stored/.exec(told.err)!
    const stored = Number(text!.replaceAll(",", ""))
    expect(stored % 2048).toBe(0)
    expect(await count(device)).toBe(stored)
    const again = await importInto(
      device,
      file("few.ndjson", lines(cities(stored + 5))),
      "--id-field",
      "cityId",
      "--json"
    )
    expect(JSON.parse(again.out)).toMatchObject({ imported: stored + 5, changed: 5 })
  })
})
