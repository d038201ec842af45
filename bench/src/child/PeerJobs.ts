/**
 * One Syncline device in a process of its own: `createNode` with the personal policy and Socket.IO, as an application
 * would have it. Times are taken here, next to the node, so that the way to the parent process is in none of them.
 */
import { createNode, type EventOf, type SynclineNode } from "@syncline/node"
import { personal } from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"
import * as Cities from "../Cities.ts"
import * as JournalFile from "./JournalFile.ts"
import { timed } from "./Timing.ts"

type Peer = SynclineNode<{ readonly city: typeof Cities.City }>

export interface OpenOptions {
  readonly folder: string
  readonly space: string
  readonly trusted: ReadonlyArray<string>
}

export interface ChangeInput {
  readonly count: number
  readonly of: number
  /** Another one chooses other records and values. */
  readonly salt: number
  readonly perCommit: number
}

/** A child has one device at a time. */
let open: { readonly peer: Peer; readonly folder: string } | undefined
/** Changes that came from other devices, with the nanosecond at which they were readable here. */
let seen: Array<readonly [id: string, atNs: bigint]> = []
let stopWatching = (): void => undefined

/** A sync that takes longer counts as failed. */
const syncMsMax = 120_000
/** Time between two changes, so that each travels alone. */
const pauseMs = 8

const opened = (): NonNullable<typeof open> => {
  if (open === undefined) throw new Error("no device is open in this process")
  return open
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The next `SyncCompleted`, which is a proof that both sides are equal. */
const nextProof = (peer: Peer): Promise<EventOf<"SyncCompleted">> =>
  new Promise((resolve, reject) => {
    const off = peer.on("SyncCompleted", (event) => {
      clearTimeout(timer)
      off()
      resolve(event)
    })
    const giveUp = async (): Promise<void> => {
      off()
      throw new Error(`no proof within ${syncMsMax} ms; the device says ${JSON.stringify(await peer.status())}`)
    }
    const timer = setTimeout(() => void giveUp().catch(reject), syncMsMax)
  })

/** The change that a record gets in the measurements: another population. */
const changed = (record: Cities.CityRecord, salt: number): Cities.CityRecord => ({
  ...record,
  population: record.population + 1 + salt
})

const writeAll = async (peer: Peer, records: ReadonlyArray<Cities.CityRecord>, perCommit: number): Promise<void> => {
  if (perCommit === 1) for (const record of records) await peer.city.put(record)
  else for (const part of Cities.chunks(records, perCommit)) await peer.city.putAll(part)
}

export const peerJobs = {
  /** Opens the device and gives its peer id. */
  openPeer: async ({ folder, space, trusted }: OpenOptions) => {
    const peer = await createNode({
      space,
      store: folder,
      entities: { city: Cities.City },
      policy: personal({ trusted }),
      transports: [socketIo()]
    })
    open = { peer, folder }
    return { peer: peer.peer }
  },

  closePeer: async () => {
    const { peer } = opened()
    stopWatching()
    await peer.close()
    open = undefined
  },

  /** Writes the first `count` cities durably, `perCommit` in each transaction. */
  write: async ({ count, perCommit }: { readonly count: number; readonly perCommit: number }) => {
    const { peer } = opened()
    const records = Cities.first(count)
    return timed(() => writeAll(peer, records, perCommit))
  },

  /** Goes to a hub; seconds from the dial to the proof that both have the same. */
  dial: async ({ address }: { readonly address: string }) => {
    const { peer } = opened()
    const proof = nextProof(peer)
    let entities = 0
    const times = await timed(async () => {
      await peer.send({ _tag: "AddRoute", address })
      entities = (await proof).entities
    })
    return { ...times, entities }
  },

  /** Leaves the hub. */
  hangUp: async ({ address }: { readonly address: string }) => {
    const { peer } = opened()
    await peer.send({ _tag: "RemoveRoute", address })
  },

  /** One hash over all records. */
  stateHash: async () => (await opened().peer.hash()).hash,

  /** Changes `count` of the first `of` cities in transactions of `perCommit`, until the hub has proved to have them. */
  change: async (input: ChangeInput) => {
    const { folder, peer } = opened()
    const before = JournalFile.head(folder)
    const step = Math.floor(input.of / input.count)
    const chosen = Cities.first(input.of).filter((_, i) => i % step === input.salt % step)
    const changes = chosen.slice(0, input.count).map((record) => changed(record, input.salt))
    await writeAll(peer, changes, input.perCommit)
    const proof = nextProof(peer)
    await peer.send({ _tag: "ForceSync", peer: null })
    await proof
    return JournalFile.commitsAfter(folder, before)
  },

  /** Begins to note what comes from others. */
  watchChanges: async () => {
    seen = []
    const { peer } = opened()
    stopWatching = peer.on("EntitiesUpdated", (event) => {
      if (event.peer === null) return
      const atNs = process.hrtime.bigint()
      for (const id of event.ids) seen.push([id, atNs])
    })
  },

  /** What `watchChanges` has noted. */
  seenChanges: async () => seen,

  /** Changes `count` cities one by one and gives the nanosecond at which each write began. */
  changeSlowly: async ({ count }: { readonly count: number }) => {
    const { peer } = opened()
    const began: Array<readonly [id: string, atNs: bigint]> = []
    for (const record of Cities.first(count)) {
      began.push([record.id, process.hrtime.bigint()])
      await peer.city.put(changed(record, 0))
      await sleep(pauseMs)
    }
    return began
  }
}
