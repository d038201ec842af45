/**
 * What a live session knows, and the vocabulary of its steps: windows, what is under way, where the comparison of roots
 * stands. `LiveSync` moves the feeds, `Comparison` the roots; nothing is decided here.
 */
import type { FeedCommit, FeedPage } from "../journal/Journal.ts"
import type { Verdict } from "../journal/Receipt.ts"
import type * as Wire from "../wire/WireMessage.ts"
import type { BatchOutcome } from "./BatchPortions.ts"
import type { Role } from "./Proof.ts"
import type { SessionError } from "./SessionError.ts"

/** Bytes of commits that may be unacknowledged; then this side waits. */
export const windowBytesMax = 4 * 1024 * 1024
/** Batches that may be unacknowledged. */
export const windowBatchesMax = 48
/** As many unacknowledged batches make commits that come after the feed's end gather. */
export const eagerBatchesMax = 4
/** As many gathered commits go at once, however many batches are unacknowledged. */
export const gatheredCommitsMin = 64
/** Reconciliation passes in a row that may move something without ending in equal roots. */
export const passesMax = 256

/** What this node has of the space in the view of the peer, all of one moment. */
export interface SpaceSnapshot {
  readonly head: number
  readonly root: Uint8Array
  readonly count: number
}

/** What the peer said it has. */
export interface PeerSpace extends SpaceSnapshot {
  /** 16 hexadecimal digits. */
  readonly incarnation: string
  /** This journal's arrival number up to which the peer says it has taken in everything of this incarnation, or 0. */
  readonly cursorHere: number
}

/** What a snapshot is read for. */
export type SpacePurpose = "hello" | "helloAck" | "request" | "answer"

interface InFlight {
  readonly bytes: number
  /** Place in the feed after the batch, or `undefined` outside the feed. */
  readonly upto: number | undefined
  /** Arrival numbers of its commits here, in their order. */
  readonly lseqs: ReadonlyArray<number>
}

/** A key range of a partition, or the whole partition for the prefix "". */
export interface DifferingRange {
  readonly partitionHash: Uint8Array
  /** Hexadecimal digits. */
  readonly prefix: string
}

/**
 * Where the comparison of roots stands. `due` waits for a quiet moment to ask; `settling` waits for one to see what a
 * pass of range reconciliation has moved; `stale` was proven before something moved and is asked again with the
 * driver's next tick, so that a stream of changes is not doubled by a stream of proofs.
 */
export type ProofState = "due" | "asked" | "exchanging" | "settling" | "proven" | "stale" | "failed"

export interface LiveState {
  readonly role: Role
  readonly snapshot: SpaceSnapshot
  readonly peer: PeerSpace | undefined
  readonly head: number
  readonly sentUpto: number
  readonly isReading: boolean
  /** The last page that was read was the feed's last: what comes after it is new. */
  readonly isAtEnd: boolean
  readonly hasAnnouncedEnd: boolean
  readonly isPeerDone: boolean
  readonly nextBatch: number
  readonly inFlight: ReadonlyMap<number, InFlight>
  readonly inFlightBytes: number
  /** Batches of the peer that are being taken in. */
  readonly applying: number
  readonly acknowledged: number
  /** Something sent was not taken in, so only a proof says that the peer has everything. */
  readonly isBlocked: boolean
  /** Up to here the peer has what was sent, or has said of each commit why not. */
  readonly told: number
  /** Of something sent it did not say what became of it; only a proof does. */
  readonly isUntold: boolean
  /** Newest arrival number of the peer that this side has heard of. */
  readonly peerHead: number
  /** This side's knowledge of what it has taken in of the peer's feed. */
  readonly cursor: number
  readonly proof: ProofState
  readonly request: number
  /** Codes of what waits here or there, so that roots differ until it is taken in; at most 8. */
  readonly held: ReadonlyArray<string>
  /** A step of range reconciliation that waits until what earlier ones sent is acknowledged. */
  readonly deferred: Wire.SyncState | undefined
  /** Ranges in which the last step found a difference, at most 8. */
  readonly differing: ReadonlyArray<DifferingRange>
  /** The request that waits for this side's own root. */
  readonly asked: Wire.SyncRequest | undefined
  /** Since the last question for the peer's root something was applied, or a feed has gone on. */
  readonly hasMoved: boolean
  readonly passes: number
  readonly sentEvents: number
  readonly receivedEvents: number
}

export type LiveInput =
  | { readonly _tag: "JournalMoved"; readonly head: number }
  | { readonly _tag: "FeedRead"; readonly page: FeedPage; readonly commits: ReadonlyArray<FeedCommit> }
  | { readonly _tag: "Applied"; readonly batch: Wire.EventBatch; readonly outcome: BatchOutcome }
  | { readonly _tag: "RangesRead"; readonly reply: Wire.SyncState; readonly pushes: ReadonlyArray<FeedCommit> }
  | { readonly _tag: "ProofDue" }
  /** What this side had when its roots were last read was taken back since. */
  | { readonly _tag: "RootsOutdated" }
  /** What the peer had said was kept; the codes of what it will never take in and what stays here all the same. */
  | { readonly _tag: "Settled"; readonly standing: ReadonlyArray<string> }

export type LiveAction =
  | { readonly _tag: "Send"; readonly message: Wire.WireMessage }
  | { readonly _tag: "ReadFeed"; readonly after: number }
  | { readonly _tag: "ReadSpace"; readonly purpose: SpacePurpose }
  | { readonly _tag: "Apply"; readonly batch: Wire.EventBatch }
  | { readonly _tag: "AnswerRanges"; readonly message: Wire.SyncState | undefined; readonly request: number }
  | { readonly _tag: "SetCursor"; readonly cursor: number }
  | {
      readonly _tag: "Progressed"
      readonly sentEvents: number
      readonly receivedEvents: number
      /** Commits that the peer is known to have and that were not taken in yet. */
      readonly pendingIn: number
      /** Codes of what waits and is not taken in; empty while anything else of this side is under way. */
      readonly held: ReadonlyArray<string>
    }
  | {
      readonly _tag: "Synced"
      readonly root: Uint8Array
      /** This side's newest arrival number that the proof covers. */
      readonly head: number
      readonly count: number
      readonly sentEvents: number
      readonly receivedEvents: number
    }
  | {
      readonly _tag: "Differs"
      readonly passes: number
      readonly held: ReadonlyArray<string>
      readonly ranges: ReadonlyArray<DifferingRange>
    }
  /** The peer's word on commits of this journal. */
  | { readonly _tag: "Settle"; readonly verdicts: ReadonlyArray<Verdict & { readonly lseq: number }> }
  | { readonly _tag: "Fail"; readonly reason: SessionError["reason"] }

export interface LiveOutcome {
  readonly live: LiveState
  readonly actions: ReadonlyArray<LiveAction>
}

const noSpace: SpaceSnapshot = { head: 0, root: new Uint8Array(16), count: 0 }

export const initial = (role: Role): LiveState => ({
  role,
  snapshot: noSpace,
  peer: undefined,
  head: 0,
  sentUpto: 0,
  isReading: false,
  isAtEnd: false,
  hasAnnouncedEnd: false,
  isPeerDone: false,
  nextBatch: 0,
  inFlight: new Map(),
  inFlightBytes: 0,
  applying: 0,
  acknowledged: 0,
  isBlocked: false,
  told: 0,
  isUntold: false,
  peerHead: 0,
  cursor: 0,
  proof: "due",
  request: 0,
  held: [],
  deferred: undefined,
  differing: [],
  asked: undefined,
  hasMoved: false,
  passes: 0,
  sentEvents: 0,
  receivedEvents: 0
})

/** How far the session has come. */
export const progressed = (live: LiveState): LiveAction => ({
  _tag: "Progressed",
  sentEvents: live.sentEvents,
  receivedEvents: live.receivedEvents,
  pendingIn: Math.max(0, live.peerHead - live.cursor),
  held: isQuiet(live) ? live.held : []
})

/** Different codes that a session keeps of what waits. */
const heldCodesMax = 8

/** The codes with further ones. */
export const heldWith = (held: ReadonlyArray<string>, codes: ReadonlyArray<string>): ReadonlyArray<string> =>
  codes.length === 0 ? held : [...new Set([...held, ...codes])].slice(0, heldCodesMax)

export const withSnapshot = (live: LiveState, snapshot: SpaceSnapshot): LiveState => ({ ...live, snapshot })

/** The state after a batch was handed over, and its message. `feed` is the stretch of the feed that it is. */
export const withBatch = (
  live: LiveState,
  commits: ReadonlyArray<FeedCommit>,
  feed: { readonly from: number; readonly upto: number; readonly isLast: boolean } | undefined
): { readonly live: LiveState; readonly message: Wire.EventBatch } => {
  let bytes = 0
  let events = 0
  for (const commit of commits) {
    bytes += commit.bytes.length
    events += commit.events
  }
  const inFlight = new Map(live.inFlight)
  inFlight.set(live.nextBatch, { bytes, upto: feed?.upto, lseqs: commits.map(({ lseq }) => lseq) })
  return {
    live: {
      ...live,
      inFlight,
      inFlightBytes: live.inFlightBytes + bytes,
      nextBatch: live.nextBatch + 1,
      sentEvents: live.sentEvents + events
    },
    message: {
      _tag: "EventBatch",
      batch: live.nextBatch,
      source: feed === undefined ? "sync" : "feed",
      from: feed?.from ?? null,
      upto: feed?.upto ?? 0,
      isLast: feed?.isLast ?? false,
      commits: commits.map((commit) => commit.bytes)
    }
  }
}

/** True for the batch that only asks to be asked. */
export const carriesNothing = ({ lseqs, upto }: InFlight): boolean => lseqs.length === 0 && upto === undefined

/** What only asks to be asked holds back no answer, or two sides that act at once would put each other off for ever. */
const hasUnderWay = ({ inFlight }: LiveState): boolean => {
  for (const sent of inFlight.values()) if (!carriesNothing(sent)) return true
  return false
}

/** True when nothing of this side is under way, so that comparing roots makes sense. */
export const isQuiet = (live: LiveState): boolean =>
  live.hasAnnouncedEnd &&
  live.deferred === undefined &&
  !hasUnderWay(live) &&
  live.applying === 0 &&
  !live.isReading &&
  live.sentUpto >= live.head
