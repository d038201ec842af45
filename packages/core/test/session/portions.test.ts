// A batch of few bytes that unpacks to many: it is taken in in several transactions, in its order.
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Compression } from "../../src/crypto/Compression.ts"
import * as Author from "../../src/identity/Author.ts"
import * as HybridTime from "../../src/identity/HybridTime.ts"
import { Journal } from "../../src/journal/Journal.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import * as Commit from "../../src/model/Commit.ts"
import * as Event from "../../src/model/Event.ts"
import type { RemoteOutcome } from "../../src/journal/Journal.ts"
import { portionBytesMax, PortionSum } from "../../src/session/BatchPortions.ts"
import type { WireMessage } from "../../src/wire/WireMessage.ts"
import { compression, crypto, layerDevice, signerOf } from "../nodeCrypto.ts"
import { FarEnd, gateFor, greet, openSession, peerOf, space } from "./SessionUnderTest.ts"

const incarnation = "0011223344556677"
const nodeLayer = Layer.mergeAll(MemoryJournal.layer({ space }), gateFor([2])).pipe(
  Layer.provideMerge(Layer.merge(layerDevice(1), Layer.succeed(Compression, compression)))
)

/** Commits of about 240 KiB that follow each other on four notes; one in ten is of a type that may not come in. */
const chain = (count: number): ReadonlyArray<Uint8Array> => {
  const last = new Map<string, Uint8Array>()
  return Array.from({ length: count }, (_, n) => {
    const isDenied = n % 10 === 7
    const header = {
      space,
      partition: { type: isDenied ? "secret" : "note", header: {} },
      authors: [Author.make(peerOf(2), incarnation)],
      at: HybridTime.make(n + 1, 0),
      nonce: 0,
      group: undefined
    }
    const names = ["a", "b", "c", "d"].map((name) => (isDenied ? `${name}${n}` : name))
    const events = names.map((entity): Event.Event => {
      const prev = last.get(entity)
      const eseq = isDenied ? 1 : n + 1 - Math.floor((n + 2) / 10)
      return { entity, eseq, prev, deps: [], ops: { s: { text: String(n).padEnd(60_000) } } }
    })
    const sealed = Commit.seal(crypto, compression, signerOf(2), header, events.map(Event.encode))
    names.forEach((entity, i) => void last.set(entity, sealed.leaves[i]!.slice(0, Event.eventHashBytes)))
    return sealed.bytes
  })
}

it.effect("[SE-17] a batch that unpacks to much is taken in bit by bit, in its order, and acknowledged once", () =>
  Effect.gen(function* () {
    const { far, notices } = yield* openSession("responder")
    const end = new FarEnd(far)
    yield* greet(end, 2)
    expect(yield* end.hear()).toMatchObject({ _tag: "HelloAck" })
    const commits = chain(40)
    const batches = [commits.slice(0, 30), commits.slice(30)]
    let from = 0
    for (const [batch, ofBatch] of batches.entries()) {
      const upto = from + ofBatch.length
      yield* end.say({ _tag: "EventBatch", batch, source: "feed", from, upto, isLast: batch === 1, commits: ofBatch })
      from = upto
    }
    const acks: Array<WireMessage & { readonly _tag: "EventAck" }> = []
    while (acks.length < 2) {
      const message = yield* end.hear()
      if (message._tag === "EventAck") acks.push(message)
    }
    expect(acks).toMatchObject([
      { batch: 0, upto: 30, applied: 27 * 4, gaps: 0, verdicts: [7, 17, 27].map((place) => [place, 0]) },
      { batch: 1, upto: 40, applied: 9 * 4, gaps: 0, verdicts: [[7, 0]] }
    ])
    const taken = notices.flatMap((notice) => (notice._tag === "TakenIn" ? [notice.outcome] : []))
    expect(taken.length).toBeGreaterThan(4)
    for (const { applied } of taken) expect((applied / 4) * 240_000).toBeLessThanOrEqual(portionBytesMax)
    // The cursor stood still until the first batch was in as a whole.
    expect([...new Set(taken.map(({ cursor }) => cursor))]).toEqual([0, 30, 40])
    const journal = yield* Journal
    expect((yield* journal.peer(peerOf(2), incarnation))?.cursor).toBe(40)
    expect((yield* journal.get("note", "d"))?.fields).toEqual({ text: "39".padEnd(60_000) })
  }).pipe(Effect.provide(nodeLayer))
)

it("[SE-17] what the portions of a batch changed is not gone through again, and what is said of its commits adds up", () => {
  const portion = (n: number): RemoteOutcome => ({
    applied: 128,
    known: 0,
    held: 1,
    gaps: 2,
    locked: 0,
    refused: [["Denied", 1]],
    verdicts: [{ index: n, code: "MassDelete", kind: "held", rule: "", policyVersion: 0, because: "" }],
    arrived: [],
    massDeletes: [],
    isCopied: false,
    forks: [],
    conflicts: [],
    get entities(): never {
      throw new Error("there may be very many")
    },
    cursor: n,
    head: n
  })
  const sum = new PortionSum()
  for (let n = 0; n < 512; n++) sum.add(portion(n))
  expect(sum.outcome).toMatchObject({ applied: 65_536, held: 512, gaps: 1024, refused: [["Denied", 512]], cursor: 511 })
  expect(sum.outcome.verdicts.map(({ index }) => index)).toEqual(Array.from({ length: 512 }, (_, n) => n))
})

/** Commits of one device: fifty notes, some deletes of them, and others of 240 KiB. */
const notes = Array.from({ length: 50 }, (_, n) => `n${n}`)
const sealed = (n: number, events: ReadonlyArray<Event.Event>) => {
  const authors = [Author.make(peerOf(2), incarnation)]
  const partition = { type: "note", header: {} }
  const header = { space, partition, authors, at: HybridTime.make(n + 1, 0), nonce: 0, group: undefined }
  return Commit.seal(crypto, compression, signerOf(2), header, events.map(Event.encode))
}
const text = (entity: string, length: number): Event.Event => ({
  entity,
  eseq: 1,
  prev: undefined,
  deps: [],
  ops: { s: { text: "".padEnd(length) } }
})

it.effect("[SE-17] the deletes of a batch are judged together, whatever unpacks to much between them", () =>
  Effect.gen(function* () {
    const { far } = yield* openSession("responder")
    const end = new FarEnd(far)
    yield* greet(end, 2)
    expect(yield* end.hear()).toMatchObject({ _tag: "HelloAck" })
    const made = sealed(
      0,
      notes.map((entity) => text(entity, 1))
    )
    const removed = (n: number, from: number, upto: number) =>
      sealed(
        n,
        notes.slice(from, upto).map((entity, i) => {
          const prev = made.leaves[from + i]!.slice(0, Event.eventHashBytes)
          return { entity, eseq: 2, prev, deps: [], ops: { d: true } }
        })
      )
    const large = (n: number) =>
      sealed(
        n,
        [0, 1, 2, 3].map((i) => text(`l${n}-${i}`, 60_000))
      )
    const largeOnes = Array.from({ length: 20 }, (_, i) => large(10 + i))
    // What a batch itself brings and deletes again counts: somebody else may have made records with the same ids.
    const brought = sealed(
      40,
      Array.from({ length: 40 }, (_, i) => text(`b${i}`, 1))
    )
    const takenAway = sealed(
      41,
      Array.from({ length: 40 }, (_, i) => {
        const prev = brought.leaves[i]!.slice(0, Event.eventHashBytes)
        return { entity: `b${i}`, eseq: 2, prev, deps: [], ops: { d: true } }
      })
    )
    const batches = [
      [made],
      [removed(1, 0, 19), ...largeOnes.slice(0, 10), removed(30, 19, 38), ...largeOnes.slice(10), removed(31, 38, 40)],
      [brought, ...Array.from({ length: 10 }, (_, i) => large(50 + i)), takenAway]
    ]
    let from = 0
    for (const [batch, commits] of batches.entries()) {
      const upto = from + commits.length
      const isLast = batch === batches.length - 1
      const bytes = commits.map((commit) => commit.bytes)
      yield* end.say({ _tag: "EventBatch", batch, source: "feed", from, upto, isLast, commits: bytes })
      from = upto
    }
    const acks: Array<WireMessage & { readonly _tag: "EventAck" }> = []
    while (acks.length < batches.length) {
      const message = yield* end.hear()
      if (message._tag === "EventAck") acks.push(message)
    }
    expect(acks).toMatchObject([
      { batch: 0, held: 0 },
      { batch: 1, held: 3, applied: 80, verdicts: [0, 11, 22].map((place) => [place, 0]), gaps: 0 },
      { batch: 2, held: 1, applied: 80, gaps: 0 }
    ])
    const journal = yield* Journal
    expect(yield* journal.count("note")).toBe(50 + 80 + 40 + 40)
    expect((yield* journal.quarantineCounts).MassDelete).toBe(4)
    expect((yield* journal.peer(peerOf(2), incarnation))?.cursor).toBe(from)
  }).pipe(Effect.provide(nodeLayer))
)
