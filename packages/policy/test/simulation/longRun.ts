/**
 * Many seeds of a team's life, `npm run sim:team -- [--hubless] <from> <upto>`, 1 to 1,000 where nothing is said. It prints
 * each seed that failed and ends with 1 when one did.
 */
import { runHubless } from "./hublessRun.ts"
import { runTeam } from "./teamRun.ts"

const args = process.argv.slice(2)
const isHubless = args.includes("--hubless")
const [from = 1, upto = 1_000] = args.filter((arg) => arg !== "--hubless").map(Number)
const run: (seed: number) => { readonly problems: ReadonlyArray<string> } = isHubless ? runHubless : runTeam
const beganMs = performance.now()
let failed = 0
for (let seed = from; seed <= upto; seed++) {
  const { problems } = run(seed)
  if (problems.length > 0) {
    failed++
    console.log(`seed ${seed}: ${problems.slice(0, 4).join("; ")}`)
  }
}
const minutes = (performance.now() - beganMs) / 60_000
const kind = isHubless ? "a team without a hub" : "a team"
console.log(
  `${upto - from + 1} seeds of ${kind}, ${failed} failed, ${Math.round((upto - from + 1) / minutes)} seeds a minute`
)
process.exitCode = failed === 0 ? 0 : 1
