// The long form of the simulation: `npm run sim -- --seeds 10000`, or one seed with `--seed 17`.
// Seeds are shared out over the machine's cores; every failure prints how to replay it.
import { availableParallelism } from "node:os"
import { parseArgs } from "node:util"
import { addSurvey, emptySurvey, runSeed, type Survey, surveySeeds } from "./runSeed.ts"
import { surveyProcess } from "./surveyProcess.ts"

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    jobs: { type: "string", default: String(availableParallelism()) }
  }
})

const runJobs = async (from: number, upto: number, jobs: number): Promise<Survey> => {
  const whole = emptySurvey()
  const tell = ({ failures }: Survey): void => failures.forEach((failure) => console.log(failure))
  const shares = Array.from({ length: jobs }, (_, job) => surveyProcess(from + job, upto, jobs, tell))
  for (const share of await Promise.all(shares)) addSurvey(whole, share)
  return whole
}

const report = ({ failures, frames, pendingMs, seedsWith, writes }: Survey, count: number, minutes: number): void => {
  const sorted = pendingMs.toSorted((a, b) => a - b)
  const at = (share: number): number =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0) / 1000
  console.log(`${count} seeds, each twice: ${failures.length === 0 ? "all hold" : `${failures.length} failures above`}`)
  console.log(`${Math.round(count / minutes)} seeds a minute on ${values.jobs} cores`)
  console.log(`a seed has ${Math.round(frames / count)} frames and ${Math.round(writes / count)} writes`)
  console.log(`simulated seconds until nothing is pending: median ${at(0.5)}, 99 % ${at(0.99)}, longest ${at(1)}`)
  console.log(
    `seeds with ${Object.entries(seedsWith)
      .map(([kind, seeds]) => `${kind} ${seeds}`)
      .join(", ")}`
  )
}

const main = async (): Promise<number> => {
  const from = Number(values.from)
  const count = Number(values.seeds)
  if (values.seed !== undefined) {
    const seed = Number(values.seed)
    console.log(JSON.stringify(runSeed(seed), undefined, 2))
    const { failures } = await surveySeeds(seed, seed, 1)
    for (const failure of failures) console.log(failure)
    return failures.length
  }
  const startedMs = performance.now()
  const survey = await runJobs(from, from + count - 1, Number(values.jobs))
  report(survey, count, (performance.now() - startedMs) / 60_000)
  return survey.failures.length
}

process.exitCode = (await main()) === 0 ? 0 : 1
