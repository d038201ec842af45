/**
 * What all routes of Galileosky's gateway share: how a body is kept and told of, how records are sent, and what the hub says of itself as one
 * of their devices. Which route asks for what is not known here.
 */
import { Clock, Effect } from "effect"
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import { handling } from "../GatewayAnswer.ts"
import type { Gateway, GatewayHost, GatewayServices } from "../Gateway.ts"
import type { GatewayError } from "../GatewayError.ts"
import * as AnswerText from "./AnswerText.ts"
import type { GalileoskyListeners } from "./GalileoskyListeners.ts"
import type { Body, GalileoskyStore, Kept, OpenAnswer } from "./GalileoskyStore.ts"
import { isObject, type JsonObject } from "./GalileoskyRecord.ts"
import type { BodyForm } from "./RecordBook.ts"

/** Bytes of a piece of a body, roughly. */
const pieceBytes = 32 * 1024
/** What comes bit by bit is put together at the latest then. */
const crumbsMax = 1_024
/** Bytes of a body that has no records. */
const smallBodyBytesMax = 64 * 1024

export interface GalileoskyHub {
  readonly gateway: Gateway
  readonly host: GatewayHost
  readonly store: GalileoskyStore
  readonly listeners: GalileoskyListeners
  /** Its name among their devices. */
  readonly deviceId: string
  /** Whether status says that it is a server. Nothing else follows from it. */
  isServer: boolean
  /** When somebody synced last, in ISO 8601. */
  lastSync: string | null
}

export type Answering = (
  request: FastifyRequest,
  reply: FastifyReply
) => Effect.Effect<FastifyReply, GatewayError, GatewayServices>

/** The time in ISO 8601, as these clients are told it. */
export const nowText: Effect.Effect<string> = Effect.map(Clock.currentTimeMillis, (ms) => new Date(ms).toISOString())

/** Adds a route, and an answer for pages that ask beforehand. */
export const addRoute = (
  app: FastifyInstance,
  { gateway, host }: GalileoskyHub,
  methods: ReadonlyArray<string>,
  url: string,
  answer: Answering
): void => {
  app.route({ method: [...methods], url, handler: handling(host, gateway, answer) })
  if (!methods.includes("OPTIONS")) app.options(url, async (_, reply) => reply.code(200).send())
}

export const everyMethod = ["GET", "POST", "PUT", "PATCH", "DELETE"]

/** Bodies come as bytes, whatever they say that they are, and in pieces: to put 50 MB together keeps others waiting. */
export const takeBytes = (app: FastifyInstance, bytesMax: number): void => {
  app.addContentTypeParser("*", (_request, payload, done) => {
    const pieces: Array<Uint8Array> = []
    let crumbs: Array<Uint8Array> = []
    let [crumbBytes, length] = [0, 0]
    const sweep = (): void => {
      pieces.push(crumbs.length === 1 ? crumbs[0]! : Buffer.concat(crumbs))
      ;[crumbs, crumbBytes] = [[], 0]
    }
    payload.on("data", (crumb: Uint8Array) => {
      length += crumb.byteLength
      if (length > bytesMax) {
        pieces.length = crumbs.length = 0
        payload.removeAllListeners("data")
        payload.resume()
        return done(tooLarge(bytesMax))
      }
      crumbs.push(crumb)
      crumbBytes += crumb.byteLength
      if (crumbBytes >= pieceBytes || crumbs.length >= crumbsMax) sweep()
    })
    payload.on("end", () => {
      if (length > bytesMax) return
      sweep()
      done(null, pieces)
    })
    // The client went away: nobody reads what is answered.
    payload.on("error", (error: Error) => done(Object.assign(error, { statusCode: 400 })))
  })
}

const tooLarge = (bytesMax: number): Error =>
  Object.assign(new Error(`a body has at most ${bytesMax} bytes`), { statusCode: 413 })

const piecesOf = ({ body }: FastifyRequest): Body => (Array.isArray(body) ? (body as Body) : [])

/** A body without records; `undefined` where it is none. */
export const fieldsOf = (request: FastifyRequest): JsonObject | undefined => {
  const pieces = piecesOf(request)
  if (pieces.reduce((so, { byteLength }) => so + byteLength, 0) > smallBodyBytesMax) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.concat(pieces).toString("utf8"))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Keeps a body's records and tells who listens. `wrong` is what its client is told of one that cannot be kept. */
export const keeping =
  (
    hub: GalileoskyHub,
    form: BodyForm,
    wrong: string,
    use: (kept: Kept, reply: FastifyReply) => Effect.Effect<FastifyReply, GatewayError>
  ): Answering =>
  (request, reply) =>
    hub.store.keep(piecesOf(request), form, (outcome) =>
      "problem" in outcome
        ? Effect.succeed(hub.gateway.refuse(reply, 400, wrong))
        : Effect.andThen(tell(hub, outcome), use(outcome, reply))
    )

const tell = (hub: GalileoskyHub, { newRecords, sender, totalRecords }: Kept): Effect.Effect<void> =>
  Effect.map(nowText, (now) => {
    hub.lastSync = now
    if (newRecords > 0) hub.listeners.tell({ deviceId: sender ?? hub.deviceId, newRecords, totalRecords })
  })

/** What `/peer/export` says: the part before the records, and the one behind. */
export const exportParts = (hub: GalileoskyHub): Effect.Effect<readonly [before: string, behind: string]> =>
  Effect.map(nowText, (exportTime) => [
    `{${AnswerText.factsText({ deviceId: hub.deviceId })},`,
    `,${AnswerText.factsText({ lastIMEI: hub.store.figures().lastImei, exportTime })}}`
  ])

/** To be called with nothing between it and the answer that could be interrupted. */
export const sendStream = (reply: FastifyReply, answer: OpenAnswer, before: string, behind: string): FastifyReply =>
  reply.type("application/json; charset=utf-8").send(AnswerText.streamOf(answer, before, behind))

export const sendExport = (hub: GalileoskyHub, reply: FastifyReply): Effect.Effect<FastifyReply, GatewayError> =>
  Effect.uninterruptible(
    Effect.gen(function* () {
      const answer = yield* hub.store.answer(undefined)
      return sendStream(reply, answer, ...(yield* exportParts(hub)))
    })
  )
