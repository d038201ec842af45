/**
 * An entity as it looks elsewhere, and the changes that make one look so here, whatever its size. Pure; who had written it, and when,
 * is not copied, and what its type's schema says of it is not asked.
 */
import * as EntityId from "../identity/EntityId.ts"
import type { EntityChange } from "../model/EntityChange.ts"
import * as FieldValue from "../model/FieldValue.ts"
import * as Limits from "../model/Limits.ts"
import { headerProblem, type Partition } from "../model/Partition.ts"
import { EntityInvalid } from "../model/WriteError.ts"
import * as ChangePlan from "./ChangePlan.ts"

export interface EntityCopy {
  readonly partition: Partition
  readonly id: string
  readonly fields: { readonly [field: string]: FieldValue.FieldValue }
  /** Which of them are counters and sets. */
  readonly kinds?: { readonly [field: string]: "counter" | "orSet" } | undefined
}

/** The first thing for which it cannot be made, or `undefined`. */
export const problem = (copy: EntityCopy): EntityInvalid | undefined => {
  const { fields, id, partition } = copy
  const invalid = (field: string, wrong: string | undefined): EntityInvalid | undefined =>
    wrong === undefined ? undefined : new EntityInvalid({ type: partition.type, id, field, problem: wrong })
  const whole =
    invalid("(type)", FieldValue.nameProblem(partition.type)) ??
    invalid("id", EntityId.problem(id)) ??
    invalid("header", headerProblem(partition.header))
  if (whole !== undefined) return whole
  for (const [field, value] of Object.entries(fields)) {
    const wrong = invalid(field, FieldValue.nameProblem(field) ?? valueProblem(kindOf(copy, field), value))
    if (wrong !== undefined) return wrong
  }
  return undefined
}

const kindOf = ({ kinds = {} }: EntityCopy, field: string): "counter" | "orSet" | undefined =>
  Object.hasOwn(kinds, field) ? kinds[field] : undefined

/** More than this no counter comes to by changes that keep exact. */
const counterAbsMax = Limits.counterDeltaAbsMax * 64

const valueProblem = (kind: "counter" | "orSet" | undefined, value: FieldValue.FieldValue): string | undefined => {
  if (kind === "counter") {
    const isTotal = typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= counterAbsMax
    return isTotal ? undefined : `must be a whole number of at most ${counterAbsMax} in size`
  }
  if (kind === undefined) return FieldValue.problem(value)
  if (!Array.isArray(value)) return "must be a list"
  return value.map((element: unknown) => FieldValue.problem(element)).find((wrong) => wrong !== undefined)
}

/** The changes that make it where it is not, in order. */
export const changes = (copy: EntityCopy): ReadonlyArray<EntityChange> => {
  const { fields, id, partition } = copy
  const targets = ChangePlan.none()
  for (const [field, value] of Object.entries(fields)) {
    const kind = kindOf(copy, field)
    // A header's values stand in the partition.
    if (Object.hasOwn(partition.header, field)) continue
    if (kind === "counter") targets.counters[field] = value as number
    else if (kind === "orSet") {
      targets.sets[field] = { add: [...(value as ReadonlyArray<FieldValue.FieldValue>)], remove: [] }
    } else targets.lww[field] = value
  }
  return ChangePlan.making(targets).map((change) => ({ partition, id, change }))
}
