/**
 * The power-cut rig itself, kept alive by a few cuts: `npm run powercut` makes a hundred. Where it cannot run, the
 * titles say what is missing.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { missing } from "./requirements.ts"

const script = join(import.meta.dirname, "main.ts")
const lack = missing()
const unless = lack === undefined ? "" : ` (not run: ${lack})`
// Seed 36 cuts an opening journal, a closing one and a working one that went on from there, all with a peer.
const seed = 36

interface Run {
  readonly child: ChildProcess
  /** Where its folders are made. */
  readonly temporary: string
  readonly printed: () => string
  readonly code: () => Promise<number | null>
}

const start = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}): Run => {
  const temporary = mkdtempSync(join(tmpdir(), "syncline-powercut-test-"))
  const child = spawn(process.execPath, [script, ...args], {
    env: { ...process.env, TMPDIR: temporary, ...env },
    stdio: ["ignore", "pipe", "inherit"]
  })
  let text = ""
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part))
  const closed = once(child, "close") as Promise<[number | null]>
  onTestFinished(async () => {
    child.kill("SIGTERM")
    await closed
    rmSync(temporary, { recursive: true, force: true })
  })
  return { child, temporary, printed: () => text, code: async () => (await closed)[0] }
}

/** Files of loop devices that are in use. */
const loopFiles = (): ReadonlyArray<string> =>
  readdirSync("/sys/block")
    .filter((name) => name.startsWith("loop"))
    .flatMap((name) => {
      try {
        return [readFileSync(`/sys/block/${name}/loop/backing_file`, "utf8").trim()]
      } catch {
        return []
      }
    })

describe("the power-cut rig", () => {
  it.skipIf(lack !== undefined)(
    `[SJ-11] loses nothing that was acknowledged, and sees what a journal without flushing loses${unless}`,
    async () => {
      const { code, printed, temporary } = start(["--cuts", "3", "--seed", String(seed)])
      const exitCode = await code()
      expect(printed()).toMatch(/FULL, seed 36: 3 cuts, [1-9]\d* acknowledged commits, 0 lost, 0 numbers reused/)
      expect(printed()).toMatch(/OFF, seed 36: \d+ cuts, .* [1-9]\d* lost, .*: the rig sees a loss/)
      expect(exitCode).toBe(0)
      expect(readdirSync(temporary)).toEqual([])
    }
  )

  it.skipIf(lack !== undefined)(`leaves nothing behind when it is interrupted${unless}`, async () => {
    const { child, code, printed, temporary } = start(["--cuts", "1000"])
    // Its mounts are nobody else's to see; its loop devices are everybody's.
    const mounted = (): number => {
      const [folder] = readdirSync(temporary)
      return folder === undefined ? 0 : loopFiles().filter((file) => file.includes(folder)).length
    }
    await expect.poll(mounted, { timeout: 20_000 }).toBeGreaterThan(1)
    const [folder] = readdirSync(temporary)
    child.kill("SIGINT")
    expect(await code()).toBe(1)
    expect(printed()).toContain("stopped")
    expect(readdirSync(temporary)).toEqual([])
    await expect.poll(() => loopFiles().filter((file) => file.includes(folder!))).toEqual([])
  })

  it("says in one sentence what it needs, and that is no failure", async () => {
    const { code, printed } = start([], { PATH: "/nowhere" })
    expect(await code()).toBe(0)
    expect(printed()).toMatch(/^Skipped: the power-cut rig needs .*\.\n$/)
  })
})
