// Kill -9 at random moments: a hub, a device that imports and changes as long as there are kills, and a device that only
// receives. After each kill the process starts again. In the end all three must hold the same records, and everything
// that was confirmed.
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
  /** Changes that must be confirmed at least. */
  readonly patches: number
  readonly kills: number
  /** Longest time between two kills. */
  readonly everyMsMax: number
  readonly log: (line: string) => void
}

export interface CrashReport {
  readonly kills: number
  /** How often each was killed. */
  readonly victims: { readonly [name: string]: number }
  /** Confirmed imports and changes. */
  readonly confirmed: { readonly imported: number; readonly patched: number }
  readonly seconds: number
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
    // Whoever is killed cannot read what it is told.
    child.stdin?.on("error", () => undefined)
    createInterface({ input: child.stdout! }).on("line", this.#onLine)
  }

  /** Says a line to the process. */
  tell(line: string): void {
    this.#child?.stdin?.write(`${line}\n`)
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
    spawn(process.execPath, [deviceMain, folder, address, peers[0]!, ...args], { stdio: ["pipe", "pipe", "inherit"] })
  const hub = new Phoenix(
    () =>
      spawn(process.execPath, [serverMain], {
        env: { ...process.env, SYNCLINE_PORT: String(port), SYNCLINE_DATA: hubFolder, SYNCLINE_LOG_LEVEL: "silent" },
        stdio: ["ignore", "pipe", "ignore"]
      }),
    () => undefined
  )
  const writer = new Phoenix(
    () => device(writerFolder, [progress.imported, options.records, progress.patched].map(String)),
    (line) => note(progress, line)
  )
  const reader = new Phoenix(
    () => device(readerFolder, []),
    () => undefined
  )
  const all = { hub, writer, reader }
  const beganMs = performance.now()
  try {
    for (const each of Object.values(all)) each.rise()
    const victims = await killInTurn(all, options, progress)
    await finish(writer, options, progress)
    const states = await agree(folders, options.log)
    const { imported, patched } = progress
    const missing = await missingIn([hubFolder, readerFolder], progress, options.records)
    const kills = victims.hub + victims.writer + victims.reader
    const seconds = Math.round((performance.now() - beganMs) / 1000)
    return { kills, victims, confirmed: { imported, patched }, seconds, states, missing }
  } finally {
    await Promise.all(Object.values(all).map((each) => each.kill("SIGKILL")))
    if (existsSync(root)) rmSync(root, { recursive: true })
  }
}

/** A kill, the start after it and the wait for new progress take less. */
const killMsMax = 12_000

const killInTurn = async (
  all: Readonly<Record<"hub" | "writer" | "reader", Phoenix>>,
  options: CrashOptions,
  progress: Progress
): Promise<{ readonly hub: number; readonly writer: number; readonly reader: number }> => {
  const victims = { hub: 0, writer: 0, reader: 0 }
  // Each in turn, so that every run kills all three.
  const turns = ["writer", "hub", "reader"] as const
  const endMs = performance.now() + 60_000 + options.kills * killMsMax
  for (let kills = 0; kills < options.kills && performance.now() < endMs; kills++) {
    const { imported, patched } = progress
    await sleep(100 + Math.random() * options.everyMsMax)
    // A kill before anything new was written would prove little, and starting takes longer than some waits.
    while (progress.imported === imported && progress.patched === patched && performance.now() < endMs) await sleep(20)
    const victim = turns[kills % 3]!
    options.log(`kill ${kills + 1}: ${victim} at ${progress.imported} imported, ${progress.patched} changed`)
    await all[victim].kill("SIGKILL")
    victims[victim]++
    await sleep(Math.random() * 300)
    all[victim].rise()
  }
  return victims
}

/** Lets the writer import everything and change enough, then stops it. */
const finish = async (writer: Phoenix, options: CrashOptions, progress: Progress): Promise<void> => {
  const endMs = performance.now() + 5 * 60_000
  const isEnough = (): boolean => progress.imported >= options.records && progress.patched >= options.patches
  while (!isEnough() && performance.now() < endMs) await sleep(50)
  writer.tell("stop")
  while (!progress.isDone && performance.now() < endMs) await sleep(50)
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

/** Confirmed imports that are gone, and cities that show an older change than the last confirmed one. */
const missingIn = async (
  folders: ReadonlyArray<string>,
  { imported, patched }: Progress,
  records: number
): Promise<ReadonlyArray<string>> => {
  const cities = load()
  const missing: Array<string> = []
  for (const folder of folders) {
    await readJournal(
      folder,
      Effect.gen(function* () {
        const journal = yield* Journal.Journal
        for (let i = 0; i < imported; i++) {
          const found = yield* journal.get("city", String(cities[i]!.cityId))
          // Change number n was made on city n modulo the number of cities.
          const confirmed = i < patched ? patched - 1 - ((patched - 1 - i) % records) : undefined
          const name = JSON.stringify(found?.fields["altName"])
          const [, shown] = /^"changed (\d+)"$/.exec(name) ?? []
          if (found === undefined) missing.push(`${folder}: city ${i}`)
          else if (confirmed !== undefined && !(Number(shown) >= confirmed)) {
            missing.push(`${folder}: change ${confirmed} of city ${i}, which shows ${name}`)
          }
        }
      })
    )
  }
  return missing
}
