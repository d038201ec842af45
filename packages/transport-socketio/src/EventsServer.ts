/**
 * A stream of events to Socket.IO's own clients, on a server that is somebody else's and on a path of its own: WebSocket alone, one namespace,
 * one way. Who may listen is asked before the upgrade is answered; what is told, and to whom, is the owner's to say. Syncline's links have
 * nothing to do with it.
 */
import { Occupancy, type TransportError } from "@syncline/core"
import { Effect, Exit, Fiber, FiberSet, type Scope } from "effect"
import { createServer, type IncomingMessage, type Server as HttpServer } from "node:http"
import type { Server as HttpsServer } from "node:https"
import type { Duplex } from "node:stream"
import { Server, type Socket } from "socket.io"
import { Admission, type Admitted } from "./Admission.ts"
import { decoderFor, Encoder, eventText } from "./EventsParser.ts"
import * as HttpDoor from "./HttpDoor.ts"
import { answerBytesMax } from "./MessageInspection.ts"
import { closeGraceMs } from "./SocketIoLink.ts"
import { farewellMs } from "./SocketIoListener.ts"
import { ofRequest } from "./WebSocketHandle.ts"

/** How long it may take to say who may listen, in milliseconds; beyond it the caller is answered 503. */
export const admitMsMax = 800
/** From an upgrade to the connect packet, in milliseconds. */
const connectMsMax = 5_000
const pingIntervalMs = 25_000
const pingTimeoutMs = 20_000
/** Bytes of what a client may say at once. */
const messageBytesMax = 4_096

/** Nobody is let in: the status that the upgrade is answered with. */
export interface EventsRefused {
  readonly status: 401 | 403 | 429 | 503
}

/** One listener. */
export interface EventsConnection {
  readonly remote: string
  /** Sends an event with one argument as JSON; resolves once the system has taken it, so whoever waits holds one event for a client that does not read. */
  readonly emit: (name: string, argument: unknown) => Effect.Effect<void>
}

export interface EventsOptions<Who> {
  /** Without a slash at its end; clients may ask with one. */
  readonly path: string
  /** The one namespace that is served, e.g. `/admin`. */
  readonly namespace: string
  /** Says who asks, before the upgrade is answered, within 800 ms. */
  readonly admit: (request: IncomingMessage) => Effect.Effect<Who, EventsRefused>
  /** Runs in a fiber of its own as long as the client is there; when it ends the connection does. */
  readonly onOpen: (who: Who, connection: EventsConnection) => Effect.Effect<void>
  /** Connections altogether; a further one is answered 503. */
  readonly connectionsMax: number
  /** Connections of one remote address that have not opened yet; a further one is answered 429. */
  readonly maxPendingConnections: number
  /** Who sent a request; by default the other end of its connection. */
  readonly remoteOf?: (request: IncomingMessage) => string
}

interface Accepted<Who> {
  readonly remote: string
  readonly admitted: Admitted
  readonly socket: Duplex
  who: Who | undefined
  fiber: Fiber.Fiber<void> | undefined
}

interface Events<Who> {
  readonly options: EventsOptions<Who>
  readonly admission: Admission
  readonly accepted: Map<IncomingMessage, Accepted<Who>>
  readonly fork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  readonly fibers: FiberSet.FiberSet<void>
  /** Never listens; by it upgrades reach Socket.IO without Socket.IO touching the real server's listeners. */
  readonly entrance: HttpServer
  readonly io: Server
  isClosing: boolean
}

/** Lets listeners in until the scope closes; then every connection ends within 2 seconds. Fails with `AddressInUse` where the path is taken. */
export const serveEvents = Effect.fnUntraced(function* <Who>(
  server: HttpServer | HttpsServer,
  options: EventsOptions<Who>
): Effect.fn.Return<void, TransportError.TransportError, Scope.Scope> {
  const fibers = yield* FiberSet.make<void>()
  const fork = yield* FiberSet.runtime(fibers)()
  yield* HttpDoor.takePath(server, options.path)
  const events = yield* Effect.acquireRelease(
    Effect.sync(() => make(options, fibers, (effect) => fork(effect))),
    shutDown
  )
  const { connectionsMax, maxPendingConnections } = options
  yield* Occupancy.watch([
    { kind: "queue", name: "event_connections", limit: connectionsMax, length: () => events.admission.open },
    {
      kind: "queue",
      name: "event_connections_pending",
      limit: maxPendingConnections,
      length: () => events.admission.pending
    }
  ])
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void =>
    upgrade(events, request, socket, head)
  yield* Effect.acquireRelease(
    Effect.sync(() => server.on("upgrade", onUpgrade)),
    () => Effect.sync(() => server.off("upgrade", onUpgrade))
  )
})

const make = <Who>(
  options: EventsOptions<Who>,
  fibers: FiberSet.FiberSet<void>,
  fork: Events<Who>["fork"]
): Events<Who> => {
  const { connectionsMax, maxPendingConnections, namespace, path } = options
  const entrance = createServer()
  const io = new Server(entrance, {
    path,
    addTrailingSlash: false,
    parser: { Encoder, Decoder: decoderFor(namespace) },
    transports: ["websocket"],
    allowUpgrades: false,
    allowEIO3: false,
    perMessageDeflate: false,
    httpCompression: false,
    serveClient: false,
    destroyUpgrade: false,
    maxHttpBufferSize: messageBytesMax,
    connectTimeout: connectMsMax,
    pingInterval: pingIntervalMs,
    pingTimeout: pingTimeoutMs
  })
  const admission = new Admission({ maxConnections: connectionsMax, maxPendingConnections })
  const events: Events<Who> = { options, admission, accepted: new Map(), fork, fibers, entrance, io, isClosing: false }
  io.engine.on("connection", (engine: Socket["conn"]) => watch(events, engine))
  io.of(namespace).on("connection", (socket) => open(events, socket))
  return events
}

/** What Engine.IO's client asks for over WebSocket; nothing else is served here, least of all a session that exists. */
const queryExpected = "EIO=4&transport=websocket"

const upgrade = <Who>(events: Events<Who>, request: IncomingMessage, socket: Duplex, head: Buffer): void => {
  const { admission, fork, options } = events
  const [path = "", query] = (request.url ?? "").split("?", 2)
  socket.on("error", () => socket.destroy())
  if (path !== options.path && path !== `${options.path}/`) return void fork(HttpDoor.endUnanswered(socket))
  if (query !== queryExpected) return refuse(socket, 400)
  if (events.isClosing) return refuse(socket, 503)
  const remote = options.remoteOf?.(request) ?? request.socket.remoteAddress ?? "unknown"
  const admitted = admission.admit(remote)
  if (typeof admitted === "string") return refuse(socket, admitted === "pending-limit" ? 429 : 503)
  const accepted: Accepted<Who> = { remote, admitted, socket, who: undefined, fiber: undefined }
  events.accepted.set(request, accepted)
  socket.once("close", () => {
    admitted.ended()
    events.accepted.delete(request)
    accepted.fiber?.interruptUnsafe()
  })
  const asking = Effect.timeoutOrElse(options.admit(request), {
    duration: admitMsMax,
    orElse: () => Effect.fail({ status: 503 } satisfies EventsRefused)
  })
  fork(
    Effect.map(Effect.exit(asking), (exit) => {
      if (socket.destroyed) return
      if (Exit.isFailure(exit)) return refuse(socket, statusOf(exit))
      accepted.who = exit.value
      events.entrance.emit("upgrade", request, socket, head)
    })
  )
}

const statusOf = (exit: Exit.Failure<unknown, EventsRefused>): number => {
  const failure = Exit.findErrorOption(exit)
  return failure._tag === "Some" ? failure.value.status : 503
}

const words: { readonly [status: number]: string } = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  429: "Too Many Requests",
  503: "Service Unavailable"
}

const refuse = (socket: Duplex, status: number): void => {
  socket.end(`HTTP/1.1 ${status} ${words[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
    socket.destroy()
  )
}

/** Ends what Socket.IO would leave open. */
const watch = <Who>({ fork }: Events<Who>, engine: Socket["conn"]): void => {
  const webSocket = ofRequest(engine.request)
  // ws answers a WebSocket ping by itself; a client that asks without reading must not make the answers pile up.
  webSocket.on("ping", () => {
    if (webSocket.bufferedAmount > answerBytesMax) webSocket.terminate()
  })
  // Engine.IO forgets a connection before its socket is gone, and a client could keep that open.
  engine.once("close", () => fork(terminating(engine)))
}

/** What is written already may arrive for a moment. */
const terminating = ({ request }: Socket["conn"]): Effect.Effect<void> =>
  Effect.delay(
    Effect.sync(() => ofRequest(request).terminate()),
    closeGraceMs
  )

const open = <Who>(events: Events<Who>, socket: Socket): void => {
  const { fork, options } = events
  const engine = socket.conn
  const accepted = events.accepted.get(engine.request)
  // A message that is no packet: Socket.IO closes the connection.
  socket.on("error", () => undefined)
  if (accepted?.who === undefined || events.isClosing) return ofRequest(engine.request).terminate()
  accepted.admitted.opened()
  const connection: EventsConnection = {
    remote: accepted.remote,
    emit: (name, argument) =>
      Effect.callback<void>((resume) => {
        const text = eventText(options.namespace, name, argument)
        engine.write(text, { compress: false }, () => resume(Effect.void))
      })
  }
  accepted.fiber = fork(Effect.ensuring(options.onOpen(accepted.who, connection), close(events, engine)))
  socket.once("disconnect", () => accepted.fiber?.interruptUnsafe())
}

const close = <Who>({ fork }: Events<Who>, engine: Socket["conn"]): Effect.Effect<void> =>
  Effect.sync(() => {
    engine.close()
    fork(terminating(engine))
  })

/** Within `farewellMs`, whatever the other ends do. */
const shutDown = Effect.fnUntraced(function* <Who>(events: Events<Who>) {
  events.isClosing = true
  yield* FiberSet.clear(events.fibers).pipe(Effect.timeoutOption(farewellMs))
  for (const { socket } of events.accepted.values()) socket.destroy()
  yield* Effect.promise(() => events.io.close())
})
