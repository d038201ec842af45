/**
 * A counter is the sum of all changes that were ever applied to it, each once. The vector clock of the entity makes
 * sure of "once"; whole numbers of bounded size make the sum exact in any order.
 */
import { counterDeltaAbsMax } from "../model/Limits.ts"

/** The total after a change. */
export const plus = (total: number, change: number): number => total + change

/** The changes, each within its bound, that lead from one total to another; none when they are equal. */
export const difference = (from: number, to: number): number | undefined => {
  const change = to - from
  return Math.abs(change) <= counterDeltaAbsMax ? change : undefined
}
