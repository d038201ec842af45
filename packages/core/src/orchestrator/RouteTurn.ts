/**
 * When a route is dialled as far as other roads to its peer go: of several addresses the best, and none while a link by another road
 * is as good. Such a route is at rest until that link ends. How long is waited for what, `RoadChoice` says; it dials nothing.
 */
import { Effect } from "effect"
import type { PeerId } from "../identity/PeerId.ts"
import { monotonicMs } from "../session/RunningSession.ts"
import type { LinkPath } from "../transport/Link.ts"
import * as AutoSync from "./AutoSync.ts"
import * as RoadChoice from "./RoadChoice.ts"
import { peerOf, type RouteEntry } from "./Route.ts"
import type { LiveSession } from "./SessionTable.ts"
import type { Supervision } from "./Supervision.ts"

/** How often it is looked, in milliseconds; limits hold to this precision. */
const watchMs = 1_000

/** Waits until a route may be dialled: at once, unless another road to its peer comes before it; or until it is not wanted any more. */
export const untilItsTurn = Effect.fnUntraced(function* (supervisor: Supervision, entry: RouteEntry) {
  for (;;) {
    const waitMs = yield* inMs(supervisor, entry)
    if (waitMs <= 0 || AutoSync.isDone(supervisor, entry)) return
    const other = linkBeside(supervisor, entry)
    entry.state = other === undefined ? "waiting" : "idle"
    if (other !== undefined) rest(supervisor, entry, other)
    yield* Effect.sleep(Math.min(waitMs, watchMs))
  }
})

/** Nothing is the matter with a route that rests. */
const rest = (supervisor: Supervision, entry: RouteEntry, { role }: LiveSession): void => {
  entry.attempts = 0
  entry.lastError = undefined
  // A round has its proof by the link that the peer has opened; one of this node ends the round itself.
  if (role === "responder" && !AutoSync.isLive(supervisor)) entry.isDue = false
}

/** In how many milliseconds a route may be dialled, as far as other roads to its peer go. */
export const inMs = (supervisor: Supervision, entry: RouteEntry): Effect.Effect<number> =>
  Effect.map(monotonicMs, (nowMs) => {
    const other = linkBeside(supervisor, entry)
    if (other === undefined) return inOrderMs(supervisor, entry, nowMs)
    const { changedMs, lookedMs, route, told } = entry
    const look = {
      turnMs: beforeMs(supervisor, entry, other, nowMs),
      isRelayed: other.path === "relayed",
      isNamed: route.peer !== undefined,
      changedMs,
      lookedMs,
      cameMs: told?.sinceMs
    }
    return RoadChoice.lookInMs(look, nowMs, supervisor.options.roads)
  })

/**
 * True when a dial that a peer has answered is to end before anything is said: a link by another road is as good. Asked with what lies
 * between the ends, so that a direct path takes over from a relayed one and never the other way round.
 */
export const isSpared = (
  supervisor: Supervision,
  entry: RouteEntry,
  peer: PeerId,
  path: LinkPath | undefined
): Effect.Effect<boolean> =>
  Effect.map(monotonicMs, (nowMs) => {
    // Which of a peer's journals is there only a session tells.
    if (peerOf(entry) !== peer) return false
    const other = linkBeside(supervisor, entry)
    if (other === undefined) return false
    const [isRelayed, isOtherRelayed] = [path === "relayed", other.path === "relayed"]
    return isRelayed === isOtherRelayed ? beforeMs(supervisor, entry, other, nowMs) > 0 : isRelayed
  })

/** Notes what a dial says of a route that rests: that it gave way, or that the peer it names was not there while another link was. */
export const dialled = (supervisor: Supervision, entry: RouteEntry, isBehind: boolean, nowMs: number): void => {
  // One that names nobody and has failed may lead to somebody else by now.
  const isKnown = isBehind || entry.route.peer !== undefined
  entry.lookedMs = isKnown && linkBeside(supervisor, entry) !== undefined ? nowMs : undefined
}

/** The link with the same journal of a route's peer by another road, as far as it is known which journal is there. */
const linkBeside = ({ sessions }: Supervision, entry: RouteEntry): LiveSession | undefined => {
  const peer = peerOf(entry)
  if (peer === undefined) return undefined
  return sessions.allOf(peer).find(({ incarnation, role, route }) => {
    const isOwn = role === "initiator" && route === entry.route.address
    return !isOwn && (entry.met?.incarnation ?? incarnation) === incarnation
  })
}

/** In how many milliseconds a route comes before a live link: never where the peer has opened that, or a better address has. */
const beforeMs = (supervisor: Supervision, entry: RouteEntry, other: LiveSession, nowMs: number): number => {
  const addresses = [...supervisor.routes.keys()]
  const place = other.role === "initiator" ? addresses.indexOf(other.route) : -1
  return place < addresses.indexOf(entry.route.address) ? Infinity : inOrderMs(supervisor, entry, nowMs)
}

/** In how many milliseconds it is a route's turn among the addresses of its peer. */
const inOrderMs = ({ options, routes }: Supervision, entry: RouteEntry, nowMs: number): number => {
  const candidates = [...routes.values()].filter((one) => one === entry || leadAlike(one, entry))
  // One that waits for its turn comes before the others as well: it has not failed.
  const looks = candidates.map(({ changedMs, state }) => ({
    isLive: state === "connected" || state === "queued",
    changedMs
  }))
  return RoadChoice.dialInMs(looks, candidates.indexOf(entry), nowMs, options.roads)
}

/** True for two routes that lead to one journal, as far as that is known. */
const leadAlike = (one: RouteEntry, other: RouteEntry): boolean => {
  const peer = peerOf(one)
  if (peer === undefined || peer !== peerOf(other)) return false
  const [here, there] = [one.met?.incarnation, other.met?.incarnation]
  return here === undefined || there === undefined || here === there
}
