/**
 * Everything that two nodes say to each other, version 1: one closed union. Field order is the order on the wire.
 * Domain types are not wire types; the session converts. Commits travel as the bytes their author signed.
 */
import { Schema } from "effect"
import * as Limits from "../model/Limits.ts"

/** Version of this union and of the frame layout. */
export const protocolVersion = 1

/** Node kinds of the reconciliation tree; see `reconcile/RangeTree.ts`. */
export const rangesPerMessageMax = 4096
/** Entities whose clocks, names or items one message may carry. */
export const entriesPerMessageMax = 16_384

/** Authors of one entity's clock; an entity that more have written is sent whole. */
export const authorsPerClockMax = 4096

/** Versions of a charter that one message names, from the head back in growing steps. */
export const charterMarksMax = 64
/** Records of a charter that do not count and that one message names; as many as a charter keeps. */
export const charterRivalsMax = 1_024
/** Records of a charter in one message. */
export const charterRecordsMax = 4_096

/** Different reasons that one acknowledgement names; what has yet another one is told by its code only. */
export const reasonsMax = 64

const bytesOf = (length: number) =>
  Schema.Uint8Array.check(
    Schema.makeFilter((bytes: Uint8Array) => bytes.length === length || `must have ${length} bytes`)
  )
const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const boundedText = Schema.String.check(Schema.isMaxLength(512))
const listOf = <S extends Schema.Top>(element: S, max: number) => Schema.Array(element).check(Schema.isMaxLength(max))

/** What a side has of the space, as far as the other may know. */
const spaceFields = {
  space: bytesOf(16),
  incarnation: bytesOf(8),
  /** Arrival number of the sender's newest commit. */
  head: Count,
  /** Fingerprint of the shared view. */
  root: bytesOf(16),
  /** Entities in the shared view. */
  count: Count,
  /** The receiver's incarnation that `cursor` counts in, or nil when the sender knows none. */
  cursorOf: Schema.NullOr(bytesOf(8)),
  /** Arrival number of the receiver's newest commit that the sender has applied. */
  cursor: Count,
  /** Digest of the sender's charter, of zeros from one that does not admit the receiver and listens, or nil in a space without one. */
  charter: Schema.NullOr(bytesOf(16))
}

/** Opens the proof of identity: who I say I am, and a fresh nonce. Nothing about any space. */
export const Challenge = Schema.TaggedStruct("Challenge", { version: Count, nonce: bytesOf(16), peer: bytesOf(32) })
/** The answering side proves itself first. */
export const ChallengeAck = Schema.TaggedStruct("ChallengeAck", {
  nonce: bytesOf(16),
  peer: bytesOf(32),
  signature: bytesOf(64)
})
/** The opening side's proof, and what it has of the space. */
export const Hello = Schema.TaggedStruct("Hello", { signature: bytesOf(64), ...spaceFields })
/** The answer: what this side has, and how to go on. */
export const HelloAck = Schema.TaggedStruct("HelloAck", {
  verdict: Schema.Literals(["equal", "feed"]),
  ...spaceFields
})
/** Asks whether both views are equal, at a moment when the asker has applied `applied` and has `head`. */
export const SyncRequest = Schema.TaggedStruct("SyncRequest", {
  request: Count,
  root: bytesOf(16),
  count: Count,
  head: Count,
  applied: Count
})

const Partition = Schema.Tuple([bytesOf(16), bytesOf(8)])
/** `[prefix of partition hash in hex digits, 16 prints]` */
const GroupNode = Schema.Tuple([Schema.Literal(0), Schema.String.check(Schema.isMaxLength(32)), listOf(bytesOf(8), 16)])
/** `[prefix, partitions with their prints]` */
const PartitionsNode = Schema.Tuple([
  Schema.Literal(1),
  Schema.String.check(Schema.isMaxLength(32)),
  listOf(Partition, 64)
])
/** `[partition hash, prefix of entity key in hex digits, 16 prints]` */
const ChildrenNode = Schema.Tuple([
  Schema.Literal(2),
  bytesOf(16),
  Schema.String.check(Schema.isMaxLength(13)),
  listOf(bytesOf(8), 16)
])
/** `[partition hash, prefix, items: entity key and first 8 bytes of version hash]` */
const ItemsNode = Schema.Tuple([
  Schema.Literal(3),
  bytesOf(16),
  Schema.String.check(Schema.isMaxLength(13)),
  listOf(Schema.Tuple([Count, bytesOf(8)]), 4096)
])
export const RangeNode = Schema.Union([GroupNode, PartitionsNode, ChildrenNode, ItemsNode])
export type RangeNode = typeof RangeNode.Type

/** `[partition hash, entity key, clock as (author 40 bytes, number, head 16 bytes)]` */
export const ClockEntry = Schema.Tuple([
  bytesOf(16),
  Count,
  listOf(Schema.Tuple([bytesOf(40), Count, bytesOf(16)]), authorsPerClockMax)
])
export type ClockEntry = typeof ClockEntry.Type

/** One step of range reconciliation. An empty one ends the exchange. */
export const SyncState = Schema.TaggedStruct("SyncState", {
  request: Count,
  verdict: Schema.Literals(["equal", "differ", "busy"]),
  head: Count,
  nodes: listOf(RangeNode, rangesPerMessageMax),
  /** Clocks to answer: send what they lack, and the own clock where it lacks something. */
  clocks: listOf(ClockEntry, entriesPerMessageMax),
  /** Clocks that answer `clocks`: send what they lack. */
  replies: listOf(ClockEntry, entriesPerMessageMax),
  /** Entities that the sender does not have at all. */
  want: listOf(Schema.Tuple([bytesOf(16), Count]), entriesPerMessageMax)
})
/** Commits in the sender's order of arrival. `from` and `upto` are set when they are a stretch of the feed. */
export const EventBatch = Schema.TaggedStruct("EventBatch", {
  batch: Count,
  source: Schema.Literals(["feed", "sync"]),
  from: Schema.NullOr(Count),
  upto: Count,
  isLast: Schema.Boolean,
  commits: listOf(Schema.Uint8Array, Limits.commitsPerBatchMax)
})
/** Sent once everything of the batch that will be kept is durable. */
export const EventAck = Schema.TaggedStruct("EventAck", {
  batch: Count,
  /** The receiver's cursor after the batch. */
  upto: Count,
  applied: Count,
  held: Count,
  gaps: Count,
  refused: listOf(Schema.Tuple([boundedText, Count]), 64),
  /** What `verdicts` refer to: `[code, true when the commits are kept, rule, policy version, sentence]`. */
  reasons: listOf(Schema.Tuple([boundedText, Schema.Boolean, boundedText, Count, boundedText]), reasonsMax),
  /** `[place in the batch, place among the reasons]` for each commit that was not taken in. */
  verdicts: listOf(Schema.Tuple([Count, Count]), Limits.commitsPerBatchMax)
})
/**
 * What the sender's charter knows, and records that the receiver's lacks. Whoever gets one and did not have the same
 * digest answers with one, so that both know when they agree.
 */
export const CharterSync = Schema.TaggedStruct("CharterSync", {
  digest: bytesOf(16),
  /** Versions with their records, from the head back in growing steps. */
  marks: listOf(Schema.Tuple([Count, bytesOf(32)]), charterMarksMax),
  /** Records that do not count. */
  rivals: listOf(bytesOf(32), charterRivalsMax),
  records: listOf(Schema.Uint8Array, charterRecordsMax)
})
export const Ping = Schema.TaggedStruct("Ping", { token: Count })
export const Pong = Schema.TaggedStruct("Pong", { token: Count })
/** The last message of a session that cannot go on. */
export const Error = Schema.TaggedStruct("Error", {
  code: boundedText,
  detail: boundedText
})

export const WireMessage = Schema.Union([
  Challenge,
  ChallengeAck,
  Hello,
  HelloAck,
  SyncRequest,
  SyncState,
  EventBatch,
  EventAck,
  Ping,
  Pong,
  Error,
  CharterSync
])
export type WireMessage = typeof WireMessage.Type
export type Challenge = typeof Challenge.Type
export type ChallengeAck = typeof ChallengeAck.Type
export type Hello = typeof Hello.Type
export type HelloAck = typeof HelloAck.Type
export type SyncRequest = typeof SyncRequest.Type
export type SyncState = typeof SyncState.Type
export type EventBatch = typeof EventBatch.Type
export type EventAck = typeof EventAck.Type
export type Error = typeof Error.Type
export type CharterSync = typeof CharterSync.Type
