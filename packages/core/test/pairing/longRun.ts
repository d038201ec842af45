// `npm run sim:pairing`: pairings with somebody in between, 10,000 by itself. Ends with 1 at the first that takes a stranger
// for one of the pair.
import { run } from "./manInTheMiddle.ts"

const [from = 1, upto = 10_000] = process.argv.slice(2).map(Number)
if (!Number.isSafeInteger(from) || !Number.isSafeInteger(upto) || from < 0 || upto < from) {
  console.error("usage: npm run sim:pairing -- [<first seed> <last seed>]")
  process.exit(2)
}
const fooled: Array<number> = []
let paired = 0
for (let seed = from; seed <= upto; seed++) {
  const outcome = run(seed)
  if (outcome.agreedWithStranger) fooled.push(seed)
  if (outcome.paired) paired++
}
const runs = upto - from + 1
console.log(
  `${runs} pairings with somebody in between: ${fooled.length} agreements; ${paired} paired as if nobody were there`
)
if (fooled.length > 0) {
  console.error(`seeds: ${fooled.slice(0, 20).join(" ")}`)
  process.exitCode = 1
}
