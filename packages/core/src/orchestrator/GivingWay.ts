/**
 * Links that give up their place: to a route that waits for one, or because auto-sync only wanted them to come into step. None
 * is given up in the middle of an exchange. Who gets the place `DialPlaces` says; what a link carries is not known here.
 */
import { Effect, PubSub } from "effect"
import { monotonicMs } from "../session/RunningSession.ts"
import * as AutoSync from "./AutoSync.ts"
import type { Queued } from "./DialPlaces.ts"
import type { LiveSession } from "./SessionTable.ts"
import * as StatusReport from "./StatusReport.ts"
import { peerOf, type RouteEntry } from "./Route.ts"
import type { Supervision } from "./Supervision.ts"

/** How often it is looked, in milliseconds; limits hold to this precision. */
const watchMs = 1_000
/** How long a link keeps its place at least while others of its rank wait, in milliseconds. */
export const turnMsMin = 30_000
/** How long a link that is never at rest keeps its place while others wait, in milliseconds; it leaves with its next proof. */
export const busyTurnMsMax = 5 * 60_000
/** How long a link has been in step before it is given up, in milliseconds: the peer is to have its proof, too. */
const settleMs = 2_000
/** For how long a peer whose link gave way counts as reached while it waits for its next turn, in milliseconds. */
const inTurnMsMax = 5 * 60_000

/** Watches until it is interrupted. */
export const watch = Effect.fnUntraced(function* (supervisor: Supervision) {
  for (;;) {
    yield* Effect.sleep(watchMs)
    yield* look(supervisor)
  }
})

/** A link of a route of this node. */
interface Linked {
  readonly entry: RouteEntry
  readonly session: LiveSession
}

const look = Effect.fnUntraced(function* (supervisor: Supervision) {
  const { waiting } = supervisor.places
  const isLive = AutoSync.isLive(supervisor)
  if (isLive && waiting.length === 0) return
  const nowMs = yield* monotonicMs
  const resting = yield* restingLinks(supervisor, nowMs)
  if (!isLive) {
    for (const linked of resting) yield* roundDone(supervisor, linked)
    return
  }
  // Whoever has had its place for longest leaves first.
  const leaving = new Set<Linked>()
  for (const queued of waiting) {
    const found = resting.find((linked) => !leaving.has(linked) && mayHavePlace(queued, linked.entry, nowMs))
    if (found !== undefined) leaving.add(found)
  }
  for (const { session } of leaving) session.giveWay()
})

/** Links over which nothing is under way, the oldest first. */
const restingLinks = Effect.fnUntraced(function* (supervisor: Supervision, nowMs: number) {
  const linked = linksOf(supervisor)
  const states = yield* StatusReport.statesOf(
    supervisor,
    linked.map(({ session }) => session)
  )
  return linked
    .filter(({ entry, session }, place) => {
      const sinceMs = states[place] === "held" ? entry.changedMs : session.provenMs
      return states[place] !== "syncing" && nowMs - sinceMs >= settleMs
    })
    .toSorted((a, b) => a.entry.changedMs - b.entry.changedMs)
})

const linksOf = ({ places, routes, sessions }: Supervision): ReadonlyArray<Linked> =>
  sessions.all.flatMap((session) => {
    const entry = session.role === "initiator" ? routes.get(session.route) : undefined
    return entry !== undefined && entry.state === "connected" && places.has(entry) ? [{ entry, session }] : []
  })

/** May a route that waits have the place of a link that rests? Lists come behind a node's own routes. */
const mayHavePlace = ({ entry: next, isWished }: Queued, entry: RouteEntry, nowMs: number): boolean => {
  if (isWished) return true
  const [isNextListed, isListed] = [next.route.listed !== undefined, entry.route.listed !== undefined]
  if (isNextListed !== isListed) return isListed
  return nowMs - entry.changedMs >= turnMsMin
}

/** What a round was for is done: with this peer, by whichever address. */
const roundDone = Effect.fnUntraced(function* (supervisor: Supervision, { entry, session }: Linked) {
  for (const other of supervisor.routes.values()) {
    const isSame = other === entry || peerOf(other) === session.peer
    if (isSame) other.isDue = false
  }
  session.giveWay()
  if (session.receivedEvents === 0 || supervisor.mailboxes.length === 0) return
  // What came is to be left in the mailboxes, where it is this device's turn to pass it on.
  for (const mailbox of supervisor.mailboxes) mailbox.isDue = true
  yield* PubSub.publish(supervisor.wanted, session.peer)
})

/** A link that is never at rest gives way right behind a proof: nothing is under way then. */
export const atProof = Effect.fnUntraced(function* (supervisor: Supervision, session: LiveSession) {
  const linked = linksOf(supervisor).find((one) => one.session === session)
  if (linked === undefined) return
  const nowMs = yield* monotonicMs
  if (nowMs - linked.entry.changedMs < busyTurnMsMax) return
  if (!AutoSync.isLive(supervisor)) return yield* roundDone(supervisor, linked)
  if (supervisor.places.waiting.some((queued) => mayHavePlace(queued, linked.entry, nowMs))) session.giveWay()
})

/** True for a route whose link gave way and that will be dialled again in its turn: its peer is reached, only not now. */
export const isInTurn = ({ gaveWayMs, state }: RouteEntry, nowMs: number): boolean =>
  gaveWayMs !== undefined && (state === "queued" || state === "dialling") && nowMs - gaveWayMs < inTurnMsMax
