/**
 * The road of a pairing between two devices that find each other by themselves, with nothing in between: the inviter
 * listens, the joiner looks for it and dials. How they find each other is the transport's; who they are is for the pairing
 * to prove.
 */
import { Deferred, Effect, Queue, type Scope } from "effect"
import type { PeerId } from "../identity/PeerId.ts"
import type { Link } from "../transport/Link.ts"
import type { Finder, Transport } from "../transport/Transport.ts"
import type { TransportError } from "../transport/TransportError.ts"
import { answerMsMax } from "./LinkMeeting.ts"
import * as MeetingBounds from "./MeetingBounds.ts"
import {
  because,
  MeetingEnded,
  type MeetingError,
  MeetingUnreachable,
  SeveralInvite,
  SlotCrowded,
  SlotEmpty,
  SlotTaken
} from "./MeetingError.ts"
import * as MeetingFrame from "./MeetingFrame.ts"
import { type MeetingPath, type PairingMeeting, pathMsMax } from "./PairingMeeting.ts"

/** How long a joiner looks for an inviter, in milliseconds, unless told otherwise. */
export const findMsDefault = 15_000
/** How long a joiner looks for further inviters once it has found one, in milliseconds, unless told otherwise. */
export const othersMsDefault = 3_000
/** Inviters that a joiner remembers; further ones are not listed. */
export const invitersMax = 16

/** A direct meeting has one slot, of no name. */
const directSlot = 0

/** A visit that waits for the holder, or is with it. */
interface Visit {
  readonly path: MeetingPath
  readonly over: Deferred.Deferred<void>
}

/** The inviter's side: it holds the one slot by listening on the transport. */
export const host = (transport: Transport): PairingMeeting => {
  const place = { isHeld: false }
  return { name: transport.name, isDirect: true, hold: () => hold(place, transport), visit: () => noJoiner(transport) }
}

const noJoiner = ({ name }: Transport): Effect.Effect<never, MeetingError> =>
  because(new MeetingUnreachable({ place: name, problem: "a device that invites here visits nobody" }))

const hold = Effect.fnUntraced(function* (place: { isHeld: boolean }, transport: Transport) {
  if (place.isHeld) return yield* because(new SlotTaken({ slot: directSlot }))
  yield* Effect.acquireRelease(
    Effect.sync(() => (place.isHeld = true)),
    () => Effect.sync(() => (place.isHeld = false))
  )
  const visits = yield* Queue.bounded<Visit>(1)
  let current: Visit | undefined
  const accept = (link: Link): Effect.Effect<void> =>
    Effect.gen(function* () {
      if (current !== undefined) return yield* say(link, { _tag: "Refused", because: "crowded" })
      const visit = yield* visitOn(link)
      current = visit
      const leave = Effect.sync(() => (current = undefined))
      const met = Effect.andThen(say(link, { _tag: "Met" }), Queue.offer(visits, visit))
      // Also a visitor that says nothing gives its place back.
      const stay = Effect.timeoutOption(Deferred.await(visit.over), pathMsMax)
      yield* Effect.ensuring(Effect.andThen(met, stay), leave)
    })
  yield* Effect.mapError(transport.listen(accept), unreachable(transport.name))
  const next = Effect.tap(Queue.take(visits), ({ path }) => Effect.addFinalizer(() => path.close))
  return { slot: directSlot, visit: Effect.flatMap(next, ({ path }) => MeetingBounds.bounded(path)) }
})

/** A visitor that is gone already needs no answer. */
const say = (link: Link, frame: MeetingFrame.MeetingFrame): Effect.Effect<void> =>
  Effect.ignore(link.send(MeetingFrame.encode(frame)))

const visitOn = Effect.fnUntraced(function* (link: Link) {
  const over = yield* Deferred.make<void>()
  const leave = Deferred.succeed(over, undefined)
  const { close, receive, send } = pathOn(link)
  const path: MeetingPath = {
    send,
    receive: Effect.tapError(receive, () => leave),
    close: Effect.andThen(close, leave)
  }
  return { path, over } satisfies Visit
})

export interface GuestOptions {
  /** How long it looks for an inviter, in milliseconds; default 15,000. */
  readonly findMsMax?: number | undefined
  /** How long it looks for further ones then, in milliseconds; default 3,000. */
  readonly othersMs?: number | undefined
  /** The inviter, where it is known; nobody else is visited then. */
  readonly peer?: PeerId | undefined
}

/** What a joiner looks for, and whom it has found while anybody looks. */
interface Search {
  readonly transport: Transport
  readonly findMsMax: number
  readonly othersMs: number
  readonly peer: PeerId | undefined
  readonly found: Set<PeerId>
  lookers: number
}

/**
 * The joiner's side: it visits the one inviter that the transport finds. A short code has one attempt, so where several
 * invite and none is named it visits nobody and fails with `SeveralInvite`.
 */
export const guest = (
  transport: Transport,
  { findMsMax = findMsDefault, othersMs = othersMsDefault, peer }: GuestOptions = {}
): PairingMeeting => {
  const search: Search = { transport, findMsMax, othersMs, peer, found: new Set(), lookers: 0 }
  const { name } = transport
  const noHolder = because(new MeetingUnreachable({ place: name, problem: "a device that joins here invites nobody" }))
  return { name, isDirect: true, hold: () => noHolder, visit: () => visit(search) }
}

/** Both sides for a device that invites and joins: by a transport that listens, and by another one that only dials. */
export const both = (inviting: Transport, joining: Transport, options: GuestOptions = {}): PairingMeeting => ({
  ...host(inviting),
  visit: guest(joining, options).visit
})

const visit = Effect.fnUntraced(function* (search: Search): Effect.fn.Return<MeetingPath, MeetingError, Scope.Scope> {
  const { found, transport } = search
  const { finder, name } = transport
  if (finder === undefined) {
    return yield* because(new MeetingUnreachable({ place: name, problem: "this transport finds nobody by itself" }))
  }
  const inviter = yield* find(search, finder)
  const link = yield* transport.dial(finder.addressOf(inviter)).pipe(
    Effect.tapError(() => Effect.sync(() => found.delete(inviter))),
    Effect.mapError(unreachable(name))
  )
  const bytes = yield* link.receive.pipe(
    Effect.mapError(ended),
    Effect.timeoutOrElse({
      duration: answerMsMax,
      orElse: () => because(new MeetingUnreachable({ place: name, problem: "the inviter does not answer" }))
    })
  )
  const answer = MeetingFrame.decode(bytes)
  if (answer?._tag === "Refused" && answer.because === "crowded") return yield* because(new SlotCrowded({}))
  if (answer?._tag === "Met") return yield* MeetingBounds.bounded(pathOn(link))
  return yield* because(new MeetingUnreachable({ place: name, problem: "what answers there is of another version" }))
})

/** The one inviter. Looking goes on with the visit: a transport may tell of each peer only once while anybody looks. */
const find = Effect.fnUntraced(function* (search: Search, finder: Finder) {
  const { findMsMax, found, peer, transport } = search
  const first = yield* Deferred.make<void>()
  const isMeant = (one: PeerId): boolean => peer === undefined || one === peer
  yield* Effect.acquireRelease(
    Effect.sync(() => search.lookers++),
    () =>
      Effect.sync(() => {
        if (--search.lookers === 0) found.clear()
      })
  )
  const tell = (one: PeerId): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (!isMeant(one)) return Effect.void
      if (found.size < invitersMax) found.add(one)
      return Effect.asVoid(Deferred.succeed(first, undefined))
    })
  yield* Effect.mapError(finder.watch(tell), unreachable(transport.name))
  if (found.size === 0) {
    yield* Deferred.await(first).pipe(
      Effect.timeoutOrElse({
        duration: findMsMax,
        orElse: () => because(new SlotEmpty({ place: transport.name }))
      })
    )
  }
  if (peer !== undefined) return peer
  yield* Effect.sleep(search.othersMs)
  const [inviter, ...others] = found
  if (inviter === undefined) return yield* because(new SlotEmpty({ place: transport.name }))
  return others.length === 0 ? inviter : yield* because(new SeveralInvite({ peers: [...found].sort() }))
})

const pathOn = (link: Link): MeetingPath => ({
  send: (frame) => Effect.mapError(link.send(frame), ended),
  receive: Effect.mapError(link.receive, ended),
  close: link.close
})

const ended = ({ message }: TransportError): MeetingError => because(new MeetingEnded({ problem: message }))

const unreachable =
  (place: string) =>
  ({ message }: TransportError): MeetingError =>
    because(new MeetingUnreachable({ place, problem: message }))
