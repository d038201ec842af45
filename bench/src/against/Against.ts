/**
 * `npm run bench -- --against <ref>`: the throughput of this working tree beside that of another state of the
 * repository, measured in turns in one run. It decides what is run and what is said; how is its neighbours' business.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Machine from "../Machine.ts"
import type { Options } from "../Options.ts"
import * as Report from "../Report.ts"
import * as Checkout from "./Checkout.ts"
import * as Turns from "./Turns.ts"
import type { Verdict } from "./Verdict.ts"

/** What a state is judged by unless other measurements are named. */
const measured = ["cold", "writes", "live", "reconnect"]

const repository = fileURLToPath(new URL("../../..", import.meta.url))

/** Runs it to its end; true when no throughput is worse than before beyond chance. */
export const run = async (options: Options, ref: string, signal: AbortSignal): Promise<boolean> => {
  const startedAt = new Date().toISOString()
  const machine = Machine.facts()
  const folder = mkdtempSync(join(tmpdir(), "syncline-turns-"))
  const only = options.only.length === 0 ? measured : options.only
  const args = [...only.flatMap((name) => ["--only", name]), ...(options.isQuick ? ["--quick"] : [])]
  const old = await Checkout.open(repository, ref)
  try {
    console.log(`old is ${ref}, ${old.commit.slice(0, 12)}; new is this working tree`)
    const roots = { old: old.root, new: repository }
    const verdicts = await Turns.take({ args, folder, note: console.log, roots, rounds: options.rounds, signal })
    const file = options.out ?? Report.resultsFile(`against-${startedAt.replaceAll(":", "-")}`)
    Report.write(file, { startedAt, against: old.commit, rounds: options.rounds, machine, verdicts })
    console.log(`\n${Report.verdicts(verdicts)}\n\n${file}`)
    return tell(verdicts)
  } finally {
    rmSync(folder, { recursive: true, force: true })
    await old.close()
  }
}

const tell = (verdicts: ReadonlyArray<Verdict>): boolean => {
  const worse = verdicts.filter(({ standing }) => standing === "worse")
  for (const { figure } of worse) console.log(`worse: ${figure}`)
  if (verdicts.some(({ standing }) => standing === "perhaps worse")) {
    console.log("Where it says perhaps, the rounds contradict each other: more rounds or a quieter machine decide.")
  }
  return worse.length === 0
}
