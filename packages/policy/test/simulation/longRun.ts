/**
 * Many seeds of a team's life, `npm run sim:team -- <from> <upto>`, 1 to 1,000 where nothing is said. It prints each seed that
 * failed and ends with 1 when one did.
 */
import { runTeam } from "./teamRun.ts"

const [from = 1, upto = 1_000] = process.argv.slice(2).map(Number)
const beganMs = performance.now()
let failed = 0
for (let seed = from; seed <= upto; seed++) {
  const { problems } = runTeam(seed)
  if (problems.length > 0) {
    failed++
    console.log(`seed ${seed}: ${problems.slice(0, 4).join("; ")}`)
  }
}
const minutes = (performance.now() - beganMs) / 60_000
console.log(
  `${upto - from + 1} seeds of a team, ${failed} failed, ${Math.round((upto - from + 1) / minutes)} seeds a minute`
)
process.exitCode = failed === 0 ? 0 : 1
