/**
 * Many Syncline devices in one process, each a whole node with a journal in memory that dials the hub by Socket.IO. What is measured
 * with them is the measurements' business; they note when each had what.
 */
import {
  type Crypto,
  Journal,
  type JournalError,
  MemoryJournal,
  Orchestrator,
  PeerId,
  Records,
  SpaceKeys,
  StateHash,
  type SyncEvent
} from "@syncline/core"
import { DeviceKeyFile, NodeCompression, NodeCrypto, NodeTransports, spaceOf } from "@syncline/node"
import * as Policy from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"
import { Effect, Layer, ManagedRuntime, Redacted, Stream } from "effect"
import * as Cities from "../Cities.ts"
import { Listener } from "./Listener.ts"

export interface GatherInput {
  readonly space: string
  readonly address: string
  /** The hub's peer id. */
  readonly hub: string
}

/** A crowd that takes longer to have everything counts as failed. */
const gatherMsMax = 120_000
const lookEveryMs = 20
/** Nodes that are built at a time. */
const buildingMax = 50

type Running = ManagedRuntime.ManagedRuntime<
  Journal.Journal | Crypto.Crypto | Orchestrator.Orchestrator | Records.Records,
  JournalError.JournalError
>

interface Proof {
  readonly entities: number
  readonly atNs: bigint
}

interface Member {
  readonly runtime: Running
  /** Records that the last proof of equality with the hub was about, and its nanosecond. */
  proof: Proof
  /** The first proof since `awaitHub`. */
  firstProof: Proof | undefined
}

let seeds: ReadonlyArray<DeviceKeyFile.Seed> = []
let members: ReadonlyArray<Member> = []
let listeners: ReadonlyArray<Listener> = []

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const nodeOf = (seed: DeviceKeyFile.Seed, { address, hub, space }: GatherInput) => {
  const routes = [{ address, peer: PeerId.PeerId.make(hub) }]
  return Layer.mergeAll(Orchestrator.Orchestrator.layer({ routes }), Records.Records.layer).pipe(
    Layer.provideMerge(SpaceKeys.layer),
    Layer.provideMerge(NodeTransports.layer([socketIo()], routes)),
    Layer.provideMerge(Policy.personal({ trusted: [hub] })),
    Layer.provideMerge(MemoryJournal.layer({ space: spaceOf(space) })),
    Layer.provideMerge(Layer.mergeAll(NodeCrypto.layer, NodeCompression.layer, DeviceKeyFile.layerSeed(seed)))
  )
}

const noteProof = (member: Member, event: SyncEvent.SyncEvent): void => {
  if (event._tag !== "SyncCompleted") return
  member.proof = { entities: event.entities, atNs: process.hrtime.bigint() }
  member.firstProof ??= member.proof
}

const join = async (seed: DeviceKeyFile.Seed, input: GatherInput): Promise<Member> => {
  const member: Member = {
    runtime: ManagedRuntime.make(nodeOf(seed, input)),
    proof: { entities: -1, atNs: 0n },
    firstProof: undefined
  }
  const { events } = await member.runtime.runPromise(Orchestrator.Orchestrator)
  member.runtime.runFork(Stream.runForEach(events, (event) => Effect.sync(() => noteProof(member, event))))
  await member.runtime.runPromise(Orchestrator.Orchestrator.use(({ send }) => send({ _tag: "Start" })))
  return member
}

const hashOf = Effect.map(StateHash.compute(), ({ hash }) => hash)

/** Whether each has proved to have as many records as the hub. */
const haveAll = (count: number): boolean => members.every(({ proof }) => proof.entities === count)

const heardAll = async (commits: number): Promise<void> => {
  const limitMs = performance.now() + gatherMsMax
  while (listeners.some(({ heard }) => heard.length < commits)) {
    const least = Math.min(...listeners.map(({ heard }) => heard.length))
    if (performance.now() > limitMs) throw new Error(`a listener heard ${least} of ${commits} commits`)
    await sleep(lookEveryMs)
  }
}

export const crowdJobs = {
  /** Draws the keys of so many devices and gives their peer ids. */
  drawCrowd: async ({ count }: { readonly count: number }) => {
    seeds = await Promise.all(Array.from({ length: count }, () => Effect.runPromise(DeviceKeyFile.draw)))
    return seeds.map((seed) => DeviceKeyFile.deviceKey(seed).peer)
  },

  /** Opens them all; they dial from now on. */
  gatherCrowd: async (input: GatherInput) => {
    const all: Array<Member> = []
    for (let from = 0; from < seeds.length; from += buildingMax) {
      all.push(...(await Promise.all(seeds.slice(from, from + buildingMax).map((seed) => join(seed, input)))))
    }
    members = all
  },

  /** The first so many devices write one city each, from a place on. */
  crowdWrites: async ({ count, from }: { readonly count: number; readonly from: number }) => {
    await Promise.all(
      members.slice(0, count).map(({ runtime }, at) => {
        const { id, ...fields } = Cities.at(from + at)
        return runtime.runPromise(Records.Records.use((records) => records.put(Cities.City, fields, id)))
      })
    )
  },

  /** Forgets that they had the same as the hub. */
  awaitHub: async () => {
    for (const member of members) member.firstProof = undefined
  },

  /** Waits until each has proved to have so many records; gives the nanosecond of its first proof since `awaitHub`, and of the last. */
  crowdHas: async ({ count }: { readonly count: number }) => {
    const limitMs = performance.now() + gatherMsMax
    while (!haveAll(count)) {
      if (performance.now() > limitMs) {
        const missing = members.filter(({ proof }) => proof.entities !== count)
        const some = missing.slice(0, 3).map(({ proof }) => proof.entities)
        throw new Error(
          `${missing.length} of ${members.length} devices do not have ${count} records, but e.g. ${some.join(", ")}`
        )
      }
      await sleep(lookEveryMs)
    }
    return members.map(({ firstProof, proof }) => ({ firstNs: firstProof?.atNs ?? proof.atNs, lastNs: proof.atNs }))
  },

  /** Opens a `Listener` for each key instead, and waits until each has heard so many commits. */
  listenCrowd: async ({ address, commits, space }: Omit<GatherInput, "hub"> & { readonly commits: number }) => {
    const all: Array<Listener> = []
    for (const seed of seeds) all.push(await Listener.open(address, space, NodeCrypto.signerOf(Redacted.value(seed))))
    listeners = all
    await heardAll(commits)
    for (const { heard } of listeners) heard.length = 0
  },

  /** Waits until each listener has heard so many commits more, and gives the nanosecond of each. */
  crowdHeard: async ({ commits }: { readonly commits: number }) => {
    await heardAll(commits)
    return listeners.map(({ heard }) => heard)
  },

  /** One hash over all records of each; equal ones once. */
  crowdHashes: async () => {
    const hashes = members.map(({ runtime }) => runtime.runPromise(hashOf))
    return [...new Set(await Promise.all(hashes))]
  },

  closeCrowd: async () => {
    await Promise.all([...members.map(({ runtime }) => runtime.dispose()), ...listeners.map((each) => each.close())])
    members = []
    listeners = []
  }
}

/** Jobs by name; the parent's calls are typed by them. */
export type CrowdJobs = typeof crowdJobs
