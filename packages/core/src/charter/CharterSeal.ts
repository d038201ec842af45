/**
 * What the charter says of a sealed space: which keys there are and who was given them. Whoever manages the space puts a key
 * in force; the hub, which shall read nothing, never does. A key that can no more come into force is kept beside those that
 * were, for reading. What is wrapped, and what the keys are, is not looked at here.
 */
import { keysMax } from "../crypto/KeyRing.ts"
import * as SpaceKey from "../crypto/SpaceKey.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { PeerId } from "../identity/PeerId.ts"
import { type Named, ownerLevel } from "./CharterOperation.ts"
import type { CharterRecord } from "./CharterRecord.ts"
import {
  type CharterKey,
  type CharterState,
  type KeyBeside,
  levelOf,
  memberOf,
  type SpaceSeal
} from "./CharterState.ts"

export type SealOperation = Named<"SealSpace" | "RotateKey" | "ShareKey">

/** Times that one key may be handed out anew. */
const wrapListsMax = 4_096

/** Keys that those put in force who are no owners, at most: whoever takes them out has room for a key that they do not have. */
export const keysBelowOwnersMax = keysMax / 2

/** Keys that are handed out and that no record which counts has made. */
export const keysUnmadeMax = 64

/** The key in force. */
export const keyInForce = (seal: SpaceSeal | undefined): CharterKey | undefined => seal?.keys.at(-1)

/** Why a device that manages the space may not do this now. */
export const whyNot = (state: CharterState, signer: PeerId, operation: SealOperation): string | undefined => {
  if (operation._tag === "SealSpace") return undefined
  const { seal } = state
  if (signer === state.hub) return "the hub of a sealed space has no keys and hands out none"
  if (seal === undefined) return "the space is not sealed"
  const known = keyOf(state, operation.key)
  if (operation._tag === "ShareKey") {
    if (known === undefined) {
      const problem = `${keysUnmadeMax} keys are handed out that no record has made which counts; there are no more of them`
      return hasRoom(state) ? undefined : problem
    }
    return known.wraps.length < wrapListsMax ? undefined : "the key was handed out too often; put a new one in force"
  }
  if (known !== undefined) return "a key is put in force once"
  if (seal.keys.length >= keysMax) return `a space has at most ${keysMax} keys`
  if (seal.keys.length >= keysBelowOwnersMax && !isOwner(state, signer)) {
    return `after ${keysBelowOwnersMax} keys only an owner puts further ones in force`
  }
  const inForce = keyInForce(seal)
  const isBehind = operation.behind === null ? inForce === undefined : inForce?.id === SpaceKey.idOf(operation.behind)
  return isBehind ? undefined : "it does not stand behind the key in force"
}

/** Whether the space takes another key in force of a device, as far as their number goes. */
export const hasRoomForKey = (state: CharterState, signer: PeerId): boolean =>
  (state.seal?.keys.length ?? 0) < (isOwner(state, signer) ? keysMax : keysBelowOwnersMax)

const isOwner = (state: CharterState, signer: PeerId): boolean => {
  const member = memberOf(state, signer)
  return member !== undefined && levelOf(state, member) >= ownerLevel
}

/** A key that was in force, or is kept beside those. */
const keyOf = ({ keysBeside, seal }: CharterState, commitment: Uint8Array): CharterKey | undefined =>
  [...(seal?.keys ?? []), ...keysBeside].find((key) => Bytes.equals(key.commitment, commitment))

/** The state behind an operation that was allowed. */
export const perform = (
  state: CharterState,
  operation: SealOperation,
  { at, version }: Pick<CharterRecord, "at" | "version">
): CharterState => {
  const { seal } = state
  switch (operation._tag) {
    case "SealSpace": {
      const { periodDays, showsHistory } = operation
      return { ...state, seal: { keys: seal?.keys ?? [], periodDays, showsHistory } }
    }
    case "RotateKey": {
      const { before, key: commitment, wraps } = operation
      const id = SpaceKey.idOf(commitment)
      const key = { id, commitment, before: before ?? undefined, wraps: [wraps], since: version, at }
      return { ...state, seal: { ...seal!, keys: [...seal!.keys, key] } }
    }
    case "ShareKey":
      return keyOf(state, operation.key) === undefined
        ? keepBeside(state, operation, { at, version })
        : withWraps(state, operation)
  }
}

const hasRoom = ({ keysBeside }: CharterState): boolean =>
  keysBeside.filter(({ isMade }) => !isMade).length < keysUnmadeMax

type Handing = Named<"RotateKey" | "ShareKey">

/**
 * The state behind an operation that puts no key in force: at its turn it could be done no more, as its writer did not know of another
 * key, or it hands out one that no record has made which counts. Who was handed the key still has it. Beyond the bounds nothing is kept
 * of it.
 */
export const keepBeside = (
  state: CharterState,
  operation: Handing,
  { at, version }: Pick<CharterRecord, "at" | "version">
): CharterState => {
  const isMade = operation._tag === "RotateKey"
  const known = keyOf(state, operation.key)
  if (known !== undefined) {
    const next = isMade ? nowMade(state, operation) : state
    return known.wraps.length < wrapListsMax ? withWraps(next, operation) : next
  }
  if (state.keysBeside.length >= keysMax || !(isMade || hasRoom(state))) return state
  const { key: commitment, wraps } = operation
  const key: KeyBeside = {
    id: SpaceKey.idOf(commitment),
    commitment,
    ...standingOf(state, operation),
    isMade,
    wraps: [wraps],
    since: version,
    at
  }
  return { ...state, keysBeside: [...state.keysBeside, key] }
}

/** What a record says of where its key stands. */
const standingOf = (state: CharterState, operation: Handing): Pick<KeyBeside, "before" | "behind" | "place"> => {
  const [before, behind] = operation._tag === "RotateKey" ? [operation.before, operation.behind] : [null, null]
  return {
    before: before ?? undefined,
    behind: behind ?? undefined,
    place: behind === null ? 0 : placeOf(state, behind)
  }
}

/** A key that was handed out before the record had its turn that made it stands where that record says. */
const nowMade = (state: CharterState, operation: Handing): CharterState => {
  const isIt = ({ commitment, isMade }: KeyBeside): boolean => !isMade && Bytes.equals(commitment, operation.key)
  if (!state.keysBeside.some(isIt)) return state
  const standing = { ...standingOf(state, operation), isMade: true }
  return { ...state, keysBeside: state.keysBeside.map((key) => (isIt(key) ? { ...key, ...standing } : key)) }
}

/** Where a key stands; the first place, which has the fewest readers where the history is hidden, for one that is not known. */
const placeOf = ({ keysBeside, seal }: CharterState, commitment: Uint8Array): number => {
  const isIt = (key: CharterKey): boolean => Bytes.equals(key.commitment, commitment)
  const place = seal?.keys.findIndex(isIt) ?? -1
  return place >= 0 ? place : (keysBeside.find(isIt)?.place ?? 0)
}

const withWraps = (state: CharterState, { key: commitment, wraps }: Handing): CharterState => {
  const handed = <Key extends CharterKey>(keys: ReadonlyArray<Key>): ReadonlyArray<Key> =>
    keys.map((key) => (Bytes.equals(key.commitment, commitment) ? { ...key, wraps: [...key.wraps, wraps] } : key))
  const { keysBeside, seal } = state
  return {
    ...state,
    seal: seal === undefined ? undefined : { ...seal, keys: handed(seal.keys) },
    keysBeside: handed(keysBeside)
  }
}
