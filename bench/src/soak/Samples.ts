/**
 * What was seen of a hub over time, and what it comes to: whether its memory grows, and how full its queues and caches
 * were. It judges by one bound and says why; it looks at nothing itself.
 */
import { median } from "../Figure.ts"
import * as Trend from "./Trend.ts"

/** One look at a hub: its metrics, none when it gave none, and milliseconds since the work began. */
export interface Sample {
  readonly atMs: number
  readonly metrics: ReadonlyMap<string, number>
}

/**
 * Growth that a hub may show, in MiB per hour. A hub of 200 MiB that grew by as much would double within a day, and one
 * restart a day is the most that an operator should be asked for. Half an hour can tell no less from noise.
 */
export const growthMax = 8

/** After the warm-up less time than this allows no judgement. */
const judgedMinutesMin = 3

/** The part of the looks that must have shown the memory; from fewer nothing follows about the rest of the time. */
const shownPartMin = 0.5

export const resident = "process_resident_memory_bytes"
export const heap = "nodejs_heap_size_used_bytes"
export const external = "nodejs_external_memory_bytes"

const mebibyte = 2 ** 20

/** Stretches of time that a trend goes through at most. */
const stretchesMax = 15

export interface Growth {
  /** Through the lowest look of each stretch: what is under way when somebody looks comes on top of what is needed. */
  readonly trend: Trend.Trend
  /** Samples with the metric. */
  readonly looks: number
  readonly firstHalf: number
  readonly secondHalf: number
  /** Samples without the metric; nothing else here counts them. */
  readonly missing: number
}

/** In MiB, from the samples after the warm-up that have the metric; `undefined` when these are too few. */
export const growthOf = (samples: ReadonlyArray<Sample>, name: string): Growth | undefined => {
  const points: Array<Trend.Point> = []
  for (const { atMs, metrics } of samples) {
    const bytes = metrics.get(name)
    if (bytes !== undefined && Number.isFinite(bytes)) points.push({ hours: atMs / 3_600_000, value: bytes / mebibyte })
  }
  const floor = lowestOfStretches(points)
  if (floor.length < Trend.pointsMin) return undefined
  const half = Math.floor(points.length / 2)
  return {
    trend: Trend.of(floor),
    looks: points.length,
    firstHalf: median(points.slice(0, half).map(({ value }) => value)),
    secondHalf: median(points.slice(half).map(({ value }) => value)),
    missing: samples.length - points.length
  }
}

const lowestOfStretches = (points: ReadonlyArray<Trend.Point>): ReadonlyArray<Trend.Point> => {
  const length = Math.ceil(points.length / stretchesMax)
  const lowest: Array<Trend.Point> = []
  for (let from = 0; from < points.length; from += length) {
    const stretch = points.slice(from, from + length)
    lowest.push(stretch.reduce((low, point) => (point.value < low.value ? point : low)))
  }
  return lowest
}

/** Lines for people about growth. */
export const growthLine = (name: string, { firstHalf, looks, missing, secondHalf, trend }: Growth): string =>
  `${name}: ${signed(trend.slope)} MiB/h, 95 % within ${signed(trend.low)} to ${signed(trend.high)}; ` +
  `median ${firstHalf.toFixed(1)} MiB in the first half, ${secondHalf.toFixed(1)} MiB in the second ` +
  `(${looks} samples, ${missing} more without it; of ${trend.samples} stretches the lowest, ` +
  `neighbours correlate by ${trend.correlation.toFixed(2)})`

const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`

export type Verdict = "steady" | "grows" | "unclear" | "too short to judge" | "too few samples to judge"

/**
 * A hub grows when even the lower end of the interval is beyond the bound, and is steady when even the upper end is
 * not; between the two a longer or quieter run must tell. No verdict without a finite interval.
 */
export const verdictOf = (samples: ReadonlyArray<Sample>, growth: Growth | undefined): Verdict => {
  const minutes = ((samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0)) / 60_000
  if (minutes < judgedMinutesMin) return "too short to judge"
  if (growth === undefined || growth.looks < shownPartMin * samples.length) return "too few samples to judge"
  const { high, low, slope } = growth.trend
  if (![slope, low, high].every(Number.isFinite)) return "too few samples to judge"
  if (low > growthMax) return "grows"
  return high <= growthMax ? "steady" : "unclear"
}

/** Samples as lines of JSON, so that a run can be judged again. */
export const toLines = (samples: ReadonlyArray<Sample>): string =>
  samples.map(({ atMs, metrics }) => `${JSON.stringify({ atMs, ...Object.fromEntries(metrics) })}\n`).join("")

/** Samples in which the hub gave metrics. */
const answered = (samples: ReadonlyArray<Sample>): ReadonlyArray<Sample> =>
  samples.filter(({ metrics }) => metrics.size > 0)

const none: Sample["metrics"] = new Map()

/** Every queue and cache at the start and the end, its fullest moment between, and its bound. */
export const roomTable = (all: ReadonlyArray<Sample>): string => {
  const samples = answered(all)
  const [first, last] = [samples[0]?.metrics ?? none, samples.at(-1)?.metrics ?? none]
  const rows: Array<ReadonlyArray<string>> = [["", "start", "end", "fullest", "bound"]]
  for (const [name, limit] of last) {
    const of = /^syncline_(queue|cache)_limit\{(.+)\}$/.exec(name)
    if (of === null) continue
    const length = `syncline_${of[1]}_length{${of[2]}}`
    const fullest = Math.max(...samples.map(({ metrics }) => metrics.get(length) ?? 0))
    rows.push([of[2]!, ...[first.get(length) ?? 0, last.get(length) ?? 0, fullest, limit].map(String)])
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: ReadonlyArray<string>): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ")
  return rows.map(line).join("\n")
}

/** How much a counter rose between the first and the last sample, its labels added up. */
export const rise = (all: ReadonlyArray<Sample>, counter: string): number => {
  const samples = answered(all)
  const sum = (sample: Sample | undefined): number => {
    let total = 0
    for (const [name, value] of sample?.metrics ?? none)
      if (name === counter || name.startsWith(`${counter}{`)) total += value
    return total
  }
  return sum(samples.at(-1)) - sum(samples[0])
}
