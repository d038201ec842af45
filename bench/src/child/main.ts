/**
 * A process that measures: the jobs stand beside it.
 */
import { comparisonJobs } from "./ComparisonJobs.ts"
import type { DecideInput } from "./DecisionJobs.ts"
import { peerJobs } from "./PeerJobs.ts"
import { serve } from "./Serving.ts"
import { sqliteJobs } from "./SqliteJobs.ts"
import { streamJobs } from "./StreamJobs.ts"

/** Loaded when it is asked for: an older state that is measured beside this one may lack what it rests on. */
const decisionJobs = {
  decide: async (input: DecideInput) => (await import("./DecisionJobs.ts")).decide(input)
}

const jobs = { ...peerJobs, ...comparisonJobs, ...sqliteJobs, ...streamJobs, ...decisionJobs }

/** Jobs by name; the parent's calls are typed by them. */
export type Jobs = typeof jobs

serve(jobs)
