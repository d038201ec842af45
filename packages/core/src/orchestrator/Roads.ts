/**
 * Watches which roads are needed: mailboxes are taken into use while links do not reach somebody, and left when they do again.
 * When, `RoadChoice` says; which of several addresses of one peer is dialled, `RouteTurn`.
 */
import { Effect, Metric, Queue } from "effect"
import type { PeerId } from "../identity/PeerId.ts"
import { monotonicMs } from "../session/RunningSession.ts"
import * as CoreMetrics from "../telemetry/CoreMetrics.ts"
import * as AutoSync from "./AutoSync.ts"
import * as AutoSyncMode from "./AutoSyncMode.ts"
import * as GivingWay from "./GivingWay.ts"
import * as RoadChoice from "./RoadChoice.ts"
import * as RouteNews from "./RouteNews.ts"
import { peerOf } from "./Route.ts"
import type { MailboxEntry, Supervision } from "./Supervision.ts"

/** How often it is looked, in milliseconds; limits hold to this precision. */
const watchMs = 1_000

/** Watches until it is interrupted. */
export const watch = Effect.fnUntraced(function* (supervisor: Supervision) {
  let wasLive = false
  for (;;) {
    const isLive = AutoSync.isLive(supervisor)
    if (isLive && !wasLive) supervisor.mailboxes.forEach((entry) => begin(supervisor, entry))
    wasLive = isLive
    const nowMs = yield* monotonicMs
    const because = whyNeeded(supervisor, nowMs)
    for (const entry of supervisor.mailboxes) {
      if (isLive) yield* turn(supervisor, entry, because, nowMs)
      else yield* standBy(supervisor, entry)
    }
    yield* Effect.sleep(watchMs)
  }
})

const begin = ({ routes }: Supervision, entry: MailboxEntry): void => {
  // Without an address to dial it is the road; otherwise that gets its time.
  const isActive = routes.size === 0
  entry.turn = { isActive, turningSinceMs: undefined }
  entry.because = isActive ? "there is no address to dial" : "links come first"
}

/** No road is in use all the time where the node does not sync all the time. */
const standBy = ({ autoSync }: Supervision, entry: MailboxEntry) => {
  entry.turn = { isActive: false, turningSinceMs: undefined }
  entry.because = AutoSyncMode.text(autoSync.mode)
  return Metric.update(Metric.withAttributes(CoreMetrics.mailboxActive, { mailbox: entry.mailbox.name }), 0)
}

const turn = Effect.fnUntraced(function* (
  supervisor: Supervision,
  entry: MailboxEntry,
  because: string | undefined,
  nowMs: number
) {
  const { isActive } = entry.turn
  entry.turn = RoadChoice.turnOf(entry.turn, because !== undefined, nowMs, supervisor.options.roads)
  const gauge = Metric.withAttributes(CoreMetrics.mailboxActive, { mailbox: entry.mailbox.name })
  yield* Metric.update(gauge, entry.turn.isActive ? 1 : 0)
  if (entry.turn.isActive === isActive) return
  if (entry.turn.isActive) entry.turnedMs = nowMs
  entry.because = because ?? "links reach everybody again"
  const { address } = entry.mailbox
  const [from, to] = isActive ? [address, null] : [null, address]
  yield* RouteNews.changed(supervisor, { peer: null, from, to, because: entry.because })
  yield* Queue.offer(entry.wake, "now")
})

/** Whom links do not reach, in words; nothing when they reach everybody who is known to be there. */
const whyNeeded = ({ paused, peers, routes, sessions }: Supervision, nowMs: number): string | undefined => {
  const inTurn = new Set<PeerId>()
  for (const entry of routes.values()) {
    const { met, route, state } = entry
    const isInTurn = GivingWay.isInTurn(entry, nowMs)
    if (isInTurn && met !== undefined) inTurn.add(met.peer)
    const peer = peerOf(entry)
    const isCovered = peer !== undefined && (paused.has(peer) || sessions.get(peer) !== undefined)
    // Nobody has said that whom a list names must be there.
    const isMissing = state !== "connected" && !isCovered && !isInTurn && route.listed === undefined
    if (isMissing) return `there is no link by ${route.address}`
  }
  for (const [peer, { isLinked }] of peers) {
    const isReached = paused.has(peer) || inTurn.has(peer) || sessions.get(peer) !== undefined
    if (isLinked && !isReached) return `there is no link with ${peer}`
  }
  return sessions.size === 0 ? "there is no link" : undefined
}
