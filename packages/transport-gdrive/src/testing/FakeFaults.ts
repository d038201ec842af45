/**
 * How badly the fake behaves: chances, drawn from a repeatable source, and faults that a test asks for one by one. It decides
 * only; `DriveFake` carries it out.
 */

/** A repeatable source of chance, such as core's `SeededRandom`. */
export interface Chance {
  readonly fraction: () => number
}

/** Mutable, so that a test changes it on the way. Chances are from 0 to 1, for each request. */
export interface DriveFaults {
  /** A request fails with a 403 for its rate, a 429 or a 5xx, as often before it had its effect as after. */
  failure: number
  /** The connection breaks, before or after the effect. */
  disconnect: number
  /** `Retry-After` of a 429 in seconds; 0 says none. */
  retryAfterS: number
  /** Each request waits up to so long, in milliseconds of the machine's time. */
  latencyMsMax: number
  /** So late a client sees what was made or deleted, in listings and changes; milliseconds of the fake's clock. */
  lagMsOf: (client: string) => number
  /** A change is told once more. */
  duplicate: number
  /** A download ends early. */
  truncate: number
  /** An access token is refused although it is good. */
  expiry: number
  /** So many of the next uploads are kept in part only. */
  spoilt: number
  /** No room for another byte. */
  isFull: boolean
}

export const steady = (): DriveFaults => ({
  failure: 0,
  disconnect: 0,
  retryAfterS: 0,
  latencyMsMax: 0,
  lagMsOf: () => 0,
  duplicate: 0,
  truncate: 0,
  expiry: 0,
  spoilt: 0,
  isFull: false
})

/** How one request fails. */
export interface Fault {
  /** 0: the connection breaks without an answer. */
  readonly status: number
  readonly reason: string
  /** `after`: it had its effect, and the answer is lost. */
  readonly when: "before" | "after"
  readonly retryAfterS?: number
}

/** A fault for the next requests of one method. */
export interface PlannedFault extends Fault {
  readonly method: string
  times: number
}

/** Planned faults that wait; a test plans few. */
export const plannedMax = 1_000

const statuses: ReadonlyArray<readonly [number, string]> = [
  [403, "rateLimitExceeded"],
  [403, "userRateLimitExceeded"],
  [429, "rateLimitExceeded"],
  [500, "backendError"],
  [502, "backendError"],
  [503, "backendError"]
]

/** The fault of this request, if it has one. */
export const draw = (
  faults: DriveFaults,
  planned: Array<PlannedFault>,
  chance: Chance,
  method: string
): Fault | undefined => {
  const wanted = planned.find((fault) => fault.method === method && fault.times > 0)
  if (wanted !== undefined) {
    wanted.times -= 1
    return wanted
  }
  const when = () => (happens(chance, 0.5) ? "after" : "before")
  if (happens(chance, faults.disconnect)) return { status: 0, reason: "", when: when() }
  if (!happens(chance, faults.failure)) return undefined
  const [status, reason] = statuses[Math.floor(chance.fraction() * statuses.length)]!
  return { status, reason, when: when(), retryAfterS: status === 429 ? faults.retryAfterS : 0 }
}

export const happens = (chance: Chance, probability: number): boolean =>
  probability > 0 && chance.fraction() < probability
