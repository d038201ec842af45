import { describe, expect, it } from "vitest"
import * as Options from "../src/soak/Options.ts"
import * as Samples from "../src/soak/Samples.ts"
import * as Trend from "../src/soak/Trend.ts"

/** The same numbers every time, between -1 and 1. */
const noise = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state / 2 ** 32) * 2 - 1
  }
}

const every10s = (count: number, value: (hours: number, i: number) => number): ReadonlyArray<Trend.Point> =>
  Array.from({ length: count }, (_, i) => ({ hours: i / 360, value: value(i / 360, i) }))

describe("a trend", () => {
  it("is exact for a line", () => {
    const trend = Trend.of(every10s(50, (hours) => 100 + 12 * hours))
    expect(trend.slope).toBeCloseTo(12, 9)
    expect(trend.low).toBeCloseTo(12, 6)
    expect(trend.high).toBeCloseTo(12, 6)
  })

  it("is as wide as the text books say when samples know nothing of each other", () => {
    // Anscombe's first quartet: slope 0.5, standard error 0.1179, t(9) = 2.262.
    const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    const { correlation, high, low, slope } = Trend.of(x.map((hours, i) => ({ hours, value: y[i]! })))
    expect(correlation).toBe(0)
    expect(slope).toBeCloseTo(0.5, 3)
    expect(high - slope).toBeCloseTo(2.262 * 0.1179, 2)
    expect(slope - low).toBeCloseTo(2.262 * 0.1179, 2)
  })

  it("covers the true slope of noisy series about 19 times of 20, also when neighbours resemble each other", () => {
    for (const memory of [0, 0.8]) {
      let covered = 0
      for (let seed = 1; seed <= 400; seed++) {
        const random = noise(seed)
        let carried = 0
        const points = every10s(144, (hours) => {
          carried = memory * carried + random()
          return 200 + 3 * hours + carried
        })
        const { high, low } = Trend.of(points)
        if (low <= 3 && 3 <= high) covered++
      }
      expect([memory, covered / 400 > 0.89, covered / 400 < 0.99]).toEqual([memory, true, true])
    }
  })

  it("says nothing of a handful of samples", () => {
    expect(() => Trend.of(every10s(4, () => 1))).toThrow("too few")
  })
})

describe("a hub's memory", () => {
  const samples = (count: number, mebibytesPerHour: number): ReadonlyArray<Samples.Sample> => {
    const random = noise(7)
    return every10s(count, (hours) => 200 + mebibytesPerHour * hours + 4 * random()).map(({ hours, value }) => ({
      atMs: hours * 3_600_000,
      metrics: new Map([[Samples.resident, value * 2 ** 20]])
    }))
  }
  const verdict = (all: ReadonlyArray<Samples.Sample>): Samples.Verdict =>
    Samples.verdictOf(all, Samples.growthOf(all, Samples.resident))

  it("is steady without growth, grows with much, and is not judged in a few minutes", () => {
    expect(verdict(samples(144, 0))).toBe("steady")
    expect(verdict(samples(144, 30))).toBe("grows")
    expect(verdict(samples(17, 3000))).toBe("too short to judge")
  })

  it("has medians of both halves", () => {
    const growth = Samples.growthOf(samples(144, 30), Samples.resident)!
    expect(growth.secondHalf - growth.firstHalf).toBeGreaterThan(3)
    expect(Samples.growthLine("rss", growth)).toMatch(/^rss: \+\d+\.\d MiB\/h, 95 % within \+/)
  })

  it("stands beside what queues and caches hold, at the start, at the end and at most", () => {
    const at = (length: number) => ({
      atMs: length,
      metrics: new Map([
        ['syncline_queue_length{queue="events"}', length],
        ['syncline_queue_limit{queue="events"}', 1024],
        ["syncline_events_sent_total", length]
      ])
    })
    expect(Samples.roomTable([at(1), at(7), at(3)]).split("\n")[1]).toMatch(/^queue="events" +1 +3 +7 +1024$/)
    expect(Samples.rise([at(1), at(7), at(9)], "syncline_events_sent_total")).toBe(8)
  })
})

describe("options of a soak", () => {
  it("have defaults and bounds", () => {
    expect(Options.parse([])).toEqual({
      minutes: 30,
      clients: 50,
      records: 1_000_000,
      perSecond: 5,
      folder: undefined
    })
    expect(Options.parse(["--minutes", "0.3", "--clients", "5", "--records", "5000"])).toMatchObject({ minutes: 0.3 })
    expect(() => Options.parse(["--clients", "0"])).toThrow("--clients is 0")
    expect(() => Options.parse(["--minutes", "long"])).toThrow("--minutes is long")
  })
})
