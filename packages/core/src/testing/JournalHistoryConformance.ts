/**
 * What every journal must answer, as tests: those rules `JR-n` of SPEC.md that concern the past. `journalConformance`
 * runs them with the rest.
 */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as HybridTime from "../identity/HybridTime.ts"
import type { JournalShape } from "../journal/Journal.ts"
import type { Settlement } from "../journal/Receipt.ts"
import type { HistoryEntry } from "../merge/EntityTimeline.ts"
import {
  batch,
  change,
  commitsOf,
  firstEvent,
  forge,
  type MakeJournal,
  moment,
  nobody,
  notes,
  open,
  type Opened,
  pull,
  put,
  remove,
  settlement,
  space,
  startMs
} from "./JournalFixture.ts"

/** Registers the rules as tests. */
export const journalHistoryConformance = (name: string, make: MakeJournal): void => {
  historyRules(name, make)
  orderRules(name, make)
  changedPastRules(name, make)
  writtenAgainRules(name, make)
}

const historyOf = (journal: JournalShape, id: string, limit = 1000, before?: HistoryEntry) =>
  journal.history({ type: "note", id, limit, before })

const historyRules = (name: string, make: MakeJournal): void => {
  it.effect(
    `[JR-60] ${name}: a history tells each change with its commit, author, time and what was there before`,
    () =>
      Effect.gen(function* () {
        const journal = yield* open(make, 1)
        const made = yield* journal.write([
          change("n1", { lww: { text: "a" }, counters: { hits: 2 }, sets: { tags: ["x"] } })
        ])
        yield* TestClock.setTime(startMs + 1000)
        const sets = { tags: { add: ["y"], remove: ["x"] } }
        yield* journal.write([change("n1", { kind: "patch", lww: { text: "b" }, counters: { hits: -5 }, sets })])
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

/** A custodian refuses one of a journal's own commits. */
const refusal = (lseq: number): Settlement => ({
  peer: nobody,
  incarnation: "00112233445566ff",
  isCustodian: true,
  givesWay: false,
  acknowledged: lseq,
  told: lseq,
  proven: undefined,
  unsent: [],
  verdicts: [{ lseq, code: "Denied", kind: "refused", rule: "team/b", policyVersion: 7, because: "not yours" }]
})

const changedPastRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-61] [JR-62] ${name}: both branches of a fork are in the past, whichever came first`, () =>
    Effect.gen(function* () {
      const [a, b, c] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      const branches = ["left", "right"].map((text, i) => forge(a, space, startMs + i, firstEvent("n1", text)))
      const tell = Effect.fnUntraced(function* (into: Opened, commits: ReadonlyArray<Uint8Array>) {
        for (const bytes of commits) yield* into.receive(batch(a, [{ bytes }]))
        const texts = yield* Effect.forEach([-1, 0, 1], (ms) =>
          Effect.map(into.at("note", "n1", HybridTime.make(startMs + ms, 0)), (view) => view?.fields["text"])
        )
        const entries = yield* historyOf(into, "n1")
        return [
          texts,
          entries.map(({ changes: [change] }) => change?.kind === "lww" && [change.previous, change.value])
        ]
      })
      const told = yield* tell(b, branches)
      expect(told).toEqual([
        [undefined, "left", "right"],
        [
          ["left", "right"],
          [undefined, "left"]
        ]
      ])
      expect(yield* tell(c, [...branches].reverse())).toEqual(told)
    })
  )

  it.effect(`[JR-67] ${name}: a commit that was taken back is in no past, also while the past is being read`, () =>
    Effect.gen(function* () {
      const a = yield* open(make, 1)
      const b = yield* open(make, 2)
      yield* a.write([put("n1", { n: 0 }), put("n2", {})])
      yield* pull(a, b)
      for (let n = 1; n <= 100; n++) yield* b.write([put("n1", { n })])
      yield* pull(b, a)
      // The newest link leads past a hundred commits to the one that goes.
      yield* a.write([put("n1", { own: true }), put("n3", {})])
      const time = yield* moment(a)
      yield* pull(a, b)
      for (let n = 101; n <= 200; n++) yield* b.write([put("n1", { n })])
      yield* pull(b, a)
      const [entries, page] = yield* Effect.all(
        [
          historyOf(a, "n1"),
          a.scanAt("note", time, undefined, 10),
          Effect.yieldNow.pipe(Effect.andThen(a.settle(refusal(102))))
        ],
        { concurrency: "unbounded" }
      )
      // Each read answers for before or after.
      expect([201, 202]).toContain(entries.length)
      expect([2, 3]).toContain(page.entities.length)
      expect((yield* historyOf(a, "n1")).length).toBe(201)
      expect(yield* a.at("note", "n1", time)).toMatchObject({ fields: { n: 100 } })
      expect(yield* a.at("note", "n3", time)).toBeUndefined()
    })
  )
}

const writtenAgainRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-60] ${name}: of a change in two forms a history tells the one that counts`, () =>
    Effect.gen(function* () {
      const [a, hub, both] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write([change("n1", { lww: { text: "a" }, counters: { hits: 1 } })])
      for (const journal of [hub, both]) yield* journal.receive(batch(a, yield* commitsOf(a)))
      yield* TestClock.setTime(startMs + yearMs)
      yield* a.write([change("n1", { kind: "patch", lww: { text: "b" }, counters: { hits: 5 } })])
      const late = yield* commitsOf(a, 1)
      yield* both.receive(batch(a, late))
      yield* TestClock.setTime(startMs + 1000)
      const { verdicts } = yield* hub.receive(batch(a, late))
      yield* a.settle(
        settlement(
          hub.device,
          verdicts.map(({ index, ...verdict }) => ({ ...verdict, lseq: late[index]!.lseq }))
        )
      )
      yield* both.receive(batch(a, yield* commitsOf(a, 2)))
      expect((yield* both.get("note", "n1"))?.fields).toEqual({ text: "b", hits: 6 })
      const entries = yield* historyOf(both, "n1")
      expect(entries.map(({ at, changes }) => [HybridTime.millis(at) - startMs, changes])).toEqual([
        [
          1000,
          [
            { kind: "lww", field: "text", value: "b", previous: "a", isConflict: false },
            { kind: "counter", field: "hits", by: 5 }
          ]
        ],
        [0, expect.any(Array)]
      ])
      expect(entries.map(tellable)).toEqual((yield* historyOf(a, "n1")).map(tellable))
    })
  )
}

const yearMs = 365 * 24 * 60 * 60_000

/** All but the arrival number, which is a journal's own. */
const tellable = (entry: HistoryEntry) => ({ ...entry, lseq: undefined })
