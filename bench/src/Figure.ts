/**
 * What is measured: named values with a unit and, where one was set, a target; and what many of them add up to. It
 * knows nothing of how they came about.
 */

export type Unit = "records/s" | "commits/s" | "ms" | "s" | "B" | "MB" | "MB/s" | "×" | "round trips"

/** A bound that a figure's median should keep. */
export type Target = { readonly atMost: number } | { readonly atLeast: number }

/** One value of a figure. */
export interface Reading {
  readonly figure: string
  readonly unit: Unit
  readonly value: number
  readonly target?: Target
}

/** A figure over all rounds. */
export interface Figure {
  readonly figure: string
  readonly unit: Unit
  readonly target: Target | undefined
  readonly median: number
  readonly min: number
  readonly max: number
  /** `undefined` when there is no target. */
  readonly isMet: boolean | undefined
  readonly values: ReadonlyArray<number>
}

/** The value below which the given part of the values lies. */
export const percentile = (values: ReadonlyArray<number>, part: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
}

/** The middle value, or the mean of the two in the middle. */
export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN
  const high = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  return (low + high) / 2
}

/** Readings of one name as one figure, in the order in which the names first came. */
export const summarize = (readings: ReadonlyArray<Reading>): ReadonlyArray<Figure> => {
  const byName = Map.groupBy(readings, ({ figure }) => figure)
  return [...byName].map(([figure, all]) => {
    const values = all.map(({ value }) => value)
    const { target, unit } = all[0]!
    const middle = median(values)
    return {
      figure,
      unit,
      target,
      median: middle,
      min: Math.min(...values),
      max: Math.max(...values),
      isMet: target === undefined ? undefined : isWithin(middle, target),
      values
    }
  })
}

const isWithin = (value: number, target: Target): boolean =>
  "atMost" in target ? value <= target.atMost : value >= target.atLeast
