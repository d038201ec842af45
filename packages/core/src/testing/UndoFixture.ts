/**
 * What the conformance tests of restoring and undoing are made of: changes of one note, and undoing and restoring as
 * `Records` does, without schema and rights. It judges little.
 */
import { expect } from "@effect/vitest"
import { Effect } from "effect"
import type { HybridTime } from "../identity/HybridTime.ts"
import type { UndoTarget } from "../journal/History.ts"
import type { EntityView, JournalShape } from "../journal/Journal.ts"
import type { EntityChange } from "../model/EntityChange.ts"
import { canonicalText } from "../model/FieldValue.ts"
import { change } from "./JournalFixture.ts"

export const tags = (id: string, add: ReadonlyArray<string>, dropped: ReadonlyArray<string> = []): EntityChange =>
  change(id, { kind: "patch", sets: { tags: { add, remove: dropped } } })

export const count = (id: string, by: number): EntityChange => change(id, { kind: "patch", counters: { hits: by } })

export const fieldsOf = (journal: JournalShape, id: string) =>
  Effect.map(journal.get("note", id), (view) => view?.fields)

/** Writes and gives the id of the only commit. */
export const commit = (journal: JournalShape, ...changes: ReadonlyArray<EntityChange>) =>
  Effect.map(journal.write(changes), ({ commits }) => {
    expect(commits.length).toBe(1)
    return commits[0]!
  })

/** Undoes as `Records` does, and gives what was said and the commits made. */
export const undo = Effect.fnUntraced(function* (journal: JournalShape, target: UndoTarget | string) {
  const reversal = yield* journal.reversal(typeof target === "string" ? { commit: target } : target)
  const { commits } = yield* journal.write(reversal.changes, reversal.group)
  return { commits, entities: reversal.entities }
})

export const restore = Effect.fnUntraced(function* (journal: JournalShape, id: string, time: HybridTime) {
  return yield* journal.write(yield* journal.restoration("note", id, time))
})

/** Live entities as applications see them, with what is missing, null, zero and empty told alike. */
export const shown = (journal: JournalShape) => Effect.map(journal.scan(undefined, 1000), told)

/** The same as of a time. */
export const shownAt = (journal: JournalShape, time: HybridTime) =>
  Effect.map(journal.scanAt(undefined, time, undefined, 1000), ({ entities }) => told(entities))

const told = (entities: ReadonlyArray<EntityView>): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (const { fields, id, isDeleted } of entities) {
    const kept = Object.entries(fields).filter(
      ([, value]) => value !== null && value !== 0 && canonicalText(value) !== "[]"
    )
    if (!isDeleted) found.push(`${id} ${canonicalText(Object.fromEntries(kept))}`)
  }
  return found.sort()
}
