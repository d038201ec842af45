/**
 * Opens the small SQLite files that lie beside a journal: made when they are missing, refused and not changed when they are
 * another program's or of a later version. What is in them their stores know.
 */
import { dirname } from "node:path"
import type { JournalError } from "@syncline/core"
import Database from "better-sqlite3"
import { Effect } from "effect"
import * as SqliteFailure from "./SqliteFailure.ts"

/** How long a statement waits for another connection's lock, in milliseconds. */
const busyMsMax = 5_000

export interface Kind {
  /** What the file holds, e.g. "a charter". */
  readonly holds: string
  /** Tells it from other programs' files. */
  readonly applicationId: number
  readonly version: number
  readonly tables: string
  readonly journalMode: "WAL" | "DELETE"
  readonly synchronous: "FULL" | "NORMAL"
}

/** The writing connection. Throws what `attempt` makes an error of. */
export const open = (kind: Kind, file: string): Database.Database =>
  checked(new Database(file, { timeout: busyMsMax }), (db) => {
    // Before anything is changed: it may be another program's.
    const isNew = isEmpty(db)
    if (!isNew) assertOurs(kind, db)
    db.pragma(`journal_mode = ${kind.journalMode}`)
    db.pragma(`synchronous = ${kind.synchronous}`)
    if (isNew) db.transaction(() => db.exec(schemaOf(kind))).immediate()
  })

/** A reading connection on a file that exists. */
export const openReadOnly = (kind: Kind, file: string): Database.Database =>
  checked(new Database(file, { readonly: true, timeout: busyMsMax }), (db) => assertOurs(kind, db))

const checked = (db: Database.Database, check: (db: Database.Database) => void): Database.Database => {
  try {
    check(db)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

const schemaOf = ({ applicationId, tables, version }: Kind): string =>
  `${tables}; PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version};`

const isEmpty = (db: Database.Database): boolean =>
  db.pragma("user_version", { simple: true }) === 0 &&
  db.pragma("application_id", { simple: true }) === 0 &&
  db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() === 0

const assertOurs = ({ applicationId, holds, version }: Kind, db: Database.Database): void => {
  const id = db.pragma("application_id", { simple: true })
  const found = db.pragma("user_version", { simple: true }) as number
  if (id !== applicationId) throw new SqliteFailure.StoreRefusal("StoreForeign", `it does not hold ${holds}`)
  if (found > version) {
    const problem = `it has version ${found}, and this program knows up to ${version}`
    throw new SqliteFailure.StoreRefusal("StoreForeign", problem)
  }
}

/** Does something with the file; what SQLite and the disk say becomes an error, anything else stays a defect. */
export const attempt = <A>(file: string, body: () => A): Effect.Effect<A, JournalError.JournalError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(body())
    } catch (error) {
      const failure = SqliteFailure.ofError(error, dirname(file))
      return failure === undefined ? Effect.die(error) : Effect.fail(SqliteFailure.toError(file, failure))
    }
  })
