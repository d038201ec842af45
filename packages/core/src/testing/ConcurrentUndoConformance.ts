/**
 * What every journal must plan and write when devices changed and undid the same without knowing of each other, as
 * tests: those rules `JR-n` of SPEC.md. `journalConformance` runs them with the rest.
 */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as HybridTime from "../identity/HybridTime.ts"
import type { EntityChange } from "../model/EntityChange.ts"
import { change, type MakeJournal, moment, open, type Opened, patch, pull, put, remove } from "./JournalFixture.ts"
import { SeededRandom } from "./SeededRandom.ts"
import { commit, count, fieldsOf, shown, shownAt, tags, undo } from "./UndoFixture.ts"

/** Registers the rules as tests. */
export const concurrentUndoConformance = (name: string, make: MakeJournal): void => {
  twinRules(name, make)
  doubleRules(name, make)
  creationRules(name, make)
  doubleCreationRules(name, make)
  randomRules(name, make)
}

const alike = [{ field: undefined, because: "alike" }]

/** Two journals with the same note. */
const pair = Effect.fnUntraced(function* (make: MakeJournal, first: EntityChange) {
  const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
  yield* a.write([first])
  yield* pull(a, b)
  yield* moment(a)
  return [a, b] as const
})

const meet = Effect.fnUntraced(function* (a: Opened, b: Opened) {
  yield* pull(a, b)
  yield* pull(b, a)
})

const twinRules = (name: string, make: MakeJournal): void => {
  for (const [what, first, second] of [
    ["writes", patch("n1", { text: "b" }), patch("n1", { text: "b" })],
    ["deletes", remove("n1"), remove("n1")],
    ["additions", tags("n1", ["y"]), tags("n1", ["y"])]
  ] as const) {
    it.effect(`[JR-120] ${name}: two equal ${what} are undone one after the other, and redone`, () =>
      Effect.gen(function* () {
        const [a, b] = yield* pair(make, change("n1", { lww: { text: "a" }, sets: { tags: ["x"] } }))
        const before = yield* fieldsOf(a, "n1")
        const ofA = yield* commit(a, first)
        yield* moment(a)
        const ofB = yield* commit(b, second)
        yield* meet(a, b)
        const after = yield* fieldsOf(a, "n1")
        const one = yield* undo(a, ofB)
        expect(one).toMatchObject({ commits: [expect.any(String)], entities: [{ fields: [], skipped: alike }] })
        expect(yield* fieldsOf(a, "n1")).toEqual(after)
        const [entry] = yield* a.history({ type: "note", id: "n1", limit: 1 })
        expect(entry).toMatchObject({ commit: one.commits[0], kind: "changed", changes: [] })
        const two = yield* undo(a, ofA)
        expect(yield* fieldsOf(a, "n1")).toEqual(before)
        yield* meet(a, b)
        expect(yield* fieldsOf(b, "n1")).toEqual(before)
        yield* undo(b, two.commits[0]!)
        expect(yield* fieldsOf(b, "n1")).toEqual(after)
        yield* undo(b, one.commits[0]!)
        expect((yield* undo(b, ofA)).entities[0]?.skipped).not.toEqual([])
        expect(yield* fieldsOf(b, "n1")).toEqual(after)
      })
    )
  }
}

const doubleRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-120] ${name}: a change that two devices undid comes back when both undos are undone`, () =>
    Effect.gen(function* () {
      const first = { lww: { text: "a" }, counters: { hits: 1 }, sets: { tags: ["x"] } }
      const [a, b] = yield* pair(make, change("n1", first))
      const before = yield* fieldsOf(a, "n1")
      const target = yield* commit(
        a,
        change("n1", {
          kind: "patch",
          lww: { text: "b" },
          counters: { hits: 5 },
          sets: { tags: { add: ["y"], remove: ["x"] } }
        })
      )
      const after = yield* fieldsOf(a, "n1")
      yield* pull(a, b)
      yield* moment(a)
      const ofA = yield* undo(a, target)
      yield* moment(a)
      const ofB = yield* undo(b, target)
      yield* meet(a, b)
      // The counter went back twice; undoing one of the two gives back what was too much, and nothing else.
      expect(yield* fieldsOf(a, "n1")).toEqual({ ...before, hits: -4 })
      const one = yield* undo(a, ofB.commits[0]!)
      expect(yield* fieldsOf(a, "n1")).toEqual(before)
      const two = yield* undo(a, ofA.commits[0]!)
      expect(yield* fieldsOf(a, "n1")).toEqual(after)
      yield* undo(a, two.commits[0]!)
      expect(yield* fieldsOf(a, "n1")).toEqual(before)
      yield* undo(a, one.commits[0]!)
      expect(yield* fieldsOf(a, "n1")).toEqual(before)
      yield* meet(a, b)
      expect(yield* fieldsOf(b, "n1")).toEqual(before)
    })
  )

  it.effect(`[JR-120] ${name}: a commit that comes to nothing does not stay in the way of what was before it`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      const made = yield* commit(journal, put("n1", { text: "a" }))
      const nothing = yield* commit(journal, count("n1", 3), count("n1", -3))
      expect((yield* undo(journal, made)).entities[0]?.skipped).toEqual([{ field: undefined, because: "changed" }])
      expect((yield* undo(journal, nothing)).entities[0]?.skipped).toEqual(alike)
      yield* undo(journal, made)
      expect(yield* fieldsOf(journal, "n1")).toBeUndefined()
    })
  )
}

const creationRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-85] ${name}: a creation that was undone comes back with what others changed meanwhile`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      const made = yield* commit(a, change("n1", { lww: { text: "a" }, counters: { hits: 2 }, sets: { tags: ["x"] } }))
      yield* pull(a, b)
      yield* moment(a)
      const undone = yield* undo(a, made)
      yield* b.write([patch("n1", { color: "red" })])
      yield* meet(a, b)
      expect([yield* fieldsOf(a, "n1"), yield* fieldsOf(b, "n1")]).toEqual([undefined, undefined])
      const redone = yield* undo(a, undone.commits[0]!)
      expect(redone.entities[0]).toMatchObject({ becomes: "live", skipped: [] })
      expect(yield* fieldsOf(a, "n1")).toEqual({ text: "a", color: "red", hits: 2, tags: ["x"] })
      const again = yield* undo(a, redone.commits[0]!)
      expect([again.commits, again.entities[0]?.skipped]).toEqual([[], [{ field: undefined, because: "changed" }]])
    })
  )
}

const doubleCreationRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-85] [JR-120] ${name}: a creation that two devices undid comes back as it was`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      const made = yield* commit(a, change("n1", { lww: { text: "a" }, counters: { hits: 5 }, sets: { tags: ["x"] } }))
      yield* pull(a, b)
      yield* moment(a)
      const ofA = yield* undo(a, made)
      yield* moment(a)
      const ofB = yield* undo(b, made)
      yield* meet(a, b)
      const one = yield* undo(a, ofA.commits[0]!)
      expect([one.entities[0]?.skipped, yield* fieldsOf(a, "n1")]).toEqual([alike, undefined])
      yield* undo(a, ofB.commits[0]!)
      expect(yield* fieldsOf(a, "n1")).toEqual({ text: "a", hits: 5, tags: ["x"] })
    })
  )
}

const randomChange = (random: SeededRandom): EntityChange => {
  const id = `n${random.between(0, 2)}`
  switch (random.between(0, 5)) {
    case 0:
      return remove(id)
    case 1:
      return count(id, random.between(0, 4))
    case 2:
      return tags(id, [`t${random.between(0, 2)}`], [`t${random.between(0, 2)}`])
    case 3:
      return change(id, {})
    default:
      return change(id, { lww: { [`f${random.between(0, 1)}`]: random.between(0, 1) } })
  }
}

const steps = 20
const seeds = 2

/** What two devices write that meet now and then, with the time before each step. */
const randomSteps = Effect.fnUntraced(function* (make: MakeJournal, random: SeededRandom) {
  const journals = [yield* open(make, 1), yield* open(make, 2)] as const
  const [a, b] = journals
  const written: Array<string> = []
  const times: Array<HybridTime.HybridTime> = [HybridTime.zero]
  while (written.length < steps) {
    if (random.chance(0.2)) yield* random.chance(0.5) ? pull(a, b) : pull(b, a)
    const journal = random.pick(journals)
    const { commits } = yield* journal
      .write([randomChange(random)])
      .pipe(Effect.catchTag("WriteError", () => Effect.succeed({ commits: [] as ReadonlyArray<string> })))
    if (commits.length === 0) continue
    written.push(commits[0]!)
    times.push(yield* moment(journal))
  }
  yield* meet(a, b)
  return { journal: a, written, times }
})

const randomRules = (name: string, make: MakeJournal): void => {
  it.effect(
    `[JR-84] [JR-85] [JR-120] ${name}: what two devices wrote is undone from the last to the first, as it was seen then`,
    () =>
      Effect.gen(function* () {
        for (let seed = 1; seed <= seeds; seed++) {
          const { journal, times, written } = yield* randomSteps(make, new SeededRandom(seed))
          const states = yield* Effect.forEach(times, (time) => shownAt(journal, time))
          /** Changes of deleted records, undone as soon as these are live again. */
          let waiting: Array<string> = []
          const undos: Array<string> = []
          for (let i = steps - 1; i >= 0; i--) {
            const left: Array<string> = []
            for (const each of [written[i]!, ...waiting]) {
              const { commits, entities } = yield* undo(journal, each)
              undos.push(...commits)
              if (commits.length > 0) continue
              expect([seed, i, entities[0]?.skipped[0]?.because]).toEqual([seed, i, "deleted"])
              left.push(each)
            }
            waiting = left
            expect([seed, i, yield* shown(journal)]).toEqual([seed, i, states[i]])
          }
          expect(waiting).toEqual([])
          for (const each of undos.reverse()) expect((yield* undo(journal, each)).commits.length).toBe(1)
          expect([seed, yield* shown(journal)]).toEqual([seed, states[steps]])
        }
      }),
    120_000
  )
}
