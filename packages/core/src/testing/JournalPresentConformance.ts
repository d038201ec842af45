/**
 * What every journal must answer, as tests: those rules `JR-n` of SPEC.md that concern reading. `journalConformance`
 * runs them with the rest.
 */
import { expect, it } from "@effect/vitest"
import { Context, Effect } from "effect"
import { Crypto } from "../crypto/Crypto.ts"
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import { defaultDeleteLimits } from "../journal/DeleteWatch.ts"
import * as Fingerprint from "../journal/Fingerprint.ts"
import type { JournalShape } from "../journal/Journal.ts"
import { journalChangeConformance } from "./JournalChangeConformance.ts"
import { journalSeenConformance } from "./JournalSeenConformance.ts"
import {
  batch,
  change,
  commitsOf,
  type MakeJournal,
  nobody,
  notes,
  open,
  type Opened,
  partitionHash,
  pull,
  put,
  remove,
  space,
  stateHash,
  unbounded
} from "./JournalFixture.ts"

/** Registers the rules as tests. */
export const journalPresentConformance = (name: string, make: MakeJournal): void => {
  feedRules(name, make)
  fingerprintRules(name, make)
  missingRules(name, make)
  kindRules(name, make)
  readRules(name, make)
  queryRules(name, make)
  journalSeenConformance(name, make)
  journalChangeConformance(name, make)
}

const feedRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-17] ${name}: the feed pages through commits in order, each once, about as large as asked`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      for (let i = 0; i < 10; i++) yield* journal.write([put(`n${i}`, { text: "x".repeat(500) })])
      const seen: Array<number> = []
      let after = 0
      for (let isEnd = false; !isEnd;) {
        const page = yield* journal.feed(after, nobody, 1500)
        expect(page.commits.length).toBeLessThanOrEqual(3)
        seen.push(...page.commits.map(({ lseq }) => lseq))
        after = page.upto
        isEnd = page.isEnd
      }
      expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
      expect((yield* journal.feed(0, nobody, 1)).commits.length).toBe(1)
      expect(yield* journal.feed(10, nobody, 1500)).toEqual({ commits: [], upto: 10, isEnd: true })
    })
  )

  it.effect(
    `[JR-18] ${name}: the feed leaves out what the peer delivered, and its end covers it`,
    () =>
      Effect.gen(function* () {
        const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
        for (const change of notes(0, 600)) yield* a.write([change])
        yield* b.write([put("own", { text: "b" })])
        yield* pull(a, b)
        const page = yield* b.feed(0, a.device, unbounded)
        expect(page).toMatchObject({ upto: 601, isEnd: true })
        expect(page.commits.map(({ lseq }) => lseq)).toEqual([1])
        expect(yield* b.feed(1, a.device, 10)).toEqual({ commits: [], upto: 601, isEnd: true })
        expect((yield* commitsOf(b)).length).toBe(601)
      }),
    30_000
  )
}

const fingerprintRules = (name: string, make: MakeJournal): void => {
  it.effect(
    `[JR-19] ${name}: fingerprints of ranges are the sums over their entities, also beyond the bucket bound`,
    () =>
      Effect.gen(function* () {
        const journal = yield* open(make, 1)
        for (const upto of [500, 1000, 1500, 3000]) {
          yield* journal.write([...notes(upto === 500 ? 0 : upto - 500, upto), ...notes(0, 40, { text: `at ${upto}` })])
          if (upto === 3000) yield* journal.write(notes(1500, 2500))
          yield* assertSums(journal)
        }
        const { count } = (yield* journal.partitions).rows[0]!.total
        expect(count).toBe(3000)
      }),
    60_000
  )
}

const assertSums = Effect.fnUntraced(function* (journal: Opened) {
  const [row] = (yield* journal.partitions).rows
  const all = yield* journal.items(row!.hash, "", 10_000)
  expect(all.length).toBe(row!.total.count)
  for (const prefix of ["", "7", "a0", "3f2", "3f2c"]) {
    const children = yield* journal.children(row!.hash, prefix)
    const found: Array<Fingerprint.Fingerprint> = []
    for (let child = 0; child < 16; child++) {
      const under = prefix + child.toString(16)
      const sum = Fingerprint.empty()
      for (const { key, version } of all) {
        if (key.toString(16).padStart(Fingerprint.keyDigits, "0").startsWith(under))
          Fingerprint.accumulate(sum, version, 1)
      }
      found.push(sum)
    }
    expect(children).toEqual(found)
    const total = Fingerprint.empty()
    for (const sum of children) Fingerprint.sum(total, sum)
    if (prefix === "") expect(total).toEqual(row!.total)
    const under = yield* journal.items(row!.hash, prefix, 10_000)
    expect(under.length).toBe(total.count)
  }
})

const missingRules = (name: string, make: MakeJournal): void => {
  it.effect(
    `[JR-20] ${name}: eventsBeyond gives exactly the events that clocks lack, which another journal takes in`,
    () =>
      Effect.gen(function* () {
        const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
        yield* a.write(notes(0, 50))
        yield* pull(a, b)
        yield* a.write([...notes(10, 14, { text: "changed" }), ...notes(50, 60)])
        yield* a.write([put("note 11", { text: "twice" })])
        const hash = yield* partitionHash(a)
        const keys = (yield* a.items(hash, "", 1000)).map(({ key }) => ({ partitionHash: hash, key }))
        const theirs = yield* b.clocks(keys)
        expect(theirs.length).toBe(50)
        const known = new Map(theirs.map((item) => [item.key, item]))
        const asked = keys.map((item) => known.get(item.key) ?? { ...item, clock: [] })
        const all = yield* a.eventsBeyond(asked, unbounded)
        expect(all.map(({ events }) => events)).toEqual([14, 1])
        // A question about two entities only: parts of commits.
        const some = asked.filter(({ key }) => [keyOf(a, "note 10"), keyOf(a, "note 55")].includes(key))
        const parts = yield* a.eventsBeyond(some, unbounded)
        expect(parts.map(({ events }) => events)).toEqual([2])
        expect(yield* b.receive(batch(a, parts))).toMatchObject({ applied: 2, gaps: 0, known: 0 })
        expect(yield* b.receive(batch(a, all))).toMatchObject({ applied: 13, gaps: 0, known: 2 })
        expect(yield* stateHash(b)).toEqual(yield* stateHash(a))
        // What arrived in parts is handed on, too.
        const c = yield* open(make, 3)
        const fromB = yield* b.eventsBeyond(
          keys.map((item) => ({ ...item, clock: [] })),
          unbounded
        )
        expect(yield* c.receive(batch(b, fromB))).toMatchObject({ applied: 65, gaps: 0 })
        expect(yield* stateHash(c)).toEqual(yield* stateHash(a))
      })
  )

  it.effect(`[JR-20] ${name}: an older event of one author is found behind newer ones that the peer has`, () =>
    Effect.gen(function* () {
      const [a, b, c] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write([put("n1", { text: "1" })])
      yield* pull(a, b)
      yield* pull(a, c)
      yield* b.write([put("n1", { other: "of b" })])
      yield* pull(b, c)
      yield* a.write([put("n1", { text: "2" })])
      yield* pull(a, c)
      const hash = yield* partitionHash(a)
      const beyond = yield* c.eventsBeyond(yield* a.clocks([{ partitionHash: hash, key: keyOf(a, "n1") }]), unbounded)
      expect(beyond.map(({ lseq }) => lseq)).toEqual([2])
      expect(yield* a.receive(batch(c, beyond))).toMatchObject({ applied: 1, known: 0 })
      expect(yield* stateHash(a)).toEqual(yield* stateHash(c))
    })
  )
}

const keyOf = (journal: Opened, id: string): number =>
  Fingerprint.entityKey(Context.get(journal.services, Crypto).sha256, id)

const kindRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-160] ${name}: scan and liveOf tell which fields are counters and sets`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      yield* journal.write([
        change("both", { lww: { text: "a", list: [] }, counters: { hits: 2 }, sets: { tags: ["x"] } }),
        change("zero", { counters: { hits: 2 }, sets: { tags: ["x"] } }),
        put("plain", { text: "a", hits: 0 }),
        change("gone", { counters: { hits: 1 } })
      ])
      const emptied = { counters: { hits: -2 }, sets: { tags: { add: [], remove: ["x"] } } }
      yield* journal.write([change("zero", { kind: "patch", lww: {}, ...emptied }), remove("gone")])
      const kindsOf = Effect.map(journal.scan(undefined, 1000), (all) =>
        Object.fromEntries(all.map(({ id, kinds }) => [id, kinds]))
      )
      const hits = { hits: "counter" }
      const both = { ...hits, tags: "orSet" }
      expect(yield* kindsOf).toEqual({ both, zero: both, plain: undefined, gone: hits })
      for (const id of ["both", "plain"]) {
        const [live] = yield* journal.liveOf("note", id)
        expect(live!.kinds).toEqual((yield* kindsOf)[id])
      }
      expect(yield* journal.get("note", "both")).not.toHaveProperty("kinds")
    })
  )
}

const readRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-21] ${name}: scan pages through all entities, live and deleted, in one order`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      yield* journal.write([...notes(0, 70), ...Array.from({ length: 30 }, (_, i) => put(`m ${i}`, {}, { team: "a" }))])
      yield* journal.write([remove("note 3")])
      const whole = yield* journal.scan(undefined, 1000)
      expect(whole.length).toBe(100)
      expect(whole.filter(({ isDeleted }) => isDeleted).map(({ id }) => id)).toEqual(["note 3"])
      const order = whole.map(
        (e) => Bytes.toHex(e.partitionHash) + e.key.toString(16).padStart(Fingerprint.keyDigits, "0")
      )
      expect(order).toEqual([...order].sort())
      const paged: Array<string> = []
      for (let after: Parameters<JournalShape["scan"]>[0]; ;) {
        const page = yield* journal.scan(after, 7)
        paged.push(...page.map(({ id }) => id))
        after = page.at(-1)
        if (page.length < 7) break
      }
      expect(paged).toEqual(whole.map(({ id }) => id))
    })
  )

  it.effect(`[JR-24] ${name}: of an id made in two partitions, the same one is read everywhere`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([put("n1", { by: "a" }, { team: "a" })])
      yield* b.write([put("n1", { by: "b" }, { team: "b" })])
      yield* pull(a, b)
      yield* pull(b, a)
      const [first] = yield* a.scan(undefined, 1)
      expect(yield* a.get("note", "n1")).toMatchObject({ fields: first!.fields })
      expect(yield* b.get("note", "n1")).toEqual(yield* a.get("note", "n1"))
      expect(yield* a.count("note")).toBe(2)
      const both = yield* a.scan(undefined, 2)
      expect((yield* a.liveOf("note", "n1")).map(({ partition }) => partition)).toEqual(
        both.map(({ partition }) => partition)
      )
      expect(yield* b.liveOf("note", "n1")).toEqual(yield* a.liveOf("note", "n1"))
      yield* a.write([{ ...remove("n1"), partition: both.find(({ fields }) => fields["by"] === "a")!.partition }])
      expect((yield* a.liveOf("note", "n1")).map(({ fields }) => fields)).toEqual([{ team: "b", by: "b" }])
      expect(yield* a.liveOf("note", "n2")).toEqual([])
    })
  )

  it.effect(`[JR-29] ${name}: of two entities with one id both are told, each by its header`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      const told = (isDeleted: boolean) =>
        ["a", "b"].map((team) => ({ type: "note", header: { team }, id: "n1", isDeleted }))
      const made = yield* a.write([put("n1", {}, { team: "a" }), put("n1", {}, { team: "b" })])
      expect(made.entities).toEqual(told(false))
      const { changes } = yield* a.changesAfter(0, 64)
      expect(changes.flatMap(({ entities }) => entities)).toEqual(told(false))
      expect((yield* pull(a, b)).entities).toEqual(told(false))
      yield* a.write(["a", "b"].map((team) => ({ ...remove("n1"), partition: { type: "note", header: { team } } })))
      // Deletes that wait and are reverted then are told of with what brings the records back.
      const strict = { ...defaultDeleteLimits, shareFrom: 1, shareMax: 0.01 }
      const deletes = { ...batch(a, yield* commitsOf(a, made.head)), deleteLimits: strict }
      const { massDeletes } = yield* b.receive(deletes)
      expect(massDeletes).toHaveLength(2)
      expect((yield* b.revertDeletes(massDeletes)).entities).toEqual(told(false))
      const undone = yield* a.reversal({ commit: made.commits[1]! })
      expect(undone.entities).toMatchObject([{ header: { team: "b" }, id: "n1" }])
    })
  )
}

const queryRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-22] ${name}: a query compares by type, orders with ties by id, and pages`, () =>
    Effect.gen(function* () {
      const journal = yield* open(make, 1)
      const odd = `a"b\\c.d[0]`
      yield* journal.write([
        put("1", { n: 1, on: true, [odd]: "x", tags: ["a"] }, { team: "a" }),
        put("2", { n: 3, on: 1, text: `["a"]`, tags: `["a"]` }, { team: "a" }),
        put("3", { n: 2.5, on: "true", text: null }, { team: "b" }),
        put("4", { n: 3, on: false }, { team: "b" }),
        put("5", { n: 3 }, { team: "b" })
      ])
      yield* journal.write([{ ...remove("5"), partition: { type: "note", header: { team: "b" } } }])
      const ids = (where: Record<string, string | number | boolean | null>) =>
        journal
          .query({ type: "note", where, orderBy: undefined, limit: 10, offset: 0 })
          .pipe(Effect.map((rows) => rows.map(({ id }) => id).join("")))
      expect(yield* ids({})).toBe("1234")
      expect(yield* ids({ team: "b" })).toBe("34")
      expect([yield* ids({ on: true }), yield* ids({ on: 1 }), yield* ids({ on: "true" })]).toEqual(["1", "2", "3"])
      expect([yield* ids({ [odd]: "x" }), yield* ids({ text: null }), yield* ids({ text: `["a"]` })]).toEqual([
        "1",
        "134",
        "2"
      ])
      expect([yield* ids({ n: 3, team: "a" }), yield* ids({ tags: `["a"]` })]).toEqual(["2", "2"])
      const ordered = (isDescending: boolean, limit: number, offset: number) =>
        journal
          .query({ type: "note", where: {}, orderBy: { field: "n", isDescending }, limit, offset })
          .pipe(Effect.map((rows) => rows.map(({ id }) => id).join("")))
      expect([yield* ordered(false, 10, 0), yield* ordered(true, 10, 0)]).toEqual(["1324", "2431"])
      expect([yield* ordered(true, 2, 1), yield* ordered(true, 2, 4)]).toEqual(["43", ""])
      expect(yield* journal.query({ type: "x", where: {}, orderBy: undefined, limit: 1, offset: 0 })).toEqual([])
      expect([yield* journal.count("note"), yield* journal.count("x")]).toEqual([4, 0])
    })
  )

  it.effect(`[JR-23] ${name}: a journal names its space, its device and an incarnation of its own`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(make, 1), yield* open(make, 1)]
      expect(a.info.space).toBe(space)
      expect(Author.peer(a.info.author)).toBe(a.device)
      expect(a.info.author.endsWith(a.info.incarnation)).toBe(true)
      expect(a.info.incarnation).not.toBe(b.info.incarnation)
    })
  )
}
