/**
 * The hub's time. What the hub tells of times is compared with it: a device whose own clock is wrong would show a code as over that is
 * good, or what happened as yet to come.
 */

/** Heads of answers are true to a second, and answers take a while: nearer than this the two clocks are the same. */
const sameMs = 3_000

let aheadMs = 0

/** Takes in the `date` of an answer; both times are Unix milliseconds of this device. */
export const heardTime = (date: string | null, askedMs: number, answeredMs: number): void => {
  const toldMs = Date.parse(date ?? "")
  if (Number.isNaN(toldMs)) return
  const differenceMs = toldMs + 500 - (askedMs + answeredMs) / 2
  aheadMs = Math.abs(differenceMs) < sameMs + (answeredMs - askedMs) / 2 ? 0 : differenceMs
}

/** Unix milliseconds at the hub. */
export const hubNowMs = (): number => Date.now() + aheadMs
