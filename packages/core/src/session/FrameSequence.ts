/**
 * Puts the frames of one session into the order in which they were sent. Doubles are dropped, early ones wait for
 * those before them, so a transport may repeat and reorder; what stays missing is found by the driver's time limit.
 */
import type { Frame } from "../wire/FrameCodec.ts"
import type { WireMessage } from "../wire/WireMessage.ts"

/** Early frames that may wait; a further one ends the session. */
export const earlyFramesMax = 16

export class FrameSequence {
  #next = 0
  readonly #early = new Map<number, WireMessage>()

  /** The messages that are now in order, or `undefined` when too many wait. */
  accept(frame: Frame): ReadonlyArray<WireMessage> | undefined {
    if (frame.sequence < this.#next) return []
    this.#early.set(frame.sequence, frame.message)
    if (this.#early.size > earlyFramesMax) return undefined
    const ready: Array<WireMessage> = []
    for (;;) {
      const message = this.#early.get(this.#next)
      if (message === undefined) return ready
      this.#early.delete(this.#next)
      this.#next++
      ready.push(message)
    }
  }

  /** Early frames that wait. */
  get early(): number {
    return this.#early.size
  }

  /** True when a frame was seen but one before it was not. */
  get hasHole(): boolean {
    return this.#early.size > 0
  }
}
