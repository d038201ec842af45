// What "synced" is worth: roots are compared after every sync and every period, and what they show is mended or told.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { describe } from "vitest"
import * as Fingerprint from "../../src/journal/Fingerprint.ts"
import { Orchestrator } from "../../src/orchestrator/Orchestrator.ts"
import { defaultTiming } from "../../src/session/RunningSession.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { crypto } from "../nodeCrypto.ts"
import { plant, rowOf } from "./planted.ts"
import {
  deniesNothing,
  deniesTeam,
  makeNode,
  makeRules,
  pass,
  seenBy,
  startMs,
  statusOf,
  type VirtualOptions
} from "./virtualNodes.ts"

const { proofPeriodMs } = defaultTiming
const tasks = 100
const hourMs = 60 * 60_000

const synced = Effect.fnUntraced(function* (
  ofClient: Partial<VirtualOptions> = {},
  ofHub: Partial<VirtualOptions> = {}
) {
  const network = MemoryTransport.makeNetwork()
  const hub = yield* makeNode(network, 1, [], { ...ofHub, rules: yield* makeRules([2]) })
  const client = yield* makeNode(network, 2, [1], { ...ofClient, rules: yield* makeRules([1]) })
  for (let i = 0; i < tasks; i++)
    yield* client.put(`t${i}`, { team: i % 2 === 0 ? "a" : "b", title: "first", votes: 0 })
  yield* hub.start
  yield* client.start
  yield* pass(3_000)
  expect(yield* statusOf(client)).toMatchObject({ state: "synced" })
  expect(yield* statusOf(hub)).toMatchObject({ state: "synced" })
  return { hub, client }
})

const pairs = [
  ["hub", "client"],
  ["client", "hub"]
] as const

describe("the proof of sync", () => {
  it.effect(
    "[OR-15] roots are compared after each sync and every five minutes, and the status says what it knows",
    () =>
      Effect.gen(function* () {
        const { client, hub } = yield* synced()
        for (const [node, other] of [
          [client, hub],
          [hub, client]
        ] as const) {
          const status = (yield* statusOf(node))!
          expect(status).toMatchObject({ peer: other.peer, state: "synced", pendingIn: 0, pendingOut: 0 })
          expect(status.space).toBe(node.journal.info.space)
          expect(status.route).toBe(node === client ? "memory:1" : "memory:2")
          expect(status.provenAtMs).toBeGreaterThanOrEqual(startMs)
        }
        const proofs = seenBy(client, "SyncCompleted").length
        yield* pass(3 * proofPeriodMs)
        expect(seenBy(client, "SyncCompleted").length - proofs).toBeGreaterThanOrEqual(3)
        expect(seenBy(client, "SyncCompleted").length - proofs).toBeLessThanOrEqual(4)
        yield* client.put("t1", { team: "b", title: "second" })
        expect(yield* statusOf(client)).toMatchObject({ state: "syncing", pendingOut: 1 })
        yield* pass(3_000)
        expect(yield* statusOf(hub)).toMatchObject({ state: "synced" })
        const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
        for (const node of [client, hub]) expect((yield* statusOf(node))!.provenAtMs).toBeGreaterThan(now - 3_000)
      })
  )

  it.effect("[OR-15] synced is never said on a proof older than the period", () =>
    Effect.gen(function* () {
      const { client, hub } = yield* synced()
      const ages: Array<number> = []
      for (let steps = 0; steps < 700; steps++) {
        yield* pass(1_000)
        const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
        for (const node of [client, hub]) {
          const { provenAtMs, state } = (yield* statusOf(node))!
          // Nothing goes wrong, so that it never lapses either.
          expect(state).toBe("synced")
          ages.push(now - provenAtMs!)
        }
      }
      expect(Math.max(...ages)).toBeLessThanOrEqual(proofPeriodMs)
    })
  )

  it.effect(
    "[OR-15] a link that carries nothing any more is noticed, and until then synced is not said for too long",
    () =>
      Effect.gen(function* () {
        let isOpen = true
        const { client, hub } = yield* synced({
          link: (link) => ({
            ...link,
            send: (frame) => (isOpen ? link.send(frame) : Effect.void),
            receive: Effect.flatMap(link.receive, (frame) => (isOpen ? Effect.succeed(frame) : Effect.never))
          })
        })
        isOpen = false
        yield* client.put("t1", { team: "b", title: "second", votes: 0 })
        yield* pass(defaultTiming.progressMsMax + 3_000)
        expect(seenBy(client, "Stalled")).toMatchObject([{ awaiting: "acknowledgements" }])
        yield* pass(defaultTiming.pingAfterMs)
        expect((yield* statusOf(hub))!.state).toBe("offline")
        isOpen = true
        yield* pass(65_000)
        expect(yield* hub.fieldsOf("t1")).toMatchObject({ title: "second" })
        expect(yield* statusOf(hub)).toMatchObject({ state: "synced" })
      })
  )

  it.effect("[OR-15] a hub's proof becomes too old when nobody asks again, also when its clock is set back", () =>
    Effect.gen(function* () {
      const skew = { ms: 0 }
      const timing = { ...defaultTiming, proofPeriodMs: 10 * proofPeriodMs }
      const { client, hub } = yield* synced({ timing }, { skew })
      skew.ms = -hourMs
      yield* pass(proofPeriodMs - 10_000)
      expect(yield* statusOf(hub)).toMatchObject({ state: "synced" })
      yield* pass(20_000)
      expect(yield* statusOf(hub)).toMatchObject({ state: "syncing" })
      expect(yield* statusOf(client)).toMatchObject({ state: "synced" })
      yield* client.run(Orchestrator.use((orchestrator) => orchestrator.send({ _tag: "ForceSync", peer: null })))
      yield* pass(2_000)
      expect(yield* statusOf(hub)).toMatchObject({ state: "synced" })
    })
  )

  it.effect("[OR-64] a device that slept calls nobody synced before it has compared again, and does so at once", () =>
    Effect.gen(function* () {
      const skew = { ms: 0 }
      const { client, hub } = yield* synced({ skew })
      // The clock that nobody sets stands still while the machine sleeps.
      skew.ms = hourMs
      expect(yield* statusOf(client)).toMatchObject({ state: "syncing" })
      expect(yield* statusOf(hub)).toMatchObject({ state: "synced" })
      yield* pass(5_000)
      expect(yield* statusOf(client)).toMatchObject({ state: "synced" })
    })
  )

  for (const [where, other] of pairs) {
    it.effect(
      `[OR-15] an entity that is gone from the ${where}'s rows is found by the next proof and fetched again`,
      () =>
        Effect.gen(function* () {
          const nodes = yield* synced()
          plant(nodes[where], rowOf(nodes[where], "t7"), undefined)
          expect(yield* nodes[where].fieldsOf("t7")).toBeUndefined()
          yield* pass(proofPeriodMs + 5_000)
          expect(yield* nodes[where].fieldsOf("t7")).toMatchObject({ title: "first" })
          expect(yield* nodes[where].hash).toEqual(yield* nodes[other].hash)
          expect(yield* statusOf(nodes[where])).toMatchObject({ state: "synced" })
          expect(yield* statusOf(nodes[other])).toMatchObject({ state: "synced" })
        })
    )

    it.effect(
      `[OR-15] an entity that fell back in the ${where}'s rows is found by the next proof and brought forward`,
      () =>
        Effect.gen(function* () {
          const nodes = yield* synced()
          const old = rowOf(nodes[where], "t7")
          yield* nodes.client.put("t7", { team: "b", title: "second", votes: 3 })
          yield* pass(3_000)
          expect(yield* nodes.hub.fieldsOf("t7")).toMatchObject({ title: "second" })
          plant(nodes[where], rowOf(nodes[where], "t7"), old)
          yield* pass(proofPeriodMs + 5_000)
          expect(yield* nodes[where].fieldsOf("t7")).toMatchObject({ title: "second", votes: 3 })
          expect(yield* nodes[where].hash).toEqual(yield* nodes[other].hash)
          expect(yield* statusOf(nodes[other])).toMatchObject({ state: "synced" })
        })
    )

    it.effect(
      `[OR-15] what cannot be mended in the ${where}'s rows is told with its range, and never called synced`,
      () =>
        Effect.gen(function* () {
          const nodes = yield* synced()
          const row = rowOf(nodes[where], "t7")
          plant(nodes[where], row, { ...row, version: crypto.randomBytes(32) })
          yield* pass(proofPeriodMs + 5_000)
          const errors = seenBy(nodes.client, "SyncError")
          const range = `task {"team":"b"} ${row.key.toString(16).padStart(Fingerprint.keyDigits, "0").slice(0, 1)}*`
          expect(errors).toHaveLength(1)
          expect(errors[0]).toMatchObject({ code: "ViewsDiffer", peer: nodes.hub.peer, willRetry: true })
          expect(errors[0]!.detail).toContain(range)
          for (const node of [nodes.client, nodes.hub]) expect((yield* statusOf(node))!.state).toBe("syncing")
          expect((yield* statusOf(nodes.client))!.lastError).toContain(range)
          // It is looked at again, and said again.
          yield* pass(proofPeriodMs)
          expect(seenBy(nodes.client, "SyncError")).toHaveLength(2)
          plant(nodes[where], rowOf(nodes[where], "t7"), row)
          yield* pass(proofPeriodMs + 5_000)
          expect(yield* statusOf(nodes.client)).toMatchObject({ state: "synced", lastError: undefined })
        })
    )
  }

  /** A client between a hub that denies what it wrote and a mate that has it; all but the hub run. */
  const deniedLater = Effect.fnUntraced(function* (ofMate: Partial<VirtualOptions> = {}) {
    const network = MemoryTransport.makeNetwork()
    const hubRules = yield* makeRules([2])
    yield* hubRules.change(deniesTeam("closed"))
    const hub = yield* makeNode(network, 1, [], { rules: hubRules })
    const client = yield* makeNode(network, 2, [1], { rules: yield* makeRules([1, 3], [1]) })
    const mate = yield* makeNode(network, 3, [2], { ...ofMate, rules: yield* makeRules([2]) })
    yield* client.put("t1", { team: "closed", title: "wanted" })
    yield* client.put("t2", { team: "open", title: "open" })
    yield* client.start
    yield* mate.start
    yield* pass(10_000)
    expect(yield* statusOf(client, 3)).toMatchObject({ state: "synced" })
    return { hub, hubRules, client, mate }
  })

  it.effect("[OR-25] what is taken back is compared within seconds, also by a peer that dialled in", () =>
    Effect.gen(function* () {
      const { client, hub, hubRules, mate } = yield* deniedLater()
      const deniedMs = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      yield* hub.start
      // The client takes back what the mate has, and gets it again once the two have compared.
      let sinceMs = 0
      for (let steps = 0; steps < 800 && sinceMs < 3_000; steps++) {
        yield* pass(100)
        if (seenBy(client, "WriteRejected").length > 0) sinceMs += 100
        if ((yield* client.hash).hash === (yield* mate.hash).hash) continue
        expect((yield* statusOf(client, 3))!.state).not.toBe("synced")
      }
      expect(sinceMs).toBe(3_000)
      for (const status of [yield* statusOf(client, 3), yield* statusOf(mate)]) {
        expect(status).toMatchObject({ state: "synced" })
        expect(status!.provenAtMs).toBeGreaterThan(deniedMs)
      }
      expect(yield* client.hash).toEqual(yield* mate.hash)
      yield* hubRules.change(deniesNothing)
      yield* pass(90_000)
      for (const node of [client, mate, hub]) {
        expect(yield* node.fieldsOf("t1")).toMatchObject({ title: "wanted" })
        for (const { state } of (yield* node.status).peers) expect(state).toBe("synced")
      }
    })
  )

  it.effect("[OR-25] synced is not said of a peer that cannot be asked since something was taken back", () =>
    Effect.gen(function* () {
      let isStuck = false
      const link: VirtualOptions["link"] = (inner) => ({
        ...inner,
        receive: Effect.suspend(() => Effect.tap(inner.receive, () => (isStuck ? Effect.never : Effect.void)))
      })
      const { client, hub } = yield* deniedLater({ link })
      isStuck = true
      yield* hub.start
      for (let steps = 0; steps < 800 && seenBy(client, "WriteRejected").length === 0; steps++) yield* pass(100)
      expect(yield* client.fieldsOf("t1")).toBeUndefined()
      expect(yield* statusOf(client, 1)).toMatchObject({ state: "synced" })
      expect(yield* statusOf(client, 3)).toMatchObject({ state: "syncing" })
    })
  )
})
