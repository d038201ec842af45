/**
 * Where measurements work: fresh folders below one temporary folder, child processes, and the end of both whatever
 * happens. Filled data folders are made once and copied, because filling one takes longer than measuring.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Cities from "./Cities.ts"
import { ChildProcess } from "./ChildProcess.ts"
import { type HubOptions, HubProcess } from "./HubProcess.ts"

/** The name of the space in all measurements. */
export const space = "bench"

/** The data folder of a device. */
export interface FilledFolder {
  readonly folder: string
  /** Peer id of the device whose folder it is. */
  readonly peer: string
  /** The hash over its records. */
  readonly stateHash: string
}

export class Workshop {
  readonly space = space
  readonly isQuick: boolean
  readonly #root = mkdtempSync(join(tmpdir(), "syncline-bench-"))
  readonly #profiling: ReadonlyArray<string>
  readonly #kept = new Map<string, Promise<unknown>>()
  readonly #ends: Array<() => Promise<void>> = []
  #folders = 0
  #number = 0

  constructor(options: { readonly isQuick: boolean; readonly profiles: string | undefined }) {
    this.isQuick = options.isQuick
    this.#profiling = options.profiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profiles}`]
  }

  /** A new empty folder; it is removed at the end. */
  folder(name: string): string {
    const path = join(this.#root, `${name}-${this.#folders++}`)
    mkdirSync(path)
    return path
  }

  /** A measuring process; `execArgv` are further options for Node itself. */
  child(execArgv: ReadonlyArray<string> = []): ChildProcess {
    const child = new ChildProcess([...this.#profiling, ...execArgv])
    this.onEnd(() => child.end())
    return child
  }

  async hub(options: Omit<HubOptions, "space" | "execArgv">): Promise<HubProcess> {
    const hub = await HubProcess.start({ ...options, space, execArgv: this.#profiling })
    this.onEnd(() => hub.end())
    return hub
  }

  /** A copy of a folder that holds the first `count` cities. */
  async filled(count: number): Promise<FilledFolder> {
    return this.copy(await this.kept(`folder of ${count}`, () => this.#fill(count)))
  }

  /** A copy of a folder that holds the first `count` cities as places. */
  async places(count: number): Promise<FilledFolder> {
    return this.copy(await this.kept(`places ${count}`, () => this.#fill(count, true)))
  }

  /** A folder with records of many teams, to be copied, and what the last team's commits are. */
  async fillTeams(teams: number, perTeam: number) {
    const folder = this.folder("template")
    const child = new ChildProcess()
    try {
      const { peer } = await child.call("openPeer", { folder, space, trusted: [] })
      const gain = await child.call("writeTeams", { teams, perTeam })
      await child.call("closePeer")
      return { folder, peer, gain }
    } finally {
      await child.end()
    }
  }

  /** A copy of a folder that nobody has open. */
  copy<F extends { readonly folder: string }>(filled: F): F {
    const copy = this.folder("filled")
    cpSync(filled.folder, copy, { recursive: true })
    return { ...filled, folder: copy }
  }

  /** A folder with a key and an empty journal. */
  async empty(name: string): Promise<Omit<FilledFolder, "stateHash">> {
    const folder = this.folder(name)
    const child = new ChildProcess()
    try {
      const { peer } = await child.call("openPeer", { folder, space, trusted: [] })
      await child.call("closePeer")
      return { folder, peer }
    } finally {
      await child.end()
    }
  }

  /** Makes something once in a run. */
  kept<A>(name: string, make: () => Promise<A>): Promise<A> {
    const made = this.#kept.get(name) ?? make()
    this.#kept.set(name, made)
    // Each name is used in one place, with one type.
    return made as Promise<A>
  }

  /** 0, 1, 2 and so on: what no measurement of this run has used yet. */
  next(): number {
    return this.#number++
  }

  /** Ends something when the measurement is over. */
  onEnd(end: () => Promise<void>): void {
    this.#ends.push(end)
  }

  /** Ends everything that the measurement started, the newest first. */
  async endAll(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end()
  }

  async close(): Promise<void> {
    await this.endAll()
    rmSync(this.#root, { recursive: true, force: true })
  }

  async #fill(count: number, asPlaces = false): Promise<FilledFolder> {
    const folder = this.folder("template")
    // Not profiled: this is the preparation.
    const child = new ChildProcess()
    try {
      const { peer } = await child.call("openPeer", { folder, space, trusted: [] })
      if (asPlaces) await child.call("writePlaces", { count })
      else await child.call("write", { count, perCommit: Cities.importRecords })
      const stateHash = await child.call("stateHash")
      await child.call("closePeer")
      return { folder, peer, stateHash }
    } finally {
      await child.end()
    }
  }
}
