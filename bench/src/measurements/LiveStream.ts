/**
 * How many records a second go from one device over the hub to another while all are connected: from the start of the
 * first write until the last record can be read on the other side. Three processes.
 */
import type { Measurement } from "../Measurement.ts"
import * as Trust from "../Trust.ts"
import type { Workshop } from "../Workshop.ts"

/** Records that all three have before. */
const records = 1_000
/** With 200 commits no subscriber can lag behind the channel of events. */
const perCommit = 100

const recordsPerSecond = async (workshop: Workshop, count: number): Promise<number> => {
  const filled = await workshop.filled(records)
  const writer = await Trust.openDevice(workshop, filled)
  const reader = await Trust.openDevice(workshop, filled)
  Trust.trust(filled, [writer.peer, reader.peer])
  const hub = await workshop.hub(filled)
  await writer.device.call("dial", { address: hub.address })
  await reader.device.call("dial", { address: hub.address })
  await reader.device.call("watchChanges")
  const { beganNs } = await writer.device.call("write", { count, from: records, perCommit })
  const arrivedNs = await reader.device.call("arrivals", { count })
  return count / (Number(arrivedNs - beganNs) / 1e9)
}

export const liveStream: Measurement = {
  name: "live",
  run: async (workshop) => {
    const value = await recordsPerSecond(workshop, workshop.isQuick ? 2_000 : 20_000)
    return [{ figure: "from device to device as it is written, 100 per commit", unit: "records/s", value }]
  }
}
