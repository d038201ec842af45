/**
 * A session after the greeting, as a pure step: both feeds with a bounded window, acknowledgements, and the proof that
 * both views are equal. The opening side alone asks for proofs, so that the two never ask across each other.
 */
import * as Bytes from "../identity/Bytes.ts"
import type { FeedCommit, FeedPage, RemoteOutcome } from "../journal/Journal.ts"
import * as Limits from "../model/Limits.ts"
import type * as Wire from "../wire/WireMessage.ts"
import type { Role } from "./Proof.ts"
import { ProtocolViolated, type SessionError } from "./SessionError.ts"

/** Bytes of commits that may be unacknowledged; then this side waits. */
export const windowBytesMax = 4 * 1024 * 1024
/** Batches that may be unacknowledged. */
export const windowBatchesMax = 48
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
}

/** What a snapshot is read for. */
export type SpacePurpose = "hello" | "helloAck" | "request" | "answer"

interface InFlight {
  readonly bytes: number
  /** Place in the feed after the batch, or `undefined` outside the feed. */
  readonly upto: number | undefined
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
  readonly hasAnnouncedEnd: boolean
  readonly isPeerDone: boolean
  readonly nextBatch: number
  readonly inFlight: ReadonlyMap<number, InFlight>
  readonly inFlightBytes: number
  /** Batches of the peer that are being taken in. */
  readonly applying: number
  readonly acknowledged: number
  /** This side's knowledge of what it has taken in of the peer's feed. */
  readonly cursor: number
  readonly proof: ProofState
  readonly request: number
  /** The request that waits for this side's own root. */
  readonly asked: Wire.SyncRequest | undefined
  readonly hasMoved: boolean
  readonly passes: number
  readonly sentEvents: number
  readonly receivedEvents: number
}

export type LiveInput =
  | { readonly _tag: "JournalMoved"; readonly head: number }
  | { readonly _tag: "FeedRead"; readonly page: FeedPage; readonly commits: ReadonlyArray<FeedCommit> }
  | { readonly _tag: "Applied"; readonly batch: Wire.EventBatch; readonly outcome: RemoteOutcome }
  | { readonly _tag: "RangesRead"; readonly reply: Wire.SyncState; readonly pushes: ReadonlyArray<FeedCommit> }
  | { readonly _tag: "ProofDue" }

export type LiveAction =
  | { readonly _tag: "Send"; readonly message: Wire.WireMessage }
  | { readonly _tag: "ReadFeed"; readonly after: number }
  | { readonly _tag: "ReadSpace"; readonly purpose: SpacePurpose }
  | { readonly _tag: "Apply"; readonly batch: Wire.EventBatch }
  | { readonly _tag: "AnswerRanges"; readonly message: Wire.SyncState | undefined; readonly request: number }
  | { readonly _tag: "SetCursor"; readonly cursor: number }
  | { readonly _tag: "Progressed"; readonly sentEvents: number; readonly receivedEvents: number }
  | {
      readonly _tag: "Synced"
      readonly root: Uint8Array
      /** This side's newest arrival number that the proof covers. */
      readonly head: number
      readonly count: number
      readonly sentEvents: number
      readonly receivedEvents: number
    }
  | { readonly _tag: "Differs"; readonly passes: number }
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
  hasAnnouncedEnd: false,
  isPeerDone: false,
  nextBatch: 0,
  inFlight: new Map(),
  inFlightBytes: 0,
  applying: 0,
  acknowledged: 0,
  cursor: 0,
  proof: "due",
  request: 0,
  asked: undefined,
  hasMoved: false,
  passes: 0,
  sentEvents: 0,
  receivedEvents: 0
})

export const withSnapshot = (live: LiveState, snapshot: SpaceSnapshot): LiveState => ({ ...live, snapshot })

/** Begins after the greeting: equal views move both cursors to the heads, others start the feed. */
export const begin = (before: LiveState, peer: PeerSpace, from: number, isEqual: boolean): LiveOutcome => {
  const live: LiveState = { ...before, peer, sentUpto: from, head: Math.max(before.head, from) }
  if (isEqual) {
    return {
      live: { ...live, hasAnnouncedEnd: true, isPeerDone: true, proof: "proven", cursor: peer.head },
      actions: [
        { _tag: "SetCursor", cursor: peer.head },
        { _tag: "Synced", root: peer.root, head: from, count: peer.count, sentEvents: 0, receivedEvents: 0 }
      ]
    }
  }
  return readMore(live, true)
}

export const step = (live: LiveState, input: LiveInput): LiveOutcome => {
  switch (input._tag) {
    case "JournalMoved":
      return readMore({ ...live, head: Math.max(live.head, input.head) }, false)
    case "FeedRead":
      return sendPage({ ...live, isReading: false }, input.page, input.commits)
    case "Applied":
      return acknowledge(live, input.batch, input.outcome)
    case "RangesRead":
      return sendRanges(live, input.reply, input.pushes)
    case "ProofDue": {
      const isIdle = live.proof === "proven" || live.proof === "stale" || live.proof === "failed"
      return askForProof(isIdle ? { ...live, proof: "due", passes: 0 } : live)
    }
  }
}

export const receive = (live: LiveState, message: Wire.WireMessage): LiveOutcome => {
  switch (message._tag) {
    case "EventBatch":
      return {
        live: { ...live, applying: live.applying + 1 },
        actions: [{ _tag: "Apply", batch: message }]
      }
    case "EventAck":
      return acknowledged(live, message)
    case "SyncRequest":
      return requested(live, message)
    case "SyncState":
      return stateReceived(live, message)
    case "Ping":
      return { live, actions: [{ _tag: "Send", message: { _tag: "Pong", token: message.token } }] }
    case "Pong":
      return { live, actions: [] }
    default:
      return {
        live,
        actions: [{ _tag: "Fail", reason: new ProtocolViolated({ problem: `${message._tag} while live` }) }]
      }
  }
}

const hasRoom = (live: LiveState): boolean =>
  live.inFlightBytes < windowBytesMax && live.inFlight.size < windowBatchesMax

const readMore = (live: LiveState, isForced: boolean): LiveOutcome => {
  const hasMore = isForced || live.sentUpto < live.head
  if (live.isReading || !hasMore || !hasRoom(live)) return { live, actions: [] }
  return { live: { ...live, isReading: true }, actions: [{ _tag: "ReadFeed", after: live.sentUpto }] }
}

const withBatch = (
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
  inFlight.set(live.nextBatch, { bytes, upto: feed?.upto })
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

/** Sends a page of the feed. What was filtered out moves the place silently; only the first end is announced. */
const sendPage = (before: LiveState, page: FeedPage, commits: ReadonlyArray<FeedCommit>): LiveOutcome => {
  const live: LiveState = { ...before, sentUpto: page.upto, head: Math.max(before.head, page.upto) }
  const announces = page.isEnd && !live.hasAnnouncedEnd
  if (commits.length === 0 && !announces) return page.isEnd ? askForProof(live) : readMore(live, true)
  const feed = { from: before.sentUpto, upto: page.upto, isLast: page.isEnd }
  const sent = withBatch({ ...live, hasAnnouncedEnd: live.hasAnnouncedEnd || page.isEnd }, commits, feed)
  const more = readMore(sent.live, !page.isEnd)
  return { live: more.live, actions: [{ _tag: "Send", message: sent.message }, ...more.actions] }
}

const acknowledge = (before: LiveState, batch: Wire.EventBatch, outcome: RemoteOutcome): LiveOutcome => {
  const live: LiveState = {
    ...before,
    applying: before.applying - 1,
    isPeerDone: before.isPeerDone || (batch.source === "feed" && batch.isLast),
    hasMoved: before.hasMoved || outcome.applied > 0,
    receivedEvents: before.receivedEvents + outcome.applied,
    cursor: Math.max(before.cursor, outcome.cursor),
    proof: afterMove(before.proof, outcome)
  }
  const message: Wire.EventAck = {
    _tag: "EventAck",
    batch: batch.batch,
    upto: outcome.cursor,
    applied: outcome.applied,
    held: outcome.held,
    gaps: outcome.gaps,
    refused: outcome.refused.slice(0, 64)
  }
  const next = askForProof(live)
  return {
    live: next.live,
    actions: [
      { _tag: "Send", message },
      { _tag: "Progressed", sentEvents: live.sentEvents, receivedEvents: live.receivedEvents },
      ...next.actions
    ]
  }
}

const acknowledged = (before: LiveState, message: Wire.EventAck): LiveOutcome => {
  const sent = before.inFlight.get(message.batch)
  if (sent === undefined) {
    return {
      live: before,
      actions: [{ _tag: "Fail", reason: new ProtocolViolated({ problem: "an acknowledgement of nothing sent" }) }]
    }
  }
  const inFlight = new Map(before.inFlight)
  inFlight.delete(message.batch)
  const live: LiveState = {
    ...before,
    inFlight,
    inFlightBytes: before.inFlightBytes - sent.bytes,
    acknowledged: Math.max(before.acknowledged, Math.min(sent.upto ?? 0, message.upto)),
    hasMoved: before.hasMoved || message.applied > 0,
    proof: afterMove(before.proof, message)
  }
  const more = readMore(live, false)
  const next = askForProof(more.live)
  return {
    live: next.live,
    actions: [
      ...more.actions,
      { _tag: "Progressed", sentEvents: live.sentEvents, receivedEvents: live.receivedEvents },
      ...next.actions
    ]
  }
}

/** A gap is what comparing roots is for; anything else that moved makes an old proof stale. */
const afterMove = (
  proof: ProofState,
  { applied, gaps }: { readonly applied: number; readonly gaps: number }
): ProofState => {
  if (proof !== "proven" && proof !== "stale") return proof
  if (gaps > 0) return "due"
  return applied > 0 ? "stale" : proof
}

/** True when nothing of this side is under way, so that comparing roots makes sense. */
const isQuiet = (live: LiveState): boolean =>
  live.hasAnnouncedEnd &&
  live.inFlight.size === 0 &&
  live.applying === 0 &&
  !live.isReading &&
  live.sentUpto >= live.head

/** Asks for the peer's root once that makes sense; after a pass that moved nothing it reports the difference. */
const askForProof = (live: LiveState): LiveOutcome => {
  const isWaiting = live.proof === "due" || live.proof === "settling"
  if (live.role !== "initiator" || !isWaiting || !live.isPeerDone || !isQuiet(live)) return { live, actions: [] }
  if (live.proof === "settling" && !(live.hasMoved && live.passes < passesMax)) {
    return { live: { ...live, passes: 0, proof: "failed" }, actions: [{ _tag: "Differs", passes: live.passes }] }
  }
  return { live: { ...live, proof: "asked" }, actions: [{ _tag: "ReadSpace", purpose: "request" }] }
}

const emptyState = (request: number, verdict: Wire.SyncState["verdict"], head: number): Wire.SyncState => ({
  _tag: "SyncState",
  request,
  verdict,
  head,
  nodes: [],
  clocks: [],
  replies: [],
  want: []
})

const requested = (live: LiveState, message: Wire.SyncRequest): LiveOutcome => {
  if (live.role !== "responder" || live.asked !== undefined) {
    return { live, actions: [{ _tag: "Fail", reason: new ProtocolViolated({ problem: "a comparison out of turn" }) }] }
  }
  if (!isQuiet(live)) {
    return { live, actions: [{ _tag: "Send", message: emptyState(message.request, "busy", 0) }] }
  }
  return { live: { ...live, asked: message }, actions: [{ _tag: "ReadSpace", purpose: "answer" }] }
}

/** The own root is known: ask with it, or answer with it. */
export const spaceRead = (live: LiveState, purpose: SpacePurpose, mine: SpaceSnapshot): LiveOutcome => {
  if (purpose === "request") {
    const request = live.request + 1
    const { count, head, root } = mine
    const message: Wire.SyncRequest = { _tag: "SyncRequest", request, root, count, head, applied: live.cursor }
    return {
      live: { ...live, request, snapshot: mine, hasMoved: false },
      actions: [{ _tag: "Send", message }]
    }
  }
  const asked = live.asked
  if (asked === undefined) return { live, actions: [] }
  const isEqual = Bytes.equals(asked.root, mine.root) && asked.count === mine.count
  if (!isEqual) {
    return {
      live: { ...live, asked: undefined, request: asked.request },
      actions: [{ _tag: "AnswerRanges", message: undefined, request: asked.request }]
    }
  }
  return {
    live: { ...live, asked: undefined, proof: "proven", cursor: Math.max(live.cursor, asked.head) },
    actions: [
      { _tag: "SetCursor", cursor: asked.head },
      { _tag: "Send", message: emptyState(asked.request, "equal", mine.head) },
      synced(live, mine)
    ]
  }
}

const synced = (live: LiveState, { count, head, root }: SpaceSnapshot): LiveAction => ({
  _tag: "Synced",
  root,
  head,
  count,
  sentEvents: live.sentEvents,
  receivedEvents: live.receivedEvents
})

const isEmpty = (message: Wire.SyncState): boolean =>
  message.nodes.length === 0 && message.clocks.length === 0 && message.replies.length === 0 && message.want.length === 0

const stateReceived = (live: LiveState, message: Wire.SyncState): LiveOutcome => {
  if (message.request !== live.request) return { live, actions: [] }
  if (live.role === "initiator" && live.proof === "asked") {
    if (message.verdict === "equal") {
      return {
        live: { ...live, proof: "proven", passes: 0, cursor: Math.max(live.cursor, message.head) },
        actions: [{ _tag: "SetCursor", cursor: message.head }, synced(live, live.snapshot)]
      }
    }
    // A busy peer is asked again when it has said something, or with the next tick.
    if (message.verdict === "busy") return { live: { ...live, proof: "due" }, actions: [] }
  }
  if (isEmpty(message)) return endPass(live)
  return {
    live: { ...live, proof: live.role === "initiator" ? "exchanging" : live.proof },
    actions: [{ _tag: "AnswerRanges", message, request: message.request }]
  }
}

/** Nothing is left to compare. What the pass moved shows once everything under way has settled. */
const endPass = (live: LiveState): LiveOutcome =>
  live.role === "initiator"
    ? askForProof({ ...live, passes: live.passes + 1, proof: "settling" })
    : { live, actions: [] }

/** Sends the answer to ranges and the commits that it showed to be missing on the other side. */
const sendRanges = (before: LiveState, reply: Wire.SyncState, pushes: ReadonlyArray<FeedCommit>): LiveOutcome => {
  let live = before
  const actions: Array<LiveAction> = []
  for (const commits of inBatches(pushes)) {
    const sent = withBatch(live, commits, undefined)
    live = sent.live
    actions.push({ _tag: "Send", message: sent.message })
  }
  actions.push({ _tag: "Send", message: reply })
  if (!isEmpty(reply)) return { live, actions }
  const ended = endPass(live)
  return { live: ended.live, actions: [...actions, ...ended.actions] }
}

const inBatches = (commits: ReadonlyArray<FeedCommit>): ReadonlyArray<ReadonlyArray<FeedCommit>> => {
  const batches: Array<Array<FeedCommit>> = []
  let bytes = Infinity
  for (const commit of commits) {
    if (bytes + commit.bytes.length > Limits.frameBytesTarget) {
      batches.push([])
      bytes = 0
    }
    batches[batches.length - 1]!.push(commit)
    bytes += commit.bytes.length
  }
  return batches
}
