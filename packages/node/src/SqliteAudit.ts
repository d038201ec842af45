/**
 * The audit's entries in a file of their own beside the journal, so that keeping them holds up no write of a record. A
 * crash of the machine may cost the entries of its last moments, and never those before. What entries say it does not know.
 */
import { existsSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import { AuditStore, type JournalError } from "@syncline/core"
import Database from "better-sqlite3"
import { Clock, Effect, Layer } from "effect"
import * as SqliteFailure from "./SqliteFailure.ts"

/** The audit's file in a data folder. */
export const auditFile = (folder: string): string => join(folder, "audit.db")

/** "Slau", to tell the file from other programs' and from a journal. */
const applicationId = 0x536c_6175
const version = 1

const schema = `
  CREATE TABLE entry (number INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
  CREATE TABLE checkpoint (only INTEGER PRIMARY KEY CHECK (only = 1), text TEXT NOT NULL) STRICT;
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${version};
`

const prepare = (file: string): Database.Database => {
  const db = new Database(file, { timeout: 5_000 })
  try {
    // Before anything is changed: it may be another program's.
    const isNew = isEmpty(db)
    if (!isNew) assertOurs(db)
    db.pragma("journal_mode = WAL")
    db.pragma("synchronous = NORMAL")
    if (isNew) db.transaction(() => db.exec(schema)).immediate()
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

const assertOurs = (db: Database.Database): void => {
  const id = db.pragma("application_id", { simple: true })
  const found = db.pragma("user_version", { simple: true }) as number
  if (id !== applicationId) throw new SqliteFailure.StoreRefusal("StoreForeign", "it holds no audit")
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
      return failure === undefined ? Effect.die(error) : Effect.fail(SqliteFailure.toError(auditFile(folder), failure))
    }
  })

const readsOf = (folder: string, db: Database.Database): AuditStore.AuditReads => {
  const checkpoint = db.prepare<[], string>("SELECT text FROM checkpoint").pluck()
  const first = db.prepare<[], AuditStore.AuditRow>("SELECT number, text FROM entry ORDER BY number LIMIT 1")
  const last = db.prepare<[], AuditStore.AuditRow>("SELECT number, text FROM entry ORDER BY number DESC LIMIT 1")
  const page = db.prepare<[number, number], AuditStore.AuditRow>(
    "SELECT number, text FROM entry WHERE number > ? ORDER BY number LIMIT ?"
  )
  const ends = db.transaction(() => ({ checkpoint: checkpoint.get(), first: first.get(), last: last.get() }))
  return {
    ends: attempt(folder, () => ends()),
    page: (after, limit) => attempt(folder, () => page.all(after, limit))
  }
}

/** A damaged audit must not keep a node from its work: it is put aside for whoever wants to look at it. */
const begunAnew = Effect.fnUntraced(function* (folder: string) {
  const file = auditFile(folder)
  const aside = `${file}.damaged-${yield* Clock.currentTimeMillis}`
  yield* Effect.logError(`${file} is damaged; it is kept as ${aside}, and a new audit begins`)
  return yield* attempt(folder, () => {
    renameSync(file, aside)
    for (const beside of ["-wal", "-shm"]) rmSync(`${file}${beside}`, { force: true })
    return prepare(file)
  })
})

/** The store in a data folder that exists and is this process's own; open until the scope closes. */
export const make = Effect.fnUntraced(function* (folder: string) {
  const db = yield* Effect.acquireRelease(
    attempt(folder, () => prepare(auditFile(folder))).pipe(
      Effect.catchIf(
        ({ reason }) => reason._tag === "StoreCorrupt",
        () => begunAnew(folder)
      )
    ),
    (handle) => Effect.sync(() => handle.close())
  )
  const insert = db.prepare("INSERT INTO entry (number, text) VALUES (?, ?)")
  const drop = db.prepare("DELETE FROM entry WHERE number <= ?")
  const keep = db.prepare(
    "INSERT INTO checkpoint (only, text) VALUES (1, ?) ON CONFLICT DO UPDATE SET text = excluded.text"
  )
  const appendAll = db.transaction((rows: ReadonlyArray<AuditStore.AuditRow>) => {
    for (const { number, text } of rows) insert.run(number, text)
  })
  const cut = db.transaction((upto: number, checkpoint: string) => {
    drop.run(upto)
    keep.run(checkpoint)
  })
  const store: AuditStore.AuditStoreShape = {
    ...readsOf(folder, db),
    append: (rows) => attempt(folder, () => appendAll.immediate(rows)),
    cut: (upto, checkpoint) => attempt(folder, () => cut.immediate(upto, checkpoint))
  }
  return store
})

/** The store as a layer. */
export const layer = (folder: string): Layer.Layer<AuditStore.AuditStore, JournalError.JournalError> =>
  Layer.effect(AuditStore.AuditStore, make(folder))

/** The audit in a folder whose node may be running, open until the scope closes; `undefined` when it has none. */
export const openReadOnly = Effect.fnUntraced(function* (folder: string) {
  if (!existsSync(auditFile(folder))) return undefined
  const db = yield* Effect.acquireRelease(
    attempt(folder, () => {
      const handle = new Database(auditFile(folder), { readonly: true, timeout: 5_000 })
      try {
        assertOurs(handle)
        return handle
      } catch (error) {
        handle.close()
        throw error
      }
    }),
    (handle) => Effect.sync(() => handle.close())
  )
  return readsOf(folder, db)
})
