/**
 * The plainest durable store of the same records, as a limit to compare with: better-sqlite3 with one table of id and
 * JSON text, WAL and synchronous=FULL. It signs, merges and hashes nothing.
 */
import Database from "better-sqlite3"
import * as Cities from "../Cities.ts"
import { timed } from "./Timing.ts"

export interface PlainStore {
  /** Inserts rows as one durable transaction. */
  readonly insert: (records: ReadonlyArray<Cities.CityRecord>) => void
  readonly close: () => void
}

/** Opens a new file. */
export const openPlainStore = (file: string): PlainStore => {
  const db = new Database(file)
  db.pragma("journal_mode = WAL")
  db.pragma("synchronous = FULL")
  db.exec("CREATE TABLE records (id TEXT PRIMARY KEY, value TEXT NOT NULL)")
  const row = db.prepare("INSERT INTO records VALUES (?, ?)")
  const insert = db.transaction((records: ReadonlyArray<Cities.CityRecord>) => {
    for (const { id, ...value } of records) row.run(id, JSON.stringify(value))
  })
  return { insert: (records) => insert.immediate(records), close: () => db.close() }
}

export const sqliteJobs = {
  /** Inserts `count` records, `perCommit` in each transaction. */
  insertPlainly: async (input: { readonly file: string; readonly count: number; readonly perCommit: number }) => {
    const parts = Cities.chunks(Cities.first(input.count), input.perCommit)
    const store = openPlainStore(input.file)
    const timing = await timed(() => parts.forEach(store.insert))
    store.close()
    return timing
  }
}
