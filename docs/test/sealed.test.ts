// The program that SEALED.md shows, run with the passphrase and then without it.
import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it, onTestFinished } from "vitest"

const program = fileURLToPath(new URL("../snippets/sealed.ts", import.meta.url))

it(
  "the program of a sealed space writes with the passphrase, and nothing in the clear without it",
  { timeout: 60_000 },
  () => {
    const cwd = mkdtempSync(join(tmpdir(), "syncline-sealed-"))
    onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
    const run = (...args: ReadonlyArray<string>): string =>
      execFileSync(process.execPath, [program, ...args], { cwd, encoding: "utf8", timeout: 25_000 })
    expect(run("correct horse battery staple")).toMatch(/^The space is sealed here\.\n36 characters name the note/)
    expect(run()).toContain("Nothing was written: the space is sealed")
    const files = readdirSync(join(cwd, "sealed-data")).map((name) => readFileSync(join(cwd, "sealed-data", name)))
    expect(files.some((bytes) => bytes.includes("correct horse"))).toBe(false)
  }
)
