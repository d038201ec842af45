/**
 * Asks a hub's REST interface: the hub that runs on this machine through its local door, or another one at an address with a token of an
 * account. What is asked and what the answers mean is the commands'.
 */
import { readFileSync } from "node:fs"
import { isIP } from "node:net"
import { Effect, Result, Schema } from "effect"
import { because, type CliError, NotConnected, UsageInvalid } from "./CliError.ts"
import { HubRefused, TokenRefused } from "./HubAnswerError.ts"

/** From the question to the last byte of the answer; comparing policies on a large space takes a while. */
const answerMsMax = 60_000
/** A longer file holds no token. */
const tokenCharsMax = 256

/** A problem detail of RFC 9457. */
const Problem = Schema.Struct({ detail: Schema.String, code: Schema.optionalKey(Schema.String) })

export interface Question<A, I> {
  /** Below `/api/v1/`. */
  readonly path: string
  readonly answer: Schema.Codec<A, I>
  /** Makes it a POST, where `method` says nothing else. */
  readonly body?: object
  readonly method?: Method
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE"

/** Where the hub answers nothing. */
export const nothing = Schema.Undefined

/** Where a hub is, and what lets in there. */
export interface Place {
  readonly url: string
  readonly token: string
}

/** What a hub said no with. */
export interface Refusal {
  readonly status: number
  readonly code: string | undefined
  readonly detail: string
}

/**
 * The hub's answer, or what it said no with. Fails with `NotConnected`; `unreached` may name another reason where nobody listens.
 */
export const exchange = Effect.fnUntraced(function* <A, I>(
  place: Place,
  question: Question<A, I>,
  unreached: (code: string | undefined) => CliError | undefined = () => undefined
): Effect.fn.Return<Result.Result<A, Refusal>, CliError> {
  const { path } = question
  const { body, status } = yield* Effect.tryPromise({
    try: (signal) => fetchJson(place, question, signal),
    catch: (error) => {
      const { cause, message } = error as { readonly cause?: { readonly code?: string }; readonly message: string }
      return unreached(cause?.code) ?? notConnected(place, cause?.code ?? message)
    }
  }).pipe(
    Effect.timeoutOrElse({
      duration: answerMsMax,
      orElse: () => Effect.fail(notConnected(place, `no answer within ${answerMsMax / 1000} s`))
    })
  )
  if (status < 200 || status > 299) {
    const problem = Schema.decodeUnknownResult(Problem)(body)
    const { code, detail } = Result.isSuccess(problem)
      ? problem.success
      : { detail: `it answers ${status} to ${path}`, code: undefined }
    return Result.fail({ status, code, detail })
  }
  const answer = Schema.decodeUnknownResult(question.answer)(body)
  if (Result.isSuccess(answer)) return Result.succeed(answer.success)
  return yield* notConnected(place, `its answer to ${path} cannot be read; use one version of both`)
})

const fetchJson = async <A, I>(
  { token, url }: Place,
  { body, method = body === undefined ? "GET" : "POST", path }: Question<A, I>,
  signal: AbortSignal
) => {
  const headers = { ...shown({ token, url }), "content-type": "application/json" }
  const request: RequestInit = { headers, method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
  const response = await fetch(`${url}/api/v1/${path}`, { ...request, signal, redirect: "error" })
  const text = await response.text()
  return { status: response.status, body: (text === "" ? undefined : JSON.parse(text)) as unknown }
}

export const notConnected = ({ url }: Place, problem: string): CliError =>
  because(new NotConnected({ address: url, problem }))

/** What the hub says no with to an answer that is no success; `undefined` for one that is. */
export const refusalIn = async (response: Response, path: string): Promise<Refusal | undefined> => {
  if (response.ok) return undefined
  const problem = Schema.decodeUnknownResult(Schema.fromJsonString(Problem))(await response.text())
  const { code, detail } = Result.isSuccess(problem)
    ? problem.success
    : { detail: `it answers ${response.status} to ${path}`, code: undefined }
  return { status: response.status, code, detail }
}

/** How a question shows who asks. */
export const shown = ({ token }: Place): { readonly [name: string]: string } => ({
  authorization: `Bearer ${token}`,
  connection: "close"
})

export const refused = ({ code, detail, status }: Refusal): CliError =>
  because(new HubRefused({ status, problem: detail, ...(code === undefined ? {} : { code }) }))

/** The answer of a hub at an address. Fails with `UsageInvalid`, `TokenRefused`, `NotConnected` and `HubRefused`. */
export const askAt = Effect.fnUntraced(function* <A, I>(
  address: string,
  tokenFile: string | undefined,
  question: Question<A, I>
): Effect.fn.Return<A, CliError> {
  const place = yield* placeOf(address, tokenFile)
  const answer = yield* exchange(place, question)
  if (Result.isSuccess(answer)) return answer.success
  const { detail, status } = answer.failure
  if (status !== 401) return yield* refused(answer.failure)
  return yield* because(new TokenRefused({ address: place.url, problem: detail }))
})

const unusable = (problem: string) => Effect.fail(because(new UsageInvalid({ problem })))

export const placeOf = (address: string, tokenFile: string | undefined): Effect.Effect<Place, CliError> =>
  Effect.suspend(() => {
    const url = urlOf(address)
    if (url === undefined) {
      const why = "as others could read the token on its way"
      return unusable(`--at ${address} must be an https address, or http on this machine, ${why}.`)
    }
    if (tokenFile === undefined) {
      return unusable("--at takes a token: name its file by --token-file or SYNCLINE_TOKEN_FILE.")
    }
    try {
      const [line = ""] = readFileSync(tokenFile, "utf8").split(/\r?\n/, 1)
      const token = line.trim()
      if (/^[\w-]+$/.test(token) && token.length <= tokenCharsMax) return Effect.succeed({ url, token })
      return unusable(`${tokenFile} holds no token in its first line.`)
    } catch (error) {
      return unusable(`${tokenFile} cannot be read: ${(error as Error).message}.`)
    }
  })

/** Without what stands behind the path, and without a slash at its end. */
const urlOf = (address: string): string | undefined => {
  if (!URL.canParse(address)) return undefined
  const { hostname, origin, pathname, protocol } = new URL(address)
  const isHere =
    hostname === "localhost" || hostname === "[::1]" || (isIP(hostname) === 4 && hostname.startsWith("127."))
  if (protocol !== "https:" && !(protocol === "http:" && isHere)) return undefined
  return origin + pathname.replace(/\/+$/, "")
}
