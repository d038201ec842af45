/**
 * A segment of a mailbox: commits as they are sent over a link, in the order in which they came to their owner's device. It
 * says whose it is and where it stands; whether that is so the owner's head says, which names it by its hash. Its length is
 * rounded up, so that it tells little of what is inside.
 */
import * as Bytes from "../identity/Bytes.ts"
import * as SpaceId from "../identity/SpaceId.ts"
import * as MessagePack from "../model/MessagePack.ts"
import { paddedLength } from "../model/SealedContents.ts"

export interface MailboxSegment {
  readonly space: SpaceId.SpaceId
  readonly commits: ReadonlyArray<Uint8Array>
}

const version = 1
const lengthBytes = 4
/** Lists in lists: the commits in the segment. */
const depthMax = 2
/** Commits of one segment. */
export const segmentCommitsMax = 8_192

/** What is before the padding of any file says how long it is without. */
export const padded = (packed: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(paddedLength(lengthBytes + packed.length))
  new DataView(bytes.buffer).setUint32(0, packed.length)
  bytes.set(packed, lengthBytes)
  return bytes
}

/** The same without the padding; `undefined` for what is too short. */
export const unpadded = (bytes: Uint8Array): Uint8Array | undefined => {
  if (bytes.length < lengthBytes) return undefined
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0)
  return length > bytes.length - lengthBytes ? undefined : bytes.subarray(lengthBytes, lengthBytes + length)
}

export const encode = ({ commits, space }: MailboxSegment): Uint8Array =>
  padded(MessagePack.pack([version, SpaceId.toBytes(space), commits]))

/** The segment in bytes, or the sentence that says what is wrong with it. */
export const decode = (bytes: Uint8Array): MailboxSegment | string => {
  const packed = unpadded(bytes)
  if (packed === undefined) return "a segment is cut short"
  const unpacked = MessagePack.unpack(packed, depthMax, { nodes: segmentCommitsMax + 16 })
  if (typeof unpacked === "string") return `a segment is ${unpacked}`
  const decoded = unpacked.value
  if (!Array.isArray(decoded) || decoded[0] !== version) return "a segment is of a later version"
  const [, space, commits] = decoded as ReadonlyArray<unknown>
  if (!(space instanceof Uint8Array) || space.length !== SpaceId.spaceIdBytes) return "a segment names no space"
  if (!Array.isArray(commits) || !commits.every((commit) => commit instanceof Uint8Array)) {
    return "a segment holds something else than commits"
  }
  return { space: SpaceId.fromBytes(space), commits: (commits as ReadonlyArray<Uint8Array>).map(Bytes.copy) }
}
