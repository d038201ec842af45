import { describe, expect, it } from "vitest"
import * as MetricsAnswer from "../src/soak/MetricsAnswer.ts"
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

  it("says nothing of what is no number, nor of a single moment", () => {
    expect(() => Trend.of(every10s(50, (_, i) => (i === 20 ? Number.NaN : 1)))).toThrow("no finite number")
    expect(() => Trend.of(every10s(50, () => 1).map((point) => ({ ...point, hours: 1 })))).toThrow("single moment")
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
    expect(verdict(samples(144, 8))).toBe("unclear")
    expect(verdict(samples(17, 3000))).toBe("too short to judge")
  })

  /** Loses the metrics of some samples, in all ways in which they may be lost. */
  const without = (
    all: ReadonlyArray<Samples.Sample>,
    isLost: (i: number) => boolean
  ): ReadonlyArray<Samples.Sample> => {
    const lost = [new Map(), new Map([["syncline_sessions_live", 3]]), new Map([[Samples.resident, Number.NaN]])]
    return all.map((sample, i) => (isLost(i) ? { ...sample, metrics: lost[i % lost.length]! } : sample))
  }

  it("is judged by the samples that show it; the others are counted", () => {
    const [level, growing] = [samples(144, 0), samples(144, 30)]
    const isLost = (i: number): boolean => [5, 30, 31, 100].includes(i)
    const growth = Samples.growthOf(without(growing, isLost), Samples.resident)!
    const seen = Samples.growthOf(
      growing.filter((_, i) => !isLost(i)),
      Samples.resident
    )!
    expect(growth).toEqual({ ...seen, missing: 4 })
    expect(Samples.growthLine("rss", growth)).toContain("(140 samples, 4 more without it; of 14 stretches the lowest, ")
    expect(verdict(without(growing, isLost))).toBe("grows")
    expect(verdict(without(level, isLost))).toBe("steady")
  })

  it("is not judged by few of the samples, nor without numbers", () => {
    const level = samples(144, 0)
    expect(verdict(without(level, (i) => i % 2 === 1))).toBe("steady")
    expect(verdict(without(level, (i) => i % 2 === 1 || i === 0))).toBe("too few samples to judge")
    expect(verdict(without(level, (i) => i > 3))).toBe("too few samples to judge")
    expect(verdict(without(level, () => true))).toBe("too few samples to judge")
    const growth = Samples.growthOf(level, Samples.resident)!
    for (const wrong of [{ slope: Number.NaN }, { low: Number.NaN }, { low: -Infinity }, { high: Infinity }]) {
      const trend = { ...growth.trend, ...wrong }
      expect(Samples.verdictOf(level, { ...growth, trend })).toBe("too few samples to judge")
    }
  })

  it("is written down, so that a run can be judged again", () => {
    const [first] = samples(2, 0)
    const [line] = Samples.toLines(samples(2, 0)).split("\n")
    expect(JSON.parse(line!)).toEqual({ atMs: first!.atMs, ...Object.fromEntries(first!.metrics) })
  })

  it("is not read from an answer that is an error", async () => {
    const text = `# TYPE a gauge\na{b="c d"} 3\n${Samples.resident} 12\n`
    expect([...(await MetricsAnswer.read(new Response(text)))]).toEqual([
      ['a{b="c d"}', 3],
      [Samples.resident, 12]
    ])
    const late = new Response('{"title":"Service Unavailable","status":503}', { status: 503 })
    await expect(MetricsAnswer.read(late)).rejects.toThrow('/metrics answered 503: {"title":"Service Unavailable"')
  })

  it("is what is needed at least: garbage on top of it is no growth, and does not hide one", () => {
    const withGarbage = (all: ReadonlyArray<Samples.Sample>): ReadonlyArray<Samples.Sample> =>
      all.map((sample, i) =>
        i % 5 === 0 ? sample : { ...sample, metrics: new Map([[Samples.resident, (260 + (i % 40)) * 2 ** 20]]) }
      )
    expect(verdict(withGarbage(samples(144, 0)))).toBe("steady")
    expect(verdict(withGarbage(samples(144, 40)))).toBe("grows")
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
    const late = { atMs: 0, metrics: new Map<string, number>() }
    expect(Samples.roomTable([late, at(1), late, at(7), at(3), late])).toBe(Samples.roomTable([at(1), at(7), at(3)]))
    expect(Samples.rise([late, at(1), at(7), late, at(9), late], "syncline_events_sent_total")).toBe(8)
    expect(Samples.roomTable([late])).toContain("bound")
  })
})

describe("options of a soak", () => {
  it("have defaults and bounds", () => {
    expect(Options.parse([])).toEqual({
      minutes: 30,
      clients: 50,
      records: 1_000_000,
      perSecond: 5,
      folder: undefined,
      out: undefined
    })
    expect(Options.parse(["--minutes", "0.3", "--clients", "5", "--records", "5000"])).toMatchObject({ minutes: 0.3 })
    expect(() => Options.parse(["--clients", "0"])).toThrow("--clients is 0")
    expect(() => Options.parse(["--minutes", "long"])).toThrow("--minutes is long")
  })
})
