/**
 * Reading receipts: a commit that a custodian has confirmed is accepted, unless that custodian has said otherwise of this
 * very commit; one with a verdict is what the newest verdict says, and any other is deferred. Nothing is stored for the
 * many that were simply accepted.
 */
import { Effect } from "effect"
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import type { PeerId } from "../identity/PeerId.ts"
import * as Commit from "../model/Commit.ts"
import type { CommitRow, Custodian, JournalRows, ReceiptRow } from "./JournalTables.ts"
import type { Receipt, ReceiptStatus } from "./Receipt.ts"

/** Refusals that may end by themselves. */
const passing: ReadonlySet<string> = new Set(["QuarantineFull", "StampTooFarAhead"])

type OwnCommit = CommitRow & { readonly lseq: number }

interface Reading {
  readonly rows: JournalRows
  readonly crypto: CryptoFunctions
  /** Those with the largest arrival numbers first. */
  readonly custodians: ReadonlyArray<Custodian>
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
  const reading: Reading = { rows, crypto, custodians: rows.custodians() }
  if (status === "rejected") return withVerdict(reading, after, Infinity, limit, status)
  const confirmed = reading.custodians[0]?.lseq ?? 0
  // Up to there only what has a verdict is deferred, and beyond it nothing is accepted.
  const found = status === "deferred" ? withVerdict(reading, after, confirmed, limit, status) : []
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

/** Those of a status among the commits that have a verdict, up to an arrival number. */
const withVerdict = (
  reading: Reading,
  after: number,
  upto: number,
  limit: number,
  status: ReceiptStatus
): Array<Receipt> => {
  const found: Array<Receipt> = []
  let from = after
  for (;;) {
    const page = reading.rows.receiptsAfter(from, limit)
    for (const { lseq } of page) {
      if (lseq > upto) return found
      // Several custodians may have said something.
      if (lseq === from) continue
      from = lseq
      const row = reading.rows.commitAt(lseq)
      const receipt = row === undefined ? undefined : receiptOf(reading, row)
      if (receipt?.status === status) found.push(receipt)
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
  const reading: Reading = { rows, crypto, custodians: rows.custodians() }
  const [verdict] = rows.receiptsOf(commit)
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
  return { commit, lseq, status, peer, code, rule, policyVersion, because, atMs: atMs === 0 ? null : atMs }
}

const idOf = ({ crypto }: Pick<Reading, "crypto">, { bytes, lseq }: OwnCommit): string => {
  const id = Commit.idOf(crypto, bytes)
  if (id === undefined) throw new Error(`commit ${lseq} is none`)
  return id
}

const present = ({ crypto, custodians, rows }: Reading, own: OwnCommit): Receipt | undefined => {
  const { lseq } = own
  const commit = idOf({ crypto }, own)
  const plain = { commit, lseq, code: "", rule: "", policyVersion: 0, atMs: null }
  const said = rows.receiptsOf(commit)
  const [newest] = said
  // One that came in parts has one receipt, too.
  if (newest !== undefined && newest.lseq !== lseq) return undefined
  const custodian = confirmedBy(custodians, lseq, said)
  if (custodian !== undefined) return { ...plain, status: "accepted", peer: custodian, because: "a custodian has it" }
  if (newest === undefined) {
    return { ...plain, status: "deferred", peer: null, because: "no custodian has confirmed it yet" }
  }
  return ofRow(newest, newest.kind === "held" || passing.has(newest.code) ? "deferred" : "rejected")
}

/** A custodian that has an own commit: it has told that far, and nothing else of this one. */
export const confirmedBy = (
  custodians: ReadonlyArray<Custodian>,
  lseq: number,
  said: ReadonlyArray<ReceiptRow>
): PeerId | undefined =>
  custodians.find((custodian) => custodian.lseq >= lseq && said.every(({ peer }) => peer !== custodian.peer))?.peer
