/**
 * File systems of a few mebibytes in memory, to meet a full or read-only disk. Mounting needs rights that not every
 * machine gives; a test asks `canMount` first and is reported as skipped without them.
 */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"

const run = (command: string, ...args: ReadonlyArray<string>): void =>
  void execFileSync(command, args, { stdio: "ignore" })

/** A file system of so many mebibytes, mounted until the test is over. */
export const mountSmallDisk = (mebibytes: number, options = ""): string => {
  const path = mkdtempSync(join(tmpdir(), "syncline-disk-"))
  run("mount", "-t", "tmpfs", "-o", `size=${mebibytes}m${options}`, "tmpfs", path)
  onTestFinished(() => unmount(path))
  return path
}

/** Makes room on it while it is in use. */
export const resizeDisk = (path: string, mebibytes: number): void =>
  run("mount", "-o", `remount,size=${mebibytes}m`, path)

const unmount = (path: string): void => {
  // A process of the test may just be ending.
  run("umount", "--lazy", path)
  rmSync(path, { recursive: true, force: true })
}

/** True where this process may mount. */
export const canMount = ((): boolean => {
  const path = mkdtempSync(join(tmpdir(), "syncline-disk-"))
  try {
    run("mount", "-t", "tmpfs", "tmpfs", path)
    unmount(path)
    return true
  } catch {
    rmSync(path, { recursive: true, force: true })
    return false
  }
})()
