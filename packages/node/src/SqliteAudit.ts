/**
 * The audit's entries in a file of their own beside the journal, so that keeping them holds up no write of a record. A
 * crash of the machine may cost the entries of its last moments, and never those before. What entries say it does not know.
 */
import { existsSync, renameSync } from "node:fs"
import { join } from "node:path"
import { AuditStore, type JournalError } from "@syncline/core"
import type Database from "better-sqlite3"
import { Clock, Effect, Layer } from "effect"
import * as SqliteBeside from "./SqliteBeside.ts"

/** The audit's file in a data folder. */
export const auditFile = (folder: string): string => join(folder, "audit.db")

const kind: SqliteBeside.Kind = {
  holds: "an audit",
  // "Slau"
  applicationId: 0x536c_6175,
  steps: [
    `CREATE TABLE entry (number INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
    CREATE TABLE checkpoint (only INTEGER PRIMARY KEY CHECK (only = 1), text TEXT NOT NULL) STRICT`
  ],
  journalMode: "WAL",
  synchronous: "NORMAL"
}

const readsOf = (file: string, db: Database.Database): AuditStore.AuditReads => {
  const checkpoint = db.prepare<[], string>("SELECT text FROM checkpoint").pluck()
  const first = db.prepare<[], AuditStore.AuditRow>("SELECT number, text FROM entry ORDER BY number LIMIT 1")
  const last = db.prepare<[], AuditStore.AuditRow>("SELECT number, text FROM entry ORDER BY number DESC LIMIT 1")
  const page = db.prepare<[number, number], AuditStore.AuditRow>(
    "SELECT number, text FROM entry WHERE number > ? ORDER BY number LIMIT ?"
  )
  const pageBefore = db.prepare<[number, number], AuditStore.AuditRow>(
    "SELECT number, text FROM entry WHERE number < ? ORDER BY number DESC LIMIT ?"
  )
  const ends = db.transaction(() => ({ checkpoint: checkpoint.get(), first: first.get(), last: last.get() }))
  return {
    ends: SqliteBeside.attempt(file, () => ends()),
    page: (after, limit) => SqliteBeside.attempt(file, () => page.all(after, limit)),
    pageBefore: (before, limit) => SqliteBeside.attempt(file, () => pageBefore.all(before, limit))
  }
}

/** A damaged audit must not keep a node from its work: it is put aside, whole, for whoever wants to look at it. */
const begunAnew = Effect.fnUntraced(function* (file: string) {
  const aside = `${file}.damaged-${yield* Clock.currentTimeMillis}`
  yield* Effect.logError(`${file} is damaged; it is kept as ${aside}, and a new audit begins`)
  return yield* SqliteBeside.attempt(file, () => {
    for (const end of ["", "-wal", "-shm"]) if (existsSync(file + end)) renameSync(file + end, aside + end)
    return SqliteBeside.open(kind, file)
  })
})

/** The store in a data folder that exists and is this process's own; open until the scope closes. */
export const make = Effect.fnUntraced(function* (folder: string) {
  const file = auditFile(folder)
  const db = yield* Effect.acquireRelease(
    SqliteBeside.attempt(file, () => SqliteBeside.open(kind, file)).pipe(
      Effect.catchIf(
        ({ reason }) => reason._tag === "StoreCorrupt",
        () => begunAnew(file)
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
    ...readsOf(file, db),
    append: (rows) => SqliteBeside.attempt(file, () => appendAll.immediate(rows)),
    cut: (upto, checkpoint) => SqliteBeside.attempt(file, () => cut.immediate(upto, checkpoint))
  }
  return store
})

/** The store as a layer. */
export const layer = (folder: string): Layer.Layer<AuditStore.AuditStore, JournalError.JournalError> =>
  Layer.effect(AuditStore.AuditStore, make(folder))

/** The audit in a folder whose node may be running, open until the scope closes; `undefined` when it has none. */
export const openReadOnly = Effect.fnUntraced(function* (folder: string) {
  const file = auditFile(folder)
  if (!existsSync(file)) return undefined
  const db = yield* Effect.acquireRelease(
    SqliteBeside.attempt(file, () => SqliteBeside.openReadOnly(kind, file)),
    (handle) => Effect.sync(() => handle.close())
  )
  // A damaged file may open and not be read.
  return yield* SqliteBeside.attempt(file, () => readsOf(file, db))
})
