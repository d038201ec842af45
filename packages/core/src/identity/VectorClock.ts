/**
 * What a replica has of one entity: for each author the number of its last event and that event's hash.
 * Events of one author on one entity are numbered 1, 2, 3 … without holes, so an entry names an exact prefix.
 */
import type { Author } from "./Author.ts"

export interface ClockEntry {
  /** Number of the author's last applied event on this entity, from 1. */
  readonly eseq: number
  /** First 16 bytes of that event's SHA-256; of the hash over all its events when the author is forked. */
  readonly head: Uint8Array
  /** The author wrote two events under one number, so its events are a tree and not a chain. */
  readonly isForked?: boolean
}

export type VectorClock = ReadonlyMap<Author, ClockEntry>

/** Number of the last event of an author, 0 when there is none. */
export const eseqOf = (clock: VectorClock, author: Author): number => clock.get(author)?.eseq ?? 0

/** True when some author has more events in `theirs` than in `mine`. */
export const lacks = (mine: VectorClock, theirs: VectorClock): boolean => {
  for (const [author, entry] of theirs) if (entry.eseq > eseqOf(mine, author)) return true
  return false
}

/** Entries in the order of their authors, the same on every replica. */
export const sorted = (clock: VectorClock): Array<[Author, ClockEntry]> =>
  clock.size === 1 ? [...clock] : [...clock].sort(([a], [b]) => (a < b ? -1 : 1))
