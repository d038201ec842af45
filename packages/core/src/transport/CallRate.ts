/**
 * How often an address may call a door that is open to strangers: so many calls within a minute, fewer that come to nothing,
 * and so many addresses that are counted at all. A classroom calls from one address, and what it asks for is there; who tries
 * out what is not there has the smaller allowance. Neither bounds what guesses are worth: that is for the secrets and their
 * attempts. It keeps no word of what was said, and whom to turn away is its owner's to do.
 */

const minuteMs = 60_000

export interface CallRateOptions {
  /** Calls of one address within a minute. */
  readonly callsPerMinuteMax: number
  /** Of these, calls that came to nothing or have not come to anything yet. */
  readonly failuresPerMinuteMax: number
  /** Addresses whose calls are counted; while that many called within a minute, others are turned away. */
  readonly addressesMax: number
}

/** A minute of an address; a call belongs to the one that it was counted in. */
interface Minute {
  readonly sinceMs: number
  count: number
  vain: number
}

/** A call that was let in. */
export interface Call {
  /** Notes that it came to something; once for each. */
  readonly served: () => void
}

export class CallRate {
  readonly #calls = new Map<string, Minute>()
  readonly #callsMax: number
  readonly #failuresMax: number
  readonly #addressesMax: number

  constructor({ addressesMax, callsPerMinuteMax, failuresPerMinuteMax }: CallRateOptions) {
    this.#callsMax = callsPerMinuteMax
    this.#failuresMax = failuresPerMinuteMax
    this.#addressesMax = addressesMax
  }

  /** Addresses whose calls are counted now. */
  get addresses(): number {
    return this.#calls.size
  }

  /** Counts a call; `undefined` when the address has called too often, or too many others have. */
  call(address: string, nowMs: number): Call | undefined {
    const calls = this.#calls
    let known = calls.get(address)
    if (known === undefined || nowMs - known.sinceMs >= minuteMs) {
      if (calls.size >= this.#addressesMax) this.#forgetOld(nowMs)
      if (known === undefined && calls.size >= this.#addressesMax) return undefined
      known = { sinceMs: nowMs, count: 0, vain: 0 }
      calls.set(address, known)
    }
    if (known.count >= this.#callsMax || known.vain >= this.#failuresMax) return undefined
    known.count++
    // Until it is known better, or many at once would all be let in.
    known.vain++
    const counted = known
    return { served: () => void counted.vain-- }
  }

  #forgetOld(nowMs: number): void {
    for (const [address, { sinceMs }] of this.#calls) if (nowMs - sinceMs >= minuteMs) this.#calls.delete(address)
  }
}
