/**
 * The dialling side: one attempt per call. It never dials again by itself; the orchestrator does, with jitter and
 * over all of a peer's routes.
 */
import { type Link, Transport, type TransportError } from "@syncline/core"
import { Effect, type Scope } from "effect"
import { Manager, type Socket as ClientSocket } from "socket.io-client"
import * as ChannelBinding from "./ChannelBinding.ts"
import { ClientWebSocket, lookingUp } from "./ClientWebSocket.ts"
import { describe } from "./Refusal.ts"
import * as SocketIoAddress from "./SocketIoAddress.ts"
import { notLinked, problemOf, unreachable } from "./SocketIoFailure.ts"
import * as SocketIoLink from "./SocketIoLink.ts"
import * as Metrics from "./SocketIoMetrics.ts"
import type { SocketIoSettings } from "./SocketIoOptions.ts"
import { Decoder, Encoder, frameEvent } from "./SocketIoParser.ts"

/** One attempt and the link that came of it. */
interface Client {
  readonly settings: SocketIoSettings
  readonly address: string
  readonly target: SocketIoAddress.DialTarget
  readonly socket: ClientSocket
  readonly fork: (effect: Effect.Effect<void>) => void
  driven: SocketIoLink.DrivenLink | undefined
}

/** Opens a link that closes with the scope. */
export const dial = Effect.fnUntraced(function* (
  settings: SocketIoSettings,
  address: string,
  lookup?: Transport.Lookup
): Effect.fn.Return<Link.Link, TransportError.TransportError, Scope.Scope> {
  const target = yield* SocketIoAddress.parse(address, settings.path)
  const runFork = Effect.runForkWith(yield* Effect.context<never>())
  const fork = (effect: Effect.Effect<void>): void => void runFork(effect)
  // The client, not the link, is what the scope holds: an interrupted attempt must not leave a connection behind.
  const client = yield* Effect.acquireRelease(
    Effect.sync((): Client => {
      return { settings, address, target, fork, socket: clientSocket(settings, target, lookup), driven: undefined }
    }),
    (client) => client.driven?.link.close ?? Effect.sync(() => abandon(client))
  )
  const link = yield* connect(client).pipe(
    Effect.timeoutOrElse({
      duration: Transport.dialTimeoutMs,
      orElse: () => Effect.fail(unreachable(address, `no answer within ${Transport.dialTimeoutMs} ms`))
    })
  )
  yield* SocketIoLink.watchSizes(() => (client.driven === undefined ? [] : [client.driven]))
  yield* Metrics.connected("out")
  return link
})

const clientSocket = (
  settings: SocketIoSettings,
  target: SocketIoAddress.DialTarget,
  lookup: Transport.Lookup | undefined
): ClientSocket => {
  const manager = new Manager(target.origin, {
    path: target.path,
    addTrailingSlash: false,
    autoConnect: false,
    reconnection: false,
    upgrade: false,
    transports: [lookup === undefined ? ClientWebSocket : lookingUp(lookup)],
    parser: { Encoder, Decoder },
    ...(settings.tlsAuthorities === undefined ? {} : { ca: [...settings.tlsAuthorities] })
  })
  // The time limit is the effect's; Socket.IO's own timer would outlive an interrupted dial.
  return manager.timeout(false).socket("/")
}

const connect = (client: Client) =>
  Effect.callback<Link.Link, TransportError.TransportError>((resume) => {
    // Once the link is open, this resumes nobody any more.
    const failed = (problem: string): void => resume(Effect.fail(notLinked(client.address, problem)))
    const { socket } = client
    socket.connect()
    const { engine } = socket.io
    const webSocket = webSocketOf(client)
    engine.once("error", (error) => {
      failed(webSocket.refusal === undefined ? problemOf(error) : describe(webSocket.refusal))
    })
    // Socket.IO itself does not report a connection that ends before Engine.IO's opening.
    engine.once("close", (reason) => {
      const { refusal } = webSocket
      if (refusal !== undefined) client.fork(Metrics.refused(refusal))
      const problem = refusal === undefined ? reason : describe(refusal)
      client.driven?.onEnd(problem)
      failed(problem)
    })
    socket.once("connect", () => {
      const driven = openLink(client, webSocket)
      client.driven = driven
      resume(Effect.succeed(driven.link))
    })
    return Effect.sync(() => abandon(client))
  })

const openLink = (client: Client, webSocket: ClientWebSocket): SocketIoLink.DrivenLink => {
  const { socket, settings } = client
  const { engine } = socket.io
  const { handle, netSocket } = webSocket
  if (handle === undefined || netSocket === undefined) throw new TypeError("connected without a socket")
  const driven = SocketIoLink.make({
    remote: client.target.origin,
    channelBinding: ChannelBinding.make(engine.id, settings.tlsChannelBinding ? netSocket : undefined),
    netSocket,
    webSocket: handle,
    emit: (frame) => void socket.emit(frameEvent, frame),
    disconnect: () => void engine.close(),
    overflow: () => webSocket.refuse("inbox-overflow")
  })
  socket.onAny((_event, frame: Uint8Array) => driven.onFrame(frame))
  engine.on("flush", driven.onFlush)
  return driven
}

const webSocketOf = (client: Client): ClientWebSocket => {
  const { transport } = client.socket.io.engine
  if (!(transport instanceof ClientWebSocket)) throw new TypeError("Socket.IO chose another transport")
  return transport
}

/** Ends an attempt that did not become a link. */
const abandon = (client: Client): void => {
  // Undefined where the attempt never began.
  const engine: typeof client.socket.io.engine | undefined = client.socket.io.engine
  if (engine === undefined) return
  client.socket.disconnect()
  webSocketOf(client).handle?.terminate()
}
