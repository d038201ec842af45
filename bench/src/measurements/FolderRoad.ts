/**
 * The road by a folder that two processes share, as a cloud program would copy it at once: how long a change takes, and what a
 * newcomer with an empty store costs.
 */
import { performance } from "node:perf_hooks"
import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { percentile, type Reading } from "../Figure.ts"
import type { Measurement } from "../Measurement.ts"
import * as StorePair from "../StorePair.ts"
import { space, type Workshop } from "../Workshop.ts"

/** Between two changes, so that each travels alone, in milliseconds. */
const everyMs = 300
/** The last change has this long to arrive. */
const arriveMsMax = 5_000

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A device whose only road is a folder, on a store that may hold something. */
const openAt = async (workshop: Workshop, folder: string, mailbox: string, trusted: ReadonlyArray<string>) => {
  const device = workshop.child()
  await device.call("openPeer", { folder, space, trusted, mailbox })
  return device
}

const latencies = async (workshop: Workshop, count: number): Promise<ReadonlyArray<number>> => {
  const mailbox = workshop.folder("mailbox")
  const [left, right] = [await workshop.empty("device"), await workshop.empty("device")]
  const writer = await openAt(workshop, left.folder, mailbox, [right.peer])
  const reader = await openAt(workshop, right.folder, mailbox, [left.peer])
  await reader.call("watchChanges")
  await reader.call("equalByMailbox")
  const began = await writer.call("changeSlowly", { count, everyMs })
  await sleep(arriveMsMax)
  const arrived = new Map(await reader.call("seenChanges"))
  for (const device of [writer, reader]) await device.end()
  return began.map(([id, beganNs]) => {
    const arrivedNs = arrived.get(id)
    if (arrivedNs === undefined) throw new Error(`the change of ${id} did not arrive within ${arriveMsMax} ms`)
    return Number(arrivedNs - beganNs) / 1e6
  })
}

const bytesIn = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0)

const newcomer = async (workshop: Workshop): Promise<ReadonlyArray<Reading>> => {
  const { count, size } = StorePair.millionOf(workshop)
  const pair = await StorePair.stores(workshop, count)
  const full = workshop.copy(pair.hub)
  const mailbox = workshop.folder("mailbox")
  const empty = await workshop.empty("device")
  const leftMs = performance.now()
  const owner = await openAt(workshop, full.folder, mailbox, [empty.peer])
  const left = await owner.call("leftInMailbox")
  const takenMs = performance.now()
  const bytes = bytesIn(mailbox)
  const device = await openAt(workshop, empty.folder, mailbox, pair.device.trusted)
  await device.call("equalByMailbox")
  const endedMs = performance.now()
  for (const each of [owner, device]) await each.end()
  return [
    { figure: `${size} records left in a folder`, unit: "s", value: (takenMs - leftMs) / 1_000 },
    { figure: `${size} records taken in from a folder by a newcomer`, unit: "s", value: (endedMs - takenMs) / 1_000 },
    {
      figure: `${size} records in a folder: bytes / bytes of the commits`,
      unit: "×",
      value: bytes / left.bytes,
      target: { atMost: 1.3 }
    }
  ]
}

export const folderRoad: Measurement = {
  name: "folder",
  run: async (workshop) => {
    const all = await latencies(workshop, workshop.isQuick ? 20 : 100)
    const reading = (part: number, atMost: number): Reading => ({
      figure: `one change by a folder, p${part * 100}`,
      unit: "ms",
      value: percentile(all, part),
      target: { atMost }
    })
    return [reading(0.5, 150), reading(0.99, 500), ...(await newcomer(workshop))]
  }
}
