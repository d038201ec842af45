/**
 * Listening to a folder, by chokidar: the only place that knows it. What it says is a hint and may be late, wrong or missing;
 * a listing says what is there.
 */
import { relative, sep } from "node:path"
import { MailboxName } from "@syncline/core"
import { watch } from "chokidar"

/** Files and directories that are listened to; a change of one that is beyond is found by looking. */
export const watchedMax = 100_000

/** A folder that is listened to. */
export interface Watched {
  readonly close: () => Promise<void>
}

/**
 * Listens to the directories of a space, all but one, until it is closed. Calls `heard` when something may have come, also once
 * when it has begun, and `failed` when the system does not say everything, e.g. for want of watches. May throw.
 */
export type Watch = (
  spaceFolder: string,
  except: string,
  heard: () => void,
  failed: (problem: string) => void
) => Watched

export const watchUpTo =
  (max: number): Watch =>
  (spaceFolder, except, heard, failed) => {
    const known = new Set<string>()
    /** What a watcher knows of it keeps in memory, so that it may not know everything that people put there. */
    const isKnown = (path: string): boolean => {
      if (known.has(path)) return true
      if (known.size >= max) {
        failed(`more than ${max} files and directories are there`)
        return false
      }
      known.add(path)
      return true
    }
    const watcher = watch(spaceFolder, {
      ignored: (path) => isOthers(relative(spaceFolder, path), except) || !isKnown(path),
      ignoreInitial: true,
      followSymlinks: false,
      depth: 1,
      atomic: false,
      ignorePermissionErrors: true
    })
    watcher.on("all", (event, path) => {
      if (event === "unlink" || event === "unlinkDir") known.delete(path)
      heard()
    })
    // What came while it began is told by nobody else.
    watcher.on("ready", heard)
    watcher.on("error", (error) => failed(error instanceof Error ? error.message : String(error)))
    return { close: () => watcher.close() }
  }

export const watchFolder: Watch = watchUpTo(watchedMax)

/** What is neither a directory of another device nor a mailbox's file in one. */
const isOthers = (path: string, except: string): boolean => {
  if (path === "") return false
  const [owner = "", name, ...deeper] = path.split(sep)
  if (!MailboxName.isTag(owner) || owner === except || deeper.length > 0) return true
  return name !== undefined && MailboxName.parse(name) === undefined
}
