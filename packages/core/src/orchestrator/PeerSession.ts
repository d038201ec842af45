/**
 * One session as the orchestrator sees it: its place in the table, what is remembered of the peer, and the events that
 * tell the application about it.
 */
import { Clock, Deferred, Effect, Metric, PubSub, Scope } from "effect"
import * as Bytes from "../identity/Bytes.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { PartitionRow } from "../journal/JournalTables.ts"
import * as Partition from "../model/Partition.ts"
import type { Role } from "../session/Proof.ts"
import { codeOf, monotonicMs, type SessionNotice } from "../session/RunningSession.ts"
import * as SessionDriver from "../session/SessionDriver.ts"
import {
  PeerDenied,
  PeerLinked,
  PeerRefused,
  SessionError,
  SessionFailed,
  SessionReplaced,
  SessionsExhausted,
  SessionYielded
} from "../session/SessionError.ts"
import * as CoreMetrics from "../telemetry/CoreMetrics.ts"
import * as Spans from "../telemetry/Spans.ts"
import type { Link } from "../transport/Link.ts"
import * as GivingWay from "./GivingWay.ts"
import * as IntakeNews from "./IntakeNews.ts"
import type { Met } from "./Route.ts"
import * as RouteNews from "./RouteNews.ts"
import * as SessionEnd from "./SessionEnd.ts"
import type { LiveSession } from "./SessionTable.ts"
import { type PeerMemory, peersRememberedMax, type Supervision } from "./Supervision.ts"
import * as WriteNews from "./WriteNews.ts"

export interface PeerSessionOptions {
  readonly link: Link
  readonly role: Role
  readonly route: string
  readonly expected: PeerId | undefined
  /** Is a peer that answers linked by another road that is as good? Only asked where this node dialled. */
  readonly isSpared?: (peer: PeerId) => Effect.Effect<boolean>
  /** Told who is there, whatever becomes of the session. */
  readonly onMet?: (met: Met) => void
  readonly onLive: Effect.Effect<void>
}

/** The session once it is live, and who has proven to be there. */
interface Current {
  session: LiveSession | undefined
  answered: PeerId | undefined
}

/** Ends the session for a reason of this node's, which the peer is told or not. */
type Reason = SessionError["reason"]
type End = (reason: Reason, isTold?: boolean) => void

/** Waits until somebody wants this peer, or all, to be dialled or compared now. */
export const wishFor = Effect.fnUntraced(function* (
  wishes: PubSub.Subscription<PeerId | undefined>,
  peer: () => PeerId | undefined
) {
  for (;;) {
    const named = yield* PubSub.take(wishes)
    if (named === undefined || named === peer()) return
  }
})

/** Runs the session of an accepted link. */
export const serve = (supervisor: Supervision, link: Link): Effect.Effect<void> =>
  Effect.asVoid(
    run(supervisor, {
      link,
      role: "responder",
      route: link.remote,
      expected: undefined,
      onLive: Effect.void
    })
  )

/** Runs a session to its end, which is reported and never fails the caller. */
export const run = Effect.fnUntraced(function* (supervisor: Supervision, options: PeerSessionOptions) {
  const wishes = yield* PubSub.subscribe(supervisor.wanted)
  const taken = yield* Deferred.make<never, SessionError>()
  const told = yield* Deferred.make<never, SessionError>()
  const current: Current = { session: undefined, answered: undefined }
  const heard = yield* hearing(supervisor)
  const end: End = (reason, isTold = false) => {
    Deferred.doneUnsafe(isTold ? told : taken, Effect.fail(new SessionError({ reason })))
  }
  const driven = SessionDriver.run({
    link: options.link,
    role: options.role,
    expected: options.expected,
    timing: supervisor.options.timing,
    aheadMsMax: supervisor.options.aheadMsMax,
    deleteLimits: supervisor.options.deleteLimits,
    ended: Deferred.await(told),
    hears: heard,
    isSpared: (peer, incarnation) => isSpared(supervisor, options, current, peer, incarnation),
    proofWanted: wishFor(wishes, () => current.session?.peer),
    notify: (notice) => onNotice(supervisor, options, current, end, notice)
  }).pipe(Spans.spanned("sync.session", { role: options.role }))
  const error = yield* Effect.raceFirst(driven, Deferred.await(taken)).pipe(
    Effect.provide(supervisor.services),
    // A mistake in this program costs one session, never the node, and it is not silent.
    Effect.catchDefect((defect) =>
      Effect.logError("a session failed", defect).pipe(
        Effect.andThen(
          Metric.update(Metric.withAttributes(CoreMetrics.sessionsRefused, { reason: "SessionFailed" }), 1)
        ),
        Effect.andThen(Effect.fail(new SessionError({ reason: new SessionFailed({ problem: String(defect) }) })))
      )
    ),
    Effect.flip,
    Effect.onInterrupt(() => leave(supervisor, current.session, "stopped"))
  )
  yield* leave(supervisor, current.session, error.message)
  const { reason } = error
  noteLinked(options, current, reason)
  if (!isLinkedOtherwise(supervisor, options, current, reason)) {
    yield* reportEnd(supervisor, options, current.session?.peer, error)
  }
  if (current.session !== undefined && isCopySeen(supervisor, options, current.session.peer, reason)) {
    yield* renewed(supervisor, current.session.peer)
  }
  return SessionEnd.of(current.session, error)
}, Effect.scoped)

/** Who is there has a link with this peer that stays: nothing of the space is to be said. */
const isSpared = (
  { sessions, wanted }: Supervision,
  { isSpared, link, role }: PeerSessionOptions,
  current: Current,
  peer: PeerId,
  incarnation: string | undefined
): Effect.Effect<boolean> =>
  Effect.suspend(() => {
    current.answered = peer
    if (role === "initiator") return isSpared?.(peer) ?? Effect.succeed(false)
    const isHeld = incarnation !== undefined && sessions.isHeldAgainst({ peer, incarnation, role, path: link.path })
    // Who has the other link would not dial: it may be dead, and a proof that does not come shows it.
    return isHeld ? Effect.as(PubSub.publish(wanted, peer), true) : Effect.succeed(false)
  })

/** A peer that says it is linked already has not said which journal it has. */
const noteLinked = ({ onMet }: PeerSessionOptions, { answered, session }: Current, reason: Reason): void => {
  const isTold = reason._tag === "PeerRefused" && reason.code === "PeerLinked"
  if (isTold && session === undefined && answered !== undefined) onMet?.({ peer: answered, incarnation: undefined })
}

/** True when nothing is the matter: the peer is linked by another road, or about to be. */
const isLinkedOtherwise = (
  { routes, sessions }: Supervision,
  { role, route }: PeerSessionOptions,
  { answered }: Current,
  reason: Reason
): boolean => {
  if (reason._tag === "PeerLinked") return true
  if (reason._tag === "PeerRefused" && reason.code === "PeerLinked" && role === "responder") return true
  if (!SessionEnd.isBehind(reason) || answered === undefined) return false
  const isDialled = [...routes.values()].some(
    (entry) => entry.route.address !== route && (entry.state === "dialling" || entry.state === "connected")
  )
  return sessions.get(answered) !== undefined || (reason._tag === "PeerRefused" && isDialled)
}

/** Lets a session hear a peer that is not admitted, where its turn has come; the turn ends with the scope. */
const hearing = Effect.fnUntraced(function* ({ heard, paused }: Supervision) {
  const scope = yield* Effect.scope
  return (peer: PeerId): Effect.Effect<boolean> =>
    Effect.gen(function* () {
      const isHeard = !paused.has(peer) && heard.begin(peer, yield* monotonicMs)
      if (isHeard)
        yield* Scope.addFinalizer(
          scope,
          Effect.map(monotonicMs, (nowMs) => heard.end(peer, nowMs))
        )
      return isHeard
    })
})

/**
 * The peer has another session with this journal, and this node has opened none: a copy of the journal has. What a copy
 * writes under the same numbers would show it later; until then each would throw the other out.
 */
const isCopySeen = (
  { routes, sessions }: Supervision,
  { role, route }: PeerSessionOptions,
  peer: PeerId,
  reason: SessionError["reason"]
): boolean =>
  reason._tag === "PeerRefused" &&
  reason.code === "SessionReplaced" &&
  role === "initiator" &&
  sessions.get(peer) === undefined &&
  [...routes.values()].every(
    (entry) => entry.route.address === route || entry.state === "idle" || entry.state === "waiting"
  )

/**
 * True when the peer has taken in more of this journal than it has: an older state of it was put in its place. What it
 * writes next would go under numbers that are taken. A peer may lie, so it is believed once for each start.
 */
const isSetBack = Effect.fnUntraced(function* (supervisor: Supervision, cursorHere: number) {
  if (supervisor.hasBeenSetBack) return false
  const head = yield* Effect.orElseSucceed(supervisor.journal.head, () => Infinity)
  supervisor.hasBeenSetBack = cursorHere > head
  return supervisor.hasBeenSetBack
})

const renewed = (supervisor: Supervision, peer: PeerId): Effect.Effect<void> =>
  supervisor.journal.renew.pipe(
    Effect.andThen(() => IntakeNews.copied(supervisor, peer)),
    Effect.catchTag("JournalError", (error) => IntakeNews.reportFailure(supervisor, peer, "journal", error))
  )

const leave = Effect.fnUntraced(function* (supervisor: Supervision, session: LiveSession | undefined, because: string) {
  if (session === undefined) return
  supervisor.sessions.remove(session)
  yield* Metric.update(CoreMetrics.sessionsLive, supervisor.sessions.size)
  const { peer, route } = session
  const memory = supervisor.peers.get(peer)
  if (memory !== undefined) memory.leftMs = yield* monotonicMs
  yield* supervisor.channel.publish({ _tag: "PeerDisconnected", peer, route, because })
})

export const memoryOf = (supervisor: Supervision, peer: PeerId, route: string): PeerMemory => {
  const memory = supervisor.peers.get(peer) ?? {
    route,
    sentEvents: 0,
    receivedEvents: 0,
    provenAtMs: undefined,
    heldBecause: undefined,
    isLinked: false,
    leftMs: undefined,
    dialled: undefined,
    pendingIn: 0,
    lastError: undefined
  }
  // Set again at the end, so that the order of the map is the order of last contact.
  supervisor.peers.delete(peer)
  supervisor.peers.set(peer, memory)
  if (supervisor.peers.size > peersRememberedMax) supervisor.peers.delete(supervisor.peers.keys().next().value!)
  memory.route = route
  return memory
}

const onNotice = Effect.fnUntraced(function* (
  supervisor: Supervision,
  options: PeerSessionOptions,
  current: Current,
  end: End,
  notice: SessionNotice
) {
  if (notice._tag === "Connected") {
    return yield* connected(supervisor, options, current, end, notice)
  }
  const { session } = current
  if (session === undefined) return
  const { peer } = session
  const memory = memoryOf(supervisor, peer, options.route)
  switch (notice._tag) {
    case "Progressed": {
      const { receivedEvents, sentEvents } = notice
      memory.sentEvents += sentEvents - session.sentEvents
      memory.receivedEvents += receivedEvents - session.receivedEvents
      session.sentEvents = sentEvents
      session.receivedEvents = receivedEvents
      session.provenHead = undefined
      session.pendingIn = notice.pendingIn
      memory.pendingIn = notice.pendingIn
      session.held = notice.held
      if (notice.held.length > 0) memory.lastError = heldText(notice.held, memory.heldBecause)
      return yield* supervisor.channel.publish({ _tag: "SyncProgress", peer, sentEvents, receivedEvents })
    }
    case "Synced":
      return yield* proven(supervisor, session, memory, notice)
    case "Differs": {
      const where = yield* namesOf(supervisor, notice.ranges)
      const isHeld = notice.held.length > 0
      const detail = isHeld
        ? `${heldText(notice.held, memory.heldBecause)} (${where})`
        : `the views still differ after ${notice.passes} passes (${where}); they are compared again later`
      memory.lastError = detail
      session.held = notice.held
      yield* supervisor.channel.publish({
        _tag: "SyncError",
        peer,
        route: options.route,
        code: "ViewsDiffer",
        detail,
        willRetry: true
      })
      // It will not come into step soon, and others wait.
      return yield* GivingWay.atProof(supervisor, session)
    }
    case "TakenIn":
      memory.heldBecause = notice.outcome.verdicts.find(({ kind }) => kind === "held")?.because ?? memory.heldBecause
      yield* IntakeNews.lookForLost(supervisor, notice.partitions)
      return yield* IntakeNews.takenIn(supervisor, peer, notice)
    case "Settled":
      memory.heldBecause = notice.verdicts.at(-1)?.because ?? memory.heldBecause
      return yield* WriteNews.settled(supervisor, peer, notice)
  }
})

const proven = Effect.fnUntraced(function* (
  supervisor: Supervision,
  session: LiveSession,
  memory: PeerMemory,
  { count, head, receivedEvents, root, sentEvents, writer }: SessionNotice & { readonly _tag: "Synced" }
) {
  session.provenHead = head
  session.provenWriter = writer
  session.held = []
  session.pendingIn = 0
  memory.pendingIn = 0
  session.provenMs = yield* monotonicMs
  session.provenAtMs = yield* Clock.currentTimeMillis
  memory.provenAtMs = session.provenAtMs
  // A copy of the peer may be held all the same.
  if (supervisor.sessions.allOf(session.peer).every(({ held }) => held.length === 0)) {
    memory.lastError = undefined
    memory.heldBecause = undefined
  }
  yield* supervisor.channel.publish({
    _tag: "SyncCompleted",
    peer: session.peer,
    root: Bytes.toHex(root),
    entities: count,
    sentEvents,
    receivedEvents
  })
  yield* GivingWay.atProof(supervisor, session)
})

const heldText = (codes: ReadonlyArray<string>, because: string | undefined): string =>
  `changes wait: ${because ?? "for time, for the policy or for a person"} (${codes.join(", ")})`

/** Ranges in the words of the data model: entity type, header values, and the digits of the entity keys. */
const namesOf = Effect.fnUntraced(function* (
  { journal }: Supervision,
  ranges: ReadonlyArray<{ readonly partitionHash: Uint8Array; readonly prefix: string }>
) {
  const rows = yield* journal.partitions.pipe(
    Effect.map((found) => found.rows),
    Effect.orElseSucceed((): ReadonlyArray<PartitionRow> => [])
  )
  const names = ranges.map(({ partitionHash, prefix }) => {
    const row = rows.find(({ hash }) => Bytes.equals(hash, partitionHash))
    const name = row === undefined ? Bytes.toHex(partitionHash) : Partition.key(row.partition).replace("\n", " ")
    return `${name} ${prefix}*`
  })
  return names.length === 0 ? "range not known" : [...new Set(names)].join(", ")
})

/** Takes the session into the table, or says why there is no place for it. */
const whyNotAdmitted = Effect.fnUntraced(function* (supervisor: Supervision, session: LiveSession) {
  const { peer } = session
  // Asked again, for the policy may have changed during the greeting, when nobody knew of the session.
  const { allowed, because, rule } = yield* supervisor.gate.admits(peer)
  if (!allowed) return new PeerDenied({ peer, rule, because })
  const { sessionsMax } = supervisor.options
  if (supervisor.sessions.isFullFor(session)) return new SessionsExhausted({ sessionsMax })
  if (supervisor.paused.has(peer)) return new SessionReplaced({})
  return supervisor.sessions.admit(session) ? undefined : new PeerLinked({ peer })
})

const connected = Effect.fnUntraced(function* (
  supervisor: Supervision,
  options: PeerSessionOptions,
  current: Current,
  end: End,
  { peer, space }: SessionNotice & { readonly _tag: "Connected" }
) {
  const replace = (): void => end(new SessionReplaced({}))
  const session: LiveSession = {
    peer,
    incarnation: space.incarnation,
    role: options.role,
    route: options.route,
    path: options.link.path,
    replace,
    supersede: () => end(new SessionReplaced({}), true),
    giveWay: () => end(new SessionYielded({})),
    sentEvents: 0,
    receivedEvents: 0,
    provenHead: undefined,
    provenWriter: undefined,
    provenMs: 0,
    provenAtMs: 0,
    held: [],
    pendingIn: 0
  }
  options.onMet?.({ peer, incarnation: space.incarnation })
  const refusal = yield* whyNotAdmitted(supervisor, session)
  if (refusal !== undefined) {
    end(refusal)
    // The session waits for this answer; it is over and must not send anything more.
    return yield* Effect.never
  }
  current.session = session
  if (yield* isSetBack(supervisor, space.cursorHere)) yield* renewed(supervisor, peer)
  memoryOf(supervisor, peer, options.route).isLinked = true
  yield* options.onLive
  yield* tellRoute(supervisor, options, peer)
  yield* Metric.update(CoreMetrics.sessionsLive, supervisor.sessions.size)
  yield* supervisor.channel.publish({ _tag: "PeerConnected", peer, route: options.route })
  yield* supervisor.channel.publish({ _tag: "SyncStarted", peer, theirs: space.count })
})

/** A peer that was reached by one address is reached by another one now. */
const tellRoute = Effect.fnUntraced(function* (supervisor: Supervision, options: PeerSessionOptions, peer: PeerId) {
  if (options.role === "responder") return
  const memory = memoryOf(supervisor, peer, options.route)
  const { dialled: from } = memory
  memory.dialled = options.route
  if (from === undefined || from === options.route) return
  const because = `there was no link by ${from}, or this address comes before it`
  yield* RouteNews.changed(supervisor, { peer, from, to: options.route, because })
})

const reportEnd = Effect.fnUntraced(function* (
  supervisor: Supervision,
  options: PeerSessionOptions,
  peer: PeerId | undefined,
  error: SessionError
) {
  const { reason } = error
  if (reason._tag === "SessionYielded") return
  if (peer !== undefined) memoryOf(supervisor, peer, options.route).lastError = error.message
  if (reason._tag === "SessionStalled") {
    yield* supervisor.channel.publish({ _tag: "Stalled", peer: peer ?? null, awaiting: reason.awaiting })
  }
  if (SessionEnd.isHearing(reason)) return
  // A caller that hangs up after its session is no error here; `PeerDisconnected` has told it.
  if (options.role === "responder" && peer !== undefined && codeOf(reason) === "LinkClosed") return
  yield* supervisor.channel.publish({
    _tag: "SyncError",
    peer: peer ?? null,
    route: options.route,
    code: reason instanceof PeerRefused ? reason.code : codeOf(reason),
    detail: error.message,
    willRetry: options.role === "initiator"
  })
})
