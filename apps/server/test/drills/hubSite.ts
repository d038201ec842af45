/**
 * A hub that is stopped, looked after and started again at one address, and devices that know only this address.
 */
import { createNode, TrustFile } from "@syncline/node"
import { personal } from "@syncline/policy"
import { Effect } from "effect"
import { device, type HubProcess, openDevice, startHub, Task, temporaryFolder, until } from "../hubProcess.ts"
// @boundaries-ignore which ports are nobody's is one knowledge of all tests
import { freePort } from "../../../../scripts/freePort.ts"

export { freePort }

export type Device = Awaited<ReturnType<typeof openDevice>>

/** How long anything may take on a machine that is busy, and how often it is looked at. */
export const settleMsMax = 60_000
export const lookEveryMs = 100

export interface HubSite {
  readonly data: string
  /** With a clock that is so many days behind. */
  readonly start: (daysBehind?: number) => Promise<HubProcess>
  /** Lets a device in that was made before. */
  readonly trust: (peer: string) => Promise<void>
}

/** A site with an empty data folder and a free port. */
export const hubSite = async (data = temporaryFolder()): Promise<HubSite> => {
  const port = String(await freePort())
  return {
    data,
    start: (daysBehind = 0) => startHub({ data, env: { SYNCLINE_PORT: port, ...clockBehind(daysBehind) } }),
    trust: async (peer) => void (await Effect.runPromise(TrustFile.add(data, peer)))
  }
}

const shiftedClock = new URL("./shiftedClock.ts", import.meta.url).href

/** What a process's environment needs for that. */
export const clockBehind = (days: number): Readonly<Record<string, string>> =>
  days === 0 ? {} : { NODE_OPTIONS: `--import ${shiftedClock}`, DRILL_DAYS_BEHIND: String(days) }

export const stop = async (hub: HubProcess): Promise<void> => {
  hub.child.kill("SIGTERM")
  await hub.ended()
}

export interface Devices {
  readonly nodes: ReadonlyArray<Device>
  readonly folders: ReadonlyArray<string>
}

/** New devices with their folders, which the site trusts and whose routes lead to its hub. */
export const openDevices = async (site: HubSite, hub: HubProcess, count: number): Promise<Devices> => {
  const made = Array.from({ length: count }, () => device())
  for (const { peer } of made) await site.trust(peer)
  const nodes = await Promise.all(made.map(({ store }) => openDevice(store, hub)))
  return { nodes, folders: made.map(({ store }) => store) }
}

/** What the hub's operator does while it is stopped: its journal is opened as the node that it is, with those it trusts. */
export const atStoppedHub = async <A>(
  data: string,
  trusted: ReadonlyArray<string>,
  work: (hub: Device) => Promise<A>
): Promise<A> => {
  const node = await createNode({
    space: "home",
    store: data,
    entities: { task: Task },
    policy: personal({ trusted: [...trusted] }),
    transports: []
  })
  try {
    return await work(node)
  } finally {
    await node.close()
  }
}

/** What `settled` asks of a node. */
type Settling = Pick<Device, "status" | "hash">

/** Waits until every device has proven that it holds what the hub holds, and all hold the same. */
export const settled = async (nodes: ReadonlyArray<Settling>): Promise<void> => {
  await until(
    async () => {
      const states = await Promise.all(nodes.map(async (node) => (await node.status()).peers[0]?.state))
      if (states.some((state) => state !== "synced")) return false
      const hashes = await Promise.all(nodes.map(async (node) => (await node.hash()).hash))
      return new Set(hashes).size === 1
    },
    settleMsMax,
    lookEveryMs
  )
}
