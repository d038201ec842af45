/**
 * A commit: the events of one local transaction in one partition, signed once by their author. This is the only
 * file that knows its encoding. What is signed and hashed are bytes as they arrived, never a re-encoding.
 *
 * The signed header carries the hash over the leaf hashes instead of the leaves themselves: a whole commit recomputes
 * them, and only a part of a commit carries them along (docs/decisions/0003). In a sealed space the events say in the
 * clear what keeping and passing on takes, and their contents are one sealed part, which every part carries whole.
 */
import type { CompressionFunctions } from "../crypto/Compression.ts"
import { compressBytesMin } from "../crypto/Compression.ts"
import { type CryptoFunctions, signatureBytes, type Signer } from "../crypto/Crypto.ts"
import type * as SpaceKey from "../crypto/SpaceKey.ts"
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import * as PeerId from "../identity/PeerId.ts"
import * as SpaceId from "../identity/SpaceId.ts"
import * as CommitHeader from "./CommitHeader.ts"
import * as Limits from "./Limits.ts"
import * as MessagePack from "./MessagePack.ts"
import * as Partition from "./Partition.ts"
import * as SealedContents from "./SealedContents.ts"

export { type CommitHeader, cachedAuthors, cachedAuthorsMax, commitVersion, unpackedBytes } from "./CommitHeader.ts"

type Header = CommitHeader.CommitHeader

/** A commit as it was received, with its header read but its events still packed. */
export interface PackedCommit {
  readonly header: Header
  readonly headerBytes: Uint8Array
  readonly signature: Uint8Array
  readonly method: number
  readonly body: Uint8Array
  /** The contents of all of its events where they are sealed; see `SealedContents`. */
  readonly sealed: Uint8Array | undefined
  /** For a part of a commit: all leaf hashes, 32 bytes each, and the places of the events that are here. */
  readonly part: { readonly leaves: Uint8Array; readonly places: ReadonlyArray<number> } | undefined
}

/** The events of a commit with their places and leaf hashes, proven to belong to its header. */
export interface CommitEvents {
  readonly events: ReadonlyArray<Uint8Array>
  readonly places: ReadonlyArray<number>
  readonly leaves: ReadonlyArray<Uint8Array>
}

const domain = Bytes.utf8("syncline/commit/v1")
const leafBytes = 32

const signedMessage = (crypto: CryptoFunctions, headerBytes: Uint8Array): Uint8Array =>
  Bytes.concat(domain, crypto.sha256(headerBytes))

/** Bytes of a random number in a commit. */
export const nonceBytes = 4

/** The number in random bytes. */
export const nonceOf = ([a = 0, b = 0, c = 0, d = 0]: Uint8Array): number =>
  ((a << 24) | (b << 16) | (c << 8) | d) >>> 0

/** Bytes of a digest. */
const digestBytes = 32
/** What stands before an event when it is hashed: what gives it its meaning, its time and its commit's random number. */
const prefixBytes = digestBytes + HybridTime.hybridTimeBytes + nonceBytes

/**
 * What a commit says that its events mean something by: an event names other authors by their places in the list. Contents that are
 * sealed are those of a whole commit, so all that it takes to open them belongs to it.
 */
export type Meaning = Pick<Header, "at" | "authors" | "count" | "group" | "partition" | "seal" | "space">

/** SHA-256 over it. Were it no part of an event's hash, one event could mean two things, and equal clocks nothing. */
export const meaningOf = (crypto: CryptoFunctions, meaning: Meaning): Uint8Array => {
  const { at, authors, count, group, partition, seal, space } = meaning
  return crypto.sha256(
    MessagePack.pack([
      SpaceId.toBytes(space),
      Partition.key(partition),
      authors.map(Author.toBytes),
      group ?? null,
      seal === undefined ? null : [seal.hash, seal.key, seal.size, count, HybridTime.toBytes(at)]
    ])
  )
}

/**
 * The hash of an event: SHA-256 over what its commit means by it, its time, its commit's random number and its bytes. So a
 * change that a restored journal makes once more, under the number that its lost original had, is another event and counts
 * beside it, and no event has two meanings.
 */
export const leaf = (
  crypto: CryptoFunctions,
  meaning: Uint8Array,
  at: HybridTime.HybridTime,
  nonce: number,
  event: Uint8Array
): Uint8Array => {
  const bytes = new Uint8Array(prefixBytes + event.length)
  bytes.set(meaning)
  bytes.set(HybridTime.toBytes(at), digestBytes)
  writeNonce(bytes, nonce)
  bytes.set(event, prefixBytes)
  return crypto.sha256(bytes)
}

const writeNonce = (bytes: Uint8Array, nonce: number): void => {
  const at = digestBytes + HybridTime.hybridTimeBytes
  bytes[at] = nonce >>> 24
  bytes[at + 1] = nonce >>> 16
  bytes[at + 2] = nonce >>> 8
  bytes[at + 3] = nonce
}

/** Leaves of events at places of a commit; its time is read once, for this is the hot path of a sync. */
const leavesOf = (
  crypto: CryptoFunctions,
  header: Pick<Header, "nonce"> & Meaning,
  events: ReadonlyArray<Uint8Array>,
  places: ReadonlyArray<number> | undefined
): ReadonlyArray<Uint8Array> => {
  const { at, nonce } = header
  const meaning = meaningOf(crypto, header)
  const time = HybridTime.toBytes(at)
  const first = time[6]! * 256 + time[7]!
  return events.map((event, i) => {
    const place = places === undefined ? i : places[i]!
    const count = first + place
    if (count > 0xffff) return leaf(crypto, meaning, HybridTime.add(at, place), nonce, event)
    const bytes = new Uint8Array(prefixBytes + event.length)
    bytes.set(meaning)
    bytes.set(time, digestBytes)
    bytes[digestBytes + 6] = count >> 8
    bytes[digestBytes + 7] = count
    writeNonce(bytes, nonce)
    bytes.set(event, prefixBytes)
    return crypto.sha256(bytes)
  })
}

/** What is to be sealed of a commit: for each event what `Event.encodeContents` gives, `null` where it has none. */
export interface Sealing {
  readonly key: SpaceKey.SpaceKey
  readonly contents: ReadonlyArray<Uint8Array | null>
}

/** What a commit says beside its events. */
export type Frame = Omit<Header, "root" | "size" | "count" | "seal">

/**
 * Encodes and signs a commit. The caller keeps the bounds of `Limits`. With `sealing` the events are outlines, and their
 * contents are sealed. An event that names one before it in the commit is encoded when that one's leaf was told to `onLeaf`.
 */
export const seal = (
  crypto: CryptoFunctions,
  compression: CompressionFunctions,
  signer: Signer,
  frame: Frame,
  made: ReadonlyArray<Uint8Array | (() => Uint8Array)>,
  sealing?: Sealing,
  onLeaf: (leaf: Uint8Array, place: number) => void = () => undefined
): { readonly bytes: Uint8Array; readonly leaves: ReadonlyArray<Uint8Array> } => {
  // Sealed first, for what is sealed is part of what the events mean.
  const sealed =
    sealing === undefined
      ? undefined
      : SealedContents.seal(crypto, compression, sealing.key, contextOf(frame), sealing.contents)
  const header = {
    ...frame,
    count: made.length,
    seal:
      sealed === undefined ? undefined : { key: sealing!.key.id, hash: crypto.sha256(sealed.bytes), size: sealed.size }
  }
  const meaning = meaningOf(crypto, header)
  const events: Array<Uint8Array> = []
  const leaves = made.map((each, place) => {
    const event = typeof each === "function" ? each() : each
    const hash = leaf(crypto, meaning, HybridTime.add(frame.at, place), frame.nonce, event)
    events.push(event)
    onLeaf(hash, place)
    return hash
  })
  const packed = MessagePack.pack(events)
  const root = crypto.sha256(Bytes.concat(...leaves))
  const headerBytes = CommitHeader.encode({ ...header, root, size: packed.length })
  const signature = signer.sign(signedMessage(crypto, headerBytes))
  const compressed = packed.length < compressBytesMin ? packed : compression.compress(packed)
  // What compressing makes longer is stored as it is: a body is never longer than its events.
  const body = compressed.length < packed.length ? compressed : packed
  const method = body === packed ? 0 : compression.method
  return { bytes: encode({ headerBytes, signature, sealed: sealed?.bytes }, method, body), leaves }
}

const contextOf = ({ at, authors, nonce }: Pick<Header, "at" | "authors" | "nonce">): Uint8Array =>
  SealedContents.contextOf(Author.toBytes(authors[0]!), HybridTime.toBytes(at), nonce)

/** The outer form: four values, one more for what is sealed, and two more for a part. */
const encode = (
  { headerBytes, sealed, signature }: Pick<PackedCommit, "headerBytes" | "sealed" | "signature">,
  method: number,
  body: Uint8Array,
  part?: PackedCommit["part"]
): Uint8Array => {
  const whole = [headerBytes, signature, method, body]
  if (sealed !== undefined) whole.push(sealed)
  return MessagePack.pack(part === undefined ? whole : [...whole, part.leaves, part.places])
}

/** A part of a commit that carries only the events at the given places. */
export const takePart = (commit: PackedCommit, whole: CommitEvents, places: ReadonlyArray<number>): Uint8Array => {
  const events = places.map((place) => whole.events[whole.places.indexOf(place)]!)
  const leaves = commit.part?.leaves ?? Bytes.concat(...whole.leaves)
  return encode(commit, 0, MessagePack.pack(events), { leaves, places })
}

/** One form of a commit with the events that it carries. */
export interface CommitForm {
  readonly bytes: Uint8Array
  /** Number of events in it. */
  readonly events: number
}

/**
 * Two forms of one commit, whole or parts, as one; `undefined` when the second has nothing that the first lacks. A part
 * carries all leaf hashes, so parts add up, and all of them together are the whole commit.
 */
export const unite = (
  compression: CompressionFunctions,
  one: Uint8Array,
  other: Uint8Array
): CommitForm | undefined => {
  const [first, second] = [open(one), open(other)]
  if (typeof first === "string" || typeof second === "string" || first.part === undefined) return undefined
  const { count } = first.header
  if (second.part === undefined) return { bytes: other, events: count }
  const events = new Map<number, Uint8Array>()
  for (const form of [first, second]) {
    const unpacked = unpackEvents(compression, form)
    if (typeof unpacked === "string") return undefined
    unpacked.places.forEach((place, index) => events.set(place, unpacked.events[index]!))
  }
  if (events.size === first.part.places.length) return undefined
  const places = [...events.keys()].sort((a, b) => a - b)
  const body = MessagePack.pack(places.map((place) => events.get(place)!))
  // Another encoder may have packed the same events into more bytes; then all of them stay a part.
  const isWhole = events.size === count && body.length === first.header.size
  return {
    bytes: encode(first, 0, body, isWhole ? undefined : { leaves: first.part.leaves, places }),
    events: events.size
  }
}

/** Reads the outer form and the header, or says what is wrong. Proves nothing yet. */
export const open = (bytes: Uint8Array): PackedCommit | string => {
  if (bytes.length > Limits.packedCommitBytesMax) return `a commit has more than ${Limits.packedCommitBytesMax} bytes`
  const outer = unpack(bytes)
  if (!Array.isArray(outer) || outer.length < 4 || outer.length > 7) return "a commit is not a list of 4 to 7"
  const [headerBytes, signature, method, body, ...more] = outer as ReadonlyArray<unknown>
  if (!(headerBytes instanceof Uint8Array)) return "a commit has no header"
  if (!(signature instanceof Uint8Array) || signature.length !== signatureBytes) return "a commit has no signature"
  if (!Number.isSafeInteger(method) || !(body instanceof Uint8Array)) return "a commit has no body"
  const header = CommitHeader.decode(headerBytes)
  if (typeof header === "string") return header
  // The signature covers the events, not how they are packed: whoever passes a commit on could make it longer.
  if (body.length > header.size) return "a commit's body is longer than its events"
  const sealed = header.seal === undefined ? undefined : more.shift()
  if (header.seal !== undefined && !isSealedPart(sealed)) return "a sealed commit has no bounded sealed part"
  if (more.length !== 0 && more.length !== 2) return "a commit has what belongs to no commit"
  const [leaves, places] = more
  const wrong = more.length === 0 ? undefined : partProblem(leaves, places, header.count)
  if (wrong !== undefined) return wrong
  return {
    header,
    headerBytes,
    signature,
    method: method as number,
    body,
    sealed: sealed as Uint8Array | undefined,
    part: more.length === 0 ? undefined : { leaves: leaves as Uint8Array, places: places as ReadonlyArray<number> }
  }
}

const isSealedPart = (sealed: unknown): boolean =>
  sealed instanceof Uint8Array && sealed.length <= SealedContents.sealedBytesMax

/** True for a commit of a later version, which cannot be read here and may be good. */
export const isNewer = (bytes: Uint8Array): boolean => {
  if (bytes.length > Limits.frameBytesMax) return false
  const outer = unpack(bytes)
  const headerBytes: unknown = Array.isArray(outer) ? outer[0] : undefined
  const fields = headerBytes instanceof Uint8Array ? unpack(headerBytes) : undefined
  const version: unknown = Array.isArray(fields) ? fields[0] : undefined
  return Number.isSafeInteger(version) && (version as number) > CommitHeader.commitVersion
}

const unpack = (bytes: Uint8Array): unknown => {
  const unpacked = MessagePack.unpack(bytes, Limits.commitDepthMax)
  return typeof unpacked === "string" ? undefined : unpacked.value
}

const partProblem = (leaves: unknown, places: unknown, count: number): string | undefined => {
  if (!(leaves instanceof Uint8Array) || leaves.length !== count * leafBytes) return "a part lacks its leaf hashes"
  if (!Array.isArray(places) || places.length === 0 || places.length > count) return "a part names no events"
  for (let i = 0; i < places.length; i++) {
    const place: unknown = places[i]
    if (!Number.isSafeInteger(place) || (place as number) >= count) return "a part names an event that is not there"
    if (i > 0 ? (place as number) <= (places[i - 1] as number) : (place as number) < 0) return "a part is not in order"
  }
  return undefined
}

/** True when the header was signed by its first author. */
export const isSignedByAuthor = (crypto: CryptoFunctions, commit: PackedCommit): boolean =>
  crypto.verify(
    PeerId.toPublicKey(Author.peer(commit.header.authors[0]!))!,
    signedMessage(crypto, commit.headerBytes),
    commit.signature
  )

/** Unpacks the events and proves that they are those of the header, or says what is wrong. */
export const openEvents = (
  crypto: CryptoFunctions,
  compression: CompressionFunctions,
  commit: PackedCommit
): CommitEvents | string => {
  const { header, sealed } = commit
  if (header.seal !== undefined && !Bytes.equals(crypto.sha256(sealed!), header.seal.hash)) {
    return "a commit's sealed part is not the one that was signed"
  }
  const unpacked = unpackEvents(compression, commit)
  if (typeof unpacked === "string") return unpacked
  const { events, places } = unpacked
  const here = leavesOf(crypto, commit.header, events, places)
  const leaves = commit.part?.leaves ?? Bytes.concat(...here)
  if (!Bytes.equals(crypto.sha256(leaves), commit.header.root)) return "a commit's events do not match its root"
  for (let i = 0; i < places.length; i++) {
    const signed = leaves.subarray(places[i]! * leafBytes, (places[i]! + 1) * leafBytes)
    if (!Bytes.equals(signed, here[i]!)) return "an event is not the one that was signed"
  }
  return { events, places, leaves: here }
}

/** The same without the proof, for what was proven when it was stored. */
export const unpackEvents = (
  compression: CompressionFunctions,
  commit: PackedCommit
): Pick<CommitEvents, "events" | "places"> | string => {
  const packed = compression.decompress(commit.method, commit.body, commit.header.size)
  if (packed === undefined || (commit.part === undefined && packed.length !== commit.header.size)) {
    return "a commit's body does not decompress to its size"
  }
  const events = unpack(packed)
  const places = commit.part?.places ?? Array.from({ length: commit.header.count }, (_, place) => place)
  if (!Array.isArray(events) || events.length !== places.length) return "a commit's events do not match its count"
  for (const event of events) if (!(event instanceof Uint8Array)) return "a commit's event is not bytes"
  return { events: events as ReadonlyArray<Uint8Array>, places }
}

/**
 * The contents of all events, by their places, for whoever has the key; `newer` for what a later version packed, `undefined`
 * for what holds none under it. Their shape is `Event`'s to check.
 */
export const openContents = (
  compression: CompressionFunctions,
  key: SpaceKey.SpaceKey,
  { header, sealed }: PackedCommit
): ReadonlyArray<Uint8Array | null> | typeof SealedContents.newer | undefined => {
  if (sealed === undefined) return undefined
  const contents = SealedContents.open(compression, key, contextOf(header), sealed, header.seal!.size)
  return typeof contents === "string" || contents?.length === header.count ? contents : undefined
}

/** Name of a commit: SHA-256 of its header, in hexadecimal. */
export const id = (crypto: CryptoFunctions, commit: PackedCommit): string =>
  Bytes.toHex(crypto.sha256(commit.headerBytes))

/** The same for stored bytes, without reading what the header says; `undefined` for what is no commit. */
export const idOf = (crypto: CryptoFunctions, bytes: Uint8Array): string | undefined => {
  const header = headerOf(bytes)
  return header === undefined ? undefined : Bytes.toHex(crypto.sha256(header))
}

/** False when a stored commit is surely of another group; the group is the last of its header. */
export const mayBeOfGroup = (bytes: Uint8Array, group: Uint8Array): boolean => {
  const header = headerOf(bytes)
  return header !== undefined && Bytes.equals(header.subarray(header.length - group.length), group)
}

/** The signed header within a commit's bytes; looking through many commits reads no more of them. */
const headerOf = (bytes: Uint8Array): Uint8Array | undefined => {
  const [list, binary, high = 0, low = 0] = bytes
  // A short list that begins with a binary of one or two length bytes: what every encoder makes of a commit.
  if ((list! & 0xf0) === 0x90 && binary === 0xc4) return bytes.subarray(3, 3 + high)
  if ((list! & 0xf0) === 0x90 && binary === 0xc5) return bytes.subarray(4, 4 + high * 256 + low)
  const packed = open(bytes)
  return typeof packed === "string" ? undefined : packed.headerBytes
}
