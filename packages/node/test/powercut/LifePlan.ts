/**
 * One life of the writer and the moments at which the power is cut in it, chosen by seed and number alone: a replay
 * with the same seed chooses the same moments, the same peers and the same disks. What the machine does between two
 * moments differs from run to run.
 */
import { SeededRandom } from "@syncline/core/testing"

/** Lives that one disk has; each goes on from what the last cut of the one before left. */
const livesPerDisk = 3
const cutsPerLifeMax = 5
/** Longest time between two cuts: long enough for checkpoints of the log in between. */
const writingMsMax = 700
/** Opening a journal takes a few times less. */
const openingMsMax = 60
/** Closing moves the log into the file and removes it. */
const closingMsMax = 30

export interface LifePlan {
  readonly seed: number
  /** Counts from 1. */
  readonly life: number
  /** True when the disk is made anew. */
  readonly isNewDisk: boolean
  /** Whether a peer's commits come in beside the local writes. */
  readonly hasPeer: boolean
  /** What the wait before the first cut counts from: the journal begins to open, is open, or confirmed a write. */
  readonly from: "starting" | "open" | "acknowledged"
  /** Milliseconds before each cut, counted from the one before. The writer ends with the last. */
  readonly waitsMs: ReadonlyArray<number>
  /** When set, the writer is told to close its journal so many milliseconds before the last cut. */
  readonly closingMs: number | undefined
}

export const make = (seed: number, life: number): LifePlan => {
  const random = new SeededRandom.SeededRandom(seed, life)
  const isNewDisk = (life - 1) % livesPerDisk === 0
  const hasPeer = random.chance(0.6)
  const isEarly = random.chance(isNewDisk ? 0.5 : 0.2)
  const from = isEarly ? "starting" : random.pick(["open", "acknowledged", "acknowledged"] as const)
  const waitsMs = Array.from({ length: random.between(1, cutsPerLifeMax) }, (_, index) =>
    random.between(0, index === 0 && from === "starting" ? openingMsMax : writingMsMax)
  )
  const closingMs = waitsMs.length > 1 && random.chance(0.4) ? random.between(0, closingMsMax) : undefined
  return { seed, life, isNewDisk, hasPeer, from, waitsMs, closingMs }
}
