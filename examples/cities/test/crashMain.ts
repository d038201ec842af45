// The long form: `npm run crash -- --records 135233 --kills 20`.
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
console.log(JSON.stringify({ ...report, missing: report.missing.slice(0, 20) }, undefined, 2))
process.exitCode = report.missing.length === 0 && new Set(report.states).size === 1 ? 0 : 1
