// Folders that two processes make at the same time: what the other one does falls between two looks of this one.
import { existsSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { vi } from "vitest"
import * as PrivateFolder from "../src/PrivateFolder.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

/** What the other process does as soon as this one could not make a folder. */
const other = vi.hoisted(() => ({ onFailure: (_path: string): void => {} }))

vi.mock("node:fs", async (importOriginal) => {
  const fs = await importOriginal<typeof import("node:fs")>()
  const mkdirSync = (path: string, options: { readonly mode: number }): void => {
    try {
      fs.mkdirSync(path, options)
    } catch (error) {
      other.onFailure(path)
      throw error
    }
  }
  return { ...fs, mkdirSync }
})

it.effect("[DF-3] folders that another process makes at the same time are taken as they come", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const fs = yield* Effect.promise(() => vi.importActual<typeof import("node:fs")>("node:fs"))
    const path = join(folder, "a", "b", "data")
    // One level of it, and another time everything, is there a moment after it was missing.
    for (const made of [dirname(path), path]) {
      other.onFailure = () => fs.mkdirSync(made, { recursive: true, mode: 0o700 })
      PrivateFolder.make(path)
      expect(statSync(path).mode & 0o777).toBe(0o700)
      fs.rmSync(join(folder, "a"), { recursive: true })
    }
    other.onFailure = () => {}
    PrivateFolder.make(path)
    for (const level of [path, dirname(path), dirname(dirname(path))]) expect(statSync(level).mode & 0o777).toBe(0o700)
    writeFileSync(join(folder, "file"), "")
    expect(() => PrivateFolder.make(join(folder, "file"))).toThrow("EEXIST")
    expect(() => PrivateFolder.make(join(folder, "file", "below"))).toThrow("ENOTDIR")
    expect(existsSync(join(folder, "file"))).toBe(true)
  })
)
