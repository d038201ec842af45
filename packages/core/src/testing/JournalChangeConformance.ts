/**
 * What every journal must answer about its changes, as tests: the rules of SPEC.md on `changesAfter` and on what tells of a withdrawal.
 * `journalConformance` runs them with the rest.
 */
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { CommitChange, JournalShape } from "../journal/Journal.ts"
import * as Limits from "../model/Limits.ts"
import {
  nobody,
  batch,
  commitsOf,
  type MakeJournal,
  notes,
  open,
  patch,
  pull,
  put,
  releaseDue,
  remove,
  settlement,
  startMs
} from "./JournalFixture.ts"

/** All changes after a place, page by page. */
const changesOf = Effect.fnUntraced(function* (journal: JournalShape, after: number, limit: number) {
  const changes: Array<CommitChange> = []
  let upto = after
  for (let isEnd = false; !isEnd;) {
    const page = yield* journal.changesAfter(upto, limit)
    expect(page.changes.length).toBeLessThanOrEqual(Math.min(limit, 64))
    expect(page.isEnd || page.changes.length > 0).toBe(true)
    changes.push(...page.changes)
    upto = page.upto
    isEnd = page.isEnd
  }
  expect(upto).toBe(Math.max(after, yield* journal.head))
  return changes
})

/** Registers the rule as tests. */
export const journalChangeConformance = (name: string, make: MakeJournal): void => {
  contentRules(name, make)
  originRules(name, make)
  pageRules(name, make)
}

const contentRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-40] ${name}: changes name commit, author and deliverer, and what the commit changed here`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      expect(yield* a.changesAfter(0, 64)).toEqual({ changes: [], upto: 0, isEnd: true })
      const made = yield* a.write([put("n1", { text: "1" }), put("n2", { text: "1" }), put("n1", { text: "2" })])
      yield* a.write([put("own", {}, {}, "task")])
      yield* a.write([remove("n2")])
      const note = (id: string, isDeleted = false) => ({ type: "note", header: {}, id, isDeleted })
      const ofA = yield* changesOf(a, 0, 64)
      const author = { author: a.info.author }
      expect(ofA).toMatchObject([
        { ...author, lseq: 1, id: made.commits[0], isLocal: true, events: 3, entities: [note("n1"), note("n2", true)] },
        { ...author, lseq: 2, isLocal: true, group: undefined, events: 1, entities: [{ type: "task", id: "own" }] },
        { ...author, lseq: 3, isLocal: true, events: 1, entities: [note("n2", true)] }
      ])
      expect(ofA.map(({ source }) => source)).toEqual([undefined, undefined, undefined])
      yield* b.write([put("of b", {})])
      yield* pull(a, b)
      yield* pull(a, b)
      const ofB = yield* changesOf(b, 1, 64)
      const told = ofA.map((change) => ({ ...change, lseq: change.lseq + 1, isLocal: false, source: a.device }))
      expect(ofB).toEqual(told)
      expect(yield* b.changesAfter(4, 64)).toEqual({ changes: [], upto: 4, isEnd: true })
    })
  )

  it.effect(`[JR-40] ${name}: an event that was left out is told with the commit that brings it`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([put("n1", { text: "1" })])
      yield* a.write([patch("n1", { text: "2" }), put("n2", {})])
      const [first, second] = yield* commitsOf(a)
      const ids = (changes: ReadonlyArray<CommitChange>) =>
        changes.map(({ entities, events }) => [events, ...entities.map(({ id }) => id)])
      yield* b.receive(batch(a, [second!]))
      expect(ids(yield* changesOf(b, 0, 64))).toEqual([[1, "n2"]])
      yield* b.receive(batch(a, [first!, second!]))
      expect(ids(yield* changesOf(b, 1, 64))).toEqual([
        [1, "n1"],
        [1, "n1"]
      ])
    })
  )

  it.effect(`[JR-40] ${name}: what was held is told when it is applied, as from who brought it`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* TestClock.setTime(startMs + Limits.clockAheadPeerMs + 10)
      yield* a.write([put("n1", { text: "early" })])
      yield* TestClock.setTime(startMs)
      yield* b.receive(batch(a, yield* commitsOf(a)))
      expect(yield* changesOf(b, 0, 64)).toEqual([])
      yield* TestClock.setTime(startMs + 11)
      yield* releaseDue(b)
      expect(yield* changesOf(b, 0, 64)).toMatchObject([{ isLocal: false, source: a.device, events: 1 }])
    })
  )
}

const originRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-41] ${name}: a journal writes as another author by the time that it tells what was taken back`, () =>
    Effect.gen(function* () {
      const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([put("n1", { text: "1" })])
      const before = a.info
      const told = yield* a.changes.pipe(
        Stream.take(1),
        Stream.map(() => a.info.author),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      const denied = { code: "Denied", kind: "refused", rule: "r", policyVersion: 1, because: "no" } as const
      yield* a.settle(settlement(hub.device, [{ lseq: 1, ...denied }], 1))
      const { author, incarnation } = a.info
      expect(author).not.toBe(before.author)
      expect(incarnation).toBe(before.incarnation)
      expect(yield* Fiber.join(told)).toEqual([author])
    })
  )

  it.effect(`[JR-40] ${name}: own commits are local whoever brings them back; released ones are of no peer`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([put("n1", {})])
      yield* pull(a, b)
      const lost = yield* open(make, 1)
      yield* lost.receive(batch(b, yield* commitsOf(b)))
      const { author } = a.info
      const told = yield* changesOf(lost, 0, 64)
      expect(told).toMatchObject([{ author, isLocal: true, source: undefined }])
      const denial = { index: 0, reason: "Denied", rule: "r", policyVersion: 1, because: "not yours" } as const
      const c = yield* open(make, 3)
      yield* c.receive({ ...batch(b, yield* commitsOf(b)), denials: [denial] })
      expect(yield* changesOf(c, 0, 64)).toEqual([])
      yield* c.release(told.map(({ id }) => id))
      expect(yield* changesOf(c, 0, 64)).toMatchObject([{ author, isLocal: false, source: undefined, events: 1 }])
    })
  )

  it.effect(`[JR-40] ${name}: a commit that was withdrawn is told no more, also when it is the newest`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      for (const change of notes(0, 5)) yield* journal.write([change])
      const code = { code: "Denied", kind: "refused", rule: "r", policyVersion: 1, because: "not yours" } as const
      yield* journal.settle({
        peer: nobody,
        incarnation: "00112233445566ff",
        isCustodian: true,
        givesWay: false,
        acknowledged: 0,
        told: 0,
        proven: undefined,
        unsent: [],
        verdicts: [2, 5].map((lseq) => ({ lseq, ...code }))
      })
      for (const limit of [1, 64]) {
        expect((yield* changesOf(journal, 0, limit)).map(({ lseq }) => lseq)).toEqual([1, 3, 4])
      }
      yield* journal.write([put("new", {})])
      expect((yield* changesOf(journal, 4, 64)).map(({ lseq }) => lseq)).toEqual([6])
    })
  )
}

const pageRules = (name: string, make: MakeJournal): void => {
  it.effect(
    `[JR-40] ${name}: changes come in order, each once, in bounded pages, and one transaction has one group`,
    () =>
      Effect.gen(function* () {
        const journal = yield* open(make, 1)
        for (const change of notes(0, 100)) yield* journal.write([change])
        yield* journal.write(notes(100, 3_000))
        for (const change of notes(0, 10, { text: "again" })) yield* journal.write([change])
        const lseqs = Array.from({ length: yield* journal.head }, (_, i) => i + 1)
        for (const limit of [1, 7, 64, 1_000]) {
          expect((yield* changesOf(journal, 0, limit)).map(({ lseq }) => lseq)).toEqual(lseqs)
        }
        const groups = (yield* changesOf(journal, 0, 64)).map(({ group }) => group)
        expect(new Set(groups).size).toBe(2)
        expect(groups.indexOf(groups[100])).toBe(100)
        expect(groups.lastIndexOf(groups[100])).toBe(groups.length - 11)
        // Pages of large commits have few of them.
        const { changes } = yield* journal.changesAfter(100, 64)
        expect(changes.reduce((sum, { entities }) => sum + entities.length, 0)).toBeLessThan(256 + 128)
      })
  )
}
