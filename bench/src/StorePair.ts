/**
 * Two devices with equal stores of many records, one of which the other dials through a counting relay. The stores are
 * made once in a run, the second from the first by a cold sync, and left equal by every measurement that opens them.
 */
import { ChildProcess } from "./ChildProcess.ts"
import * as Cities from "./Cities.ts"
import type { Proven } from "./child/ComparisonJobs.ts"
import { CountingProxy, type Traffic } from "./CountingProxy.ts"
import { space, type Workshop } from "./Workshop.ts"

/** Time in which the end of a link and late messages reach the other side. */
const settleMs = 250

/** How many records the two have, and how that is called in figures. */
export const millionOf = ({ isQuick }: Workshop): { readonly count: number; readonly size: string } =>
  isQuick ? { count: 4_000, size: "4k" } : { count: 1_000_000, size: "1M" }

/** Where one of the devices lives. */
interface Home {
  readonly folder: string
  readonly trusted: ReadonlyArray<string>
}

/** The two stores, closed. */
export interface Stores {
  readonly count: number
  readonly hub: Home
  readonly device: Home
}

const open = (child: ChildProcess, { folder, trusted }: Home, listens: boolean) =>
  child.call("openPeer", { folder, space, trusted, listens })

/** The peer id of a new device. */
const settle = async (child: ChildProcess, folder: string): Promise<string> => {
  const { peer } = await open(child, { folder, trusted: [] }, false)
  await child.call("closePeer")
  return peer
}

const fill = async (workshop: Workshop, count: number): Promise<Stores> => {
  // Not profiled: this is the preparation.
  const hub = new ChildProcess()
  const device = new ChildProcess()
  try {
    const folders = { hub: workshop.folder("pair"), device: workshop.folder("pair") }
    const devicePeer = await settle(device, folders.device)
    const hubHome: Home = { folder: folders.hub, trusted: [devicePeer] }
    const { addresses, peer } = await open(hub, hubHome, true)
    const deviceHome: Home = { folder: folders.device, trusted: [peer] }
    await hub.call("write", { count, perCommit: Cities.importRecords })
    await open(device, deviceHome, false)
    const { entities } = await device.call("dial", { address: addresses[0]! })
    if (entities !== count) throw new Error(`the second store has ${entities} of ${count} records`)
    await device.call("closePeer")
    await hub.call("closePeer")
    return { count, hub: hubHome, device: deviceHome }
  } finally {
    await device.end()
    await hub.end()
  }
}

/** The stores of this run with `count` records and, after measurements that add some, a few more. */
export const stores = (workshop: Workshop, count: number): Promise<Stores> =>
  workshop.kept(`pair of ${count}`, () => fill(workshop, count))

/** One comparison, from where it was asked for to the proof on both sides. */
export interface Comparison extends Traffic {
  readonly ms: number
  readonly hub: Proven
  readonly device: Proven
}

export interface StorePair {
  readonly stores: Stores
  /** Dials; everything from the TCP connection on counts. */
  readonly dial: () => Promise<Comparison>
  /** Compares on the link that is open. */
  readonly compare: () => Promise<Comparison>
  /** Ends the link. */
  readonly hangUp: () => Promise<void>
  /** Makes each side differ by so many records while there is no link. */
  readonly differ: (input: { readonly changed: number; readonly added: number; readonly salt: number }) => Promise<void>
  /** Opens both devices afresh, without any knowledge of how far they have followed each other. */
  readonly forgetCursors: () => Promise<void>
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Opens both devices, each in a process of its own, without a link. */
export const openPair = async (workshop: Workshop, made: Stores): Promise<StorePair> => {
  const hub = workshop.child()
  const device = workshop.child()
  let proxy = await openBoth(hub, device, made)
  workshop.onEnd(() => proxy.close())
  const measure = async (begin: () => Promise<bigint>): Promise<Comparison> => {
    await sleep(settleMs)
    proxy.take()
    await hub.call("watchProof")
    const beganNs = await begin()
    const proven = { hub: await hub.call("takeProof"), device: await device.call("takeProof") }
    // What follows the proof counts too, the goodbye does not: a link that stays up has none.
    await sleep(settleMs)
    if (proven.hub.root !== proven.device.root) throw new Error("the two sides proved different roots")
    const endedNs = proven.hub.atNs > proven.device.atNs ? proven.hub.atNs : proven.device.atNs
    return { ...proven, ...proxy.take(), ms: Number(endedNs - beganNs) / 1e6 }
  }
  return {
    stores: made,
    dial: () => measure(() => device.call("dialAndCompare", { address: proxy.address })),
    compare: () => measure(() => device.call("compare")),
    hangUp: () => device.call("hangUp", { address: proxy.address }),
    differ: async ({ salt, ...input }) => {
      await hub.call("differ", { ...input, of: made.count, salt: 2 * salt })
      await device.call("differ", { ...input, of: made.count, salt: 2 * salt + 1 })
    },
    forgetCursors: async () => {
      await proxy.close()
      await device.call("closePeer")
      await hub.call("closePeer")
      for (const { folder } of [made.hub, made.device]) await device.call("forgetCursors", { folder })
      proxy = await openBoth(hub, device, made)
    }
  }
}

const openBoth = async (hub: ChildProcess, device: ChildProcess, made: Stores): Promise<CountingProxy> => {
  const { addresses } = await open(hub, made.hub, true)
  await open(device, made.device, false)
  return CountingProxy.open(addresses[0]!)
}
