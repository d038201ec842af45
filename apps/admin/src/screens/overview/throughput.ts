/** The last hour's points as series that a chart draws, and the same in words for whoever does not see it. */
import type { StatsPoint } from "../../api/status.ts"
import { bytes, count } from "../../elements/amounts.ts"

/** How long a point is, in seconds. */
const pointS = 10

export type Series = readonly [seconds: Array<number>, eventsIn: Array<number>, eventsOut: Array<number>]

/** Events a second, by the second of each point. */
export const seriesOf = (points: ReadonlyArray<StatsPoint>): Series => [
  points.map(({ atMs }) => atMs / 1_000),
  points.map(({ eventsIn }) => eventsIn / pointS),
  points.map(({ eventsOut }) => eventsOut / pointS)
]

export interface Sum {
  readonly eventsIn: number
  readonly eventsOut: number
  readonly bytesIn: number
  readonly bytesOut: number
}

export const sumOf = (points: ReadonlyArray<StatsPoint>): Sum => {
  const sum = { eventsIn: 0, eventsOut: 0, bytesIn: 0, bytesOut: 0 }
  for (const point of points) {
    sum.eventsIn += point.eventsIn
    sum.eventsOut += point.eventsOut
    sum.bytesIn += point.bytesIn
    sum.bytesOut += point.bytesOut
  }
  return sum
}

export const wordsOf = ({ bytesIn, bytesOut, eventsIn, eventsOut }: Sum): string =>
  `In the last hour ${count(eventsIn)} events (${bytes(bytesIn)}) came in, and ${count(eventsOut)} (${bytes(bytesOut)}) went out.`
