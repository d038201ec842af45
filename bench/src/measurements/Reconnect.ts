/**
 * A device that was away comes back: with nothing to do, and after another device has changed 100 records, in one
 * transaction or in 100. Hub and both devices are processes of their own; the returning one goes through a proxy
 * that counts every byte on the wire in both directions.
 */
import * as Cities from "../Cities.ts"
import { CountingProxy } from "../CountingProxy.ts"
import type { Reading } from "../Figure.ts"
import type { Measurement } from "../Measurement.ts"
import * as Trust from "../Trust.ts"
import type { ChildProcess } from "../ChildProcess.ts"
import type { Workshop } from "../Workshop.ts"

const changes = 100
/** Returns of each kind in a round. */
const returns = 5
/** Time in which the end of a link and late messages reach the other side. */
const settleMs = 250

interface World {
  readonly size: string
  readonly count: number
  readonly device: ChildProcess
  readonly writer: ChildProcess
  readonly proxy: CountingProxy
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Two devices that have everything; the first is away. */
const build = async (workshop: Workshop, size: string, count: number): Promise<World> => {
  const filled = await workshop.filled(count)
  const { device, peer } = await Trust.openDevice(workshop, filled)
  const writer = await Trust.openDevice(workshop, filled)
  Trust.trust(filled, [peer, writer.peer])
  const hub = await workshop.hub(filled)
  const proxy = await CountingProxy.open(hub.address)
  workshop.onEnd(() => proxy.close())
  await writer.device.call("dial", { address: hub.address })
  await device.call("dial", { address: proxy.address })
  await device.call("hangUp", { address: proxy.address })
  return { size, count, device, writer: writer.device, proxy }
}

/** Comes and goes once. */
const comeBack = async ({ count, device, proxy }: World): Promise<{ readonly ms: number; readonly bytes: number }> => {
  await sleep(settleMs)
  proxy.take()
  const { entities, seconds } = await device.call("dial", { address: proxy.address })
  if (entities !== count) throw new Error(`the device has ${entities} of ${count} records`)
  // What follows the proof counts too, the goodbye does not: a link that stays up has none.
  await sleep(settleMs)
  const { bytes } = proxy.take()
  await device.call("hangUp", { address: proxy.address })
  return { ms: seconds * 1000, bytes }
}

interface Idle {
  readonly readings: ReadonlyArray<Reading>
  /** What coming back costs at least. */
  readonly bytes: number
}

const withNothingToDo = async (world: World): Promise<Idle> => {
  const readings: Array<Reading> = []
  let least = Infinity
  for (let i = 0; i < returns; i++) {
    const { bytes, ms } = await comeBack(world)
    const figure = `reconnect at ${world.size}, nothing to do`
    readings.push({ figure, unit: "ms", value: ms })
    readings.push({ figure: `${figure}: bytes`, unit: "B", value: bytes, target: { atMost: 1024 } })
    least = Math.min(least, bytes)
  }
  return { readings, bytes: least }
}

const afterChanges = async (
  world: World,
  idle: Idle,
  perCommit: number,
  about: string
): Promise<ReadonlyArray<Reading>> => {
  const readings: Array<Reading> = []
  for (let salt = 0; salt < returns; salt++) {
    const input = { count: changes, of: world.count, salt: salt + perCommit, perCommit }
    const made = await world.writer.call("change", input)
    const { bytes, ms } = await comeBack(world)
    const figure = `reconnect at ${world.size}, ${about}`
    readings.push(
      { figure, unit: "ms", value: ms, target: { atMost: 60 } },
      { figure: `${figure}: bytes`, unit: "B", value: bytes, target: { atMost: 25_000 } },
      { figure: `${figure}: bytes of the commits`, unit: "B", value: made.bytes },
      { figure: `${figure}: bytes of the changes`, unit: "B", value: made.plainBytes },
      { figure: `${figure}: bytes / changes`, unit: "×", value: bytes / made.plainBytes, target: { atMost: 1.5 } },
      { figure: `${figure}: bytes / commits`, unit: "×", value: bytes / made.bytes },
      {
        figure: `${figure}: bytes beyond an idle return / commits`,
        unit: "×",
        value: (bytes - idle.bytes) / made.bytes
      }
    )
  }
  return readings
}

const measure = async (workshop: Workshop, size: string, count: number): Promise<ReadonlyArray<Reading>> => {
  const world = await build(workshop, size, count)
  const idle = await withNothingToDo(world)
  const readings = [...idle.readings]
  if (count >= (workshop.isQuick ? 10_000 : Cities.total)) {
    readings.push(...(await afterChanges(world, idle, changes, "100 changes in one transaction")))
    readings.push(...(await afterChanges(world, idle, 1, "100 changes in 100 transactions")))
  }
  await workshop.endAll()
  return readings
}

export const reconnect: Measurement = {
  name: "reconnect",
  run: async (workshop) => {
    const readings = [...(await measure(workshop, "1k", 1_000)), ...(await measure(workshop, "10k", 10_000))]
    return workshop.isQuick ? readings : [...readings, ...(await measure(workshop, "135k", Cities.total))]
  }
}
