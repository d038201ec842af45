/**
 * Sessions over a transport as it is, as tests that cite the rules [SE-n] of SPEC.md: what a hostile or broken peer may try on a
 * real link, and whole nodes that meet by one. A transport adopts it with the set-up of its own conformance. What a session
 * decides is tested in core with a clock that stands still.
 */
import { describe, expect } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { stored } from "../crypto/Compression.ts"
import type { Signer } from "../crypto/Crypto.ts"
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import { Journal } from "../journal/Journal.ts"
import * as MemoryJournal from "../journal/MemoryJournal.ts"
import * as Commit from "../model/Commit.ts"
import * as Event from "../model/Event.ts"
import { defaultTiming, type SessionTiming } from "../session/RunningSession.ts"
import type { Link } from "../transport/Link.ts"
import * as RangeTree from "../reconcile/RangeTree.ts"
import * as FrameCodec from "../wire/FrameCodec.ts"
import type { WireMessage } from "../wire/WireMessage.ts"
import * as HearingConformance from "./HearingConformance.ts"
import * as IntakeConformance from "./IntakeConformance.ts"
import * as NodePairConformance from "./NodePairConformance.ts"
import * as PortionConformance from "./PortionConformance.ts"
import { next, type Open, type Services, sessionTest } from "./SessionTest.ts"
import * as SpokenSession from "./SpokenSession.ts"
import type * as TransportConformance from "./TransportConformance.ts"

const { gateFor, greet, peerOf, prove, signerOf, space } = SpokenSession

/** Adds the suite to the test file that calls it. */
export const sessionConformance = (name: string, setup: TransportConformance.TransportSetup): void => {
  // Most of them wait for something; each has nodes of its own.
  describe.concurrent(`${name}: sessions`, () => {
    identity(setup)
    greeting(setup)
    malformed(setup)
    commits(setup)
    gate(setup)
    order(setup)
    floods(setup)
    idle(setup)
    HearingConformance.hearing(setup)
    IntakeConformance.intake(setup)
    PortionConformance.portions(setup)
    NodePairConformance.nodePair(setup)
  })
}

const layerOf = (commitDelayMs: number) =>
  Layer.mergeAll(MemoryJournal.layer({ space, commitDelayMs }), gateFor([2])).pipe(
    Layer.provideMerge(SpokenSession.layerDevice(1))
  )

/** Registers one test on a fresh node, which trusts device 2. */
const test = (
  setup: TransportConformance.TransportSetup,
  title: string,
  body: (open: Open) => Generator<Effect.Effect<unknown, unknown, Services>, void, never>,
  commitDelayMs = 0
): void => sessionTest(setup, title, layerOf(commitDelayMs), (open) => Effect.gen(() => body(open)))

const head = Effect.flatMap(Journal, (journal) => journal.head)

const author = (device: number) => Author.make(peerOf(device), "0011223344556677")

const seal = (signer: Signer, type: string, event: Uint8Array, ms: number): Uint8Array => {
  const partition = { type, header: {} }
  const header = { space, partition, authors: [author(2)], at: HybridTime.make(ms, 0), nonce: 0, group: undefined }
  return Commit.seal(SpokenSession.crypto, stored, signer, header, [event]).bytes
}

/** A commit that says it is of device 2. */
const commitOf = (entity: string, signer: Signer = signerOf(2), type = "note"): Uint8Array =>
  seal(signer, type, Event.encode({ entity, eseq: 1, prev: undefined, deps: [], ops: { s: { text: "hello" } } }), 1)

const challenge: WireMessage = { _tag: "Challenge", version: 1, nonce: new Uint8Array(16), peer: signerOf(2).publicKey }

/** A batch behind which more is to follow. */
const batchOf = (batch: number, from: number, upto: number, commits: ReadonlyArray<Uint8Array>): WireMessage => ({
  _tag: "EventBatch",
  batch,
  source: "feed",
  from,
  upto,
  isLast: false,
  commits
})

const identity = (setup: TransportConformance.TransportSetup): void => {
  test(setup, "[SE-1] an untrusted peer is refused and hears why before the link ends", function* (open) {
    const { end, far, session } = yield* open("responder")
    yield* greet(end, 3)
    expect(yield* end.hear()).toEqual({ _tag: "Error", code: "PeerDenied", detail: "" })
    expect(yield* Fiber.join(session)).toBe("PeerDenied")
    expect((yield* Effect.flip(far.receive)).reason._tag).toBe("LinkClosed")
  })

  test(setup, "[SE-2] a peer that claims another's id is refused", function* (open) {
    const { end, session } = yield* open("responder")
    yield* end.say(challenge)
    yield* end.hear()
    const { hello } = yield* greet((yield* open("responder")).end, 3)
    yield* end.say(hello)
    expect(yield* end.hear()).toMatchObject({ code: "ProofInvalid" })
    expect(yield* Fiber.join(session)).toBe("ProofInvalid")
  })

  test(setup, "[SE-3] a greeting replayed on another link of the same two peers is refused", function* (open) {
    const { hello } = yield* greet((yield* open("responder")).end, 2)
    const { end, session } = yield* open("responder")
    yield* end.say(challenge)
    yield* end.hear()
    yield* end.say(hello)
    expect(yield* Fiber.join(session)).toBe("ProofInvalid")
  })

  test(setup, "[SE-3] a proof that somebody in the middle passes on to another link is refused", function* (open) {
    const near = yield* open("initiator")
    const far = yield* open("responder")
    yield* Effect.forkScoped(passOn(near.far, far.far))
    yield* Effect.forkScoped(passOn(far.far, near.far))
    expect(yield* Fiber.join(near.session)).toBe("ProofInvalid")
  })

  test(setup, "[SE-4] the opening side refuses another peer than the route names, and shows nothing", function* (open) {
    const { end, session } = yield* open("initiator", { expected: peerOf(2) })
    yield* prove(end, 3)
    expect(yield* end.hear()).toMatchObject({ _tag: "Error", code: "PeerUnexpected" })
    expect(yield* Fiber.join(session)).toBe("PeerUnexpected")
  })
}

const passOn = (from: Link, to: Link): Effect.Effect<void> =>
  Effect.ignore(Effect.forever(Effect.flatMap(from.receive, to.send)))

/** Short enough to wait for, long enough for any machine. */
const hasty: SessionTiming = { ...defaultTiming, greetingMsMax: 600, tickMs: 50 }

const greeting = (setup: TransportConformance.TransportSetup): void => {
  test(setup, "[SE-8] a peer that opens a link and says nothing is cut off", function* (open) {
    const { far, session } = yield* open("responder", { timing: hasty })
    expect(yield* Fiber.join(session)).toBe("SessionStalled")
    yield* Effect.flip(Effect.forever(far.receive))
  })

  test(setup, "[SE-8] a greeting does not last longer because something keeps coming", function* (open) {
    const { far, session } = yield* open("responder", { timing: hasty })
    const frame = FrameCodec.encode(stored, { sequence: 0, message: challenge })
    yield* Effect.forkScoped(Effect.ignore(Effect.forever(Effect.andThen(far.send(frame), Effect.sleep(50)))))
    expect(yield* Fiber.join(session)).toBe("SessionStalled")
  })

  test(setup, "[SE-10] another protocol version or another space is refused by name", function* (open) {
    const first = yield* open("responder")
    yield* first.end.say({ ...challenge, version: 2 } as WireMessage)
    expect(yield* Fiber.join(first.session)).toBe("VersionUnsupported")
    const second = yield* open("responder")
    yield* greet(second.end, 2, (hello) => ({ ...hello, space: new Uint8Array(16) }))
    expect(yield* Fiber.join(second.session)).toBe("SpaceUnknown")
  })

  test(setup, "[SE-11] a verdict that contradicts the roots ends the session", function* (open) {
    const { end, session } = yield* open("initiator")
    yield* prove(end, 2)
    const hello = yield* next(end, "Hello")
    const { signature: _, ...rest } = hello
    yield* end.say({ ...rest, _tag: "HelloAck", verdict: "equal", root: new Uint8Array(16) })
    expect(yield* Fiber.join(session)).toBe("ProtocolViolated")
  })
}

const malformed = (setup: TransportConformance.TransportSetup): void => {
  test(setup, "[SE-6] messages out of turn end the session and store nothing", function* (open) {
    const ack = { batch: 3, upto: 0, applied: 0, held: 0, gaps: 0, refused: [], reasons: [], verdicts: [] }
    const early: ReadonlyArray<WireMessage> = [
      batchOf(0, 0, 1, [commitOf("x")]),
      { _tag: "EventAck", ...ack },
      { _tag: "Ping", token: 1 }
    ]
    for (const message of early) {
      const { end, session } = yield* open("responder")
      yield* end.say(message)
      expect(yield* Fiber.join(session)).toBe("ProtocolViolated")
      expect(yield* head).toBe(0)
    }
  })

  test(setup, "[SE-9] bytes that are no frame end the session with the wire's reason", function* (open) {
    const deep = Uint8Array.of(0, ...Array.from({ length: 40 }, () => 0x91), 1)
    for (const [frame, code] of [
      [deep, "FrameTooDeep"],
      [Uint8Array.of(0, 0xc1), "FrameMalformed"],
      [Uint8Array.of(0, 0x93, 0, 60, 1), "MessageUnknown"]
    ] as const) {
      const { far, session } = yield* open("responder")
      yield* far.send(frame)
      expect(yield* Fiber.join(session)).toBe(code)
    }
  })

  test(setup, "[SE-12] large or compressed frames before the greeting end the session", function* (open) {
    for (const frame of [new Uint8Array(600), Uint8Array.of(1, 0x28, 0xb5, 0x2f, 0xfd)]) {
      const { far, session } = yield* open("responder")
      yield* far.send(frame)
      expect(yield* Fiber.join(session)).toBe("ProtocolViolated")
    }
  })
}

const commits = (setup: TransportConformance.TransportSetup): void => {
  test(
    setup,
    "[SE-5] forged and flipped commits are refused one by one; the rest of the batch is kept",
    function* (open) {
      const { end } = yield* open("responder")
      yield* greet(end, 2)
      expect(yield* end.hear()).toMatchObject({ _tag: "HelloAck" })
      const good = commitOf("good")
      // One bit in each of some places; all of them are flipped where no link is in between.
      const flipped = Array.from({ length: Math.ceil(good.length / flipEvery) }, (_, i) => {
        const copy = Bytes.copy(good)
        copy[i * flipEvery] = copy[i * flipEvery]! ^ 1
        return copy
      })
      const all = [commitOf("forged", signerOf(3)), ...flipped, good]
      yield* end.say(batchOf(0, 0, 5, all))
      const ack = yield* next(end, "EventAck")
      expect(ack).toMatchObject({ applied: 1, upto: 5 })
      expect(ack.refused.reduce((sum, [, count]) => sum + count, 0)).toBe(all.length - 1)
      expect(yield* head).toBe(1)
    }
  )
}

const flipEvery = 7

const gate = (setup: TransportConformance.TransportSetup): void => {
  test(setup, "[SE-13] what the gate does not let in is refused, and what it does not let out stays", function* (open) {
    const journal = yield* Journal
    const { end } = yield* open("responder")
    const change = { kind: "put", lww: { text: "own secret" }, counters: {}, sets: {} } as const
    yield* journal.write([{ partition: { type: "secret", header: {} }, id: "s", change }])
    yield* greet(end, 2)
    expect(yield* end.hear()).toMatchObject({ _tag: "HelloAck", count: 0 })
    yield* end.say(batchOf(0, 0, 9, [commitOf("in", signerOf(2), "secret")]))
    yield* end.say({ _tag: "Ping", token: 1 })
    const sent: Array<Uint8Array> = []
    for (const awaited = new Set(["EventAck", "Pong"]); awaited.size > 0;) {
      const message = yield* end.hear()
      awaited.delete(message._tag)
      if (message._tag === "EventBatch") sent.push(...message.commits)
    }
    expect(sent).toEqual([])
    expect(yield* journal.get("secret", "in")).toBeUndefined()
    expect(yield* head).toBe(1)
  })
}

/** Changes of one note that follow each other. */
const chain = (count: number): ReadonlyArray<Uint8Array> => {
  const frame = {
    space,
    partition: { type: "note", header: {} },
    authors: [author(2)],
    group: undefined,
    seal: undefined
  }
  const meaning = Commit.meaningOf(SpokenSession.crypto, { ...frame, at: HybridTime.zero, count: 1 })
  let prev: Uint8Array | undefined
  return Array.from({ length: count }, (_, i) => {
    const event = Event.encode({ entity: "chain", eseq: i + 1, prev, deps: [], ops: { s: { text: String(i + 1) } } })
    const at = HybridTime.make(i + 1, 0)
    prev = Commit.leaf(SpokenSession.crypto, meaning, at, 0, event).slice(0, Event.eventHashBytes)
    return seal(signerOf(2), "note", event, i + 1)
  })
}

const order = (setup: TransportConformance.TransportSetup): void => {
  test(setup, "[SE-14] a batch that takes long to check is not overtaken by the next", function* (open) {
    const { end } = yield* open("responder")
    yield* greet(end, 2)
    expect(yield* end.hear()).toMatchObject({ _tag: "HelloAck" })
    const all = chain(100)
    yield* end.say(batchOf(0, 0, 90, all.slice(0, 90)))
    yield* end.say(batchOf(1, 90, 100, all.slice(90)))
    expect(yield* next(end, "EventAck")).toMatchObject({ applied: 90, gaps: 0, upto: 90 })
    expect(yield* next(end, "EventAck")).toMatchObject({ applied: 10, gaps: 0, upto: 100 })
  })
}

/** A disk that is busy for longer than a test takes. */
const slowMs = 60_000

const floods = (setup: TransportConformance.TransportSetup): void => {
  test(
    setup,
    "[SE-7] more bytes than the window allows end the session, however few the batches",
    function* (open) {
      const { end, session } = yield* open("responder")
      yield* greet(end, 2)
      expect(yield* end.hear()).toMatchObject({ _tag: "HelloAck" })
      const commits = [new Uint8Array(900_000)]
      yield* Effect.forkScoped(Effect.forEach(Array.from({ length: 12 }), (_, i) => end.say(batchOf(i, 0, 1, commits))))
      expect(yield* Fiber.join(session)).toBe("ProtocolViolated")
    },
    slowMs
  )

  test(
    setup,
    "[SE-7] more batches than the window allows end the session, however small",
    function* (open) {
      const { end, session } = yield* open("responder")
      yield* greet(end, 2)
      expect(yield* end.hear()).toMatchObject({ _tag: "HelloAck" })
      const commits = [commitOf("flood")]
      yield* Effect.forkScoped(
        Effect.forEach(Array.from({ length: 200 }), (_, i) => end.say(batchOf(i, 0, 1, commits)))
      )
      expect(yield* Fiber.join(session)).toBe("ProtocolViolated")
    },
    slowMs
  )
}

/** A proof is never due, and nobody waits long. */
const brief: SessionTiming = { ...defaultTiming, progressMsMax: 900, tickMs: 50 }

const idle = (setup: TransportConformance.TransportSetup): void => {
  test(setup, "[SE-8] an idle session is not stalled by the first thing that it awaits", function* (open) {
    const { end, session } = yield* open("responder", { timing: brief })
    const { root } = RangeTree.root(SpokenSession.crypto.sha256, [])
    yield* greet(end, 2, (hello) => ({ ...hello, root }))
    expect(yield* end.hear()).toMatchObject({ _tag: "HelloAck", verdict: "equal" })
    for (let token = 0; token < 4; token++) {
      yield* Effect.sleep(400)
      yield* end.say({ _tag: "Ping", token })
    }
    const journal = yield* Journal
    const change = { kind: "put", lww: { text: "late" }, counters: {}, sets: {} } as const
    yield* journal.write([{ partition: { type: "note", header: {} }, id: "late", change }])
    yield* Effect.sleep(450)
    expect(session.pollUnsafe()).toBeUndefined()
    expect(yield* Fiber.join(session)).toBe("SessionStalled")
  })
}
