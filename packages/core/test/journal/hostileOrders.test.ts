// Events by hand, as no honest device makes them: forks, lies about what they replace, removals of what is not there.
import { expect, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { DeviceKey } from "../../src/crypto/DeviceKey.ts"
import * as SpaceKey from "../../src/crypto/SpaceKey.ts"
import * as Compression from "../../src/crypto/Compression.ts"
import * as Author from "../../src/identity/Author.ts"
import * as HybridTime from "../../src/identity/HybridTime.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import * as Commit from "../../src/model/Commit.ts"
import * as Event from "../../src/model/Event.ts"
import {
  batch,
  change,
  commitsOf,
  type MakeJournal,
  open,
  type Opened,
  space,
  startMs,
  stateHash
} from "../../src/testing/JournalFixture.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"
import { functions, layerDevice } from "./nodeCrypto.ts"

const makeMemory: MakeJournal = (device, ofSpace) =>
  MemoryJournal.layer({ space: ofSpace }).pipe(Layer.provideMerge(layerDevice(device)))

const seal = (
  device: Opened,
  authors: ReadonlyArray<Author.Author>,
  at: HybridTime.HybridTime,
  events: ReadonlyArray<Event.Event>
) =>
  Commit.seal(
    functions,
    Context.get(device.services, Compression.Compression),
    Context.get(device.services, DeviceKey),
    { space, partition: { type: "note", header: {} }, authors, at, nonce: 0, group: undefined },
    events.map(Event.encode)
  )

const hashOf = (leaf: Uint8Array): Uint8Array => leaf.slice(0, Event.eventHashBytes)

interface Made {
  readonly author: Author.Author
  readonly eseq: number
  readonly hash: Uint8Array
  readonly bytes: Uint8Array
}

/** Twelve events of one note by five authors of two devices, each in a commit of its own. */
const randomEvents = (random: SeededRandom, a: Opened, b: Opened): ReadonlyArray<Made> => {
  const authors = [a, a, a, b, b].map(({ device }, i) => Author.make(device, `000000000000000${i}`))
  const forks = random.pick([0, 0.05, 0.2])
  const made: Array<Made> = []
  for (let i = 0; i < 12; i++) {
    const author = random.pick(authors)
    const device = Author.peer(author) === a.device ? a : b
    const listed: Array<Author.Author> = [author]
    const place = (other: Author.Author): number =>
      listed.includes(other) ? listed.indexOf(other) : listed.push(other) - 1
    const own = made.filter((other) => other.author === author)
    const others = made.filter((other) => other.author !== author)
    const isFork = own.length > 0 && random.chance(forks)
    const parent = isFork ? random.pick(own) : own.toSorted((x, y) => y.eseq - x.eseq)[0]
    const seen = others.length > 0 && random.chance(0.3) ? random.pick(others) : undefined
    const event: Event.Event = {
      entity: "n1",
      eseq: (parent?.eseq ?? 0) + 1,
      prev: parent?.hash,
      deps: seen === undefined ? [] : [[place(seen.author), seen.eseq]],
      ops: randomOperations(random, i, made, others, device, place)
    }
    const at = HybridTime.make(startMs + random.between(0, 20), 0)
    const { bytes, leaves } = seal(device, listed, at, [event])
    made.push({ author, eseq: event.eseq, hash: hashOf(leaves[0]!), bytes })
  }
  return made
}

const randomOperations = (
  random: SeededRandom,
  i: number,
  made: ReadonlyArray<Made>,
  others: ReadonlyArray<Made>,
  { device }: Opened,
  place: (author: Author.Author) => number
): Event.Operations => {
  const word = (): string => random.pick(["x", "y", "z"])
  const removed = made.length > 0 && random.chance(0.3) ? random.pick(made) : undefined
  const same = others.filter(({ author }) => Author.peer(author) === device)
  const replaced = same.length > 0 && random.chance(0.4) ? random.pick(same) : undefined
  return {
    ...(random.chance(0.4) && { s: { text: `${i}` } }),
    ...(random.chance(0.3) && { c: { hits: 2 ** i } }),
    ...(random.chance(0.4) && { a: { tags: [word()] } }),
    ...(removed && { r: { tags: [[word(), [[place(removed.author), removed.eseq]]]] } }),
    ...(random.chance(0.15) && { d: random.chance(0.5) }),
    ...(replaced && { w: [[place(replaced.author), random.pick([replaced.eseq, 1, 50]), replaced.hash]] })
  }
}

it.effect(
  "[JR-13] [JR-88] journals agree on any events of hostile devices, in whatever order and batches they come",
  () =>
    Effect.gen(function* () {
      for (let seed = 1; seed <= 40; seed++) {
        const random = new SeededRandom(seed)
        const [a, b] = [yield* open(makeMemory, 1), yield* open(makeMemory, 2)]
        const made = randomEvents(random, a, b)
        const seen: Array<unknown> = []
        for (let device = 3; device < 7; device++) {
          const journal = yield* open(makeMemory, device)
          const ranked = made.map((event) => ({ event, rank: random.fraction() })).sort((x, y) => x.rank - y.rank)
          const order = ranked.map(({ event }) => event)
          if (device % 2 === 0) yield* journal.receive(batch(a, order, { from: 0, upto: order.length }))
          for (let moved = 1; moved > 0;) {
            moved = 0
            for (const event of order) moved += (yield* journal.receive(batch(a, [event]))).applied
          }
          const { rows } = yield* journal.partitions
          const roots = rows.map(({ total }) => [total.count, ...total.lanes])
          const view = yield* journal.get("note", "n1")
          seen.push([roots, (yield* commitsOf(journal)).length, view?.fields])
        }
        for (const other of seen) expect(other, `seed ${seed}`).toEqual(seen[0])
      }
    })
)

it.effect(
  "[JR-11] a long forked history costs a batch one fold, not one for each of its events",
  () =>
    Effect.gen(function* () {
      const [a, journal] = [yield* open(makeMemory, 1), yield* open(makeMemory, 2)]
      const author = a.info.author
      const first = (text: string): Event.Event => ({
        entity: "n1",
        eseq: 1,
        prev: undefined,
        deps: [],
        ops: { s: { text } }
      })
      const branches = ["a", "b"].map((text, i) =>
        seal(a, [author], HybridTime.make(startMs - 9 + i, 0), [first(text)])
      )
      yield* journal.receive(batch(a, branches))
      let prev = hashOf(branches[0]!.leaves[0]!)
      const frame = { space, partition: { type: "note", header: {} }, authors: [author], group: undefined }
      const meaning = Commit.meaningOf(functions, { ...frame, seal: undefined, at: HybridTime.zero, count: 128 })
      const commits = Array.from({ length: 48 }, (_, number) => {
        const time = HybridTime.make(startMs - 7, number * 128)
        const events = Array.from({ length: 128 }, (_, i): Event.Event => {
          const event = { entity: "n1", eseq: number * 128 + i + 2, prev, deps: [], ops: { c: { hits: 1 } } }
          prev = hashOf(Commit.leaf(functions, meaning, HybridTime.add(time, i), 0, Event.encode(event)))
          return event
        })
        return seal(a, [author], time, events)
      })
      expect(yield* journal.receive(batch(a, commits))).toMatchObject({ applied: 48 * 128, gaps: 0 })
      expect((yield* journal.get("note", "n1"))?.fields["hits"]).toBe(48 * 128)
    }),
  30_000
)

/** Gives everybody what everybody has, twice. */
const exchanged = Effect.fnUntraced(function* (...journals: ReadonlyArray<Opened>) {
  for (let times = 0; times < 2; times++) {
    for (const from of journals) {
      for (const into of journals) {
        if (into !== from) yield* into.receive({ ...batch(from, yield* commitsOf(from)), isCustodian: true })
      }
    }
  }
})

it.effect("[JR-155] one event that is signed with two lists of authors is two, and replicas agree on both", () =>
  Effect.gen(function* () {
    const [m, a, b] = [yield* open(makeMemory, 1), yield* open(makeMemory, 2), yield* open(makeMemory, 3)]
    for (const [journal, tag] of [
      [a, "of a"],
      [b, "of b"]
    ] as const) {
      yield* journal.write([change("n1", { sets: { tags: [tag] } })])
    }
    yield* exchanged(a, b)
    const event: Event.Event = {
      entity: "n1",
      eseq: 1,
      prev: undefined,
      deps: [
        [1, 1],
        [2, 1]
      ],
      ops: { r: { tags: ["of a", "of b"].map((tag) => [tag, [[1, 1]]] as const) } }
    }
    const [me, ofA, ofB] = [m.info.author, a.info.author, b.info.author]
    const lists = [
      [me, ofA, ofB],
      [me, ofB, ofA]
    ]
    const made = lists.map((authors) => seal(m, authors, HybridTime.make(startMs + 9, 0), [event]))
    expect(made[0]!.leaves[0]).not.toEqual(made[1]!.leaves[0])
    yield* a.receive(batch(m, [made[0]!]))
    yield* b.receive(batch(m, [made[1]!]))
    yield* exchanged(a, b)
    for (const journal of [a, b]) expect((yield* journal.get("note", "n1"))?.fields["tags"]).toEqual([])
    expect(yield* stateHash(a)).toEqual(yield* stateHash(b))
  })
)

it.effect("[JR-155] one outline that is signed with two sealed contents is two events", () =>
  Effect.gen(function* () {
    const key = SpaceKey.of(space, new Uint8Array(SpaceKey.spaceKeyBytes).fill(1))
    const make: MakeJournal = (device, of) =>
      MemoryJournal.layer({ space: of, held: { keys: [key.secret], sealing: key.id } }).pipe(
        Layer.provideMerge(layerDevice(device))
      )
    const [m, a, b] = [yield* open(make, 1), yield* open(make, 2), yield* open(make, 3)]
    for (const [into, text] of [
      [a, "pay 10"],
      [b, "pay 10000"]
    ] as const) {
      const event: Event.Event = { entity: "n1", eseq: 1, prev: undefined, deps: [], ops: { s: { text } } }
      const frame = { space, partition: { type: "note", header: {} }, authors: [m.info.author], group: undefined }
      const { bytes } = Commit.seal(
        functions,
        Context.get(m.services, Compression.Compression),
        Context.get(m.services, DeviceKey),
        { ...frame, at: HybridTime.make(startMs, 0), nonce: 7 },
        [Event.encodeOutline(event)],
        { key, contents: [Event.encodeContents(event)!] }
      )
      expect(yield* into.receive(batch(m, [{ bytes }]))).toMatchObject({ applied: 1 })
    }
    yield* exchanged(a, b)
    expect((yield* a.get("note", "n1"))?.fields).toEqual((yield* b.get("note", "n1"))?.fields)
    expect(yield* stateHash(a)).toEqual(yield* stateHash(b))
    expect((yield* a.quarantineCounts).Forked).toBe(1)
  })
)
