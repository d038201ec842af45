/** What the records' thread does with Galileosky's bodies and records: how they are read, and how many are at hand. */
import { describe, expect, it } from "vitest"
import { PostedBody } from "../../src/gateway/galileosky/PostedBody.ts"
import { RecordBook } from "../../src/gateway/galileosky/RecordBook.ts"
import { type Made, record } from "./galileoskyClient.ts"

const posted = (body: object) => new PostedBody(Buffer.from(JSON.stringify(body)))

describe("the book of Galileosky's records", () => {
  it("[GG-8][GG-9] a body of nothing but brackets costs little", { timeout: 30_000 }, () => {
    const book = new RecordBook()
    const before = process.memoryUsage().heapUsed
    for (const each of ["[],", "{},", "["]) {
      const body = Buffer.concat([Buffer.from(`{"records":[`), Buffer.alloc(10_000_000, each), Buffer.from("[]]}")])
      expect(fails(() => book.receive(new PostedBody(body), { field: "records", needs: [] }))).toBe(true)
    }
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(30_000_000)
  })

  it("[GG-8] a body is read as JSON is, whatever stands between its parts", () => {
    const part = (text: string) => {
      const body = new PostedBody(Buffer.from(text))
      return [[...body.list("records")], [...body.entries("devices")], body.word("deviceId")]
    }
    const records = [{ a: "]},{", b: '\\"', c: [[], {}, [1, -2.5e3, null, true]] }, {}, { "ü\u2028": "🛰" }]
    const devices = { 'd"]': { x: "}" }, empty: {}, none: null, n: 7 }
    const value = { other: [{ records: [1] }], records, devices, deviceId: 'a\\"' }
    const expected = [records, Object.entries(devices), value.deviceId]
    for (const text of [JSON.stringify(value), ` \n${JSON.stringify(value, undefined, "\t \r\n")}`]) {
      expect(part(text)).toEqual(expected)
      // Of a name that is there twice the last one counts.
      expect(part(text.replace("{", `{"records":[7],"deviceId":1,`))).toEqual(expected)
    }
    expect(part("{}")).toEqual([[], [], undefined])
    expect(part(`{"records":null,"devices":[1],"deviceId":{}}`)).toEqual([[], [], undefined])
    const text = JSON.stringify({ records: [{ a: [1] }], deviceId: "x" })
    for (let end = 0; end < text.length; end++) expect(fails(() => part(text.slice(0, end)))).toBe(true)
    const wrong = ["[1,]", "[,1]", "[1 2]", "[1}", "[1]]"].map((list) => `{"records":${list}}`)
    for (const each of [...wrong, `{"records":[1],}`, `{"records" [1]}`, `{records:[1]}`, `{} x`]) {
      expect([each, () => part(each)]).toEqual([each, expect.toSatisfy(fails)])
    }
  })

  it("[GG-11] the oldest beyond what is at hand are left out, and what is older than all is not taken", () => {
    const book = new RecordBook({ records: 3, characters: 1_000_000 })
    const taken = (...records: ReadonlyArray<Made>) => {
      const { fresh } = book.receive(posted({ records }), { field: "records", needs: [] })
      book.keep(fresh)
      book.trim()
      return fresh.length
    }
    expect(taken(record(5), record(6), record(7))).toBe(3)
    expect(taken(record(8))).toBe(1)
    expect(taken(record(1))).toBe(0)
    expect([...book.texts(undefined)].map((text) => JSON.parse(text) as Made)).toEqual([
      record(6),
      record(7),
      record(8)
    ])
    expect(() => taken(...Array.from({ length: 4 }, (_, i) => record(i)))).toThrow("at most 3 records")
    const small = new RecordBook({ records: 100, characters: 1_000 })
    const { fresh } = small.receive(posted({ records: Array.from({ length: 20 }, (_, i) => record(i)) }), {
      field: "records",
      needs: []
    })
    small.keep(fresh)
    small.trim()
    expect(small.characters).toBeLessThanOrEqual(1_000)
    expect([...small.texts(undefined)].at(-1)).toContain(record(19)["timestamp"])
    const devices = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`d${i}`, i]))
    const news = small.receive(posted({ devices: { ...devices, large: "x".repeat(5_000) } }), {
      field: "records",
      needs: []
    }).devices
    expect(news).toHaveLength(4_096)
  })
})

const fails = (act: () => unknown): boolean => {
  try {
    act()
    return false
  } catch {
    return true
  }
}
