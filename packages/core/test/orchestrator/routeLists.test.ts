// Lists of peers from elsewhere: what they name is dialled behind a node's own routes.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { describe } from "vitest"
import * as MemoryMailbox from "../../src/mailbox/MemoryMailbox.ts"
import type { RouteList, RouteListFailure } from "../../src/orchestrator/RouteList.ts"
import { listEveryMs, listedRoutesMax } from "../../src/orchestrator/RouteLists.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { makeNode, makeRules, pass, seenBy, type VirtualNode, type VirtualOptions } from "./virtualNodes.ts"

interface Told {
  addresses: ReadonlyArray<string> | RouteListFailure
  fetched: number
}

/** A list that says what it is told to say. */
const listOf = (addresses: Told["addresses"], name = "https://list.peers.net") => {
  const told: Told = { addresses, fetched: 0 }
  const list: RouteList = {
    name,
    fetch: Effect.suspend(() => {
      told.fetched++
      return "code" in told.addresses ? Effect.fail(told.addresses) : Effect.succeed(told.addresses)
    }),
    dial: {}
  }
  return { told, list }
}

/** Nodes 2 to 5 listen; node 1 has lists. */
const site = Effect.fnUntraced(function* (
  routeLists: ReadonlyArray<RouteList>,
  dials: ReadonlyArray<number> = [],
  options: Partial<VirtualOptions> = {}
) {
  const network = MemoryTransport.makeNetwork()
  const rules = yield* makeRules([1, 2, 3, 4, 5])
  const node = yield* makeNode(network, 1, dials, { rules, routeLists, ...options })
  const others: Array<VirtualNode> = []
  for (const device of [2, 3, 4, 5]) {
    others.push(yield* makeNode(network, device, [], { rules: yield* makeRules([1]) }))
  }
  for (const each of [...others, node]) yield* each.start
  return { node, others }
})

const connected = (node: VirtualNode) =>
  Effect.map(node.status, ({ routes }) =>
    routes.filter(({ state }) => state === "connected").map(({ address }) => address)
  )

describe("lists of peers", () => {
  it.effect("[OR-87] what a list names is dialled, and what it names no more is left", () =>
    Effect.gen(function* () {
      const { list, told } = listOf(["memory:3", "memory:4"])
      const { node } = yield* site([list], [2])
      yield* pass(3_000)
      expect(yield* connected(node)).toEqual(["memory:2", "memory:3", "memory:4"])
      const { lists, routes } = yield* node.status
      expect(routes.map(({ isListed }) => isListed)).toEqual([false, true, true])
      expect(lists).toMatchObject([{ name: list.name, routes: 2, lastError: undefined }])
      told.addresses = ["memory:4", "memory:5"]
      expect(told.fetched).toBe(1)
      yield* node.stop
      yield* node.start
      yield* pass(3_000)
      expect(told.fetched).toBe(2)
      expect(yield* connected(node)).toEqual(["memory:2", "memory:4", "memory:5"])
    })
  )

  it.effect("[OR-87] it is fetched every six hours, and not in step with others", () =>
    Effect.gen(function* () {
      const { list, told } = listOf([])
      const node = yield* makeNode(MemoryTransport.makeNetwork(), 1, [], {
        rules: yield* makeRules([1]),
        routeLists: [list]
      })
      yield* node.start
      yield* pass(1_000)
      yield* TestClock.adjust(0.89 * listEveryMs)
      expect(told.fetched).toBe(1)
      yield* TestClock.adjust(0.22 * listEveryMs)
      yield* pass(1_000)
      expect(told.fetched).toBe(2)
    })
  )

  it.effect("[OR-87] a route that the node has as its own stays its own, and stays when the list drops it", () =>
    Effect.gen(function* () {
      const { list, told } = listOf(["memory:2", "memory:3"])
      const { node } = yield* site([list], [2])
      yield* pass(3_000)
      yield* node.send({ _tag: "AddRoute", address: "memory:3" })
      told.addresses = []
      yield* node.stop
      yield* node.start
      yield* pass(3_000)
      expect(yield* connected(node)).toEqual(["memory:2", "memory:3"])
      expect((yield* node.status).routes.map(({ isListed }) => isListed)).toEqual([false, false])
    })
  )

  it.effect("[OR-87] one that fails is told, is asked again later and later, and takes nothing away", () =>
    Effect.gen(function* () {
      const { list, told } = listOf(["memory:3"])
      const { node } = yield* site([list], [2])
      yield* pass(3_000)
      told.addresses = { code: "ListUnreachable", message: "nobody answers" }
      yield* node.stop
      yield* node.start
      yield* pass(10 * 60_000)
      const failures = seenBy(node, "SyncError").filter(({ route }) => route === list.name)
      expect(failures).toHaveLength(4)
      expect(failures[0]).toMatchObject({ peer: null, code: "ListUnreachable", detail: "nobody answers" })
      expect((yield* node.status).lists).toMatchObject([{ lastError: "nobody answers", attempts: 4, routes: 1 }])
      expect(yield* connected(node)).toEqual(["memory:2", "memory:3"])
      told.addresses = ["memory:3"]
      yield* pass(10 * 60_000)
      expect((yield* node.status).lists).toMatchObject([{ lastError: undefined, attempts: 0 }])
    })
  )

  it.effect("[OR-87] [OR-80] [OR-81] its routes have what places the node's own leave", () =>
    Effect.gen(function* () {
      const { list } = listOf(["memory:4", "memory:5"])
      const { node, others } = yield* site([list], [2, 3], { dialledMax: 2 })
      yield* pass(5 * 60_000)
      expect(yield* connected(node)).toEqual(["memory:2", "memory:3"])
      yield* others[0]!.stop
      yield* pass(40_000)
      expect((yield* connected(node)).slice(0, 1)).toEqual(["memory:3"])
      expect(yield* connected(node)).toHaveLength(2)
      yield* others[0]!.start
      yield* pass(70_000)
      expect(yield* connected(node)).toEqual(["memory:2", "memory:3"])
    })
  )

  it.effect("[OR-87] too many addresses are left out, and those that no transport takes", () =>
    Effect.gen(function* () {
      const many = Array.from({ length: 60 }, (_, i) => `memory:none${i}`)
      const { list } = listOf(["https://nobody.peers.net", ...many])
      const other = listOf(many.toReversed(), "https://other.peers.net")
      const { node } = yield* site([list, other.list])
      yield* pass(3_000)
      const { routes } = yield* node.status
      expect(routes).toHaveLength(listedRoutesMax)
      expect(routes.every(({ address }) => address.startsWith("memory:"))).toBe(true)
    })
  )

  it.effect("[OR-87] no transport dials what a list names that does not dial where it is told", () =>
    Effect.gen(function* () {
      const { list, told } = listOf(["memory:3"])
      const { node } = yield* site([list], [2], { looksUp: false })
      yield* pass(3_000)
      expect(told.fetched).toBe(1)
      expect(yield* connected(node)).toEqual(["memory:2"])
    })
  )

  it.effect("[OR-87] whom nobody reaches is dialled ever more seldom, and takes no mailbox into use", () =>
    Effect.gen(function* () {
      const folder = yield* MemoryMailbox.makeFolder
      const { list } = listOf(["memory:nobody"])
      const { node } = yield* site([list], [2], { mailboxes: [MemoryMailbox.make(folder)] })
      yield* pass(60 * 60_000)
      expect((yield* node.status).mailboxes).toMatchObject([{ state: "standby" }])
      expect(seenBy(node, "RouteChanged")).toEqual([])
      expect(seenBy(node, "SyncError").length).toBeLessThan(17)
    })
  )

  it.effect("[OR-84] [OR-87] none is fetched while auto-sync is off", () =>
    Effect.gen(function* () {
      const { list, told } = listOf(["memory:3"])
      const { node } = yield* site([list], [], { autoSync: "off" })
      yield* pass(60_000)
      expect(told.fetched).toBe(0)
      yield* node.send({ _tag: "SetAutoSync", mode: "live" })
      yield* pass(3_000)
      expect(yield* connected(node)).toEqual(["memory:3"])
    })
  )

  it.effect("[OR-83] [OR-80] [OR-87] options that cannot be are refused when the node is made", () =>
    Effect.gen(function* () {
      const rules = yield* makeRules([1])
      const { list } = listOf([])
      const wrong: ReadonlyArray<Partial<VirtualOptions>> = [
        { dialledMax: 0 },
        { dialledMax: 257 },
        { dialledMax: 1.5 },
        { autoSync: { everyMs: 4_999 } },
        { autoSync: "sometimes" as "off" },
        { routeLists: [list, list] },
        { routeLists: Array.from({ length: 9 }, (_, i) => listOf([], `${i}`).list) }
      ]
      for (const options of wrong) {
        const made = yield* Effect.exit(makeNode(MemoryTransport.makeNetwork(), 1, [], { rules, ...options }))
        expect(String(made)).toContain("RangeError")
      }
    })
  )
})
