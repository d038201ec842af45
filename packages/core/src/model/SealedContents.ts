/**
 * The sealed part of a commit: what its events do to fields, as one list that only holders of the space's key can read.
 * It is compressed before it is sealed, and padded so that its length tells little. Which events they are, whom they rest
 * on and that they delete stays outside, for whoever has no key keeps and passes on what it cannot read.
 */
import { type CompressionFunctions, compressBytesMin } from "../crypto/Compression.ts"
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import * as SpaceKey from "../crypto/SpaceKey.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as Limits from "./Limits.ts"
import * as MessagePack from "./MessagePack.ts"
import * as MessagePackScan from "./MessagePackScan.ts"

/** Compression method, length before compression and length after it. */
const prefixBytes = 1 + 4 + 4
/** Most bytes of a sealed part: contents that do not shrink, their padding and what sealing adds. */
export const sealedBytesMax = Limits.commitBytesMax + Limits.commitBytesMax / 32 + 256

/**
 * The length with its low bits rounded up, so that of all lengths up to L only about log L are seen, for at most 12 % more.
 * Source: PADMÉ, Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", 2019.
 */
export const paddedLength = (length: number): number => {
  if (length < 2) return length
  const exponent = Math.floor(Math.log2(length))
  const lowBits = exponent - (Math.floor(Math.log2(exponent)) + 1)
  if (lowBits <= 0) return length
  const unit = 2 ** lowBits
  return Math.ceil(length / unit) * unit
}

/** A sealed part, and how many bytes its contents have before compression, rounded up. */
export interface Sealed {
  readonly bytes: Uint8Array
  readonly size: number
}

/** Seals the contents of a commit's events, bound to `context`: encoded operations for each, `null` where it has none. */
export const seal = (
  crypto: Pick<CryptoFunctions, "randomBytes">,
  compression: CompressionFunctions,
  key: SpaceKey.SpaceKey,
  context: Uint8Array,
  contents: ReadonlyArray<Uint8Array | null>
): Sealed => {
  const packed = MessagePack.pack(contents)
  const compressed = packed.length < compressBytesMin ? packed : compression.compress(packed)
  const isSmaller = compressed.length < packed.length
  const body = isSmaller ? compressed : packed
  const bytes = new Uint8Array(paddedLength(prefixBytes + body.length))
  const view = new DataView(bytes.buffer)
  view.setUint8(0, isSmaller ? compression.method : 0)
  view.setUint32(1, packed.length)
  view.setUint32(5, body.length)
  bytes.set(body, prefixBytes)
  return { bytes: SpaceKey.seal(crypto, key, "contents", context, bytes), size: paddedLength(packed.length) }
}

/** What a later version packed in a way that is not known here. */
export const newer = "newer"

/**
 * The contents of all events under this key, `newer` for what a later version packed, or `undefined` for what holds none. Their
 * values are counted as those of events in the clear are, so they take no more than those could.
 */
export const open = (
  compression: CompressionFunctions,
  key: SpaceKey.SpaceKey,
  context: Uint8Array,
  sealed: Uint8Array,
  sizeMax: number = Limits.commitBytesMax
): ReadonlyArray<Uint8Array | null> | typeof newer | undefined => {
  const bytes = SpaceKey.open(key, "contents", context, sealed)
  if (bytes === undefined || bytes.length < prefixBytes) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const [method, size, length] = [view.getUint8(0), view.getUint32(1), view.getUint32(5)]
  if (method > compressionMethodMax) return newer
  if (size > sizeMax || length > size || prefixBytes + length > bytes.length) return undefined
  const packed = compression.decompress(method, bytes.subarray(prefixBytes, prefixBytes + length), size)
  if (packed === undefined || packed.length !== size) return undefined
  const unpacked = MessagePack.unpack(packed, 1)
  if (typeof unpacked === "string" || !Array.isArray(unpacked.value)) return undefined
  const contents = unpacked.value as ReadonlyArray<unknown>
  return areContents(contents) ? contents : undefined
}

/** The compression methods that this version knows: none, and Zstandard. */
const compressionMethodMax = 1

const areContents = (contents: ReadonlyArray<unknown>): contents is ReadonlyArray<Uint8Array | null> => {
  const budget = { nodes: Limits.commitNodesMax }
  return contents.every((each) => {
    if (each === null) return true
    return each instanceof Uint8Array && MessagePackScan.problem(each, Limits.eventDepthMax, budget) !== "crowded"
  })
}

/**
 * What a sealed part is bound to: it cannot be used at another time or under another author. The events are bound to it, by
 * their hashes.
 */
export const contextOf = (author: Uint8Array, at: Uint8Array, nonce: number): Uint8Array => {
  const number = new Uint8Array(4)
  new DataView(number.buffer).setUint32(0, nonce)
  return Bytes.concat(author, at, number)
}
