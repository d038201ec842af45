/** The last hour's points as series that a chart draws, and the same in words for whoever does not see it. */
import type { StatsPoint } from "../../api/status.ts"
import { bytes, count, countOf, duration } from "../../elements/amounts.ts"

/** How long a point is, in seconds. */
const pointS = 10

export type Series = readonly [seconds: Array<number>, eventsIn: Array<number>, eventsOut: Array<number>]

/** Events a second, by the second of each point. */
export const seriesOf = (points: ReadonlyArray<StatsPoint>): Series => [
  points.map(({ atMs }) => atMs / 1_000),
  points.map(({ eventsIn }) => eventsIn / pointS),
  points.map(({ eventsOut }) => eventsOut / pointS)
]

interface Sum {
  readonly eventsIn: number
  readonly eventsOut: number
  readonly bytesIn: number
  readonly bytesOut: number
}

const sumOf = (points: ReadonlyArray<StatsPoint>): Sum => {
  const sum = { eventsIn: 0, eventsOut: 0, bytesIn: 0, bytesOut: 0 }
  for (const point of points) {
    sum.eventsIn += point.eventsIn
    sum.eventsOut += point.eventsOut
    sum.bytesIn += point.bytesIn
    sum.bytesOut += point.bytesOut
  }
  return sum
}

/** A hub that began a moment ago has no hour behind it. */
export const wordsOf = (points: ReadonlyArray<StatsPoint>): string => {
  if (points.length === 0) return "Nothing was counted yet."
  const { bytesIn, bytesOut, eventsIn, eventsOut } = sumOf(points)
  return `In the last ${duration(points.length * pointS * 1_000)} ${countOf(eventsIn, "event")} (${bytes(bytesIn)}) came in, and ${count(eventsOut)} (${bytes(bytesOut)}) went out.`
}
