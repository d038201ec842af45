/**
 * Simulated time for whole programs: a clock that jumps to the next sleeper when nothing else is left to do, and the
 * scheduler that knows when that is. Everything runs in one call without the platform's timers, so one program gives
 * one order of steps, and an hour costs what is done in it. It has no part in what the program does.
 */
import { Cause, Clock, Duration, Effect, Exit, type Fiber, Scheduler } from "effect"

/** Steps of a program that may pass before time moves on; a program that takes more is caught in a loop. */
const tasksAtOnceMax = 10_000_000

const raise = (error: unknown): never => {
  throw error
}

interface Sleeper {
  readonly atMs: number
  /** Sleepers of one moment wake in the order in which they fell asleep. */
  readonly number: number
  wake: (() => void) | undefined
}

const isBefore = (a: Sleeper, b: Sleeper): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.number < b.number)

export class SimulatedTime implements Clock.Clock, Scheduler.Scheduler {
  readonly executionMode = "async"
  /** A binary heap with the next sleeper at its root. */
  readonly #sleepers: Array<Sleeper> = []
  readonly #tasks: Array<() => void> = []
  readonly #tasksMax: number
  #nowMs: number
  #nextSleeper = 0

  constructor(startMs: number, tasksMax = tasksAtOnceMax) {
    this.#nowMs = startMs
    this.#tasksMax = tasksMax
  }

  /** Runs a program to its end. Throws what it failed with, and when it waits for something that never comes. */
  run<A, E>(program: Effect.Effect<A, E>): A {
    const timed = Effect.provideService(program, Clock.Clock, this)
    const fiber = Effect.runFork(timed, { scheduler: this })
    for (;;) {
      this.#runTasks()
      const exit = fiber.pollUnsafe()
      if (exit !== undefined) return Exit.isSuccess(exit) ? exit.value : raise(Cause.squash(exit.cause))
      this.#wakeNext()
    }
  }

  /** Simulated milliseconds since 1970. */
  get nowMs(): number {
    return this.#nowMs
  }

  /** Calls back when some milliseconds have passed, unless it is called off. */
  after(waitMs: number, wake: () => void): { readonly callOff: () => void } {
    const sleeper: Sleeper = { atMs: this.#nowMs + waitMs, number: this.#nextSleeper++, wake }
    this.#push(sleeper)
    return {
      callOff: () => {
        sleeper.wake = undefined
      }
    }
  }

  readonly currentTimeMillis = Effect.sync(() => this.#nowMs)
  readonly currentTimeNanos = Effect.sync(() => this.currentTimeNanosUnsafe())
  readonly monotonicTimeNanos = this.currentTimeNanos
  currentTimeMillisUnsafe = (): number => this.#nowMs
  currentTimeNanosUnsafe = (): bigint => BigInt(Math.floor(this.#nowMs)) * 1_000_000n
  monotonicTimeNanosUnsafe = (): bigint => this.currentTimeNanosUnsafe()

  sleep = (duration: Duration.Duration): Effect.Effect<void> => {
    const waitMs = Duration.toMillis(duration)
    if (waitMs <= 0) return Effect.void
    if (waitMs === Infinity) return Effect.never
    return Effect.callback((resume) => {
      const { callOff } = this.after(waitMs, () => resume(Effect.void))
      return Effect.sync(callOff)
    })
  }

  shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    return fiber.currentOpCount >= fiber.cache.maxOpsBeforeYield
  }

  makeDispatcher(): Scheduler.SchedulerDispatcher {
    return {
      scheduleTask: (task) => {
        this.#tasks.push(task)
      },
      // The loop of `run` gets to them.
      flush: () => undefined
    }
  }

  #runTasks(): void {
    // Tasks add tasks behind themselves; the list is emptied only once it is through.
    for (let i = 0; i < this.#tasks.length; i++) {
      if (i >= this.#tasksMax) throw new Error("the simulated program does not come to rest")
      this.#tasks[i]!()
    }
    this.#tasks.length = 0
  }

  #wakeNext(): void {
    for (;;) {
      const sleeper = this.#pop()
      if (sleeper === undefined) throw new Error("the simulated program waits for something that never comes")
      if (sleeper.wake === undefined) continue
      this.#nowMs = sleeper.atMs
      return sleeper.wake()
    }
  }

  #push(sleeper: Sleeper): void {
    const heap = this.#sleepers
    let at = heap.push(sleeper) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(sleeper, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = sleeper
  }

  #pop(): Sleeper | undefined {
    const heap = this.#sleepers
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }
}
