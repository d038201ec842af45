/**
 * What every journal must do with commits that a wrong clock had stamped, and with the two forms that such a commit may
 * then have in the world: further rules of `journalConformance`.
 */
import { expect, it } from "@effect/vitest"
import { Context, Effect } from "effect"
import { TestClock } from "effect/testing"
import { Compression } from "../crypto/Compression.ts"
import { Crypto } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import { waitingOf } from "../journal/Quarantine.ts"
import type { Verdict } from "../journal/Receipt.ts"
import * as Commit from "../model/Commit.ts"
import type { EntityChange } from "../model/EntityChange.ts"
import * as Event from "../model/Event.ts"
import * as Limits from "../model/Limits.ts"
import {
  batch,
  change,
  commitsOf,
  firstEvent,
  forge,
  type MakeJournal,
  open,
  type Opened,
  put,
  remove,
  settlement,
  space,
  startMs,
  stateHash
} from "./JournalFixture.ts"
import { count, fieldsOf, tags, undo } from "./UndoFixture.ts"

const yearMs = 365 * 24 * 60 * 60_000

/** Registers the rules as tests. */
export const rewriteConformance = (name: string, make: MakeJournal): void => {
  misdatedRules(name, make)
  roomRules(name, make)
  formRules(name, make)
  foreignRules(name, make)
  undoRules(name, make)
}

const misdatedRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-57] ${name}: own commits that a wrong clock stamped are written again with the present time`, () =>
    Effect.gen(function* () {
      const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
      const note = (text: string, hits: number): EntityChange => ({
        partition: { type: "note", header: {} },
        id: "n1",
        change: { kind: "put", lww: { text }, counters: { hits }, sets: { tags: [text, "both"] } }
      })
      yield* a.write([note("right", 1), put("gone", { text: "soon" })])
      yield* hub.receive(batch(a, yield* commitsOf(a)))
      yield* TestClock.setTime(startMs + yearMs)
      yield* a.write([note("wrong", 5), remove("gone")])
      yield* a.write([put("n2", { text: "new" })])
      const wished = yield* stateHash(a)
      const late = yield* commitsOf(a, 1)
      const verdicts = (found: ReadonlyArray<{ readonly index: number } & Verdict>) =>
        found.map(({ index, ...verdict }) => ({ ...verdict, lseq: late[index]!.lseq }))
      yield* TestClock.setTime(startMs)
      const refusal = yield* hub.receive(batch(a, late))
      expect(refusal.verdicts.map(({ code }) => code)).toEqual(["StampTooFarAhead", "StampTooFarAhead"])
      // While its own clock is wrong, a device cannot tell which of the two is.
      yield* TestClock.setTime(startMs + yearMs)
      expect((yield* a.settle(settlement(hub.device, verdicts(refusal.verdicts)))).rewritten).toEqual([])
      expect((yield* a.receipts(1, 10)).map(({ status }) => status)).toEqual(["deferred", "deferred"])
      yield* TestClock.setTime(startMs)
      const outcome = yield* a.settle(settlement(hub.device, verdicts(refusal.verdicts)))
      expect(outcome.rewritten.length).toBeGreaterThan(0)
      const words = (yield* a.receipts(1, 2)).map(({ because }) => because)
      expect(words.every((because) => because.includes("it was written again as "))).toBe(true)
      expect(words.flatMap((because) => because.split(" again as ")[1]!.split(", "))).toEqual(outcome.rewritten)
      expect(outcome.withdrawn).toEqual([])
      expect(yield* stateHash(a)).toEqual(wished)
      expect(HybridTime.millis(yield* a.lastTime)).toBeLessThan(startMs + 1000)
      expect(yield* hub.receive(batch(a, yield* commitsOf(a)))).toMatchObject({ gaps: 0, refused: [] })
      expect(yield* stateHash(hub)).toEqual(wished)
      expect(waitingOf(yield* a.quarantineCounts)).toBe(0)
      expect((yield* a.receipts(1, 10)).map(({ code, status }) => [status, code]).slice(0, 2)).toEqual([
        ["rejected", "StampTooFarAhead"],
        ["rejected", "StampTooFarAhead"]
      ])
      // Who took them in with an equally wrong clock puts them aside.
      const b = yield* open(make, 3)
      yield* b.receive(batch(a, (yield* commitsOf(hub)).slice(0, 1)))
      yield* b.receive({ ...batch(a, late), aheadMsMax: 2 * yearMs })
      const theirs = verdicts(refusal.verdicts).map((verdict, i) => ({ ...verdict, lseq: 2 + i }))
      yield* b.settle(settlement(hub.device, theirs))
      expect(yield* b.quarantine({ after: 0, limit: 9 })).toMatchObject([
        { reason: "ClockAhead", dueMs: null },
        { reason: "ClockAhead", dueMs: null }
      ])
      yield* b.receive(batch(a, yield* commitsOf(a)))
      expect(yield* stateHash(b)).toEqual(wished)
    })
  )
}

const tooFarAhead = {
  code: "StampTooFarAhead",
  kind: "refused",
  rule: "",
  policyVersion: 0,
  because: ""
} as const

const roomRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-33] ${name}: a write leaves the room that it needs to be written again`, () =>
    Effect.gen(function* () {
      const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
      const turns = Limits.replacedPerEventMax + 2
      yield* TestClock.setTime(startMs + turns * yearMs)
      const text = (length: number) => put("big", { text: "x".repeat(length) })
      const error = yield* Effect.flip(a.write([text(Limits.writtenEventBytesMax)]))
      expect(error.reason).toMatchObject({ _tag: "EntityInvalid", id: "big" })
      // As much as goes in, to the byte.
      let length = Limits.writtenEventBytesMax
      while ((yield* Effect.exit(a.write([text(length)])))._tag === "Failure") length--
      for (let turn = 1; turn <= turns; turn++) {
        yield* TestClock.setTime(startMs + (turns - turn) * yearMs)
        const last = (yield* commitsOf(a)).at(-1)!
        const outcome = yield* a.settle(settlement(hub.device, [{ lseq: last.lseq, ...tooFarAhead }]))
        expect([outcome.rewritten.length, outcome.withdrawn.length]).toEqual([1, 0])
        expect((yield* a.get("note", "big"))?.fields).toEqual({ text: "x".repeat(length) })
      }
      expect(yield* hub.receive(batch(a, yield* commitsOf(a)))).toMatchObject({ applied: 1, refused: [] })
    })
  )

  it.effect(`[JR-33] ${name}: what cannot be written again waits as a whole, and everything else goes on`, () =>
    Effect.gen(function* () {
      const [a, b, hub] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* TestClock.setTime(startMs + yearMs)
      // As large as an event may be, which no write of this version makes.
      const spare = Limits.eventBytesMax - Event.encode(firstEvent("big", "")).length - 4
      const big = forge(a, space, startMs + yearMs, firstEvent("big", "x".repeat(spare)))
      expect(yield* a.receive(batch(b, [{ bytes: big }]))).toMatchObject({ applied: 1, refused: [] })
      yield* a.write([put("small", { text: "fine" })])
      yield* a.write([put("big", { more: 1 }), put("other", { text: "with it" })])
      yield* TestClock.setTime(startMs)
      const verdicts = [1, 2, 3].map((lseq) => ({ lseq, ...tooFarAhead }))
      const outcome = yield* a.settle(settlement(hub.device, verdicts))
      expect([outcome.withdrawn.length, outcome.rewritten.length]).toEqual([2, 1])
      const kept = yield* a.quarantine({ after: 0, limit: 10 })
      expect(kept.map(({ id, reason }) => [id, reason])).toEqual(outcome.withdrawn.map((id) => [id, "ClockAhead"]))
      expect(kept[0]).toMatchObject({ because: expect.stringContaining("cannot be written again"), dueMs: null })
      expect((yield* a.quarantined(kept[0]!.id))?.bytes).toEqual(big)
      const receipts = yield* a.receipts(0, 10, "rejected")
      expect(receipts.map(({ because, code }) => [code, because.includes("cannot be written again")])).toEqual([
        ["StampTooFarAhead", true],
        ["StampTooFarAhead", false],
        ["StampTooFarAhead", true]
      ])
      expect(yield* hub.receive(batch(a, yield* commitsOf(a)))).toMatchObject({ applied: 1, gaps: 0, refused: [] })
      expect(yield* stateHash(hub)).toEqual(yield* stateHash(a))
    })
  )
}

const formRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-88] ${name}: a change in two forms counts once, whoever has which, in every order`, () =>
    Effect.gen(function* () {
      const [a, hub, first, last] = [
        yield* open(make, 1),
        yield* open(make, 2),
        yield* open(make, 3),
        yield* open(make, 4)
      ]
      const late = yield* misdated(a, [hub, first, last])
      // Equally wrong clocks took the first form in, before the second came or after.
      yield* first.receive(batch(a, late))
      yield* TestClock.setTime(startMs)
      yield* rewrite(a, hub)
      const again = (yield* commitsOf(a)).slice(1)
      yield* first.receive(batch(a, again))
      yield* last.receive(batch(a, again))
      yield* hub.receive(batch(a, again))
      yield* TestClock.setTime(startMs + yearMs)
      yield* last.receive(batch(a, late))
      for (const journal of [a, hub, first, last]) {
        expect(yield* fieldsOf(journal, "n1")).toEqual({ text: "a", hits: 6, tags: ["late", "x"] })
        expect(yield* fieldsOf(journal, "n2")).toEqual({ text: "later" })
      }
      expect(yield* rootOf(first)).toEqual(yield* rootOf(last))
      // What is written on top and taken back again leaves the same.
      yield* first.write([count("n1", 1)])
      expect(yield* fieldsOf(first, "n1")).toMatchObject({ hits: 7 })
    })
  )

  it.effect(`[JR-88] ${name}: what two copies of a journal wrote again counts once`, () =>
    Effect.gen(function* () {
      const [a, twin, hub] = [yield* open(make, 1), yield* open(make, 1), yield* open(make, 2)]
      const late = yield* misdated(a, [twin, hub])
      yield* twin.receive(batch(a, late))
      yield* TestClock.setTime(startMs)
      yield* rewrite(a, hub)
      yield* rewrite(twin, hub)
      const [ofA, ofTwin] = [(yield* commitsOf(a)).slice(1), (yield* commitsOf(twin)).slice(1)]
      yield* hub.receive(batch(a, ofA))
      yield* hub.receive(batch(twin, ofTwin))
      yield* a.receive(batch(twin, ofTwin))
      yield* twin.receive(batch(a, ofA))
      for (const journal of [a, twin, hub]) {
        expect(yield* fieldsOf(journal, "n1")).toEqual({ text: "a", hits: 6, tags: ["late", "x"] })
      }
      expect(yield* rootOf(hub)).toEqual(yield* rootOf(a))
      expect(yield* rootOf(twin)).toEqual(yield* rootOf(a))
    })
  )
}

const undoRules = (name: string, make: MakeJournal): void => {
  it.effect(
    `[JR-88] ${name}: what was written again is undone where both forms are known as where one is, commit by commit`,
    () =>
      Effect.gen(function* () {
        const [a, hub, both] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
        yield* a.write([
          change("n1", { lww: { text: "a" }, counters: { hits: 1 }, sets: { tags: ["x"] } }),
          put("n2", {})
        ])
        for (const journal of [hub, both]) yield* journal.receive(batch(a, yield* commitsOf(a)))
        yield* TestClock.setTime(startMs + yearMs)
        const late = { lww: { text: "late" }, counters: { hits: 5 }, sets: { tags: { add: ["late"], remove: ["x"] } } }
        yield* a.write([change("n1", { kind: "patch", ...late })])
        yield* a.write([remove("n2")])
        yield* both.receive(batch(a, yield* commitsOf(a, 1)))
        yield* TestClock.setTime(startMs + 1000)
        yield* rewrite(a, hub)
        const again = (yield* commitsOf(a)).slice(1)
        for (const journal of [hub, both]) {
          yield* journal.receive(batch(a, again))
          expect(yield* fieldsOf(journal, "n1")).toEqual({ text: "late", hits: 6, tags: ["late"] })
          const [ofNote, ofDelete] = yield* Effect.forEach(["n1", "n2"], (id) =>
            Effect.map(journal.history({ type: "note", id, limit: 9 }), (entries) =>
              entries.find(({ at }) => HybridTime.millis(at) < startMs + yearMs)
            )
          )
          yield* undo(journal, ofNote!.commit)
          expect(yield* fieldsOf(journal, "n1")).toEqual({ text: "a", hits: 1, tags: ["x"] })
          expect(yield* fieldsOf(journal, "n2")).toBeUndefined()
          yield* undo(journal, ofDelete!.commit)
          expect(yield* fieldsOf(journal, "n2")).toEqual({})
        }
      })
  )
}

const foreignRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-88] ${name}: nobody puts a change in the place of another device's`, () =>
    Effect.gen(function* () {
      const [a, b, hub] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write([put("n1", { text: "mine" })])
      const [commit] = yield* commitsOf(a)
      yield* hub.receive(batch(a, [commit!]))
      const packed = Commit.open(commit!.bytes)
      if (typeof packed === "string") throw new Error(packed)
      const services = Context.merge(b.services, Context.empty())
      const crypto = Context.get(services, Crypto)
      const opened = Commit.openEvents(crypto, Context.get(services, Compression), packed)
      if (typeof opened === "string") throw new Error(opened)
      const hash = opened.leaves[0]!.slice(0, Event.eventHashBytes)
      const event: Event.Event = {
        entity: "n1",
        eseq: 1,
        prev: undefined,
        deps: [],
        ops: { s: { text: "theirs" }, w: [[1, 1, hash]] }
      }
      const header = {
        space,
        partition: { type: "note", header: {} },
        authors: [b.info.author, a.info.author],
        at: HybridTime.make(startMs, 0),
        nonce: 0,
        group: undefined
      }
      const signer = Context.get(services, DeviceKey)
      const { bytes } = Commit.seal(crypto, Context.get(services, Compression), signer, header, [Event.encode(event)])
      const outcome = yield* hub.receive(batch(b, [{ bytes }]))
      expect(outcome.refused).toEqual([["EventMalformed", 1]])
      expect(yield* fieldsOf(hub, "n1")).toEqual({ text: "mine" })
    })
  )
}

/** Gives everybody a note, and lets a clock that is a year ahead stamp two commits on top, which are given back. */
const misdated = Effect.fnUntraced(function* (a: Opened, others: ReadonlyArray<Opened>) {
  yield* a.write([change("n1", { lww: { text: "a" }, counters: { hits: 1 }, sets: { tags: ["x"] } })])
  for (const other of others) yield* other.receive(batch(a, yield* commitsOf(a)))
  yield* TestClock.setTime(startMs + yearMs)
  yield* a.write([count("n1", 5), tags("n1", ["late"])])
  yield* a.write([put("n2", { text: "later" })])
  return yield* commitsOf(a, 1)
})

/** Lets a journal, whose clock is right again, hear from a custodian what the custodian thinks of its later commits. */
const rewrite = Effect.fnUntraced(function* (journal: Opened, custodian: Opened) {
  const late = yield* commitsOf(journal, 1)
  const { verdicts } = yield* custodian.receive(batch(journal, late))
  const said = verdicts.map(({ index, ...verdict }) => ({ ...verdict, lseq: late[index]!.lseq }))
  expect(said.map(({ code }) => code)).toEqual(late.map(() => "StampTooFarAhead"))
  expect((yield* journal.settle(settlement(custodian.device, said))).rewritten.length).toBeGreaterThan(0)
})

const rootOf = (journal: Opened) =>
  Effect.map(journal.partitions, ({ rows }) => rows.map(({ total }) => [total.count, [...total.lanes]]))
