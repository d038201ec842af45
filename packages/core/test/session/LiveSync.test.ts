// The feed's window and where it starts, as pure steps.
import { describe, expect, it } from "vitest"
import * as Bytes from "../../src/identity/Bytes.ts"
import type { FeedCommit } from "../../src/journal/Journal.ts"
import * as Comparison from "../../src/session/Comparison.ts"
import * as LiveState from "../../src/session/LiveState.ts"
import * as LiveSync from "../../src/session/LiveSync.ts"
import { feedStart } from "../../src/session/SessionState.ts"

const peer: LiveState.PeerSpace = {
  incarnation: "0011223344556677",
  cursorHere: 0,
  head: 0,
  root: new Uint8Array(16),
  count: 0
}

const commit = (lseq: number, size: number): FeedCommit => ({
  lseq,
  partition: { type: "note", header: {} },
  events: 1,
  bytes: new Uint8Array(size)
})

const ackOf = (batch: number, upto: number) =>
  ({ _tag: "EventAck", batch, upto, applied: 1, held: 0, gaps: 0, refused: [], reasons: [], verdicts: [] }) as const

/** Feeds pages of one commit until the sender stops asking for more. */
const fill = (size: number): { readonly live: LiveState.LiveState; readonly sent: number } => {
  let outcome = LiveSync.begin(LiveState.initial("responder"), peer, { from: 0, confirmed: 0, told: 0 }, false)
  let sent = 0
  while (outcome.actions.some(({ _tag }) => _tag === "ReadFeed") && sent < 1000) {
    const commits = [commit(sent + 1, size)]
    const page = { commits, upto: sent + 1, isEnd: false }
    outcome = LiveSync.step(outcome.live, { _tag: "FeedRead", page, commits })
    sent += outcome.actions.filter(({ _tag }) => _tag === "Send").length
  }
  return { live: outcome.live, sent }
}

describe("the feed", () => {
  it("[SE-7] stops at 48 batches or 4 MiB, and goes on when some are acknowledged", () => {
    expect(fill(10).sent).toBe(LiveState.windowBatchesMax)
    const { live, sent } = fill(1024 * 1024)
    expect(sent).toBe(4)
    expect(LiveSync.receive(live, ackOf(0, 1)).actions).toContainEqual({ _tag: "ReadFeed", after: 4 })
  })

  /** A session of equal peers, after one commit at a time has become the newest and been read until nothing is asked for. */
  const afterWrites = (count: number) => {
    let live = proven
    let sent = 0
    for (let lseq = 1; lseq <= count; lseq++) {
      const moved = LiveSync.step(live, { _tag: "JournalMoved", head: lseq })
      live = moved.live
      if (!moved.actions.some(({ _tag }) => _tag === "ReadFeed")) continue
      const commits = Array.from({ length: lseq - live.sentUpto }, (_, at) => commit(live.sentUpto + at + 1, 10))
      live = LiveSync.step(live, { _tag: "FeedRead", page: { commits, upto: lseq, isEnd: true }, commits }).live
      sent++
    }
    return { live, sent }
  }

  it("[SE-40] gathers what is new while four batches wait for the peer, up to 64 commits", () => {
    expect(afterWrites(4).sent).toBe(4)
    const { live, sent } = afterWrites(67)
    expect([sent, live.sentUpto]).toEqual([4, 4])
    expect(LiveSync.receive(live, ackOf(live.nextBatch - 1, 4)).actions).toContainEqual({ _tag: "ReadFeed", after: 4 })
    expect([afterWrites(68).sent, afterWrites(68).live.sentUpto]).toEqual([5, 68])
    // Also when what comes back first carried nothing.
    const asking = LiveState.withBatch(afterWrites(3).live, [], undefined)
    const moved = LiveSync.step(asking.live, { _tag: "JournalMoved", head: 4 })
    expect(moved.actions).toEqual([])
    const answered = LiveSync.receive(moved.live, ackOf(asking.message.batch, 0))
    expect(answered.actions).toEqual([{ _tag: "ReadFeed", after: 3 }])
  })

  it("[SE-40] what was there before does not gather, however little of it is left", () => {
    const full = fill(10).live
    expect(full.head - full.sentUpto).toBe(1)
    expect(LiveSync.receive(full, ackOf(0, 1)).actions).toContainEqual({ _tag: "ReadFeed", after: full.sentUpto })
  })

  it("[SE-15] starts at the peer's cursor, at 0 for a peer that has less than half, else at the head", () => {
    const incarnation = Bytes.fromHex("8899aabbccddeeff")!
    const mine: LiveState.SpaceSnapshot = { head: 100, root: new Uint8Array(16), count: 50 }
    const other = new Uint8Array(8)
    expect(feedStart(mine, incarnation, { cursorOf: incarnation, cursor: 70, count: 40 })).toBe(70)
    expect(feedStart(mine, incarnation, { cursorOf: incarnation, cursor: 101, count: 40 })).toBe(100)
    expect(feedStart(mine, incarnation, { cursorOf: other, cursor: 70, count: 40 })).toBe(100)
    expect(feedStart(mine, incarnation, { cursorOf: null, cursor: 0, count: 40 })).toBe(100)
    expect(feedStart(mine, incarnation, { cursorOf: other, cursor: 70, count: 0 })).toBe(0)
    expect(feedStart(mine, incarnation, { cursorOf: other, cursor: 70, count: 25 })).toBe(0)
    // It was met and never followed to a proof: what it has is not sent once more.
    expect(feedStart(mine, incarnation, { cursorOf: incarnation, cursor: 0, count: 40 })).toBe(100)
    expect(feedStart(mine, incarnation, { cursorOf: incarnation, cursor: 0, count: 10 })).toBe(0)
  })

  it("[SE-16] beyond what the peer had confirmed to this journal nothing counts as confirmed before a proof", () => {
    const after = (confirmed: number) => {
      const start = { from: 70, confirmed, told: confirmed }
      const { live } = LiveSync.begin(LiveState.initial("initiator"), peer, start, false)
      const page = { commits: [commit(71, 10)], upto: 71, isEnd: true }
      const sent = LiveSync.step(live, { _tag: "FeedRead", page, commits: page.commits }).live
      return LiveSync.receive(sent, ackOf(0, 71)).live
    }
    expect(after(70)).toMatchObject({ acknowledged: 71, told: 71 })
    expect(after(69)).toMatchObject({ acknowledged: 0, isBlocked: true, told: 0, isUntold: true })
  })
})

describe("verdicts", () => {
  const sentOne = () => {
    const { live } = LiveSync.begin(LiveState.initial("initiator"), peer, { from: 70, confirmed: 70, told: 70 }, false)
    const page = { commits: [commit(71, 10)], upto: 71, isEnd: true }
    return LiveSync.step(live, { _tag: "FeedRead", page, commits: page.commits }).live
  }

  it("[SE-30] block no confirmation of what follows, and are kept first of all", () => {
    const held = { held: 1, reasons: [["MassDelete", true, "", 0, ""]], verdicts: [[0, 0]] } as const
    const { actions, live } = LiveSync.receive(sentOne(), { ...ackOf(0, 71), ...held })
    expect(live).toMatchObject({ acknowledged: 0, isBlocked: true, told: 71, isUntold: false, held: ["MassDelete"] })
    expect(actions[0]).toMatchObject({ _tag: "Settle", verdicts: [{ lseq: 71, code: "MassDelete" }] })
  })

  it("[SE-30] that are missing leave it to a proof to tell what became of the commits", () => {
    const untold = { ...ackOf(0, 71), refused: [["Denied", 1]] } as const
    expect(LiveSync.receive(sentOne(), untold).live).toMatchObject({ told: 0, isUntold: true })
    const gap = { ...ackOf(0, 71), gaps: 1 }
    expect(LiveSync.receive(sentOne(), gap).live).toMatchObject({ told: 0, isUntold: true })
  })

  it("[OR-17] that refuse for good what stays here are told as held", () => {
    const refused = { refused: [["Denied", 1]], reasons: [["Denied", false, "", 0, ""]], verdicts: [[0, 0]] } as const
    const { live } = LiveSync.receive(sentOne(), { ...ackOf(0, 71), ...refused })
    expect(live).toMatchObject({ acknowledged: 71, held: [] })
    const settled = LiveSync.step(live, { _tag: "Settled", standing: ["Denied"] })
    expect(settled.actions).toMatchObject([{ _tag: "Progressed", held: ["Denied"] }])
  })
})

/** A session whose roots were equal when it began. */
const proven = LiveSync.begin(LiveState.initial("initiator"), peer, { from: 0, confirmed: 0, told: 0 }, true).live

/** Sends the commit that has become the newest here. */
const sendNext = (live: LiveState.LiveState): LiveState.LiveState => {
  const commits = [commit(live.sentUpto + 1, 10)]
  return LiveSync.step(live, { _tag: "FeedRead", page: { commits, upto: live.sentUpto + 1, isEnd: true }, commits })
    .live
}

/** The peer had everything of the newest batch already. */
const knownAck = ({ nextBatch, sentUpto }: LiveState.LiveState) =>
  ({
    _tag: "EventAck",
    batch: nextBatch - 1,
    upto: sentUpto,
    applied: 0,
    held: 0,
    gaps: 0,
    refused: [],
    reasons: [],
    verdicts: []
  }) as const

describe("the proof", () => {
  it("[OR-10] is made again after a batch, also when it was known on the other side", () => {
    const sent = sendNext(proven)
    const { live } = LiveSync.receive(sent, knownAck(sent))
    expect(live.proof).toBe("stale")
    expect(LiveSync.step(live, { _tag: "ProofDue" }).actions).toContainEqual({ _tag: "ReadSpace", purpose: "request" })
  })

  it("[OR-10] is asked for again when a feed went on while roots were compared", () => {
    const mine = { head: 0, root: new Uint8Array(16), count: 0 }
    const asked = Comparison.spaceRead({ ...proven, proof: "asked" }, "request", mine).live
    const sent = sendNext(asked)
    const differ = { _tag: "SyncState", request: sent.request, verdict: "differ", head: 0 } as const
    const nothing = { ...differ, nodes: [], clocks: [], replies: [], want: [] }
    const compared = LiveSync.receive({ ...sent, proof: "exchanging" }, nothing).live
    expect(compared.proof).toBe("settling")
    const { actions, live } = LiveSync.receive(compared, knownAck(sent))
    expect(live.proof).toBe("asked")
    expect(actions).toContainEqual({ _tag: "ReadSpace", purpose: "request" })
  })

  it("[OR-25] is asked for anew when something was taken back, and an answer to the old root counts no longer", () => {
    const mine = { head: 0, root: new Uint8Array(16), count: 0 }
    const asked = Comparison.spaceRead({ ...proven, proof: "asked" }, "request", mine).live
    const equal = { _tag: "SyncState", request: asked.request, verdict: "equal", head: 0 } as const
    const late = { ...equal, nodes: [], clocks: [], replies: [], want: [] }
    expect(LiveSync.receive(asked, late).live.proof).toBe("proven")
    const outdated = LiveSync.step(asked, { _tag: "RootsOutdated" })
    expect(outdated.actions).toEqual([{ _tag: "ReadSpace", purpose: "request" }])
    const again = Comparison.spaceRead(outdated.live, "request", mine).live
    expect(LiveSync.receive(again, late)).toEqual({ live: again, actions: [] })
    expect(LiveSync.receive(again, { ...late, request: again.request }).live.proof).toBe("proven")
  })

  it("[OR-25] the answering side has itself asked by a batch of nothing, once at a time", () => {
    const answering: LiveState.LiveState = { ...proven, role: "responder" }
    const { actions, live } = LiveSync.step(answering, { _tag: "RootsOutdated" })
    expect(actions).toMatchObject([{ _tag: "Send", message: { _tag: "EventBatch", source: "sync", commits: [] } }])
    expect(LiveSync.step(live, { _tag: "RootsOutdated" }).actions).toEqual([])
    const acknowledged = LiveSync.receive(live, { ...knownAck(live), upto: 0 }).live
    expect(LiveSync.step(acknowledged, { _tag: "RootsOutdated" }).actions).toHaveLength(1)
  })

  it("[OR-25] a question that crosses the batch of nothing is answered, or both would go on at once for ever", () => {
    const { live } = LiveSync.step({ ...proven, role: "responder" }, { _tag: "RootsOutdated" })
    const question = {
      _tag: "SyncRequest",
      request: 1,
      root: new Uint8Array(16),
      count: 0,
      head: 0,
      applied: 0
    } as const
    expect(LiveSync.receive(live, question).actions).toEqual([{ _tag: "ReadSpace", purpose: "answer" }])
    const answered: LiveState.LiveState = { ...live, proof: "proven" }
    const acknowledged = LiveSync.receive(answered, { ...knownAck(live), upto: 0 })
    expect(acknowledged).toEqual({ live: { ...answered, inFlight: new Map() }, actions: [] })
    // A batch that brings something holds the answer back.
    const busy = LiveState.withBatch(live, [], { from: 0, upto: 1, isLast: true }).live
    expect(LiveSync.receive(busy, question).actions).toMatchObject([{ message: { verdict: "busy" } }])
  })
})
