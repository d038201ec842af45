/** Files from a hub and to one, as they come and go: memory does not grow with them. What is asked is the commands'. */
import { createReadStream, createWriteStream } from "node:fs"
import { rename, rm } from "node:fs/promises"
import { Readable, type Writable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { Effect, Result } from "effect"
import { because, type CliError, InputUnreadable, OutputUnwritable } from "./CliError.ts"
import * as HubClient from "./HubClient.ts"

/** From the question to the last byte. */
const fileMsMax = 60 * 60_000

/** What is given, or what the hub said no with. */
type Outcome<A> = Result.Result<A, HubClient.Refusal>

class Unkept {
  readonly problem: string
  constructor(problem: string) {
    this.problem = problem
  }
}

/** Writes the answer beside the file, which gets its name once it is whole; or to a stream. Fails with `NotConnected` and `OutputUnwritable`. */
export const download = (
  place: HubClient.Place,
  path: string,
  to: string | Writable
): Effect.Effect<Outcome<void>, CliError> =>
  Effect.tryPromise({
    try: async (signal): Promise<Outcome<void>> => {
      const response = await fetch(`${place.url}/api/v1/${path}`, {
        headers: HubClient.shown(place),
        signal,
        redirect: "error"
      })
      const refusal = await HubClient.refusalIn(response, path)
      if (refusal !== undefined) return Result.fail(refusal)
      const source = Readable.fromWeb(response.body as never)
      if (typeof to !== "string") await pipeline(source, to, { end: false, signal })
      else await keep(source, to, signal)
      return Result.succeed(undefined)
    },
    catch: (error) =>
      error instanceof Unkept
        ? because(
            new OutputUnwritable({ place: typeof to === "string" ? to : "standard output", problem: error.problem })
          )
        : HubClient.notConnected(place, causeOf(error))
  }).pipe(withinTime(place))

const keep = async (source: Readable, file: string, signal: AbortSignal): Promise<void> => {
  const part = `${file}.part`
  const target = createWriteStream(part, { mode: 0o600 })
  let problem: string | undefined
  target.on("error", ({ message }) => (problem = message))
  try {
    await pipeline(source, target, { signal })
    await rename(part, file)
  } catch (error) {
    await rm(part, { force: true })
    throw problem === undefined ? error : new Unkept(problem)
  }
}

/** Sends a file, and gives the answer. Fails with `NotConnected` and `InputUnreadable`. */
export const upload = (
  place: HubClient.Place,
  path: string,
  from: { readonly file: string; readonly mediaType: string }
): Effect.Effect<Outcome<unknown>, CliError> =>
  Effect.tryPromise({
    try: async (signal): Promise<Outcome<unknown>> => {
      const source = createReadStream(from.file)
      await new Promise<void>((resolve, reject) => {
        source.once("open", () => resolve()).once("error", ({ message }) => reject(new Unkept(message)))
      })
      const init = {
        method: "POST",
        body: Readable.toWeb(source) as never,
        duplex: "half",
        signal,
        redirect: "error"
      } as const
      const headers = { ...HubClient.shown(place), "content-type": from.mediaType }
      const response = await fetch(`${place.url}/api/v1/${path}`, { ...init, headers })
      const refusal = await HubClient.refusalIn(response, path)
      return refusal === undefined ? Result.succeed((await response.json()) as unknown) : Result.fail(refusal)
    },
    catch: (error) =>
      error instanceof Unkept
        ? because(new InputUnreadable({ file: from.file, problem: error.problem }))
        : HubClient.notConnected(place, causeOf(error))
  }).pipe(withinTime(place))

const causeOf = (error: unknown): string => {
  const { cause, message } = error as { readonly cause?: { readonly code?: string }; readonly message: string }
  return cause?.code ?? message
}

function withinTime(place: HubClient.Place) {
  return <A>(asking: Effect.Effect<A, CliError>): Effect.Effect<A, CliError> =>
    Effect.timeoutOrElse(asking, {
      duration: fileMsMax,
      orElse: () => Effect.fail(HubClient.notConnected(place, `not done within ${fileMsMax / 60_000} minutes`))
    })
}
