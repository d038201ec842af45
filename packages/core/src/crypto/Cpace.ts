/**
 * CPace, a balanced password-authenticated key exchange: two sides that hold the same short secret come to the same
 * key, an eavesdropper learns nothing, and who guesses has one guess for each run. Suite CPACE-RISTR255-SHA512 of
 * draft-irtf-cfrg-cpace-21; the group is that of RFC 9496. Values never come from a peer unchecked, and no intermediate
 * value leaves this file.
 */
import { ristretto255, ristretto255_hasher } from "@noble/curves/ed25519.js"
import { hmac } from "@noble/hashes/hmac.js"
import { hkdf } from "@noble/hashes/hkdf.js"
import { sha256, sha512 } from "@noble/hashes/sha2.js"
import * as Bytes from "../identity/Bytes.ts"

/** Length of a share in bytes. */
export const shareBytes = 32
/** Length of a confirmation tag in bytes. */
export const tagBytes = 64

/** Domain separation of the suite, section 8.3 of the draft. */
const suite = Bytes.utf8("CPaceRistretto255")
const keySuite = Bytes.utf8("CPaceRistretto255_ISK")
const macName = Bytes.utf8("CPaceMac")
/** Block length of SHA-512 in bytes. */
const blockBytes = 128

/** What both sides must hold alike. */
export interface CpaceInput {
  /** The short secret. */
  readonly secret: Uint8Array
  /** Names the channel and what the run is for. */
  readonly channel: Uint8Array
  /** Made by both sides for this run alone. */
  readonly session: Uint8Array
}

/** What one side says: its share, and who it says that it is. */
export interface CpaceMessage {
  readonly share: Uint8Array
  readonly associated: Uint8Array
}

/** One side of a run, from its share on. */
export interface CpaceRun {
  readonly session: Uint8Array
  readonly scalar: bigint
  readonly share: Uint8Array
}

/** Starts a run; `randomBytes` gives unpredictable bytes. */
export const begin = (randomBytes: (length: number) => Uint8Array, input: CpaceInput): CpaceRun => {
  for (;;) {
    const random = Bytes.copy(randomBytes(32))
    random[31]! &= 0x0f
    const scalar = littleEndian(random)
    if (scalar > 0n && scalar < ristretto255.Point.Fn.ORDER) return beginWith(scalar, input)
  }
}

/** A run with a scalar that is known, for the draft's vectors; real runs come from `begin`. */
export const beginWith = (scalar: bigint, { channel, secret, session }: CpaceInput): CpaceRun => {
  const generator = ristretto255_hasher.deriveToCurve!(sha512(generatorText(secret, channel, session)))
  return { session, scalar, share: generator.multiply(scalar).toBytes() }
}

const generatorText = (secret: Uint8Array, channel: Uint8Array, session: Uint8Array): Uint8Array => {
  const padding = Math.max(0, blockBytes - 1 - withLength(secret).length - withLength(suite).length)
  return lengthValues(suite, secret, new Uint8Array(padding), channel, session)
}

/**
 * The key that both sides come to, 64 bytes, or `undefined` for a share that is no element of the group or its neutral
 * one. `initiator` is the message of the side that spoke first.
 */
export const finish = (
  run: CpaceRun,
  peerShare: Uint8Array,
  initiator: CpaceMessage,
  responder: CpaceMessage
): Uint8Array | undefined => {
  const shared = product(run.scalar, peerShare)
  if (shared === undefined) return undefined
  const told = [initiator, responder].map(({ associated, share }) => lengthValues(share, associated))
  return sha512(Bytes.concat(lengthValues(keySuite, run.session, shared), ...told))
}

const product = (scalar: bigint, peerShare: Uint8Array): Uint8Array | undefined => {
  try {
    const shared = ristretto255.Point.fromBytes(peerShare).multiply(scalar)
    return shared.equals(ristretto255.Point.ZERO) ? undefined : shared.toBytes()
  } catch {
    // Not an encoding of an element.
    return undefined
  }
}

/** What one side sends to show that it came to the key, over what it had said. */
export const tag = (run: CpaceRun, key: Uint8Array, { associated, share }: CpaceMessage): Uint8Array =>
  hmac(sha512, sha512(Bytes.concat(macName, run.session, key)), lengthValues(share, associated))

/** True for the tag of that message; takes as long for one that differs. */
export const isTag = (run: CpaceRun, key: Uint8Array, message: CpaceMessage, given: Uint8Array): boolean => {
  const right = tag(run, key, message)
  if (given.length !== right.length) return false
  let differing = 0
  for (let i = 0; i < right.length; i++) differing |= given[i]! ^ right[i]!
  return differing === 0
}

/** A key for one purpose, of 1 to 8,160 bytes, from the key of a run (HKDF, RFC 5869). */
export const deriveKey = (key: Uint8Array, purpose: string, length: number): Uint8Array =>
  hkdf(sha256, key, undefined, Bytes.utf8(purpose), length)

const lengthValues = (...values: ReadonlyArray<Uint8Array>): Uint8Array => Bytes.concat(...values.map(withLength))

/** A value behind its length in LEB128. */
const withLength = (value: Uint8Array): Uint8Array => {
  const head: Array<number> = []
  let rest = value.length
  do {
    const low = rest & 0x7f
    rest >>>= 7
    head.push(rest === 0 ? low : low | 0x80)
  } while (rest > 0)
  return Bytes.concat(Uint8Array.from(head), value)
}

const littleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${Bytes.toHex(bytes.toReversed())}`)
