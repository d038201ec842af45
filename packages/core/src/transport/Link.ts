/**
 * An open two-way path that carries whole frames. It does not know who is at the other end: the session proves that.
 */
import type { Effect } from "effect"
import type { TransportError } from "./TransportError.ts"

export interface Link {
  /** Where the other end is, for logs; proves nothing. */
  readonly remote: string
  /** What lies between the ends, where the transport knows. */
  readonly path?: LinkPath | undefined
  /**
   * Bytes that both ends compute alike and that differ between connections, so that a proof given on one connection
   * is worth nothing on another.
   */
  readonly channelBinding: Uint8Array
  /**
   * Hands a frame over. Frames of one link arrive in order. Waits while more than `linkBufferBytesMax` bytes are
   * unsent; fails with `FrameRefused` beyond the transport's frame limit and with `LinkClosed` after the end.
   * One caller at a time.
   */
  readonly send: (frame: Uint8Array) => Effect.Effect<void, TransportError>
  /** The next frame; fails with `LinkClosed` once the link has ended and all frames were taken. One caller at a time. */
  readonly receive: Effect.Effect<Uint8Array, TransportError>
  /** Ends the link for both sides. Doing it twice is fine. */
  readonly close: Effect.Effect<void>
}

/** Bytes that may wait unsent on one link before `send` waits. */
export const linkBufferBytesMax = 4 * 1024 * 1024
/** Received frames that may wait on one link before its transport stops reading or cuts the sender off. */
export const linkFramesMax = 256

/** `lan`: within one network. `direct`: over the internet, with nobody in between. `relayed`: a third machine passes it on, unread. */
export type LinkPath = "lan" | "direct" | "relayed"
