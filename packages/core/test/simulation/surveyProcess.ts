// Shares of seeds in processes of their own, for the tests and the long form.
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { addSurvey, emptySurvey, type Survey } from "./runSeed.ts"

const entry = fileURLToPath(new URL("surveyShare.ts", import.meta.url))

/** What every `step`-th seed came to; `onPart` hears of each part as it comes. A process that ends early is a failure. */
export const surveyProcess = (
  from: number,
  upto: number,
  step: number,
  onPart: (part: Survey) => void = () => undefined
): Promise<Survey> =>
  new Promise((resolve) => {
    const whole = emptySurvey()
    const child = fork(entry, [from, upto, step].map(String), { execArgv: ["--max-semi-space-size=64"] })
    child.on("message", (part) => {
      addSurvey(whole, part as Survey)
      onPart(part as Survey)
    })
    child.on("exit", (code) => {
      if (code !== 0) whole.failures.push(`a process ended with ${code}`)
      resolve(whole)
    })
  })
