/**
 * The thread that has the book of Galileosky's records, seen from the hub's own: a question, an answer. A thread that ended by itself, e.g.
 * for want of memory, answers nothing any more; a new one is the owner's to start.
 */
import { Worker } from "node:worker_threads"
import { Effect } from "effect"
import { because, type GatewayError, GatewayStoreFailed } from "../GatewayError.ts"
import type { Answered, Answers, Asked, Figures, Question } from "./BookMessage.ts"

/** The thread's memory: 200,000 records of two bytes a character, and a body of 50 MB that is being read. */
const memoryMebibytesMax = 1_536

const nothing: Figures = { records: 0, characters: 0, devices: 0, downloads: 0, lastImei: null }

// The file has the ending of this one: the source runs as it is, the bundle is compiled.
const workerFile = (): URL =>
  new URL(import.meta.url.endsWith(".ts") ? "./recordWorker.ts" : "./recordWorker.js", import.meta.url)

export const startWorker = (): Worker =>
  new Worker(workerFile(), {
    name: "syncline-galileosky",
    resourceLimits: { maxOldGenerationSizeMb: memoryMebibytesMax }
  })

export class BookThread {
  readonly #worker: Worker
  readonly #waiting = new Map<number, (answered: Answered) => void>()
  #numbers = 0
  #figures = nothing
  #isEnded = false

  /** `onEnd` is told once, unless the owner ended it. */
  constructor(onEnd: () => void, worker: Worker) {
    this.#worker = worker
    this.#worker.on("message", (answered: Answered) => {
      this.#figures = answered.figures
      const answer = this.#waiting.get(answered.number)
      this.#waiting.delete(answered.number)
      answer?.(answered)
    })
    // What it is follows in "exit".
    this.#worker.on("error", () => undefined)
    this.#worker.on("exit", () => {
      const isOwn = this.#isEnded
      this.#isEnded = true
      const fault = "the records' thread has ended; try again"
      for (const [number, answer] of this.#waiting) answer({ number, figures: nothing, answer: undefined, fault })
      this.#waiting.clear()
      if (!isOwn) onEnd()
    })
  }

  /** As of the last answer. */
  get figures(): Figures {
    return this.#figures
  }

  /** Fails where the thread fails or has ended. A part of a body is given away with its question. */
  readonly ask = <Q extends Question>(question: Q): Effect.Effect<Answers[Q["ask"]], GatewayError> =>
    Effect.callback((resume) => {
      if (this.#isEnded) return resume(Effect.fail(failed("the records' thread has ended; try again")))
      const number = ++this.#numbers
      this.#waiting.set(number, ({ answer, fault }) =>
        resume(fault === undefined ? Effect.succeed(answer as Answers[Q["ask"]]) : Effect.fail(failed(fault)))
      )
      this.#worker.postMessage({ number, question } satisfies Asked, givenAway(question))
    })

  end(): Effect.Effect<void> {
    return Effect.promise(async () => {
      this.#isEnded = true
      await this.#worker.terminate()
    })
  }
}

/** Node keeps small parts together in one memory, which stays here. */
const givenAway = (question: Question): Array<ArrayBuffer> => {
  if (question.ask !== "part") return []
  const { buffer, byteLength } = question.bytes
  return byteLength === buffer.byteLength && byteLength > 64 * 1024 ? [buffer as ArrayBuffer] : []
}

const failed = (problem: string): GatewayError => because(new GatewayStoreFailed({ problem, isRetryable: true }))
