/**
 * For whose sake a journal keeps what a custodian refuses, and what of it ends when custodians do: further rules of
 * `journalConformance`.
 */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Verdict } from "../journal/Receipt.ts"
import { batch, commitsOf, type MakeJournal, open, type Opened, pull, put, settlement } from "./JournalFixture.ts"

/** Registers the rules as tests. */
export const custodyConformance = (name: string, make: MakeJournal): void => {
  ownRules(name, make)
  otherRules(name, make)
}

const refused: Verdict = { code: "Revoked", kind: "refused", rule: "role", policyVersion: 5, because: "mia only reads" }

/** A custodian refuses a commit, and this device gives way where nobody else stands for it. */
const refuse = (journal: Opened, custodian: Opened, lseq = 1) =>
  journal.settle({ ...settlement(custodian.device, [{ lseq, ...refused }], lseq), givesWay: true })

const confirm = (journal: Opened, custodian: Opened, upto: number) =>
  journal.settle({ ...settlement(custodian.device, [], upto), givesWay: true })

/** Everything of one journal into another, as from a custodian or from somebody else, where one policy holds for all. */
const bring = Effect.fnUntraced(function* (from: Opened, into: Opened, isCustodian: boolean) {
  return yield* into.receive({ ...batch(from, yield* commitsOf(from)), isCustodian, givesWay: true })
})

const textOf = (journal: Opened) => Effect.map(journal.get("note", "n1"), (found) => found?.fields["text"])

const reasonsOf = (journal: Opened) =>
  Effect.map(journal.quarantine({ after: 0, limit: 10 }), (entries) =>
    entries.map(({ peer, reason }) => [reason, peer])
  )

const ownRules = (name: string, make: MakeJournal): void => {
  /** Own work that a custodian has refused, and that another node has. */
  const refusedWork = Effect.gen(function* () {
    const [a, one, other] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
    yield* a.write([put("n1", { text: "written in time" })])
    yield* pull(a, one)
    expect(yield* refuse(a, other)).toMatchObject({ withdrawn: [expect.any(String)] })
    return { a, one, other }
  })

  it.effect(`[JR-139] ${name}: own work that a custodian brings again stays, until the policy changes`, () =>
    Effect.gen(function* () {
      const { a, one, other } = yield* refusedWork
      yield* bring(one, a, true)
      const lseq = yield* a.head
      for (let i = 0; i < 2; i++) {
        expect(yield* refuse(a, other, lseq)).toMatchObject({ withdrawn: [], standing: ["Revoked"] })
      }
      expect(yield* reasonsOf(a)).toEqual([])
      // Who brought it had confirmed nothing yet, and may be none any more.
      yield* a.disown([])
      expect(yield* refuse(a, other, lseq)).toMatchObject({ withdrawn: [expect.any(String)], standing: [] })
      expect(yield* textOf(a)).toBe(undefined)
      expect(yield* reasonsOf(a)).toEqual([["Rejected", other.device]])
    })
  )

  it.effect(`[JR-139] ${name}: own work that somebody else brings again does not stay`, () =>
    Effect.gen(function* () {
      const { a, one, other } = yield* refusedWork
      yield* bring(one, a, false)
      expect(yield* textOf(a)).toBe("written in time")
      expect(yield* refuse(a, other, yield* a.head)).toMatchObject({ withdrawn: [expect.any(String)], standing: [] })
      expect(yield* reasonsOf(a)).toEqual([["Rejected", other.device]])
    })
  )

  it.effect(`[JR-139] ${name}: a refusal that stood for a custodian's sake keeps nothing by itself`, () =>
    Effect.gen(function* () {
      const [a, one, other] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write([put("n1", { text: "confirmed" })])
      yield* confirm(a, one, 1)
      expect(yield* refuse(a, other)).toMatchObject({ withdrawn: [], standing: ["Revoked"] })
      // Its files were put back to a day before that.
      yield* a.settle({ ...settlement(one.device, []), isCustodian: false, setBackTo: 0 })
      expect(yield* refuse(a, other)).toMatchObject({ withdrawn: [expect.any(String)], standing: [] })
      expect(yield* reasonsOf(a)).toEqual([["Rejected", other.device]])
    })
  )
}

const otherRules = (name: string, make: MakeJournal): void => {
  /** Work of `a` at `c`, which a custodian has brought. */
  const broughtWork = Effect.gen(function* () {
    const [a, c] = [yield* open(make, 1), yield* open(make, 2)]
    const [one, other, third] = [yield* open(make, 3), yield* open(make, 4), yield* open(make, 5)]
    yield* a.write([put("n1", { text: "of a" })])
    yield* pull(a, one)
    yield* bring(one, c, true)
    yield* confirm(c, one, 1)
    return { a, c, one, other, third }
  })

  it.effect(`[JR-139] ${name}: work of others that a custodian brought stays as long as that is one`, () =>
    Effect.gen(function* () {
      const { c, one, other } = yield* broughtWork
      for (let i = 0; i < 2; i++) expect(yield* refuse(c, other)).toMatchObject({ standing: ["Revoked"], entities: [] })
      expect(yield* textOf(c)).toBe("of a")
      yield* c.disown([one.device])
      expect(yield* refuse(c, other)).toMatchObject({ standing: [], entities: [{ id: "n1" }] })
      expect(yield* textOf(c)).toBe(undefined)
      expect(yield* reasonsOf(c)).toEqual([["Revoked", one.device]])
    })
  )

  it.effect(`[JR-139] ${name}: a custodian that refused it, too, does not stand for it`, () =>
    Effect.gen(function* () {
      const { c, one, other, third } = yield* broughtWork
      for (const custodian of [other, third]) {
        expect(yield* refuse(c, custodian)).toMatchObject({ standing: ["Revoked"] })
      }
      yield* c.disown([one.device])
      expect(yield* refuse(c, other)).toMatchObject({ standing: [], entities: [{ id: "n1" }] })
      expect(yield* textOf(c)).toBe(undefined)
    })
  )

  it.effect(
    `[JR-140] ${name}: it is never kept as from the custodian that refuses it, though that one brought it`,
    () =>
      Effect.gen(function* () {
        const { a, c, one } = yield* broughtWork
        expect(yield* refuse(c, one)).toMatchObject({ entities: [{ id: "n1" }] })
        expect(yield* reasonsOf(c)).toEqual([["Revoked", a.device]])
      })
  )

  it.effect(
    `[JR-140] ${name}: what is taken back is kept as from its author's device where nobody else brought it`,
    () =>
      Effect.gen(function* () {
        const [a, c, hub] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
        yield* a.write([put("n1", { text: "of a" })])
        const denial = { index: 0, reason: "Revoked", rule: "role", policyVersion: 4, because: "a only reads" } as const
        yield* c.receive({ ...batch(a, yield* commitsOf(a)), denials: [denial] })
        const [entry] = yield* c.quarantine({ after: 0, limit: 1 })
        expect((yield* c.release([entry!.id])).released).toEqual([entry!.id])
        expect(yield* textOf(c)).toBe("of a")
        expect(yield* refuse(c, hub)).toMatchObject({ entities: [{ id: "n1" }] })
        expect(yield* reasonsOf(c)).toEqual([["Revoked", a.device]])
      })
  )
}
