/**
 * What every journal must do, as tests: the rules `JR-n` of SPEC.md. A store adopts them by giving a layer per device;
 * each test opens its own journals. Durability across a crash is not judged here, because only a store knows how its
 * process can be ended.
 */
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Bytes from "../identity/Bytes.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import * as Commit from "../model/Commit.ts"
import type { EntityChange } from "../model/EntityChange.ts"
import * as Limits from "../model/Limits.ts"
import {
  batch,
  commitsOf,
  firstEvent,
  forge,
  type MakeJournal,
  notes,
  open,
  patch,
  pull,
  put,
  remove,
  space,
  startMs,
  stateHash
} from "./JournalFixture.ts"
import { journalHistoryConformance } from "./JournalHistoryConformance.ts"
import { journalPastConformance } from "./JournalPastConformance.ts"
import { journalPresentConformance } from "./JournalPresentConformance.ts"
import { concurrentUndoConformance } from "./ConcurrentUndoConformance.ts"
import { copyConformance } from "./CopyConformance.ts"
import { costConformance } from "./CostConformance.ts"
import { custodyConformance } from "./CustodyConformance.ts"
import { massDeleteConformance } from "./MassDeleteConformance.ts"
import { partsConformance } from "./PartsConformance.ts"
import { freshConformance } from "./FreshConformance.ts"
import { purgeConformance } from "./PurgeConformance.ts"
import { quarantineConformance } from "./QuarantineConformance.ts"
import { receiptConformance } from "./ReceiptConformance.ts"
import { releaseConformance } from "./ReleaseConformance.ts"
import { restoreConformance } from "./RestoreConformance.ts"
import { replacedConformance } from "./ReplacedConformance.ts"
import { rewriteConformance } from "./RewriteConformance.ts"
import { undoConformance } from "./UndoConformance.ts"
import { undoSearchConformance } from "./UndoSearchConformance.ts"

export type { JournalServices, MakeJournal } from "./JournalFixture.ts"

/** Registers the rules as tests. */
export const journalConformance = (name: string, make: MakeJournal): void => {
  journalWriteConformance(name, make)
  journalReadConformance(name, make)
}

/** The rules about what comes in; for a store whose tests take long, so that they run beside the others. */
export const journalWriteConformance = (name: string, make: MakeJournal): void => {
  writeRules(name, make)
  atomicityRules(name, make)
  commitRules(name, make)
  receiveRules(name, make)
  convergenceRules(name, make)
  quarantineConformance(name, make)
  massDeleteConformance(name, make)
  partsConformance(name, make)
  receiptConformance(name, make)
  custodyConformance(name, make)
  rewriteConformance(name, make)
  replacedConformance(name, make)
  copyConformance(name, make)
  costConformance(name, make)
  releaseConformance(name, make)
  freshConformance(name, make)
  purgeConformance(name, make)
  cursorRules(name, make)
}

/** The rules about what is read, of the present and of the past. */
export const journalReadConformance = (name: string, make: MakeJournal): void => {
  journalPresentConformance(name, make)
  journalHistoryConformance(name, make)
  journalPastConformance(name, make)
  restoreConformance(name, make)
  undoConformance(name, make)
  concurrentUndoConformance(name, make)
  undoSearchConformance(name, make)
}

const writeRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-1] ${name}: an entity reads back as it was put`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      const change: EntityChange = {
        partition: { type: "note", header: { team: "a", level: 3 } },
        id: "n1",
        change: {
          kind: "put",
          lww: { text: "ü", deep: { list: [1, null, true] } },
          counters: { hits: 5 },
          sets: { tags: ["y", "x"] }
        }
      }
      const outcome = yield* journal.write([change])
      expect(outcome).toMatchObject({ head: 1, entities: [{ type: "note", id: "n1", isDeleted: false }] })
      expect(outcome.commits.length).toBe(1)
      expect((yield* journal.get("note", "n1"))?.fields).toEqual({
        team: "a",
        level: 3,
        text: "ü",
        deep: { list: [1, null, true] },
        hits: 5,
        tags: ["x", "y"]
      })
      expect(yield* journal.get("note", "n2")).toBeUndefined()
      expect(yield* journal.get("other", "n1")).toBeUndefined()
    })
  )

  it.effect(`[JR-2] ${name}: patch changes its fields only, delete hides, put revives`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      yield* journal.write([put("n1", { text: "a", done: false })])
      yield* journal.write([patch("n1", { done: true })])
      expect((yield* journal.get("note", "n1"))?.fields).toEqual({ text: "a", done: true })
      yield* journal.write([remove("n1")])
      expect(yield* journal.get("note", "n1")).toBeUndefined()
      expect(yield* journal.count("note")).toBe(0)
      const live = Effect.map(journal.liveCounts, (rows) => rows.map(({ count }) => count))
      expect(yield* live).toEqual([0])
      yield* journal.write([put("n1", { text: "b" })])
      expect(yield* live).toEqual([1])
      expect((yield* journal.get("note", "n1"))?.fields).toEqual({ text: "b", done: true })
      expect(yield* journal.count("note")).toBe(1)
    })
  )

  it.effect(`[JR-3] ${name}: a change that alters nothing makes no commit`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      yield* journal.write([put("n1", { text: "a", list: [1, 2] })])
      const again = yield* journal.write([put("n1", { list: [1, 2], text: "a" }), put("m1", {}, {}, "memo")])
      expect(again.commits.length).toBe(1)
      expect(again.entities).toEqual([{ type: "memo", header: {}, id: "m1", isDeleted: false }])
      expect(yield* journal.write([patch("n1", { text: "a" })])).toMatchObject({ commits: [], entities: [], head: 2 })
    })
  )
}

const atomicityRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-4] ${name}: a refused write leaves nothing of its call`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      yield* journal.write([put("n1", { text: "a" })])
      const missing = yield* journal
        .write([put("n2", { text: "x" }, { team: "new" }), patch("n9", { text: "x" })])
        .pipe(Effect.flip)
      expect(missing.reason).toMatchObject({ _tag: "EntityNotFound", type: "note", id: "n9" })
      const large = yield* journal
        .write([put("n1", { text: "b" }), put("n3", { text: "x".repeat(Limits.eventBytesMax) })])
        .pipe(Effect.flip)
      expect(large.reason).toMatchObject({ _tag: "EntityInvalid", id: "n3" })
      expect(yield* journal.head).toBe(1)
      expect((yield* journal.partitions).rows.length).toBe(1)
      expect((yield* journal.get("note", "n1"))?.fields).toEqual({ text: "a" })
      yield* journal.write([put("n2", { text: "y" }, { team: "new" })])
      expect((yield* journal.get("note", "n2"))?.fields).toEqual({ team: "new", text: "y" })
    })
  )
}

const commitRules = (name: string, make: MakeJournal): void => {
  it.effect(
    `[JR-5] ${name}: a transaction becomes commits of at most 128 events of one partition, tied by a group`,
    () =>
      Effect.gen(function* () {
        const journal = yield* open(make, 1)
        yield* journal.write([...notes(0, 300), put("x", {}, { team: "a" }), ...notes(300, 310)])
        const commits = yield* commitsOf(journal)
        expect(commits.map(({ events }) => events)).toEqual([128, 128, 44, 1, 10])
        const headers = commits.map(({ bytes }) => (Commit.open(bytes) as Commit.PackedCommit).header)
        expect(new Set(headers.map(({ group }) => group)).size).toBe(1)
        expect(headers[3]!.partition.header).toEqual({ team: "a" })
        for (const { count } of headers) expect(count).toBeLessThanOrEqual(Limits.eventsPerCommitMax)
      })
  )

  it.effect(`[JR-6] ${name}: stamps grow, also when the clock is set back`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      yield* journal.write(notes(0, 3))
      const first = yield* journal.lastTime
      expect(HybridTime.millis(first)).toBe(startMs)
      yield* TestClock.setTime(startMs - 60_000)
      yield* journal.write([put("note 1", { text: "later" })])
      expect((yield* journal.lastTime) > first).toBe(true)
      expect((yield* journal.get("note", "note 1"))?.fields).toEqual({ text: "later" })
    })
  )

  it.effect(`[JR-7] ${name}: writes at the same time are all kept, each with its own place`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      const outcomes = yield* Effect.forEach(notes(0, 50), (change) => journal.write([change]), { concurrency: 50 })
      expect(new Set(outcomes.map(({ head }) => head)).size).toBe(50)
      expect(yield* journal.head).toBe(50)
      expect(yield* journal.count("note")).toBe(50)
    })
  )

  it.effect(`[JR-8] ${name}: changes are told once they are durable, in order and with their source`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* b.write([put("n1", { text: "b" })])
      const told = yield* a.changes.pipe(
        Stream.take(2),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      yield* a.write([put("n2", { text: "a" })])
      yield* a.write([put("n2", { text: "a" })])
      yield* pull(b, a)
      expect(yield* Fiber.join(told)).toEqual([
        { head: 1, source: undefined, entities: [{ type: "note", header: {}, id: "n2", isDeleted: false }] },
        { head: 2, source: b.device, entities: [{ type: "note", header: {}, id: "n1", isDeleted: false }] }
      ])
    })
  )
}

const receiveRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-9] ${name}: a batch taken in twice is known the second time and changes nothing`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write(notes(0, 200))
      const commits = yield* commitsOf(a)
      expect(yield* b.receive(batch(a, commits))).toMatchObject({
        applied: 200,
        known: 0,
        gaps: 0,
        refused: [],
        head: 2
      })
      expect(yield* b.receive(batch(a, commits))).toMatchObject({ applied: 0, known: 200, entities: [], head: 2 })
      expect(yield* stateHash(b)).toEqual(yield* stateHash(a))
    })
  )

  it.effect(`[JR-10] ${name}: an event whose predecessor is missing is left out and counted`, () =>
    Effect.gen(function* () {
      const [a, b, c] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write([put("n1", { text: "1" })])
      yield* a.write([put("n1", { text: "2" })])
      yield* pull(a, c)
      yield* c.write([patch("n1", { text: "3" })])
      const [first, second, third] = yield* commitsOf(c)
      expect(yield* b.receive(batch(a, [second!]))).toMatchObject({ applied: 0, gaps: 1, head: 0 })
      expect(yield* b.receive(batch(c, [first!, third!]))).toMatchObject({ applied: 1, gaps: 1 })
      expect(yield* b.receive(batch(a, [second!, third!]))).toMatchObject({ applied: 2, gaps: 0 })
      expect(yield* stateHash(b)).toEqual(yield* stateHash(c))
    })
  )

  it.effect(`[JR-12] ${name}: malformed, foreign and forged commits are refused one by one; the rest is kept`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([put("n1", { text: "a" })])
      const foreign = forge(a, "ffeeddccbbaa99887766554433221100" as SpaceId, startMs, firstEvent("n2", "x"))
      const forged = forge(a, space, startMs, firstEvent("n3", "x"))
      forged[forged.length - 1]! ^= 1
      const whole = (yield* commitsOf(a)).map(({ bytes }) => bytes)
      const outcome = yield* b.receive({
        ...batch(a, []),
        commits: [Uint8Array.of(1, 2, 3), foreign, forged, ...whole]
      })
      expect(new Map(outcome.refused)).toEqual(
        new Map([
          ["CommitMalformed", 1],
          ["SpaceForeign", 1],
          ["CommitForged", 1]
        ])
      )
      expect(outcome).toMatchObject({ applied: 1, head: 1 })
    })
  )
}

const convergenceRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-13] ${name}: journals that took in the same events in different orders hold the same`, () =>
    Effect.gen(function* () {
      const [a, b, c] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write(notes(0, 20))
      yield* pull(a, b)
      yield* TestClock.setTime(startMs + 1000)
      yield* a.write([put("note 1", { text: "of a" }), remove("note 2")])
      yield* b.write([put("note 1", { text: "of b" }), patch("note 2", { text: "kept" })])
      const [conflict, ...others] = (yield* pull(b, a)).conflicts
      expect([conflict?.id, conflict?.field, others]).toEqual(["note 1", "text", []])
      // The history finds both writes by it.
      const { loser, loserAt, partition, winner, winnerAt } = conflict!
      const writes = (yield* a.history({ type: partition.type, id: "note 1", partition, limit: 2 })).map(
        ({ at, author, changes: [change] }) => [at, author, change]
      )
      expect(writes).toMatchObject([
        [winnerAt, winner, { field: "text" }],
        [loserAt, loser, { field: "text" }]
      ])
      yield* pull(a, b)
      yield* pull(b, c)
      yield* pull(a, c)
      const expected = yield* stateHash(a)
      expect(expected.count).toBe(19)
      for (const journal of [b, c]) expect(yield* stateHash(journal)).toEqual(expected)
      const roots = yield* Effect.forEach([a, b, c], (journal) =>
        Effect.map(journal.partitions, ({ rows }) => rows.map(({ hash, total }) => [Bytes.toHex(hash), total]))
      )
      expect(roots[1]).toEqual(roots[0])
      expect(roots[2]).toEqual(roots[0])
    })
  )
}

const cursorRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-15] ${name}: a cursor moves with the data of its stretch, never back and never over a hole`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      for (const change of notes(0, 4)) yield* a.write([change])
      const commits = yield* commitsOf(a)
      const take = (from: number, upto: number, incarnation = a.info.incarnation) =>
        Effect.map(
          b.receive({ ...batch(a, commits.slice(from, upto), { from, upto }), incarnation }),
          ({ cursor }) => cursor
        )
      expect(yield* b.peer(a.device)).toBeUndefined()
      expect(yield* take(1, 2)).toBe(0)
      expect(yield* take(0, 2)).toBe(2)
      expect(yield* take(0, 1)).toBe(2)
      expect((yield* b.receive(batch(a, commits))).cursor).toBe(2)
      expect(yield* take(2, 4)).toBe(4)
      expect(yield* take(0, 1, "ffffffffffffffff")).toBe(1)
      expect(yield* b.peer(a.device)).toMatchObject({ peer: a.device, incarnation: "ffffffffffffffff", cursor: 1 })
      expect(yield* b.peer(a.device, a.info.incarnation)).toMatchObject({ peer: a.device, cursor: 4 })
    })
  )

  it.effect(`[JR-16] ${name}: setCursor sets, and what a peer confirmed never shrinks`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.setCursor(b.device, b.info.incarnation, 7)
      const { incarnation } = b.info
      const settlement = {
        peer: b.device,
        incarnation,
        isCustodian: false,
        givesWay: false,
        told: 0,
        proven: undefined,
        unsent: [],
        verdicts: []
      }
      yield* a.settle({ ...settlement, acknowledged: 5 })
      yield* a.settle({ ...settlement, acknowledged: 3 })
      const expected = { incarnation: b.info.incarnation, cursor: 7, acknowledged: 5, custody: 0 }
      expect(yield* a.peer(b.device)).toMatchObject(expected)
      yield* a.setCursor(b.device, b.info.incarnation, 2)
      expect(yield* a.peer(b.device)).toMatchObject({ ...expected, cursor: 2 })
    })
  )
}
