/**
 * Receipts: what became of this device's own commits. A commit is accepted once a custodian, a replica that reads the
 * whole space, has it durable; an acknowledgement of any other peer is not enough, for that peer may lose its rights
 * and what it has with them.
 */
import type { PeerId } from "../identity/PeerId.ts"
import type { Because } from "./Quarantine.ts"

/** What a peer said about one commit that it did not simply apply. */
export interface Verdict extends Because {
  /** Name of the reason, e.g. `Denied` or `ClockAhead`. */
  readonly code: string
  /** `refused`: it does not take the commit; `held`: it keeps it, or waits for what it rests on, and does not apply it yet. */
  readonly kind: "refused" | "held"
}

export type ReceiptStatus = "accepted" | "rejected" | "deferred"

export interface Receipt extends Because {
  /** Commit id in hexadecimal. */
  readonly commit: string
  /** Arrival number here; a commit that was submitted again has a new one. */
  readonly lseq: number
  readonly status: ReceiptStatus
  /** Who decided; `null` while nobody has said anything. */
  readonly peer: PeerId | null
  /** Code of a verdict; empty without one. */
  readonly code: string
  /** When the verdict came, in milliseconds since 1970; `null` for `accepted` and where no other replica has spoken. */
  readonly atMs: number | null
}

/** Receipts of one page. */
export const receiptsPageMax = 1_000

/** Codes with which a custodian says that a commit may not be: it is withdrawn here and waits in quarantine. */
export const withdrawingCodes: ReadonlySet<string> = new Set(["Denied", "Revoked"])

/** Why a commit is left out whose place is behind one that waits; it comes again once that was let in. */
export const restsOnWaiting: Verdict = {
  code: "Waiting",
  kind: "held",
  rule: "",
  policyVersion: 0,
  because: "it rests on a commit that waits there, or that has not come there yet"
}

/** Why a commit is not accepted by a custodian that was never asked: it is not sent there, and no roots speak for it. */
export const notShared: Verdict = {
  code: "NotShared",
  kind: "held",
  rule: "",
  policyVersion: 0,
  because: "this device does not share its partition with that custodian"
}

/** Why a commit is left out where it cannot be told whether it may lie there; it comes again by comparing. */
export const notJudged = ({ because, rule }: Because): Verdict => ({
  code: "NotJudged",
  kind: "held",
  rule,
  policyVersion: 0,
  because
})

/** Equal roots: what they say of commits here. */
export interface Proven {
  /** Up to this arrival number the peer has everything of the partitions that were compared, whatever it had said. */
  readonly upto: number
  /** Row numbers of the partitions that were not compared, of which the roots say nothing. */
  readonly uncompared: ReadonlySet<number>
}

/** What a peer said of this journal's commits. */
export interface Settlement {
  readonly peer: PeerId
  /** The peer's incarnation. */
  readonly incarnation: string
  /** True for a replica that reads the whole space: only its word settles receipts. */
  readonly isCustodian: boolean
  /** True where this device takes back what a custodian refuses although somebody else wrote it. */
  readonly givesWay: boolean
  /** Up to this arrival number the peer has everything that it may have, durable. */
  readonly acknowledged: number
  /** Up to this one, at least as large, it has it or has said, here or before, why it has not, or is not sent it. */
  readonly told: number
  /**
   * The peer says that it has less: up to here. It was set back to an earlier state of itself, so whatever it confirmed
   * beyond is confirmed no longer.
   */
  readonly setBackTo?: number | undefined
  readonly proven: Proven | undefined
  /** Arrival numbers of commits over which the feed to this peer passed without sending them. */
  readonly unsent: ReadonlyArray<number>
  readonly verdicts: ReadonlyArray<Verdict & { readonly lseq: number }>
}
