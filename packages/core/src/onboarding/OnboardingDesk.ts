/**
 * Where a hub's people invite to its team and answer who asks: makes invitations, takes requests by their links, and lets a
 * newcomer in by a record of the charter that this device signs. What may stand in such a record the charter says; where
 * requests come from, and how links are shown, is for others.
 */
import { Clock, Context, Effect, Layer, type Scope, Semaphore } from "effect"
import { Charter, type CharterShape } from "../charter/Charter.ts"
import type { Wording } from "../charter/CharterContract.ts"
import type { CharterError } from "../charter/CharterError.ts"
import * as CharterActing from "../charter/CharterActing.ts"
import { type CharterOperation, managingLevel } from "../charter/CharterOperation.ts"
import { behalfCharsMax } from "../charter/CharterRecord.ts"
import * as CharterRights from "../charter/CharterRights.ts"
import * as NewMember from "../charter/NewMember.ts"
import { Crypto, type CryptoFunctions } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import { Gate } from "../gate/Gate.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as PeerId from "../identity/PeerId.ts"
import * as Occupancy from "../telemetry/Occupancy.ts"
import { CallRate } from "../transport/CallRate.ts"
import * as InvitationLink from "./InvitationLink.ts"
import * as JoinAnswer from "./JoinAnswer.ts"
import * as JoinRequest from "./JoinRequest.ts"
import {
  because,
  BehalfDenied,
  InvitationsExhausted,
  InvitationUnfit,
  InvitationUnknown,
  JoinBusy,
  JoinRefused,
  type OnboardingError,
  RequestSettled,
  RequestUnknown,
  RoleNeedsPerson,
  RoleUnnamed
} from "./OnboardingError.ts"
import * as OnboardingNews from "./OnboardingNews.ts"
import * as OnboardingState from "./OnboardingState.ts"
import { OnboardingStore, type OnboardingStoreShape } from "./OnboardingStore.ts"

/**
 * Calls by links of one address within a minute: ten of each of thirty devices, for a classroom joins behind one address, and who
 * waits for an answer asks five times in the first minute. Behind a proxy that hides addresses all count together. It keeps a
 * caller from wearing the hub out; a secret of 128 bits is not guessed, however often somebody may call.
 */
export const callsPerMinuteMax = 300
/** Calls of one address within a minute that are refused, for whatever is wrong with the link. */
export const failuresPerMinuteMax = 60
/** Addresses whose calls are counted; while that many called within a minute, others are turned away. */
export const addressesMax = 4_096
/** How often it is looked for what has waited too long, in milliseconds; whoever asks looks, too. */
export const lookEveryMs = 60_000
/** The role that an invitation offers unless it says another. */
export const roleDefault = "member"

/** Whoever may bring in somebody with this role may bring in somebody at all. */
const leastRole = "readonly"

/** How often a request is judged anew where the charter has moved on between the judgement and the record. */
const triesMax = 5

/** Bytes of a request's id, which people type. */
const requestIdBytes = 4

/** A person in whose name this device acts. */
export interface Behalf {
  /** Written into the record of the charter and told to the audit; at most 128 characters. */
  readonly name: string
  /** The member whose rights it takes beside those of this device; where none is named it takes no others. */
  readonly member?: string | undefined
}

export interface InviteOptions {
  /** Public half of the key that `InvitationLink.seedOf` makes of the secret, 32 bytes. The secret stays with who drew it. */
  readonly key: Uint8Array
  /** Default `member`. */
  readonly role?: string | undefined
  /** At most 16, which must be there. */
  readonly teams?: ReadonlyArray<string> | undefined
  /** How long it is good, in milliseconds: a minute to 90 days; default 7 days. */
  readonly validMs?: number | undefined
  /** Requests by it, 1 to 100; default 1. A request that is rejected gives none back. */
  readonly uses?: number | undefined
  /** Whether a person must approve each request; default true. Without, the role may not be one that manages the space. */
  readonly isByHand?: boolean | undefined
  readonly behalf?: Behalf | undefined
}

/** What is done on behalf of a person fails with `BehalfDenied` where its member may not do it, or its name is too long. */
export interface OnboardingDeskShape {
  /** Makes an invitation. Fails with `InvitationUnfit`, `RoleNeedsPerson` or `InvitationsExhausted`. */
  readonly invite: (options: InviteOptions) => Effect.Effect<OnboardingState.Invitation, OnboardingError>
  /** Ends an invitation, and rejects what waits of it. To do so again changes nothing. Fails with `InvitationUnknown`. */
  readonly revoke: (id: string, behalf?: Behalf) => Effect.Effect<OnboardingState.Invitation, OnboardingError>
  /** Those that are remembered, the oldest first; at most 128. */
  readonly invitations: Effect.Effect<ReadonlyArray<OnboardingState.Invitation>, OnboardingError>
  /** Requests that are remembered, the oldest first; at most 1,024. */
  readonly requests: Effect.Effect<ReadonlyArray<OnboardingState.Request>, OnboardingError>
  /**
   * Lets a newcomer in as a new member, with the role that it asks for or another one. A role that manages the space must be
   * named. Fails with `RequestUnknown`, `RequestSettled` or `RoleUnnamed`, and as the charter does, which may not allow it; then
   * the request waits on.
   */
  readonly approve: (
    id: string,
    role?: string,
    behalf?: Behalf
  ) => Effect.Effect<OnboardingState.Request, OnboardingError | CharterError>
  /** Rejects a request for good; `reason` has at most 256 characters. Fails with `RequestUnknown` or `RequestSettled`. */
  readonly reject: (
    id: string,
    reason?: string,
    behalf?: Behalf
  ) => Effect.Effect<OnboardingState.Request, OnboardingError>
  /**
   * Takes a request from an address, or says again what came of it; durable before it answers. Fails with `JoinRefused`
   * whatever is wrong with the invitation or the proof, and with `JoinBusy`.
   */
  readonly ask: (request: JoinRequest.JoinRequest, address: string) => Effect.Effect<JoinAnswer.Signed, OnboardingError>
}

export class OnboardingDesk extends Context.Service<OnboardingDesk, OnboardingDeskShape>()(
  "@syncline/core/onboarding/OnboardingDesk"
) {
  static readonly layer: Layer.Layer<OnboardingDesk, never, Charter | Crypto | DeviceKey | Gate | OnboardingStore> =
    Layer.effect(
      OnboardingDesk,
      Effect.suspend(() => make())
    )
}

interface Desk {
  readonly charter: CharterShape
  readonly crypto: CryptoFunctions
  readonly signer: DeviceKey["Service"]
  readonly store: OnboardingStoreShape
  readonly news: OnboardingNews.OnboardingNews
  readonly rate: CallRate
  /** What is decided, and what it writes into the charter, is one step for everybody else. */
  readonly oneByOne: Semaphore.Semaphore
  /** What the store was last known to hold, for metrics. */
  seen: OnboardingState.OnboardingState
}

const make: () => Effect.Effect<
  OnboardingDeskShape,
  never,
  Charter | Crypto | DeviceKey | Gate | OnboardingStore | Scope.Scope
> = Effect.fnUntraced(function* () {
  const charter = yield* Charter
  const signer = yield* DeviceKey
  const desk: Desk = {
    charter,
    crypto: yield* Crypto,
    signer,
    store: yield* OnboardingStore,
    news: OnboardingNews.make((yield* Gate).audit, charter, signer.peer),
    rate: new CallRate({ callsPerMinuteMax, failuresPerMinuteMax, addressesMax }),
    oneByOne: yield* Semaphore.make(1),
    seen: OnboardingState.empty
  }
  yield* watchSizes(desk)
  const look = Effect.catch(exclusively(desk, sweep(desk)), (error) =>
    Effect.logError("invitations cannot be looked after", { problem: error.message })
  )
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(look, Effect.sleep(lookEveryMs))))
  const shape: OnboardingDeskShape = {
    invite: (options) => exclusively(desk, invite(desk, options)),
    revoke: (id, behalf) => exclusively(desk, revoke(desk, id, behalf)),
    invitations: Effect.map(swept(desk), ({ invitations }) => invitations),
    requests: Effect.map(swept(desk), ({ requests }) => requests),
    approve: (id, role, behalf) => exclusively(desk, approve(desk, id, role, behalf)),
    reject: (id, reason, behalf) => exclusively(desk, reject(desk, id, reason, behalf)),
    ask: (request, address) => ask(desk, request, address)
  }
  return shape
})

const watchSizes = (desk: Desk): Effect.Effect<void, never, Scope.Scope> => {
  const { invitationsMax, pending, pendingMax, requestsMax } = OnboardingState
  return Occupancy.watch([
    { kind: "queue", name: "invitations", limit: invitationsMax, length: () => desk.seen.invitations.length },
    { kind: "queue", name: "join_requests", limit: requestsMax, length: () => desk.seen.requests.length },
    { kind: "queue", name: "join_requests_pending", limit: pendingMax, length: () => pending(desk.seen).length },
    { kind: "queue", name: "join_addresses", limit: addressesMax, length: () => desk.rate.addresses }
  ])
}

/** One at a time; what was begun is carried out, whoever goes away meanwhile. */
const exclusively = <A, E>({ oneByOne }: Desk, effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.uninterruptible(oneByOne.withPermits(1)(effect))

/** Most calls change nothing, and then nothing is written: a newcomer that asks again costs no turn at a disk. */
const change = <A>(desk: Desk, step: (state: OnboardingState.OnboardingState) => OnboardingState.Step<A>) =>
  Effect.flatMap(desk.store.state, (state) => {
    const { answer, state: after } = step(state)
    const written = after === state ? Effect.succeed(answer) : desk.store.change(step)
    return Effect.tap(written, () => Effect.sync(() => void (desk.seen = after)))
  })

/**
 * Ends what time or the charter has ended, and gives the time. What the charter says goes first: a newcomer that was let in is
 * in, also where the process died before it could note that.
 */
const sweep = Effect.fnUntraced(function* (desk: Desk) {
  const nowMs = yield* Clock.currentTimeMillis
  const settled = yield* change(desk, (state) => {
    const known = OnboardingState.settleAll(state, nowMs, ({ peer }) => charteredEnding(desk, peer))
    const late = OnboardingState.expire(known.state, nowMs)
    return { answer: [...known.answer, ...late.answer], state: late.state }
  })
  for (const request of settled) yield* desk.news.settled(request)
  return nowMs
})

/** What the charter says of a device already. */
const charteredEnding = ({ charter, signer }: Desk, peer: PeerId.PeerId): OnboardingState.Ending | undefined => {
  const { devices, members, removedDevices } = charter.state()
  const member = members.get(devices.get(peer)?.member ?? "")
  if (member !== undefined) return { status: "approved", by: signer.peer, member: member.id, role: member.role }
  if (!removedDevices.has(peer)) return undefined
  return { status: "rejected", by: null, because: "this device was removed; it comes back with a new key" }
}

const swept = (desk: Desk): Effect.Effect<OnboardingState.OnboardingState, OnboardingError> =>
  Effect.andThen(exclusively(desk, sweep(desk)), desk.store.state)

const invite = Effect.fnUntraced(function* (desk: Desk, options: InviteOptions) {
  const { charter, crypto, signer } = desk
  const { behalf, isByHand = true, key, role = roleDefault, teams = [] } = options
  const { uses = 1, validMs = OnboardingState.validMsDefault } = options
  const id = Bytes.toHex(crypto.randomBytes(InvitationLink.idBytes))
  const problem = boundProblem(key, teams, uses, validMs) ?? rightProblem(charter, signer.peer, role, teams)
  if (problem !== undefined) return yield* because(new InvitationUnfit({ problem }))
  yield* allowed(desk, behalf, [newcomerOf(charter, role, teams)])
  if (!isByHand && isManaging(charter, role)) return yield* because(new RoleNeedsPerson({ role }))
  const nowMs = yield* sweep(desk)
  const inviting: OnboardingState.Inviting = {
    id,
    key: Bytes.toHex(key),
    role,
    teams: [...new Set(teams)],
    isByHand,
    usesMax: uses,
    madeMs: nowMs,
    expiresMs: nowMs + validMs
  }
  const invitation = yield* change(desk, (state) => OnboardingState.invite(state, inviting))
  if (invitation === undefined) {
    return yield* because(new InvitationsExhausted({ limit: OnboardingState.invitationsMax }))
  }
  yield* desk.news.invited(invitation, behalf?.name)
  return invitation
})

const isWhole = (value: number, min: number, max: number): boolean =>
  Number.isSafeInteger(value) && value >= min && value <= max

const boundProblem = (
  key: Uint8Array,
  teams: ReadonlyArray<string>,
  uses: number,
  validMs: number
): string | undefined => {
  const { invitedTeamsMax, usesMax, validMsMax, validMsMin } = OnboardingState
  if (key.length !== PeerId.publicKeyBytes) return `its key has ${key.length} bytes, not ${PeerId.publicKeyBytes}`
  if (teams.length > invitedTeamsMax) return `it names ${teams.length} teams, more than ${invitedTeamsMax}`
  if (!isWhole(uses, 1, usesMax)) return `it has ${uses} uses, not 1 to ${usesMax}`
  if (isWhole(validMs, validMsMin, validMsMax)) return undefined
  return `it is good for ${validMs} ms, not for a minute to 90 days`
}

/** Why this device could not bring somebody in with that role and those teams now. */
const rightProblem = (
  charter: CharterShape,
  self: PeerId.PeerId,
  role: string,
  teams: ReadonlyArray<string>
): string | undefined => CharterRights.whyNot(charter.state(), self, newcomerOf(charter, role, teams))

/** What whoever invites must be able to do. */
const newcomerOf = (charter: CharterShape, role: string, teams: ReadonlyArray<string>): CharterOperation => {
  const { members, removedMembers } = charter.state()
  const member = NewMember.idOf("newcomer", "x", (id) => members.has(id) || removedMembers.has(id))
  return { _tag: "AddMember", member, name: "newcomer", role, teams }
}

/** Goes on where the person may have this done in its name. */
const allowed = (
  { charter }: Desk,
  behalf: Behalf | undefined,
  operations: ReadonlyArray<CharterOperation>
): Effect.Effect<void, OnboardingError> => {
  const problem = behalf === undefined ? undefined : behalfProblem(charter, behalf, operations)
  return problem === undefined ? Effect.void : because(new BehalfDenied({ problem }))
}

const behalfProblem = (
  charter: CharterShape,
  { member, name }: Behalf,
  operations: ReadonlyArray<CharterOperation>
): string | undefined => {
  if (name.length > behalfCharsMax) return `its name has ${name.length} characters, more than ${behalfCharsMax}`
  return member === undefined ? undefined : CharterActing.whyNot(charter.state(), member, operations)
}

/** Ending what others have begun takes whoever could let somebody in at all, with the least role that is built in. */
const endingAllowed = (desk: Desk, behalf: Behalf | undefined) =>
  allowed(desk, behalf, [newcomerOf(desk.charter, leastRole, [])])

const isManaging = (charter: CharterShape, role: string): boolean =>
  (charter.state().roles.get(role)?.level ?? 0) >= managingLevel

const revoke = Effect.fnUntraced(function* (desk: Desk, id: string, behalf: Behalf | undefined) {
  yield* endingAllowed(desk, behalf)
  const nowMs = yield* sweep(desk)
  const before = (yield* desk.store.state).invitations.find((each) => each.id === id)
  const revoked = yield* change(desk, (state) => OnboardingState.revoke(state, nowMs, id, desk.signer.peer))
  if (revoked === undefined) return yield* because(new InvitationUnknown({ id }))
  const { invitation, rejected } = revoked
  if (before?.over !== invitation.over || rejected.length > 0) yield* desk.news.revoked(invitation, behalf?.name)
  for (const request of rejected) yield* desk.news.settled(request, behalf?.name)
  return invitation
})

/** The request if it waits. */
const pendingOf = Effect.fnUntraced(function* (
  { store }: Desk,
  id: string
): Effect.fn.Return<OnboardingState.Request, OnboardingError> {
  const request = (yield* store.state).requests.find((each) => each.id === id)
  if (request === undefined) return yield* because(new RequestUnknown({ id }))
  if (request.status === "pending") return request
  return yield* because(new RequestSettled({ id, status: request.status }))
})

const approve = (desk: Desk, id: string, role: string | undefined, behalf: Behalf | undefined) =>
  judgedAnew(
    Effect.gen(function* () {
      yield* sweep(desk)
      const request = yield* pendingOf(desk, id)
      const judged = judging(desk)
      if (role === undefined && isManaging(desk.charter, request.role)) {
        return yield* because(new RoleUnnamed({ id, role: request.role }))
      }
      return yield* admit(desk, request, role ?? request.role, judged, behalf)
    })
  )

type Judged = Required<Pick<Wording, "expectedDigest" | "expectedVersion">>

/** What the charter must still say when the record is written; taken before anything is judged by it. */
const judging = ({ charter }: Desk): Judged => ({
  expectedVersion: charter.state().version,
  expectedDigest: Bytes.toHex(charter.digest())
})

/** A record of somebody else may wait for the disk while this one is judged, and change what a role may do. */
const judgedAnew = <A>(once: Effect.Effect<A, OnboardingError | CharterError>) =>
  Effect.retry(once, { times: triesMax - 1, while: ({ reason }) => reason._tag === "CharterMoved" })

/** The record of the charter first: what it says counts, also where it cannot be noted here any more. */
const admit = Effect.fnUntraced(function* (
  desk: Desk,
  request: OnboardingState.Request,
  role: string,
  judged: Judged,
  behalf?: Behalf
): Effect.fn.Return<OnboardingState.Request, OnboardingError | CharterError> {
  const { charter, signer } = desk
  const { members, removedMembers } = charter.state()
  const { id, invitation, name, peer, teams } = request
  const member = NewMember.idOf(name, id, (each) => members.has(each) || removedMembers.has(each))
  const device = PeerId.toPublicKey(peer)!
  const operations = NewMember.operationsOf({ member, name, role, teams, device })
  yield* allowed(desk, behalf, operations)
  const inName = behalf === undefined ? {} : { behalf: behalf.name }
  yield* charter.write(operations, { ...judged, ...inName, note: `request ${id} by invitation ${invitation}` })
  return yield* settle(desk, request, { status: "approved", by: signer.peer, member, role }, behalf)
})

const reject = Effect.fnUntraced(function* (
  desk: Desk,
  id: string,
  reason: string | undefined,
  behalf: Behalf | undefined
) {
  yield* endingAllowed(desk, behalf)
  yield* sweep(desk)
  const request = yield* pendingOf(desk, id)
  const text = (reason ?? "").slice(0, OnboardingState.reasonCharsMax) || "a person at the hub said no"
  return yield* settle(desk, request, { status: "rejected", by: desk.signer.peer, because: text }, behalf)
})

const settle = Effect.fnUntraced(function* (
  desk: Desk,
  { id }: OnboardingState.Request,
  ending: OnboardingState.Ending,
  behalf?: Behalf
): Effect.fn.Return<OnboardingState.Request, OnboardingError> {
  const nowMs = yield* Clock.currentTimeMillis
  const [settled] = yield* change(desk, (state) =>
    OnboardingState.settleAll(state, nowMs, (each) => (each.id === id ? ending : undefined))
  )
  yield* desk.news.settled(settled!, behalf?.name)
  return settled!
})

const ask = Effect.fnUntraced(function* (desk: Desk, request: JoinRequest.JoinRequest, address: string) {
  const { crypto, news, rate, signer, store } = desk
  const call = rate.call(address, yield* Clock.currentTimeMillis)
  if (call === undefined) {
    yield* news.asked("limited")
    return yield* because(new JoinBusy({ because: "calls" }))
  }
  const known = (yield* store.state).invitations.find(({ id }) => id === request.invitation)
  // Where there is none, this device's own key stands for it, so that both take the same time.
  const key = known === undefined ? signer.publicKey : Bytes.fromHex(known.key)!
  const isProven = JoinRequest.isProven(crypto, signer.peer, key, request)
  if (!isProven || known === undefined) {
    yield* news.asked("refused")
    return yield* because(new JoinRefused({}))
  }
  const kept = yield* exclusively(desk, take(desk, request))
  call.served()
  return JoinAnswer.sign(crypto, signer, request, answerOf(desk, kept))
})

/** Remembers a request that is proven, and lets its device in where nobody has to be asked. */
const take = Effect.fnUntraced(function* (
  desk: Desk,
  { device, invitation, name, platform }: JoinRequest.JoinRequest
): Effect.fn.Return<OnboardingState.Request, OnboardingError> {
  const nowMs = yield* sweep(desk)
  const id = freshId(desk, yield* desk.store.state)
  const asked = yield* change(desk, (state) =>
    OnboardingState.ask(state, nowMs, { id, invitation, peer: device, name, platform })
  )
  yield* desk.news.asked(asked.kind)
  if (asked.kind === "refused") return yield* because(new JoinRefused({}))
  if (asked.kind === "crowded") return yield* because(new JoinBusy({ because: "requests" }))
  if (asked.kind === "new") {
    yield* desk.news.requested(asked.request)
    // What the charter says of the device already holds at once.
    yield* sweep(desk)
  }
  const requestNow = Effect.map(
    desk.store.state,
    ({ requests }) => requests.find((each) => each.id === asked.request.id) ?? asked.request
  )
  if (asked.invitation.isByHand) return yield* requestNow
  const admitted = Effect.gen(function* () {
    const judged = judging(desk)
    const now = yield* requestNow
    if (now.status !== "pending" || isManaging(desk.charter, now.role)) return now
    return yield* Effect.tapError(admit(desk, now, now.role, judged), () => sweep(desk))
  })
  // What the charter does not allow now waits for a person.
  return yield* Effect.catchTag(judgedAnew(admitted), "CharterError", ({ message }) =>
    Effect.andThen(
      Effect.logWarning("a newcomer was not let in by itself", { request: asked.request.id, problem: message }),
      requestNow
    )
  )
})

const freshId = ({ crypto }: Desk, { requests }: OnboardingState.OnboardingState): string => {
  for (;;) {
    const id = Bytes.toHex(crypto.randomBytes(requestIdBytes))
    if (!requests.some((each) => each.id === id)) return id
  }
}

const answerOf = (
  { charter }: Desk,
  { because: why, id, member, role, status }: OnboardingState.Request
): JoinAnswer.JoinAnswer => {
  const { name, space } = charter.state()
  return {
    version: 1,
    request: id,
    status,
    because: why,
    space,
    spaceName: name,
    member,
    role: status === "approved" ? role : null
  }
}
