// The program that HISTORY.md shows, run as it is.
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it, onTestFinished } from "vitest"

const program = fileURLToPath(new URL("../snippets/history.ts", import.meta.url))

it("the program with a past undoes, redoes and restores", { timeout: 60_000 }, () => {
  const cwd = mkdtempSync(join(tmpdir(), "syncline-history-"))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  const said = execFileSync(process.execPath, [program], { cwd, encoding: "utf8", timeout: 50_000 })
  expect(said.split("\n").slice(0, 6)).toEqual([
    "changed [ 'title', 'votes' ]",
    "created [ 'title' ]",
    "then: Milk",
    "all of then: 1",
    "undone: Milk [ 'title', 'votes' ]",
    "redone: Oat milk"
  ])
  expect(said).toMatch(/restored: \{[^}]*title: 'Milk', votes: 0 \}/)
})
