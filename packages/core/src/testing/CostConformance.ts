/**
 * What others may cost a journal with few bytes: further rules of `journalConformance`. The commits are made by hand, for
 * no proper journal makes them.
 */
import { expect, it } from "@effect/vitest"
import { Context, Effect } from "effect"
import { Compression, type CompressionFunctions } from "../crypto/Compression.ts"
import { Crypto } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import * as Fingerprint from "../journal/Fingerprint.ts"
import * as Commit from "../model/Commit.ts"
import * as Event from "../model/Event.ts"
import * as Limits from "../model/Limits.ts"
import * as MessagePack from "../model/MessagePack.ts"
import * as LiveState from "../session/LiveState.ts"
import * as FrameCodec from "../wire/FrameCodec.ts"
import {
  batch,
  change,
  commitsOf,
  firstEvent,
  type MakeJournal,
  open,
  type Opened,
  partitionHash,
  put,
  space,
  startMs,
  unbounded
} from "./JournalFixture.ts"

/** Registers the rules as tests. */
export const costConformance = (name: string, make: MakeJournal): void => {
  lengthRules(name, make)
  crowdRules(name, make)
  repetitionRules(name, make)
}

/** A signed commit of these events. */
const seal = (
  author: Opened,
  events: ReadonlyArray<Event.Event>,
  more: { readonly compression?: CompressionFunctions; readonly header?: Partial<Commit.CommitHeader> } = {}
): Uint8Array =>
  Commit.seal(
    Context.get(author.services, Crypto),
    more.compression ?? Context.get(author.services, Compression),
    Context.get(author.services, DeviceKey),
    {
      space,
      partition: { type: "note", header: {} },
      authors: [author.info.author],
      at: HybridTime.make(startMs, 0),
      nonce: 0,
      group: undefined,
      ...more.header
    },
    events.map(Event.encode)
  ).bytes

/** A Zstandard frame (RFC 8878) with the content in one raw block behind empty ones: as many bytes as one likes. */
const padded = (content: Uint8Array, emptyBlocks: number): Uint8Array => {
  const frame = new Uint8Array(9 + 3 * emptyBlocks + 3 + content.length)
  const view = new DataView(frame.buffer)
  view.setUint32(0, 0xfd2fb528, true)
  frame[4] = 0xa0
  view.setUint32(5, content.length, true)
  const last = 9 + 3 * emptyBlocks
  view.setUint16(last, ((content.length << 3) | 1) & 0xffff, true)
  frame[last + 2] = content.length >> 13
  frame.set(content, last + 3)
  return frame
}

/** A commit with the same header, signature and events, and another body. */
const repacked = (bytes: Uint8Array, method: number, change: (events: Uint8Array) => Uint8Array): Uint8Array => {
  const [header, signature, , body] = MessagePack.unpackOwn(bytes) as [Uint8Array, Uint8Array, number, Uint8Array]
  return MessagePack.pack([header, signature, method, change(body)])
}

/** The largest header that there is: every author, every header field, and names of the widest characters. */
const largestHeader = (author: Opened): Partial<Commit.CommitHeader> => ({
  authors: [
    author.info.author,
    ...Array.from({ length: Limits.authorsPerCommitMax - 1 }, (_, i) =>
      Author.make(author.device, i.toString(16).padStart(16, "0"))
    )
  ],
  partition: {
    type: "\u{ffdc}".repeat(Limits.nameBytesMax),
    header: Object.fromEntries(
      Array.from({ length: Limits.headerFieldsMax }, (_, i) => [
        `${i}${"\u{ffdc}".repeat(Limits.nameBytesMax - 1)}`,
        "x".repeat(Limits.headerTextBytesMax)
      ])
    )
  },
  group: "0123456789abcdef"
})

const lengthRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-30] ${name}: nobody who passes a commit on can make it longer than a frame carries`, () =>
    Effect.gen(function* () {
      const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
      const stored = { method: 0, compress: (bytes: Uint8Array) => bytes, decompress: () => undefined } as const
      const honest = seal(a, [firstEvent("n1", "x".repeat(1_100))], { compression: stored })
      for (const blocks of [1, 340_000]) {
        const longer = repacked(honest, 1, (events) => padded(events, blocks))
        expect(yield* hub.receive(batch(a, [{ bytes: longer }]))).toMatchObject({
          applied: 0,
          refused: [["CommitMalformed", 1]]
        })
      }
      expect(yield* hub.receive(batch(a, [{ bytes: honest }]))).toMatchObject({ applied: 1, refused: [] })
    })
  )

  it.effect(`[JR-30] ${name}: the largest commit that is taken in goes on in one frame, whole and in part`, () =>
    Effect.gen(function* () {
      const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
      const crypto = Context.get(a.services, Crypto)
      // Nothing shrinks random text.
      const text = (length: number): string => Bytes.toHex(crypto.randomBytes(Math.ceil(length / 2))).slice(0, length)
      const header = largestHeader(a)
      const events = [
        ...Array.from({ length: 124 }, (_, i) => firstEvent(`n${i}`, "")),
        ...["a", "b", "c"].map((id) => firstEvent(id, text(65_400)))
      ]
      const spare =
        Limits.commitBytesMax - MessagePack.pack([...events, firstEvent("last", "")].map(Event.encode)).length
      const stored = { method: 0, compress: (bytes: Uint8Array) => bytes, decompress: () => undefined } as const
      const bytes = seal(a, [...events, firstEvent("last", text(spare - 4))], { compression: stored, header })
      const packed = Commit.open(bytes)
      if (typeof packed === "string") return expect(packed).toBe("a commit")
      expect(packed.header.size).toBeGreaterThan(Limits.commitBytesMax - 8)
      const all = Commit.openEvents(crypto, Context.get(a.services, Compression), packed)
      if (typeof all === "string") return expect(all).toBe("events")
      const part = Commit.takePart(packed, all, all.places.slice(1))
      expect(yield* hub.receive(batch(a, [{ bytes: part }, { bytes }]))).toMatchObject({ refused: [], applied: 128 })
      const commits = (yield* commitsOf(hub)).toSorted((x, y) => y.bytes.length - x.bytes.length)
      for (const commit of [...commits, { ...commits[0]!, bytes: part }]) {
        const { message } = LiveState.withBatch(LiveState.initial("responder"), [commit], {
          from: 0,
          upto: 1,
          isLast: true
        })
        const frame = FrameCodec.encode(Context.get(a.services, Compression), { sequence: 2 ** 40, message })
        expect(frame.length).toBeLessThan(Limits.frameBytesMax / 2)
      }
    })
  )
}

/** Each of these takes a byte to send. */
const lists = (count: number): ReadonlyArray<never[]> => Array.from({ length: count }, () => [])

const crowdRules = (name: string, make: MakeJournal): void => {
  it.effect(`[JR-31] ${name}: a commit of few bytes and many values is refused before it is read`, () =>
    Effect.gen(function* () {
      const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
      const event = (id: string, fields: number): Event.Event => ({
        ...firstEvent(id, ""),
        ops: { s: Object.fromEntries(Array.from({ length: fields }, (_, i) => [`f${i}`, lists(9_900)])) }
      })
      const commits = [[event("one", 4)], ["a", "b", "c", "d"].map((id) => event(id, 1)), [event("good", 3)]]
      const outcome = yield* hub.receive(
        batch(
          a,
          commits.map((events, nonce) => ({ bytes: seal(a, events, { header: { nonce } }) }))
        )
      )
      expect(outcome).toMatchObject({ applied: 1, refused: [["EventMalformed", 2]] })
      expect(yield* hub.count("note")).toBe(1)
    })
  )

  it.effect(
    `[JR-31] ${name}: a write of many values becomes several commits, and one change with more is refused`,
    () =>
      Effect.gen(function* () {
        const [a, hub] = [yield* open(make, 1), yield* open(make, 2)]
        const changes = Array.from({ length: 12 }, (_, i) => put(`n${i}`, { list: lists(9_900) }))
        expect((yield* a.write(changes)).commits).toHaveLength(4)
        expect(yield* hub.receive(batch(a, yield* commitsOf(a)))).toMatchObject({ applied: 12, refused: [], gaps: 0 })
        const fields = Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`f${i}`, lists(9_900)]))
        const error = yield* Effect.flip(a.write([put("small", { t: 1 }), put("crowded", fields)]))
        expect(error.reason).toMatchObject({ _tag: "EntityInvalid", id: "crowded" })
        expect(yield* a.count("note")).toBe(12)
      })
  )
}

/** What takes longer than this grows with what is named: the work of once takes tenths of a second. */
const repetitionMsMax = 12_000

const repetitionRules = (name: string, make: MakeJournal): void => {
  it.effect(
    `[JR-34] ${name}: what names a record with a long history again and again costs what one name costs`,
    () =>
      Effect.gen(function* () {
        const [a, b] = [yield* open(make, 1), yield* open(make, 2)]
        const hits = (from: number) =>
          Array.from({ length: Limits.eventsPerCommitMax }, (_, i) => change("hot", { counters: { hits: from + i } }))
        for (let n = 0; n < 20; n++) yield* a.write(hits(1 + n * Limits.eventsPerCommitMax))
        const commits = yield* commitsOf(a)
        expect(yield* b.receive(batch(a, commits))).toMatchObject({ applied: 20 * Limits.eventsPerCommitMax })
        const again = Array.from({ length: 32 }, () => commits[0]!)
        const why = { reason: "Denied", rule: "r", policyVersion: 1, because: "" } as const
        const denied = { ...batch(a, again), denials: again.map((_, index) => ({ index, ...why })) }
        expect(yield* b.receive(denied)).toMatchObject({ known: 32 * Limits.eventsPerCommitMax, refused: [] })
        const key = Fingerprint.entityKey(Context.get(a.services, Crypto).sha256, "hot")
        const item = { partitionHash: yield* partitionHash(a), key, clock: [] }
        const once = yield* a.eventsBeyond([item], unbounded)
        const names = Array.from({ length: 4_096 }, () => item)
        expect(yield* a.eventsBeyond(names, unbounded)).toEqual(once)
      }),
    repetitionMsMax
  )
}
