/**
 * The quarantine: commits that are kept and may not be applied now, each with the reason. Nothing leaves it without a
 * word: it is released and applied, comes in by another way, or is discarded by a person. Here stand its vocabulary and
 * bounds; the receiver, the settlement of receipts and the orchestrator put commits in and take them out.
 */
import { Schema } from "effect"
import type { HybridTime } from "../identity/HybridTime.ts"
import type { PeerId } from "../identity/PeerId.ts"

/**
 * `ClockAhead`: its stamp is ahead of the clock here; released by itself when due. `Denied`: the policy here does not
 * let its deliverer write there; asked again when the policy changes. `Revoked`: its author's right had ended.
 * `Rejected`: this device's own commit that a custodian refused; submitted again once a later policy allows it.
 * `MassDelete`: it deletes more than the firewall lets pass without a person. `SchemaUnknown`: a later version of the
 * program wrote it; taken in after an update. `Forked`: both branches of a fork are applied, and this is the proof.
 */
export const QuarantineReason = Schema.Literals([
  "ClockAhead",
  "Denied",
  "Revoked",
  "Rejected",
  "MassDelete",
  "SchemaUnknown",
  "Forked"
])
export type QuarantineReason = typeof QuarantineReason.Type

export const quarantineReasons = QuarantineReason.literals

/** How commits leave it: by themselves or a person applies them, a person drops them, or somebody brings them again. */
export const quarantineWays = ["released", "discarded", "arrived"] as const
export type QuarantineWay = (typeof quarantineWays)[number]

/** Why something was decided, for whoever has to understand it later. */
export interface Because {
  /** Name of the rule that decided. */
  readonly rule: string
  /** Version of the policy that decided, 0 where no policy was asked. */
  readonly policyVersion: number
  /** One sentence for people. */
  readonly because: string
}

/** A commit in quarantine. */
export interface QuarantineEntry extends Because {
  /** Grows with each entry; pages continue after it. */
  readonly place: number
  /** Commit id in hexadecimal. */
  readonly id: string
  readonly reason: QuarantineReason
  /** Who delivered it; for `Rejected` who refused it. */
  readonly peer: PeerId
  /** `<peer id>/<incarnation>` of its author; empty where only a later version can read it. */
  readonly author: string
  /** Entity type; empty where only a later version can read it. */
  readonly type: string
  readonly at: HybridTime
  readonly events: number
  /** Milliseconds since 1970. */
  readonly sinceMs: number
  /** When it is released by itself, in milliseconds since 1970; `null` where only a policy or a person decides. */
  readonly dueMs: number | null
}

/** An entry as lists show it, without the commit's bytes. */
export const entryOf = (row: QuarantineEntry & { readonly bytes: Uint8Array }): QuarantineEntry => {
  const entry: QuarantineEntry & { bytes?: Uint8Array } = { ...row }
  delete entry.bytes
  return entry
}

/** Commits of others that wait in one quarantine; further ones are refused as `QuarantineFull` and come again later. */
export const quarantineCommitsMax = 10_000
/** Commits of one peer that may wait in it. */
export const quarantineCommitsPerPeerMax = 5_000
/** Bytes of the commits of others in it. */
export const quarantineBytesMax = 64 * 1024 * 1024
/** Bytes that the commits of one peer may have in it, so that large ones leave room for others, too. */
export const quarantineBytesPerPeerMax = 32 * 1024 * 1024
/** Proofs of forks in it, beside what waits; a further fork is told and counted, and has no proof of its own. */
export const forkProofsMax = 128
/** Entries of one page. */
export const quarantinePageMax = 1_000
/** Commits that are taken out in one transaction: at most 32 MiB of them are in memory at once. */
export const releasedAtOnceMax = 128

export type QuarantineCounts = { readonly [R in QuarantineReason]: number }

export const noCounts = (): { -readonly [R in QuarantineReason]: number } => ({
  ClockAhead: 0,
  Denied: 0,
  Revoked: 0,
  Rejected: 0,
  MassDelete: 0,
  SchemaUnknown: 0,
  Forked: 0
})

/** True for what the bounds count: this device's own has none, and proofs of forks have one of their own. */
export const isBounded = (reason: QuarantineReason): boolean => reason !== "Rejected" && reason !== "Forked"

/** Commits that the bounds count. */
export const boundedOf = (counts: QuarantineCounts): number =>
  quarantineReasons.reduce((sum, reason) => sum + (isBounded(reason) ? counts[reason] : 0), 0)

/** Commits that wait; proofs of forks wait for nothing. */
export const waitingOf = (counts: QuarantineCounts): number =>
  quarantineReasons.reduce((sum, reason) => sum + (reason === "Forked" ? 0 : counts[reason]), 0)
