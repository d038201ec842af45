/**
 * Old and new values of one figure, taken in turns, as a ratio with its spread, and whether the new ones are worse
 * beyond chance. It knows nothing of where the values come from.
 */
import { median, type Unit } from "../Figure.ts"

/** What both sides gave for one figure in one round. */
export interface Pair {
  readonly old: number
  readonly new: number
}

export type Standing = "worse" | "perhaps worse" | "fine" | "not judged"

export interface Verdict {
  readonly figure: string
  readonly unit: Unit
  readonly old: number
  readonly new: number
  /** New through old: the median over the rounds, the lowest and the highest. */
  readonly ratio: number
  readonly ratioMin: number
  readonly ratioMax: number
  readonly standing: Standing
}

/** Below this a new throughput counts as worse. */
export const ratioMin = 0.95
/** How probable the pairs seen may be for a new side that is as often above the bound as below it. */
const chanceMax = 1 / 16

/** Only throughputs are judged: times and bytes of single operations are told and left to the reader. */
const isJudged = (unit: Unit): boolean => unit === "records/s" || unit === "commits/s"

/** Probability that of `n` throws of a coin at most `k` show heads. */
const atMostHeads = (n: number, k: number): number => {
  let ways = 1
  let sum = 0
  for (let heads = 0; heads <= k; heads++) {
    sum += ways
    ways = (ways * (n - heads)) / (heads + 1)
  }
  return sum / 2 ** n
}

const standingOf = (unit: Unit, ratios: ReadonlyArray<number>): Standing => {
  if (!isJudged(unit)) return "not judged"
  if (median(ratios) >= ratioMin) return "fine"
  const above = ratios.filter((ratio) => ratio >= ratioMin).length
  return atMostHeads(ratios.length, above) <= chanceMax ? "worse" : "perhaps worse"
}

/** Judges one figure by its rounds. */
export const judge = (figure: string, unit: Unit, pairs: ReadonlyArray<Pair>): Verdict => {
  const ratios = pairs.map((pair) => pair.new / pair.old)
  return {
    figure,
    unit,
    old: median(pairs.map((pair) => pair.old)),
    new: median(pairs.map((pair) => pair.new)),
    ratio: median(ratios),
    ratioMin: Math.min(...ratios),
    ratioMax: Math.max(...ratios),
    standing: standingOf(unit, ratios)
  }
}
