/**
 * A core `Link` over one libp2p stream, the same for both ends: frames in order within a window, and an end that the other side
 * sees after the frames before it. It does not open streams, and whose they are it is told.
 */
import { Bytes, Limits, Link, Occupancy, TransportError } from "@syncline/core"
import type { Stream } from "@libp2p/interface"
import { Effect, type Scope } from "effect"
import { costOf, FrameReader, frameMessage, takenMessage, windowBytes } from "./FrameReader.ts"
import { cut, fail, linkClosed } from "./Libp2pFailure.ts"
import * as Metrics from "./Libp2pMetrics.ts"

/** What a link is made of. */
export interface LinkInit {
  readonly remote: string
  readonly path: Link.LinkPath
  readonly channelBinding: Uint8Array
  /** The stream with what has come by it so far. */
  readonly opening: Opening
}

/** Frames that may wait in a link: what the window holds of the smallest ones. */
export const inboxFramesMax = windowBytes / costOf(0)
/** How long an end may take, in milliseconds, before the stream is cut. */
export const closeGraceMs = 500
/** Taken bytes are told once they are so many. */
const tellTakenBytes = windowBytes / 4

/** Shows what waits in links, the fullest of those that there are, until the scope closes. */
export const watchSizes = (
  links: Iterable<{ readonly opening: Opening | undefined }>
): Effect.Effect<void, never, Scope.Scope> => {
  const fullest = (size: (opening: Opening) => number) => (): number => {
    let most = 0
    for (const { opening } of links) if (opening !== undefined) most = Math.max(most, size(opening))
    return most
  }
  const frames = fullest(({ inbox }) => inbox.length)
  const taken = fullest(({ inboxCost }) => inboxCost)
  const sent = fullest(({ underWay }) => underWay)
  return Occupancy.watch([
    { kind: "queue", name: "libp2p_frames_in", limit: inboxFramesMax, length: frames },
    { kind: "queue", name: "libp2p_bytes_in", limit: windowBytes, length: taken },
    { kind: "queue", name: "libp2p_bytes_out", limit: windowBytes, length: sent }
  ])
}

/**
 * What comes in on a stream from its first byte on. It listens before anything else does: an event that comes before somebody
 * listens is lost.
 */
export class Opening {
  readonly stream: Stream
  readonly #cutOff: (problem: string) => void
  readonly inbox: Array<Uint8Array> = []
  /** What the frames in the inbox cost of the window. */
  inboxCost = 0
  /** What was sent and the other end has not taken. */
  underWay = 0
  /** What was taken here and not told yet. */
  untold = 0
  /** Set once the stream has ended or must. */
  problem: string | undefined
  wakeReceiver: (() => void) | undefined
  wakeSender: (() => void) | undefined

  /** `cutOff` ends the connection of whoever does not keep to the protocol on its stream. */
  constructor(stream: Stream, cutOff: (problem: string) => void) {
    this.stream = stream
    this.#cutOff = cutOff
    const reader = new FrameReader({
      onFrame: (frame) => this.#keep(frame),
      onTaken: (bytes) => this.#free(bytes)
    })
    stream.addEventListener("message", ({ data }) => {
      for (const chunk of data instanceof Uint8Array ? [data] : data) {
        if (this.problem !== undefined) return
        const problem = reader.push(chunk)
        if (problem !== undefined) this.refuse(problem)
      }
    })
    stream.addEventListener("remoteCloseWrite", () => {
      this.end("the other end closed it")
      finish(stream)
    })
    stream.addEventListener("close", ({ error }) => this.end(error?.message ?? "the other end closed it"))
  }

  /** Ends it for a reason; the first one counts. */
  end(problem: string): void {
    if (this.problem !== undefined) return
    this.problem = problem
    this.#wake("wakeReceiver")
    this.#wake("wakeSender")
  }

  /** Cuts off whoever does not keep to the protocol. */
  refuse(problem: string): void {
    this.end(problem)
    this.#cutOff(problem)
  }

  /** Hands a frame to the stream, whether the window has room or not. */
  post(frame: Uint8Array): void {
    this.underWay += costOf(frame.length)
    try {
      this.stream.send(frameMessage(frame))
    } catch (error) {
      this.end(error instanceof Error ? error.message : "the stream takes nothing any more")
    }
  }

  /** The next frame that is there. */
  take(): Uint8Array | undefined {
    const frame = this.inbox.shift()
    if (frame === undefined) return undefined
    const cost = costOf(frame.length)
    this.inboxCost -= cost
    this.untold += cost
    if (this.untold >= tellTakenBytes && this.problem === undefined) {
      const message = takenMessage(this.untold)
      this.untold = 0
      try {
        this.stream.send(message)
      } catch {
        // It has ended, and says so by its own event.
      }
    }
    return frame
  }

  #keep(frame: Uint8Array): void {
    this.inboxCost += costOf(frame.length)
    // What is untold still counts for the sender.
    if (this.inboxCost > windowBytes) return this.refuse("it sent more than the window holds")
    this.inbox.push(frame)
    this.#wake("wakeReceiver")
  }

  #free(bytes: number): void {
    if (bytes > this.underWay) return this.refuse("it took more than was sent")
    this.underWay -= bytes
    this.#wake("wakeSender")
  }

  #wake(who: "wakeReceiver" | "wakeSender"): void {
    const wake = this[who]
    this[who] = undefined
    wake?.()
  }
}

export const make = ({ channelBinding, opening, path, remote }: LinkInit): Link.Link => ({
  remote,
  path,
  channelBinding,
  send: (frame) => send(opening, frame),
  receive: Effect.flatMap(receive(opening), (frame) => Effect.as(Metrics.moved("in", frame.length), frame)),
  close: close(opening)
})

const send = Effect.fnUntraced(function* (opening: Opening, frame: Uint8Array) {
  if (frame.length > Limits.frameBytesMax) {
    return yield* fail(new TransportError.FrameRefused({ bytes: frame.length, bytesMax: Limits.frameBytesMax }))
  }
  while (opening.problem === undefined && opening.underWay + costOf(frame.length) > windowBytes) yield* roomIn(opening)
  if (opening.problem !== undefined) return yield* linkClosed(opening.problem)
  opening.post(frame)
  yield* Metrics.moved("out", frame.length)
})

/** Waits until the other end took something, or the link ended. */
const roomIn = (opening: Opening): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    opening.wakeSender = () => resume(Effect.void)
    return Effect.sync(() => {
      opening.wakeSender = undefined
    })
  })

/** The next frame; the wake-up carries none, so that a receiver which is interrupted at that moment loses none. */
export const receive = (opening: Opening): Effect.Effect<Uint8Array, TransportError.TransportError> =>
  Effect.suspend(() => {
    const frame = opening.take()
    if (frame !== undefined) return Effect.succeed(frame)
    if (opening.problem !== undefined) return Effect.fail(linkClosed(opening.problem))
    return Effect.callback<void>((resume) => {
      opening.wakeReceiver = () => resume(Effect.void)
      return Effect.sync(() => {
        opening.wakeReceiver = undefined
      })
    }).pipe(Effect.andThen(receive(opening)))
  })

/** Ends both directions: what was sent before arrives, what comes from now on is dropped. */
export const close = (opening: Opening): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { stream } = opening
    opening.end("this side closed it")
    const isOver = (): boolean => stream.status !== "open" && stream.status !== "closing"
    const closed = new Promise<void>((resolve) => {
      if (isOver()) resolve()
      stream.addEventListener("close", () => resolve(), { once: true })
      finish(stream)
    })
    return Effect.promise(() => closed).pipe(
      Effect.timeoutOrElse({
        duration: closeGraceMs,
        orElse: () => Effect.sync(() => cut(stream, "the other end did not close it"))
      })
    )
  })

/** Ends this side's direction after what was sent; a stream that cannot do so in time is cut by its owner. */
const finish = (stream: Stream): void => {
  stream.close({ signal: AbortSignal.timeout(closeGraceMs) }).catch(() => {})
}

/** The channel binding of a link: who dialled, who answered, and what each drew for it. */
export const bindingOf = (
  dialler: { readonly peer: string; readonly nonce: Uint8Array },
  listener: { readonly peer: string; readonly nonce: Uint8Array }
): Uint8Array =>
  Bytes.concat(Bytes.utf8(`libp2p/1/${dialler.peer}/${listener.peer}/`), Bytes.concat(dialler.nonce, listener.nonce))
