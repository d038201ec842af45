// The program that ROADS.md shows: two devices that only share a folder.
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it, onTestFinished } from "vitest"

const program = fileURLToPath(new URL("../snippets/roads.ts", import.meta.url))

it("the program of a folder brings a note from one device to the other", { timeout: 60_000 }, () => {
  const cwd = mkdtempSync(join(tmpdir(), "syncline-roads-"))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  mkdirSync(join(cwd, "shared"))
  const told = execFileSync(process.execPath, [program, "shared"], { cwd, encoding: "utf8", timeout: 40_000 })
  expect(told).toContain("The phone has the note, by a folder that is active.")
  expect(readdirSync(cwd)).toEqual(["shared"])
})
