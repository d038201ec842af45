/**
 * The child's side of `ChildProcess`: it does the jobs that its parent names and ends when the parent's channel
 * closes. Which jobs there are is the entry's business.
 */

/** Jobs by name; each takes one input, or none. */
export interface JobTable {
  readonly [job: string]: (input: never) => Promise<unknown>
}

/** What the parent sends. */
export interface Call {
  readonly id: number
  readonly job: string
  readonly input: unknown
}

/** What it gets back. */
export type Answer = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: string }

const answer = async (jobs: JobTable, { id, input, job }: Call): Promise<Answer> => {
  try {
    // The parent's `ChildProcess` gives each job its own input.
    const run = jobs[job] as (input: unknown) => Promise<unknown>
    return { id, result: await run(input) }
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

/** Serves the parent until it is gone. */
export const serve = (jobs: JobTable): void => {
  process.on("message", (call: Call) => {
    void answer(jobs, call).then((message) => process.send?.(message))
  })
  // A parent that is gone must not leave this process behind.
  process.on("disconnect", () => process.exit(0))
}
