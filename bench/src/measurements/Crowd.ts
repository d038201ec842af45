/**
 * Many devices at one hub: two thousand whole nodes that all come back when the hub was started again, and fifty devices that hear
 * of each change of a writer. Each has a key of its own; hub, writer and crowds are processes of their own on loopback.
 */
import { ChildProcess } from "../ChildProcess.ts"
import type { CrowdJobs } from "../child/CrowdJobs.ts"
import { percentile, type Reading } from "../Figure.ts"
import type { HubProcess } from "../HubProcess.ts"
import type { Measurement } from "../Measurement.ts"
import * as Trust from "../Trust.ts"
import type { FilledFolder, Workshop } from "../Workshop.ts"

const entry = new URL("../child/crowdMain.ts", import.meta.url)
/** Processes that the devices are spread over. */
const processes = 2
const records = 100
/** Devices that write a record while the hub is away. */
const writers = 20
const subscribers = 50
/** Time between two changes of the writer: 200 a second. */
const everyMs = 5

type Crowd = ChildProcess<CrowdJobs>

const crowdOf = (workshop: Workshop): Crowd => {
  const crowd = new ChildProcess<CrowdJobs>([], entry)
  workshop.onEnd(() => crowd.end())
  return crowd
}

const gather = (crowds: ReadonlyArray<Crowd>, { address }: HubProcess, { peer }: FilledFolder, { space }: Workshop) =>
  Promise.all(crowds.map((crowd) => crowd.call("gatherCrowd", { space, address, hub: peer })))

const seconds = (atNs: bigint, sinceNs: bigint): number => Number(atNs - sinceNs) / 1e9

/** From the start of the second hub to each device's first proof that it has the same as the hub, and to the proof with all that was
 * written meanwhile. */
const comingBack = async (workshop: Workshop, count: number): Promise<ReadonlyArray<Reading>> => {
  const filled = await workshop.filled(records)
  const crowds = Array.from({ length: processes }, () => crowdOf(workshop))
  const drawn = await Promise.all(crowds.map((crowd) => crowd.call("drawCrowd", { count: count / processes })))
  Trust.trust(filled, drawn.flat())
  const first = await workshop.hub(filled)
  await gather(crowds, first, filled, workshop)
  await Promise.all(crowds.map((crowd) => crowd.call("crowdHas", { count: records })))
  await first.end()
  await crowds[0]!.call("crowdWrites", { count: writers, from: records })
  await Promise.all(crowds.map((crowd) => crowd.call("awaitHub")))
  const beganNs = process.hrtime.bigint()
  const again = await workshop.hub({ ...filled, port: Number(new URL(first.address).port) })
  const proofs = await Promise.all(crowds.map((crowd) => crowd.call("crowdHas", { count: records + writers })))
  const hashes = new Set((await Promise.all(crowds.map((crowd) => crowd.call("crowdHashes")))).flat())
  if (hashes.size !== 1) throw new Error(`the devices have ${hashes.size} different states`)
  const back = proofs.flat().map(({ firstNs }) => seconds(firstNs, beganNs))
  const settled = proofs.flat().map(({ lastNs }) => seconds(lastNs, beganNs))
  const about = `${count} devices come back to a hub that was started again`
  return [
    { figure: `${about}: half of them`, unit: "s", value: percentile(back, 0.5) },
    { figure: `${about}: all of them`, unit: "s", value: Math.max(...back), target: { atMost: 30 } },
    { figure: `${about}: all have what ${writers} of them wrote meanwhile`, unit: "s", value: Math.max(...settled) },
    { figure: `${about}: the hub's memory`, unit: "MB", value: again.memory() / 1e6 }
  ]
}

/**
 * From the start of each write on the writer to the moment at which each of the others has it from the hub. Most of them are listeners,
 * as fifty whole devices would take both cores; one is whole, and has in the end what the writer has.
 */
const fanOut = async (workshop: Workshop, count: number): Promise<ReadonlyArray<Reading>> => {
  const filled = await workshop.filled(records)
  const [writer, whole] = [await Trust.openDevice(workshop, filled), await Trust.openDevice(workshop, filled)]
  const crowd = crowdOf(workshop)
  const drawn = await crowd.call("drawCrowd", { count: subscribers - 1 })
  Trust.trust(filled, [...drawn, writer.peer, whole.peer])
  const { address } = await workshop.hub(filled)
  await writer.device.call("dial", { address })
  await whole.device.call("dial", { address })
  await crowd.call("listenCrowd", { space: workshop.space, address, commits: 1 })
  const began = await writer.device.call("changeSteadily", { count, of: records, everyMs })
  const heard = await crowd.call("crowdHeard", { commits: count })
  const hash = await writer.device.call("stateHash")
  await whole.device.call("equals", { hash })
  const all = heard.flatMap((each) => each.map((atNs, at) => Number(atNs - began[at]!) / 1e6))
  const about = `one writer's ${1000 / everyMs} changes a second at ${subscribers} devices`
  return [
    { figure: `${about}, p50`, unit: "ms", value: percentile(all, 0.5), target: { atMost: 50 } },
    { figure: `${about}, p99`, unit: "ms", value: percentile(all, 0.99), target: { atMost: 250 } }
  ]
}

export const crowd: Measurement = {
  name: "crowd",
  run: async (workshop) => {
    const readings = await fanOut(workshop, workshop.isQuick ? 400 : 4_000)
    await workshop.endAll()
    return [...readings, ...(await comingBack(workshop, workshop.isQuick ? 200 : 2_000))]
  }
}
