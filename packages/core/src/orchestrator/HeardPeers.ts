/**
 * Which peers are heard that the policy does not admit, and which were heard a moment ago: one session at a time for each,
 * and a rest after it, so that a removed device costs little however often it dials. What is said is the session's business.
 */
import type { PeerId } from "../identity/PeerId.ts"

/** Peers that are heard, or were within the rest, at a time; a further one is denied until there is room. */
export const heardPeersMax = 64
/** From the end of a session in which a peer was heard until it is heard again, in milliseconds. */
export const heardRestMs = 2_000

export class HeardPeers {
  /** When each may be heard again: never before its session ends. In the milliseconds of `monotonicMs`. */
  readonly #restUntilMs = new Map<PeerId, number>()

  get size(): number {
    return this.#restUntilMs.size
  }

  /** True when the peer may be heard now; it counts as heard until `end`. */
  begin(peer: PeerId, nowMs: number): boolean {
    for (const [other, untilMs] of this.#restUntilMs) if (untilMs <= nowMs) this.#restUntilMs.delete(other)
    if (this.#restUntilMs.has(peer) || this.#restUntilMs.size >= heardPeersMax) return false
    this.#restUntilMs.set(peer, Infinity)
    return true
  }

  /** The session of a peer for which `begin` was true has ended. */
  end(peer: PeerId, nowMs: number): void {
    this.#restUntilMs.set(peer, nowMs + heardRestMs)
  }
}
