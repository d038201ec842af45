// The program that HOOKS.md shows, run twice: the second run goes on where the first one was.
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it, onTestFinished } from "vitest"

const program = fileURLToPath(new URL("../snippets/hooks.ts", import.meta.url))

it("the program with a hook keeps its list and its place", { timeout: 60_000 }, () => {
  const cwd = mkdtempSync(join(tmpdir(), "syncline-hooks-"))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  const run = () => execFileSync(process.execPath, [program], { cwd, encoding: "utf8", timeout: 25_000 })
  expect(run()).toBe("up to 1: Milk\n")
  expect(run()).toBe("up to 2: Milk, Bread\n")
  const kept: unknown = JSON.parse(readFileSync(join(cwd, "titles.json"), "utf8"))
  expect(kept).toMatchObject({ place: { head: 2 } })
})
