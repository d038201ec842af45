/**
 * The entities that one transaction works on: each is read and decoded once, changed in memory, and written back
 * once at the end together with the fingerprints that it moves. Nothing of it outlives the transaction.
 */
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import * as EntityFold from "../merge/EntityFold.ts"
import type { PlacedEvent } from "../merge/EntityFold.ts"
import * as EntityState from "../merge/EntityState.ts"
import * as Partition from "../model/Partition.ts"
import * as Fingerprint from "./Fingerprint.ts"
import type { EntityRef } from "./Journal.ts"
import type { EntityRow, JournalTables, PartitionRow } from "./JournalTables.ts"
import * as StateCodec from "./StateCodec.ts"

/** All events of an entity, and the number of each by its `eventName`. */
export interface Unfolded {
  readonly events: Array<PlacedEvent>
  readonly numbers: Map<string, number>
}

export interface OpenEntity {
  readonly partition: PartitionRow
  readonly key: number
  readonly id: string
  readonly before: EntityRow | undefined
  /** Replaced when the entity is folded anew from all of its events. */
  state: EntityState.EntityState
  /** What the state is to be folded from when it is written back; until then only its clock is right. */
  unfolded: Unfolded | undefined
  /** Arrival number of the last commit that changed it, 0 when there is none. */
  lseq: number
  isChanged: boolean
}

/** A partition with more entities than this keeps bucket sums, so that a range's fingerprint reads few rows. */
export const unbucketedEntitiesMax = 1024
/** Leading bits of an entity key that choose its bucket: 4,096 buckets, 244 entities each at a million. */
export const bucketBits = 12
const bucketDivisor = 2 ** (Fingerprint.keyBits - bucketBits)

/** The bucket of an entity key. */
export const bucketOf = (key: number): number => Math.floor(key / bucketDivisor)

export class OpenEntities {
  readonly #tables: JournalTables
  readonly #crypto: CryptoFunctions
  readonly #open = new Map<number, Map<string, OpenEntity>>()
  readonly #changed: Array<OpenEntity> = []

  constructor(tables: JournalTables, crypto: CryptoFunctions) {
    this.#tables = tables
    this.#crypto = crypto
  }

  /** The entity, read when it was not open yet. */
  open(partition: PartitionRow, id: string): OpenEntity {
    let ofPartition = this.#open.get(partition.index)
    if (ofPartition === undefined) {
      ofPartition = new Map()
      this.#open.set(partition.index, ofPartition)
    }
    let entity = ofPartition.get(id)
    if (entity === undefined) {
      entity = this.#read(partition, id)
      ofPartition.set(id, entity)
    }
    return entity
  }

  /** Notes that a commit changed the entity. */
  changed(entity: OpenEntity, lseq: number): void {
    entity.lseq = lseq
    if (entity.isChanged) return
    entity.isChanged = true
    this.#changed.push(entity)
  }

  /** Writes back what changed and returns it in the order of first change. */
  finish(): ReadonlyArray<EntityRef> {
    for (const entity of this.#changed) {
      if (entity.unfolded === undefined) continue
      entity.state = EntityFold.fold(entity.unfolded.events, this.#crypto.sha256)
      entity.unfolded = undefined
    }
    const entities = this.#changed.map((entity): EntityRef => ({
      ...entity.partition.partition,
      id: entity.id,
      isDeleted: entity.state.isDeleted || entity.state.clock.size === 0
    }))
    // In key order, so that rows of one index page are written together.
    const ordered = [...this.#changed].sort((a, b) => a.partition.index - b.partition.index || a.key - b.key)
    let first = 0
    while (first < ordered.length) {
      let end = first + 1
      while (end < ordered.length && ordered[end]!.partition.index === ordered[first]!.partition.index) end++
      this.#writePartition(ordered.slice(first, end))
      first = end
    }
    return entities
  }

  #read(partition: PartitionRow, id: string): OpenEntity {
    const key = Fingerprint.entityKey(this.#crypto.sha256, id)
    const before = this.#tables.entity(partition.index, key, id)
    const state =
      before === undefined
        ? EntityState.empty()
        : StateCodec.decode(before.state, before.value, partition.partition.header, this.#tables.authorAt)
    return { partition, key, id, before, state, unfolded: undefined, lseq: before?.lseq ?? 0, isChanged: false }
  }

  #writePartition(entities: ReadonlyArray<OpenEntity>): void {
    const { index } = entities[0]!.partition
    const total = Fingerprint.empty()
    const buckets = new Map<number, Fingerprint.Fingerprint>()
    for (const entity of entities) {
      const number = bucketOf(entity.key)
      let bucket = buckets.get(number)
      if (bucket === undefined) {
        bucket = Fingerprint.empty()
        buckets.set(number, bucket)
      }
      if (entity.before !== undefined) Fingerprint.accumulate(bucket, entity.before.version, -1)
      const version = this.#writeEntity(entity)
      if (version !== undefined) Fingerprint.accumulate(bucket, version, 1)
    }
    for (const bucket of buckets.values()) Fingerprint.sum(total, bucket)
    const row = this.#tables.partitionAt(index)
    Fingerprint.sum(total, row.total)
    if (row.isBucketed) for (const [number, change] of buckets) this.#tables.addToBucket(index, number, change)
    else if (total.count > unbucketedEntitiesMax) this.#makeBuckets(index)
    this.#tables.setPartition(index, total, row.isBucketed || total.count > unbucketedEntitiesMax)
  }

  /** Writes the row and gives its version; an entity without events has no row. */
  #writeEntity(entity: OpenEntity): Uint8Array | undefined {
    const { id, key, lseq, partition, state } = entity
    if (state.clock.size === 0) {
      this.#tables.removeEntity(partition.index, key, id)
      return undefined
    }
    const version = Fingerprint.version(this.#crypto.sha256, partition.hash, id, state.clock, this.#tables.authorBytes)
    const encoded = StateCodec.encode(state, partition.partition.header, this.#tables.authorIndex)
    this.#tables.putEntity(
      { partition: partition.index, key, id, version, lseq, isDeleted: state.isDeleted, ...encoded },
      entity.before === undefined
    )
    return version
  }

  /** Sums the buckets of a partition from its entities, all of which are written by now. */
  #makeBuckets(partition: number): void {
    const buckets = new Map<number, Fingerprint.Fingerprint>()
    const pageRows = 1000
    let low = 0
    for (;;) {
      const page = this.#tables.entitiesInRange(partition, low, 2 ** Fingerprint.keyBits - 1, pageRows)
      // Two ids with one key may straddle a page: the last key of a full page is read again with the next one.
      const last = page.length === pageRows ? page[page.length - 1]!.key : Infinity
      for (const row of page) {
        if (row.key === last) break
        const number = bucketOf(row.key)
        const bucket = buckets.get(number) ?? Fingerprint.empty()
        buckets.set(number, bucket)
        Fingerprint.accumulate(bucket, row.version, 1)
      }
      if (last === Infinity) break
      low = last
    }
    for (const [number, bucket] of buckets) this.#tables.addToBucket(partition, number, bucket)
  }
}

/** Each entity once, as the later list has it. */
export const mergedRefs = (
  before: ReadonlyArray<EntityRef>,
  after: ReadonlyArray<EntityRef>
): ReadonlyArray<EntityRef> => {
  const keyOf = (entity: EntityRef): string => `${Partition.key(entity)}\n${entity.id}`
  return [...new Map([...before, ...after].map((entity) => [keyOf(entity), entity])).values()]
}
