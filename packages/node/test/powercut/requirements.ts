/**
 * Whether this machine can run the power-cut rig. It tries what the rig does, in a namespace of its own that takes
 * everything with it: nothing stays mounted, however the try ends.
 */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const tryMsMax = 20_000

/** Runs a program where its mounts are nobody else's and end with it. */
export const unshare: readonly [string, ...ReadonlyArray<string>] = ["unshare", "--mount", "--propagation", "private"]

const steps = `set -e
mkdir "$1/memory" "$1/disk"
mount -t tmpfs -o size=64m tmpfs "$1/memory"
truncate -s 32M "$1/memory/disk.img"
mkfs.ext4 -q -F "$1/memory/disk.img"
mount -o loop "$1/memory/disk.img" "$1/disk"
fsfreeze -f "$1/disk"
fsfreeze -u "$1/disk"
umount "$1/disk" "$1/memory"`

/** One sentence with what the rig needs and why it is not there, or `undefined` when it can run. */
export const missing = (): string | undefined => {
  const needs =
    "the power-cut rig needs Linux, root, loop devices and the commands unshare, mount, umount, mkfs.ext4 and fsfreeze"
  if (process.platform !== "linux") return `${needs}; this is ${process.platform}.`
  if (process.getuid?.() !== 0) return `${needs}; this user is not root.`
  const folder = mkdtempSync(join(tmpdir(), "syncline-powercut-try-"))
  try {
    const [command, ...args] = unshare
    execFileSync(command, [...args, "sh", "-c", steps, "sh", folder], { stdio: "pipe", timeout: tryMsMax })
    return undefined
  } catch (error) {
    const { stderr } = error as { readonly stderr?: Buffer }
    const problem = stderr?.toString("utf8").trim().split("\n")[0] ?? ""
    return `${needs}; here they do not work: ${problem === "" ? String(error) : problem}.`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
