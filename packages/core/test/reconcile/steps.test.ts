// Single steps of range reconciliation between two journals: what they read, and how large their answers are.
import { expect, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { Crypto } from "../../src/crypto/Crypto.ts"
import * as Bytes from "../../src/identity/Bytes.ts"
import * as Fingerprint from "../../src/journal/Fingerprint.ts"
import type { JournalShape } from "../../src/journal/Journal.ts"
import type { PartitionRow } from "../../src/journal/JournalTables.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import * as Limits from "../../src/model/Limits.ts"
import * as RangeTree from "../../src/reconcile/RangeTree.ts"
import * as RangeExchange from "../../src/session/RangeExchange.ts"
import {
  batch,
  change,
  commitsOf,
  type MakeJournal,
  notes,
  open,
  type Opened,
  partitionHash,
  pull,
  put,
  stateHash
} from "../../src/testing/JournalFixture.ts"
import * as FrameCodec from "../../src/wire/FrameCodec.ts"
import type { RangeNode, SyncState } from "../../src/wire/WireMessage.ts"
import { stored } from "../../src/crypto/Compression.ts"
import { layerDevice } from "../nodeCrypto.ts"

const make: MakeJournal = (device, space) =>
  MemoryJournal.layer({ space }).pipe(Layer.provideMerge(layerDevice(device)))

const contextOf = Effect.fnUntraced(function* (side: Opened, journal: JournalShape = side) {
  const { sha256 } = Context.get(side.services, Crypto)
  return { journal, sha256, view: (yield* side.partitions).rows }
})

const asking = (parts: Partial<SyncState>): SyncState => ({
  _tag: "SyncState",
  request: 1,
  verdict: "differ",
  head: 0,
  nodes: [],
  clocks: [],
  replies: [],
  want: [],
  ...parts
})

const digits = Array.from("0123456789abcdef")

const bytesOf = (message: SyncState): number => FrameCodec.encode(stored, { sequence: 2 ** 40, message }).length

/** The journal, and how often a session has read ranges in it. */
const counting = (journal: Opened) => {
  const reads = { children: 0, items: 0, clocks: 0, entities: 0 }
  const counted: JournalShape = Object.assign(Object.create(journal) as JournalShape, {
    children: (hash: Uint8Array, prefix: string) => {
      reads.children++
      return journal.children(hash, prefix)
    },
    items: (hash: Uint8Array, prefix: string, limit: number) => {
      reads.items++
      return journal.items(hash, prefix, limit)
    },
    clocks: (keys: Parameters<JournalShape["clocks"]>[0]) => {
      reads.clocks += keys.length
      return journal.clocks(keys)
    },
    eventsBeyond: (...[clocks, bytesMax]: Parameters<JournalShape["eventsBeyond"]>) => {
      reads.entities += clocks.length
      return journal.eventsBeyond(clocks, bytesMax)
    }
  } satisfies Partial<JournalShape>)
  return { counted, reads }
}

it.effect("[RE-5] a step that names one range, entity or wish thousands of times reads it once", () =>
  Effect.gen(function* () {
    const a = yield* open(make, 1)
    yield* a.write(notes(0, 600))
    const hash = yield* partitionHash(a)
    const { counted, reads } = counting(a)
    const context = yield* contextOf(a, counted)
    const many = <A>(entry: A, times = 4_096): ReadonlyArray<A> => Array.from({ length: times }, () => entry)
    const wrong = Array.from({ length: 16 }, () => new Uint8Array(8))
    const children: RangeNode = [2, hash, "", wrong]
    const items: RangeNode = [3, hash, "", []]
    const key = Fingerprint.entityKey(context.sha256, "note 1")
    yield* RangeExchange.answer(context, asking({ nodes: [...many(children, 2_000), ...many(items, 2_000)] }))
    // Once for the node, and once for each of its children that differ.
    expect(reads.children + reads.items).toBeLessThanOrEqual(1 + 16 + 1)
    const clock = [[new Uint8Array(40), 1, new Uint8Array(16)]] as const
    reads.entities = 0
    const step = asking({ clocks: many([hash, key, clock]), want: many([hash, key]) })
    const { reply } = yield* RangeExchange.answer(context, step)
    expect([reply.replies.length, reads.clocks]).toEqual([1, 1])
  })
)

it.effect("[RE-5] a step reads no more than its bounds, whatever it names", () =>
  Effect.gen(function* () {
    const a = yield* open(make, 1)
    yield* a.write(notes(0, 3_000))
    const hash = yield* partitionHash(a)
    const { counted, reads } = counting(a)
    const context = yield* contextOf(a, counted)
    const wrong = Array.from({ length: 16 }, () => new Uint8Array(8))
    const prefixes = ["", ...digits].flatMap((x) => digits.map((y) => x + y))
    const nodes = [
      ...prefixes.map((prefix): RangeNode => [2, hash, prefix, wrong]),
      ...prefixes.map((prefix): RangeNode => [3, hash, prefix, []])
    ]
    const { reply } = yield* RangeExchange.answer(context, asking({ nodes }))
    expect(reply.nodes.length).toBeLessThanOrEqual(512)
    expect(reads.children + reads.items).toBeLessThanOrEqual(2 * 512)
    expect(bytesOf(reply)).toBeLessThan(Limits.frameBytesMax)
  })
)

/** The journal as if further devices had written each entity, the same everywhere. */
const widened = (journal: Opened, authors: number, only?: number): JournalShape => {
  const others = Array.from({ length: authors }, (_, i) => {
    const author = new Uint8Array(40)
    new DataView(author.buffer).setUint32(0, i)
    return [author, 2 ** 40, new Uint8Array(16)] as const
  })
  return Object.assign(Object.create(journal) as JournalShape, {
    clocks: (keys: Parameters<JournalShape["clocks"]>[0]) =>
      Effect.map(journal.clocks(keys), (found) =>
        found.map((item) =>
          only === undefined || item.key === only ? { ...item, clock: [...item.clock, ...others] } : item
        )
      )
  })
}

const isEmpty = ({ clocks, nodes, replies, want }: SyncState): boolean =>
  nodes.length + clocks.length + replies.length + want.length === 0

/** Compares until roots are equal or nothing helps; gives the size of each step that was sent. */
const compare = Effect.fnUntraced(function* (a: Opened, b: Opened, authors: number) {
  const sizes: Array<number> = []
  const rootOf = ({ sha256, view }: { sha256: (bytes: Uint8Array) => Uint8Array; view: ReadonlyArray<PartitionRow> }) =>
    RangeTree.root(sha256, view).root
  for (let pass = 0; pass < 64; pass++) {
    const [first, second] = [yield* contextOf(a), yield* contextOf(b)]
    if (Bytes.equals(rootOf(first), rootOf(second))) return sizes
    let { reply } = RangeExchange.describe(first, 1)
    for (let [from, into] = [b, a]; !isEmpty(reply); [from, into] = [into, from]) {
      const answer = yield* RangeExchange.answer(yield* contextOf(from, widened(from, authors)), reply)
      sizes.push(bytesOf(answer.reply))
      if (answer.pushes.length > 0) yield* into.receive(batch(from, answer.pushes))
      reply = answer.reply
    }
  }
  return sizes
})

it.effect("[RE-6] records that very many devices have written are compared in steps that fit into frames", () =>
  Effect.gen(function* () {
    const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
    yield* a.write(notes(0, 200))
    yield* pull(a, b)
    yield* a.write(notes(0, 200, { text: "by a" }))
    yield* b.write(notes(0, 200, { text: "by b" }))
    const sizes = yield* compare(a, b, 300)
    expect(yield* stateHash(a)).toEqual(yield* stateHash(b))
    expect(Math.max(...sizes)).toBeGreaterThan(Limits.frameBytesMax / 3)
    expect(Math.max(...sizes)).toBeLessThan(Limits.frameBytesMax * 0.9)
  })
)

it.effect("[RE-6] an entity whose clock no frame carries is sent whole, once nothing else is left", () =>
  Effect.gen(function* () {
    const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
    yield* a.write(notes(0, 3))
    yield* pull(a, b)
    yield* a.write(notes(1, 2, { text: "more" }))
    const hash = yield* partitionHash(a)
    const context = yield* contextOf(a)
    const large = Fingerprint.entityKey(context.sha256, "note 1")
    const journal = widened(a, 5_000, large)
    const theirs = RangeTree.describeItems(hash, "", yield* b.items(hash, "", 10))
    const step = RangeExchange.answer({ ...context, journal }, asking({ nodes: [theirs] }))
    const alone = yield* step
    expect([alone.reply.clocks, alone.reply.want]).toEqual([[], [[hash, large]]])
    expect(yield* b.receive(batch(a, alone.pushes))).toMatchObject({ applied: 1, known: 1, gaps: 0 })
    yield* a.write(notes(0, 1, { text: "more" }))
    const beside = yield* step
    expect([beside.reply.clocks.length, beside.reply.want, beside.pushes]).toEqual([1, [], []])
  })
)

it.effect("[RE-7] an entity with a long history that keeps differing holds up no other", () =>
  Effect.gen(function* () {
    const a = yield* open(make, 1)
    yield* a.write([put("long", {})])
    for (let i = 0; i < 130; i++) {
      yield* a.write(Array.from({ length: 128 }, () => change("long", { kind: "patch", counters: { n: 1 } })))
    }
    yield* a.write([put("other", { text: "new" })])
    const context = yield* contextOf(a)
    const hash = yield* partitionHash(a)
    const [long, other] = ["long", "other"].map((id) => Fingerprint.entityKey(context.sha256, id))
    const asked = [long, other].map((key) => ({ partitionHash: hash, key: key!, clock: [] }))
    for (const order of [asked, asked.toReversed()]) {
      const pushed = (yield* a.eventsBeyond(order, 2 * 1024 * 1024)).map(({ lseq }) => lseq)
      // Both go: the long one has room left.
      expect([pushed[0], pushed.at(-1)]).toEqual([1, 132])
    }
  })
)

it.effect("[RE-7] bytes that a step cannot push are begun elsewhere in the next pass", () =>
  Effect.gen(function* () {
    const a = yield* open(make, 1)
    const text = Array.from({ length: 50_000 }, (_, i) => String.fromCodePoint(0x4e00 + ((i * 7919) % 20_000))).join("")
    const ids = Array.from({ length: 100 }, (_, i) => `note ${i}`)
    for (const id of ids) yield* a.write([put(id, { text: text.slice(0, 15_000) })])
    const context = yield* contextOf(a)
    const hash = yield* partitionHash(a)
    const want = ids.map((id) => [hash, Fingerprint.entityKey(context.sha256, id)] as const)
    const seen = new Set<number>()
    for (let request = 1; request <= 100; request++) {
      const { pushes } = yield* RangeExchange.answer(context, { ...asking({ want }), request })
      for (const { lseq } of pushes) seen.add(lseq)
    }
    expect(seen.size).toBe(ids.length)
  })
)

it.effect("[RE-7] an entity whose clock no frame carries has its turn while others keep differing", () =>
  Effect.gen(function* () {
    const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
    yield* a.write(notes(0, 3))
    yield* pull(a, b)
    yield* a.write(notes(0, 3, { text: "more" }))
    const hash = yield* partitionHash(a)
    const context = yield* contextOf(a)
    const large = Fingerprint.entityKey(context.sha256, "note 1")
    const journal = widened(a, 5_000, large)
    const theirs = RangeTree.describeItems(hash, "", yield* b.items(hash, "", 10))
    const wanted: Array<number> = []
    for (let request = 1; request <= 8; request++) {
      const step = { ...asking({ nodes: [theirs] }), request }
      const { reply } = yield* RangeExchange.answer({ ...context, journal }, step)
      for (const [, key] of reply.want) wanted.push(key)
    }
    expect(wanted).toEqual([large, large])
  })
)

it.effect("[RE-8] who lacks much of a commit gets it whole, who lacks little gets a part", () =>
  Effect.gen(function* () {
    const a = yield* open(make, 1)
    yield* a.write(Array.from({ length: 128 }, (_, i) => put(`n${i}`, { title: `title ${i}` })))
    const hash = yield* partitionHash(a)
    const { sha256 } = Context.get(a.services, Crypto)
    const keyOf = (i: number) => ({ partitionHash: hash, key: Fingerprint.entityKey(sha256, `n${i}`), clock: [] })
    const [whole] = yield* commitsOf(a)
    const sent = (count: number) =>
      Effect.map(
        a.eventsBeyond(
          Array.from({ length: count }, (_, i) => keyOf(i)),
          1e9
        ),
        ([commit]) => [commit!.events, commit!.bytes.length < whole!.bytes.length] as const
      )
    expect(yield* sent(100)).toEqual([128, false])
    expect(yield* sent(1)).toEqual([1, true])
  })
)
