/**
 * What the journal's conformance tests are made of: journals of numbered devices in one space, changes of notes, and
 * commits by hand for what a proper journal never makes. It judges nothing.
 */
import { Clock, Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Compression } from "../crypto/Compression.ts"
import { Crypto } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import type { Author } from "../identity/Author.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import { defaultDeleteLimits } from "../journal/DeleteWatch.ts"
import { type FeedCommit, Journal, type JournalShape, type RemoteBatch } from "../journal/Journal.ts"
import type { Verdict } from "../journal/Receipt.ts"
import * as StateHash from "../journal/StateHash.ts"
import * as Commit from "../model/Commit.ts"
import type { EntityChange, Patch, Put } from "../model/EntityChange.ts"
import * as Event from "../model/Event.ts"
import type { FieldValue } from "../model/FieldValue.ts"
import * as Limits from "../model/Limits.ts"
import type { HeaderValues } from "../model/Partition.ts"

export type JournalServices = Journal | Crypto | Compression | DeviceKey

/** A fresh journal of the device with this number; equal numbers in one test would be one device twice. */
export type MakeJournal = (device: number, space: SpaceId) => Layer.Layer<JournalServices, unknown>

export const space = "00112233445566778899aabbccddeeff" as SpaceId
export const startMs = 1_800_000_000_000
export const unbounded = Number.MAX_SAFE_INTEGER

/** Values of `lww` fields. */
type Lww = { readonly [field: string]: FieldValue }

export const put = (id: string, lww: Lww, header: HeaderValues = {}, type = "note"): EntityChange => ({
  partition: { type, header },
  id,
  change: { kind: "put", lww, counters: {}, sets: {} }
})

export const patch = (id: string, lww: Lww): EntityChange => ({
  partition: { type: "note", header: {} },
  id,
  change: { kind: "patch", lww, counters: {}, sets: {} }
})

export const remove = (id: string): EntityChange => ({
  partition: { type: "note", header: {} },
  id,
  change: { kind: "delete" }
})

/** A put, or what `parts` make of it. */
export const change = (id: string, parts: Partial<Put | Patch>, header: HeaderValues = {}): EntityChange =>
  ({
    partition: { type: "note", header },
    id,
    change: { kind: "put", lww: {}, counters: {}, sets: {}, ...parts }
  }) as EntityChange

export const notes = (from: number, upto: number, lww: Lww = { text: "new" }): Array<EntityChange> =>
  Array.from({ length: upto - from }, (_, i) => put(`note ${from + i}`, lww))

/** Opens the journal of a device for the rest of the test, and sets the clock when it still stands at zero. */
export const open = Effect.fnUntraced(function* (make: MakeJournal, device: number) {
  yield* TestClock.setTime(startMs)
  const services = yield* Layer.build(make(device, space))
  return Object.assign(Context.get(services, Journal), { services, device: Context.get(services, DeviceKey).peer })
})

/** The time of the last write; the next one is 10 ms later. */
export const moment = Effect.fnUntraced(function* (journal: JournalShape) {
  const time = yield* journal.lastTime
  yield* TestClock.adjust(10)
  return time
})

/** A journal that `open` gave, with the services of its device. */
export type Opened = Effect.Success<ReturnType<typeof open>>

export const nobody = "nobody" as PeerId

export const commitsOf = (journal: JournalShape, after = 0, bytesMax = unbounded) =>
  Effect.map(journal.feed(after, nobody, bytesMax), ({ commits }) => commits)

export const batch = (
  source: Opened,
  commits: ReadonlyArray<Pick<FeedCommit, "bytes">>,
  feed?: RemoteBatch["feed"]
): RemoteBatch => ({
  peer: source.device,
  incarnation: source.info.incarnation,
  isCustodian: false,
  feed,
  commits: commits.map(({ bytes }) => bytes),
  denials: [],
  aheadMsMax: Limits.clockAheadPeerMs,
  deleteLimits: defaultDeleteLimits
})

/** Everything of one journal into another, by its feed. */
export const pull = Effect.fnUntraced(function* (from: Opened, into: Opened) {
  const page = yield* from.feed(0, into.device, unbounded)
  return yield* into.receive(batch(from, page.commits, { from: 0, upto: page.upto }))
})

/** Releases what is due, as a node does by itself. */
export const releaseDue = Effect.fnUntraced(function* (journal: JournalShape) {
  const nowMs = yield* Clock.currentTimeMillis
  const held = yield* journal.quarantine({ after: 0, limit: 1_000, reason: "ClockAhead" })
  const due = held.filter(({ dueMs }) => dueMs !== null && dueMs <= nowMs).map(({ id }) => id)
  return yield* journal.release(due, defaultDeleteLimits)
})

export const stateHash = (journal: Opened) => StateHash.compute().pipe(Effect.provide(journal.services))

export const partitionHash = (journal: Opened, at = 0) => Effect.map(journal.partitions, ({ rows }) => rows[at]!.hash)

/** A commit by hand, for what a proper journal never makes. */
export const forge = (author: Opened, ofSpace: SpaceId, atMs: number, event: Event.Event, nonce = 0): Uint8Array =>
  forged(author, ofSpace, atMs, event, nonce).bytes

const forged = (author: Opened, ofSpace: SpaceId, atMs: number, event: Event.Event, nonce: number) =>
  Commit.seal(
    Context.get(author.services, Crypto),
    Context.get(author.services, Compression),
    Context.get(author.services, DeviceKey),
    {
      space: ofSpace,
      partition: { type: "note", header: {} },
      authors: [author.info.author],
      at: HybridTime.make(atMs, 0),
      nonce,
      group: undefined
    },
    [Event.encode(event)]
  )

/** A commit of events at a time, signed by a device as one of its authors. */
export const signedBy = (
  device: Opened,
  authors: ReadonlyArray<Author>,
  atMs: number,
  ...events: ReadonlyArray<Event.Event>
) =>
  Commit.seal(
    Context.get(device.services, Crypto),
    Context.get(device.services, Compression),
    Context.get(device.services, DeviceKey),
    {
      space,
      partition: { type: "note", header: {} },
      authors,
      at: HybridTime.make(atMs, 0),
      nonce: 0,
      group: undefined
    },
    events.map(Event.encode)
  )

/** By what events name those of a commit. */
export const hashesIn = ({ leaves }: { readonly leaves: ReadonlyArray<Uint8Array> }): ReadonlyArray<Uint8Array> =>
  leaves.map((leaf) => leaf.slice(0, Event.eventHashBytes))

/** What events name the one of such a commit by. */
export const forgedHash = (author: Opened, atMs: number, event: Event.Event): Uint8Array =>
  forged(author, space, atMs, event, 0).leaves[0]!.slice(0, Event.eventHashBytes)

export const firstEvent = (entity: string, text: string): Event.Event => ({
  entity,
  eseq: 1,
  prev: undefined,
  deps: [],
  ops: { s: { text } }
})

/** What a custodian said of a journal's commits. */
export const settlement = (
  peer: PeerId,
  verdicts: ReadonlyArray<Verdict & { readonly lseq: number }>,
  told = 0,
  provenUpto = 0,
  uncompared: ReadonlySet<number> = new Set()
) => ({
  peer,
  incarnation: "00112233445566ff",
  isCustodian: true,
  givesWay: false,
  acknowledged: told,
  told,
  proven: provenUpto === 0 ? undefined : { upto: provenUpto, uncompared },
  unsent: [],
  verdicts
})
