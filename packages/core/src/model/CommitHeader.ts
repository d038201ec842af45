/**
 * The signed header of a commit: its fields and their encoding. A commit of version 2 has a sealed part beside its events;
 * its header names the key and the hash of that part. What is signed is the bytes as they were made, never a re-encoding.
 */
import * as SpaceKey from "../crypto/SpaceKey.ts"
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import * as SpaceId from "../identity/SpaceId.ts"
import * as FieldValue from "./FieldValue.ts"
import * as Limits from "./Limits.ts"
import * as MessagePack from "./MessagePack.ts"
import * as Partition from "./Partition.ts"

/** The newest version of the commit format. A later one is kept in quarantine, not guessed at. */
export const commitVersion = 2
/** The version of a commit without a sealed part. */
const plainVersion = 1

const hashBytes = 32
/** Most bytes of contents before compression: those of a commit, rounded up. */
const contentsSizeMax = Limits.commitBytesMax + Limits.commitBytesMax / 32

/** What a header says of the sealed part of its commit. */
export interface Seal {
  readonly key: SpaceKey.KeyId
  /** SHA-256 of the sealed part. */
  readonly hash: Uint8Array
  /** Bytes of the contents before compression, rounded up as `SealedContents.paddedLength` has it. */
  readonly size: number
}

export interface CommitHeader {
  readonly space: SpaceId.SpaceId
  readonly partition: Partition.Partition
  /** The author first, then the other authors that events refer to. */
  readonly authors: ReadonlyArray<Author.Author>
  /** Time of the first event; each further event is one count later. */
  readonly at: HybridTime.HybridTime
  /** A random number below 2^32: two commits with the same events and time are two. */
  readonly nonce: number
  /** Number of events, 1 to 128. */
  readonly count: number
  /** SHA-256 over the leaf hashes in order; see `Commit.leaf`. */
  readonly root: Uint8Array
  /** Bytes of the events before compression, at most 256 KiB. */
  readonly size: number
  /** There in a commit whose events' contents are sealed. */
  readonly seal: Seal | undefined
  /** Ties the commits of one large transaction together; 16 hexadecimal digits. */
  readonly group: string | undefined
}

/** The header in bytes; its group comes last, so that it can be looked for without reading the rest. */
export const encode = (header: CommitHeader): Uint8Array => {
  const { seal } = header
  return MessagePack.pack([
    seal === undefined ? plainVersion : commitVersion,
    SpaceId.toBytes(header.space),
    header.partition.type,
    header.partition.header,
    header.authors.map(Author.toBytes),
    HybridTime.toBytes(header.at),
    header.nonce,
    header.count,
    header.root,
    header.size,
    ...(seal === undefined ? [] : [Bytes.fromHex(seal.key)!, seal.hash, seal.size]),
    header.group === undefined ? null : Bytes.fromHex(header.group)!
  ])
}

/** The header in bytes, or the sentence that says what is wrong with it. */
export const decode = (bytes: Uint8Array): CommitHeader | string => {
  const unpacked = MessagePack.unpack(bytes, Limits.commitDepthMax)
  const fields = typeof unpacked === "string" ? undefined : unpacked.value
  if (!Array.isArray(fields)) return "a commit header is not a list"
  const version: unknown = fields[0]
  if (version !== plainVersion && version !== commitVersion)
    return `commit version ${String(version)} is not known here`
  const isSealed = version === commitVersion
  const length = isSealed ? 14 : 11
  if (fields.length !== length) return `a commit header is not a list of ${length}`
  const [, space, type, header, authors, at, nonce, count, root, size] = fields as ReadonlyArray<unknown>
  const [key, hash, contents] = isSealed ? (fields.slice(10, 13) as ReadonlyArray<unknown>) : []
  const group: unknown = fields[length - 1]
  if (!isBytes(space, SpaceId.spaceIdBytes)) return "a commit names no space"
  const wrong = FieldValue.nameProblem(type) ?? Partition.headerProblem(header) ?? authorsProblem(authors)
  if (wrong !== undefined) return wrong
  if (!isBytes(at, HybridTime.hybridTimeBytes)) return "a commit has no time"
  if (!isWithin(nonce, 0, 0xffff_ffff)) return "a commit has no random number"
  if (!isWithin(count, 1, Limits.eventsPerCommitMax)) return `a commit has not 1 to ${Limits.eventsPerCommitMax} events`
  if (!isBytes(root, hashBytes)) return "a commit has no root"
  if (!isWithin(size, 1, Limits.commitBytesMax)) return `a commit has more than ${Limits.commitBytesMax} bytes`
  if (isSealed && !isBytes(key, SpaceKey.keyIdBytes)) return "a sealed commit names no key"
  if (isSealed && !isBytes(hash, hashBytes)) return "a sealed commit does not name its sealed part"
  if (isSealed && !isWithin(contents, 1, contentsSizeMax)) return "a sealed commit does not say how much is sealed"
  if (group !== null && !isBytes(group, 8)) return "a commit has a malformed group"
  return {
    space: SpaceId.fromBytes(space),
    partition: { type: type as string, header: header as Partition.HeaderValues },
    authors: (authors as ReadonlyArray<Uint8Array>).map(readAuthor),
    at: HybridTime.fromBytes(at),
    nonce,
    count,
    root: Bytes.copy(root),
    size,
    seal: isSealed ? sealOf(key as Uint8Array, hash as Uint8Array, contents as number) : undefined,
    group: group === null ? undefined : Bytes.toHex(group)
  }
}

const sealOf = (key: Uint8Array, hash: Uint8Array, size: number): Seal => ({
  key: SpaceKey.idOf(key),
  hash: Bytes.copy(hash),
  size
})

/** Bytes that the events take once they are unpacked, contents included; who has no key counts alike. */
export const unpackedBytes = ({ seal, size }: Pick<CommitHeader, "seal" | "size">): number => size + (seal?.size ?? 0)

const isBytes = (value: unknown, length: number): value is Uint8Array =>
  value instanceof Uint8Array && value.length === length

const isWithin = (value: unknown, low: number, high: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= low && (value as number) <= high

const authorsProblem = (authors: unknown): string | undefined => {
  if (!Array.isArray(authors) || authors.length < 1 || authors.length > Limits.authorsPerCommitMax) {
    return "a commit names no bounded list of authors"
  }
  return authors.every((author) => isBytes(author, Author.authorBytes)) ? undefined : "a commit names no author"
}

// Writing a peer id in base58 costs microseconds and the same few authors come again with every commit.
/** Authors of commits whose text is kept; when it is full the cache starts over. */
export const cachedAuthorsMax = 1024
const authorCache = new Map<string, Author.Author>()

/** Authors of commits whose text is kept now. */
export const cachedAuthors = (): number => authorCache.size

const readAuthor = (bytes: Uint8Array): Author.Author => {
  const key = Bytes.toHex(bytes)
  const known = authorCache.get(key)
  if (known !== undefined) return known
  if (authorCache.size >= cachedAuthorsMax) authorCache.clear()
  const author = Author.fromBytes(bytes)
  authorCache.set(key, author)
  return author
}
