/**
 * Figures of one round divided by each other. Both halves ran minutes apart on one machine, so what else that machine
 * did weighs less in them than in either half.
 */
import type { Reading, Target } from "./Figure.ts"
import * as Names from "./FigureNames.ts"

interface Ratio {
  readonly figure: string
  readonly of: string
  readonly to: string
  readonly target?: Target
}

const ratios: ReadonlyArray<Ratio> = [
  {
    figure: "ratio: cold sync of 135k / raw stream",
    of: Names.coldSync135k,
    to: Names.rawStream,
    target: { atLeast: 0.15 }
  },
  {
    figure: "ratio: processor time, raw stream / cold sync of 135k",
    of: Names.rawStreamCpu,
    to: Names.coldSync135kCpu
  },
  {
    figure: "ratio: cold sync from device to device, TCP / Socket.IO",
    of: Names.peerSync("TCP"),
    to: Names.peerSync("Socket.IO"),
    target: { atLeast: 0.5 }
  },
  {
    figure: "ratio: cold sync from device to device, QUIC / Socket.IO",
    of: Names.peerSync("QUIC"),
    to: Names.peerSync("Socket.IO"),
    target: { atLeast: 0.5 }
  },
  { figure: "ratio: writes, 100 per commit / better-sqlite3", of: Names.writesBy100, to: Names.sqliteBy100 },
  { figure: "ratio: writes, 1 per commit / better-sqlite3", of: Names.writesBy1, to: Names.sqliteBy1 },
  {
    figure: "ratio: processor time, better-sqlite3 / writes, 100 per commit",
    of: Names.sqliteBy100Cpu,
    to: Names.writesBy100Cpu
  }
]

/** The ratios that the readings of a round allow. */
export const ofRound = (readings: ReadonlyArray<Reading>): ReadonlyArray<Reading> => {
  const valueOf = (name: string): number | undefined => readings.find(({ figure }) => figure === name)?.value
  return ratios.flatMap(({ figure, of, target, to }): ReadonlyArray<Reading> => {
    const above = valueOf(of)
    const below = valueOf(to)
    if (above === undefined || below === undefined) return []
    return [{ figure, unit: "×", value: above / below, ...(target && { target }) }]
  })
}
