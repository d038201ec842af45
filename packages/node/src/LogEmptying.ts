/**
 * Sees to it that no byte of what was taken out by a purge stays in the files. At once the write-ahead log is moved into the
 * journal, where `secure_delete` overwrites what was freed, and cut to nothing. A moment after the last purge the journal is
 * written anew, for where SQLite once spread records over pages it leaves pieces in the unused middle of pages that are in
 * use. A mark in the file, set with what was taken out, says that this is still to be done. Where somebody reads the file
 * the log cannot be emptied; then it is tried again, here and after every start, until it was. Belongs to the writing thread. What is
 * purged others decide.
 */
import { statSync } from "node:fs"
import type Database from "better-sqlite3"
import * as SqliteFailure from "./SqliteFailure.ts"
import type { SqliteTables, TidyingDue } from "./SqliteTables.ts"

/** How long one attempt waits for readers, in milliseconds; writes wait as long. */
const waitMsMax = 100
/** Milliseconds until the first further attempt; each one doubles it. */
const retryMsMin = 250
/** Longest time between two attempts, in milliseconds. */
export const retryMsMax = 10_000
/** A larger journal is not written anew: SQLite makes it once more in memory, and holds writes up (0.9 s measured for 121 MiB). */
export const rewrittenBytesMax = 128 * 1024 * 1024

/** What `wal_checkpoint` answers; `busy` is 1 where it could not do all. */
type CheckpointColumns = [{ readonly busy: number }]

export interface LogWork {
  readonly db: Database.Database
  readonly tables: SqliteTables
  /** Tells a full disk from a forbidden file. */
  readonly folder: string
  /** What the connection waits for locks at other times, in milliseconds. */
  readonly busyMs: number
}

export class LogEmptying {
  readonly #work: LogWork
  #timer: NodeJS.Timeout | undefined
  #retryMs = retryMsMin
  /** The last attempt found a reader, or a disk that did not let it. */
  #isHeld = false
  /** The journal was written anew since the last purge. */
  #isRewritten = false

  constructor(work: LogWork) {
    this.#work = work
  }

  /**
   * Something was taken out: empties the log, and writes the journal anew once no purge has followed for a moment. Where the
   * last attempt was in vain this one waits for nobody; the next in time does.
   */
  now(): void {
    if (!this.#work.tables.isTidyingDue()) return
    this.#isRewritten = false
    this.#isHeld = !isEmptied(this.#work, this.#isHeld ? 0 : waitMsMax)
    if (!this.#isHeld) this.#mark("pages")
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.soon()
  }

  /** Sees to it that all is done soon if the mark says so. */
  soon(): void {
    if (this.#timer !== undefined || !this.#work.tables.isTidyingDue()) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#work.tables.isTidyingDue()) this.#attempt(waitMsMax)
    }, this.#retryMs)
  }

  /** Tries a last time; the next start goes on. */
  end(): void {
    clearTimeout(this.#timer)
    if (this.#work.tables.isTidyingDue()) this.#attempt(this.#isHeld ? 0 : waitMsMax)
    clearTimeout(this.#timer)
  }

  #attempt(waitMs: number): void {
    this.#isRewritten ||= isRewritten(this.#work)
    this.#isHeld = !this.#isRewritten || !isEmptied(this.#work, waitMs)
    if (!this.#isHeld) {
      this.#retryMs = retryMsMin
      this.#mark("nothing")
    } else if (this.#timer === undefined) {
      this.#retryMs = Math.min(retryMsMax, this.#retryMs * 2)
      this.soon()
    }
  }

  /** In a transaction of its own: a crash before it costs one more time at the next start. */
  #mark(due: TidyingDue): void {
    attempt(this.#work, () => {
      this.#work.tables.setTidyingDue(due)
      return true
    })
  }
}

/** Writes every page anew, without what lay between records; true also for a journal that is too large for it. */
const isRewritten = (work: LogWork): boolean =>
  attempt(work, () => {
    if (statSync(work.db.name).size <= rewrittenBytesMax) work.db.exec("VACUUM")
    return true
  })

const isEmptied = (work: LogWork, waitMs: number): boolean =>
  attempt(work, () => {
    try {
      work.db.pragma(`busy_timeout = ${waitMs}`)
      const [{ busy }] = work.db.pragma("wal_checkpoint(TRUNCATE)") as CheckpointColumns
      return busy === 0
    } finally {
      work.db.pragma(`busy_timeout = ${work.busyMs}`)
    }
  })

/** False where the disk does not let it. */
const attempt = ({ folder }: LogWork, body: () => boolean): boolean => {
  try {
    return body()
  } catch (error) {
    if (SqliteFailure.ofError(error, folder) === undefined) throw error
    return false
  }
}
