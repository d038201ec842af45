/**
 * A network in simulated time: links that delay, lose, double and reorder frames, half-open links, partitions, clogs,
 * hosts that read nothing, and crashed hosts. Every frame that is sent is told to a witness, which is how leaks are
 * found. When something goes wrong is not decided here, but how it looks to the hosts.
 */
import { Effect, FiberSet, Result } from "effect"
import { stored } from "../crypto/Compression.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as Limits from "../model/Limits.ts"
import type { Link } from "../transport/Link.ts"
import type { Transport } from "../transport/Transport.ts"
import { TransportError, Unreachable } from "../transport/TransportError.ts"
import * as FrameCodec from "../wire/FrameCodec.ts"
import type { FaultCounts } from "./FaultCounts.ts"
import type { FaultPlan } from "./FaultPlan.ts"
import type { SeededRandom } from "./SeededRandom.ts"
import { type Carrier, SimulatedEnd, transportName } from "./SimulatedLink.ts"
import type { SimulatedTime } from "./SimulatedTime.ts"

const scheme = "sim:"

type Accept = (link: Link) => Effect.Effect<void>

export interface NetworkOptions {
  readonly plan: FaultPlan
  readonly random: SeededRandom
  readonly time: SimulatedTime
  readonly faults: FaultCounts
  /** Told every frame when it is sent. */
  readonly witness: (from: number, to: number, frame: Uint8Array) => void
}

export class SimulatedNetwork implements Carrier {
  readonly #options: NetworkOptions
  readonly #listeners = new Map<number, Accept>()
  /** The dialling ends of links that are open on at least one side. */
  readonly #links = new Set<SimulatedEnd>()
  readonly #cut = new Set<string>()
  /** What waits between two hosts until the way is free again. */
  readonly #clogged = new Map<string, Array<() => void>>()
  readonly #deaf = new Set<number>()
  #nextLink = 0
  #isFaulty = true

  constructor(options: NetworkOptions) {
    this.#options = options
  }

  /** The address of a host. */
  address(host: number): string {
    return `${scheme}${host}`
  }

  /** The transport of a host, for one run of its node. */
  transport(host: number): Transport {
    return {
      name: transportName,
      capabilities: {
        kind: "link",
        canListen: true,
        canDial: true,
        looksUp: true,
        frameBytesMax: Limits.frameBytesMax
      },
      accepts: (address) => address.startsWith(scheme),
      listen: (onLink) => this.#listen(host, onLink),
      dial: (address) => this.#dial(host, Number(address.slice(scheme.length)))
    }
  }

  /** The dialling ends of links that both sides take for open. */
  get openLinks(): ReadonlyArray<SimulatedEnd> {
    return [...this.#links].filter((near) => !near.hasEnded && !near.other.hasEnded)
  }

  /** Separates two hosts: open links go silent, new ones are unreachable. */
  cut(a: number, b: number): void {
    this.#cut.add(pairKey(a, b))
  }

  join(a: number, b: number): void {
    this.#cut.delete(pairKey(a, b))
  }

  /** Holds everything back that comes between two hosts, until the way is free again. */
  clog(a: number, b: number): void {
    if (!this.#clogged.has(pairKey(a, b))) this.#clogged.set(pairKey(a, b), [])
  }

  unclog(a: number, b: number): void {
    const waiting = this.#clogged.get(pairKey(a, b)) ?? []
    this.#clogged.delete(pairKey(a, b))
    for (const arrive of waiting) arrive()
  }

  /** Makes a host read nothing, or read again. */
  setDeaf(host: number, isDeaf: boolean): void {
    if (isDeaf) this.#deaf.add(host)
    else if (this.#deaf.delete(host)) for (const end of this.#endsOf(host)) end.wake()
  }

  isDeaf(host: number): boolean {
    return this.#deaf.has(host)
  }

  /** Ends all faults of links and partitions. What is half-open stays so until a session notices. */
  heal(): void {
    this.#isFaulty = false
    this.#cut.clear()
    for (const key of this.#clogged.keys()) {
      const [a, b] = key.split("-").map(Number)
      this.unclog(a!, b!)
    }
    for (const host of this.#deaf) this.setDeaf(host, false)
  }

  /** Ends all links of a host, as when its process dies; the others are told, or hear nothing any more. */
  dropHost(host: number, isTold: boolean): void {
    for (const end of this.#endsOf(host)) {
      if (end.hasEnded) continue
      end.end()
      if (isTold) this.carryEnd(end)
      else this.#forget(end)
    }
    this.#deaf.delete(host)
  }

  #endsOf(host: number): ReadonlyArray<SimulatedEnd> {
    return [...this.#links].flatMap((near) => [near, near.other].filter((end) => end.host === host))
  }

  carry(from: SimulatedEnd, frame: Uint8Array): void {
    const { faults, random, plan, witness } = this.#options
    const to = from.other
    witness(from.host, to.host, frame)
    if (this.#isCut(from)) return
    if (from.silence !== undefined) return faults.count(from.silence)
    if (this.#isFaulty && random.chance(plan.frameLoss)) return faults.count("frameLost")
    const isDoubled = this.#isFaulty && random.chance(plan.frameDouble)
    if (isDoubled) faults.count("frameDoubled")
    for (let copies = isDoubled ? 2 : 1; copies > 0; copies--) {
      // Without reordering all frames take the same time, so they arrive as they were sent.
      const isOvertaken = this.#isFaulty && random.chance(plan.frameReorder)
      if (isOvertaken) faults.count("frameReordered")
      const delayMs = isOvertaken ? random.between(plan.delayMsMin, plan.delayMsMax) : plan.delayMsMin
      this.#options.time.after(delayMs, () => this.#arrive(to, frame))
    }
  }

  carryEnd(from: SimulatedEnd): void {
    this.#forget(from)
    if (this.#isCut(from) || from.silence !== undefined) return
    this.#options.time.after(this.#options.plan.delayMsMin, () =>
      this.#pass(from, () => {
        from.other.end()
        this.#forget(from)
      })
    )
  }

  #forget(end: SimulatedEnd): void {
    if (!end.hasEnded || !end.other.hasEnded) return
    this.#links.delete(end)
    this.#links.delete(end.other)
  }

  #arrive(to: SimulatedEnd, frame: Uint8Array): void {
    const { faults } = this.#options
    this.#pass(to, () => {
      if (to.other.silence !== undefined) return faults.count(to.other.silence)
      to.arrive(frame)
      if (this.isDeaf(to.host)) faults.count("deaf")
      if (to.isDoomed && isAcknowledgement(frame)) this.#sever(to)
    })
  }

  /** Does something at the far end of a way at once, or when the way is free again. */
  #pass(end: SimulatedEnd, arrive: () => void): void {
    const waiting = this.#clogged.get(pairKey(end.host, end.other.host))
    if (waiting === undefined) return arrive()
    this.#options.faults.count("clog")
    waiting.push(arrive)
  }

  /** From now on nothing passes in either direction, and soon both sides see the link end. */
  #sever(end: SimulatedEnd): void {
    const { plan, random, time } = this.#options
    end.silence = "severed"
    end.other.silence = "severed"
    time.after(random.between(1, plan.severedMsMax), () => {
      end.end()
      end.other.end()
      this.#forget(end)
    })
  }

  #isCut(from: SimulatedEnd): boolean {
    if (!this.#cut.has(pairKey(from.host, from.other.host))) return false
    this.#options.faults.count("partition")
    return true
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
    const { plan, random } = this.#options
    yield* Effect.sleep(random.between(plan.delayMsMin, plan.delayMsMax))
    const accept = this.#listeners.get(to)
    const isOpen = !this.#cut.has(pairKey(from, to)) && !this.#clogged.has(pairKey(from, to))
    if (accept === undefined || !isOpen) {
      const reason = new Unreachable({ address: `${scheme}${to}`, problem: "nobody answers" })
      return yield* new TransportError({ transport: transportName, reason })
    }
    const channelBinding = Bytes.utf8(`${transportName}/${this.#nextLink++}`)
    const ends = [from, to].map(
      (host) =>
        new SimulatedEnd({
          host,
          remote: `${scheme}${host === from ? to : from}`,
          channelBinding,
          carrier: this,
          bufferFramesMax: plan.bufferFramesMax
        })
    )
    const [near, far] = [ends[0]!, ends[1]!]
    SimulatedEnd.join(near, far)
    this.#links.add(near)
    yield* Effect.addFinalizer(() => near.close)
    yield* accept(far)
    return near
  })
}

const isAcknowledgement = (frame: Uint8Array): boolean => {
  const decoded = FrameCodec.decode(stored, frame)
  return Result.isSuccess(decoded) && decoded.success.message._tag === "EventAck"
}

const pairKey = (a: number, b: number): string => (a < b ? `${a}-${b}` : `${b}-${a}`)
