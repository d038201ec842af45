/**
 * One running session's parts and options, shared by the driver's fibers and the actions they perform. It only holds
 * them; who does what when is the driver's business.
 */
import { Clock, type Deferred, Effect, Queue } from "effect"
import type { Charter, Known } from "../charter/Charter.ts"
import type { RecordId } from "../charter/CharterRecord.ts"
import type { Compression } from "../crypto/Compression.ts"
import type { Crypto } from "../crypto/Crypto.ts"
import type { Gate } from "../gate/Gate.ts"
import type { Author } from "../identity/Author.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { Partition } from "../model/Partition.ts"
import type { DeleteLimits } from "../journal/DeleteWatch.ts"
import type { Journal, RemoteOutcome, SettleOutcome } from "../journal/Journal.ts"
import type { Verdict } from "../journal/Receipt.ts"
import type { Link } from "../transport/Link.ts"
import type { Proven } from "../journal/Receipt.ts"
import type { TransportError } from "../transport/TransportError.ts"
import * as FrameCodec from "../wire/FrameCodec.ts"
import type * as Wire from "../wire/WireMessage.ts"
import type { FrameSequence } from "./FrameSequence.ts"
import type { IntakeQuotaShape } from "./IntakeQuota.ts"
import type * as LiveState from "./LiveState.ts"
import type { Role } from "./Proof.ts"
import type { SessionError } from "./SessionError.ts"
import type * as SessionState from "./SessionState.ts"

export interface SessionTiming {
  /** From the link's opening to the end of the greeting, in milliseconds. */
  readonly greetingMsMax: number
  /** Without any frame while one is awaited. */
  readonly progressMsMax: number
  /** For how long a proof that both views are equal counts; a new one is asked for before. */
  readonly proofPeriodMs: number
  /** Silence after which the peer is asked whether it is still there. */
  readonly pingAfterMs: number
  /** How often limits are looked at; they hold to this precision. */
  readonly tickMs: number
}

/** Source of the periods: ARCHITECTURE "Engine timing", from the seed systems. */
export const defaultTiming: SessionTiming = {
  greetingMsMax: 5_000,
  progressMsMax: 30_000,
  proofPeriodMs: 5 * 60_000,
  pingAfterMs: 60_000,
  tickMs: 1_000
}

/** What a session tells the orchestrator. */
export type SessionNotice =
  | { readonly _tag: "Connected"; readonly peer: PeerId; readonly space: LiveState.PeerSpace }
  | { readonly _tag: "TakenIn"; readonly outcome: RemoteOutcome; readonly partitions: ReadonlyArray<Partition> }
  /** A custodian did not simply take commits of this journal. */
  | {
      readonly _tag: "Settled"
      readonly verdicts: ReadonlyArray<Verdict & { readonly lseq: number }>
      readonly outcome: SettleOutcome
    }
  | Extract<LiveState.LiveAction, { readonly _tag: "Progressed" | "Differs" }>
  /** `writer` is as whom the journal wrote when its root was read; once it writes as another the proof is void. */
  | (Extract<LiveState.LiveAction, { readonly _tag: "Synced" }> & { readonly writer: Author })

export interface SessionOptions {
  readonly link: Link
  readonly role: Role
  /** The only peer that may answer; any that the policy admits when absent. */
  readonly expected: PeerId | undefined
  readonly timing: SessionTiming
  /** Stamps further ahead of the clock wait in quarantine. */
  readonly aheadMsMax: number
  readonly deleteLimits: DeleteLimits
  /** Waits until somebody wants a comparison of roots; asked again after each. */
  readonly proofWanted: Effect.Effect<void>
  /** Fails when this node ends the session for a reason that the peer is told. */
  readonly ended: Effect.Effect<never, SessionError>
  /**
   * May a peer that the policy denies and hears be heard now? When it may, it is taken to be heard until the session ends.
   */
  readonly hears: (peer: PeerId) => Effect.Effect<boolean>
  /**
   * Is a peer that has just proven itself linked by another road that is as good? Then the session ends before anything is said.
   * An opening peer has told its incarnation.
   */
  readonly isSpared?: ((peer: PeerId, incarnation: string | undefined) => Effect.Effect<boolean>) | undefined
  /** Called in order; the session waits for it. */
  readonly notify: (notice: SessionNotice) => Effect.Effect<void>
}

/** Inputs that wait for the step; producers other than the step itself wait when it is full. */
export const inputsMax = 1024
/** Frames that wait for the link; the window bounds what can be in them. */
export const outboundFramesMax = 256
/** How long a session that ended waits for its store. */
export const endMsMax = 1_000
/** A step's input, or what only the driver deals with: limits to look at, and the end of the link. */
export type DriverInput =
  | SessionState.Input
  | { readonly _tag: "Tick" }
  | { readonly _tag: "Ended"; readonly error: TransportError }

/** How far a peer has confirmed this journal; see `LiveState`. */
export type Confirmed = Pick<SessionState.SessionState["live"], "acknowledged" | "told">

/** Shared by the fibers of one session. */
export interface RunningSession {
  readonly options: SessionOptions
  readonly journal: Journal["Service"]
  readonly gate: Gate["Service"]
  readonly crypto: Crypto["Service"]
  readonly compression: Compression["Service"]
  readonly quota: IntakeQuotaShape | undefined
  /** The charter of the space, in one that has one. */
  readonly charter: Charter["Service"] | undefined
  readonly inputs: Queue.Queue<DriverInput>
  readonly outbound: Queue.Queue<Uint8Array>
  readonly toApply: Queue.Queue<Wire.EventBatch>
  /** Done once the greeting is over. */
  readonly wentLive: Deferred.Deferred<void>
  readonly sequence: FrameSequence
  state: SessionState.SessionState
  framesSent: number
  /** This and the following in the milliseconds of `monotonicMs`. */
  readonly startedMs: number
  /** When anything came, and when something came that moves the session on. */
  lastReceivedMs: number
  lastProgressMs: number
  /** Since when something is awaited without a pause. */
  awaitingSinceMs: number
  lastProofMs: number
  /** The same in Unix milliseconds: a machine that sleeps stops the other clock, and what it had proven grows old. */
  lastProofAtMs: number
  /** As whom the journal wrote when its roots were last read: as another since commits were taken back. */
  rootsWriter: Author
  /** Row numbers of the partitions that had no part in the roots that were read last. */
  uncompared: ReadonlySet<number>
  /** Digest of this side's charter that the peer was told last. */
  charterTold: Uint8Array | undefined
  /** Digest under which the gate was asked last about what this session may name or send. */
  charterJudged: Uint8Array | undefined
  /** What the peer's charter is known to have, and what this side's had when it greeted. */
  charterThere: Known | undefined
  charterGreeted: Known | undefined
  /** Messages in a row that brought no agreement. */
  charterRounds: number
  /** Messages of a peer that is only heard, and ids of records that it is known to have because it said them. */
  charterHeard: number
  charterEchoed: ReadonlySet<RecordId>
  lastPingMs: number
  /** Since when the link has not taken a frame that was handed to it. */
  sendingSinceMs: number | undefined
  /** What the store has, and what it may get: no verdict is missing once all that a step asked for is done. */
  stored: Confirmed
  settled: Confirmed
  /** What a proof covered and is not stored yet. */
  provenToStore: Proven | undefined
  /** Grows with every input taken and every action done; what does not grow while `isStepping` hangs. */
  steps: number
  isStepping: boolean
  /** Bytes of commits, and of records from a peer that is only heard, that arrived and are not taken in yet. */
  waitingBytes: number
  /** Batches of them. */
  waitingBatches: number
}

/** Milliseconds of a clock that nobody sets: the times of a session count in it, and mean nothing outside. */
export const monotonicMs: Effect.Effect<number> = Clock.clockWith((clock) =>
  Effect.map(clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))
)

/** Encodes a message and hands it to the link's fiber. */
export const send = (driver: RunningSession, message: Wire.WireMessage): Effect.Effect<void> =>
  Effect.suspend(() => {
    const frame = FrameCodec.encode(driver.compression, { sequence: driver.framesSent++, message })
    return Queue.offerUnsafe(driver.outbound, frame) ? Effect.void : Effect.asVoid(Queue.offer(driver.outbound, frame))
  })

/** Sends a message that must be out before the session ends, behind what waits and past the link's own fiber. */
export const sendLast = (driver: RunningSession, message: Wire.WireMessage): Effect.Effect<void> =>
  Effect.suspend(() => {
    const frame = FrameCodec.encode(driver.compression, { sequence: driver.framesSent++, message })
    return Queue.clear(driver.outbound).pipe(
      Effect.flatMap((waiting) => Effect.forEach([...waiting, frame], driver.options.link.send, { discard: true })),
      // A link that takes nothing must not hold the end back, also where the caller may not be interrupted.
      Effect.interruptible,
      Effect.timeout(endMsMax),
      Effect.ignore
    )
  })

/** The name under which a refusal is counted and told. */
export const codeOf = (reason: SessionError["reason"]): string =>
  reason._tag === "WireError" || reason._tag === "TransportError" || reason._tag === "JournalError"
    ? reason.reason._tag
    : reason._tag
