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
import { FarEnd, greet, nodeLayer, openSession, peerOf, prove, slowLayer, space } from "./SessionUnderTest.ts"

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

  it.effect("[SE-2] a peer that claims another's id is refused", () =>
    Effect.gen(function* () {
      const { far, session } = yield* openSession("responder")
      const end = new FarEnd(far)
      yield* end.say({ _tag: "Challenge", version: 1, nonce: new Uint8Array(16), peer: signerOf(2).publicKey })
      yield* end.hear()
      const liar = yield* openSession("responder")
      const { hello } = yield* greet(new FarEnd(liar.far), 3)
      yield* end.say(hello)
      expect(yield* end.hear()).toMatchObject({ code: "ProofInvalid" })
      expect(yield* Fiber.join(session)).toBe("ProofInvalid")
    })
  )

  it.effect("[SE-3] a replayed greeting is refused: nonce and connection are new", () =>
    Effect.gen(function* () {
      const first = yield* openSession("responder")
      const { hello } = yield* greet(new FarEnd(first.far), 2)
      const { far, session } = yield* openSession("responder")
      const end = new FarEnd(far)
      yield* end.say({ _tag: "Challenge", version: 1, nonce: new Uint8Array(16), peer: signerOf(2).publicKey })
      yield* end.hear()
      yield* end.say(hello)
      expect(yield* Fiber.join(session)).toBe("ProofInvalid")
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

  it.effect("[SE-4] the opening side refuses another peer than the route names, before it says what it has", () =>
    Effect.gen(function* () {
      const { far, session } = yield* openSession("initiator", peerOf(2))
      const end = new FarEnd(far)
      yield* prove(end, 3)
      expect(yield* end.hear()).toMatchObject({ _tag: "Error", code: "PeerUnexpected" })
      expect(yield* Fiber.join(session)).toBe("PeerUnexpected")
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

  it.effect("[SE-6] messages out of turn end the session", () =>
    Effect.gen(function* () {
      for (const message of [
        { _tag: "EventBatch", batch: 0, source: "feed", from: 0, upto: 1, isLast: true, commits: [commitBy(2, "x")] },
        { _tag: "EventAck", batch: 3, upto: 0, applied: 0, held: 0, gaps: 0, refused: [], reasons: [], verdicts: [] },
        { _tag: "Ping", token: 1 }
      ] as const) {
        const before = yield* head
        const { far, session } = yield* openSession("responder")
        yield* new FarEnd(far).say(message)
        expect(yield* Fiber.join(session)).toBe("ProtocolViolated")
        expect(yield* head).toBe(before)
      }
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

  it.effect("[SE-12] large or compressed frames before the greeting end the session", () =>
    Effect.gen(function* () {
      for (const frame of [new Uint8Array(600), Uint8Array.of(1, 0x28, 0xb5, 0x2f, 0xfd)]) {
        const { far, session } = yield* openSession("responder")
        yield* far.send(frame)
        expect(yield* Fiber.join(session)).toBe("ProtocolViolated")
      }
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

  it.effect("[SE-14] a batch that takes long to check is not overtaken by the next", () =>
    Effect.gen(function* () {
      const { far } = yield* openSession("responder")
      const end = new FarEnd(far)
      yield* greet(end, 2)
      expect(yield* end.hear()).toMatchObject({ _tag: "HelloAck" })
      const events: Array<Uint8Array> = []
      const partition = { type: "note", header: {} }
      const frame = { space, partition, authors: [author(2)], group: undefined, seal: undefined }
      const meaning = Commit.meaningOf(crypto, { ...frame, at: HybridTime.zero, count: 1 })
      for (let eseq = 1; eseq <= 200; eseq++) {
        const last = events.at(-1)
        const prev =
          last === undefined
            ? undefined
            : Commit.leaf(crypto, meaning, HybridTime.make(eseq - 1, 0), 0, last).slice(0, 16)
        events.push(Event.encode({ entity: "chain", eseq, prev, deps: [], ops: { s: { text: String(eseq) } } }))
      }
      const commits = events.map((event, i) => seal(2, signerOf(2), "note", event, i + 1))
      yield* end.say({
        _tag: "EventBatch",
        batch: 0,
        source: "feed",
        from: 0,
        upto: 190,
        isLast: false,
        commits: commits.slice(0, 190)
      })
      yield* end.say({
        _tag: "EventBatch",
        batch: 1,
        source: "feed",
        from: 190,
        upto: 200,
        isLast: true,
        commits: commits.slice(190)
      })
      const acks: Array<WireMessage> = []
      while (acks.length < 2) {
        const message = yield* end.hear()
        if (message._tag === "EventAck") acks.push(message)
      }
      expect(acks).toMatchObject([
        { applied: 190, gaps: 0, upto: 190 },
        { applied: 10, gaps: 0, upto: 200 }
      ])
    })
  )

  it.effect("[SE-9] bytes that are no frame end the session with the wire's reason", () =>
    Effect.gen(function* () {
      const deep = Uint8Array.of(0, ...Array.from({ length: 40 }, () => 0x91), 1)
      for (const [frame, code] of [
        [deep, "FrameTooDeep"],
        [Uint8Array.of(0, 0xc1), "FrameMalformed"],
        [Uint8Array.of(0, 0x93, 0, 60, 1), "MessageUnknown"]
      ] as const) {
        const { far, session } = yield* openSession("responder")
        yield* far.send(frame)
        expect(yield* Fiber.join(session)).toBe(code)
      }
    })
  )

  it.effect("[SE-10] another protocol version or another space is refused by name", () =>
    Effect.gen(function* () {
      const first = yield* openSession("responder")
      const older = new FarEnd(first.far)
      yield* older.say({ _tag: "Challenge", version: 2, nonce: new Uint8Array(16), peer: signerOf(2).publicKey })
      expect(yield* Fiber.join(first.session)).toBe("VersionUnsupported")
      const second = yield* openSession("responder")
      yield* greet(new FarEnd(second.far), 2, (hello) => ({ ...hello, space: new Uint8Array(16) }))
      expect(yield* Fiber.join(second.session)).toBe("SpaceUnknown")
    })
  )

  it.effect(
    "[SE-11] a verdict that contradicts the roots ends the session: nobody is called synced on a peer's word",
    () =>
      Effect.gen(function* () {
        const { far, session } = yield* openSession("initiator")
        const end = new FarEnd(far)
        const challenge = yield* end.hear()
        if (challenge._tag !== "Challenge") return yield* Effect.die("no challenge")
        const signer = signerOf(2)
        const nonce = new Uint8Array(16)
        const transcript: Proof.Transcript = {
          initiator: challenge.peer,
          responder: signer.publicKey,
          initiatorNonce: challenge.nonce,
          responderNonce: nonce,
          channelBinding: far.channelBinding
        }
        const signature = Proof.prove(crypto, signer, transcript, "responder")
        yield* end.say({ _tag: "ChallengeAck", nonce, peer: signer.publicKey, signature })
        const hello = yield* end.hear()
        if (hello._tag !== "Hello") return yield* Effect.die("no greeting")
        const { signature: _, ...rest } = hello
        yield* end.say({ ...rest, _tag: "HelloAck", verdict: "equal", root: new Uint8Array(16) })
        expect(yield* Fiber.join(session)).toBe("ProtocolViolated")
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
