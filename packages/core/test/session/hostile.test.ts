// What a hostile peer may try: each attempt ends in a typed reason, and nothing is stored or revealed.
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Author from "../../src/identity/Author.ts"
import * as Bytes from "../../src/identity/Bytes.ts"
import * as HybridTime from "../../src/identity/HybridTime.ts"
import { Journal } from "../../src/journal/Journal.ts"
import * as Commit from "../../src/model/Commit.ts"
import * as Event from "../../src/model/Event.ts"
import { stored } from "../../src/crypto/Compression.ts"
import type { Signer } from "../../src/crypto/Crypto.ts"
import * as FrameCodec from "../../src/wire/FrameCodec.ts"
import type { WireMessage } from "../../src/wire/WireMessage.ts"
import * as RangeTree from "../../src/reconcile/RangeTree.ts"
import * as Proof from "../../src/session/Proof.ts"
import * as LiveState from "../../src/session/LiveState.ts"
import { crypto, signerOf } from "../nodeCrypto.ts"
import { FarEnd, greet, nodeLayer, openSession, peerOf, slowLayer, space } from "./SessionUnderTest.ts"

const author = (device: number) => Author.make(peerOf(device), "0011223344556677")

const seal = (device: number, signer: Signer, type: string, event: Uint8Array, ms: number): Uint8Array => {
  const partition = { type, header: {} }
  const header = { space, partition, authors: [author(device)], at: HybridTime.make(ms, 0), nonce: 0, group: undefined }
  return Commit.seal(crypto, stored, signer, header, [event]).bytes
}

const commitBy = (device: number, entity: string, signer: Signer = signerOf(device), type = "note"): Uint8Array =>
  seal(
    device,
    signer,
    type,
    Event.encode({ entity, eseq: 1, prev: undefined, deps: [], ops: { s: { text: "hello" } } }),
    1
  )

const head = Effect.flatMap(Journal, (journal) => journal.head)

it.layer(nodeLayer)("a session with a hostile peer", (it) => {
  it.effect("[SE-1] an untrusted peer is refused after its proof and learns nothing but the code", () =>
    Effect.gen(function* () {
      const { far, session } = yield* openSession("responder")
      const end = new FarEnd(far)
      yield* greet(end, 3)
      expect(yield* end.hear()).toEqual({ _tag: "Error", code: "PeerDenied", detail: "" })
      expect(yield* Fiber.join(session)).toBe("PeerDenied")
    })
  )

  it.effect("[SE-3] a proof relayed to another connection or reflected in the other role is refused", () =>
    Effect.gen(function* () {
      const { far, session } = yield* openSession("responder")
      const end = new FarEnd(far)
      yield* greet(end, 2, (hello) => ({ ...hello, signature: new Uint8Array(64) }))
      expect(yield* Fiber.join(session)).toBe("ProofInvalid")
      const transcript: Proof.Transcript = {
        initiator: signerOf(1).publicKey,
        responder: signerOf(2).publicKey,
        initiatorNonce: new Uint8Array(16),
        responderNonce: new Uint8Array(16),
        channelBinding: Bytes.utf8("a")
      }
      const proof = Proof.prove(crypto, signerOf(1), transcript, "initiator")
      expect(Proof.isProven(crypto, transcript, "initiator", proof)).toBe(true)
      expect(Proof.isProven(crypto, { ...transcript, channelBinding: Bytes.utf8("b") }, "initiator", proof)).toBe(false)
      const reflected = { ...transcript, responder: signerOf(1).publicKey }
      const own = Proof.prove(crypto, signerOf(1), reflected, "initiator")
      expect(Proof.isProven(crypto, reflected, "responder", own)).toBe(false)
    })
  )

  it.effect("[SE-5] forged, flipped and foreign commits are refused one by one; the rest of the batch is kept", () =>
    Effect.gen(function* () {
      const before = yield* head
      const { far } = yield* openSession("responder")
      const end = new FarEnd(far)
      yield* greet(end, 2)
      expect(yield* end.hear()).toMatchObject({ _tag: "HelloAck" })
      const good = commitBy(2, "good")
      const flipped = Array.from({ length: good.length }, (_, place) => {
        const copy = Bytes.copy(good)
        copy[place] = copy[place]! ^ 1
        return copy
      })
      const commits = [commitBy(2, "forged", signerOf(3)), ...flipped, good]
      yield* end.say({ _tag: "EventBatch", batch: 0, source: "feed", from: 0, upto: 5, isLast: true, commits })
      let ack = yield* end.hear()
      while (ack._tag !== "EventAck") ack = yield* end.hear()
      expect(ack).toMatchObject({ applied: 1, upto: 5 })
      expect(ack.refused.reduce((sum, [, count]) => sum + count, 0)).toBe(commits.length - 1)
      expect(yield* head).toBe(before + 1)
    })
  )

  it.effect("[SE-8] a peer that does not finish its greeting in time is cut off", () =>
    Effect.gen(function* () {
      const { session } = yield* openSession("responder")
      yield* TestClock.adjust("7 seconds")
      expect(yield* Fiber.join(session)).toBe("SessionStalled")
    })
  )

  it.effect("[SE-8] a greeting does not last longer because something keeps coming", () =>
    Effect.gen(function* () {
      const { far, session } = yield* openSession("responder")
      const frame = FrameCodec.encode(stored, {
        sequence: 0,
        message: { _tag: "Challenge", version: 1, nonce: new Uint8Array(16), peer: signerOf(2).publicKey }
      })
      for (let second = 0; second < 7; second++) {
        yield* Effect.ignore(far.send(frame))
        yield* TestClock.adjust("1 second")
      }
      expect(yield* Fiber.join(session)).toBe("SessionStalled")
    })
  )

  it.effect("[SE-13] what the gate does not let in is refused, and what it does not let out stays", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const before = yield* head
      const { far } = yield* openSession("responder")
      const end = new FarEnd(far)
      const change = { kind: "put", lww: { text: "own secret" }, counters: {}, sets: {} } as const
      yield* journal.write([{ partition: { type: "secret", header: {} }, id: "s", change }])
      yield* greet(end, 2)
      const hello = yield* end.hear()
      if (hello._tag !== "HelloAck") return yield* Effect.die("no greeting")
      expect(hello.count).toBe(
        (yield* journal.partitions).rows.find(({ partition }) => partition.type === "note")?.total.count
      )
      const commits = [commitBy(2, "in", signerOf(2), "secret")]
      yield* end.say({ _tag: "EventBatch", batch: 0, source: "feed", from: 0, upto: 9, isLast: true, commits })
      const heard: Array<WireMessage> = []
      for (let message = yield* end.hear(); message._tag !== "EventAck"; message = yield* end.hear())
        heard.push(message)
      yield* end.say({ _tag: "Ping", token: 1 })
      for (let message = yield* end.hear(); message._tag !== "Pong"; message = yield* end.hear()) heard.push(message)
      const sent = heard.flatMap((message) => (message._tag === "EventBatch" ? message.commits : []))
      expect(
        sent
          .map((bytes) => Commit.open(bytes))
          .filter((commit) => typeof commit === "string" || commit.header.partition.type === "secret")
      ).toEqual([])
      expect(yield* journal.get("secret", "in")).toBeUndefined()
      expect(yield* head).toBe(before + 1)
    })
  )
})

it.layer(slowLayer)("a session whose disk is slow", (it) => {
  it.effect("[SE-7] more bytes than the window allows end the session, however few the batches", () =>
    Effect.gen(function* () {
      const { far, session } = yield* openSession("responder")
      const end = new FarEnd(far)
      yield* greet(end, 2)
      expect(yield* end.hear()).toMatchObject({ _tag: "HelloAck" })
      const commits = [new Uint8Array(900_000)]
      for (let batch = 0; batch < 12; batch++) {
        yield* end.say({ _tag: "EventBatch", batch, source: "feed", from: 0, upto: 1, isLast: false, commits })
      }
      expect(yield* Fiber.join(session)).toBe("ProtocolViolated")
    })
  )

  it.effect("[SE-7] more batches than the window allows end the session", () =>
    Effect.gen(function* () {
      const { far, session } = yield* openSession("responder")
      const end = new FarEnd(far)
      yield* greet(end, 2)
      expect(yield* end.hear()).toMatchObject({ _tag: "HelloAck" })
      const commits = Array.from({ length: 40 }, (_, i) => commitBy(2, `flood ${i}`))
      for (let batch = 0; batch < 6 * LiveState.windowBatchesMax; batch++) {
        yield* end.say({ _tag: "EventBatch", batch, source: "feed", from: 0, upto: 1, isLast: false, commits })
      }
      expect(yield* Fiber.join(session)).toBe("ProtocolViolated")
    })
  )
})

it.layer(Layer.fresh(nodeLayer))("a session of a node that has nothing", (it) => {
  it.effect("[SE-8] an idle session is not stalled by the first thing that it awaits", () =>
    Effect.gen(function* () {
      const { far, session } = yield* openSession("responder")
      const end = new FarEnd(far)
      const { root } = RangeTree.root(crypto.sha256, [])
      yield* greet(end, 2, (hello) => ({ ...hello, root }))
      expect(yield* end.hear()).toMatchObject({ _tag: "HelloAck", verdict: "equal" })
      for (let minute = 0; minute < 3; minute++) {
        yield* TestClock.adjust("1 minute")
        yield* end.say({ _tag: "Ping", token: minute })
      }
      const journal = yield* Journal
      const change = { kind: "put", lww: { text: "late" }, counters: {}, sets: {} } as const
      yield* journal.write([{ partition: { type: "note", header: {} }, id: "late", change }])
      yield* TestClock.adjust("20 seconds")
      expect(session.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust("20 seconds")
      expect(yield* Fiber.join(session)).toBe("SessionStalled")
    })
  )

  it.effect("[SE-8] a peer that asks without end and reads nothing is cut off, also while nothing more can wait", () =>
    Effect.gen(function* () {
      const { far, session } = yield* openSession("responder")
      const end = new FarEnd(far)
      const { root } = RangeTree.root(crypto.sha256, [])
      yield* greet(end, 2, (hello) => ({ ...hello, root }))
      const asking = Effect.forEach(Array.from({ length: 3_000 }), (_, token) => end.say({ _tag: "Ping", token }))
      yield* Effect.forkScoped(asking)
      yield* TestClock.adjust("29 seconds")
      expect(session.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust("10 seconds")
      expect(yield* Fiber.join(session)).toBe("SessionStalled")
    })
  )
})
