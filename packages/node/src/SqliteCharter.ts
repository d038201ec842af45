/**
 * The charter's records in a file of their own beside the journal: a few kilobytes that change a few times a year, so
 * they are written where they are asked for and need no thread. The folder's lock, which the journal holds, keeps other
 * processes out. What records say it does not know.
 */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { CharterStore, type JournalError } from "@syncline/core"
import type Database from "better-sqlite3"
import { Effect, Layer } from "effect"
import * as SqliteBeside from "./SqliteBeside.ts"

/** The charter's file in a data folder. */
export const charterFile = (folder: string): string => join(folder, "charter.db")

const kind: SqliteBeside.Kind = {
  holds: "a charter",
  // "Slch"
  applicationId: 0x536c_6368,
  steps: ["CREATE TABLE record (place INTEGER PRIMARY KEY AUTOINCREMENT, bytes BLOB NOT NULL) STRICT"],
  journalMode: "DELETE",
  synchronous: "FULL"
}

const recordsOf = (db: Database.Database): ReadonlyArray<Uint8Array> =>
  (db.prepare("SELECT bytes FROM record ORDER BY place").pluck().all() as ReadonlyArray<Buffer>).map(
    (bytes) => new Uint8Array(bytes)
  )

/** The store in a data folder that exists and is this process's own; open until the scope closes. */
export const make = Effect.fnUntraced(function* (folder: string) {
  const file = charterFile(folder)
  const db = yield* Effect.acquireRelease(
    SqliteBeside.attempt(file, () => SqliteBeside.open(kind, file)),
    (handle) => Effect.sync(() => handle.close())
  )
  const insert = db.prepare("INSERT INTO record (bytes) VALUES (?)")
  const appendAll = db.transaction((records: ReadonlyArray<Uint8Array>) => {
    for (const bytes of records) insert.run(bytes)
  })
  const store: CharterStore.CharterStoreShape = {
    path: file,
    load: SqliteBeside.attempt(file, () => recordsOf(db)),
    append: (records) => SqliteBeside.attempt(file, () => appendAll.immediate(records))
  }
  return store
})

/** The store as a layer. */
export const layer = (folder: string): Layer.Layer<CharterStore.CharterStore, JournalError.JournalError> =>
  Layer.effect(CharterStore.CharterStore, make(folder))

/** The records in a folder whose node may be running; none when it has no charter. */
export const readOnly = (folder: string): Effect.Effect<ReadonlyArray<Uint8Array>, JournalError.JournalError> => {
  const file = charterFile(folder)
  return SqliteBeside.attempt(file, () => {
    if (!existsSync(file)) return []
    const db = SqliteBeside.openReadOnly(kind, file)
    try {
      return recordsOf(db)
    } finally {
      db.close()
    }
  })
}
