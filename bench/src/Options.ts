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
}

export const usage = (names: ReadonlyArray<string>): string =>
  `npm run bench -- [--only <${names.join("|")}>]... [--rounds <1 to 20>] [--quick] [--profiles <folder>]`

/** Throws a `TypeError` that says what is wrong. */
export const parse = (args: ReadonlyArray<string>, names: ReadonlyArray<string>): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", multiple: true, default: [] },
      rounds: { type: "string", default: "3" },
      quick: { type: "boolean", default: false },
      profiles: { type: "string" }
    }
  })
  const unknown = values.only.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new TypeError(`there is no measurement ${unknown}`)
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 20) throw new TypeError("--rounds is no number from 1 to 20")
  return { only: values.only, rounds, isQuick: values.quick, profiles: values.profiles }
}
