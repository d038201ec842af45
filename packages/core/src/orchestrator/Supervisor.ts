/**
 * Opens, watches and closes links: one dialling fiber for each route, one session for each link, bounded waits with
 * jitter in between. Nothing that fails here is fatal to the node.
 */
import { Context, Deferred, Effect, FiberMap, Option, PubSub, Queue, Scope, Semaphore, Stream } from "effect"
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
import { MailboxRegistry } from "../mailbox/MailboxRegistry.ts"
import { TransportRegistry } from "../transport/TransportRegistry.ts"
import * as AccessKeeper from "./AccessKeeper.ts"
import * as AutoSync from "./AutoSync.ts"
import { DialPlaces } from "./DialPlaces.ts"
import * as EventChannel from "./EventChannel.ts"
import * as Finding from "./Finding.ts"
import * as GivingWay from "./GivingWay.ts"
import { HeardPeers, heardPeersMax } from "./HeardPeers.ts"
import * as IntakeNews from "./IntakeNews.ts"
import * as MailboxRoad from "./MailboxRoad.ts"
import { OrchestratorError, RoutesExhausted } from "./OrchestratorError.ts"
import * as PeerSession from "./PeerSession.ts"
import * as QuarantineKeeper from "./QuarantineKeeper.ts"
import * as RoadChoice from "./RoadChoice.ts"
import * as Roads from "./Roads.ts"
import { peerOf, type Route, type RouteEntry } from "./Route.ts"
import * as RouteList from "./RouteList.ts"
import * as RouteLists from "./RouteLists.ts"
import * as RouteTurn from "./RouteTurn.ts"
import * as SessionEnd from "./SessionEnd.ts"
import { SessionTable } from "./SessionTable.ts"
import {
  type OrchestratorOptions,
  pausedPeersMax,
  peersRememberedMax,
  restingMax,
  resubmittedMax,
  routesMax,
  type Services,
  type Supervision,
  wishesMax
} from "./Supervision.ts"

export const make = Effect.fnUntraced(function* (options: OrchestratorOptions) {
  // Without the node's own scope: what a session or a mailbox opens ends with it, and not with the node.
  const services = Context.omit(Scope.Scope)(yield* Effect.context<Services>())
  const mailboxRegistry = Option.getOrUndefined(yield* Effect.serviceOption(MailboxRegistry))
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
    places: new DialPlaces(options.dialledMax),
    lists: options.routeLists.map(RouteList.entryOf),
    autoSync: { mode: options.autoSync, nextAtMs: undefined, turned: yield* Queue.sliding<void>(1) },
    mailboxes: yield* Effect.forEach(mailboxRegistry?.all ?? [], MailboxRoad.entryOf),
    mailboxRegistry,
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
  const { forgotten, heard, options, paused, peers, places, resubmitted, routes, sessions, wanted } = supervisor
  const resting = () => supervisor.resting?.ids.length ?? 0
  return Occupancy.watch([
    { kind: "queue", name: "sessions", limit: options.sessionsMax, length: () => sessions.size },
    { kind: "queue", name: "heard_peers", limit: heardPeersMax, length: () => heard.size },
    { kind: "queue", name: "routes", limit: routesMax, length: () => routes.size },
    { kind: "queue", name: "dialled_routes", limit: options.dialledMax, length: () => places.size },
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
  const nowMs = yield* monotonicMs
  for (const entry of supervisor.routes.values()) {
    entry.changedMs = nowMs
    yield* startDialling(supervisor, entry)
  }
  yield* FiberMap.run(supervisor.diallers, "turns")(GivingWay.watch(supervisor))
  yield* FiberMap.run(supervisor.diallers, "rounds")(AutoSync.run(supervisor))
  yield* startMailboxes(supervisor)
  yield* RouteLists.start(supervisor, {
    // A list that names more than there is room for, or what no transport takes, is shortened.
    open: (address, listed) => Effect.ignore(openRoute(supervisor, { address, listed })),
    close: (address) => Effect.asVoid(removeRoutes(supervisor, (route) => route.address === address))
  })
  yield* Finding.start(supervisor, {
    open: (address, peer) => Effect.ignore(openRoute(supervisor, { address, peer, listed: {}, isFound: true })),
    close: (address) => Effect.asVoid(removeRoutes(supervisor, (route) => route.address === address)),
    wake: (peer) => Effect.asVoid(wake(supervisor, peer))
  })
  return supervisor.addresses
})

const startMailboxes = Effect.fnUntraced(function* (supervisor: Supervision) {
  const { diallers, mailboxRegistry, mailboxes } = supervisor
  if (mailboxRegistry === undefined || mailboxes.length === 0) return
  yield* FiberMap.run(diallers, "roads")(Roads.watch(supervisor))
  for (const entry of mailboxes) {
    const key = `mailbox ${entry.mailbox.name} ${entry.mailbox.address}`
    yield* FiberMap.run(diallers, key)(MailboxRoad.run(supervisor, mailboxRegistry, entry))
  }
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
  for (const entry of [...supervisor.routes.values(), ...supervisor.mailboxes]) entry.isDue = false
  for (const entry of supervisor.routes.values()) entry.state = "idle"
  supervisor.autoSync.nextAtMs = undefined
  return sessions
})

/** Notes a route without dialling it yet. */
export const addRoute = (supervisor: Supervision, route: Route, changedMs = 0): RouteEntry => {
  const entry: RouteEntry = {
    route,
    changedMs,
    state: "idle",
    attempts: 0,
    lastError: undefined,
    met: undefined,
    lookedMs: undefined,
    told: undefined,
    gaveWayMs: undefined,
    isDue: false,
    tries: 0
  }
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
  const entry = addRoute(supervisor, route, yield* monotonicMs)
  // Who comes between two rounds has its own at once.
  entry.isDue = typeof supervisor.autoSync.mode !== "string"
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

/** Compares roots and dials now; begins a round where the node does not sync all the time. Counts sessions, or routes of the round. */
export const forceSync = Effect.fnUntraced(function* (supervisor: Supervision, peer: PeerId | undefined) {
  for (const entry of supervisor.routes.values()) {
    const isMeant = peer === undefined || peerOf(entry) === peer
    // An address behind another one of its peer does not ask now.
    if (isMeant && (yield* RouteTurn.inMs(supervisor, entry)) <= 0) supervisor.places.wish(entry)
  }
  if (!AutoSync.isLive(supervisor)) return yield* AutoSync.beginRound(supervisor, peer)
  return yield* wake(supervisor, peer)
})

/** Dials waiting routes that auto-sync wants, and compares roots; counts the sessions. */
export const wake = Effect.fnUntraced(function* (supervisor: Supervision, peer: PeerId | undefined) {
  yield* PubSub.publish(supervisor.wanted, peer)
  return supervisor.sessions.all.filter((session) => peer === undefined || session.peer === peer).length
})

const startDialling = (supervisor: Supervision, entry: RouteEntry) =>
  FiberMap.run(supervisor.diallers, entry.route.address)(dialForEver(supervisor, entry))

/** Dials, runs the session, waits, and again. A session that worked starts the waits over. */
const dialForEver = Effect.fnUntraced(function* (supervisor: Supervision, entry: RouteEntry) {
  for (;;) {
    if (AutoSync.isDone(supervisor, entry)) entry.state = "idle"
    yield* AutoSync.untilWanted(supervisor, entry)
    yield* RouteTurn.untilItsTurn(supervisor, entry)
    // Another address of the peer may have done what a round wanted.
    if (AutoSync.isDone(supervisor, entry)) continue
    const ended = yield* dialInPlace(supervisor, entry).pipe(
      Effect.scoped,
      // A transport that breaks is dialled again like one that fails.
      Effect.catchDefect((defect) =>
        Effect.as(Effect.logError("a dial failed", defect), SessionEnd.nothing(String(defect)))
      )
    )
    const nowMs = yield* monotonicMs
    if (isLive(entry)) entry.changedMs = nowMs
    entry.state = "waiting"
    if (ended === undefined) continue
    RouteTurn.dialled(supervisor, entry, ended.isBehind, nowMs)
    entry.attempts = ended.hasWorked ? 0 : entry.attempts + 1
    entry.lastError = ended.hasGivenWay ? undefined : ended.because
    entry.gaveWayMs = ended.hasGivenWay ? nowMs : undefined
    AutoSync.tried(supervisor, entry, ended.hasGivenWay)
    if (!ended.hasGivenWay && !AutoSync.isDone(supervisor, entry))
      yield* waitToRetry(supervisor, entry, ended.waitMsMax)
  }
})

/** Dials once there is a place; nothing where meanwhile it is not wanted, or another address of the peer has come before it. */
const dialInPlace = Effect.fnUntraced(function* (supervisor: Supervision, entry: RouteEntry) {
  const { places } = supervisor
  const granted = yield* Effect.acquireRelease(
    Effect.sync(() => places.ask(entry)),
    () => Effect.sync(() => places.leave(entry))
  )
  if (!places.has(entry)) {
    entry.state = "queued"
    yield* Deferred.await(granted)
    // Other addresses of the peer wait for this one from here on.
    entry.changedMs = yield* monotonicMs
    if (AutoSync.isDone(supervisor, entry) || (yield* RouteTurn.inMs(supervisor, entry)) > 0) return undefined
  }
  entry.state = "dialling"
  return yield* dialOnce(supervisor, entry)
})

/** Asked anew because a session sets it meanwhile, which a switch on the same object cannot know. */
const isLive = ({ state }: RouteEntry): boolean => state === "connected"

const dialOnce = Effect.fnUntraced(function* (supervisor: Supervision, entry: RouteEntry) {
  const { address, peer } = entry.route
  if (peer !== undefined && supervisor.paused.has(peer)) return SessionEnd.nothing("paused")
  const link = yield* supervisor.registry.forAddress(address).pipe(
    Effect.flatMap((transport) => transport.dial(address, entry.route.listed)),
    Effect.result
  )
  if (link._tag === "Failure") {
    yield* IntakeNews.reportFailure(supervisor, peer, address, link.failure)
    return SessionEnd.ofDial(link.failure)
  }
  return yield* PeerSession.run(supervisor, {
    link: link.success,
    role: "initiator",
    route: address,
    expected: peer,
    isSpared: (peer) => RouteTurn.isSpared(supervisor, entry, peer, link.success.path),
    onMet: (met) => {
      entry.met = met
    },
    onLive: Effect.map(monotonicMs, (nowMs) => {
      entry.state = "connected"
      entry.changedMs = nowMs
    })
  })
})

/** For how long nothing was seen of whom a route leads to, in milliseconds: one of this node's own is always expected to be there. */
const absenceOf = ({ peers }: Supervision, { route, told }: RouteEntry) =>
  Effect.map(monotonicMs, (nowMs) => {
    if (route.listed === undefined) return 0
    if (route.isFound !== true || route.peer === undefined) return Infinity
    const seenMs = Math.max(told?.lastMs ?? -Infinity, peers.get(route.peer)?.leftMs ?? -Infinity)
    return nowMs - seenMs
  })

const waitToRetry = Effect.fnUntraced(function* (supervisor: Supervision, entry: RouteEntry, waitMsMax: number) {
  const { retryMsMax, retryMsMin } = supervisor.options
  const longestMs = RoadChoice.longestWaitMs(yield* absenceOf(supervisor, entry), retryMsMax)
  const fullMs = Math.min(retryMsMin * 2 ** Math.min(entry.attempts, 30), longestMs, waitMsMax)
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
