// What a node does when it has as many sessions, routes or paused peers as it takes.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { describe } from "vitest"
import type { PeerId } from "../../src/identity/PeerId.ts"
import { Orchestrator } from "../../src/orchestrator/Orchestrator.ts"
import { pausedPeersMax, routesMax } from "../../src/orchestrator/Supervision.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { peerOf } from "../session/SessionUnderTest.ts"
import { makeNode, sawEvent, send } from "./twoNodes.ts"

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i)

describe("bounds of a node", () => {
  it.live("[OR-12] a peer too many is turned away, and those that are there stay", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const hub = yield* makeNode(network, 1, [2, 3], [], { sessionsMax: 1 })
      const first = yield* makeNode(network, 2, [1], [1])
      const second = yield* makeNode(network, 3, [1], [1])
      yield* send(hub, { _tag: "Start" })
      yield* send(first, { _tag: "Start" })
      yield* sawEvent(hub, "SyncCompleted")
      yield* send(second, { _tag: "Start" })
      yield* sawEvent(hub, "SyncError", 2)
      const errors = hub.seen.flatMap((event) => (event._tag === "SyncError" ? [event.code] : []))
      expect(new Set(errors)).toEqual(new Set(["SessionsExhausted"]))
      const { peers } = yield* hub.run(Orchestrator.use((orchestrator) => orchestrator.status))
      expect(peers.map(({ peer, state }) => [peer, state])).toEqual([[peerOf(2), "synced"]])
      // A place that becomes free is taken by whoever dials next.
      yield* send(first, { _tag: "Stop" })
      yield* sawEvent(second, "SyncCompleted")
    })
  )

  it.live("[OR-12] a route too many is refused, also when the node is made", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const node = yield* makeNode(network, 1, [], numbers(2, routesMax))
      const refused = yield* Effect.flip(send(node, { _tag: "AddRoute", address: "memory:9999" }))
      expect(refused.reason).toMatchObject({ _tag: "RoutesExhausted", routesMax })
      yield* send(node, { _tag: "AddRoute", address: "memory:2" })
      const made = yield* Effect.exit(makeNode(network, 1, [], numbers(2, routesMax + 1)))
      expect(String(made)).toContain(`at most ${routesMax} routes`)
    })
  )

  it.live("[OR-12] a paused peer too many is refused, and one that is paused may be paused again", () =>
    Effect.gen(function* () {
      const node = yield* makeNode(MemoryTransport.makeNetwork(), 1, [], [])
      const pause = (number: number) => send(node, { _tag: "PausePeer", peer: `peer ${number}` as PeerId })
      yield* Effect.forEach(numbers(1, pausedPeersMax), pause)
      const refused = yield* Effect.flip(pause(pausedPeersMax + 1))
      expect(refused.reason).toMatchObject({ _tag: "PausesExhausted", pausedPeersMax })
      yield* pause(1)
      yield* send(node, { _tag: "ResumePeer", peer: "peer 1" as PeerId })
      yield* pause(pausedPeersMax + 1)
    })
  )
})
