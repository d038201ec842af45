/**
 * File systems of a few mebibytes in memory, to meet a full or read-only disk. Mounting needs rights that not every
 * machine gives; a test asks `canMount` first.
 */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"

const run = (command: string, ...args: ReadonlyArray<string>): void => {
  execFileSync(command, args, { stdio: "ignore" })
}

/** A file system of so many mebibytes, mounted until the scope closes. */
export const smallDisk = (mebibytes: number) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const path = mkdtempSync(join(tmpdir(), "syncline-disk-"))
      run("mount", "-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", path)
      return path
    }),
    (path) =>
      Effect.sync(() => {
        run("umount", path)
        rmSync(path, { recursive: true, force: true })
      })
  )

/** Writes a file that takes all the room that is left. */
export const fill = (file: string): void => {
  try {
    writeFileSync(file, new Uint8Array(64 * 1024 * 1024))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") return
    throw error
  }
  throw new Error(`there is still room beside ${file}`)
}

/** Forbids or allows writing to it. */
export const setReadOnly = (path: string, isReadOnly: boolean): void =>
  run("mount", "-o", `remount,${isReadOnly ? "ro" : "rw"}`, path)

/** True where this process may mount. */
export const canMount = ((): boolean => {
  const path = mkdtempSync(join(tmpdir(), "syncline-disk-"))
  try {
    run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path)
    run("umount", path)
    return true
  } catch {
    return false
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
})()
