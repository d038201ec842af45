// Folders with a journal and what lies beside it, for tests of backups.
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type EntityChange, Journal, type JournalError, StateHash } from "@syncline/core"
import Database from "better-sqlite3"
import { Effect, Layer, Redacted } from "effect"
import { HubStore } from "../../src/hub/HubStore.ts"
import * as SqliteHubStore from "../../src/hub/SqliteHubStore.ts"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
import * as SqliteJournal from "../../src/SqliteJournal.ts"
import { openJournal, seedOf, temporaryFolder } from "../temporaryFolder.ts"
import { account, session, token } from "./hubStoreConformance.ts"

export const put = (id: string, text = id): EntityChange.EntityChange => ({
  partition: { type: "note", header: {} },
  id,
  change: { kind: "put", lww: { text }, counters: {}, sets: {} }
})

/** A folder for a node's data and a place for its backups, beside each other. */
export const site = Effect.map(temporaryFolder, (root) => {
  const folder = join(root, "data")
  mkdirSync(folder, { mode: 0o700 })
  return { folder, place: join(root, "backups") }
})

/** Writes notes in transactions of 100, and leaves the journal closed. */
export const writeNotes = Effect.fnUntraced(
  function* (folder: string, from: number, upto: number) {
    const journal = yield* openJournal(folder)
    for (let first = from; first < upto; first += 100) {
      const last = Math.min(first + 100, upto)
      yield* journal.write(Array.from({ length: last - first }, (_, at) => put(`n${first + at}`, "x".repeat(200))))
    }
  },
  Effect.scoped,
  Effect.orDie
)

/** A device's key as it lies in a folder. */
export const writeKey = (folder: string, device = 1): void =>
  writeFileSync(join(folder, "device.key"), Redacted.value(seedOf(device)), { mode: 0o600 })

/** What a hub has beside its journal: an account with a session and a token, and files that are text. */
export const furnish = Effect.fnUntraced(function* (folder: string) {
  writeKey(folder)
  writeFileSync(join(folder, "trusted-peers"), "# nobody\n", { mode: 0o600 })
  for (const name of ["pairing.json", "local-door.json", "onboarding.json"])
    writeFileSync(join(folder, name), `"${name}"`)
  yield* HubStore.use((store) =>
    store.change(({ accounts, sessions, tokens }) => {
      accounts.put(account("ann"))
      sessions.put(session(1, "ann"))
      tokens.put(token("t", "ann"))
    })
  ).pipe(Effect.provide(SqliteHubStore.layer(folder)))
})

/** What the hub's file of a folder has. */
export const peopleIn = (folder: string) =>
  HubStore.use((store) =>
    store.read(({ accounts, sessions, tokens }) => [accounts.count(), sessions.count(), tokens.count()])
  ).pipe(Effect.provide(SqliteHubStore.layer(folder)))

/** The state hash of a folder, read beside whoever works on it. */
export const hashOf = (folder: string): Effect.Effect<StateHash.StateHash, JournalError.JournalError> =>
  Effect.flatMap(SqliteJournal.openReadOnly({ folder }), (journal) =>
    StateHash.compute().pipe(Effect.provide(Layer.merge(Layer.succeed(Journal.Journal, journal), NodeCrypto.layer)))
  ).pipe(Effect.scoped)

/** The journal's own facts, without opening it as a node would. */
export const infoOf = (folder: string): Effect.Effect<Journal.JournalInfo> =>
  Effect.orDie(Effect.scoped(Effect.map(SqliteJournal.openReadOnly({ folder }), ({ info }) => info)))

/** Where the journal's file says that it lies. */
export const placeOf = (file: string): string => {
  const db = new Database(file, { readonly: true })
  try {
    return db.prepare("SELECT place FROM meta").pluck().get() as string
  } finally {
    db.close()
  }
}
