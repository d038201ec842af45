/**
 * Hybrid logical time: wall-clock milliseconds with a counter, so that a stamp is larger than all stamps its
 * writer had seen (Kulkarni et al., "Logical Physical Clocks", 2014). It reads no clock itself.
 */
import type { Brand } from "effect"
import * as Bytes from "./Bytes.ts"

/** 16 hexadecimal digits: 48 bits of milliseconds since 1970, 16 bits of counter. Texts compare as times. */
export type HybridTime = string & Brand.Brand<"HybridTime">

/** Length of the raw form in bytes. */
export const hybridTimeBytes = 8

const counterMax = 0xffff
const millisMax = 0xffff_ffff_ffff

/** Before every stamp. */
export const zero = "0000000000000000" as HybridTime

/** From milliseconds (0 to 2^48 - 1) and counter (0 to 65535). */
export const make = (millis: number, counter: number): HybridTime =>
  (millis.toString(16).padStart(12, "0") + counter.toString(16).padStart(4, "0")) as HybridTime

/** Milliseconds since 1970. */
export const millis = (time: HybridTime): number => Number.parseInt(time.slice(0, 12), 16)

/** The stamp `steps` (0 or more) counts later; a full counter carries into the milliseconds. */
export const add = (time: HybridTime, steps: number): HybridTime => {
  if (steps === 0) return time
  const counter = Number.parseInt(time.slice(12), 16) + steps
  if (counter <= counterMax) return (time.slice(0, 12) + counter.toString(16).padStart(4, "0")) as HybridTime
  return make(Math.min(millis(time) + Math.floor(counter / (counterMax + 1)), millisMax), counter % (counterMax + 1))
}

/** The next stamp of a writer: after `last`, and not before the wall clock. A clock set back never lowers it. */
export const next = (last: HybridTime, wallMillis: number): HybridTime => {
  const wall = make(Math.min(Math.max(0, Math.floor(wallMillis)), millisMax), 0)
  return wall > last ? wall : add(last, 1)
}

/** Raw form, big-endian, which sorts as bytes. */
export const toBytes = (time: HybridTime): Uint8Array => Bytes.fromHex(time)!

/** From the raw form; the caller has checked its length. */
export const fromBytes = (bytes: Uint8Array): HybridTime => Bytes.toHex(bytes) as HybridTime
