/**
 * What every journal must say of its own commits while custodians put some off or refuse them, one by one and against
 * each other: further rules of `journalConformance`.
 */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { Verdict } from "../journal/Receipt.ts"
import {
  batch,
  commitsOf,
  type MakeJournal,
  notes,
  open,
  type Opened,
  pull,
  put,
  settlement
} from "./JournalFixture.ts"

/** Registers the rules as tests. */
export const receiptConformance = (name: string, make: MakeJournal): void => {
  standingRules(name, make)
  custodianRules(name, make)
  sharedRules(name, make)
}

const refused: Verdict = { code: "Denied", kind: "refused", rule: "team/b", policyVersion: 7, because: "not yours" }
const held: Verdict = { ...refused, code: "MassDelete", kind: "held" }

const statuses = (journal: Opened) =>
  Effect.map(journal.receipts(0, 100), (receipts) => receipts.map(({ status }) => status))
const placesOf = (journal: Opened, status: "accepted" | "deferred" | "rejected", after = 0, limit = 100) =>
  Effect.map(journal.receipts(after, limit, status), (receipts) => receipts.map(({ lseq }) => lseq))

const standingRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-111] ${name}: what a custodian puts off is deferred, and nothing behind it is`, () =>
    Effect.gen(function* () {
      const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
      for (const change of notes(0, 6)) yield* a.write([change])
      const full: Verdict = { ...refused, code: "QuarantineFull" }
      yield* a.settle(settlement(hub.device, [{ lseq: 2, ...held }], 3))
      yield* a.settle(settlement(hub.device, [{ lseq: 4, ...full }], 5))
      expect(yield* statuses(a)).toEqual(["accepted", "deferred", "accepted", "deferred", "accepted", "deferred"])
      expect(yield* placesOf(a, "accepted")).toEqual([1, 3, 5])
      expect(yield* placesOf(a, "deferred")).toEqual([2, 4, 6])
      expect(yield* placesOf(a, "deferred", 2, 1)).toEqual([4])
      expect(yield* placesOf(a, "deferred", 4, 1)).toEqual([6])
      expect((yield* a.receipts(1, 1))[0]).toMatchObject({ peer: hub.device, code: "MassDelete" })
      // Equal roots of an earlier moment say nothing of what came later.
      yield* a.settle(settlement(hub.device, [], 6, 3))
      expect(yield* placesOf(a, "deferred")).toEqual([4])
      yield* a.settle(settlement(hub.device, [], 6, 6))
      expect(yield* placesOf(a, "deferred")).toEqual([])
    })
  )

  it.effect(`[JR-92] [JR-111] ${name}: what comes again is not accepted by the custodian that refuses it anew`, () =>
    Effect.gen(function* () {
      const [a, b, hub] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write([put("n1", { text: "wanted" })])
      yield* pull(a, b)
      yield* a.settle(settlement(hub.device, [{ lseq: 1, ...refused }], 1))
      yield* a.receive(batch(b, yield* commitsOf(b)))
      const lseq = yield* a.head
      const again = yield* a.settle(settlement(hub.device, [{ lseq, ...refused }], lseq))
      expect(again).toMatchObject({ withdrawn: [], standing: ["Denied"] })
      expect(yield* a.receipts(0, 10)).toMatchObject([{ lseq, status: "rejected", code: "Denied", peer: hub.device }])
      yield* a.settle(settlement(hub.device, [], lseq, lseq))
      expect(yield* a.receipts(0, 10)).toMatchObject([{ lseq, status: "accepted", peer: hub.device }])
    })
  )
}

const sharedRules = (name: string, make: MakeJournal): void => {
  const written = Effect.gen(function* () {
    const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
    for (const id of ["n1", "n2", "n3"])
      yield* a.write([put(id, { text: id }, { team: id === "n2" ? "closed" : "open" })])
    const { rows } = yield* a.partitions
    const closed = new Set(
      rows.filter(({ partition }) => partition.header["team"] === "closed").map(({ index }) => index)
    )
    return { a, hub, closed }
  })

  it.effect(`[JR-111] ${name}: equal roots say nothing of a partition that was not compared`, () =>
    Effect.gen(function* () {
      const { a, closed, hub } = yield* written
      const verdicts = [1, 2].map((lseq) => ({ lseq, ...held }))
      yield* a.settle(settlement(hub.device, verdicts, 3))
      yield* a.settle(settlement(hub.device, [], 3, 3, closed))
      expect(yield* placesOf(a, "accepted")).toEqual([1, 3])
      expect((yield* a.receipts(1, 1))[0]).toMatchObject({ status: "deferred", code: "MassDelete" })
      yield* a.settle(settlement(hub.device, [], 3, 3))
      expect(yield* placesOf(a, "accepted")).toEqual([1, 2, 3])
    })
  )

  it.effect(`[JR-121] ${name}: what the feed or equal roots passed over is not accepted by that custodian`, () =>
    Effect.gen(function* () {
      const { a, closed, hub } = yield* written
      yield* a.settle({ ...settlement(hub.device, []), unsent: [2] })
      yield* a.settle(settlement(hub.device, [], 3))
      expect(yield* placesOf(a, "accepted")).toEqual([1, 3])
      yield* a.write([put("n4", { text: "n4" }, { team: "closed" })])
      yield* a.settle(settlement(hub.device, [], 4, 4, closed))
      expect(yield* placesOf(a, "accepted")).toEqual([1, 3])
      expect(yield* a.receipts(3, 1)).toMatchObject([
        { status: "deferred", code: "NotShared", peer: hub.device, atMs: null }
      ])
      yield* a.settle(settlement(hub.device, [], 4, 4))
      expect(yield* placesOf(a, "accepted")).toEqual([1, 2, 3, 4])
      // It was told before, so that it has them whatever is shared now.
      yield* a.settle({ ...settlement(hub.device, [], 4, 4, closed), unsent: [2, 4] })
      expect(yield* placesOf(a, "accepted")).toEqual([1, 2, 3, 4])
    })
  )

  it.effect(`[JR-121] ${name}: any word of another custodian is what the receipt says`, () =>
    Effect.gen(function* () {
      const { a, closed, hub } = yield* written
      const other = yield* open(make, 3)
      yield* a.settle(settlement(hub.device, [{ lseq: 2, ...held }], 3))
      yield* TestClock.adjust(1)
      yield* a.settle(settlement(other.device, [], 3, 3, closed))
      expect((yield* a.receipts(1, 1))[0]).toMatchObject({ status: "deferred", code: "MassDelete", peer: hub.device })
      yield* a.settle(settlement(hub.device, [{ lseq: 2, ...refused }], 3))
      expect((yield* a.receipts(1, 1))[0]).toMatchObject({ status: "rejected", code: "Denied", peer: hub.device })
    })
  )
}

const custodianRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-138] ${name}: what only a former custodian had confirmed counts as confirmed by nobody`, () =>
    Effect.gen(function* () {
      const [a, former, other] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      for (const change of notes(0, 2)) yield* a.write([change])
      yield* a.settle(settlement(former.device, [], 2))
      const standing = yield* a.settle(settlement(other.device, [{ lseq: 1, ...refused }], 1))
      expect(standing).toMatchObject({ withdrawn: [], standing: ["Denied"] })
      expect(yield* a.custodians).toEqual([former.device, other.device])
      yield* a.disown([former.device])
      expect(yield* a.custodians).toEqual([other.device])
      expect(yield* statuses(a)).toEqual(["deferred", "deferred"])
      // The refusal stood for the former one's sake; said again, it counts.
      const again = yield* a.settle(settlement(other.device, [{ lseq: 1, ...refused }], 2))
      expect(again).toMatchObject({ withdrawn: [expect.any(String)], standing: [] })
      expect(yield* statuses(a)).toEqual(["rejected", "accepted"])
      yield* a.settle(settlement(former.device, [], 2, 2))
      expect(yield* a.custodians).toContain(former.device)
    })
  )

  it.effect(`[JR-150] ${name}: what a custodian had confirmed counts no longer once it is met as another journal`, () =>
    Effect.gen(function* () {
      const [a, hub, other] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      for (const change of notes(0, 3)) yield* a.write([change])
      yield* a.settle(settlement(hub.device, [], 3))
      expect(yield* statuses(a)).toEqual(["accepted", "accepted", "accepted"])
      yield* a.setCursor(hub.device, "8899aabbccddeeff", 0)
      expect(yield* statuses(a)).toEqual(["deferred", "deferred", "deferred"])
      expect(yield* a.custodians).toEqual([])
      const again = { ...settlement(hub.device, [], 1), incarnation: "8899aabbccddeeff" }
      // What is not sent there any more is not there, though it was before.
      yield* a.settle({ ...again, unsent: [2] })
      yield* a.settle({ ...again, told: 2, acknowledged: 2 })
      expect(yield* statuses(a)).toEqual(["accepted", "deferred", "deferred"])
      expect((yield* a.receipts(1, 1))[0]).toMatchObject({ code: "NotShared", peer: hub.device })
      expect(yield* a.custodians).toEqual([hub.device])
      const outcome = yield* a.settle(settlement(other.device, [{ lseq: 3, ...refused }], 3))
      expect(outcome).toMatchObject({ withdrawn: [expect.any(String)], standing: [] })
    })
  )

  it.effect(`[JR-111] ${name}: each custodian's word counts for itself, in whatever order they speak`, () =>
    Effect.gen(function* () {
      const [a, one, other] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      for (const change of notes(0, 2)) yield* a.write([change])
      yield* a.settle(settlement(one.device, [{ lseq: 1, ...held }], 2))
      expect(yield* statuses(a)).toEqual(["deferred", "accepted"])
      yield* TestClock.adjust(1)
      // The other holds it, too, and says so later: the first has it no more than before.
      yield* a.settle(settlement(other.device, [{ lseq: 1, ...held, code: "ClockAhead" }], 1))
      expect((yield* a.receipts(0, 10))[0]).toMatchObject({
        status: "deferred",
        code: "ClockAhead",
        peer: other.device
      })
      yield* a.settle(settlement(other.device, [], 2, 2))
      expect((yield* a.receipts(0, 10))[0]).toMatchObject({ status: "accepted", peer: other.device })
    })
  )

  it.effect(`[JR-54] [JR-111] ${name}: what one custodian only holds is taken back when another refuses it`, () =>
    Effect.gen(function* () {
      const [a, one, other] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      for (const change of notes(0, 2)) yield* a.write([change])
      yield* a.settle(settlement(one.device, [{ lseq: 1, ...held }], 2))
      const verdicts = [1, 2].map((lseq) => ({ lseq, ...refused }))
      const outcome = yield* a.settle(settlement(other.device, verdicts, 2))
      expect(outcome).toMatchObject({ withdrawn: [expect.any(String)], standing: ["Denied"] })
      expect(yield* statuses(a)).toEqual(["rejected", "accepted"])
      expect((yield* a.receipts(0, 1))[0]).toMatchObject({ code: "Denied", peer: other.device })
    })
  )
}
