/**
 * What was seen of a hub over time, and what it comes to: whether its memory grows, and how full its queues and caches
 * were. It judges by one bound and says why; it looks at nothing itself.
 */
import { median } from "../Figure.ts"
import * as Trend from "./Trend.ts"

/** One look at a hub: its metrics, and milliseconds since the work began. */
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

export const resident = "process_resident_memory_bytes"
export const heap = "nodejs_heap_size_used_bytes"
export const external = "nodejs_external_memory_bytes"

const mebibyte = 2 ** 20

export interface Growth {
  readonly trend: Trend.Trend
  readonly firstHalf: number
  readonly secondHalf: number
}

/** In MiB, from the samples after the warm-up; `undefined` when there are too few. */
export const growthOf = (samples: ReadonlyArray<Sample>, name: string): Growth | undefined => {
  if (samples.length < Trend.pointsMin) return undefined
  const points = samples.map(({ atMs, metrics }) => ({
    hours: atMs / 3_600_000,
    value: (metrics.get(name) ?? Number.NaN) / mebibyte
  }))
  const half = Math.floor(points.length / 2)
  return {
    trend: Trend.of(points),
    firstHalf: median(points.slice(0, half).map(({ value }) => value)),
    secondHalf: median(points.slice(half).map(({ value }) => value))
  }
}

/** Lines for people about growth. */
export const growthLine = (name: string, { firstHalf, secondHalf, trend }: Growth): string =>
  `${name}: ${signed(trend.slope)} MiB/h, 95 % within ${signed(trend.low)} to ${signed(trend.high)}; ` +
  `median ${firstHalf.toFixed(1)} MiB in the first half, ${secondHalf.toFixed(1)} MiB in the second ` +
  `(${trend.samples} samples, neighbours correlate by ${trend.correlation.toFixed(2)})`

const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`

export type Verdict = "steady" | "grows" | "too short to judge"

/** A hub grows when even the lower end of the interval is beyond the bound. */
export const verdictOf = (samples: ReadonlyArray<Sample>, growth: Growth | undefined): Verdict => {
  const minutes = ((samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0)) / 60_000
  if (growth === undefined || minutes < judgedMinutesMin) return "too short to judge"
  return growth.trend.low > growthMax ? "grows" : "steady"
}

/** Every queue and cache at the start and the end, its fullest moment between, and its bound. */
export const roomTable = (samples: ReadonlyArray<Sample>): string => {
  const [first, last] = [samples[0]!.metrics, samples.at(-1)!.metrics]
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
export const rise = (samples: ReadonlyArray<Sample>, counter: string): number => {
  const sum = ({ metrics }: Sample): number => {
    let total = 0
    for (const [name, value] of metrics) if (name === counter || name.startsWith(`${counter}{`)) total += value
    return total
  }
  return sum(samples.at(-1)!) - sum(samples[0]!)
}
