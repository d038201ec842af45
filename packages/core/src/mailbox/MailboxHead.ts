/**
 * The head of a device in a mailbox: what of it there is for one group of readers, and what it has read of others. Its owner
 * signs it, and it counts only as the newest that a reader could open; segments that it does not name count for nothing.
 */
import type { Known } from "../charter/Charter.ts"
import type { CryptoFunctions, Signer } from "../crypto/Crypto.ts"
import { signatureBytes } from "../crypto/Crypto.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as PeerId from "../identity/PeerId.ts"
import * as SpaceId from "../identity/SpaceId.ts"
import * as MessagePack from "../model/MessagePack.ts"
import * as MailboxName from "./MailboxName.ts"
import { charterMarksMax, charterRivalsMax } from "../wire/WireMessage.ts"
import { padded, unpadded } from "./MailboxSegment.ts"

/** A file that a head names. */
export interface Named {
  /** Of the file's name. */
  readonly counter: number
  readonly hash: string
}

/** A segment of a stream: it goes on where the one before it ended. */
export interface Segment extends Named {
  /** The owner's arrival number up to which the stream goes with it. */
  readonly upto: number
}

/** What a device writes itself, and what it passes on of devices that are not here. */
export const streamNames = ["own", "relayed"] as const
export type StreamName = (typeof streamNames)[number]
export type Streams<A> = { readonly [S in StreamName]: A }

/** What the owner of a head has read of another device. */
export interface Ack {
  /** `MailboxName.ownerTag` of that device. */
  readonly owner: string
  readonly incarnation: string
  /** Of each stream the last segment's `upto`, 0 before the first. */
  readonly upto: Streams<number>
}

/** Something that the owner of a head lacks, and asks another device for. */
export interface Ask {
  /** `MailboxName.ownerTag` of who is asked. */
  readonly owner: string
  /** Grows with each question. */
  readonly number: number
  /** What the asker has of each partition that both may see: see `Prints`. */
  readonly prints: ReadonlyArray<Prints>
}

export interface Prints {
  readonly partitionHash: Uint8Array
  /** 16 bytes of the fingerprint over all of it. */
  readonly print: Uint8Array
  /** 8 bytes for each of 256 parts of the key range; empty where everything is wanted. */
  readonly parts: Uint8Array
}

/** Segments that were made for one reader alone, because it had asked. */
export interface Answer {
  readonly reader: string
  /** Of the question. */
  readonly number: number
  readonly segments: ReadonlyArray<Named>
}

/** What the owner knows of the space's charter, and records that some of the readers lacked. */
export interface HeadCharter {
  /** `Charter.digest`. */
  readonly digest: Uint8Array
  readonly known: Known
  /** Segments that hold records of the charter instead of commits. */
  readonly segments: ReadonlyArray<Named>
}

export interface MailboxHead {
  readonly space: SpaceId.SpaceId
  readonly peer: PeerId.PeerId
  /** The journal's incarnation: a copy of it counts anew. */
  readonly incarnation: string
  /** Of this file's name. */
  readonly counter: number
  /** Segments in the order in which they are to be read. */
  readonly streams: Streams<ReadonlyArray<Segment>>
  readonly acks: ReadonlyArray<Ack>
  /** 16 bytes: what the owner has of everything that this group's readers may see; empty while it has not looked. */
  readonly root: Uint8Array
  readonly asks: ReadonlyArray<Ask>
  readonly answers: ReadonlyArray<Answer>
  /** Nothing in a space without one. */
  readonly charter: HeadCharter | undefined
}

const version = 1
/** The lists of partitions in the list of questions, in the head. */
const depthMax = 6
/** Values in one head. */
const nodesMax = 65_536
/** Segments that a head names; before that the owner writes them anew as fewer. */
export const headSegmentsMax = 1_024
const domain = Bytes.utf8("syncline/mailbox-head/v1")

/** The head in bytes, signed by its owner. */
export const encode = (signer: Signer, head: MailboxHead): Uint8Array => {
  const body = bodyOf(head)
  return padded(MessagePack.pack([body, signer.sign(Bytes.concat(domain, body))]))
}

/** What is signed of a head. */
export const bodyOf = (head: MailboxHead): Uint8Array =>
  MessagePack.pack([
    version,
    SpaceId.toBytes(head.space),
    PeerId.toPublicKey(head.peer)!,
    head.incarnation,
    head.counter,
    streamNames.map((name) => head.streams[name].map(({ counter, hash, upto }) => [counter, hash, upto])),
    head.acks.map(({ incarnation, owner, upto }) => [owner, incarnation, upto.own, upto.relayed]),
    head.root,
    head.asks.map(({ number, owner, prints }) => [
      owner,
      number,
      prints.map(({ partitionHash, parts, print }) => [partitionHash, print, parts])
    ]),
    head.answers.map(({ number, reader, segments }) => [reader, number, segments.map(named)]),
    head.charter === undefined ? null : charterParts(head.charter)
  ])

const charterParts = ({ digest, known: { marks, rivals }, segments }: HeadCharter) => [
  digest,
  marks.map(([at, id]) => [at, Bytes.fromHex(id)!]),
  rivals.map((id) => Bytes.fromHex(id)!),
  segments.map(named)
]

const named = ({ counter, hash }: Named) => [counter, hash]

/** The head in bytes once its signature was checked, or the sentence that says what is wrong with it. */
export const decode = (crypto: CryptoFunctions, bytes: Uint8Array): MailboxHead | string => {
  const packed = unpadded(bytes)
  if (packed === undefined) return "a head is cut short"
  const outer = MessagePack.unpack(packed, 1, { nodes: 8 })
  if (typeof outer === "string") return `a head is ${outer}`
  const [body, signature] = Array.isArray(outer.value) ? (outer.value as ReadonlyArray<unknown>) : []
  if (!isBytes(body) || !isBytes(signature, signatureBytes)) return "a head is not signed"
  const inner = MessagePack.unpack(body, depthMax, { nodes: nodesMax })
  if (typeof inner === "string") return `a head is ${inner}`
  const parts = inner.value
  if (!Array.isArray(parts) || parts[0] !== version) return "a head is of a later version"
  const head = headOf(parts as ReadonlyArray<unknown>)
  if (head === undefined) return "a head does not say what heads say"
  const key = PeerId.toPublicKey(head.peer)!
  return crypto.verify(key, Bytes.concat(domain, body), signature) ? head : "a head's signature is not its owner's"
}

const headOf = (parts: ReadonlyArray<unknown>): MailboxHead | undefined => {
  const [, space, key, incarnation, counter, streams, acks, root, asks, answers, charter] = parts
  const [own, relayed] = listOf(streams, streamNames.length, (each) => listOf(each, headSegmentsMax, segmentOf)) ?? []
  const read = {
    acks: listOf(acks, nodesMax, ackOf),
    asks: listOf(asks, nodesMax, askOf),
    answers: listOf(answers, nodesMax, answerOf),
    charter: charter === null ? undefined : charterOf(charter)
  }
  if (own === undefined || relayed === undefined || read.acks === undefined) return undefined
  if (read.asks === undefined || read.answers === undefined) return undefined
  if (charter !== null && read.charter === undefined) return undefined
  if (!isBytes(space, SpaceId.spaceIdBytes) || !isBytes(key, PeerId.publicKeyBytes)) return undefined
  if (!isIncarnation(incarnation) || !isCounter(counter)) return undefined
  if (!isBytes(root) || (root.length !== 0 && root.length !== printBytes)) return undefined
  return {
    space: SpaceId.fromBytes(space),
    peer: PeerId.fromPublicKey(key),
    incarnation,
    counter,
    streams: { own, relayed },
    acks: read.acks,
    root: Bytes.copy(root),
    asks: read.asks,
    answers: read.answers,
    charter: read.charter
  }
}

const printBytes = 16
const digestBytes = 16
const recordIdBytes = 32
const partBytes = 8
const partsCount = 256
const partitionHashBytes = 16

const namedOf = (value: unknown): Named | undefined => {
  const [counter, hash] = Array.isArray(value) ? (value as ReadonlyArray<unknown>) : []
  return isCounter(counter) && isTag(hash) ? { counter, hash } : undefined
}

const segmentOf = (value: unknown): Segment | undefined => {
  const found = namedOf(value)
  const [, , upto] = Array.isArray(value) ? (value as ReadonlyArray<unknown>) : []
  return found !== undefined && isArrival(upto) ? { ...found, upto } : undefined
}

const ackOf = (value: unknown): Ack | undefined => {
  const [owner, incarnation, own, relayed] = Array.isArray(value) ? (value as ReadonlyArray<unknown>) : []
  if (!isTag(owner) || !isIncarnation(incarnation) || !isArrival(own) || !isArrival(relayed)) return undefined
  return { owner, incarnation, upto: { own, relayed } }
}

const askOf = (value: unknown): Ask | undefined => {
  const [owner, number, all] = Array.isArray(value) ? (value as ReadonlyArray<unknown>) : []
  const prints = listOf(all, nodesMax, printsOf)
  return isTag(owner) && isCounter(number) && prints !== undefined ? { owner, number, prints } : undefined
}

const printsOf = (value: unknown): Prints | undefined => {
  const [partitionHash, print, parts] = Array.isArray(value) ? (value as ReadonlyArray<unknown>) : []
  if (!isBytes(partitionHash, partitionHashBytes) || !isBytes(print, printBytes) || !isBytes(parts)) return undefined
  if (parts.length !== 0 && parts.length !== partBytes * partsCount) return undefined
  return { partitionHash: Bytes.copy(partitionHash), print: Bytes.copy(print), parts: Bytes.copy(parts) }
}

const answerOf = (value: unknown): Answer | undefined => {
  const [reader, number, all] = Array.isArray(value) ? (value as ReadonlyArray<unknown>) : []
  const segments = listOf(all, headSegmentsMax, namedOf)
  return isTag(reader) && isCounter(number) && segments !== undefined ? { reader, number, segments } : undefined
}

const charterOf = (value: unknown): HeadCharter | undefined => {
  const [digest, marksOf, rivalsOf, all] = Array.isArray(value) ? (value as ReadonlyArray<unknown>) : []
  const marks = listOf(marksOf, charterMarksMax, markOf)
  const rivals = listOf(rivalsOf, charterRivalsMax, recordIdOf)
  const segments = listOf(all, headSegmentsMax, namedOf)
  if (!isBytes(digest, digestBytes)) return undefined
  if (marks === undefined || rivals === undefined || segments === undefined) return undefined
  return { digest: Bytes.copy(digest), known: { marks, rivals }, segments }
}

const markOf = (value: unknown): Known["marks"][number] | undefined => {
  const [at, id] = Array.isArray(value) ? (value as ReadonlyArray<unknown>) : []
  const record = recordIdOf(id)
  return isArrival(at) && record !== undefined ? [at, record] : undefined
}

const recordIdOf = (value: unknown): string | undefined =>
  isBytes(value, recordIdBytes) ? Bytes.toHex(value) : undefined

const listOf = <A>(
  value: unknown,
  max: number,
  read: (element: unknown) => A | undefined
): ReadonlyArray<A> | undefined => {
  if (!Array.isArray(value) || value.length > max) return undefined
  const found: Array<A> = []
  for (const element of value) {
    const one = read(element)
    if (one === undefined) return undefined
    found.push(one)
  }
  return found
}

const isBytes = (value: unknown, length?: number): value is Uint8Array =>
  value instanceof Uint8Array && (length === undefined || value.length === length)

const isTag = (value: unknown): value is string => typeof value === "string" && MailboxName.isTag(value)

const isIncarnation = (value: unknown): value is string => typeof value === "string" && /^[0-9a-f]{16}$/.test(value)

const isArrival = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0

const isCounter = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MailboxName.counterMax
