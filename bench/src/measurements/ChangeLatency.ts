/**
 * How long a change takes from one device over the hub to another: from the start of the write on the first to the
 * moment at which the second can read it. Three processes; changes are spaced so that each travels alone.
 */
import { type Reading, percentile } from "../Figure.ts"
import type { Measurement } from "../Measurement.ts"
import * as Trust from "../Trust.ts"
import type { Workshop } from "../Workshop.ts"

/** The last change has this long to arrive. */
const arriveMsMax = 2_000
const records = 1_000

const latencies = async (workshop: Workshop, count: number): Promise<ReadonlyArray<number>> => {
  const filled = await workshop.filled(records)
  const writer = await Trust.openDevice(workshop, filled)
  const reader = await Trust.openDevice(workshop, filled)
  Trust.trust(filled, [writer.peer, reader.peer])
  const hub = await workshop.hub(filled)
  await writer.device.call("dial", { address: hub.address })
  await reader.device.call("dial", { address: hub.address })
  await reader.device.call("watchChanges")
  const began = await writer.device.call("changeSlowly", { count })
  await new Promise((resolve) => setTimeout(resolve, arriveMsMax))
  const arrived = new Map(await reader.device.call("seenChanges"))
  return began.map(([id, beganNs]) => {
    const arrivedNs = arrived.get(id)
    if (arrivedNs === undefined) throw new Error(`the change of ${id} did not arrive within ${arriveMsMax} ms`)
    return Number(arrivedNs - beganNs) / 1e6
  })
}

/** What a person would not notice. */
const p50MsMax = 8

export const changeLatency: Measurement = {
  name: "latency",
  run: async (workshop) => {
    const all = await latencies(workshop, workshop.isQuick ? 50 : 400)
    const reading = (part: number): Reading => ({
      figure: `one change from device to device, p${part * 100}`,
      unit: "ms",
      value: percentile(all, part),
      ...(part === 0.5 && { target: { atMost: p50MsMax } })
    })
    return [reading(0.5), reading(0.99)]
  }
}
