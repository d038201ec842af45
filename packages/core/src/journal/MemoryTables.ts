/**
 * Journal rows in memory: for tests, simulations and nodes that need no durability. A transaction works on the maps
 * directly and keeps an undo list, so a failed one leaves nothing, as the contract says.
 */
import type { KeyId } from "../crypto/SpaceKey.ts"
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import * as Limits from "../model/Limits.ts"
import * as Partition from "../model/Partition.ts"
import * as Fingerprint from "./Fingerprint.ts"
import {
  type CommitRow,
  type Custodian,
  type EntityRow,
  type JournalIdentity,
  incarnationsPerPeerMax,
  type JournalTables,
  type PartitionRow,
  type PeerRow,
  type PurgeProgress,
  type QuarantineRow,
  type ReceiptRow,
  sources
} from "./JournalTables.ts"
import { MemoryLocked } from "./MemoryLocked.ts"
import * as Quarantine from "./Quarantine.ts"
import type { Proven } from "./Receipt.ts"

type Sha256 = (bytes: Uint8Array) => Uint8Array

const copyOf = (fingerprint: Fingerprint.Fingerprint): Fingerprint.Fingerprint => ({
  count: fingerprint.count,
  lanes: fingerprint.lanes.slice()
})

export class MemoryTables implements JournalTables {
  readonly #sha256: Sha256
  readonly #space: SpaceId
  readonly #commits: Array<CommitRow & { readonly lseq: number }> = []
  readonly #authors: Array<Author.Author> = []
  readonly #partitions: Array<PartitionRow> = []
  readonly #partitionIndexes = new Map<string, number>()
  readonly #entities: Array<Map<string, EntityRow>> = []
  /** Entities by the place at which they were made, from 1, and the place of each. */
  readonly #made: Array<readonly [partition: number, id: string]> = []
  readonly #places: Array<Map<string, number>> = []
  readonly #sorted: Array<ReadonlyArray<EntityRow> | undefined> = []
  readonly #buckets: Array<Map<number, Fingerprint.Fingerprint>> = []
  readonly #peers: Array<PeerRow> = []
  readonly #quarantine = new Map<string, QuarantineRow>()
  /** By commit and custodian. */
  readonly #receipts = new Map<string, ReceiptRow>()
  readonly #purges = new Map<number, PurgeProgress>()
  #locked = new MemoryLocked((step) => this.#undoes(step))
  #lastPlace = 0
  #identity: JournalIdentity
  #lastTime = HybridTime.zero
  #undo: Array<() => void> | undefined
  #beforeRow: () => void = () => undefined

  constructor(sha256: Sha256, space: SpaceId, incarnation: string) {
    this.#sha256 = sha256
    this.#space = space
    this.#identity = { incarnation, writing: incarnation }
  }

  /** The same rows once more, as a backup of a file has them; from here on each goes its own way. */
  copy(): MemoryTables {
    const copy = new MemoryTables(this.#sha256, this.#space, this.#identity.incarnation)
    copy.#identity = this.#identity
    copy.#lastTime = this.#lastTime
    copy.#lastPlace = this.#lastPlace
    copy.#commits.push(...this.#commits)
    copy.#authors.push(...this.#authors)
    copy.#partitions.push(...this.#partitions)
    for (const [key, index] of this.#partitionIndexes) copy.#partitionIndexes.set(key, index)
    copy.#entities.push(...this.#entities.map((rows) => new Map(rows)))
    copy.#made.push(...this.#made)
    copy.#places.push(...this.#places.map((places) => new Map(places)))
    copy.#buckets.push(...this.#buckets.map((buckets) => new Map(buckets)))
    copy.#peers.push(...this.#peers)
    for (const [id, row] of this.#quarantine) copy.#quarantine.set(id, row)
    for (const [partition, progress] of this.#purges) copy.#purges.set(partition, progress)
    for (const [id, row] of this.#receipts) copy.#receipts.set(id, row)
    copy.#locked = new MemoryLocked((step) => copy.#undoes(step), this.#locked)
    return copy
  }

  /** Runs a transaction; when `body`, or what is called before each row, throws, everything it wrote is undone. */
  transact<A>(body: () => A, beforeRow: () => void = () => undefined): A {
    const undo: Array<() => void> = []
    this.#undo = undo
    this.#beforeRow = beforeRow
    try {
      return body()
    } catch (error) {
      for (let i = undo.length - 1; i >= 0; i--) undo[i]!()
      throw error
    } finally {
      this.#undo = undefined
    }
  }

  #undoes(step: () => void): void {
    if (this.#undo === undefined) throw new Error("a journal row was written outside a transaction")
    this.#beforeRow()
    this.#undo.push(step)
  }

  head = (): number => this.#commits.length

  authorAt = (index: number): Author.Author => this.#authors[index]!

  authorIndex = (author: Author.Author): number => {
    const index = this.#authors.indexOf(author)
    if (index >= 0) return index
    this.#undoes(() => this.#authors.pop())
    return this.#authors.push(author) - 1
  }

  authorBytes = (author: Author.Author): Uint8Array => Author.toBytes(author)

  partitions = (): ReadonlyArray<PartitionRow> => this.#partitions

  partitionAt = (index: number): PartitionRow => this.#partitions[index]!

  findPartition = (partition: Partition.Partition): PartitionRow | undefined =>
    this.#partitions[this.#partitionIndexes.get(Partition.key(partition)) ?? -1]

  partitionOf = (partition: Partition.Partition): PartitionRow | undefined => {
    const key = Partition.key(partition)
    const known = this.#partitionIndexes.get(key)
    if (known !== undefined) return this.#partitions[known]
    if (this.#partitions.length >= Limits.partitionsMax) return undefined
    const row: PartitionRow = {
      index: this.#partitions.length,
      hash: Bytes.copy(Partition.hash(this.#sha256, this.#space, partition)),
      partition,
      total: Fingerprint.empty(),
      isBucketed: false
    }
    this.#undoes(() => {
      this.#partitionIndexes.delete(key)
      this.#partitions.pop()
      this.#entities.pop()
      this.#places.pop()
      this.#buckets.pop()
    })
    this.#partitionIndexes.set(key, row.index)
    this.#partitions.push(row)
    this.#entities.push(new Map())
    this.#places.push(new Map())
    this.#buckets.push(new Map())
    return row
  }

  purgeOf = (partition: number): PurgeProgress | undefined => this.#purges.get(partition)

  setPurge = (partition: number, progress: PurgeProgress | undefined): void => {
    const before = this.#purges.get(partition)
    const put = (value: PurgeProgress | undefined): void => {
      if (value === undefined) this.#purges.delete(partition)
      else this.#purges.set(partition, value)
    }
    this.#undoes(() => put(before))
    put(progress)
  }

  setPartition = (index: number, total: Fingerprint.Fingerprint, isBucketed: boolean): void => {
    const before = this.#partitions[index]!
    this.#undoes(() => {
      this.#partitions[index] = before
    })
    this.#partitions[index] = { ...before, total: copyOf(total), isBucketed }
  }

  entity = (partition: number, _key: number, id: string): EntityRow | undefined => this.#entities[partition]!.get(id)

  /** Entities of a type by id, over its partitions; for queries. */
  entitiesOfType = (type: string): ReadonlyArray<EntityRow> =>
    this.#partitions.flatMap((row) => (row.partition.type === type ? [...this.#entities[row.index]!.values()] : []))

  putEntity = (row: EntityRow): void => {
    const entities = this.#entities[row.partition]!
    const before = entities.get(row.id)
    this.#sorted[row.partition] = undefined
    this.#undoes(() => {
      this.#sorted[row.partition] = undefined
      if (before === undefined) entities.delete(row.id)
      else entities.set(row.id, before)
    })
    entities.set(row.id, row)
    if (before === undefined) this.#place(row)
  }

  #place({ id, partition }: EntityRow): void {
    const places = this.#places[partition]!
    const known = places.get(id)
    this.#undoes(() => {
      this.#made.pop()
      if (known === undefined) places.delete(id)
      else places.set(id, known)
    })
    places.set(id, this.#made.push([partition, id]))
  }

  entitiesInOrder = (after: number, limit: number, partitions: ReadonlyArray<number>) => {
    const rows: Array<EntityRow> = []
    for (let at = after; at < Math.min(after + limit, this.#made.length); at++) {
      const [partition, id] = this.#made[at]!
      const row = partitions.includes(partition) ? this.#entities[partition]!.get(id) : undefined
      // One that was removed and made again stands at its last place only.
      if (row !== undefined && this.#places[partition]!.get(id) === at + 1) rows.push(row)
    }
    return { rows, isEnd: after + limit >= this.#made.length }
  }

  removeEntity = (partition: number, _key: number, id: string): void => {
    const entities = this.#entities[partition]!
    const before = entities.get(id)
    if (before === undefined) return
    this.#sorted[partition] = undefined
    this.#undoes(() => {
      this.#sorted[partition] = undefined
      entities.set(id, before)
    })
    entities.delete(id)
  }

  entitiesInRange = (partition: number, keyLow: number, keyHigh: number, limit: number): ReadonlyArray<EntityRow> => {
    const sorted =
      this.#sorted[partition] ??
      [...this.#entities[partition]!.values()].sort((a, b) => a.key - b.key || (a.id < b.id ? -1 : 1))
    this.#sorted[partition] = sorted
    return sorted.filter((row) => row.key >= keyLow && row.key <= keyHigh).slice(0, limit)
  }

  versionsInRange = (
    partition: number,
    keyLow: number,
    keyHigh: number,
    limit: number
  ): ReadonlyArray<Pick<EntityRow, "key" | "version">> => this.entitiesInRange(partition, keyLow, keyHigh, limit)

  sumOfRange = (partition: number, keyLow: number, keyHigh: number): Fingerprint.Fingerprint => {
    const sum = Fingerprint.empty()
    for (const { version } of this.entitiesInRange(partition, keyLow, keyHigh, Infinity)) {
      Fingerprint.accumulate(sum, version, 1)
    }
    return sum
  }

  buckets = (partition: number, low: number, high: number) =>
    [...this.#buckets[partition]!]
      .filter(([bucket]) => bucket >= low && bucket <= high)
      .map(([bucket, sum]) => ({ bucket, sum }))

  addToBucket = (partition: number, bucket: number, change: Fingerprint.Fingerprint): void => {
    const buckets = this.#buckets[partition]!
    const before = buckets.get(bucket)
    this.#undoes(() => {
      if (before === undefined) buckets.delete(bucket)
      else buckets.set(bucket, before)
    })
    const after = before === undefined ? Fingerprint.empty() : copyOf(before)
    Fingerprint.sum(after, change)
    buckets.set(bucket, after)
  }

  commitAt = (lseq: number) => this.#commits[lseq - 1]

  commitsAfter = (lseq: number, excluded: number, limit: number) => {
    const found: Array<CommitRow & { readonly lseq: number }> = []
    for (let at = lseq; at < this.#commits.length && found.length < limit; at++) {
      const row = this.#commits[at]!
      if (row.source !== excluded && row.events > 0) found.push(row)
    }
    return found
  }

  appendCommit = (row: CommitRow): number => {
    this.#undoes(() => this.#commits.pop())
    return this.#commits.push({ ...row, lseq: this.#commits.length + 1 })
  }

  lastTime = (): HybridTime.HybridTime => this.#lastTime

  setLastTime = (time: HybridTime.HybridTime): void => {
    const before = this.#lastTime
    this.#undoes(() => {
      this.#lastTime = before
    })
    this.#lastTime = time
  }

  setCommit = (lseq: number, row: Pick<CommitRow, "events" | "previous" | "bytes">): void => {
    const before = this.#commits[lseq - 1]!
    this.#undoes(() => {
      this.#commits[lseq - 1] = before
    })
    this.#commits[lseq - 1] = { ...before, ...row }
  }

  ownCommits = (after: number, limit: number) => {
    const found: Array<CommitRow & { readonly lseq: number }> = []
    for (let at = after; at < this.#commits.length && found.length < limit; at++) {
      if (this.#commits[at]!.source === sources.own) found.push(this.#commits[at]!)
    }
    return found
  }

  ownCommitsBefore = (before: number, limit: number) => {
    const found: Array<CommitRow & { readonly lseq: number }> = []
    for (let at = Math.min(before, this.#commits.length + 1) - 2; at >= 0 && found.length < limit; at--) {
      if (this.#commits[at]!.source === sources.own) found.push(this.#commits[at]!)
    }
    return found
  }

  peer = (peer: PeerId, incarnation?: string): PeerRow | undefined =>
    this.#peers.findLast((row) => row.peer === peer && (incarnation === undefined || row.incarnation === incarnation))

  peerAt = (index: number): PeerId | undefined => this.#peers[index - 1]?.peer

  peerOf = (peer: PeerId, incarnation: string): PeerRow => {
    const known = this.peer(peer, incarnation)
    if (known !== undefined) return known
    const isFull = this.#peers.filter((row) => row.peer === peer).length >= incarnationsPerPeerMax
    const index = isFull ? this.peer(peer)!.index : this.#peers.length + 1
    const row: PeerRow = { index, peer, incarnation, cursor: 0, acknowledged: 0, custody: 0 }
    this.setPeer(row)
    return row
  }

  setPeer = (row: PeerRow): void => {
    const before = this.#peers[row.index - 1]
    this.#undoes(() => (before === undefined ? this.#peers.pop() : (this.#peers[row.index - 1] = before)))
    this.#peers[row.index - 1] = row
  }

  disown = (peer: PeerId): void => {
    for (const row of this.#peers) if (row.peer === peer && row.custody > 0) this.setPeer({ ...row, custody: 0 })
  }

  lockedKeys = (): ReadonlyArray<KeyId> => this.#locked.keys()

  lockedCount = (): number => this.#locked.size

  bytesHeld = (): number => this.#commits.reduce((sum, { bytes }) => sum + bytes.length, 0)

  hasLocked = (): boolean => this.#locked.size > 0

  isLocked = (lseq: number): boolean => this.#locked.has(lseq)

  hasSealed = (): boolean => this.#locked.hasSealed

  lockedAfter = (keys: ReadonlyArray<KeyId>, lseq: number, limit: number): ReadonlyArray<number> =>
    this.#locked.after(keys, lseq, limit)

  setSealed = (): void => this.#locked.setSealed()

  addLocked = (lseq: number, key: KeyId): void => this.#locked.set(lseq, key)

  removeLocked = (lseq: number): void => this.#locked.set(lseq, undefined)

  custodians = (): ReadonlyArray<Custodian> => {
    const present = this.#peers.filter((row) => row.custody > 0 && row === this.peer(row.peer))
    return present.map(({ custody, peer }) => ({ lseq: custody, peer })).sort((a, b) => b.lseq - a.lseq)
  }

  countDeleted = (): ReadonlyMap<number, number> =>
    new Map(
      this.#entities.map((rows, index) => [index, [...rows.values()].filter((row) => row.isDeleted).length] as const)
    )

  countLive = (type: string): number => this.entitiesOfType(type).filter((row) => !row.isDeleted).length

  quarantine: JournalTables["quarantine"] = (after, limit, reason) =>
    this.#entries()
      .filter((row) => row.place > after && (reason === undefined || row.reason === reason))
      .slice(0, limit)
      .map(Quarantine.entryOf)

  #entries(): ReadonlyArray<QuarantineRow> {
    return [...this.#quarantine.values()].sort((a, b) => a.place - b.place)
  }

  quarantineRow = (id: string): QuarantineRow | undefined => this.#quarantine.get(id)

  quarantineCounts = (): Quarantine.QuarantineCounts => {
    const counts = Quarantine.noCounts()
    for (const { reason } of this.#quarantine.values()) counts[reason]++
    return counts
  }

  quarantineLoad = (peer: PeerId) => {
    const load = { commits: 0, bytes: 0, ofPeer: 0, bytesOfPeer: 0 }
    for (const row of this.#quarantine.values()) {
      if (!Quarantine.isBounded(row.reason)) continue
      load.commits++
      load.bytes += row.bytes.length
      if (row.peer !== peer) continue
      load.ofPeer++
      load.bytesOfPeer += row.bytes.length
    }
    return load
  }

  addQuarantine: JournalTables["addQuarantine"] = (row) => {
    if (this.#quarantine.has(row.id)) return
    this.#undoes(() => this.#quarantine.delete(row.id))
    this.#quarantine.set(row.id, { ...row, place: row.place ?? ++this.#lastPlace })
  }

  removeQuarantine = (id: string): void => {
    if (!this.#quarantine.has(id)) return
    const before = [...this.#quarantine]
    this.#undoes(() => {
      this.#quarantine.clear()
      for (const [key, row] of before) this.#quarantine.set(key, row)
    })
    this.#quarantine.delete(id)
  }

  #receiptsWhere(isMeant: (row: ReceiptRow) => boolean): ReadonlyArray<ReceiptRow> {
    const rank = ({ kind }: ReceiptRow): number => (kind === "refused" ? 0 : 1)
    const compare = (a: ReceiptRow, b: ReceiptRow): number =>
      b.atMs - a.atMs || rank(a) - rank(b) || (a.peer < b.peer ? -1 : 1)
    return [...this.#receipts.values()].filter(isMeant).sort(compare)
  }

  receiptsOf = (commit: string): ReadonlyArray<ReceiptRow> => this.#receiptsWhere((row) => row.commit === commit)

  receiptAt = (lseq: number): ReceiptRow | undefined => this.#receiptsWhere((row) => row.lseq === lseq)[0]

  receiptsAfter = (lseq: number, limit: number): ReadonlyArray<ReceiptRow> =>
    [...this.#receipts.values()]
      .filter((row) => row.lseq > lseq)
      .sort((a, b) => a.lseq - b.lseq)
      .slice(0, limit)

  putReceipt = (row: ReceiptRow): void => {
    const key = `${row.commit} ${row.peer}`
    this.#removeReceipt(key)
    this.#undoes(() => this.#receipts.delete(key))
    this.#receipts.set(key, row)
  }

  #removeReceipt(key: string): void {
    const before = this.#receipts.get(key)
    if (before === undefined) return
    this.#undoes(() => this.#receipts.set(key, before))
    this.#receipts.delete(key)
  }

  removeReceipt = (commit: string): void => {
    for (const { peer } of this.receiptsOf(commit)) this.#removeReceipt(`${commit} ${peer}`)
  }

  removeReceiptsOf = (peer: PeerId, { uncompared, upto }: Proven): void => {
    const isProven = (lseq: number): boolean => {
      const { events, partition } = this.#commits[lseq - 1]!
      return lseq <= upto && events > 0 && !uncompared.has(partition)
    }
    for (const { commit } of this.#receiptsWhere((row) => row.peer === peer && isProven(row.lseq))) {
      this.#removeReceipt(`${commit} ${peer}`)
    }
  }

  identity = (): JournalIdentity => this.#identity

  setIdentity = (identity: JournalIdentity): void => {
    const before = this.#identity
    this.#undoes(() => {
      this.#identity = before
    })
    this.#identity = identity
  }
}
