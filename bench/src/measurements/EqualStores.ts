/**
 * Two equal stores of a million records find out that they are equal: on a link that is open, and by a whole
 * reconnect. Both sides are processes of their own; every byte in both directions counts.
 */
import type { Reading } from "../Figure.ts"
import type { Measurement } from "../Measurement.ts"
import * as StorePair from "../StorePair.ts"
import { millionOf } from "../StorePair.ts"

/** Comparisons of each kind in a round, and in a quick one. */
const comparisons = 5
const comparisonsQuick = 2

const readingsOf = (
  figure: string,
  { bytes, device, hub, ms, roundTrips }: StorePair.Comparison
): ReadonlyArray<Reading> => {
  if (device.sentEvents + hub.sentEvents > 0) throw new Error("equal stores sent something")
  return [
    { figure, unit: "ms", value: ms, target: { atMost: 200 } },
    { figure: `${figure}: bytes`, unit: "B", value: bytes, target: { atMost: 4_096 } },
    { figure: `${figure}: round trips`, unit: "round trips", value: roundTrips }
  ]
}

export const equalStores: Measurement = {
  name: "equal",
  run: async (workshop) => {
    const { count, size } = millionOf(workshop)
    const pair = await StorePair.openPair(workshop, await StorePair.stores(workshop, count))
    const readings: Array<Reading> = []
    for (let i = 0; i < (workshop.isQuick ? comparisonsQuick : comparisons); i++) {
      const name = i === 0 ? "first reconnect of new processes" : "reconnect"
      readings.push(...readingsOf(`two equal stores of ${size}, ${name}`, await pair.dial()))
      readings.push(...readingsOf(`two equal stores of ${size}, on an open link`, await pair.compare()))
      await pair.hangUp()
    }
    return readings
  }
}
