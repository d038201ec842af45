/**
 * How commits get into the quarantine: one row for each, whatever parts it comes in, within the bounds of what others may
 * fill. Parts of one commit have one id, so they are united there: a row never loses an event to a later part. Why a
 * commit is kept, and when it leaves, is decided elsewhere.
 */
import * as Commit from "../model/Commit.ts"
import type { JournalTables, QuarantineRow } from "./JournalTables.ts"
import type { WriterContext } from "./JournalWriter.ts"
import {
  forkProofsMax,
  isBounded,
  quarantineBytesMax,
  quarantineBytesPerPeerMax,
  quarantineCommitsMax,
  quarantineCommitsPerPeerMax,
  type QuarantineReason
} from "./Quarantine.ts"
import type { Verdict } from "./Receipt.ts"

/** A commit that is to be kept, and why. */
export type Keeping = Omit<QuarantineRow, "place">

type Context = Pick<WriterContext, "compression" | "tables">

/** Puts a commit of somebody into quarantine, beside what is there of it; false when there is no room for it. */
export const keep = ({ compression, tables }: Context, keeping: Keeping): boolean => {
  const row = tables.quarantineRow(keeping.id)
  if (row === undefined) {
    const isFull =
      keeping.reason === "Forked" ? isProven(tables, keeping) : !hasRoom(tables, keeping, keeping.bytes.length, 1)
    if (isFull) return false
    tables.addQuarantine(keeping)
    return true
  }
  const united = Commit.unite(compression, row.bytes, keeping.bytes)
  // What waits counts more than the proof of a fork, which waits for nothing.
  const isReplaced = row.reason === "Forked" && keeping.reason !== "Forked"
  if (united === undefined && !isReplaced) return true
  const form = united ?? { bytes: row.bytes, events: row.events }
  const kept = isReplaced ? keeping : row
  const before = isBounded(row.reason) ? { bytes: row.bytes.length, rows: 1 } : { bytes: 0, rows: 0 }
  const more = form.bytes.length - before.bytes
  if (isBounded(kept.reason) && !hasRoom(tables, kept, more, 1 - before.rows)) return false
  tables.removeQuarantine(row.id)
  tables.addQuarantine({ ...kept, ...form })
  return true
}

/** The same, as its deliverer is told of it: what is held, and sealed, is noted as stored for good. */
export const keepTold = (context: Context, keeping: Keeping, told: Verdict["kind"] | undefined): boolean => {
  if (!keep(context, keeping)) return false
  // Else who may write nothing here could keep everybody here from writing, by something sealed that is refused.
  const packed = told === "refused" ? "" : Commit.open(keeping.bytes)
  if (typeof packed !== "string" && packed.header.seal !== undefined) context.tables.setSealed()
  return true
}

/** One proof tells of an author that it was copied; the place for proofs is for others. */
const isProven = (tables: JournalTables, { author, type }: Keeping): boolean => {
  const proofs = tables.quarantine(0, forkProofsMax, "Forked")
  return proofs.length >= forkProofsMax || proofs.some((proof) => proof.author === author && proof.type === type)
}

const hasRoom = (tables: JournalTables, { peer }: Pick<Keeping, "peer">, more: number, rows: number): boolean => {
  const { bytes, bytesOfPeer, commits, ofPeer } = tables.quarantineLoad(peer)
  return (
    commits + rows <= quarantineCommitsMax &&
    ofPeer + rows <= quarantineCommitsPerPeerMax &&
    bytes + more <= quarantineBytesMax &&
    bytesOfPeer + more <= quarantineBytesPerPeerMax
  )
}

/** Keeps what was taken back out of the journal, beside what is there of it: this device's own, so there is no bound. */
export const keepWithdrawn = ({ compression, tables }: Context, keeping: Keeping): void => {
  const row = tables.quarantineRow(keeping.id)
  if (row === undefined) return tables.addQuarantine(keeping)
  const { bytes, events } = Commit.unite(compression, row.bytes, keeping.bytes) ?? row
  tables.removeQuarantine(row.id)
  tables.addQuarantine({ ...keeping, bytes, events })
}

/** How long a commit that was due waits for what it rests on before it is tried again, in milliseconds. */
const retryReleaseMs = 60_000

/**
 * Puts a commit back that was taken out to be tried and stays: it has its old place, and a new reason where it waits for
 * something else now.
 */
export const keepAgain = (
  tables: JournalTables,
  row: QuarantineRow,
  verdict: Verdict | undefined,
  nowMs: number
): void => {
  // While it was tried it may have been kept anew, e.g. with the time at which it is due.
  const dueMs = tables.quarantineRow(row.id)?.dueMs ?? null
  tables.removeQuarantine(row.id)
  tables.addQuarantine({ ...row, ...waitingFor(row, verdict, dueMs, nowMs) })
}

const waitingFor = (
  row: QuarantineRow,
  verdict: Verdict | undefined,
  keptUntilMs: number | null,
  nowMs: number
): Partial<Keeping> => {
  const retryMs = row.dueMs === null ? null : nowMs + retryReleaseMs
  if (verdict === undefined) return { dueMs: retryMs }
  const { because, code, kind, policyVersion, rule } = verdict
  const why = { rule, policyVersion, because }
  // Its author writes it again.
  if (code === "StampTooFarAhead") return { ...why, reason: "ClockAhead", dueMs: null }
  if (kind !== "held") return { dueMs: retryMs }
  return { ...why, reason: code as QuarantineReason, dueMs: keptUntilMs }
}
