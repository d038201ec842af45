// What the only custodian refuses and a mate, who had it before, brings back.
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { JournalError, StoreFull } from "../../src/journal/JournalError.ts"
import { Records } from "../../src/orchestrator/Records.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import {
  deniesNothing,
  deniesTeam,
  makeNode,
  makeRules,
  pass,
  receiptsOf,
  seenBy,
  statusOf,
  Task
} from "./virtualNodes.ts"

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

  it.effect(
    "[JR-92] [JR-111] [OR-17] [QD-8] it is rejected and held, and never accepted, until the policies agree",
    () =>
      Effect.gen(function* () {
        const { client, clientRules, hub, hubRules, mate } = yield* openThree()
        yield* client.put("t1", { team: "closed", title: "wanted" })
        yield* client.put("t2", { team: "open", title: "open" })
        yield* client.start
        yield* mate.start
        yield* pass(10_000)
        yield* hub.start
        yield* pass(90_000)
        // The roots of mate and client are compared again, and what was taken back comes back.
        yield* pass(330_000)
        expect(yield* client.fieldsOf("t1")).toMatchObject({ title: "wanted" })
        const left = { reason: "Rejected", how: "arrived", commits: 1 }
        expect(seenBy(client, "QuarantineLeft")).toMatchObject([left])
        expect((yield* receiptsOf(client)).map(({ code, status }) => [status, code])).toEqual([
          ["accepted", ""],
          ["rejected", "Denied"]
        ])
        expect(yield* statusOf(client, 1)).toMatchObject({
          state: "held",
          lastError: "changes wait: nobody works here (Denied)"
        })
        yield* hubRules.change(deniesNothing)
        yield* clientRules.change(deniesNothing)
        yield* pass(90_000)
        expect(yield* hub.fieldsOf("t1")).toMatchObject({ title: "wanted" })
        expect((yield* receiptsOf(client)).map(({ status }) => status)).toEqual(["accepted", "accepted"])
        expect((yield* statusOf(client, 1))?.state).toBe("synced")
      })
  )

  it.effect("[SE-30] a verdict that could not be kept confirms nothing", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const hubRules = yield* makeRules([2])
      const hub = yield* makeNode(network, 1, [], { rules: hubRules })
      const disk = { isFull: true }
      const client = yield* makeNode(network, 2, [1], {
        rules: yield* makeRules([1]),
        journal: ({ settle, ...journal }) => ({
          ...journal,
          get info() {
            return journal.info
          },
          settle: (settlement) =>
            disk.isFull && settlement.verdicts.length > 0
              ? Effect.fail(new JournalError({ reason: new StoreFull({ path: "test" }) }))
              : settle(settlement)
        })
      })
      yield* hubRules.change(deniesTeam("closed"))
      yield* client.put("t1", { team: "closed", title: "refused" })
      yield* hub.start
      yield* client.start
      yield* pass(30_000)
      expect(yield* receiptsOf(client)).toMatchObject([{ status: "deferred" }])
      disk.isFull = false
      yield* pass(90_000)
      expect(yield* receiptsOf(client)).toMatchObject([{ status: "rejected" }])
    })
  )
})
