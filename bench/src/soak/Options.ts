/**
 * The command line of `npm run soak`: what can be chosen, within which bounds.
 */
import { parseArgs } from "node:util"

export interface Options {
  /** How long devices work. */
  readonly minutes: number
  readonly clients: number
  /** Records of the hub, and of every device, before the work begins. */
  readonly records: number
  /** Transactions of all devices together. */
  readonly perSecond: number
  /** Where the filled journal is kept for the next run; a temporary folder when absent. */
  readonly folder: string | undefined
  /** File for all samples, a line of JSON each; none when absent. */
  readonly out: string | undefined
}

export const usage =
  "npm run soak -- [--minutes <0.1 to 10080>] [--clients <1 to 500>] [--records <1000 to 10000000>]\n" +
  "                [--per-second <0.1 to 1000>] [--folder <kept for the next run>] [--out <file for samples>]"

/** Throws a `TypeError` that says what is wrong. */
export const parse = (args: ReadonlyArray<string>): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "30" },
      clients: { type: "string", default: "50" },
      records: { type: "string", default: "1000000" },
      "per-second": { type: "string", default: "5" },
      folder: { type: "string" },
      out: { type: "string" }
    }
  })
  return {
    minutes: within("--minutes", values.minutes, 0.1, 7 * 24 * 60),
    clients: Math.round(within("--clients", values.clients, 1, 500)),
    records: Math.round(within("--records", values.records, 1_000, 10_000_000)),
    perSecond: within("--per-second", values["per-second"], 0.1, 1_000),
    folder: values.folder,
    out: values.out
  }
}

const within = (name: string, text: string, min: number, max: number): number => {
  const value = Number(text)
  if (!(value >= min && value <= max)) throw new TypeError(`${name} is ${text}, no number from ${min} to ${max}`)
  return value
}
