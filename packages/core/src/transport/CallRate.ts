/**
 * How often an address may call a door that is open to strangers: so many calls within a minute, and so many addresses
 * that are counted at all. It keeps no word of what was said, and whom to turn away is its owner's to do.
 */

const minuteMs = 60_000

export interface CallRateOptions {
  /** Calls of one address within a minute. */
  readonly callsPerMinuteMax: number
  /** Addresses whose calls are counted; while that many called within a minute, others are turned away. */
  readonly addressesMax: number
}

export class CallRate {
  readonly #calls = new Map<string, { sinceMs: number; count: number }>()
  readonly #callsMax: number
  readonly #addressesMax: number

  constructor({ addressesMax, callsPerMinuteMax }: CallRateOptions) {
    this.#callsMax = callsPerMinuteMax
    this.#addressesMax = addressesMax
  }

  /** Addresses whose calls are counted now. */
  get addresses(): number {
    return this.#calls.size
  }

  /** Counts a call; false when the address has called too often, or too many others have. */
  mayCall(address: string, nowMs: number): boolean {
    const calls = this.#calls
    let known = calls.get(address)
    if (known === undefined || nowMs - known.sinceMs >= minuteMs) {
      if (calls.size >= this.#addressesMax) this.#forgetOld(nowMs)
      if (known === undefined && calls.size >= this.#addressesMax) return false
      known = { sinceMs: nowMs, count: 0 }
      calls.set(address, known)
    }
    return ++known.count <= this.#callsMax
  }

  #forgetOld(nowMs: number): void {
    for (const [address, { sinceMs }] of this.#calls) if (nowMs - sinceMs >= minuteMs) this.#calls.delete(address)
  }
}
