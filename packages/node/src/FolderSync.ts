/**
 * Makes the names in a folder durable. Without it a file that was written, flushed and renamed may be gone after a
 * power cut, because its name was never written.
 */
import { closeSync, fsyncSync, openSync } from "node:fs"

export const syncFolder = (folder: string): void => {
  // Windows cannot open a folder for syncing; NTFS journals the new name itself.
  if (process.platform === "win32") return
  const handle = openSync(folder, "r")
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
