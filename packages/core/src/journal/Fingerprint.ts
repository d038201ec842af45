/**
 * Fingerprints of sets of entities. An entity's version hash is cut into 8 lanes of 32 bits; a set's fingerprint is
 * the sum of each lane mod 2^32 with the number of entities, so sets add and subtract and an update costs one hash.
 * XOR would be forged in milliseconds; the sum of 8 lanes is not known to be (decision record 0004).
 */
import type { Author } from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import { sorted, type VectorClock } from "../identity/VectorClock.ts"

type Sha256 = (bytes: Uint8Array) => Uint8Array

/** Number of lanes. */
export const laneCount = 8

export interface Fingerprint {
  /** Entities in the set. */
  count: number
  /** Lane sums mod 2^32. */
  readonly lanes: Uint32Array
}

/** Length of an entity's version hash in bytes. */
export const versionBytes = 32

export const empty = (): Fingerprint => ({ count: 0, lanes: new Uint32Array(laneCount) })

/** Adds a version hash (`sign` 1) or takes it away (`sign` -1). */
export const accumulate = (into: Fingerprint, version: Uint8Array, sign: 1 | -1): void => {
  into.count += sign
  for (let lane = 0; lane < laneCount; lane++) {
    const at = 4 * lane
    const word = ((version[at]! << 24) | (version[at + 1]! << 16) | (version[at + 2]! << 8) | version[at + 3]!) >>> 0
    into.lanes[lane] = into.lanes[lane]! + sign * word
  }
}

/** Adds one fingerprint to another. */
export const sum = (into: Fingerprint, other: Fingerprint): void => {
  into.count += other.count
  for (let lane = 0; lane < laneCount; lane++) into.lanes[lane] = into.lanes[lane]! + other.lanes[lane]!
}

/** What goes on the wire: SHA-256 over lanes and count, cut to 16 bytes for roots and 8 inside the tree. */
export const print = (sha256: Sha256, fingerprint: Fingerprint, length: 8 | 16): Uint8Array => {
  const bytes = new Uint8Array(4 * laneCount + 8)
  const view = new DataView(bytes.buffer)
  for (let lane = 0; lane < laneCount; lane++) view.setUint32(4 * lane, fingerprint.lanes[lane]!)
  view.setBigUint64(4 * laneCount, BigInt(fingerprint.count))
  return Bytes.copy(sha256(bytes).subarray(0, length))
}

/** Version hash of an entity: its partition, id and sorted clock with heads. Compaction leaves it as it is. */
export const version = (
  sha256: Sha256,
  partitionHash: Uint8Array,
  id: string,
  clock: VectorClock,
  authorBytes: (author: Author) => Uint8Array
): Uint8Array => {
  const name = Bytes.utf8(id)
  const entries = sorted(clock)
  let offset = partitionHash.length + name.length
  let length = offset
  for (const [author, { head }] of entries) length += authorBytes(author).length + 8 + head.length
  const bytes = new Uint8Array(length)
  bytes.set(partitionHash)
  bytes.set(name, partitionHash.length)
  for (const [author, { eseq, head }] of entries) {
    const whose = authorBytes(author)
    bytes.set(whose, offset)
    writeNumber(bytes, offset + whose.length, eseq)
    bytes.set(head, offset + whose.length + 8)
    offset += whose.length + 8 + head.length
  }
  return sha256(bytes)
}

/** A whole number below 2^53 as 8 bytes, big-endian; without the allocations of a `DataView` and a bigint. */
const writeNumber = (into: Uint8Array, offset: number, number: number): void => {
  let rest = number
  for (let i = 7; i >= 0; i--) {
    into[offset + i] = rest % 256
    rest = Math.floor(rest / 256)
  }
}

/** Bits of an entity key. */
export const keyBits = 52
/** Hexadecimal digits of an entity key. */
export const keyDigits = 13

/** The place of an entity in its partition's key range: the first 52 bits of SHA-256 of its id. */
export const entityKey = (sha256: Sha256, id: string): number => {
  const hash = sha256(Bytes.utf8(id))
  const high = ((hash[0]! << 24) | (hash[1]! << 16) | (hash[2]! << 8) | hash[3]!) >>> 0
  const low = (hash[4]! << 12) | (hash[5]! << 4) | (hash[6]! >>> 4)
  return high * 2 ** 20 + low
}
