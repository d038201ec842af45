/**
 * Journal rows written to a SQLite file: what core's writer and receiver work on. It belongs to the one writing
 * connection. Head, last time and partitions are kept in memory and read again after every rollback.
 */
import {
  Author,
  Bytes,
  type Fingerprint,
  type HybridTime,
  type JournalTables,
  Limits,
  Partition,
  type PeerId,
  type SpaceId
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
  addPeer: db.prepare("INSERT INTO peers (peer, incarnation, cursor, acknowledged) VALUES (?, '', 0, 0)"),
  setPeer: db.prepare("UPDATE peers SET incarnation = ?, cursor = ?, acknowledged = ? WHERE peer = ?"),
  hold: db.prepare("INSERT OR IGNORE INTO held (id, due_ms, peer, bytes) VALUES (?, ?, ?, ?)"),
  unhold: db.prepare("DELETE FROM held WHERE id = ?")
})

export class SqliteTables extends SqliteRows implements JournalTables.JournalTables {
  readonly #space: SpaceId.SpaceId
  readonly #statements: ReturnType<typeof statements>
  readonly #authorIndexes = new Map<Author.Author, number>()
  readonly #partitionIndexes = new Map<string, number>()
  #head = 0
  #lastTime: HybridTime.HybridTime
  #storedLastTime: HybridTime.HybridTime

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
    this.forgetAuthors()
    this.#authorIndexes.clear()
    this.partitionCache = undefined
    this.#partitionIndexes.clear()
    for (const row of this.partitions()) this.#partitionIndexes.set(Partition.key(row.partition), row.index)
  }

  override head = (): number => this.#head

  lastTime = (): HybridTime.HybridTime => this.#lastTime

  setLastTime = (time: HybridTime.HybridTime): void => {
    this.#lastTime = time
  }

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

  peerOf = (peer: PeerId.PeerId): JournalTables.PeerRow => {
    const known = this.peer(peer)
    if (known !== undefined) return known
    this.#statements.addPeer.run(peer)
    return this.peer(peer)!
  }

  setPeer = (row: JournalTables.PeerRow): void => {
    this.#statements.setPeer.run(row.incarnation, row.cursor, row.acknowledged, row.peer)
  }

  hold = (row: JournalTables.HeldRow): void => {
    this.#statements.hold.run(row.id, row.dueMs, row.peer, row.bytes)
  }

  unhold = (id: string): void => {
    this.#statements.unhold.run(id)
  }
}
