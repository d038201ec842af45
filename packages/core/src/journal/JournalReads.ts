/**
 * What a journal reads for a session, once for every store: stretches of the feed, fingerprints of key ranges, clocks
 * of entities and the events that a peer lacks. All on the rows of one moment; nothing is written.
 */
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { ClockEntry } from "../identity/VectorClock.ts"
import * as Commit from "../model/Commit.ts"
import * as Limits from "../model/Limits.ts"
import type { Partition } from "../model/Partition.ts"
import * as EntityHistory from "./EntityHistory.ts"
import * as Fingerprint from "./Fingerprint.ts"
import type { FeedCommit, FeedPage, Item, ItemClock, ItemKey } from "./Journal.ts"
import type { EntityRow, JournalRows, PartitionRow } from "./JournalTables.ts"
import { bucketBits } from "./OpenEntities.ts"
import { OpenedCommits, type ReaderContext } from "./OpenedCommits.ts"
import * as StateCodec from "./StateCodec.ts"

/** The index of no peer and no other source. */
const noSource = -2

/** Rows read at once: a page of small commits takes a few rounds, one of large commits reads little in vain. */
const feedRowsMax = 64

/** The next stretch of the feed; it covers at least one commit when there is one. */
export const feed = (
  rows: JournalRows,
  after: number,
  exclude: PeerId,
  bytesMax: number,
  incarnation?: string
): FeedPage => {
  const excluded = rows.peer(exclude, incarnation)?.index ?? noSource
  const commits: Array<FeedCommit> = []
  const head = rows.head()
  let upto = after
  let bytes = 0
  for (;;) {
    const page = rows.commitsAfter(upto, excluded, feedRowsMax)
    for (const row of page) {
      if (bytes > 0 && bytes + row.bytes.length > bytesMax) return { commits, upto, isEnd: false }
      upto = row.lseq
      commits.push(feedCommit(rows, row.lseq, row.partition, row.events, row.bytes))
      bytes += row.bytes.length
      if (bytes >= bytesMax || commits.length >= Limits.commitsPerBatchMax) {
        return { commits, upto, isEnd: upto >= head }
      }
    }
    // What remains, if anything, was delivered by the excluded peer.
    if (page.length < feedRowsMax) return { commits, upto: Math.max(upto, head), isEnd: true }
  }
}

/** True for a partition of which something may be here. */
export const isPurgeDue = (tables: Pick<JournalRows, "purgeOf">, { index, total }: PartitionRow): boolean =>
  total.count > 0 || tables.purgeOf(index) !== undefined

/** Partitions of which something may be here. */
export const held = (rows: JournalRows): ReadonlyArray<{ readonly partition: Partition; readonly count: number }> =>
  rows
    .partitions()
    .flatMap((row) => (isPurgeDue(rows, row) ? [{ partition: row.partition, count: row.total.count }] : []))

/** Partitions with the number of their live entities. */
export const liveCounts = (
  rows: JournalRows
): ReadonlyArray<{ readonly partition: Partition; readonly count: number }> => {
  const deleted = rows.countDeleted()
  return rows
    .partitions()
    .map(({ index, partition, total }) => ({ partition, count: total.count - (deleted.get(index) ?? 0) }))
}

const feedCommit = (
  rows: JournalRows,
  lseq: number,
  partition: number,
  events: number,
  bytes: Uint8Array
): FeedCommit => ({ lseq, partition: rows.partitionAt(partition).partition, events, bytes })

const partitionByHash = (rows: JournalRows, hash: Uint8Array): PartitionRow | undefined =>
  rows.partitions().find((row) => Bytes.equals(row.hash, hash))

/** Smallest and largest entity key under a prefix of hexadecimal digits. */
const keyRange = (prefix: string): readonly [low: number, high: number] => {
  const width = 16 ** (Fingerprint.keyDigits - prefix.length)
  const low = prefix === "" ? 0 : Number.parseInt(prefix, 16) * width
  return [low, low + width - 1]
}

/** Fingerprints of the 16 children of a key range. */
export const children = (
  rows: JournalRows,
  partitionHash: Uint8Array,
  prefix: string
): ReadonlyArray<Fingerprint.Fingerprint> => {
  const sums = Array.from({ length: 16 }, Fingerprint.empty)
  const row = partitionByHash(rows, partitionHash)
  if (row === undefined || prefix.length >= Fingerprint.keyDigits) return sums
  const [low, high] = keyRange(prefix)
  const bucketDigits = bucketBits / 4
  if (row.isBucketed && prefix.length < bucketDigits) {
    const width = 2 ** (Fingerprint.keyBits - bucketBits)
    const perChild = 16 ** (bucketDigits - prefix.length - 1)
    const first = Math.floor(low / width)
    for (const { bucket, sum } of rows.buckets(row.index, first, Math.floor(high / width))) {
      Fingerprint.sum(sums[Math.floor((bucket - first) / perChild)]!, sum)
    }
    return sums
  }
  const perChild = (high - low + 1) / 16
  return sums.map((_, child) => rows.sumOfRange(row.index, low + child * perChild, low + (child + 1) * perChild - 1))
}

/** Entities of a key range in key order. */
export const items = (
  rows: JournalRows,
  partitionHash: Uint8Array,
  prefix: string,
  limit: number
): ReadonlyArray<Item> => {
  const row = partitionByHash(rows, partitionHash)
  if (row === undefined) return []
  const [low, high] = keyRange(prefix)
  return rows.versionsInRange(row.index, low, high, limit).map(({ key, version }) => ({ key, version }))
}

const entitiesOf = (rows: JournalRows, { key, partitionHash }: ItemKey): ReadonlyArray<[PartitionRow, EntityRow]> => {
  const partition = partitionByHash(rows, partitionHash)
  if (partition === undefined) return []
  return rows.entitiesInRange(partition.index, key, key, 16).map((row) => [partition, row])
}

/** Clocks of the named entities. Two ids that share a key give two clocks. */
export const clocks = (rows: JournalRows, keys: ReadonlyArray<ItemKey>): ReadonlyArray<ItemClock> => {
  const found: Array<ItemClock> = []
  for (const item of keys) {
    const known = entitiesOf(rows, item)
    for (const [partition, row] of known) {
      const state = StateCodec.decode(row.state, row.value, partition.partition.header, rows.authorAt)
      found.push({
        ...item,
        clock: [...state.clock].map(([author, entry]) => [Author.toBytes(author), entry.eseq, entry.head] as const)
      })
    }
  }
  return found
}

/** Events that one call walks through and bytes that it unpacks; entities beyond are left to a later call. */
const eventsWalkedMax = 16 * 1024
const bytesUnpackedMax = 16 * 1024 * 1024
/** The same of one entity. One that has more comes after all others, or it would hold them up in every call. */
const eventsWalkedFirstMax = 1024
const bytesUnpackedFirstMax = 1024 * 1024

/** What one call has found so far. */
interface Wanted {
  /** Places of events by the arrival number of their commit. */
  readonly places: Map<number, Set<number>>
  walked: number
  /** What they take when they are sent, roughly; nothing is noted beyond `bytesMax`. */
  bytes: number
  readonly bytesMax: number
  isFull: boolean
}

/** Below this it does not matter whether a commit or a part of it is sent, and exactly what is lacking goes. */
export const wholeBytesMin = 2048
/** Header, signature and hashes of a part of a commit, roughly. */
const partBytes = 512

/**
 * Commits, whole or part, with the events of the named entities that each clock lacks; each is looked at once. Entities
 * are looked at in the order given, but those with a long way back last, until the bytes are enough.
 */
export const eventsBeyond = (
  context: ReaderContext,
  clocksOfPeer: ReadonlyArray<ItemClock>,
  bytesMax: number
): ReadonlyArray<FeedCommit> => {
  const opened = new OpenedCommits(context)
  const wanted: Wanted = { places: new Map(), walked: 0, bytes: 0, bytesMax, isFull: false }
  const isEnough = (share: number): boolean =>
    wanted.isFull ||
    wanted.walked >= share * eventsWalkedMax ||
    opened.unpackedBytes >= share * bytesUnpackedMax ||
    wanted.bytes >= share * bytesMax
  const long: Array<readonly [EntityRow, TheirClock]> = []
  const seen = new Set<string>()
  for (const item of clocksOfPeer) {
    const name = `${Bytes.toHex(item.partitionHash)}/${item.key}`
    if (seen.has(name)) continue
    seen.add(name)
    // Half of everything is left to those that come last.
    if (isEnough(long.length === 0 ? 1 : 0.5)) break
    const theirs = new Map(item.clock.map(([author, eseq, head]) => [Bytes.toHex(author), { eseq, head }]))
    for (const [, row] of entitiesOf(context.rows, item)) {
      if (!collectMissing(opened, row, theirs, wanted, true)) long.push([row, theirs])
    }
  }
  for (const [row, theirs] of long) {
    if (isEnough(1)) break
    collectMissing(opened, row, theirs, wanted, false)
  }
  return commitsWith(opened, wanted.places, bytesMax)
}

/** The commits in the order of their arrival, reduced to some events each, as many as the bytes allow. */
const commitsWith = (
  opened: OpenedCommits,
  wanted: ReadonlyMap<number, ReadonlySet<number>>,
  bytesMax: number
): ReadonlyArray<FeedCommit> => {
  const commits: Array<FeedCommit> = []
  const smallBytesMax = opened.context.wholeBytesMin ?? wholeBytesMin
  let bytes = 0
  for (const lseq of [...wanted.keys()].sort((a, b) => a - b)) {
    const { events, packed, row } = opened.get(lseq)
    const places = [...wanted.get(lseq)!].sort((a, b) => a - b)
    const isWhole = places.length === events.places.length
    const part = isWhole ? row.bytes : Commit.takePart(packed, events, places)
    // Of a commit of many small events a part is larger than the whole, for it names all events and is not compressed.
    const sent = part.length < Math.max(row.bytes.length, smallBytesMax) ? part : row.bytes
    if (bytes > 0 && bytes + sent.length > bytesMax) break
    const count = sent === row.bytes ? events.places.length : places.length
    commits.push(feedCommit(opened.context.rows, lseq, row.partition, count, sent))
    bytes += sent.length
  }
  return commits
}

type TheirClock = ReadonlyMap<string, ClockEntry>

/**
 * Follows an entity's commits back in time and notes those events that a clock does not cover. An entry that names no
 * prefix of the author's events here belongs to another branch of a fork; then all events of that author are noted. False
 * when the way back is too long for a first look; then nothing is noted.
 */
const collectMissing = (
  opened: OpenedCommits,
  entity: EntityRow,
  theirs: TheirClock,
  wanted: Wanted,
  isFirstLook: boolean
): boolean => {
  const { rows } = opened.context
  const { partition } = rows.partitionAt(entity.partition)
  const { clock } = StateCodec.decode(entity.state, entity.value, partition.header, rows.authorAt)
  const lacking = new Map<Author.Author, number>()
  for (const [author, mine] of clock) {
    const known = theirs.get(Bytes.toHex(Author.toBytes(author)))
    // Only the side with more events of an author can tell whether the other's head is one of them.
    if (known === undefined || known.eseq < mine.eseq) lacking.set(author, known?.eseq ?? 0)
    else if (known.eseq === mine.eseq && !Bytes.equals(known.head, mine.head)) lacking.set(author, 0)
  }
  if (lacking.size === 0) return true
  const found: Array<EntityHistory.HistoricEvent> = []
  const isLeft = new Set(lacking.keys())
  const walkedEnd = wanted.walked + eventsWalkedFirstMax
  const unpackedEnd = opened.unpackedBytes + bytesUnpackedFirstMax
  for (const historic of EntityHistory.newestFirst(opened, entity.id, entity.lseq)) {
    if (isFirstLook && (wanted.walked >= walkedEnd || opened.unpackedBytes >= unpackedEnd)) return false
    wanted.walked++
    const author = historic.origin.authors[0]!
    const from = lacking.get(author)
    if (from === undefined) continue
    found.push(historic)
    const { event, origin } = historic
    const isChain = clock.get(author)!.isForked !== true
    if (event.eseq <= from) {
      const isPrefix = Bytes.equals(origin.hash, theirs.get(Bytes.toHex(Author.toBytes(author)))!.head)
      if (isPrefix && isChain) isLeft.delete(author)
      else lacking.set(author, 0)
    } else if (event.eseq === 1 && isChain) isLeft.delete(author)
    if (isLeft.size === 0) break
  }
  for (const historic of found.reverse()) {
    if (historic.event.eseq > lacking.get(historic.origin.authors[0]!)!) note(wanted, historic)
  }
  return true
}

/** Notes an event while there is room; the oldest events of an entity come first. */
const note = (wanted: Wanted, { commit, index, lseq }: EntityHistory.HistoricEvent): void => {
  const known = wanted.places.get(lseq)
  const bytes = commit.row.bytes.length / commit.decoded.length + (known === undefined ? partBytes : 0)
  wanted.isFull ||= wanted.bytes > 0 && wanted.bytes + bytes > wanted.bytesMax
  if (wanted.isFull) return
  wanted.bytes += bytes
  const places = known ?? new Set()
  wanted.places.set(lseq, places)
  places.add(commit.events.places[index]!)
}
