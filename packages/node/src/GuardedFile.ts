/**
 * Small text files that several processes change, each change whole and durable before it counts: written beside the file,
 * flushed, then given its name. What the text says, and how long to wait for one's turn, is its owner's business.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { syncFolder } from "./FolderSync.ts"
import * as PrivateFolder from "./PrivateFolder.ts"

/** From one try to the next, where somebody else is at it; that takes milliseconds. */
export const turnMs = 20
/** A temporary file older than this was left by a process that died. */
export const abandonedMs = 10_000

/**
 * Changes the text to what `edit` makes of it; false when that is the same. The temporary file is made exclusively, so of
 * two processes one waits for the other and no change is lost: `undefined` says that somebody else is at it. Throws the
 * system's errors, and what `read` and `edit` throw; then the file is as it was. Only its owner may read it.
 */
export const change = (path: string, read: () => string, edit: (text: string) => string): boolean | undefined => {
  PrivateFolder.make(dirname(path))
  const temporary = temporaryOf(path)
  const file = openExclusively(temporary)
  if (file === undefined) return undefined
  let isOurs = true
  try {
    const before = read()
    const after = edit(before)
    if (after === before) return false
    writeFileSync(file, after)
    fsyncSync(file)
    renameSync(temporary, path)
    // From here on a file of that name is somebody else's.
    isOurs = false
    syncFolder(dirname(path))
    return true
  } finally {
    closeSync(file)
    if (isOurs) rmSync(temporary, { force: true })
  }
}

/** Removes what a process that died has left of a change. Only for who knows that no other process is at it. */
export const giveUp = (path: string): void => rmSync(temporaryOf(path), { force: true })

const temporaryOf = (path: string): string => `${path}.new`

const openExclusively = (temporary: string): number | undefined => {
  try {
    return openSync(temporary, "wx", 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
    const since = statSync(temporary, { throwIfNoEntry: false })?.mtimeMs ?? Infinity
    if (Date.now() - since > abandonedMs) rmSync(temporary, { force: true })
    return undefined
  }
}
