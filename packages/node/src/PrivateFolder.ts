/**
 * Makes a folder into which only its owner may look. One level at a time: where a file system has a folder and says,
 * when a name is to be made in it, that nothing is there (`/proc` does), Node's own recursion tries for ever.
 */
import { existsSync, mkdirSync, statSync } from "node:fs"
import { dirname } from "node:path"

const folderMode = 0o700

/** Makes the folder and what is missing above it; throws the system's error. One that is there stays as it is. */
export const make = (path: string): void => {
  if (attempt(path) === undefined) return
  const above = dirname(path)
  if (!existsSync(above)) make(above)
  // Once more also where the one above was there: another process may have made it just before it was looked for.
  const error = attempt(path)
  if (error !== undefined) throw error
}

/** Makes one folder, or gives the error that says that the one above is missing. */
const attempt = (path: string): Error | undefined => {
  try {
    mkdirSync(path, { mode: folderMode })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "ENOENT") return error as Error
    // Another process may have made it meanwhile.
    if (code !== "EEXIST" || !statSync(path).isDirectory()) throw error
  }
  return undefined
}
