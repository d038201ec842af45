// One simulated run on real hashes, for the tests and the long form.
import { hash } from "node:crypto"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { FaultPlan } from "../../src/testing/FaultPlan.ts"
import { simulate, type SimulationResult } from "../../src/testing/SimulatedCluster.ts"

export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(hash("sha256", bytes, "buffer"))

// Typed errors are values here; capturing a stack for each would take a third of the time.
Error.stackTraceLimit = 0

export const runSeed = (seed: number, plan: Partial<FaultPlan> = {}): Promise<SimulationResult> =>
  Effect.runPromise(simulate({ seed, sha256, plan }).pipe(Effect.provide(TestClock.layer())))

/** Runs a seed twice; problems, or a difference between the runs, come back as one text. */
export const failureOf = async (seed: number): Promise<string | undefined> => {
  const first = await runSeed(seed)
  const second = await runSeed(seed)
  const replay = `replay with: npm run sim -- --seed ${seed}`
  if (first.problems.length > 0) return `seed ${seed}: ${JSON.stringify(first.problems)}; ${replay}`
  return first.trace === second.trace ? undefined : `seed ${seed}: two runs differ; ${replay}`
}
