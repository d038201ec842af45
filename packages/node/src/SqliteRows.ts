/**
 * Journal rows read from a SQLite file. Statements are prepared once and rows come as arrays. Several reads see one
 * state of the store inside `snapshot`; nothing is written here.
 */
import {
  type Author,
  Fingerprint,
  type JournalTables,
  type Partition,
  type PeerId,
  type Quarantine,
  type SpaceKey
} from "@syncline/core"
import type Database from "better-sqlite3"
import * as PackedNumbers from "./PackedNumbers.ts"
import { SqliteQuarantine } from "./SqliteQuarantine.ts"

type EntityColumns = [
  part: number,
  key: number,
  id: string,
  version: Buffer,
  lseq: number,
  isDeleted: number,
  state: Buffer,
  value: string
]
type CommitColumns = [
  lseq: number,
  part: number,
  author: number,
  source: number,
  events: number,
  previous: Buffer,
  bytes: Buffer
]
type Lanes = [number, number, number, number, number, number, number, number]
type PartitionColumns = [
  part: number,
  hash: Buffer,
  type: string,
  header: string,
  bucketed: number,
  count: number,
  ...Lanes
]
type PeerColumns = [
  source: number,
  peer: PeerId.PeerId,
  incarnation: string,
  cursor: number,
  acknowledged: number,
  custody: number
]

const entityColumns = "part, key, id, version, lseq, is_deleted, state, value"
const commitColumns = "lseq, part, author, source, events, previous, bytes"
const peerColumns = "source, peer, incarnation, cursor, acknowledged, custody"
const laneColumns = "s0, s1, s2, s3, s4, s5, s6, s7"

// Node's `Buffer` slices without copying; the engine counts on the copying `slice` of plain byte arrays.
const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)

/** The row of an entity; also for queries, which ask for the same columns. */
export const entityRow = (columns: EntityColumns): JournalTables.EntityRow => ({
  partition: columns[0],
  key: columns[1],
  id: columns[2],
  version: plain(columns[3]),
  lseq: columns[4],
  isDeleted: columns[5] === 1,
  state: plain(columns[6]),
  value: columns[7]
})

const commitRow = (columns: CommitColumns): JournalTables.CommitRow & { readonly lseq: number } => ({
  lseq: columns[0],
  partition: columns[1],
  author: columns[2],
  source: columns[3],
  events: columns[4],
  previous: PackedNumbers.unpack(columns[5]),
  bytes: plain(columns[6])
})

const partitionRow = (columns: PartitionColumns): JournalTables.PartitionRow => {
  const [index, hash, type, header, bucketed, count, ...lanes] = columns
  return {
    index,
    hash: plain(hash),
    partition: { type, header: JSON.parse(header) as Partition.HeaderValues },
    total: { count, lanes: Uint32Array.from(lanes) },
    isBucketed: bucketed === 1
  }
}

const statements = (db: Database.Database) => {
  const one = (sql: string) => db.prepare(sql).raw()
  const value = (sql: string) => db.prepare(sql).pluck()
  return {
    begin: db.prepare("BEGIN"),
    end: db.prepare("COMMIT"),
    head: value("SELECT max(lseq) FROM commits"),
    dataVersion: value("PRAGMA data_version"),
    lastTime: value("SELECT last_time FROM meta"),
    logDue: value("SELECT log_due FROM meta"),
    author: value("SELECT name FROM authors WHERE author = ?"),
    partitions: one(`SELECT part, hash, type, header, bucketed, count, ${laneColumns} FROM partitions ORDER BY part`),
    entity: one(`SELECT ${entityColumns} FROM entities WHERE part = ? AND key = ? AND id = ?`),
    entities: one(
      `SELECT ${entityColumns} FROM entities WHERE part = ? AND key BETWEEN ? AND ? ORDER BY key, id LIMIT ?`
    ),
    purge: db.prepare("SELECT after, upto FROM purges WHERE part = ?"),
    // In key order only: ordering equal keys by id would read and sort what nobody asks for.
    versions: one("SELECT key, version FROM entities WHERE part = ? AND key BETWEEN ? AND ? ORDER BY key LIMIT ?"),
    // One text instead of a row for each: most of the time of a comparison is spent here.
    rangeVersions: value("SELECT group_concat(hex(version), '') FROM entities WHERE part = ? AND key BETWEEN ? AND ?"),
    // By rowid, and not by the index on partitions: pages stay short, and entities made together come together.
    ordered: one(
      `SELECT ${entityColumns} FROM entities
       WHERE eid > ? AND eid <= ? AND +part IN (SELECT value FROM json_each(?)) ORDER BY eid`
    ),
    lastEntity: value("SELECT max(eid) FROM entities"),
    deletedByPartition: one("SELECT part, count(*) FROM entities WHERE is_deleted = 1 GROUP BY part"),
    deleted: value("SELECT count(*) FROM entities WHERE part = ? AND is_deleted = 1"),
    buckets: one(
      `SELECT bucket, count, ${laneColumns} FROM buckets WHERE part = ? AND bucket BETWEEN ? AND ? ORDER BY bucket`
    ),
    commit: one(`SELECT ${commitColumns} FROM commits WHERE lseq = ?`),
    commits: one(
      `SELECT ${commitColumns} FROM commits WHERE lseq > ? AND source <> ? AND events > 0 ORDER BY lseq LIMIT ?`
    ),
    own: one(`SELECT ${commitColumns} FROM commits WHERE lseq > ? AND source = 0 ORDER BY lseq LIMIT ?`),
    ownBefore: one(`SELECT ${commitColumns} FROM commits WHERE lseq < ? AND source = 0 ORDER BY lseq DESC LIMIT ?`),
    lastPeer: one(`SELECT ${peerColumns} FROM peers WHERE peer = ? ORDER BY source DESC LIMIT 1`),
    peer: one(`SELECT ${peerColumns} FROM peers WHERE peer = ? AND incarnation = ?`),
    lockedKeys: value("SELECT DISTINCT key FROM locked"),
    isLocked: value("SELECT 1 FROM locked WHERE lseq = ?"),
    hasLocked: value("SELECT 1 FROM locked LIMIT 1"),
    hasSealed: value("SELECT has_sealed FROM meta"),
    lockedCount: value("SELECT count(*) FROM locked"),
    bytesHeld: value(
      `SELECT (all_pages.page_count - free_pages.freelist_count) * each_page.page_size
       FROM pragma_page_count all_pages, pragma_freelist_count free_pages, pragma_page_size each_page`
    ),
    lockedAfter: value(
      "SELECT lseq FROM locked WHERE lseq > ? AND key IN (SELECT value FROM json_each(?)) ORDER BY lseq LIMIT ?"
    ),
    peerAt: value("SELECT peer FROM peers WHERE source = ?"),
    custodians: one(
      `SELECT custody, peer FROM peers WHERE custody > 0 AND source IN (SELECT max(source) FROM peers GROUP BY peer)
       ORDER BY custody DESC, source`
    )
  }
}

/** Authors whose names or numbers one connection keeps; when it is full the cache starts over. */
export const cachedAuthorsMax = 4096

export class SqliteRows implements JournalTables.JournalRows {
  protected readonly db: Database.Database
  readonly #statements: ReturnType<typeof statements>
  protected readonly quarantines: SqliteQuarantine
  /** Names by index. An author, once committed, never changes. */
  readonly #authors = new Map<number, Author.Author>()
  /** Rows by index; `undefined` when they must be read again. */
  protected partitionCache: Array<JournalTables.PartitionRow> | undefined
  #dataVersion = -1

  constructor(db: Database.Database) {
    this.db = db
    this.#statements = statements(db)
    this.quarantines = new SqliteQuarantine(db)
  }

  /** Runs reads on one state of the store. The statements inside must be short, or the log cannot be cut. */
  snapshot<A>(body: () => A): A {
    this.#statements.begin.run()
    try {
      const version = this.#statements.dataVersion.get() as number
      if (version !== this.#dataVersion) {
        this.#dataVersion = version
        this.partitionCache = undefined
      }
      return body()
    } finally {
      if (this.db.inTransaction) this.#statements.end.run()
    }
  }

  head = (): number => this.storedHead()

  protected storedHead(): number {
    return (this.#statements.head.get() as number | null) ?? 0
  }

  /** Largest stamp given or seen. */
  storedLastTime = (): string => this.#statements.lastTime.get() as string

  /** True while the log may still hold what was taken out because this device may not have it. */
  isLogDue = (): boolean => this.storedTidyingDue() === 1

  /** 0 for nothing, 1 for the log, 2 for pages that are to be written anew. */
  protected storedTidyingDue(): number {
    return this.#statements.logDue.get() as number
  }

  authorAt = (index: number): Author.Author => {
    let author = this.#authors.get(index)
    if (author === undefined) {
      author = this.#statements.author.get(index) as Author.Author
      if (this.#authors.size >= cachedAuthorsMax) this.#authors.clear()
      this.#authors.set(index, author)
    }
    return author
  }

  /** Authors that are kept now. */
  cachedAuthors = (): number => this.#authors.size

  /** Forgets names that a transaction gave and did not keep. */
  protected forgetAuthors(): void {
    this.#authors.clear()
  }

  partitions = (): ReadonlyArray<JournalTables.PartitionRow> => {
    if (this.partitionCache === undefined) {
      this.partitionCache = (this.#statements.partitions.all() as Array<PartitionColumns>).map(partitionRow)
    }
    return this.partitionCache
  }

  partitionAt = (index: number): JournalTables.PartitionRow => {
    // Indexes are given in order from 1, and no partition is ever removed.
    return this.partitions()[index - 1]!
  }

  entity = (partition: number, key: number, id: string): JournalTables.EntityRow | undefined => {
    const columns = this.#statements.entity.get(partition, key, id) as EntityColumns | undefined
    return columns === undefined ? undefined : entityRow(columns)
  }

  entitiesInRange = (
    partition: number,
    keyLow: number,
    keyHigh: number,
    limit: number
  ): ReadonlyArray<JournalTables.EntityRow> =>
    (this.#statements.entities.all(partition, keyLow, keyHigh, limit) as Array<EntityColumns>).map(entityRow)

  versionsInRange = (
    partition: number,
    keyLow: number,
    keyHigh: number,
    limit: number
  ): ReadonlyArray<Pick<JournalTables.EntityRow, "key" | "version">> =>
    (this.#statements.versions.all(partition, keyLow, keyHigh, limit) as Array<[key: number, version: Buffer]>).map(
      ([key, version]) => ({ key, version: plain(version) })
    )

  sumOfRange = (partition: number, keyLow: number, keyHigh: number): Fingerprint.Fingerprint => {
    const sum = Fingerprint.empty()
    const versions = Buffer.from(
      (this.#statements.rangeVersions.get(partition, keyLow, keyHigh) as string | null) ?? "",
      "hex"
    )
    for (let at = 0; at < versions.length; at += Fingerprint.versionBytes) {
      Fingerprint.accumulate(sum, versions.subarray(at, at + Fingerprint.versionBytes), 1)
    }
    return sum
  }

  entitiesInOrder = (after: number, limit: number, partitions: ReadonlyArray<number>) => {
    const found = this.#statements.ordered.all(after, after + limit, JSON.stringify(partitions)) as Array<EntityColumns>
    const last = this.#statements.lastEntity.get() as number | null
    return { rows: found.map(entityRow), isEnd: after + limit >= (last ?? 0) }
  }

  /** Number of live entities of a type. */
  countLive = (type: string): number => {
    let count = 0
    for (const row of this.partitions()) {
      if (row.partition.type === type) count += row.total.count - (this.#statements.deleted.get(row.index) as number)
    }
    return count
  }

  countDeleted = (): ReadonlyMap<number, number> =>
    new Map(this.#statements.deletedByPartition.all() as Array<[partition: number, count: number]>)

  buckets = (partition: number, low: number, high: number): ReadonlyArray<JournalTables.Bucket> =>
    (this.#statements.buckets.all(partition, low, high) as Array<[bucket: number, count: number, ...Lanes]>).map(
      ([bucket, count, ...lanes]) => ({ bucket, sum: { count, lanes: Uint32Array.from(lanes) } })
    )

  purgeOf = (partition: number): JournalTables.PurgeProgress | undefined =>
    this.#statements.purge.get(partition) as JournalTables.PurgeProgress | undefined

  commitAt = (lseq: number) => {
    const columns = this.#statements.commit.get(lseq) as CommitColumns | undefined
    return columns === undefined ? undefined : commitRow(columns)
  }

  commitsAfter = (lseq: number, excluded: number, limit: number) =>
    (this.#statements.commits.all(lseq, excluded, limit) as Array<CommitColumns>).map(commitRow)

  ownCommits = (after: number, limit: number) =>
    (this.#statements.own.all(after, limit) as Array<CommitColumns>).map(commitRow)

  ownCommitsBefore = (before: number, limit: number) =>
    (this.#statements.ownBefore.all(before, limit) as Array<CommitColumns>).map(commitRow)

  peer = (peer: PeerId.PeerId, incarnation?: string): JournalTables.PeerRow | undefined => {
    const found =
      incarnation === undefined ? this.#statements.lastPeer.get(peer) : this.#statements.peer.get(peer, incarnation)
    if (found === undefined) return undefined
    const [index, name, epoch, cursor, acknowledged, custody] = found as PeerColumns
    return { index, peer: name, incarnation: epoch, cursor, acknowledged, custody }
  }

  peerAt = (index: number): PeerId.PeerId | undefined => this.#statements.peerAt.get(index) as PeerId.PeerId | undefined

  lockedKeys = (): ReadonlyArray<SpaceKey.KeyId> => this.#statements.lockedKeys.all() as Array<SpaceKey.KeyId>

  hasLocked = (): boolean => this.#statements.hasLocked.get() !== undefined

  isLocked = (lseq: number): boolean => this.#statements.isLocked.get(lseq) !== undefined

  hasSealed = (): boolean => this.#statements.hasSealed.get() === 1

  lockedCount = (): number => this.#statements.lockedCount.get() as number

  bytesHeld = (): number => this.#statements.bytesHeld.get() as number

  lockedAfter = (keys: ReadonlyArray<SpaceKey.KeyId>, lseq: number, limit: number): ReadonlyArray<number> =>
    this.#statements.lockedAfter.all(lseq, JSON.stringify(keys), limit) as Array<number>

  custodians = (): ReadonlyArray<JournalTables.Custodian> =>
    (this.#statements.custodians.all() as Array<[lseq: number, peer: PeerId.PeerId]>).map(([lseq, peer]) => ({
      lseq,
      peer
    }))

  quarantine = (after: number, limit: number, reason?: Quarantine.QuarantineReason) =>
    this.quarantines.list(after, limit, reason)

  quarantineRow = (id: string) => this.quarantines.row(id)

  quarantineCounts = () => this.quarantines.counts()

  /** What waits of each peer. */
  quarantineLoads = () => this.quarantines.load()

  quarantineLoad = (peer: PeerId.PeerId) => {
    const load = { commits: 0, bytes: 0, ofPeer: 0, bytesOfPeer: 0 }
    for (const [name, commits, bytes] of this.quarantines.load()) {
      load.commits += commits
      load.bytes += bytes
      if (name === peer) Object.assign(load, { ofPeer: commits, bytesOfPeer: bytes })
    }
    return load
  }

  receiptsOf = (commit: string) => this.quarantines.receiptsOf(commit)

  receiptAt = (lseq: number) => this.quarantines.receiptAt(lseq)

  receiptsAfter = (lseq: number, limit: number) => this.quarantines.receiptsAfter(lseq, limit)
}
