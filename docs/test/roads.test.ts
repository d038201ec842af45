// The programs that ROADS.md shows: two devices that only share a folder.
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it, onTestFinished } from "vitest"

const roads = fileURLToPath(new URL("../snippets/roads.ts", import.meta.url))
const cloud = fileURLToPath(new URL("../snippets/cloud.ts", import.meta.url))

/** What a program says that gets a shared folder, in a folder of its own that it leaves as it was. */
const saidBy = (program: string): string => {
  const cwd = mkdtempSync(join(tmpdir(), "syncline-roads-"))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  mkdirSync(join(cwd, "shared"))
  const told = execFileSync(process.execPath, [program, "shared"], { cwd, encoding: "utf8", timeout: 40_000 })
  expect(readdirSync(cwd)).toEqual(["shared"])
  return told
}

it("the program of a folder brings a note from one device to the other", { timeout: 60_000 }, () => {
  expect(saidBy(roads)).toContain("The phone has the note, by a folder that is active.")
})

it("the program that asks a folder itself brings a note over", { timeout: 60_000 }, () => {
  expect(saidBy(cloud)).toBe("The laptop wrote 1 note.\n1 of 1 devices there has the same.\n")
})
