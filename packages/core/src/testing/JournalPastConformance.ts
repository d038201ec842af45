/**
 * What every journal must answer, as tests: those rules `JR-n` of SPEC.md that concern entities and questions as of a
 * time. `journalConformance` runs them with the rest.
 */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as HybridTime from "../identity/HybridTime.ts"
import type { ScanPosition } from "../journal/History.ts"
import type { EntityView, JournalShape } from "../journal/Journal.ts"
import type { EntityChange } from "../model/EntityChange.ts"
import { canonicalText } from "../model/FieldValue.ts"
import { change, type MakeJournal, moment, notes, open, patch, pull, put, remove, startMs } from "./JournalFixture.ts"
import { SeededRandom } from "./SeededRandom.ts"

/** Registers the rules as tests. */
export const journalPastConformance = (name: string, make: MakeJournal): void => {
  pastRules(name, make)
  replayRules(name, make)
  questionRules(name, make)
  scanRules(name, make)
}

/** What an application sees of an entity. */
const seen = ({ fields, id, isDeleted, partition }: EntityView): string =>
  `${isDeleted ? "deleted " : ""}${id} ${canonicalText(partition.header)} ${canonicalText(fields)}`

const pastRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-62] ${name}: an entity is read as it was at a time`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      const before = yield* moment(journal)
      yield* journal.write([
        change("n1", { lww: { text: "a" }, counters: { hits: 2 }, sets: { tags: ["x"] } }, { team: "t" })
      ])
      const made = yield* moment(journal)
      yield* journal.write([change("n1", { counters: { hits: 3 }, sets: { tags: ["y"] } }, { team: "t" })])
      const changed = yield* moment(journal)
      yield* journal.write([{ ...remove("n1"), partition: { type: "note", header: { team: "t" } } }])
      const deleted = yield* moment(journal)
      yield* journal.write([change("n1", { lww: { text: "b" } }, { team: "t" })])
      const base = { team: "t", text: "a" }
      expect(yield* journal.at("note", "n1", before)).toBeUndefined()
      expect(yield* journal.at("note", "n1", made)).toEqual({
        type: "note",
        id: "n1",
        partition: { type: "note", header: { team: "t" } },
        fields: { ...base, hits: 2, tags: ["x"] },
        isDeleted: false
      })
      const later = { ...base, hits: 3, tags: ["y"] }
      expect(yield* journal.at("note", "n1", changed)).toMatchObject({ fields: later, isDeleted: false })
      expect(yield* journal.at("note", "n1", deleted)).toMatchObject({ fields: later, isDeleted: true })
      expect(yield* journal.at("note", "n1", yield* journal.lastTime)).toEqual(yield* journal.get("note", "n1"))
      expect(yield* journal.at("note", "nobody", deleted)).toBeUndefined()
    })
  )

  it.effect(`[JR-63] ${name}: of an id in several partitions the one is told that is, or was, read`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      const inTeam = (team: string) => ({ type: "note", header: { team } })
      yield* journal.write([put("n0", {})])
      const before = yield* moment(journal)
      yield* journal.write([put("n1", { by: "a" }, { team: "a" }), put("n1", { by: "b" }, { team: "b" })])
      const both = yield* moment(journal)
      const first = (yield* journal.get("note", "n1"))!
      const [one, other] = first.fields["by"] === "a" ? (["a", "b"] as const) : (["b", "a"] as const)
      yield* journal.write([{ ...remove("n1"), partition: inTeam(one) }])
      const oneLeft = yield* moment(journal)
      const kindsOf = (partition?: EntityView["partition"]) =>
        Effect.map(journal.history({ type: "note", id: "n1", limit: 10, partition }), (entries) =>
          entries.map(({ kind }) => kind)
        )
      expect(yield* kindsOf()).toEqual(["created"])
      expect(yield* kindsOf(inTeam(one))).toEqual(["deleted", "created"])
      expect(yield* kindsOf(inTeam("nobody"))).toEqual([])
      expect(yield* journal.at("note", "n1", both)).toEqual(first)
      expect(yield* journal.at("note", "n1", oneLeft)).toMatchObject({ fields: { by: other } })
      const all = (time: HybridTime.HybridTime) =>
        Effect.map(journal.allAt("note", "n1", time), (found) => found.map(seen))
      const [ofOne, ofOther] = [one, other].map((team) => `n1 {"team":"${team}"} {"by":"${team}","team":"${team}"}`)
      expect(yield* all(both)).toEqual([ofOne, ofOther])
      expect(yield* all(oneLeft)).toEqual([`deleted ${ofOne}`, ofOther])
      expect(yield* all(before)).toEqual([])
      yield* journal.write([{ ...remove("n1"), partition: inTeam(other) }])
      expect(yield* kindsOf()).toEqual(["deleted", "created"])
      const deleted = yield* journal.at("note", "n1", yield* journal.lastTime)
      expect(deleted).toMatchObject({ fields: { by: one }, isDeleted: true })
    })
  )
}

/** A change that any of the data model's kinds may make. */
export const randomChange = (random: SeededRandom): EntityChange => {
  const id = `n${random.between(0, 11)}`
  const header = id === "n3" ? { team: "t" } : {}
  switch (random.between(0, 5)) {
    case 0:
      return { partition: { type: "note", header }, id, change: { kind: "delete" } }
    case 1:
      return change(id, { counters: { hits: random.between(0, 4) } }, header)
    case 2:
      return change(id, { sets: { tags: [`t${random.between(0, 2)}`, `t${random.between(0, 2)}`] } }, header)
    case 3:
      return change(id, {}, header)
    default:
      return change(id, { lww: { [`f${random.between(0, 2)}`]: random.between(0, 3) } }, header)
  }
}

const everything = Effect.fnUntraced(function* (journal: JournalShape, time: HybridTime.HybridTime, limit: number) {
  const found: Array<string> = []
  let next: ScanPosition | undefined
  do {
    const page = yield* journal.scanAt(undefined, time, next, limit)
    found.push(...page.entities.map(seen))
    next = page.next
  } while (next !== undefined)
  expect(new Set(found).size).toBe(found.length)
  return found.sort()
})

const replayRules = (name: string, make: MakeJournal): void => {
  it.effect(
    `[JR-62] [JR-65] ${name}: all that was to be seen after each write is seen again at its time`,
    () =>
      Effect.gen(function* () {
        const random = new SeededRandom(7)
        const journal = yield* open(make, 1)
        const other = yield* open(make, 2)
        const recorded: Array<readonly [time: HybridTime.HybridTime, all: ReadonlyArray<string>]> = []
        for (let step = 0; step < 60; step++) {
          const changes = Array.from({ length: random.between(1, 3) }, () => randomChange(random))
          for (const change of changes) yield* Effect.ignore(journal.write([change]))
          const all = yield* journal.scan(undefined, 1000)
          recorded.push([yield* moment(journal), all.map(seen).sort()])
        }
        yield* pull(journal, other)
        for (const [time, all] of recorded) {
          expect(yield* everything(journal, time, 5)).toEqual(all)
          // The same events in another journal, which took them in at once.
          expect(yield* everything(other, time, 1000)).toEqual(all)
        }
      }),
    60_000
  )

  it.effect(
    `[JR-61] [JR-62] ${name}: journals with the same events show the same past, whatever order they came in`,
    () =>
      Effect.gen(function* () {
        const random = new SeededRandom(11)
        const journals = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
        const times: Array<HybridTime.HybridTime> = []
        for (let step = 0; step < 90; step++) {
          const journal = random.pick(journals)
          if (random.chance(0.2)) yield* pull(random.pick(journals.filter((each) => each !== journal)), journal)
          yield* Effect.ignore(journal.write([randomChange(random)]))
          if (random.chance(0.3)) times.push(yield* moment(journal))
        }
        for (const from of [...journals, ...journals]) {
          for (const into of journals) if (from !== into) yield* pull(from, into)
        }
        for (const time of times) {
          const all = yield* everything(journals[0]!, time, 1000)
          for (const journal of journals.slice(1)) expect(yield* everything(journal, time, 4)).toEqual(all)
        }
        const now = yield* Effect.map(journals[0]!.scan(undefined, 1000), (all) => all.map(seen).sort())
        expect(yield* everything(journals[1]!, HybridTime.make(startMs * 2, 0), 100)).toEqual(now)
      }),
    60_000
  )
}

const questionRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-65] ${name}: a question is answered as it would have been then`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      const ask = { type: "note", where: {}, orderBy: { field: "n", isDescending: true }, limit: 10, offset: 0 }
      yield* journal.write([
        put("1", { n: 1, on: true }),
        put("2", { n: 3, on: true }),
        put("3", { n: 3, on: false }, { team: "b" }),
        put("4", { n: 2 }),
        put("5", { n: 9 }, {}, "memo")
      ])
      const questions = [ask, { ...ask, where: { on: true } }, { ...ask, limit: 2, offset: 1 }, { ...ask, offset: 4 }]
      const asked = [...questions, { ...ask, orderBy: undefined }, { ...ask, where: { team: "b", n: 3 } }]
      const answers = yield* Effect.forEach(asked, (question) => journal.query(question))
      expect(answers[0]!.map(({ id }) => id)).toEqual(["2", "3", "4", "1"])
      const time = yield* moment(journal)
      yield* journal.write([patch("1", { n: 7 }), patch("2", { on: false }), remove("4"), put("6", { n: 5 })])
      yield* journal.write([change("2", { counters: { hits: 1 } })])
      for (const [i, question] of asked.entries()) {
        expect(yield* journal.queryAt(question, time)).toEqual(answers[i])
      }
      expect((yield* journal.queryAt(ask, yield* journal.lastTime)).map(({ id }) => id)).toEqual(["1", "6", "2", "3"])
      expect(yield* journal.queryAt(ask, HybridTime.zero)).toEqual([])
      expect(yield* journal.queryAt({ ...ask, type: "x" }, time)).toEqual([])
    })
  )

  it.effect(`[JR-22] [JR-65] ${name}: values of every kind have one order, now and then`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      const inOrder = [null, -2, false, 0.5, true, 3, "", "[0", [1, 2], [10], [2], "a", { k: 1 }, "\ue000", "\u{10000}"]
      const written = inOrder.map((n, i) => put(`n${String((i * 7) % inOrder.length).padStart(2, "0")}`, { n }))
      yield* journal.write([...written].sort((a, b) => (a.id < b.id ? -1 : 1)))
      const time = yield* moment(journal)
      const ask = { type: "note", where: {}, orderBy: { field: "n", isDescending: false }, limit: 99, offset: 0 }
      const values = (found: ReadonlyArray<EntityView>) => found.map(({ fields }) => fields["n"])
      expect(values(yield* journal.query(ask))).toEqual(inOrder)
      yield* journal.write([put("later", { n: 1 })])
      expect(values(yield* journal.queryAt(ask, time))).toEqual(inOrder)
      const rows: Array<EntityView> = []
      for (let offset = 0; offset < inOrder.length; offset += 4) {
        rows.push(...(yield* journal.queryAt({ ...ask, limit: 4, offset }, time)))
      }
      expect(values(rows)).toEqual(inOrder)
    })
  )

  it.effect(
    `[JR-65] ${name}: rows beyond the largest page are found, each once`,
    () =>
      Effect.gen(function* () {
        const journal = yield* open(make, 1)
        yield* journal.write(notes(0, 10_300))
        const time = yield* moment(journal)
        yield* journal.write([patch("note 0", { text: "changed" })])
        const ask = { type: "note", where: { text: "new" }, orderBy: undefined, limit: 10_000, offset: 0 }
        const whole = [
          ...(yield* journal.queryAt(ask, time)),
          ...(yield* journal.queryAt({ ...ask, offset: 10_000 }, time))
        ].map(({ id }) => id)
        expect(whole).toEqual(
          notes(0, 10_300)
            .map(({ id }) => id)
            .sort()
        )
        const middle = yield* journal.queryAt({ ...ask, limit: 9_900, offset: 300 }, time)
        expect(middle.map(({ id }) => id)).toEqual(whole.slice(300, 10_200))
      }),
    60_000
  )
}

const scanRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-66] ${name}: pages of the past answer for the commits that the first one found`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* b.write([change("note 7", { lww: { text: "old" }, counters: { hits: 1 } }), put("note 99", {})])
      yield* TestClock.adjust(1000)
      yield* a.write(notes(0, 10))
      const time = yield* moment(a)
      yield* a.write(notes(0, 10, { text: "later" }))
      const first = yield* a.scanAt("note", time, undefined, 4)
      // These are older than the time asked for, and came after the question.
      yield* pull(b, a)
      const rest = yield* a.scanAt("note", time, first.next, 1000)
      const found = [...first.entities, ...rest.entities].map(seen).sort()
      expect(found).toEqual(notes(0, 10).map(({ id }) => `${id} {} {"text":"new"}`))
      expect(rest.next).toBeUndefined()
      const again = yield* everything(a, time, 3)
      expect(again.length).toBe(11)
      expect(again.filter((line) => line.includes("hits"))).toEqual([`note 7 {} {"hits":1,"text":"new"}`])
    })
  )
}
