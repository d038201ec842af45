/**
 * What every journal must do when its author's numbers were used twice, or it meets a copy of itself: further rules of
 * `journalConformance`.
 */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { incarnationsPerPeerMax } from "../journal/JournalTables.ts"
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
  patch,
  put,
  releaseDue,
  settlement,
  space,
  startMs,
  stateHash,
  unbounded
} from "./JournalFixture.ts"

/** Registers the rules as tests. */
export const copyConformance = (name: string, make: MakeJournal): void => {
  forkRules(name, make)
  proofRules(name, make)
  numberRules(name, make)
  sameRules(name, make)
  copyRules(name, make)
  incarnationRules(name, make)
}

const incarnationRules = (name: string, make: MakeJournal): void => {
  it.effect(
    `[JR-154] ${name}: of a peer that is another journal each time so many are told apart, the last one always`,
    () =>
      Effect.gen(function* () {
        const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
        yield* a.write([put("n1", { text: "first" })])
        const incarnations = Array.from({ length: incarnationsPerPeerMax + 6 }, (_, i) => `${i}`.padStart(16, "0"))
        for (const [index, incarnation] of incarnations.entries()) {
          if (index === 0) yield* b.receive({ ...batch(a, yield* commitsOf(a)), incarnation })
          yield* b.setCursor(a.device, incarnation, index + 1)
          const nothing = { acknowledged: 0, custody: 0 }
          expect(yield* b.peer(a.device)).toMatchObject({ incarnation, cursor: index + 1, ...nothing })
          if (index > 0) yield* b.settle({ ...settlement(a.device, [], 1), incarnation })
        }
        const known: Array<number> = []
        for (const [index, incarnation] of incarnations.entries()) {
          const row = yield* b.peer(a.device, incarnation)
          if (row !== undefined) known.push(index)
        }
        const first = Array.from({ length: incarnationsPerPeerMax - 1 }, (_, i) => i)
        expect(known).toEqual([...first, incarnations.length - 1])
        // Whoever brought a commit is still known, and is not sent it back.
        expect((yield* b.feed(0, a.device, Infinity, incarnations[0])).commits).toEqual([])
      })
  )
}

const forkRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-11] ${name}: both branches of a fork count, in every order, and the fork is proven once`, () =>
    Effect.gen(function* () {
      const [a, b, c] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      const branches = yield* forked(a)
      for (const [into, order] of [
        [b, branches],
        [c, [...branches].reverse()]
      ] as const) {
        let forks = 0
        for (const commits of order) forks += (yield* into.receive(batch(a, commits))).forks.length
        expect(forks).toBe(1)
        expect((yield* into.quarantineCounts).Forked).toBe(1)
        expect((yield* into.receive(batch(a, branches.flat()))).applied).toBe(0)
        const [proof] = yield* into.quarantine({ after: 0, limit: 1 })
        expect((yield* into.release([proof!.id])).released).toEqual([proof!.id])
      }
      expect(yield* stateHash(c)).toEqual(yield* stateHash(b))
      expect((yield* b.get("note", "n1"))?.fields).toMatchObject({ text: "twin 2", a: 1, twin: 1 })
      // A journal with one branch only is told the other by comparing clocks, in both directions.
      const d = yield* open(make, 4)
      yield* d.receive(batch(a, branches[0]!))
      for (const [from, to] of [
        [b, d],
        [d, b]
      ] as const) {
        yield* to.receive(batch(from, yield* from.eventsBeyond(yield* clockOf(to), unbounded)))
      }
      expect(yield* stateHash(d)).toEqual(yield* stateHash(b))
    })
  )
}

const proofRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-11] ${name}: many forks of one author have one proof, and that of another its own`, () =>
    Effect.gen(function* () {
      const [a, b, into] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      const fork = (author: Opened, id: string) =>
        into.receive(
          batch(
            author,
            ["one", "other"].map((text, nonce) => ({
              bytes: forge(author, space, startMs, firstEvent(`${author.device} ${id}`, text), nonce)
            }))
          )
        )
      for (const id of ["n1", "n2", "n3"]) expect((yield* fork(a, id)).forks).toHaveLength(1)
      expect((yield* into.quarantineCounts).Forked).toBe(1)
      yield* fork(b, "n1")
      const proofs = yield* into.quarantine({ after: 0, limit: 10 })
      expect(proofs.map(({ author }) => author)).toEqual([a.info.author, b.info.author])
      expect(yield* into.count("note")).toBe(4)
      // Once a person has seen it, the next one is proven.
      yield* into.release([proofs[0]!.id])
      yield* fork(a, "n4")
      expect((yield* into.quarantineCounts).Forked).toBe(2)
    })
  )
}

const numberRules = (name: string, make: MakeJournal): void => {
  it.effect(
    `[JR-11] ${name}: a number that does not follow its predecessor's is a gap on every branch, in every order`,
    () =>
      Effect.gen(function* () {
        const [a, b, c] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
        const at = startMs + 1_000
        const made = (event: Event.Event, ms: number) => ({
          bytes: forge(a, space, at + ms, event),
          hash: forgedHash(a, at + ms, event)
        })
        const [first, twin] = [made(firstEvent("n1", "first"), 0), made(firstEvent("n1", "twin"), 1)]
        const skipping = made({ ...firstEvent("n1", "skips"), eseq: 3, prev: twin.hash }, 2)
        const following = made({ ...firstEvent("n1", "follows"), eseq: 2, prev: twin.hash }, 3)
        for (const [into, order] of [
          [b, [first, twin, skipping, following]],
          [c, [twin, skipping, following, first]]
        ] as const) {
          const outcomes = yield* Effect.forEach([...order, skipping], (commit) => into.receive(batch(a, [commit])))
          expect(outcomes.map(({ applied }) => applied).reduce((sum, applied) => sum + applied)).toBe(3)
          expect(outcomes.at(-1)).toMatchObject({ applied: 0, gaps: 1 })
        }
        expect(yield* stateHash(c)).toEqual(yield* stateHash(b))
      })
  )
}

const sameRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-89] ${name}: the same change made once more under a used number counts beside the first`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([put("n1", { text: "base" })])
      const [{ clock } = yield* Effect.die("no clock")] = yield* clockOf(a)
      const again: Event.Event = { entity: "n1", eseq: 2, prev: clock[0]![2], deps: [], ops: { c: { hits: 1 } } }
      const base = yield* commitsOf(a)
      const lost = { bytes: forge(a, space, startMs + 1000, again) }
      const later = { bytes: forge(a, space, startMs + 2000, again) }
      // A clock that runs behind the stamps that came in gives the same time twice.
      const atOnce = { bytes: forge(a, space, startMs + 1000, again, 1) }
      yield* b.receive(batch(a, [...base, lost]))
      for (const commit of [later, atOnce, lost]) yield* b.receive({ ...batch(a, [commit]), isCustodian: true })
      expect((yield* b.get("note", "n1"))?.fields).toEqual({ text: "base", hits: 3 })
    })
  )
}

const copyRules = (name: string, make: MakeJournal): void => {
  it.effect(
    `[JR-55] ${name}: an unknown event of its own shows a journal that it was copied, and it goes on as another`,
    () =>
      Effect.gen(function* () {
        const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
        const branches = yield* forked(a)
        yield* hub.receive(batch(a, branches[1]!))
        const { author, incarnation } = a.info
        const outcome = yield* a.receive(batch(hub, yield* commitsOf(hub)))
        expect(outcome.isCopied).toBe(true)
        expect(a.info.incarnation).not.toBe(incarnation)
        expect(a.info.author).not.toBe(author)
        yield* a.write([patch("n1", { text: "goes on" })])
        yield* hub.receive(batch(a, yield* commitsOf(a)))
        expect(yield* stateHash(hub)).toEqual(yield* stateHash(a))
        expect((yield* hub.get("note", "n1"))?.fields).toMatchObject({ text: "goes on", a: 1, twin: 1 })
      })
  )

  it.effect(`[JR-55] ${name}: so does one that comes out of the quarantine, and one that was seen by others`, () =>
    Effect.gen(function* () {
      const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([put("n1", { text: "base" })])
      const { author, incarnation } = a.info
      // A copy whose clock is ahead wrote it under the number that is next here.
      const twin = { bytes: forge(a, space, startMs + Limits.clockAheadPeerMs + 1000, firstEvent("n2", "of twin")) }
      expect(yield* a.receive(batch(hub, [twin]))).toMatchObject({ held: 1, isCopied: false })
      yield* a.write([put("n2", { text: "of this" })])
      yield* TestClock.setTime(startMs + 2000)
      const released = yield* releaseDue(a)
      expect(released).toMatchObject({ copyShownBy: hub.device, released: [expect.any(String)] })
      expect(a.info.incarnation).not.toBe(incarnation)
      expect(a.info.author).not.toBe(author)
      const before = a.info
      yield* a.renew
      expect(a.info.incarnation).not.toBe(before.incarnation)
      expect(a.info.author).not.toBe(before.author)
      yield* a.write([patch("n2", { text: "goes on" })])
      yield* hub.receive({ ...batch(a, yield* commitsOf(a)), aheadMsMax: 2 * Limits.clockAheadPeerMs })
      expect(yield* stateHash(hub)).toEqual(yield* stateHash(a))
      expect((yield* hub.get("note", "n2"))?.fields).toEqual({ text: "goes on" })
    })
  )
}

/** The clock of the one note that a journal has. */
const clockOf = Effect.fnUntraced(function* (journal: Opened) {
  const partitionHash = (yield* journal.partitions).rows[0]!.hash
  const [item] = yield* journal.items(partitionHash, "", 1)
  return yield* journal.clocks([{ partitionHash, key: item!.key }])
})

/** Two branches of one journal: what it wrote, and by hand what a copy of it wrote under the same numbers. */
const forked = Effect.fnUntraced(function* (a: Opened) {
  yield* a.write([put("n1", { text: "base" })])
  const [{ clock } = yield* Effect.die("no clock")] = yield* clockOf(a)
  const base = yield* commitsOf(a)
  const first: Event.Event = {
    entity: "n1",
    eseq: 2,
    prev: clock[0]![2],
    deps: [],
    ops: {
      s: {
        text: "twin",
        twin: 1
      },
      a: { tags: ["of twin"] }
    }
  }
  const prev = forgedHash(a, startMs + 1000, first)
  const second: Event.Event = { entity: "n1", eseq: 3, prev, deps: [], ops: { s: { text: "twin 2" }, c: { hits: 1 } } }
  const twin = [first, second].map((event, i) => ({ bytes: forge(a, space, startMs + 1000 + i, event) }))
  yield* a.write([patch("n1", { text: "a", a: 1 })])
  yield* a.write([patch("n1", { text: "a 2" })])
  return [yield* commitsOf(a), [...base, ...twin]] as const
})
