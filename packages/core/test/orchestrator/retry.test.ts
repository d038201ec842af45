// How often a route is dialled whose sessions all end by the same fault.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { makeNode, makeRules, pass, seenBy, statusOf } from "./virtualNodes.ts"

it.effect(
  "[OR-2] a session that breaks by a fault is tried again less and less often, and at once after it worked",
  () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      let isBroken = true
      const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([2]) })
      const client = yield* makeNode(network, 2, [1], {
        rules: yield* makeRules([1]),
        journal: (journal) => ({
          ...journal,
          get info() {
            return journal.info
          },
          feed: (...asked: Parameters<typeof journal.feed>) =>
            isBroken ? Effect.die(new Error("a mistake of this program")) : journal.feed(...asked)
        })
      })
      yield* client.put("a", { team: "open", title: "new" })
      yield* hub.start
      yield* client.start
      yield* pass(60_000)
      const sessions = seenBy(client, "PeerConnected").length
      // 1 s, 2 s, 4 s …, half of it fixed; without that about one each second.
      expect(sessions).toBeGreaterThan(4)
      expect(sessions).toBeLessThan(10)
      isBroken = false
      yield* pass(70_000)
      expect((yield* statusOf(client))?.state).toBe("synced")
      isBroken = true
      const before = seenBy(client, "PeerConnected").length
      yield* client.put("b", { team: "open", title: "new" })
      yield* pass(3_000)
      // The session had worked before it broke.
      expect(seenBy(client, "PeerConnected").length).toBeGreaterThan(before)
    })
)
