// That the long runs work at all; their figures mean nothing in so short a time. The limits are for machines that others
// use too.
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { it } from "vitest"

const run = (program: string, ...args: ReadonlyArray<string>) =>
  promisify(execFile)(process.execPath, [fileURLToPath(new URL(`../src/${program}`, import.meta.url)), ...args], {
    timeout: 280_000
  })

it.concurrent(
  "a soak of seconds loads a hub, lets devices work, and ends with all in step",
  { timeout: 300_000 },
  async ({ expect }) => {
    const { stdout } = await run("soak/main.ts", "--minutes", "0.3", "--clients", "5", "--records", "5000")
    expect(stdout).toMatch(/^without garbage, after a warm-up of .* min:$/m)
    expect(stdout).not.toContain("no metrics")
    expect(stdout).toMatch(/^process_resident_memory_bytes: .* MiB\/h, 95 % within /m)
    expect(stdout).toMatch(/^queue="sessions" +5 +\d +5 +8192$/m)
    expect(stdout).toMatch(/^syncline_commits_refused_total rose by 0$/m)
    expect(stdout).toContain("memory: too short to judge (bound 8 MiB/h); 5 of 5 devices in step")
  }
)

it.concurrent(
  "a hub killed under load is ready again, and devices are in step",
  { timeout: 300_000 },
  async ({ expect }) => {
    const args = ["--kills", "2", "--records", "5000", "--clients", "2", "--limit", "60000"]
    const { stdout } = await run("ready/main.ts", ...args)
    expect(stdout).toMatch(/^2 kills, \d{3,} changes confirmed meanwhile, 2 of 2 devices in step$/m)
    expect(stdout).toMatch(/^ready: p50 \d+ ms, max \d+ ms, limit 60000 ms: met$/m)
  }
)
