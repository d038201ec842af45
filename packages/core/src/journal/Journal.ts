/**
 * The durable store of commits and of the entities they add up to: the contract. It promises that what it confirmed
 * survives a crash, that a batch is kept wholly or not at all, and that arrival numbers (`lseq`) become visible in
 * order. It knows nothing of links, peers' rights or time zones; policy is asked before a batch comes here.
 */
import type { EntityQuery, EntityView, Sees } from "./EntityQuery.ts"
import { Context, type Effect, type Stream } from "effect"
import type { HeldKeys, KeyFinder } from "../crypto/KeyRing.ts"
import type { KeyId } from "../crypto/SpaceKey.ts"
import type { Author } from "../identity/Author.ts"
import type { HybridTime } from "../identity/HybridTime.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import type { EntityChange } from "../model/EntityChange.ts"
import type { HeaderValues, Partition } from "../model/Partition.ts"
import type { WriteError } from "../model/WriteError.ts"
import type { Fingerprint } from "./Fingerprint.ts"
import type { DeleteLimits } from "./DeleteWatch.ts"
import type { HistoryReads } from "./History.ts"
import type { JournalError } from "./JournalError.ts"
import type { PartitionRow, PeerRow, QuarantineRow } from "./JournalTables.ts"
import type { Because, QuarantineCounts, QuarantineEntry, QuarantineReason } from "./Quarantine.ts"
import type { Receipt, ReceiptStatus, Settlement, Verdict } from "./Receipt.ts"
import type { SealLook } from "./SealLook.ts"

export { type EntityQuery, type EntityView, queryRowsMax, type Sees } from "./EntityQuery.ts"

/** An entity that a batch changed. */
export interface EntityRef {
  readonly type: string
  /** The values of its header fields, which tell it from others of its id. */
  readonly header: HeaderValues
  readonly id: string
  readonly isDeleted: boolean
}

/** What became of a local transaction. */
export interface WriteOutcome {
  /** Ids of the commits made, in order; none when nothing changed. */
  readonly commits: ReadonlyArray<string>
  /** Entities changed, in order, each once. */
  readonly entities: ReadonlyArray<EntityRef>
  readonly head: number
}

/** Why a commit of a batch is kept in quarantine instead of taken in. */
export interface Denial extends Because {
  /** Place among the batch's commits. */
  readonly index: number
  readonly reason: "Denied" | "Revoked"
  /** This node could not tell whether it may come in: it waits, and its deliverer is told that nothing was decided. */
  readonly isUnjudged?: boolean
}

/** What one commit deletes. */
export interface CommitDeletes {
  /** Commit id in hexadecimal. */
  readonly id: string
  readonly author: PeerId
  readonly partition: Partition
  readonly writer: Author
  /** The stamp of the commit. */
  readonly at: HybridTime
  /**
   * Ids of entities, live or not; number, hash and place in the commit of the event that deletes each, and whether it rests
   * on nothing at all.
   */
  readonly entities: ReadonlyArray<
    readonly [id: string, eseq: number, hash: Uint8Array, place: number, isFirst: boolean]
  >
}

/** Commits from a peer whose author signatures were checked; of a large batch, one portion after the other. */
export interface RemoteBatch {
  readonly peer: PeerId
  /** The peer's incarnation. */
  readonly incarnation: string
  /** True for a replica that reads the whole space; it judges mass deletes before it passes them on. */
  readonly isCustodian: boolean
  /** What others delete is judged here also where a custodian has judged it. Absent: no. */
  readonly judgesAll?: boolean
  /** True where this device takes back what a custodian refuses: then only a custodian brings again for good what was taken back. */
  readonly givesWay?: boolean
  /** Devices that the policy does not admit: what they delete counts as deleted by the peer. */
  readonly strangers?: ReadonlyArray<PeerId> | undefined
  /** The stretch of the peer's feed that the batch is, or `undefined` for commits outside the feed. */
  readonly feed: { readonly from: number; readonly upto: number } | undefined
  readonly commits: ReadonlyArray<Uint8Array>
  /** Bytes that their events take once they are unpacked, roughly: what taking them in costs. Absent: no more than packed. */
  readonly unpackedBytes?: number
  /** Those of them that the policy does not let in. */
  readonly denials: ReadonlyArray<Denial>
  /** Stamps further ahead of the clock than this wait in quarantine. */
  readonly aheadMsMax: number
  readonly deleteLimits: DeleteLimits
  /** What the further portions delete of which this is the first one: judged with it, as if all came at once. */
  readonly laterDeletes?: ReadonlyArray<CommitDeletes> | undefined
  /** Ids of commits that wait since the deletes of this portion were judged with an earlier one. */
  readonly massDeletes?: ReadonlyArray<string> | undefined
}

/** What became of a batch; counts are events unless they say commits. */
export interface RemoteOutcome {
  readonly applied: number
  readonly known: number
  /** Commits that wait in quarantine, or for what does. */
  readonly held: number
  /** Events left out because an earlier one is missing, where no verdict says so; reconciliation brings them again. */
  readonly gaps: number
  /** Commits that were taken in and whose key is not here. */
  readonly locked: number
  /** Commits refused, by code. */
  readonly refused: ReadonlyArray<readonly [code: string, count: number]>
  /** What is to be said of single commits, by their place in the batch; those not named were taken in. */
  readonly verdicts: ReadonlyArray<Verdict & { readonly index: number }>
  /**
   * Commits that brought something that was not here, applied or kept in quarantine, by their place in the batch; and by how many live
   * records each made the journal grow, negative where it deleted more than it made.
   */
  readonly fresh: ReadonlyArray<readonly [index: number, records: number]>
  /** Commits that waited in quarantine and came in by this batch, by the reason for which they had waited. */
  readonly arrived: ReadonlyArray<readonly [reason: QuarantineReason, commits: number]>
  /** Ids of commits that wait as a mass delete, those of `laterDeletes` too. */
  readonly massDeletes: ReadonlyArray<string>
  /** This journal was restored from a copy, or a copy of it runs elsewhere; it has a new incarnation now. */
  readonly isCopied: boolean
  /** Second events with a number already used: the author's journal was copied, or it lies. Both count. */
  readonly forks: ReadonlyArray<{ readonly author: Author; readonly type: string; readonly id: string }>
  /** Concurrent writes to one field, at most 64 of a batch. */
  readonly conflicts: ReadonlyArray<ConflictRef>
  readonly entities: ReadonlyArray<EntityRef>
  /** The peer's cursor after the batch. */
  readonly cursor: number
  readonly head: number
}

/** Why a partition is taken out, and what of this device's own work there waits in quarantine. */
export interface Purging extends Because {
  /** Also what a custodian has confirmed, which may give it up before any other has it. Absent: no. */
  readonly keepsConfirmed?: boolean
}

/** What a purge took out. */
export interface PurgeOutcome {
  readonly entities: number
  readonly withdrawn: ReadonlyArray<string>
}

export interface ConflictRef {
  readonly partition: Partition
  readonly id: string
  readonly field: string
  readonly winner: Author
  readonly winnerAt: HybridTime
  readonly loser: Author
  readonly loserAt: HybridTime
}

/** A durable change that others may now see. */
export interface JournalChange {
  readonly head: number
  /** The peer it came from, or `undefined` for a local write. */
  readonly source: PeerId | undefined
  readonly entities: ReadonlyArray<EntityRef>
}

/** What one stored commit changed here. */
export interface CommitChange {
  readonly lseq: number
  /** Commit id in hexadecimal. */
  readonly id: string
  readonly author: Author
  /** True for a commit of this device, also when a peer brought it back after a loss. */
  readonly isLocal: boolean
  /** The peer that delivered it; `undefined` for a local one and for one that was released from quarantine. */
  readonly source: PeerId | undefined
  /** The same for all commits of one transaction of its author; `undefined` for a transaction of one change. */
  readonly group: string | undefined
  /** Number of its events that were applied. */
  readonly events: number
  /** Entities that they changed, each once. `isDeleted` is as it stands at the time of the read. */
  readonly entities: ReadonlyArray<EntityRef>
}

export interface ChangePage {
  readonly changes: ReadonlyArray<CommitChange>
  /** Arrival number of the last commit looked at. */
  readonly upto: number
  /** True when `upto` is the newest. */
  readonly isEnd: boolean
}

export interface FeedCommit {
  readonly lseq: number
  readonly partition: Partition
  readonly events: number
  readonly bytes: Uint8Array
}

export interface FeedPage {
  /** Commits of the stretch that did not come from the excluded peer. */
  readonly commits: ReadonlyArray<FeedCommit>
  /** Arrival number of the last commit looked at. */
  readonly upto: number
  /** True when `upto` is the newest. */
  readonly isEnd: boolean
}

/** Names an entity in the reconciliation tree. */
export interface ItemKey {
  readonly partitionHash: Uint8Array
  readonly key: number
}

export interface Item {
  readonly key: number
  readonly version: Uint8Array
}

export interface ItemClock extends ItemKey {
  readonly clock: ReadonlyArray<readonly [author: Uint8Array, eseq: number, head: Uint8Array]>
}

export interface JournalInfo {
  readonly space: SpaceId
  readonly author: Author
  /** 16 hexadecimal digits: what peers' cursors count in. A journal found to be a copy gets a new one. */
  readonly incarnation: string
}

/** What taking commits out of quarantine did. */
export interface Released {
  /** Ids of commits that were applied, or turned out to be known. */
  readonly released: ReadonlyArray<string>
  /** Who delivered a commit that shows that this journal is a copy, or has one; it has a new incarnation now. */
  readonly copyShownBy: PeerId | undefined
  /** Ids of commits that stay, because something that they rest on is missing. */
  readonly waiting: ReadonlyArray<string>
  /** By how many live records a commit that was applied made the journal grow, its author's device, and who delivered it; without zeros. */
  readonly grown: ReadonlyArray<{ readonly author: PeerId; readonly peer: PeerId; readonly records: number }>
  /** Commits that stay, because they cannot be taken in now. */
  readonly kept: ReadonlyArray<KeptCommit>
  readonly entities: ReadonlyArray<EntityRef>
}

/** What became of mass deletes that were reverted: none of them stays. */
export interface Reverted extends Released {
  /** Ids of commits that were dropped, because not all of them could be applied; what was, was undone. */
  readonly dropped: ReadonlyArray<string>
}

/** A commit that was tried and stays in quarantine. */
export interface KeptCommit {
  readonly id: string
  /** Who delivered it. */
  readonly peer: PeerId
  /** The reason for which it waits now, e.g. `SchemaUnknown`, or the code under which it would be refused. */
  readonly code: string
  readonly because: string
}

/** What a settlement did. */
export interface SettleOutcome {
  /** Ids of own commits that were withdrawn and wait in quarantine. */
  readonly withdrawn: ReadonlyArray<string>
  /** Ids of the commits in which own ones with a wrong time were written again. */
  readonly rewritten: ReadonlyArray<string>
  /** Codes under which the peer refuses commits for good that stay here: others have them, or others wrote them. */
  readonly standing: ReadonlyArray<string>
  readonly entities: ReadonlyArray<EntityRef>
}

/** Which entries of the quarantine a page shows. */
export interface QuarantineQuery {
  /** Place after which the page begins, 0 for the first. */
  readonly after: number
  /** 1 to 1,000. */
  readonly limit: number
  readonly reason?: QuarantineReason | undefined
}

export interface JournalShape extends HistoryReads {
  /** The keys that this journal reads sealed contents with. */
  readonly keys: KeyFinder
  /**
   * Reads and seals with these keys from now on: whoever writes after this resolved seals as it says. What is stored is read
   * with keys that are new only by `unlock`.
   */
  readonly hold: (held: HeldKeys) => Effect.Effect<void, JournalError>
  /**
   * Opens stored commits whose keys are here by now, and writes own ones of the quarantine again that could not be without;
   * tells of the records that change by it, and gives how many there were of either.
   */
  readonly unlock: Effect.Effect<{ readonly opened: number; readonly rewritten: number }, JournalError>
  /** Stored commits whose contents cannot be read for want of their keys. */
  readonly lockedCount: Effect.Effect<number, JournalError>
  /** The keys that they lack. */
  readonly lockedKeys: Effect.Effect<ReadonlyArray<KeyId>, JournalError>
  /** True once a sealed commit was stored, whatever became of it: without a key nothing is written in the clear then. */
  readonly hasSealed: Effect.Effect<boolean, JournalError>
  /** Whether this journal has the keys of what it keeps; see `SealLook`. */
  readonly sealLook: Effect.Effect<SealLook, JournalError>
  /** As it is now: the author changes when commits are withdrawn, the incarnation when the journal proves to be a copy. */
  readonly info: JournalInfo
  /**
   * Makes commits of changes, all or none. Resolves once they are durable. `group`, 16 hexadecimal digits, ties them to
   * something that is known by it; without it several changes get one of their own.
   */
  readonly write: (
    changes: ReadonlyArray<EntityChange>,
    group?: string
  ) => Effect.Effect<WriteOutcome, JournalError | WriteError>
  /** Takes in a batch; data and cursor in one transaction. Resolves once it is durable. */
  readonly receive: (batch: RemoteBatch) => Effect.Effect<RemoteOutcome, JournalError>
  /**
   * Applies the named commits of the quarantine now, at most 1,000, in the order given. Whoever asks has judged that
   * they may be; who is no person gives limits beyond which mass deletes stay, and says which of the commits are of
   * `strangers`: what those delete counts as deleted by who delivered them.
   */
  readonly release: (
    ids: ReadonlyArray<string>,
    deleteLimits?: DeleteLimits,
    strangers?: ReadonlyArray<string>
  ) => Effect.Effect<Released, JournalError>
  /**
   * Applies those of the named commits, at most 1,000, that wait as mass deletes, and brings the records back that they
   * delete here, or have deleted before, in one transaction: a replica that has the deletes, for whatever reason, has the
   * records again. What cannot be applied is dropped.
   */
  readonly revertDeletes: (ids: ReadonlyArray<string>) => Effect.Effect<Reverted, JournalError>
  /**
   * Drops the named commits of the quarantine, at most 1,000, and gives those that were there. `isForbidden`, which is false
   * where it is not given, says that this device may not even have them: then no byte of them is left, as with `purge`.
   */
  readonly discard: (
    ids: ReadonlyArray<string>,
    isForbidden?: boolean
  ) => Effect.Effect<ReadonlyArray<QuarantineEntry>, JournalError>
  readonly quarantine: (query: QuarantineQuery) => Effect.Effect<ReadonlyArray<QuarantineEntry>, JournalError>
  /** One entry with the commit's bytes as they came. */
  readonly quarantined: (id: string) => Effect.Effect<QuarantineRow | undefined, JournalError>
  readonly quarantineCounts: Effect.Effect<QuarantineCounts, JournalError>
  /** Moves a peer's cursor, after both sides found their views equal. */
  readonly setCursor: (peer: PeerId, incarnation: string, cursor: number) => Effect.Effect<void, JournalError>
  /** Peers whose word as custodians is kept here, also of those that are none now. */
  readonly custodians: Effect.Effect<ReadonlyArray<PeerId>, JournalError>
  /**
   * The custodians may be others now, and these peers are none any more: what they had confirmed counts as confirmed by
   * nobody, until they confirm it again. Whatever stays against a custodian's refusal is decided anew when that is said again.
   */
  readonly disown: (peers: ReadonlyArray<PeerId>) => Effect.Effect<void, JournalError>
  /** Gives the journal a new incarnation, because a copy of it was seen to run. Nothing else changes. */
  readonly renew: Effect.Effect<void, JournalError>
  /** Keeps what a peer said of this journal's commits; own ones that a custodian refuses are withdrawn. */
  readonly settle: (settlement: Settlement) => Effect.Effect<SettleOutcome, JournalError>
  /**
   * Takes everything of a partition out, because this device may not have it; own commits that no custodian has confirmed,
   * or all of them, wait in quarantine for the reason given. Nobody finds anything of the rest through the store when it resolves, and no
   * byte of it is left, unless another program is reading the store's files just then, or the disk does not let it: then
   * the bytes go as soon as they can, and the store says how soon.
   */
  readonly purge: (partition: Partition, why: Purging) => Effect.Effect<PurgeOutcome, JournalError>
  /** Partitions of which something may be here, with the number of their records. */
  readonly held: Effect.Effect<ReadonlyArray<{ readonly partition: Partition; readonly count: number }>, JournalError>
  /** Receipts of this device's own commits after an arrival number, in order, at most 1,000; of one status or of all. */
  readonly receipts: (
    after: number,
    limit: number,
    status?: ReceiptStatus
  ) => Effect.Effect<ReadonlyArray<Receipt>, JournalError>
  /** The receipt of one of this device's commits. What was accepted long ago takes a walk through the journal. */
  readonly receipt: (commit: string) => Effect.Effect<Receipt | undefined, JournalError>
  /** The peer's row for an incarnation, or the one that was met last. */
  readonly peer: (peer: PeerId, incarnation?: string) => Effect.Effect<PeerRow | undefined, JournalError>
  readonly head: Effect.Effect<number, JournalError>
  readonly lastTime: Effect.Effect<HybridTime, JournalError>
  /** Head and partitions of one moment. */
  readonly partitions: Effect.Effect<
    { readonly head: number; readonly rows: ReadonlyArray<PartitionRow> },
    JournalError
  >
  /**
   * The next stretch of the feed after `after`, about `bytesMax` bytes, without what `exclude` delivered in the given
   * incarnation, or in the one that was met last.
   */
  readonly feed: (
    after: number,
    exclude: PeerId,
    bytesMax: number,
    incarnation?: string
  ) => Effect.Effect<FeedPage, JournalError>
  /**
   * What the commits after `after` changed here, in order of arrival, whoever they came from: at most `limit` commits,
   * 1 to 64, and no further one after 256 entities.
   */
  readonly changesAfter: (after: number, limit: number) => Effect.Effect<ChangePage, JournalError>
  /** Fingerprints of the 16 children of a key range, given by its prefix in hexadecimal digits. */
  readonly children: (
    partitionHash: Uint8Array,
    prefix: string
  ) => Effect.Effect<ReadonlyArray<Fingerprint>, JournalError>
  /** Entities of a key range in key order, at most `limit`. */
  readonly items: (
    partitionHash: Uint8Array,
    prefix: string,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Item>, JournalError>
  /** Clocks of the named entities; unknown ones are left out. */
  readonly clocks: (keys: ReadonlyArray<ItemKey>) => Effect.Effect<ReadonlyArray<ItemClock>, JournalError>
  /** Commits, whole or part, with the events that each clock lacks, in order of arrival, about `bytesMax` bytes. */
  readonly eventsBeyond: (
    clocks: ReadonlyArray<ItemClock>,
    bytesMax: number
  ) => Effect.Effect<ReadonlyArray<FeedCommit>, JournalError>
  readonly get: (type: string, id: string) => Effect.Effect<EntityView | undefined, JournalError>
  /**
   * All live entities of an id, in the order of their partitions' hashes. More than one where devices made it with different
   * header values: by mistake, or so that one is taken for the other. Only those that are to be seen.
   */
  readonly liveOf: (type: string, id: string, sees?: Sees) => Effect.Effect<ReadonlyArray<EntityView>, JournalError>
  readonly query: (query: EntityQuery) => Effect.Effect<ReadonlyArray<EntityView>, JournalError>
  /** Bytes that the store takes for what it holds, quarantine and history included, without room in it that is free again. */
  readonly bytesHeld: Effect.Effect<number, JournalError>
  /** Number of live entities of a type. */
  readonly count: (type: string) => Effect.Effect<number, JournalError>
  /** Partitions with the number of their live entities. */
  readonly liveCounts: Effect.Effect<
    ReadonlyArray<{ readonly partition: Partition; readonly count: number }>,
    JournalError
  >
  /** All entities, live and deleted, in the order of partition hash and key: a page after a position. */
  readonly scan: (
    after: { readonly partitionHash: Uint8Array; readonly key: number; readonly id: string } | undefined,
    limit: number
  ) => Effect.Effect<ReadonlyArray<EntityView & ItemKey>, JournalError>
  /** Durable changes from now on, in order. A subscriber that lags behind 1,024 changes loses the oldest. */
  readonly changes: Stream.Stream<JournalChange>
}

export class Journal extends Context.Service<Journal, JournalShape>()("@syncline/core/journal/Journal") {}
