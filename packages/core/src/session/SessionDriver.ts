/**
 * Runs one session over one link: frames in, pure steps, reads and writes of the journal, questions to the gate,
 * frames out. Every queue is bounded and every wait has a limit; when anything fails the link is closed and the
 * session ends with a typed reason. It decides nothing about the protocol itself.
 */
import { Clock, Deferred, Effect, Metric, Option, Queue, Result, Stream } from "effect"
import { Charter } from "../charter/Charter.ts"
import { Compression } from "../crypto/Compression.ts"
import { Crypto } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import { Gate } from "../gate/Gate.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as SpaceId from "../identity/SpaceId.ts"
import { Journal } from "../journal/Journal.ts"
import type { JournalError } from "../journal/JournalError.ts"
import * as CoreMetrics from "../telemetry/CoreMetrics.ts"
import * as Occupancy from "../telemetry/Occupancy.ts"
import * as FrameCodec from "../wire/FrameCodec.ts"
import type * as Wire from "../wire/WireMessage.ts"
import * as BatchTaking from "./BatchTaking.ts"
import * as CharterExchange from "./CharterExchange.ts"
import { earlyFramesMax, FrameSequence } from "./FrameSequence.ts"
import { IntakeQuota } from "./IntakeQuota.ts"
import * as LiveState from "./LiveState.ts"
import { nonceBytes } from "./Proof.ts"
import {
  codeOf,
  type DriverInput,
  endMsMax,
  inputsMax,
  monotonicMs,
  outboundFramesMax,
  type RunningSession,
  send,
  sendLast,
  type SessionOptions
} from "./RunningSession.ts"
import * as Session from "./Session.ts"
import { ProtocolViolated, SessionError, SessionStalled } from "./SessionError.ts"
import * as SessionState from "./SessionState.ts"
import { perform, settle } from "./SessionActions.ts"

/** Runs until the link ends, the peer misbehaves or the scope closes. Always fails in the end. */
export const run = Effect.fnUntraced(function* (options: SessionOptions) {
  const driver = yield* makeDriver(options)
  yield* watchSizes(driver)
  // What is of no use before the peer is proven does not run for it.
  const whenLive = [BatchTaking.run(driver), watchJournal(driver), followWishes(driver)].map((effect) =>
    Effect.andThen(Deferred.await(driver.wentLive), effect)
  )
  const ended = Effect.catch(options.ended, ({ reason }) => refuse(driver, reason))
  const always = [stepLoop(driver), receiveFrames(driver), sendFrames(driver), tick(driver), watchCharter(driver)]
  const fibers = [...always, ended, ...whenLive]
  return yield* Effect.raceAllFirst(fibers).pipe(
    // Without a word the peer would take it for a lost link and dial again at once. What broke is not its business.
    Effect.tapDefect(() => tell(driver, "SessionFailed", "")),
    Effect.catchTag("JournalError", (reason) => Effect.andThen(tell(driver, codeOf(reason), ""), fail(reason))),
    Effect.ensuring(options.link.close),
    Effect.ensuring(storeAcknowledgedAtEnd(driver))
  )
}, Effect.scoped)

const watchSizes = (driver: RunningSession) => {
  const { inputs, outbound, sequence } = driver
  const queue = (name: string, limit: number, length: () => number) => ({ kind: "queue", name, limit, length }) as const
  return Occupancy.watch([
    queue("session_inputs", inputsMax, () => Queue.sizeUnsafe(inputs)),
    queue("session_frames_out", outboundFramesMax, () => Queue.sizeUnsafe(outbound)),
    queue("session_frames_early", earlyFramesMax, () => sequence.early),
    queue("session_batches_in", waitingBatchesMax, () => driver.waitingBatches),
    queue("session_bytes_in", waitingBytesMax, () => driver.waitingBytes),
    queue("session_batches_out", LiveState.windowBatchesMax, () => driver.state.live.inFlight.size),
    queue("session_bytes_out", LiveState.windowBytesMax, () => driver.state.live.inFlightBytes)
  ])
}

const makeDriver = Effect.fnUntraced(function* (options: SessionOptions) {
  const journal = yield* Journal
  const crypto = yield* Crypto
  const signer = yield* DeviceKey
  const nowMs = yield* monotonicMs
  const driver: RunningSession = {
    options,
    journal,
    gate: yield* Gate,
    crypto,
    compression: yield* Compression,
    quota: yield* IntakeQuota,
    charter: Option.getOrUndefined(yield* Effect.serviceOption(Charter)),
    inputs: yield* Queue.bounded<DriverInput>(inputsMax),
    outbound: yield* Queue.bounded<Uint8Array>(outboundFramesMax),
    toApply: yield* Queue.bounded<Wire.EventBatch>(waitingBatchesMax),
    wentLive: yield* Deferred.make<void>(),
    sequence: new FrameSequence(),
    state: SessionState.start({
      role: options.role,
      crypto,
      signer,
      channelBinding: options.link.channelBinding,
      nonce: crypto.randomBytes(nonceBytes),
      space: SpaceId.toBytes(journal.info.space),
      incarnation: Bytes.fromHex(journal.info.incarnation)!,
      expected: options.expected
    }),
    framesSent: 0,
    startedMs: nowMs,
    lastReceivedMs: nowMs,
    lastProgressMs: nowMs,
    awaitingSinceMs: nowMs,
    lastProofMs: nowMs,
    lastProofAtMs: yield* Clock.currentTimeMillis,
    rootsWriter: journal.info.author,
    charterTold: undefined,
    charterJudged: undefined,
    charterThere: undefined,
    charterGreeted: undefined,
    charterRounds: 0,
    charterHeard: 0,
    charterEchoed: new Set(),
    lastPingMs: nowMs,
    sendingSinceMs: undefined,
    stored: { acknowledged: 0, told: 0 },
    settled: { acknowledged: 0, told: 0 },
    uncompared: new Set(),
    provenToStore: undefined,
    steps: 0,
    isStepping: false,
    waitingBytes: 0,
    waitingBatches: 0
  }
  return driver
})

const fail = (reason: SessionError["reason"]): Effect.Effect<never, SessionError> =>
  Effect.fail(new SessionError({ reason }))

const stepLoop = Effect.fnUntraced(function* (driver: RunningSession) {
  let inputs: ReadonlyArray<DriverInput> = [{ _tag: "Opened" }]
  for (;;) {
    driver.isStepping = true
    for (const input of inputs) {
      driver.steps++
      if (input._tag === "Tick") yield* onTick(driver)
      else if (input._tag === "Ended") return yield* fail(input.error)
      else yield* advance(driver, input)
    }
    driver.isStepping = false
    inputs = yield* Queue.takeAll(driver.inputs)
  }
})

/** Steps once and performs what the step asks; results of reads are stepped at once. */
const advance: (driver: RunningSession, input: SessionState.Input) => Effect.Effect<void, SessionError | JournalError> =
  Effect.fnUntraced(function* (driver: RunningSession, first: SessionState.Input) {
    const pending: Array<SessionState.Input> = [first]
    for (let input = pending.shift(); input !== undefined; input = pending.shift()) {
      const outcome = Session.step(driver.state, input)
      if (outcome.state.phase === "live" && driver.state.phase !== "live") {
        Deferred.doneUnsafe(driver.wentLive, Effect.void)
      }
      driver.state = outcome.state
      for (const action of outcome.actions) {
        if (action._tag === "Fail") {
          return yield* refuse(driver, action.reason)
        }
        if (action._tag === "Apply") {
          // There is room for all that may wait.
          yield* Queue.offer(driver.toApply, action.batch)
          continue
        }
        const result = yield* Effect.catchTag(perform(driver, action), "SessionError", ({ reason }) =>
          refuse(driver, reason)
        )
        driver.steps++
        if (result !== undefined) pending.push(result)
      }
      driver.settled = driver.state.live
    }
  })

/** Tells the peer why, as far as it is its business, and ends the session. */
const refuse = Effect.fnUntraced(function* (driver: RunningSession, reason: SessionError["reason"]) {
  if (reason._tag !== "PeerRefused") {
    yield* Metric.update(Metric.withAttributes(CoreMetrics.sessionsRefused, { reason: codeOf(reason) }), 1)
    // Whoever did not prove itself learns the code and nothing else.
    const detail = driver.state.phase === "live" ? reason.message.slice(0, 256) : ""
    yield* tell(driver, codeOf(reason), detail)
  }
  return yield* fail(reason)
})

/** Tells the peer why, as well as the link takes it. */
const tell = (driver: RunningSession, code: string, detail: string): Effect.Effect<void> =>
  sendLast(driver, { _tag: "Error", code, detail })

const receiveFrames = Effect.fnUntraced(function* (driver: RunningSession) {
  for (;;) {
    const received = yield* Effect.result(driver.options.link.receive)
    if (Result.isFailure(received)) {
      // In line behind the messages that came before it: the last of them may say why the link ended.
      yield* Queue.offer(driver.inputs, { _tag: "Ended", error: received.failure })
      return yield* Effect.never
    }
    const nowMs = yield* monotonicMs
    driver.lastReceivedMs = nowMs
    if (!isBearable(driver, received.success)) {
      return yield* refuse(driver, new ProtocolViolated({ problem: "a large frame before the greeting" }))
    }
    const frame = FrameCodec.decode(driver.compression, received.success)
    if (Result.isFailure(frame)) return yield* refuse(driver, frame.failure)
    const messages = driver.sequence.accept(frame.success)
    if (messages === undefined) {
      return yield* refuse(driver, new ProtocolViolated({ problem: "too many frames arrived before earlier ones" }))
    }
    for (const message of messages) {
      if (isProgress(message)) driver.lastProgressMs = nowMs
      if (message._tag === "EventBatch") {
        driver.waitingBytes += BatchTaking.bytesOf(message)
        driver.waitingBatches++
      }
      const isHeard = message._tag === "CharterSync" && driver.state.phase === "hearing"
      if (isHeard) driver.waitingBytes += CharterExchange.bytesOf(message)
      if (driver.waitingBytes > (isHeard ? CharterExchange.heardBytesMax : waitingBytesMax)) {
        return yield* refuse(driver, new ProtocolViolated({ problem: "more bytes than the window allows" }))
      }
      if (driver.waitingBatches > waitingBatchesMax) {
        return yield* refuse(driver, new ProtocolViolated({ problem: "more batches than the window allows" }))
      }
      const input: DriverInput = { _tag: "Received", message }
      if (!Queue.offerUnsafe(driver.inputs, input)) yield* Queue.offer(driver.inputs, input)
    }
  }
})

/** True for what moves the session on: signs of life, asking for roots and putting that off do not. */
const isProgress = (message: Wire.WireMessage): boolean =>
  message._tag !== "Ping" &&
  message._tag !== "Pong" &&
  message._tag !== "SyncRequest" &&
  !(message._tag === "SyncState" && message.verdict === "busy")

/** A full window, and what one step of reconciliation and one frame may put on top of it. */
const waitingBytesMax = 2 * LiveState.windowBytesMax
const waitingBatchesMax = 2 * LiveState.windowBatchesMax

/** Bytes of a frame before the other side is proven; its messages have at most 200. */
const greetingFrameBytesMax = 512

const isGreeted = (phase: SessionState.Phase): boolean =>
  phase === "live" || phase === "agreeing" || phase === "hearing" || phase === "telling"

/** Whoever is not proven yet gets no memory to fill: only short, uncompressed frames. */
const isBearable = ({ options, state }: RunningSession, frame: Uint8Array): boolean => {
  const { phase } = state
  const isProven = isGreeted(phase) || (options.role === "initiator" && phase === "greeting")
  return isProven || (frame.length <= greetingFrameBytesMax && frame[0] === 0)
}

const sendFrames = Effect.fnUntraced(function* (driver: RunningSession) {
  for (;;) {
    const frame = yield* Queue.take(driver.outbound)
    driver.sendingSinceMs = yield* monotonicMs
    const sent = yield* Effect.result(driver.options.link.send(frame))
    driver.sendingSinceMs = undefined
    // A link that ended is the receiver's to report, after what was still on the way.
    if (Result.isFailure(sent)) {
      return yield* sent.failure.reason._tag === "LinkClosed" ? Effect.never : fail(sent.failure)
    }
  }
})

const watchJournal = (driver: RunningSession): Effect.Effect<never> =>
  Stream.runForEach(driver.journal.changes, ({ head }) => {
    const moved = Queue.offer(driver.inputs, { _tag: "JournalMoved", head })
    if (!areRootsOutdated(driver)) return moved
    return Effect.andThen(moved, Queue.offer(driver.inputs, { _tag: "RootsOutdated" }))
  }).pipe(Effect.andThen(Effect.never))

const watchCharter = ({ charter, inputs }: RunningSession): Effect.Effect<never> =>
  charter === undefined
    ? Effect.never
    : Stream.runForEach(charter.changes, () => Queue.offer(inputs, { _tag: "CharterMoved" })).pipe(
        Effect.andThen(Effect.never)
      )

/** Commits were taken back since the roots were read: from then on the journal writes as another author. */
const areRootsOutdated = ({ journal, rootsWriter }: RunningSession): boolean => journal.info.author !== rootsWriter

const followWishes = (driver: RunningSession): Effect.Effect<never> =>
  Effect.forever(
    Effect.andThen(driver.options.proofWanted, () => {
      const { held, role } = driver.state.live
      // What waited here may come in now, and the side that was dialled does not ask by itself.
      const isToBeAsked = role === "responder" && held.length > 0
      return Queue.offer(driver.inputs, { _tag: isToBeAsked ? "RootsOutdated" : "ProofDue" })
    })
  )

const tick = Effect.fnUntraced(function* (driver: RunningSession) {
  const { greetingMsMax, progressMsMax, tickMs } = driver.options.timing
  const seen = { steps: 0, sinceMs: driver.startedMs }
  for (;;) {
    yield* Effect.sleep(tickMs)
    const nowMs = yield* monotonicMs
    // Looked at here, for a step that hangs, or waits behind frames that the link does not take, sees no tick.
    const sendingMs = driver.sendingSinceMs === undefined ? 0 : nowMs - driver.sendingSinceMs
    if (sendingMs >= progressMsMax) {
      return yield* fail(new SessionStalled({ awaiting: "the peer to read what it is sent", waitedMs: sendingMs }))
    }
    if (!driver.isStepping || driver.steps !== seen.steps) {
      seen.steps = driver.steps
      seen.sinceMs = nowMs
    }
    const waitedMs = nowMs - seen.sinceMs
    if (waitedMs >= (driver.state.phase === "live" ? progressMsMax : greetingMsMax)) {
      return yield* fail(new SessionStalled({ awaiting: "this device's own store", waitedMs }))
    }
    // Never waits, or it could not look again; a step that is so far behind gets a later tick.
    Queue.offerUnsafe(driver.inputs, { _tag: "Tick" })
  }
})

/** Nothing is under way about the roots. */
const restingProofs: ReadonlySet<LiveState.ProofState> = new Set(["proven", "stale", "failed"])

/** What the session waits for, or `undefined` when it may stay silent. */
const awaiting = (driver: RunningSession): string | undefined => {
  const { live, phase } = driver.state
  if (phase !== "live" && isGreeted(phase)) return "the peer's charter"
  if (phase !== "live") return "the greeting"
  if (driver.sequence.hasHole) return "a frame that was lost"
  if (live.inFlight.size > 0) return "acknowledgements"
  if (live.applying > 0) return "this device's own store"
  if (!live.isPeerDone) return "the peer's changes"
  if (live.role === "initiator" && !restingProofs.has(live.proof)) return "the comparison of roots"
  return driver.lastPingMs > driver.lastReceivedMs ? "a sign of life" : undefined
}

/** What was awaited for too long, if anything; greetings have their own limit from the start. */
const checkProgress = (driver: RunningSession, nowMs: number): SessionStalled | undefined => {
  const { timing } = driver.options
  const awaited = awaiting(driver)
  if (awaited === undefined) {
    driver.awaitingSinceMs = nowMs
    return undefined
  }
  const isGreeting = !isGreeted(driver.state.phase)
  const sinceMs = isGreeting ? driver.startedMs : Math.max(driver.awaitingSinceMs, driver.lastProgressMs)
  const waitedMs = nowMs - sinceMs
  const limitMs = isGreeting ? timing.greetingMsMax : timing.progressMsMax
  return waitedMs >= limitMs ? new SessionStalled({ awaiting: awaited, waitedMs }) : undefined
}

/** While something waits in quarantine roots are compared more often, for nobody tells when it is released. */
const heldProofPeriodMs = 60_000

const onTick = Effect.fnUntraced(function* (driver: RunningSession) {
  const { timing } = driver.options
  const nowMs = yield* monotonicMs
  const stalled = checkProgress(driver, nowMs)
  if (stalled !== undefined) return yield* refuse(driver, stalled)
  if (driver.state.phase !== "live") return
  if (nowMs - driver.lastReceivedMs >= timing.pingAfterMs && driver.lastPingMs <= driver.lastReceivedMs) {
    driver.lastPingMs = nowMs
    yield* send(driver, { _tag: "Ping", token: driver.framesSent })
  }
  // A change that was announced before this session listened shows in the head.
  const head = yield* driver.journal.head
  if (head > driver.state.live.head) yield* advance(driver, { _tag: "JournalMoved", head })
  if (areRootsOutdated(driver)) yield* advance(driver, { _tag: "RootsOutdated" })
  const { held, proof } = driver.state.live
  // Early enough that a proof is there before the last one is too old.
  const proofMs = timing.proofPeriodMs - Math.min(timing.progressMsMax, timing.proofPeriodMs / 10)
  const periodMs = held.length > 0 ? Math.min(heldProofPeriodMs, proofMs) : proofMs
  const atMs = yield* Clock.currentTimeMillis
  const isDue = nowMs - driver.lastProofMs >= periodMs || Math.abs(atMs - driver.lastProofAtMs) >= periodMs
  if (isDue) {
    driver.lastProofMs = nowMs
    driver.lastProofAtMs = atMs
  }
  if (isDue || proof === "due" || proof === "settling" || proof === "stale") {
    yield* advance(driver, { _tag: "ProofDue" })
  }
  yield* storeAcknowledged(driver)
})

/** The store may be what the session ended for. */
const storeAcknowledgedAtEnd = (driver: RunningSession): Effect.Effect<void> =>
  storeAcknowledged(driver).pipe(Effect.interruptible, Effect.timeout(endMsMax), Effect.ignore)

/** Keeps how far the peer has confirmed. A lost value costs nothing: the next proof tells it again. */
const storeAcknowledged = Effect.fnUntraced(function* (driver: RunningSession) {
  const { provenToStore, settled, state, stored } = driver
  const isNew = settled.acknowledged > stored.acknowledged || settled.told > stored.told || provenToStore !== undefined
  if (state.phase === "live" && isNew) yield* settle(driver, [], settled)
})
