// Peers that a transport finds by itself are dialled as far as the policy goes.
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { describe } from "vitest"
import { Gate } from "../../src/gate/Gate.ts"
import type { PeerId } from "../../src/identity/PeerId.ts"
import { findEveryMs, foundRoutesMax } from "../../src/orchestrator/Finding.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import type { Finder } from "../../src/transport/Transport.ts"
import { peerOf } from "../session/SessionUnderTest.ts"
import { makeNode, makeRules, pass, type VirtualNode, type VirtualOptions } from "./virtualNodes.ts"

/** A finder of nodes by their numbers, which tells of whom it is told to tell. */
const makeFinder = (looksFar = false) => {
  const numbers = new Map(Array.from({ length: 200 }, (_, number) => [peerOf(number), number]))
  const told: Array<(peer: PeerId) => Effect.Effect<void>> = []
  const finder: Finder = {
    addressOf: (peer) => `memory:${numbers.get(peer)}`,
    looksFar,
    watch: (onFound) => Effect.sync(() => void told.push(onFound))
  }
  const find = (device: number) => Effect.forEach(told, (tell) => tell(peerOf(device)), { discard: true })
  return { finder, find }
}

/** Counts the links that a node dials, whatever comes of them. */
const countDials = (network: MemoryTransport.MemoryNetwork, address: string) => {
  const dials = { count: 0 }
  const get = network.listeners.get.bind(network.listeners)
  network.listeners.get = (key) => {
    if (key === address) dials.count++
    return get(key)
  }
  return dials
}

/** Node 1 has the finder; nodes 2 and 3 listen, and node 1 knows the given ones. */
const site = Effect.fnUntraced(function* (
  looksFar: boolean,
  known: ReadonlyArray<number>,
  options: Partial<VirtualOptions> = {}
) {
  const network = MemoryTransport.makeNetwork()
  const { find, finder } = makeFinder(looksFar)
  const rules = yield* makeRules(known)
  const node = yield* makeNode(network, 1, [], { rules, finder, ...options })
  const others: Array<VirtualNode> = []
  for (const device of [2, 3]) others.push(yield* makeNode(network, device, [], { rules: yield* makeRules([1]) }))
  for (const each of [...others, node]) yield* each.start
  yield* pass(1_000)
  return { node, others, find, network, rules }
})

const routesOf = (node: VirtualNode) =>
  Effect.map(node.status, ({ routes }) => routes.map(({ address, isFound, state }) => ({ address, isFound, state })))

describe("finding peers", () => {
  it.effect("[OR-91] who is found near is dialled, if the policy admits it", () =>
    Effect.gen(function* () {
      const { find, node } = yield* site(false, [1, 2])
      expect(yield* routesOf(node)).toEqual([])
      yield* find(2)
      yield* find(3)
      yield* find(1)
      yield* pass(1_000)
      expect(yield* routesOf(node)).toEqual([{ address: "memory:2", isFound: true, state: "connected" }])
    })
  )

  it.effect("[OR-91] a transport that looks far is sent for everybody whom the policy admits", () =>
    Effect.gen(function* () {
      const { node } = yield* site(true, [1, 2, 3])
      expect((yield* routesOf(node)).map(({ state }) => state)).toEqual(["connected", "connected"])
    })
  )

  it.effect("[OR-91] who is found again is dialled at once, whatever the wait", () =>
    Effect.gen(function* () {
      const { find, node, others } = yield* site(false, [1, 2])
      yield* others[0]!.stop
      yield* find(2)
      // By now it waits for minutes.
      yield* pass(600_000)
      expect((yield* routesOf(node))[0]?.state).toBe("waiting")
      yield* others[0]!.start
      yield* find(2)
      yield* pass(500)
      expect((yield* routesOf(node))[0]?.state).toBe("connected")
    })
  )

  it.effect("[OR-91] a peer that the policy does not admit any more is looked for no longer", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const { finder } = makeFinder(true)
      const known = [1, 2]
      const { layer, ...rules } = yield* makeRules(known)
      const devices: Array<PeerId> = known.map(peerOf)
      const gate = yield* Effect.provide(Gate, layer)
      const narrower = Layer.succeed(Gate, { ...gate, devices: Effect.sync(() => [...devices]) })
      const node = yield* makeNode(network, 1, [], { rules: { ...rules, layer: narrower }, finder })
      yield* node.start
      yield* pass(1_000)
      expect(yield* routesOf(node)).toHaveLength(1)
      devices.length = 1
      yield* pass(findEveryMs)
      expect(yield* routesOf(node)).toEqual([])
    })
  )

  it.effect("[OR-91] a large team does not become as many routes", () =>
    Effect.gen(function* () {
      const everybody = Array.from({ length: 150 }, (_, number) => number + 1)
      const { node } = yield* site(true, everybody)
      expect(yield* routesOf(node)).toHaveLength(foundRoutesMax)
    })
  )

  it.effect("[OR-96] who is told of all the time is dialled no more often than others", () =>
    Effect.gen(function* () {
      const { find, network, node, others } = yield* site(false, [1, 2])
      yield* others[0]!.stop
      yield* find(2)
      yield* pass(300_000)
      const dials = countDials(network, "memory:2")
      for (let i = 0; i < 120; i++) {
        yield* find(2)
        yield* pass(5_000)
      }
      // Each 12 to 24 s, and not each 5 s.
      expect(dials.count).toBeGreaterThan(20)
      expect(dials.count).toBeLessThan(60)
      expect((yield* routesOf(node))[0]?.state).toBe("waiting")
    })
  )

  it.effect("[OR-92] the status says what lies between", () =>
    Effect.gen(function* () {
      const { node } = yield* site(true, [1, 2], { link: (link) => ({ ...link, path: "relayed" }) })
      expect((yield* node.status).peers.map(({ path }) => path)).toEqual(["relayed"])
    })
  )
})
