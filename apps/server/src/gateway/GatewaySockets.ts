/**
 * The Socket.IO server that gateways share at `/socket.io/`: requests come through Fastify, checked like all others, upgrades from the hub's
 * server. What events mean is the gateways' business.
 */
import type { ClientHandler, ForeignClient, ForeignOptions } from "@syncline/transport-socketio/gateway"
import { Effect, type Scope } from "effect"
import type { FastifyInstance } from "fastify"
import type { HubServer } from "../http/HubServer.ts"

/** Largest message, in bytes: a packet of 4 MiB and its frame. */
export const messageBytesMax = 4 * 1024 * 1024 + 1024
/** Connections of clients, registered or not. */
export const connectionsMax = 2_048
/** Of these, connections of one address. */
const connectionsPerRemoteMax = 1_100

/** Gives what adds its routes. Open until the scope closes; then every connection ends. */
export const open = Effect.fnUntraced(function* (
  server: HubServer,
  handlers: ReadonlyArray<(client: ForeignClient) => ClientHandler>,
  { mayUpgrade, remoteOf }: Required<Pick<ForeignOptions, "mayUpgrade" | "remoteOf">>
): Effect.fn.Return<(app: FastifyInstance) => void, never, Scope.Scope> {
  // Loaded only where a gateway needs it.
  const { serveForeign } = yield* Effect.promise(() => import("@syncline/transport-socketio/gateway"))
  const sockets = yield* serveForeign(server, {
    messageBytesMax,
    connectionsMax,
    connectionsPerRemoteMax,
    mayUpgrade,
    remoteOf,
    onClient: (client) => {
      const all = handlers.map((onClient) => onClient(client))
      return {
        onEvent: (name, argument) => all.forEach(({ onEvent }) => onEvent(name, argument)),
        onEnd: () => all.forEach(({ onEnd }) => onEnd())
      }
    }
  })
  return (app) => {
    // Socket.IO reads bodies itself, whatever they say that they are.
    app.addContentTypeParser("*", (_request, _body, done) => done(null))
    for (const method of ["GET", "POST"]) {
      app.route({
        method,
        url: "/socket.io/",
        logLevel: "warn",
        handler: (request, reply) => {
          reply.hijack()
          sockets.handle(request.raw, reply.raw)
        }
      })
    }
  }
})
