/**
 * The journal's writing thread before it has a journal: it loads its code and waits to be told which file to open. It
 * imports nothing but Node's own modules, so that a program may start it before it loads itself, and both load at the
 * same time. What is said to it is `SqliteWriter`'s business.
 */
import { getCompileCacheDir } from "node:module"
import { dirname } from "node:path"
import { Worker } from "node:worker_threads"

/** A thread that waits for a journal. Whoever is given it ends it. */
export type JournalThread = Worker

/** Room for what one group of commits allocates, so that little of it is copied by the garbage collector. */
const youngMebibytesMax = 96

// The file has the ending of this one: the source runs as it is, the published package is compiled.
const workerFile = (): URL =>
  new URL(import.meta.url.endsWith(".ts") ? "./journalWorker.ts" : "./journalWorker.js", import.meta.url)

/** A program that keeps compiled code keeps the thread's too. */
const compileCache = (): { readonly env?: NodeJS.Dict<string> } => {
  // Node adds a folder for its version to the one that it is given.
  const folder = getCompileCacheDir()
  return folder === undefined ? {} : { env: { NODE_COMPILE_CACHE: dirname(folder) } }
}

/** Starts a thread. */
export const start = (): JournalThread =>
  new Worker(workerFile(), {
    name: "syncline-journal",
    resourceLimits: { maxYoungGenerationSizeMb: youngMebibytesMax },
    ...compileCache()
  })
