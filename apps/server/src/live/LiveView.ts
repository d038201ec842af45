/**
 * What of an event somebody hears: whole, less of it, or nothing. Who may not read a record does not hear that there is one. It asks nobody; where records
 * lie and what may be read is handed to it.
 */
import type { Journal, Partition, SyncEvent } from "@syncline/core"
import type { AdminLive, AdminScope } from "@syncline/core/admin"
import * as conflictSight from "../records/conflictSight.ts"

/** What somebody may hear of. */
export interface Ears {
  readonly scopes: ReadonlySet<AdminScope.AdminScope>
  /** It has the whole space. */
  readonly isAll: boolean
  readonly sees: (partition: Partition.Partition) => boolean
}

/** Ids of one type that an event names; the count is whole. */
const idsNamedMax = 100

/** Records that changed, as one event for each type. */
export const ofChange = (
  { entities, source }: Journal.JournalChange,
  { isAll, scopes, sees }: Ears
): ReadonlyArray<AdminLive.LiveEvent> => {
  if (!scopes.has("records:read")) return []
  const byType = new Map<string, Set<string>>()
  for (const { header, id, type } of entities) {
    if (!isAll && !sees({ type, header })) continue
    const ids = byType.get(type) ?? new Set()
    byType.set(type, ids.add(id))
  }
  return [...byType].map(([type, ids]) => ({
    _tag: "EntitiesUpdated",
    peer: source ?? null,
    type,
    ids: [...ids].slice(0, idsNamedMax),
    count: ids.size
  }))
}

/** What is heard of what the node tells. Changed records are told by `ofChange`. `partitions`: where the live records of a conflict lie. */
export const ofEvent = (
  event: SyncEvent.SyncEvent,
  { isAll, scopes, sees }: Ears,
  partitions: ReadonlyArray<Partition.Partition>
): AdminLive.LiveEvent | undefined => {
  const hears = (scope: AdminScope.AdminScope, isSo = true) => (scopes.has(scope) && isSo ? event : undefined)
  switch (event._tag) {
    case "EntitiesUpdated":
      return undefined
    case "ConflictResolved":
      return hears("records:read", isAll || conflictSight.sees(event, partitions, sees))
    // They name a record or a commit, and not where it lies.
    case "ForkDetected":
    case "WriteRejected":
      return hears("records:read", isAll)
    case "AccessChanged": {
      if (isAll) return hears("records:read")
      const [lost, gained] = [event.lost.filter(sees), event.gained.filter(sees)]
      return lost.length + gained.length > 0 && scopes.has("records:read") ? { ...event, lost, gained } : undefined
    }
    case "QuarantineLeft":
      return hears("records:read")
    case "HookFailed":
      return hears("operate:read")
    case "Lagged":
      return { _tag: "Missed", count: event.missed }
    case "PeerConnected":
    case "PeerDisconnected":
    case "SyncStarted":
    case "SyncProgress":
    case "SyncCompleted":
    case "RouteChanged":
    case "AutoSyncChanged":
    case "SyncError":
    case "CommitsRefused":
    case "CommitsHeld":
    case "CommitsPutOff":
    case "CommitsLocked":
    case "WritesDeferred":
    case "WritesRestamped":
    case "JournalCopied":
    case "ClockSkewed":
    case "Stalled":
      return hears("peers:read")
  }
}
