/**
 * From the bytes of a commit to its events, with everything checked that the commit itself can show. The author's
 * signature was verified before; whether the events fit into this journal is judged later.
 */
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import * as Commit from "../model/Commit.ts"
import * as Event from "../model/Event.ts"
import * as CommitReading from "./CommitReading.ts"
import type { WriterContext } from "./JournalWriter.ts"
import type { QuarantineRow } from "./JournalTables.ts"

/** A commit whose events are those that its author signed. */
export interface CheckedCommit {
  readonly id: string
  readonly packed: Commit.PackedCommit
  readonly events: Commit.CommitEvents
  readonly decoded: ReadonlyArray<Event.Event>
  readonly contents: CommitReading.Contents
  readonly bytes: Uint8Array
}

export type Opening =
  | { readonly kind: "checked"; readonly commit: CheckedCommit }
  /** Made by a later version of the program: kept as it is. */
  | { readonly kind: "newer"; readonly entry: Described }
  | { readonly kind: "refused"; readonly code: string }

/** What quarantine tells about a commit. */
export type Described = Pick<QuarantineRow, "id" | "author" | "type" | "at" | "events" | "bytes">

const refused = (code: string): Opening => ({ kind: "refused", code })

/** What it takes to open commits of a space. */
export interface OpeningContext
  extends Pick<WriterContext, "compression" | "crypto" | "space">, CommitReading.ReadingContext {}

/** Nobody's events are replaced by another device. */
const replacesOthers = ({ header: { authors } }: Commit.PackedCommit, { ops }: Event.Event): boolean =>
  ops.w !== undefined && ops.w.some(([index]) => Author.peer(authors[index]!) !== Author.peer(authors[0]!))

/** Opens a commit of this journal's space. */
export const open = (context: OpeningContext, bytes: Uint8Array): Opening => {
  const { compression, crypto, space } = context
  const packed = Commit.open(bytes)
  if (typeof packed === "string") {
    return Commit.isNewer(bytes) ? { kind: "newer", entry: unreadable(context, bytes) } : refused("CommitMalformed")
  }
  if (packed.header.space !== space) return refused("SpaceForeign")
  const events = Commit.openEvents(crypto, compression, packed)
  if (typeof events === "string") return refused("CommitForged")
  const id = Commit.id(crypto, packed)
  const read = CommitReading.read(context, packed, events)
  if (read === Event.newer) return { kind: "newer", entry: describe(id, packed, events.events.length, bytes) }
  if (typeof read === "string" || read.decoded.some((event) => replacesOthers(packed, event))) {
    return refused("EventMalformed")
  }
  return { kind: "checked", commit: { id, packed, events, ...read, bytes } }
}

/** What quarantine tells about an opened commit. */
export const describe = (
  id: string,
  { header }: Commit.PackedCommit,
  events: number,
  bytes: Uint8Array
): Described => ({
  id,
  author: header.authors[0]!,
  type: header.partition.type,
  at: header.at,
  events,
  bytes
})

const unreadable = ({ crypto }: OpeningContext, bytes: Uint8Array): Described => ({
  id: Bytes.toHex(crypto.sha256(bytes)),
  author: "",
  type: "",
  at: HybridTime.zero,
  events: 0,
  bytes
})
