/**
 * What a commit that comes out of the quarantine is taken for: its signature, whose deletes it has, and to whom it is fed.
 * Taking it in is the receiver's business.
 */
import type { PeerId } from "../identity/PeerId.ts"
import * as Commit from "../model/Commit.ts"
import * as CommitOpening from "./CommitOpening.ts"
import type { CommitDeletes } from "./Journal.ts"
import { type JournalTables, type QuarantineRow, sources } from "./JournalTables.ts"
import type { WriterContext } from "./JournalWriter.ts"

/** Nobody could check the signature of a commit of a later version when it came. */
export const open = (context: WriterContext, { bytes, reason }: QuarantineRow): CommitOpening.Opening => {
  const opening = CommitOpening.open(context, bytes)
  if (reason !== "SchemaUnknown" || opening.kind !== "checked") return opening
  const isSigned = Commit.isSignedByAuthor(context.crypto, opening.commit.packed)
  return isSigned ? opening : { kind: "refused", code: "SignatureInvalid" }
}

/** A commit that its author may have withdrawn is sent to everybody, its author too. */
export const sourceOf = ({ peer, reason }: QuarantineRow, tables: JournalTables): number =>
  reason === "ClockAhead" ? (tables.peer(peer)?.index ?? sources.nobody) : sources.nobody

/** Whose deletes those of a commit are: of its deliverer where it is a stranger's, else of its author. */
export const delivererOf = (
  rows: ReadonlyArray<QuarantineRow>,
  openings: ReadonlyArray<CommitOpening.Opening>,
  strangers: ReadonlySet<string>
): ((commit: CommitDeletes) => PeerId) => {
  const deliverers = new Map<string, PeerId>()
  openings.forEach((opening, index) => {
    const { id, peer } = rows[index]!
    // What only an update could open had another id in the quarantine.
    if (opening.kind === "checked" && strangers.has(id)) deliverers.set(opening.commit.id, peer)
  })
  return ({ author, id }) => deliverers.get(id) ?? author
}
