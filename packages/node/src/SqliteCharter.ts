/**
 * The charter's records in a file of their own beside the journal: a few kilobytes that change a few times a year, so
 * they are written where they are asked for and need no thread. The folder's lock, which the journal holds, keeps other
 * processes out. What records say it does not know.
 */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { CharterStore, type JournalError } from "@syncline/core"
import Database from "better-sqlite3"
import { Effect, Layer } from "effect"
import * as SqliteFailure from "./SqliteFailure.ts"

/** The charter's file in a data folder. */
export const charterFile = (folder: string): string => join(folder, "charter.db")

/** "Slch", to tell the file from other programs' and from a journal. */
const applicationId = 0x536c_6368
const version = 1

const schema = `
  CREATE TABLE record (place INTEGER PRIMARY KEY AUTOINCREMENT, bytes BLOB NOT NULL) STRICT;
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${version};
`

const prepare = (file: string): Database.Database => {
  const db = new Database(file, { timeout: 5_000 })
  try {
    db.pragma("journal_mode = DELETE")
    db.pragma("synchronous = FULL")
    const found = db.pragma("user_version", { simple: true })
    if (found === 0) db.transaction(() => db.exec(schema)).immediate()
    else assertOurs(db)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

const assertOurs = (db: Database.Database): void => {
  const id = db.pragma("application_id", { simple: true })
  const found = db.pragma("user_version", { simple: true }) as number
  if (id !== applicationId) throw new SqliteFailure.StoreRefusal("StoreForeign", "it holds no charter")
  if (found > version) {
    throw new SqliteFailure.StoreRefusal(
      "StoreForeign",
      `it has version ${found}, and this program knows up to ${version}`
    )
  }
}

const attempt = <A>(folder: string, body: () => A): Effect.Effect<A, JournalError.JournalError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(body())
    } catch (error) {
      const failure = SqliteFailure.ofError(error, folder)
      return failure === undefined
        ? Effect.die(error)
        : Effect.fail(SqliteFailure.toError(charterFile(folder), failure))
    }
  })

const recordsOf = (db: Database.Database): ReadonlyArray<Uint8Array> =>
  (db.prepare("SELECT bytes FROM record ORDER BY place").pluck().all() as ReadonlyArray<Buffer>).map(
    (bytes) => new Uint8Array(bytes)
  )

/** The store in a data folder that exists and is this process's own; open until the scope closes. */
export const make = Effect.fnUntraced(function* (folder: string) {
  const db = yield* Effect.acquireRelease(
    attempt(folder, () => prepare(charterFile(folder))),
    (handle) => Effect.sync(() => handle.close())
  )
  const insert = db.prepare("INSERT INTO record (bytes) VALUES (?)")
  const appendAll = db.transaction((records: ReadonlyArray<Uint8Array>) => {
    for (const bytes of records) insert.run(bytes)
  })
  const store: CharterStore.CharterStoreShape = {
    load: attempt(folder, () => recordsOf(db)),
    append: (records) => attempt(folder, () => appendAll.immediate(records))
  }
  return store
})

/** The store as a layer. */
export const layer = (folder: string): Layer.Layer<CharterStore.CharterStore, JournalError.JournalError> =>
  Layer.effect(CharterStore.CharterStore, make(folder))

/** The records in a folder whose node may be running; none when it has no charter. */
export const readOnly = (folder: string): Effect.Effect<ReadonlyArray<Uint8Array>, JournalError.JournalError> =>
  attempt(folder, () => {
    const file = charterFile(folder)
    if (!existsSync(file)) return []
    const db = new Database(file, { readonly: true, timeout: 5_000 })
    try {
      assertOurs(db)
      return recordsOf(db)
    } finally {
      db.close()
    }
  })
