/**
 * Empties the write-ahead log behind a purge, so that no byte of what was taken out stays in it: the log is moved into the
 * file, where `secure_delete` overwrites what was freed, and cut to nothing. A mark in the file, set with what was taken out,
 * says that it is still to be done. Where somebody reads the file it cannot be done; then it is tried again, here and after
 * every start, until it was. Belongs to the writing thread. What is purged others decide.
 */
import type Database from "better-sqlite3"
import * as SqliteFailure from "./SqliteFailure.ts"
import type { SqliteTables } from "./SqliteTables.ts"

/** How long one attempt waits for readers, in milliseconds; writes wait as long. */
const waitMsMax = 100
/** Milliseconds until the first further attempt; each one doubles it. */
const retryMsMin = 250
/** Longest time between two attempts, in milliseconds. */
export const retryMsMax = 10_000

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

  constructor(work: LogWork) {
    this.#work = work
  }

  /** Does it now if the mark says so. Where the last attempt was in vain this one waits for nobody; the next in time does. */
  now(): void {
    if (this.#work.tables.isLogDue()) this.#attempt(this.#isHeld ? 0 : waitMsMax)
  }

  /** Sees to it that it is done soon if the mark says so. */
  soon(): void {
    if (this.#timer !== undefined || !this.#work.tables.isLogDue()) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#work.tables.isLogDue()) this.#attempt(waitMsMax)
    }, this.#retryMs)
  }

  /** Tries a last time; the next start goes on. */
  end(): void {
    this.now()
    clearTimeout(this.#timer)
  }

  #attempt(waitMs: number): void {
    this.#isHeld = !isEmptied(this.#work, waitMs)
    if (!this.#isHeld) {
      clearTimeout(this.#timer)
      this.#timer = undefined
      this.#retryMs = retryMsMin
    } else if (this.#timer === undefined) {
      this.soon()
      this.#retryMs = Math.min(retryMsMax, this.#retryMs * 2)
    }
  }
}

/** The mark goes in a transaction of its own: a crash before it costs one more emptying at the next start. */
const isEmptied = ({ busyMs, db, folder, tables }: LogWork, waitMs: number): boolean => {
  try {
    db.pragma(`busy_timeout = ${waitMs}`)
    const [{ busy }] = db.pragma("wal_checkpoint(TRUNCATE)") as CheckpointColumns
    if (busy === 0) tables.setLogDue(false)
    return busy === 0
  } catch (error) {
    if (SqliteFailure.ofError(error, folder) === undefined) throw error
    return false
  } finally {
    db.pragma(`busy_timeout = ${busyMs}`)
  }
}
