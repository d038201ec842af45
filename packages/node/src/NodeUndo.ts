/**
 * What `node.undo` takes and does: it brings the names that a program has for a commit to core, one after another.
 */
import type { Entity, History, Records } from "@syncline/core"
import { Effect } from "effect"

/** What may be undone: a commit by its id, several from the last to the first, an entry of a history, a transaction. */
export type Undoable = string | ReadonlyArray<string> | History.UndoTarget

/** Each commit by itself; what several did is told together. */
export const undo = Effect.fnUntraced(function* (
  records: Records.Records["Service"],
  target: Undoable,
  types: ReadonlyArray<Entity.EntityType>
) {
  const targets = typeof target === "string" ? [target] : Array.isArray(target) ? target.toReversed() : [target]
  const told: { commits: Array<string>; entities: Array<History.EntityReversal> } = { commits: [], entities: [] }
  for (const each of targets as ReadonlyArray<string | History.UndoTarget>) {
    const { commits, entities } = yield* records.undo(typeof each === "string" ? { commit: each } : each, types)
    told.commits.push(...commits)
    told.entities.push(...entities)
  }
  return told
})
