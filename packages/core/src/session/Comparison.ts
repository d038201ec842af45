/**
 * Comparing what both sides have, as pure steps: asking for the peer's root at a quiet moment, answering such a
 * question, and the passes of range reconciliation that follow a difference. The opening side alone asks, so that the
 * two never ask across each other; the other side has itself asked by a batch without commits.
 */
import * as Bytes from "../identity/Bytes.ts"
import * as Fingerprint from "../journal/Fingerprint.ts"
import type { FeedCommit } from "../journal/Journal.ts"
import * as Limits from "../model/Limits.ts"
import type * as Wire from "../wire/WireMessage.ts"
import {
  type DifferingRange,
  isQuiet,
  type LiveAction,
  type LiveOutcome,
  type LiveState,
  passesMax,
  progressed,
  type ProofState,
  type SpacePurpose,
  type SpaceSnapshot,
  windowBatchesMax,
  windowBytesMax,
  withBatch
} from "./LiveState.ts"
import { ProtocolViolated } from "./SessionError.ts"

/**
 * A gap is what comparing roots is for; any other batch makes an old proof stale. So does one that was known already:
 * whoever sent it has a newer head than the one that was proven, and where roots differed they may be equal now.
 */
export const afterBatch = (proof: ProofState, { gaps }: { readonly gaps: number }): ProofState => {
  if (proof !== "proven" && proof !== "stale" && proof !== "failed") return proof
  return gaps > 0 ? "due" : "stale"
}

/** Asks for the peer's root once that makes sense; after a pass that moved nothing it reports the difference. */
export const askForProof = (live: LiveState): LiveOutcome => {
  const isWaiting = live.proof === "due" || live.proof === "settling"
  if (live.role !== "initiator" || !isWaiting || !live.isPeerDone || !isQuiet(live)) return { live, actions: [] }
  if (live.proof === "settling" && !(live.hasMoved && live.passes < passesMax)) {
    return {
      live: { ...live, passes: 0, proof: "failed" },
      actions: [{ _tag: "Differs", passes: live.passes, held: live.held, ranges: live.differing }]
    }
  }
  return { live: { ...live, proof: "asked" }, actions: [{ _tag: "ReadSpace", purpose: "request" }] }
}

/**
 * Roots are to be compared although nothing was sent: this side has less than when it read its own. A question that is
 * out was asked with the old root, so another one takes its place and its answer means nothing any more. The answering
 * side sends a batch of nothing, which makes the asking side's proof stale; a batch that is under way does that, too.
 */
export const askAnew = (live: LiveState): LiveOutcome => {
  if (live.role === "initiator") {
    const isPassing = live.proof === "exchanging" || live.proof === "settling"
    return askForProof(isPassing ? live : { ...live, proof: "due", passes: 0 })
  }
  if (!live.hasAnnouncedEnd || live.inFlight.size > 0) return { live, actions: [] }
  const sent = withBatch(live, [], undefined)
  return { live: sent.live, actions: [{ _tag: "Send", message: sent.message }] }
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

/** Answers the question for this side's root, or puts it off. */
export const requested = (live: LiveState, message: Wire.SyncRequest): LiveOutcome => {
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
      // An earlier proof holds no longer.
      actions: [progressed(live), { _tag: "AnswerRanges", message: undefined, request: asked.request }]
    }
  }
  return {
    live: {
      ...live,
      ...provenUpto(live, mine.head),
      asked: undefined,
      peerHead: Math.max(live.peerHead, asked.head),
      cursor: Math.max(live.cursor, asked.head)
    },
    actions: [
      { _tag: "SetCursor", cursor: asked.head },
      { _tag: "Send", message: emptyState(asked.request, "equal", mine.head) },
      synced(live, mine)
    ]
  }
}

/** Equal roots show that the peer has everything that this side had. */
const provenUpto = (live: LiveState, head: number) =>
  ({
    proof: "proven",
    held: [],
    isBlocked: false,
    isUntold: false,
    differing: [],
    acknowledged: Math.max(live.acknowledged, head),
    told: Math.max(live.told, head)
  }) as const

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

/** Reads an answer: a verdict, or one step of range reconciliation. */
export const stateReceived = (live: LiveState, message: Wire.SyncState): LiveOutcome => {
  if (message.request !== live.request) return { live, actions: [] }
  if (live.role === "initiator" && live.proof === "asked") {
    if (message.verdict === "equal") {
      return {
        live: {
          ...live,
          ...provenUpto(live, live.snapshot.head),
          passes: 0,
          peerHead: Math.max(live.peerHead, message.head),
          cursor: Math.max(live.cursor, message.head)
        },
        actions: [{ _tag: "SetCursor", cursor: message.head }, synced(live, live.snapshot)]
      }
    }
    // A busy peer is asked again when it has said something, or with the next tick.
    if (message.verdict === "busy") return { live: { ...live, proof: "due" }, actions: [] }
  }
  const isFirst = live.role === "initiator" && live.proof === "asked"
  const next = isEmpty(message)
    ? endPass(live)
    : answerDeferred({
        ...live,
        proof: live.role === "initiator" ? "exchanging" : live.proof,
        differing: rangesOf(message),
        deferred: message
      })
  // The first answer that is not "equal" ends an earlier proof.
  return isFirst ? { live: next.live, actions: [progressed(live), ...next.actions] } : next
}

/** Ranges that a report of a difference names. */
const rangesNamedMax = 8

/** Where the peer's step says that the two sides differ, the narrowest that it tells. */
const rangesOf = ({ clocks, nodes, want }: Wire.SyncState): ReadonlyArray<DifferingRange> => {
  const ranges: Array<DifferingRange> = []
  const add = (partitionHash: Uint8Array, prefix: string): void => {
    if (ranges.length < rangesNamedMax) ranges.push({ partitionHash, prefix })
  }
  const digits = (key: number): string => key.toString(16).padStart(Fingerprint.keyDigits, "0")
  for (const [partitionHash, key] of clocks) add(partitionHash, digits(key))
  for (const [partitionHash, key] of want) add(partitionHash, digits(key))
  for (const node of nodes) {
    if (node[0] === 1) for (const [partitionHash] of node[2]) add(partitionHash, "")
    if (node[0] === 2 || node[0] === 3) add(node[1], node[2])
  }
  return ranges
}

/** Half of the window: what one step of reconciliation pushes fits into the other half. */
const answerBytesMax = windowBytesMax / 2
const answerBatchesMax = windowBatchesMax / 2

/** Answers the waiting step of reconciliation once the window has room for what the answer may push. */
export const answerDeferred = (live: LiveState): LiveOutcome => {
  const message = live.deferred
  const hasRoom = live.inFlightBytes <= answerBytesMax && live.inFlight.size <= answerBatchesMax
  if (message === undefined || !hasRoom) return { live, actions: [] }
  return {
    live: { ...live, deferred: undefined },
    actions: [{ _tag: "AnswerRanges", message, request: message.request }]
  }
}

/** Nothing is left to compare. What the pass moved shows once everything under way has settled. */
const endPass = (live: LiveState): LiveOutcome =>
  live.role === "initiator"
    ? askForProof({ ...live, passes: live.passes + 1, proof: "settling" })
    : { live, actions: [] }

/** Sends the answer to ranges and the commits that it showed to be missing on the other side. */
export const sendRanges = (
  before: LiveState,
  reply: Wire.SyncState,
  pushes: ReadonlyArray<FeedCommit>
): LiveOutcome => {
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
