/**
 * What became of one entity, event by event: all of its events in the canonical order, each with what it changed and
 * what stood there before. An event that lost against one its writer had not seen stands at its place in time like any
 * other. Pure; finding the events is the journal's business.
 */
import type { Author } from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { HybridTime } from "../identity/HybridTime.ts"
import type { FieldValue } from "../model/FieldValue.ts"
import { counting, inOrder, type PlacedEvent } from "./EntityFold.ts"
import * as EntityState from "./EntityState.ts"

/** An event and the commit that brought it. */
export interface CommittedEvent extends PlacedEvent {
  /** Id of its commit in hexadecimal. */
  readonly commit: string
  /** Arrival number of that commit in this journal. */
  readonly lseq: number
  /** What ties the commit to others of one transaction; 16 hexadecimal digits. */
  readonly group: string | undefined
  /** What it does to fields cannot be read here, and may be later. */
  readonly isLocked?: boolean
}

/** A place in the canonical order of an entity's events: time, author, event. */
export interface HistoryPosition {
  readonly at: HybridTime
  readonly author: Author
  /** First 16 bytes of the event's SHA-256 in hexadecimal. */
  readonly event: string
}

/** What an event did to one field. */
export type FieldChange =
  | {
      readonly kind: "lww"
      readonly field: string
      readonly value: FieldValue
      /** What the field held just before in the canonical order; `undefined` when it held nothing. */
      readonly previous: FieldValue | undefined
      /** The writer had not seen the previous value, and wrote another one. */
      readonly isConflict: boolean
    }
  | { readonly kind: "counter"; readonly field: string; readonly by: number }
  | {
      readonly kind: "orSet"
      readonly field: string
      readonly added: ReadonlyArray<FieldValue>
      readonly removed: ReadonlyArray<FieldValue>
    }

/** One event of an entity's history. */
export interface HistoryEntry extends HistoryPosition {
  /** Id of its commit in hexadecimal; `undo` takes it. */
  readonly commit: string
  /** Arrival number of that commit in this journal; other journals have other numbers. */
  readonly lseq: number
  /** Ties the commits of one transaction together; 16 hexadecimal digits. */
  readonly group: string | undefined
  readonly kind: "created" | "changed" | "deleted" | "revived"
  readonly changes: ReadonlyArray<FieldChange>
}

/** Entries newest first, at most `limit`, before a place in the order when one is given. */
export const entries = (
  events: ReadonlyArray<CommittedEvent>,
  before: HistoryPosition | undefined,
  limit: number,
  sha256: (bytes: Uint8Array) => Uint8Array
): ReadonlyArray<HistoryEntry> => {
  // What was written again stands there in its later form only, so that entries add up to the present; they say the same.
  const ordered = counting(inOrder(events), sha256)
  let end = ordered.length
  while (before !== undefined && end > 0 && !isBefore(positionOf(ordered[end - 1]!), before)) end--
  const state = EntityState.empty()
  const page: Array<HistoryEntry> = []
  for (let i = 0; i < end; i++) {
    const placed = ordered[i]!
    const isShown = i >= end - limit
    const previous = isShown ? previousValues(state, placed) : undefined
    const conflicts = EntityState.applyNoted(state, placed.event, placed.origin)
    if (previous !== undefined) page.push(entryOf(placed, i === 0, previous, conflicts))
  }
  return page.reverse()
}

const positionOf = ({ origin }: PlacedEvent): HistoryPosition => ({
  at: origin.at,
  author: origin.authors[0]!,
  event: Bytes.toHex(origin.hash)
})

const isBefore = (a: HistoryPosition, b: HistoryPosition): boolean => {
  if (a.at !== b.at) return a.at < b.at
  if (a.author !== b.author) return a.author < b.author
  return a.event < b.event
}

const previousValues = (
  { values }: EntityState.EntityState,
  { event }: PlacedEvent
): ReadonlyMap<string, FieldValue | undefined> =>
  new Map(Object.keys(event.ops.s ?? {}).map((field) => [field, values.get(field)]))

const entryOf = (
  placed: CommittedEvent,
  isFirst: boolean,
  previous: ReadonlyMap<string, FieldValue | undefined>,
  conflicts: ReadonlyArray<EntityState.Conflict>
): HistoryEntry => {
  const { a = {}, c = {}, r = {}, s = {} } = placed.event.ops
  const changes: Array<FieldChange> = []
  for (const [field, value] of Object.entries(s)) {
    const isConflict = conflicts.some((conflict) => conflict.field === field)
    changes.push({ kind: "lww", field, value, previous: previous.get(field), isConflict })
  }
  for (const [field, by] of Object.entries(c)) changes.push({ kind: "counter", field, by })
  for (const field of new Set([...Object.keys(a), ...Object.keys(r)])) {
    const removed = (r[field] ?? []).map(([value]) => value)
    changes.push({ kind: "orSet", field, added: a[field] ?? [], removed })
  }
  const { commit, group, lseq } = placed
  return { ...positionOf(placed), commit, lseq, group, kind: kindOf(placed, isFirst), changes }
}

const kindOf = ({ event }: PlacedEvent, isFirst: boolean): HistoryEntry["kind"] => {
  if (event.ops.d !== undefined) return event.ops.d ? "deleted" : "revived"
  return isFirst ? "created" : "changed"
}
