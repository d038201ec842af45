// Kill -9 at random moments: a hub, a device that imports and changes, and a device that only receives. After each kill
// the process starts again. In the end all three must hold the same records, and everything that was confirmed.
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { Crypto, DeviceKey, Journal, StateHash } from "@syncline/core"
import { DeviceKeyFile, NodeCrypto, SqliteJournal } from "@syncline/node"
import { Effect } from "effect"
import { load } from "../src/CityList.ts"

export interface CrashOptions {
  readonly records: number
  readonly patches: number
  readonly kills: number
  /** Longest time between two kills. */
  readonly everyMsMax: number
  readonly log: (line: string) => void
}

export interface CrashReport {
  readonly kills: number
  /** State hash and count of hub, writer and reader. */
  readonly states: ReadonlyArray<string>
  /** Confirmed writes that are not in the hub's or the reader's journal. */
  readonly missing: ReadonlyArray<string>
}

const serverMain = fileURLToPath(new URL("../../../apps/server/src/main.ts", import.meta.url))
const deviceMain = fileURLToPath(new URL("./device.ts", import.meta.url))

/** A process that comes back after it was killed. */
class Phoenix {
  readonly #start: () => ChildProcess
  readonly #onLine: (line: string) => void
  #child: ChildProcess | undefined

  constructor(start: () => ChildProcess, onLine: (line: string) => void) {
    this.#start = start
    this.#onLine = onLine
  }

  rise(): void {
    const child = this.#start()
    this.#child = child
    createInterface({ input: child.stdout! }).on("line", this.#onLine)
  }

  async kill(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise((resolve) => child.once("exit", resolve))
    child.kill(signal)
    await Promise.race([exited, sleep(10_000)])
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { readonly port: number }
      probe.close(() => resolve(port))
    })
  })

const makeDevice = (folder: string): Promise<string> => {
  mkdirSync(folder, { recursive: true })
  return Effect.runPromise(
    Effect.map(DeviceKey.DeviceKey, (key) => key.peer).pipe(Effect.provide(DeviceKeyFile.layer(folder)))
  )
}

/** What a journal says while its process may still run. */
const readJournal = <A, E>(folder: string, read: Effect.Effect<A, E, Journal.Journal | Crypto.Crypto>): Promise<A> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const journal = yield* SqliteJournal.openReadOnly({ folder })
      return yield* Effect.provideService(read, Journal.Journal, journal)
    }).pipe(Effect.provide(NodeCrypto.layer), Effect.scoped)
  )

const stateOf = async (folder: string): Promise<string> => {
  const { count, hash } = await readJournal(folder, StateHash.compute())
  return `${hash} ${count}`
}

interface Progress {
  imported: number
  patched: number
  isDone: boolean
}

const note = (progress: Progress, line: string): void => {
  const [what, count] = line.split(" ")
  if (what === "imported") progress.imported = Math.max(progress.imported, Number(count))
  if (what === "patched") progress.patched = Math.max(progress.patched, Number(count))
  if (what === "done") progress.isDone = true
}

/** Runs the whole drill. */
export const crashRun = async (options: CrashOptions): Promise<CrashReport> => {
  const root = mkdtempSync(join(tmpdir(), "syncline-crash-"))
  const folders = ["hub", "writer", "reader"].map((name) => join(root, name))
  const [hubFolder, writerFolder, readerFolder] = folders as [string, string, string]
  const peers = await Promise.all(folders.map(makeDevice))
  writeFileSync(join(hubFolder, "trusted-peers"), `${peers[1]}\n${peers[2]}\n`)
  const port = await freePort()
  const address = `http://127.0.0.1:${port}`
  const progress: Progress = { imported: 0, patched: 0, isDone: false }
  const device = (folder: string, args: ReadonlyArray<string>): ChildProcess =>
    spawn(process.execPath, [deviceMain, folder, address, peers[0]!, ...args], { stdio: ["ignore", "pipe", "inherit"] })
  const hub = new Phoenix(
    () =>
      spawn(process.execPath, [serverMain], {
        env: { ...process.env, SYNCLINE_PORT: String(port), SYNCLINE_DATA: hubFolder, SYNCLINE_LOG_LEVEL: "silent" },
        stdio: ["ignore", "pipe", "ignore"]
      }),
    () => undefined
  )
  const writer = new Phoenix(
    () =>
      device(writerFolder, [String(progress.imported), String(options.records), String(options.patches), "changed"]),
    (line) => note(progress, line)
  )
  const reader = new Phoenix(
    () => device(readerFolder, []),
    () => undefined
  )
  const all = [hub, writer, reader]
  try {
    for (const each of all) each.rise()
    const kills = await killAtRandom(all, options, progress)
    const states = await agree(folders, options.log)
    const missing = await missingIn([hubFolder, readerFolder], progress)
    return { kills, states, missing }
  } finally {
    await Promise.all(all.map((each) => each.kill("SIGKILL")))
    if (existsSync(root)) rmSync(root, { recursive: true })
  }
}

const killAtRandom = async (
  all: ReadonlyArray<Phoenix>,
  options: CrashOptions,
  progress: Progress
): Promise<number> => {
  const names = ["hub", "writer", "reader"]
  const endMs = performance.now() + 8 * 60_000
  let kills = 0
  // A kill before anything was written would prove little.
  while (progress.imported === 0 && performance.now() < endMs) await sleep(50)
  while ((kills < options.kills || !progress.isDone) && performance.now() < endMs) {
    const { imported, patched } = progress
    await sleep(100 + Math.random() * options.everyMsMax)
    if (kills >= options.kills) continue
    // Starting takes longer than some waits: a writer that never gets to write would prove little.
    for (let i = 0; i < 60 && !progress.isDone; i++) {
      if (progress.imported > imported || progress.patched > patched) break
      await sleep(50)
    }
    // Each in turn, so that every run kills all three.
    const victim = [1, 0, 2][kills % 3]!
    options.log(`kill ${names[victim]} at ${progress.imported} imported, ${progress.patched} patched`)
    await all[victim]!.kill("SIGKILL")
    await sleep(Math.random() * 300)
    all[victim]!.rise()
    kills++
  }
  return kills
}

/** Waits until all three show the same, at most three minutes. */
const agree = async (folders: ReadonlyArray<string>, log: (line: string) => void): Promise<ReadonlyArray<string>> => {
  let states: ReadonlyArray<string> = []
  for (let tries = 0; tries < 90; tries++) {
    await sleep(2000)
    states = await Promise.all(folders.map(stateOf))
    log(states.join(" | "))
    if (new Set(states).size === 1) break
  }
  return states
}

const missingIn = async (folders: ReadonlyArray<string>, progress: Progress): Promise<ReadonlyArray<string>> => {
  const cities = load()
  const missing: Array<string> = []
  for (const folder of folders) {
    await readJournal(
      folder,
      Effect.gen(function* () {
        const journal = yield* Journal.Journal
        for (let i = 0; i < progress.imported; i++) {
          const found = yield* journal.get("city", String(cities[i]!.cityId))
          if (found === undefined) missing.push(`${folder}: city ${i}`)
          else if (i < progress.patched && !JSON.stringify(found.fields["altName"]).startsWith(`"changed`)) {
            missing.push(`${folder}: change of city ${i}`)
          }
        }
      })
    )
  }
  return missing
}
