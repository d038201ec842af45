/**
 * What every journal must do with events that say that they are in the place of others, as no honest device makes them:
 * further rules of `journalConformance`.
 */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Author from "../identity/Author.ts"
import { defaultDeleteLimits } from "../journal/DeleteWatch.ts"
import * as Event from "../model/Event.ts"
import {
  batch,
  change,
  commitsOf,
  hashesIn,
  type MakeJournal,
  notes,
  open,
  type Opened,
  put,
  settlement,
  signedBy,
  startMs,
  stateHash
} from "./JournalFixture.ts"
import { count, fieldsOf, undo } from "./UndoFixture.ts"

/** Registers the rules as tests. */
export const replacedConformance = (name: string, make: MakeJournal): void => {
  lyingRules(name, make)
  sayingRules(name, make)
  deletingRules(name, make)
  undoRules(name, make)
}

const plain = { entity: "n1", eseq: 1, prev: undefined, deps: [] } as const

const authorsOf = (device: Opened, upto: number): ReadonlyArray<Author.Author> =>
  Array.from({ length: upto }, (_, i) => Author.make(device.device, String(i + 1).padStart(16, "0")))

const lyingRules = (name: string, make: MakeJournal): void => {
  it.effect(
    `[JR-88] ${name}: journals agree in every order on an event that lies about the number of what it replaces`,
    () =>
      Effect.gen(function* () {
        const [a, first, last] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
        const [one, two] = [Author.make(a.device, "0000000000000001"), Author.make(a.device, "0000000000000002")]
        const ops = { s: { text: "first" }, c: { hits: 5 } }
        const original = signedBy(a, [one], startMs, { ...plain, ops })
        const hash = original.leaves[0]!.slice(0, Event.eventHashBytes)
        const again = signedBy(a, [two, one], startMs + 1, { ...plain, ops: { ...ops, w: [[1, 999, hash]] } })
        for (const commit of [original, again]) yield* first.receive(batch(a, [commit]))
        for (const commit of [again, original]) yield* last.receive(batch(a, [commit]))
        expect(yield* stateHash(first)).toEqual(yield* stateHash(last))
        expect(yield* fieldsOf(first, "n1")).toEqual({ text: "first", hits: 5 })
        expect(yield* fieldsOf(last, "n1")).toEqual({ text: "first", hits: 5 })
      })
  )

  it.effect(
    `[JR-153] ${name}: what says something else is in nobody's place, in every order, and history tells both`,
    () =>
      Effect.gen(function* () {
        const a = yield* open(make, 1)
        const [one, two, three] = [1, 2, 3].map((number) => Author.make(a.device, `000000000000000${number}`))
        const original = signedBy(a, [one!], startMs + 5, { ...plain, ops: { s: { text: "mine" }, c: { hits: 5 } } })
        const hash = original.leaves[0]!.slice(0, Event.eventHashBytes)
        // It is empty, and older than what it says that it replaces.
        const emptying = signedBy(a, [two!, one!], startMs, { ...plain, ops: { w: [[1, 1, hash]] } })
        const other = signedBy(a, [three!, one!], startMs + 6, { ...plain, ops: { c: { hits: 1 }, w: [[1, 1, hash]] } })
        const roots = new Set<string>()
        for (const [index, order] of [
          [original, emptying, other],
          [emptying, original, other],
          [other, emptying, original]
        ].entries()) {
          const into = yield* open(make, 2 + index)
          for (const commit of order) yield* into.receive(batch(a, [commit]))
          expect(yield* fieldsOf(into, "n1")).toEqual({ text: "mine", hits: 6 })
          expect(yield* into.receive(batch(a, order))).toMatchObject({ applied: 0, known: 3, gaps: 0 })
          roots.add(JSON.stringify(yield* stateHash(into)))
          const history = yield* into.history({ type: "note", id: "n1", limit: 10 })
          expect(history.map(({ changes, kind }) => [kind, changes.length])).toEqual([
            ["changed", 1],
            ["changed", 2],
            ["created", 0]
          ])
        }
        expect(roots.size).toBe(1)
      })
  )
}

const sayingRules = (name: string, make: MakeJournal): void => {
  const ops: ReadonlyArray<readonly [what: string, first: Event.Operations, other: Event.Operations, fields: object]> =
    [
      ["a counter", { c: { hits: 5 } }, { c: { hits: 1 } }, { hits: 6 }],
      ["a set", { a: { tags: ["x"] } }, { a: { tags: ["y"] } }, { tags: ["x", "y"] }],
      ["a field", { s: { text: "x" } }, { s: { other: "y" } }, { text: "x", other: "y" }],
      ["a deletion", { s: { text: "x" }, d: true }, { s: { text: "x" } }, {}]
    ]
  for (const [what, first, other, fields] of ops) {
    it.effect(`[JR-153] ${name}: ${what} is replaced by the same only`, () =>
      Effect.gen(function* () {
        const [a, b, c] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
        const [one, two] = authorsOf(a, 2)
        const original = signedBy(a, [one!], startMs, { ...plain, ops: first })
        const w = [[1, 1, hashesIn(original)[0]!]] as const
        const again = signedBy(a, [two!, one!], startMs + 1, { ...plain, ops: { ...other, w } })
        for (const commit of [original, again]) yield* b.receive(batch(a, [commit]))
        for (const commit of [again, original]) yield* c.receive(batch(a, [commit]))
        for (const journal of [b, c]) expect((yield* fieldsOf(journal, "n1")) ?? {}).toEqual(fields)
        expect(yield* stateHash(b)).toEqual(yield* stateHash(c))
      })
    )
  }

  it.effect(`[JR-88] ${name}: two copies wrote again what never came here, and it counts once`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      const [one, two, three] = authorsOf(a, 3)
      const original = signedBy(a, [one!], startMs, { ...plain, ops: { c: { hits: 5 } } })
      const ops = { c: { hits: 5 }, w: [[1, 1, hashesIn(original)[0]!]] as const }
      for (const [copy, ms] of [
        [two!, 1],
        [three!, 2]
      ] as const) {
        yield* b.receive(batch(a, [signedBy(a, [copy, one!], startMs + ms, { ...plain, ops })]))
      }
      expect(yield* fieldsOf(b, "n1")).toEqual({ hits: 5 })
    })
  )

  it.effect(`[JR-156] ${name}: a removal that was written again withdraws what it had withdrawn`, () =>
    Effect.gen(function* () {
      const [a, b, c] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* c.write([change("n1", { sets: { tags: ["x"] } })])
      yield* b.receive(batch(c, yield* commitsOf(c)))
      const [one, two] = authorsOf(a, 2)
      const removing = (...additions: ReadonlyArray<Event.Dependency>) => ({ tags: [["x", additions]] as const })
      const removal: Event.Event = { ...plain, deps: [[1, 1]], ops: { r: removing([1, 1]) } }
      const original = signedBy(a, [one!, c.info.author], startMs + 1, removal)
      const w = [[1, 1, hashesIn(original)[0]!]] as const
      const again = signedBy(a, [two!, one!], startMs + 2, { ...plain, ops: { r: removing(), w } })
      for (const commit of [original, again]) yield* b.receive(batch(a, [commit]))
      expect(yield* fieldsOf(b, "n1")).toEqual({ tags: [] })
    })
  )
}

const deletingRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-157] ${name}: what ends that records came back is a delete, and many of them wait for a person`, () =>
    Effect.gen(function* () {
      const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
      const [one, two] = authorsOf(a, 2)
      const ids = Array.from({ length: 60 }, (_, i) => `r${i}`)
      const events = (eseq: number, before: ReadonlyArray<Uint8Array>, ops: Event.Operations) =>
        ids.map((entity, i): Event.Event => ({ entity, eseq, prev: before[i], deps: [], ops }))
      const made = signedBy(a, [one!], startMs + 1, ...events(1, [], { s: { text: "work" } }))
      const deleted = signedBy(a, [one!], startMs + 1_000, ...events(2, hashesIn(made), { d: true }))
      const revived = signedBy(a, [one!], startMs + 2_000, ...events(3, hashesIn(deleted), { d: false }))
      const anyDeletes = { ...defaultDeleteLimits, shareMax: 1 }
      const before = { ...batch(a, [made, deleted, revived]), deleteLimits: anyDeletes }
      expect(yield* hub.receive(before)).toMatchObject({ held: 0, gaps: 0 })
      expect(yield* hub.count("note")).toBe(60)
      yield* TestClock.adjust("1 hour")
      // Before the deletion, so that this is what counts last.
      const ending = hashesIn(revived).map((hash, i): Event.Event => {
        return { ...plain, entity: ids[i]!, ops: { d: false, w: [[1, 3, hash]] } }
      })
      const outcome = yield* hub.receive(batch(a, [signedBy(a, [two!, one!], startMs + 500, ...ending)]))
      expect(outcome).toMatchObject({ applied: 0, held: 1 })
      expect(yield* hub.count("note")).toBe(60)
      expect(yield* hub.revertDeletes(outcome.massDeletes)).toMatchObject({ dropped: [] })
      expect(yield* hub.count("note")).toBe(60)
    })
  )

  it.effect(`[JR-158] ${name}: deletes of records that come with them wait, of others' and of own ones`, () =>
    Effect.gen(function* () {
      const [a, b, hub, other] = [
        yield* open(make, 1),
        yield* open(make, 2),
        yield* open(make, 3),
        yield* open(make, 4)
      ]
      yield* b.write(notes(0, 60))
      yield* a.receive(batch(b, yield* commitsOf(b)))
      yield* a.write(Array.from({ length: 60 }, (_, i) => put(`own ${i}`, { text: "a" })))
      yield* TestClock.adjust("1 hour")
      const upto = (yield* a.write(
        notes(0, 60).map(({ id, partition }) => ({ partition, id, change: { kind: "delete" } }))
      )).head
      const all = yield* commitsOf(a)
      const brought = { ...batch(a, all), judgesAll: true }
      expect(yield* hub.receive(brought)).toMatchObject({ held: all.filter(({ lseq }) => lseq === upto).length })
      expect(yield* hub.count("note")).toBe(120)
      // Another device made records with the same ids, which would be deleted as they come.
      const owner = yield* open(make, 5)
      yield* owner.write(notes(0, 60))
      yield* owner.write(notes(0, 60).map(({ id, partition }) => ({ partition, id, change: { kind: "delete" } })))
      const { held } = yield* other.receive({ ...batch(owner, yield* commitsOf(owner)), judgesAll: true })
      expect(held).toBeGreaterThan(0)
      yield* other.receive({ ...batch(b, yield* commitsOf(b)), judgesAll: true })
      expect(yield* other.count("note")).toBe(60)
    })
  )
}

const yearMs = 365 * 24 * 3_600_000

const undoRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-159] ${name}: what was undone, and was written again with its undo, is not undone twice`, () =>
    Effect.gen(function* () {
      const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([change("n1", { counters: { hits: 1 } })])
      yield* hub.receive(batch(a, yield* commitsOf(a)))
      yield* TestClock.setTime(startMs + yearMs)
      const { commits } = yield* a.write([count("n1", 5)])
      yield* undo(a, commits[0]!)
      yield* TestClock.setTime(startMs)
      const late = yield* commitsOf(a, 1)
      const { verdicts } = yield* hub.receive(batch(a, late))
      const said = verdicts.map(({ index, ...verdict }) => ({ ...verdict, lseq: late[index]!.lseq }))
      const { rewritten } = yield* a.settle(settlement(hub.device, said))
      expect(rewritten).toHaveLength(2)
      expect(yield* fieldsOf(a, "n1")).toEqual({ hits: 1 })
      const again = yield* undo(a, rewritten[0]!)
      expect(again.entities[0]?.skipped).not.toEqual([])
      expect(yield* fieldsOf(a, "n1")).toEqual({ hits: 1 })
      // Its undo is undone as ever.
      yield* undo(a, rewritten[1]!)
      expect(yield* fieldsOf(a, "n1")).toEqual({ hits: 6 })
    })
  )
}
