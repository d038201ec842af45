/**
 * Whether a node syncs by itself, and how often: routes and mailboxes ask here whether they are wanted now. Where it does not
 * sync all the time, a round wants each of them once; whoever is done with it waits for the next one. Which link is given up
 * when, `GivingWay` says; who dials in is served in every mode.
 */
import { Clock, Effect, PubSub, Queue } from "effect"
import type { PeerId } from "../identity/PeerId.ts"
import { monotonicMs } from "../session/RunningSession.ts"
import * as AutoSyncMode from "./AutoSyncMode.ts"
import { IntervalUnfit, OrchestratorError } from "./OrchestratorError.ts"
import { peerOf, type RouteEntry } from "./Route.ts"
import type { MailboxEntry, Supervision } from "./Supervision.ts"

/** Sessions that a route may have in one round, where they end without a proof; then it waits for the next one. */
export const roundTriesMax = 3

/** True while links are kept and mailboxes watched. */
export const isLive = ({ autoSync }: Supervision): boolean => autoSync.mode === "live"

const isWanted = (supervisor: Supervision, entry: Due): boolean => isLive(supervisor) || entry.isDue

type Due = Pick<RouteEntry | MailboxEntry, "isDue">

/** Waits until the node may go to others by itself. */
export const untilOn = Effect.fnUntraced(function* ({ autoSync, wanted }: Supervision) {
  const wishes = yield* PubSub.subscribe(wanted)
  while (autoSync.mode === "off") yield* PubSub.take(wishes)
}, Effect.scoped)

/** Waits until a route is to be dialled, or a mailbox looked into; at once while the node syncs all the time. */
export const untilWanted = Effect.fnUntraced(function* (supervisor: Supervision, entry: Due) {
  const wishes = yield* PubSub.subscribe(supervisor.wanted)
  while (!isWanted(supervisor, entry)) yield* PubSub.take(wishes)
}, Effect.scoped)

/** True where what was just done was all that a round wanted. */
export const isDone = (supervisor: Supervision, entry: Due): boolean => !isWanted(supervisor, entry)

/** Chooses another mode; live links stay until they are in step. */
export const set = Effect.fnUntraced(function* (supervisor: Supervision, mode: AutoSyncMode.AutoSyncMode) {
  const problem = AutoSyncMode.problem(mode)
  if (problem !== undefined) {
    return yield* Effect.fail(new OrchestratorError({ reason: new IntervalUnfit({ problem }) }))
  }
  const { autoSync, channel, wanted } = supervisor
  autoSync.mode = mode
  autoSync.nextAtMs = undefined
  // What a round had not come to is not wanted any more.
  if (mode === "off") for (const entry of [...supervisor.routes.values(), ...supervisor.mailboxes]) entry.isDue = false
  yield* Queue.offer(autoSync.turned, undefined)
  // Whoever waited for a round looks again.
  yield* PubSub.publish(wanted, undefined)
  yield* channel.publish({ _tag: "AutoSyncChanged", mode })
  return supervisor.sessions.all.length
})

/** Begins rounds as often as the mode says, until it is interrupted. */
export const run = Effect.fnUntraced(function* (supervisor: Supervision) {
  const { autoSync, crypto } = supervisor
  for (;;) {
    const { mode } = autoSync
    if (typeof mode === "string") {
      yield* Queue.take(autoSync.turned)
      continue
    }
    yield* beginRound(supervisor, undefined)
    // A tenth earlier or later, so that devices which were started together do not stay together.
    const [chance] = crypto.randomBytes(1)
    const waitMs = Math.round(mode.everyMs * (0.9 + (chance! / 255) * 0.2))
    autoSync.nextAtMs = (yield* Clock.currentTimeMillis) + waitMs
    yield* Effect.raceFirst(Effect.sleep(waitMs), Queue.take(autoSync.turned))
  }
})

/** Wants the routes to a peer, or all, dialled once, and every mailbox looked into; counts the routes. */
export const beginRound = Effect.fnUntraced(function* (supervisor: Supervision, peer: PeerId | undefined) {
  const nowMs = yield* monotonicMs
  let routes = 0
  for (const entry of supervisor.routes.values()) {
    if (peer !== undefined && peerOf(entry) !== peer) continue
    routes++
    entry.isDue = true
    entry.tries = 0
    // Of several addresses the next one waits for those before it from here on.
    if (entry.state !== "connected") entry.changedMs = nowMs
  }
  for (const mailbox of supervisor.mailboxes) mailbox.isDue = true
  yield* PubSub.publish(supervisor.wanted, peer)
  return routes
})

/** A dial or session of a round is over: it had its tries, or gave way because it was in step. */
export const tried = (supervisor: Supervision, entry: RouteEntry, hasGivenWay: boolean): void => {
  entry.tries++
  if (!isLive(supervisor) && (hasGivenWay || entry.tries >= roundTriesMax)) entry.isDue = false
}
