/**
 * Peers that broke the protocol of a link and are turned away for a while, though the policy admits them: what they send costs this
 * node more than it costs them. It does not judge what they did, and ends nothing.
 */
import { Occupancy } from "@syncline/core"
import type { Effect, Scope } from "effect"

/** How long a peer is turned away, in milliseconds. */
export const barredMs = 60_000
/** Peers that are turned away at a time; beyond it who was barred first is let in again. */
export const barredMax = 1_024

export class BarredPeers {
  /** The moment until which each is turned away, by this process's own clock; the oldest first. */
  readonly #until = new Map<string, number>()
  readonly #nowMs: () => number

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  bar(peer: string): void {
    this.#until.delete(peer)
    this.#until.set(peer, this.#nowMs() + barredMs)
    const [first] = this.#until.keys()
    if (this.#until.size > barredMax && first !== undefined) this.#until.delete(first)
  }

  has(peer: string): boolean {
    const untilMs = this.#until.get(peer)
    if (untilMs === undefined) return false
    if (this.#nowMs() < untilMs) return true
    this.#until.delete(peer)
    return false
  }

  /** Shows how many there are, until the scope closes. */
  get watched(): Effect.Effect<void, never, Scope.Scope> {
    return Occupancy.watch([{ kind: "cache", name: "libp2p_barred", limit: barredMax, length: () => this.#until.size }])
  }
}
