/**
 * The laboratory's handle on the program of one machine: orders and answers as lines of JSON, and an end that always comes. It ends
 * only the process that it has started.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import type { Readable, Writable } from "node:stream"
import { fileURLToPath } from "node:url"
import type { Jobs } from "./deviceMain.ts"
import type { Machine, Network } from "./Network.ts"

/** How long a program may take to end by itself, in milliseconds. */
const endMsMax = 5_000

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

const program = fileURLToPath(new URL("./deviceMain.ts", import.meta.url))

export class LabMachine {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1

  constructor(network: Network, machine: Machine) {
    const args = [...network.on(machine), process.execPath, "--expose-gc", program]
    this.#process = spawn("ip", args, { stdio: ["pipe", "pipe", "inherit"] })
    createInterface({ input: this.#process.stdout }).on("line", (line) => this.#settle(JSON.parse(line) as Answer))
    this.#process.on("exit", (code) => this.#fail(new Error(`the program of ${machine} ended with code ${code}`)))
    this.#process.stdin.on("error", (error) => this.#fail(error))
  }

  /** Gives an order there. */
  async call<K extends keyof Jobs>(job: K, ...input: Parameters<Jobs[K]>): Promise<Awaited<ReturnType<Jobs[K]>>> {
    const id = this.#nextId++
    const result = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    this.#process.stdin.write(`${JSON.stringify({ id, job, input: input[0] })}\n`)
    // The program answers each order with that job's result.
    return (await result) as Awaited<ReturnType<Jobs[K]>>
  }

  /** Ends it as a crash would. */
  async crash(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, "exit")
    this.#process.kill("SIGKILL")
    await ended
  }

  /** Ends it; it is killed when it does not end in time. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, "exit")
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), endMsMax)
    this.#process.stdin.end()
    await ended
    clearTimeout(timer)
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (answer.error === undefined) waiting?.resolve(answer.result)
    else waiting?.reject(new Error(answer.error))
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
