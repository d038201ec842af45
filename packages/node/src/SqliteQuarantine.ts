/**
 * Quarantine and receipts read from a SQLite file; lists leave the commits' bytes out. What is written to these tables
 * is `SqliteTables`' business.
 */
import { type HybridTime, type JournalTables, type PeerId, Quarantine, type Receipt } from "@syncline/core"
import type Database from "better-sqlite3"

type EntryColumns = [
  place: number,
  id: string,
  reason: Quarantine.QuarantineReason,
  rule: string,
  policyVersion: number,
  because: string,
  peer: PeerId.PeerId,
  author: string,
  type: string,
  at: HybridTime.HybridTime,
  events: number,
  sinceMs: number,
  dueMs: number | null
]
type ReceiptColumns = [
  commit: string,
  lseq: number,
  peer: PeerId.PeerId,
  code: string,
  kind: Receipt.Verdict["kind"],
  rule: string,
  policyVersion: number,
  because: string,
  atMs: number
]

const entryColumns =
  "place, id, reason, rule, policy_version, because, peer, author, type, at, events, since_ms, due_ms"
const receiptColumns = "id, lseq, peer, code, kind, rule, policy_version, because, at_ms"

const entryOf = (columns: EntryColumns): Quarantine.QuarantineEntry => {
  const [place, id, reason, rule, policyVersion, because, peer, author, type, at, events, sinceMs, dueMs] = columns
  return { place, id, reason, rule, policyVersion, because, peer, author, type, at, events, sinceMs, dueMs }
}

const rowOf = ([bytes, ...columns]: [Buffer, ...EntryColumns]): JournalTables.QuarantineRow => ({
  ...entryOf(columns),
  bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
})

const receiptOf = (columns: ReceiptColumns): JournalTables.ReceiptRow => {
  const [commit, lseq, peer, code, kind, rule, policyVersion, because, atMs] = columns
  return { commit, lseq, peer, code, kind, rule, policyVersion, because, atMs }
}

const statements = (db: Database.Database) => {
  const rows = (sql: string) => db.prepare(sql).raw()
  return {
    all: rows(`SELECT ${entryColumns} FROM quarantine WHERE place > ? ORDER BY place LIMIT ?`),
    ofReason: rows(`SELECT ${entryColumns} FROM quarantine WHERE reason = ? AND place > ? ORDER BY place LIMIT ?`),
    one: rows(`SELECT bytes, ${entryColumns} FROM quarantine WHERE id = ?`),
    counts: rows("SELECT reason, count(*) FROM quarantine GROUP BY reason"),
    load: rows(
      "SELECT peer, count(*), sum(length(bytes)) FROM quarantine WHERE reason NOT IN ('Rejected', 'Forked') GROUP BY peer"
    ),
    receiptsOf: rows(`SELECT ${receiptColumns} FROM receipts WHERE id = ? ORDER BY at_ms DESC, kind DESC, peer`),
    receiptAt: rows(
      `SELECT ${receiptColumns} FROM receipts WHERE lseq = ? ORDER BY at_ms DESC, kind DESC, peer LIMIT 1`
    ),
    receiptsAfter: rows(`SELECT ${receiptColumns} FROM receipts WHERE lseq > ? ORDER BY lseq LIMIT ?`)
  }
}

export class SqliteQuarantine {
  readonly #statements: ReturnType<typeof statements>

  constructor(db: Database.Database) {
    this.#statements = statements(db)
  }

  list(
    after: number,
    limit: number,
    reason: Quarantine.QuarantineReason | undefined
  ): ReadonlyArray<Quarantine.QuarantineEntry> {
    const found =
      reason === undefined
        ? this.#statements.all.all(after, limit)
        : this.#statements.ofReason.all(reason, after, limit)
    return (found as Array<EntryColumns>).map(entryOf)
  }

  row(id: string): JournalTables.QuarantineRow | undefined {
    const columns = this.#statements.one.get(id) as [Buffer, ...EntryColumns] | undefined
    return columns === undefined ? undefined : rowOf(columns)
  }

  counts(): Quarantine.QuarantineCounts {
    const counts = Quarantine.noCounts()
    for (const [reason, count] of this.#statements.counts.all() as Array<[Quarantine.QuarantineReason, number]>) {
      counts[reason] = count
    }
    return counts
  }

  /** Commits of others and their bytes, by the peer that delivered them. */
  load(): ReadonlyArray<readonly [peer: PeerId.PeerId, commits: number, bytes: number]> {
    return this.#statements.load.all() as Array<[PeerId.PeerId, number, number]>
  }

  receiptsOf(commit: string): ReadonlyArray<JournalTables.ReceiptRow> {
    return (this.#statements.receiptsOf.all(commit) as Array<ReceiptColumns>).map(receiptOf)
  }

  receiptAt(lseq: number): JournalTables.ReceiptRow | undefined {
    const columns = this.#statements.receiptAt.get(lseq) as ReceiptColumns | undefined
    return columns && receiptOf(columns)
  }

  receiptsAfter(lseq: number, limit: number): ReadonlyArray<JournalTables.ReceiptRow> {
    return (this.#statements.receiptsAfter.all(lseq, limit) as Array<ReceiptColumns>).map(receiptOf)
  }
}
