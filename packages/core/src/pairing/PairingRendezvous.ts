/**
 * A meeting place on links, as a hub runs it: an inviter holds a slot, a joiner visits it, and what they say goes from one
 * to the other unread. It knows no device and no code; what it can do is to refuse, to be slow and to listen, and none of
 * that helps to guess. Everything has a bound: slots, callers, callers of one address, bytes, time.
 */
import { Clock, Deferred, Effect, Metric } from "effect"
import { Crypto, type CryptoFunctions } from "../crypto/Crypto.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as Occupancy from "../telemetry/Occupancy.ts"
import { type Call, CallRate } from "../transport/CallRate.ts"
import type { Link } from "../transport/Link.ts"
import { type Carried, carries } from "./MeetingBounds.ts"
import * as MeetingFrame from "./MeetingFrame.ts"
import { slotsMax } from "./PairingCode.ts"
import { pathMsMax } from "./PairingMeeting.ts"
import * as PairingMetrics from "./PairingMetrics.ts"

/** Slots that may be held at the same time; half of all, so that a free one is soon found. Then callers are turned away. */
export const slotsHeldMax = slotsMax / 2
/**
 * Slots that one address may hold at the same time, those that are kept for a holder that is gone among them: two of each of
 * thirty devices, for a classroom pairs behind one address. So nobody takes all of them; who wants more is turned away.
 */
export const slotsPerAddressMax = 60
/** Callers at the same time: holders and visitors. */
export const callersMax = 2 * slotsHeldMax
/**
 * Calls of one address within a minute: ten of each of thirty devices, for a classroom pairs behind one address, and takes two or
 * three each. Behind a proxy that hides addresses all count together. It keeps a caller from wearing the place out; a guess
 * costs an attempt of the code, on the inviting device, however often it may call.
 */
export const callsPerMinuteMax = 300
/**
 * Calls of one address within a minute that find no slot, or make no sense. Who looks for other people's codes, to use their
 * attempts up, sees about a third of the slots while a code is good.
 */
export const failuresPerMinuteMax = 60
/** Addresses whose calls are counted; while that many called within a minute, others are turned away. */
export const addressesMax = 4_096
/** From the link to the caller's first frame, in milliseconds. */
export const helloMsMax = 5_000
/** How long a slot may be held without a visit, in milliseconds: a code is good for half of it. */
export const heldMsMax = 10 * 60_000
/** How long a slot is kept for a holder that is gone: its next link, after a visit or a break, takes a moment. */
export const awayMsMax = 15_000

/** How long a visitor waits for a holder that is away: it comes back between two visits. */
const comeBackMsMax = 5_000
const lookEveryMs = 50

export interface Rendezvous {
  /** Serves one caller; the link may be closed when it ends. */
  readonly serve: (link: Link) => Effect.Effect<void>
}

interface Slot {
  readonly token: Uint8Array
  /** Who took it; its holder may come back from elsewhere. */
  readonly address: string
  /** The holder that waits; `undefined` while it is with a visitor, or away. */
  waiting: Holder | undefined
  /** The holder that waits, or is with a visitor. */
  holder: Holder | undefined
  /** Who is with the holder now. */
  visitor: Visitor | undefined
  /** When it is free again unless its holder has come back. */
  awayUntilMs: number
}

interface Holder {
  readonly visitor: Deferred.Deferred<Visitor>
  /** Done once another link holds the slot in its place. */
  readonly replaced: Deferred.Deferred<void>
}

interface Visitor {
  readonly link: Link
  /** Done once the visit is over. */
  readonly over: Deferred.Deferred<void>
}

interface Place {
  readonly crypto: CryptoFunctions
  readonly slots: Map<number, Slot>
  readonly calls: CallRate
  busy: number
}

/** Makes a meeting place; its sizes show in the metrics until the scope closes. */
export const make = Effect.gen(function* () {
  const place: Place = {
    crypto: yield* Crypto,
    slots: new Map(),
    calls: new CallRate({ callsPerMinuteMax, failuresPerMinuteMax, addressesMax }),
    busy: 0
  }
  yield* Occupancy.watch([
    { kind: "queue", name: "pairing_slots", limit: slotsHeldMax, length: () => place.slots.size },
    { kind: "queue", name: "pairing_callers", limit: callersMax, length: () => place.busy },
    { kind: "queue", name: "pairing_addresses", limit: addressesMax, length: () => place.calls.addresses }
  ])
  const rendezvous: Rendezvous = { serve: (link) => serve(place, link) }
  return rendezvous
})

const outcomes = ["met", "left", "expired", ...MeetingFrame.refusals] as const
const counted = (outcome: (typeof outcomes)[number]): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(PairingMetrics.callers, { outcome }), 1)

const serve = (place: Place, link: Link): Effect.Effect<void> =>
  Effect.gen(function* () {
    const nowMs = yield* Clock.currentTimeMillis
    const call = place.busy >= callersMax ? undefined : place.calls.call(link.remote, nowMs)
    if (call === undefined) return yield* refuse(link, "busy")
    place.busy++
    yield* Effect.ensuring(
      serveCaller(place, link, call),
      Effect.sync(() => place.busy--)
    )
  })

const refuse = (link: Link, because: MeetingFrame.Refusal): Effect.Effect<void> =>
  Effect.andThen(counted(because), say(link, { _tag: "Refused", because }))

const say = (link: Link, frame: MeetingFrame.MeetingFrame): Effect.Effect<void> =>
  Effect.ignore(link.send(MeetingFrame.encode(frame)))

const serveCaller = Effect.fnUntraced(function* (place: Place, link: Link, call: Call) {
  const first = yield* link.receive.pipe(
    Effect.timeoutOption(helloMsMax),
    Effect.catch(() => Effect.undefined)
  )
  if (first === undefined) return yield* counted("left")
  const frame = first._tag === "None" ? undefined : MeetingFrame.decode(first.value)
  if (frame?._tag === "Hold") return yield* hold(place, link, call, frame)
  if (frame?._tag === "Visit") return yield* visit(place, link, call, frame.slot)
  return yield* refuse(link, "malformed")
})

const hold = Effect.fnUntraced(function* (
  place: Place,
  link: Link,
  call: Call,
  { slot: wanted, token }: MeetingFrame.MeetingFrame & { readonly _tag: "Hold" }
) {
  const { slots } = place
  const nowMs = yield* Clock.currentTimeMillis
  const number = wanted ?? freeIn(place, nowMs)
  if (number === undefined || number >= slotsMax) return yield* refuse(link, "busy")
  const known = inUse(slots, number, nowMs)
  const isOwn = known !== undefined && Bytes.equals(known.token, token)
  if (known !== undefined && !isOwn) return yield* refuse(link, "taken")
  if (known === undefined && !mayTake(slots, link.remote, nowMs)) return yield* refuse(link, "busy")
  const slot = known ?? { token, address: link.remote, ...empty }
  const holder: Holder = { visitor: Deferred.makeUnsafe(), replaced: Deferred.makeUnsafe() }
  // A holder that comes back has left whatever it was in, also where this side has not seen the end of that yet: a slot
  // keeps one holder and one visitor busy, however often it is held anew.
  if (slot.holder !== undefined) Deferred.doneUnsafe(slot.holder.replaced, Effect.void)
  slot.holder = holder
  slot.waiting = holder
  slot.visitor = undefined
  slots.set(number, slot)
  call.served()
  yield* say(link, { _tag: "Held", slot: number })
  yield* Effect.ensuring(
    waitForVisitor(link, slot, holder),
    Effect.map(Clock.currentTimeMillis, (endMs) => {
      if (slot.waiting === holder) slot.waiting = undefined
      if (slot.holder === holder) slot.holder = undefined
      slot.awayUntilMs = endMs + awayMsMax
    })
  )
})

const empty = { holder: undefined, waiting: undefined, visitor: undefined, awayUntilMs: 0 }

/** The slot while its holder is there, or may come back. */
const inUse = (slots: Place["slots"], number: number, nowMs: number): Slot | undefined => {
  const slot = slots.get(number)
  if (slot === undefined || !isFree(slot, nowMs)) return slot
  slots.delete(number)
  return undefined
}

const isFree = ({ awayUntilMs, visitor, waiting }: Slot, nowMs: number): boolean =>
  waiting === undefined && visitor === undefined && nowMs >= awayUntilMs

const hasRoom = (slots: Place["slots"], nowMs: number): boolean => {
  for (const number of slots.keys()) inUse(slots, number, nowMs)
  return slots.size < slotsHeldMax
}

/** True where there is room for one more slot, of all and of the address. */
const mayTake = (slots: Place["slots"], address: string, nowMs: number): boolean => {
  if (!hasRoom(slots, nowMs)) return false
  let held = 0
  for (const slot of slots.values()) if (slot.address === address) held++
  return held < slotsPerAddressMax
}

/** Any slot that nobody has, drawn by chance: who counts slots should not learn how many pair. */
const freeIn = ({ crypto, slots }: Place, nowMs: number): number | undefined => {
  if (!hasRoom(slots, nowMs)) return undefined
  const [high = 0, low = 0] = crypto.randomBytes(2)
  const from = ((high << 8) | low) % slotsMax
  for (let i = 0; i < slotsMax; i++) {
    const slot = (from + i) % slotsMax
    if (!slots.has(slot)) return slot
  }
  return undefined
}

const waitForVisitor = Effect.fnUntraced(function* (link: Link, slot: Slot, holder: Holder) {
  // A holder says nothing while it waits; what it says all the same, and its end, end the wait.
  const replaced = Deferred.await(holder.replaced)
  const left = Effect.raceFirst(Effect.asVoid(Effect.ignore(link.receive)), replaced)
  const wait = Effect.raceFirst(Effect.asVoid(Deferred.await(holder.visitor)), left)
  const waited = yield* Effect.timeoutOption(wait, heldMsMax)
  // From here on nobody comes any more; somebody may have come in the same moment.
  if (slot.waiting === holder) slot.waiting = undefined
  const visitor = yield* Deferred.poll(holder.visitor)
  if (visitor._tag === "None") return yield* counted(waited._tag === "None" ? "expired" : "left")
  const came = yield* visitor.value
  const { link: other, over } = came
  yield* counted("met")
  yield* Effect.andThen(say(link, { _tag: "Met" }), say(other, { _tag: "Met" }))
  const both = Effect.raceFirst(carry(link, other), carry(other, link))
  yield* Effect.ensuring(
    Effect.asVoid(Effect.timeoutOption(Effect.raceFirst(both, replaced), pathMsMax)),
    Effect.gen(function* () {
      yield* Effect.all([link.close, other.close], { concurrency: "unbounded" })
      if (slot.visitor === came) slot.visitor = undefined
      yield* Deferred.succeed(over, undefined)
    })
  )
})

/** Until one side ends or says more than it may. What was received before is handed over first. */
const carry = (from: Link, to: Link): Effect.Effect<void> => {
  const carried: Carried = { frames: 0, bytes: 0 }
  const all = Effect.gen(function* () {
    for (;;) {
      const frame = yield* from.receive
      if (!carries(carried, frame)) return
      yield* to.send(frame)
    }
  })
  return Effect.ignore(all)
}

const visit = Effect.fnUntraced(function* ({ slots }: Place, link: Link, call: Call, number: number) {
  const slot = inUse(slots, number, yield* Clock.currentTimeMillis)
  if (slot?.visitor !== undefined) return yield* refuse(link, "crowded")
  for (let waitedMs = 0; slot !== undefined && waitedMs < comeBackMsMax; waitedMs += lookEveryMs) {
    if (slot.waiting !== undefined) break
    yield* Effect.sleep(lookEveryMs)
  }
  const holder = slot?.waiting
  if (slot === undefined || holder === undefined) return yield* refuse(link, "empty")
  const visitor: Visitor = { link, over: Deferred.makeUnsafe() }
  slot.waiting = undefined
  slot.visitor = visitor
  call.served()
  yield* Deferred.succeed(holder.visitor, visitor)
  // The holder's side carries for both.
  yield* Effect.timeoutOption(Deferred.await(visitor.over), pathMsMax + helloMsMax)
})
