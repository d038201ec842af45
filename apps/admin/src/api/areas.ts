/**
 * What the pages know of the hub, by areas: the first word of each query's key. What happens on the hub makes areas stale, and what is
 * shown of them is asked for anew.
 */
import type { AdminLive } from "@syncline/core/admin"

export type Area =
  | "session"
  | "status"
  | "stats"
  | "peers"
  | "routes"
  | "team"
  | "policy"
  | "joining"
  | "records"
  | "conflicts"
  | "quarantine"
  | "receipts"
  | "audit"
  | "backups"
  | "settings"
  | "people"
  | "tokens"

type Tag = AdminLive.LiveEvent["_tag"]

const peers: ReadonlyArray<Area> = ["peers", "routes", "status"]
const records: ReadonlyArray<Area> = ["records", "stats"]

const staleBy: { readonly [T in Tag]: ReadonlyArray<Area> } = {
  PeerConnected: peers,
  PeerDisconnected: peers,
  SyncStarted: ["peers"],
  SyncProgress: ["peers"],
  SyncCompleted: ["peers", "status"],
  RouteChanged: peers,
  AutoSyncChanged: ["status"],
  SyncError: peers,
  EntitiesUpdated: records,
  CommitsRefused: ["peers", "receipts"],
  CommitsHeld: ["quarantine", "status"],
  CommitsPutOff: ["peers"],
  CommitsLocked: ["peers"],
  QuarantineLeft: ["quarantine", "status", "records"],
  WriteRejected: ["quarantine", "receipts", "status"],
  WritesDeferred: ["receipts"],
  AccessChanged: [...records, "peers"],
  WritesRestamped: ["records"],
  JournalCopied: ["peers", "status"],
  ClockSkewed: ["quarantine", "peers"],
  ForkDetected: ["status"],
  ConflictResolved: ["conflicts"],
  Stalled: peers,
  HookFailed: [],
  Lagged: [],
  CharterChanged: ["team", "policy", "joining", "peers"],
  RequestsChanged: ["joining"],
  PairingAsks: ["joining"],
  BackupChanged: ["backups"],
  AuditGrew: ["audit"],
  StatusNow: ["status"],
  Missed: []
}

/** `all` where nobody knows what was missed. */
export const staleAfter = (tag: Tag): ReadonlyArray<Area> | "all" =>
  tag === "Missed" || tag === "Lagged" ? "all" : staleBy[tag]
