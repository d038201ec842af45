/**
 * What every journal must do when its device may not have a partition any more: further rules of `journalConformance`.
 */
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import * as Bytes from "../identity/Bytes.ts"
import * as Fingerprint from "../journal/Fingerprint.ts"
import type { JournalShape } from "../journal/Journal.ts"
import type { Verdict } from "../journal/Receipt.ts"
import * as Commit from "../model/Commit.ts"
import {
  batch,
  commitsOf,
  type MakeJournal,
  open,
  type Opened,
  pull,
  put,
  settlement,
  stateHash
} from "./JournalFixture.ts"

/** Registers the rules as tests. */
export const purgeConformance = (name: string, make: MakeJournal): void => {
  purgeRules(name, make)
  interruptedRules(name, make)
  wayRules(name, make)
  returnRules(name, make)
}

const why = { rule: "team", policyVersion: 4, because: "mia is not in the team south" }
const south = { type: "note", header: { team: "south" } }
const north = { type: "note", header: { team: "north" } }

const notesOf = (team: string, count: number, text = team) =>
  Array.from({ length: count }, (_, i) => put(`${team} ${i}`, { text }, { team }))

/** Writes many commits of one record each. */
const writeEach = (journal: JournalShape, changes: ReturnType<typeof notesOf>) =>
  Effect.forEach(changes, (change) => journal.write([change]), { discard: true })

const totalsOf = (journal: JournalShape) =>
  Effect.map(journal.partitions, ({ rows }) =>
    rows.map(({ partition, total }) => [
      partition.header["team"],
      total.count,
      Bytes.toHex(new Uint8Array(total.lanes))
    ])
  )

const emptyTotal = Bytes.toHex(new Uint8Array(Fingerprint.empty().lanes))

const idsOf = (journal: Opened, team: string, count: number) =>
  Effect.forEach(notesOf(team, count), ({ id }) => journal.get("note", id))

/** The author of each commit. */
const authorsOf = (journal: Opened) =>
  Effect.map(commitsOf(journal), (commits) =>
    commits.map(({ bytes }) => {
      const opened = Commit.open(bytes)
      return typeof opened === "string" ? opened : opened.header.authors[0]
    })
  )

const purgeRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-130] ${name}: a purge takes out all of a partition and nothing else`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([...notesOf("north", 3), ...notesOf("south", 3)])
      yield* writeEach(a, notesOf("south", 200, "again"))
      yield* pull(a, b)
      const before = yield* totalsOf(b)
      expect(yield* b.held).toMatchObject([{ count: 3 }, { count: 200 }])
      expect(yield* b.purge(south, why)).toEqual({ entities: 200, withdrawn: [] })
      expect(yield* b.held).toEqual([{ partition: north, count: 3 }])
      expect(yield* totalsOf(b)).toEqual([before[0], ["south", 0, emptyTotal]])
      expect(yield* idsOf(b, "south", 2)).toEqual([undefined, undefined])
      expect(yield* b.get("note", "north 1")).toMatchObject({ fields: { text: "north" } })
      expect(yield* b.count("note")).toBe(3)
      const left = yield* commitsOf(b)
      expect(left.map(({ partition }) => partition)).toEqual([north])
      expect((yield* b.changesAfter(0, 64)).changes.flatMap(({ entities }) => entities).length).toBe(3)
      expect(yield* b.purge(south, why)).toEqual({ entities: 0, withdrawn: [] })
      expect(yield* b.purge({ type: "none", header: {} }, why)).toEqual({ entities: 0, withdrawn: [] })
    })
  )

  it.effect(`[JR-131] ${name}: own work that no custodian has confirmed waits in quarantine, the rest is gone`, () =>
    Effect.gen(function* () {
      const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([put("south 0", { text: "known" }, { team: "south" })])
      yield* a.settle(settlement(hub.device, [], yield* a.head))
      const mine = yield* a.write([put("south 1", { text: "unsent" }, { team: "south" })])
      yield* a.write([put("north 1", { text: "unsent" }, { team: "north" })])
      expect(yield* a.purge(south, why)).toEqual({ entities: 2, withdrawn: mine.commits })
      expect(yield* a.quarantine({ after: 0, limit: 10 })).toMatchObject([
        { id: mine.commits[0], reason: "Rejected", ...why, peer: a.device }
      ])
      expect(yield* a.receipt(mine.commits[0]!)).toMatchObject({ status: "rejected", ...why })
      expect(yield* a.get("note", "north 1")).toMatchObject({ fields: { text: "unsent" } })
    })
  )

  it.effect(`[JR-131] ${name}: where custodians come and go all own work waits in quarantine`, () =>
    Effect.gen(function* () {
      const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
      yield* hub.write([put("south 0", { text: "of others" }, { team: "south" })])
      yield* pull(hub, a)
      const known = yield* a.write([put("south 1", { text: "known" }, { team: "south" })])
      yield* a.settle(settlement(hub.device, [], known.head))
      const unsent = yield* a.write([put("south 2", { text: "unsent" }, { team: "south" })])
      const withdrawn = [...known.commits, ...unsent.commits]
      expect(yield* a.purge(south, { ...why, keepsConfirmed: true })).toEqual({ entities: 3, withdrawn })
      const kept = yield* a.quarantine({ after: 0, limit: 10 })
      expect(kept).toMatchObject(withdrawn.map((id) => ({ id, reason: "Rejected", ...why, peer: a.device })))
      expect((yield* a.release(withdrawn)).released).toEqual(withdrawn)
      expect(yield* a.get("note", "south 1")).toMatchObject({ fields: { text: "known" } })
    })
  )

  it.effect(
    `[JR-131] ${name}: what a custodian confirmed as a journal that it is no longer counts as confirmed by nobody`,
    () =>
      Effect.gen(function* () {
        const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
        const { commits } = yield* a.write([put("south 0", { text: "of a" }, { team: "south" })])
        yield* a.settle(settlement(hub.device, [], yield* a.head))
        yield* a.setCursor(hub.device, "ffeeddccbbaa9988", 0)
        expect(yield* a.purge(south, why)).toEqual({ entities: 1, withdrawn: commits })
        const later = yield* a.write([put("north 0", { text: "of a" }, { team: "north" })])
        yield* a.settle({ ...settlement(hub.device, [], later.head), incarnation: "ffeeddccbbaa9988" })
        expect(yield* a.purge(north, why)).toEqual({ entities: 1, withdrawn: [] })
      })
  )
}

/** A journal whose purge of 300 records was interrupted after its first step. */
const openInterrupted = Effect.fnUntraced(function* (make: MakeJournal) {
  const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
  yield* writeEach(a, notesOf("south", 300))
  yield* pull(a, b)
  const first = yield* Effect.forkChild(Stream.runHead(b.changes), { startImmediately: true })
  const purging = yield* Effect.forkChild(b.purge(south, why), { startImmediately: true })
  yield* Fiber.join(first)
  yield* Fiber.interrupt(purging)
  return b
})

const interruptedRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-133] ${name}: a purge that was interrupted is known, and the next one ends it`, () =>
    Effect.gen(function* () {
      const b = yield* openInterrupted(make)
      const [held] = yield* b.held
      expect(held).toMatchObject({ partition: south })
      expect(held!.count).toBeGreaterThan(0)
      yield* b.purge(south, why)
      expect(yield* b.held).toEqual([])
      expect(yield* commitsOf(b)).toEqual([])
    })
  )

  it.effect(
    `[JR-133] ${name}: what came after a purge that was interrupted is taken out with the rest, and no number of it comes again`,
    () =>
      Effect.gen(function* () {
        const b = yield* openInterrupted(make)
        // The right was given back, and is lost once more.
        yield* b.write(notesOf("south", 5, "new"))
        const authors = yield* authorsOf(b)
        yield* b.purge(south, why)
        expect(yield* b.held).toEqual([])
        expect(yield* commitsOf(b)).toEqual([])
        yield* b.write(notesOf("south", 1, "later"))
        const [author] = yield* authorsOf(b)
        expect(authors).not.toContain(author)
      })
  )
}

const refused: Verdict = { code: "Revoked", kind: "refused", rule: "team", policyVersion: 4, because: "not mia's" }

const wayRules = (name: string, make: MakeJournal): void => {
  it.effect(
    `[JR-135] ${name}: who gives way takes back what a custodian refuses of others, and all that rests on it`,
    () =>
      Effect.gen(function* () {
        const [a, b, c] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
        const hub = yield* open(make, 4)
        yield* a.write([put("n1", { text: "of a" }), put("n2", { text: "of a" })])
        yield* pull(a, b)
        yield* b.write([put("n1", { text: "b builds on it" })])
        yield* b.write([put("n3", { text: "of b alone" })])
        yield* pull(b, c)
        yield* c.write([put("n1", { text: "and so does c" })])
        const verdicts = [{ lseq: 1, ...refused }]
        // Whoever does not give way keeps what others wrote.
        expect(yield* b.settle(settlement(hub.device, verdicts))).toMatchObject({
          withdrawn: [],
          standing: ["Revoked"]
        })
        const outcome = yield* c.settle({ ...settlement(hub.device, verdicts), givesWay: true })
        expect(outcome.withdrawn).toHaveLength(1)
        expect(yield* c.get("note", "n1")).toBe(undefined)
        expect(yield* c.get("note", "n2")).toBe(undefined)
        expect(yield* c.get("note", "n3")).toMatchObject({ fields: { text: "of b alone" } })
        const kept = yield* c.quarantine({ after: 0, limit: 10 })
        expect(kept.map(({ peer, reason }) => [reason, peer])).toEqual([
          ["Revoked", b.device],
          ["Revoked", b.device],
          ["Rejected", hub.device]
        ])
      })
  )
}

const returnRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-132] ${name}: what was purged may come again, and both are equal`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([...notesOf("north", 2), ...notesOf("south", 150)])
      yield* pull(a, b)
      yield* b.write([put("south 1", { text: "of b" }, { team: "south" })])
      yield* pull(b, a)
      const { author } = b.info
      yield* b.purge(south, why)
      expect(b.info.author).not.toBe(author)
      yield* a.write([put("south 2", { text: "meanwhile" }, { team: "south" })])
      // As comparing brings it: its own commits, too.
      yield* b.receive(batch(a, yield* commitsOf(a)))
      expect(yield* b.quarantine({ after: 0, limit: 10 })).toEqual([])
      expect(yield* stateHash(b)).toEqual(yield* stateHash(a))
      // What it writes now fits to what it had written before, wherever that is.
      yield* b.write([put("south 1", { text: "again" }, { team: "south" })])
      yield* pull(b, a)
      expect(yield* a.get("note", "south 1")).toMatchObject({ fields: { text: "again" } })
      expect(yield* stateHash(b)).toEqual(yield* stateHash(a))
    })
  )

  it.effect(`[JR-134] ${name}: what was kept comes in again once it may`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write(notesOf("south", 2))
      yield* pull(a, b)
      const { commits } = yield* b.write([put("south 1", { text: "of b" }, { team: "south" })])
      yield* b.purge(south, why)
      yield* b.receive(batch(a, yield* commitsOf(a)))
      expect((yield* b.release(commits)).released).toEqual(commits)
      yield* pull(b, a)
      expect(yield* a.get("note", "south 1")).toMatchObject({ fields: { text: "of b" } })
      expect(yield* stateHash(b)).toEqual(yield* stateHash(a))
    })
  )
}
