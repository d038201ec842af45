/**
 * What an entity's row alone tells of its past, so that most entities need no reading of events: a row that nothing
 * later than a time has shaped is the answer, and an entity whose every event is later did not exist. Counters and sets
 * keep no times, so rows with them tell it only while the other stamps name every event.
 */
import type { HybridTime } from "../identity/HybridTime.ts"
import type { EntityRow } from "./JournalTables.ts"
import * as StateCodec from "./StateCodec.ts"

/** The row shows the entity as it was; or it did not exist; or only its events tell. */
export type Glance = "present" | "absent" | "unknown"

/** Times of the first and the last event of a commit. */
export type CommitSpan = readonly [first: HybridTime, last: HybridTime]

/** Judges a row that is not of a later commit than the newest that counts; `spanOf` is asked for its last commit. */
export const glance = (row: EntityRow, time: HybridTime, spanOf: (lseq: number) => CommitSpan | undefined): Glance => {
  const { events, hasUntimed, isRefolded, stamps } = StateCodec.times(row.state)
  if (isRefolded) return "unknown"
  if (stamps.length === events) {
    if (stamps.every((at) => at <= time)) return "present"
    return stamps.every((at) => at > time) ? "absent" : "unknown"
  }
  // A write that lost is older than the one it lost to, so no stamp later than the time means no such write.
  if (!hasUntimed && stamps.length > 0 && stamps.every((at) => at <= time)) return "present"
  if (events > 1) return "unknown"
  const span = spanOf(row.lseq)
  if (span === undefined) return "unknown"
  const [first, last] = span
  return last <= time ? "present" : first > time ? "absent" : "unknown"
}
