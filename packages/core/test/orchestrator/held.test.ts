// Commits that wait in quarantine: the status says so and why, on both sides, until they are released.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { describe } from "vitest"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { waitingOf } from "../../src/journal/Quarantine.ts"
import { deniesNothing, deniesTeam, makeNode, makeRules, pass, receiptsOf, seenBy, statusOf } from "./virtualNodes.ts"

const tasks = 100
const minuteMs = 60_000

const hubAndClients = Effect.gen(function* () {
  const network = MemoryTransport.makeNetwork()
  const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([2, 3]) })
  const skew = { ms: 0 }
  const client = yield* makeNode(network, 2, [1], { rules: yield* makeRules([1]), skew })
  const other = yield* makeNode(network, 3, [1], { rules: yield* makeRules([1]) })
  yield* hub.start
  yield* client.start
  yield* other.start
  for (let i = 0; i < tasks; i++) yield* client.put(`t${i}`, { team: "a", title: "first", votes: 1 })
  yield* pass(3_000)
  for (const node of [hub, client, other]) expect(yield* statusOf(node)).toMatchObject({ state: "synced" })
  return { hub, client, other, skew }
})

describe("commits that are held", () => {
  it.effect("[OR-17] a commit ahead of the hub's clock is told as held on both sides, and synced once it is due", () =>
    Effect.gen(function* () {
      const { client, hub, other, skew } = yield* hubAndClients
      skew.ms = 7 * minuteMs
      yield* client.put("early", { team: "a", title: "from the future", votes: 1 })
      skew.ms = 0
      yield* pass(5_000)
      expect(yield* hub.fieldsOf("early")).toBeUndefined()
      expect(yield* statusOf(client)).toMatchObject({ state: "held", pendingOut: 1 })
      expect((yield* statusOf(client))!.lastError).toContain("ClockAhead")
      expect(yield* statusOf(hub, 2)).toMatchObject({ state: "held" })
      expect((yield* statusOf(hub, 2))!.lastError).toContain("ClockAhead")
      expect(yield* statusOf(other)).toMatchObject({ state: "synced" })
      expect(seenBy(hub, "CommitsHeld")[0]).toMatchObject({ reason: "ClockAhead", commits: 1, peer: client.peer })
      expect((yield* receiptsOf(client)).at(-1)).toMatchObject({ status: "deferred", code: "ClockAhead" })
      // Other changes go on meanwhile.
      yield* other.put("t1", { team: "a", title: "second", votes: 1 })
      yield* pass(3_000)
      expect(yield* client.fieldsOf("t1")).toMatchObject({ title: "second" })
      expect(yield* statusOf(client)).toMatchObject({ state: "held" })
      yield* pass(4 * minuteMs)
      for (const node of [hub, client, other]) {
        expect(yield* node.fieldsOf("early")).toMatchObject({ title: "from the future" })
        for (const peer of (yield* node.status).peers) {
          expect(peer).toMatchObject({ state: "synced", pendingOut: 0, pendingIn: 0, lastError: undefined })
        }
      }
      expect((yield* receiptsOf(client)).at(-1)).toMatchObject({ status: "accepted" })
      expect(seenBy(hub, "QuarantineLeft")).toMatchObject([{ reason: "ClockAhead", how: "released", commits: 1 }])
    })
  )

  it.effect(
    "[OR-17] [SE-30] a mass delete is told as held on both sides, others keep their records until it is released",
    () =>
      Effect.gen(function* () {
        const { client, hub, other } = yield* hubAndClients
        for (let i = 0; i < 10; i++) yield* client.remove(`t${i}`)
        yield* pass(minuteMs)
        expect(yield* other.journal.count("task")).toBe(tasks - 10)
        yield* client.stop
        for (let i = 10; i < 60; i++) yield* client.remove(`t${i}`)
        yield* client.start
        yield* pass(5_000)
        expect(yield* client.journal.count("task")).toBe(tasks - 60)
        for (const node of [hub, other]) expect(yield* node.journal.count("task")).toBe(tasks - 10)
        expect(yield* statusOf(client)).toMatchObject({ state: "held", pendingOut: 50 })
        expect((yield* statusOf(client))!.lastError).toContain("MassDelete")
        expect(yield* statusOf(hub, 2)).toMatchObject({ state: "held" })
        expect((yield* statusOf(hub, 2))!.lastError).toContain("MassDelete")
        expect(yield* statusOf(other)).toMatchObject({ state: "synced" })
        // A commit that waits blocks no receipt of those behind it, in this session or in a later one.
        for (const id of ["t90", "t91"]) {
          yield* client.put(id, { team: "a", title: "new", votes: 1 })
          yield* pass(5_000)
          expect((yield* receiptsOf(client)).at(-1)).toMatchObject({ status: "accepted" })
          yield* client.stop
          yield* client.start
        }
        const statuses = (yield* receiptsOf(client)).map(({ code, status }) => `${status} ${code}`)
        expect(statuses.filter((status) => status === "deferred MassDelete")).toHaveLength(50)
        expect(statuses.filter((status) => status !== "accepted ")).toHaveLength(50)
        // They are not taken for new ones when they come again, nor let in one by one.
        yield* pass(10 * minuteMs)
        expect(yield* hub.journal.count("task")).toBe(tasks - 10)
        expect((yield* hub.journal.quarantineCounts).MassDelete).toBe(50)
        const waiting = yield* hub.journal.quarantine({ after: 0, limit: 1_000, reason: "MassDelete" })
        yield* hub.journal.release(waiting.map(({ id }) => id))
        yield* pass(minuteMs + 5_000)
        for (const node of [hub, client, other]) {
          expect(yield* node.journal.count("task")).toBe(tasks - 60)
          for (const peer of (yield* node.status).peers) {
            expect(peer).toMatchObject({ state: "synced", pendingOut: 0, pendingIn: 0 })
          }
        }
        expect(new Set((yield* receiptsOf(client)).map(({ status }) => status))).toEqual(new Set(["accepted"]))
      })
  )

  it.effect(
    "[JR-136] few deletes under a clock ahead wait for their time and for no person, also when they come again",
    () =>
      Effect.gen(function* () {
        const { client, hub, skew } = yield* hubAndClients
        for (const from of [0, 15]) {
          yield* pass(2 * minuteMs)
          skew.ms = 7 * minuteMs
          for (let i = from; i < from + 15; i++) yield* client.remove(`t${i}`)
          skew.ms = 0
          for (let again = 0; again < 3; again++) {
            yield* pass(5_000)
            expect(yield* hub.journal.quarantineCounts).toMatchObject({ ClockAhead: 15, MassDelete: 0 })
            yield* client.stop
            yield* client.start
          }
          // The last time they come just before they are due, and a minute has not passed when they are.
          yield* pass(2 * minuteMs - 20_000)
          yield* client.stop
          yield* client.start
          yield* pass(minuteMs)
          expect(waitingOf(yield* hub.journal.quarantineCounts)).toBe(0)
          expect(yield* hub.journal.count("task")).toBe(tasks - from - 15)
        }
      })
  )

  it.effect("[SE-31] [JR-137] changes on top of a held mass delete defer their own receipts and no others", () =>
    Effect.gen(function* () {
      const { client, hub, other } = yield* hubAndClients
      for (let i = 0; i < 50; i++) yield* client.remove(`t${i}`)
      yield* pass(5_000)
      const heldFrom = (yield* hub.journal.quarantineCounts).MassDelete
      expect(heldFrom).toBeGreaterThan(20)
      const codes = Effect.map(receiptsOf(client), (receipts) =>
        receipts.slice(tasks + 50).map(({ code, status }) => `${status} ${code}`)
      )
      yield* client.put("t49", { team: "a", title: "back", votes: 1 })
      yield* client.put("t49", { team: "a", title: "and changed", votes: 1 })
      for (let i = 0; i < 3; i++) {
        yield* client.put(`n${i}`, { team: "a", title: "new", votes: 1 })
        yield* pass(2_000)
      }
      const deferred = ["deferred Waiting", "deferred Waiting"]
      expect(yield* codes).toEqual([...deferred, ...Array.from({ length: 3 }, () => "accepted ")])
      expect((yield* receiptsOf(client)).at(tasks + 50)!.because).toContain("rests on")
      expect(yield* statusOf(client)).toMatchObject({ state: "held" })
      expect(seenBy(hub, "CommitsHeld").map(({ reason }) => reason)).not.toContain("Waiting")
      // Nor in a later session, nor after ranges were compared.
      yield* client.stop
      yield* client.start
      yield* pass(3 * minuteMs)
      yield* client.put("n3", { team: "a", title: "new", votes: 1 })
      yield* pass(3_000)
      expect(yield* codes).toEqual([...deferred, ...Array.from({ length: 4 }, () => "accepted ")])
      const waiting = yield* hub.journal.quarantine({ after: 0, limit: 1_000 })
      yield* hub.journal.release(waiting.map(({ id }) => id))
      yield* pass(2 * minuteMs)
      expect(new Set(yield* codes)).toEqual(new Set(["accepted "]))
      for (const node of [hub, client, other]) {
        expect(yield* node.fieldsOf("t49")).toMatchObject({ title: "and changed" })
        expect(yield* node.journal.count("task")).toBe(tasks - 49 + 4)
        for (const peer of (yield* node.status).peers) expect(peer).toMatchObject({ state: "synced", pendingOut: 0 })
      }
    })
  )

  it.effect("[SE-31] what rests on a commit that waits is taken back with it when a policy refuses that one", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const rules = yield* makeRules([2])
      const hub = yield* makeNode(network, 1, [], { rules })
      const client = yield* makeNode(network, 2, [1], { rules: yield* makeRules([1]) })
      yield* hub.start
      yield* client.start
      for (let i = 0; i < 30; i++) yield* client.put(`t${i}`, { team: "a", title: "first", votes: 1 })
      yield* pass(2 * minuteMs)
      yield* client.stop
      for (let i = 0; i < 25; i++) yield* client.remove(`t${i}`)
      yield* client.put("t0", { team: "a", title: "on top", votes: 1 })
      yield* client.put("else", { team: "b", title: "else", votes: 1 })
      yield* client.start
      yield* pass(3_000)
      const codes = Effect.map(receiptsOf(client), (receipts) =>
        receipts.slice(-3).map(({ code, status }) => `${status} ${code}`)
      )
      expect(yield* codes).toEqual(["deferred MassDelete", "deferred Waiting", "accepted "])
      yield* rules.change(deniesNothing, deniesTeam("a"))
      yield* pass(2 * minuteMs)
      expect((yield* receiptsOf(client)).filter(({ status }) => status === "rejected")).toHaveLength(26)
      expect(yield* client.fieldsOf("t0")).toMatchObject({ title: "first" })
    })
  )

  it.effect("[OR-22] what waits for its time stays when the right of its author has ended meanwhile", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const [rules, skew] = [yield* makeRules([2]), { ms: 0 }]
      const hub = yield* makeNode(network, 1, [], { rules })
      const client = yield* makeNode(network, 2, [1], { rules: yield* makeRules([1]), skew })
      yield* hub.start
      yield* client.start
      yield* pass(3_000)
      skew.ms = 7 * minuteMs
      yield* client.put("early b", { team: "b", title: "from the future", votes: 1 })
      skew.ms = 0
      yield* pass(3_000)
      expect(yield* hub.journal.quarantineCounts).toMatchObject({ ClockAhead: 1 })
      yield* rules.change(deniesNothing, () => true)
      yield* pass(10 * minuteMs)
      expect(yield* hub.fieldsOf("early b")).toBeUndefined()
      yield* rules.change(deniesNothing)
      yield* pass(minuteMs)
      expect(yield* hub.fieldsOf("early b")).toMatchObject({ title: "from the future" })
    })
  )

  it.effect("[OR-22] what stays is asked about in turn, and what is allowed behind it comes in", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const [rules, skew] = [yield* makeRules([2]), { ms: 0 }]
      let reads = 0
      const hub = yield* makeNode(network, 1, [], {
        rules,
        journal: (journal) => ({
          ...journal,
          get info() {
            return journal.info
          },
          quarantined: (id: string) => {
            reads++
            return journal.quarantined(id)
          }
        })
      })
      const client = yield* makeNode(network, 2, [1], { rules: yield* makeRules([1]), skew })
      yield* hub.start
      yield* client.start
      yield* pass(3_000)
      skew.ms = 7 * minuteMs
      for (let i = 0; i < 400; i++) yield* client.put(`n${i}`, { team: "closed", title: "from the future", votes: 1 })
      yield* client.put("last", { team: "open", title: "from the future", votes: 1 })
      skew.ms = 0
      yield* pass(3_000)
      expect(yield* hub.journal.quarantineCounts).toMatchObject({ ClockAhead: 401 })
      yield* rules.change(deniesNothing, deniesTeam("closed"))
      yield* pass(7 * minuteMs)
      expect(yield* hub.fieldsOf("last")).toMatchObject({ title: "from the future" })
      expect(yield* hub.journal.quarantineCounts).toMatchObject({ ClockAhead: 400 })
      reads = 0
      yield* pass(minuteMs)
      // A look every five seconds.
      expect(reads).toBeGreaterThan(400)
      expect(reads).toBeLessThanOrEqual(13 * 256)
      yield* rules.change(deniesNothing)
      yield* pass(minuteMs)
      expect(waitingOf(yield* hub.journal.quarantineCounts)).toBe(0)
    })
  )

  it.effect("[OR-23] a mass delete under keys that nobody knows is held as that of the peer that brings it", () =>
    Effect.gen(function* () {
      const { client, hub, other } = yield* hubAndClients
      const network = MemoryTransport.makeNetwork()
      const into = {
        peer: client.peer,
        incarnation: client.journal.info.incarnation,
        isCustodian: true,
        feed: undefined,
        denials: [],
        aheadMsMax: 5 * minuteMs,
        deleteLimits: { recordsMax: tasks, shareMax: 1, shareFrom: tasks, windowMs: minuteMs }
      }
      for (const [unknown, first] of [
        [8, 0],
        [9, 15]
      ] as const) {
        const node = yield* makeNode(network, unknown, [], { rules: yield* makeRules([]) })
        const { commits } = yield* client.journal.feed(0, node.peer, Infinity)
        yield* node.journal.receive({ ...into, commits: commits.map(({ bytes }) => bytes) })
        for (let i = first; i < first + 15; i++) yield* node.remove(`t${i}`)
        const deletes = yield* node.journal.feed(0, client.peer, Infinity)
        yield* client.journal.receive({ ...into, commits: deletes.commits.map(({ bytes }) => bytes) })
      }
      expect(yield* client.journal.count("task")).toBe(tasks - 30)
      yield* pass(5_000)
      expect((yield* hub.journal.quarantineCounts).MassDelete).toBeGreaterThanOrEqual(15)
      for (const node of [hub, other]) expect(yield* node.journal.count("task")).toBeGreaterThanOrEqual(tasks - 15)
      expect(yield* statusOf(client)).toMatchObject({ state: "held" })
    })
  )

  it.effect("[OR-63] a mass delete that a trusted device let pass waits where that device dials in", () =>
    Effect.gen(function* () {
      const { client, hub, other } = yield* hubAndClients
      yield* client.stop
      for (let i = 0; i < 40; i++) yield* client.remove(`t${i}`)
      const deletes = yield* client.journal.feed(tasks, other.peer, Infinity)
      // Its limits are loose, or it got them bit by bit.
      yield* other.journal.receive({
        peer: client.peer,
        incarnation: client.journal.info.incarnation,
        isCustodian: true,
        feed: undefined,
        commits: deletes.commits.map(({ bytes }) => bytes),
        denials: [],
        aheadMsMax: 5 * minuteMs,
        deleteLimits: { recordsMax: tasks, shareMax: 1, shareFrom: tasks, windowMs: minuteMs }
      })
      expect(yield* other.journal.count("task")).toBe(tasks - 40)
      yield* pass(5_000)
      expect((yield* hub.journal.quarantineCounts).MassDelete).toBe(40)
      expect(yield* statusOf(other)).toMatchObject({ state: "held" })
      // Nor does what waits there pass since both bring it.
      yield* client.start
      yield* pass(10 * minuteMs)
      expect((yield* hub.journal.quarantineCounts).MassDelete).toBe(40)
      expect(yield* hub.journal.count("task")).toBe(tasks)
      const waiting = yield* hub.journal.quarantine({ after: 0, limit: 1_000, reason: "MassDelete" })
      yield* hub.journal.revertDeletes(waiting.map(({ id }) => id))
      yield* pass(minuteMs + 5_000)
      for (const node of [hub, client, other]) {
        expect(yield* node.journal.count("task")).toBe(tasks)
        for (const peer of (yield* node.status).peers) expect(peer).toMatchObject({ state: "synced" })
      }
    })
  )

  it.effect("[OR-23] a mass delete under unknown keys that was ahead of the clock is held when it is due", () =>
    Effect.gen(function* () {
      const { client, hub, other } = yield* hubAndClients
      const network = MemoryTransport.makeNetwork()
      const into = {
        peer: client.peer,
        incarnation: client.journal.info.incarnation,
        isCustodian: true,
        feed: undefined,
        denials: [],
        aheadMsMax: 60 * minuteMs,
        deleteLimits: { recordsMax: tasks, shareMax: 1, shareFrom: tasks, windowMs: minuteMs }
      }
      yield* client.stop
      for (let key = 0; key < 6; key++) {
        const skew = { ms: 0 }
        const node = yield* makeNode(network, 8 + key, [], { rules: yield* makeRules([]), skew })
        const { commits } = yield* client.journal.feed(0, node.peer, Infinity)
        yield* node.journal.receive({ ...into, commits: commits.map(({ bytes }) => bytes) })
        // One key's deletes are due a release after those of the one before.
        skew.ms = 7 * minuteMs + key * 6_000
        for (let i = key * 15; i < (key + 1) * 15; i++) yield* node.remove(`t${i}`)
        const deletes = yield* node.journal.feed(0, client.peer, Infinity)
        yield* client.journal.receive({ ...into, commits: deletes.commits.map(({ bytes }) => bytes) })
      }
      expect(yield* client.journal.count("task")).toBe(tasks - 90)
      yield* client.start
      yield* pass(5_000)
      expect((yield* hub.journal.quarantineCounts).ClockAhead).toBe(90)
      yield* pass(4 * minuteMs)
      expect(yield* hub.journal.quarantineCounts).toMatchObject({ ClockAhead: 0, MassDelete: 75 })
      for (const node of [hub, other]) expect(yield* node.journal.count("task")).toBe(tasks - 15)
    })
  )
})
