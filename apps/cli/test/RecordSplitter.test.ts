// The cutting and parsing of records without processes: every chunk boundary, and what is left of broken files.
import { describe, expect, it } from "vitest"
import * as RecordParser from "../src/importing/RecordParser.ts"
import { recordBytesMax, RecordSplitter } from "../src/importing/RecordSplitter.ts"

interface Found {
  readonly values: ReadonlyArray<unknown>
  readonly flaws: ReadonlyArray<RecordParser.Flaw>
}

const cut = (text: string | Buffer, chunkBytes: number): Found => {
  const bytes = Buffer.from(text)
  const splitter = new RecordSplitter()
  const values: Array<unknown> = []
  const flaws: Array<RecordParser.Flaw> = []
  const take = (pieces: ReturnType<RecordSplitter["end"]>): void => {
    for (const piece of pieces) {
      const parsed = RecordParser.parse(piece)
      if ("value" in parsed) values.push(parsed.value)
      else flaws.push(parsed)
    }
  }
  for (let at = 0; at < bytes.length; at += chunkBytes) take(splitter.push(bytes.subarray(at, at + chunkBytes)))
  take(splitter.end())
  return { values, flaws }
}

const records = [
  { id: 1, text: 'quote " bracket ] brace } comma , back \\ slash' },
  { id: 2, list: [[1, 2], { deep: ["ü€😀"] }], nothing: null },
  {},
  { id: "last", text: "line\nbreak" }
]
const layouts: ReadonlyArray<readonly [name: string, text: string]> = [
  ["an array on one line", JSON.stringify(records)],
  ["an array over many lines", JSON.stringify(records, undefined, 2)],
  ["an array after a byte order mark and blanks", `\uFEFF \r\n${JSON.stringify(records)}\n\n`],
  ["lines", records.map((each) => JSON.stringify(each)).join("\n")],
  ["lines with CRLF and empty lines", `\n${records.map((each) => JSON.stringify(each)).join("\r\n\r\n")}\r\n`]
]

describe("cutting", () => {
  for (const [name, text] of layouts) {
    it(`[CL-20] [CL-27] finds the records of ${name}, wherever chunks end`, () => {
      const length = Buffer.byteLength(text)
      for (let chunkBytes = 1; chunkBytes <= length; chunkBytes++) {
        const found = cut(text, chunkBytes)
        expect(found, `chunks of ${chunkBytes}`).toEqual({ values: records, flaws: [] })
      }
    })
  }

  it("finds nothing in nothing", () => {
    for (const text of ["", " \n\t", "[]", " [ ] "]) expect(cut(text, 2)).toEqual({ values: [], flaws: [] })
  })

  const broken: ReadonlyArray<readonly [text: string, at: number, values: ReadonlyArray<unknown>]> = [
    ["[1,,2]", 3, [1, 2]],
    ["[1,2,]", 5, [1, 2]],
    ["[1,2", 4, [1, 2]],
    ["[1] 2", 4, [1]],
    ['[{"a":1 "b":2},{"a":3}]', 8, [{ a: 3 }]],
    ['[{"a":1},{"a":"open\n},{"a":3}]', 14, [{ a: 1 }, { a: 3 }]],
    ['[{"a":[1,2},{"a":3}]', 10, [{ a: 3 }]],
    ['[{"a":1]]', 7, []],
    ['{"a":1}\n{"a":\n{"a":3}', 13, [{ a: 1 }, { a: 3 }]],
    ['{"a":1} // no\n{"a":3}', 8, [{ a: 3 }]],
    ["[1,tru,3]", 3, [1, 3]]
  ]
  for (const [text, at, values] of broken) {
    it(`[CL-21] [CL-22] names the place in ${JSON.stringify(text)} and finds the other records`, () => {
      for (const chunkBytes of [1, 3, 1000]) {
        const found = cut(text, chunkBytes)
        expect(found.flaws[0]?.offset).toBe(at)
        expect(found.values).toEqual(values)
      }
    })
  }

  it("[CL-27] reports a record that is too long and goes on behind it", () => {
    const long = `{"text":"${"x".repeat(recordBytesMax)}"}`
    for (const text of [`{"a":1}\n${long}\n{"a":2}`, `[{"a":1},${long},{"a":2}]`]) {
      const found = cut(text, 256 * 1024)
      expect(found.values).toEqual([{ a: 1 }, { a: 2 }])
      expect(found.flaws).toHaveLength(1)
      expect(found.flaws[0]!.problem).toContain("longer than")
    }
  })
})

describe("parsing", () => {
  const parse = (text: string | Buffer) =>
    RecordParser.parse({ offset: 0, bytes: Buffer.from(text), problem: undefined })

  it("[CL-26] refuses whole numbers that would be rounded, and only those", () => {
    expect(parse('{"id":12345678901234567890}')).toMatchObject({
      problem: expect.stringContaining("12345678901234567890")
    })
    expect(parse('{"id":9007199254740993}')).toHaveProperty("problem")
    expect(parse('{"id":9007199254740991,"x":"12345678901234567890","f":0.1234567890123456789}')).toHaveProperty(
      "value"
    )
  })

  it("[CL-26] refuses what is no UTF-8", () => {
    expect(parse(Buffer.from([0x22, 0xff, 0x22]))).toMatchObject({ problem: "the text is not UTF-8" })
  })

  it("survives any depth", () => {
    expect(parse("[".repeat(200_000))).toHaveProperty("problem")
  })
})
