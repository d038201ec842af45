/**
 * The state of one entity as the fold of its events. Folding the same events gives the same state in every order
 * that keeps each event behind those it depends on; that order is checked here, not assumed. No clock, no storage.
 */
import type { Author } from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { HybridTime } from "../identity/HybridTime.ts"
import { type ClockEntry, eseqOf } from "../identity/VectorClock.ts"
import type { Dependency, Event, Replaced } from "../model/Event.ts"
import { type FieldValue, same } from "../model/FieldValue.ts"
import * as Counter from "./Counter.ts"
import { type Stamp, wins } from "./LwwRegister.ts"
import * as OrSet from "./OrSet.ts"

export interface EntityState {
  readonly clock: Map<Author, ClockEntry>
  readonly values: Map<string, FieldValue>
  readonly stamps: Map<string, Stamp>
  /** This and the sets are replaced, not written: most entities have none, and share what is empty. */
  counters: ReadonlyMap<string, number>
  sets: ReadonlyMap<string, OrSet.OrSet>
  /**
   * Names, by `eventName`, of events that others are, or say that they are, in the place of: they stand in the clock and do
   * nothing. Whether it is so only a fold can tell, and one comes with either event that meets the other; see `EntityFold`.
   */
  replaced: Set<string> | undefined
  /** Some author's events are a tree and not a chain; see `EntityFold`. */
  isForked: boolean
  isDeleted: boolean
  deletedBy: Stamp | undefined
}

/** Where an event stands in its commit: what the event itself does not say. */
export interface Origin {
  readonly at: HybridTime
  /** The commit's authors; the event's own author is the first. */
  readonly authors: ReadonlyArray<Author>
  /** First 16 bytes of the event's hash. */
  readonly hash: Uint8Array
}

/** Two writers set one field without knowing of each other; the loser stays in the history. */
export interface Conflict {
  readonly field: string
  readonly winner: Stamp
  readonly loser: Stamp
}

/**
 * What an event means for a state: new, known, missing something before it, or not to be judged by the clock alone,
 * because it is, or may be, a second event with a used number, or takes the place of one that has done something.
 */
export type Standing = "new" | "known" | "gap" | "fork"

const noCounters: EntityState["counters"] = new Map()
const noSets: EntityState["sets"] = new Map()

export const empty = (): EntityState => ({
  clock: new Map(),
  values: new Map(),
  stamps: new Map(),
  counters: noCounters,
  sets: noSets,
  replaced: undefined,
  isForked: false,
  isDeleted: false,
  deletedBy: undefined
})

/**
 * Judges an event against what was applied before. An event with an old number counts as known, unless `isDoubtful`:
 * comparing clocks has shown that something differs.
 */
export const standing = (state: EntityState, event: Event, origin: Origin, isDoubtful: boolean): Standing => {
  if (state.isForked) return "fork"
  const entry = state.clock.get(origin.authors[0]!)
  const last = entry?.eseq ?? 0
  if (event.eseq === last && !Bytes.equals(entry!.head, origin.hash)) return "fork"
  if (event.eseq < last) return isDoubtful ? "fork" : "known"
  if (event.eseq === last) return "known"
  if (event.eseq > last + 1) return isReplaced(state, origin) ? "known" : "gap"
  if (entry !== undefined && !Bytes.equals(entry.head, event.prev!)) return "fork"
  const isSeen = ([index, eseq]: Dependency): boolean => eseqOf(state.clock, origin.authors[index]!) >= eseq
  if (!event.deps.every(isSeen)) return isReplaced(state, origin) ? "known" : "gap"
  // A removal rests on the additions that it names, whether or not its writer listed their authors.
  for (const field in event.ops.r) {
    for (const [, additions] of event.ops.r[field]!) if (!additions.every(isSeen)) return "gap"
  }
  // The number that it gives for the other event may be a lie; a fold goes by the hash.
  const takesPlace = ([index, , hash]: Replaced): boolean =>
    state.replaced?.has(eventName(origin.authors[index]!, hash)) === true || state.clock.has(origin.authors[index]!)
  return event.ops.w?.some(takesPlace) === true || isReplaced(state, origin) ? "fork" : "new"
}

/** Applies an event whose standing is "new" and reports the concurrent writes that it met. */
export const apply = (state: EntityState, event: Event, origin: Origin): ReadonlyArray<Conflict> => {
  noteReplaced(state, event, origin)
  return applyNoted(state, event, origin)
}

/** The same where what is replaced was noted before. */
export const applyNoted = (state: EntityState, event: Event, origin: Origin): ReadonlyArray<Conflict> => {
  const author = origin.authors[0]!
  const stamp: Stamp = { at: origin.at, author, eseq: event.eseq, hash: origin.hash }
  const { a, c, d, r, s } = event.ops
  if (isReplaced(state, origin)) {
    state.clock.set(author, { eseq: event.eseq, head: origin.hash })
    return none
  }
  let conflicts: Array<Conflict> | undefined
  for (const field in s) {
    const conflict = setField(state, event, origin, field, s[field]!, stamp)
    if (conflict !== undefined) (conflicts ??= []).push(conflict)
  }
  if (c !== undefined) state.counters = counted(state.counters, c)
  if (r !== undefined) withdraw(state, event, origin)
  for (const field in a) for (const value of a[field]!) OrSet.add(setOf(state, field), value, author, event.eseq)
  if (d !== undefined && (state.deletedBy === undefined || wins(stamp, state.deletedBy))) {
    state.isDeleted = d
    state.deletedBy = stamp
  }
  state.clock.set(author, { eseq: event.eseq, head: origin.hash })
  return conflicts ?? none
}

const none: ReadonlyArray<Conflict> = []

/**
 * Withdraws the additions that an event removes, as far as they are there. One that another is in the place of withdraws
 * what it named, too: that one removes the same, and may name less.
 */
export const withdraw = (state: EntityState, { ops: { r } }: Event, { authors }: Origin): void => {
  for (const field in r) {
    const set = setOf(state, field)
    for (const [value, additions] of r[field]!) {
      for (const [index, number] of additions) OrSet.withdraw(set, value, authors[index]!, number)
    }
  }
}

/** Notes what an event is in the place of. To be of use it comes before what it replaces. */
export const noteReplaced = (state: EntityState, { ops: { w } }: Event, { authors }: Origin): void => {
  for (const [index, , hash] of w ?? []) (state.replaced ??= new Set()).add(eventName(authors[index]!, hash))
}

/** What tells an event from every other: its author and its hash, which covers time and content. */
export const eventName = (author: Author, hash: Uint8Array): string => `${author} ${Bytes.toHex(hash)}`

/** The parts of a name. */
export const eventNamed = (name: string): { readonly author: Author; readonly hash: Uint8Array } => {
  const [author, hash] = name.split(" ")
  return { author: author as Author, hash: Bytes.fromHex(hash!)! }
}

/** True when another event is in the place of the one that comes from there. */
export const isReplaced = ({ replaced }: EntityState, { authors, hash }: Origin): boolean =>
  replaced !== undefined && replaced.has(eventName(authors[0]!, hash))

const counted = (
  counters: EntityState["counters"],
  changes: NonNullable<Event["ops"]["c"]>
): EntityState["counters"] => {
  const after = new Map(counters)
  for (const field in changes) after.set(field, Counter.plus(after.get(field) ?? 0, changes[field]!))
  return after
}

const setOf = (state: EntityState, field: string): OrSet.OrSet => {
  let set = state.sets.get(field)
  if (set === undefined) {
    set = OrSet.empty()
    state.sets = new Map(state.sets).set(field, set)
  }
  return set
}

const setField = (
  state: EntityState,
  event: Event,
  origin: Origin,
  field: string,
  value: FieldValue,
  stamp: Stamp
): Conflict | undefined => {
  const current = state.stamps.get(field)
  const isWinner = current === undefined || wins(stamp, current)
  const isConflict = current !== undefined && !sees(event, origin, current) && !same(state.values.get(field)!, value)
  if (isWinner) {
    state.values.set(field, value)
    state.stamps.set(field, stamp)
  }
  if (!isConflict) return undefined
  return isWinner ? { field, winner: stamp, loser: current } : { field, winner: current, loser: stamp }
}

/** True when the event's writer had seen the event behind a stamp. */
const sees = (event: Event, origin: Origin, stamp: Stamp): boolean => {
  if (stamp.author === origin.authors[0]) return true
  for (const [index, eseq] of event.deps) {
    if (origin.authors[index] === stamp.author) return eseq >= stamp.eseq
  }
  return false
}
