// What a device may have, looked at when its node starts.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { describe } from "vitest"
import type { JournalShape } from "../../src/journal/Journal.ts"
import type { Partition } from "../../src/model/Partition.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { deniesNothing, makeNode, makeRules, makeTables, pass, receiptsOf, seenBy } from "./virtualNodes.ts"

describe("a policy that changed while nobody looked", () => {
  it.effect("[AK-2] what may not be here any more is gone before anybody is dialled", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const tables = makeTables()
      const rules = yield* makeRules([1, 2])
      const before = yield* makeNode(network, 1, [], { rules, tables })
      yield* before.put("n", { team: "north", title: "stays" })
      yield* before.put("s", { team: "south", title: "goes" })
      yield* before.close
      rules.forget("south")
      const after = yield* makeNode(network, 1, [], { rules, tables })
      expect(yield* after.fieldsOf("s")).toMatchObject({ title: "goes" })
      yield* after.start
      expect(yield* after.fieldsOf("s")).toBe(undefined)
      expect(yield* after.fieldsOf("n")).toMatchObject({ title: "stays" })
      yield* pass(500)
      expect(seenBy(after, "AccessChanged")).toMatchObject([
        { lost: [{ header: { team: "south" }, entities: 1, kept: 1, rule: "team/closed" }], gained: [] }
      ])
      yield* rules.change(deniesNothing)
      yield* pass(1_000)
      expect(yield* after.fieldsOf("s")).toMatchObject({ title: "goes" })
      expect(seenBy(after, "AccessChanged").at(-1)).toMatchObject({ lost: [], gained: [{ header: { team: "south" } }] })
    })
  )
})

describe("commits in quarantine of what may not be here any more", () => {
  it.effect(
    "[AK-7] [SE-24] others' are dropped as what no byte may stay of, and so are own ones that a person gives up",
    () =>
      Effect.gen(function* () {
        const network = MemoryTransport.makeNetwork()
        const rules = yield* makeRules([1, 2], [])
        const discards: Array<readonly [commits: number, isForbidden: boolean | undefined]> = []
        const noting = (journal: JournalShape): JournalShape => ({
          ...journal,
          discard: (ids, isForbidden) => {
            discards.push([ids.length, isForbidden])
            return journal.discard(ids, isForbidden)
          }
        })
        const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([1, 2]) })
        const reader = yield* makeNode(network, 2, [1], { rules, journal: noting })
        const isRevoked = ({ header }: Partition) => header["team"] !== "north"
        yield* rules.change(deniesNothing, isRevoked)
        yield* hub.put("s", { team: "south", title: "waits" })
        yield* hub.put("w", { team: "west", title: "waits" })
        yield* hub.start
        yield* reader.start
        yield* pass(2_000)
        const waiting = yield* reader.journal.quarantine({ after: 0, limit: 10 })
        expect(waiting.map(({ reason }) => reason)).toEqual(["Revoked", "Revoked"])
        yield* reader.stop
        yield* reader.put("mine", { team: "south", title: "only here" })
        yield* rules.change((partition, peer) => peer === undefined && isRevoked(partition), isRevoked)
        yield* rules.lose("south")
        yield* pass(2_000)
        expect(discards).toEqual([[1, true]])
        const forgotten = [...rules.told].filter((line) => line.includes("forget"))
        expect(forgotten).toContain('allowed forget task {"team":"south"} 1 commits in quarantine')
        expect(forgotten.filter((line) => line.includes("quarantine"))).toHaveLength(1)
        const left = yield* reader.journal.quarantine({ after: 0, limit: 10 })
        expect(left.map(({ reason }) => reason)).toEqual(["Revoked", "Rejected"])
        // The western one may wait here, the own southern one only until its author gives it up.
        for (const { id } of left) yield* reader.discard(id)
        expect(discards).toEqual([
          [1, true],
          [1, false],
          [1, true]
        ])
      })
  )
})

describe("work that waits in quarantine", () => {
  it.effect("[AK-1] stays when the right is lost, whatever it waits for, and what others wrote goes", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const [tables, rules, skew] = [makeTables(), yield* makeRules([2]), { ms: 0 }]
      const node = yield* makeNode(network, 1, [], { rules, tables })
      const other = yield* makeNode(network, 2, [1], { rules: yield* makeRules([1]), skew })
      yield* node.start
      yield* other.start
      skew.ms = 3_600_000
      yield* other.put("early", { team: "south", title: "of somebody else" })
      yield* node.put("own", { team: "south", title: "cannot be written again" })
      yield* pass(3_000)
      const [own] = (yield* node.journal.changesAfter(0, 64)).changes
      const waiting = yield* node.journal.quarantine({ after: 0, limit: 10 })
      expect(waiting).toMatchObject([{ reason: "ClockAhead" }])
      // As what a wrong clock had stamped waits when it cannot be written again; its place in the journal is empty.
      const id = "ab".repeat(32)
      const { bytes } = tables.commitAt(own!.lseq)!
      const kept = { ...waiting[0]!, id, author: own!.author, peer: other.peer, bytes, dueMs: null }
      tables.transact(() => tables.addQuarantine(kept))
      yield* rules.lose("south")
      yield* pass(3_000)
      expect(yield* node.journal.held).toEqual([])
      expect(yield* node.journal.quarantined(id)).toMatchObject({ author: own!.author, reason: "ClockAhead" })
      expect(yield* node.journal.quarantined(waiting[0]!.id)).toBe(undefined)
    })
  )
})

describe("a policy that changes while a batch is being written", () => {
  it.effect("[AK-5] what comes to be written behind the look at what must go is gone soon after", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const rules = yield* makeRules([1, 2])
      let isSlow = false
      const slowly = (journal: JournalShape): JournalShape => ({
        ...journal,
        receive: (batch) =>
          isSlow ? Effect.andThen(Effect.sleep(12_000), journal.receive(batch)) : journal.receive(batch)
      })
      const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([1, 2]) })
      const reader = yield* makeNode(network, 2, [1], { rules, journal: slowly })
      yield* hub.start
      yield* reader.start
      yield* hub.put("s1", { team: "south", title: "there before" })
      yield* pass(2_000)
      isSlow = true
      yield* hub.put("s2", { team: "south", title: "under way" })
      yield* pass(2_000)
      yield* rules.lose("south")
      yield* pass(8_000)
      expect(yield* reader.journal.held).toEqual([])
      yield* pass(20_000)
      // It was written, and did not stay.
      expect(yield* reader.journal.head).toBeGreaterThan(1)
      expect(yield* reader.journal.held).toEqual([])
      expect(yield* reader.fieldsOf("s2")).toBe(undefined)
    })
  )
})

describe("a hub that was set back", () => {
  it.effect("[AK-8] what it had confirmed before waits when it takes the right with its greeting", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const hubTables = makeTables()
      const rules = yield* makeRules([1])
      const before = yield* makeNode(network, 1, [], { rules: yield* makeRules([2]), tables: hubTables })
      let frames = Infinity
      const client = yield* makeNode(network, 2, [1], {
        rules,
        // After so many frames of a session the link is silent.
        link: (link) => ({
          ...link,
          receive: Effect.suspend(() => (frames-- > 0 ? link.receive : Effect.never))
        })
      })
      yield* before.start
      yield* client.start
      yield* client.put("old", { team: "a", title: "old" })
      yield* pass(3_000)
      const backup = hubTables.copy()
      yield* client.put("new", { team: "a", title: "acknowledged" })
      yield* pass(3_000)
      expect((yield* receiptsOf(client)).map(({ status }) => status)).toEqual(["accepted", "accepted"])
      yield* client.stop
      yield* before.close
      backup.transact(() => backup.setIdentity({ incarnation: "00112233aabbccdd", writing: "00112233aabbccdd" }))
      const hub = yield* makeNode(network, 1, [], { rules: yield* makeRules([2]), tables: backup })
      frames = 2
      yield* hub.start
      yield* client.start
      yield* pass(500)
      yield* rules.lose("a")
      yield* pass(2_000)
      expect(seenBy(client, "AccessChanged")).toMatchObject([{ lost: [{ entities: 2, kept: 2 }] }])
    })
  )
})
