// Who may only create: what one session brings at once is judged as if each commit were written before the next is read.
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { stored } from "../../src/crypto/Compression.ts"
import { Gate } from "../../src/gate/Gate.ts"
import * as Author from "../../src/identity/Author.ts"
import * as HybridTime from "../../src/identity/HybridTime.ts"
import { Journal } from "../../src/journal/Journal.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import * as Commit from "../../src/model/Commit.ts"
import * as Event from "../../src/model/Event.ts"
import type { WireMessage } from "../../src/wire/WireMessage.ts"
import { crypto, layerDevice, signerOf } from "../nodeCrypto.ts"
import { FarEnd, gateFor, greet, openSession, peerOf, space } from "./SessionUnderTest.ts"

const decided = (allowed: boolean) => ({ allowed, rule: "creators", policyVersion: 1, because: "test" })

/** Device 2 may create, and nothing else. A commit takes so long to become durable that what follows is judged before. */
const nodeLayer = Layer.mergeAll(
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

it.live("[DE-2] a record that a commit before begins is begun once, in one batch and in the next", () =>
  Effect.gen(function* () {
    const { far } = yield* openSession("responder")
    const end = new FarEnd(far)
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
  }).pipe(Effect.timeout("20 seconds"), Effect.provide(nodeLayer))
)
