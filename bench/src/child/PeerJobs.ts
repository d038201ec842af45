/**
 * What a Syncline device in a process of its own does for the measurements. Times are taken here, next to the node, so
 * that the way to the parent process is in none of them.
 */
import * as Cities from "../Cities.ts"
import * as JournalFile from "./JournalFile.ts"
import { closePeer, nextProof, opened, openPeer, type OpenOptions, type Peer } from "./OpenPeer.ts"
import { timed } from "./Timing.ts"

export interface ChangeInput {
  readonly count: number
  readonly of: number
  /** Another one chooses other records and values. */
  readonly salt: number
  readonly perCommit: number
}

export interface WriteInput {
  readonly count: number
  /** Default 0. */
  readonly from?: number
  readonly perCommit: number
}

export interface ChangeSlowlyInput {
  readonly count: number
  readonly everyMs?: number
  /** Another one chooses other values. */
  readonly salt?: number
}

/** Changes that came from other devices, with the nanosecond at which they were readable here. */
let seen: Array<readonly [id: string, atNs: bigint]> = []
/** How many came, with the nanosecond of the last. */
let arrived = { count: 0, atNs: 0n }
let stopWatching = (): void => undefined

/** A sync that takes longer counts as failed; a million records take a minute. */
export const proofMsMax = 300_000
/** A stream of changes has this long to arrive after the last was written. */
const arriveMsMax = 60_000
const lookEveryMs = 5
/** Time between two changes, so that each travels alone. */
const pauseMs = 8

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The change that a record gets in the measurements: another population. */
const changed = (record: Cities.CityRecord, salt: number): Cities.CityRecord => ({
  ...record,
  population: record.population + 1 + salt
})

/** Writes durably, `perCommit` in each transaction. */
export const writeAll = async (
  peer: Peer,
  records: ReadonlyArray<Cities.CityRecord>,
  perCommit: number
): Promise<void> => {
  if (perCommit === 1) for (const record of records) await peer.city.put(record)
  else for (const part of Cities.chunks(records, perCommit)) await peer.city.putAll(part)
}

export const peerJobs = {
  /** Opens the device and gives its peer id and where it can be dialled. */
  openPeer: async (options: OpenOptions) => {
    const { addresses, peer } = await openPeer(options)
    return { peer, addresses }
  },

  closePeer: async () => {
    stopWatching()
    await closePeer()
  },

  /** Writes `count` cities from the place `from` on durably, `perCommit` in each transaction. */
  write: async ({ count, from = 0, perCommit }: WriteInput) => {
    const { peer } = opened()
    const records = Array.from({ length: count }, (_, i) => Cities.at(from + i))
    const beganNs = process.hrtime.bigint()
    return { beganNs, ...(await timed(() => writeAll(peer, records, perCommit))) }
  },

  /** Bytes of all its commits, as they are stored and sent. */
  commitBytes: async () => JournalFile.commitsAfter(opened().folder, 0).bytes,

  /** Writes `count` places, a thousand in each transaction. */
  writePlaces: async ({ count }: { readonly count: number }) => {
    const { peer } = opened()
    for (const part of Cities.chunks(Cities.first(count), Cities.importRecords)) await peer.place.putAll(part)
  },

  /** Writes `perTeam` places for each of so many teams, one after the other; gives what the last one's commits are. */
  writeTeams: async ({ perTeam, teams }: { readonly perTeam: number; readonly teams: number }) => {
    const { folder, peer } = opened()
    let before = 0
    for (let team = 0; team < teams; team++) {
      before = JournalFile.head(folder)
      const records = Array.from({ length: perTeam }, (_, i) => Cities.at(team * perTeam + i))
      for (const part of Cities.chunks(records, Cities.importRecords)) {
        await peer.place.putAll(part.map((record) => ({ ...record, country: `t${team}` })))
      }
    }
    return JournalFile.commitsAfter(folder, before)
  },

  /** Goes to a hub; seconds from the dial to the proof that both have the same. */
  dial: async ({ address }: { readonly address: string }) => {
    const { peer } = opened()
    const proof = nextProof(peer, proofMsMax)
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

  /** Waits until its records have this hash. */
  equals: async ({ hash }: { readonly hash: string }) => {
    const limitMs = performance.now() + arriveMsMax
    while ((await opened().peer.hash()).hash !== hash) {
      if (performance.now() > limitMs) throw new Error("the device does not come to have the same")
      await sleep(lookEveryMs)
    }
  },

  /** Changes `count` of the first `of` cities in transactions of `perCommit`, until the hub has proved to have them. */
  change: async (input: ChangeInput) => {
    const { folder, peer } = opened()
    const before = JournalFile.head(folder)
    const step = Math.floor(input.of / input.count)
    const chosen = Cities.first(input.of).filter((_, i) => i % step === input.salt % step)
    const changes = chosen.slice(0, input.count).map((record) => changed(record, input.salt))
    await writeAll(peer, changes, input.perCommit)
    const proof = nextProof(peer, proofMsMax)
    await peer.send({ _tag: "ForceSync", peer: null })
    await proof
    return JournalFile.commitsAfter(folder, before)
  },

  /** Resident memory of this process without its garbage, in bytes. */
  resident: async () => {
    globalThis.gc?.()
    await sleep(lookEveryMs)
    globalThis.gc?.()
    return process.memoryUsage().rss
  },

  /** Waits until everything that is here was left in the mailbox; gives the bytes of its commits. */
  leftInMailbox: async () => {
    const { folder, peer } = opened()
    while ((await peer.status()).mailboxes[0]?.lookedAtMs === undefined) await sleep(lookEveryMs)
    return { bytes: JournalFile.commitsAfter(folder, 0).bytes }
  },

  /** Waits until the device has the same as another one by the mailbox. */
  equalByMailbox: async () => {
    const { peer } = opened()
    while ((await peer.status()).mailboxes[0]?.equal !== 1) await sleep(lookEveryMs)
  },

  /** Begins to note what comes from others. */
  watchChanges: async () => {
    seen = []
    arrived = { count: 0, atNs: 0n }
    const { peer } = opened()
    stopWatching = peer.on("EntitiesUpdated", (event) => {
      if (event.peer === null) return
      const atNs = process.hrtime.bigint()
      for (const id of event.ids) seen.push([id, atNs])
      arrived = { count: arrived.count + event.count, atNs }
    })
  },

  /** What `watchChanges` has noted. */
  seenChanges: async () => seen,

  /** Waits until `watchChanges` has counted so many, and gives the nanosecond of the last. */
  arrivals: async ({ count }: { readonly count: number }) => {
    const limitMs = performance.now() + arriveMsMax
    while (arrived.count < count) {
      if (performance.now() > limitMs) throw new Error(`${arrived.count} of ${count} changes arrived`)
      await sleep(lookEveryMs)
    }
    return arrived.atNs
  },

  /** Changes `count` cities one by one and gives the nanosecond at which each write began. */
  changeSlowly: async ({ count, everyMs = pauseMs, salt = 0 }: ChangeSlowlyInput) => {
    const { peer } = opened()
    const began: Array<readonly [id: string, atNs: bigint]> = []
    for (const record of Cities.first(count)) {
      began.push([record.id, process.hrtime.bigint()])
      await peer.city.put(changed(record, salt))
      await sleep(everyMs)
    }
    return began
  },

  /** Changes the first `of` cities in turn, `count` times, at an even pace or as fast as writes are durable; the nanosecond at which each began. */
  changeSteadily: async ({
    count,
    everyMs,
    of
  }: {
    readonly count: number
    readonly everyMs: number
    readonly of: number
  }) => {
    const { peer } = opened()
    const began: Array<bigint> = []
    const beganMs = performance.now()
    for (let at = 0; at < count; at++) {
      const waitMs = beganMs + at * everyMs - performance.now()
      if (waitMs > 0) await sleep(waitMs)
      began.push(process.hrtime.bigint())
      await peer.city.put(changed(Cities.at(at % of), at))
    }
    return began
  }
}
