/**
 * A session after the greeting, as a pure step: both feeds with a bounded window, and their acknowledgements. Comparing
 * roots is `Comparison`'s.
 */
import type { FeedCommit, FeedPage } from "../journal/Journal.ts"
import type * as Wire from "../wire/WireMessage.ts"
import { withdrawingCodes } from "../journal/Receipt.ts"
import type { BatchOutcome } from "./BatchPortions.ts"
import * as Comparison from "./Comparison.ts"
import {
  carriesNothing,
  eagerBatchesMax,
  gatheredCommitsMin,
  heldWith,
  type LiveInput,
  type LiveOutcome,
  type LiveState,
  type PeerSpace,
  progressed,
  windowBatchesMax,
  windowBytesMax,
  withBatch
} from "./LiveState.ts"
import { ProtocolViolated } from "./SessionError.ts"
import * as Verdicts from "./Verdicts.ts"

/** Where this side's feed starts, and up to where the peer had confirmed it, or said what it lacks, before. */
interface FeedStart {
  readonly from: number
  readonly confirmed: number
  readonly told: number
}

/** Begins after the greeting: equal views move both cursors to the heads, others start the feed. */
export const begin = (
  before: LiveState,
  peer: PeerSpace,
  { confirmed, from, told }: FeedStart,
  isEqual: boolean
): LiveOutcome => {
  const head = Math.max(before.head, before.snapshot.head)
  // What the peer says it has and never confirmed to this journal may be what a copy of this journal sent.
  const isBlocked = before.isBlocked || from > confirmed
  const isUntold = before.isUntold || from > told
  const live: LiveState = { ...before, peer, peerHead: peer.head, sentUpto: from, head, isBlocked, isUntold }
  if (isEqual) {
    return {
      live: {
        ...live,
        isAtEnd: true,
        hasAnnouncedEnd: true,
        isPeerDone: true,
        isBlocked: false,
        isUntold: false,
        proof: "proven",
        cursor: peer.head,
        acknowledged: from,
        told: from
      },
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
      return Comparison.sendRanges(live, input.reply, input.pushes)
    case "Settled": {
      const settled = { ...live, held: heldWith(live.held, input.standing) }
      return { live: settled, actions: [progressed(settled)] }
    }
    case "ProofDue": {
      const isIdle = live.proof === "proven" || live.proof === "stale" || live.proof === "failed"
      return Comparison.askForProof(isIdle ? { ...live, proof: "due", passes: 0 } : live)
    }
    case "RootsOutdated":
      return Comparison.askAnew(live)
  }
}

export const receive = (live: LiveState, message: Wire.WireMessage): LiveOutcome => {
  switch (message._tag) {
    case "EventBatch":
      return {
        live: { ...live, applying: live.applying + 1, peerHead: Math.max(live.peerHead, message.upto) },
        actions: [{ _tag: "Apply", batch: message }]
      }
    case "EventAck":
      return acknowledged(live, message)
    case "SyncRequest":
      return Comparison.requested(live, message)
    case "SyncState":
      return Comparison.stateReceived(live, message)
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

/**
 * Whether there is something to read that is worth a batch. A peer that is slow to acknowledge gets what is new in few batches, as each costs
 * both sides the same whatever is in it: Nagle's algorithm (RFC 896) with a window of a few. What was there before goes as the window allows.
 */
const isDue = ({ head, inFlight, isAtEnd, sentUpto }: LiveState): boolean =>
  head - sentUpto >= (isAtEnd && inFlight.size >= eagerBatchesMax ? gatheredCommitsMin : 1)

const readMore = (live: LiveState, isForced: boolean): LiveOutcome => {
  if (live.isReading || !(isForced || isDue(live)) || !hasRoom(live)) return { live, actions: [] }
  return { live: { ...live, isReading: true }, actions: [{ _tag: "ReadFeed", after: live.sentUpto }] }
}

/** Sends a page of the feed. What was filtered out moves the place silently; only the first end is announced. */
const sendPage = (before: LiveState, page: FeedPage, commits: ReadonlyArray<FeedCommit>): LiveOutcome => {
  const headAtLeast = page.isEnd ? page.upto : page.upto + 1
  const live: LiveState = {
    ...before,
    sentUpto: page.upto,
    head: Math.max(before.head, headAtLeast),
    isAtEnd: page.isEnd
  }
  const announces = page.isEnd && !live.hasAnnouncedEnd
  if (commits.length === 0 && !announces) return page.isEnd ? Comparison.askForProof(live) : readMore(live, true)
  const feed = { from: before.sentUpto, upto: page.upto, isLast: page.isEnd }
  const sent = withBatch({ ...live, hasAnnouncedEnd: live.hasAnnouncedEnd || page.isEnd }, commits, feed)
  const more = readMore(sent.live, !page.isEnd)
  return { live: more.live, actions: [{ _tag: "Send", message: sent.message }, ...more.actions] }
}

const acknowledge = (before: LiveState, batch: Wire.EventBatch, outcome: BatchOutcome): LiveOutcome => {
  const live: LiveState = {
    ...before,
    applying: before.applying - 1,
    isPeerDone: before.isPeerDone || (batch.source === "feed" && batch.isLast),
    hasMoved: before.hasMoved || outcome.applied > 0 || batch.source === "feed",
    held: heldWith(
      before.held,
      outcome.verdicts.flatMap(({ code, kind }) => (kind === "held" ? [code] : []))
    ),
    receivedEvents: before.receivedEvents + outcome.applied,
    cursor: Math.max(before.cursor, outcome.cursor),
    proof: Comparison.afterBatch(before.proof, outcome)
  }
  const message: Wire.EventAck = {
    _tag: "EventAck",
    batch: batch.batch,
    upto: outcome.cursor,
    applied: outcome.applied,
    held: outcome.held,
    gaps: outcome.gaps,
    refused: outcome.refused.slice(0, 64),
    ...Verdicts.toWire(outcome.verdicts)
  }
  const next = Comparison.askForProof(live)
  return {
    live: next.live,
    actions: [{ _tag: "Send", message }, progressed(live), ...next.actions]
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
  // The answer to a question that it asked for may have come first, and still holds.
  if (carriesNothing(sent)) return readMore({ ...before, inFlight }, false)
  const verdicts = Verdicts.fromWire(message, sent.lseqs)
  const putOff = verdicts.flatMap(({ code }) => (withdrawingCodes.has(code) ? [] : [code]))
  const notTaken = message.refused.reduce((sum, [, commits]) => sum + commits, message.held)
  const isBlocked = before.isBlocked || message.gaps > 0 || putOff.length > 0
  const isUntold = before.isUntold || message.gaps > 0 || verdicts.length < notTaken
  const upto = Math.min(sent.upto ?? 0, message.upto)
  const live: LiveState = {
    ...before,
    inFlight,
    inFlightBytes: before.inFlightBytes - sent.bytes,
    isBlocked,
    acknowledged: isBlocked ? before.acknowledged : Math.max(before.acknowledged, upto),
    isUntold,
    told: isUntold ? before.told : Math.max(before.told, upto),
    held: heldWith(before.held, putOff),
    hasMoved: before.hasMoved || message.applied > 0 || sent.upto !== undefined,
    proof: Comparison.afterBatch(before.proof, message)
  }
  const more = readMore(live, false)
  const answered = Comparison.answerDeferred(more.live)
  const next = Comparison.askForProof(answered.live)
  return {
    live: next.live,
    actions: [
      // First of all, so that the roots that are compared next are those without what was refused.
      ...(verdicts.length === 0 ? [] : [{ _tag: "Settle", verdicts } as const]),
      ...more.actions,
      ...answered.actions,
      progressed(live),
      ...next.actions
    ]
  }
}
