/**
 * The hub of a long run: `apps/server` as a process of its own on a port that stays the same, so that devices find it
 * again after it was killed. It says when it is ready, what its metrics show and what its start took; it ends only the
 * process that it has started.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import type { Readable } from "node:stream"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import * as HubInspector from "./HubInspector.ts"
import * as MetricsAnswer from "./MetricsAnswer.ts"
import { space } from "./Notes.ts"

const fromRoot = (path: string): URL => new URL(`../../../${path}`, import.meta.url)

/** What `npm start` runs; the sources where nobody has made a bundle of them. */
const { hub, isFresh } = (await import(fromRoot("scripts/bundle.mjs").href)) as {
  readonly hub: { readonly file: string }
  readonly isFresh: (program: unknown) => boolean
}
const main = isFresh(hub) ? hub.file : fileURLToPath(fromRoot("apps/server/src/main.ts"))

/** How long a hub may take to be ready. */
const readyMsMax = 60_000
/** A hub ends within 2 s; then it is killed. */
const endMsMax = 5_000
/** How often a starting hub is asked whether it is ready. */
const askEveryMs = 5
/** How long an answer may take. */
const answerMsMax = 30_000
/** Lines of its log, warnings and worse, that are kept to be shown. */
const complaintsMax = 20

/** Where the time of a start went, by the hub's own clock; milliseconds. */
export interface StartTimes {
  readonly processMs: number
  readonly loadMs: number
  readonly journalMs: number
  readonly readyMs: number
}

export class SpawnedHub {
  readonly address: string
  readonly #process: ChildProcessByStdio<null, null, Readable>
  readonly #spawnedMs: number
  /** What its log complained about: how often, and the first lines. */
  complaints = 0
  readonly firstComplaints: Array<string> = []
  startTimes: StartTimes | undefined
  #inspector: string | undefined

  /** With an inspector it can be told to collect its garbage. */
  constructor(folder: string, port: number, hasInspector = false) {
    this.address = `http://127.0.0.1:${port}`
    this.#spawnedMs = performance.now()
    const inspector = hasInspector ? ["--inspect=127.0.0.1:0"] : []
    this.#process = spawn(process.execPath, [...inspector, main], {
      env: {
        SYNCLINE_PORT: String(port),
        SYNCLINE_HOST: "127.0.0.1",
        SYNCLINE_DATA: folder,
        SYNCLINE_SPACE: space,
        SYNCLINE_LOG_LEVEL: "info"
      },
      stdio: ["ignore", "ignore", "pipe"]
    })
    createInterface({ input: this.#process.stderr }).on("line", (line) => this.#read(line))
  }

  /** Resolves, once it is ready, with the milliseconds since its process was asked for. */
  async ready(): Promise<number> {
    while (performance.now() - this.#spawnedMs < readyMsMax && this.isRunning) {
      const status = await this.#ask("/readyz").catch(() => undefined)
      if (status?.ok) return performance.now() - this.#spawnedMs
      await sleep(askEveryMs)
    }
    throw new Error(`the hub was not ready within ${readyMsMax} ms: ${this.firstComplaints.join("\n")}`)
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** Every line of `/metrics` by its name with labels. Rejects when it answers anything but its metrics. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    return MetricsAnswer.read(await this.#ask("/metrics"))
  }

  /** Makes it throw away what it does not need any more. Rejects without an inspector. */
  async collectGarbage(): Promise<void> {
    if (this.#inspector === undefined) throw new Error("the hub has no inspector")
    await HubInspector.collectGarbage(this.#inspector)
  }

  /** Kills it as a power cut would end it, without a word. */
  async kill(): Promise<void> {
    if (!this.isRunning) return
    const ended = once(this.#process, "exit")
    this.#process.kill("SIGKILL")
    await ended
  }

  /** Ends it; it is killed when it does not end in time. */
  async end(): Promise<void> {
    if (!this.isRunning) return
    const ended = once(this.#process, "exit")
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), endMsMax)
    this.#process.kill("SIGTERM")
    await ended
    clearTimeout(timer)
  }

  #ask(path: string): Promise<Response> {
    return fetch(this.address + path, { signal: AbortSignal.timeout(answerMsMax) })
  }

  #read(line: string): void {
    this.#inspector ??= /^Debugger listening on (ws:\S+)$/.exec(line)?.[1]
    if (isOfInspector(line)) return
    const entry = line.startsWith("{") ? (JSON.parse(line) as { level: number; msg: string } & StartTimes) : undefined
    if (entry?.msg === "ready") this.startTimes = entry
    if (entry !== undefined && entry.level < 40) return
    this.complaints++
    if (this.firstComplaints.length < complaintsMax) this.firstComplaints.push(line)
  }
}

/** What Node says by itself when it has an inspector. */
const isOfInspector = (line: string): boolean => line.startsWith("Debugger ") || line.startsWith("For help, see: ")
