// What the only custodian refuses and a mate, who had it before, brings back.
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Records } from "../../src/orchestrator/Records.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { deniesNothing, deniesTeam, makeNode, makeRules, pass, seenBy, Task } from "./virtualNodes.ts"

/** A hub that denies a team and does not run yet, and a client that has shared its work with a mate meanwhile. */
const openThree = Effect.fnUntraced(function* () {
  const network = MemoryTransport.makeNetwork()
  const hubRules = yield* makeRules([2])
  const clientRules = yield* makeRules([1, 3], [1])
  const hub = yield* makeNode(network, 1, [], { rules: hubRules })
  const client = yield* makeNode(network, 2, [1, 3], { rules: clientRules })
  const mate = yield* makeNode(network, 3, [], { rules: yield* makeRules([2]) })
  yield* hubRules.change(deniesTeam("closed"))
  return { hub, client, mate, hubRules, clientRules }
})

describe("what a custodian refuses and somebody else has", () => {
  it.effect("[JR-92] [JR-110] a transaction that comes again in parts is neither lost nor sent round for ever", () =>
    Effect.gen(function* () {
      const { client, clientRules, hub, hubRules, mate } = yield* openThree()
      const items = ["x", "y"].map((id) => ({ id, value: { team: "closed", title: `precious ${id}`, votes: 0 } }))
      yield* client.run(Records.use((records) => records.putAll(Task, items)))
      yield* client.start
      yield* mate.start
      yield* pass(5_000)
      yield* mate.run(Records.use((records) => records.patch(Task, "x", { votes: { inc: 1 } })))
      yield* pass(5_000)
      const { incarnation } = client.journal.info
      yield* hub.start
      for (let i = 0; i < 200 && seenBy(client, "WriteRejected").length === 0; i++) yield* pass(500)
      yield* pass(2_000)
      const sent = (yield* mate.status).peers[0]!.sentEvents
      yield* pass(60_000)
      // Everything that was taken back came again once, and then there is quiet.
      expect(seenBy(client, "WriteRejected")).toHaveLength(1)
      expect((yield* mate.status).peers[0]!.sentEvents).toBe(sent)
      expect(client.journal.info.incarnation).toBe(incarnation)
      expect(yield* client.fieldsOf("x")).toMatchObject({ title: "precious x", votes: 1 })
      yield* mate.stop
      yield* hubRules.change(deniesNothing)
      yield* clientRules.change(deniesNothing)
      yield* pass(10_000)
      for (const node of [hub, client]) {
        expect(yield* node.fieldsOf("x")).toMatchObject({ title: "precious x", votes: 1 })
        expect(yield* node.fieldsOf("y")).toMatchObject({ title: "precious y" })
      }
    })
  )
})
