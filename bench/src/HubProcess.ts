/**
 * The hub as people run it: `apps/server` in a process of its own, on a data folder of its own, on loopback and a port
 * that the system chooses. It says where it listens and what it costs; it ends only the process that it has started.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import type { Readable } from "node:stream"
import { fileURLToPath } from "node:url"

/** How long a hub may take to listen. */
const startMsMax = 30_000
/** A hub ends within 2 s; then it is killed. */
const endMsMax = 5_000

/** On Linux, whatever the machine (getconf CLK_TCK). */
const ticksPerSecond = 100

export interface HubOptions {
  readonly folder: string
  readonly space: string
  /** Whether a charter says who may do what; it is founded in an empty folder. */
  readonly isTeams?: boolean
  /** Default: the system chooses. */
  readonly port?: number
  /** Options for Node itself, e.g. `--cpu-prof`. */
  readonly execArgv?: ReadonlyArray<string>
}

export class HubProcess {
  readonly #process: ChildProcessByStdio<null, Readable, null>
  /** Where devices dial. */
  readonly address: string

  private constructor(process: ChildProcessByStdio<null, Readable, null>, address: string) {
    this.#process = process
    this.address = address
  }

  /** Resolves when devices can connect. */
  static async start({ execArgv = [], folder, isTeams = false, port = 0, space }: HubOptions): Promise<HubProcess> {
    const main = fileURLToPath(new URL("../../apps/server/src/main.ts", import.meta.url))
    const env = {
      SYNCLINE_PORT: String(port),
      SYNCLINE_HOST: "127.0.0.1",
      SYNCLINE_DATA: folder,
      SYNCLINE_SPACE: space,
      SYNCLINE_POLICY: isTeams ? "enterprise" : "personal",
      SYNCLINE_LOG_LEVEL: "error"
    }
    const hub = spawn(process.execPath, [...execArgv, main], { env, stdio: ["ignore", "pipe", "inherit"] })
    try {
      return new HubProcess(hub, await addressOf(hub))
    } catch (error) {
      hub.kill("SIGKILL")
      throw error
    }
  }

  /** Resident memory in bytes. */
  memory(): number {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.#process.pid}/status`, "utf8"))?.[1]
    return Number(kibibytes) * 1024
  }

  /** Processor time of all its threads so far, in seconds. */
  cpuSeconds(): number {
    // Behind the name in parentheses; fields 14 and 15 count ticks (proc(5)).
    const stat = readFileSync(`/proc/${this.#process.pid}/stat`, "utf8")
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  }

  /** Ends it; it is killed when it does not end in time. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, "exit")
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), endMsMax)
    this.#process.kill("SIGTERM")
    await ended
    clearTimeout(timer)
  }
}

const addressOf = (hub: ChildProcessByStdio<null, Readable, null>): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = ""
    const timer = setTimeout(() => reject(new Error(`the hub said after ${startMsMax} ms only: ${said}`)), startMsMax)
    hub.stdout.setEncoding("utf8")
    hub.stdout.on("data", (text: string) => {
      said += text
      const address = /^ {2}address +(\S+)$/m.exec(said)?.[1]
      if (address === undefined) return
      clearTimeout(timer)
      resolve(address)
    })
    hub.once("exit", (code) => {
      clearTimeout(timer)
      reject(new Error(`the hub ended with code ${code}`))
    })
  })
