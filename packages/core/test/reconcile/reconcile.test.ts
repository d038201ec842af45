// Range reconciliation between two journals that share no cursor.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { describe } from "vitest"
import { Journal } from "../../src/journal/Journal.ts"
import * as StateHash from "../../src/journal/StateHash.ts"
import type { EntityChange } from "../../src/model/EntityChange.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { peerOf } from "../session/SessionUnderTest.ts"
import { makeNode, type NodeUnderTest, sawEvent, send } from "../orchestrator/twoNodes.ts"

const change = (id: string, text: string, team: string): EntityChange => ({
  partition: { type: "job", header: { team } },
  id,
  change: { kind: "put", lww: { text }, counters: {}, sets: {} }
})

const write = (node: NodeUnderTest, changes: ReadonlyArray<EntityChange>) =>
  node.run(Journal.use((journal) => journal.write(changes)))

const setUp = Effect.gen(function* () {
  const network = MemoryTransport.makeNetwork()
  const hub = yield* makeNode(network, 1, [2], [])
  const device = yield* makeNode(network, 2, [1], [1])
  return { hub, device }
})

const syncBoth = Effect.fnUntraced(function* (hub: NodeUnderTest, device: NodeUnderTest) {
  yield* send(hub, { _tag: "Start" })
  yield* send(device, { _tag: "Start" })
  yield* sawEvent(device, "SyncCompleted")
  const hash = yield* hub.run(StateHash.compute())
  expect(yield* device.run(StateHash.compute())).toEqual(hash)
  return hash
})

describe("reconciliation", () => {
  it.live("[RE-1] two journals that hold different things and know no cursor of each other end equal", () =>
    Effect.gen(function* () {
      const { device, hub } = yield* setUp
      // Both have something, so neither side may simply send everything.
      yield* write(
        hub,
        Array.from({ length: 700 }, (_, i) => change(`h${i}`, "hub", `t${i % 50}`))
      )
      yield* write(
        device,
        Array.from({ length: 300 }, (_, i) => change(`d${i}`, "device", `t${i % 70}`))
      )
      expect((yield* syncBoth(hub, device)).count).toBe(1000)
    })
  )

  it.live("[RE-2] one changed entity among thousands is found without sending the others", () =>
    Effect.gen(function* () {
      const { device, hub } = yield* setUp
      yield* write(
        hub,
        Array.from({ length: 3000 }, (_, i) => change(`h${i}`, "hub", "one"))
      )
      yield* write(device, [change("d0", "device", "one")])
      yield* syncBoth(hub, device)
      yield* send(hub, { _tag: "Stop" })
      yield* write(hub, [change("h17", "changed", "one")])
      // Forgetting the cursor leaves only the comparison of ranges.
      yield* device.run(Journal.use((journal) => journal.setCursor(peerOfHub, "ffffffffffffffff", 0)))
      const sentBefore = sentBy(hub)
      yield* send(hub, { _tag: "Start" })
      yield* sawEvent(device, "SyncCompleted", 2)
      expect(yield* device.run(StateHash.compute())).toEqual(yield* hub.run(StateHash.compute()))
      expect(sentBy(hub) - sentBefore).toBeLessThanOrEqual(1)
    })
  )

  it.live("[RE-3] large records that differ on both sides do not overrun the window", () =>
    Effect.gen(function* () {
      const { device, hub } = yield* setUp
      const large = (id: string) => change(id, `${id} ${"x".repeat(50_000)}`, "one")
      for (let i = 0; i < 150; i++) {
        yield* write(hub, [large(`h${i}`)])
        yield* write(device, [large(`d${i}`)])
      }
      expect((yield* syncBoth(hub, device)).count).toBe(300)
      expect(device.seen.filter((event) => event._tag === "SyncError")).toEqual([])
    })
  )
})

const peerOfHub = peerOf(1)

const sentBy = (node: NodeUnderTest): number =>
  node.seen.reduce((sum, event) => (event._tag === "SyncProgress" ? event.sentEvents : sum), 0)
