/**
 * What makes an entity look as it did: fields set then are set again, counters go back by the difference, sets become
 * equal. A last-writer-wins field cannot be unset, so one that did not exist then becomes null. Pure; the header never
 * changes, and the state of the past is somebody else's to find.
 */
import type { EntityChange } from "../model/EntityChange.ts"
import { canonicalText, same } from "../model/FieldValue.ts"
import * as ChangePlan from "./ChangePlan.ts"
import type { EntityState } from "./EntityState.ts"
import * as OrSet from "./OrSet.ts"

/** What leads from one state to the look of another; none when they look alike. A deleted entity looks like any other. */
export const plan = (now: EntityState, then: EntityState): ReadonlyArray<EntityChange["change"]> => {
  const targets = ChangePlan.none()
  if (!then.isDeleted) {
    for (const field of namesOf(now.values, then.values)) {
      const value = then.values.get(field) ?? null
      if (!same(now.values.get(field) ?? null, value)) targets.lww[field] = value
    }
    for (const field of namesOf(now.counters, then.counters)) {
      const by = (then.counters.get(field) ?? 0) - (now.counters.get(field) ?? 0)
      if (by !== 0) targets.counters[field] = by
    }
    for (const field of namesOf(now.sets, then.sets)) planSet(targets, field, now.sets.get(field), then.sets.get(field))
  }
  return ChangePlan.changes(targets, now.isDeleted, then.isDeleted)
}

const namesOf = (a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): ReadonlySet<string> =>
  new Set([...a.keys(), ...b.keys()])

const planSet = (
  { sets }: ChangePlan.FieldTargets,
  field: string,
  now: OrSet.OrSet = OrSet.empty(),
  then: OrSet.OrSet = OrSet.empty()
): void => {
  const add = OrSet.elements(then).filter((value) => !now.has(canonicalText(value)))
  const remove = OrSet.elements(now).filter((value) => !then.has(canonicalText(value)))
  if (add.length + remove.length > 0) sets[field] = { add, remove }
}
