/**
 * An entity's state as a row keeps it: the fields as JSON that queries read, and beside it what merging needs. Values
 * stand only in the JSON, stamps only in the other part, so one small row holds both.
 */
import type { Author } from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { HybridTime } from "../identity/HybridTime.ts"
import type { Stamp } from "../merge/LwwRegister.ts"
import * as EntityState from "../merge/EntityState.ts"
import * as OrSet from "../merge/OrSet.ts"
import type { FieldValue } from "../model/FieldValue.ts"
import * as MessagePack from "../model/MessagePack.ts"
import type { HeaderValues } from "../model/Partition.ts"
import type { FieldKinds } from "./EntityQuery.ts"

type PackedStamp = readonly [at: string, author: number, eseq: number, hash: Uint8Array | null]
type PackedSets = Record<string, ReadonlyArray<readonly [FieldValue, ReadonlyArray<readonly [number, number]>]>>
type Packed = readonly [
  clock: ReadonlyArray<readonly [author: number, eseq: number, head: Uint8Array, isForked?: true]>,
  stamps: ReadonlyArray<PackedStamp>,
  /** Fields whose stamp is not the first. */
  fieldStamps: Record<string, number> | null,
  deletion: readonly [stamp: number, isDeleted: boolean] | null,
  counters: Record<string, number> | null,
  sets: PackedSets | null,
  /** `lww` values whose name a counter, a set or a header field has taken in the JSON. */
  shadowed: Record<string, FieldValue> | null,
  /** Events that others are in the place of; there only where there are some. */
  replaced?: ReadonlyArray<readonly [author: number, hash: Uint8Array]>
]

/** Fields of an entity whose stamps are looked through; those of more are in a map. */
const scannedStampsMax = 32

/** The row's two parts. */
export const encode = (
  state: EntityState.EntityState,
  header: HeaderValues,
  authorIndex: (author: Author) => number
): { readonly state: Uint8Array; readonly value: string } => {
  const stamps: Array<PackedStamp> = []
  // Fields that were written together share a stamp, so there are few, and looking through them costs no memory.
  const places: Array<Stamp> = []
  const many = state.stamps.size > scannedStampsMax ? new Map<Stamp, number>() : undefined
  const place = (stamp: Stamp): number => {
    let at = many === undefined ? places.lastIndexOf(stamp) : (many.get(stamp) ?? -1)
    if (at < 0) {
      at = places.push(stamp) - 1
      many?.set(stamp, at)
      const head = state.clock.get(stamp.author)
      const isHead = head !== undefined && head.eseq === stamp.eseq && head.isForked !== true
      stamps.push([stamp.at, authorIndex(stamp.author), stamp.eseq, isHead ? null : stamp.hash])
    }
    return at
  }
  let fieldStamps: Record<string, number> | null = null
  let shadowed: Record<string, FieldValue> | null = null
  for (const [field, stamp] of state.stamps) {
    const at = place(stamp)
    if (at > 0) (fieldStamps ??= {})[field] = at
    if (isTaken(state, header, field)) (shadowed ??= {})[field] = state.values.get(field)!
  }
  const packed: Packed = [
    [...state.clock].map(([author, { eseq, head, isForked }]) =>
      isForked === true
        ? ([authorIndex(author), eseq, head, true] as const)
        : ([authorIndex(author), eseq, head] as const)
    ),
    stamps,
    fieldStamps,
    state.deletedBy === undefined ? null : [place(state.deletedBy), state.isDeleted],
    state.counters.size === 0 ? null : Object.fromEntries(state.counters),
    state.sets.size === 0 ? null : packSets(state.sets, authorIndex),
    shadowed
  ]
  const { replaced } = state
  const whole = replaced === undefined ? packed : [...packed, packReplaced(replaced, authorIndex)]
  return { state: MessagePack.pack(whole), value: JSON.stringify(view(state, header)) }
}

/** The fields as an application reads them: header values, `lww` values, counter totals and set elements. */
export const view = (state: EntityState.EntityState, header: HeaderValues): Record<string, FieldValue> => {
  const fields: Record<string, FieldValue> = { ...header }
  for (const [field, value] of state.values) if (!Object.hasOwn(header, field)) fields[field] = value
  for (const [field, total] of state.counters) fields[field] = total
  for (const [field, set] of state.sets) fields[field] = OrSet.elements(set)
  return fields
}

/** The state in a row that `encode` wrote. */
export const decode = (
  stateBytes: Uint8Array,
  value: string,
  header: HeaderValues,
  authorAt: (index: number) => Author
): EntityState.EntityState => {
  const packed = MessagePack.unpackOwn(stateBytes) as Packed
  const [clock, stamps, fieldStamps, deletion, counters, sets, shadowed, replaced] = packed
  const state = EntityState.empty()
  for (const [author, eseq, head, isForked] of clock) {
    const entry = { eseq, head: Bytes.copy(head) }
    state.clock.set(authorAt(author), isForked === true ? { ...entry, isForked } : entry)
    if (isForked === true) state.isForked = true
  }
  const unpacked = stamps.map(([at, author, eseq, hash]): Stamp => {
    const name = authorAt(author)
    return {
      at: at as HybridTime,
      author: name,
      eseq,
      hash: hash === null ? state.clock.get(name)!.head : Bytes.copy(hash)
    }
  })
  if (replaced !== undefined)
    state.replaced = new Set(replaced.map(([author, hash]) => EntityState.eventName(authorAt(author), hash)))
  if (counters !== null) state.counters = new Map(Object.entries(counters))
  if (sets !== null) state.sets = unpackSets(sets, authorAt)
  const fields = JSON.parse(value) as Record<string, FieldValue>
  const keep = (field: string, fieldValue: FieldValue): void => {
    state.values.set(field, fieldValue)
    const place = fieldStamps !== null && Object.hasOwn(fieldStamps, field) ? fieldStamps[field]! : 0
    state.stamps.set(field, unpacked[place]!)
  }
  for (const field in fields) if (!isTaken(state, header, field)) keep(field, fields[field]!)
  for (const field in shadowed) keep(field, shadowed[field]!)
  if (deletion !== null) {
    state.deletedBy = unpacked[deletion[0]]!
    state.isDeleted = deletion[1]
  }
  return state
}

/** How fields merge of which the JSON shows a counter or a set; `undefined` where it shows none. Reads no values. */
export const kinds = (stateBytes: Uint8Array): FieldKinds | undefined => {
  const [, , , , counters, sets] = MessagePack.unpackOwn(stateBytes) as Packed
  if (counters === null && sets === null) return undefined
  return Object.fromEntries([
    ...Object.keys(counters ?? {}).map((field) => [field, "counter"] as const),
    ...Object.keys(sets ?? {}).map((field) => [field, "orSet"] as const)
  ])
}

/** When the events of a row were, as far as it says so. */
export interface RowTimes {
  readonly events: number
  /** Times of those events whose writes are in force, each event once. */
  readonly stamps: ReadonlyArray<HybridTime>
  /** Counters or sets changed, and the row does not say when. */
  readonly hasUntimed: boolean
  /** Some events were forked or replaced, so what it says of times is not all. */
  readonly isRefolded: boolean
}

/** Reads a row's times without its values. */
export const times = (stateBytes: Uint8Array): RowTimes => {
  const [clock, stamps, , , counters, sets, , replaced] = MessagePack.unpackOwn(stateBytes) as Packed
  let events = 0
  for (const [, eseq] of clock) events += eseq
  return {
    events,
    stamps: stamps.map(([at]) => at as HybridTime),
    hasUntimed: counters !== null || sets !== null,
    isRefolded: replaced !== undefined || clock.some(([, , , isForked]) => isForked === true)
  }
}

/** True when the JSON shows something else under the name of an `lww` field. */
const isTaken = (state: EntityState.EntityState, header: HeaderValues, field: string): boolean =>
  state.counters.has(field) || state.sets.has(field) || Object.hasOwn(header, field)

const packReplaced = (replaced: ReadonlySet<string>, authorIndex: (author: Author) => number): NonNullable<Packed[7]> =>
  [...replaced].map((name) => {
    const { author, hash } = EntityState.eventNamed(name)
    return [authorIndex(author), hash]
  })

const packSets = (sets: EntityState.EntityState["sets"], authorIndex: (author: Author) => number): PackedSets => {
  const packed: PackedSets = {}
  for (const [field, set] of sets) {
    packed[field] = [...set.values()].map((element) => {
      const additions: Array<readonly [number, number]> = []
      for (const [author, numbers] of element.additions) {
        for (const eseq of numbers) additions.push([authorIndex(author), eseq])
      }
      return [element.value, additions] as const
    })
  }
  return packed
}

const unpackSets = (packed: PackedSets, authorAt: (index: number) => Author): EntityState.EntityState["sets"] => {
  const sets = new Map<string, OrSet.OrSet>()
  for (const field in packed) sets.set(field, unpackSet(packed[field]!, authorAt))
  return sets
}

const unpackSet = (packed: PackedSets[string], authorAt: (index: number) => Author): OrSet.OrSet => {
  const set = OrSet.empty()
  for (const [value, additions] of packed) {
    for (const [author, eseq] of additions) OrSet.add(set, value, authorAt(author), eseq)
  }
  return set
}
