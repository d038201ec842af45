// A hub that comes back without what it had confirmed: what receipts say of it until it has everything again.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { describe } from "vitest"
import type { PeerId } from "../../src/identity/PeerId.ts"
import type { JournalShape } from "../../src/journal/Journal.ts"
import { JournalError, StoreFull } from "../../src/journal/JournalError.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { makeNode, makeRules, makeTables, pass, receiptsOf } from "./virtualNodes.ts"

/** A journal whose disk is full while a peer delivers. */
const fullFor =
  (peer: PeerId, disk: { isFull: boolean }) =>
  (journal: JournalShape): JournalShape => ({
    ...journal,
    get info() {
      return journal.info
    },
    receive: (batch) =>
      disk.isFull && batch.peer === peer
        ? Effect.fail(new JournalError({ reason: new StoreFull({ path: "journal.db" }) }))
        : journal.receive(batch)
  })

const task = (title: string) => ({ team: "a", title, votes: 1 })
const statuses = Effect.fnUntraced(function* (node: Parameters<typeof receiptsOf>[0]) {
  return (yield* receiptsOf(node)).map(({ status }) => status)
})

const hubAndClient = Effect.gen(function* () {
  const network = MemoryTransport.makeNetwork()
  const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([2, 3]) })
  const client = yield* makeNode(network, 2, [1], { rules: yield* makeRules([1]) })
  yield* hub.start
  yield* client.start
  yield* client.put("t0", task("yesterday"))
  yield* pass(5_000)
  return { network, hub, client }
})

describe("a hub that lost what it had confirmed", () => {
  it.effect("[JR-150] as an empty journal it has confirmed nothing until it has everything again", () =>
    Effect.gen(function* () {
      const { client, hub, network } = yield* hubAndClient
      expect(yield* statuses(client)).toEqual(["accepted"])
      yield* hub.close
      const disk = { isFull: true }
      const journal = fullFor(client.peer, disk)
      const again = yield* makeNode(network, 1, [], { rules: yield* makeRules([2]), tables: makeTables(), journal })
      yield* again.start
      yield* pass(60_000)
      expect(yield* again.journal.head).toBe(0)
      expect(yield* statuses(client)).toEqual(["deferred"])
      disk.isFull = false
      yield* pass(120_000)
      expect(yield* again.fieldsOf("t0")).toMatchObject({ title: "yesterday" })
      expect(yield* statuses(client)).toEqual(["accepted"])
    })
  )

  it.effect(
    "[AK-10] put back to yesterday's files it has what its cursor says, although others have fed it since",
    () =>
      Effect.gen(function* () {
        const { client, hub, network } = yield* hubAndClient
        const yesterday = hub.tables.copy()
        for (let i = 1; i < 5; i++) yield* client.put(`t${i}`, task("today"))
        yield* pass(5_000)
        expect(yield* statuses(client)).toEqual(Array(5).fill("accepted"))
        yield* client.stop
        yield* hub.close
        const disk = { isFull: true }
        const journal = fullFor(client.peer, disk)
        const again = yield* makeNode(network, 1, [], { rules: yield* makeRules([2, 3]), tables: yesterday, journal })
        yield* again.start
        const other = yield* makeNode(network, 3, [1], { rules: yield* makeRules([1]) })
        for (let i = 0; i < 10; i++) yield* other.put(`o${i}`, task("other"))
        yield* other.start
        yield* pass(5_000)
        yield* client.start
        yield* pass(60_000)
        expect(yield* again.fieldsOf("t4")).toBeUndefined()
        expect(yield* statuses(client)).toEqual(["accepted", ...Array(4).fill("deferred")])
        disk.isFull = false
        yield* pass(120_000)
        expect(yield* again.fieldsOf("t4")).toMatchObject({ title: "today" })
        expect(yield* statuses(client)).toEqual(Array(5).fill("accepted"))
      })
  )
})
