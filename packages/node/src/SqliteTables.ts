/**
 * Journal rows written to a SQLite file: what core's writer and receiver work on. It belongs to the one writing
 * connection. Head, last time and partitions are kept in memory and read again after every rollback.
 */
import {
  Author,
  Bytes,
  type Fingerprint,
  type HybridTime,
  JournalTables,
  Limits,
  Partition,
  type PeerId,
  Quarantine,
  type Receipt,
  type SpaceId,
  type SpaceKey
} from "@syncline/core"
import type Database from "better-sqlite3"
import * as NodeCrypto from "./NodeCrypto.ts"
import * as PackedNumbers from "./PackedNumbers.ts"
import { cachedAuthorsMax, SqliteRows } from "./SqliteRows.ts"

const laneNumbers = Array.from({ length: 8 }, (_, lane) => lane)
const laneValues = laneNumbers.map(() => "?").join(", ")
const lanesAdded = laneNumbers.map((lane) => `s${lane} = (s${lane} + excluded.s${lane}) & 4294967295`).join(", ")
const lanesSet = laneNumbers.map((lane) => `s${lane} = ?`).join(", ")

const statements = (db: Database.Database) => ({
  begin: db.prepare("BEGIN IMMEDIATE"),
  commit: db.prepare("COMMIT"),
  rollback: db.prepare("ROLLBACK"),
  savepoint: db.prepare("SAVEPOINT request"),
  release: db.prepare("RELEASE request"),
  undo: db.prepare("ROLLBACK TO request"),
  setLastTime: db.prepare("UPDATE meta SET last_time = ?"),
  setSealed: db.prepare("UPDATE meta SET has_sealed = 1"),
  setLogDue: db.prepare("UPDATE meta SET log_due = ?"),
  authorIndex: db.prepare("SELECT author FROM authors WHERE name = ?").pluck(),
  addAuthor: db.prepare("INSERT INTO authors (name) VALUES (?)"),
  addPartition: db.prepare(
    `INSERT INTO partitions VALUES (?, ?, ?, ?, ?, 0, 0, ${laneNumbers.map(() => "0").join(", ")})`
  ),
  setPartition: db.prepare(`UPDATE partitions SET bucketed = ?, count = ?, ${lanesSet} WHERE part = ?`),
  addToBucket: db.prepare(
    `INSERT INTO buckets VALUES (?, ?, ?, ${laneValues})
     ON CONFLICT (part, bucket) DO UPDATE SET count = count + excluded.count, ${lanesAdded}`
  ),
  addEntity: db.prepare(
    `INSERT INTO entities (version, lseq, is_deleted, state, value, part, key, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
  ),
  setEntity: db.prepare(
    `UPDATE entities SET version = ?, lseq = ?, is_deleted = ?, state = ?, value = ?
     WHERE part = ? AND key = ? AND id = ?`
  ),
  addCommit: db.prepare("INSERT INTO commits VALUES (?, ?, ?, ?, ?, ?, ?)"),
  setCommit: db.prepare("UPDATE commits SET events = ?, previous = ?, bytes = ? WHERE lseq = ?"),
  removeEntity: db.prepare("DELETE FROM entities WHERE part = ? AND key = ? AND id = ?"),
  identity: db.prepare("SELECT incarnation, writing FROM meta").raw(),
  setIdentity: db.prepare("UPDATE meta SET incarnation = ?, writing = ?"),
  addPeer: db.prepare("INSERT INTO peers (peer, incarnation, cursor, acknowledged, custody) VALUES (?, ?, 0, 0, 0)"),
  incarnations: db.prepare("SELECT count(*) FROM peers WHERE peer = ?").pluck(),
  renamePeer: db.prepare(
    "UPDATE peers SET incarnation = ?, cursor = 0, acknowledged = 0, custody = 0 WHERE source = ?"
  ),
  disown: db.prepare("UPDATE peers SET custody = 0 WHERE peer = ?"),
  setPeer: db.prepare("UPDATE peers SET cursor = ?, acknowledged = ?, custody = ? WHERE source = ?"),
  addQuarantine: db.prepare(
    `INSERT OR IGNORE INTO quarantine
       (place, id, reason, rule, policy_version, because, peer, author, type, at, events, since_ms, due_ms, bytes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
  ),
  removeQuarantine: db.prepare("DELETE FROM quarantine WHERE id = ? RETURNING peer, reason, length(bytes)").raw(),
  setPurge: db.prepare("INSERT OR REPLACE INTO purges VALUES (?, ?, ?)"),
  removePurge: db.prepare("DELETE FROM purges WHERE part = ?"),
  addLocked: db.prepare("INSERT OR REPLACE INTO locked VALUES (?, ?)"),
  removeLocked: db.prepare("DELETE FROM locked WHERE lseq = ?"),
  putReceipt: db.prepare("INSERT OR REPLACE INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"),
  removeReceipt: db.prepare("DELETE FROM receipts WHERE id = ?"),
  removeReceiptsOf: db.prepare(
    `DELETE FROM receipts WHERE peer = ? AND lseq <= ?
     AND EXISTS (SELECT 1 FROM commits WHERE commits.lseq = receipts.lseq AND commits.events > 0
       AND commits.part NOT IN (SELECT value FROM json_each(?)))`
  )
})

/** What is left to do behind a purge: to empty the log, or to write the pages of the journal anew. As it is stored, by its place. */
const tidyings = ["nothing", "log", "pages"] as const
export type TidyingDue = (typeof tidyings)[number]

export class SqliteTables extends SqliteRows implements JournalTables.JournalTables {
  readonly #space: SpaceId.SpaceId
  readonly #statements: ReturnType<typeof statements>
  readonly #authorIndexes = new Map<Author.Author, number>()
  readonly #partitionIndexes = new Map<string, number>()
  #head = 0
  #lastTime: HybridTime.HybridTime
  #storedLastTime: HybridTime.HybridTime
  #tidyingDue: TidyingDue = "nothing"
  #identity: JournalTables.JournalIdentity | undefined
  /** Commits of others in quarantine, by peer; `undefined` when they must be counted again. */
  #load: Map<PeerId.PeerId, { commits: number; bytes: number }> | undefined

  constructor(db: Database.Database, space: SpaceId.SpaceId) {
    super(db)
    this.#space = space
    this.#statements = statements(db)
    const time = this.storedLastTime() as HybridTime.HybridTime
    this.#lastTime = time
    this.#storedLastTime = time
    this.#reload()
  }

  begin(): void {
    this.#statements.begin.run()
  }

  commit(): void {
    this.#statements.commit.run()
  }

  /** Undoes the transaction, also when SQLite has already undone it by itself. */
  rollback(): void {
    if (this.db.inTransaction) this.#statements.rollback.run()
    this.#reload()
  }

  /** Runs a part of the transaction; when it throws, only this part is undone. */
  savepoint<A>(body: () => A): A {
    this.#statements.savepoint.run()
    try {
      const result = body()
      this.#storeLastTime()
      this.#statements.release.run()
      return result
    } catch (error) {
      // A full disk may have ended the whole transaction already.
      if (this.db.inTransaction) {
        this.#statements.undo.run()
        this.#statements.release.run()
        this.#reload()
      }
      throw error
    }
  }

  #storeLastTime(): void {
    if (this.#lastTime === this.#storedLastTime) return
    this.#statements.setLastTime.run(this.#lastTime)
    this.#storedLastTime = this.#lastTime
  }

  /** Reads again what is kept in memory. */
  #reload(): void {
    this.#head = this.storedHead()
    this.#lastTime = this.storedLastTime() as HybridTime.HybridTime
    this.#storedLastTime = this.#lastTime
    this.#tidyingDue = tidyings[this.storedTidyingDue()]!
    this.forgetAuthors()
    this.#authorIndexes.clear()
    this.#identity = undefined
    this.#load = undefined
    this.partitionCache = undefined
    this.#partitionIndexes.clear()
    for (const row of this.partitions()) this.#partitionIndexes.set(Partition.key(row.partition), row.index)
  }

  override head = (): number => this.#head

  lastTime = (): HybridTime.HybridTime => this.#lastTime

  setLastTime = (time: HybridTime.HybridTime): void => {
    this.#lastTime = time
  }

  override isLogDue = (): boolean => this.#tidyingDue === "log"

  /** Something is still to be done, so that no byte of what was taken out is left. */
  isTidyingDue = (): boolean => this.#tidyingDue !== "nothing"

  setTidyingDue = (due: TidyingDue): void => {
    if (this.#tidyingDue === due) return
    this.#statements.setLogDue.run(tidyings.indexOf(due))
    this.#tidyingDue = due
  }

  /** Marks that the log must be emptied. */
  setLogDue = (): void => this.setTidyingDue("log")

  authorIndex = (author: Author.Author): number => {
    const known = this.#authorIndexes.get(author)
    if (known !== undefined) return known
    const stored = this.#statements.authorIndex.get(author) as number | undefined
    const index = stored ?? Number(this.#statements.addAuthor.run(author).lastInsertRowid)
    if (this.#authorIndexes.size >= cachedAuthorsMax) this.#authorIndexes.clear()
    this.#authorIndexes.set(author, index)
    return index
  }

  authorBytes = (author: Author.Author): Uint8Array => Author.toBytes(author)

  override cachedAuthors = (): number => this.#authorIndexes.size

  findPartition = (partition: Partition.Partition): JournalTables.PartitionRow | undefined => {
    const known = this.#partitionIndexes.get(Partition.key(partition))
    return known === undefined ? undefined : this.partitionAt(known)
  }

  partitionOf = (partition: Partition.Partition): JournalTables.PartitionRow | undefined => {
    const key = Partition.key(partition)
    const known = this.#partitionIndexes.get(key)
    if (known !== undefined) return this.partitionAt(known)
    const rows = this.partitionCache!
    if (rows.length >= Limits.partitionsMax) return undefined
    const row: JournalTables.PartitionRow = {
      index: rows.length + 1,
      hash: Bytes.copy(Partition.hash(NodeCrypto.functions.sha256, this.#space, partition)),
      partition,
      total: { count: 0, lanes: new Uint32Array(laneNumbers.length) },
      isBucketed: false
    }
    this.#statements.addPartition.run(row.index, key, row.hash, partition.type, JSON.stringify(partition.header))
    rows.push(row)
    this.#partitionIndexes.set(key, row.index)
    return row
  }

  setPurge = (partition: number, progress: JournalTables.PurgeProgress | undefined): void => {
    if (progress === undefined) this.#statements.removePurge.run(partition)
    else this.#statements.setPurge.run(partition, progress.after, progress.upto)
  }

  setSealed = (): void => {
    if (!this.hasSealed()) this.#statements.setSealed.run()
  }

  addLocked = (lseq: number, key: SpaceKey.KeyId): void => {
    this.#statements.addLocked.run(lseq, key)
  }

  removeLocked = (lseq: number): void => {
    this.#statements.removeLocked.run(lseq)
  }

  setPartition = (index: number, total: Fingerprint.Fingerprint, isBucketed: boolean): void => {
    this.#statements.setPartition.run(isBucketed ? 1 : 0, total.count, ...total.lanes, index)
    const copy = { count: total.count, lanes: total.lanes.slice() }
    this.partitionCache![index - 1] = { ...this.partitionAt(index), total: copy, isBucketed }
  }

  putEntity = (row: JournalTables.EntityRow, isNew: boolean): void => {
    const statement = isNew ? this.#statements.addEntity : this.#statements.setEntity
    const { id, isDeleted, key, lseq, partition, state, value, version } = row
    statement.run(version, lseq, isDeleted ? 1 : 0, state, value, partition, key, id)
  }

  addToBucket = (partition: number, bucket: number, change: Fingerprint.Fingerprint): void => {
    this.#statements.addToBucket.run(partition, bucket, change.count, ...change.lanes)
  }

  appendCommit = (row: JournalTables.CommitRow): number => {
    const lseq = this.#head + 1
    const { author, bytes, events, partition, previous, source } = row
    this.#statements.addCommit.run(lseq, partition, author, source, events, PackedNumbers.pack(previous), bytes)
    this.#head = lseq
    return lseq
  }

  setCommit = (lseq: number, row: Pick<JournalTables.CommitRow, "events" | "previous" | "bytes">): void => {
    this.#statements.setCommit.run(row.events, PackedNumbers.pack(row.previous), row.bytes, lseq)
  }

  removeEntity = (partition: number, key: number, id: string): void => {
    this.#statements.removeEntity.run(partition, key, id)
  }

  peerOf = (peer: PeerId.PeerId, incarnation: string): JournalTables.PeerRow => {
    const known = this.peer(peer, incarnation)
    if (known !== undefined) return known
    const isFull = (this.#statements.incarnations.get(peer) as number) >= JournalTables.incarnationsPerPeerMax
    if (isFull) this.#statements.renamePeer.run(incarnation, this.peer(peer)!.index)
    else this.#statements.addPeer.run(peer, incarnation)
    return this.peer(peer, incarnation)!
  }

  setPeer = (row: JournalTables.PeerRow): void => {
    this.#statements.setPeer.run(row.cursor, row.acknowledged, row.custody, row.index)
  }

  disown = (peer: PeerId.PeerId): void => {
    this.#statements.disown.run(peer)
  }

  identity = (): JournalTables.JournalIdentity => {
    if (this.#identity === undefined) {
      const [incarnation, writing] = this.#statements.identity.get() as [string, string]
      this.#identity = { incarnation, writing }
    }
    return this.#identity
  }

  setIdentity = (identity: JournalTables.JournalIdentity): void => {
    this.#statements.setIdentity.run(identity.incarnation, identity.writing)
    this.#identity = identity
  }

  override quarantineLoad = (peer: PeerId.PeerId) => {
    this.#load ??= new Map(this.quarantines.load().map(([name, commits, bytes]) => [name, { commits, bytes }]))
    const own = this.#load.get(peer)
    const load = { commits: 0, bytes: 0, ofPeer: own?.commits ?? 0, bytesOfPeer: own?.bytes ?? 0 }
    for (const { bytes, commits } of this.#load.values()) {
      load.commits += commits
      load.bytes += bytes
    }
    return load
  }

  addQuarantine: JournalTables.JournalTables["addQuarantine"] = (row) => {
    const { at, author, because, bytes, dueMs, events, id, peer, policyVersion, reason, rule, sinceMs, type } = row
    const why = [reason, rule, policyVersion, because] as const
    const { changes } = this.#statements.addQuarantine.run(
      row.place ?? null,
      id,
      ...why,
      peer,
      author,
      type,
      at,
      events,
      sinceMs,
      dueMs,
      bytes
    )
    if (changes === 0 || !Quarantine.isBounded(reason) || this.#load === undefined) return
    const load = this.#load.get(peer) ?? { commits: 0, bytes: 0 }
    this.#load.set(peer, { commits: load.commits + 1, bytes: load.bytes + bytes.length })
  }

  removeQuarantine = (id: string): void => {
    const removed = this.#statements.removeQuarantine.get(id) as
      | [peer: PeerId.PeerId, reason: Quarantine.QuarantineReason, bytes: number]
      | undefined
    if (removed === undefined || this.#load === undefined) return
    const [peer, reason, bytes] = removed
    const load = this.#load.get(peer)
    if (!Quarantine.isBounded(reason) || load === undefined) return
    if (load.commits === 1) this.#load.delete(peer)
    else this.#load.set(peer, { commits: load.commits - 1, bytes: load.bytes - bytes })
  }

  putReceipt = (row: JournalTables.ReceiptRow): void => {
    const { atMs, because, code, commit, kind, lseq, peer, policyVersion, rule } = row
    this.#statements.putReceipt.run(commit, lseq, peer, code, kind, rule, policyVersion, because, atMs)
  }

  removeReceipt = (commit: string): void => {
    this.#statements.removeReceipt.run(commit)
  }

  removeReceiptsOf = (peer: PeerId.PeerId, { uncompared, upto }: Receipt.Proven): void => {
    this.#statements.removeReceiptsOf.run(peer, upto, JSON.stringify([...uncompared]))
  }
}
