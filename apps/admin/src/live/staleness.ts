/**
 * Gathers what became stale, so that a thousand events a second ask the hub once a second and not a thousand times. It asks nothing
 * itself.
 */
import type { Area } from "../api/areas.ts"

/** Between two rounds of asking, in milliseconds. */
export const gatherMs = 1_000

export interface Timers {
  readonly set: (run: () => void, ms: number) => void
}

/** `refresh` is told at once what is stale, and then no more than once in `gatherMs`. */
export const gathering = (
  refresh: (areas: ReadonlySet<Area> | "all") => void,
  timers: Timers = { set: (run, ms) => void setTimeout(run, ms) }
): ((areas: ReadonlyArray<Area> | "all") => void) => {
  let waiting: Set<Area> | "all" = new Set()
  let isResting = false
  const round = (): void => {
    if (waiting !== "all" && waiting.size === 0) {
      isResting = false
      return
    }
    const told = waiting
    waiting = new Set()
    isResting = true
    refresh(told)
    timers.set(round, gatherMs)
  }
  return (areas) => {
    if (areas === "all" || waiting === "all") waiting = "all"
    else for (const area of areas) waiting.add(area)
    if (!isResting) round()
  }
}
