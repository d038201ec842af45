/**
 * The devices of a long run, spread over a few processes. It hands orders on and adds answers up.
 */
import { join } from "node:path"
import { ChildProcess } from "../ChildProcess.ts"
import type { DeviceJobs } from "./devices.ts"
import type { Counts, DeviceOptions, WorkOptions } from "./NoteDevice.ts"

/** More devices of one process would wait for each other. */
const perProcess = 10

const entry = new URL("./devices.ts", import.meta.url)

export const process = (): ChildProcess<DeviceJobs> => new ChildProcess<DeviceJobs>([], entry)

/** Makes a folder of a device of its own for each, with the notes of `from`; gives folder and peer id of each. */
export const makeFolders = async (
  from: string,
  root: string,
  count: number
): Promise<ReadonlyArray<{ readonly folder: string; readonly peer: string }>> => {
  const child = process()
  try {
    const made: Array<{ readonly folder: string; readonly peer: string }> = []
    for (let i = 0; i < count; i++) {
      const folder = join(root, `device-${i}`)
      made.push({ folder, peer: await child.call("copy", { from, to: folder }) })
    }
    return made
  } finally {
    await child.end()
  }
}

export class Fleet {
  readonly #children: ReadonlyArray<ChildProcess<DeviceJobs>>

  private constructor(children: ReadonlyArray<ChildProcess<DeviceJobs>>) {
    this.#children = children
  }

  static async open(devices: ReadonlyArray<DeviceOptions>): Promise<Fleet> {
    const parts = Array.from({ length: Math.ceil(devices.length / perProcess) }, (_, i) =>
      devices.slice(i * perProcess, (i + 1) * perProcess)
    )
    const fleet = new Fleet(parts.map(() => process()))
    try {
      await Promise.all(fleet.#children.map((child, i) => child.call("open", parts[i]!)))
      return fleet
    } catch (error) {
      await fleet.end()
      throw error
    }
  }

  async work(options: WorkOptions): Promise<void> {
    await Promise.all(this.#children.map((child) => child.call("work", options)))
  }

  /** What all devices did together. */
  async counts(): Promise<Counts> {
    const all = await Promise.all(this.#children.map((child) => child.call("counts")))
    return all.reduce((a, b) => ({
      transactions: a.transactions + b.transactions,
      written: a.written + b.written,
      received: a.received + b.received,
      departures: a.departures + b.departures,
      reopenings: a.reopenings + b.reopenings
    }))
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.call("stop")))
  }

  /** How many devices are in step with the hub. */
  async synced(): Promise<number> {
    const all = await Promise.all(this.#children.map((child) => child.call("synced")))
    return all.reduce((sum, each) => sum + each, 0)
  }

  /** Hashes over all records of one device of each process. */
  stateHashes(): Promise<ReadonlyArray<string>> {
    return Promise.all(this.#children.map((child) => child.call("stateHash")))
  }

  async close(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.call("close")))
  }

  /** Ends the processes, whatever they do. */
  async end(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.end()))
  }
}
