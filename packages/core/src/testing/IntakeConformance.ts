/**
 * What a session does with what comes by a transport as it is: batches that bring much at once, rights that end meanwhile, and what
 * the audit repeats. A part of `SessionConformance`.
 */
import { expect } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { stored } from "../crypto/Compression.ts"
import { type AuditedAction, Gate } from "../gate/Gate.ts"
import * as Author from "../identity/Author.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import { Journal } from "../journal/Journal.ts"
import * as Fingerprint from "../journal/Fingerprint.ts"
import * as MemoryJournal from "../journal/MemoryJournal.ts"
import * as Commit from "../model/Commit.ts"
import * as Event from "../model/Event.ts"
import * as Partition from "../model/Partition.ts"
import type { WireMessage } from "../wire/WireMessage.ts"
import { type Open, sessionTest } from "./SessionTest.ts"
import { crypto, type FarEnd, gateFor, greet, layerDevice, peerOf, signerOf, space } from "./SpokenSession.ts"
import type { TransportSetup } from "./TransportConformance.ts"

/** Adds the suite to the test file that calls it. */
export const intake = (setup: TransportSetup): void => {
  beginnings(setup)
  endingRights(setup)
  auditedNames(setup)
}

const decided = (allowed: boolean) => ({ allowed, rule: "creators", policyVersion: 1, because: "test" })

/** Device 2 may create, and nothing else. A commit takes so long to become durable that what follows is judged before. */
const creatorsLayer = Layer.mergeAll(
  MemoryJournal.layer({ space, commitDelayMs: 5 }),
  Layer.effect(
    Gate,
    Effect.map(Gate, (gate) => ({
      ...gate,
      accepts: (_, deeds) => Effect.map(deeds, ({ deletes, updates }) => decided(!updates && !deletes))
    }))
  ).pipe(Layer.provide(gateFor([2])))
).pipe(Layer.provideMerge(layerDevice(1)))

/** A device's commit that begins records, as the one or the other of its incarnations. */
const creation = (incarnation: "one" | "other", nonce: number, ...names: ReadonlyArray<string>): Uint8Array => {
  const author = Author.make(peerOf(2), incarnation === "one" ? "0011223344556677" : "8899aabbccddeeff")
  const partition = { type: "note", header: {} }
  const header = { space, partition, authors: [author], at: HybridTime.make(1, nonce), nonce, group: undefined }
  const events = names.map((entity) =>
    Event.encode({ entity, eseq: 1, prev: undefined, deps: [], ops: { s: { text: incarnation } } })
  )
  return Commit.seal(crypto, stored, signerOf(2), header, events).bytes
}

type Ack = WireMessage & { readonly _tag: "EventAck" }

const acknowledged = Effect.fnUntraced(function* (end: FarEnd, batches: ReadonlyArray<ReadonlyArray<Uint8Array>>) {
  let from = 0
  for (const [batch, commits] of batches.entries()) {
    const upto = from + commits.length
    const isLast = batch === batches.length - 1
    yield* end.say({ _tag: "EventBatch", batch, source: "feed", from, upto, isLast, commits })
    from = upto
  }
  const acks: Array<Ack> = []
  while (acks.length < batches.length) {
    const message = yield* end.hear()
    if (message._tag === "EventAck") acks.push(message)
  }
  return acks
})

const beginnings = (setup: TransportSetup): void => {
  const title = "[DE-2] a record that a commit before begins is begun once, in one batch and in the next"
  sessionTest(setup, title, creatorsLayer, (open) =>
    Effect.gen(function* () {
      const { end } = yield* open("responder")
      yield* greet(end, 2)
      expect(yield* end.hear()).toMatchObject({ _tag: "HelloAck" })
      const first = creation("one", 1, "x", "y")
      const acks = yield* acknowledged(end, [
        [first, creation("other", 2, "x"), creation("other", 3, "z")],
        [creation("other", 4, "y"), first, creation("one", 5, "z"), creation("one", 6, "w")]
      ])
      expect(acks.map(({ verdicts }) => verdicts.map(([place]) => place))).toEqual([[1], [0, 2]])
      const journal = yield* Journal
      const texts = yield* Effect.forEach(["x", "y", "z", "w"], (id) => journal.get("note", id))
      expect(texts.map((record) => record?.fields["text"])).toEqual(["one", "one", "other", "one"])
      expect((yield* journal.quarantineCounts).Revoked).toBe(3)
    })
  )
}

const note = { type: "note", header: {} }

/** While it looks up what a peer lacks, the peer's right to it ends, or does not. */
const endingLayer = (isEnding: boolean) => {
  let isAllowed = true
  const journal = Layer.effect(
    Journal,
    Effect.map(Journal, (inner) => ({
      ...inner,
      eventsBeyond: (...asked: Parameters<typeof inner.eventsBeyond>) =>
        Effect.tap(inner.eventsBeyond(...asked), () => Effect.sync(() => void (isAllowed = !isEnding)))
    }))
  ).pipe(Layer.provide(MemoryJournal.layer({ space })))
  const gate = Layer.effect(
    Gate,
    Effect.map(Gate, (inner) => ({
      ...inner,
      canSend: (...asked: Parameters<typeof inner.canSend>) =>
        Effect.map(inner.canSend(...asked), (decision) => ({ ...decision, allowed: decision.allowed && isAllowed }))
    }))
  ).pipe(Layer.provide(gateFor([2])))
  return Layer.merge(journal, gate).pipe(Layer.provideMerge(layerDevice(1)))
}

type Message<Tag extends WireMessage["_tag"]> = WireMessage & { readonly _tag: Tag }

/** Takes what comes, confirmed, until a message of the kind. */
const until = Effect.fnUntraced(function* <Tag extends WireMessage["_tag"]>(end: FarEnd, tag: Tag) {
  let commits = 0
  for (;;) {
    const message = yield* end.hear()
    if (message._tag === "EventBatch") {
      commits += message.commits.length
      const said = { applied: message.commits.length, held: 0, gaps: 0, refused: [], reasons: [], verdicts: [] }
      yield* end.say({ _tag: "EventAck", batch: message.batch, upto: message.upto, ...said })
    }
    if (message._tag === tag) return { message: message as Message<Tag>, commits }
  }
})

/** A device that has everything asks for a record as if it lacked it; how often it was sent before and after. */
const asking = Effect.fnUntraced(function* (open: Open) {
  const journal = yield* Journal
  const change = { kind: "put", lww: { text: "hello" }, counters: {}, sets: {} } as const
  yield* journal.write([{ partition: note, id: "n", change }])
  const { end } = yield* open("responder")
  yield* greet(end, 2)
  yield* end.say({ _tag: "Ping", token: 1 })
  const first = yield* until(end, "Pong")
  const root = new Uint8Array(16)
  yield* end.say({ _tag: "SyncRequest", request: 1, root, count: 0, head: 0, applied: 0 })
  const { message } = yield* until(end, "SyncState")
  expect(message).toMatchObject({ request: 1, verdict: "differ" })
  const wish = [Partition.hash(crypto.sha256, space, note), Fingerprint.entityKey(crypto.sha256, "n")] as const
  yield* end.say({ ...message, nodes: [], want: [wish] })
  yield* end.say({ _tag: "Ping", token: 2 })
  const second = yield* until(end, "SyncState")
  yield* end.say({ _tag: "Ping", token: 3 })
  const third = yield* until(end, "Pong")
  return [first.commits, second.commits + third.commits]
})

const endingRights = (setup: TransportSetup): void => {
  const title = "[SE-13] a right that ends while a peer's question is answered holds for the answer"
  sessionTest(setup, title, Layer.empty, (open) =>
    Effect.gen(function* () {
      expect(yield* Effect.provide(asking(open), endingLayer(false))).toEqual([1, 1])
      expect(yield* Effect.provide(asking(open), endingLayer(true))).toEqual([1, 0])
    })
  )
}

/** This device lets device 2 in, and may itself have nothing of type `hidden`. */
const auditedLayer = (audited: Array<AuditedAction>) =>
  Layer.mergeAll(
    MemoryJournal.layer({ space }),
    Layer.effect(
      Gate,
      Effect.map(Gate, (gate) => ({
        ...gate,
        canRead: ({ type }) =>
          Effect.map(gate.canRead({ type, header: {} }), (here) => ({ ...here, allowed: type !== "hidden" })),
        audit: (action) => Effect.sync(() => void audited.push(action))
      }))
    ).pipe(Layer.provide(gateFor([2])))
  ).pipe(Layer.provideMerge(layerDevice(1)))

const commitIn = (type: string, team: string, signer = signerOf(2)): Uint8Array => {
  const author = Author.make(peerOf(2), "0011223344556677")
  const partition = { type, header: { team } }
  const header = { space, partition, authors: [author], at: HybridTime.make(1, 0), nonce: 0, group: undefined }
  const event = Event.encode({ entity: "e", eseq: 1, prev: undefined, deps: [], ops: { s: { text: "hello" } } })
  return Commit.seal(crypto, stored, signer, header, [event]).bytes
}

const auditedNames = (setup: TransportSetup): void => {
  const title = "[AU-13] a commit that its author did not sign names no partition in the audit"
  const audited: Array<AuditedAction> = []
  sessionTest(setup, title, auditedLayer(audited), (open) =>
    Effect.gen(function* () {
      const { end } = yield* open("responder")
      yield* greet(end, 2)
      expect(yield* end.hear()).toMatchObject({ _tag: "HelloAck" })
      const commits = ["note", "secret", "hidden"].flatMap((type) => [
        commitIn(type, "forged", signerOf(3)),
        commitIn(type, "signed")
      ])
      yield* end.say({ _tag: "EventBatch", batch: 0, source: "feed", from: 0, upto: 6, isLast: true, commits })
      let message = yield* end.hear()
      while (message._tag !== "EventAck") message = yield* end.hear()
      const told = audited.flatMap(({ action, decision, detail }) =>
        action === "receive" ? [{ decision, detail }] : []
      )
      expect(told.map(({ decision, detail }) => `${decision.allowed} ${detail.replace("\n", " ")}`)).toEqual([
        'true note {"team":"signed"}',
        'false secret {"team":"signed"}',
        'false hidden {"team":"signed"}',
        "false commits"
      ])
      expect(told.at(-1)!.decision).toMatchObject({ rule: "commit/SignatureInvalid" })
      expect(told.at(-1)!.decision.because).toContain(": 3 in this batch")
    })
  )
}
