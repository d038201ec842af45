/**
 * What `node.undo` takes and does: it brings the names that a program has for a commit to core.
 */
import type { Entity, History, Records } from "@syncline/core"
import { type Context, Effect } from "effect"

/** What may be undone: a commit by its id, several from the last to the first, an entry of a history, a transaction. */
export type Undoable = string | ReadonlyArray<string> | History.UndoTarget

export const make =
  (
    records: Records.Records["Service"],
    types: ReadonlyArray<Entity.EntityType>,
    services: Context.Context<never>
  ): ((target: Undoable) => Promise<Records.UndoOutcome>) =>
  (target) =>
    Effect.runPromiseWith(services)(records.undoAll(targetsOf(target), types))

const targetsOf = (target: Undoable): ReadonlyArray<History.UndoTarget> => {
  if (typeof target === "string") return [{ commit: target }]
  return isList(target) ? target.map((commit) => ({ commit })).reverse() : [target]
}

const isList = (target: ReadonlyArray<string> | History.UndoTarget): target is ReadonlyArray<string> =>
  Array.isArray(target)
