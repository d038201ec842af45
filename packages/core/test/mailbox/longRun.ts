/**
 * The flaky mailbox for many seeds: `npm run sim:mailbox -- <from> <upto>`. Prints what failed and how long agreement took; exit
 * code 1 when a seed failed.
 */
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { run } from "./flakyRun.ts"

const [from = 1, upto = 1_000] = process.argv.slice(2).map(Number)
if (!Number.isSafeInteger(from) || !Number.isSafeInteger(upto) || from < 0 || upto < from) {
  console.error("usage: npm run sim:mailbox -- [<first seed> <last seed>]")
  process.exit(2)
}
const agreed: Array<number> = []
const failed: Array<string> = []

for (let seed = from; seed <= upto; seed++) {
  const outcome = await Effect.runPromise(run(seed).pipe(Effect.scoped, Effect.provide(TestClock.layer())))
  const { agreedMs, touched } = outcome
  if (agreedMs === undefined) failed.push(`seed ${seed}: they never agree`)
  else agreed.push(agreedMs)
  if (touched.length > 0) failed.push(`seed ${seed}: foreign files touched: ${touched.join(", ")}`)
  if (seed % 100 === 0) console.log(`${seed}: ${failed.length} failed`)
}

agreed.sort((a, b) => a - b)
const at = (share: number): string =>
  `${((agreed[Math.floor((agreed.length - 1) * share)] ?? 0) / 60_000).toFixed(0)} min`
for (const line of failed) console.log(line)
console.log(
  `${upto - from + 1} seeds, ${failed.length} failed; agreed after ${at(0.5)} (median), ${at(0.99)} (99 %), ${at(1)} (longest)`
)
process.exitCode = failed.length === 0 ? 0 : 1
