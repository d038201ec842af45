/**
 * What every journal must do with commits that come in parts, as comparing brings them, while they wait in quarantine or
 * were taken back: further rules of `journalConformance`.
 */
import { expect, it } from "@effect/vitest"
import { Context, Effect } from "effect"
import { TestClock } from "effect/testing"
import { Crypto } from "../crypto/Crypto.ts"
import { defaultDeleteLimits } from "../journal/DeleteWatch.ts"
import * as Fingerprint from "../journal/Fingerprint.ts"
import type { Verdict } from "../journal/Receipt.ts"
import * as Event from "../model/Event.ts"
import * as Limits from "../model/Limits.ts"
import {
  batch,
  commitsOf,
  firstEvent,
  forge,
  forgedHash,
  type MakeJournal,
  open,
  type Opened,
  partitionHash,
  pull,
  put,
  settlement,
  space,
  startMs,
  stateHash
} from "./JournalFixture.ts"

/** Registers the rules as tests. */
export const partsConformance = (name: string, make: MakeJournal): void => {
  keptRules(name, make)
  leavingRules(name, make)
  triedRules(name, make)
  takenBackRules(name, make)
}

const denied = { reason: "Denied", rule: "team/b", policyVersion: 7, because: "not here" } as const
const refused: Verdict = { code: "Denied", kind: "refused", rule: "team/b", policyVersion: 7, because: "not yours" }

const entriesOf = (journal: Opened) => journal.quarantine({ after: 0, limit: 100 })
const idsOf = (journal: Opened) => Effect.map(entriesOf(journal), (entries) => entries.map(({ id }) => id))
const notesOf = (ids: ReadonlyArray<string>) => ids.map((id) => put(id, { text: `text of ${id}` }))

/** What comparing an entity brings: the part of each of its commits that changes it. */
const partsOf = Effect.fnUntraced(function* (from: Opened, id: string) {
  const key = Fingerprint.entityKey(Context.get(from.services, Crypto).sha256, id)
  return yield* from.eventsBeyond([{ partitionHash: yield* partitionHash(from), key, clock: [] }], 1e6)
})

/** A transaction of `a` that changes each of the records, and somebody who has all of it. */
const openTwo = Effect.fnUntraced(function* (make: MakeJournal, ids: ReadonlyArray<string>) {
  const [a, relay, hub] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
  yield* a.write(notesOf(ids))
  yield* pull(a, relay)
  const deny = (commits: Effect.Success<ReturnType<typeof commitsOf>>) =>
    hub.receive({ ...batch(relay, commits), denials: commits.map((_, index) => ({ index, ...denied })) })
  return { a, relay, hub, deny }
})

const orders = ["xyz", "xzy", "yxz", "yzx", "zxy", "zyx"]

const keptRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-110] ${name}: parts of a commit that are kept add up to the whole, whatever order they come in`, () =>
    Effect.gen(function* () {
      for (const order of orders) {
        const { a, deny, hub, relay } = yield* openTwo(make, ["x", "y", "z"])
        let events = 0
        for (const id of order) {
          yield* deny(yield* partsOf(relay, id))
          const entries = yield* entriesOf(hub)
          expect(entries).toMatchObject([{ reason: "Denied", events: ++events, place: 1 }])
        }
        // The same again, and a part once more, changes nothing.
        const [whole] = yield* entriesOf(hub)
        const { bytes } = (yield* hub.quarantined(whole!.id))!
        yield* deny(yield* commitsOf(relay))
        yield* deny(yield* partsOf(relay, "y"))
        expect((yield* hub.quarantined(whole!.id))!.bytes).toEqual(bytes)
        expect((yield* hub.release([whole!.id])).released).toEqual([whole!.id])
        expect(yield* stateHash(hub)).toEqual(yield* stateHash(a))
      }
    })
  )

  it.effect(`[JR-110] ${name}: of a commit that was kept in part all is kept when the whole comes`, () =>
    Effect.gen(function* () {
      const { deny, hub, relay } = yield* openTwo(make, ["x", "y"])
      yield* deny(yield* partsOf(relay, "x"))
      const [part] = yield* entriesOf(hub)
      const commits = yield* commitsOf(relay)
      expect((yield* deny(commits)).verdicts).toMatchObject([{ code: "Denied" }])
      expect((yield* hub.quarantined(part!.id))!.bytes).toEqual(commits[0]!.bytes)
      expect(yield* entriesOf(hub)).toEqual([{ ...part, events: 2 }])
      yield* hub.release([part!.id])
      expect(yield* hub.count("note")).toBe(2)
    })
  )
}

const leavingRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-51] [JR-110] ${name}: a commit that has come in part by part waits no longer`, () =>
    Effect.gen(function* () {
      const { a, deny, hub, relay } = yield* openTwo(make, ["x", "y"])
      yield* deny(yield* commitsOf(a))
      expect((yield* hub.receive(batch(relay, yield* partsOf(relay, "x")))).arrived).toEqual([])
      expect(yield* entriesOf(hub)).toHaveLength(1)
      expect((yield* hub.receive(batch(relay, yield* partsOf(relay, "y")))).arrived).toEqual([["Denied", 1]])
      expect(yield* hub.count("note")).toBe(2)
      expect(yield* entriesOf(hub)).toEqual([])
    })
  )

  it.effect(`[JR-110] ${name}: a part that waits stays when another part of its commit comes in`, () =>
    Effect.gen(function* () {
      const { deny, hub, relay } = yield* openTwo(make, ["x", "y"])
      yield* deny(yield* partsOf(relay, "x"))
      yield* hub.receive(batch(relay, yield* partsOf(relay, "y")))
      expect(yield* entriesOf(hub)).toHaveLength(1)
      yield* hub.release(yield* idsOf(hub))
      expect(yield* hub.count("note")).toBe(2)
    })
  )

  it.effect(`[JR-11] [JR-110] ${name}: a second branch that waited leaves as the proof of the fork`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      const [one, other] = ["one", "other"].map((text, nonce) => ({
        bytes: forge(a, space, startMs, firstEvent("x", text), nonce)
      }))
      yield* b.receive(batch(a, [one!]))
      yield* b.receive({ ...batch(a, [other!]), denials: [{ index: 0, ...denied }] })
      expect(yield* entriesOf(b)).toMatchObject([{ reason: "Denied" }])
      expect((yield* b.receive({ ...batch(a, [other!]) })).forks).toHaveLength(1)
      expect(yield* entriesOf(b)).toMatchObject([{ reason: "Forked" }])
    })
  )
}

const triedRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-59] ${name}: what is tried and waits for its time now has its old place`, () =>
    Effect.gen(function* () {
      const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
      yield* TestClock.setTime(startMs + Limits.clockAheadMsMax + 3_600_000)
      yield* a.write([put("x", { text: "x" })])
      yield* TestClock.setTime(startMs)
      yield* a.write([put("z", { text: "z" })])
      const commits = yield* commitsOf(a)
      yield* hub.receive({ ...batch(a, commits), denials: [0, 1].map((index) => ({ index, ...denied })) })
      const before = yield* entriesOf(hub)
      yield* TestClock.adjust(1_000)
      yield* hub.release([before[0]!.id], defaultDeleteLimits)
      const { id, place, sinceMs } = before[0]!
      expect(yield* entriesOf(hub)).toMatchObject([
        { id, place, sinceMs, reason: "ClockAhead", dueMs: startMs + 3_600_000 },
        before[1]!
      ])
    })
  )
}

const takenBackRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-92] ${name}: what was taken back and comes again in parts is not taken back anew`, () =>
    Effect.gen(function* () {
      const { a, hub, relay } = yield* openTwo(make, ["x", "y"])
      const [signed] = yield* commitsOf(a)
      expect((yield* a.settle(settlement(hub.device, [{ lseq: 1, ...refused }]))).withdrawn).toHaveLength(1)
      const author = a.info.author
      // One part comes and is refused again before the other comes.
      for (const [id, left] of [
        ["x", 1],
        ["y", 0]
      ] as const) {
        yield* a.receive(batch(relay, yield* partsOf(relay, id)))
        const lseq = yield* a.head
        const again = yield* a.settle(settlement(hub.device, [{ lseq, ...refused }]))
        expect(again).toMatchObject({ withdrawn: [], entities: [] })
        const entries = yield* entriesOf(a)
        expect(entries).toHaveLength(left)
        for (const entry of entries) expect((yield* a.quarantined(entry.id))!.bytes).toEqual(signed!.bytes)
        expect((yield* a.receipts(0, 10)).map(({ lseq, status }) => [lseq, status])).toEqual([[lseq, "rejected"]])
      }
      expect(a.info.author).toBe(author)
      expect(yield* stateHash(a)).toEqual(yield* stateHash(relay))
    })
  )

  it.effect(`[JR-54] ${name}: another branch of the same author does not go with a rejected commit`, () =>
    Effect.gen(function* () {
      const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
      const first = firstEvent("x", "first")
      const prev = forgedHash(a, startMs, first)
      const second = (text: string): Event.Event => ({ ...firstEvent("x", text), eseq: 2, prev })
      const bytes = [
        forge(a, space, startMs, first),
        forge(a, space, startMs + 1, second("refused"), 1),
        forge(a, space, startMs + 2, second("the hub has it"), 2)
      ]
      // Both branches are the device's own: a copy of its journal wrote one of them.
      yield* a.receive(
        batch(
          hub,
          bytes.map((commit) => ({ bytes: commit }))
        )
      )
      const { withdrawn } = yield* a.settle(settlement(hub.device, [{ lseq: 2, ...refused }]))
      expect(withdrawn).toHaveLength(1)
      expect((yield* a.get("note", "x"))?.fields).toEqual({ text: "the hub has it" })
    })
  )

  it.effect(`[JR-54] [JR-110] ${name}: what came back in parts of a lost commit is taken back as one`, () =>
    Effect.gen(function* () {
      const { a, relay } = yield* openTwo(make, ["x", "y"])
      // The device's journal was lost, and comparing brings its commit in parts.
      const again = yield* open(make, 1)
      for (const id of ["x", "y"]) yield* again.receive(batch(relay, yield* partsOf(relay, id)))
      const hub = yield* open(make, 3)
      for (const lseq of [1, 2]) {
        const { withdrawn } = yield* again.settle(settlement(hub.device, [{ lseq, ...refused }]))
        expect(withdrawn).toHaveLength(1)
      }
      expect(yield* again.count("note")).toBe(0)
      expect(yield* entriesOf(again)).toMatchObject([{ reason: "Rejected", events: 2 }])
      yield* again.release(yield* idsOf(again))
      expect(yield* stateHash(again)).toEqual(yield* stateHash(a))
    })
  )
}
