/**
 * What every journal must answer, as tests: those rules `JR-n` of SPEC.md that concern the past. `journalConformance`
 * runs them with the rest.
 */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as HybridTime from "../identity/HybridTime.ts"
import type { ScanPosition } from "../journal/History.ts"
import type { EntityView, JournalShape } from "../journal/Journal.ts"
import type { HistoryEntry } from "../merge/EntityTimeline.ts"
import type { EntityChange, Patch, Put } from "../model/EntityChange.ts"
import { canonicalText } from "../model/FieldValue.ts"
import type { HeaderValues } from "../model/Partition.ts"
import {
  batch,
  type MakeJournal,
  notes,
  open,
  type Opened,
  patch,
  pull,
  put,
  remove,
  startMs
} from "./JournalFixture.ts"
import { SeededRandom } from "./SeededRandom.ts"

/** Registers the rules as tests. */
export const journalHistoryConformance = (name: string, make: MakeJournal): void => {
  historyRules(name, make)
  orderRules(name, make)
  pastRules(name, make)
  replayRules(name, make)
  questionRules(name, make)
  scanRules(name, make)
}

const of = (id: string, change: Partial<Put | Patch>, header: HeaderValues = {}): EntityChange =>
  ({
    partition: { type: "note", header },
    id,
    change: { kind: "put", lww: {}, counters: {}, sets: {}, ...change }
  }) as EntityChange

const historyOf = (journal: JournalShape, id: string, limit = 1000, before?: HistoryEntry) =>
  journal.history({ type: "note", id, limit, before })

/** What an application sees of an entity. */
const seen = ({ fields, id, isDeleted, partition }: EntityView): string =>
  `${isDeleted ? "deleted " : ""}${id} ${canonicalText(partition.header)} ${canonicalText(fields)}`

/** The time just before the next write. */
const moment = Effect.fnUntraced(function* (journal: JournalShape) {
  const time = yield* journal.lastTime
  yield* TestClock.adjust(10)
  return time
})

const historyRules = (name: string, make: MakeJournal): void => {
  it.effect(
    `[JR-60] ${name}: a history tells each change with its commit, author, time and what was there before`,
    () =>
      Effect.gen(function* () {
        const journal = yield* open(make, 1)
        const made = yield* journal.write([
          of("n1", { lww: { text: "a" }, counters: { hits: 2 }, sets: { tags: ["x"] } })
        ])
        yield* TestClock.setTime(startMs + 1000)
        const sets = { tags: { add: ["y"], remove: ["x"] } }
        yield* journal.write([of("n1", { kind: "patch", lww: { text: "b" }, counters: { hits: -5 }, sets })])
        yield* journal.write([remove("n1")])
        yield* journal.write([put("n1", { text: "b", more: null }), put("n2", {})])
        const entries = yield* historyOf(journal, "n1")
        expect(entries.map(({ changes, kind }) => [kind, changes])).toEqual([
          ["revived", [{ kind: "lww", field: "more", value: null, previous: undefined, isConflict: false }]],
          ["deleted", []],
          [
            "changed",
            [
              { kind: "lww", field: "text", value: "b", previous: "a", isConflict: false },
              { kind: "counter", field: "hits", by: -5 },
              { kind: "orSet", field: "tags", added: ["y"], removed: ["x"] }
            ]
          ],
          [
            "created",
            [
              { kind: "lww", field: "text", value: "a", previous: undefined, isConflict: false },
              { kind: "counter", field: "hits", by: 2 },
              { kind: "orSet", field: "tags", added: ["x"], removed: [] }
            ]
          ]
        ])
        expect(entries.map(({ lseq }) => lseq)).toEqual([4, 3, 2, 1])
        expect(entries.map(({ at }) => HybridTime.millis(at) - startMs)).toEqual([1000, 1000, 1000, 0])
        expect(entries[3]).toMatchObject({ author: journal.info.author, commit: made.commits[0], group: undefined })
        // Two changes in one call share a group and not the place in time.
        expect(entries[0]!.group).toMatch(/^[0-9a-f]{16}$/)
        expect((yield* historyOf(journal, "n2"))[0]).toMatchObject({ group: entries[0]!.group, kind: "created" })
        expect(yield* historyOf(journal, "nobody")).toEqual([])
        expect(yield* journal.history({ type: "other", id: "n1", limit: 10 })).toEqual([])
      })
  )

  it.effect(
    `[JR-60] ${name}: a long history comes in pages that join, each of at most 1,000 entries`,
    () =>
      Effect.gen(function* () {
        const journal = yield* open(make, 1)
        const changes = Array.from({ length: 1100 }, (_, i) => put("n1", { n: i }))
        for (let i = 0; i < 1100; i += 100) yield* journal.write(changes.slice(i, i + 100))
        const valuesOf = (entries: ReadonlyArray<HistoryEntry>) =>
          entries.map(({ changes: [change] }) => (change?.kind === "lww" ? change.value : undefined))
        const whole = yield* historyOf(journal, "n1", 5000)
        expect(valuesOf(whole)).toEqual(Array.from({ length: 1000 }, (_, i) => 1099 - i))
        const paged: Array<HistoryEntry> = []
        for (let page = yield* historyOf(journal, "n1", 300); page.length > 0;) {
          paged.push(...page)
          page = yield* historyOf(journal, "n1", 300, page.at(-1))
        }
        expect(valuesOf(paged)).toEqual(Array.from({ length: 1100 }, (_, i) => 1099 - i))
        expect(paged.slice(0, 1000)).toEqual(whole)
      }),
    30_000
  )
}

const orderRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-61] ${name}: what lost a conflict and what arrived late stand at their places in time`, () =>
    Effect.gen(function* () {
      const [a, b, c] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write([put("n1", { text: "first" })])
      yield* pull(a, b)
      yield* TestClock.setTime(startMs + 1000)
      yield* b.write([put("n1", { text: "of b" })])
      yield* TestClock.setTime(startMs + 2000)
      yield* a.write([put("n1", { text: "of a" })])
      yield* TestClock.setTime(startMs + 3000)
      yield* pull(b, a)
      yield* pull(a, c)
      const entries = yield* historyOf(a, "n1")
      expect(entries.map(({ author, changes, lseq }) => [author, lseq, changes[0]])).toEqual([
        [a.info.author, 2, { kind: "lww", field: "text", value: "of a", previous: "of b", isConflict: true }],
        [b.info.author, 3, { kind: "lww", field: "text", value: "of b", previous: "first", isConflict: false }],
        [a.info.author, 1, { kind: "lww", field: "text", value: "first", previous: undefined, isConflict: false }]
      ])
      const withoutPlace = (all: ReadonlyArray<HistoryEntry>) => all.map((entry) => ({ ...entry, lseq: 0 }))
      yield* pull(a, b)
      for (const other of [b, c]) {
        expect(withoutPlace(yield* historyOf(other, "n1"))).toEqual(withoutPlace(entries))
      }
      const textAt = (journal: Opened, atMs: number) =>
        Effect.map(journal.at("note", "n1", HybridTime.make(atMs, 0xffff)), (view) => view?.fields["text"])
      for (const journal of [a, b, c]) {
        const texts = yield* Effect.forEach([startMs - 1, startMs, startMs + 1500, startMs + 2000], (atMs) =>
          textAt(journal, atMs)
        )
        expect(texts).toEqual([undefined, "first", "of b", "of a"])
      }
    })
  )

  it.effect(`[JR-64] ${name}: events that came in parts of commits are told as others`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      const made = yield* a.write(notes(0, 30))
      const time = yield* moment(a)
      yield* a.write(notes(0, 30, { text: "changed" }))
      const [row] = (yield* a.partitions).rows
      const items = (yield* a.items(row!.hash, "", 100)).slice(0, 5)
      const some = items.map(({ key }) => ({ partitionHash: row!.hash, key, clock: [] }))
      const parts = yield* a.eventsBeyond(some, Number.MAX_SAFE_INTEGER)
      expect(yield* b.receive(batch(a, parts))).toMatchObject({ applied: 10 })
      const fromParts = yield* b.scan(undefined, 100)
      expect(fromParts.length).toBe(5)
      yield* pull(a, b)
      for (const { id } of fromParts) {
        const entries = yield* historyOf(b, id)
        expect(entries.map(({ commit, lseq }) => [commit === made.commits[0], lseq])).toEqual([
          [false, 2],
          [true, 1]
        ])
        expect(yield* b.at("note", id, time)).toMatchObject({ fields: { text: "new" } })
      }
      expect((yield* historyOf(b, "note 29")).map(({ kind }) => kind)).toEqual(["changed", "created"])
    })
  )
}

const pastRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-62] ${name}: an entity is read as it was at a time`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      const before = yield* moment(journal)
      yield* journal.write([
        of("n1", { lww: { text: "a" }, counters: { hits: 2 }, sets: { tags: ["x"] } }, { team: "t" })
      ])
      const made = yield* moment(journal)
      yield* journal.write([of("n1", { counters: { hits: 3 }, sets: { tags: ["y"] } }, { team: "t" })])
      const changed = yield* moment(journal)
      yield* journal.write([{ ...remove("n1"), partition: { type: "note", header: { team: "t" } } }])
      const deleted = yield* moment(journal)
      yield* journal.write([of("n1", { lww: { text: "b" } }, { team: "t" })])
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
      yield* journal.write([{ ...remove("n1"), partition: inTeam(other) }])
      expect(yield* kindsOf()).toEqual(["deleted", "created"])
      const deleted = yield* journal.at("note", "n1", yield* journal.lastTime)
      expect(deleted).toMatchObject({ fields: { by: one }, isDeleted: true })
    })
  )
}

/** A change that any of the data model's kinds may make. */
const randomChange = (random: SeededRandom): EntityChange => {
  const id = `n${random.between(0, 11)}`
  const header = id === "n3" ? { team: "t" } : {}
  switch (random.between(0, 5)) {
    case 0:
      return { partition: { type: "note", header }, id, change: { kind: "delete" } }
    case 1:
      return of(id, { counters: { hits: random.between(0, 4) } }, header)
    case 2:
      return of(id, { sets: { tags: [`t${random.between(0, 2)}`, `t${random.between(0, 2)}`] } }, header)
    case 3:
      return of(id, {}, header)
    default:
      return of(id, { lww: { [`f${random.between(0, 2)}`]: random.between(0, 3) } }, header)
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
      yield* journal.write([of("2", { counters: { hits: 1 } })])
      for (const [i, question] of asked.entries()) {
        expect(yield* journal.queryAt(question, time)).toEqual(answers[i])
      }
      expect((yield* journal.queryAt(ask, yield* journal.lastTime)).map(({ id }) => id)).toEqual(["1", "6", "2", "3"])
      expect(yield* journal.queryAt(ask, HybridTime.zero)).toEqual([])
      expect(yield* journal.queryAt({ ...ask, type: "x" }, time)).toEqual([])
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
      yield* b.write([of("note 7", { lww: { text: "old" }, counters: { hits: 1 } }), put("note 99", {})])
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
