/**
 * Watches which roads are needed: mailboxes are taken into use while links do not reach somebody, and left when they do again;
 * of several addresses of one peer the best is dialled. When, `RoadChoice` says.
 */
import { Effect, Metric, Queue } from "effect"
import { monotonicMs } from "../session/RunningSession.ts"
import * as CoreMetrics from "../telemetry/CoreMetrics.ts"
import * as RoadChoice from "./RoadChoice.ts"
import * as RouteNews from "./RouteNews.ts"
import type { MailboxEntry, RouteEntry, Supervision } from "./Supervision.ts"

/** How often it is looked, in milliseconds; limits hold to this precision. */
const watchMs = 1_000

/** Watches until it is interrupted. */
export const watch = Effect.fnUntraced(function* (supervisor: Supervision) {
  for (const entry of supervisor.mailboxes) {
    // Without an address to dial it is the road; otherwise that gets its time.
    const isActive = supervisor.routes.size === 0
    entry.turn = { isActive, turningSinceMs: undefined }
    entry.because = isActive ? "there is no address to dial" : "links come first"
  }
  for (;;) {
    const because = whyNeeded(supervisor)
    const nowMs = yield* monotonicMs
    for (const entry of supervisor.mailboxes) yield* turn(supervisor, entry, because, nowMs)
    yield* Effect.sleep(watchMs)
  }
})

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
  entry.because = because ?? "links reach everybody again"
  const { address } = entry.mailbox
  const [from, to] = isActive ? [address, null] : [null, address]
  yield* RouteNews.changed(supervisor, { peer: null, from, to, because: entry.because })
  yield* Queue.offer(entry.wake, "now")
})

/** Whom links do not reach, in words; nothing when they reach everybody who is known to be there. */
const whyNeeded = ({ paused, peers, routes, sessions }: Supervision): string | undefined => {
  for (const { route, state } of routes.values()) {
    const isCovered = route.peer !== undefined && (paused.has(route.peer) || sessions.get(route.peer) !== undefined)
    if (state !== "connected" && !isCovered) return `there is no link by ${route.address}`
  }
  for (const [peer, { isLinked }] of peers) {
    if (isLinked && !paused.has(peer) && sessions.get(peer) === undefined) return `there is no link with ${peer}`
  }
  return sessions.size === 0 ? "there is no link" : undefined
}

/** Waits until a route may be dialled: at once, unless another address of its peer comes before it. */
export const untilItsTurn = Effect.fnUntraced(function* (supervisor: Supervision, entry: RouteEntry) {
  const { peer } = entry.route
  if (peer === undefined) return
  for (;;) {
    const candidates = [...supervisor.routes.values()].filter(({ route }) => route.peer === peer)
    const nowMs = yield* monotonicMs
    const looks = candidates.map(({ changedMs, state }) => ({ isLive: state === "connected", changedMs }))
    const inMs = RoadChoice.dialInMs(looks, candidates.indexOf(entry), nowMs, supervisor.options.roads)
    if (inMs <= 0) return
    entry.state = "waiting"
    yield* Effect.sleep(Math.min(inMs, watchMs))
  }
})
