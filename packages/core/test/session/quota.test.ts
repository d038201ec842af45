// Quotas at a hub over the memory transport: what is too much waits and is told, nothing is lost, and nobody pays for another.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { describe } from "vitest"
import type { PeerId } from "../../src/identity/PeerId.ts"
import type { Brought, IntakeQuotaShape, PutOff } from "../../src/session/IntakeQuota.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { makeNode, makeRules, pass, receiptsOf, seenBy, statusOf } from "../orchestrator/virtualNodes.ts"

const minuteMs = 60_000
const putOff: PutOff = { rule: "quota/day", because: "1 of 1 MiB of a day; there is room again at noon" }

/** A quota of so many bytes for each device, which the test may change. */
const makeQuota = () => {
  const sums = new Map<PeerId, Brought>()
  const asked: Array<ReadonlyArray<Brought>> = []
  const state = { bytesMax: Infinity, full: undefined as PutOff | undefined, isOfBeginnings: false }
  const shape: IntakeQuotaShape = {
    ask: (brought) =>
      Effect.sync(() => {
        asked.push(brought)
        const over = brought.filter(({ device }) => (sums.get(device)?.bytes ?? 0) >= state.bytesMax)
        return new Map(over.map(({ device }) => [device, { ...putOff, isOfBeginnings: state.isOfBeginnings }]))
      }),
    took: (brought) =>
      Effect.sync(() => {
        for (const { bytes, commits, device, records } of brought) {
          const before = sums.get(device) ?? { device, commits: 0, bytes: 0, records: 0 }
          const sum = {
            bytes: before.bytes + bytes,
            commits: before.commits + commits,
            records: before.records + records
          }
          sums.set(device, { device, ...sum })
        }
      }),
    whyFull: Effect.sync(() => state.full)
  }
  return { shape, state, sums, asked }
}

/** A hub with a quota, and devices 2 and 3 that sync by it; 3 may not see 2 but by the hub. */
const hubAndDevices = Effect.gen(function* () {
  const network = MemoryTransport.makeNetwork()
  const quota = makeQuota()
  const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([2, 3]), quota: quota.shape })
  const writer = yield* makeNode(network, 2, [1], { rules: yield* makeRules([1]) })
  const other = yield* makeNode(network, 3, [1], { rules: yield* makeRules([1]) })
  for (const node of [hub, writer, other]) yield* node.start
  yield* writer.put("first", { team: "a", title: "before" })
  yield* pass(3_000)
  expect(yield* statusOf(writer)).toMatchObject({ state: "synced" })
  return { hub, writer, other, quota }
})

describe("quotas", () => {
  it.effect(
    "[SE-37] a device with nothing left is told, reads on, and all of it arrives by itself once there is room",
    () =>
      Effect.gen(function* () {
        const { hub, other, quota, writer } = yield* hubAndDevices
        quota.state.bytesMax = 1
        yield* writer.put("second", { team: "a", title: "too much" })
        yield* writer.put("first", { team: "a", title: "changed" })
        yield* other.put("theirs", { team: "a", title: "of another" })
        yield* pass(5_000)
        expect(yield* hub.fieldsOf("second")).toBeUndefined()
        expect(yield* hub.fieldsOf("first")).toMatchObject({ title: "before" })
        // The other has brought nothing yet, and what it wrote reaches the one that waits.
        expect(yield* writer.fieldsOf("theirs")).toMatchObject({ title: "of another" })
        expect(seenBy(writer, "WritesDeferred")[0]).toMatchObject({ code: "QuotaExceeded", because: putOff.because })
        expect(seenBy(hub, "CommitsPutOff")[0]).toMatchObject({ peer: writer.peer, ...putOff })
        expect(yield* statusOf(writer)).toMatchObject({ state: "held" })
        expect((yield* statusOf(writer))!.lastError).toContain("QuotaExceeded")
        expect((yield* receiptsOf(writer)).at(-1)).toMatchObject({
          status: "deferred",
          code: "QuotaExceeded",
          ...putOff
        })
        expect(seenBy(writer, "PeerDisconnected")).toEqual([])
        expect(yield* hub.journal.quarantineCounts).toEqual(yield* other.journal.quarantineCounts)
        quota.state.bytesMax = Infinity
        yield* pass(6 * minuteMs)
        const hash = yield* writer.hash
        for (const node of [hub, other]) expect(yield* node.hash).toEqual(hash)
        for (const node of [writer, other]) expect(yield* statusOf(node)).toMatchObject({ state: "synced" })
        expect((yield* receiptsOf(writer)).map(({ status }) => status)).not.toContain("deferred")
      })
  )

  it.effect("[OR-6] [SE-37] a node that was dialled has what waited compared as soon as it is told to", () =>
    Effect.gen(function* () {
      const { hub, quota, writer } = yield* hubAndDevices
      quota.state.bytesMax = 1
      yield* writer.put("second", { team: "a", title: "too much" })
      yield* pass(10_000)
      quota.state.bytesMax = Infinity
      yield* pass(5_000)
      expect(yield* hub.fieldsOf("second")).toBeUndefined()
      yield* hub.send({ _tag: "ForceSync", peer: null })
      yield* pass(3_000)
      expect(yield* hub.fieldsOf("second")).toMatchObject({ title: "too much" })
      expect(yield* statusOf(writer)).toMatchObject({ state: "synced" })
    })
  )

  it.effect(
    "[SE-37] where only beginnings wait, a device changes and deletes what is there, and begins and brings back more later",
    () =>
      Effect.gen(function* () {
        const { hub, quota, writer } = yield* hubAndDevices
        yield* writer.put("old", { team: "a", title: "there" })
        yield* pass(3_000)
        Object.assign(quota.state, { bytesMax: 1, isOfBeginnings: true })
        yield* writer.put("new", { team: "a", title: "too much" })
        yield* writer.put("new", { team: "a", title: "changed" })
        yield* writer.put("first", { team: "a", title: "changed" })
        yield* writer.remove("old")
        yield* pass(5_000)
        expect(yield* hub.fieldsOf("first")).toMatchObject({ title: "changed" })
        expect(yield* hub.fieldsOf("old")).toBeUndefined()
        expect(yield* hub.fieldsOf("new")).toBeUndefined()
        expect(quota.sums.get(writer.peer)).toMatchObject({ records: 1 })
        // By deleting and bringing back there would be no end to it.
        yield* writer.put("old", { team: "a", title: "back" })
        yield* pass(5_000)
        expect(yield* hub.fieldsOf("old")).toBeUndefined()
        expect(quota.sums.get(writer.peer)).toMatchObject({ records: 1 })
        quota.state.bytesMax = Infinity
        yield* pass(6 * minuteMs)
        expect(yield* hub.hash).toEqual(yield* writer.hash)
        expect(quota.sums.get(writer.peer)).toMatchObject({ records: 3 })
      })
  )

  it.effect("[SE-38] what a device wrote counts to it, whoever brings it, once; also to hold it back", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const quota = makeQuota()
      const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([2, 3]), quota: quota.shape })
      const relay = yield* makeNode(network, 3, [1], { rules: yield* makeRules([1, 2]) })
      const writer = yield* makeNode(network, 2, [3], { rules: yield* makeRules([1, 3]) })
      for (const node of [hub, relay, writer]) yield* node.start
      for (let i = 0; i < 5; i++) yield* writer.put(`t${i}`, { team: "a", title: "relayed" })
      yield* relay.put("own", { team: "a", title: "mine" })
      yield* pass(5_000)
      expect([...quota.sums.values()].map(({ commits, device, records }) => [device, commits, records])).toEqual(
        expect.arrayContaining([
          [writer.peer, 5, 5],
          [relay.peer, 1, 1]
        ])
      )
      const before = [...quota.sums.values()]
      quota.state.bytesMax = quota.sums.get(writer.peer)!.bytes
      // The writer has nothing left and the relay has: what it relays waits, what it writes does not.
      yield* writer.put("t9", { team: "a", title: "too much" })
      yield* pass(1_000)
      yield* relay.put("own", { team: "a", title: "again" })
      yield* pass(5_000)
      expect(yield* relay.fieldsOf("t9")).toMatchObject({ title: "too much" })
      expect(yield* hub.fieldsOf("t9")).toBeUndefined()
      expect(yield* hub.fieldsOf("own")).toMatchObject({ title: "again" })
      expect(quota.sums.get(writer.peer)).toEqual(before.find(({ device }) => device === writer.peer))
    })
  )

  it.effect("[SE-38] what nobody admitted wrote counts to who brings it", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const quota = makeQuota()
      const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([3]), quota: quota.shape })
      const relay = yield* makeNode(network, 3, [1], { rules: yield* makeRules([1, 2]) })
      const stranger = yield* makeNode(network, 2, [3], { rules: yield* makeRules([3]) })
      for (const node of [hub, relay, stranger]) yield* node.start
      yield* stranger.put("t", { team: "a", title: "invented" })
      yield* pass(5_000)
      expect(yield* hub.fieldsOf("t")).toMatchObject({ title: "invented" })
      expect([...quota.sums.keys()]).toEqual([relay.peer])
    })
  )

  it.effect("[SE-39] where there is no room, this device's own writes are refused, and nothing of them stays", () =>
    Effect.gen(function* () {
      const { hub, quota } = yield* hubAndDevices
      quota.state.full = { rule: "quota/space", because: "full" }
      const refused = yield* Effect.flip(hub.put("own", { team: "a", title: "no" }))
      expect(refused).toMatchObject({ reason: { _tag: "QuotaExceeded", rule: "quota/space", isRetryable: true } })
      expect(refused.message).toContain("full")
      expect(yield* hub.fieldsOf("own")).toBeUndefined()
      quota.state.full = undefined
      yield* hub.put("own", { team: "a", title: "yes" })
    })
  )
})
