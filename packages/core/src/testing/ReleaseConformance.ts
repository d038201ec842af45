/**
 * What every journal must do when commits are taken out of quarantine, by themselves or by a person, and when receipts
 * are asked for: further rules of `journalConformance`.
 */
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { defaultDeleteLimits } from "../journal/DeleteWatch.ts"
import type { Verdict } from "../journal/Receipt.ts"
import type * as Event from "../model/Event.ts"
import * as Limits from "../model/Limits.ts"
import {
  batch,
  commitsOf,
  firstEvent,
  forge,
  type MakeJournal,
  notes,
  open,
  type Opened,
  patch,
  pull,
  put,
  releaseDue,
  remove,
  space,
  startMs,
  stateHash
} from "./JournalFixture.ts"

/** Registers the rules as tests. */
export const releaseConformance = (name: string, make: MakeJournal): void => {
  keptRules(name, make)
  reversalRules(name, make)
  undoneRules(name, make)
  firewallRules(name, make)
  receiptRules(name, make)
}

const denied = { reason: "Denied", rule: "team/b", policyVersion: 7, because: "team b does not write here" } as const
const entriesOf = (journal: Opened) => journal.quarantine({ after: 0, limit: 1_000 })
const idsOf = (journal: Opened) => Effect.map(entriesOf(journal), (entries) => entries.map(({ id }) => id))

const keptRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-59] ${name}: what is tried and stays keeps its place, and says for what it waits`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([put("n1", { text: "first" })])
      yield* a.write([patch("n1", { text: "second" })])
      const [first, second] = yield* commitsOf(a)
      const later: Event.Event = { ...firstEvent("n2", "x"), ops: { later: 1 } as Event.Operations }
      const newer = { bytes: forge(a, space, startMs, later) }
      const denials = [0, 1].map((index) => ({ index, ...denied }))
      yield* b.receive({ ...batch(a, [second!, newer]), denials })
      const before = yield* entriesOf(b)
      const [waiting, unreadable] = before.map(({ id }) => id)
      const tried = yield* b.release([unreadable!, waiting!])
      expect(tried).toMatchObject({
        released: [],
        waiting: [waiting],
        kept: [{ id: unreadable, peer: a.device, code: "SchemaUnknown" }]
      })
      const after = yield* entriesOf(b)
      expect(after[0]).toEqual(before[0])
      expect(after[1]).toMatchObject({ place: before[1]!.place, id: unreadable, reason: "SchemaUnknown", rule: "" })
      yield* b.receive(batch(a, [first!]))
      expect((yield* b.release([waiting!])).released).toEqual([waiting])
    })
  )
}

const reversalRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-70] ${name}: a mass delete that is reverted leaves the records on every replica`, () =>
    Effect.gen(function* () {
      const [a, b, c] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write([...notes(0, 100), put("other", { text: "x" })])
      yield* a.write([remove("note 99")])
      yield* pull(a, b)
      yield* pull(a, c)
      const deletes = notes(0, 60).map(({ id }) => remove(id))
      const { head } = yield* a.write([...deletes, patch("other", { text: "changed beside it" })])
      const fresh = yield* commitsOf(a, head - 1)
      yield* b.receive(batch(a, fresh))
      // Another replica let the deletes pass.
      yield* c.receive({ ...batch(b, fresh), isCustodian: true })
      expect([yield* b.count("note"), yield* c.count("note")]).toEqual([100, 40])
      const ids = yield* idsOf(b)
      const change = yield* b.changes.pipe(
        Stream.take(1),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      expect(yield* b.revertDeletes([...ids, "unknown"])).toMatchObject({ released: ids, waiting: [], kept: [] })
      // One change: nobody ever saw the records gone.
      const [told] = yield* Fiber.join(change)
      expect(told!.entities.filter(({ isDeleted }) => isDeleted)).toEqual([])
      expect(told!.entities).toHaveLength(61)
      expect([yield* b.count("note"), yield* idsOf(b)]).toEqual([100, []])
      expect(yield* b.get("note", "note 99")).toBeUndefined()
      expect((yield* b.get("note", "other"))?.fields).toEqual({ text: "changed beside it" })
      for (const other of [a, c]) {
        yield* other.receive({ ...batch(b, yield* commitsOf(b)), isCustodian: true })
        expect(yield* stateHash(other)).toEqual(yield* stateHash(b))
      }
      expect(yield* a.count("note")).toBe(100)
    })
  )

  it.effect(
    `[JR-52] [JR-70] ${name}: only mass deletes are reverted, and one that rests on something missing goes`,
    () =>
      Effect.gen(function* () {
        const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
        yield* a.write(notes(0, 60))
        yield* a.write([put("n1", { text: "denied" })])
        yield* b.receive({ ...batch(a, yield* commitsOf(a)), denials: [{ index: 1, ...denied }] })
        yield* a.write([patch("note 0", { text: "unknown to b" })])
        const { head } = yield* a.write(notes(0, 60).map(({ id }) => remove(id)))
        yield* b.receive(batch(a, yield* commitsOf(a, head - 1)))
        const [other, massDelete] = yield* idsOf(b)
        expect(yield* b.release([massDelete!])).toMatchObject({ released: [], waiting: [massDelete], entities: [] })
        expect([yield* b.count("note"), yield* idsOf(b)]).toEqual([60, [other, massDelete]])
        const dropped = { released: [], waiting: [], dropped: [massDelete] }
        expect(yield* b.revertDeletes([other!, massDelete!])).toMatchObject(dropped)
        expect([yield* b.count("note"), yield* idsOf(b)]).toEqual([60, [other]])
        yield* b.receive(batch(a, (yield* commitsOf(a)).slice(1, 3)))
        expect(yield* b.count("note")).toBe(61)
        // The delete that had lacked something comes again, and is one.
        yield* TestClock.adjust(defaultDeleteLimits.windowMs)
        yield* pull(a, b)
        expect(yield* b.count("note")).toBe(60)
        yield* pull(b, a)
        expect(yield* stateHash(a)).toEqual(yield* stateHash(b))
      })
  )
}

const undoneRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-70] ${name}: what was applied of a mass delete before is undone when it is reverted`, () =>
    Effect.gen(function* () {
      const [a, b, hub] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write(notes(0, 60))
      for (const into of [b, hub]) yield* pull(a, into)
      yield* a.write([patch("note 0", { text: "unknown to b" })])
      const { head } = yield* a.write(notes(0, 60).map(({ id }) => remove(id)))
      const deletes = yield* commitsOf(a, head - 1)
      expect(yield* b.receive(batch(a, deletes))).toMatchObject({ held: 1 })
      // All of it but one delete comes by way of a custodian, where a person has released it.
      yield* b.receive({ ...batch(hub, deletes), massDeletes: [], isCustodian: true })
      expect([yield* b.count("note"), (yield* idsOf(b)).length]).toEqual([1, 1])
      const ids = yield* idsOf(b)
      expect(yield* b.revertDeletes(ids)).toMatchObject({ released: [], dropped: ids })
      expect([yield* b.count("note"), yield* idsOf(b)]).toEqual([60, []])
    })
  )

  it.effect(`[JR-70] [JR-151] ${name}: a mass delete of what is not here yet is dropped when it is reverted`, () =>
    Effect.gen(function* () {
      const [a, b, hub] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write(notes(0, 60))
      const forged = notes(0, 60).map(({ id }, nonce) => {
        const event = { entity: id, eseq: 1, prev: undefined, deps: [], ops: { d: true as const } }
        return { bytes: forge(b, space, startMs, event, nonce) }
      })
      const { massDeletes } = yield* hub.receive(batch(b, forged))
      expect(yield* hub.revertDeletes(massDeletes)).toMatchObject({ released: [], dropped: massDeletes })
      yield* pull(a, hub)
      expect([yield* hub.count("note"), yield* idsOf(hub)]).toEqual([60, []])
    })
  )
}

const firewallRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-56] ${name}: a mass delete that leaves the quarantine by itself waits for a person there`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write(notes(0, 100))
      yield* pull(a, b)
      yield* TestClock.setTime(startMs + Limits.clockAheadPeerMs + 10)
      const { head } = yield* a.write(notes(0, 60).map(({ id }) => remove(id)))
      yield* TestClock.setTime(startMs)
      const late = batch(a, yield* commitsOf(a, head - 1))
      expect((yield* b.receive(late)).verdicts).toMatchObject([{ code: "ClockAhead" }])
      yield* TestClock.setTime(startMs + 60_000)
      const outcome = yield* releaseDue(b)
      expect(outcome).toMatchObject({ released: [], kept: [{ peer: a.device, code: "MassDelete" }] })
      expect(yield* entriesOf(b)).toMatchObject([{ reason: "MassDelete", dueMs: null }])
      const [id] = yield* idsOf(b)
      expect((yield* b.release([id!], defaultDeleteLimits)).kept).toHaveLength(1)
      expect(yield* b.count("note")).toBe(100)
      expect((yield* b.release([id!])).released).toEqual([id])
      expect(yield* b.count("note")).toBe(40)
    })
  )
}

const receiptRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-53] ${name}: receipts are listed by status and found by commit`, () =>
    Effect.gen(function* () {
      const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
      const ids: Array<string> = []
      for (const change of notes(0, 8)) ids.push(...(yield* a.write([change])).commits)
      const why = { rule: "team/b", policyVersion: 7, because: "not yours" }
      const verdict = (lseq: number, code: string, kind: Verdict["kind"]) => ({ lseq, code, kind, ...why })
      yield* a.settle({
        peer: hub.device,
        incarnation: "00112233445566ff",
        isCustodian: true,
        givesWay: false,
        acknowledged: 4,
        told: 4,
        proven: undefined,
        unsent: [],
        verdicts: [verdict(2, "Denied", "refused"), verdict(6, "ClockAhead", "held"), verdict(7, "Forged", "refused")]
      })
      const places = (status: "accepted" | "rejected" | "deferred", after = 0, limit = 10) =>
        Effect.map(a.receipts(after, limit, status), (found) => found.map(({ lseq }) => lseq))
      expect(yield* places("accepted")).toEqual([1, 3, 4])
      expect(yield* places("deferred")).toEqual([5, 6, 8])
      expect(yield* places("rejected")).toEqual([2, 7])
      expect(yield* places("accepted", 1, 1)).toEqual([3])
      expect(yield* places("deferred", 5, 1)).toEqual([6])
      expect(yield* places("rejected", 2, 1)).toEqual([7])
      const all = yield* a.receipts(0, 10)
      expect(yield* Effect.forEach(ids, a.receipt)).toEqual(all)
      expect(yield* a.receipt("00".repeat(32))).toBeUndefined()
      // Behind many others it is found, too, and one that is submitted again has one receipt.
      for (let i = 0; i < 1_100; i++) yield* a.write([put(`later ${i}`, {})])
      expect(yield* a.receipt(ids[0]!)).toEqual(all[0])
      yield* a.release([ids[1]!])
      expect(yield* a.receipt(ids[1]!)).toMatchObject({ lseq: 1_109, status: "deferred", code: "" })
      expect(yield* places("rejected")).toEqual([7])
      // A journal that is no author of a commit has no receipt of it.
      yield* hub.receive(batch(a, (yield* commitsOf(a)).slice(0, 1)))
      expect(yield* hub.receipt(ids[0]!)).toBeUndefined()
    })
  )
}
