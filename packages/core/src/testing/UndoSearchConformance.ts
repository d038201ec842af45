/**
 * How every journal finds what is to be undone, as tests: those rules `JR-n` of SPEC.md. `journalConformance` runs them
 * with the rest.
 */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import type { UndoTarget } from "../journal/History.ts"
import {
  batch,
  commitsOf,
  type MakeJournal,
  moment,
  notes,
  open,
  patch,
  pull,
  put,
  settlement,
  unbounded
} from "./JournalFixture.ts"
import { commit, undo } from "./UndoFixture.ts"

/** Registers the rules as tests. */
export const undoSearchConformance = (name: string, make: MakeJournal): void => {
  searchRules(name, make)
  groupRules(name, make)
  foreignRules(name, make)
  scatteredRules(name, make)
}

const searchRules = (name: string, make: MakeJournal): void => {
  it.effect(
    `[JR-87] ${name}: a commit is found by its id, its arrival number or both, and a transaction by its group`,
    () =>
      Effect.gen(function* () {
        const journal = yield* open(make, 1)
        const ids: Array<string> = []
        for (const each of notes(0, 600)) ids.push(yield* commit(journal, each))
        const transaction = [...notes(600, 900), put("x", {}, { team: "a" })]
        expect((yield* journal.write(transaction)).commits.length).toBe(4)
        yield* journal.write([put("last", {})])
        const undone = Effect.fnUntraced(function* (target: UndoTarget | string) {
          const { entities } = yield* undo(journal, target)
          return entities.map(({ becomes, id }) => [id, becomes])
        })
        const refused = (target: UndoTarget) =>
          Effect.map(Effect.flip(journal.reversal(target)), ({ reason }) => reason)
        expect(yield* undone(ids[0]!)).toEqual([["note 0", "deleted"]])
        expect(yield* undone({ lseq: 2 })).toEqual([["note 1", "deleted"]])
        expect(yield* undone({ commit: ids[2]!, lseq: 3 })).toEqual([["note 2", "deleted"]])
        // A wrong number is no obstacle.
        expect(yield* undone({ commit: ids[3]!, lseq: 3 })).toEqual([["note 3", "deleted"]])
        const [entry] = yield* journal.history({ type: "note", id: "note 700", limit: 1 })
        const group = entry!.group!
        const all = yield* undo(journal, { group })
        expect(all.entities.filter(({ becomes }) => becomes === "deleted").length).toBe(301)
        expect(yield* journal.count("note")).toBe(597)
        const [made] = yield* journal.history({ type: "note", id: "note 700", limit: 1 })
        yield* undo(journal, { group: made!.group! })
        expect(yield* journal.count("note")).toBe(898)
        for (const target of [{ commit: "00".repeat(32) }, { lseq: 5000 }, { group: "0000000000000000" }]) {
          expect(yield* refused(target)).toMatchObject({ _tag: "CommitNotFound", isRetryable: false })
        }
      })
  )

  it.effect(`[JR-64] [JR-87] ${name}: a commit that came in parts is undone as far as it is here`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      const made = yield* commit(a, ...notes(0, 20))
      const [row] = (yield* a.partitions).rows
      const items = yield* a.items(row!.hash, "", 100)
      for (const some of [items.slice(0, 5), items.slice(5, 8)]) {
        const clocks = some.map(({ key }) => ({ partitionHash: row!.hash, key, clock: [] }))
        yield* b.receive(batch(a, yield* a.eventsBeyond(clocks, unbounded)))
      }
      expect((yield* undo(b, { commit: made, lseq: 2 })).entities.length).toBe(8)
      expect(yield* b.count("note")).toBe(0)
      yield* pull(a, b)
      expect(yield* b.count("note")).toBe(12)
      const rest = yield* undo(b, made)
      expect(rest.entities.map(({ becomes }) => becomes).filter((becomes) => becomes === "deleted").length).toBe(12)
      expect((yield* commitsOf(b)).length).toBe(5)
    })
  )

  it.effect(
    `[JR-87] ${name}: a transaction with more than 10,000 entities is not undone as a whole`,
    () =>
      Effect.gen(function* () {
        const journal = yield* open(make, 1)
        const { commits } = yield* journal.write(notes(0, 10_001))
        const [entry] = yield* journal.history({ type: "note", id: "note 1", limit: 1 })
        const refused = yield* Effect.flip(journal.reversal({ group: entry!.group! }))
        expect(refused.reason).toMatchObject({ _tag: "UndoTooLarge", max: 10_000 })
        expect((yield* undo(journal, commits[3]!)).entities.length).toBe(128)
        expect(yield* journal.count("note")).toBe(10_001 - 128)
      }),
    30_000
  )
}

const groupRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-152] ${name}: a transaction is that of one device, though another one writes under its group`, () =>
    Effect.gen(function* () {
      const [mine, other, third] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* mine.write(notes(0, 20))
      yield* pull(mine, other)
      yield* mine.write(notes(0, 3).map(({ id }) => patch(id, { text: "mine" })))
      const [entry] = yield* mine.history({ type: "note", id: "note 0", limit: 1 })
      const group = entry!.group!
      yield* pull(mine, other)
      yield* other.write([patch("note 2", { other: "kept" }), patch("note 10", { text: "of the other" })], group)
      yield* other.write(notes(100, 10_101), group)
      for (const into of [mine, third])
        yield* into.receive({ ...batch(other, yield* commitsOf(other)), isCustodian: true })
      const undone = yield* undo(mine, { group })
      expect(undone.entities.map(({ fields, id }) => [id, fields])).toEqual([
        ["note 0", ["text"]],
        ["note 1", ["text"]],
        ["note 2", ["text"]]
      ])
      expect((yield* mine.get("note", "note 2"))?.fields).toEqual({ text: "new", other: "kept" })
      expect((yield* mine.get("note", "note 10"))?.fields).toEqual({ text: "of the other" })
      // What others wrote under it is not undone by it, and undone by itself it is.
      const [theirs] = yield* mine
        .history({ type: "note", id: "note 2", limit: 10 })
        .pipe(Effect.map((entries) => entries.filter(({ author }) => author === other.info.author)))
      yield* undo(mine, theirs!.commit)
      expect((yield* mine.get("note", "note 2"))?.fields).toMatchObject({ text: "new", other: null })
      // Where nothing of it is its own, it is that of the newest commit: here too many records.
      const { reason } = yield* Effect.flip(third.reversal({ group }))
      expect(reason).toMatchObject({ _tag: "UndoTooLarge" })
    })
  )
}

const foreignRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-87] ${name}: another device's transaction is found whole, whatever arrived in between`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write(notes(0, 300))
      const [first, second, third] = yield* commitsOf(a)
      for (const each of [first!, second!]) yield* b.receive(batch(a, [each]))
      yield* b.write([put("of b", {})])
      yield* b.receive(batch(a, [third!]))
      yield* b.write([put("of b too", {})])
      const [entry] = yield* b.history({ type: "note", id: "note 1", limit: 1 })
      const { entities } = yield* undo(b, { group: entry!.group! })
      expect(entities.filter(({ becomes }) => becomes === "deleted").length).toBe(300)
      expect(yield* b.count("note")).toBe(2)
      // What was undone as a whole is undone in each part.
      expect(yield* undo(b, entry!.commit)).toMatchObject({ commits: [] })
      const again = yield* undo(b, entry!.commit)
      expect(again.entities[0]?.skipped).toEqual([{ field: undefined, because: "undone" }])
    })
  )
}

const secret = (id: string, text: string) => put(id, { text }, {}, "secret")

const scatteredRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-87] ${name}: an own transaction is found whole when a part of it was taken back and released`, () =>
    Effect.gen(function* () {
      const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([put("n1", { text: "a" }), secret("s1", "a")])
      yield* moment(a)
      expect((yield* a.write([patch("n1", { text: "b" }), secret("s1", "b")])).commits.length).toBe(2)
      const [entry] = yield* a.history({ type: "note", id: "n1", limit: 1 })
      yield* moment(a)
      yield* a.write([put("n9", {})])
      const denied = { code: "Denied", kind: "refused", rule: "r", policyVersion: 1, because: "no" } as const
      yield* a.settle(settlement(hub.device, [{ lseq: 4, ...denied }], 5))
      const [waiting] = yield* a.quarantine({ after: 0, limit: 9 })
      yield* a.release([waiting!.id])
      expect((yield* a.get("secret", "s1"))?.fields).toEqual({ text: "b" })
      yield* undo(a, { group: entry!.group! })
      expect((yield* a.get("note", "n1"))?.fields).toEqual({ text: "a" })
      expect((yield* a.get("secret", "s1"))?.fields).toEqual({ text: "a" })
    })
  )

  it.effect(`[JR-87] ${name}: an own transaction is found whole by a journal that got it back in parts`, () =>
    Effect.gen(function* () {
      const [a, hub, restored] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 1)]
      yield* a.write([put("n1", { text: "b" }), secret("s1", "b")])
      const [entry] = yield* a.history({ type: "note", id: "n1", limit: 1 })
      yield* a.write([put("n9", {})])
      const [one, two, between] = yield* commitsOf(a)
      for (const each of [one!, between!, two!]) yield* restored.receive(batch(hub, [each]))
      yield* undo(restored, { group: entry!.group! })
      expect([yield* restored.get("note", "n1"), yield* restored.get("secret", "s1")]).toEqual([undefined, undefined])
    })
  )
}
