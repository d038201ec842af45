/**
 * What every journal must do with commits that it may not apply, with receipts, with forks and with copies of itself:
 * further rules of `journalConformance`.
 */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Bytes from "../identity/Bytes.ts"
import { defaultDeleteLimits } from "../journal/DeleteWatch.ts"
import { waitingOf } from "../journal/Quarantine.ts"
import type { Verdict } from "../journal/Receipt.ts"
import * as Limits from "../model/Limits.ts"
import {
  batch,
  commitsOf,
  type MakeJournal,
  notes,
  open,
  type Opened,
  patch,
  pull,
  put,
  releaseDue,
  remove,
  settlement,
  startMs,
  stateHash,
  unbounded
} from "./JournalFixture.ts"

/** Registers the rules as tests. */
export const quarantineConformance = (name: string, make: MakeJournal): void => {
  heldRules(name, make)
  deniedRules(name, make)
  deniedAgainRules(name, make)
  receiptRules(name, make)
  withdrawalRules(name, make)
  dependentRules(name, make)
  elsewhereRules(name, make)
}

const waiting = (journal: Opened) => Effect.map(journal.quarantineCounts, waitingOf)

const denied = { reason: "Denied", rule: "team/b", policyVersion: 7, because: "team b does not write here" } as const
const refused: Verdict = { code: "Denied", kind: "refused", rule: "team/b", policyVersion: 7, because: "not yours" }

const heldRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-14] ${name}: a commit stamped too far ahead is held and released when it is due`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* TestClock.setTime(startMs + Limits.clockAheadPeerMs + 10)
      yield* a.write([put("n1", { text: "early" })])
      yield* TestClock.setTime(startMs)
      const commits = yield* commitsOf(a)
      const outcome = yield* b.receive(batch(a, commits))
      expect(outcome).toMatchObject({ applied: 0, held: 1, head: 0, verdicts: [{ index: 0, code: "ClockAhead" }] })
      yield* b.receive(batch(a, commits))
      expect(yield* waiting(b)).toBe(1)
      expect((yield* releaseDue(b)).released).toEqual([])
      yield* TestClock.setTime(startMs + 11)
      expect((yield* releaseDue(b)).released).toHaveLength(1)
      expect(yield* waiting(b)).toBe(0)
      expect((yield* b.get("note", "n1"))?.fields).toEqual({ text: "early" })
      expect((yield* b.feed(0, a.device, unbounded)).commits).toEqual([])
    })
  )

  it.effect(`[JR-93] ${name}: what leaves the quarantine by itself waits for its time like anything else`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      const hourMs = 60 * 60_000
      yield* TestClock.setTime(startMs + 30 * hourMs)
      yield* a.write([put("n1", { text: "tomorrow" })])
      yield* TestClock.setTime(startMs + 300 * hourMs)
      yield* a.write([put("n2", { text: "much later" })])
      yield* TestClock.setTime(startMs)
      const denials = [0, 1].map((index) => ({ index, ...denied }))
      yield* b.receive({ ...batch(a, yield* commitsOf(a)), denials })
      const ids = (yield* b.quarantine({ after: 0, limit: 9 })).map(({ id }) => id)
      const outcome = yield* b.release(ids, defaultDeleteLimits)
      expect(outcome).toMatchObject({ released: [], kept: [{ code: "ClockAhead" }, { code: "StampTooFarAhead" }] })
      const due = (yield* b.quarantine({ after: 0, limit: 9, reason: "ClockAhead" })).map(({ dueMs }) => dueMs)
      expect(new Set(due)).toEqual(new Set([startMs + 6 * hourMs, null]))
      yield* TestClock.setTime(startMs + 6 * hourMs + 1)
      expect((yield* releaseDue(b)).released).toHaveLength(1)
      expect((yield* b.get("note", "n1"))?.fields).toEqual({ text: "tomorrow" })
      expect(yield* b.get("note", "n2")).toBeUndefined()
      // A person may know better than the clock.
      yield* b.release(ids)
      expect((yield* b.get("note", "n2"))?.fields).toEqual({ text: "much later" })
    })
  )
}

const deniedRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-50] ${name}: denied commits are kept with the rule, the rest of the batch is applied in order`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      for (const change of notes(0, 100)) yield* a.write([change])
      const commits = yield* commitsOf(a)
      const denials = [3, 50, 99].map((index) => ({ index, ...denied }))
      const outcome = yield* b.receive({ ...batch(a, commits), denials })
      expect(outcome).toMatchObject({ applied: 97, held: 0, gaps: 0, refused: [["Denied", 3]] })
      const { because, policyVersion, rule } = denied
      expect(outcome.verdicts).toEqual(
        denials.map(({ index }) => ({ index, code: "Denied", kind: "refused", rule, policyVersion, because }))
      )
      const order = (yield* commitsOf(b)).map(({ bytes }) =>
        commits.findIndex((commit) => Bytes.equals(commit.bytes, bytes))
      )
      expect(order).toEqual([...order].sort((x, y) => x - y))
      expect(order).toHaveLength(97)
      const entries = yield* b.quarantine({ after: 0, limit: 10 })
      expect(entries).toMatchObject(
        denials.map(() => ({ reason: "Denied", peer: a.device, author: a.info.author, type: "note", events: 1, rule }))
      )
      expect(entries[0]).not.toHaveProperty("bytes")
      expect((yield* b.quarantined(entries[1]!.id))?.bytes).toEqual(commits[50]!.bytes)
      expect(yield* b.quarantine({ after: entries[1]!.place, limit: 10 })).toHaveLength(1)
      expect(yield* b.quarantine({ after: 0, limit: 10, reason: "ClockAhead" })).toEqual([])
    })
  )

  it.effect(`[JR-51] ${name}: released commits are applied and sent to everybody, discarded ones are gone`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      for (const change of notes(0, 3)) yield* a.write([change])
      const denials = [0, 1, 2].map((index) => ({ index, ...denied }))
      yield* b.receive({ ...batch(a, yield* commitsOf(a)), denials })
      const ids = (yield* b.quarantine({ after: 0, limit: 10 })).map(({ id }) => id)
      expect((yield* b.release([ids[0]!, "unknown"])).released).toEqual([ids[0]])
      expect((yield* b.discard([ids[1]!, ids[1]!])).map(({ id }) => id)).toEqual([ids[1]])
      expect((yield* b.get("note", "note 0"))?.fields).toEqual({ text: "new" })
      expect((yield* b.quarantine({ after: 0, limit: 10 })).map(({ id }) => id)).toEqual([ids[2]])
      // Its author may have taken it back meanwhile.
      expect((yield* b.feed(0, a.device, unbounded)).commits).toHaveLength(1)
      // What comes in by another way waits no longer, and the outcome says so.
      expect((yield* pull(a, b)).arrived).toEqual([["Denied", 1]])
      expect(yield* waiting(b)).toBe(0)
      expect(yield* stateHash(b)).toEqual(yield* stateHash(a))
    })
  )

  it.effect(`[JR-52] ${name}: a commit that rests on something missing stays in quarantine`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([put("n1", { text: "first" })])
      yield* a.write([patch("n1", { text: "second" })])
      const commits = yield* commitsOf(a)
      yield* b.receive({ ...batch(a, commits.slice(1)), denials: [{ index: 0, ...denied }] })
      const [entry] = yield* b.quarantine({ after: 0, limit: 1 })
      expect(yield* b.release([entry!.id])).toMatchObject({ released: [], waiting: [entry!.id], entities: [] })
      yield* b.receive(batch(a, commits.slice(0, 1)))
      expect((yield* b.release([entry!.id])).released).toEqual([entry!.id])
      expect((yield* b.get("note", "n1"))?.fields).toEqual({ text: "second" })
    })
  )
}

const deniedAgainRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-50] ${name}: what was taken in before is not judged again, and its author is told nothing of it`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([put("n1", { text: "in time" }), put("n2", { text: "in time" })])
      yield* pull(a, b)
      yield* a.write([patch("n1", { text: "too late" })])
      const commits = yield* commitsOf(a)
      const outcome = yield* b.receive({ ...batch(a, commits), denials: [0, 1].map((index) => ({ index, ...denied })) })
      expect(outcome).toMatchObject({ applied: 0, known: 2, refused: [["Denied", 1]], verdicts: [{ index: 1 }] })
      expect(yield* waiting(b)).toBe(1)
      expect((yield* b.get("note", "n1"))?.fields).toEqual({ text: "in time" })
      // A partition that only denied commits name is not made.
      const secret = yield* a.write([put("s1", { text: "x" }, { team: "secret" })])
      const fresh = yield* commitsOf(a, secret.head - 1)
      yield* b.receive({ ...batch(a, fresh), denials: [{ index: 0, ...denied }] })
      expect((yield* b.partitions).rows).toHaveLength(1)
    })
  )
}

const receiptRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-53] ${name}: receipts are deferred, then accepted by a custodian, or say what it said`, () =>
    Effect.gen(function* () {
      const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
      for (const change of notes(0, 4)) yield* a.write([change])
      const statuses = Effect.map(a.receipts(0, 10), (receipts) => receipts.map(({ status }) => status))
      expect(yield* statuses).toEqual(["deferred", "deferred", "deferred", "deferred"])
      yield* a.settle({ ...settlement(hub.device, [], 2), isCustodian: false })
      expect(yield* statuses).toEqual(["deferred", "deferred", "deferred", "deferred"])
      const held: Verdict = { ...refused, code: "ClockAhead", kind: "held" }
      yield* a.settle(settlement(hub.device, [{ lseq: 4, ...held }], 2))
      const receipts = yield* a.receipts(0, 10)
      expect(receipts.map(({ status }) => status)).toEqual(["accepted", "accepted", "deferred", "deferred"])
      expect(receipts[0]).toMatchObject({ peer: hub.device, lseq: 1, code: "" })
      expect(receipts[3]).toMatchObject({ peer: hub.device, code: "ClockAhead", because: "not yours", atMs: startMs })
      expect(yield* a.receipts(2, 1)).toEqual([receipts[2]])
      yield* a.settle(settlement(hub.device, [], 4))
      expect(yield* statuses).toEqual(["accepted", "accepted", "accepted", "deferred"])
      yield* a.settle(settlement(hub.device, [], 4, 4))
      expect(yield* statuses).toEqual(["accepted", "accepted", "accepted", "accepted"])
    })
  )
}

const withdrawalRules = (name: string, make: MakeJournal): void => {
  it.effect(
    `[JR-54] ${name}: a rejected commit is taken back with those that build on it, and waits as it was signed`,
    () =>
      Effect.gen(function* () {
        const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
        yield* a.write([put("kept", { text: "old" }), put("gone", { text: "never" })])
        yield* a.write([put("kept", { text: "base" })])
        const before = yield* stateHash(a)
        const commits = yield* commitsOf(a)
        yield* a.write([put("new", { text: "refused" }), patch("kept", { text: "refused" }), remove("gone")])
        yield* a.write([put("other", { text: "fine" })])
        yield* a.write([patch("kept", { text: "on top" })])
        const signed = yield* commitsOf(a)
        const author = a.info.author
        const outcome = yield* a.settle(settlement(b.device, [{ lseq: 3, ...refused }], 5))
        expect(outcome.withdrawn).toHaveLength(2)
        expect(outcome.entities.map(({ id }) => id).sort()).toEqual(["gone", "kept", "new"])
        expect((yield* a.get("note", "kept"))?.fields).toEqual({ text: "base" })
        expect((yield* a.get("note", "gone"))?.fields).toEqual({ text: "never" })
        expect(yield* a.get("note", "new")).toBeUndefined()
        expect((yield* commitsOf(a)).map(({ lseq }) => lseq)).toEqual([1, 2, 4])
        // A journal that never had them has the same fingerprints.
        yield* b.receive(batch(a, [...commits, signed[3]!]))
        expect(yield* stateHash(b)).toEqual(yield* stateHash(a))
        const totals = (journal: Opened) =>
          Effect.map(journal.partitions, ({ rows }) => rows.map(({ total }) => [total.count, [...total.lanes]]))
        expect(yield* totals(a)).toEqual(yield* totals(b))
        expect(before.count).toBe(2)
        const receipts = yield* a.receipts(0, 10)
        expect(receipts.map(({ lseq, status }) => [lseq, status])).toEqual([
          [1, "accepted"],
          [2, "accepted"],
          [3, "rejected"],
          [4, "accepted"],
          [5, "rejected"]
        ])
        expect(receipts[2]).toMatchObject({ code: "Denied", rule: "team/b", policyVersion: 7, because: "not yours" })
        expect(receipts[4]?.because).toBe("it builds on a commit that is refused: not yours")
        const entries = yield* a.quarantine({ after: 0, limit: 10, reason: "Rejected" })
        expect(entries.map(({ id }) => id)).toEqual(outcome.withdrawn)
        expect((yield* a.quarantined(entries[0]!.id))?.bytes).toEqual(signed[2]!.bytes)
        // What is written now never uses a number of what was taken back.
        expect(a.info.author).not.toBe(author)
        yield* a.write([patch("kept", { color: "after" })])
        const again = yield* a.release(entries.map(({ id }) => id))
        expect(again.released).toHaveLength(2)
        expect((yield* a.get("note", "kept"))?.fields).toEqual({ text: "on top", color: "after" })
        expect((yield* a.receipts(0, 10)).map(({ status }) => status)).toEqual([
          "accepted",
          "accepted",
          "accepted",
          "deferred",
          "deferred",
          "deferred"
        ])
        yield* pull(a, b)
        expect(yield* stateHash(b)).toEqual(yield* stateHash(a))
        expect(yield* totals(a)).toEqual(yield* totals(b))
      })
  )
}

const dependentRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-54] ${name}: what was written on a rejected commit under a later incarnation goes with it`, () =>
    Effect.gen(function* () {
      const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([put("n1", { text: "refused later" })])
      yield* a.write([put("n2", { text: "refused first" })])
      yield* a.settle(settlement(hub.device, [{ lseq: 2, ...refused }], 0))
      yield* a.write([patch("n1", { text: "on top" })])
      yield* a.write([put("n3", { text: "alone" })])
      const outcome = yield* a.settle(settlement(hub.device, [{ lseq: 1, ...refused }], 4))
      expect(outcome.withdrawn).toHaveLength(2)
      expect(yield* a.get("note", "n1")).toBeUndefined()
      // What is left fits into a journal that never had the others.
      expect(yield* hub.receive(batch(a, yield* commitsOf(a)))).toMatchObject({ applied: 1, gaps: 0 })
      expect(yield* stateHash(hub)).toEqual(yield* stateHash(a))
      yield* a.release((yield* a.quarantine({ after: 0, limit: 10 })).map(({ id }) => id))
      expect((yield* a.get("note", "n1"))?.fields).toEqual({ text: "on top" })
      expect(yield* pull(a, hub)).toMatchObject({ gaps: 0 })
      expect(yield* stateHash(hub)).toEqual(yield* stateHash(a))
    })
  )
}

const elsewhereRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-92] ${name}: what another custodian has confirmed is not taken back`, () =>
    Effect.gen(function* () {
      const [a, one, other] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write([put("n1", { text: "confirmed" })])
      yield* a.write([put("n2", { text: "not yet" })])
      yield* a.settle(settlement(one.device, [], 1))
      const verdicts = [1, 2].map((lseq) => ({ lseq, ...refused }))
      expect((yield* a.settle(settlement(other.device, verdicts))).withdrawn).toHaveLength(1)
      expect((yield* a.get("note", "n1"))?.fields).toEqual({ text: "confirmed" })
      expect(yield* a.get("note", "n2")).toBeUndefined()
      expect((yield* a.receipts(0, 10)).map(({ status }) => status)).toEqual(["accepted", "rejected"])
    })
  )

  it.effect(`[JR-92] ${name}: what was taken back and comes again is not taken back anew`, () =>
    Effect.gen(function* () {
      const [a, one, other] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write([put("n1", { text: "wanted" })])
      yield* pull(a, one)
      expect((yield* a.settle(settlement(other.device, [{ lseq: 1, ...refused }]))).withdrawn).toHaveLength(1)
      yield* a.receive(batch(one, yield* commitsOf(one)))
      const before = yield* a.head
      const again = yield* a.settle(settlement(other.device, [{ lseq: before, ...refused }]))
      expect(again).toMatchObject({ withdrawn: [], entities: [] })
      expect((yield* a.get("note", "n1"))?.fields).toEqual({ text: "wanted" })
      expect((yield* a.receipts(0, 10)).at(-1)).toMatchObject({ status: "rejected", code: "Denied" })
      yield* a.settle(settlement(one.device, [], before))
      expect((yield* a.receipts(0, 10)).at(-1)).toMatchObject({ status: "accepted" })
      expect(yield* a.head).toBe(before)
    })
  )
}
