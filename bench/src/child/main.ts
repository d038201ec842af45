/**
 * A process that measures: it does the jobs that its parent names, one after another, and ends when the parent's
 * channel closes. What the jobs do stands beside it.
 */
import { comparisonJobs } from "./ComparisonJobs.ts"
import { peerJobs } from "./PeerJobs.ts"
import { sqliteJobs } from "./SqliteJobs.ts"
import { streamJobs } from "./StreamJobs.ts"

const jobs = { ...peerJobs, ...comparisonJobs, ...sqliteJobs, ...streamJobs }

/** Jobs by name; the parent's calls are typed by them. */
export type Jobs = typeof jobs

/** What the parent sends. */
export interface Call {
  readonly id: number
  readonly job: keyof Jobs
  readonly input: unknown
}

/** What it gets back. */
export type Answer = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: string }

const answer = async ({ id, input, job }: Call): Promise<Answer> => {
  try {
    // The parent's `ChildProcess` gives each job its own input.
    const run = jobs[job] as (input: unknown) => Promise<unknown>
    return { id, result: await run(input) }
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

process.on("message", (call: Call) => {
  void answer(call).then((message) => process.send?.(message))
})
// A parent that is gone must not leave this process behind.
process.on("disconnect", () => process.exit(0))
