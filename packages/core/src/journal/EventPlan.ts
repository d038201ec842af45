/**
 * From what an application wants to the event that says so: the smallest change of the entity's present state. A
 * change that would alter nothing gives no event, so importing the same file twice writes nothing; only a mark does.
 */
import type { Author } from "../identity/Author.ts"
import { eseqOf } from "../identity/VectorClock.ts"
import * as Counter from "../merge/Counter.ts"
import { type EntityState, eventName } from "../merge/EntityState.ts"
import * as OrSet from "../merge/OrSet.ts"
import type { EntityChange, Patch, Put, Rewrite } from "../model/EntityChange.ts"
import type { Dependency, Event, Operations, Removal, Replaced } from "../model/Event.ts"
import { canonicalText, type FieldValue, same } from "../model/FieldValue.ts"
import { EntityInvalid, EntityNotFound } from "../model/WriteError.ts"

type Writable = { -readonly [K in keyof Operations]: Operations[K] }

/**
 * The event of a change, or `undefined` when nothing would change. `placeOf` gives an author's index in the commit.
 * Throws `EntityNotFound` for a patch or delete of what does not exist, `EntityInvalid` for a counter out of bounds.
 */
export const planEvent = (
  state: EntityState,
  change: EntityChange,
  author: Author,
  placeOf: (author: Author) => number
): Event | undefined => {
  const { id } = change
  if (change.change.kind === "rewrite" && isWrittenAgain(state, change.change)) return undefined
  const ops = planOperations(state, change, placeOf)
  const isMeant = state.clock.size === 0 || change.change.kind === "mark"
  if (Object.keys(ops).length === 0 && !isMeant) return undefined
  const own = state.clock.get(author)
  const deps = dependencies(state, ops, author).map((other): Dependency => [placeOf(other), eseqOf(state.clock, other)])
  return { entity: id, eseq: (own?.eseq ?? 0) + 1, prev: own?.head, deps, ops }
}

/** Other authors that an event names without need, so that readers get it behind what its writer had seen. */
const dependenciesMax = 32

/**
 * The other authors whose events the change builds on. Those whose values it overwrites or withdraws are always named:
 * conflicts and sets rely on them. The rest, in the order in which they first wrote, is named as far as the bound goes.
 */
const dependencies = (state: EntityState, ops: Operations, author: Author): ReadonlyArray<Author> => {
  const named = new Set<Author>()
  for (const field in ops.s) {
    const stamp = state.stamps.get(field)
    if (stamp !== undefined) named.add(stamp.author)
  }
  for (const field in ops.r) {
    for (const [value] of ops.r[field]!) {
      for (const [adder] of OrSet.observed(state.sets.get(field) ?? OrSet.empty(), value)) named.add(adder)
    }
  }
  if (ops.d !== undefined && state.deletedBy !== undefined) named.add(state.deletedBy.author)
  for (const other of state.clock.keys()) {
    if (named.size >= dependenciesMax) break
    named.add(other)
  }
  named.delete(author)
  return [...named]
}

const planOperations = (state: EntityState, change: EntityChange, placeOf: (author: Author) => number): Operations => {
  const exists = state.clock.size > 0 && !state.isDeleted
  if (change.change.kind === "put") {
    const ops = planPut(state, change, change.change, placeOf)
    if (state.isDeleted) ops.d = false
    return ops
  }
  if (change.change.kind === "rewrite") return planRewrite(state, change.change, placeOf)
  if (change.change.kind === "mark") return {}
  if (!exists) throw new EntityNotFound({ type: change.partition.type, id: change.id })
  return change.change.kind === "delete" ? { d: true } : planPatch(state, change.change, placeOf)
}

/** True when a copy of this journal has been faster. */
const isWrittenAgain = ({ replaced }: EntityState, { replaces }: Rewrite): boolean =>
  replaced !== undefined && replaces.some(([author, , hash]) => replaced.has(eventName(author, hash)))

/** The same operations; a removal withdraws those additions that are there now. */
const planRewrite = (
  state: EntityState,
  { ops: asked, replaces }: Rewrite,
  placeOf: (author: Author) => number
): Operations => {
  const ops: Operations = {
    ...asked,
    w: replaces.map(([author, eseq, hash]): Replaced => [placeOf(author), eseq, hash])
  }
  if (ops.r === undefined) return ops
  const r = Object.entries(ops.r).map(([field, removals]) => {
    const set = state.sets.get(field) ?? OrSet.empty()
    const again = removals.map(([value]): Removal => {
      const additions = OrSet.observed(set, value)
      return [value, additions.map(([author, eseq]): Dependency => [placeOf(author), eseq])]
    })
    return [field, again] as const
  })
  return { ...ops, r: Object.fromEntries(r) }
}

const planPut = (state: EntityState, change: EntityChange, put: Put, placeOf: (author: Author) => number): Writable => {
  const ops: Writable = {}
  const s = changedFields(state, put.lww)
  if (s !== undefined) ops.s = s
  for (const [field, total] of Object.entries(put.counters)) {
    const delta = Counter.difference(state.counters.get(field) ?? 0, total)
    if (delta === undefined) {
      const problem = "is too far from its present total for one change"
      throw new EntityInvalid({ type: change.partition.type, id: change.id, field, problem })
    }
    if (delta !== 0) ((ops.c as Record<string, number> | undefined) ?? assign(ops, "c"))[field] = delta
  }
  for (const [field, wanted] of Object.entries(put.sets)) {
    const texts = new Set(wanted.map(canonicalText))
    const present = OrSet.elements(state.sets.get(field) ?? OrSet.empty())
    const remove = present.filter((value) => !texts.has(canonicalText(value)))
    planSet(state, ops, field, wanted, remove, placeOf)
  }
  return ops
}

const planPatch = (state: EntityState, patch: Patch, placeOf: (author: Author) => number): Operations => {
  const ops: Writable = {}
  const s = changedFields(state, patch.lww)
  if (s !== undefined) ops.s = s
  const deltas = Object.entries(patch.counters).filter(([, delta]) => delta !== 0)
  if (deltas.length > 0) ops.c = Object.fromEntries(deltas)
  for (const [field, { add, remove }] of Object.entries(patch.sets)) {
    planSet(state, ops, field, add, remove, placeOf)
  }
  return ops
}

const changedFields = (
  state: EntityState,
  fields: { readonly [field: string]: FieldValue }
): Record<string, FieldValue> | undefined => {
  let changed: Record<string, FieldValue> | undefined
  for (const field in fields) {
    const current = state.values.get(field)
    if (current === undefined || !same(current, fields[field]!)) (changed ??= {})[field] = fields[field]!
  }
  return changed
}

const planSet = (
  state: EntityState,
  ops: Writable,
  field: string,
  add: ReadonlyArray<FieldValue>,
  remove: ReadonlyArray<FieldValue>,
  placeOf: (author: Author) => number
): void => {
  const set = state.sets.get(field) ?? OrSet.empty()
  const added = add.filter((value) => OrSet.observed(set, value).length === 0)
  const removals: Array<Removal> = []
  for (const value of remove) {
    const additions = OrSet.observed(set, value)
    if (additions.length > 0) removals.push([value, additions.map(([author, eseq]) => [placeOf(author), eseq])])
  }
  if (added.length > 0) ((ops.a as Record<string, unknown> | undefined) ?? assign(ops, "a"))[field] = added
  if (removals.length > 0) ((ops.r as Record<string, unknown> | undefined) ?? assign(ops, "r"))[field] = removals
}

const assign = (ops: Writable, kind: "a" | "c" | "r"): Record<string, unknown> => {
  const made: Record<string, never> = {}
  ops[kind] = made
  return made
}
