/**
 * What a journal must do with sealed commits while their keys are away, and once they are back: further rules of
 * `sealedConformance`.
 */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { type HeldKeys, noKeys } from "../crypto/KeyRing.ts"
import * as SpaceKey from "../crypto/SpaceKey.ts"
import type { JournalShape } from "../journal/Journal.ts"
import { waitingOf } from "../journal/Quarantine.ts"
import * as Commit from "../model/Commit.ts"
import { batch, commitsOf, type open, patch, pull, put, remove, settlement, space, startMs } from "./JournalFixture.ts"

/** Opens a fresh journal of a device that holds these keys. */
export type OpenSealed = (device: number, held: HeldKeys) => ReturnType<typeof open>

/** Keys of the space by number. */
export const keyOf = (number: number): SpaceKey.SpaceKey =>
  SpaceKey.of(
    space,
    Uint8Array.from({ length: SpaceKey.spaceKeyBytes }, () => number)
  )

/** These keys, of which the last one seals. */
export const holding = (...numbers: ReadonlyArray<number>): HeldKeys => ({
  keys: numbers.map((number) => keyOf(number).secret),
  sealing: keyOf(numbers.at(-1)!).id
})

/** Registers the rules as tests. */
export const awayRules = (name: string, opened: OpenSealed): void => {
  clearRules(name, opened)
  forgottenRules(name, opened)
  besideRules(name, opened)
  nearRules(name, opened)
  it.effect(
    `[SK-22] ${name}: a record that was folded while its key was away is whole again once the key is back`,
    () =>
      Effect.gen(function* () {
        const [a, hub] = [yield* opened(1, holding(1)), yield* opened(2, noKeys)]
        yield* a.write([put("n1", { text: "first", body: "long" })])
        yield* a.write([patch("n1", { text: "refused" })])
        yield* a.hold(noKeys)
        const denied = { code: "Denied", kind: "refused", rule: "r", policyVersion: 1, because: "no", lseq: 2 } as const
        yield* a.settle(settlement(hub.device, [denied]))
        expect((yield* a.get("note", "n1"))?.fields).toEqual({})
        expect(yield* a.lockedCount).toBe(1)
        yield* a.hold(holding(1))
        expect(yield* a.unlock).toMatchObject({ opened: 1 })
        expect((yield* a.get("note", "n1"))?.fields).toEqual({ text: "first", body: "long" })
      })
  )

  it.effect(`[SK-22] ${name}: an own commit with a wrong time is not written again while it cannot be read`, () =>
    Effect.gen(function* () {
      const yearMs = 365 * 24 * 3_600_000
      const [a, hub] = [yield* opened(1, holding(1)), yield* opened(2, noKeys)]
      yield* TestClock.setTime(startMs + yearMs)
      yield* a.write([put("n1", { text: "a year ahead" })])
      yield* TestClock.setTime(startMs)
      yield* a.hold(noKeys)
      const late = yield* commitsOf(a)
      const { verdicts } = yield* hub.receive(batch(a, late))
      const told = verdicts.map(({ index, ...verdict }) => ({ ...verdict, lseq: late[index]!.lseq }))
      expect((yield* a.settle(settlement(hub.device, told))).rewritten).toEqual([])
      const [kept] = yield* a.quarantine({ after: 0, limit: 10 })
      expect(kept).toMatchObject({ reason: "ClockAhead", because: expect.stringContaining("sealed") as string })
      const receipts = Effect.map(a.receipts(0, 10), (found) => found.map(({ status }) => status))
      expect(yield* a.unlock).toEqual({ opened: 0, rewritten: 0 })
      expect(yield* a.quarantined(kept!.id)).toBeDefined()
      // By itself, as soon as it can be read.
      yield* a.hold(holding(1))
      expect(yield* a.unlock).toEqual({ opened: 0, rewritten: 1 })
      expect((yield* a.get("note", "n1"))?.fields).toEqual({ text: "a year ahead" })
      expect(waitingOf(yield* a.quarantineCounts)).toBe(0)
      expect(yield* hub.receive(batch(a, yield* commitsOf(a)))).toMatchObject({ applied: 1, refused: [] })
      expect(yield* receipts).toEqual(["rejected", "deferred"])
    })
  )
}

const nearRules = (name: string, opened: OpenSealed): void => {
  const hourMs = 3_600_000
  for (const [hours, when] of [
    [30, "is near"],
    [60, "has passed"]
  ] as const) {
    it.effect(`[SK-66] ${name}: an own commit with a wrong time is written again also where that ${when} by then`, () =>
      Effect.gen(function* () {
        const [a, hub] = [yield* opened(1, holding(1)), yield* opened(2, noKeys)]
        yield* TestClock.setTime(startMs + 48 * hourMs)
        yield* a.write([put("n1", { text: "two days ahead" })])
        yield* TestClock.setTime(startMs)
        yield* a.hold({ keys: [], sealing: "lacking" })
        const late = yield* commitsOf(a)
        const { verdicts } = yield* hub.receive(batch(a, late))
        const told = verdicts.map(({ index, ...verdict }) => ({ ...verdict, lseq: late[index]!.lseq }))
        yield* a.settle(settlement(hub.device, told))
        expect(yield* a.quarantine({ after: 0, limit: 10 })).toMatchObject([{ reason: "ClockAhead", dueMs: null }])
        yield* TestClock.setTime(startMs + hours * hourMs)
        yield* a.hold(holding(1))
        expect(yield* a.unlock).toEqual({ opened: 0, rewritten: 1 })
        expect(yield* a.unlock).toEqual({ opened: 0, rewritten: 0 })
        expect((yield* a.get("note", "n1"))?.fields).toEqual({ text: "two days ahead" })
        expect(waitingOf(yield* a.quarantineCounts)).toBe(0)
        // And goes to everybody else.
        yield* TestClock.setTime(startMs + 60 * hourMs)
        expect(yield* hub.receive(batch(a, yield* commitsOf(a)))).toMatchObject({ applied: 1, refused: [] })
      })
    )
  }
}

const forgottenRules = (name: string, opened: OpenSealed): void => {
  const isRefused = Effect.fnUntraced(function* (journal: JournalShape) {
    const { head, hasSealed } = journal
    const [before, has] = [yield* head, yield* hasSealed]
    expect(yield* Effect.flip(journal.write([put("n9", { text: "in the clear" })]))).toMatchObject({
      reason: { _tag: "SpaceLocked" }
    })
    expect([yield* head, has]).toEqual([before, true])
  })

  it.effect(
    `[SK-21] ${name}: who ever read or wrote what is sealed writes nothing in the clear without its key, however little shows it`,
    () =>
      Effect.gen(function* () {
        const [a, b] = [yield* opened(1, holding(1)), yield* opened(2, holding(1))]
        expect(yield* a.hasSealed).toBe(false)
        yield* a.write([put("n0", { text: "sealed" })])
        for (let i = 0; i < 17; i++) yield* a.write([put(`n${i}`, { text: "sealed" })])
        for (let i = 0; i < 17; i++) yield* a.write([remove(`n${i}`)])
        // It has written nothing itself, and has opened all.
        yield* pull(a, b)
        for (const journal of [a, b]) {
          yield* journal.hold(noKeys)
          expect(yield* journal.lockedCount).toBe(0)
          yield* isRefused(journal)
        }
      })
  )

  it.effect(`[SK-21] ${name}: also where what was sealed has been taken out, and was never read`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* opened(1, holding(1)), yield* opened(2, noKeys)]
      yield* a.write([put("n1", { text: "sealed" })])
      yield* pull(a, b)
      const why = { rule: "r", policyVersion: 1, because: "no longer" }
      yield* b.purge({ type: "note", header: {} }, why)
      expect(yield* b.lockedCount).toBe(0)
      yield* isRefused(b)
    })
  )
}

const besideRules = (name: string, opened: OpenSealed): void => {
  const minuteMs = 60_000
  const clear = Effect.fnUntraced(function* (journal: JournalShape, id = "n9") {
    const wrote = yield* Effect.result(journal.write([put(id, { text: "in the clear" })]))
    return [wrote._tag, yield* journal.hasSealed] as const
  })
  const sealedBy = Effect.fnUntraced(function* (device: number, aheadMs: number) {
    const author = yield* opened(device, holding(1))
    yield* TestClock.setTime(startMs + aheadMs)
    yield* author.write([put("n1", { text: "sealed" })])
    yield* TestClock.setTime(startMs)
    return { author, commits: yield* commitsOf(author) }
  })

  it.effect(
    `[SK-65] ${name}: who stored something sealed in the quarantine, as its time is ahead, writes nothing in the clear`,
    () =>
      Effect.gen(function* () {
        const b = yield* opened(2, noKeys)
        const { author, commits } = yield* sealedBy(1, 6 * minuteMs)
        expect(yield* b.receive(batch(author, commits))).toMatchObject({ held: 1, head: 0 })
        expect(yield* clear(b)).toEqual(["Failure", true])
      })
  )

  it.effect(
    `[SK-65] ${name}: what nobody could judge yet counts, and what the policy refused keeps nobody silent`,
    () =>
      Effect.gen(function* () {
        const [b, c] = [yield* opened(2, noKeys), yield* opened(3, noKeys)]
        const { author, commits } = yield* sealedBy(1, 0)
        const denial = { index: 0, reason: "Denied", rule: "r", policyVersion: 1, because: "no" } as const
        const told = batch(author, commits)
        yield* b.receive({ ...told, denials: [{ ...denial, isUnjudged: true }] })
        yield* c.receive({ ...told, denials: [denial] })
        for (const journal of [b, c]) expect(waitingOf(yield* journal.quarantineCounts)).toBe(1)
        expect([yield* clear(b), yield* clear(c)]).toEqual([
          ["Failure", true],
          ["Success", false]
        ])
        // Whoever lets it in counts it.
        const [kept] = yield* c.quarantine({ after: 0, limit: 1 })
        expect((yield* c.release([kept!.id])).released).toEqual([kept!.id])
        expect(yield* clear(c, "n8")).toEqual(["Failure", true])
      })
  )
}

const clearRules = (name: string, opened: OpenSealed): void => {
  it.effect(`[SK-22] ${name}: what was written in the clear is written again once there is a key to seal it with`, () =>
    Effect.gen(function* () {
      const yearMs = 365 * 24 * 3_600_000
      const [a, b] = [yield* opened(1, noKeys), yield* opened(2, holding(1))]
      yield* TestClock.setTime(startMs + yearMs)
      yield* a.write([put("n1", { text: "a year ahead" })])
      yield* TestClock.setTime(startMs)
      // From now on the space is sealed, and this device has got no key yet.
      yield* b.write([put("n2", { text: "sealed" })])
      const late = yield* commitsOf(a)
      yield* a.receive(batch(b, yield* commitsOf(b)))
      yield* a.hold({ keys: [], sealing: "lacking" })
      const { verdicts } = yield* b.receive(batch(a, late))
      const told = verdicts.map(({ index, ...verdict }) => ({ ...verdict, lseq: late[index]!.lseq }))
      expect((yield* a.settle(settlement(b.device, told))).rewritten).toEqual([])
      yield* a.hold(holding(1))
      expect(yield* a.unlock).toEqual({ opened: 1, rewritten: 1 })
      expect((yield* a.get("note", "n1"))?.fields).toEqual({ text: "a year ahead" })
    })
  )

  it.effect(
    `[SK-23] ${name}: what contents take is counted without the key, so no frame takes more than in the clear`,
    () =>
      Effect.gen(function* () {
        const a = yield* opened(1, holding(1))
        yield* a.write([put("n1", { text: "x".repeat(50_000) })])
        const [commit] = yield* commitsOf(a)
        const { header } = Commit.open(commit!.bytes) as Commit.PackedCommit
        expect(Commit.unpackedBytes(header)).toBeGreaterThan(50_000)
        expect(Commit.unpackedBytes(header)).toBeLessThan(60_000)
      })
  )
}
