/**
 * Opens the small SQLite files that lie beside a journal: made when they are missing, brought to the present version,
 * refused and not changed when they are another program's or of a later version. What is in them their stores know.
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
  /** Step n makes version n + 1 of version n, from an empty file on. A step that was released never changes. */
  readonly steps: ReadonlyArray<string>
  readonly journalMode: "WAL" | "DELETE"
  readonly synchronous: "FULL" | "NORMAL"
}

/** What `PRAGMA synchronous` answers. */
const levels = { NORMAL: 1, FULL: 2 }

/** The writing connection. Throws what `attempt` makes an error of. */
export const open = (kind: Kind, file: string): Database.Database =>
  checked(new Database(file, { timeout: busyMsMax }), (db) => {
    // Before anything is changed: it may be another program's.
    if (!isEmpty(db)) assertOurs(kind, db)
    db.pragma(`journal_mode = ${kind.journalMode}`)
    db.pragma(`synchronous = ${kind.synchronous}`)
    assertDurable(kind, db)
    migrate(kind, db)
  })

/** Network file systems answer a request for a log with another mode; then nothing that follows could be trusted. */
const assertDurable = ({ journalMode, synchronous }: Kind, db: Database.Database): void => {
  const mode = db.pragma("journal_mode", { simple: true })
  const level = db.pragma("synchronous", { simple: true })
  if (mode !== journalMode.toLowerCase()) {
    throw new SqliteFailure.StoreRefusal("StoreNotDurable", `journal_mode is ${String(mode)}`)
  }
  if (level !== levels[synchronous]) {
    throw new SqliteFailure.StoreRefusal("StoreNotDurable", `synchronous is ${String(level)}`)
  }
}

/** Each step in one transaction, so that a file is always of one version. */
const migrate = ({ applicationId, steps }: Kind, db: Database.Database): void => {
  for (let at = versionOf(db); at < steps.length; at++) {
    const step = `${steps[at]!}; PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${at + 1};`
    db.transaction(() => db.exec(step)).immediate()
  }
}

const versionOf = (db: Database.Database): number => db.pragma("user_version", { simple: true }) as number

/** A reading connection on a file that exists. One of an earlier version it cannot bring to the present one. */
export const openReadOnly = (kind: Kind, file: string): Database.Database =>
  checked(new Database(file, { readonly: true, timeout: busyMsMax }), (db) => {
    assertOurs(kind, db)
    const found = versionOf(db)
    if (found < kind.steps.length) {
      const problem = `it has version ${found} until its node starts with this program`
      throw new SqliteFailure.StoreRefusal("StoreForeign", problem)
    }
  })

const checked = (db: Database.Database, check: (db: Database.Database) => void): Database.Database => {
  try {
    check(db)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

const isEmpty = (db: Database.Database): boolean =>
  db.pragma("user_version", { simple: true }) === 0 &&
  db.pragma("application_id", { simple: true }) === 0 &&
  db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() === 0

const assertOurs = ({ applicationId, holds, steps }: Kind, db: Database.Database): void => {
  const id = db.pragma("application_id", { simple: true })
  const found = versionOf(db)
  const version = steps.length
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
