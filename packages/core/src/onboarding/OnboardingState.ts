/**
 * What a hub remembers of its invitations and of the requests by them, and every step of it as a pure function. Uses only ever
 * grow, and what was decided stays decided: neither a crash nor a clock that goes back undoes it. Where this is kept is
 * `OnboardingStore`'s business, and who may decide `OnboardingDesk`'s.
 */
import { Schema } from "effect"
import { idCharsMax } from "../charter/CharterOperation.ts"
import * as PeerId from "../identity/PeerId.ts"
import * as JoinRequest from "./JoinRequest.ts"

/** Invitations that are remembered. Those that are over make room, the oldest first; others never do. */
export const invitationsMax = 128
/** Requests by one invitation. */
export const usesMax = 100
/** Teams that one invitation names. */
export const invitedTeamsMax = 16
/** How long an invitation may be good, in milliseconds. */
export const validMsMin = 60_000
export const validMsMax = 90 * 24 * 3_600_000
/** The same where nothing is said. */
export const validMsDefault = 7 * 24 * 3_600_000
/** How long a request waits for a person, in milliseconds; then it is rejected. */
export const waitMsMax = 7 * 24 * 3_600_000
/** Requests of one invitation that wait at the same time. */
export const pendingOfInvitationMax = 32
/** Requests that wait at the same time, of all invitations. */
export const pendingMax = 256
/** Requests that are remembered, with their invitations. */
export const requestsMax = 1_024
/** Longest reason of a rejection, in characters. */
export const reasonCharsMax = 256

const Id = Schema.String.check(Schema.isMaxLength(idCharsMax))
const Teams = Schema.Array(Id).check(Schema.isMaxLength(invitedTeamsMax))

const Invitation = Schema.Struct({
  id: Schema.String,
  /** The public half of the link's key, in hexadecimal digits: it verifies a proof and makes none. */
  key: Schema.String,
  role: Id,
  teams: Teams,
  /** A person must approve each request. */
  isByHand: Schema.Boolean,
  usesMax: Schema.Int,
  /** Requests that were made by it; none is given back. */
  uses: Schema.Int,
  madeMs: Schema.Int,
  expiresMs: Schema.Int,
  /** Why it is good no more, as soon as that was seen. */
  over: Schema.NullOr(Schema.Literals(["expired", "revoked"]))
})
export type Invitation = typeof Invitation.Type

const Request = Schema.Struct({
  id: Schema.String,
  invitation: Schema.String,
  peer: PeerId.PeerId,
  name: Schema.String.check(Schema.isMaxLength(JoinRequest.nameCharsMax)),
  platform: Schema.String.check(Schema.isMaxLength(JoinRequest.nameCharsMax)),
  /** What the invitation offers; once it is approved, what was given. */
  role: Id,
  teams: Teams,
  askedMs: Schema.Int,
  /** When it is rejected unless somebody has answered. */
  untilMs: Schema.Int,
  status: Schema.Literals(["pending", "approved", "rejected"]),
  settledMs: Schema.NullOr(Schema.Int),
  /** The device on which it was decided; `null` where nobody did. */
  by: Schema.NullOr(PeerId.PeerId),
  /** Why it was rejected. */
  because: Schema.NullOr(Schema.String.check(Schema.isMaxLength(reasonCharsMax))),
  /** The member that the device belongs to once it is approved. */
  member: Schema.NullOr(Id)
})
export type Request = typeof Request.Type

export const OnboardingState = Schema.Struct({
  version: Schema.Literal(1),
  /** The oldest first. */
  invitations: Schema.Array(Invitation),
  requests: Schema.Array(Request)
})
export type OnboardingState = typeof OnboardingState.Type

/** What a step answers, and what is to be remembered: the same object where nothing changed. */
export interface Step<A> {
  readonly answer: A
  readonly state: OnboardingState
}

export const empty: OnboardingState = { version: 1, invitations: [], requests: [] }

/** Whether an invitation is good, or why not. */
export const standingOf = ({
  over,
  uses,
  usesMax: most
}: Pick<Invitation, "over" | "uses" | "usesMax">): "good" | "used up" | "expired" | "revoked" =>
  over ?? (uses < most ? "good" : "used up")

const isPending = ({ status }: Request): boolean => status === "pending"

/** Requests that wait. */
export const pending = ({ requests }: OnboardingState): ReadonlyArray<Request> => requests.filter(isPending)

export type Inviting = Omit<Invitation, "uses" | "over">

/** Remembers an invitation; `undefined` when there is no room for it. */
export const invite = (state: OnboardingState, inviting: Inviting): Step<Invitation | undefined> => {
  const roomy = state.invitations.length < invitationsMax ? state : withoutOldest(state, inviting.madeMs)
  if (roomy === undefined) return { answer: undefined, state }
  const invitation: Invitation = { ...inviting, uses: 0, over: null }
  return { answer: invitation, state: { ...roomy, invitations: [...roomy.invitations, invitation] } }
}

/** For how long whoever was let in finds that it was, also where room is wanted. */
export const keptMsMin = 7 * 24 * 60 * 60_000

/**
 * Without the oldest invitation that is over and its requests; `undefined` when all are good, or have requests that wait or were
 * approved lately: their devices may not have asked what came of it. With `isForRequests` one that has requests.
 */
const withoutOldest = (state: OnboardingState, nowMs: number, isForRequests = false): OnboardingState | undefined => {
  const isKept = ({ settledMs, status }: Request): boolean =>
    settledMs === null || (status === "approved" && nowMs - settledMs < keptMsMin)
  const kept = new Set(state.requests.filter(isKept).map(({ invitation }) => invitation))
  const asked = new Set(state.requests.map(({ invitation }) => invitation))
  const oldest = state.invitations.find(
    (each) => standingOf(each) !== "good" && !kept.has(each.id) && (!isForRequests || asked.has(each.id))
  )
  if (oldest === undefined) return undefined
  return {
    ...state,
    invitations: state.invitations.filter((each) => each !== oldest),
    requests: state.requests.filter(({ invitation }) => invitation !== oldest.id)
  }
}

/** Ends an invitation and rejects what waits of it, and gives those; `undefined` when there is none of that id. */
export const revoke = (
  state: OnboardingState,
  nowMs: number,
  id: string,
  by: PeerId.PeerId
): Step<{ readonly invitation: Invitation; readonly rejected: ReadonlyArray<Request> } | undefined> => {
  const known = state.invitations.find((each) => each.id === id)
  if (known === undefined) return { answer: undefined, state }
  const invitation: Invitation = { ...known, over: known.over ?? "revoked" }
  const because = "its invitation was revoked"
  const settled = settleAll(state, nowMs, (request) =>
    request.invitation === id ? { status: "rejected", by, because } : undefined
  )
  const isSame = known.over !== null && settled.answer.length === 0
  const revoked = isSame ? state : withInvitation(settled.state, invitation)
  return { answer: { invitation, rejected: settled.answer }, state: revoked }
}

const withInvitation = (state: OnboardingState, invitation: Invitation): OnboardingState => ({
  ...state,
  invitations: state.invitations.map((each) => (each.id === invitation.id ? invitation : each))
})

export type Asking = Pick<Request, "id" | "invitation" | "peer" | "name" | "platform">

/** What comes of a request of somebody who has proven to know the invitation. */
export type Asked =
  | { readonly kind: "new" | "known"; readonly request: Request; readonly invitation: Invitation }
  /** The invitation is not good any more. */
  | { readonly kind: "refused" }
  /** Too many wait. */
  | { readonly kind: "crowded" }

/** Counts a use and remembers who asks, or finds what the device has asked before by the same invitation. */
export const ask = (state: OnboardingState, nowMs: number, asking: Asking): Step<Asked> => {
  const none = (kind: "refused" | "crowded"): Step<Asked> => ({ answer: { kind }, state })
  const invitation = state.invitations.find(({ id }) => id === asking.invitation)
  if (invitation === undefined) return none("refused")
  const known = state.requests.find((each) => each.invitation === invitation.id && each.peer === asking.peer)
  if (known !== undefined) return { answer: { kind: "known", request: known, invitation }, state }
  if (standingOf(invitation) !== "good") return none("refused")
  const waiting = pending(state)
  const ofIt = waiting.filter((each) => each.invitation === invitation.id)
  const roomy = state.requests.length < requestsMax ? state : withoutOldest(state, nowMs, true)
  if (waiting.length >= pendingMax || ofIt.length >= pendingOfInvitationMax || roomy === undefined)
    return none("crowded")
  const { role, teams } = invitation
  const request: Request = {
    ...asking,
    role,
    teams,
    askedMs: nowMs,
    untilMs: nowMs + waitMsMax,
    status: "pending",
    settledMs: null,
    by: null,
    because: null,
    member: null
  }
  const used = { ...invitation, uses: invitation.uses + 1 }
  const next = withInvitation({ ...roomy, requests: [...roomy.requests, request] }, used)
  return { answer: { kind: "new", request, invitation: used }, state: next }
}

/** How a request ends. */
export type Ending =
  | { readonly status: "approved"; readonly by: PeerId.PeerId; readonly member: string; readonly role: string }
  | { readonly status: "rejected"; readonly by: PeerId.PeerId | null; readonly because: string }

/** Ends the requests that wait and for which there is an ending; gives them as they are now. */
export const settleAll = (
  state: OnboardingState,
  nowMs: number,
  endingOf: (request: Request) => Ending | undefined
): Step<ReadonlyArray<Request>> => {
  const settled: Array<Request> = []
  const requests = state.requests.map((request) => {
    const ending = isPending(request) ? endingOf(request) : undefined
    if (ending === undefined) return request
    const ended: Request = { ...request, ...ending, settledMs: nowMs }
    settled.push(ended)
    return ended
  })
  return settled.length === 0 ? { answer: [], state } : { answer: settled, state: { ...state, requests } }
}

/** Ends what has waited too long, and what is good no more; gives the requests that ended so. */
export const expire = (state: OnboardingState, nowMs: number): Step<ReadonlyArray<Request>> => {
  const isOver = ({ expiresMs, over }: Invitation): boolean => over === null && nowMs >= expiresMs
  const aged: OnboardingState = state.invitations.some(isOver)
    ? { ...state, invitations: state.invitations.map((each) => (isOver(each) ? { ...each, over: "expired" } : each)) }
    : state
  return settleAll(aged, nowMs, ({ untilMs }) =>
    nowMs >= untilMs ? { status: "rejected", by: null, because: "nobody answered it in time" } : undefined
  )
}
