/**
 * The command line of the benchmarks.
 */
import { parseArgs } from "node:util"

export interface Options {
  /** Names of measurements; all when empty. */
  readonly only: ReadonlyArray<string>
  readonly rounds: number
  /** Fewer records and changes: shows that everything runs, its figures mean little. */
  readonly isQuick: boolean
  /** Where processes that are profiled write their `.cpuprofile`; nothing is profiled when absent. */
  readonly profiles: string | undefined
  /** Another state of the repository to measure against, as git names it. */
  readonly against: string | undefined
  /** The file for the results; one in `results` when absent. */
  readonly out: string | undefined
}

const roundsDefault = 3
/** Fewer cannot tell much worse from noise. */
const roundsAgainstDefault = 5

export const usage = (names: ReadonlyArray<string>): string =>
  `npm run bench -- [--only <${names.join("|")}>]... [--rounds <1 to 20>] [--quick] [--profiles <folder>] [--out <file>] [--against <git ref>]`

/** Throws a `TypeError` that says what is wrong. */
export const parse = (args: ReadonlyArray<string>, names: ReadonlyArray<string>): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", multiple: true, default: [] },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      profiles: { type: "string" },
      against: { type: "string" },
      out: { type: "string" }
    }
  })
  const unknown = values.only.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new TypeError(`there is no measurement ${unknown}`)
  const { against, only, out, profiles, quick } = values
  const rounds = Number(values.rounds ?? (against === undefined ? roundsDefault : roundsAgainstDefault))
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 20) throw new TypeError("--rounds is no number from 1 to 20")
  if (against !== undefined && rounds < 3) throw new TypeError("--against takes 3 rounds at least")
  if (against !== undefined && profiles !== undefined) throw new TypeError("--against does not profile")
  return { only, rounds, isQuick: quick, profiles, against, out }
}
