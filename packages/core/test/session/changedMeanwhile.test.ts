// A right that ends while an answer is made: what was read for it is asked about once more before it goes out.
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Gate } from "../../src/gate/Gate.ts"
import { Journal } from "../../src/journal/Journal.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import * as Fingerprint from "../../src/journal/Fingerprint.ts"
import * as Partition from "../../src/model/Partition.ts"
import type { WireMessage } from "../../src/wire/WireMessage.ts"
import { crypto, layerDevice } from "../nodeCrypto.ts"
import { FarEnd, gateFor, greet, openSession, space } from "./SessionUnderTest.ts"

const note = { type: "note", header: {} }

/** While it looks up what a peer lacks, the peer's right to it ends, or does not. */
const nodeLayer = (isEnding: boolean) => {
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
const asking = Effect.gen(function* () {
  const journal = yield* Journal
  const change = { kind: "put", lww: { text: "hello" }, counters: {}, sets: {} } as const
  yield* journal.write([{ partition: note, id: "n", change }])
  const { far } = yield* openSession("responder")
  const end = new FarEnd(far)
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

it.effect("[SE-13] a right that ends while a peer's question is answered holds for the answer", () =>
  Effect.gen(function* () {
    expect(yield* Effect.provide(asking, nodeLayer(false))).toEqual([1, 1])
    expect(yield* Effect.provide(asking, nodeLayer(true))).toEqual([1, 0])
  })
)
