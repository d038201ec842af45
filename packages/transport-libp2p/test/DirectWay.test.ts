import { describe, expect, it } from "@effect/vitest"
import type { Connection } from "@libp2p/interface"
import { multiaddr } from "@multiformats/multiaddr"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { found, type Resting } from "../src/DirectWay.ts"
import type { Libp2pNode } from "../src/Libp2pNode.ts"
import { peerOf } from "./Harness.ts"

const peer = peerOf(1)
const address = multiaddr("/ip4/192.0.2.1/tcp/1")
const relayed = multiaddr(`/ip4/192.0.2.9/tcp/1/p2p/${peerOf(9)}/p2p-circuit/p2p/${peer}`)

/** A node with connections to the peer that a test sets, whose dials all fail. */
const nodeWith = (connections: Array<Connection>) => {
  const dialled: Array<string> = []
  const dialAddress = async (to: { readonly toString: () => string }) => {
    dialled.push(to.toString())
    throw new Error("nobody answers")
  }
  const node = { libp2p: { getConnections: () => connections }, dialAddress } as unknown as Libp2pNode
  return { dialled, node }
}

const connection = Effect.map(
  Clock.currentTimeMillis,
  (open) => ({ remoteAddr: address, status: "open", timeline: { open } }) as unknown as Connection
)

const isDone = (fiber: Fiber.Fiber<unknown, unknown>): boolean => fiber.pollUnsafe() !== undefined

describe("a direct way beside a relayed link", () => {
  it.effect("[LP-19] it counts once it has stood for a while", () =>
    Effect.gen(function* () {
      const connections: Array<Connection> = []
      const { node } = nodeWith(connections)
      const fiber = yield* Effect.forkChild(found({ node, peer, resting: new Map(), sources: () => [] }))
      yield* TestClock.adjust(1_000)
      connections.push(yield* connection)
      yield* TestClock.adjust(1_000)
      connections.pop()
      yield* TestClock.adjust(10_000)
      expect(isDone(fiber)).toBe(false)
      connections.push(yield* connection)
      yield* TestClock.adjust(3_000)
      expect(isDone(fiber)).toBe(true)
    })
  )

  it.effect("[LP-19] a peer's links make way once in five minutes", () =>
    Effect.gen(function* () {
      const resting: Resting = new Map()
      const { node } = nodeWith([yield* connection])
      const first = yield* Effect.forkChild(found({ node, peer, resting, sources: () => [] }))
      yield* TestClock.adjust(3_000)
      expect(isDone(first)).toBe(true)
      const second = yield* Effect.forkChild(found({ node, peer, resting, sources: () => [] }))
      yield* TestClock.adjust(290_000)
      expect(isDone(second)).toBe(false)
      yield* TestClock.adjust(15_000)
      expect(isDone(second)).toBe(true)
    })
  )

  it.effect("[LP-19] the peer's addresses are dialled again and again, and no relay among them", () =>
    Effect.gen(function* () {
      const { dialled, node } = nodeWith([])
      const sources = () => [Promise.resolve([relayed, address])]
      yield* Effect.forkChild(found({ node, peer, resting: new Map(), sources }))
      for (let seconds = 0; seconds < 60; seconds++) {
        yield* TestClock.adjust(1_000)
        // The dials are promises.
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      }
      expect(dialled.length).toBeGreaterThanOrEqual(3)
      expect(dialled.length).toBeLessThanOrEqual(5)
      expect(new Set(dialled)).toEqual(new Set([address.toString()]))
    })
  )
})
