// Simulated runs on real hashes, for the tests and the long form.
import { hash } from "node:crypto"
import { setImmediate } from "node:timers/promises"
import { type FaultKind, faultKinds } from "../../src/testing/FaultCounts.ts"
import type { FaultPlan } from "../../src/testing/FaultPlan.ts"
import { simulate, type SimulationResult } from "../../src/testing/SimulatedCluster.ts"

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(hash("sha256", bytes, "buffer"))

// Typed errors are values here; capturing a stack for each would take a third of the time.
Error.stackTraceLimit = 0

export const runSeed = (seed: number, plan: Partial<FaultPlan> = {}): SimulationResult =>
  simulate({ seed, sha256, plan })

/** What many seeds came to. */
export interface Survey {
  /** One text for each seed that failed. */
  readonly failures: Array<string>
  /** For each seed the simulated time until nothing was pending. */
  readonly pendingMs: Array<number>
  /** In how many seeds each kind of fault happened. */
  readonly seedsWith: Record<FaultKind, number>
  frames: number
  writes: number
}

export const emptySurvey = (): Survey => ({
  failures: [],
  pendingMs: [],
  seedsWith: Object.fromEntries(faultKinds.map((kind) => [kind, 0])) as Record<FaultKind, number>,
  frames: 0,
  writes: 0
})

/** Adds a share of the seeds to the whole. */
export const addSurvey = (into: Survey, share: Survey): void => {
  into.failures.push(...share.failures)
  into.pendingMs.push(...share.pendingMs)
  for (const kind of faultKinds) into.seedsWith[kind] += share.seedsWith[kind]
  into.frames += share.frames
  into.writes += share.writes
}

/** Runs every `step`-th seed twice. Problems, and differences between the two runs, are failures. */
export const surveySeeds = async (from: number, upto: number, step: number): Promise<Survey> => {
  const survey = emptySurvey()
  for (let seed = from; seed <= upto; seed += step) {
    const failure = surveySeed(survey, seed)
    if (failure !== undefined) survey.failures.push(`seed ${seed}: ${failure}; npm run sim -- --seed ${seed}`)
    // A run takes no turns with others; whoever waits for this process is heard in between.
    await setImmediate()
  }
  return survey
}

const surveySeed = (survey: Survey, seed: number): string | undefined => {
  try {
    const first = runSeed(seed)
    const second = runSeed(seed)
    survey.pendingMs.push(first.pendingMs)
    survey.frames += first.frames
    survey.writes += first.writes
    for (const kind of faultKinds) if (first.faults[kind] > 0) survey.seedsWith[kind]++
    if (first.problems.length > 0) return JSON.stringify(first.problems)
    return first.trace === second.trace ? undefined : "two runs differ"
  } catch (error) {
    return String(error)
  }
}
