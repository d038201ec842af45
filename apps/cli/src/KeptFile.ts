/**
 * Small JSON files that the command line keeps in a data folder, each replaced as a whole. What stands in one, and what is said
 * of one that cannot be used, is its owner's business.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"

/** Writes beside the file and then gives it the name, so that a crash leaves the old one. Throws the system's errors. */
export const write = (path: string, document: unknown): void => {
  const temporary = `${path}.new`
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    writeFileSync(temporary, `${JSON.stringify(document, undefined, 2)}\n`, { mode: 0o600, flush: true })
    renameSync(temporary, path)
  } finally {
    rmSync(temporary, { force: true })
  }
}
