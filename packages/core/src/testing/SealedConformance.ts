/**
 * What every journal must do in a sealed space: contents are read by whoever has the key, kept and passed on by whoever has
 * not, and read later when the key comes later. That all other rules hold in a sealed space, too, is shown by running them
 * on sealed journals.
 */
import { expect, it } from "@effect/vitest"
import { Context, Effect, type Layer } from "effect"
import { TestClock } from "effect/testing"
import { Compression } from "../crypto/Compression.ts"
import { Crypto } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import { type HeldKeys, noKeys } from "../crypto/KeyRing.ts"
import * as SpaceKey from "../crypto/SpaceKey.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import * as Fingerprint from "../journal/Fingerprint.ts"
import * as Commit from "../model/Commit.ts"
import * as Event from "../model/Event.ts"
import * as Limits from "../model/Limits.ts"
import * as MessagePack from "../model/MessagePack.ts"
import { awayRules, holding, keyOf, type OpenSealed as Open } from "./SealedAwayConformance.ts"
import {
  batch,
  change,
  commitsOf,
  firstEvent,
  type JournalServices,
  open,
  type Opened,
  partitionHash,
  patch,
  pull,
  put,
  remove,
  space,
  startMs,
  stateHash
} from "./JournalFixture.ts"

/** A fresh journal of a device that holds these keys. */
export type MakeSealedJournal = (
  device: number,
  space: SpaceId,
  held: HeldKeys
) => Layer.Layer<JournalServices, unknown>

/** Registers the rules as tests. */
export const sealedConformance = (name: string, make: MakeSealedJournal): void => {
  const opened = (device: number, held: HeldKeys) => open((number, of) => make(number, of, held), device)
  hiddenRules(name, opened)
  blindRules(name, opened)
  lateKeyRules(name, opened)
  hostileRules(name, opened)
  unreadableRules(name, opened)
  awayRules(name, opened)
}

const secretText = "nobody but us reads this"
const everyKind = change("n1", {
  lww: { text: secretText, deep: { list: [1, secretText] } },
  counters: { hits: 5 },
  sets: { tags: [secretText, "b"] }
})

const textOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")

const allOf = (journal: Opened) =>
  Effect.map(journal.query({ type: "note", where: {}, orderBy: undefined, limit: 1000, offset: 0 }), (rows) =>
    rows.map(({ fields, id }) => [id, fields])
  )

const roots = (journal: Opened) =>
  Effect.map(journal.partitions, ({ rows }) => rows.map(({ total }) => [total.count, ...total.lanes]))

const clocksOf = Effect.fnUntraced(function* (journal: Opened, ...ids: ReadonlyArray<string>) {
  const { sha256 } = Context.get(journal.services, Crypto)
  const hash = yield* partitionHash(journal)
  return yield* journal.clocks(ids.map((id) => ({ partitionHash: hash, key: Fingerprint.entityKey(sha256, id) })))
})

const hiddenRules = (name: string, opened: Open): void => {
  it.effect(
    `[SK-10] ${name}: no value and no field name is found in what is stored and sent, and who has the key reads all`,
    () =>
      Effect.gen(function* () {
        const [a, b] = [yield* opened(1, holding(1)), yield* opened(2, holding(1))]
        yield* a.write([everyKind])
        yield* a.write([patch("n1", { text: `${secretText}!` }), put("n2", { text: secretText })])
        const commits = yield* commitsOf(a)
        for (const { bytes } of commits) {
          for (const word of [secretText, "text", "tags", "hits"]) expect(textOf(bytes)).not.toContain(word)
          expect((Commit.open(bytes) as Commit.PackedCommit).header.seal?.key).toBe(keyOf(1).id)
        }
        yield* pull(a, b)
        expect((yield* b.get("note", "n1"))?.fields).toMatchObject({
          text: `${secretText}!`,
          hits: 5,
          tags: ["b", secretText]
        })
        expect(yield* stateHash(b)).toEqual(yield* stateHash(a))
      })
  )

  it.effect(
    `[SK-11] ${name}: a transaction without contents is not sealed, and one that writes without the key in force is refused whole`,
    () =>
      Effect.gen(function* () {
        const a = yield* opened(1, holding(1))
        yield* a.write([put("n1", { text: "a" }), put("n2", { text: "b" })])
        yield* a.hold({ keys: holding(1).keys, sealing: "lacking" })
        const refused = yield* a.write([remove("n2"), patch("n1", { text: "c" })]).pipe(Effect.flip)
        expect(refused).toMatchObject({ reason: { _tag: "SpaceLocked", isRetryable: true } })
        expect(yield* a.head).toBe(1)
        yield* a.write([remove("n2")])
        const [, last] = yield* commitsOf(a)
        expect((Commit.open(last!.bytes) as Commit.PackedCommit).header.seal).toBeUndefined()
        expect(yield* allOf(a)).toEqual([["n1", { text: "a" }]])
        yield* a.hold(holding(1, 2))
        yield* a.write([patch("n1", { text: "c" })])
        const keys = (yield* commitsOf(a)).map(
          ({ bytes }) => (Commit.open(bytes) as Commit.PackedCommit).header.seal?.key
        )
        expect(keys).toEqual([keyOf(1).id, undefined, keyOf(2).id])
      })
  )
}

const blindRules = (name: string, opened: Open): void => {
  it.effect(`[SK-12] ${name}: who has no key keeps, counts, compares and passes on what it cannot read`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* opened(1, holding(1)), yield* opened(2, holding(1))]
      const hub = yield* opened(3, noKeys)
      yield* a.write([everyKind, put("n2", { text: "b" }, { team: "red" })])
      yield* a.write([remove("n1"), put("n3", { text: "c" })])
      yield* pull(a, hub)
      expect(yield* roots(hub)).toEqual(yield* roots(a))
      expect(yield* clocksOf(hub, "n1", "n3")).toEqual(yield* clocksOf(a, "n1", "n3"))
      expect(yield* hub.get("note", "n1")).toBeUndefined()
      expect(yield* allOf(hub)).toEqual([
        ["n2", { team: "red" }],
        ["n3", {}]
      ])
      expect(yield* hub.lockedCount).toBe(3)
      yield* pull(hub, b)
      expect(yield* stateHash(b)).toEqual(yield* stateHash(a))
      expect(yield* b.lockedCount).toBe(0)
    })
  )

  it.effect(`[SK-13] ${name}: a part of a sealed commit is read by itself, and parts add up at who has no key`, () =>
    Effect.gen(function* () {
      const a = yield* opened(1, holding(1))
      const [b, hub] = [yield* opened(2, holding(1)), yield* opened(3, noKeys)]
      yield* a.write(["x", "y", "z"].map((id) => put(id, { text: `${secretText} ${id}` })))
      const { sha256 } = Context.get(a.services, Crypto)
      const hash = yield* partitionHash(a)
      for (const id of ["y", "x", "z"]) {
        const lacking = [{ partitionHash: hash, key: Fingerprint.entityKey(sha256, id), clock: [] }]
        const parts = yield* a.eventsBeyond(lacking, 1e6)
        yield* b.receive(batch(a, parts))
        yield* hub.receive(batch(a, parts))
        expect((yield* b.get("note", id))?.fields).toEqual({ text: `${secretText} ${id}` })
      }
      expect(yield* roots(hub)).toEqual(yield* roots(a))
      const last = yield* opened(4, holding(1))
      yield* pull(hub, last)
      expect(yield* stateHash(last)).toEqual(yield* stateHash(a))
    })
  )
}

const lateKeyRules = (name: string, opened: Open): void => {
  it.effect(
    `[SK-14] ${name}: what came before its key is read once the key is there, as if it had been there from the start`,
    () =>
      Effect.gen(function* () {
        const a = yield* opened(1, holding(1))
        const late = yield* opened(2, noKeys)
        yield* a.write([everyKind, put("n2", { text: "b" })])
        yield* a.write([patch("n1", { text: "newer" }), change("n1", { counters: { hits: 7 }, sets: { tags: ["b"] } })])
        // In the clear, before it knows that others seal.
        yield* late.write([put("n2", { mine: true })])
        yield* pull(a, late)
        yield* a.hold(holding(1, 2))
        yield* a.write([put("n3", { text: "c" })])
        yield* pull(a, late)
        yield* pull(late, a)
        expect(yield* late.unlock).toMatchObject({ opened: 0 })
        expect(yield* late.lockedCount).toBe(3)
        yield* late.hold({ ...holding(1), sealing: "lacking" })
        expect(yield* late.unlock).toMatchObject({ opened: 2 })
        expect((yield* late.get("note", "n1"))?.fields).toEqual((yield* a.get("note", "n1"))?.fields)
        expect((yield* late.get("note", "n2"))?.fields).toEqual({ text: "b", mine: true })
        expect((yield* late.get("note", "n3"))?.fields).toEqual({})
        yield* late.hold(holding(1, 2))
        expect(yield* late.unlock).toMatchObject({ opened: 1 })
        expect(yield* late.lockedCount).toBe(0)
        expect(yield* stateHash(late)).toEqual(yield* stateHash(a))
        expect(yield* roots(late)).toEqual(yield* roots(a))
      })
  )

  it.effect(`[SK-15] ${name}: a history of sealed commits is read, restored and undone with the key`, () =>
    Effect.gen(function* () {
      const [a, hub] = [yield* opened(1, holding(1)), yield* opened(2, noKeys)]
      yield* a.write([put("n1", { text: "first" })])
      const then = yield* a.lastTime
      yield* TestClock.adjust(10)
      const { commits } = yield* a.write([patch("n1", { text: "second" })])
      const entries = yield* a.history({ type: "note", id: "n1", limit: 10 })
      expect(entries.map(({ changes }) => changes)).toMatchObject([
        [{ field: "text", value: "second" }],
        [{ field: "text", value: "first" }]
      ])
      expect((yield* a.at("note", "n1", then))?.fields).toEqual({ text: "first" })
      const undo = yield* a.reversal({ commit: commits[0]! })
      yield* a.write(undo.changes)
      expect((yield* a.get("note", "n1"))?.fields).toEqual({ text: "first" })
      yield* pull(a, hub)
      const told = yield* hub.history({ type: "note", id: "n1", limit: 10 })
      expect(told.map(({ author, changes }) => [author, changes.length])).toEqual(
        entries.map(({ author }) => [author, 0]).concat([[a.info.author, 0]])
      )
    })
  )
}

const unreadableRules = (name: string, opened: Open): void => {
  it.effect(
    `[SK-20] ${name}: what cannot be read is not taken for nothing: no restore, undo or total is written over it`,
    () =>
      Effect.gen(function* () {
        const [a, b] = [yield* opened(1, holding(1)), yield* opened(2, holding(2))]
        yield* a.write([change("n1", { lww: { text: "old" }, counters: { hits: 10 } })])
        const then = yield* a.lastTime
        yield* TestClock.adjust(1_000)
        yield* a.hold(holding(1, 2))
        const { commits } = yield* a.write([patch("n1", { text: "new" })])
        yield* pull(a, b)
        const locked = { reason: { _tag: "SpaceLocked" } }
        expect(yield* Effect.flip(b.restoration("note", "n1", then))).toMatchObject(locked)
        expect(yield* Effect.flip(b.reversal({ commit: commits[0]! }))).toMatchObject(locked)
        expect(yield* Effect.flip(b.write([change("n1", { counters: { hits: 3 } })]))).toMatchObject(locked)
        expect(yield* Effect.flip(b.write([change("n1", { sets: { tags: ["x"] } })]))).toMatchObject(locked)
        yield* b.write([patch("n1", { text: "newest" }), change("n2", { counters: { hits: 3 } })])
        yield* pull(b, a)
        expect((yield* a.get("note", "n1"))?.fields).toEqual({ text: "newest", hits: 10 })
      })
  )

  it.effect(`[SK-21] ${name}: who keeps what others sealed and has no key writes nothing in the clear`, () =>
    Effect.gen(function* () {
      const [a, b] = [yield* opened(1, holding(1)), yield* opened(2, noKeys)]
      yield* b.write([put("n0", { text: "before" })])
      yield* a.write([put("n1", { text: "sealed" })])
      yield* pull(a, b)
      expect(yield* Effect.flip(b.write([put("n2", { text: "in the clear" })]))).toMatchObject({
        reason: { _tag: "SpaceLocked" }
      })
      yield* b.write([remove("n0")])
      yield* b.hold(holding(1))
      yield* b.write([put("n2", { text: "sealed, too" })])
      expect((yield* commitsOf(b)).map(({ bytes }) => textOf(bytes).includes("sealed, too"))).not.toContain(true)
    })
  )
}

/** A commit of these contents by hand, whatever they are. */
const sealed = (
  author: Opened,
  key: SpaceKey.SpaceKey,
  event: Event.Event,
  contents: ReadonlyArray<unknown>
): Uint8Array =>
  Commit.seal(
    Context.get(author.services, Crypto),
    Context.get(author.services, Compression),
    Context.get(author.services, DeviceKey),
    {
      space,
      partition: { type: "note", header: {} },
      authors: [author.info.author],
      at: HybridTime.make(startMs, 0),
      nonce: 7,
      group: undefined
    },
    [Event.encodeOutline(event)],
    { key, contents: contents.map((each) => (each === null ? null : MessagePack.pack(each))) }
  ).bytes

/** The outer form with another sealed part. */
const withSealed = (bytes: Uint8Array, part: Uint8Array): Uint8Array => {
  const found = (Commit.open(bytes) as Commit.PackedCommit).sealed!
  const at = textOf(bytes).indexOf(textOf(found))
  const swapped = Bytes.copy(bytes)
  swapped.set(part.subarray(0, found.length), at)
  return swapped
}

const hostileRules = (name: string, opened: Open): void => {
  it.effect(`[SK-16] ${name}: a sealed part that is not the signed one is refused, with and without the key`, () =>
    Effect.gen(function* () {
      const a = yield* opened(1, holding(1))
      const readers = [yield* opened(2, holding(1)), yield* opened(3, noKeys)]
      yield* a.write([put("n1", { text: "one" })])
      yield* a.write([put("n2", { text: "two" })])
      const [one, two] = yield* commitsOf(a)
      const other = (Commit.open(two!.bytes) as Commit.PackedCommit).sealed!
      for (const reader of readers) {
        const forged = yield* reader.receive(batch(a, [{ bytes: withSealed(one!.bytes, other) }]))
        expect(forged.refused).toEqual([["CommitForged", 1]])
        expect(yield* reader.head).toBe(0)
      }
    })
  )

  it.effect(
    `[SK-17] ${name}: what was signed and holds no sound contents counts everywhere as an event that changes no field`,
    () =>
      Effect.gen(function* () {
        const a = yield* opened(1, holding(1))
        const [reader, hub] = [yield* opened(2, holding(1)), yield* opened(3, noKeys)]
        const event = (id: string) => firstEvent(id, "hidden")
        const unsound: ReadonlyArray<readonly [string, ReadonlyArray<unknown>]> = [
          ["no map", [7]],
          ["deletes in secret", [{ d: true }]],
          ["too few", []],
          ["too many", [null, null]],
          ["withdraws what it does not rest on", [{ r: { tags: [["x", [[0, 1]]]] } }]],
          ["a bad name", [{ s: { "": 1 } }]],
          ["more than an event may have", [{ s: { text: "x".repeat(Limits.eventBytesMax) } }]]
        ]
        const commits = unsound.map(([id, contents]) => ({ bytes: sealed(a, keyOf(1), event(id), contents) }))
        // Who has no key judges a deletion as one that writes nothing.
        const deletion = { ...event("a deletion"), ops: { d: true } }
        commits.push({ bytes: sealed(a, keyOf(1), deletion, [{ s: { text: "x" } }]) })
        // Sealed under another key than it says.
        const lie = { ...keyOf(1), secret: keyOf(9).secret }
        commits.push({ bytes: sealed(a, lie, event("another key"), [{ s: { text: "x" } }]) })
        for (const journal of [reader, hub]) {
          const taken = yield* journal.receive(batch(a, commits))
          expect(taken).toMatchObject({ applied: commits.length, refused: [] })
        }
        expect(yield* roots(hub)).toEqual(yield* roots(reader))
        for (const [, fields] of yield* allOf(reader)) expect(fields).toEqual({})
        expect(yield* reader.lockedCount).toBe(0)
      })
  )

  it.effect(
    `[SK-18] ${name}: sealed contents of a later version count as a change of no field, with and without the key, and wait for an update`,
    () =>
      Effect.gen(function* () {
        const a = yield* opened(1, holding(1))
        const [reader, late] = [yield* opened(2, holding(1)), yield* opened(3, noKeys)]
        const commit = { bytes: sealed(a, keyOf(1), firstEvent("n1", "x"), [{ s: { text: "x" }, later: 1 }]) }
        for (const journal of [reader, late]) {
          expect(yield* journal.receive(batch(a, [commit]))).toMatchObject({ held: 0, applied: 1, refused: [] })
        }
        yield* late.hold(holding(1))
        for (const journal of [reader, late]) {
          expect(yield* journal.unlock).toMatchObject({ opened: 0 })
          expect(yield* journal.lockedCount).toBe(1)
          expect((yield* journal.get("note", "n1"))?.fields).toEqual({})
        }
        expect(yield* roots(reader)).toEqual(yield* roots(late))
      })
  )
}
