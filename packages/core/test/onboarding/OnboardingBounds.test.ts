// How much a hub remembers of invitations, and what makes room for what.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Metric } from "effect"
import * as OnboardingState from "../../src/onboarding/OnboardingState.ts"
import * as Occupancy from "../../src/telemetry/Occupancy.ts"
import { peer } from "../charter/fixture.ts"
import * as Site from "./onboardingSite.ts"

const nowMs = 1_000

const inviting = (n: number, more: Partial<OnboardingState.Inviting> = {}): OnboardingState.Inviting => ({
  id: `i${n}`,
  key: "00",
  role: "member",
  teams: [],
  isByHand: true,
  usesMax: 1,
  madeMs: nowMs,
  expiresMs: nowMs + 1_000,
  ...more
})
const asking = (invitation: number, n: number): OnboardingState.Asking => ({
  id: `r${invitation}.${n}`,
  invitation: `i${invitation}`,
  peer: `peer ${n}` as OnboardingState.Request["peer"],
  name: "n",
  platform: "p"
})

const { ask, expire, invite, pending, settleAll } = OnboardingState
type State = OnboardingState.OnboardingState

const rejectAll = (state: State): State =>
  settleAll(state, nowMs, () => ({ status: "rejected", by: null, because: "no" })).state

/** Asks so often by one invitation; what came of each. */
const askAll = (state: State, invitation: number, count: number, from = 0): readonly [State, ReadonlyArray<string>] => {
  let now = state
  const kinds: Array<string> = []
  for (let n = from; n < from + count; n++) {
    const { answer, state: next } = ask(now, nowMs, asking(invitation, n))
    kinds.push(answer.kind)
    now = next
  }
  return [now, kinds]
}

describe("what is remembered", () => {
  it("[OB-14] holds so many invitations: those that are over make room, the oldest first, with their requests", () => {
    let state = OnboardingState.empty
    for (let n = 0; n < OnboardingState.invitationsMax; n++) state = invite(state, inviting(n)).state
    const full = invite(state, inviting(1_000))
    expect([full.answer, full.state]).toEqual([undefined, state])
    // One that is used up and has a request waiting stays.
    ;[state] = askAll(state, 3, 1)
    expect(invite(state, inviting(1_000)).answer).toBeUndefined()
    ;[state] = askAll(rejectAll(state), 7, 1)
    const roomy = invite(state, inviting(1_000)).state
    expect(roomy.invitations.map(({ id }) => id)).not.toContain("i3")
    expect(roomy.invitations).toHaveLength(OnboardingState.invitationsMax)
    expect(roomy.requests.map(({ invitation }) => invitation)).toEqual(["i7"])
    const aged = expire(roomy, nowMs + 1_000).state
    expect(invite(aged, inviting(1_001)).state.invitations[0]?.id).toBe("i1")
  })

  it("[OB-14] tells who was approved lately that it was, however many invitations are made meanwhile", () => {
    const { invitationsMax, keptMsMin } = OnboardingState
    const approveAll = (state: State): State =>
      settleAll(state, nowMs, () => ({ status: "approved", by: peer(1), member: "m", role: "member" })).state
    let state = invite(OnboardingState.empty, inviting(0)).state
    ;[state] = askAll(state, 0, 1)
    state = approveAll(state)
    for (let n = 1; n < invitationsMax; n++) state = invite(state, inviting(n)).state
    const later = { madeMs: nowMs + keptMsMin }
    expect(invite(state, inviting(invitationsMax, { madeMs: later.madeMs - 1 })).answer).toBeUndefined()
    expect(ask(state, nowMs, asking(0, 0)).answer).toMatchObject({ kind: "known", request: { status: "approved" } })
    expect(invite(state, inviting(invitationsMax, later)).answer).toBeDefined()
  })

  it("[OB-14] remembers no more requests than that, also behind invitations that nobody used", () => {
    const { requestsMax, usesMax } = OnboardingState
    let state = OnboardingState.empty
    for (let n = 0; n < 100; n++) {
      state = invite(state, inviting(n)).state
      state = OnboardingState.revoke(state, nowMs, `i${n}`, peer(1)).state
    }
    for (let n = 100; n < 112; n++) {
      state = invite(state, inviting(n, { usesMax })).state
      for (let i = 0; i < usesMax; i++) {
        state = rejectAll(ask(state, nowMs, asking(n, i)).state)
        expect(state.requests.length).toBeLessThanOrEqual(requestsMax)
      }
    }
  })

  it("[OB-14] lets so many requests wait, of one invitation and of all", () => {
    const { pendingMax, pendingOfInvitationMax, usesMax } = OnboardingState
    const shares = pendingMax / pendingOfInvitationMax
    let state = OnboardingState.empty
    for (let n = 0; n <= shares; n++) state = invite(state, inviting(n, { usesMax })).state
    for (let n = 0; n < shares; n++) {
      const [next, kinds] = askAll(state, n, pendingOfInvitationMax + 1)
      expect(new Set(kinds.slice(0, -1))).toEqual(new Set(["new"]))
      expect(kinds.at(-1)).toBe("crowded")
      state = next
    }
    expect(pending(state)).toHaveLength(pendingMax)
    expect(askAll(state, shares, 1)[1]).toEqual(["crowded"])
    // Nothing was counted for who was turned away, and who waits is told so.
    expect(state.invitations[0]?.uses).toBe(pendingOfInvitationMax)
    expect(askAll(state, 0, 1)[1]).toEqual(["known"])
    expect(askAll(rejectAll(state), shares, 1)[1]).toEqual(["new"])
  })

  it("[OB-14] holds so many requests: those of invitations that are over make room", () => {
    const { requestsMax, usesMax } = OnboardingState
    let state = OnboardingState.empty
    for (let n = 0; n < 12; n++) state = invite(state, inviting(n, { usesMax })).state
    for (let n = 0; state.requests.length < requestsMax; n++) {
      const [next] = askAll(state, n % 11, 1, n)
      state = rejectAll(next)
    }
    // All eleven are good still, so nothing of them may be forgotten: they would open again.
    expect(askAll(state, 11, 1)[1]).toEqual(["crowded"])
    const [first] = state.requests
    const revoked = OnboardingState.revoke(state, nowMs, first!.invitation, peer(1)).state
    const [next, kinds] = askAll(revoked, 11, 1)
    expect(kinds).toEqual(["new"])
    expect(next.requests.length).toBeLessThan(requestsMax)
    expect(next.invitations.map(({ id }) => id)).not.toContain(first!.invitation)
    expect(ask(next, nowMs, { ...asking(0, 0), invitation: first!.invitation, peer: first!.peer }).answer.kind).toBe(
      "refused"
    )
  })

  it("[OB-5] changes nothing where nothing happens", () => {
    const [state] = askAll(invite(OnboardingState.empty, inviting(0)).state, 0, 1)
    expect(expire(state, nowMs).state).toBe(state)
    expect(ask(state, nowMs, asking(0, 0)).state).toBe(state)
    expect(ask(state, nowMs, asking(0, 1)).state).toBe(state)
    expect(ask(state, nowMs, asking(9, 1)).state).toBe(state)
    const revoked = OnboardingState.revoke(state, nowMs, "i0", peer(1)).state
    expect(OnboardingState.revoke(revoked, nowMs, "i0", peer(1)).state).toBe(revoked)
    expect(OnboardingState.revoke(state, nowMs, "i9", peer(1))).toEqual({ answer: undefined, state })
  })
})

describe("an invitation", () => {
  it.effect("[OB-14] has bounds, and what is beyond them is told", () =>
    Effect.gen(function* () {
      const hub = yield* Site.openHub()
      const { usesMax, validMsMax, validMsMin } = OnboardingState
      const unfit = [
        { uses: 0 },
        { uses: usesMax + 1 },
        { uses: 1.5 },
        { validMs: validMsMin - 1 },
        { validMs: validMsMax + 1 },
        { validMs: Number.NaN },
        { teams: Array.from({ length: 17 }, (_, i) => `t${i}`) }
      ]
      for (const options of unfit) {
        expect([options, yield* Site.reasonOf(Site.invite(hub, options))]).toEqual([options, "InvitationUnfit"])
      }
      expect(yield* Site.reasonOf(hub.desk.invite({ key: new Uint8Array(31) }))).toBe("InvitationUnfit")
      for (const options of [{ uses: usesMax }, { validMs: validMsMin }, { validMs: validMsMax }]) {
        expect(yield* Site.reasonOf(Site.invite(hub, options))).toBe("done")
      }
      const { invitation } = yield* Site.invite(hub)
      expect(invitation).toMatchObject({ role: "member", usesMax: 1, isByHand: true })
      expect(invitation.expiresMs - invitation.madeMs).toBe(7 * Site.dayMs)
      for (let n = 4; n < OnboardingState.invitationsMax; n++) yield* Site.invite(hub)
      expect(yield* Site.reasonOf(Site.invite(hub))).toBe("InvitationsExhausted")
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-17] shows in the metrics how many there are, who waits and what came of calls", () =>
    Effect.gen(function* () {
      const before = yield* callsBy
      const hub = yield* Site.openHub()
      const { link } = yield* Site.invite(hub, { uses: 2 })
      yield* Site.invite(hub)
      const first = yield* Site.ask(hub, link, { device: 9 })
      yield* hub.desk.reject(first.request)
      for (let i = 0; i < 2; i++) yield* Site.ask(hub, link, { device: 10 })
      yield* Site.reasonOf(Site.ask(hub, link, { device: 11 }))
      yield* Site.reasonOf(Site.ask(hub, { ...link, id: "ffffffffffffffff" }, { device: 11 }))
      yield* Occupancy.sample
      const length = yield* shownOf("syncline_queue_length", "queue")
      const names = ["invitations", "join_requests", "join_requests_pending", "join_addresses"]
      expect(names.map((name) => length.get(name))).toEqual([2, 2, 1, 3])
      const after = yield* callsBy
      const since = (outcome: string) => (after.get(outcome) ?? 0) - (before.get(outcome) ?? 0)
      expect(["new", "known", "refused", "limited"].map(since)).toEqual([2, 1, 2, 0])
    }).pipe(Effect.scoped)
  )
})

/** The values of a metric by one of its labels. */
const shownOf = (id: string, label: string) =>
  Effect.map(
    Metric.snapshot,
    (all) =>
      new Map(
        all
          .filter((each) => each.id === id)
          .map(({ attributes, state }) => {
            const { count, value } = state as { readonly value?: number; readonly count?: number }
            return [attributes?.[label], Number(value ?? count)]
          })
      )
  )
const callsBy = shownOf("syncline_join_requests_total", "outcome")
