/**
 * What SQLite's and the file system's errors mean for a journal. A failure is plain data, because it also travels from
 * the worker thread; `toError` makes core's error of it. An error that it does not know is a defect and stays one.
 */
import { statfsSync } from "node:fs"
import { JournalError } from "@syncline/core"
import Database from "better-sqlite3"

type SqliteError = InstanceType<typeof Database.SqliteError>

export interface StoreFailure {
  readonly tag: JournalError.JournalError["reason"]["_tag"]
  /** What was wrong, in words or as SQLite's code. */
  readonly problem: string
}

/** Thrown where a store refuses by itself to work on a file. Never leaves this package. */
export class StoreRefusal extends Error {
  readonly failure: StoreFailure

  constructor(tag: StoreFailure["tag"], problem: string) {
    super(problem)
    this.failure = { tag, problem }
  }
}

/** What an error means, or `undefined` for a defect. `folder` tells a full disk from a forbidden file. */
export const ofError = (error: unknown, folder: string): StoreFailure | undefined => {
  if (error instanceof StoreRefusal) return error.failure
  if (error instanceof Database.SqliteError) return ofSqlite(error, folder)
  const code = (error as { readonly code?: unknown } | null)?.code
  return typeof code === "string" ? ofSystem(code, folder) : undefined
}

const ofSqlite = (error: SqliteError, folder: string): StoreFailure | undefined => {
  const { code } = error
  const problem = `${code}: ${error.message}`
  // A full disk also shows as the shared memory file that cannot grow, or a log that cannot be made.
  if (code === "SQLITE_FULL" || code === "SQLITE_IOERR_SHMSIZE") return { tag: "StoreFull", problem }
  if (code.startsWith("SQLITE_CANTOPEN")) return { tag: isFull(folder) ? "StoreFull" : "StoreReadOnly", problem }
  if (/^SQLITE_(READONLY|PERM|AUTH)/.test(code)) return { tag: "StoreReadOnly", problem }
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return { tag: "StoreInUse", problem }
  if (code.startsWith("SQLITE_IOERR")) return { tag: isFull(folder) ? "StoreFull" : "StoreCorrupt", problem }
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return { tag: "StoreCorrupt", problem }
  return undefined
}

const ofSystem = (code: string, folder: string): StoreFailure | undefined => {
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return { tag: "StoreFull", problem: code }
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return { tag: "StoreReadOnly", problem: code }
    case "ENOTDIR":
    case "EEXIST":
    case "ENOENT":
      return { tag: "StoreForeign", problem: `${folder} is not a folder (${code})` }
    default:
      return undefined
  }
}

const isFull = (folder: string): boolean => {
  try {
    return statfsSync(folder).bavail === 0
  } catch {
    return false
  }
}

/** Core's error for a failure on a file or folder. */
export const toError = (path: string, { problem, tag }: StoreFailure): JournalError.JournalError =>
  new JournalError.JournalError({ reason: reasonOf(path, tag, problem) })

const reasonOf = (path: string, tag: StoreFailure["tag"], problem: string): JournalError.JournalError["reason"] => {
  switch (tag) {
    case "StoreFull":
      return new JournalError.StoreFull({ path })
    case "StoreReadOnly":
      return new JournalError.StoreReadOnly({ path })
    case "StoreInUse":
      return new JournalError.StoreInUse({ path })
    case "StoreNotDurable":
      return new JournalError.StoreNotDurable({ path, setting: problem })
    case "StoreForeign":
      return new JournalError.StoreForeign({ path, problem })
    case "StoreSealed":
      return new JournalError.StoreSealed({ path })
    case "StoreCorrupt":
      return new JournalError.StoreCorrupt({ path, problem })
    case "StoreClosed":
      return new JournalError.StoreClosed({ problem })
  }
}
