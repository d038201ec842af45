// The long form of the simulation: `npm run sim -- --seeds 5000`, or one seed with `--seed 17`.
// Seeds are shared out over the machine's cores; every failure prints how to replay it.
import { spawn } from "node:child_process"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { failureOf, runSeed } from "./runSeed.ts"

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    jobs: { type: "string", default: String(availableParallelism()) },
    step: { type: "string" }
  }
})

/** One share: every `step`-th seed. Prints a line for each failure and a line at the end. */
const runShare = async (from: number, upto: number, step: number): Promise<number> => {
  let failures = 0
  for (let seed = from; seed <= upto; seed += step) {
    const failure = await failureOf(seed)
    if (failure === undefined) continue
    failures++
    console.log(failure)
  }
  return failures
}

const runJobs = async (from: number, upto: number, jobs: number): Promise<number> => {
  const self = fileURLToPath(import.meta.url)
  const share = (job: number): Promise<number> =>
    new Promise((resolve) => {
      const args = [self, "--from", String(from + job), "--seeds", String(upto), "--step", String(jobs)]
      const child = spawn(process.execPath, args, { stdio: "inherit" })
      child.on("exit", (code) => resolve(code ?? 1))
    })
  const codes = await Promise.all(Array.from({ length: jobs }, (_, job) => share(job)))
  return codes.filter((code) => code !== 0).length
}

const main = async (): Promise<number> => {
  const from = Number(values.from)
  const count = Number(values.seeds)
  if (values.seed !== undefined) {
    console.log(JSON.stringify(await runSeed(Number(values.seed)), undefined, 2))
    return await runShare(Number(values.seed), Number(values.seed), 1)
  }
  if (values.step !== undefined) return await runShare(from, count, Number(values.step))
  const startedMs = performance.now()
  const failed = await runJobs(from, from + count - 1, Number(values.jobs))
  const minutes = (performance.now() - startedMs) / 60_000
  const perMinute = Math.round(count / minutes)
  console.log(`${count} seeds from ${from}, each twice: ${failed === 0 ? "all hold" : "failures above"}`)
  console.log(`${perMinute} seeds a minute on ${values.jobs} cores`)
  return failed
}

process.exitCode = (await main()) === 0 ? 0 : 1
