/**
 * A core `Link` over one Socket.IO connection, the same for both ends: frames in order, a bounded inbox that pauses
 * the socket, and sending that waits for the socket. It does not open, accept or inspect connections.
 */
import { Limits, Link, Occupancy, TransportError } from "@syncline/core"
import { Effect, type Scope } from "effect"
import type { Socket } from "node:net"
import { fail, linkClosed } from "./SocketIoFailure.ts"
import * as Metrics from "./SocketIoMetrics.ts"
import type { WebSocketHandle } from "./WebSocketHandle.ts"

/** What a link needs of either end of Socket.IO. */
export interface Connection {
  readonly remote: string
  readonly channelBinding: Uint8Array
  readonly netSocket: Socket
  readonly webSocket: WebSocketHandle
  readonly emit: (frame: Uint8Array) => void
  /** Starts the closing handshake after everything that was emitted. */
  readonly disconnect: () => void
  /** The inbox cannot hold more: cut the connection off. */
  readonly overflow: () => void
}

/** A link and the three things that its owner reports to it. All are called in the socket's callbacks. */
export interface DrivenLink {
  readonly link: Link.Link
  readonly onFrame: (frame: Uint8Array) => void
  /** Engine.IO handed its buffer to the WebSocket. */
  readonly onFlush: () => void
  readonly onEnd: (problem: string) => void
  readonly sizes: LinkSizes
}

/** What waits in a link now. */
interface LinkSizes {
  readonly inboxFrames: () => number
  readonly inboxBytes: () => number
  readonly unsentBytes: () => number
}

/** Shows the sizes of links, the fullest of those that there are, until the scope closes. */
export const watchSizes = (links: () => Iterable<DrivenLink>): Effect.Effect<void, never, Scope.Scope> => {
  const fullest = (size: keyof LinkSizes) => (): number => {
    let most = 0
    for (const { sizes } of links()) most = Math.max(most, sizes[size]())
    return most
  }
  return Occupancy.watch([
    { kind: "queue", name: "link_frames_in", limit: inboxFramesMax, length: fullest("inboxFrames") },
    { kind: "queue", name: "link_bytes_in", limit: Link.linkBufferBytesMax, length: fullest("inboxBytes") },
    { kind: "queue", name: "link_bytes_out", limit: Link.linkBufferBytesMax, length: fullest("unsentBytes") }
  ])
}

/** At this many waiting frames, or `linkBufferBytesMax` waiting bytes, the socket is not read any further. */
export const inboxPauseFrames = Link.linkFramesMax / 2
/**
 * Waiting frames beyond this end the link. Pausing takes hold between two reads of the socket, and one read of 64 KiB
 * may carry many small frames of an honest peer; this is room for one read full of frames of 16 bytes.
 */
export const inboxFramesMax = 16 * Link.linkFramesMax
/** How long a closing handshake may take, in milliseconds, before the socket is cut. */
export const closeGraceMs = 500

interface State {
  readonly connection: Connection
  readonly inbox: Array<Uint8Array>
  inboxBytes: number
  /** Bytes that Engine.IO still holds back; the WebSocket counts the rest. */
  unflushedBytes: number
  /** Set once the link has ended. */
  problem: string | undefined
  wakeReceiver: (() => void) | undefined
  wakeSender: (() => void) | undefined
}

export const make = (connection: Connection): DrivenLink => {
  const state: State = {
    connection,
    inbox: [],
    inboxBytes: 0,
    unflushedBytes: 0,
    problem: undefined,
    wakeReceiver: undefined,
    wakeSender: undefined
  }
  return {
    link: {
      remote: connection.remote,
      channelBinding: connection.channelBinding,
      send: (frame) => send(state, frame),
      receive: receive(state),
      close: close(state)
    },
    onFrame: (frame) => keep(state, frame),
    onFlush: () => {
      state.unflushedBytes = 0
    },
    onEnd: (problem) => end(state, problem),
    sizes: {
      inboxFrames: () => state.inbox.length,
      inboxBytes: () => state.inboxBytes,
      unsentBytes: () => unsentBytes(state)
    }
  }
}

const send = Effect.fnUntraced(function* (state: State, frame: Uint8Array) {
  if (frame.length > Limits.frameBytesMax) {
    const reason = new TransportError.FrameRefused({ bytes: frame.length, bytesMax: Limits.frameBytesMax })
    return yield* fail(reason)
  }
  while (state.problem === undefined && unsentBytes(state) > Link.linkBufferBytesMax) yield* drained(state)
  if (state.problem !== undefined) return yield* linkClosed(state.problem)
  // Counted before, because emitting flushes at once when the socket is ready.
  state.unflushedBytes += frame.length
  state.connection.emit(frame)
  yield* Metrics.moved("out", frame.length)
})

const unsentBytes = (state: State): number => state.unflushedBytes + state.connection.webSocket.bufferedAmount

/** Waits until the socket took what it holds, or the link ended. Whoever waits looks again at both. */
const drained = (state: State): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const { netSocket } = state.connection
    const release = (): void => {
      netSocket.off("drain", wake)
      state.wakeSender = undefined
    }
    const wake = (): void => {
      release()
      resume(Effect.void)
    }
    netSocket.on("drain", wake)
    state.wakeSender = wake
    return Effect.sync(release)
  })

const receive = (state: State): Effect.Effect<Uint8Array, TransportError.TransportError> =>
  Effect.suspend(() => {
    const frame = state.inbox.shift()
    if (frame !== undefined) return taken(state, frame)
    if (state.problem !== undefined) return Effect.fail(linkClosed(state.problem))
    // The wake-up carries no frame, so a receiver that is interrupted at that moment loses none.
    return Effect.callback<void>((resume) => {
      state.wakeReceiver = () => resume(Effect.void)
      return Effect.sync(() => {
        state.wakeReceiver = undefined
      })
    }).pipe(Effect.andThen(receive(state)))
  })

const taken = (state: State, frame: Uint8Array): Effect.Effect<Uint8Array> => {
  state.inboxBytes -= frame.length
  const { webSocket } = state.connection
  if (webSocket.isPaused && !isFull(state)) webSocket.resume()
  return Effect.as(Metrics.moved("in", frame.length), frame)
}

const isFull = (state: State): boolean =>
  state.inbox.length >= inboxPauseFrames || state.inboxBytes >= Link.linkBufferBytesMax

const keep = (state: State, frame: Uint8Array): void => {
  if (state.problem !== undefined) return
  if (state.inbox.length >= inboxFramesMax) return state.connection.overflow()
  state.inbox.push(frame)
  state.inboxBytes += frame.length
  if (isFull(state) && !state.connection.webSocket.isPaused) state.connection.webSocket.pause()
  wakeReceiver(state)
}

const end = (state: State, problem: string): void => {
  if (state.problem !== undefined) return
  state.problem = problem
  wakeReceiver(state)
  state.wakeSender?.()
}

const wakeReceiver = (state: State): void => {
  const wake = state.wakeReceiver
  state.wakeReceiver = undefined
  wake?.()
}

/** Also runs after the other side has ended the link, as the socket may still be there. */
const close = (state: State): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { connection } = state
    end(state, "this side closed it")
    connection.disconnect()
    // A paused socket would not see the answer, and closing over unread bytes resets what is still under way.
    if (connection.webSocket.isPaused) connection.webSocket.resume()
    return socketClosed(connection.netSocket).pipe(
      Effect.timeoutOrElse({
        duration: closeGraceMs,
        orElse: () => Effect.sync(() => connection.webSocket.terminate())
      })
    )
  })

const socketClosed = (socket: Socket): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (socket.closed) return resume(Effect.void)
    const onClose = (): void => resume(Effect.void)
    socket.once("close", onClose)
    return Effect.sync(() => socket.off("close", onClose))
  })
