/**
 * Opens, watches and closes links: one dialling fiber for each route, one session for each link, bounded waits with
 * jitter in between. Nothing that fails here is fatal to the node.
 */
import { Clock, Effect, FiberMap, PubSub, Scope, Semaphore, Stream } from "effect"
import { Compression } from "../crypto/Compression.ts"
import { Crypto } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import { Gate } from "../gate/Gate.ts"
import * as Author from "../identity/Author.ts"
import type { PeerId } from "../identity/PeerId.ts"
import { Journal } from "../journal/Journal.ts"
import * as Commit from "../model/Commit.ts"
import * as Limits from "../model/Limits.ts"
import { monotonicMs } from "../session/RunningSession.ts"
import * as Occupancy from "../telemetry/Occupancy.ts"
import { TransportRegistry } from "../transport/TransportRegistry.ts"
import * as AccessKeeper from "./AccessKeeper.ts"
import * as EventChannel from "./EventChannel.ts"
import { HeardPeers, heardPeersMax } from "./HeardPeers.ts"
import { OrchestratorError, RoutesExhausted } from "./OrchestratorError.ts"
import * as PeerSession from "./PeerSession.ts"
import * as QuarantineKeeper from "./QuarantineKeeper.ts"
import { type LiveSession, SessionTable } from "./SessionTable.ts"
import type { PeerStatus, Status } from "./Status.ts"
import {
  type OrchestratorOptions,
  pausedPeersMax,
  peersRememberedMax,
  restingMax,
  resubmittedMax,
  type Route,
  type RouteEntry,
  routesMax,
  type Services,
  type Supervision,
  wishesMax
} from "./Supervision.ts"

export const make = Effect.fnUntraced(function* (options: OrchestratorOptions) {
  const services = yield* Effect.context<Services>()
  const supervisor: Supervision = {
    options,
    channel: yield* EventChannel.make,
    registry: yield* TransportRegistry,
    services,
    journal: yield* Journal,
    gate: yield* Gate,
    crypto: yield* Crypto,
    compression: yield* Compression,
    sessions: new SessionTable((yield* DeviceKey).peer, options.sessionsMax),
    heard: new HeardPeers(),
    paused: new Set(),
    routes: new Map(),
    diallers: yield* FiberMap.make<string>(),
    peers: new Map(),
    wanted: yield* PubSub.sliding<PeerId | undefined>(wishesMax),
    running: undefined,
    isReviewDue: false,
    resubmitted: new Map(),
    resting: undefined,
    isAccessReviewDue: false,
    accessReviews: yield* Semaphore.make(1),
    forgotten: new Set(),
    hasBeenSetBack: false,
    addresses: []
  }
  yield* watchSizes(supervisor)
  return supervisor
})

const watchSizes = (supervisor: Supervision) => {
  const { forgotten, heard, options, paused, peers, resubmitted, routes, sessions, wanted } = supervisor
  const resting = () => supervisor.resting?.ids.length ?? 0
  return Occupancy.watch([
    { kind: "queue", name: "sessions", limit: options.sessionsMax, length: () => sessions.size },
    { kind: "queue", name: "heard_peers", limit: heardPeersMax, length: () => heard.size },
    { kind: "queue", name: "routes", limit: routesMax, length: () => routes.size },
    { kind: "queue", name: "wishes", limit: wishesMax, length: () => PubSub.sizeUnsafe(wanted) },
    { kind: "queue", name: "paused_peers", limit: pausedPeersMax, length: () => paused.size },
    { kind: "queue", name: "forgotten_partitions", limit: Limits.partitionsMax, length: () => forgotten.size },
    { kind: "queue", name: "resting_commits", limit: restingMax, length: resting },
    { kind: "cache", name: "resubmitted_commits", limit: resubmittedMax, length: () => resubmitted.size },
    { kind: "cache", name: "peers", limit: peersRememberedMax, length: () => peers.size },
    { kind: "cache", name: "author_bytes", limit: Author.bytesCachedAuthorsMax, length: Author.bytesCachedAuthors },
    { kind: "cache", name: "commit_authors", limit: Commit.cachedAuthorsMax, length: Commit.cachedAuthors }
  ])
}

/** Listens and dials; gives the addresses to dial here. */
export const start = Effect.fnUntraced(function* (supervisor: Supervision) {
  if (supervisor.running !== undefined) return supervisor.addresses
  const scope = yield* Scope.make()
  supervisor.running = scope
  const addresses: Array<string> = []
  // The policy may have changed while nobody looked.
  yield* AccessKeeper.review(supervisor)
  if (supervisor.options.listens) {
    for (const transport of supervisor.registry.all) {
      if (!transport.capabilities.canListen) continue
      const listening = transport.listen((link) => PeerSession.serve(supervisor, link)).pipe(Scope.provide(scope))
      addresses.push(
        ...(yield* listening.pipe(
          Effect.onError(() => stop(supervisor)),
          Effect.mapError((reason) => new OrchestratorError({ reason }))
        ))
      )
    }
  }
  supervisor.addresses = addresses
  for (const entry of supervisor.routes.values()) yield* startDialling(supervisor, entry)
  return supervisor.addresses
})

/** Ends sessions, diallers and listeners; counts the sessions. */
export const stop = Effect.fnUntraced(function* (supervisor: Supervision) {
  const { running } = supervisor
  if (running === undefined) return 0
  supervisor.running = undefined
  supervisor.addresses = []
  const sessions = supervisor.sessions.all.length
  yield* FiberMap.clear(supervisor.diallers)
  yield* Scope.close(running, yield* Effect.exit(Effect.void))
  for (const entry of supervisor.routes.values()) entry.state = "idle"
  return sessions
})

/** Notes a route without dialling it yet. */
export const addRoute = (supervisor: Supervision, route: Route): RouteEntry => {
  const entry: RouteEntry = { route, state: "idle", attempts: 0, lastError: undefined }
  supervisor.routes.set(route.address, entry)
  return entry
}

/** Adds a route or replaces the one with its address, and dials it when the node is started. */
export const openRoute = Effect.fnUntraced(function* (supervisor: Supervision, route: Route) {
  if (!supervisor.routes.has(route.address) && supervisor.routes.size >= routesMax) {
    return yield* Effect.fail(new OrchestratorError({ reason: new RoutesExhausted({ routesMax }) }))
  }
  yield* supervisor.registry
    .forAddress(route.address)
    .pipe(Effect.mapError((reason) => new OrchestratorError({ reason })))
  const entry = addRoute(supervisor, route)
  if (supervisor.running !== undefined) yield* startDialling(supervisor, entry)
  return 1
})

export const removeRoutes = Effect.fnUntraced(function* (supervisor: Supervision, isMeant: (route: Route) => boolean) {
  let removed = 0
  for (const [address, entry] of supervisor.routes) {
    if (!isMeant(entry.route)) continue
    supervisor.routes.delete(address)
    yield* FiberMap.remove(supervisor.diallers, address)
    removed++
  }
  return removed
})

/** Ends the session with a peer, or with everybody. */
export const endSessions = (supervisor: Supervision, peer: PeerId | undefined): Effect.Effect<number> =>
  Effect.sync(() => {
    const meant = supervisor.sessions.all.filter((session) => peer === undefined || session.peer === peer)
    for (const session of meant) session.replace()
    return meant.length
  })

export const forceSync = Effect.fnUntraced(function* (supervisor: Supervision, peer: PeerId | undefined) {
  yield* PubSub.publish(supervisor.wanted, peer)
  return supervisor.sessions.all.filter((session) => peer === undefined || session.peer === peer).length
})

const startDialling = (supervisor: Supervision, entry: RouteEntry) =>
  FiberMap.run(supervisor.diallers, entry.route.address)(dialForEver(supervisor, entry))

/** Dials, runs the session, waits, and again. A session that worked starts the waits over. */
const dialForEver = Effect.fnUntraced(function* (supervisor: Supervision, entry: RouteEntry) {
  for (;;) {
    entry.state = "dialling"
    const ended = yield* dialOnce(supervisor, entry).pipe(
      Effect.scoped,
      // A transport that breaks is dialled again like one that fails.
      Effect.catchDefect((defect) =>
        Effect.as(Effect.logError("a dial failed", defect), {
          hasWorked: false,
          because: String(defect),
          waitMsMax: Infinity
        })
      )
    )
    entry.attempts = ended.hasWorked ? 0 : entry.attempts + 1
    entry.lastError = ended.because
    entry.state = "waiting"
    yield* waitToRetry(supervisor, entry, ended.waitMsMax)
  }
})

const dialOnce = Effect.fnUntraced(function* (supervisor: Supervision, entry: RouteEntry) {
  const { address, peer } = entry.route
  if (peer !== undefined && supervisor.paused.has(peer))
    return { hasWorked: false, because: "paused", waitMsMax: Infinity }
  const link = yield* supervisor.registry.forAddress(address).pipe(
    Effect.flatMap((transport) => transport.dial(address)),
    Effect.result
  )
  if (link._tag === "Failure") {
    yield* PeerSession.reportFailure(supervisor, peer, address, link.failure)
    return { hasWorked: false, because: link.failure.message, waitMsMax: Infinity }
  }
  return yield* PeerSession.run(supervisor, {
    link: link.success,
    role: "initiator",
    route: address,
    expected: peer,
    onLive: () => {
      entry.state = "connected"
    }
  })
})

const waitToRetry = Effect.fnUntraced(function* (supervisor: Supervision, entry: RouteEntry, waitMsMax: number) {
  const { retryMsMax, retryMsMin } = supervisor.options
  const fullMs = Math.min(retryMsMin * 2 ** Math.min(entry.attempts, 30), retryMsMax, waitMsMax)
  // Half fixed, half random, so that many clients of one hub do not come back in step.
  const [chance] = supervisor.crypto.randomBytes(1)
  const waitMs = Math.round(fullMs / 2 + (chance! / 255) * (fullMs / 2))
  const woken = Effect.flatMap(PubSub.subscribe(supervisor.wanted), (wishes) =>
    PeerSession.wishFor(wishes, () => entry.route.peer)
  )
  yield* Effect.race(Effect.sleep(waitMs), Effect.scoped(woken))
})

/** When the policy changes: ends sessions that it no longer admits and wakes diallers that it may now let in. */
export const followPolicy = (supervisor: Supervision): Effect.Effect<void> =>
  Stream.runForEach(supervisor.gate.changes, () =>
    Effect.gen(function* () {
      for (const session of supervisor.sessions.all) {
        const decision = yield* supervisor.gate.admits(session.peer)
        if (!decision.allowed) session.replace()
      }
      yield* AccessKeeper.review(supervisor)
      // Once more with the keeper's next look: a write of this device may have been under way.
      supervisor.isAccessReviewDue = true
      yield* QuarantineKeeper.review(supervisor)
      yield* PubSub.publish(supervisor.wanted, undefined)
    }).pipe(Effect.catchDefect((defect) => Effect.logError("a policy change could not be followed", defect)))
  )

export const status = (supervisor: Supervision): Effect.Effect<Status, OrchestratorError> =>
  Effect.gen(function* () {
    const { journal } = supervisor
    const head = yield* journal.head
    const now: Now = { ms: yield* monotonicMs, atMs: yield* Clock.currentTimeMillis }
    const peers: Array<PeerStatus> = []
    for (const [peer, memory] of supervisor.peers) {
      const { lastError, provenAtMs, receivedEvents, route, sentEvents } = memory
      const state = stateOf(supervisor, peer, head, now)
      const sessions = supervisor.sessions.allOf(peer)
      const acknowledged = (yield* journal.peer(peer, sessions.at(-1)?.incarnation))?.acknowledged ?? 0
      const pendingOut = state === "synced" ? 0 : Math.max(0, head - acknowledged)
      const pending = sessions.length === 0 ? [memory.pendingIn] : sessions.map((session) => session.pendingIn)
      const pendingIn = state === "synced" ? 0 : Math.max(...pending)
      peers.push({
        peer,
        space: journal.info.space,
        route,
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
        attempts,
        lastError
      })),
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
  if (states.length === 0) return "offline"
  return states.find((state) => state === "held") ?? states.find((state) => state === "syncing") ?? "synced"
}

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
