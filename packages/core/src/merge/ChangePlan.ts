/**
 * Changes of one entity that lead it to where its past says, cut into pieces that events can hold: what came about in
 * many small events may be too much for one. Pure; what is to become of the fields is for restoring and undoing to say.
 */
import * as Bytes from "../identity/Bytes.ts"
import type { EntityChange, Patch } from "../model/EntityChange.ts"
import { canonicalText, type FieldValue } from "../model/FieldValue.ts"
import * as Limits from "../model/Limits.ts"

/** What shall become of fields that are not as they should be. */
export interface FieldTargets {
  /** New values; null stands for a value that is missing. */
  readonly lww: Record<string, FieldValue>
  /** What is added. */
  readonly counters: Record<string, number>
  readonly sets: Record<string, { readonly add: Array<FieldValue>; readonly remove: Array<FieldValue> }>
}

export const none = (): FieldTargets => ({ lww: {}, counters: {}, sets: {} })

/** Names of the fields that change. */
export const fieldsOf = ({ counters, lww, sets }: FieldTargets): ReadonlyArray<string> => [
  ...new Set([...Object.keys(lww), ...Object.keys(counters), ...Object.keys(sets)])
]

/** JSON bytes of one piece: numbers may take three times that in an event, and an event has four times that. */
const pieceBytesMax = Limits.eventBytesMax / 4
/** Fields of one piece; far from what an event may hold. */
const pieceFieldsMax = Limits.fieldsPerEventMax / 2

/** The changes in order. An entity that is to be deleted is changed before, one that is to be revived after. */
export const changes = (
  targets: FieldTargets,
  isDeletedNow: boolean,
  isDeletedThen: boolean
): ReadonlyArray<EntityChange["change"]> => {
  const found: Array<EntityChange["change"]> = []
  if (isDeletedNow && !isDeletedThen) found.push({ kind: "put", lww: {}, counters: {}, sets: {} })
  found.push(...patches(targets))
  if (isDeletedThen && !isDeletedNow) found.push({ kind: "delete" })
  return found
}

/** The changes that make an entity, in order: one where an event can hold it, else the first with others behind it. */
export const making = (targets: FieldTargets): ReadonlyArray<EntityChange["change"]> => {
  const [first = { kind: "patch", ...none() }, ...others] = [...patches(targets), ...traces(targets)]
  const sets = Object.fromEntries(Object.entries(first.sets).map(([field, { add }]) => [field, add]))
  return [{ kind: "put", lww: first.lww, counters: first.counters, sets }, ...others]
}

/** A counter at 0 and an empty set are there because somebody has changed them, and there and back is a change. */
const traces = ({ counters, sets }: FieldTargets): ReadonlyArray<Patch> => {
  const [zero, empty] = [
    Object.keys(counters).filter((field) => counters[field] === 0),
    Object.keys(sets).filter((field) => sets[field]!.add.length === 0)
  ]
  const found: Array<Patch> = []
  for (let at = 0; at < zero.length; at += pieceFieldsMax) {
    const fields = zero.slice(at, at + pieceFieldsMax)
    for (const by of [1, -1]) {
      found.push({ kind: "patch", ...none(), counters: Object.fromEntries(fields.map((field) => [field, by])) })
    }
  }
  for (let at = 0; at < empty.length; at += pieceFieldsMax) {
    const fields = empty.slice(at, at + pieceFieldsMax)
    const [there, back] = [
      { add: [null], remove: [] },
      { add: [], remove: [null] }
    ]
    for (const change of [there, back]) {
      found.push({ kind: "patch", ...none(), sets: Object.fromEntries(fields.map((field) => [field, change])) })
    }
  }
  return found
}

interface Piece {
  readonly patch: Patch & FieldTargets
  fields: number
  bytes: number
}

const emptyPiece = (): Piece => ({ patch: { kind: "patch", ...none() }, fields: 0, bytes: 0 })

const patches = ({ counters, lww, sets }: FieldTargets): ReadonlyArray<Patch> => {
  const found: Array<Patch> = []
  let piece = emptyPiece()
  const room = (field: string, value: FieldValue, isTaken = false): Piece["patch"] => {
    const bytes = Bytes.utf8(field).length + Bytes.utf8(canonicalText(value)).length
    if (piece.fields > 0 && (isTaken || piece.fields >= pieceFieldsMax || piece.bytes + bytes > pieceBytesMax)) {
      found.push(piece.patch)
      piece = emptyPiece()
    }
    piece.fields++
    piece.bytes += bytes
    return piece.patch
  }
  for (const [field, value] of Object.entries(lww)) room(field, value).lww[field] = value
  for (const [field, whole] of Object.entries(counters)) {
    for (let left = whole; left !== 0;) {
      const by = Math.max(-Limits.counterDeltaAbsMax, Math.min(Limits.counterDeltaAbsMax, left))
      room(field, by, Object.hasOwn(piece.patch.counters, field)).counters[field] = by
      left -= by
    }
  }
  for (const [field, { add, remove }] of Object.entries(sets)) {
    const setIn = (patch: Piece["patch"]) => (patch.sets[field] ??= { add: [], remove: [] })
    for (const element of add) setIn(room(field, element)).add.push(element)
    for (const element of remove) setIn(room(field, element)).remove.push(element)
  }
  if (piece.fields > 0) found.push(piece.patch)
  return found
}
