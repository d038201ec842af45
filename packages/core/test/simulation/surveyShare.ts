// A process of its own that runs one share of the seeds and tells its parent in parts how it went; Node runs the sources
// as they are, which is faster than a test runner's rendering of them.
import { surveySeeds } from "./runSeed.ts"

/** Seeds that a process runs before it says how it went. */
const reportedSeeds = 50

const [from = 1, upto = 0, step = 1] = process.argv.slice(2).map(Number)
for (let first = from; first <= upto; first += reportedSeeds * step) {
  const last = Math.min(upto, first + (reportedSeeds - 1) * step)
  process.send!(await surveySeeds(first, last, step))
}
process.disconnect()
