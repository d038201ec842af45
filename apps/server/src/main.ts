/**
 * Entry of the hub's process: it makes the start short and does nothing else. Compiled code is kept in `.cache` beside
 * the program's own folder for the next start; where that cannot be written, nothing is kept. The journal's thread
 * loads while the program does.
 */
import { enableCompileCache } from "node:module"
import { join } from "node:path"
import { start } from "@syncline/node/thread"

enableCompileCache(join(import.meta.dirname, "..", ".cache", "compiled"))
const thread = start()
// Only what is imported from here on comes from the cache.
const { run } = await import("./HubProgram.ts")
await run(thread)
