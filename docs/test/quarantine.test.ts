// The program that OPERATIONS.md shows, run once.
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it, onTestFinished } from "vitest"

const program = fileURLToPath(new URL("../snippets/quarantine.ts", import.meta.url))

it("the program with a desk says what became of its commit, and that nothing waits", { timeout: 60_000 }, () => {
  const cwd = mkdtempSync(join(tmpdir(), "syncline-quarantine-"))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  const said = execFileSync(process.execPath, [program], { cwd, encoding: "utf8", timeout: 50_000 })
  expect(said).toMatch(/^[0-9a-f]{8} is deferred: no custodian has confirmed it yet\n0 commits are applied\n$/)
})
