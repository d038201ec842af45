/**
 * Calls hooks: each in a fiber of its own, in the order of arrival numbers, one call at a time. What to tell is read
 * from the journal; its stream of changes says only that there is something to read, so a slow hook loses nothing. A
 * hook that fails is reported and told the next change.
 */
import { Cause, Deferred, Effect, Exit, Fiber, Metric, Queue, type Scope, Stream } from "effect"
import type { JournalShape } from "../journal/Journal.ts"
import * as CoreMetrics from "../telemetry/CoreMetrics.ts"
import * as Occupancy from "../telemetry/Occupancy.ts"
import type { EventChannel } from "./EventChannel.ts"
import { type Hook, type HookPlace, hookCallMsDefault, hooksMax, problem } from "./Hook.ts"
import * as HookReader from "./HookReader.ts"
import { HookPlaceUnknown, HooksExhausted, OrchestratorError } from "./OrchestratorError.ts"

export interface Hooks {
  /** Registers a hook until the scope closes. What becomes durable after it resolved is told. */
  readonly register: (hook: Hook) => Effect.Effect<void, OrchestratorError, Scope.Scope>
}

/** Signals that wait for a hook: several say no more than one. */
const signalsWaitingMax = 1
/** How long a running call may go on once its hook is taken away, and then how long its interruption may take. */
const graceMs = 1_000
/** After this wait a journal that could not be read is read again. */
const readAgainMs = 5_000
/** Characters of a problem that `HookFailed` gives; the log has all. */
const problemMax = 500

interface Table {
  readonly journal: JournalShape
  readonly channel: EventChannel
  readonly running: Set<RunningHook>
}

interface RunningHook {
  readonly table: Table
  readonly hook: Hook
  readonly callMsMax: number
  /** Arrival number up to which everything was told. */
  head: number
  /** Done when no further call may begin. */
  readonly ending: Deferred.Deferred<void>
  fiber: Fiber.Fiber<void> | undefined
}

/** The hooks of one node; all end with the scope. */
export const make = Effect.fnUntraced(function* (journal: JournalShape, channel: EventChannel) {
  const table: Table = { journal, channel, running: new Set() }
  yield* Effect.addFinalizer(() => Effect.forEach([...table.running], end, { concurrency: "unbounded", discard: true }))
  const length = (): number => table.running.size
  yield* Occupancy.watch([{ kind: "queue", name: "hooks", limit: hooksMax, length }])
  const hooks: Hooks = { register: (hook) => register(table, hook) }
  return hooks
})

const register = Effect.fnUntraced(function* (table: Table, hook: Hook) {
  const wrong = problem(hook)
  if (wrong !== undefined) return yield* Effect.die(new RangeError(wrong))
  const running: RunningHook = {
    table,
    hook,
    callMsMax: hook.callMsMax ?? hookCallMsDefault,
    head: yield* startOf(table.journal, hook),
    ending: yield* Deferred.make<void>(),
    fiber: undefined
  }
  yield* Effect.acquireRelease(begin(running), () => end(running))
})

/** The arrival number after which the hook is told everything. */
const startOf = Effect.fnUntraced(function* (journal: JournalShape, { from }: Hook) {
  const head = yield* journal.head.pipe(Effect.mapError((reason) => new OrchestratorError({ reason })))
  if (from === undefined) return head
  // What a program kept may be anything by now.
  const { head: place, incarnation } = (from ?? {}) as Partial<HookPlace>
  const isHere = incarnation === undefined || incarnation === journal.info.incarnation
  if (isHere && Number.isSafeInteger(place) && place! >= 0 && place! <= head) return place!
  return yield* Effect.fail(new OrchestratorError({ reason: new HookPlaceUnknown({ place, head }) }))
})

const begin = Effect.fnUntraced(function* (running: RunningHook) {
  if (running.table.running.size >= hooksMax) {
    return yield* Effect.fail(new OrchestratorError({ reason: new HooksExhausted({ hooksMax }) }))
  }
  running.table.running.add(running)
  running.fiber = yield* Effect.forkDetach(run(running))
})

/** No call begins any more, and the running one has a moment to end by itself. Ending twice is fine. */
const end = Effect.fnUntraced(function* (running: RunningHook) {
  running.table.running.delete(running)
  yield* Deferred.succeed(running.ending, undefined)
  if (running.fiber === undefined) return
  yield* Effect.timeoutOption(Fiber.await(running.fiber), graceMs)
  // A call that cannot be interrupted must not keep the node from closing.
  yield* Effect.timeoutOption(Fiber.interrupt(running.fiber), graceMs)
})

const isEnding = ({ ending }: RunningHook): boolean => Deferred.isDoneUnsafe(ending)

const run = Effect.fnUntraced(function* (running: RunningHook) {
  const { journal } = running.table
  const wanted = yield* Queue.sliding<void>(signalsWaitingMax)
  // Listening begins before the first look, so that no change falls in between.
  yield* Effect.forkChild(
    Stream.runForEach(journal.changes, () => Queue.offer(wanted, undefined)),
    { startImmediately: true }
  )
  while (!isEnding(running)) {
    yield* tellAll(running)
    yield* Effect.raceFirst(Queue.take(wanted), Deferred.await(running.ending))
  }
})

/** Tells what is durable by now. */
const tellAll = Effect.fnUntraced(function* (running: RunningHook) {
  let reader = HookReader.make(running.table.journal, running.head)
  while (!isEnding(running)) {
    const read = yield* Effect.exit(HookReader.next(reader))
    if (Exit.isFailure(read)) {
      yield* waitForJournal(running, read.cause)
      reader = HookReader.make(running.table.journal, running.head)
      continue
    }
    const told = read.value
    if (told === undefined) return
    // Before the call: whatever becomes of it, the same change is not told again.
    running.head = told.change.head
    yield* call(running, told)
  }
})

/** Calls the hook once and never fails: whatever it does, the next change is told after it. */
const call = (running: RunningHook, told: HookReader.Told): Effect.Effect<void> => {
  const { callMsMax, hook } = running
  const { head } = told.change
  const answer =
    told._tag === "Committed"
      ? hook.onCommit && Effect.suspend(() => hook.onCommit!(told.change))
      : hook.onApplied && Effect.suspend(() => hook.onApplied!(told.change))
  if (answer === undefined) return Effect.void
  return answer.pipe(
    Effect.asVoid,
    Effect.catchCause((cause) => report(running, head, problemOf(cause), cause)),
    Effect.timeoutOrElse({
      duration: callMsMax,
      orElse: () => report(running, head, `took longer than ${callMsMax} ms and was given up`)
    })
  )
}

/** What an application throws may be anything, and even looking at it may throw. */
const problemOf = (cause: Cause.Cause<unknown>): string => {
  try {
    const thrown = Cause.squash(cause)
    const problem: unknown = thrown instanceof Error ? thrown.message : String(thrown)
    if (typeof problem === "string") return problem
  } catch {
    // Said below.
  }
  return "it failed with what is no text"
}

const report = Effect.fnUntraced(function* (
  { hook, table }: RunningHook,
  head: number,
  problem: string,
  ...cause: ReadonlyArray<Cause.Cause<unknown>>
) {
  const line = `hook ${hook.name} failed at ${head}: ${problem}`
  // A logger shows the cause, which may be what cannot be shown.
  yield* Effect.catchCause(Effect.logError(line, ...cause), () => Effect.logError(line))
  yield* Metric.update(Metric.withAttributes(CoreMetrics.hookFailures, { hook: hook.name }), 1)
  const told = problem.slice(0, problemMax)
  yield* table.channel.publish({ _tag: "HookFailed", hook: hook.name, head, problem: told })
})

/** A journal that cannot be read keeps the hook where it is. */
const waitForJournal = Effect.fnUntraced(function* (running: RunningHook, cause: Cause.Cause<unknown>) {
  yield* report(running, running.head, `cannot go on, as the journal is not readable: ${problemOf(cause)}`, cause)
  yield* Effect.raceFirst(Effect.sleep(readAgainMs), Deferred.await(running.ending))
})
