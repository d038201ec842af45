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
  type Partition,
  PeerId,
  type SpaceId
} from "@syncline/core"
import { Effect, Layer, Stream } from "effect"
import * as Auditing from "./Auditing.ts"
import * as PolicyFile from "./PolicyFile.ts"
import { EnterpriseDecisions } from "./EnterpriseDecisions.ts"

export interface EnterpriseOptions {
  /** Peer id of whom a node without a charter takes it from, usually the hub. Afterwards the charter says who is let in. */
  readonly introducer?: string | undefined
}

/** The policy of a space with a charter, for `createNode` and `nodeLayer`. Throws a `TypeError` for a text that is no peer id. */
export const enterprise = (options: EnterpriseOptions = {}) => {
  const { introducer } = options
  if (introducer !== undefined && !PeerId.is(introducer)) {
    throw new TypeError(`${JSON.stringify(introducer)} is no peer id; take it from \`syncline id\` of the introducer`)
  }
  return (
    space: SpaceId.SpaceId
  ): Layer.Layer<
    Gate.Gate | Charter.Charter,
    JournalError.JournalError,
    CharterStore.CharterStore | Crypto.Crypto | DeviceKey.DeviceKey
  > => gateLayer({ introducer }).pipe(Layer.provideMerge(Charter.layer({ space, policyProblem: PolicyFile.problemOf })))
}

/** The gate of a space with a charter. */
export const gateLayer = (
  options: { readonly introducer?: PeerId.PeerId | undefined } = {}
): Layer.Layer<Gate.Gate, never, Charter.Charter | DeviceKey.DeviceKey> =>
  Layer.effect(
    Gate.Gate,
    Effect.gen(function* () {
      const charter = yield* Charter.Charter
      const { peer: self } = yield* DeviceKey.DeviceKey
      return gateOf(charter, self, options.introducer)
    })
  )

const gateOf = (
  charter: Charter.CharterShape,
  self: PeerId.PeerId,
  introducer: PeerId.PeerId | undefined
): Gate.GateShape => {
  let decisions = new EnterpriseDecisions(charter.state(), introducer)
  // Made anew where it is read, so no decision can pair a new charter with old answers.
  const now = (): EnterpriseDecisions => {
    const state = charter.state()
    if (state !== decisions.state) decisions = new EnterpriseDecisions(state, introducer)
    return decisions
  }
  /** Both must be allowed to hold a record that travels between them. */
  const travels: Gate.GateShape["canSend"] = (partition, peer) =>
    Effect.sync(() => {
      const here = now().reads(self, partition)
      return here.allowed ? now().reads(peer, partition) : here
    })
  return {
    admits: (peer) => Effect.sync(() => now().admits(peer)),
    canSend: travels,
    canReceive: travels,
    canRead: (partition) => Effect.sync(() => now().reads(self, partition)),
    mustForget: (partition) => Effect.sync(() => now().forgets(self, partition)),
    accepts: ({ author, from, partition }, deeds) =>
      Effect.suspend(() =>
        Effect.map(writes(now(), Author.peer(author), partition, deeds), (answer) =>
          answer.allowed || !now().isCustodian(from) ? answer : now().vouched(from, answer)
        )
      ),
    givesWay: Effect.sync(() => !now().isCustodian(self)),
    isCustodian: (peer) => Effect.sync(() => now().isCustodian(peer)),
    canWrite: (partition, deeds) =>
      Effect.suspend(() => {
        const here = now().reads(self, partition)
        return here.allowed ? writes(now(), self, partition, deeds) : Effect.succeed(here)
      }),
    audit: Auditing.audit,
    changes: Stream.map(charter.changes, () => undefined)
  }
}

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
