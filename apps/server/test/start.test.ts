/**
 * How a hub tells where the time of its start went, and what makes the next one shorter.
 */
import { existsSync, readdirSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { startHub, temporaryFolder, until } from "./hubProcess.ts"

/** The hub's program and the thread of its journal have over 3 MB of source. */
const compiledBytesMin = 1_000_000

const keptBytes = (cache: string): number => {
  const [version] = existsSync(cache) ? readdirSync(cache) : []
  if (version === undefined) return 0
  // Hubs of other tests keep theirs there, too: a file may have got its last name meanwhile.
  const sizes = readdirSync(join(cache, version)).map(
    (name) => statSync(join(cache, version, name), { throwIfNoEntry: false })?.size ?? 0
  )
  return sizes.reduce((sum, bytes) => sum + bytes, 0)
}

it(
  "[HB-20] the log tells how long a start took, and compiled code is kept for the next",
  { timeout: 60_000 },
  async () => {
    const cache = join(import.meta.dirname, "../.cache/compiled")
    rmSync(cache, { recursive: true, force: true })
    // The tests themselves keep compiled code elsewhere.
    const hub = await startHub({ data: temporaryFolder(), env: { NODE_COMPILE_CACHE: "" } })
    const lines = hub.log().trim().split("\n")
    const ready = lines.map((line) => JSON.parse(line) as Record<string, unknown>).find(({ msg }) => msg === "ready")
    const times = ["processMs", "loadMs", "journalMs", "readyMs"].map((name) => Number(ready?.[name]))
    const [process, load, journal, all] = times as [number, number, number, number]
    for (const ms of times) expect(ms).toBeGreaterThan(0)
    expect(all).toBeGreaterThanOrEqual(process + load + journal - 2)
    // Right behind that, by the program and by the thread; a killed process writes nothing more.
    await until(() => Promise.resolve(keptBytes(cache) > compiledBytesMin), 5_000)
    hub.child.kill("SIGKILL")
    await hub.ended()
    expect(keptBytes(cache)).toBeGreaterThan(compiledBytesMin)
  }
)
