/**
 * What the charter says of a sealed space: which keys there are and who was given them. Whoever manages the space puts a key
 * in force; the hub, which shall read nothing, never does. What is wrapped, and what the keys are, is not looked at here.
 */
import { keysMax } from "../crypto/KeyRing.ts"
import * as SpaceKey from "../crypto/SpaceKey.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { Named } from "./CharterOperation.ts"
import type { CharterRecord } from "./CharterRecord.ts"
import type { CharterKey, CharterState, SpaceSeal } from "./CharterState.ts"

export type SealOperation = Named<"SealSpace" | "RotateKey" | "ShareKey">

/** Times that one key may be handed out anew. */
const wrapListsMax = 4_096

/** The key in force. */
export const keyInForce = (seal: SpaceSeal | undefined): CharterKey | undefined => seal?.keys.at(-1)

/** Why a device that manages the space may not do this now. */
export const whyNot = (state: CharterState, signer: PeerId, operation: SealOperation): string | undefined => {
  if (operation._tag === "SealSpace") return undefined
  const { seal } = state
  if (signer === state.hub) return "the hub of a sealed space has no keys and hands out none"
  if (seal === undefined) return "the space is not sealed"
  const known = keyOf(seal, operation.key)
  if (operation._tag === "ShareKey") {
    if (known === undefined) return "a key that was never in force is handed out"
    return known.wraps.length < wrapListsMax ? undefined : "the key was handed out too often; put a new one in force"
  }
  if (known !== undefined) return "a key is put in force once"
  if (seal.keys.length >= keysMax) return `a space has at most ${keysMax} keys`
  const inForce = keyInForce(seal)
  const isBehind = operation.behind === null ? inForce === undefined : inForce?.id === SpaceKey.idOf(operation.behind)
  return isBehind ? undefined : "it does not stand behind the key in force"
}

const keyOf = ({ keys }: SpaceSeal, commitment: Uint8Array): CharterKey | undefined =>
  keys.find((key) => Bytes.equals(key.commitment, commitment))

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
    case "ShareKey": {
      const keys = seal!.keys.map((key) =>
        Bytes.equals(key.commitment, operation.key) ? { ...key, wraps: [...key.wraps, operation.wraps] } : key
      )
      return { ...state, seal: { ...seal!, keys } }
    }
  }
}
