/**
 * Socket.IO for other systems' own clients, on a server that is somebody else's: they poll and upgrade as they like, and speak JSON. Who may
 * call, and what an event means, is the owner's to say; requests come from the owner as well, upgrades from the server. Syncline's own links have nothing to do with it.
 */
import { Occupancy } from "@syncline/core"
import { Effect, type Scope } from "effect"
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http"
import type { Server as HttpsServer } from "node:https"
import type { Duplex } from "node:stream"
import { Server, type Socket } from "socket.io"
import { answerBytesMax } from "./MessageInspection.ts"
import type { WebSocketHandle } from "./WebSocketHandle.ts"
import { anyEvent, Decoder, Encoder, eventText } from "./ForeignParser.ts"

/** What every Socket.IO client asks for unless it is told otherwise. */
const path = "/socket.io/"
/** From the opening of a connection to its connect packet, in milliseconds. */
const connectMsMax = 10_000
const pingIntervalMs = 25_000
const pingTimeoutMs = 20_000

/** One connection of a foreign client. */
export interface ForeignClient {
  readonly id: string
  readonly remote: string
  /**
   * Sends an event with one argument in JSON. `onSent` is called once the system has taken it, and never where the connection ends before:
   * whoever waits for it holds one event for a client that does not read.
   */
  readonly send: (name: string, argument: string, onSent?: () => void) => void
  readonly close: () => void
}

/** What the owner does about a client. Nothing of it may throw. */
export interface ClientHandler {
  /** The argument is text as it came, which may be no JSON; `undefined` where there is none. */
  readonly onEvent: (name: string, argument: string | undefined) => void
  readonly onEnd: () => void
}

export interface ForeignOptions {
  /** Largest message, in bytes; a larger one is answered 413 or ends the connection. */
  readonly messageBytesMax: number
  /** Connections at a time; a further one is answered 403. */
  readonly connectionsMax: number
  /** The same for one remote address. */
  readonly connectionsPerRemoteMax: number
  /** Asked for every upgrade. Requests are the owner's to check. */
  readonly mayUpgrade: (request: IncomingMessage) => boolean
  /** Who sent a request; by default the other end of its connection. */
  readonly remoteOf?: (request: IncomingMessage) => string
  readonly onClient: (client: ForeignClient) => ClientHandler
}

export interface ForeignServer {
  /** Takes over a request below `/socket.io/`, whose body nobody has read. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void
}

/** Open until the scope closes; then every connection ends. */
export const serveForeign = Effect.fnUntraced(function* (
  server: HttpServer | HttpsServer,
  options: ForeignOptions
): Effect.fn.Return<ForeignServer, never, Scope.Scope> {
  const counts = new Map<string, number>()
  const { entrance, io } = yield* Effect.acquireRelease(
    Effect.sync(() => make(options, counts)),
    ({ io: made }) => Effect.promise(() => made.close())
  )
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (!(request.url ?? "").startsWith(path)) return
    socket.on("error", () => socket.destroy())
    if (options.mayUpgrade(request)) return void entrance.emit("upgrade", request, socket, head)
    socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", () => socket.destroy())
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => server.on("upgrade", onUpgrade)),
    () => Effect.sync(() => server.off("upgrade", onUpgrade))
  )
  const length = (): number => io.engine.clientsCount
  yield* Occupancy.watch([{ kind: "queue", name: "foreign_connections", limit: options.connectionsMax, length }])
  return { handle: (request, response) => void entrance.emit("request", request, response) }
})

/** The entrance never listens: by it requests reach Socket.IO without Socket.IO touching the real server's listeners. */
const make = (options: ForeignOptions, counts: Map<string, number>) => {
  const { connectionsMax, connectionsPerRemoteMax, messageBytesMax, remoteOf = otherEndOf } = options
  const entrance = createServer()
  const io = new Server(entrance, {
    path,
    parser: { Encoder, Decoder },
    transports: ["polling", "websocket"],
    allowEIO3: false,
    perMessageDeflate: false,
    httpCompression: false,
    serveClient: false,
    destroyUpgrade: false,
    maxHttpBufferSize: messageBytesMax,
    connectTimeout: connectMsMax,
    pingInterval: pingIntervalMs,
    pingTimeout: pingTimeoutMs,
    allowRequest: (request, answer) => {
      const isFull = io.engine.clientsCount >= connectionsMax
      const hasMany = (counts.get(remoteOf(request)) ?? 0) >= connectionsPerRemoteMax
      answer(isFull || hasMany ? "too many connections" : undefined, !isFull && !hasMany)
    }
  })
  io.engine.on("connection", (engine: Socket["conn"]) => {
    const remote = remoteOf(engine.request)
    endPingFlood(engine.transport)
    engine.on("upgrade", endPingFlood)
    counts.set(remote, (counts.get(remote) ?? 0) + 1)
    engine.once("close", () => {
      const left = (counts.get(remote) ?? 1) - 1
      if (left === 0) counts.delete(remote)
      else counts.set(remote, left)
    })
  })
  io.on("connection", (socket) => openClient(socket, remoteOf(socket.request), options.onClient))
  return { entrance, io }
}

/** ws answers a WebSocket ping by itself; a client that asks without reading must not make the answers pile up. */
const endPingFlood = (transport: { readonly name: string }): void => {
  if (transport.name !== "websocket" || !("socket" in transport)) return
  const webSocket = transport.socket as WebSocketHandle
  webSocket.on("ping", () => {
    if (webSocket.bufferedAmount > answerBytesMax) webSocket.terminate()
  })
}

const otherEndOf = (request: IncomingMessage): string => request.socket.remoteAddress ?? "unknown"

const openClient = (socket: Socket, remote: string, onClient: ForeignOptions["onClient"]): void => {
  const { onEnd, onEvent } = onClient({
    id: socket.id,
    remote,
    send: (name, argument, onSent = () => undefined) => {
      if (socket.connected) socket.conn.write(eventText(name, argument), { compress: false }, onSent)
    },
    close: () => void socket.disconnect(true)
  })
  socket.on(anyEvent, onEvent)
  socket.once("disconnect", onEnd)
  // A message that is no packet: Socket.IO closes the connection.
  socket.on("error", () => undefined)
}
