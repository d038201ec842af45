/**
 * What a device remembers of its mailboxes, in a file of its own beside the journal: one row for each mailbox, replaced as a whole.
 * The folder's lock, which the journal holds, keeps other processes out. What a row says it does not know.
 */
import { join } from "node:path"
import { type JournalError, MailboxState } from "@syncline/core"
import { Effect, Layer } from "effect"
import * as SqliteBeside from "./SqliteBeside.ts"

/** The mailboxes' file in a data folder. */
export const mailboxFile = (folder: string): string => join(folder, "mailbox.db")

const kind: SqliteBeside.Kind = {
  holds: "what a node remembers of its mailboxes",
  // "Slmb"
  applicationId: 0x536c_6d62,
  steps: ["CREATE TABLE mailbox (name TEXT PRIMARY KEY, state BLOB NOT NULL) STRICT"],
  journalMode: "WAL",
  synchronous: "FULL"
}

const make = Effect.fnUntraced(function* (folder: string) {
  const file = mailboxFile(folder)
  const db = yield* Effect.acquireRelease(
    SqliteBeside.attempt(file, () => SqliteBeside.open(kind, file)),
    (handle) => Effect.sync(() => handle.close())
  )
  const select = db.prepare<[string], Buffer>("SELECT state FROM mailbox WHERE name = ?").pluck()
  const replace = db.prepare(
    "INSERT INTO mailbox VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET state = excluded.state"
  )
  return {
    load: (mailbox: string) =>
      SqliteBeside.attempt(file, () => {
        const state = select.get(mailbox)
        return state === undefined ? undefined : new Uint8Array(state)
      }),
    save: (mailbox: string, bytes: Uint8Array) => SqliteBeside.attempt(file, () => void replace.run(mailbox, bytes))
  }
})

/** The store in a data folder that exists and is this process's own; open until the scope closes. */
export const layer = (folder: string): Layer.Layer<MailboxState.MailboxStore, JournalError.JournalError> =>
  Layer.effect(MailboxState.MailboxStore, make(folder))
