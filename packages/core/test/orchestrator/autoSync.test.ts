// Nodes that sync only when they are told to, or now and then.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { describe } from "vitest"
import type { Mailbox } from "../../src/mailbox/Mailbox.ts"
import * as MemoryMailbox from "../../src/mailbox/MemoryMailbox.ts"
import * as AutoSyncMode from "../../src/orchestrator/AutoSyncMode.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { makeNode, makeRules, pass, receiptsOf, seenBy, statusOf, type VirtualOptions } from "./virtualNodes.ts"

/** Counts how often a mailbox is opened and listed. */
const counting = (inner: Mailbox) => {
  const touched = { opened: 0, listed: 0 }
  const mailbox: Mailbox = {
    ...inner,
    open: (place) =>
      Effect.map(inner.open(place), (shape) => {
        touched.opened++
        return {
          ...shape,
          list: Effect.andThen(
            Effect.sync(() => touched.listed++),
            shape.list
          )
        }
      })
  }
  return { mailbox, touched }
}

/** A hub, and a device with a mailbox that dials it. */
const pair = Effect.fnUntraced(function* (options: Partial<VirtualOptions>) {
  const network = MemoryTransport.makeNetwork()
  const folder = yield* MemoryMailbox.makeFolder
  const { mailbox, touched } = counting(MemoryMailbox.make(folder))
  const rules = yield* makeRules([1, 2, 3], [1])
  const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([2, 3], [1]) })
  const device = yield* makeNode(network, 2, [1], { rules, mailboxes: [mailbox], ...options })
  yield* hub.start
  yield* device.start
  return { network, folder, hub, device, rules, touched }
})

describe("auto-sync that is off", () => {
  it.effect("[OR-84] dials nothing and opens no mailbox, whatever is written or ruled, and says what is pending", () =>
    Effect.gen(function* () {
      const { device, hub, rules, touched } = yield* pair({ autoSync: "off" })
      yield* device.put("t1", { team: "north", title: "here" })
      yield* rules.change(() => false)
      yield* device.resume(hub.peer)
      yield* pass(20 * 60_000)
      expect(seenBy(hub, "PeerConnected")).toEqual([])
      expect(touched).toEqual({ opened: 0, listed: 0 })
      const status = yield* device.status
      expect(status).toMatchObject({
        autoSync: { mode: "off" },
        routes: [{ state: "idle" }],
        mailboxes: [{ state: "idle" }]
      })
      expect(yield* device.fieldsOf("t1")).toMatchObject({ title: "here" })
    })
  )

  it.effect("[OR-84] ForceSync brings both in step, looks into the mailbox, and lets go of both", () =>
    Effect.gen(function* () {
      const { device, hub, touched } = yield* pair({ autoSync: "off" })
      yield* device.put("t1", { team: "north", title: "by a round" })
      yield* hub.put("t2", { team: "north", title: "from the hub" })
      yield* device.send({ _tag: "ForceSync", peer: null })
      yield* pass(10_000)
      expect(yield* hub.fieldsOf("t1")).toMatchObject({ title: "by a round" })
      expect(yield* device.hash).toEqual(yield* hub.hash)
      expect((yield* receiptsOf(device)).map(({ status }) => status)).toEqual(["accepted"])
      // Once, and once more behind what the hub has brought.
      expect(touched.opened).toBe(2)
      expect(seenBy(hub, "PeerDisconnected")).toHaveLength(1)
      const { listed } = touched
      yield* device.put("t3", { team: "north", title: "later" })
      yield* pass(20 * 60_000)
      expect(touched.listed).toBe(listed)
      expect(seenBy(hub, "PeerConnected")).toHaveLength(1)
      expect(yield* hub.fieldsOf("t3")).toBeUndefined()
      expect(yield* statusOf(device, 1)).toMatchObject({ state: "offline", pendingOut: 1 })
      for (const node of [hub, device]) expect(seenBy(node, "SyncError")).toEqual([])
    })
  )

  it.effect("[OR-84] a dial that fails has its three tries, and then waits to be told again", () =>
    Effect.gen(function* () {
      const { device, hub } = yield* pair({ autoSync: "off" })
      yield* hub.stop
      yield* device.send({ _tag: "ForceSync", peer: null })
      yield* pass(20 * 60_000)
      expect(seenBy(device, "SyncError").filter(({ route }) => route === "memory:1")).toHaveLength(3)
      yield* hub.start
      yield* pass(20 * 60_000)
      expect(seenBy(hub, "PeerConnected")).toEqual([])
      yield* device.send({ _tag: "ForceSync", peer: null })
      yield* pass(5_000)
      expect(seenBy(hub, "PeerConnected")).toHaveLength(1)
    })
  )

  it.effect("[OR-84] who dials in is served", () =>
    Effect.gen(function* () {
      const { device, network } = yield* pair({ autoSync: "off" })
      const caller = yield* makeNode(network, 3, [2], { rules: yield* makeRules([2]) })
      yield* caller.start
      yield* device.put("t1", { team: "north", title: "for who asks" })
      yield* pass(5_000)
      expect(yield* caller.fieldsOf("t1")).toMatchObject({ title: "for who asks" })
      expect(seenBy(caller, "PeerDisconnected")).toEqual([])
    })
  )
})

describe("auto-sync that is switched", () => {
  it.effect("[OR-84] off ends a round, too: what it has not reached is dialled no more", () =>
    Effect.gen(function* () {
      const { device, hub } = yield* pair({ autoSync: "off", retryMsMin: 8_000 })
      yield* hub.stop
      yield* device.send({ _tag: "ForceSync", peer: null })
      yield* pass(1_000)
      const before = seenBy(device, "SyncError").length
      expect(before).toBe(1)
      yield* device.send({ _tag: "SetAutoSync", mode: "off" })
      yield* hub.start
      yield* pass(20 * 60_000)
      expect(seenBy(device, "SyncError")).toHaveLength(before)
      expect(seenBy(hub, "PeerConnected")).toEqual([])
      expect((yield* device.status).routes).toMatchObject([{ state: "idle" }])
    })
  )

  it.effect("[OR-83] [OR-84] off lets a live link come into step and go, and on dials again; both are told", () =>
    Effect.gen(function* () {
      const { device, hub, touched } = yield* pair({})
      yield* pass(5_000)
      expect(yield* statusOf(device, 1)).toMatchObject({ state: "synced" })
      yield* device.put("t1", { team: "north", title: "before" })
      yield* device.send({ _tag: "SetAutoSync", mode: "off" })
      yield* pass(10_000)
      expect(yield* hub.fieldsOf("t1")).toMatchObject({ title: "before" })
      expect(yield* statusOf(device, 1)).toMatchObject({ state: "offline", pendingOut: 0 })
      const { listed } = touched
      yield* pass(20 * 60_000)
      expect(touched.listed).toBe(listed)
      yield* device.send({ _tag: "SetAutoSync", mode: "live" })
      yield* device.put("t2", { team: "north", title: "behind" })
      yield* pass(5_000)
      expect(yield* hub.fieldsOf("t2")).toMatchObject({ title: "behind" })
      expect(seenBy(device, "AutoSyncChanged").map(({ mode }) => mode)).toEqual(["off", "live"])
    })
  )

  it.effect("[OR-83] a mode that cannot be is refused, and what was goes on", () =>
    Effect.gen(function* () {
      const { device } = yield* pair({ autoSync: { everyMs: 60_000 } })
      for (const everyMs of [0, AutoSyncMode.everyMsMin - 1, AutoSyncMode.everyMsMax + 1, 60_000.5, Number.NaN]) {
        const error = yield* Effect.flip(device.tell({ _tag: "SetAutoSync", mode: { everyMs } }))
        expect(error.reason._tag).toBe("IntervalUnfit")
      }
      expect((yield* device.status).autoSync.mode).toEqual({ everyMs: 60_000 })
      expect(seenBy(device, "AutoSyncChanged")).toEqual([])
    })
  )
})

describe("auto-sync now and then", () => {
  it.effect("[OR-85] makes links and looks at the start and so often, and lets go in between", () =>
    Effect.gen(function* () {
      const { device, hub, touched } = yield* pair({ autoSync: { everyMs: 60_000 } })
      yield* device.put("t1", { team: "north", title: "at once" })
      yield* pass(6_000)
      expect(yield* hub.fieldsOf("t1")).toMatchObject({ title: "at once" })
      expect(seenBy(hub, "PeerDisconnected")).toHaveLength(1)
      const { nextAtMs } = (yield* device.status).autoSync
      expect(nextAtMs).toBeGreaterThan(0)
      yield* device.put("t2", { team: "north", title: "waits" })
      yield* pass(40_000)
      expect(yield* hub.fieldsOf("t2")).toBeUndefined()
      expect((yield* device.status).routes).toMatchObject([{ state: "idle" }])
      yield* pass(30_000)
      expect(yield* hub.fieldsOf("t2")).toMatchObject({ title: "waits" })
      const before = touched.opened
      yield* pass(10 * 60_000)
      const rounds = seenBy(hub, "PeerConnected").length
      expect(rounds).toBeGreaterThanOrEqual(11)
      expect(rounds).toBeLessThanOrEqual(14)
      expect(touched.opened - before).toBeGreaterThanOrEqual(9)
      for (const node of [hub, device]) expect(seenBy(node, "SyncError")).toEqual([])
    })
  )

  it.effect("[OR-85] a route that is added is dialled at once, and with the others from then on", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([2]) })
      const device = yield* makeNode(network, 2, [], { rules: yield* makeRules([1]), autoSync: { everyMs: 600_000 } })
      for (const node of [hub, device]) yield* node.start
      yield* pass(10_000)
      yield* device.send({ _tag: "AddRoute", address: "memory:1" })
      yield* pass(10_000)
      expect([seenBy(hub, "PeerConnected"), seenBy(hub, "PeerDisconnected")].map(({ length }) => length)).toEqual([
        1, 1
      ])
      yield* pass(660_000)
      expect(seenBy(hub, "PeerConnected")).toHaveLength(2)
    })
  )

  it.effect("[OR-85] of several addresses of a peer the next is dialled where the first fails, else not", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([2]) })
      const device = yield* makeNode(network, 2, [], {
        rules: yield* makeRules([1]),
        autoSync: { everyMs: 120_000 },
        routes: [
          { address: "memory:1", peer: hub.peer },
          { address: "memory:other", peer: hub.peer }
        ]
      })
      yield* hub.start
      network.listeners.set("memory:other", network.listeners.get("memory:1")!)
      yield* device.start
      yield* pass(60_000)
      expect(seenBy(device, "PeerConnected").map(({ route }) => route)).toEqual(["memory:1"])
      network.listeners.delete("memory:1")
      yield* pass(120_000)
      expect(seenBy(device, "PeerConnected").map(({ route }) => route)).toEqual(["memory:1", "memory:other"])
    })
  )
})
