/**
 * How often somebody may try to sign in. Attempts are counted by name and by address before anything is hashed, in the store, so that neither
 * a restart nor many attempts at once give more of them; names that nobody has are counted as well. It checks no password.
 */
import type { HubStore } from "@syncline/node/hub"
import * as Secret from "./Secret.ts"

/** Attempts that fail before somebody has to wait. */
export const freeMax = 5
const delayMsMin = 1_000
export const delayMsMax = 15 * 60_000
/** Attempts are forgotten a day after the last. */
export const forgetMs = 24 * 60 * 60_000
/** From so many attempts on the delay is the longest. */
const countedMax = 15

/** Under what attempts are counted. */
export interface Keys {
  readonly name: string | undefined
  readonly address: string
}

/** Of somebody who tries from an address, under a name where there is one. An address of IPv6 counts with its network, as one machine has all of it. */
export const keysOf = (remote: string, name?: string): Keys => ({
  name: name === undefined ? undefined : Secret.hashOf(`name:${name}`),
  address: Secret.hashOf(`address:${networkOf(remote)}`)
})

/** An address of IPv4, or the first 64 bits of one of IPv6. */
export const networkOf = (remote: string): string => {
  const bare = remote.split("%", 1)[0]!.toLowerCase()
  if (!bare.includes(":")) return bare
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1]
  if (mapped !== undefined) return mapped
  const [front = "", back] = bare.split("::", 2)
  const head = front === "" ? [] : front.split(":")
  const tail = back === undefined || back === "" ? [] : back.split(":")
  const gap = back === undefined ? [] : Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => "0")
  const groups = [...head, ...gap, ...tail].slice(0, 4)
  return `${groups.map((group) => group.replace(/^0+(?=.)/, "")).join(":")}::/64`
}

/** Counts an attempt, or gives the milliseconds that whoever tries has to wait first. */
export const begin = (rows: HubStore.HubRows, { address, name }: Keys, nowMs: number): number | undefined => {
  const keys = name === undefined ? [address] : [name, address]
  const waitMs = Math.max(...keys.map((key) => waitOf(rows, key, nowMs)))
  if (waitMs > 0) return waitMs
  for (const key of keys) rows.throttle.bump(key, nowMs, forgetMs)
  return undefined
}

const waitOf = (rows: HubStore.HubReads, key: string, nowMs: number): number => {
  const known = rows.throttle.get(key)
  if (known === undefined || known.count < freeMax || nowMs - known.lastMs >= forgetMs) return 0
  const delayMs = Math.min(delayMsMin * 2 ** Math.min(known.count - freeMax, countedMax), delayMsMax)
  // A clock that was ahead and is right again makes nobody wait longer.
  return Math.min(known.lastMs + delayMs - nowMs, delayMs)
}

/** The attempt was right: the name is free again, and of the address no more than this attempt is forgotten. */
export const succeed = (rows: HubStore.HubRows, { address, name }: Keys): void => {
  if (name !== undefined) rows.throttle.clear(name)
  takeBack(rows, address)
}

/** The attempt came to nothing, through nobody's fault. */
export const forget = (rows: HubStore.HubRows, { address, name }: Keys): void => {
  if (name !== undefined) takeBack(rows, name)
  takeBack(rows, address)
}

const takeBack = ({ throttle }: HubStore.HubRows, key: string): void => {
  const known = throttle.get(key)
  if (known === undefined) return
  throttle.clear(key)
  const left = Math.min(known.count - 1, freeMax + countedMax)
  for (let at = 0; at < left; at++) throttle.bump(key, known.lastMs, forgetMs)
}
