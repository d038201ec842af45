/**
 * A road to a meeting place that is run by somebody else, such as a hub: over links of whatever transport reaches it. Each
 * visit has a link of its own; the holder comes back to its slot by a token. It proves nothing to the place and believes
 * nothing of it.
 */
import { Effect, Exit, Scope } from "effect"
import { Crypto, type CryptoFunctions } from "../crypto/Crypto.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { Link } from "../transport/Link.ts"
import type { Transport } from "../transport/Transport.ts"
import type { TransportError } from "../transport/TransportError.ts"
import * as MeetingBounds from "./MeetingBounds.ts"
import {
  because,
  MeetingBusy,
  MeetingEnded,
  type MeetingError,
  MeetingUnreachable,
  SlotCrowded,
  SlotEmpty,
  SlotTaken
} from "./MeetingError.ts"
import * as MeetingFrame from "./MeetingFrame.ts"
import { slotsMax } from "./PairingCode.ts"
import type { MeetingPath, PairingMeeting } from "./PairingMeeting.ts"

/** From a link to the place's first answer, in milliseconds. */
export const answerMsMax = 10_000

interface Road {
  readonly transport: Transport
  readonly address: string
  readonly crypto: CryptoFunctions
}

/** The road to the place at an address of the transport. */
export const make = Effect.fnUntraced(function* (transport: Transport, address: string) {
  const road: Road = { transport, address, crypto: yield* Crypto }
  const meeting: PairingMeeting = {
    name: address,
    isDirect: false,
    hold: (slot) => hold(road, slot),
    visit: (slot) => visit(road, slot)
  }
  return meeting
})

/** A link on which the place has answered well, and the end of it. */
interface Opened {
  readonly link: Link
  readonly slot: number | undefined
  readonly close: Effect.Effect<void>
}

const hold = Effect.fnUntraced(function* (road: Road, wanted: number | undefined) {
  const token = Bytes.copy(road.crypto.randomBytes(MeetingFrame.tokenBytes))
  const within = yield* Effect.scope
  const take = (slot: number | undefined) => open(road, within, { _tag: "Hold", slot, token })
  let waiting: Opened | undefined = yield* take(wanted)
  const slot = waiting.slot!
  const visit = Effect.gen(function* () {
    // A link that another visit has used up, or that was lost, is followed by the next one.
    const opened: Opened = waiting ?? (yield* take(slot))
    waiting = opened
    yield* Effect.tapError(met(opened.link), () =>
      Effect.andThen(
        Effect.sync(() => (waiting = undefined)),
        opened.close
      )
    )
    waiting = undefined
    return yield* pathOf(opened)
  })
  return { slot, visit }
})

const visit = Effect.fnUntraced(function* (road: Road, slot: number | undefined) {
  if (slot === undefined) return yield* because(new SlotEmpty({ place: road.address }))
  return yield* pathOf(yield* open(road, yield* Effect.scope, { _tag: "Visit", slot }))
})

/** Dials, says what is wanted, and takes the place's answer. */
const open = Effect.fnUntraced(function* (
  { address, transport }: Road,
  within: Scope.Scope,
  frame: MeetingFrame.MeetingFrame & { readonly _tag: "Hold" | "Visit" }
) {
  const scope = yield* Scope.fork(within)
  const close = Scope.close(scope, Exit.void)
  const opening = Effect.gen(function* () {
    const link = yield* transport.dial(address).pipe(
      Scope.provide(scope),
      Effect.mapError(({ message, reason }) => {
        const problem = "problem" in reason ? reason.problem : message
        return because(new MeetingUnreachable({ place: address, problem }))
      })
    )
    yield* Effect.mapError(link.send(MeetingFrame.encode(frame)), ended)
    const bytes = yield* link.receive.pipe(
      Effect.mapError(ended),
      Effect.timeoutOrElse({
        duration: answerMsMax,
        orElse: () => because(new MeetingUnreachable({ place: address, problem: "it does not answer" }))
      })
    )
    return { link, slot: yield* taken(address, frame, MeetingFrame.decode(bytes)), close } satisfies Opened
  })
  return yield* Effect.onExit(opening, (exit) => (Exit.isSuccess(exit) ? Effect.void : close))
})

/** The slot that was given to a holder; nothing to a visitor, who is with the other side now. */
const taken = (
  place: string,
  { _tag, slot }: MeetingFrame.MeetingFrame & { readonly _tag: "Hold" | "Visit" },
  answer: MeetingFrame.MeetingFrame | undefined
): Effect.Effect<number | undefined, MeetingError> => {
  if (answer?._tag === "Refused") return refusalOf(place, slot ?? 0, answer.because)
  if (_tag === "Visit" && answer?._tag === "Met") return Effect.undefined
  const isHeld = _tag === "Hold" && answer?._tag === "Held" && answer.slot < slotsMax
  if (isHeld && (slot === undefined || slot === answer.slot)) return Effect.succeed(answer.slot)
  return because(new MeetingUnreachable({ place, problem: "what answers there is no meeting place of this version" }))
}

const refusalOf = (place: string, slot: number, refusal: MeetingFrame.Refusal): Effect.Effect<never, MeetingError> => {
  switch (refusal) {
    case "taken":
      return because(new SlotTaken({ slot }))
    case "empty":
      return because(new SlotEmpty({ place }))
    case "crowded":
      return because(new SlotCrowded({}))
    case "busy":
      return because(new MeetingBusy({ place }))
    case "malformed":
      return because(new MeetingUnreachable({ place, problem: "it is of another version" }))
  }
}

/** Waits until the place says that the other side is there. */
const met = ({ receive }: Link): Effect.Effect<void, MeetingError> =>
  Effect.flatMap(Effect.mapError(receive, ended), (bytes) =>
    MeetingFrame.decode(bytes)?._tag === "Met"
      ? Effect.void
      : because(new MeetingEnded({ problem: "the meeting place says what it should not" }))
  )

const ended = ({ message }: TransportError): MeetingError => because(new MeetingEnded({ problem: message }))

/** The rest of the link is the visit's; it closes with the scope of the visit. */
const pathOf = Effect.fnUntraced(function* ({ close, link }: Opened) {
  yield* Effect.addFinalizer(() => close)
  const path: MeetingPath = {
    send: (frame) => Effect.mapError(link.send(frame), ended),
    receive: Effect.mapError(link.receive, ended),
    close: link.close
  }
  return yield* MeetingBounds.bounded(path)
})
