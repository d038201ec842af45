/**
 * The order of writes to a last-writer-wins field. It is total, so every replica keeps the same value; comparing
 * with "larger" and never "larger or equal" makes applying a write twice harmless.
 */
import type { Author } from "../identity/Author.ts"
import type { HybridTime } from "../identity/HybridTime.ts"

/** Which event wrote a value. */
export interface Stamp {
  readonly at: HybridTime
  readonly author: Author
  /** Number of the event among its author's events on the entity. */
  readonly eseq: number
  /** First 16 bytes of the event's hash; decides only between two events of a forked author. */
  readonly hash: Uint8Array
}

/** True when `candidate` was written after `current` in the total order (time, author, event hash). */
export const wins = (candidate: Stamp, current: Stamp): boolean => {
  if (candidate.at !== current.at) return candidate.at > current.at
  if (candidate.author !== current.author) return candidate.author > current.author
  for (let i = 0; i < candidate.hash.length; i++) {
    if (candidate.hash[i] !== current.hash[i]) return candidate.hash[i]! > (current.hash[i] ?? 0)
  }
  return false
}
