/**
 * A policy asked by entity type alone, under the names of the seed systems: for programs that know types and peers and no
 * partitions. It answers for records of the type without header values; where a type has header fields, a record's own may
 * change the answer, and the engine goes by those.
 */
import type { Decision, Gate, Partition, PeerId } from "@syncline/core"
import type { Effect } from "effect"

export interface TypePolicy {
  /** May records of the type go to the peer? */
  readonly canSend: (entityType: string, peer: PeerId.PeerId) => Effect.Effect<Decision.Decision>
  /** May the peer deliver records of the type? */
  readonly canReceive: (entityType: string, peer: PeerId.PeerId) => Effect.Effect<Decision.Decision>
  /** Keeps a decision for whoever must answer for it. Never fails and never waits. */
  readonly audit: (action: Gate.AuditedAction) => Effect.Effect<void>
}

const ofType = (type: string): Partition.Partition => ({ type, header: {} })

/** The same policy, asked by type. */
export const of = (gate: Gate.GateShape): TypePolicy => ({
  canSend: (type, peer) => gate.canSend(ofType(type), peer),
  canReceive: (type, peer) => gate.canReceive(ofType(type), peer),
  audit: gate.audit
})
