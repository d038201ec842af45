// A thousand commits of which a hub denies ten, and what becomes of the ten.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { describe } from "vitest"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import {
  deniesNothing,
  deniesTeam,
  makeNode,
  makeRules,
  makeTables,
  pass,
  receiptsOf,
  seenBy,
  statusOf,
  type VirtualNode
} from "./virtualNodes.ts"

const total = 1_000
const isClosed = (i: number): boolean => i % 100 === 50
const closed = Array.from({ length: total }, (_, i) => i).filter(isClosed)

const hubAndClient = Effect.gen(function* () {
  const network = MemoryTransport.makeNetwork()
  const [hubRules, clientRules] = [yield* makeRules([2]), yield* makeRules([1])]
  const hub = yield* makeNode(network, 1, [], { rules: hubRules })
  const client = yield* makeNode(network, 2, [1], { rules: clientRules })
  return { hub, hubRules, client, clientRules }
})

/** A thousand commits, each of one task, of which ten belong to a team that the hub has closed. */
const rejected = Effect.gen(function* () {
  const nodes = yield* hubAndClient
  const { client, hub, hubRules } = nodes
  yield* hubRules.change(deniesTeam("closed"))
  for (let i = 0; i < total; i++) {
    yield* client.put(`t${i}`, { team: isClosed(i) ? "closed" : "open", title: `title ${i}`, votes: 1 })
  }
  yield* hub.start
  yield* client.start
  yield* pass(10_000)
  return nodes
})

/** Ids of the entities of a journal's commits, in order of arrival. */
const orderOf = ({ journal }: VirtualNode) =>
  Effect.gen(function* () {
    const order: Array<string> = []
    for (let after = 0, isEnd = false; !isEnd;) {
      const page = yield* journal.changesAfter(after, 64)
      for (const { entities } of page.changes) order.push(...entities.map(({ id }) => id))
      after = page.upto
      isEnd = page.isEnd
    }
    return order
  })

const quarantineOf = ({ journal }: VirtualNode) => journal.quarantine({ after: 0, limit: 1_000 })

/** Everything was applied once: on both sides every task stands with one vote, and nothing waits. */
const expectWhole = Effect.fnUntraced(function* (hub: VirtualNode, client: VirtualNode) {
  for (const node of [hub, client]) {
    for (let i = 0; i < total; i++) {
      expect(yield* node.fieldsOf(`t${i}`)).toMatchObject({ title: `title ${i}`, votes: 1 })
    }
    expect(yield* quarantineOf(node)).toEqual([])
    expect(yield* statusOf(node)).toMatchObject({ state: "synced", pendingOut: 0, pendingIn: 0 })
  }
  expect(yield* hub.hash).toEqual(yield* client.hash)
  const receipts = yield* receiptsOf(client)
  expect(receipts).toHaveLength(total)
  expect(new Set(receipts.map(({ status }) => status))).toEqual(new Set(["accepted"]))
})

describe("a batch of which the hub denies some", () => {
  it.effect(
    "[OR-14] 990 of 1,000 commits are applied in their order, 10 get a receipt with the rule, nothing blocks",
    () =>
      Effect.gen(function* () {
        const { client, hub } = yield* rejected
        const open = Array.from({ length: total }, (_, i) => `t${i}`).filter((_, i) => !isClosed(i))
        expect(yield* orderOf(hub)).toEqual(open)
        const receipts = yield* receiptsOf(client)
        expect(receipts.filter(({ status }) => status === "accepted")).toHaveLength(total - closed.length)
        const refused = receipts.filter(({ status }) => status === "rejected")
        expect(refused).toHaveLength(closed.length)
        for (const receipt of refused) {
          expect(receipt).toMatchObject({
            code: "Denied",
            rule: "team/closed",
            policyVersion: 2,
            because: "nobody works here",
            peer: hub.peer
          })
        }
        expect(seenBy(client, "WriteRejected").map(({ commit }) => commit)).toEqual(refused.map(({ commit }) => commit))
        expect(seenBy(client, "WriteRejected")[0]).toMatchObject({
          code: "Denied",
          rule: "team/closed",
          policyVersion: 2
        })
        for (const [node, reason] of [
          [client, "Rejected"],
          [hub, "Denied"]
        ] as const) {
          const waiting = yield* quarantineOf(node)
          expect(waiting.map(({ id }) => id)).toEqual(refused.map(({ commit }) => commit))
          expect(new Set(waiting.map((entry) => entry.reason))).toEqual(new Set([reason]))
          expect(yield* statusOf(node)).toMatchObject({ state: "synced", pendingOut: 0, pendingIn: 0 })
        }
        for (const i of closed) expect(yield* client.fieldsOf(`t${i}`)).toBeUndefined()
        expect(yield* hub.hash).toEqual(yield* client.hash)
      })
  )

  it.effect("[OR-14] once the hub's policy allows the ten, each is applied once and accepted, by itself", () =>
    Effect.gen(function* () {
      const { client, hub, hubRules } = yield* rejected
      yield* hubRules.change(deniesNothing)
      yield* pass(10_000)
      yield* expectWhole(hub, client)
    })
  )

  it.effect(
    "[OR-14] once the client's own policy changes they are submitted again, and rejected until the hub agrees",
    () =>
      Effect.gen(function* () {
        const { client, clientRules, hub, hubRules } = yield* rejected
        yield* clientRules.change(deniesNothing)
        yield* pass(10_000)
        expect(yield* quarantineOf(client)).toHaveLength(closed.length)
        expect((yield* receiptsOf(client)).filter(({ status }) => status === "rejected")).toHaveLength(closed.length)
        expect(yield* statusOf(client)).toMatchObject({ state: "synced", pendingOut: 0 })
        expect(yield* hub.hash).toEqual(yield* client.hash)
        // Both change at the same time: both sides release them.
        yield* hubRules.change(deniesNothing)
        yield* clientRules.change(deniesNothing)
        yield* pass(10_000)
        yield* expectWhole(hub, client)
      })
  )

  it.effect(
    "[OR-14] a rejected commit does not block a later one on the same entity, and counts when it is allowed",
    () =>
      Effect.gen(function* () {
        const { client, clientRules, hub, hubRules } = yield* hubAndClient
        yield* hub.start
        yield* client.start
        yield* hubRules.change(deniesTeam("closed"))
        yield* client.put("t", { team: "closed", title: "first", votes: 1 })
        yield* pass(5_000)
        // The hub forgets it, so that only the client still has it.
        const [kept] = yield* quarantineOf(hub)
        yield* hub.journal.discard([kept!.id])
        yield* hubRules.change(deniesNothing)
        yield* client.put("t", { team: "closed", title: "second", votes: 10 })
        yield* pass(5_000)
        expect(yield* hub.fieldsOf("t")).toMatchObject({ title: "second", votes: 10 })
        expect(yield* statusOf(client)).toMatchObject({ state: "synced", pendingOut: 0 })
        expect((yield* receiptsOf(client)).map(({ status }) => status)).toEqual(["rejected", "accepted"])
        yield* clientRules.change(deniesNothing)
        yield* pass(5_000)
        for (const node of [hub, client]) {
          expect(yield* node.fieldsOf("t")).toMatchObject({ title: "second", votes: 11 })
          expect(yield* quarantineOf(node)).toEqual([])
        }
        expect((yield* receiptsOf(client)).map(({ status }) => status)).toEqual(["accepted", "accepted"])
      })
  )

  it.effect("[OR-62] nothing is submitted again because two nodes count the versions of their own rules apart", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const [hubRules, clientRules, tables] = [yield* makeRules([2]), yield* makeRules([1]), makeTables()]
      const hub = yield* makeNode(network, 1, [], { rules: hubRules })
      let client = yield* makeNode(network, 2, [1], { rules: clientRules, tables })
      yield* hubRules.change(deniesTeam("closed"))
      for (let i = 0; i < 3; i++) yield* clientRules.change(deniesNothing)
      yield* hub.start
      yield* client.start
      yield* client.put("t", { team: "closed", title: "refused", votes: 1 })
      for (let start = 0; start < 3; start++) {
        yield* pass(20_000)
        expect(seenBy(hub, "CommitsRefused")).toMatchObject([{ code: "Denied", commits: 1 }])
        expect((yield* receiptsOf(client)).map(({ status }) => status)).toEqual(["rejected"])
        yield* client.close
        const rules = yield* makeRules([1])
        for (let i = 0; i < start; i++) yield* rules.change(deniesNothing)
        client = yield* makeNode(network, 2, [1], { rules, tables })
        yield* client.start
      }
    })
  )

  it.effect("[OR-14] an author whose right has ended learns that, and gets it back", () =>
    Effect.gen(function* () {
      const { client, hub, hubRules } = yield* hubAndClient
      yield* hub.start
      yield* client.start
      yield* client.put("before", { team: "closed", title: "in time", votes: 1 })
      yield* pass(3_000)
      yield* hubRules.change(deniesNothing, deniesTeam("closed"))
      yield* client.put("after", { team: "closed", title: "too late", votes: 1 })
      yield* pass(3_000)
      expect(seenBy(client, "WriteRejected")).toMatchObject([
        { code: "Revoked", rule: "team/closed", policyVersion: 2 }
      ])
      expect(yield* quarantineOf(hub)).toMatchObject([{ reason: "Revoked" }])
      expect(yield* client.fieldsOf("before")).toMatchObject({ title: "in time" })
      expect(yield* client.fieldsOf("after")).toBeUndefined()
      expect(yield* statusOf(client)).toMatchObject({ state: "synced" })
      yield* hubRules.change(deniesNothing)
      yield* pass(5_000)
      for (const node of [hub, client]) expect(yield* node.fieldsOf("after")).toMatchObject({ votes: 1 })
      expect((yield* receiptsOf(client)).map(({ status }) => status)).toEqual(["accepted", "accepted"])
    })
  )

  it.effect("[OR-14] what was accepted stays accepted when the policy denies its partition later", () =>
    Effect.gen(function* () {
      const { client, hub, hubRules } = yield* hubAndClient
      yield* hub.start
      yield* client.start
      yield* client.put("t", { team: "closing", title: "in time", votes: 1 })
      yield* pass(5_000)
      yield* hubRules.change(deniesTeam("closing"))
      yield* hub.stop
      yield* hub.start
      yield* pass(30_000)
      expect(yield* client.fieldsOf("t")).toMatchObject({ title: "in time" })
      expect((yield* receiptsOf(client)).map(({ status }) => status)).toEqual(["accepted"])
      expect(yield* quarantineOf(hub)).toEqual([])
    })
  )
})
