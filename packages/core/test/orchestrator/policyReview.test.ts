// What a policy denied and lets in later, when the moment of the change is a bad one.
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { describe } from "vitest"
import { Gate } from "../../src/gate/Gate.ts"
import { JournalError, StoreFull } from "../../src/journal/JournalError.ts"
import { defaultDeleteLimits } from "../../src/journal/DeleteWatch.ts"
import type { JournalShape } from "../../src/journal/Journal.ts"
import * as Limits from "../../src/model/Limits.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { peerOf } from "../session/SessionUnderTest.ts"
import { deniesNothing, deniesTeam, makeNode, makeRules, makeTables, pass } from "./virtualNodes.ts"

describe("what a policy denied", () => {
  it.effect("[OR-24] is taken in later when the disk was full at the moment of the change", () =>
    Effect.gen(function* () {
      const disk = { isFull: false }
      const network = MemoryTransport.makeNetwork()
      const rules = yield* makeRules([2])
      yield* rules.change(deniesTeam("closed"))
      const full = Effect.fail(new JournalError({ reason: new StoreFull({ path: "test" }) }))
      const journal = (real: JournalShape): JournalShape =>
        Object.create(real, {
          release: {
            value: (...given: Parameters<JournalShape["release"]>) =>
              Effect.suspend(() => (disk.isFull ? full : real.release(...given)))
          }
        }) as JournalShape
      const hub = yield* makeNode(network, 1, [], { rules, journal })
      const client = yield* makeNode(network, 2, [1], { rules: yield* makeRules([1]) })
      yield* hub.start
      yield* client.start
      yield* client.put("t1", { team: "closed", title: "denied", votes: 1 })
      yield* pass(3_000)
      expect((yield* hub.journal.quarantineCounts).Denied).toBe(1)
      disk.isFull = true
      yield* rules.change(deniesNothing)
      yield* pass(12_000)
      expect((yield* hub.journal.quarantineCounts).Denied).toBe(1)
      disk.isFull = false
      yield* pass(6_000)
      expect((yield* hub.journal.quarantineCounts).Denied).toBe(0)
      expect(yield* hub.fieldsOf("t1")).toMatchObject({ title: "denied" })
    })
  )

  it.effect("[AK-13] waits for an update, where it had not been judged, and its author keeps it", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const [older, newer] = [yield* makeRules([2]), yield* makeRules([2])]
      yield* older.change(deniesTeam("closed"))
      yield* newer.change(deniesNothing)
      const marking = Layer.effect(
        Gate,
        Effect.map(Gate, (gate) => ({
          ...gate,
          canReceive: (...asked: Parameters<typeof gate.canReceive>) =>
            Effect.map(gate.canReceive(...asked), (told) => (told.allowed ? told : { ...told, isUnjudged: true }))
        }))
      )
      const tables = makeTables()
      const rules = { ...older, layer: Layer.provide(marking, older.layer) }
      const before = yield* makeNode(network, 1, [], { rules, tables })
      const client = yield* makeNode(network, 2, [1], { rules: yield* makeRules([1]) })
      yield* before.start
      yield* client.start
      yield* client.put("t1", { team: "closed", title: "work", votes: 1 })
      yield* pass(6_000)
      expect(yield* before.journal.quarantine({ after: 0, limit: 5 })).toMatchObject([
        { reason: "Denied", rule: "team/closed", policyVersion: 0 }
      ])
      expect((yield* client.journal.quarantineCounts).Rejected).toBe(0)
      expect(yield* client.fieldsOf("t1")).toMatchObject({ title: "work" })
      // Nobody brings it again.
      yield* client.close
      yield* before.close
      const after = yield* makeNode(network, 1, [], { rules: newer, tables })
      yield* pass(12_000)
      expect((yield* after.journal.quarantineCounts).Denied).toBe(0)
      expect(yield* after.fieldsOf("t1")).toMatchObject({ title: "work" })
    })
  )

  it.effect("[OR-24] is asked about once more when it was kept while the policy changed", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const rules = yield* makeRules([2])
      yield* rules.change(deniesTeam("closed"))
      // The store takes its time between the policy's answer and the moment in which the commit is kept.
      const journal = (real: JournalShape): JournalShape =>
        Object.create(real, {
          receive: {
            value: (...given: Parameters<JournalShape["receive"]>) => Effect.delay(real.receive(...given), 2_000)
          }
        }) as JournalShape
      const hub = yield* makeNode(network, 1, [], { rules, journal })
      const client = yield* makeNode(network, 2, [1], { rules: yield* makeRules([1]) })
      yield* hub.start
      yield* client.start
      yield* pass(3_000)
      yield* client.put("t1", { team: "closed", title: "denied", votes: 1 })
      yield* pass(1_000)
      yield* rules.change(deniesNothing)
      yield* pass(12_000)
      expect((yield* hub.journal.quarantineCounts).Denied).toBe(0)
      expect(yield* hub.fieldsOf("t1")).toMatchObject({ title: "denied" })
    })
  )

  it.effect("[OR-24] is taken in with what it rests on, whatever each of them had been kept for", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const rules = yield* makeRules([2])
      yield* rules.change(deniesTeam("closed"))
      const hub = yield* makeNode(network, 1, [], { rules })
      const client = yield* makeNode(network, 2, [], { rules: yield* makeRules([1]) })
      yield* hub.start
      for (const title of ["first", "second"]) yield* client.put("t1", { team: "closed", title, votes: 1 })
      const { commits } = yield* client.journal.feed(0, hub.peer, 1e6)
      const why = { rule: "", policyVersion: 1, because: "" }
      yield* hub.journal.receive({
        peer: client.peer,
        incarnation: client.journal.info.incarnation,
        isCustodian: true,
        feed: undefined,
        commits: commits.map(({ bytes }) => bytes),
        denials: [
          { index: 0, reason: "Revoked", ...why },
          { index: 1, reason: "Denied", ...why }
        ],
        aheadMsMax: Limits.clockAheadPeerMs,
        deleteLimits: defaultDeleteLimits
      })
      yield* pass(12_000)
      expect(yield* hub.journal.quarantineCounts).toMatchObject({ Denied: 1, Revoked: 1 })
      yield* rules.change(deniesNothing)
      yield* pass(12_000)
      expect(yield* hub.journal.quarantineCounts).toMatchObject({ Denied: 0, Revoked: 0 })
      expect(yield* hub.fieldsOf("t1")).toMatchObject({ title: "second" })
    })
  )

  it.effect("[OR-24] [OR-26] only what rests on something missing is looked at again when something comes", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const rules = yield* makeRules([2])
      yield* rules.change(deniesTeam("closed"))
      const looks: Array<string> = []
      const noting = (real: JournalShape): JournalShape => ({
        ...real,
        quarantined: (id) => {
          looks.push(id)
          return real.quarantined(id)
        }
      })
      const hub = yield* makeNode(network, 1, [], { rules, journal: noting })
      const client = yield* makeNode(network, 2, [], { rules: yield* makeRules([1]) })
      yield* hub.start
      for (const title of ["first", "second"]) yield* client.put("t1", { team: "open", title, votes: 1 })
      for (let n = 0; n < 20; n++) yield* client.put(`c${n}`, { team: "closed", title: "stays", votes: 1 })
      const { commits } = yield* client.journal.feed(0, hub.peer, 1e6)
      const receive = (some: typeof commits) =>
        hub.journal.receive({
          peer: client.peer,
          incarnation: client.journal.info.incarnation,
          isCustodian: true,
          feed: undefined,
          commits: some.map(({ bytes }) => bytes),
          denials: some.map((_, index) => ({ index, reason: "Denied", rule: "", policyVersion: 1, because: "" })),
          aheadMsMax: Limits.clockAheadPeerMs,
          deleteLimits: defaultDeleteLimits
        })
      const [first, ...others] = commits
      yield* receive(others)
      yield* pass(6_000)
      yield* rules.change(deniesTeam("closed"))
      yield* pass(6_000)
      expect(yield* hub.journal.quarantineCounts).toMatchObject({ Denied: 21 })
      looks.length = 0
      for (let n = 0; n < 4; n++) {
        yield* hub.put(`n${n}`, { team: "open", title: "news", votes: 1 })
        yield* pass(5_000)
      }
      // Each time the one that the policy allows, and never those that it does not.
      expect(new Set(looks).size).toBe(1)
      expect(looks.length).toBeLessThanOrEqual(5)
      yield* hub.journal.receive({
        peer: client.peer,
        incarnation: client.journal.info.incarnation,
        isCustodian: true,
        feed: undefined,
        commits: [first!.bytes],
        denials: [],
        aheadMsMax: Limits.clockAheadPeerMs,
        deleteLimits: defaultDeleteLimits
      })
      yield* pass(6_000)
      expect(yield* hub.fieldsOf("t1")).toMatchObject({ title: "second" })
      expect(yield* hub.journal.quarantineCounts).toMatchObject({ Denied: 20 })
    })
  )

  // In a space without a hub the version may have fallen since, so that a later one stands for an earlier charter.
  it.effect.each([
    [1, false],
    [9, true]
  ] as const)(
    "[OR-62] a refusal under another policy that comes late is asked about again, once",
    ([policyVersion, isRenumbered]) =>
      Effect.gen(function* () {
        const network = MemoryTransport.makeNetwork()
        const rules = yield* makeRules([1], [1], !isRenumbered, isRenumbered)
        const client = yield* makeNode(network, 2, [], { rules })
        yield* client.start
        yield* client.put("t1", { team: "open", title: "refused", votes: 1 })
        yield* rules.change(deniesNothing)
        const refuse = Effect.gen(function* () {
          const lseq = yield* client.journal.head
          const verdict = { code: "Denied", kind: "refused", rule: "old", policyVersion, because: "not then" } as const
          yield* client.journal.settle({
            peer: peerOf(1),
            incarnation: "00112233445566ff",
            isCustodian: true,
            givesWay: false,
            acknowledged: 0,
            told: 0,
            proven: undefined,
            unsent: [],
            verdicts: [{ lseq, ...verdict }]
          })
        })
        yield* refuse
        expect((yield* client.journal.quarantineCounts).Rejected).toBe(1)
        expect(yield* client.fieldsOf("t1")).toBe(undefined)
        yield* pass(6_000)
        expect((yield* client.journal.quarantineCounts).Rejected).toBe(0)
        expect(yield* client.fieldsOf("t1")).toMatchObject({ title: "refused" })
        // Refused once more under the same policy it waits, and is not submitted for ever.
        yield* refuse
        yield* pass(6_000)
        expect((yield* client.journal.quarantineCounts).Rejected).toBe(1)
      })
  )
})
