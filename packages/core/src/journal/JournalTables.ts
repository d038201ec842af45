/**
 * The rows behind a journal, as plain synchronous reads and writes. A store implements this and nothing more; what
 * the rows mean lives in `JournalWriter` and `JournalReads`, once for every store. Writes happen inside a transaction
 * that the store opens; a failed one leaves nothing.
 */
import type { Author } from "../identity/Author.ts"
import type { HybridTime } from "../identity/HybridTime.ts"
import type { KeyId } from "../crypto/SpaceKey.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { Partition } from "../model/Partition.ts"
import type { Fingerprint } from "./Fingerprint.ts"
import type { QuarantineCounts, QuarantineEntry, QuarantineReason } from "./Quarantine.ts"
import type { Proven, Verdict } from "./Receipt.ts"

export interface PartitionRow {
  readonly index: number
  readonly hash: Uint8Array
  readonly partition: Partition
  /** Sum over the partition's entities. */
  readonly total: Fingerprint
  /** True once bucket sums are kept for this partition. */
  readonly isBucketed: boolean
}

export interface EntityRow {
  readonly partition: number
  /** First 52 bits of SHA-256 of the id. */
  readonly key: number
  readonly id: string
  readonly version: Uint8Array
  /** Arrival number of the last commit that changed the entity. */
  readonly lseq: number
  readonly isDeleted: boolean
  /** Clock, stamps and set additions; see `StateCodec`. */
  readonly state: Uint8Array
  /** The fields as JSON. */
  readonly value: string
}

/** Sources that are no peer's index. */
export const sources = { own: 0, nobody: -1 } as const

export interface CommitRow {
  readonly partition: number
  readonly author: number
  /** The peer that delivered it; `sources.own` for this device's own commits, `sources.nobody` for released ones. */
  readonly source: number
  readonly events: number
  /**
   * For each event here the arrival number of the commit that changed its entity before, 0 for the first, and -1
   * when the event was not applied from this row. Following it back gives an entity's history without an event table.
   */
  readonly previous: ReadonlyArray<number>
  /** The commit as it was received. */
  readonly bytes: Uint8Array
}

/** Incarnations of one peer that are told apart; an honest one has another each time its data folder was copied or restored. */
export const incarnationsPerPeerMax = 64

export interface PeerRow {
  readonly index: number
  readonly peer: PeerId
  /** The peer's incarnation in which `cursor` counts. */
  readonly incarnation: string
  /** The peer's arrival number up to which everything was taken in. */
  readonly cursor: number
  /** This journal's arrival number up to which the peer confirmed durable receipt. */
  readonly acknowledged: number
  /** This journal's arrival number up to which it said, as a custodian, what became of every commit; see receipts. */
  readonly custody: number
}

/** A commit in quarantine, with its bytes as they came. */
export interface QuarantineRow extends QuarantineEntry {
  readonly bytes: Uint8Array
}

/**
 * What a custodian said of one of this device's own commits that it did not simply take in; it stands until equal roots
 * show that it has it. Accepted ones need no row: an acknowledgement covers them. A commit that is here although a row of
 * it says `refused` was taken back and brought again for good; where it stays for another reason, its refusal is `held`.
 */
export interface ReceiptRow extends Verdict {
  /** Commit id in hexadecimal. */
  readonly commit: string
  readonly lseq: number
  readonly peer: PeerId
  readonly atMs: number
}

/** Up to where a custodian has said what became of this journal's commits. */
export interface Custodian {
  readonly lseq: number
  readonly peer: PeerId
}

/** A purge that is under way. */
export interface PurgeProgress {
  /** Arrival number up to which it has come. */
  readonly after: number
  /** Newest arrival number when it began. */
  readonly upto: number
}

/** Names a journal among the copies that may exist of it. */
export interface JournalIdentity {
  /** 16 hexadecimal digits: what peers' cursors count in. */
  readonly incarnation: string
  /** 16 hexadecimal digits: the incarnation of the author that new events name. */
  readonly writing: string
}

export interface Bucket {
  /** First 12 bits of the entity keys in it. */
  readonly bucket: number
  readonly sum: Fingerprint
}

/** Reads, on a consistent state of the store. */
export interface JournalRows {
  /** Arrival number of the newest commit, 0 when there is none. */
  readonly head: () => number
  readonly authorAt: (index: number) => Author
  readonly partitions: () => ReadonlyArray<PartitionRow>
  readonly partitionAt: (index: number) => PartitionRow
  readonly entity: (partition: number, key: number, id: string) => EntityRow | undefined
  /** Entities with `keyLow <= key <= keyHigh` in key order, at most `limit`. */
  readonly entitiesInRange: (
    partition: number,
    keyLow: number,
    keyHigh: number,
    limit: number
  ) => ReadonlyArray<EntityRow>
  /** The same entities without what range reconciliation does not ask for; in key order, equal keys in any order. */
  readonly versionsInRange: (
    partition: number,
    keyLow: number,
    keyHigh: number,
    limit: number
  ) => ReadonlyArray<Pick<EntityRow, "key" | "version">>
  /** Fingerprint of the entities with `keyLow <= key <= keyHigh`. */
  readonly sumOfRange: (partition: number, keyLow: number, keyHigh: number) => Fingerprint
  /**
   * Entities of the given partitions in the order in which they were made here. A page looks at `limit` places of that
   * order after place `after`, whatever their partition; later pages begin `limit` further on.
   */
  readonly entitiesInOrder: (
    after: number,
    limit: number,
    partitions: ReadonlyArray<number>
  ) => { readonly rows: ReadonlyArray<EntityRow>; readonly isEnd: boolean }
  /** Bucket sums with `low <= bucket <= high`. */
  readonly buckets: (partition: number, low: number, high: number) => ReadonlyArray<Bucket>
  readonly commitAt: (lseq: number) => (CommitRow & { readonly lseq: number }) | undefined
  /** Commits after an arrival number that did not come from the source `excluded`, in order, at most `limit`. */
  readonly commitsAfter: (
    lseq: number,
    excluded: number,
    limit: number
  ) => ReadonlyArray<CommitRow & { readonly lseq: number }>
  /** The peer's row for an incarnation, or the one that was met last. */
  readonly peer: (peer: PeerId, incarnation?: string) => PeerRow | undefined
  /**
   * Up to where each custodian, as the journal that it was met as last, has said what became of every commit, the largest
   * first: an earlier one may be gone, with what it had confirmed.
   */
  readonly custodians: () => ReadonlyArray<Custodian>
  /** Keys that stored commits lack. */
  readonly lockedKeys: () => ReadonlyArray<KeyId>
  /** True when any commit lacks its key, and when this one does. */
  readonly hasLocked: () => boolean
  readonly isLocked: (lseq: number) => boolean
  /** True once a sealed commit was stored, whatever became of it and of its key. */
  readonly hasSealed: () => boolean
  /** Number of commits that lack one. */
  readonly lockedCount: () => number
  /** Arrival numbers of commits that lack one of these keys, in order, at most `limit`. */
  readonly lockedAfter: (keys: ReadonlyArray<KeyId>, lseq: number, limit: number) => ReadonlyArray<number>
  /** Bytes that what is stored takes, without room that is free again. */
  readonly bytesHeld: () => number
  /** Live entities of a type. */
  readonly countLive: (type: string) => number
  /** Deleted entities by the partition's row number; none where there are none. */
  readonly countDeleted: () => ReadonlyMap<number, number>
  /** Entries after a place, of one reason or of all, at most `limit`. */
  readonly quarantine: (after: number, limit: number, reason?: QuarantineReason) => ReadonlyArray<QuarantineEntry>
  readonly quarantineRow: (id: string) => QuarantineRow | undefined
  readonly quarantineCounts: () => QuarantineCounts
  /** Commits in quarantine that its bounds count: all of them and those that one peer delivered. */
  readonly quarantineLoad: (peer: PeerId) => {
    readonly commits: number
    readonly bytes: number
    readonly ofPeer: number
    readonly bytesOfPeer: number
  }
  /** Own commits after an arrival number, withdrawn ones too, at most `limit`. */
  readonly ownCommits: (after: number, limit: number) => ReadonlyArray<CommitRow & { readonly lseq: number }>
  /** Own commits before an arrival number, newest first, at most `limit`. */
  readonly ownCommitsBefore: (before: number, limit: number) => ReadonlyArray<CommitRow & { readonly lseq: number }>
  /** Rows of receipts after an arrival number, in order, at most `limit`. */
  readonly receiptsAfter: (lseq: number, limit: number) => ReadonlyArray<ReceiptRow>
  /** What each custodian said of a commit, the newest first, and of one moment refusals first. */
  readonly receiptsOf: (commit: string) => ReadonlyArray<ReceiptRow>
  /** The newest of an arrival number. */
  readonly receiptAt: (lseq: number) => ReceiptRow | undefined
  /** How far the purge of a partition has come, while there is one. */
  readonly purgeOf: (partition: number) => PurgeProgress | undefined
  /** The peer of a row's index. */
  readonly peerAt: (index: number) => PeerId | undefined
}

/** Reads and writes, inside one transaction. */
export interface JournalTables extends JournalRows {
  /** Largest stamp given or seen. */
  readonly lastTime: () => HybridTime
  readonly setLastTime: (time: HybridTime) => void
  readonly identity: () => JournalIdentity
  readonly setIdentity: (identity: JournalIdentity) => void
  /** The author's index; it gets one when it is new. */
  readonly authorIndex: (author: Author) => number
  readonly authorBytes: (author: Author) => Uint8Array
  /** The partition's row, if it has one. */
  readonly findPartition: (partition: Partition) => PartitionRow | undefined
  /** The partition's row; a new one gets a row, or `undefined` when there are `Limits.partitionsMax` already. */
  readonly partitionOf: (partition: Partition) => PartitionRow | undefined
  readonly setPartition: (index: number, total: Fingerprint, isBucketed: boolean) => void
  readonly putEntity: (row: EntityRow, isNew: boolean) => void
  readonly removeEntity: (partition: number, key: number, id: string) => void
  readonly addToBucket: (partition: number, bucket: number, change: Fingerprint) => void
  /** Stores a commit and returns its arrival number: one more than the last. */
  readonly appendCommit: (row: CommitRow) => number
  /** Replaces what a commit's row says of its events; a withdrawn one has none. */
  readonly setCommit: (lseq: number, row: Pick<CommitRow, "events" | "previous" | "bytes">) => void
  /**
   * The row of a peer's incarnation; it gets one when it is new. Of `incarnationsPerPeerMax` the one met last gives its row,
   * emptied: a peer that is another journal each time takes no more room, and what was read of it is compared anew.
   */
  readonly peerOf: (peer: PeerId, incarnation: string) => PeerRow
  readonly setPeer: (row: PeerRow) => void
  /** Forgets what the peer had confirmed as a custodian, as whichever journal it was met. */
  readonly disown: (peer: PeerId) => void
  /** Notes for good that a sealed commit is stored, here or in the quarantine. */
  readonly setSealed: () => void
  /** Notes that a stored commit cannot be read without this key. */
  readonly addLocked: (lseq: number, key: KeyId) => void
  readonly removeLocked: (lseq: number) => void
  readonly setPurge: (partition: number, progress: PurgeProgress | undefined) => void
  /** Keeps a commit at its old place, or at the next one. An id that is there already stays as it is. */
  readonly addQuarantine: (row: Omit<QuarantineRow, "place"> & { readonly place?: number }) => void
  readonly removeQuarantine: (id: string) => void
  /** Keeps what a custodian said of a commit, in the place of what it said before. */
  readonly putReceipt: (row: ReceiptRow) => void
  /** Removes what was said of a commit. */
  readonly removeReceipt: (commit: string) => void
  /** Removes what a custodian said of commits in the partitions that were compared; what was taken back keeps it. */
  readonly removeReceiptsOf: (peer: PeerId, proven: Proven) => void
}
