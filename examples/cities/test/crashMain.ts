// The long form: `npm run crash -- --kills 200`. It fails when anything confirmed is missing, when the three do not agree
// in the end, or when there was no time for all kills.
import { parseArgs } from "node:util"
import { crashRun } from "./CrashRun.ts"

const { values } = parseArgs({
  options: {
    records: { type: "string", default: "135233" },
    kills: { type: "string", default: "20" },
    patches: { type: "string", default: "300" },
    every: { type: "string", default: "3000" }
  }
})
const report = await crashRun({
  records: Number(values.records),
  kills: Number(values.kills),
  patches: Number(values.patches),
  everyMsMax: Number(values.every),
  log: (line) => console.log(line)
})
console.log(
  JSON.stringify({ ...report, missing: report.missing.length, first: report.missing.slice(0, 20) }, undefined, 2)
)
const isWhole = report.missing.length === 0 && new Set(report.states).size === 1
process.exitCode = isWhole && report.kills === Number(values.kills) ? 0 : 1
