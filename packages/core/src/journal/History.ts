/**
 * The past of a space: the part of the journal's contract that answers what became of an entity, and how entities were
 * at a time. A time means all events known here with that stamp or an earlier one, so an answer about the past changes
 * when an old commit arrives late.
 */
import type { Effect } from "effect"
import type { HybridTime } from "../identity/HybridTime.ts"
import type { HistoryEntry, HistoryPosition } from "../merge/EntityTimeline.ts"
import type * as Undo from "../merge/Undo.ts"
import type { EntityChange } from "../model/EntityChange.ts"
import type { HeaderValues, Partition } from "../model/Partition.ts"
import type { WriteError } from "../model/WriteError.ts"
import type { EntityQuery, EntityView, Sees } from "./EntityQuery.ts"
import type { JournalError } from "./JournalError.ts"

/** Largest page of a history. */
export const historyRowsMax = 1_000

export interface HistoryQuery {
  readonly type: string
  readonly id: string
  /** Which of several entities with one id is meant; without it the one that `get` reads, or would if it were live. */
  readonly partition?: Partition | undefined
  /** The page begins behind this entry, which need not be of this journal. */
  readonly before?: HistoryPosition | undefined
  /** 1 to 1,000. */
  readonly limit: number
  /** Only an entity that is to be seen is meant. Absent: any. */
  readonly sees?: Sees | undefined
}

/** Where a reading of all entities goes on. */
export interface ScanPosition {
  /** How many places of the journal's order of entities were looked at. */
  readonly after: number
  /** Arrival number of the newest commit that counts. */
  readonly head: number
}

export interface ScanPage {
  /** Live and deleted; none that did not exist at the time. May be empty before the end. */
  readonly entities: ReadonlyArray<EntityView>
  /** `undefined` at the end. */
  readonly next: ScanPosition | undefined
}

/**
 * What is to be undone: one commit, by its id or by its arrival number here, or all commits of a transaction. With both
 * names a commit is found at once; an id alone is searched for among the newest 1,000,000 commits, and so are
 * transactions of other devices and commits of which only a part is here. A transaction is that of one device: this one's
 * where it used the group, else that of the newest commit of it.
 */
export type UndoTarget =
  | { readonly commit: string; readonly lseq?: number | undefined }
  | { readonly lseq: number }
  | { readonly group: string }

/** What undoing does to one entity. */
export interface EntityReversal {
  readonly type: string
  /** The values of its header fields, which tell it from others of its id. */
  readonly header: HeaderValues
  readonly id: string
  /** Fields that are set back. */
  readonly fields: ReadonlyArray<string>
  /** What becomes of the entity as such, when that changes. */
  readonly becomes: "deleted" | "live" | undefined
  /** What stays as it is, and why. */
  readonly skipped: ReadonlyArray<Undo.Skipped>
}

/** What takes something back, as changes of entities as they are now. */
export interface Reversal {
  readonly changes: ReadonlyArray<EntityChange>
  /** The group that tells these changes to be the undo of their target. */
  readonly group: string
  readonly entities: ReadonlyArray<EntityReversal>
}

/** Most entities that one undo takes back; a larger one is refused with `UndoTooLarge`. */
export const undoEntitiesMax = 10_000

export interface HistoryReads {
  /**
   * What became of an entity, newest first in the canonical order (time, author, event hash), also of a deleted one.
   * Empty for an id that nobody made. Every page reads all of the entity's events.
   */
  readonly history: (query: HistoryQuery) => Effect.Effect<ReadonlyArray<HistoryEntry>, JournalError>
  /**
   * The entity of an id as `get` would have read it at a time, and, when it was deleted, the deleted one; `undefined`
   * when it did not exist. Of several deleted ones the one in the partition with the smaller hash.
   */
  readonly at: (type: string, id: string, time: HybridTime) => Effect.Effect<EntityView | undefined, JournalError>
  /** All entities of an id as they were at a time, live and deleted, in the order of their partitions' hashes: those that are to be seen. */
  readonly allAt: (
    type: string,
    id: string,
    time: HybridTime,
    sees?: Sees
  ) => Effect.Effect<ReadonlyArray<EntityView>, JournalError>
  /**
   * Entities of a type, or of all types, as they were at a time, in the order in which they were made here. A page looks
   * at `limit` places of that order, 1 to 1,000, whatever their type. All pages answer for the commits that the first
   * one found. An entity whose row does not tell when it changed costs the reading of all its events.
   */
  readonly scanAt: (
    type: string | undefined,
    time: HybridTime,
    after: ScanPosition | undefined,
    limit: number
  ) => Effect.Effect<ScanPage, JournalError>
  /**
   * A question answered as of a time. It reads all entities of the space, those of other types at a glance, and the
   * events of those that changed since; up to 10,000 rows of an answer cost one such reading, later rows one more for
   * each 10,000 before them. It keeps one page in memory and makes room for other work in between. A time that is not
   * before the journal's last stamp costs what `query` does.
   */
  readonly queryAt: (query: EntityQuery, time: HybridTime) => Effect.Effect<ReadonlyArray<EntityView>, JournalError>
  /**
   * The changes that make the entity of an id, of several the one whose header is named, look as it did at a time; none
   * when it looks so. Fails with `EntityNotFoundAt` when it did not exist, with `EntityAmbiguous` when several were live then
   * or are now and none is named, with `EntityInvalid` when it is deleted and the id is live in another partition by now. What is
   * not to be seen is none of them.
   */
  readonly restoration: (
    type: string,
    id: string,
    time: HybridTime,
    header?: HeaderValues,
    sees?: Sees
  ) => Effect.Effect<ReadonlyArray<EntityChange>, JournalError | WriteError>
  /**
   * The changes that take back what is still in force of a commit or transaction. Fails with `CommitNotFound` or
   * `UndoTooLarge`. It reads all events of the entities concerned. Of a transaction it takes back what is to be seen; where
   * nothing of it is, there is no such commit.
   */
  readonly reversal: (target: UndoTarget, sees?: Sees) => Effect.Effect<Reversal, JournalError | WriteError>
}
