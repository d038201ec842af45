/**
 * The parent's handle on a measuring child: typed calls and an end that always comes. It ends only the process that it
 * has started.
 */
import { type ChildProcess as Process, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { Jobs } from "./child/main.ts"
import type { Answer, Call, JobTable } from "./child/Serving.ts"

/** How long a child may take to end by itself. */
const endMsMax = 5_000

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** The entry of a process with the jobs of the measurements. */
const measuring = new URL("./child/main.ts", import.meta.url)

export class ChildProcess<J extends JobTable = Jobs> {
  readonly #process: Process
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1

  /** `execArgv` are options for Node itself, e.g. `--cpu-prof`; `entry` must serve the jobs of `J`. */
  constructor(execArgv: ReadonlyArray<string> = [], entry = measuring) {
    this.#process = fork(fileURLToPath(entry), { execArgv: [...execArgv], serialization: "advanced" })
    this.#process.on("message", (answer: Answer) => this.#settle(answer))
    this.#process.on("exit", (code) => this.#fail(new Error(`a measuring process ended with code ${code}`)))
  }

  /** Does a job there. */
  async call<K extends keyof J & string>(job: K, ...input: Parameters<J[K]>): Promise<Awaited<ReturnType<J[K]>>> {
    const id = this.#nextId++
    const result = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    this.#process.send({ id, job, input: input[0] } satisfies Call, (error) => {
      if (error !== null) this.#fail(error)
    })
    // The child answers each call with that job's result.
    return (await result) as Awaited<ReturnType<J[K]>>
  }

  /** Ends it; a child that does not end in time is killed. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, "exit")
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), endMsMax)
    if (this.#process.connected) this.#process.disconnect()
    await ended
    clearTimeout(timer)
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ("error" in answer) waiting?.reject(new Error(answer.error))
    else waiting?.resolve(answer.result)
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
