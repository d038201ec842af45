/**
 * Writing own commits again that a wrong clock had stamped: the same operations with the present time, under the author
 * that this device writes as now. Nothing of what they say is lost.
 */
import * as HybridTime from "../identity/HybridTime.ts"
import type { EntityChange } from "../model/EntityChange.ts"
import * as Limits from "../model/Limits.ts"
import type { WriteOutcome } from "./Journal.ts"
import * as JournalWriter from "./JournalWriter.ts"
import type { OpenedCommit } from "./OpenedCommits.ts"

/** Writes the commits again in their order; they were taken out of the journal before. */
export const rewrite = (
  context: JournalWriter.WriterContext,
  commits: ReadonlyArray<OpenedCommit>,
  nowMs: number
): Pick<WriteOutcome, "commits" | "entities"> => {
  if (commits.length === 0) return { commits: [], entities: [] }
  const { tables } = context
  // The stamps that the wrong clock gave would drag every later one along.
  if (HybridTime.millis(tables.lastTime()) > nowMs + Limits.clockAheadMsMax) {
    tables.setLastTime(HybridTime.make(Math.floor(nowMs), 0))
  }
  const changes = commits.flatMap(({ decoded, packed }) =>
    decoded.map(({ entity, ops }): EntityChange => ({
      partition: packed.header.partition,
      id: entity,
      change: { kind: "rewrite", ops }
    }))
  )
  return JournalWriter.write(context, changes, nowMs)
}
