/**
 * Batches of few bytes that unpack to many, over a transport as it is: they are taken in in several transactions, in their order. A
 * part of `SessionConformance`.
 */
import { expect } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Compression, type CompressionFunctions } from "../crypto/Compression.ts"
import * as Author from "../identity/Author.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import { Journal } from "../journal/Journal.ts"
import * as MemoryJournal from "../journal/MemoryJournal.ts"
import * as Commit from "../model/Commit.ts"
import * as Event from "../model/Event.ts"
import { portionBytesMax } from "../session/BatchPortions.ts"
import type { WireMessage } from "../wire/WireMessage.ts"
import { sessionTest } from "./SessionTest.ts"
import { crypto, gateFor, greet, layerDevice, peerOf, signerOf, space } from "./SpokenSession.ts"
import type { TransportSetup } from "./TransportConformance.ts"

/** Adds the suite to the test file that calls it. */
export const portions = (setup: TransportSetup): void => {
  inOrder(setup)
  deletesTogether(setup)
}

/** Bytes after how often they repeat, up to 255 times: runs anywhere, and packs long texts of one letter. */
const runLengths: CompressionFunctions = {
  method: 1,
  compress: (bytes) => {
    const packed: Array<number> = []
    for (let i = 0; i < bytes.length;) {
      let count = 1
      while (count < 255 && bytes[i + count] === bytes[i]) count++
      packed.push(count, bytes[i]!)
      i += count
    }
    return Uint8Array.from(packed)
  },
  decompress: (method, bytes, bytesMax) => {
    if (method === 0) return bytes.length <= bytesMax ? bytes : undefined
    let length = 0
    for (let i = 0; i < bytes.length; i += 2) length += bytes[i]!
    if (length > bytesMax) return undefined
    const unpacked = new Uint8Array(length)
    for (let i = 0, at = 0; i < bytes.length; at += bytes[i]!, i += 2) unpacked.fill(bytes[i + 1]!, at, at + bytes[i]!)
    return unpacked
  }
}

const incarnation = "0011223344556677"
const nodeLayer = Layer.mergeAll(MemoryJournal.layer({ space }), gateFor([2])).pipe(
  Layer.provideMerge(Layer.merge(layerDevice(1), Layer.succeed(Compression, runLengths)))
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
    const sealed = Commit.seal(crypto, runLengths, signerOf(2), header, events.map(Event.encode))
    names.forEach((entity, i) => void last.set(entity, sealed.leaves[i]!.slice(0, Event.eventHashBytes)))
    return sealed.bytes
  })
}

const inOrder = (setup: TransportSetup): void => {
  const title = "[SE-17] a batch that unpacks to much is taken in bit by bit, in its order, and acknowledged once"
  sessionTest(setup, title, nodeLayer, (open) =>
    Effect.gen(function* () {
      const { end, notices } = yield* open("responder")
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
    })
  )
}

/** Commits of one device: fifty notes, some deletes of them, and others of 240 KiB. */
const notes = Array.from({ length: 50 }, (_, n) => `n${n}`)
const sealed = (n: number, events: ReadonlyArray<Event.Event>) => {
  const authors = [Author.make(peerOf(2), incarnation)]
  const partition = { type: "note", header: {} }
  const header = { space, partition, authors, at: HybridTime.make(n + 1, 0), nonce: 0, group: undefined }
  return Commit.seal(crypto, runLengths, signerOf(2), header, events.map(Event.encode))
}
const text = (entity: string, length: number): Event.Event => ({
  entity,
  eseq: 1,
  prev: undefined,
  deps: [],
  ops: { s: { text: "".padEnd(length) } }
})

/** A commit of about 240 KiB. */
const large = (n: number) =>
  sealed(
    n,
    [0, 1, 2, 3].map((i) => text(`l${n}-${i}`, 60_000))
  )

const deletesTogether = (setup: TransportSetup): void => {
  const title = "[SE-17] the deletes of a batch are judged together, whatever unpacks to much between them"
  sessionTest(setup, title, nodeLayer, (open) =>
    Effect.gen(function* () {
      const { end } = yield* open("responder")
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
        [
          removed(1, 0, 19),
          ...largeOnes.slice(0, 10),
          removed(30, 19, 38),
          ...largeOnes.slice(10),
          removed(31, 38, 40)
        ],
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
    })
  )
}
