/**
 * What is to be done about the keys of a sealed space, as one pure question on the charter: put a new key in force, or hand
 * one to devices that lack it. Everybody who manages the space comes to the same answer; who acts on it is told elsewhere.
 */
import { keyInForce } from "./CharterSeal.ts"
import type { CharterKey, CharterState, Device } from "./CharterState.ts"
import { tagOf, tagsIn } from "../crypto/KeyWrap.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import * as PeerId from "../identity/PeerId.ts"

/** Why a new key is to be put in force. */
export type RotationCause =
  /** None is. */
  | "first"
  /** Somebody has the one in force who is no device of the space any more. */
  | "removed"
  /** It is older than the space wants its keys to be. */
  | "period"

export interface KeyDuties {
  readonly rotate: RotationCause | undefined
  /** Keys, and the devices to be given each. */
  readonly share: ReadonlyArray<{ readonly key: CharterKey; readonly devices: ReadonlyArray<Device> }>
}

export const nothing: KeyDuties = { rotate: undefined, share: [] }

const dayMs = 24 * 60 * 60_000

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
export const recipients = ({ devices, hub }: CharterState): ReadonlyArray<Device> =>
  [...devices.values()].filter(({ isPaused, peer }) => !isPaused && peer !== hub)

/** What is due at a time, in milliseconds since 1970. */
export const dutiesOf = (state: CharterState, nowMs: number): KeyDuties => {
  const { seal } = state
  if (seal === undefined) return nothing
  const rotate = rotationOf(state, nowMs)
  const share = seal.keys.flatMap((key, i) => {
    const next = seal.keys[i + 1]
    // The next one leads to it; and what is to be replaced is given to nobody any more.
    if (next?.before !== undefined || (next === undefined && rotate === "removed")) return []
    const has = given(key)
    const devices = recipients(state).filter((device) => isReader(state, device, next) && !has.has(tagOfDevice(device)))
    return devices.length === 0 ? [] : [{ key, devices }]
  })
  return { rotate, share }
}

/** Whoever came when a later key was in force that hands on none does not read what was sealed before. */
const isReader = ({ members }: CharterState, device: Device, next: CharterKey | undefined): boolean =>
  next === undefined || members.get(device.member)!.since < next.since

const rotationOf = (state: CharterState, nowMs: number): RotationCause | undefined => {
  const key = keyInForce(state.seal)
  if (key === undefined) return "first"
  const present = new Set([...state.devices.values()].map(tagOfDevice))
  for (const tag of given(key)) if (!present.has(tag)) return "removed"
  const { periodDays } = state.seal!
  const isOld = periodDays !== null && HybridTime.millis(key.at) + periodDays * dayMs <= nowMs
  return isOld ? "period" : undefined
}
