/**
 * What a file of a mailbox holds once it was opened, for people to look at: a head, or a segment of commits or records of a charter.
 * It takes nothing in; whether what it shows counts is judged where it is read.
 */
import * as CharterRecord from "../charter/CharterRecord.ts"
import type { CompressionFunctions } from "../crypto/Compression.ts"
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import type { KeyFinder } from "../crypto/KeyRing.ts"
import * as Author from "../identity/Author.ts"
import type { HybridTime } from "../identity/HybridTime.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import * as CommitContents from "../journal/CommitContents.ts"
import * as CommitOpening from "../journal/CommitOpening.ts"
import type { Contents } from "../journal/CommitReading.ts"
import * as Commit from "../model/Commit.ts"
import type { Partition } from "../model/Partition.ts"
import * as MailboxHead from "./MailboxHead.ts"
import * as MailboxSegment from "./MailboxSegment.ts"

export interface ShownCommit {
  readonly id: string
  readonly author: PeerId
  /** Its author's signature holds. Whoever left the file may be another device. */
  readonly isSigned: boolean
  readonly at: HybridTime
  readonly partition: Partition
  /** Whether the values are there; `undefined` where the commit cannot be read at all. */
  readonly contents: Contents | undefined
  readonly entities: ReadonlyArray<CommitContents.EntityWrite>
  /** Why it cannot be read. */
  readonly problem: string | undefined
}

/** Which segments of its owner count, and what that has read of others; its signature was checked. */
export interface ShownHead {
  readonly kind: "head"
  readonly head: MailboxHead.MailboxHead
}

export interface ShownSegment {
  readonly kind: "segment"
  readonly space: SpaceId
  readonly commits: ReadonlyArray<ShownCommit>
  readonly records: ReadonlyArray<CharterRecord.CharterRecord>
  /** How many there are that are neither a commit nor a record. */
  readonly unknown: number
}

export interface ShowingContext {
  readonly crypto: CryptoFunctions
  readonly compression: CompressionFunctions
  /** The keys that this device has of a space; `KeyRing.blind` for none. */
  readonly keysOf: (space: SpaceId) => KeyFinder
}

/** What the file holds, or the sentence that says why it is none of a mailbox. */
export const read = (context: ShowingContext, opened: Uint8Array): ShownHead | ShownSegment | string => {
  const segment = MailboxSegment.decode(opened)
  if (typeof segment !== "string") return segmentOf(context, segment)
  const head = MailboxHead.decode(context.crypto, opened)
  if (typeof head !== "string") return { kind: "head", head }
  return `it is neither a segment (${segment}) nor a head (${head})`
}

const segmentOf = (context: ShowingContext, { commits, space }: MailboxSegment.MailboxSegment): ShownSegment => {
  const shown: Array<ShownCommit> = []
  const records: Array<CharterRecord.CharterRecord> = []
  const opening = { ...context, keys: context.keysOf(space), space }
  for (const bytes of commits) {
    const packed = Commit.open(bytes)
    if (typeof packed !== "string") {
      shown.push(commitOf(opening, packed, bytes))
      continue
    }
    const record = CharterRecord.open(context.crypto, bytes)
    if (typeof record !== "string") records.push(record)
  }
  return { kind: "segment", space, commits: shown, records, unknown: commits.length - shown.length - records.length }
}

/** One commit for people: whose it is, and what it writes as far as it can be read here. */
export const commitOf = (
  context: CommitOpening.OpeningContext,
  packed: Commit.PackedCommit,
  bytes: Uint8Array
): ShownCommit => {
  const opening = CommitOpening.open(context, bytes)
  const contents = CommitContents.read(context, bytes)
  const { at, authors, partition } = packed.header
  return {
    id: Commit.id(context.crypto, packed),
    author: Author.peer(authors[0]!),
    isSigned: Commit.isSignedByAuthor(context.crypto, packed),
    at,
    partition,
    contents: opening.kind === "checked" ? opening.commit.contents : undefined,
    entities: typeof contents === "string" ? [] : contents.entities,
    problem: typeof contents === "string" ? contents : undefined
  }
}
