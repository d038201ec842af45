// Two copies of one device at one hub: both are heard, neither keeps the other out, and nothing is lost.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { describe } from "vitest"
import type { JournalShape } from "../../src/journal/Journal.ts"
import { MemoryTables } from "../../src/journal/MemoryTables.ts"
import type { Link } from "../../src/transport/Link.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { copiesMax } from "../../src/orchestrator/SessionTable.ts"
import { crypto } from "../nodeCrypto.ts"
import { space } from "../session/SessionUnderTest.ts"
import { makeNode, makeRules, pass, seenBy, statusOf, type VirtualNode } from "./virtualNodes.ts"

const minuteMs = 60_000
const tasks = 300

/** A link on which each frame takes its time. */
const slow =
  (ms: number) =>
  (link: Link): Link => ({ ...link, receive: Effect.tap(link.receive, Effect.sleep(ms)) })

/** A journal that answers so long after something became durable. */
const late =
  (ms: number) =>
  (journal: JournalShape): JournalShape => ({
    ...journal,
    get info() {
      return journal.info
    },
    receive: (batch) => (ms === 0 ? journal.receive(batch) : Effect.tap(journal.receive(batch), Effect.sleep(ms)))
  })

/** A hub and two nodes with one key; the incarnations of their journals are given. */
const hubAndCopies = Effect.fnUntraced(function* (incarnations: readonly [string, string], frameMs = 0, answerMs = 0) {
  const network = MemoryTransport.makeNetwork()
  const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([2]) })
  const open = (incarnation: string) =>
    Effect.gen(function* () {
      return yield* makeNode(network, 2, [1], {
        rules: yield* makeRules([1]),
        tables: new MemoryTables(crypto.sha256, space, incarnation),
        listens: false,
        link: slow(frameMs),
        journal: late(answerMs)
      })
    })
  return { hub, one: yield* open(incarnations[0]), two: yield* open(incarnations[1]) }
})

const expectSame = Effect.fnUntraced(function* (nodes: ReadonlyArray<VirtualNode>) {
  const [first, ...others] = nodes
  for (const other of others) expect(yield* other.hash).toEqual(yield* first!.hash)
  for (const node of nodes) expect((yield* statusOf(node))?.state).toBe("synced")
})

it.effect("[OR-66] a peer is as its worst copy: held while one of them is", () =>
  Effect.gen(function* () {
    const network = MemoryTransport.makeNetwork()
    const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([2]) })
    const copy = Effect.fnUntraced(function* (incarnation: string, ms: number) {
      const tables = new MemoryTables(crypto.sha256, space, incarnation)
      return yield* makeNode(network, 2, [1], { rules: yield* makeRules([1]), tables, listens: false, skew: { ms } })
    })
    const [ahead, right] = [yield* copy("1111111111111111", 20 * minuteMs), yield* copy("2222222222222222", 0)]
    yield* hub.start
    yield* ahead.start
    yield* ahead.put("early", { team: "a", title: "one", votes: 1 })
    yield* pass(5_000)
    expect(yield* statusOf(hub)).toMatchObject({ state: "held" })
    yield* right.start
    yield* pass(5_000)
    expect(yield* statusOf(right)).toMatchObject({ state: "synced" })
    expect(yield* statusOf(hub)).toMatchObject({ state: "held", lastError: expect.stringContaining("ClockAhead") })
  })
)

it.effect("[OR-12] copies that one device makes up keep nobody else out", () =>
  Effect.gen(function* () {
    const network = MemoryTransport.makeNetwork()
    const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([2, 3]), sessionsMax: 2 * copiesMax })
    yield* hub.start
    for (let i = 0; i < 4 * copiesMax; i++) {
      const tables = new MemoryTables(crypto.sha256, space, String(i).padStart(16, "0"))
      const copy = yield* makeNode(network, 2, [1], { rules: yield* makeRules([1]), tables, listens: false })
      yield* copy.start
    }
    yield* pass(5_000)
    expect((yield* hub.status).peers).toHaveLength(1)
    expect(seenBy(hub, "PeerConnected").length - seenBy(hub, "PeerDisconnected").length).toBe(copiesMax)
    const other = yield* makeNode(network, 3, [1], { rules: yield* makeRules([1]), listens: false })
    yield* other.start
    yield* pass(5_000)
    expect(yield* statusOf(other)).toMatchObject({ state: "synced" })
  })
)

const sessionsOf = (node: VirtualNode): number => seenBy(node, "PeerConnected").length

describe("two copies of one device", () => {
  it.effect("[OR-18] that know of each other are both live at a hub, and both get what the other writes", () =>
    Effect.gen(function* () {
      const { hub, one, two } = yield* hubAndCopies(["1111111111111111", "2222222222222222"])
      for (const node of [hub, one, two]) yield* node.start
      yield* one.put("of one", { team: "a", title: "one", votes: 1 })
      yield* two.put("of two", { team: "a", title: "two", votes: 1 })
      yield* pass(5_000)
      for (const node of [hub, one, two]) {
        expect(yield* node.fieldsOf("of one")).toMatchObject({ title: "one" })
        expect(yield* node.fieldsOf("of two")).toMatchObject({ title: "two" })
      }
      yield* two.put("of one", { team: "a", title: "changed by two", votes: 2 })
      yield* one.put("of two", { team: "a", title: "changed by one", votes: 2 })
      yield* pass(11 * minuteMs)
      yield* expectSame([hub, one, two])
      expect(yield* one.fieldsOf("of one")).toMatchObject({ title: "changed by two", votes: 2 })
      expect([sessionsOf(hub), sessionsOf(one), sessionsOf(two)]).toEqual([2, 1, 1])
      // One of them leaves: the hub still hears the other.
      yield* two.stop
      yield* pass(1_000)
      expect(yield* statusOf(hub)).toMatchObject({ state: "synced" })
      yield* one.put("later", { team: "a", title: "later", votes: 1 })
      yield* pass(3_000)
      expect(yield* hub.fieldsOf("later")).toMatchObject({ title: "later" })
      expect(yield* statusOf(hub)).toMatchObject({ state: "synced" })
    })
  )

  it.effect("[OR-19] a copy is told of it also when the link ends before the store has answered", () =>
    Effect.gen(function* () {
      const { hub, one, two } = yield* hubAndCopies(["1111111111111111", "1111111111111111"], 0, 900)
      yield* one.put("of one", { team: "a", title: "one", votes: 1 })
      yield* hub.start
      yield* one.start
      yield* pass(3_000)
      yield* one.close
      // As much as the hub has of it, so that only what it gets back shows the copy.
      yield* two.put("of two", { team: "a", title: "two", votes: 1 })
      const before = two.journal.info.incarnation
      yield* two.start
      for (let i = 0; i < 20 && two.journal.info.incarnation === before; i++) yield* pass(500)
      // Durable, and not answered yet.
      expect(two.journal.info.incarnation).not.toBe(before)
      expect(seenBy(two, "JournalCopied")).toEqual([])
      yield* hub.stop
      yield* pass(1_000)
      const { incarnation } = two.journal.info
      expect(seenBy(two, "JournalCopied")).toEqual([{ _tag: "JournalCopied", peer: hub.peer, incarnation }])
      expect(seenBy(two, "PeerDisconnected")).toHaveLength(1)
    })
  )

  it.effect("[OR-19] a store that does not answer holds the end of a session back for a second at most", () =>
    Effect.gen(function* () {
      const { hub, one, two } = yield* hubAndCopies(["1111111111111111", "2222222222222222"], 0, minuteMs)
      yield* hub.start
      yield* two.start
      yield* pass(1_000)
      yield* one.put("of one", { team: "a", title: "one", votes: 1 })
      yield* one.start
      yield* pass(1_000)
      yield* hub.stop
      yield* pass(1_500)
      expect(seenBy(two, "PeerDisconnected")).toHaveLength(1)
    })
  )

  for (const frameMs of [0, 400]) {
    it.effect(`[OR-18] [RE-4] that do not know it yet learn it and go on apart; a frame takes ${frameMs} ms`, () =>
      Effect.gen(function* () {
        const { hub, one, two } = yield* hubAndCopies(["1111111111111111", "1111111111111111"], frameMs)
        for (let i = 0; i < tasks; i++) {
          yield* one.put(`one ${i}`, { team: "a", title: "of one", votes: 1 })
          yield* two.put(`two ${i}`, { team: "a", title: "of two", votes: 1 })
        }
        // Under the same numbers.
        for (const [node, votes] of [
          [one, 1],
          [two, 10]
        ] as const) {
          yield* node.put("both", { team: "a", title: "first", votes })
          yield* node.put("both", { team: "a", title: "second", votes: 2 * votes })
        }
        for (const node of [hub, one, two]) yield* node.start
        yield* pass(15 * minuteMs)
        yield* expectSame([hub, one, two])
        expect((yield* hub.hash).count).toBe(2 * tasks + 1)
        expect(yield* hub.fieldsOf("both")).toMatchObject({ votes: 22 })
        expect(seenBy(one, "JournalCopied").length + seenBy(two, "JournalCopied").length).toBeGreaterThan(0)
        expect(one.journal.info.incarnation).not.toBe(two.journal.info.incarnation)
        expect(seenBy(hub, "ForkDetected")).toMatchObject([{ type: "task", id: "both" }])
        const before = sessionsOf(hub)
        yield* one.put("both", { team: "a", title: "after", votes: 23 })
        yield* pass(10 * minuteMs)
        yield* expectSame([hub, one, two])
        expect(yield* two.fieldsOf("both")).toMatchObject({ title: "after", votes: 23 })
        expect(sessionsOf(hub)).toBe(before)
      })
    )
  }
})

describe("a journal that was set back", () => {
  it.effect("[OR-20] learns it from a peer that has more of it, and goes on as another before it writes anything", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const tables = new MemoryTables(crypto.sha256, space, "1111111111111111")
      const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([2]), tables })
      const client = yield* makeNode(network, 2, [1], { rules: yield* makeRules([1]) })
      yield* hub.put("old", { team: "a", title: "old", votes: 1 })
      yield* hub.start
      yield* client.start
      yield* pass(3_000)
      const backup = tables.copy()
      // Only the client writes: nothing that it has would show the hub that something is missing.
      yield* client.put("new", { team: "a", title: "new", votes: 1 })
      yield* pass(3_000)
      yield* hub.close
      const again = yield* makeNode(network, 1, [], { rules: yield* makeRules([2]), tables: backup })
      yield* again.start
      yield* pass(10_000)
      const { incarnation } = again.journal.info
      expect(incarnation).not.toBe("1111111111111111")
      expect(seenBy(again, "JournalCopied")).toEqual([{ _tag: "JournalCopied", peer: client.peer, incarnation }])
      expect(seenBy(client, "JournalCopied")).toEqual([])
      yield* again.put("old", { team: "a", title: "changed", votes: 2 })
      yield* pass(3_000)
      yield* expectSame([again, client])
      expect(yield* client.fieldsOf("old")).toMatchObject({ title: "changed", votes: 2 })
      expect(yield* again.fieldsOf("new")).toMatchObject({ title: "new" })
      expect(seenBy(client, "ForkDetected")).toEqual([])
    })
  )
})
