/**
 * Two stores of a million records that differ in a hundred, scattered over all of them, and know no cursor of each
 * other: how much it takes to find and repair that. Both sides are processes of their own.
 */
import type { Reading } from "../Figure.ts"
import type { Measurement } from "../Measurement.ts"
import * as StorePair from "../StorePair.ts"
import { millionOf } from "../StorePair.ts"

/** Repairs in a round. The first runs code that no process has run yet. */
const repairs = 5
const repairsQuick = 2
/** On each side: records that only this side has changed, and records that only this side has. */
const changed = 45
const added = 5

const target = { atMost: 500 } as const

const readingsOf = (
  figure: string,
  { bytes, device, hub, ms, roundTrips }: StorePair.Comparison
): ReadonlyArray<Reading> => {
  const moved = device.receivedEvents + hub.receivedEvents
  if (moved !== 2 * (changed + added)) throw new Error(`${moved} events moved, not ${2 * (changed + added)}`)
  return [
    { figure, unit: "ms", value: ms },
    { figure: `${figure}: dialled side's processor time`, unit: "ms", value: 1000 * hub.cpuSeconds, target },
    { figure: `${figure}: dialling side's processor time`, unit: "ms", value: 1000 * device.cpuSeconds, target },
    { figure: `${figure}: bytes`, unit: "B", value: bytes },
    { figure: `${figure}: round trips`, unit: "round trips", value: roundTrips }
  ]
}

export const differences: Measurement = {
  name: "differences",
  run: async (workshop) => {
    const { count, size } = millionOf(workshop)
    const stores = await StorePair.stores(workshop, count)
    const pair = await StorePair.openPair(workshop, stores)
    const readings: Array<Reading> = []
    for (let i = 0; i < (workshop.isQuick ? repairsQuick : repairs); i++) {
      await pair.differ({ changed, added, salt: workshop.next() })
      await pair.forgetCursors()
      const name = i === 0 ? "first of new processes" : "further ones"
      readings.push(...readingsOf(`100 differences at ${size}, ${name}`, await pair.dial()))
      await pair.hangUp()
    }
    return readings
  }
}
