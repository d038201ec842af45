/**
 * The listening side: Socket.IO's server behind an `HttpDoor`, every message inspected, every connection a link with
 * its own fiber. It asks nobody who they are; the session does.
 */
import { type Link, Occupancy, type TransportError } from "@syncline/core"
import { Effect, FiberSet, type Scope } from "effect"
import { createServer, type IncomingMessage, type Server as HttpServer } from "node:http"
import { Server, type Socket as ServerSocket } from "socket.io"
import { Admission, type Admitted } from "./Admission.ts"
import * as ChannelBinding from "./ChannelBinding.ts"
import * as HttpDoor from "./HttpDoor.ts"
import { answerBytesMax, fromClient, messageBytesMax, type Stage } from "./MessageInspection.ts"
import { describe, type Refusal } from "./Refusal.ts"
import * as SocketIoLink from "./SocketIoLink.ts"
import * as Metrics from "./SocketIoMetrics.ts"
import type { SocketIoSettings } from "./SocketIoOptions.ts"
import { Decoder, Encoder, frameEvent } from "./SocketIoParser.ts"
import { ofRequest, oversizeCode, type WebSocketHandle } from "./WebSocketHandle.ts"

/** How long the fibers of links may take to say goodbye when listening ends, in milliseconds. */
export const farewellMs = 1_000

type OnLink = (link: Link.Link) => Effect.Effect<void>
type EngineSocket = ServerSocket["conn"]

/** One admitted connection, from its upgrade until its socket is gone. */
interface Accepted {
  readonly request: IncomingMessage
  readonly remote: string
  readonly admitted: Admitted
  stage: Stage
  refusal: Refusal | undefined
  driven: SocketIoLink.DrivenLink | undefined
}

interface Listener {
  readonly settings: SocketIoSettings
  readonly onLink: OnLink
  readonly fork: (effect: Effect.Effect<void>) => void
  readonly fibers: FiberSet.FiberSet
  readonly admission: Admission
  readonly accepted: Map<IncomingMessage, Accepted>
  /** Never listens; it is how upgrades reach Socket.IO without Socket.IO touching the real server's listeners. */
  readonly entrance: HttpServer
  readonly io: Server
  isClosing: boolean
}

/** Accepts links until the scope closes. */
export const listen = Effect.fnUntraced(function* (
  settings: SocketIoSettings,
  onLink: OnLink
): Effect.fn.Return<ReadonlyArray<string>, TransportError.TransportError, Scope.Scope> {
  const door = yield* HttpDoor.make(settings)
  const fibers = yield* FiberSet.make()
  const runFork = yield* FiberSet.runtime(fibers)()
  const listener = yield* Effect.acquireRelease(
    Effect.sync(() => make(settings, onLink, fibers, (effect) => void runFork(effect))),
    shutDown
  )
  yield* watchSizes(listener)
  return yield* HttpDoor.open(settings, door, {
    admit: (request) => admit(listener, request),
    enter: (request, socket, head) => void listener.entrance.emit("upgrade", request, socket, head),
    onRefused: (refusal) => listener.fork(Metrics.refused(refusal)),
    fork: listener.fork
  })
})

const watchSizes = Effect.fnUntraced(function* ({ accepted, admission, settings }: Listener) {
  yield* SocketIoLink.watchSizes(function* () {
    for (const { driven } of accepted.values()) if (driven !== undefined) yield driven
  })
  const { maxConnections, maxPendingConnections } = settings
  yield* Occupancy.watch([
    { kind: "queue", name: "connections", limit: maxConnections, length: () => admission.open },
    { kind: "queue", name: "connections_pending", limit: maxPendingConnections, length: () => admission.pending }
  ])
})

const make = (
  settings: SocketIoSettings,
  onLink: OnLink,
  fibers: FiberSet.FiberSet,
  fork: Listener["fork"]
): Listener => {
  const entrance = createServer()
  const io = new Server(entrance, {
    path: settings.path,
    addTrailingSlash: false,
    parser: { Encoder, Decoder },
    transports: ["websocket"],
    allowUpgrades: false,
    allowEIO3: false,
    perMessageDeflate: false,
    httpCompression: false,
    serveClient: false,
    destroyUpgrade: false,
    maxHttpBufferSize: messageBytesMax,
    connectTimeout: settings.handshakeTimeoutMs,
    pingInterval: settings.pingIntervalMs,
    pingTimeout: settings.pingTimeoutMs
  })
  const admission = new Admission(settings)
  const listener: Listener = {
    settings,
    onLink,
    fork,
    fibers,
    admission,
    accepted: new Map(),
    entrance,
    io,
    isClosing: false
  }
  io.engine.on("connection", (engine: EngineSocket) => inspect(listener, engine))
  io.on("connection", (socket) => openLink(listener, socket))
  return listener
}

const admit = (listener: Listener, request: IncomingMessage): Refusal | undefined => {
  const remote = listener.settings.remoteOf?.(request) ?? request.socket.remoteAddress ?? "unknown"
  const admitted = listener.admission.admit(remote)
  if (typeof admitted === "string") return admitted
  const accepted: Accepted = { request, remote, admitted, stage: "open", refusal: undefined, driven: undefined }
  listener.accepted.set(request, accepted)
  request.socket.once("close", () => {
    admitted.ended()
    listener.accepted.delete(request)
    const wasLink = accepted.driven !== undefined
    if (!wasLink && accepted.refusal === undefined) listener.fork(Metrics.refused("abandoned"))
  })
  return undefined
}

/** Sees every message before Engine.IO does. */
const inspect = (listener: Listener, engine: EngineSocket): void => {
  const accepted = acceptedOf(listener, engine.request)
  const webSocket = ofRequest(engine.request)
  const refuse = (refusal: Refusal): void => cutOff(listener, accepted, engine, webSocket, refusal)
  webSocket.prependListener("message", (message, isBinary) => {
    const outcome = fromClient(accepted.stage, message, isBinary)
    if ("refusal" in outcome) refuse(outcome.refusal)
    else accepted.stage = outcome.stage
  })
  webSocket.prependListener("error", (error) => refuse(error.code === oversizeCode ? "oversize" : "malformed"))
  // ws answers a WebSocket ping by itself; a peer that asks without reading must not make the answers pile up.
  webSocket.on("ping", () => {
    if (webSocket.bufferedAmount > answerBytesMax) refuse("ping-flood")
  })
  // Engine.IO forgets a connection before its socket is gone, and a peer could keep that open.
  engine.once("close", () =>
    listener.fork(
      Effect.delay(
        Effect.sync(() => webSocket.terminate()),
        SocketIoLink.closeGraceMs
      )
    )
  )
}

const cutOff = (
  listener: Listener,
  accepted: Accepted,
  engine: EngineSocket,
  webSocket: WebSocketHandle,
  refusal: Refusal
): void => {
  if (accepted.refusal !== undefined) return
  accepted.refusal = refusal
  listener.fork(Metrics.refused(refusal))
  // First Engine.IO, so that it ignores the message that is just being delivered.
  engine.close(true)
  webSocket.terminate()
}

const openLink = (listener: Listener, socket: ServerSocket): void => {
  const engine = socket.conn
  const accepted = acceptedOf(listener, engine.request)
  const webSocket = ofRequest(engine.request)
  if (listener.isClosing || accepted.refusal !== undefined) return webSocket.terminate()
  const netSocket = engine.request.socket
  const driven = SocketIoLink.make({
    remote: accepted.remote,
    channelBinding: ChannelBinding.make(
      engine.transport.sid,
      listener.settings.tlsChannelBinding ? netSocket : undefined
    ),
    netSocket,
    webSocket,
    emit: (frame) => void socket.emit(frameEvent, frame),
    disconnect: () => engine.close(),
    overflow: () => cutOff(listener, accepted, engine, webSocket, "inbox-overflow")
  })
  accepted.driven = driven
  accepted.admitted.opened()
  // Not `on(frameEvent)`: Socket.IO drops events that it has dispatched but not delivered when the connection ends.
  socket.onAny((_event, frame: Uint8Array) => driven.onFrame(frame))
  engine.on("flush", driven.onFlush)
  socket.once("disconnect", (reason) =>
    driven.onEnd(accepted.refusal === undefined ? reason : describe(accepted.refusal))
  )
  listener.fork(
    Effect.andThen(Metrics.connected("in"), listener.onLink(driven.link)).pipe(Effect.ensuring(driven.link.close))
  )
}

const acceptedOf = (listener: Listener, request: IncomingMessage): Accepted => {
  const accepted = listener.accepted.get(request)
  if (accepted === undefined) throw new TypeError("a connection that was never admitted")
  return accepted
}

/** Within `farewellMs` and `closeGraceMs`, whatever the other ends do. */
const shutDown = Effect.fnUntraced(function* (listener: Listener) {
  listener.isClosing = true
  yield* FiberSet.clear(listener.fibers).pipe(Effect.timeoutOption(farewellMs))
  yield* Effect.forEach([...listener.accepted.values()], end, { concurrency: "unbounded", discard: true })
  yield* Effect.promise(() => listener.io.close())
})

const end = (accepted: Accepted): Effect.Effect<void> =>
  accepted.driven?.link.close ?? Effect.sync(() => void accepted.request.socket.destroy())
