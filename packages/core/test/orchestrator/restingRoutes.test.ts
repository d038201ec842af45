// Routes that name nobody and rest because who answered there is linked by another road: what may be behind them by then.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { describe } from "vitest"
import * as MemoryMailbox from "../../src/mailbox/MemoryMailbox.ts"
import { MemoryTables } from "../../src/journal/MemoryTables.ts"
import * as RoadChoice from "../../src/orchestrator/RoadChoice.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { crypto } from "../nodeCrypto.ts"
import { space } from "../session/SessionUnderTest.ts"
import { makeNode, makeRules, pass, seenBy } from "./virtualNodes.ts"

const minuteMs = 60_000

/** Lets one address lead where another one does. */
const lead = (network: MemoryTransport.MemoryNetwork, from: string, to: string): void => {
  network.listeners.set(`memory:${from}`, network.listeners.get(`memory:${to}`)!)
}

/** Hub 1 under two addresses, hub 3, and node 2, which dials both addresses of hub 1. */
const site = Effect.fnUntraced(function* () {
  const network = MemoryTransport.makeNetwork()
  const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([2]) })
  const another = yield* makeNode(network, 3, [], { rules: yield* makeRules([2]) })
  yield* hub.start
  yield* another.start
  lead(network, "second", "1")
  const node = yield* makeNode(network, 2, [], {
    rules: yield* makeRules([1, 3]),
    routes: [{ address: "memory:1" }, { address: "memory:second" }]
  })
  yield* node.start
  yield* pass(5 * minuteMs)
  return { network, hub, another, node }
})

const statesOf = (node: Effect.Success<ReturnType<typeof site>>["node"]) =>
  Effect.map(node.status, ({ routes }) => routes.map(({ state }) => state))

describe("a route that rests", () => {
  it.effect("[OR-93] is linked once its address leads to somebody else, and until then nobody is told anything", () =>
    Effect.gen(function* () {
      const { another, hub, network, node } = yield* site()
      expect(yield* statesOf(node)).toEqual(["connected", "idle"])
      const before = seenBy(hub, "PeerConnected").length
      yield* pass(RoadChoice.lookEveryMs)
      expect(yield* statesOf(node)).toEqual(["connected", "idle"])
      lead(network, "second", "3")
      yield* pass(RoadChoice.lookEveryMs + 1_000)
      expect(yield* statesOf(node)).toEqual(["connected", "connected"])
      expect(seenBy(another, "PeerConnected")).toHaveLength(1)
      expect(seenBy(hub, "PeerConnected")).toHaveLength(before)
      for (const one of [hub, node]) expect(seenBy(one, "SyncError")).toEqual([])
    })
  )

  it.effect(
    "[OR-93] is dialled at once after a failure, also where the peer that was there is linked elsewhere by then",
    () =>
      Effect.gen(function* () {
        const { another, hub, network, node } = yield* site()
        network.listeners.delete("memory:1")
        yield* node.send({ _tag: "PausePeer", peer: hub.peer })
        yield* node.send({ _tag: "ResumePeer", peer: hub.peer })
        yield* pass(50_000)
        expect(yield* statesOf(node)).toEqual(["waiting", "connected"])
        lead(network, "1", "3")
        yield* pass(25_000)
        expect(yield* statesOf(node)).toEqual(["connected", "connected"])
        for (const one of [hub, another])
          expect(seenBy(one, "PeerConnected").length - seenBy(one, "PeerDisconnected").length).toBe(1)
      })
  )

  it.effect("[OR-93] [OR-67] is no reason to use a mailbox", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([2]) })
      yield* hub.start
      lead(network, "second", "1")
      const node = yield* makeNode(network, 2, [], {
        rules: yield* makeRules([1]),
        routes: [{ address: "memory:1" }, { address: "memory:second" }],
        mailboxes: [MemoryMailbox.make(yield* MemoryMailbox.makeFolder)]
      })
      yield* node.start
      yield* pass(5 * minuteMs)
      expect((yield* node.status).mailboxes.map(({ state }) => state)).toEqual(["standby"])
    })
  )

  it.effect("[OR-93] [OR-18] two addresses lead to two copies of one device, and both are linked", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      for (const incarnation of ["1111111111111111", "2222222222222222"]) {
        const tables = new MemoryTables(crypto.sha256, space, incarnation)
        const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([2]), tables })
        yield* hub.start
        lead(network, incarnation, "1")
        network.listeners.delete("memory:1")
      }
      const node = yield* makeNode(network, 2, [], {
        rules: yield* makeRules([1]),
        routes: [{ address: "memory:1111111111111111" }, { address: "memory:2222222222222222" }]
      })
      yield* node.start
      yield* pass(30 * minuteMs)
      expect(yield* statesOf(node)).toEqual(["connected", "connected"])
      expect(seenBy(node, "PeerConnected")).toHaveLength(2)
    })
  )
})
