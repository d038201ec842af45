// What the audit repeats of what a peer brings: names that a commit's author has signed, and no others.
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { stored } from "../../src/crypto/Compression.ts"
import { type AuditedAction, Gate } from "../../src/gate/Gate.ts"
import * as Author from "../../src/identity/Author.ts"
import * as HybridTime from "../../src/identity/HybridTime.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import * as Commit from "../../src/model/Commit.ts"
import * as Event from "../../src/model/Event.ts"
import { crypto, layerDevice, signerOf } from "../nodeCrypto.ts"
import { FarEnd, gateFor, greet, openSession, peerOf, space } from "./SessionUnderTest.ts"

/** This device lets device 2 in, and may itself have nothing of type `hidden`. */
const nodeLayer = (audited: Array<AuditedAction>) =>
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

it.effect("[AU-13] a commit that its author did not sign names no partition in the audit", () => {
  const audited: Array<AuditedAction> = []
  return Effect.gen(function* () {
    const { far } = yield* openSession("responder")
    const end = new FarEnd(far)
    yield* greet(end, 2)
    expect(yield* end.hear()).toMatchObject({ _tag: "HelloAck" })
    const commits = ["note", "secret", "hidden"].flatMap((type) => [
      commitIn(type, "forged", signerOf(3)),
      commitIn(type, "signed")
    ])
    yield* end.say({ _tag: "EventBatch", batch: 0, source: "feed", from: 0, upto: 6, isLast: true, commits })
    let message = yield* end.hear()
    while (message._tag !== "EventAck") message = yield* end.hear()
    const told = audited.flatMap(({ action, decision, detail }) => (action === "receive" ? [{ decision, detail }] : []))
    expect(told.map(({ decision, detail }) => `${decision.allowed} ${detail.replace("\n", " ")}`)).toEqual([
      'true note {"team":"signed"}',
      'false secret {"team":"signed"}',
      'false hidden {"team":"signed"}',
      "false commits"
    ])
    expect(told.at(-1)!.decision).toMatchObject({ rule: "commit/SignatureInvalid" })
    expect(told.at(-1)!.decision.because).toContain(": 3 in this batch")
  }).pipe(Effect.provide(nodeLayer(audited)))
})
