// Adds up the test counts in the output of `npm test` (standard input) and prints them as one plain line.
// What failed is repeated above it, because a log may be read from its end. It ends with 1 when a test failed or none ran.
const failureLinesMax = 200

let text = ""
for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk
// oxlint-disable-next-line no-control-regex -- the colours of the terminal are control characters
const lines = text.replaceAll(/\u001B\[[0-9;]*m/g, "").split("\n")
const counts = { passed: 0, failed: 0, skipped: 0 }
for (const line of lines.filter((each) => /\bTests {2}/.test(each))) {
  for (const kind of Object.keys(counts)) {
    counts[kind] += Number(new RegExp(`(\\d+) ${kind}`).exec(line)?.[1] ?? 0)
  }
}
const failures = lines.flatMap((line, at) => (/\bFAIL\b/.test(line) ? lines.slice(at, at + 12) : []))
for (const line of failures.slice(0, failureLinesMax)) console.log(line)
const skipped = counts.skipped === 0 ? "" : `, ${counts.skipped} skipped`
console.log(`tests: ${counts.passed} passed, ${counts.failed} failed${skipped}`)
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0
