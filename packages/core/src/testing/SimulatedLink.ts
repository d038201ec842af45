/**
 * The two ends of a simulated link: what has arrived and was not taken yet, and what an end knows of the link's life.
 * How frames travel between the ends, and which of them are lost, is the network's business.
 */
import { Effect } from "effect"
import type { Link } from "../transport/Link.ts"
import { LinkClosed, TransportError } from "../transport/TransportError.ts"

/** Name of the simulated transport. */
export const transportName = "simulated"

const linkEnded = new TransportError({ transport: transportName, reason: new LinkClosed({ problem: "it ended" }) })

/** How an end hands over what it sends. */
export interface Carrier {
  /** Takes a frame on its way to the other end. */
  readonly carry: (from: SimulatedEnd, frame: Uint8Array) => void
  /** Takes the news on its way that this end was closed. */
  readonly carryEnd: (from: SimulatedEnd) => void
  /** True while the programs of a host take nothing from their links. */
  readonly isDeaf: (host: number) => boolean
}

export interface EndOptions {
  readonly host: number
  readonly remote: string
  readonly channelBinding: Uint8Array
  readonly carrier: Carrier
  /** Frames that may lie here untaken before the other end has to wait. */
  readonly bufferFramesMax: number
}

export class SimulatedEnd implements Link {
  readonly host: number
  readonly remote: string
  readonly channelBinding: Uint8Array
  /** What this end sends vanishes for this reason, the news of its closing included. */
  silence: "halfOpen" | "severed" | undefined
  /** The end of the link as this side knows it. */
  hasEnded = false
  /** The next acknowledgement that arrives here is the last thing that the link carries. */
  isDoomed = false
  readonly #carrier: Carrier
  readonly #bufferFramesMax: number
  readonly #arrived: Array<Uint8Array> = []
  #other: SimulatedEnd | undefined
  #onArrival: (() => void) | undefined
  #onRoom: (() => void) | undefined

  constructor({ bufferFramesMax, carrier, channelBinding, host, remote }: EndOptions) {
    this.host = host
    this.remote = remote
    this.channelBinding = channelBinding
    this.#carrier = carrier
    this.#bufferFramesMax = bufferFramesMax
  }

  /** Joins two ends to one link. */
  static join(near: SimulatedEnd, far: SimulatedEnd): void {
    near.#other = far
    far.#other = near
  }

  get other(): SimulatedEnd {
    return this.#other!
  }

  readonly send = (frame: Uint8Array): Effect.Effect<void, TransportError> =>
    Effect.suspend(() => {
      if (this.hasEnded) return Effect.fail(linkEnded)
      if (this.other.#arrived.length >= this.#bufferFramesMax) return Effect.andThen(this.#room, this.send(frame))
      this.#carrier.carry(this, frame)
      return Effect.void
    })

  readonly receive: Effect.Effect<Uint8Array, TransportError> = Effect.suspend(() => {
    if (!this.#carrier.isDeaf(this.host) || this.hasEnded) {
      const frame = this.#arrived.shift()
      if (frame !== undefined) {
        this.other.#onRoom?.()
        return Effect.succeed(frame)
      }
      if (this.hasEnded) return Effect.fail(linkEnded)
    }
    return Effect.andThen(this.#arrival, this.receive)
  })

  readonly close: Effect.Effect<void> = Effect.sync(() => {
    if (this.hasEnded) return
    this.end()
    this.#carrier.carryEnd(this)
  })

  /** A frame has come all the way. */
  arrive(frame: Uint8Array): void {
    if (this.hasEnded) return
    this.#arrived.push(frame)
    this.#onArrival?.()
  }

  /** This side learns that the link is over, or decides it. */
  end(): void {
    this.hasEnded = true
    this.wake()
  }

  /** Lets whoever waits at this end look again. */
  wake(): void {
    this.#onArrival?.()
    this.#onRoom?.()
  }

  readonly #arrival = Effect.callback<void>((resume) => {
    this.#onArrival = () => {
      this.#onArrival = undefined
      resume(Effect.void)
    }
    return Effect.sync(() => {
      this.#onArrival = undefined
    })
  })

  readonly #room = Effect.callback<void>((resume) => {
    this.#onRoom = () => {
      this.#onRoom = undefined
      resume(Effect.void)
    }
    return Effect.sync(() => {
      this.#onRoom = undefined
    })
  })
}
