// How often a route is dialled whose sessions all end by the same fault.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { JournalError, StoreFull } from "../../src/journal/JournalError.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { ListenerBusy, TransportError, Unreachable } from "../../src/transport/TransportError.ts"
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

for (const [reason, least, most] of [
  [new ListenerBusy({ address: "memory:1", problem: "429" }), 36, 66],
  [new Unreachable({ address: "memory:1", problem: "nobody" }), 6, 14]
] as const) {
  it.effect(
    `[OR-2] a hub that takes nobody more just now is dialled sooner than one that does not answer: ${reason._tag}`,
    () =>
      Effect.gen(function* () {
        const network = MemoryTransport.makeNetwork()
        let isFull = true
        let dials = 0
        const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([2]) })
        const client = yield* makeNode(network, 2, [1], {
          rules: yield* makeRules([1]),
          turnedAway: () => {
            dials++
            return isFull ? new TransportError({ transport: "memory", reason }) : undefined
          }
        })
        yield* hub.start
        yield* client.start
        yield* pass(150_000)
        // Every 3 s on average once it waits 4 s, half of it fixed; every 18 s where it waits 24 s.
        expect(dials).toBeGreaterThan(least)
        expect(dials).toBeLessThan(most)
        isFull = false
        yield* pass(25_000)
        expect((yield* statusOf(client))?.state).toBe("synced")
      })
  )
}

const mistake = Effect.die(new Error("a mistake of this program"))
const full = Effect.fail(new JournalError({ reason: new StoreFull({ path: "/a/secret/folder" }) }))

for (const [code, broken] of [
  ["SessionFailed", mistake],
  ["StoreFull", full]
] as const) {
  it.effect(
    `[OR-2] a hub that breaks says so (${code}), is dialled less often, and has all within 10 s of its mending`,
    () =>
      Effect.gen(function* () {
        const network = MemoryTransport.makeNetwork()
        let isBroken = false
        const hub = yield* makeNode(network, 1, [], {
          rules: yield* makeRules([2]),
          journal: (journal) => ({
            ...journal,
            get info() {
              return journal.info
            },
            receive: (...asked: Parameters<typeof journal.receive>) => (isBroken ? broken : journal.receive(...asked))
          })
        })
        const client = yield* makeNode(network, 2, [1], { rules: yield* makeRules([1]) })
        yield* hub.start
        yield* client.start
        yield* client.put("a", { team: "open", title: "x" })
        yield* pass(5_000)
        expect(yield* hub.fieldsOf("a")).toBeDefined()
        isBroken = true
        const before = seenBy(client, "PeerConnected").length
        yield* client.put("b", { team: "open", title: "x" })
        yield* pass(120_000)
        // Every 6 s on average once it waits 8 s, half of it fixed.
        const dials = seenBy(client, "PeerConnected").length - before
        expect(dials).toBeGreaterThan(14)
        expect(dials).toBeLessThan(34)
        const errors = seenBy(client, "SyncError")
        expect(new Set(errors.map((error) => error.code))).toEqual(new Set([code]))
        for (const { detail } of errors) expect(detail).toBe(`the peer refuses (${code}): `)
        isBroken = false
        yield* pass(10_000)
        expect(yield* hub.fieldsOf("b")).toBeDefined()
      })
  )
}
