/**
 * What every journal must plan and write when an entity is restored, as tests: those rules `JR-n` of SPEC.md.
 * `journalConformance` runs them with the rest.
 */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { change, type MakeJournal, moment, open, patch, put, remove } from "./JournalFixture.ts"
import { count, fieldsOf, restore, tags } from "./UndoFixture.ts"

/** Registers the rules as tests. */
export const restoreConformance = (name: string, make: MakeJournal): void => {
  writeRules(name, make)
  restoreRules(name, make)
  largeRules(name, make)
}

const writeRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-80] ${name}: a change that rests on a state is refused when the entity has changed`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      yield* journal.write([{ ...put("n1", { text: "a" }), expects: 0 }])
      yield* journal.write([put("n2", { text: "x" })])
      yield* journal.write([{ ...patch("n1", { text: "b" }), expects: 1 }, patch("n1", { more: 1 })])
      for (const stale of [0, 1, 2]) {
        const refused = yield* Effect.flip(
          journal.write([put("n3", {}), { ...patch("n1", { text: "c" }), expects: stale }])
        )
        expect(refused.reason).toMatchObject({ _tag: "EntityChanged", type: "note", id: "n1", isRetryable: true })
      }
      expect(yield* fieldsOf(journal, "n1")).toEqual({ text: "b", more: 1 })
      expect(yield* journal.head).toBe(3)
    })
  )

  it.effect(`[JR-81] ${name}: commits carry the group that they are written with`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      yield* journal.write([put("n1", {})], "00112233aabbccdd")
      yield* journal.write([put("n2", {}), put("x", {}, { team: "a" })], "00112233aabbccee")
      const groups = yield* Effect.forEach(["n1", "n2", "x"], (id) =>
        Effect.map(journal.history({ type: "note", id, limit: 1 }), ([entry]) => entry?.group)
      )
      expect(groups).toEqual(["00112233aabbccdd", "00112233aabbccee", "00112233aabbccee"])
    })
  )
}

const restoreRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-82] ${name}: a restored entity looks as it did, and restoring it again changes nothing`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      const before = yield* moment(journal)
      const first = { lww: { text: "a", list: [1] }, counters: { hits: 3 }, sets: { tags: ["x", "y"] } }
      yield* journal.write([change("n1", first)])
      const time = yield* moment(journal)
      const then = yield* fieldsOf(journal, "n1")
      yield* journal.write([patch("n1", { text: "b", later: 1 }), count("n1", 2 ** 31), count("n1", 2 ** 31)])
      yield* journal.write([tags("n1", ["z"], ["x"]), change("n1", { kind: "patch", counters: { new: 1 } })])
      yield* journal.write([change("n1", { kind: "patch", sets: { more: { add: [1], remove: [] } } })])
      const changed = yield* moment(journal)
      expect((yield* restore(journal, "n1", time)).commits.length).toBe(1)
      expect(yield* fieldsOf(journal, "n1")).toEqual({ ...then, later: null, new: 0, more: [] })
      expect((yield* restore(journal, "n1", time)).commits).toEqual([])
      // Forward again: what was written since then is as good a time as any.
      yield* restore(journal, "n1", changed)
      expect(yield* journal.get("note", "n1")).toEqual(yield* journal.at("note", "n1", changed))
      const missing = yield* Effect.flip(journal.restoration("note", "n1", before))
      expect(missing.reason).toMatchObject({ _tag: "EntityNotFoundAt", type: "note", id: "n1", at: before })
      expect((yield* Effect.flip(journal.restoration("note", "nobody", time))).reason._tag).toBe("EntityNotFoundAt")
    })
  )

  it.effect(`[JR-82] ${name}: a field that is held as another merge kind by now is named, and nothing is written`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      yield* journal.write([put("n1", { text: "a", hits: 5 })])
      const asValue = yield* moment(journal)
      yield* journal.write([count("n1", 3)])
      const asCounter = yield* moment(journal)
      yield* journal.write([patch("n1", { text: "b" })])
      const refused = yield* Effect.flip(restore(journal, "n1", asValue))
      expect(refused.reason).toMatchObject({ _tag: "EntityInvalid", type: "note", id: "n1", field: "hits" })
      expect(yield* fieldsOf(journal, "n1")).toEqual({ text: "b", hits: 3 })
      yield* restore(journal, "n1", asCounter)
      expect(yield* fieldsOf(journal, "n1")).toEqual({ text: "a", hits: 3 })
    })
  )

  it.effect(`[JR-82] ${name}: restoring deletes and revives`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      yield* journal.write([put("n1", { text: "a" })])
      const live = yield* moment(journal)
      yield* journal.write([remove("n1")])
      const deleted = yield* moment(journal)
      expect((yield* restore(journal, "n1", deleted)).commits).toEqual([])
      yield* restore(journal, "n1", live)
      expect(yield* fieldsOf(journal, "n1")).toEqual({ text: "a" })
      yield* journal.write([put("n1", { text: "b" })])
      yield* restore(journal, "n1", deleted)
      expect(yield* journal.get("note", "n1")).toBeUndefined()
      yield* restore(journal, "n1", live)
      expect(yield* fieldsOf(journal, "n1")).toEqual({ text: "a" })
    })
  )
}

const largeRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-82] ${name}: what came about in many events is restored, however much it is`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      const many = (from: number, value: string) =>
        put("n1", Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${from + i}`, value])))
      yield* journal.write([many(0, "a"), many(500, "a")])
      const large = ["1", "2", "3"].map((field) => put("n1", { [field]: "x".repeat(40_000) }))
      yield* journal.write(large)
      const time = yield* moment(journal)
      const then = yield* fieldsOf(journal, "n1")
      yield* journal.write([many(0, "b"), many(500, "b"), put("n1", { 1: "", 2: "", 3: "" })])
      yield* restore(journal, "n1", time)
      expect(yield* fieldsOf(journal, "n1")).toEqual(then)
    })
  )

  it.effect(`[JR-63] [JR-82] ${name}: an id that is live in another partition is not restored beside it`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      const inTeam = (id: string, team: string) => ({ ...remove(id), partition: { type: "note", header: { team } } })
      yield* journal.write([put("n1", { text: "a" }, { team: "a" })])
      const time = yield* moment(journal)
      yield* journal.write([inTeam("n1", "a"), put("n1", { text: "b" }, { team: "b" })])
      const refused = yield* Effect.flip(journal.restoration("note", "n1", time))
      expect(refused.reason).toMatchObject({ _tag: "EntityInvalid", id: "n1", field: "team" })
      yield* journal.write([inTeam("n1", "b")])
      yield* restore(journal, "n1", time)
      expect(yield* fieldsOf(journal, "n1")).toEqual({ text: "a", team: "a" })
    })
  )

  it.effect(
    `[JR-82] ${name}: of an id that is live in several partitions the one is restored whose header is named`,
    () =>
      Effect.gen(function* () {
        const journal = yield* open(make, 1)
        const inTeam = (team: string, text: string) => put("n1", { text }, { team })
        yield* journal.write([inTeam("a", "1")])
        const one = yield* moment(journal)
        yield* journal.write([inTeam("b", "1")])
        const two = yield* moment(journal)
        yield* journal.write([inTeam("a", "2"), inTeam("b", "2")])
        for (const time of [one, two]) {
          const refused = yield* Effect.flip(journal.restoration("note", "n1", time))
          expect(refused.reason).toMatchObject({ _tag: "EntityAmbiguous", type: "note", id: "n1" })
        }
        const changes = yield* journal.restoration("note", "n1", two, { team: "b" })
        expect(changes).toMatchObject([{ partition: { header: { team: "b" } } }])
        yield* journal.write(changes)
        const live = yield* journal.liveOf("note", "n1")
        expect(new Set(live.map(({ fields }) => fields))).toEqual(
          new Set([
            { team: "a", text: "2" },
            { team: "b", text: "1" }
          ])
        )
        yield* journal.write([{ ...remove("n1"), partition: { type: "note", header: { team: "a" } } }])
        yield* journal.write([{ ...remove("n1"), partition: { type: "note", header: { team: "b" } } }])
        expect((yield* Effect.flip(journal.restoration("note", "n1", two))).reason._tag).toBe("EntityAmbiguous")
        const nowhere = yield* Effect.flip(journal.restoration("note", "n1", two, { team: "c" }))
        expect(nowhere.reason._tag).toBe("EntityNotFoundAt")
      })
  )
}
