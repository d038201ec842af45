/**
 * Makes the status: what is true of routes, mailboxes and peers at this moment, in the words of `Status`. It changes nothing.
 */
import { Clock, Effect } from "effect"
import type { PeerId } from "../identity/PeerId.ts"
import { monotonicMs } from "../session/RunningSession.ts"
import { OrchestratorError } from "./OrchestratorError.ts"
import type { LiveSession } from "./SessionTable.ts"
import type { MailboxStatus, PeerStatus, Status } from "./Status.ts"
import type { MailboxEntry, Supervision } from "./Supervision.ts"

/** The status of a node. Fails as its journal does. */
export const of = (supervisor: Supervision): Effect.Effect<Status, OrchestratorError> =>
  Effect.gen(function* () {
    const { journal } = supervisor
    const head = yield* journal.head
    const now: Now = { ms: yield* monotonicMs, atMs: yield* Clock.currentTimeMillis }
    const peers: Array<PeerStatus> = []
    for (const [peer, memory] of supervisor.peers) {
      const { lastError, provenAtMs, receivedEvents, route, sentEvents } = memory
      const known = stateOf(supervisor, peer, head, now)
      const isOut = known === "offline" && !(yield* supervisor.gate.admits(peer)).allowed
      const state: PeerStatus["state"] = isOut ? "blocked" : known
      const sessions = supervisor.sessions.allOf(peer)
      const confirmed = (yield* journal.peer(peer, sessions.at(-1)?.incarnation))?.acknowledged ?? 0
      const acknowledged = Math.max(confirmed, placeOf(supervisor, peer)?.acknowledged ?? 0)
      const pendingOut = state === "synced" ? 0 : Math.max(0, head - acknowledged)
      const pending = sessions.length === 0 ? [memory.pendingIn] : sessions.map((session) => session.pendingIn)
      const pendingIn = state === "synced" ? 0 : Math.max(...pending)
      peers.push({
        peer,
        space: journal.info.space,
        route,
        path: sessions.at(-1)?.path,
        state,
        pendingOut,
        pendingIn,
        sentEvents,
        receivedEvents,
        provenAtMs,
        lastError
      })
    }
    const result: Status = {
      isStarted: supervisor.running !== undefined,
      addresses: supervisor.addresses,
      peers,
      routes: [...supervisor.routes.values()].map(({ attempts, lastError, route, state }) => ({
        address: route.address,
        peer: route.peer,
        state,
        isListed: route.listed !== undefined && route.isFound !== true,
        isFound: route.isFound === true,
        attempts,
        lastError
      })),
      mailboxes: supervisor.mailboxes.map((entry) => mailboxOf(supervisor, entry)),
      lists: supervisor.lists.map(({ addresses, attempts, fetchedAtMs, lastError, list }) => ({
        name: list.name,
        fetchedAtMs,
        attempts,
        lastError,
        routes: addresses.filter((address) => supervisor.routes.has(address)).length
      })),
      autoSync: { mode: supervisor.autoSync.mode, nextAtMs: supervisor.autoSync.nextAtMs },
      head,
      quarantine: yield* journal.quarantineCounts
    }
    return result
  }).pipe(Effect.mapError((reason) => new OrchestratorError({ reason })))

/** In the milliseconds of `monotonicMs`, and in Unix milliseconds: that clock may be set, and the other sleeps with the machine. */
interface Now {
  readonly ms: number
  readonly atMs: number
}

/** Of a peer of which several copies are here the worst counts: who reads it wants to know whether anything is left. */
const stateOf = (supervisor: Supervision, peer: PeerId, head: number, now: Now): PeerStatus["state"] => {
  if (supervisor.paused.has(peer)) return "paused"
  const states = supervisor.sessions.allOf(peer).map((session) => stateOfSession(supervisor, session, head, now))
  if (states.length === 0) return stateInMailbox(supervisor, peer, head, now)
  return states.find((state) => state === "held") ?? states.find((state) => state === "syncing") ?? "synced"
}

/** How each of these sessions stands, as the status would tell it; one whose journal cannot be asked is `syncing`. */
export const statesOf = Effect.fnUntraced(function* (supervisor: Supervision, sessions: ReadonlyArray<LiveSession>) {
  const head = yield* Effect.orElseSucceed(supervisor.journal.head, () => Infinity)
  const now: Now = { ms: yield* monotonicMs, atMs: yield* Clock.currentTimeMillis }
  return sessions.map((session) => stateOfSession(supervisor, session, head, now))
})

/** Synced means: proven within the period by either clock, and nothing has been written, received or taken back since. */
const stateOfSession = (
  supervisor: Supervision,
  session: LiveSession,
  head: number,
  now: Now
): "synced" | "held" | "syncing" => {
  const { proofPeriodMs } = supervisor.options.timing
  const isFresh = now.ms - session.provenMs <= proofPeriodMs && now.atMs - session.provenAtMs <= proofPeriodMs
  const isWhole = session.provenWriter === supervisor.journal.info.author
  if (isFresh && isWhole && session.provenHead !== undefined && session.provenHead >= head) return "synced"
  return session.held.length > 0 ? "held" : "syncing"
}

/** Of a peer that no link reaches: what a mailbox says that was looked into within the period of proofs. */
const stateInMailbox = (supervisor: Supervision, peer: PeerId, head: number, now: Now): PeerStatus["state"] => {
  const found = placeOf(supervisor, peer)
  if (found === undefined) return "offline"
  const { entry, isEqual } = found
  const { proofPeriodMs } = supervisor.options.timing
  const isFresh = now.ms - entry.lookedMs <= proofPeriodMs && now.atMs - (entry.lookedAtMs ?? 0) <= proofPeriodMs
  if (!isFresh || !entry.turn.isActive) return "offline"
  return isEqual && entry.lookedHead >= head ? "synced" : "syncing"
}

/** Where a peer has left something, and how it stands there; the place that was looked into last. */
const placeOf = (supervisor: Supervision, peer: PeerId) => {
  const places = supervisor.mailboxes.flatMap((entry) =>
    entry.peers
      .filter((one) => one.peer === peer)
      .map(({ acknowledged, isEqual }) => ({ entry, acknowledged, isEqual }))
  )
  return places.sort((a, b) => b.entry.lookedMs - a.entry.lookedMs)[0]
}

const mailboxOf = ({ autoSync, running }: Supervision, entry: MailboxEntry): MailboxStatus => {
  const { attempts, because, lastError, lookedAtMs, mailbox, peers, turn } = entry
  const whileRunning = turn.isActive ? "active" : "standby"
  return {
    name: mailbox.name,
    address: mailbox.address,
    state: running === undefined || autoSync.mode === "off" ? "idle" : whileRunning,
    because,
    lookedAtMs,
    attempts,
    lastError,
    devices: peers.length,
    equal: peers.filter(({ isEqual }) => isEqual).length
  }
}
