/**
 * The rig's hold on the process whose power is cut: it starts it, waits for what it says, and ends it. Starting takes
 * longer than the rest, so that it begins before there is a disk to work on. What the reports mean is the ledger's.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { commandMsMax, ended } from "./Command.ts"
import type * as LifePlan from "./LifePlan.ts"
import * as Report from "./Report.ts"

export type Synchronous = "full" | "off"

const script = join(import.meta.dirname, "writerMain.ts")
const flushingOff = ["--import", join(import.meta.dirname, "synchronousOff.ts")]

export class Writer {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  #text = ""

  constructor(folder: string, plan: LifePlan.LifePlan, synchronous: Synchronous) {
    const { hasPeer, life, seed } = plan
    const preloaded = synchronous === "off" ? flushingOff : []
    const args = [...preloaded, script, folder, String(seed), String(life), hasPeer ? "peer" : "alone"]
    // In a session of its own, so that Ctrl-C ends the rig, which then ends it.
    this.#child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"], detached: true })
    // A writer that ended early is noticed by its exit code.
    this.#child.stdin!.on("error", () => undefined)
    this.#closed = once(this.#child, "close")
    this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => (this.#text += text))
  }

  /** The disk is there: it may open its journal. */
  begin(): void {
    this.#child.stdin!.write("\n")
  }

  /** Waits until it has said that it is so far. */
  async reached(kind: LifePlan.LifePlan["from"]): Promise<void> {
    const deadline = performance.now() + commandMsMax
    while (!this.#text.includes(`{"kind":"${kind}"`)) {
      if (this.#child.exitCode !== null) throw new Error(`the writer ended with code ${this.#child.exitCode}`)
      if (performance.now() > deadline) throw new Error(`the writer did not say ${kind} in time`)
      await sleep(1)
    }
  }

  /** What it has said so far and has reached this side. */
  said(): ReadonlyArray<Report.Report> {
    return Report.parse(this.#text)
  }

  /** Tells it to close its journal. */
  close(): void {
    this.#child.kill("SIGTERM")
  }

  kill(): void {
    this.#child.kill("SIGKILL")
  }

  /** Ends it, when it has not ended yet. */
  async end(): Promise<void> {
    this.kill()
    await ended(this.#child)
    await this.#closed
    // Ending by itself is no cut: its last words would be those of a failure.
    const { exitCode } = this.#child
    if (exitCode !== null && exitCode !== 0) throw new Error(`the writer ended with code ${exitCode}`)
  }
}
