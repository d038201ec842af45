/**
 * The process whose power is cut: `writerMain.ts <folder> <seed> <life> <peer|alone>`. It waits for a line on standard
 * input, opens the folder's journal, works on it, and reports on standard output, at once and only what is already
 * promised. SIGTERM makes it close its journal.
 */
import { readSync } from "node:fs"
import { Cause, Effect, Exit, Fiber } from "effect"
import * as DeviceKeyFile from "../../src/DeviceKeyFile.ts"
import * as SqliteJournal from "../../src/SqliteJournal.ts"
import { writeAtOnce } from "../promptOutput.ts"
import { space } from "../temporaryFolder.ts"
import type { Report } from "./Report.ts"
import * as Workload from "./Workload.ts"

const lifeMsMax = 60_000

const [folder, seed, life, peer] = process.argv.slice(2) as [string, string, string, string]

const report = (line: Report): void => writeAtOnce(`${JSON.stringify(line)}\n`)

const program = Effect.gen(function* () {
  report({ kind: "starting" })
  const journal = yield* SqliteJournal.make({ folder, space })
  report({ kind: "open", author: journal.info.author })
  yield* Workload.run(journal, { seed: Number(seed), life: Number(life), hasPeer: peer === "peer", report })
}).pipe(Effect.provide(DeviceKeyFile.layer(folder)), Effect.scoped)

// The end of the input instead of a line: whoever wanted it is gone.
if (readSync(0, Buffer.alloc(1)) === 0) process.exit(0)
setTimeout(() => process.exit(3), lifeMsMax).unref()
const fiber = Effect.runFork(program)
process.once("SIGTERM", () => fiber.interruptUnsafe())
const exit = await Effect.runPromise(Fiber.await(fiber))
if (Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)) {
  console.error(Cause.pretty(exit.cause))
  process.exit(1)
}
report({ kind: "closed" })
