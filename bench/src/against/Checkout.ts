/**
 * Another state of this repository, ready to be measured: a git worktree in a temporary folder, installed from what
 * the package manager already has, with this state's benchmarks in place of its own, so that both are measured alike.
 * It is gone when it is closed. It measures nothing.
 */
import { execFile } from "node:child_process"
import { cpSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)

const gitMsMax = 60_000
const installMsMax = 5 * 60_000

export interface Checkout {
  /** Its root folder. */
  readonly root: string
  /** The commit's full name. */
  readonly commit: string
  readonly close: () => Promise<void>
}

/** Rejects with what git or the package manager says when there is no such state or it cannot be installed. */
export const open = async (repository: string, ref: string): Promise<Checkout> => {
  const git = (...args: ReadonlyArray<string>) =>
    run("git", ["-C", repository, ...args], { timeout: gitMsMax, encoding: "utf8" })
  const { stdout } = await git("rev-parse", "--verify", "--end-of-options", `${ref}^{commit}`)
  const commit = stdout.trim()
  const folder = mkdtempSync(join(tmpdir(), "syncline-against-"))
  const root = join(folder, "old")
  const close = async (): Promise<void> => {
    rmSync(folder, { recursive: true, force: true })
    await git("worktree", "prune")
  }
  try {
    await git("worktree", "add", "--detach", root, commit)
    await run("pnpm", ["install", "--offline", "--frozen-lockfile", "--config.minimum-release-age=0"], {
      cwd: root,
      timeout: installMsMax,
      encoding: "utf8"
    })
    const sources = join(root, "bench", "src")
    rmSync(sources, { recursive: true, force: true })
    cpSync(join(repository, "bench", "src"), sources, { recursive: true })
    return { root, commit, close }
  } catch (error) {
    await close()
    throw error
  }
}
