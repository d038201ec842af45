/**
 * Reading receipts: a commit that a custodian has confirmed is accepted, one with a verdict is what the verdict says,
 * and any other is deferred. Nothing is stored for the many that were simply accepted.
 */
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import * as Commit from "../model/Commit.ts"
import type { JournalRows, ReceiptRow } from "./JournalTables.ts"
import type { Receipt } from "./Receipt.ts"

/** Refusals that may end by themselves. */
const passing: ReadonlySet<string> = new Set(["QuarantineFull", "StampTooFarAhead"])

/** Receipts of own commits after an arrival number, in order. A commit that was submitted again has one receipt. */
export const list = (
  rows: JournalRows,
  crypto: CryptoFunctions,
  after: number,
  limit: number
): ReadonlyArray<Receipt> => {
  const custody = rows.custody()
  const found: Array<Receipt> = []
  let from = after
  while (found.length < limit) {
    const page = rows.ownCommits(from, limit)
    for (const row of page) {
      if (found.length === limit) break
      from = row.lseq
      const receipt = row.events === 0 ? withdrawn(rows, row.lseq) : present(rows, crypto, row, custody)
      if (receipt !== undefined) found.push(receipt)
    }
    if (page.length < limit) break
  }
  return found
}

const withdrawn = (rows: JournalRows, lseq: number): Receipt | undefined => {
  const row = rows.receiptAt(lseq)
  return row === undefined ? undefined : ofRow(row, "rejected")
}

const ofRow = (row: ReceiptRow, status: Receipt["status"]): Receipt => {
  const { atMs, because, code, commit, lseq, peer, policyVersion, rule } = row
  return { commit, lseq, status, peer, code, rule, policyVersion, because, atMs }
}

const present = (
  rows: JournalRows,
  crypto: CryptoFunctions,
  { bytes, lseq }: { readonly bytes: Uint8Array; readonly lseq: number },
  custody: ReturnType<JournalRows["custody"]>
): Receipt => {
  const packed = Commit.open(bytes)
  if (typeof packed === "string") throw new Error(`commit ${lseq}: ${packed}`)
  const commit = Commit.id(crypto, packed)
  const plain = { commit, lseq, code: "", rule: "", policyVersion: 0, atMs: null }
  if (custody !== undefined && custody.lseq >= lseq) {
    return { ...plain, status: "accepted", peer: custody.peer, because: "a custodian has it" }
  }
  const row = rows.receipt(commit)
  if (row === undefined) {
    return { ...plain, status: "deferred", peer: null, because: "no custodian has confirmed it yet" }
  }
  return ofRow(row, row.kind === "held" || passing.has(row.code) ? "deferred" : "rejected")
}
