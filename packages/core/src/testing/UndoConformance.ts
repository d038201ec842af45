/**
 * What every journal must plan and write when something is undone, as tests: those rules `JR-n` of SPEC.md.
 * `journalConformance` runs them with the rest. Schema and rights are asked elsewhere.
 */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import type { EntityChange } from "../model/EntityChange.ts"
import { change, type MakeJournal, moment, open, patch, pull, put, remove } from "./JournalFixture.ts"
import { randomChange } from "./JournalPastConformance.ts"
import { SeededRandom } from "./SeededRandom.ts"
import { commit, count, fieldsOf, shown, tags, undo } from "./UndoFixture.ts"

/** Registers the rules as tests. */
export const undoConformance = (name: string, make: MakeJournal): void => {
  forceRules(name, make)
  stackRules(name, make)
  randomRules(name, make)
  lifeRules(name, make)
  partitionRules(name, make)
  setRules(name, make)
  twinRules(name, make)
}

const forceRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-83] ${name}: an undo takes back what is in force and says what was overwritten`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([change("n1", { lww: { text: "a", color: "red" }, counters: { hits: 1 }, sets: { tags: ["x"] } })])
      yield* moment(a)
      const target = yield* commit(
        a,
        change("n1", {
          kind: "patch",
          lww: { text: "b", color: "blue", extra: 1 },
          counters: { hits: 10 },
          sets: { tags: { add: ["y", "z"], remove: ["x"] } }
        })
      )
      yield* moment(a)
      yield* pull(a, b)
      yield* b.write([patch("n1", { color: "green" }), count("n1", 100), tags("n1", [], ["z"])])
      yield* pull(b, a)
      const { commits, entities } = yield* undo(a, target)
      expect(commits.length).toBe(1)
      expect(entities).toEqual([
        {
          type: "note",
          header: {},
          id: "n1",
          fields: ["text", "extra", "hits", "tags"],
          becomes: undefined,
          skipped: [{ field: "color", because: "overwritten" }]
        }
      ])
      const left = { text: "a", extra: null, color: "green", hits: 101, tags: ["x"] }
      expect(yield* fieldsOf(a, "n1")).toEqual(left)
      yield* pull(a, b)
      expect(yield* fieldsOf(b, "n1")).toEqual(left)
    })
  )

  it.effect(`[JR-83] ${name}: a conflict's winner gives way to the loser, and a loser to nobody`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([put("n1", { text: "first" })])
      yield* pull(a, b)
      yield* moment(a)
      const lost = yield* commit(b, put("n1", { text: "of b" }))
      yield* moment(a)
      const won = yield* commit(a, put("n1", { text: "of a" }))
      yield* pull(b, a)
      const { commits, entities } = yield* undo(a, lost)
      expect([commits, entities[0]?.skipped]).toEqual([[], [{ field: "text", because: "overwritten" }]])
      yield* undo(a, won)
      expect(yield* fieldsOf(a, "n1")).toEqual({ text: "of b" })
    })
  )
}

const stackRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-84] ${name}: an undo undone brings everything back, and undoing twice changes nothing`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([change("n1", { lww: { text: "a" }, counters: { hits: 1 }, sets: { tags: ["x"] } })])
      const before = yield* fieldsOf(a, "n1")
      const target = yield* commit(
        a,
        change("n1", {
          kind: "patch",
          lww: { text: "b" },
          counters: { hits: 10 },
          sets: { tags: { add: ["y"], remove: ["x"] } }
        })
      )
      const after = yield* fieldsOf(a, "n1")
      let last = target
      for (const expected of [before, after, before, after]) {
        // Whoever undoes an undo need not be who wrote it.
        yield* pull(a, b)
        last = (yield* undo(b, last)).commits[0]!
        yield* pull(b, a)
        expect(yield* fieldsOf(a, "n1")).toEqual(expected)
      }
      const again = yield* undo(a, target)
      expect(yield* fieldsOf(a, "n1")).toEqual(before)
      expect(again.commits.length).toBe(1)
      const twice = yield* undo(a, target)
      expect(twice.commits).toEqual([])
      expect(twice.entities).toMatchObject([{ fields: [], skipped: [{ field: undefined, because: "undone" }] }])
    })
  )

  it.effect(`[JR-84] ${name}: undos stack: from the last change back to nothing, and forward again`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      const steps: Array<string> = []
      const states: Array<unknown> = [undefined]
      for (const each of [
        change("n1", { lww: { text: "0" }, counters: { hits: 1 }, sets: { tags: ["x"] } }),
        patch("n1", { text: "1" }),
        patch("n1", { text: "2" }),
        change("n1", { kind: "patch", counters: { hits: 5 }, sets: { tags: { add: ["y"], remove: ["x"] } } }),
        tags("n1", ["x"], ["y"]),
        remove("n1"),
        put("n1", { text: "3" })
      ]) {
        steps.push(yield* commit(journal, each))
        states.push(yield* fieldsOf(journal, "n1"))
      }
      const undos: Array<string> = []
      for (let i = steps.length - 1; i >= 0; i--) {
        const { commits } = yield* undo(journal, steps[i]!)
        undos.push(commits[0]!)
        expect([i, yield* fieldsOf(journal, "n1")]).toEqual([i, states[i]])
      }
      for (let i = 0; i < steps.length; i++) {
        yield* undo(journal, undos.pop()!)
        expect([i, yield* fieldsOf(journal, "n1")]).toEqual([i, states[i + 1]])
      }
    })
  )
}

const randomRules = (name: string, make: MakeJournal): void => {
  it.effect(
    `[JR-84] [JR-85] [JR-86] ${name}: any writes are undone one by one to nothing, and redone one by one`,
    () =>
      Effect.gen(function* () {
        for (const seed of [1, 2, 3]) {
          const random = new SeededRandom(seed)
          const journal = yield* open(make, seed)
          const states = [yield* shown(journal)]
          const steps: Array<string> = []
          while (steps.length < 40) {
            const { commits } = yield* journal
              .write(randomChanges(random))
              .pipe(Effect.catchTag("WriteError", () => Effect.succeed({ commits: [] as ReadonlyArray<string> })))
            // Two partitions make two commits, which go again at once, so that undone ones lie between the others.
            if (commits.length === 1) {
              steps.push(commits[0]!)
              states.push(yield* shown(journal))
            } else for (const each of [...commits].reverse()) yield* undo(journal, each)
            expect(yield* shown(journal)).toEqual(states.at(-1))
          }
          const undos: Array<string> = []
          for (let i = steps.length - 1; i >= 0; i--) {
            undos.push((yield* undo(journal, steps[i]!)).commits[0]!)
            expect([seed, i, yield* shown(journal)]).toEqual([seed, i, states[i]])
          }
          for (let i = 0; i < steps.length; i++) {
            yield* undo(journal, undos.pop()!)
            expect([seed, i, yield* shown(journal)]).toEqual([seed, i, states[i + 1]])
          }
        }
      }),
    60_000
  )
}

/** One to three changes, each of another entity. */
const randomChanges = (random: SeededRandom): ReadonlyArray<EntityChange> => {
  const changes = Array.from({ length: random.between(1, 3) }, () => randomChange(random))
  return [...new Map(changes.map((each) => [each.id, each])).values()]
}

const lifeRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-85] ${name}: what a commit made is deleted, what it deleted is revived`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      const made = yield* commit(journal, put("n1", { text: "a" }, { team: "t" }), put("n2", {}, { team: "t" }))
      const first = yield* undo(journal, made)
      expect(first.entities.map(({ becomes, id }) => [id, becomes])).toEqual([
        ["n1", "deleted"],
        ["n2", "deleted"]
      ])
      expect([yield* fieldsOf(journal, "n1"), yield* journal.count("note")]).toEqual([undefined, 0])
      const redone = yield* undo(journal, first.commits[0]!)
      expect(redone.entities.map(({ becomes }) => becomes)).toEqual(["live", "live"])
      expect(yield* fieldsOf(journal, "n1")).toEqual({ team: "t", text: "a" })
      const partition = { type: "note", header: { team: "t" } }
      const deleted = yield* commit(journal, { ...remove("n1"), partition })
      yield* undo(journal, deleted)
      expect(yield* fieldsOf(journal, "n1")).toEqual({ team: "t", text: "a" })
      const again = yield* commit(journal, { ...remove("n1"), partition })
      yield* journal.write([put("n1", {}, { team: "t" })])
      const { commits, entities } = yield* undo(journal, again)
      expect([commits, entities[0]?.skipped]).toEqual([[], [{ field: undefined, because: "overwritten" }]])
    })
  )

  it.effect(`[JR-85] ${name}: an entity that was changed since it was made is kept as it is`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      const made = yield* commit(a, put("n1", { text: "a" }), put("n2", { text: "a" }), put("n3", {}))
      yield* pull(a, b)
      yield* b.write([count("n1", 1), remove("n3")])
      yield* pull(b, a)
      const { entities } = yield* undo(a, made)
      expect(entities).toMatchObject([
        { id: "n1", becomes: undefined, skipped: [{ field: undefined, because: "changed" }] },
        { id: "n2", becomes: "deleted", skipped: [] },
        { id: "n3", becomes: undefined, skipped: [{ field: undefined, because: "deleted" }] }
      ])
      expect(yield* fieldsOf(a, "n1")).toEqual({ text: "a", hits: 1 })
      expect(yield* a.count("note")).toBe(1)
    })
  )

  it.effect(`[JR-85] ${name}: a put that revived is undone to the deleted entity that was there`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      yield* journal.write([put("n1", { text: "a" })])
      yield* journal.write([remove("n1")])
      const before = yield* moment(journal)
      const revived = yield* commit(journal, put("n1", { text: "b" }))
      yield* undo(journal, revived)
      expect(yield* journal.get("note", "n1")).toBeUndefined()
      expect(yield* journal.at("note", "n1", yield* journal.lastTime)).toEqual(yield* journal.at("note", "n1", before))
      const patched = yield* commit(journal, put("n1", { text: "c" }))
      const changed = yield* commit(journal, patch("n1", { text: "d" }))
      yield* journal.write([remove("n1")])
      const { commits, entities } = yield* undo(journal, changed)
      expect([commits, entities[0]?.skipped]).toEqual([[], [{ field: "text", because: "deleted" }]])
      expect((yield* undo(journal, patched)).commits).toEqual([])
    })
  )
}

const partitionRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-85] ${name}: none is revived while its id is live in another partition`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      const removeIn = (team: string): EntityChange => ({
        ...remove("n1"),
        partition: { type: "note", header: { team } }
      })
      yield* journal.write([put("n1", { text: "of a" }, { team: "a" })])
      const deleted = yield* commit(journal, removeIn("a"))
      yield* journal.write([put("n1", { text: "of b" }, { team: "b" })])
      const { commits, entities } = yield* undo(journal, deleted)
      expect([commits, entities[0]?.skipped]).toEqual([[], [{ field: undefined, because: "elsewhere" }]])
      expect(yield* journal.count("note")).toBe(1)
      const away = yield* commit(journal, removeIn("b"))
      yield* undo(journal, deleted)
      expect(yield* fieldsOf(journal, "n1")).toEqual({ team: "a", text: "of a" })
      expect((yield* undo(journal, away)).entities[0]?.skipped[0]?.because).toBe("elsewhere")
      // What one transaction moved is moved back.
      yield* journal.write([removeIn("a"), put("n1", { text: "moved" }, { team: "c" })])
      const [moved] = yield* journal.history({ type: "note", id: "n1", limit: 1 })
      yield* undo(journal, { group: moved!.group! })
      expect(yield* fieldsOf(journal, "n1")).toEqual({ team: "a", text: "of a" })
      expect(yield* journal.count("note")).toBe(1)
    })
  )
}

const setRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-86] ${name}: of a set goes what the commit added, and comes back what it removed`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([change("n1", { sets: { tags: ["kept", "gone", "both"] } })])
      yield* pull(a, b)
      yield* moment(a)
      // Without knowing of each other: both add "twin", both remove "both".
      yield* b.write([tags("n1", ["twin"], ["both"])])
      yield* moment(a)
      const target = yield* commit(a, tags("n1", ["new", "twin"], ["gone", "both"]))
      yield* pull(b, a)
      yield* pull(a, b)
      expect(yield* fieldsOf(a, "n1")).toEqual({ tags: ["kept", "new", "twin"] })
      yield* undo(a, target)
      expect(yield* fieldsOf(a, "n1")).toEqual({ tags: ["gone", "kept", "twin"] })
      yield* pull(a, b)
      expect(yield* fieldsOf(b, "n1")).toEqual({ tags: ["gone", "kept", "twin"] })
    })
  )

  it.effect(
    `[JR-86] ${name}: an addition that outlived a later removal is undone; what was removed since stays so`,
    () =>
      Effect.gen(function* () {
        const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
        yield* a.write([change("n1", { sets: { tags: ["x"] } })])
        yield* a.write([tags("n1", [], ["x"])])
        yield* pull(a, b)
        yield* b.write([tags("n1", ["x"])])
        yield* moment(a)
        const added = yield* commit(a, tags("n1", ["x"]))
        yield* moment(a)
        // It removes its own addition and has not seen the other.
        yield* b.write([tags("n1", [], ["x"])])
        yield* pull(b, a)
        expect(yield* fieldsOf(a, "n1")).toEqual({ tags: ["x"] })
        yield* undo(a, added)
        expect(yield* fieldsOf(a, "n1")).toEqual({ tags: [] })
        const removed = yield* commit(a, tags("n1", ["y"], []))
        yield* a.write([tags("n1", [], ["y"])])
        expect((yield* undo(a, removed)).commits).toEqual([])
        expect(yield* fieldsOf(a, "n1")).toEqual({ tags: [] })
      })
  )
}

const twinRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-86] ${name}: an element that another device added too stays`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([change("n1", { sets: { tags: ["x"] } })])
      yield* pull(a, b)
      yield* b.write([tags("n1", [], ["x"])])
      yield* b.write([tags("n1", ["x"])])
      yield* moment(a)
      // This removal and this addition know nothing of the other device's.
      yield* a.write([tags("n1", [], ["x"])])
      const added = yield* commit(a, tags("n1", ["x"]))
      yield* pull(b, a)
      expect(yield* fieldsOf(a, "n1")).toEqual({ tags: ["x"] })
      yield* undo(a, added)
      expect(yield* fieldsOf(a, "n1")).toEqual({ tags: ["x"] })
    })
  )
}
