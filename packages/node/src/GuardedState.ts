/**
 * A state that several processes change by pure steps, as JSON in a guarded file that only its owner may read. A change is
 * durable before anybody is answered. A file that cannot be read stays as it is, and nothing of it is repeated: it may hold
 * secrets. What the state means is its owner's business.
 */
import { readFileSync, statSync } from "node:fs"
import { Effect, Result, Schedule, Schema } from "effect"
import * as GuardedFile from "./GuardedFile.ts"

/** Long enough for a turn that a killed process has left behind. */
const turnsMax = Math.ceil((GuardedFile.abandonedMs + 2_000) / GuardedFile.turnMs)

/** What a step answers, and what is to be remembered: the same object where nothing changed. */
interface Step<S, A> {
  readonly answer: A
  readonly state: S
}

export interface GuardedStateOptions<S, E> {
  readonly path: string
  readonly schema: Schema.Codec<S, unknown>
  /** Where there is no file. */
  readonly empty: S
  /** A larger file is none of this program's. */
  readonly bytesMax: number
  /** What to say of a file that holds something else. */
  readonly foreign: string
  readonly failed: (problem: string) => E
}

export interface GuardedState<S, E> {
  /** What is kept now, also what another process has written. */
  readonly state: Effect.Effect<S, E>
  /** Changes what is kept and gives the step's answer, once that is durable; a step that gives its own state back writes nothing. */
  readonly change: <A>(step: (state: S) => Step<S, A>) => Effect.Effect<A, E>
}

interface Kept<S> {
  readonly text: string
  readonly state: S
}

/** The state in a file. */
export const make = <S, E>(options: GuardedStateOptions<S, E>): GuardedState<S, E> => {
  const decode = Schema.decodeUnknownResult(Schema.fromJsonString(options.schema))
  // What was decoded last: a text that has not changed is not decoded again.
  let last: Kept<S> = { text: "", state: options.empty }
  const stateIn = (text: string): S => {
    if (text === last.text) return last.state
    if (text === "") return options.empty
    const decoded = decode(text)
    if (Result.isFailure(decoded)) throw new Error(options.foreign)
    last = { text, state: decoded.success }
    return last.state
  }
  const read = (): Kept<S> => {
    const text = textOf(options.path, options.bytesMax)
    return { text, state: stateIn(text) }
  }
  const attempt = <A>(body: () => A): Effect.Effect<A, E> =>
    Effect.try({ try: body, catch: (error) => options.failed(error instanceof Error ? error.message : String(error)) })
  const changeNow = <A>(step: (state: S) => Step<S, A>): Step<S, A> | undefined => {
    let done: Step<S, A> | undefined
    const isTurn = GuardedFile.change(
      options.path,
      () => read().text,
      (text) => {
        const before = stateIn(text)
        done = step(before)
        return done.state === before ? text : `${JSON.stringify(done.state)}\n`
      }
    )
    return isTurn === undefined ? undefined : done
  }
  return {
    state: Effect.suspend(() => attempt(() => read().state)),
    change: (step) =>
      inTurn(
        Effect.suspend(() => attempt(() => changeNow(step))),
        options.failed
      )
  }
}

/** Tries again as long as another process is at it. */
const inTurn = <S, A, E>(
  once: Effect.Effect<Step<S, A> | undefined, E>,
  failed: (problem: string) => E
): Effect.Effect<A, E> =>
  Effect.flatMap(once, (done) => (done === undefined ? Effect.fail(taken) : Effect.succeed(done.answer))).pipe(
    Effect.retry({
      while: (error) => error === taken,
      schedule: Schedule.spaced(GuardedFile.turnMs),
      times: turnsMax
    }),
    Effect.catchIf(
      (error): error is typeof taken => error === taken,
      () => Effect.fail(failed("another process changes it and does not finish"))
    )
  )

const taken = "taken" as const

const textOf = (path: string, bytesMax: number): string => {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return ""
  if (stat.size > bytesMax) throw new Error(`it has ${stat.size} bytes, and at most ${bytesMax} make sense`)
  if (process.platform !== "win32" && (stat.mode & 0o077) !== 0) {
    throw new Error("other users of this machine may read it; run chmod 600 on it")
  }
  return readFileSync(path, "utf8")
}
