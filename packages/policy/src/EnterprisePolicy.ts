/**
 * The policy of a team: who belongs to the space and what each may send, receive and write stands in its charter. A
 * record may lie where its readers are, whoever carries it; whether a write counts depends on its author alone, so that a
 * relay neither adds nor takes rights. What the answers are is `EnterpriseDecisions`'.
 */
import {
  Author,
  Charter,
  type CharterStore,
  type Crypto,
  type Decision,
  type Deeds,
  DeviceKey,
  Gate,
  type JournalError,
  Occupancy,
  type Partition,
  PeerId,
  type SpaceId
} from "@syncline/core"
import { Effect, Layer, Stream } from "effect"
import * as Auditing from "./Auditing.ts"
import type * as AuditKeeper from "./AuditKeeper.ts"
import * as PolicyDraft from "./PolicyDraft.ts"
import { answersMax, EnterpriseDecisions } from "./EnterpriseDecisions.ts"

export interface EnterpriseOptions {
  /** Peer id of whom a node without a charter takes it from, usually the hub. Afterwards the charter says who is let in. */
  readonly introducer?: string | undefined
  readonly audit?: AuditKeeper.AuditOptions | undefined
}

/**
 * The policy of a space with a charter, for `createNode` and `nodeLayer`. Throws a `TypeError` for a text that is no peer id,
 * and a `RangeError` for a bound out of range.
 */
export const enterprise = (options: EnterpriseOptions = {}) => {
  const { audit, introducer } = options
  if (introducer !== undefined && !PeerId.is(introducer)) {
    throw new TypeError(`${JSON.stringify(introducer)} is no peer id; take it from \`syncline id\` of the introducer`)
  }
  return (
    space: SpaceId.SpaceId
  ): Layer.Layer<
    Gate.Gate | Charter.Charter,
    JournalError.JournalError,
    CharterStore.CharterStore | Crypto.Crypto | DeviceKey.DeviceKey
  > => gateLayer({ introducer, audit }).pipe(Layer.provideMerge(Charter.layer({ space, ...PolicyDraft.charterChecks })))
}

/** The gate of a space with a charter. */
export const gateLayer = (
  options: {
    readonly introducer?: PeerId.PeerId | undefined
    readonly audit?: AuditKeeper.AuditOptions | undefined
  } = {}
): Layer.Layer<Gate.Gate, never, Charter.Charter | DeviceKey.DeviceKey> => {
  const auditing = Auditing.make(options.audit)
  return Layer.effect(
    Gate.Gate,
    Effect.gen(function* () {
      const charter = yield* Charter.Charter
      const { peer: self } = yield* DeviceKey.DeviceKey
      const decisions = decisionsOf(charter, options.introducer)
      const length = () => decisions().size
      yield* Occupancy.watch([{ kind: "cache", name: "policy_answers", limit: answersMax, length }])
      yield* warnWhenClosed(charter, decisions)
      return {
        ...gateOf(decisions, self),
        audit: yield* auditing,
        changes: Stream.map(charter.changes, () => undefined)
      }
    })
  )
}

/** Whoever runs a node that lets nothing pass any more is to find out why in its log: once for each reason. */
const warnWhenClosed = Effect.fnUntraced(function* (charter: Charter.CharterShape, now: () => EnterpriseDecisions) {
  let told: string | undefined
  const look = Effect.suspend(() => {
    const { closed } = now()
    if (closed === told) return Effect.void
    told = closed
    return closed === undefined
      ? Effect.logInfo("the space is open again")
      : Effect.logWarning(`the space is closed here: ${closed}`)
  })
  yield* look
  yield* Effect.forkScoped(
    Stream.runForEach(charter.changes, () => look),
    { startImmediately: true }
  )
})

/** Made anew where it is read, so no decision can pair a new charter with old answers. */
const decisionsOf = (
  charter: Charter.CharterShape,
  introducer: PeerId.PeerId | undefined
): (() => EnterpriseDecisions) => {
  let decisions = new EnterpriseDecisions(charter.state(), introducer)
  return () => {
    const state = charter.state()
    if (state !== decisions.state) decisions = new EnterpriseDecisions(state, introducer)
    return decisions
  }
}

const gateOf = (now: () => EnterpriseDecisions, self: PeerId.PeerId): Omit<Gate.GateShape, "audit" | "changes"> => {
  /** Both must be allowed to hold a record that travels between them. */
  const travels: Gate.GateShape["canSend"] = (partition, peer) =>
    Effect.sync(() => {
      const here = now().reads(self, partition)
      return here.allowed ? now().reads(peer, partition) : here
    })
  return {
    devices: Effect.sync(() => devicesOf(now())),
    admits: (peer) => Effect.sync(() => ({ ...now().admits(peer), isHeard: now().hears(peer) })),
    canSend: travels,
    canReceive: travels,
    canRead: (partition) => Effect.sync(() => now().reads(self, partition)),
    mustForget: (partition) => Effect.sync(() => now().forgets(self, partition)),
    accepts: ({ author, from, partition }, deeds) =>
      Effect.suspend(() =>
        Effect.map(writes(now(), Author.peer(author), partition, deeds), (answer) =>
          answer.allowed || !now().vouches(from) ? answer : now().vouched(from, answer)
        )
      ),
    givesWay: Effect.sync(() => !now().isCustodian(self)),
    isRenumbered: Effect.sync(() => now().state.hub === undefined),
    isCustodian: (peer) => Effect.sync(() => now().isCustodian(peer)),
    canWrite: (partition, deeds) =>
      Effect.suspend(() => {
        const here = now().reads(self, partition)
        return here.allowed ? writes(now(), self, partition, deeds) : Effect.succeed(here)
      })
  }
}

/** The hub belongs to them, although it may be no member's device. */
const devicesOf = ({ state: { devices, hub } }: EnterpriseDecisions): ReadonlyArray<PeerId.PeerId> =>
  hub === undefined || devices.has(hub) ? [...devices.keys()] : [...devices.keys(), hub]

/** Reads what was done only where it matters. */
const writes = <E>(
  decisions: EnterpriseDecisions,
  peer: PeerId.PeerId,
  partition: Partition.Partition,
  deeds: Effect.Effect<Deeds.Deeds, E>
): Effect.Effect<Decision.Decision, E> => {
  const always = decisions.mayWrite(peer, partition)
  return always === undefined
    ? Effect.map(deeds, (done) => decisions.mayDo(peer, partition, done))
    : Effect.succeed(always)
}
