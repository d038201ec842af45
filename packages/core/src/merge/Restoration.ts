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

/** A field that is held as one merge kind now and was held as another then. */
export interface OtherKind {
  readonly field: string
  readonly is: string
  readonly was: string
}

/**
 * The first field that no change can lead back, because what is written to it as one kind shows in the place of what the
 * other has; nothing when there is none.
 */
export const otherKind = (now: EntityState, then: EntityState): OtherKind | undefined => {
  if (then.isDeleted) return undefined
  for (const names of [then.values, then.counters, then.sets]) {
    for (const field of names.keys()) {
      const [is, was] = [kindOf(now, field), kindOf(then, field)]
      if (is !== undefined && was !== undefined && is !== was) return { field, is, was }
    }
  }
  return undefined
}

/** As what a field shows: as in a row, a set goes before a counter and a counter before a value. */
const kindOf = ({ counters, sets, values }: EntityState, field: string): string | undefined => {
  if (sets.has(field)) return "orSet"
  if (counters.has(field)) return "counter"
  return values.has(field) ? "lww" : undefined
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
