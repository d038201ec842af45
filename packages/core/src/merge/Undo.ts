/**
 * Taking back what one commit, or one transaction, did to one entity. An undo is a commit like any other; what makes it
 * known as the undo of something is its group, which is computed from what it takes back. Events that are undone, and
 * the undos themselves, count as if they had never been written, so undos can be stacked and undone again. What was
 * overwritten since stays. Pure; it plans changes and writes none.
 */
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { EntityChange } from "../model/EntityChange.ts"
import { canonicalText, type FieldValue, same } from "../model/FieldValue.ts"
import * as ChangePlan from "./ChangePlan.ts"
import * as EntityFold from "./EntityFold.ts"
import type { EntityState } from "./EntityState.ts"
import type { CommittedEvent } from "./EntityTimeline.ts"
import * as OrSet from "./OrSet.ts"

type Sha256 = (bytes: Uint8Array) => Uint8Array

/**
 * What is taken back: one commit by its id, or all commits of one transaction by their group. A group is anybody's to use, so
 * a transaction is that of one device.
 */
export type Target = { readonly commit: string } | { readonly group: string; readonly device: PeerId }

/** Why something of a target was left as it is. */
export type Because =
  /** A later write to the field is in force. */
  | "overwritten"
  /** The target created the entity, and others have changed it since: it is kept as it is. */
  | "changed"
  /** The entity is deleted, and not by the target. */
  | "deleted"
  /** The target is undone already. */
  | "undone"
  /** Without the target it looks the same. That is written all the same: what comes next is undone as if it were gone. */
  | "alike"
  /** It would be live again, and its id is live in another partition by now. */
  | "elsewhere"

export interface Skipped {
  /** `undefined` means the entity as such. */
  readonly field: string | undefined
  readonly because: Because
}

export interface EntityUndo {
  /** In order; none when nothing is to be taken back. */
  readonly changes: ReadonlyArray<EntityChange["change"]>
  readonly fields: ReadonlyArray<string>
  /** What the entity as such becomes, when that changes. */
  readonly becomes: "deleted" | "live" | undefined
  readonly skipped: ReadonlyArray<Skipped>
}

/** The group that marks commits as the undo of a target; 16 hexadecimal digits, alike on every device. */
export const groupOf = (sha256: Sha256, target: Target): string => {
  const name = "commit" in target ? `commit ${target.commit}` : `group ${target.group} of ${target.device}`
  return Bytes.toHex(sha256(Bytes.utf8(`syncline/undo/v1\n${name}`)).subarray(0, 8))
}

/** True for the events that a target consists of. */
const isOf = (target: Target, event: CommittedEvent): boolean =>
  "commit" in target
    ? event.commit === target.commit
    : event.group === target.group && deviceOf(event) === target.device

const deviceOf = ({ origin }: CommittedEvent): PeerId => Author.peer(origin.authors[0]!)

/** What undoing the target does to the entity of these events; `undefined` when none of them is of it. */
export const plan = (events: ReadonlyArray<CommittedEvent>, target: Target, sha256: Sha256): EntityUndo | undefined => {
  if (!events.some((event) => isOf(target, event))) return undefined
  const all = EntityFold.inOrder(events)
  // An event that was written again counts in its later form only.
  const ordered = EntityFold.counting(all, sha256)
  if (!ordered.some((event) => isOf(target, event))) {
    return { ...nothing, skipped: [{ field: undefined, because: "overwritten" }] }
  }
  const undos = findUndos(ordered, sha256)
  const undone = undoneEvents(ordered, undos, new Set())
  const targets = new Set(ordered.filter((event) => isOf(target, event) && !undone.has(event)))
  if (targets.size === 0) return { ...nothing, skipped: [{ field: undefined, because: "undone" }] }
  const undoneThen = undoneEvents(ordered, undos, targets)
  const before = inForce(ordered, undos, undone)
  const after = inForce(ordered, undos, undoneThen)
  const now = EntityFold.fold(all, sha256)
  if (after.length > 0 && before.length > 0 && undoneThen.has(before[0]!)) {
    return { ...nothing, skipped: [{ field: undefined, because: now.isDeleted ? "deleted" : "changed" }] }
  }
  const turning = [...before.filter((event) => undoneThen.has(event)), ...after.filter((event) => undone.has(event))]
  const turn: Turn = { now, before: replay(before), after: replay(after), own: replay([...targets]), turning }
  const lastDeletion = ordered.findLast(({ event }) => event.ops.d !== undefined)
  const isOwnDeletion = lastDeletion !== undefined && targets.has(lastDeletion)
  return assemble(now, wantedDeletion(turn, isOwnDeletion), fieldChanges(turn))
}

/** What an undo turns an entity from and to. */
interface Turn {
  /** All events, those that are undone and their undos among them. */
  readonly now: EntityState
  /** What is in force, with the targets and without. */
  readonly before: Replay
  readonly after: Replay
  /** The targets themselves. */
  readonly own: Replay
  /**
   * Events that are in force only before or only after: ordinary targets, and what targets had undone. None when another
   * undo of the same stays in force.
   */
  readonly turning: ReadonlyArray<CommittedEvent>
}

/** What is told of an entity that is not revived, because another one has its id. */
export const elsewhere: EntityUndo = {
  changes: [],
  fields: [],
  becomes: undefined,
  skipped: [{ field: undefined, because: "elsewhere" }]
}

const nothing: EntityUndo = { changes: [], fields: [], becomes: undefined, skipped: [] }

/** Something equal stands beneath the targets, or another undo of the same: they are undone, and nothing is to be seen. */
const alike: EntityUndo = {
  ...nothing,
  changes: [{ kind: "mark" }],
  skipped: [{ field: undefined, because: "alike" }]
}

type Events = ReadonlySet<CommittedEvent>
type Undos = ReadonlyMap<CommittedEvent, ReadonlyArray<CommittedEvent>>

/** For each event the events that were written to undo it. */
const findUndos = (ordered: ReadonlyArray<CommittedEvent>, sha256: Sha256): Undos => {
  const byGroup = new Map<string, Array<CommittedEvent>>()
  for (const event of ordered) {
    if (event.group === undefined) continue
    const alike = byGroup.get(event.group)
    if (alike === undefined) byGroup.set(event.group, [event])
    else alike.push(event)
  }
  const undos = new Map<CommittedEvent, ReadonlyArray<CommittedEvent>>()
  if (byGroup.size === 0) return undos
  for (const event of ordered) {
    const { commit, group } = event
    const ofCommit = byGroup.get(groupOf(sha256, { commit })) ?? []
    const ofGroup = group === undefined ? [] : (byGroup.get(groupOf(sha256, { group, device: deviceOf(event) })) ?? [])
    if (ofCommit.length + ofGroup.length > 0) undos.set(event, [...ofCommit, ...ofGroup])
  }
  return undos
}

/** The events that are undone, by an undo that is not undone itself; those of `also` count as undone. */
const undoneEvents = (ordered: ReadonlyArray<CommittedEvent>, undos: Undos, also: Events): Events => {
  const undone = new Set(also)
  // An undo is stamped after what it takes back, so whether it is undone itself is known before it is asked for.
  for (let i = ordered.length - 1; i >= 0; i--) {
    const event = ordered[i]!
    if (undos.get(event)?.some((undo) => !undone.has(undo)) === true) undone.add(event)
  }
  return undone
}

const inForce = (
  ordered: ReadonlyArray<CommittedEvent>,
  undos: Undos,
  undone: Events
): ReadonlyArray<CommittedEvent> => {
  const written = new Set([...undos.values()].flat())
  return ordered.filter((event) => !undone.has(event) && !written.has(event))
}

/** Something and the event that made it so. */
interface Made<A> {
  readonly value: A
  readonly by: CommittedEvent
}

/** What events add up to, with the last word on everything. */
interface Replay {
  readonly count: number
  readonly values: ReadonlyMap<string, Made<FieldValue>>
  readonly counters: ReadonlyMap<string, number>
  /** By field and canonical text: whether the element is in the set. */
  readonly elements: ReadonlyMap<string, ReadonlyMap<string, Made<boolean>>>
  readonly additions: ReadonlySet<string>
  readonly deletion: Made<boolean> | undefined
}

const replay = (events: ReadonlyArray<CommittedEvent>): Replay => {
  const values = new Map<string, Made<FieldValue>>()
  const counters = new Map<string, number>()
  const elements = new Map<string, Map<string, Made<boolean>>>()
  const additions = new Set<string>()
  let deletion: Made<boolean> | undefined
  for (const by of events) {
    const { a, c, d, r, s } = by.event.ops
    if (a !== undefined) additions.add(additionOf(by.origin.authors[0]!, by.event.eseq))
    const touch = (field: string, element: FieldValue, value: boolean): void => {
      const known = elements.get(field) ?? new Map<string, Made<boolean>>()
      elements.set(field, known.set(canonicalText(element), { value, by }))
    }
    for (const field in s) values.set(field, { value: s[field]!, by })
    for (const field in c) counters.set(field, (counters.get(field) ?? 0) + c[field]!)
    for (const field in r) for (const [element] of r[field]!) touch(field, element, false)
    for (const field in a) for (const element of a[field]!) touch(field, element, true)
    if (d !== undefined) deletion = { value: d, by }
  }
  return { count: events.length, values, counters, elements, additions, deletion }
}

/** Whether the entity shall be deleted; "overwritten" when a later word is in force, `undefined` when it is no matter. */
const wantedDeletion = (
  { after, before, turning }: Turn,
  isOwnDeletion: boolean
): boolean | "overwritten" | undefined => {
  if (after.count === 0) return true
  const wanted = after.deletion?.value ?? false
  if (before.count === 0 || isOwnDeletion) return wanted
  if (!turning.some(({ event }) => event.ops.d !== undefined)) return undefined
  return before.deletion?.by === after.deletion?.by ? "overwritten" : wanted
}

/** What becomes of the fields that the turning events touched. */
interface FieldChanges extends ChangePlan.FieldTargets {
  readonly overwritten: Set<string>
}

const fieldChanges = (turn: Turn): FieldChanges => {
  const { after, before, now, turning } = turn
  // Of an entity of which nothing is in force no counter should stand anywhere; two undos of its creation leave one low.
  const counted = before.count === 0 ? now.counters : before.counters
  const changes: FieldChanges = { ...ChangePlan.none(), overwritten: new Set() }
  const additions = new Set([...turn.own.additions, ...replay(turning).additions])
  const seen = new Set<string>()
  for (const { event } of turning) {
    const { a, c, r, s } = event.ops
    for (const field in s) undoValue(changes, turn, field)
    for (const field in c) {
      const by = (after.counters.get(field) ?? 0) - (counted.get(field) ?? 0)
      if (by !== 0) changes.counters[field] = by
    }
    const touched = [
      ...Object.entries(r ?? {}).flatMap(([field, removals]) => removals.map(([value]) => [field, value] as const)),
      ...Object.entries(a ?? {}).flatMap(([field, added]) => added.map((value) => [field, value] as const))
    ]
    for (const [field, element] of touched) {
      const name = `${field}\n${canonicalText(element)}`
      if (!seen.has(name)) undoElement(changes, turn, additions, field, element)
      seen.add(name)
    }
  }
  if (turning.length === 0 && before.count > 0) undoExcess(changes, turn)
  return changes
}

const undoValue = ({ lww, overwritten }: FieldChanges, { after, before, now }: Turn, field: string): void => {
  const [had, has] = [before.values.get(field), after.values.get(field)]
  const value = has?.value ?? null
  if (had?.by === has?.by) overwritten.add(field)
  else if (!same(now.values.get(field) ?? null, value)) lww[field] = value
}

/** Of counters that two undos of the same took back twice, one of them gives back what it took too much. */
const undoExcess = ({ counters }: FieldChanges, { before, now, own }: Turn): void => {
  for (const [field, by] of own.counters) {
    const excess = (now.counters.get(field) ?? 0) - (before.counters.get(field) ?? 0)
    if (excess * by > 0) counters[field] = -Math.sign(by) * Math.min(Math.abs(by), Math.abs(excess))
  }
}

const additionOf = (author: Author.Author, eseq: number): string => `${author} ${eseq}`

const undoElement = (
  { overwritten, sets }: FieldChanges,
  { after, before, now }: Turn,
  additions: ReadonlySet<string>,
  field: string,
  element: FieldValue
): void => {
  const text = canonicalText(element)
  const had = before.elements.get(field)?.get(text)
  const has = after.elements.get(field)?.get(text)
  const live = OrSet.observed(now.sets.get(field) ?? OrSet.empty(), element).map(([by, eseq]) => additionOf(by, eseq))
  // An addition outlives a removal that had not seen it, wherever that stands in the order.
  const isKept = live.some((addition) => after.additions.has(addition))
  const isTargets = !isKept && live.some((addition) => additions.has(addition))
  if (had?.by === has?.by && !isTargets) {
    overwritten.add(field)
    return
  }
  const isWanted = isKept || has?.value === true
  if (isWanted === live.length > 0) return
  const change = sets[field] ?? { add: [], remove: [] }
  sets[field] = change
  if (isWanted) change.add.push(element)
  else change.remove.push(element)
}

const assemble = (
  now: EntityState,
  deletion: boolean | "overwritten" | undefined,
  { overwritten, ...targets }: FieldChanges
): EntityUndo => {
  const fields = ChangePlan.fieldsOf(targets)
  const skipped: Array<Skipped> = [...overwritten]
    .filter((field) => !fields.includes(field))
    .map((field) => ({ field, because: "overwritten" }))
  if (deletion === "overwritten") skipped.push({ field: undefined, because: "overwritten" })
  const isDeleted = typeof deletion === "boolean" ? deletion : now.isDeleted
  if (now.isDeleted && isDeleted) {
    // A deleted entity takes no changes; whoever revives it decides what it holds.
    for (const field of fields) skipped.push({ field, because: "deleted" })
    return skipped.length === 0 ? alike : { ...nothing, skipped }
  }
  const becomes = isDeleted === now.isDeleted ? undefined : isDeleted ? "deleted" : "live"
  const changes = ChangePlan.changes(targets, now.isDeleted, isDeleted)
  return changes.length + skipped.length === 0 ? alike : { changes, fields, becomes, skipped }
}
