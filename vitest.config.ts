// The one test configuration; every package's vitest.config.ts re-exports it.
// Each test file runs in its own process, because native modules and sockets do not share one well, but for `together`.
import { fileURLToPath, pathToFileURL } from "node:url"
import { defineConfig } from "vitest/config"
import { BaseSequencer } from "vitest/node"
import { journalThread } from "./scripts/bundle.mjs"

// Every test file's process, and every process and thread that a test starts, loads the same libraries.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL("node_modules/.cache/compiled", import.meta.url))

/** Small files of long tests; begun last, they would keep one worker busy while the other has nothing to do. */
const long =
  /(SqliteJournal\.(reads|writes)|convergence\d|mutants|soak|massDelete|hostileMember|road|pair|sealed)\.test\.ts$/

class LongFirst extends BaseSequencer {
  override async sort(files: Parameters<BaseSequencer["sort"]>[0]) {
    const isShort = ({ moduleId }: (typeof files)[number]): number => (long.test(moduleId) ? 0 : 1)
    return (await super.sort(files)).toSorted((a, b) => isShort(a) - isShort(b))
  }
}

/** A journal's thread loads one file and not three hundred. It is made of the same sources, before the tests. */
const bundledThread = {
  name: "bundled-journal-thread",
  transform: (code: string, id: string) => {
    if (!id.endsWith("/node/src/JournalThread.ts")) return undefined
    const source = '"./journalWorker.ts"'
    if (!code.includes(source)) throw new Error(`${id} names its thread's file in another way`)
    return code.replace(source, JSON.stringify(pathToFileURL(journalThread.file).href))
  }
}

/** Packages whose tests wait for processes, sockets and disks most of the time: with one file more the cores have work. */
const waiting = /[/\\](apps[/\\](cli|server)|packages[/\\](node|transport-libp2p)|bench|docs)$/

/** Packages whose files leave nothing behind in a process: what they import is loaded once. */
const together = /[/\\](packages[/\\](core|policy|transport-[a-z0-9]+)|apps[/\\](cli|server))$/

export default defineConfig({
  plugins: [bundledThread],
  test: {
    globalSetup: [fileURLToPath(new URL("scripts/testSetup.mjs", import.meta.url))],
    include: ["test/**/*.test.ts"],
    pool: "forks",
    isolate: !together.test(process.cwd()),
    maxWorkers: waiting.test(process.cwd()) ? 3 : 2,
    sequence: { sequencer: LongFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default"]
  }
})
