/**
 * One comparison of two devices, seen from one of them: when it has the proof that both are equal, and what it cost
 * this process. The clock is the machine's, so that two processes' moments can be subtracted.
 */
import type { EventOf } from "@syncline/node"
import * as JournalFile from "./JournalFile.ts"
import { nextProof, opened } from "./OpenPeer.ts"
import { proofMsMax, writeAll } from "./PeerJobs.ts"
import * as Cities from "../Cities.ts"

export interface Proven {
  /** When this side had the proof, in nanoseconds of the machine's monotonic clock. */
  readonly atNs: bigint
  /** Processor time of all threads from `watch` until then. */
  readonly cpuSeconds: number
  readonly root: string
  readonly entities: number
  readonly sentEvents: number
  readonly receivedEvents: number
}

export interface DifferInput {
  /** Records of the store that are changed, spread over the first `of`. */
  readonly changed: number
  /** Records that only this side gets. */
  readonly added: number
  readonly of: number
  /** Another one chooses other records and values. */
  readonly salt: number
}

let proof: Promise<Proven> | undefined

const provenFrom = (cpu: NodeJS.CpuUsage, event: EventOf<"SyncCompleted">): Proven => {
  const atNs = process.hrtime.bigint()
  const { system, user } = process.cpuUsage(cpu)
  const { entities, receivedEvents, root, sentEvents } = event
  return { atNs, cpuSeconds: (system + user) / 1e6, root, entities, sentEvents, receivedEvents }
}

const watch = (): void => {
  const cpu = process.cpuUsage()
  proof = nextProof(opened().peer, proofMsMax).then((event) => provenFrom(cpu, event))
  // Whoever asks for the proof gets the failure; until then it is nobody's.
  proof.catch(() => undefined)
}

export const comparisonJobs = {
  /** Begins to wait for the next proof. */
  watchProof: async () => watch(),

  /** Waits for a proof and compares on the links that are open; gives the nanosecond at which that was asked for. */
  compare: async () => {
    watch()
    const beganNs = process.hrtime.bigint()
    await opened().peer.send({ _tag: "ForceSync", peer: null })
    return beganNs
  },

  /** Waits for a proof and dials; gives the nanosecond at which that was asked for. */
  dialAndCompare: async ({ address }: { readonly address: string }) => {
    watch()
    const beganNs = process.hrtime.bigint()
    await opened().peer.send({ _tag: "AddRoute", address })
    return beganNs
  },

  /** The proof that `watchProof`, `compare` or `dialAndCompare` waits for. */
  takeProof: async () => {
    if (proof === undefined) throw new Error("nobody waits for a proof")
    return proof
  },

  /** Makes this device differ: changed records and new ones, each in a commit of its own. */
  differ: async ({ added, changed, of, salt }: DifferInput) => {
    const { peer } = opened()
    const step = Math.floor(of / changed)
    const places = Array.from({ length: changed }, (_, i) => i * step + (salt % step))
    const changes = places.map((place) => {
      const record = Cities.at(place)
      return { ...record, population: record.population + 1 + salt }
    })
    const additions = Array.from({ length: added }, (_, i) => ({ ...Cities.at(i), id: `${peer.peer}-${salt}-${i}` }))
    await writeAll(peer, [...changes, ...additions], 1)
  },

  /** Makes the closed journal of a folder forget how far it has followed its peers. */
  forgetCursors: async ({ folder }: { readonly folder: string }) => JournalFile.forgetCursors(folder)
}
