// Runs the command line: in this process, which takes a tenth of the time, or as a process of its own where a test is
// about processes, signals, pipes, the environment or the clock. The hub is always a process. Every run has a time limit.
import { spawn, type ChildProcess } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { enableCompileCache } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable, Writable } from "node:stream"
import { fileURLToPath } from "node:url"
import { vi } from "vitest"
import type { GooglePlace } from "../src/Google.ts"
import * as Program from "../src/Program.ts"

/** The sources in a few files, which start in a third of the time; made before the tests. Schema files bring the sources themselves along. */
const main = fileURLToPath(new URL("../bundle/main.js", import.meta.url))
/** As `npm start` runs it; made before the tests. */
const hubMain = fileURLToPath(new URL("../../server/bundle/main.js", import.meta.url))
/** The schema files that tests hand to the command line. */
export const citySchema = fileURLToPath(new URL("./citySchema.ts", import.meta.url))
export const taskSchema = fileURLToPath(new URL("./taskSchema.ts", import.meta.url))
export const teamSchema = fileURLToPath(new URL("./teamSchema.ts", import.meta.url))
// These limits only guard against hanging: a test runs several processes, and a busy machine starts each of them slowly.
const runMsMax = 100_000
const saidMsMax = 100_000
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

export interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly input?: string | Buffer
  readonly env?: Record<string, string>
  /** A file descriptor that takes standard output instead of the test. */
  readonly stdout?: number
}

export interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Outcome>
  /** Resolves once standard output or error holds the text. */
  readonly said: (text: string) => Promise<void>
}

export const start = (args: ReadonlyArray<string>, options: RunOptions = {}, program = main): Started => {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: options.cwd,
    // The machine's own settings stay outside; what a test wants it passes.
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...options.env },
    stdio: ["pipe", options.stdout ?? "pipe", "pipe"]
  })
  const said = { out: "", err: "" }
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (said.out += text))
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (said.err += text))
  child.stdin!.on("error", () => undefined).end(options.input ?? "")
  const timer = setTimeout(() => child.kill("SIGKILL"), runMsMax)
  const ended = new Promise<Outcome>((resolve) => {
    child.once("close", (code) => {
      clearTimeout(timer)
      resolve({ code, ...said })
    })
  })
  return {
    child,
    ended,
    said: async (text) => {
      const startedMs = performance.now()
      while (!`${said.out}${said.err}`.includes(text)) {
        if (performance.now() - startedMs > saidMsMax)
          throw new Error(`${text} was not said, but: ${said.out}${said.err}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }
}

/** As a process of its own. */
export const runAlone = (args: ReadonlyArray<string>, options?: RunOptions): Promise<Outcome> =>
  start(args, options).ended

// Each command that writes starts a thread, which compiles its code anew unless that is kept.
enableCompileCache()

interface InProcess {
  /** Where Google is, other than at its own addresses. */
  readonly google?: GooglePlace
  /** Hears what comes on standard output when it comes. */
  readonly onOut?: (text: string) => void
}

/** In this process, with streams of its own. */
export const run = async (
  args: ReadonlyArray<string>,
  { google, input = "", onOut }: Pick<RunOptions, "input"> & InProcess = {}
): Promise<Outcome> => {
  const [stdout, stderr] = [new Collector(onOut), new Collector()]
  const stdin = Readable.from(input.length === 0 ? [] : [Buffer.from(input)])
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${args.join(" ")} did not end; it said: ${stderr.text}`)), runMsMax)
  })
  try {
    const code = await Promise.race([Program.run(args, { stdin, stdout, stderr }, google), late])
    return { code, out: stdout.text, err: stderr.text }
  } finally {
    clearTimeout(timer)
  }
}

/** Keeps what is written to it. */
class Collector extends Writable {
  readonly #chunks: Array<Buffer> = []
  readonly #onText: ((text: string) => void) | undefined

  constructor(onText?: (text: string) => void) {
    super()
    this.#onText = onText
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString()
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk)
    this.#onText?.(chunk.toString())
    done()
  }
}

export const temporaryFolder = (): { readonly path: string; readonly remove: () => void } => {
  const path = mkdtempSync(join(tmpdir(), "syncline-cli-"))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export interface Hub {
  readonly address: string
  readonly peer: string
  /** All that it wrote so far, its log included. */
  readonly said: () => string
  readonly stop: () => Promise<void>
}

/** The hub of `apps/server` on a port of the system's choice. */
export const startHub = async (folder: string, more: Record<string, string> = {}): Promise<Hub> => {
  const env = { SYNCLINE_PORT: "0", SYNCLINE_DATA: folder, SYNCLINE_LOG_LEVEL: "error", ...more }
  const hub = start([], { env }, hubMain)
  let text = ""
  let log = ""
  hub.child.stdout!.on("data", (said: string) => (text += said))
  hub.child.stderr!.on("data", (said: string) => (log += said))
  await hub.said("peer id")
  await hub.said("data folder")
  return {
    address: /address\s+(\S+)/.exec(text)![1]!,
    peer: /peer id\s+(\S+)/.exec(text)![1]!,
    said: () => text + log,
    stop: async () => {
      hub.child.kill("SIGTERM")
      await hub.ended
    }
  }
}
