/**
 * The HTTP side of listening: a server of one's own or somebody else's, and which upgrade requests pass to Socket.IO.
 * Only upgrades to exactly this transport's path and query pass, so Engine.IO never sees a request that names an
 * existing session. Ordinary requests are not touched: they belong to the server's owner.
 */
import { TransportError } from "@syncline/core"
import { Effect } from "effect"
import { createServer, type IncomingMessage, type Server as HttpServer } from "node:http"
import type { Server as HttpsServer } from "node:https"
import type { Duplex } from "node:stream"
import { Server as TlsServer } from "node:tls"
import type { Refusal } from "./Refusal.ts"
import * as SocketIoAddress from "./SocketIoAddress.ts"
import { fail, problemOf } from "./SocketIoFailure.ts"
import type { ListenAddress, SocketIoSettings } from "./SocketIoOptions.ts"

/** What Engine.IO's client always asks for; anything else is not ours. */
const query = "?EIO=4&transport=websocket"
/** An upgrade that nobody answered is ended after so many milliseconds. */
const unansweredMs = 1_000

export interface Door {
  readonly server: HttpServer | HttpsServer
  /** A server of this transport's own is started here and closed with the scope. */
  readonly own: Required<ListenAddress> | undefined
}

/** Who decides behind the door. All are called in the server's callbacks. */
export interface Doorkeeper {
  /** Decides about an upgrade to this transport's path: nothing, or why it is turned away. */
  readonly admit: (request: IncomingMessage) => Refusal | undefined
  readonly enter: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  readonly onRefused: (refusal: Refusal) => void
  readonly fork: (effect: Effect.Effect<void>) => void
}

// Two listeners on one server and path would both answer an upgrade, and ws throws at the second answer.
const takenPaths = new WeakMap<HttpServer | HttpsServer, Set<string>>()

/** The server to listen on. One of one's own is closed with the scope, but not started yet. */
export const make = Effect.fnUntraced(function* (settings: SocketIoSettings) {
  const where = settings.server
  if (where === undefined) {
    const problem = "this transport was made without a server and only dials"
    return yield* fail(new TransportError.AddressInvalid({ address: "", problem }))
  }
  if ("listen" in where) return { server: where, own: undefined } satisfies Door
  return { server: yield* ownServer(settings), own: where } satisfies Door
})

/** Lets connections in until the scope closes; resolves with the addresses to dial. */
export const open = Effect.fnUntraced(function* (settings: SocketIoSettings, door: Door, keeper: Doorkeeper) {
  yield* takePath(door.server, settings.path)
  const onUpgrade = upgradeHandler(settings, keeper, door.own !== undefined)
  yield* Effect.acquireRelease(
    Effect.sync(() => door.server.on("upgrade", onUpgrade)),
    () => Effect.sync(() => door.server.off("upgrade", onUpgrade))
  )
  if (door.own !== undefined) {
    refuseBadRequests(door.server, keeper)
    yield* listening(door.server, door.own)
  }
  return settings.announcedAddresses ?? addressesOf(door.server, settings.path)
})

const ownServer = (settings: SocketIoSettings) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const server = createServer(
        {
          headersTimeout: settings.handshakeTimeoutMs,
          requestTimeout: settings.handshakeTimeoutMs,
          connectionsCheckingInterval: Math.min(1_000, settings.handshakeTimeoutMs)
        },
        (_, response) => response.writeHead(404, { connection: "close" }).end()
      )
      // Room for requests that have not been read yet; the connections proper are counted at their upgrade.
      server.maxConnections = settings.maxConnections + settings.maxPendingConnections
      return server
    }),
    closed
  )

const closed = (server: HttpServer): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    // The one error there is says that the server never listened.
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })

const listening = (server: HttpServer | HttpsServer, where: Required<ListenAddress>) =>
  Effect.callback<void, TransportError.TransportError>((resume) => {
    const address = `${where.host}:${where.port}`
    const onError = (error: Error): void =>
      resume(Effect.fail(fail(new TransportError.AddressInUse({ address, problem: problemOf(error) }))))
    server.once("error", onError)
    server.listen({ host: where.host, port: where.port }, () => {
      server.off("error", onError)
      resume(Effect.void)
    })
  })

/** What Node could not read as HTTP, or not in time, counts here; a foreign server's owner decides about that himself. */
const refuseBadRequests = (server: HttpServer | HttpsServer, keeper: Doorkeeper): void => {
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code?.startsWith("HPE_") || error.code === "ERR_HTTP_REQUEST_TIMEOUT") keeper.onRefused("bad-request")
    socket.destroy()
  })
}

/** A path of a server until the scope closes; fails with `AddressInUse` where somebody else has it. */
export const takePath = (server: HttpServer | HttpsServer, path: string) =>
  Effect.acquireRelease(
    Effect.suspend(() => {
      const taken = takenPaths.get(server) ?? new Set()
      if (taken.has(path)) {
        const problem = "another transport listens on this server and path"
        return Effect.fail(fail(new TransportError.AddressInUse({ address: path, problem })))
      }
      takenPaths.set(server, taken.add(path))
      return Effect.succeed(taken)
    }),
    (taken) => Effect.sync(() => taken.delete(path))
  )

const addressesOf = (server: HttpServer | HttpsServer, path: string): ReadonlyArray<string> => {
  const bound = server.address()
  if (bound === null || typeof bound === "string") return []
  return [SocketIoAddress.format(bound, server instanceof TlsServer, path)]
}

const upgradeHandler = (settings: SocketIoSettings, keeper: Doorkeeper, isOwn: boolean) => {
  const target = settings.path + query
  return (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on("error", () => socket.destroy())
    const isOurs = isOwn || pathOf(request.url ?? "") === settings.path
    if (!isOurs) return keeper.fork(endUnanswered(socket))
    const refusal = admission(settings, keeper, request, target)
    if (refusal === undefined) return keeper.enter(request, socket, head)
    keeper.onRefused(refusal)
    socket.end(`HTTP/1.1 ${statusOf(refusal)}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
      socket.destroy()
    )
  }
}

const admission = (
  settings: SocketIoSettings,
  keeper: Doorkeeper,
  request: IncomingMessage,
  target: string
): Refusal | undefined => {
  if (request.url !== target) return "bad-request"
  const { origin } = request.headers
  if (origin !== undefined && !settings.allowedOrigins.has(origin)) return "origin"
  return keeper.admit(request)
}

const pathOf = (url: string): string => {
  const end = url.indexOf("?")
  return end === -1 ? url : url.slice(0, end)
}

const statusOf = (refusal: Refusal): string => {
  switch (refusal) {
    case "origin":
      return "403 Forbidden"
    case "pending-limit":
      return "429 Too Many Requests"
    case "connection-limit":
      return "503 Service Unavailable"
    default:
      return "400 Bad Request"
  }
}

/**
 * An upgrade to another path may belong to another handler of the same server. Node ends unhandled upgrades only when
 * nobody listens for them, so somebody has to end those that nobody answers.
 */
export const endUnanswered = (socket: Duplex): Effect.Effect<void> =>
  Effect.sync(() => {
    if (socket.writable && "bytesWritten" in socket && socket.bytesWritten === 0) socket.destroy()
  }).pipe(Effect.delay(unansweredMs))
