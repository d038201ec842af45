/**
 * The port through which the engine asks the policy. The engine asks on every send and every receive; without a
 * policy it gets `layerClosed`, which lets nothing pass. It decides on partitions, never on the content of entities.
 */
import { Context, Effect, Layer, Stream } from "effect"
import type { Author } from "../identity/Author.ts"
import type { HybridTime } from "../identity/HybridTime.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { Partition } from "../model/Partition.ts"
import type { Decision } from "./Decision.ts"

/** What `audit` is told: something that was decided and is worth keeping. */
export interface AuditedAction {
  readonly action: "admit" | "send" | "receive" | "write"
  readonly peer: PeerId
  readonly decision: Decision
  readonly detail: string
}

export interface GateShape {
  /** May this proven peer open a session and learn that the space exists? */
  readonly admits: (peer: PeerId) => Effect.Effect<Decision>
  /** May entities of this partition go to the peer? */
  readonly canSend: (partition: Partition, peer: PeerId) => Effect.Effect<Decision>
  /** May the peer deliver entities of this partition? */
  readonly canReceive: (partition: Partition, peer: PeerId) => Effect.Effect<Decision>
  /**
   * Does what this author wrote in this partition at this time count? False once its right had ended before; then the
   * commit waits in quarantine. Every replica with the same policy must answer alike, whoever delivers the commit.
   */
  readonly accepts: (author: Author, partition: Partition, at: HybridTime) => Effect.Effect<Decision>
  /** Does this peer read the whole space, so that what it has durable is safe? Its word settles receipts. */
  readonly isCustodian: (peer: PeerId) => Effect.Effect<boolean>
  /** May this device itself write entities of this partition? */
  readonly canWrite: (partition: Partition) => Effect.Effect<Decision>
  /** Keeps a decision for whoever must answer for it. Never fails and never waits. */
  readonly audit: (action: AuditedAction) => Effect.Effect<void>
  /** Emits whenever answers may have changed. */
  readonly changes: Stream.Stream<void>
}

const closedDecision: Decision = {
  allowed: false,
  rule: "closed",
  policyVersion: 0,
  because: "no policy was given, so nothing passes"
}

export class Gate extends Context.Service<Gate, GateShape>()("@syncline/core/gate/Gate") {
  /** The default: nothing passes in any direction. */
  static readonly layerClosed = Layer.succeed(Gate, {
    admits: () => Effect.succeed(closedDecision),
    canSend: () => Effect.succeed(closedDecision),
    canReceive: () => Effect.succeed(closedDecision),
    accepts: () => Effect.succeed(closedDecision),
    isCustodian: () => Effect.succeed(false),
    canWrite: () => Effect.succeed(closedDecision),
    audit: () => Effect.void,
    changes: Stream.never
  })
}
