/**
 * What is to be done about the keys of a sealed space, as one pure question on the charter: put a new key in force, or hand
 * one to devices that lack it. Everybody who manages the space comes to the same answer; who acts on it is told elsewhere.
 */
import { managingLevel, type Named } from "./CharterOperation.ts"
import type { CharterRecord } from "./CharterRecord.ts"
import { hasRoomForKey, keyInForce, keysUnmadeMax } from "./CharterSeal.ts"
import {
  type CharterKey,
  type CharterState,
  type Device,
  type KeyBeside,
  levelOf,
  type SpaceSeal
} from "./CharterState.ts"
import { tagOf, tagsIn } from "../crypto/KeyWrap.ts"
import type * as SpaceKey from "../crypto/SpaceKey.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import * as PeerId from "../identity/PeerId.ts"

/** Why a new key is to be put in force. */
export type RotationCause =
  /** None is. */
  | "first"
  /** Somebody has the one in force who is no device of the space any more. */
  | "removed"
  /** The one in force was replaced by one that does not count any more: whoever it was replaced for has it. */
  | "undone"
  /** Nobody who could hand on the one in force has it. */
  | "lost"
  /** Somebody came since, and the space hides from newcomers what was written before. */
  | "joined"
  /** It is older than the space wants its keys to be. */
  | "period"

export interface KeyDuties {
  readonly rotate: RotationCause | undefined
  /** Keys, and the devices to be given each. */
  readonly share: ReadonlyArray<{ readonly key: CharterKey; readonly devices: ReadonlyArray<Device> }>
}

export const nothing: KeyDuties = { rotate: undefined, share: [] }

const dayMs = 24 * 60 * 60_000
/** How far ahead of this clock a key may be dated, in milliseconds, for its date to be believed. */
const aheadMsMax = dayMs

// Hashing names for wraps costs microseconds, and a charter's devices are asked about with each of its records.
const tags = new WeakMap<Device, string>()

/** By what the device finds its wraps. */
const tagOfDevice = (device: Device): string => {
  let tag = tags.get(device)
  if (tag === undefined) tags.set(device, (tag = tagOf(PeerId.toPublicKey(device.peer)!)))
  return tag
}

/** Who was given a key. */
const given = ({ wraps }: CharterKey): ReadonlySet<string> => new Set(wraps.flatMap(tagsIn))

/** Devices that are given a new key: all but the hub, which shall read nothing, and paused ones, which get nothing. */
const recipients = ({ devices, hub }: CharterState): ReadonlyArray<Device> =>
  [...devices.values()].filter(({ isPaused, peer }) => !isPaused && peer !== hub)

/** True for a device that may put keys in force, and hand them on. */
export const isKeeper = (state: CharterState, device: Device | undefined): boolean => {
  const member = device === undefined ? undefined : state.members.get(device.member)
  if (state.unread !== undefined) return false
  if (member === undefined || device!.isPaused || device!.peer === state.hub) return false
  return levelOf(state, member) >= managingLevel
}

/** The same devices, those that must not lack it first: the one that asks, and who else can hand it on. */
export const inTurn = (
  state: CharterState,
  devices: ReadonlyArray<Device>,
  self: PeerId.PeerId
): ReadonlyArray<Device> => {
  const turnOf = (device: Device): number => (device.peer === self ? 0 : isKeeper(state, device) ? 1 : 2)
  return [0, 1, 2].flatMap((turn) => devices.filter((device) => turnOf(device) === turn))
}

/** The devices that a new key is made for, in their turn. */
export const recipientsInTurn = (state: CharterState, self: PeerId.PeerId): ReadonlyArray<Device> =>
  inTurn(state, recipients(state), self)

/** Nobody who could hand it on was given it: it can only be replaced. */
export const isLost = (state: CharterState, key: CharterKey): boolean => {
  const has = given(key)
  return !recipients(state).some((device) => isKeeper(state, device) && has.has(tagOfDevice(device)))
}

/**
 * True where a known record that does not count put a key behind this one, or, without one in force, any key, or where such a key
 * is kept beside those that were in force: then something is sealed with that key, and whoever it was made against may have
 * the earlier one.
 */
export const isUndone = (
  rivals: ReadonlyArray<CharterRecord>,
  inForce: CharterKey | undefined,
  keysBeside: ReadonlyArray<KeyBeside>
): boolean =>
  keysBeside.some(
    ({ behind }) => inForce === undefined || (behind !== undefined && Bytes.equals(behind, inForce.commitment))
  ) ||
  rivals.some(({ operations }) =>
    operations.some((operation) => {
      if (operation._tag !== "RotateKey" || inForce === undefined) return operation._tag === "RotateKey"
      return operation.behind !== null && Bytes.equals(operation.behind, inForce.commitment)
    })
  )

/** By what a space is sealed again whose sealing does not count any more: as the last of those that do not had it. */
export const sealingAgain = (rivals: ReadonlyArray<CharterRecord>): Named<"SealSpace"> =>
  rivals.flatMap(({ operations }) => operations).findLast((operation) => operation._tag === "SealSpace") ?? {
    _tag: "SealSpace",
    showsHistory: false,
    periodDays: null
  }

/**
 * What is due at a time, in milliseconds since 1970. A device that has both keys knows of a link from one to the other that
 * it is not sound; then the earlier one is handed out as if there were none. `rivals`: known records that do not count. Where they
 * sealed the space, and it is not sealed by what counts, a first key is due, and the sealing before it. `unknown`: keys that the asking
 * device has, if it may hand them on, and that the charter does not know.
 */
export const dutiesOf = (
  state: CharterState,
  nowMs: number,
  rivals: ReadonlyArray<CharterRecord> = [],
  isUnsound: (before: Uint8Array) => boolean = () => false,
  unknown: ReadonlyArray<SpaceKey.SpaceKey> = []
): KeyDuties => {
  const { keysBeside, seal } = state
  if (seal === undefined) return isUndone(rivals, undefined, keysBeside) ? { rotate: "first", share: [] } : nothing
  const { readers, readersBeside, newcomers } = readersOf(state, seal, rivals)
  const rotate = rotationOf(state, newcomers, nowMs, rivals)
  const lacking = (key: CharterKey, devices: ReadonlyArray<Device>) => {
    const has = given(key)
    const some = devices.filter((device) => !has.has(tagOfDevice(device)))
    return some.length === 0 ? [] : [{ key, devices: some }]
  }
  const share = seal.keys.flatMap((key, i) => {
    const next = seal.keys[i + 1]
    // The next one leads to it; and what is to be replaced is given to nobody any more.
    const isLed = next?.before !== undefined && !isUnsound(next.before)
    if (isLed || (next === undefined && (rotate === "removed" || rotate === "undone")) || isLost(state, key)) return []
    return lacking(key, readers(i))
  })
  // No key leads to them for good; nothing is sealed with them any more, so whoever else has them is no matter.
  const kept = [...keysBeside.filter((key) => !isLost(state, key)), ...unmade(state, unknown)]
  const beside = seal.keys.length === 0 ? [] : kept
  return { rotate, share: [...share, ...beside.flatMap((key) => lacking(key, readersBeside(key)))] }
}

/** Keys that no record made which counts, as they would stand in the charter, as far as there is room for them. */
const unmade = ({ keysBeside, version }: CharterState, keys: ReadonlyArray<SpaceKey.SpaceKey>) => {
  const room = keysUnmadeMax - keysBeside.filter(({ isMade }) => !isMade).length
  const made = keys.map(({ commitment, id }): KeyBeside => {
    const standing = { before: undefined, behind: undefined, place: 0, isMade: false }
    return { id, commitment, ...standing, wraps: [], since: version, at: HybridTime.zero }
  })
  return made.slice(0, Math.max(0, room))
}

/** Who may read what was sealed with each key, and who is there and may not with the one in force. */
const readersOf = (state: CharterState, { keys, showsHistory }: SpaceSeal, rivals: ReadonlyArray<CharterRecord>) => {
  const all = recipients(state)
  const havingOf = (key: CharterKey): ReadonlyArray<Device> => {
    const has = given(key)
    return all.filter((device) => has.has(tagOfDevice(device)))
  }
  const readers = (at: number): ReadonlyArray<Device> => {
    // Whoever may read with a key may with all that it hands on.
    let i = at
    while (keys[i + 1]?.before !== undefined) i++
    const [key, next] = [keys[i]!, keys[i + 1]]
    const sinceOf = ({ member }: Device): number => state.members.get(member)!.since
    if (showsHistory) return all.filter((device) => next === undefined || sinceOf(device) < next.since)
    const having = new Set(havingOf(key).map(({ member }) => member))
    return all.filter((device) => sinceOf(device) <= key.since || having.has(device.member))
  }
  const readersBeside = (key: KeyBeside): ReadonlyArray<Device> => {
    const members = new Set([...readers(key.place), ...havingOf(key)].map(({ member }) => member))
    const readable = all.filter(({ member }) => members.has(member))
    return key.isMade ? readable : exceptRemoved(readable, rivals)
  }
  const last = keys.length - 1
  const newcomers = last < 0 || showsHistory ? 0 : all.length - readers(last).length
  return { readers, readersBeside, newcomers }
}

/**
 * Devices without those that known records remove, whether these count or not: a key of a record that does not may have been made
 * against them.
 */
const exceptRemoved = (devices: ReadonlyArray<Device>, rivals: ReadonlyArray<CharterRecord>): ReadonlyArray<Device> => {
  const gone = new Set<string>()
  for (const operation of rivals.flatMap(({ operations }) => operations)) {
    if (operation._tag === "RemoveMember") gone.add(operation.member)
    if (operation._tag === "RemoveDevice") gone.add(PeerId.fromPublicKey(operation.device))
  }
  return devices.filter(({ member, peer }) => !gone.has(member) && !gone.has(peer))
}

/** Somebody was given it who is no device of the space any more. */
const isLeft = (state: CharterState, key: CharterKey): boolean => {
  const present = new Set([...state.devices.values()].map(tagOfDevice))
  return [...given(key)].some((tag) => !present.has(tag))
}

/** A removed device has it, and there is nobody who may put a key behind it. */
export const isLastAndLeft = (state: CharterState, key: CharterKey): boolean =>
  isLeft(state, key) && ![...state.devices.values()].some((device) => mayFollow(state, device))

/** The device may put another key in force; it may be away. */
const mayFollow = (state: CharterState, device: Device): boolean =>
  isKeeper(state, device) && hasRoomForKey(state, device.peer)

const rotationOf = (
  state: CharterState,
  newcomers: number,
  nowMs: number,
  rivals: ReadonlyArray<CharterRecord>
): RotationCause | undefined => {
  const key = keyInForce(state.seal)
  if (key === undefined) return "first"
  if (isLeft(state, key)) return "removed"
  if (isUndone(rivals, key, state.keysBeside)) return "undone"
  if (isLost(state, key)) return "lost"
  if (newcomers > 0) return "joined"
  const { keys, periodDays } = state.seal!
  if (periodDays === null) return undefined
  // A key that is dated ahead came after the one before it: its time is not known, but it is no longer ago.
  const dated = keys.findLast(({ at }) => HybridTime.millis(at) <= nowMs + aheadMsMax)
  const isOld = dated === undefined || HybridTime.millis(dated.at) + periodDays * dayMs <= nowMs
  return isOld ? "period" : undefined
}
