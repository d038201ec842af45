/**
 * Asks a hub who it is: `GET <address>/api/v1/identity`. The answer is believed as far as the connection can be; the
 * session later proves the PeerId, and it must be the one that was answered here.
 */
import { Effect, Result, Schema } from "effect"
import { because, type CliError, NotConnected } from "./CliError.ts"

/** From the request to the last byte of the answer. */
const answerMsMax = 8_000
const answerBytesMax = 64 * 1024

const Identity = Schema.Struct({
  peer: Schema.String,
  /** The space's name. */
  space: Schema.String,
  /** Older hubs do not say it, and know only the personal one. */
  policy: Schema.optionalKey(Schema.Literals(["personal", "enterprise"]))
})
export type HubIdentity = typeof Identity.Type

export const ask = Effect.fnUntraced(function* (address: string): Effect.fn.Return<HubIdentity, CliError> {
  const url = `${address.replace(/^ws/, "http")}/api/v1/identity`
  const text = yield* Effect.tryPromise({
    try: (signal) => fetchText(url, signal),
    catch: (error) => notConnected(address, problemOf(error))
  }).pipe(
    Effect.timeoutOrElse({
      duration: answerMsMax,
      orElse: () => Effect.fail(notConnected(address, `no answer within ${answerMsMax / 1000} s`))
    })
  )
  const decoded = Schema.decodeUnknownResult(Schema.fromJsonString(Identity))(text)
  if (Result.isSuccess(decoded)) return decoded.success
  return yield* notConnected(address, "what answers there is no Syncline hub")
})

const notConnected = (address: string, problem: string): CliError => because(new NotConnected({ address, problem }))

const fetchText = async (url: string, signal: AbortSignal): Promise<string> => {
  const response = await fetch(url, { signal, redirect: "error", headers: { connection: "close" } })
  if (!response.ok) throw new Error(`it answers ${response.status} to ${new URL(url).pathname}`)
  const text = await response.text()
  if (text.length > answerBytesMax) throw new Error("what answers there is no Syncline hub")
  return text
}

const problemOf = (error: unknown): string => {
  const { cause, message } = error as {
    readonly cause?: { readonly code?: string; readonly message?: string }
    readonly message: string
  }
  if (cause?.code === "ECONNREFUSED") return "nobody listens there"
  if (cause?.code === "ENOTFOUND") return "there is no such host"
  return cause?.message ?? message
}
