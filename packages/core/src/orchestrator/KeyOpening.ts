/**
 * The keys of a space as far as this device was handed them: wrapped for it, or sealed under a later one that it has; in records
 * that count, whether it came into force there or not, and in those that do not, for something may have been sealed with them meanwhile. What is done with keys is
 * decided elsewhere.
 */
import { Effect } from "effect"
import type { CharterShape } from "../charter/Charter.ts"
import type { CharterRecord } from "../charter/CharterRecord.ts"
import type { CharterKey, CharterState } from "../charter/CharterState.ts"
import type { HeldKeys } from "../crypto/KeyRing.ts"
import { type KeyOpener, tagOf, tagsIn } from "../crypto/KeyWrap.ts"
import * as SpaceKey from "../crypto/SpaceKey.ts"
import * as PeerId from "../identity/PeerId.ts"

/** Keys as far as they were opened. They stay, whatever comes to count. */
export interface Opening {
  readonly opener: KeyOpener
  readonly held: Map<SpaceKey.KeyId, SpaceKey.SpaceKey>
  /** Lists of wraps, and links to the key before, that were tried: it would be the same again. */
  readonly tried: WeakSet<Uint8Array>
  /** Links that do not lead to the key that they say. */
  readonly unsound: WeakSet<Uint8Array>
  /** Keys of which a wrap was for this device and did not open. */
  readonly spoilt: Set<SpaceKey.KeyId>
}

export const begin = (opener: KeyOpener): Opening => ({
  opener,
  held: new Map(),
  tried: new WeakSet(),
  unsound: new WeakSet(),
  spoilt: new Set()
})

/** A key as a record hands it out. */
interface Handed {
  readonly commitment: Uint8Array
  readonly wraps: ReadonlyArray<Uint8Array>
  /** The key before it, by its commitment and as it is sealed. */
  readonly link: { readonly to: Uint8Array; readonly sealed: Uint8Array } | undefined
}

/** The newest first: a later key leads to those before it. */
const handedIn = (state: CharterState, rivals: ReadonlyArray<CharterRecord>): ReadonlyArray<Handed> => {
  const keys = state.seal?.keys ?? []
  const counting = keys.map(({ before, commitment, wraps }, i): Handed => {
    const to = keys[i - 1]?.commitment
    return { commitment, wraps, link: to === undefined || before === undefined ? undefined : { to, sealed: before } }
  })
  const beside = state.keysBeside.map(({ before, behind, commitment, wraps }): Handed => ({
    commitment,
    wraps,
    link: behind === undefined || before === undefined ? undefined : { to: behind, sealed: before }
  }))
  const others = rivals.flatMap(({ operations }) =>
    operations.flatMap((operation): ReadonlyArray<Handed> => {
      if (operation._tag !== "RotateKey" && operation._tag !== "ShareKey") return []
      const { key: commitment, wraps } = operation
      const [to, sealed] = operation._tag === "RotateKey" ? [operation.behind, operation.before] : [null, null]
      return [{ commitment, wraps: [wraps], link: to === null || sealed === null ? undefined : { to, sealed } }]
    })
  )
  return [...counting, ...beside, ...others].reverse()
}

/** Opens what a charter hands to this device, beside what was opened before. */
export const open = Effect.fnUntraced(function* (
  { held, opener, spoilt, tried, unsound }: Opening,
  state: CharterState,
  rivals: ReadonlyArray<CharterRecord>
) {
  for (const { commitment, link, wraps } of handedIn(state, rivals)) {
    const id = SpaceKey.idOf(commitment)
    const fresh = held.has(id) ? [] : wraps.filter((list) => !tried.has(list))
    if (fresh.length > 0) {
      const opened = yield* opener.open(state.space, commitment, fresh)
      if (opened !== undefined) held.set(id, opened)
      else if (opener.isNamed(fresh)) spoilt.add(id)
      for (const list of fresh) tried.add(list)
    }
    const key = held.get(id)
    if (key === undefined || link === undefined || tried.has(link.sealed)) continue
    const before = SpaceKey.openBefore(key, link.to, link.sealed)
    tried.add(link.sealed)
    if (before === undefined) unsound.add(link.sealed)
    else if (!held.has(before.id)) held.set(before.id, before)
  }
})

/** The bytes of the keys, those that count last and in their order: where there are too many, the newest stay. */
export const secretsOf = ({ held }: Opening, state: CharterState): HeldKeys["keys"] => {
  const counting = (state.seal?.keys ?? []).flatMap(({ id }) => held.get(id) ?? [])
  const known = new Set(counting)
  const others = [...held.values()].filter((key) => !known.has(key))
  return [...others, ...counting].map(({ secret }) => secret)
}

/** Keys that are here and that the charter does not know, as they are those of records that do not count. */
export const unknownTo = ({ held }: Opening, { keysBeside, seal }: CharterState): ReadonlyArray<SpaceKey.SpaceKey> => {
  const known = new Set([...(seal?.keys ?? []), ...keysBeside].map(({ id }) => id))
  return [...held.values()].filter(({ id }) => !known.has(id))
}

/** The key was handed to this device, and what it was handed is not the key. */
export const isSpoilt = ({ held, spoilt }: Opening, { id }: CharterKey): boolean => spoilt.has(id) && !held.has(id)

/**
 * True where a device that was removed has the key in force, and this one has a key beside those that count which that one was not
 * given. Then something may be sealed here already that the removed one cannot read: with the key in force it would read what
 * comes behind that.
 */
export const isGoingBack = ({ held }: Opening, state: CharterState, rivals: ReadonlyArray<CharterRecord>): boolean => {
  const keys = state.seal?.keys ?? []
  const counting = new Set(keys.map(({ id }) => id))
  // Nearly always: looking at all devices is for the rest.
  if ([...held.keys()].every((id) => counting.has(id))) return false
  const present = new Set([...state.devices.keys()].map((peer) => tagOf(PeerId.toPublicKey(peer)!)))
  const left = (keys.at(-1)?.wraps ?? []).flatMap(tagsIn).filter((tag) => !present.has(tag))
  if (left.length === 0) return false
  const given = new Map<SpaceKey.KeyId, Set<string>>()
  for (const { commitment, wraps } of handedIn(state, rivals)) {
    const id = SpaceKey.idOf(commitment)
    if (!held.has(id) || counting.has(id)) continue
    given.set(id, new Set([...(given.get(id) ?? []), ...wraps.flatMap(tagsIn)]))
  }
  return [...given.values()].some((tags) => left.some((tag) => !tags.has(tag)))
}

/** All keys that a charter hands to a device, for reading, and how many of them do not open. */
export const openedIn = Effect.fnUntraced(function* (
  { rivals, state }: Pick<CharterShape, "rivals" | "state">,
  opener: KeyOpener
) {
  const opening = begin(opener)
  yield* open(opening, state(), rivals())
  const held: HeldKeys = { keys: secretsOf(opening, state()), sealing: "lacking" }
  const spoilt = (state().seal?.keys ?? []).filter((key) => isSpoilt(opening, key))
  return { held, spoilt: spoilt.length }
})
