/**
 * What the end of a session says about the next dial: whether its route starts its waits over, and how long it waits at
 * most. It waits and dials nothing itself.
 */
import { codeOf } from "../session/RunningSession.ts"
import type { SessionError } from "../session/SessionError.ts"
import type { TransportError } from "../transport/TransportError.ts"
import type { LiveSession } from "./SessionTable.ts"

export interface SessionEnd {
  /** False when dialling again at once would most likely end the same way. */
  readonly hasWorked: boolean
  /** It ended because this node wanted nothing more of it, and nothing is the matter. */
  readonly hasGivenWay: boolean
  /** The peer is linked by another road, which stays. */
  readonly isBehind: boolean
  readonly because: string
  /** Longest wait before the next dial, in milliseconds, where that is less than usual. */
  readonly waitMsMax: number
}

/** Whoever was not admitted waits for a person to say yes, and that person waits in front of a screen. */
const deniedWaitMsMax = 4_000
/** What is broken on the peer's side may be mended there at any moment, and nobody here is told. */
const brokenWaitMsMax = 8_000

/** A hub that starts again is called by all its devices at once. It turns them away as fast as it takes others in. */
const busyWaitMsMax = 4_000

/** What one of the two sides should never have done; what is wrong then is most likely wrong the next time, too. */
const faultCodes: ReadonlySet<string> = new Set([
  "FrameMalformed",
  "FrameRefused",
  "FrameTooDeep",
  "FrameTooLarge",
  "MessageUnknown",
  "ProtocolViolated",
  "SessionFailed"
])

/** What a peer says of itself when it could not go on. */
const brokenCodes: ReadonlySet<string> = new Set([
  "SessionFailed",
  "StoreClosed",
  "StoreCorrupt",
  "StoreForeign",
  "StoreFull",
  "StoreInUse",
  "StoreNotDurable",
  "StoreReadOnly"
])

/** Whoever was not admitted is now; `PeerHeard` on one side, and told by it on the other. */
const heardCode = "PeerHeard"

/** Nothing went wrong: who was heard is let in, and the next session follows at once. */
export const isHearing = (reason: SessionError["reason"]): boolean =>
  (reason._tag === "PeerRefused" ? reason.code : codeOf(reason)) === heardCode

/** A link by another road stays, or has taken over; `SessionReplaced` and `PeerLinked`, of this node or told by the peer. */
const behindCodes: ReadonlySet<string> = new Set(["PeerLinked", "SessionReplaced"])

export const isBehind = (reason: SessionError["reason"]): boolean =>
  behindCodes.has(reason._tag === "PeerRefused" ? reason.code : codeOf(reason))

const isPeerBroken = (reason: SessionError["reason"]): boolean =>
  reason._tag === "PeerRefused" && brokenCodes.has(reason.code)

const hasWorked = (session: LiveSession | undefined, reason: SessionError["reason"]): boolean => {
  if (session === undefined) return isHearing(reason)
  const code = reason._tag === "PeerRefused" ? reason.code : codeOf(reason)
  const hasBeenProven = session.provenWriter !== undefined
  return hasBeenProven || !(faultCodes.has(code) || isPeerBroken(reason))
}

const waitMsMax = (reason: SessionError["reason"]): number => {
  if (isPeerBroken(reason)) return brokenWaitMsMax
  const isDenied = reason._tag === "PeerDenied" || (reason._tag === "PeerRefused" && reason.code === "PeerDenied")
  return isDenied ? deniedWaitMsMax : Infinity
}

/** A dial that led to nobody. */
export const ofDial = ({ message, reason }: TransportError): SessionEnd => ({
  ...nothing(message),
  waitMsMax: reason._tag === "ListenerBusy" ? busyWaitMsMax : Infinity
})

/** A dial that came to nothing. */
export const nothing = (because: string): SessionEnd => ({
  hasWorked: false,
  hasGivenWay: false,
  isBehind: false,
  because,
  waitMsMax: Infinity
})

/** The end of a session that was admitted, or of one that never was. */
export const of = (session: LiveSession | undefined, { message, reason }: SessionError): SessionEnd => ({
  hasWorked: hasWorked(session, reason),
  hasGivenWay: reason._tag === "SessionYielded" || reason._tag === "PeerLinked",
  isBehind: isBehind(reason),
  because: message,
  waitMsMax: waitMsMax(reason)
})
