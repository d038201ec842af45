/**
 * Syncs with another of Galileosky's devices when a client asks for it, in that device's own requests: the hub reads what it has, and sends
 * it all it lacks. Only devices that the settings name are called, as whoever reaches the gateway may ask.
 */
import { Effect } from "effect"
import { request as requestPlain } from "node:http"
import { request as requestTls } from "node:https"
import type { Readable } from "node:stream"
import type { GatewayError } from "../GatewayError.ts"
import * as AnswerText from "./AnswerText.ts"
import { exportParts, type GalileoskyHub } from "./GalileoskyHub.ts"
import type { Body, Kept } from "./GalileoskyStore.ts"
import { isObject } from "./GalileoskyRecord.ts"

/** For one request, in milliseconds. */
const requestMsMax = 30_000
/** Bytes of an answer without records. */
const smallAnswerBytesMax = 64 * 1024

/** What the other device gained, or why it was not synced with, in a sentence. */
type Outcome = { readonly newRecords: number } | string

export interface PeerDialer {
  readonly isUnderWay: () => boolean
  readonly sync: (peerUrl: string) => Effect.Effect<Outcome, GatewayError>
}

/** A device that did not answer as one does. */
class PeerFailed extends Error {
  override readonly name = "PeerFailed"
}

export const make = (hub: GalileoskyHub, origins: ReadonlyArray<string>, answerBytesMax: number): PeerDialer => {
  let isUnderWay = false
  const sync = (peerUrl: string) =>
    Effect.suspend((): Effect.Effect<Outcome, GatewayError> => {
      const origin = originOf(peerUrl)
      if (origin === undefined || !origins.includes(origin)) return Effect.succeed("this hub may not call that address")
      if (isUnderWay) return Effect.succeed("Sync already in progress, please wait")
      isUnderWay = true
      return Effect.ensuring(
        syncWith(hub, origin, answerBytesMax),
        Effect.sync(() => void (isUnderWay = false))
      )
    })
  return { isUnderWay: () => isUnderWay, sync }
}

const originOf = (url: string): string | undefined => {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  return parsed?.protocol === "http:" || parsed?.protocol === "https:" ? parsed.origin : undefined
}

const syncWith = (hub: GalileoskyHub, origin: string, bytesMax: number): Effect.Effect<Outcome, GatewayError> =>
  Effect.gen(function* () {
    const status = yield* asked(`${origin}/peer/status`, smallAnswerBytesMax)
    if (typeof status === "string") return status
    const theirs = yield* asked(`${origin}/peer/export`, bytesMax)
    if (typeof theirs === "string") return theirs
    return yield* hub.store.keep(theirs, { field: "records", needs: ["records"] }, (kept) =>
      "problem" in kept
        ? Effect.succeed<Outcome>("the other device sent no records")
        : give(hub, origin, bytesMax, kept)
    )
  })

const give = Effect.fnUntraced(function* (hub: GalileoskyHub, origin: string, bytesMax: number, { receipt }: Kept) {
  const opening = Effect.gen(function* () {
    const answer = yield* hub.store.answer(receipt)
    return AnswerText.streamOf(answer, ...(yield* exportParts(hub)))
  })
  const answered = yield* asked(`${origin}/peer/sync`, bytesMax, yield* Effect.uninterruptible(opening))
  return typeof answered === "string" ? answered : newRecordsOf(answered)
})

const newRecordsOf = (answer: Body): Outcome => {
  // The records are in it again, but nothing of them is needed: what counts stands behind them.
  const end = Buffer.concat(answer.slice(-16)).toString("utf8")
  const [, result] = /"syncResult":(\{[^{}]*\})(?:,"message":"[^"]*")?\}\s*$/.exec(end.slice(-1_024)) ?? []
  const facts = result === undefined ? undefined : jsonOf(result)
  const newRecords = isObject(facts) ? facts["newRecords"] : undefined
  return typeof newRecords === "number" ? { newRecords } : "the other device did not take the records"
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The answer, or why there is none, in a sentence. */
const asked = (url: string, bytesMax: number, body?: Readable): Effect.Effect<Body | string> =>
  Effect.promise((signal) =>
    ask(url, bytesMax, body, signal).catch((error: unknown) =>
      error instanceof PeerFailed ? error.message : "the other device does not answer"
    )
  )

/** One request as the real client makes it. A redirect is not followed: it leads where nobody allowed. */
const ask = (url: string, bytesMax: number, body: Readable | undefined, signal: AbortSignal): Promise<Body> =>
  new Promise((resolve, reject) => {
    const send = url.startsWith("https:") ? requestTls : requestPlain
    const request = send(url, {
      method: body === undefined ? "GET" : "POST",
      headers: { "content-type": "application/json", "user-agent": "Galileosky-Peer-Sync/1.0" },
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestMsMax)])
    })
    const fail = (error: Error): void => {
      request.destroy()
      body?.destroy()
      reject(error)
    }
    request.on("error", fail)
    request.on("response", (response) => {
      const { statusCode = 0 } = response
      if (statusCode < 200 || statusCode > 299) return fail(new PeerFailed(`the other device answered ${statusCode}`))
      const chunks: Array<Buffer> = []
      let length = 0
      response.on("error", fail)
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk)
        length += chunk.length
        if (length > bytesMax) fail(new PeerFailed(`the other device's answer has more than ${bytesMax} bytes`))
      })
      response.on("end", () => resolve(chunks))
    })
    if (body === undefined) request.end()
    else body.on("error", fail).pipe(request)
  })
