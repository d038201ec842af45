/**
 * A hub's accounts and what belongs to them in a file of their own beside the journal, written where it is asked for and durable
 * at once. A damaged file is not put aside: without its accounts anybody who comes first would set the hub up anew. The folder's
 * lock, which the journal holds, keeps other processes out.
 */
import { join } from "node:path"
import type { JournalError } from "@syncline/core"
import { Effect, Layer, Result } from "effect"
import * as SqliteBeside from "../SqliteBeside.ts"
import * as BoundedRows from "./BoundedRows.ts"
import type { HubStoreShape } from "./HubRows.ts"
import { HubStore } from "./HubStore.ts"
import { because, HubStoreError, HubStoreFailed } from "./HubStoreError.ts"
import * as SqliteHubRows from "./SqliteHubRows.ts"

/** The hub's file in a data folder. */
export const hubFile = (folder: string): string => join(folder, "hub.db")

const kind: SqliteBeside.Kind = {
  holds: "a hub's accounts",
  // "Slhb"
  applicationId: 0x536c_6862,
  steps: [SqliteHubRows.tables],
  journalMode: "WAL",
  synchronous: "FULL"
}

const asHubError = (cause: JournalError.JournalError): HubStoreError => because(new HubStoreFailed({ cause }))

/** What a body refuses by itself is its answer; SQLite has undone what it did. */
const attempt = <A>(file: string, body: () => A): Effect.Effect<A, HubStoreError> =>
  SqliteBeside.attempt(file, (): Result.Result<A, HubStoreError> => {
    try {
      return Result.succeed(body())
    } catch (error) {
      if (error instanceof HubStoreError) return Result.fail(error)
      throw error
    }
  }).pipe(Effect.mapError(asHubError), Effect.flatMap(Effect.fromResult))

/** The store in a data folder that exists and is this process's own; open until the scope closes. */
const make = Effect.fnUntraced(function* (folder: string) {
  const file = hubFile(folder)
  const db = yield* Effect.acquireRelease(
    Effect.mapError(
      SqliteBeside.attempt(file, () => SqliteBeside.open(kind, file)),
      asHubError
    ),
    (handle) => Effect.sync(() => handle.close())
  )
  const rows = BoundedRows.over(SqliteHubRows.over(db))
  const store: HubStoreShape = {
    read: (body) => attempt(file, () => db.transaction(() => body(rows)).deferred()),
    change: (body) => attempt(file, () => db.transaction(() => body(rows)).immediate())
  }
  return store
})

/** The store as a layer. It fails where the file is damaged, another program's or of a later version, and leaves it as it is. */
export const layer = (folder: string): Layer.Layer<HubStore, HubStoreError> => Layer.effect(HubStore, make(folder))

/** Ends all sessions in a file that nobody has open; throws what SQLite says, and refuses what `layer` would. */
export const endSessions = (file: string): void => {
  const db = SqliteBeside.open(kind, file)
  try {
    SqliteHubRows.endSessions(db)
  } finally {
    db.close()
  }
}
