import { describe, expect, it } from "vitest"
import { median, percentile, type Reading, summarize } from "../src/Figure.ts"
import * as Names from "../src/FigureNames.ts"
import * as Options from "../src/Options.ts"
import * as Ratios from "../src/Ratios.ts"

const reading = (figure: string, value: number): Reading => ({ figure, unit: "records/s", value })

describe("figures", () => {
  it("have the middle of their values", () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
    expect(median([7])).toBe(7)
  })

  it("have percentiles that are values", () => {
    const values = Array.from({ length: 100 }, (_, i) => 100 - i)
    expect(percentile(values, 0.5)).toBe(51)
    expect(percentile(values, 0.99)).toBe(100)
    expect(percentile([5], 0.99)).toBe(5)
  })

  it("are judged by their median, against either kind of target", () => {
    const target = { atMost: 2 } as const
    const [met] = summarize([1, 2, 9].map((value) => ({ ...reading("a", value), target })))
    expect(met).toMatchObject({ median: 2, min: 1, max: 9, isMet: true })
    expect(summarize([{ ...reading("b", 0.1), target: { atLeast: 0.15 } }])[0]?.isMet).toBe(false)
    expect(summarize([reading("c", 1)])[0]?.isMet).toBeUndefined()
  })

  it("are divided only when both were measured", () => {
    expect(Ratios.ofRound([reading(Names.coldSync135k, 20)])).toEqual([])
    const both = Ratios.ofRound([reading(Names.coldSync135k, 20), reading(Names.rawStream, 100)])
    expect(both.map(({ target, value }) => [value, target])).toEqual([[0.2, { atLeast: 0.15 }]])
  })
})

describe("options", () => {
  it("have defaults and refuse what is not there", () => {
    expect(Options.parse([], ["raw"])).toMatchObject({ only: [], rounds: 3, isQuick: false })
    expect(Options.parse(["--only", "raw", "--rounds", "2", "--quick"], ["raw"])).toMatchObject({
      only: ["raw"],
      rounds: 2,
      isQuick: true
    })
    expect(Options.parse(["--against", "v1"], ["raw"])).toMatchObject({ against: "v1", rounds: 5 })
    expect(() => Options.parse(["--against", "v1", "--rounds", "2"], ["raw"])).toThrow("3 rounds")
    expect(() => Options.parse(["--only", "rew"], ["raw"])).toThrow("rew")
    expect(() => Options.parse(["--rounds", "0"], ["raw"])).toThrow("1 to 20")
  })
})
