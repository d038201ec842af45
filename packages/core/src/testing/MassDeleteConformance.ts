/**
 * What every journal must do with mass deletes: further rules of `journalConformance`.
 */
import { expect, it } from "@effect/vitest"
import { Clock, Context, Effect } from "effect"
import { TestClock } from "effect/testing"
import { Compression } from "../crypto/Compression.ts"
import { Crypto } from "../crypto/Crypto.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import { defaultDeleteLimits } from "../journal/DeleteWatch.ts"
import * as Commit from "../model/Commit.ts"
import * as Limits from "../model/Limits.ts"
import {
  batch,
  commitsOf,
  forge,
  type MakeJournal,
  notes,
  open,
  pull,
  releaseDue,
  remove,
  space,
  startMs
} from "./JournalFixture.ts"

/** Registers the rules as tests. */
export const massDeleteConformance = (name: string, make: MakeJournal): void => {
  portionRules(name, make)
  massDeleteRules(name, make)
  wordRules(name, make)
  strangerRules(name, make)
  firstRules(name, make)
  knownRules(name, make)
  onceRules(name, make)
}

const portionRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-56] ${name}: deletes of a batch that comes in portions are judged with the first of them`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write(notes(0, 50))
      yield* pull(a, b)
      const removed = Effect.fnUntraced(function* (from: number, upto: number) {
        const { commits, head } = yield* a.write(notes(from, upto).map(({ id }) => remove(id)))
        // Nobody else has these numbers, so any hash will do.
        const entities = notes(from, upto).map(({ id }, place) => [id, 2, new Uint8Array(16), place, false] as const)
        const partition = { type: "note", header: {} }
        const at = HybridTime.make(startMs, 0)
        const deletes = { id: commits[0]!, author: a.device, writer: a.info.author, at, partition, entities }
        return { deletes, portion: batch(a, yield* commitsOf(a, head - 1)) }
      })
      const [first, second] = [yield* removed(0, 19), yield* removed(19, 38)]
      const outcome = yield* b.receive({ ...first.portion, laterDeletes: [second.deletes] })
      expect(outcome).toMatchObject({ applied: 0, held: 1, massDeletes: [first.deletes.id, second.deletes.id] })
      const { massDeletes } = outcome
      expect(yield* b.receive({ ...second.portion, massDeletes })).toMatchObject({ applied: 0, held: 1 })
      yield* TestClock.adjust(defaultDeleteLimits.windowMs)
      // Few of them pass, and what was judged is not counted again.
      const [third, fourth] = [yield* removed(38, 43), yield* removed(43, 48)]
      const few = yield* b.receive({ ...third.portion, laterDeletes: [fourth.deletes] })
      expect(few).toMatchObject({ applied: 5, held: 0, massDeletes: [] })
      expect(yield* b.receive({ ...fourth.portion, massDeletes: [] })).toMatchObject({ applied: 5, held: 0 })
      expect(yield* b.count("note")).toBe(40)
    })
  )
}

const massDeleteRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-56] ${name}: a mass delete waits for a person, what is usual does not`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write(notes(0, 200))
      yield* pull(a, b)
      const removeSome = Effect.fnUntraced(function* (from: number, upto: number, isCustodian = false) {
        const { head } = yield* a.write(notes(from, upto).map(({ id }) => remove(id)))
        const fresh = yield* commitsOf(a, head - 1)
        return yield* b.receive({ ...batch(a, fresh), isCustodian })
      })
      expect(yield* removeSome(0, 40)).toMatchObject({ applied: 40, held: 0 })
      expect(yield* removeSome(40, 41)).toMatchObject({ applied: 0, held: 1, verdicts: [{ code: "MassDelete" }] })
      yield* TestClock.adjust(defaultDeleteLimits.windowMs)
      expect(yield* removeSome(50, 60)).toMatchObject({ applied: 10, held: 0 })
      expect(yield* b.count("note")).toBe(150)
      const entries = yield* b.quarantine({ after: 0, limit: 10, reason: "MassDelete" })
      expect((yield* b.release(entries.map(({ id }) => id))).released).toHaveLength(1)
      expect(yield* b.count("note")).toBe(149)
      // What was early is judged when it is due.
      yield* TestClock.adjust(Limits.clockAheadPeerMs + 1000)
      const early = yield* a.write(notes(60, 200).map(({ id }) => remove(id)))
      yield* TestClock.setTime(startMs)
      expect((yield* b.receive(batch(a, yield* commitsOf(a, early.head - 2)))).held).toBe(2)
      yield* TestClock.setTime(startMs + 2 * Limits.clockAheadPeerMs)
      expect((yield* releaseDue(b)).released).toEqual([])
      expect((yield* b.quarantineCounts).MassDelete).toBe(2)
      expect(yield* b.count("note")).toBe(149)
      // A custodian has judged what it passes on; its own deletes are judged like anybody's.
      const c = yield* open(make, 3)
      yield* c.receive(batch(b, (yield* commitsOf(b)).slice(0, 2)))
      expect((yield* c.receive({ ...batch(b, yield* commitsOf(b)), isCustodian: true })).held).toBe(0)
      expect(yield* c.count("note")).toBe(149)
    })
  )

  it.effect(`[JR-56] ${name}: at a share of 1 only the number of deletes counts`, () =>
    Effect.gen(function* () {
      const [a, b, c] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write(notes(0, 10))
      for (const into of [b, c]) yield* pull(a, into)
      const { head } = yield* a.write(notes(0, 10).map(({ id }) => remove(id)))
      yield* a.write(notes(0, 10))
      yield* a.write(notes(0, 10).map(({ id }) => remove(id)))
      const again = batch(a, yield* commitsOf(a, head - 1))
      const limitedTo = (shareMax: number) => ({ ...again, deleteLimits: { ...defaultDeleteLimits, shareMax } })
      expect((yield* b.receive(limitedTo(0.99))).held).toBeGreaterThan(0)
      expect((yield* c.receive(limitedTo(1))).held).toBe(0)
      expect(yield* c.count("note")).toBe(0)
    })
  )

  it.effect(`[JR-56] ${name}: what is held counts, so that a long row of deletes does not pass bit by bit`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write(notes(0, 200))
      yield* pull(a, b)
      const removeSome = Effect.fnUntraced(function* (from: number, upto: number) {
        const { head } = yield* a.write(notes(from, upto).map(({ id }) => remove(id)))
        return yield* b.receive(batch(a, yield* commitsOf(a, head - 1)))
      })
      expect(yield* removeSome(0, 100)).toMatchObject({ applied: 0, held: 1 })
      expect(yield* removeSome(100, 101)).toMatchObject({ applied: 0, held: 1 })
      yield* TestClock.adjust(defaultDeleteLimits.windowMs)
      // Coming again, as it does with every comparison, it counts no more and still waits.
      expect(yield* b.receive(batch(a, (yield* commitsOf(a)).slice(-2)))).toMatchObject({ applied: 0, held: 2 })
      expect(yield* removeSome(101, 111)).toMatchObject({ applied: 10, held: 0 })
      expect((yield* b.quarantineCounts).MassDelete).toBe(2)
    })
  )
}

const wordRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-56] ${name}: where everything is judged a custodian's word counts for nothing, however often`, () =>
    Effect.gen(function* () {
      const [a, b, into] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write(notes(0, 100))
      for (const journal of [b, into]) yield* pull(a, journal)
      yield* a.write(notes(0, 50).map(({ id }) => remove(id)))
      yield* b.receive({ ...batch(a, yield* commitsOf(a)), massDeletes: [] })
      expect(yield* b.count("note")).toBe(50)
      const passedOn = { ...batch(b, yield* commitsOf(b)), isCustodian: true }
      for (let times = 0; times < 2; times++) {
        expect((yield* into.receive({ ...passedOn, judgesAll: true })).held).toBe(1)
        yield* TestClock.adjust(defaultDeleteLimits.windowMs)
      }
      expect(yield* into.count("note")).toBe(100)
      expect((yield* into.receive(passedOn)).held).toBe(0)
      expect(yield* into.count("note")).toBe(50)
    })
  )
}

const strangerRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-56] ${name}: what strangers delete counts as their deliverer's when it leaves the quarantine`, () =>
    Effect.gen(function* () {
      const [a, b, into] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write(notes(0, 100))
      for (const journal of [b, into]) yield* pull(a, journal)
      const denials = [{ index: 0, reason: "Denied" as const, rule: "none", policyVersion: 1, because: "not now" }]
      for (const [author, from] of [
        [a, 0],
        [b, 15],
        [a, 30]
      ] as const) {
        const { head } = yield* author.write(notes(from, from + 15).map(({ id }) => remove(id)))
        const deleted = { ...batch(author, yield* commitsOf(author, head - 1)), peer: a.device, denials }
        expect(yield* into.receive(deleted)).toMatchObject({ applied: 0, refused: [["Denied", 1]] })
      }
      const [first, second, third] = (yield* into.quarantine({ after: 0, limit: 10 })).map(({ id }) => id)
      const { released } = yield* into.release([first!], defaultDeleteLimits, [first!])
      expect(released).toEqual([first])
      // Another key, the same deliverer, another call.
      const { kept } = yield* into.release([second!], defaultDeleteLimits, [second!])
      expect(kept).toMatchObject([{ id: second, code: "MassDelete" }])
      yield* TestClock.adjust(defaultDeleteLimits.windowMs)
      expect((yield* into.release([third!], defaultDeleteLimits)).released).toEqual([third])
      expect(yield* into.count("note")).toBe(70)
    })
  )
}

const firstRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-151] ${name}: deletes that come before the records, and rest on nothing, count like others`, () =>
    Effect.gen(function* () {
      const [a, b, hub] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write(notes(0, 100))
      const forged = notes(0, 100).map(({ id }, nonce) => {
        const event = { entity: id, eseq: 1, prev: undefined, deps: [], ops: { d: true as const } }
        return { bytes: forge(b, space, startMs, event, nonce) }
      })
      // There is not even a partition yet.
      expect(yield* hub.receive(batch(b, forged.slice(0, 50)))).toMatchObject({ applied: 0, held: 50 })
      expect(yield* pull(a, hub)).toMatchObject({ held: 0, gaps: 0 })
      expect(yield* hub.count("note")).toBe(100)
      yield* TestClock.adjust(defaultDeleteLimits.windowMs)
      const few = yield* hub.receive(batch(b, forged.slice(50, 60)))
      expect(few).toMatchObject({ applied: 10, held: 0 })
      expect(yield* hub.count("note")).toBe(90)
      // Nor does it matter whether there is one.
      const known = yield* open(make, 5)
      yield* known.write(notes(200, 201))
      expect(yield* known.receive(batch(b, forged.slice(0, 50)))).toMatchObject({ applied: 0, held: 50 })
      // What rests on something that is not here is left out, and counts once that has come.
      const later = yield* open(make, 4)
      const { head } = yield* a.write(notes(0, 50).map(({ id }) => remove(id)))
      expect(yield* later.receive(batch(a, yield* commitsOf(a, head - 1)))).toMatchObject({ held: 0, gaps: 50 })
    })
  )
}

const knownRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-136] ${name}: what was taken in before deletes nothing once more, although its records are back`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write(notes(0, 100))
      yield* pull(a, b)
      const { head } = yield* a.write(notes(0, 10).map(({ id }) => remove(id)))
      const deleted = batch(a, yield* commitsOf(a, head - 1))
      expect(yield* b.receive(deleted)).toMatchObject({ applied: 10, held: 0 })
      yield* b.write(notes(0, 10))
      yield* TestClock.adjust(defaultDeleteLimits.windowMs)
      const strict = { ...deleted, deleteLimits: { ...defaultDeleteLimits, shareFrom: 5, shareMax: 0.01 } }
      expect(yield* b.receive(strict)).toMatchObject({ applied: 0, held: 0, known: 10 })
      expect((yield* b.quarantineCounts).MassDelete).toBe(0)
      expect(yield* b.count("note")).toBe(100)
    })
  )

  it.effect(`[JR-136] ${name}: what waits and came in by another way waits no longer when it comes again`, () =>
    Effect.gen(function* () {
      const [a, b, hub] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write(notes(0, 100))
      for (const into of [b, hub]) yield* pull(a, into)
      const { head } = yield* a.write(notes(0, 50).map(({ id }) => remove(id)))
      const deleted = batch(a, yield* commitsOf(a, head - 1))
      expect((yield* b.receive(deleted)).held).toBe(1)
      const { massDeletes } = yield* hub.receive(deleted)
      yield* hub.revertDeletes(massDeletes)
      yield* b.receive({ ...batch(hub, yield* commitsOf(hub)), isCustodian: true })
      expect((yield* b.quarantineCounts).MassDelete).toBe(0)
      expect(yield* b.count("note")).toBe(100)
      // Its author brings it once more, however often.
      for (let i = 0; i < 2; i++) expect((yield* b.receive(deleted)).held).toBe(0)
      expect((yield* b.quarantineCounts).MassDelete).toBe(0)
    })
  )
}

const onceRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-136] ${name}: deletes ahead of the clock count once, when they are due, however often they came`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write(notes(0, 100))
      yield* pull(a, b)
      const aheadMs = 1_000
      const removeAhead = Effect.fnUntraced(function* (from: number, upto: number) {
        const nowMs = yield* Clock.currentTimeMillis
        yield* TestClock.adjust(Limits.clockAheadPeerMs + aheadMs)
        const { head } = yield* a.write([remove(`note ${from}`)])
        for (let i = from + 1; i < upto; i++) yield* a.write([remove(`note ${i}`)])
        yield* TestClock.setTime(nowMs)
        const deleted = batch(a, yield* commitsOf(a, head - 1))
        for (let times = 0; times < 3; times++) expect((yield* b.receive(deleted)).held).toBe(upto - from)
      })
      yield* removeAhead(0, 15)
      yield* TestClock.adjust(2 * aheadMs)
      expect(yield* releaseDue(b)).toMatchObject({ kept: [], waiting: [] })
      expect(yield* b.count("note")).toBe(85)
      yield* TestClock.adjust(defaultDeleteLimits.windowMs)
      // A mass delete is one all the same.
      yield* removeAhead(15, 55)
      yield* TestClock.adjust(2 * aheadMs)
      expect((yield* releaseDue(b)).released).toEqual([])
      expect(yield* b.count("note")).toBe(85)
      expect(yield* b.quarantineCounts).toMatchObject({ MassDelete: 40, ClockAhead: 0 })
    })
  )

  it.effect(`[JR-136] ${name}: deletes that rest on something missing count once, however often they come`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write(notes(0, 100))
      yield* pull(a, b)
      const before = (yield* a.write(notes(0, 20, { text: "missing" }))).head
      yield* a.write(notes(0, 15).map(({ id }) => remove(id)))
      const later = yield* commitsOf(a, before)
      for (let times = 0; times < 3; times++) {
        expect(yield* b.receive(batch(a, later))).toMatchObject({ applied: 0, held: 0, gaps: 15 })
      }
      // What comes with them is judged with them, once.
      const { head } = yield* a.write(notes(90, 100).map(({ id }) => remove(id)))
      expect(yield* b.receive(batch(a, yield* commitsOf(a, head - 1)))).toMatchObject({ held: 1 })
      yield* TestClock.adjust(defaultDeleteLimits.windowMs)
      expect(yield* b.receive(batch(a, yield* commitsOf(a, before - 1)))).toMatchObject({ held: 1 })
      expect(yield* b.count("note")).toBe(85)
    })
  )

  it.effect(`[JR-136] ${name}: each part of a commit counts for the deletes that it brings`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write(notes(0, 100))
      yield* pull(a, b)
      yield* a.write(notes(0, 40, { text: "missing" }))
      yield* a.write(notes(0, 40).map(({ id }) => remove(id)))
      const whole = (yield* commitsOf(a)).at(-1)!
      const [crypto, compression] = [Context.get(a.services, Crypto), Context.get(a.services, Compression)]
      const packed = Commit.open(whole.bytes)
      if (typeof packed === "string") return expect.unreachable(packed)
      const events = Commit.openEvents(crypto, compression, packed)
      if (typeof events === "string") return expect.unreachable(events)
      const part = (from: number, upto: number) =>
        batch(a, [{ bytes: Commit.takePart(packed, events, events.places.slice(from, upto)) }])
      expect(yield* b.receive(part(0, 19))).toMatchObject({ held: 0, gaps: 19 })
      expect(yield* b.receive(part(0, 19))).toMatchObject({ held: 0, gaps: 19 })
      expect(yield* b.receive(part(19, 40))).toMatchObject({ held: 1, gaps: 0 })
    })
  )
}
