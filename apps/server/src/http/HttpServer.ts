/**
 * The hub's Fastify with its limits: slow or silent clients are cut off, every answer carries cautious headers and an
 * id of its request. It knows no routes.
 */
import { randomUUID } from "node:crypto"
import { Occupancy } from "@syncline/core"
import type { Effect, Scope } from "effect"
import fastify, { type FastifyBaseLogger, type FastifyInstance } from "fastify"
import type { Logger } from "pino"
import * as BodyDeadline from "./BodyDeadline.ts"
import * as EdgeSettings from "./EdgeSettings.ts"
import type { HubServer } from "./HubServer.ts"
import * as Problem from "./Problem.ts"
import * as PublicPath from "./PublicPath.ts"
import * as TlsFiles from "./TlsFiles.ts"
import * as TrustedProxies from "./TrustedProxies.ts"

/** From the opening of a connection to the end of a request's headers. */
export const headersMsMax = 5_000
/** From the opening of a connection to the end of a request. */
export const requestMsMax = 10_000
/** For who has upgraded to open a link, so that whoever says nothing is gone within 5 s. */
export const strangerMsMax = 4_000
/** Silence on a connection after an answer. */
const keepAliveMsMax = 5_000
/** From a request to its answer, where a route does not say otherwise. Fastify keeps to it only where there is no body. */
export const handlerMsMax = 5_000
/** The same where policies are compared on all that is there. The command line waits for 60 s. */
export const reviewMsMax = 55_000
/** No route takes a body of note yet. */
const bodyBytesMax = 64 * 1024
/** Longest part of a path, in characters: an id of a record has up to 128 bytes, each of which may stand there as three. */
const pathPartCharsMax = 384
/** Connections of all kinds; beyond it new ones are closed at once. */
const connectionsMax = 10_000

/** Shows how many connections are open, until the scope closes. */
export const watchConnections = (server: HubServer): Effect.Effect<void, never, Scope.Scope> => {
  let open = 0
  server.on("connection", (socket) => {
    open++
    socket.once("close", () => void open--)
  })
  return Occupancy.watch([{ kind: "queue", name: "http_connections", limit: connectionsMax, length: () => open }])
}

const cautious = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY"
}

/** Browsers come back by TLS alone for a year. */
const strict = { "strict-transport-security": "max-age=31536000" }

/** Programs that always say that they send JSON may send nothing. Whatever is no JSON is refused: forms of other pages send text. */
const takeNothingAsNothing = (app: FastifyInstance): void => {
  const parse = app.getDefaultJsonParser("error", "error")
  app.removeContentTypeParser(["application/json", "text/plain"])
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body === "") done(null, undefined)
    else void parse(request, body as string, done)
  })
}

/** Throws `HubError` where the settings name a certificate that cannot be used. */
export const make = (log: Logger, edge: EdgeSettings.EdgeSettings = EdgeSettings.none): FastifyInstance => {
  const limits = { headersTimeout: headersMsMax, requestTimeout: requestMsMax, connectionsCheckingInterval: 1_000 }
  const tls = edge.tls === undefined ? undefined : { ...TlsFiles.read(edge.tls), handshakeTimeout: headersMsMax }
  const path = PublicPath.of(edge.publicUrl)
  const app = fastify({
    ...(tls === undefined ? { http: limits } : { https: { ...tls, ...limits } }),
    rewriteUrl: ({ url = "/" }) => PublicPath.below(path, url),
    trustProxy: TrustedProxies.make(edge.trustedProxies).trusts,
    loggerInstance: log as FastifyBaseLogger,
    // An id that a client chose would let it write into our log.
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    handlerTimeout: handlerMsMax,
    bodyLimit: bodyBytesMax,
    clientErrorHandler: (error, socket) => Problem.endUnread(socket, error.code),
    routerOptions: { maxParamLength: pathPartCharsMax },
    requestTimeout: requestMsMax,
    keepAliveTimeout: keepAliveMsMax,
    forceCloseConnections: true
    // The two kinds of server differ in nothing that routes see.
  }) as unknown as FastifyInstance
  PublicPath.install(app.server, path)
  app.server.maxConnections = connectionsMax
  takeNothingAsNothing(app)
  BodyDeadline.install(app, requestMsMax)
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(cautious).header("x-request-id", request.id)
    if (request.protocol === "https") reply.headers(strict)
  })
  Problem.install(app)
  return app
}
