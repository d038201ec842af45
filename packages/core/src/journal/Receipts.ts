/**
 * Reading receipts: a commit that a custodian has confirmed is accepted, one with a verdict is what the verdict says,
 * and any other is deferred. Nothing is stored for the many that were simply accepted.
 */
import { Effect } from "effect"
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import * as Commit from "../model/Commit.ts"
import type { CommitRow, JournalRows, ReceiptRow } from "./JournalTables.ts"
import type { Receipt, ReceiptStatus } from "./Receipt.ts"

/** Refusals that may end by themselves. */
const passing: ReadonlySet<string> = new Set(["QuarantineFull", "StampTooFarAhead"])

type OwnCommit = CommitRow & { readonly lseq: number }

interface Reading {
  readonly rows: JournalRows
  readonly crypto: CryptoFunctions
  readonly custody: ReturnType<JournalRows["custody"]>
}

/**
 * Receipts of own commits after an arrival number, in order; of one status or of all. A commit that was submitted again
 * has one receipt.
 */
export const list = (
  rows: JournalRows,
  crypto: CryptoFunctions,
  after: number,
  limit: number,
  status?: ReceiptStatus
): ReadonlyArray<Receipt> => {
  const reading: Reading = { rows, crypto, custody: rows.custody() }
  if (status === "rejected") return rejected(reading, after, limit)
  const confirmed = reading.custody?.lseq ?? 0
  const found: Array<Receipt> = []
  // What a custodian has confirmed is not deferred, and nothing else is accepted.
  let from = status === "deferred" ? Math.max(after, confirmed) : after
  while (found.length < limit) {
    const page = rows.ownCommits(from, limit)
    for (const row of page) {
      if (found.length === limit) break
      from = row.lseq
      if (status === "accepted" && from > confirmed) return found
      const receipt = receiptOf(reading, row)
      if (receipt !== undefined && (status === undefined || receipt.status === status)) found.push(receipt)
    }
    if (page.length < limit) break
  }
  return found
}

/** Only what has a verdict can be rejected. */
const rejected = (reading: Reading, after: number, limit: number): ReadonlyArray<Receipt> => {
  const found: Array<Receipt> = []
  let from = after
  for (;;) {
    const page = reading.rows.receiptsAfter(from, limit)
    for (const { lseq } of page) {
      from = lseq
      const row = reading.rows.commitAt(lseq)
      const receipt = row === undefined ? undefined : receiptOf(reading, row)
      if (receipt?.status === "rejected") found.push(receipt)
      if (found.length === limit) return found
    }
    if (page.length < limit) return found
  }
}

/** Own commits that one step of a search opens: a few milliseconds. */
const soughtAtOnceMax = 512

/** A step of a search: the receipt, or the arrival number before which to go on; 0 when nothing is left. */
type Sought = Receipt | number

/** Looks for the receipt of a commit among own commits before an arrival number, newest first. */
export const seek = (rows: JournalRows, crypto: CryptoFunctions, commit: string, before: number): Sought => {
  const reading: Reading = { rows, crypto, custody: rows.custody() }
  const verdict = rows.receipt(commit)
  const known = verdict === undefined ? undefined : rows.commitAt(verdict.lseq)
  if (known !== undefined) return receiptOf(reading, known) ?? 0
  const page = rows.ownCommitsBefore(before, soughtAtOnceMax)
  for (const row of page) {
    if (row.events > 0 && idOf(reading, row) === commit) return receiptOf(reading, row) ?? 0
  }
  return page.length < soughtAtOnceMax ? 0 : page.at(-1)!.lseq
}

/** Searches step by step, so that a long journal is not read at one go. `step` runs `seek` before an arrival number. */
export const find = <E>(step: (before: number) => Effect.Effect<Sought, E>): Effect.Effect<Receipt | undefined, E> =>
  Effect.gen(function* () {
    let before = Number.MAX_SAFE_INTEGER
    for (;;) {
      const sought = yield* step(before)
      if (typeof sought !== "number") return sought
      if (sought === 0) return undefined
      before = sought
      yield* Effect.yieldNow
    }
  })

/** The receipt of an own commit; none for the empty place of one that was submitted again. */
const receiptOf = (reading: Reading, row: OwnCommit): Receipt | undefined =>
  row.events === 0 ? withdrawn(reading.rows, row.lseq) : present(reading, row)

const withdrawn = (rows: JournalRows, lseq: number): Receipt | undefined => {
  const row = rows.receiptAt(lseq)
  return row === undefined ? undefined : ofRow(row, "rejected")
}

const ofRow = (row: ReceiptRow, status: ReceiptStatus): Receipt => {
  const { atMs, because, code, commit, lseq, peer, policyVersion, rule } = row
  return { commit, lseq, status, peer, code, rule, policyVersion, because, atMs }
}

const idOf = ({ crypto }: Reading, { bytes, lseq }: OwnCommit): string => {
  const id = Commit.idOf(crypto, bytes)
  if (id === undefined) throw new Error(`commit ${lseq} is none`)
  return id
}

const present = (reading: Reading, own: OwnCommit): Receipt | undefined => {
  const { custody, rows } = reading
  const { lseq } = own
  const commit = idOf(reading, own)
  const plain = { commit, lseq, code: "", rule: "", policyVersion: 0, atMs: null }
  if (custody !== undefined && custody.lseq >= lseq) {
    return { ...plain, status: "accepted", peer: custody.peer, because: "a custodian has it" }
  }
  const row = rows.receipt(commit)
  // One that came in parts has one receipt, too.
  if (row !== undefined && row.lseq !== lseq) return undefined
  if (row === undefined) {
    return { ...plain, status: "deferred", peer: null, because: "no custodian has confirmed it yet" }
  }
  return ofRow(row, row.kind === "held" || passing.has(row.code) ? "deferred" : "rejected")
}
