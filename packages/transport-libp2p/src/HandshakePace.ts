/**
 * Keeps handshakes of strangers apart: many that come at once would all compute at once, and everybody who is linked would wait for
 * that. It refuses nobody; how many may wait is the connection manager's.
 */

/** From the beginning of one handshake to the next, in milliseconds: a handshake computes for a few. */
export const betweenMs = 25

export class HandshakePace {
  readonly #nowMs: () => number
  #nextMs = 0

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  /** In how many milliseconds the next handshake may begin, which takes its turn. */
  take(): number {
    const nowMs = this.#nowMs()
    const beginsMs = Math.max(nowMs, this.#nextMs)
    this.#nextMs = beginsMs + betweenMs
    return beginsMs - nowMs
  }
}
