/**
 * One device of a long run: it changes notes at random moments, and now and then it hangs up and comes back, or closes
 * altogether and opens again. It counts what it did and what came from others; it judges nothing.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { PeerId } from "@syncline/core"
import { createNode, type SynclineNode } from "@syncline/node"
import { personal } from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"
import { idOf, Note, space } from "./Notes.ts"

type Node = SynclineNode<{ readonly note: typeof Note }>

export interface DeviceOptions {
  readonly folder: string
  readonly address: string
  readonly hub: string
}

export interface WorkOptions {
  /** Numbers of the notes that are there. */
  readonly records: number
  /** Mean time between two transactions of this device. */
  readonly everyMs: number
  /** Mean time between two departures. */
  readonly leaveEveryMs: number
}

export interface Counts {
  transactions: number
  written: number
  received: number
  departures: number
  reopenings: number
}

/** One departure in so many closes the device. */
const reopenEvery = 4
/** Longest time that a device stays away. */
const awayMsMax = 5_000
/** Notes of one transaction. */
const notesMax = 10
/** One change in so many is a new note; the others change what is there. */
const newEvery = 5

export class NoteDevice {
  readonly counts: Counts = { transactions: 0, written: 0, received: 0, departures: 0, reopenings: 0 }
  readonly #options: DeviceOptions
  #node: Node
  #working: Promise<void> = Promise.resolve()
  #isStopping = false

  private constructor(options: DeviceOptions, node: Node) {
    this.#options = options
    this.#node = node
    this.#watch()
  }

  static async open(options: DeviceOptions): Promise<NoteDevice> {
    return new NoteDevice(options, await openNode(options))
  }

  /** Begins to work until `stop`. A change that fails ends the process: none may. */
  work(options: WorkOptions): void {
    this.#working = this.#work(options)
  }

  /** Ends the work; the device is connected again or about to be. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#working
  }

  /** True when both sides found their roots equal and nothing has changed since. */
  async isSynced(): Promise<boolean> {
    const { peers } = await this.#node.status()
    return peers.some(({ peer, state }) => peer === this.#options.hub && state === "synced")
  }

  async stateHash(): Promise<string> {
    const { count, hash } = await this.#node.hash()
    return `${hash} ${count}`
  }

  close(): Promise<void> {
    return this.#node.close()
  }

  #watch(): void {
    this.#node.on("EntitiesUpdated", ({ count, peer }) => {
      if (peer !== null) this.counts.received += count
    })
  }

  async #work({ everyMs, leaveEveryMs, records }: WorkOptions): Promise<void> {
    let leaveAtMs = performance.now() + chance(leaveEveryMs)
    while (!this.#isStopping) {
      await this.#pause(chance(everyMs))
      if (performance.now() >= leaveAtMs) {
        await this.#leave()
        leaveAtMs = performance.now() + chance(leaveEveryMs)
      } else await this.#write(records)
    }
  }

  async #write(records: number): Promise<void> {
    const count = 1 + Math.floor(Math.random() * notesMax)
    this.counts.transactions++
    this.counts.written += count
    if (Math.random() * newEvery < 1) {
      const made = Array.from({ length: count }, (_, number) => ({ title: `made ${Date.now()}`, number, done: false }))
      await this.#node.note.putAll(made)
      return
    }
    const changed = Array.from({ length: count }, () => {
      const number = Math.floor(Math.random() * records)
      return { id: idOf(number), title: `changed ${Date.now()}`, number, done: true }
    })
    await this.#node.note.putAll(changed)
  }

  /** Goes away for a moment. */
  async #leave(): Promise<void> {
    const { address, hub } = this.#options
    this.counts.departures++
    if (this.counts.departures % reopenEvery === 0) {
      this.counts.reopenings++
      await this.#node.close()
      await this.#pause(Math.random() * awayMsMax)
      this.#node = await openNode(this.#options)
      return this.#watch()
    }
    await this.#node.send({ _tag: "RemoveRoute", address })
    await this.#pause(Math.random() * awayMsMax)
    await this.#node.send({ _tag: "AddPeer", address, peer: PeerId.PeerId.make(hub) })
  }

  /** Waits, but not for long when the work is to end. */
  async #pause(ms: number): Promise<void> {
    const untilMs = performance.now() + ms
    while (!this.#isStopping && performance.now() < untilMs) {
      await sleep(Math.min(500, Math.max(1, untilMs - performance.now())))
    }
  }
}

const openNode = ({ address, folder, hub }: DeviceOptions): Promise<Node> =>
  createNode({
    space,
    store: folder,
    entities: { note: Note },
    policy: personal({ trusted: [hub] }),
    transports: [socketIo()],
    routes: [{ address, peer: hub }]
  })

/** Times between events that know nothing of each other. */
const chance = (meanMs: number): number => -Math.log(1 - Math.random()) * meanMs
