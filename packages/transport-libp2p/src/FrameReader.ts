/**
 * Frames out of a stream of bytes. Each is a head of four bytes, big-endian, and so many bytes of payload; a head with the
 * highest bit set carries no payload and says in its other bits how many bytes of earlier frames the other end has taken, so
 * that neither end must hold more than `windowBytes`. Why a window of our own: libp2p's QUIC reads on whether anybody takes what
 * was read or not, and ends the stream at its own limit. It knows no stream and holds at most one frame that is not whole.
 */
import { Bytes, Limits, Link } from "@syncline/core"

/** Bytes of a frame's head. */
export const headBytes = 4
/** What may be under way without the other end having taken it. */
export const windowBytes = Link.linkBufferBytesMax
/** What a frame costs of the window at least, which bounds their number. */
const frameCostMin = 1024

const takenFlag = 0x8000_0000

/** How much of the window a frame of so many bytes uses. */
export const costOf = (bytes: number): number => Math.max(frameCostMin, bytes)

/** A frame with its head. */
export const frameMessage = (frame: Uint8Array): Uint8Array => Bytes.concat(head(frame.length), frame)

/** Tells the other end that so many bytes of the window are free again. */
export const takenMessage = (bytes: number): Uint8Array => head(bytes + takenFlag)

const head = (value: number): Uint8Array => {
  const bytes = new Uint8Array(headBytes)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

export interface FrameHandler {
  readonly onFrame: (frame: Uint8Array) => void
  /** So many bytes of the window are free again. */
  readonly onTaken: (bytes: number) => void
}

export class FrameReader {
  readonly #handler: FrameHandler
  readonly #head = new Uint8Array(headBytes)
  #headFilled = 0
  #body: Uint8Array | undefined
  #bodyFilled = 0

  constructor(handler: FrameHandler) {
    this.#handler = handler
  }

  /** Takes the next bytes; says what is wrong with them, and then takes no more. */
  push(chunk: Uint8Array): string | undefined {
    let at = 0
    while (at < chunk.length) {
      if (this.#body === undefined) {
        const end = Math.min(chunk.length, at + headBytes - this.#headFilled)
        this.#head.set(chunk.subarray(at, end), this.#headFilled)
        this.#headFilled += end - at
        at = end
        if (this.#headFilled < headBytes) return undefined
        const problem = this.#begin()
        if (problem !== undefined) return problem
      } else {
        const end = Math.min(chunk.length, at + this.#body.length - this.#bodyFilled)
        this.#body.set(chunk.subarray(at, end), this.#bodyFilled)
        this.#bodyFilled += end - at
        at = end
      }
      this.#finish()
    }
    return undefined
  }

  #begin(): string | undefined {
    this.#headFilled = 0
    const value = new DataView(this.#head.buffer).getUint32(0)
    if (value >= takenFlag) {
      this.#handler.onTaken(value - takenFlag)
      return undefined
    }
    if (value > Limits.frameBytesMax) return `a frame of ${value} bytes, more than ${Limits.frameBytesMax}`
    this.#body = new Uint8Array(value)
    this.#bodyFilled = 0
    return undefined
  }

  #finish(): void {
    const body = this.#body
    if (body === undefined || this.#bodyFilled < body.length) return
    this.#body = undefined
    this.#handler.onFrame(body)
  }
}
