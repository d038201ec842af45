/**
 * What an inviting device remembers of its pairings, as a file beside its key: `<folder>/pairing.json`, which only its owner
 * may read, as the secret of an open code stands in it for its five minutes. A change is durable before anybody is answered,
 * and several processes take turns. A file that cannot be read stays as it is: attempts must not be forgotten by damage.
 */
import { readFileSync, statSync } from "node:fs"
import { join, resolve } from "node:path"
import { PairingError, PairingStore, PairingWindow } from "@syncline/core/pairing"
import { Effect, Layer, Result, Schedule, Schema } from "effect"
import * as GuardedFile from "../GuardedFile.ts"

/** A larger file is none of this program's. */
const fileBytesMax = 64 * 1024
/** Long enough for a turn that a killed process has left behind. */
const turnsMax = Math.ceil((GuardedFile.abandonedMs + 2_000) / GuardedFile.turnMs)

/** The file in a folder. */
export const pairingFile = (folder: string): string => join(resolve(folder), "pairing.json")

/** Core's store in a folder's file. */
export const layer = (folder: string): Layer.Layer<PairingStore.PairingStore> =>
  Layer.succeed(PairingStore.PairingStore, storeOf(pairingFile(folder)))

const storeOf = (path: string): PairingStore.PairingStoreShape => ({
  state: Effect.suspend(() => attempt(path, () => read(path).state)),
  change: (step) => change(path, step)
})

const change = <A>(
  path: string,
  step: (state: PairingWindow.PairingState) => PairingWindow.Step<A>
): Effect.Effect<A, PairingError.PairingError> =>
  Effect.suspend(() => attempt(path, () => changeNow(path, step))).pipe(
    Effect.flatMap((done) => (done === undefined ? Effect.fail("taken" as const) : Effect.succeed(done.answer))),
    Effect.retry({
      while: (error) => error === "taken",
      schedule: Schedule.spaced(GuardedFile.turnMs),
      times: turnsMax
    }),
    Effect.catchIf(
      (error) => error === "taken",
      () => Effect.fail(failed(path, "another process changes it and does not finish"))
    )
  )

const changeNow = <A>(path: string, step: (state: PairingWindow.PairingState) => PairingWindow.Step<A>) => {
  let answer: { readonly answer: A } | undefined
  const isTurn = GuardedFile.change(
    path,
    () => read(path).text,
    (text) => {
      const before = stateIn(text)
      const after = step(before)
      answer = after
      return after.state === before ? text : `${JSON.stringify(after.state)}\n`
    }
  )
  return isTurn === undefined ? undefined : answer
}

const read = (path: string): { readonly text: string; readonly state: PairingWindow.PairingState } => {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return { text: "", state: PairingWindow.empty }
  if (stat.size > fileBytesMax) throw new Error(`it has ${stat.size} bytes, and at most ${fileBytesMax} make sense`)
  if (process.platform !== "win32" && (stat.mode & 0o077) !== 0) {
    throw new Error("other users of this machine may read it; run chmod 600 on it")
  }
  const text = readFileSync(path, "utf8")
  return { text, state: stateIn(text) }
}

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(PairingWindow.PairingState))

const stateIn = (text: string): PairingWindow.PairingState => {
  if (text === "") return PairingWindow.empty
  const decoded = decode(text)
  if (Result.isSuccess(decoded)) return decoded.success
  // What it holds is not repeated: it may be a code.
  throw new Error("it holds no pairings of this version; remove it, and all codes are forgotten")
}

const attempt = <A>(path: string, body: () => A): Effect.Effect<A, PairingError.PairingError> =>
  Effect.try({
    try: body,
    catch: (error) => failed(path, error instanceof Error ? error.message : String(error))
  })

const failed = (place: string, problem: string): PairingError.PairingError =>
  PairingError.because(new PairingError.PairingStoreFailed({ place, problem }))
