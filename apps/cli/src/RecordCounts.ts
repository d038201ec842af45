/**
 * How many records a journal holds, by type. Deleted ones do not count, though the journal keeps what is left of them.
 */
import type { Journal } from "@syncline/core"
import { Effect } from "effect"

export const byType = Effect.fnUntraced(function* (journal: Journal.JournalShape) {
  const { rows } = yield* journal.partitions
  const counts: Record<string, number> = {}
  for (const { partition } of rows) counts[partition.type] ??= yield* journal.count(partition.type)
  return counts
})

export const all = (journal: Journal.JournalShape) =>
  Effect.map(byType(journal), (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0))
