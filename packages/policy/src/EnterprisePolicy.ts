/**
 * The policy of a team: who belongs to the space and what each may send, receive and write stands in its charter. A
 * record may lie where its readers are, whoever carries it; whether a write counts depends on its author alone, so that a
 * relay neither adds nor takes rights. What the answers are is `EnterpriseDecisions`'.
 */
import { Author, Charter, DeviceKey, Gate, type PeerId } from "@syncline/core"
import { Effect, Layer, Stream } from "effect"
import * as Auditing from "./Auditing.ts"
import { EnterpriseDecisions } from "./EnterpriseDecisions.ts"

/** The gate of a space with a charter. */
export const enterprise: Layer.Layer<Gate.Gate, never, Charter.Charter | DeviceKey.DeviceKey> = Layer.effect(
  Gate.Gate,
  Effect.gen(function* () {
    const charter = yield* Charter.Charter
    const { peer: self } = yield* DeviceKey.DeviceKey
    return gateOf(charter, self)
  })
)

const gateOf = (charter: Charter.CharterShape, self: PeerId.PeerId): Gate.GateShape => {
  let decisions = new EnterpriseDecisions(charter.state())
  // Made anew where it is read, so no decision can pair a new charter with old answers.
  const now = (): EnterpriseDecisions => {
    const state = charter.state()
    if (state !== decisions.state) decisions = new EnterpriseDecisions(state)
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
    accepts: (author, partition) => Effect.sync(() => writes(now(), Author.peer(author), partition)),
    isCustodian: (peer) => Effect.sync(() => now().isCustodian(peer)),
    canWrite: (partition) => Effect.sync(() => writes(now(), self, partition)),
    audit: Auditing.audit,
    changes: Stream.map(charter.changes, () => undefined)
  }
}

/** Any way of writing; which of them an event needs is asked where events are read. */
const writes = (
  decisions: EnterpriseDecisions,
  peer: PeerId.PeerId,
  partition: Parameters<Gate.GateShape["canWrite"]>[0]
) => {
  const answers = (["update", "create", "delete"] as const).map((action) => decisions.may(peer, action, partition))
  return answers.find(({ allowed }) => allowed) ?? answers[0]!
}
