/**
 * Which relays the hubs of a node announce: `relays` in what `GET /api/v1/identity` of each answers. It believes a hub as far as the
 * connection to it can be believed: a relay proves its peer id, and reads nothing that it passes on.
 */
import { Clock, Effect, Result, Schema } from "effect"

/** From the request to the last byte of an answer, in milliseconds. */
const answerMsMax = 8_000
const answerBytesMax = 64 * 1024
/** Relays that one hub may announce; it is not believed beyond. */
const relaysMax = 16
/** How long an answer counts, in milliseconds, and one that names none: the hub may just be starting, or be told to relay. */
const freshMs = 10 * 60_000
const freshNoneMs = 60_000

const Announced = Schema.Struct({
  relays: Schema.optionalKey(
    Schema.Array(Schema.String.check(Schema.isMaxLength(512), Schema.isPattern(/^\//))).check(
      Schema.isMaxLength(relaysMax)
    )
  )
})

/** Where a hub is asked, of the address under which it is dialled; nothing for other addresses. */
const identityOf = (address: string): string | undefined => {
  if (!/^(https?|wss?):\/\//i.test(address) || !URL.canParse(address)) return undefined
  const { host, pathname, protocol } = new URL(address)
  // Devices are served at the end of the hub's path.
  const base = pathname.replace(/\/[^/]*$/, "")
  return `${/^(https|wss):$/i.test(protocol) ? "https" : "http"}://${host}${base}/api/v1/identity`
}

/**
 * Multiaddrs of the relays of the hubs at these addresses, as they were announced last: each hub is asked every ten minutes while
 * it answers, every minute while it names none. Never fails; a hub that does not answer announces what it announced before.
 */
export const of = (addresses: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>> => {
  const hubs = [...new Set(addresses.map(identityOf))].filter((url) => url !== undefined)
  const known = new Map<string, { readonly atMs: number; readonly relays: ReadonlyArray<string> }>()
  const one = Effect.fnUntraced(function* (url: string) {
    const nowMs = yield* Clock.currentTimeMillis
    const before = known.get(url)
    if (before !== undefined && nowMs - before.atMs < freshFor(before.relays)) return before.relays
    const asked = yield* Effect.result(ask(url))
    if (Result.isFailure(asked)) return before?.relays ?? []
    known.set(url, { atMs: nowMs, relays: asked.success })
    return asked.success
  })
  return Effect.map(Effect.forEach(hubs, one, { concurrency: "unbounded" }), (all) => all.flat())
}

const freshFor = ({ length }: ReadonlyArray<string>): number => (length === 0 ? freshNoneMs : freshMs)

const ask = (url: string) =>
  Effect.tryPromise((signal) => textOf(url, AbortSignal.any([signal, AbortSignal.timeout(answerMsMax)]))).pipe(
    Effect.flatMap(Schema.decodeEffect(Schema.fromJsonString(Announced))),
    Effect.map(({ relays = [] }) => relays)
  )

const textOf = async (url: string, signal: AbortSignal): Promise<string> => {
  const response = await fetch(url, { signal, redirect: "error", headers: { connection: "close" } })
  if (!response.ok || response.body === null) throw new Error(`it answers ${response.status}`)
  const chunks: Array<Uint8Array> = []
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.length
    if (bytes > answerBytesMax) throw new Error("it answers too much")
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString("utf8")
}
