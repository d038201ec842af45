/**
 * Asks the team's hub that runs on this machine, through its local door: `<folder>/local-door.json` says where it is and
 * which token opens it, and only the hub's own user can read it. What is asked and what the answers mean is the commands'.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Effect, Result, Schema } from "effect"
import { because, type CliError, DoorClosed, HubRefused, NotConnected } from "./CliError.ts"

/** From the question to the last byte of the answer; comparing policies on a large space takes a while. */
const answerMsMax = 60_000

const Door = Schema.fromJsonString(
  Schema.Struct({
    url: Schema.String,
    token: Schema.String,
    /** Under which address others call the hub; older ones do not say it. */
    hub: Schema.optionalKey(Schema.String)
  })
)
/** A problem detail of RFC 9457. */
const Problem = Schema.Struct({ detail: Schema.String, code: Schema.optionalKey(Schema.String) })
/** How a hub without a team answers what is a team's. */
const teamless = ["TeamMissing", "PathUnknown"]

export interface Question<A, I> {
  /** Below `/api/v1/`. */
  readonly path: string
  readonly answer: Schema.Codec<A, I>
  /** Makes it a POST. */
  readonly body?: object
}

/** The hub's answer, or why there is none: `DoorClosed`, `NotConnected`, `HubRefused`. */
export const ask = Effect.fnUntraced(function* <A, I>(
  folder: string,
  question: Question<A, I>
): Effect.fn.Return<A, CliError> {
  const door = yield* doorOf(folder)
  const { body, status } = yield* Effect.tryPromise({
    try: (signal) => fetchJson(door, question, signal),
    catch: (error) => failureOf(folder, door, error)
  }).pipe(
    Effect.timeoutOrElse({
      duration: answerMsMax,
      orElse: () => Effect.fail(notConnected(door, `no answer within ${answerMsMax / 1000} s`))
    })
  )
  // A hub that was killed leaves its file, and its port may be another's by now.
  if (status === 401) return yield* because(new DoorClosed({ folder, problem: "what answers there has another token" }))
  if (status !== 200) {
    const problem = Schema.decodeUnknownResult(Problem)(body)
    const isTeamless = Result.isSuccess(problem) && teamless.includes(problem.success.code ?? "")
    if (isTeamless)
      return yield* because(
        new DoorClosed({
          folder,
          problem: "the hub that runs there has no team (SYNCLINE_POLICY=enterprise gives it one)"
        })
      )
    const said = Result.isSuccess(problem) ? problem.success.detail : `it answers ${status} to ${question.path}`
    return yield* because(new HubRefused({ status, problem: said }))
  }
  const answer = Schema.decodeUnknownResult(question.answer)(body)
  if (Result.isSuccess(answer)) return answer.success
  return yield* notConnected(door, `its answer to ${question.path} cannot be read; use one version of both`)
})

type Door = typeof Door.Type

/** Under which address others call the team's hub that runs on the folder. */
export const urlOf = (folder: string): Effect.Effect<string, CliError> =>
  Effect.map(doorOf(folder), ({ hub, url }) => hub ?? url)

const doorOf = (folder: string): Effect.Effect<Door, CliError> =>
  Effect.suspend(() => {
    const closed = (problem: string) => Effect.fail(because(new DoorClosed({ folder, problem })))
    let text: string
    try {
      text = readFileSync(join(folder, "local-door.json"), "utf8")
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      return closed(code === "ENOENT" ? "there is no local-door.json" : message)
    }
    const door = Schema.decodeUnknownResult(Door)(text)
    return Result.isSuccess(door) ? Effect.succeed(door.success) : closed("its local-door.json cannot be read")
  })

const fetchJson = async <A, I>({ token, url }: Door, { body, path }: Question<A, I>, signal: AbortSignal) => {
  const headers = { authorization: `Bearer ${token}`, connection: "close", "content-type": "application/json" }
  const request: RequestInit =
    body === undefined ? { headers } : { headers, method: "POST", body: JSON.stringify(body) }
  const response = await fetch(`${url}/api/v1/${path}`, { ...request, signal, redirect: "error" })
  return { status: response.status, body: (await response.json()) as unknown }
}

const notConnected = ({ url }: Door, problem: string): CliError => because(new NotConnected({ address: url, problem }))

const failureOf = (folder: string, door: Door, error: unknown): CliError => {
  const { cause, message } = error as { readonly cause?: { readonly code?: string }; readonly message: string }
  if (cause?.code !== "ECONNREFUSED") return notConnected(door, cause?.code ?? message)
  return because(new DoorClosed({ folder, problem: `nobody listens at ${door.url}` }))
}
