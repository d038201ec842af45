/**
 * A process that measures: the jobs stand beside it.
 */
import { comparisonJobs } from "./ComparisonJobs.ts"
import { decisionJobs } from "./DecisionJobs.ts"
import { peerJobs } from "./PeerJobs.ts"
import { serve } from "./Serving.ts"
import { sqliteJobs } from "./SqliteJobs.ts"
import { streamJobs } from "./StreamJobs.ts"

const jobs = { ...peerJobs, ...comparisonJobs, ...sqliteJobs, ...streamJobs, ...decisionJobs }

/** Jobs by name; the parent's calls are typed by them. */
export type Jobs = typeof jobs

serve(jobs)
