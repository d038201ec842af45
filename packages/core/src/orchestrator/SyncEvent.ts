/**
 * What the orchestrator tells the application: one closed union on one channel. Names are those of the seed systems
 * where they had one. A subscriber that is too slow gets `Lagged` instead of growing memory.
 */
import { Schema } from "effect"
import * as PeerId from "../identity/PeerId.ts"
import { QuarantineReason, quarantineWays } from "../journal/Quarantine.ts"
import { AutoSyncMode } from "./AutoSyncMode.ts"

const Count = Schema.Int

export const PeerConnected = Schema.TaggedStruct("PeerConnected", { peer: PeerId.PeerId, route: Schema.String })
export const PeerDisconnected = Schema.TaggedStruct("PeerDisconnected", {
  peer: PeerId.PeerId,
  route: Schema.String,
  because: Schema.String
})
/** The views differ and data begins to flow. `theirs` is the number of entities that the peer has. */
export const SyncStarted = Schema.TaggedStruct("SyncStarted", { peer: PeerId.PeerId, theirs: Count })
export const SyncProgress = Schema.TaggedStruct("SyncProgress", {
  peer: PeerId.PeerId,
  sentEvents: Count,
  receivedEvents: Count
})
/** Both sides found the roots of their shared view equal: a proof, not a guess. */
export const SyncCompleted = Schema.TaggedStruct("SyncCompleted", {
  peer: PeerId.PeerId,
  /** 32 hexadecimal digits. */
  root: Schema.String,
  entities: Count,
  sentEvents: Count,
  receivedEvents: Count
})
/**
 * Another road is taken from now on: to a peer by another address, or, where `peer` is null, to everybody by a mailbox (`to`)
 * because links do not reach, and back (`from`). Null stands for links.
 */
export const RouteChanged = Schema.TaggedStruct("RouteChanged", {
  peer: Schema.NullOr(PeerId.PeerId),
  from: Schema.NullOr(Schema.String),
  to: Schema.NullOr(Schema.String),
  because: Schema.String
})
/** From now on the node syncs by itself in another way. */
export const AutoSyncChanged = Schema.TaggedStruct("AutoSyncChanged", { mode: AutoSyncMode })
/** A session or dial failed; it is tried again when `willRetry`. */
export const SyncError = Schema.TaggedStruct("SyncError", {
  peer: Schema.NullOr(PeerId.PeerId),
  route: Schema.String,
  /** Name of the reason, as in SPEC "Errors". */
  code: Schema.String,
  detail: Schema.String,
  willRetry: Schema.Boolean
})
/** Entities changed, by a peer or by this device (`peer` null). At most 100 ids are named. */
export const EntitiesUpdated = Schema.TaggedStruct("EntitiesUpdated", {
  peer: Schema.NullOr(PeerId.PeerId),
  type: Schema.String,
  ids: Schema.Array(Schema.String),
  count: Count
})
/** A peer delivered commits that were not kept. */
export const CommitsRefused = Schema.TaggedStruct("CommitsRefused", {
  peer: PeerId.PeerId,
  code: Schema.String,
  commits: Count
})
/** A peer delivered commits that wait in quarantine. */
export const CommitsHeld = Schema.TaggedStruct("CommitsHeld", {
  peer: PeerId.PeerId,
  reason: QuarantineReason,
  commits: Count
})
/** A peer delivered commits that a quota leaves out for now; they come again by themselves. */
export const CommitsPutOff = Schema.TaggedStruct("CommitsPutOff", {
  peer: PeerId.PeerId,
  /** Name of the quota. */
  rule: Schema.String,
  commits: Count,
  because: Schema.String
})
/**
 * A peer delivered commits that are sealed with a key which this device lacks, though it has one that it seals with. Where a passphrase
 * seals, one of the two was given another one than the other; where a charter hands keys out, the key may be on its way.
 */
export const CommitsLocked = Schema.TaggedStruct("CommitsLocked", { peer: PeerId.PeerId, commits: Count })
/** Commits left the quarantine: they were released and applied, came in by another way, or a person discarded them. */
export const QuarantineLeft = Schema.TaggedStruct("QuarantineLeft", {
  reason: QuarantineReason,
  how: Schema.Literals(quarantineWays),
  commits: Count
})
/** A custodian refuses a commit of this device. It was taken back and waits in quarantine. */
export const WriteRejected = Schema.TaggedStruct("WriteRejected", {
  peer: PeerId.PeerId,
  commit: Schema.String,
  code: Schema.String,
  rule: Schema.String,
  policyVersion: Count,
  because: Schema.String
})
/** A custodian does not take commits yet, e.g. because this device's clock is ahead of its own; it keeps those held. */
export const WritesDeferred = Schema.TaggedStruct("WritesDeferred", {
  peer: PeerId.PeerId,
  code: Schema.String,
  commits: Count,
  because: Schema.String
})
const PartitionName = {
  type: Schema.String,
  header: Schema.Record(Schema.String, Schema.NullOr(Schema.Union([Schema.String, Schema.Finite, Schema.Boolean])))
}
/** A partition that was taken out of this device, and why. */
export const AccessLoss = Schema.Struct({
  ...PartitionName,
  entities: Count,
  /** Own commits that no custodian has confirmed; they wait in quarantine. */
  kept: Count,
  rule: Schema.String,
  because: Schema.String
})
export type AccessLoss = typeof AccessLoss.Type
/**
 * The policy has taken the right to hold partitions away, and everything of them was removed here; or it has given the
 * right back to some that were removed before, whose records come from now on.
 */
export const AccessChanged = Schema.TaggedStruct("AccessChanged", {
  lost: Schema.Array(AccessLoss),
  gained: Schema.Array(Schema.Struct(PartitionName))
})
/** Commits of this device that a wrong clock had stamped were written again with the present time. */
export const WritesRestamped = Schema.TaggedStruct("WritesRestamped", { commits: Count })
/** This journal was restored from a copy, or a copy of it runs elsewhere; it goes on under a new incarnation. */
export const JournalCopied = Schema.TaggedStruct("JournalCopied", { peer: PeerId.PeerId, incarnation: Schema.String })
/** Commits wait in quarantine because their time is ahead of this clock. */
export const ClockSkewed = Schema.TaggedStruct("ClockSkewed", { peer: PeerId.PeerId, commits: Count })
/** Two events carry one number of one author: its journal was copied, or it lies. */
export const ForkDetected = Schema.TaggedStruct("ForkDetected", {
  author: Schema.String,
  type: Schema.String,
  id: Schema.String
})
/** Two devices wrote different values to one field without knowing of each other; the loser stays in the history. */
export const ConflictResolved = Schema.TaggedStruct("ConflictResolved", {
  ...PartitionName,
  id: Schema.String,
  field: Schema.String,
  winner: Schema.String,
  /** Stamps of 16 hexadecimal digits, by which the history finds both writes. */
  winnerAt: Schema.String,
  loser: Schema.String,
  loserAt: Schema.String
})
/** Something is pending and nothing moved for the progress limit; the session is rebuilt. */
export const Stalled = Schema.TaggedStruct("Stalled", { peer: Schema.NullOr(PeerId.PeerId), awaiting: Schema.String })
/** A hook failed, or took too long, at the change with this arrival number; it is told the next one. */
export const HookFailed = Schema.TaggedStruct("HookFailed", {
  hook: Schema.String,
  head: Count,
  problem: Schema.String
})
/** This subscriber was too slow and missed events. */
export const Lagged = Schema.TaggedStruct("Lagged", { missed: Count })

export const SyncEvent = Schema.Union([
  PeerConnected,
  PeerDisconnected,
  SyncStarted,
  SyncProgress,
  SyncCompleted,
  RouteChanged,
  AutoSyncChanged,
  SyncError,
  EntitiesUpdated,
  CommitsRefused,
  CommitsHeld,
  CommitsPutOff,
  CommitsLocked,
  QuarantineLeft,
  WriteRejected,
  WritesDeferred,
  AccessChanged,
  WritesRestamped,
  JournalCopied,
  ClockSkewed,
  ForkDetected,
  ConflictResolved,
  Stalled,
  HookFailed,
  Lagged
])
export type SyncEvent = typeof SyncEvent.Type
