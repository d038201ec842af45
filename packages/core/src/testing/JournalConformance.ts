/**
 * What every journal must do, as tests: the rules `JR-n` of SPEC.md. A store adopts them by giving a layer per device;
 * each test opens its own journals. Durability across a crash is not judged here, because only a store knows how its
 * process can be ended.
 */
import { expect, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Compression } from "../crypto/Compression.ts"
import { Crypto } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import * as Fingerprint from "../journal/Fingerprint.ts"
import { type FeedCommit, Journal, type JournalShape, type RemoteBatch } from "../journal/Journal.ts"
import * as StateHash from "../journal/StateHash.ts"
import * as Commit from "../model/Commit.ts"
import type { EntityChange } from "../model/EntityChange.ts"
import * as Event from "../model/Event.ts"
import type { FieldValue } from "../model/FieldValue.ts"
import * as Limits from "../model/Limits.ts"
import type { HeaderValues } from "../model/Partition.ts"

export type JournalServices = Journal | Crypto | Compression | DeviceKey

/** A fresh journal of the device with this number; equal numbers in one test would be one device twice. */
export type MakeJournal = (device: number, space: SpaceId) => Layer.Layer<JournalServices, unknown>

const space = "00112233445566778899aabbccddeeff" as SpaceId
const startMs = 1_800_000_000_000
const unbounded = Number.MAX_SAFE_INTEGER

type Lww = { readonly [field: string]: FieldValue }

const put = (id: string, lww: Lww, header: HeaderValues = {}, type = "note"): EntityChange => ({
  partition: { type, header },
  id,
  change: { kind: "put", lww, counters: {}, sets: {} }
})

const patch = (id: string, lww: Lww): EntityChange => ({
  partition: { type: "note", header: {} },
  id,
  change: { kind: "patch", lww, counters: {}, sets: {} }
})

const remove = (id: string): EntityChange => ({ partition: { type: "note", header: {} }, id, change: { kind: "delete" } })

const notes = (from: number, upto: number, lww: Lww = { text: "new" }): Array<EntityChange> =>
  Array.from({ length: upto - from }, (_, i) => put(`note ${from + i}`, lww))

/** Opens the journal of a device for the rest of the test, and sets the clock when it still stands at zero. */
const open = Effect.fnUntraced(function*(make: MakeJournal, device: number) {
  yield* TestClock.setTime(startMs)
  const services = yield* Layer.build(make(device, space))
  return Object.assign(Context.get(services, Journal), { services, device: Context.get(services, DeviceKey).peer })
})

type Opened = Effect.Success<ReturnType<typeof open>>

const nobody = "nobody" as PeerId

const commitsOf = (journal: JournalShape, after = 0, bytesMax = unbounded) =>
  Effect.map(journal.feed(after, nobody, bytesMax), ({ commits }) => commits)

const batch = (source: Opened, commits: ReadonlyArray<FeedCommit>, feed?: RemoteBatch["feed"]): RemoteBatch => ({
  peer: source.device,
  feed,
  commits: commits.map(({ bytes }) => bytes),
  aheadMsMax: Limits.clockAheadPeerMs
})

/** Everything of one journal into another, by its feed. */
const pull = Effect.fnUntraced(function*(from: Opened, into: Opened) {
  const page = yield* from.feed(0, into.device, unbounded)
  const feed = { incarnation: from.info.incarnation, from: 0, upto: page.upto }
  return yield* into.receive(batch(from, page.commits, feed))
})

const stateHash = (journal: Opened) => StateHash.compute().pipe(Effect.provide(journal.services))

const partitionHash = (journal: Opened, at = 0) =>
  Effect.map(journal.partitions, ({ rows }) => rows[at]!.hash)

/** A commit by hand, for what a proper journal never makes. */
const forge = (author: Opened, ofSpace: SpaceId, atMs: number, event: Event.Event): Uint8Array =>
  Commit.seal(
    Context.get(author.services, Crypto),
    Context.get(author.services, Compression),
    Context.get(author.services, DeviceKey),
    {
      space: ofSpace,
      partition: { type: "note", header: {} },
      authors: [author.info.author],
      at: HybridTime.make(atMs, 0),
      group: undefined
    },
    [Event.encode(event)]
  ).bytes

const firstEvent = (entity: string, text: string): Event.Event =>
  ({ entity, eseq: 1, prev: undefined, deps: [], ops: { s: { text } } })

/** Registers the rules as tests. */
export const journalConformance = (name: string, make: MakeJournal): void => {
  writeRules(name, make)
  commitRules(name, make)
  receiveRules(name, make)
  heldRules(name, make)
  cursorRules(name, make)
  feedRules(name, make)
  fingerprintRules(name, make)
  missingRules(name, make)
  readRules(name, make)
  queryRules(name, make)
}

const writeRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-1] ${name}: an entity reads back as it was put`, () =>
    Effect.gen(function*() {
      const journal = yield* open(make, 1)
      const change: EntityChange = {
        partition: { type: "note", header: { team: "a", level: 3 } },
        id: "n1",
        change: { kind: "put", lww: { text: "ü", deep: { list: [1, null, true] } }, counters: { hits: 5 }, sets: { tags: ["y", "x"] } }
      }
      const outcome = yield* journal.write([change])
      expect(outcome).toMatchObject({ head: 1, entities: [{ type: "note", id: "n1", isDeleted: false }] })
      expect(outcome.commits.length).toBe(1)
      expect((yield* journal.get("note", "n1"))?.fields).toEqual({
        team: "a", level: 3, text: "ü", deep: { list: [1, null, true] }, hits: 5, tags: ["x", "y"]
      })
      expect(yield* journal.get("note", "n2")).toBeUndefined()
      expect(yield* journal.get("other", "n1")).toBeUndefined()
    }))

  it.effect(`[JR-2] ${name}: patch changes its fields only, delete hides, put revives`, () =>
    Effect.gen(function*() {
      const journal = yield* open(make, 1)
      yield* journal.write([put("n1", { text: "a", done: false })])
      yield* journal.write([patch("n1", { done: true })])
      expect((yield* journal.get("note", "n1"))?.fields).toEqual({ text: "a", done: true })
      yield* journal.write([remove("n1")])
      expect(yield* journal.get("note", "n1")).toBeUndefined()
      expect(yield* journal.count("note")).toBe(0)
      yield* journal.write([put("n1", { text: "b" })])
      expect((yield* journal.get("note", "n1"))?.fields).toEqual({ text: "b", done: true })
      expect(yield* journal.count("note")).toBe(1)
    }))

  it.effect(`[JR-3] ${name}: a change that alters nothing makes no commit`, () =>
    Effect.gen(function*() {
      const journal = yield* open(make, 1)
      yield* journal.write([put("n1", { text: "a", list: [1, 2] })])
      const again = yield* journal.write([put("n1", { list: [1, 2], text: "a" }), put("m1", {}, {}, "memo")])
      expect(again.commits.length).toBe(1)
      expect(again.entities).toEqual([{ type: "memo", id: "m1", isDeleted: false }])
      expect(yield* journal.write([patch("n1", { text: "a" })])).toMatchObject({ commits: [], entities: [], head: 2 })
    }))

  it.effect(`[JR-4] ${name}: a refused write leaves nothing of its call`, () =>
    Effect.gen(function*() {
      const journal = yield* open(make, 1)
      yield* journal.write([put("n1", { text: "a" })])
      const missing = yield* journal.write([put("n2", { text: "x" }, { team: "new" }), patch("n9", { text: "x" })]).pipe(
        Effect.flip
      )
      expect(missing.reason).toMatchObject({ _tag: "EntityNotFound", type: "note", id: "n9" })
      const large = yield* journal.write([put("n1", { text: "b" }), put("n3", { text: "x".repeat(Limits.eventBytesMax) })])
        .pipe(Effect.flip)
      expect(large.reason).toMatchObject({ _tag: "EntityInvalid", id: "n3" })
      expect(yield* journal.head).toBe(1)
      expect((yield* journal.partitions).rows.length).toBe(1)
      expect((yield* journal.get("note", "n1"))?.fields).toEqual({ text: "a" })
      yield* journal.write([put("n2", { text: "y" }, { team: "new" })])
      expect((yield* journal.get("note", "n2"))?.fields).toEqual({ team: "new", text: "y" })
    }))
}

const commitRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-5] ${name}: a transaction becomes commits of at most 128 events of one partition, tied by a group`, () =>
    Effect.gen(function*() {
      const journal = yield* open(make, 1)
      yield* journal.write([...notes(0, 300), put("x", {}, { team: "a" }), ...notes(300, 310)])
      const commits = yield* commitsOf(journal)
      expect(commits.map(({ events }) => events)).toEqual([128, 128, 44, 1, 10])
      const headers = commits.map(({ bytes }) => (Commit.open(bytes) as Commit.PackedCommit).header)
      expect(new Set(headers.map(({ group }) => group)).size).toBe(1)
      expect(headers[3]!.partition.header).toEqual({ team: "a" })
      for (const { count } of headers) expect(count).toBeLessThanOrEqual(Limits.eventsPerCommitMax)
    }))

  it.effect(`[JR-6] ${name}: stamps grow, also when the clock is set back`, () =>
    Effect.gen(function*() {
      const journal = yield* open(make, 1)
      yield* journal.write(notes(0, 3))
      const first = yield* journal.lastTime
      expect(HybridTime.millis(first)).toBe(startMs)
      yield* TestClock.setTime(startMs - 60_000)
      yield* journal.write([put("note 1", { text: "later" })])
      expect((yield* journal.lastTime) > first).toBe(true)
      expect((yield* journal.get("note", "note 1"))?.fields).toEqual({ text: "later" })
    }))

  it.effect(`[JR-7] ${name}: writes at the same time are all kept, each with its own place`, () =>
    Effect.gen(function*() {
      const journal = yield* open(make, 1)
      const outcomes = yield* Effect.forEach(notes(0, 50), (change) => journal.write([change]), { concurrency: 50 })
      expect(new Set(outcomes.map(({ head }) => head)).size).toBe(50)
      expect(yield* journal.head).toBe(50)
      expect(yield* journal.count("note")).toBe(50)
    }))

  it.effect(`[JR-8] ${name}: changes are told once they are durable, in order and with their source`, () =>
    Effect.gen(function*() {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* b.write([put("n1", { text: "b" })])
      const told = yield* a.changes.pipe(Stream.take(2), Stream.runCollect, Effect.forkChild({ startImmediately: true }))
      yield* a.write([put("n2", { text: "a" })])
      yield* a.write([put("n2", { text: "a" })])
      yield* pull(b, a)
      expect(yield* Fiber.join(told)).toEqual([
        { head: 1, source: undefined, entities: [{ type: "note", id: "n2", isDeleted: false }] },
        { head: 2, source: b.device, entities: [{ type: "note", id: "n1", isDeleted: false }] }
      ])
    }))
}

const receiveRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-9] ${name}: a batch taken in twice is known the second time and changes nothing`, () =>
    Effect.gen(function*() {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write(notes(0, 200))
      const commits = yield* commitsOf(a)
      expect(yield* b.receive(batch(a, commits))).toMatchObject({ applied: 200, known: 0, gaps: 0, refused: [], head: 2 })
      expect(yield* b.receive(batch(a, commits))).toMatchObject({ applied: 0, known: 200, entities: [], head: 2 })
      expect(yield* stateHash(b)).toEqual(yield* stateHash(a))
    }))

  it.effect(`[JR-10] ${name}: an event whose predecessor is missing is left out and counted`, () =>
    Effect.gen(function*() {
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
    }))

  it.effect(`[JR-11] ${name}: a second event with a used number is reported as a fork and not applied`, () =>
    Effect.gen(function*() {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      const one = forge(a, space, startMs, firstEvent("n1", "one"))
      const two = forge(a, space, startMs + 1, firstEvent("n1", "two"))
      const outcome = yield* b.receive({ ...batch(a, []), commits: [one, two] })
      expect(outcome).toMatchObject({ applied: 1, refused: [["Forked", 1]] })
      expect(outcome.forks).toEqual([{ author: a.info.author, type: "note", id: "n1" }])
      expect((yield* b.get("note", "n1"))?.fields).toEqual({ text: "one" })
    }))

  it.effect(`[JR-12] ${name}: malformed, foreign and forged commits are refused one by one; the rest is kept`, () =>
    Effect.gen(function*() {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.write([put("n1", { text: "a" })])
      const foreign = forge(a, "ffeeddccbbaa99887766554433221100" as SpaceId, startMs, firstEvent("n2", "x"))
      const forged = forge(a, space, startMs, firstEvent("n3", "x"))
      forged[forged.length - 1]! ^= 1
      const whole = (yield* commitsOf(a)).map(({ bytes }) => bytes)
      const outcome = yield* b.receive({ ...batch(a, []), commits: [Uint8Array.of(1, 2, 3), foreign, forged, ...whole] })
      expect(new Map(outcome.refused)).toEqual(
        new Map([["CommitMalformed", 1], ["SpaceForeign", 1], ["CommitForged", 1]])
      )
      expect(outcome).toMatchObject({ applied: 1, head: 1 })
    }))

  it.effect(`[JR-13] ${name}: journals that took in the same events in different orders hold the same`, () =>
    Effect.gen(function*() {
      const [a, b, c] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
      yield* a.write(notes(0, 20))
      yield* pull(a, b)
      yield* TestClock.setTime(startMs + 1000)
      yield* a.write([put("note 1", { text: "of a" }), remove("note 2")])
      yield* b.write([put("note 1", { text: "of b" }), patch("note 2", { text: "kept" })])
      expect((yield* pull(b, a)).conflicts.map(({ field, id }) => [id, field])).toEqual([["note 1", "text"]])
      yield* pull(a, b)
      yield* pull(b, c)
      yield* pull(a, c)
      const expected = yield* stateHash(a)
      expect(expected.count).toBe(19)
      for (const journal of [b, c]) expect(yield* stateHash(journal)).toEqual(expected)
      const roots = yield* Effect.forEach([a, b, c], (journal) =>
        Effect.map(journal.partitions, ({ rows }) => rows.map(({ hash, total }) => [Bytes.toHex(hash), total])))
      expect(roots[1]).toEqual(roots[0])
      expect(roots[2]).toEqual(roots[0])
    }))
}

const heldRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-14] ${name}: a commit stamped too far ahead is held and released when it is due`, () =>
    Effect.gen(function*() {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* TestClock.setTime(startMs + Limits.clockAheadPeerMs + 10)
      yield* a.write([put("n1", { text: "early" })])
      yield* TestClock.setTime(startMs)
      const commits = yield* commitsOf(a)
      expect(yield* b.receive(batch(a, commits))).toMatchObject({ applied: 0, held: 1, head: 0 })
      yield* b.receive(batch(a, commits))
      expect(yield* b.heldCount).toBe(1)
      expect(yield* b.releaseHeld).toBe(0)
      yield* TestClock.setTime(startMs + 11)
      expect(yield* b.releaseHeld).toBe(1)
      expect(yield* b.heldCount).toBe(0)
      expect((yield* b.get("note", "n1"))?.fields).toEqual({ text: "early" })
      expect((yield* b.feed(0, a.device, unbounded)).commits).toEqual([])
    }))
}

const cursorRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-15] ${name}: a cursor moves with the data of its stretch, never back and never over a hole`, () =>
    Effect.gen(function*() {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      for (const change of notes(0, 4)) yield* a.write([change])
      const commits = yield* commitsOf(a)
      const { incarnation } = a.info
      const take = (from: number, upto: number, epoch = incarnation) =>
        Effect.map(b.receive(batch(a, commits.slice(from, upto), { incarnation: epoch, from, upto })), (o) => o.cursor)
      expect(yield* b.peer(a.device)).toBeUndefined()
      expect(yield* take(1, 2)).toBe(0)
      expect(yield* take(0, 2)).toBe(2)
      expect(yield* take(0, 1)).toBe(2)
      expect((yield* b.receive(batch(a, commits))).cursor).toBe(2)
      expect(yield* take(2, 4)).toBe(4)
      expect(yield* take(0, 1, "ffffffffffffffff")).toBe(1)
      expect(yield* b.peer(a.device)).toMatchObject({ peer: a.device, incarnation: "ffffffffffffffff", cursor: 1 })
    }))

  it.effect(`[JR-16] ${name}: setCursor sets, and what a peer confirmed never shrinks`, () =>
    Effect.gen(function*() {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      yield* a.setCursor(b.device, b.info.incarnation, 7)
      yield* a.setAcknowledged(b.device, 5)
      yield* a.setAcknowledged(b.device, 3)
      const expected = { incarnation: b.info.incarnation, cursor: 7, acknowledged: 5 }
      expect(yield* a.peer(b.device)).toMatchObject(expected)
      yield* a.setCursor(b.device, b.info.incarnation, 2)
      expect(yield* a.peer(b.device)).toMatchObject({ ...expected, cursor: 2 })
    }))
}

const feedRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-17] ${name}: the feed pages through commits in order, each once, about as large as asked`, () =>
    Effect.gen(function*() {
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
    }))

  it.effect(`[JR-18] ${name}: the feed leaves out what the peer delivered, and its end covers it`, () =>
    Effect.gen(function*() {
      const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
      for (const change of notes(0, 600)) yield* a.write([change])
      yield* b.write([put("own", { text: "b" })])
      yield* pull(a, b)
      const page = yield* b.feed(0, a.device, unbounded)
      expect(page).toMatchObject({ upto: 601, isEnd: true })
      expect(page.commits.map(({ lseq }) => lseq)).toEqual([1])
      expect(yield* b.feed(1, a.device, 10)).toEqual({ commits: [], upto: 601, isEnd: true })
      expect((yield* commitsOf(b)).length).toBe(601)
    }), 30_000)
}

const fingerprintRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-19] ${name}: fingerprints of ranges are the sums over their entities, also beyond the bucket bound`, () =>
    Effect.gen(function*() {
      const journal = yield* open(make, 1)
      for (const upto of [500, 1000, 1500, 3000]) {
        yield* journal.write([...notes(upto === 500 ? 0 : upto - 500, upto), ...notes(0, 40, { text: `at ${upto}` })])
        if (upto === 3000) yield* journal.write(notes(1500, 2500))
        yield* assertSums(journal)
      }
      const { count } = (yield* journal.partitions).rows[0]!.total
      expect(count).toBe(3000)
    }), 60_000)
}

const assertSums = Effect.fnUntraced(function*(journal: Opened) {
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
        if (key.toString(16).padStart(Fingerprint.keyDigits, "0").startsWith(under)) Fingerprint.accumulate(sum, version, 1)
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
  it.effect(`[JR-20] ${name}: eventsBeyond gives exactly the events that clocks lack, which another journal takes in`, () =>
    Effect.gen(function*() {
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
      const fromB = yield* b.eventsBeyond(keys.map((item) => ({ ...item, clock: [] })), unbounded)
      expect(yield* c.receive(batch(b, fromB))).toMatchObject({ applied: 65, gaps: 0 })
      expect(yield* stateHash(c)).toEqual(yield* stateHash(a))
    }))
}

const keyOf = (journal: Opened, id: string): number => Fingerprint.entityKey(Context.get(journal.services, Crypto).sha256, id)

const readRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-21] ${name}: scan pages through all entities, live and deleted, in one order`, () =>
    Effect.gen(function*() {
      const journal = yield* open(make, 1)
      yield* journal.write([...notes(0, 70), ...Array.from({ length: 30 }, (_, i) => put(`m ${i}`, {}, { team: "a" }))])
      yield* journal.write([remove("note 3")])
      const whole = yield* journal.scan(undefined, 1000)
      expect(whole.length).toBe(100)
      expect(whole.filter(({ isDeleted }) => isDeleted).map(({ id }) => id)).toEqual(["note 3"])
      const order = whole.map((e) => Bytes.toHex(e.partitionHash) + e.key.toString(16).padStart(Fingerprint.keyDigits, "0"))
      expect(order).toEqual([...order].sort())
      const paged: Array<string> = []
      for (let after: Parameters<JournalShape["scan"]>[0]; ;) {
        const page = yield* journal.scan(after, 7)
        paged.push(...page.map(({ id }) => id))
        after = page.at(-1)
        if (page.length < 7) break
      }
      expect(paged).toEqual(whole.map(({ id }) => id))
    }))
}

const queryRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-22] ${name}: a query compares by type, orders with ties by id, and pages`, () =>
    Effect.gen(function*() {
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
        journal.query({ type: "note", where, orderBy: undefined, limit: 10, offset: 0 }).pipe(
          Effect.map((rows) => rows.map(({ id }) => id).join(""))
        )
      expect(yield* ids({})).toBe("1234")
      expect(yield* ids({ team: "b" })).toBe("34")
      expect([yield* ids({ on: true }), yield* ids({ on: 1 }), yield* ids({ on: "true" })]).toEqual(["1", "2", "3"])
      expect([yield* ids({ [odd]: "x" }), yield* ids({ text: null }), yield* ids({ text: `["a"]` })]).toEqual(["1", "134", "2"])
      expect([yield* ids({ n: 3, team: "a" }), yield* ids({ tags: `["a"]` })]).toEqual(["2", "2"])
      const ordered = (isDescending: boolean, limit: number, offset: number) =>
        journal.query({ type: "note", where: {}, orderBy: { field: "n", isDescending }, limit, offset }).pipe(
          Effect.map((rows) => rows.map(({ id }) => id).join(""))
        )
      expect([yield* ordered(false, 10, 0), yield* ordered(true, 10, 0)]).toEqual(["1324", "2431"])
      expect([yield* ordered(true, 2, 1), yield* ordered(true, 2, 4)]).toEqual(["43", ""])
      expect(yield* journal.query({ type: "x", where: {}, orderBy: undefined, limit: 1, offset: 0 })).toEqual([])
      expect([yield* journal.count("note"), yield* journal.count("x")]).toEqual([4, 0])
    }))

  it.effect(`[JR-23] ${name}: a journal names its space, its device and an incarnation of its own`, () =>
    Effect.gen(function*() {
      const [a, b] = [yield* open(make, 1), yield* open(make, 1)]
      expect(a.info.space).toBe(space)
      expect(Author.peer(a.info.author)).toBe(a.device)
      expect(a.info.author.endsWith(a.info.incarnation)).toBe(true)
      expect(a.info.incarnation).not.toBe(b.info.incarnation)
    }))
}
