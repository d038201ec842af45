/**
 * A new device gets everything from a hub: from its dial to the proof that both hold the same, with its journal
 * durable. Hub and device are processes of their own, fresh for each reading, without anything in between.
 */
import * as Cities from "../Cities.ts"
import type { Reading } from "../Figure.ts"
import * as Names from "../FigureNames.ts"
import type { Measurement } from "../Measurement.ts"
import * as MemoryWatch from "../MemoryWatch.ts"
import * as Trust from "../Trust.ts"
import type { Workshop } from "../Workshop.ts"

const megabyte = 1024 * 1024

interface ColdSync {
  readonly recordsPerSecond: number
  readonly deviceCpuSeconds: number
  /** Bytes by which the hub's memory grew. */
  readonly hubGrown: number
}

const syncOnce = async (workshop: Workshop, count: number): Promise<ColdSync> => {
  const filled = await workshop.filled(count)
  const { device, peer } = await Trust.openDevice(workshop, filled)
  Trust.trust(filled, [peer])
  const hub = await workshop.hub(filled)
  const { grown, result } = await MemoryWatch.during(hub, () => device.call("dial", { address: hub.address }))
  const stateHash = await device.call("stateHash")
  if (result.entities !== count || stateHash !== filled.stateHash) throw new Error("the device has another state")
  await device.call("closePeer")
  await workshop.endAll()
  return { recordsPerSecond: count / result.seconds, deviceCpuSeconds: result.cpuSeconds, hubGrown: grown }
}

export const coldSync: Measurement = {
  name: "cold",
  run: async (workshop) => {
    const small = await syncOnce(workshop, 10_000)
    const readings: Array<Reading> = [{ figure: "cold sync of 10k", unit: "records/s", value: small.recordsPerSecond }]
    if (workshop.isQuick) return readings
    const whole = await syncOnce(workshop, Cities.total)
    return [
      ...readings,
      { figure: Names.coldSync135k, unit: "records/s", value: whole.recordsPerSecond },
      { figure: Names.coldSync135kCpu, unit: "s", value: whole.deviceCpuSeconds },
      {
        figure: "cold sync of 135k: growth of the hub's memory",
        unit: "MB",
        value: whole.hubGrown / megabyte,
        target: { atMost: 60 }
      }
    ]
  }
}
