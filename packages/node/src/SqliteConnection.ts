/**
 * Opens a journal file with the settings that its promises rest on, and refuses it when they did not take effect.
 * There is one writing connection per file, on the worker thread; any number may read.
 */
import { existsSync, writeFileSync } from "node:fs"
import Database from "better-sqlite3"
import { StoreRefusal } from "./SqliteFailure.ts"
import * as SqliteSchema from "./SqliteSchema.ts"

/** How long a statement waits for another connection's lock, in milliseconds. */
export const busyMsMax = 5000
const cacheKibibytesMax = 32_768
/**
 * The write-ahead log is cut down to this when a checkpoint restarts it. A larger one is moved into the file with
 * readers held off, as the checkpoints on the way did not keep up.
 */
export const logBytesMax = 64 * 1024 * 1024
/** Pages in the log at which a commit moves them into the file. */
const checkpointPages = 1000

const common = (db: Database.Database): void => {
  db.pragma("foreign_keys = ON")
  db.pragma("temp_store = MEMORY")
  db.pragma("mmap_size = 0")
  db.pragma("trusted_schema = OFF")
  db.pragma(`cache_size = ${-cacheKibibytesMax}`)
}

/** The write-ahead log of a journal file. */
export const logFile = (file: string): string => `${file}-wal`

/** The writing connection; makes the file when it is missing and brings its tables to the present version. */
export const openForWriting = (file: string): Database.Database => {
  const db = new Database(file, { timeout: busyMsMax })
  try {
    SqliteSchema.assertOurs(db)
    // A journal that became empty is not a new one: its commits are gone, and nobody was told.
    const marker = `${file}.made`
    if (SqliteSchema.isFresh(db) && existsSync(marker)) {
      throw new StoreRefusal("StoreCorrupt", `it is empty, although ${marker} says that it was in use`)
    }
    db.pragma("journal_mode = WAL")
    db.pragma("synchronous = FULL")
    common(db)
    // What this device may not have any more must not lie in free pages.
    db.pragma("secure_delete = ON")
    db.pragma(`wal_autocheckpoint = ${checkpointPages}`)
    db.pragma(`journal_size_limit = ${logBytesMax}`)
    assertDurable(db)
    SqliteSchema.migrate(db)
    if (!existsSync(marker)) writeFileSync(marker, "")
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** A reading connection on a file that exists. */
export const openForReading = (file: string): Database.Database => {
  if (!existsSync(file)) throw new StoreRefusal("StoreForeign", "there is no journal in this folder yet")
  const db = new Database(file, { readonly: true, timeout: busyMsMax })
  try {
    SqliteSchema.assertOurs(db)
    SqliteSchema.assertPresent(db)
    common(db)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Network file systems answer a request for WAL with another mode; then nothing that follows could be trusted. */
const assertDurable = (db: Database.Database): void => {
  const mode = db.pragma("journal_mode", { simple: true })
  const synchronous = db.pragma("synchronous", { simple: true })
  if (mode !== "wal") throw new StoreRefusal("StoreNotDurable", `journal_mode is ${String(mode)}`)
  if (synchronous !== 2) throw new StoreRefusal("StoreNotDurable", `synchronous is ${String(synchronous)}`)
}
