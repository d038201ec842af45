/**
 * A network in simulated time: links that delay, lose, double and reorder frames, partitions, and crashed hosts. Every
 * frame that is sent is told to a witness, which is how leaks are found.
 */
import { Effect, FiberSet, Queue } from "effect"
import * as Bytes from "../identity/Bytes.ts"
import * as Limits from "../model/Limits.ts"
import { type Link, linkFramesMax } from "../transport/Link.ts"
import type { Transport } from "../transport/Transport.ts"
import { LinkClosed, TransportError, Unreachable } from "../transport/TransportError.ts"
import type { FaultPlan } from "./FaultPlan.ts"
import type { SeededRandom } from "./SeededRandom.ts"

const name = "simulated"
const scheme = "sim:"

type Accept = (link: Link) => Effect.Effect<void>

interface Ends {
  readonly from: number
  readonly to: number
  readonly close: Effect.Effect<void>
}

export class SimulatedNetwork {
  readonly #plan: FaultPlan
  readonly #random: SeededRandom
  readonly #witness: (from: number, to: number, frame: Uint8Array) => void
  readonly #listeners = new Map<number, Accept>()
  readonly #links = new Set<Ends>()
  readonly #cut = new Set<string>()
  #nextLink = 0
  #isFaulty = true

  constructor(plan: FaultPlan, random: SeededRandom, witness: (from: number, to: number, frame: Uint8Array) => void) {
    this.#plan = plan
    this.#random = random
    this.#witness = witness
  }

  /** The address of a host. */
  address(host: number): string {
    return `${scheme}${host}`
  }

  /** The transport of a host, for one run of its node. */
  transport(host: number): Transport {
    return {
      name,
      capabilities: { kind: "link", canListen: true, canDial: true, frameBytesMax: Limits.frameBytesMax },
      accepts: (address) => address.startsWith(scheme),
      listen: (onLink) => this.#listen(host, onLink),
      dial: (address) => this.#dial(host, Number(address.slice(scheme.length)))
    }
  }

  /** Separates two hosts: open links go silent, new ones are unreachable. */
  cut(a: number, b: number): void {
    this.#cut.add(pairKey(a, b))
  }

  join(a: number, b: number): void {
    this.#cut.delete(pairKey(a, b))
  }

  /** Ends all faults of links and partitions. */
  heal(): void {
    this.#isFaulty = false
    this.#cut.clear()
  }

  /** Ends all links of a host, as when its process dies. */
  dropHost(host: number): Effect.Effect<void> {
    const meant = [...this.#links].filter((link) => link.from === host || link.to === host)
    return Effect.forEach(meant, (link) => link.close, { discard: true })
  }

  #isCut(a: number, b: number): boolean {
    return this.#cut.has(pairKey(a, b))
  }

  #listen(host: number, onLink: Accept) {
    const listeners = this.#listeners
    return Effect.gen(function* () {
      const fibers = yield* FiberSet.make()
      const accept: Accept = (link) =>
        onLink(link).pipe(Effect.ensuring(link.close), FiberSet.run(fibers), Effect.asVoid)
      listeners.set(host, accept)
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          if (listeners.get(host) === accept) listeners.delete(host)
        })
      )
      return [`${scheme}${host}`]
    })
  }

  readonly #dial = Effect.fnUntraced(function* (this: SimulatedNetwork, from: number, to: number) {
    yield* Effect.sleep(this.#random.between(this.#plan.delayMsMin, this.#plan.delayMsMax))
    const accept = this.#listeners.get(to)
    if (accept === undefined || this.#isCut(from, to)) {
      const reason = new Unreachable({ address: `${scheme}${to}`, problem: "nobody answers" })
      return yield* new TransportError({ transport: name, reason })
    }
    const [near, far] = yield* this.#pair(from, to)
    yield* Effect.addFinalizer(() => near.close)
    yield* accept(far)
    return near
  })

  readonly #pair = Effect.fnUntraced(function* (this: SimulatedNetwork, from: number, to: number) {
    const toFar = yield* Queue.bounded<Uint8Array, TransportError>(linkFramesMax)
    const toNear = yield* Queue.bounded<Uint8Array, TransportError>(linkFramesMax)
    const channelBinding = Bytes.utf8(`${name}/${this.#nextLink++}`)
    const links = this.#links
    const flying = yield* FiberSet.make()
    const ends: Ends = {
      from,
      to,
      close: Effect.suspend(() => {
        links.delete(ends)
        return Effect.all([Queue.fail(toFar, linkEnded), Queue.fail(toNear, linkEnded)], { discard: true })
      })
    }
    links.add(ends)
    const end = (here: number, there: number, out: typeof toFar, into: typeof toNear): Link => ({
      remote: `${scheme}${there}`,
      channelBinding,
      send: (frame) =>
        Effect.suspend(() => {
          if (!links.has(ends)) return Effect.fail(linkEnded)
          this.#witness(here, there, frame)
          return this.#fly(here, there, frame, out, flying)
        }),
      receive: Queue.take(into),
      close: ends.close
    })
    return [end(from, to, toFar, toNear), end(to, from, toNear, toFar)] as const
  })

  #fly(
    from: number,
    to: number,
    frame: Uint8Array,
    queue: Queue.Queue<Uint8Array, TransportError>,
    flying: FiberSet.FiberSet
  ): Effect.Effect<void> {
    const { delayMsMax, delayMsMin, frameDouble, frameLoss, frameReorder } = this.#plan
    const random = this.#random
    const isLost = this.#isCut(from, to) || (this.#isFaulty && random.chance(frameLoss))
    const copies = isLost ? 0 : this.#isFaulty && random.chance(frameDouble) ? 2 : 1
    const delays = Array.from({ length: copies }, () => {
      // Without reordering all frames take the same time, so they arrive as they were sent.
      const isOvertaken = this.#isFaulty && random.chance(frameReorder)
      return isOvertaken ? random.between(delayMsMin, delayMsMax) : delayMsMin
    })
    return Effect.forEach(
      delays,
      (delayMs) =>
        FiberSet.run(
          flying,
          Effect.andThen(
            Effect.sleep(delayMs),
            Effect.sync(() => Queue.offerUnsafe(queue, frame))
          )
        ),
      {
        discard: true
      }
    )
  }
}

const linkEnded = new TransportError({ transport: name, reason: new LinkClosed({ problem: "the link ended" }) })

const pairKey = (a: number, b: number): string => (a < b ? `${a}-${b}` : `${b}-${a}`)
