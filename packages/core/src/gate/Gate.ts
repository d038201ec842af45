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
import type { Deeds } from "./Deeds.ts"

/** What `audit` is told: something that was decided and is worth keeping. */
export interface AuditedAction {
  /**
   * `write`: a device's work counts here, or its program was kept from it; `forget`: records were purged here; up to `reject`:
   * what people did about invitations, and who asked by one; `manage`: what a signed-in person did at a hub, or was kept from;
   * `signin`: somebody signed in there, or tried to.
   */
  readonly action:
    | "admit"
    | "send"
    | "receive"
    | "write"
    | "forget"
    | "invite"
    | "revoke"
    | "request"
    | "approve"
    | "reject"
    | "manage"
    | "signin"
  readonly peer: PeerId
  readonly decision: Decision
  readonly detail: string
  /**
   * The person in whose name it was done, at most 128 characters, where it was one and not the device: this tells only whose
   * share of the room for entries it takes. What an entry is to say of the person stands in `detail`.
   */
  readonly behalf?: string
  /** The engine passed something over that nobody had asked for by name, as it does in every session; once is enough. */
  readonly isPassedOver?: boolean
}

/** A commit that somebody wrote, as the policy sees it. */
export interface ForeignWrite {
  readonly author: Author
  readonly partition: Partition
  readonly at: HybridTime
  /** The peer that delivers it. It may know that the author had the right when it got the commit. */
  readonly from: PeerId
}

/** What the policy says of a peer at the door. */
export interface Admission extends Decision {
  /**
   * A peer that is denied is heard all the same: what it knows of the charter is taken in, and it is shown nothing. For where
   * who took it out may not have had the right, as a record says that nobody else would bring.
   */
  readonly isHeard?: boolean
}

export interface GateShape {
  /** May this proven peer open a session and learn that the space exists? */
  readonly admits: (peer: PeerId) => Effect.Effect<Admission>
  /** Devices that the policy knows by name: those for which something can be left where nobody asks who reads. */
  readonly devices: Effect.Effect<ReadonlyArray<PeerId>>
  /** May entities of this partition go to the peer? */
  readonly canSend: (partition: Partition, peer: PeerId) => Effect.Effect<Decision>
  /** May the peer deliver entities of this partition? */
  readonly canReceive: (partition: Partition, peer: PeerId) => Effect.Effect<Decision>
  /** May this device itself hold entities of this partition? */
  readonly canRead: (partition: Partition) => Effect.Effect<Decision>
  /**
   * Why this device must give up what it holds of this partition, or nothing. That the policy is not known here, or that
   * the device is let in nowhere, is no reason.
   */
  readonly mustForget: (partition: Partition) => Effect.Effect<Decision | undefined>
  /**
   * Does this commit count? False when its author has no right to what it does; then the commit waits in quarantine. A
   * messenger adds no right of its own, but a custodian's word counts for what it had while the author had the right.
   * `deeds` reads the commit's events and is run only by a policy that has to know.
   */
  readonly accepts: <E>(write: ForeignWrite, deeds: Effect.Effect<Deeds, E>) => Effect.Effect<Decision, E>
  /**
   * Does this device take back what a custodian refuses, although somebody else wrote it? True where one policy holds for
   * all and this device is no custodian: it had taken it in before it knew better.
   */
  readonly givesWay: Effect.Effect<boolean>
  /**
   * May a version of it come to mean another policy than before, or fall? True where one policy holds for all and no hub puts
   * its changes in order; there custodians come and go, too.
   */
  readonly isRenumbered: Effect.Effect<boolean>
  /** Does this peer read the whole space, so that what it has durable is safe? Its word settles receipts. */
  readonly isCustodian: (peer: PeerId) => Effect.Effect<boolean>
  /** May this device itself do this to entities of the partition? `deeds` is run only by a policy that has to know. */
  readonly canWrite: <E>(partition: Partition, deeds: Effect.Effect<Deeds, E>) => Effect.Effect<Decision, E>
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
    devices: Effect.succeed([]),
    canSend: () => Effect.succeed(closedDecision),
    canReceive: () => Effect.succeed(closedDecision),
    canRead: () => Effect.succeed(closedDecision),
    mustForget: () => Effect.undefined,
    accepts: () => Effect.succeed(closedDecision),
    givesWay: Effect.succeed(false),
    isRenumbered: Effect.succeed(false),
    isCustodian: () => Effect.succeed(false),
    canWrite: () => Effect.succeed(closedDecision),
    audit: () => Effect.void,
    changes: Stream.never
  })
}
