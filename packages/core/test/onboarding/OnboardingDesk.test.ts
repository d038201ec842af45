// Inviting, asking and answering at a hub's desk, and everything that must not come of it.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as TestClock from "effect/testing/TestClock"
import * as Bytes from "../../src/identity/Bytes.ts"
import * as JoinAnswer from "../../src/onboarding/JoinAnswer.ts"
import {
  addressesMax,
  callsPerMinuteMax,
  failuresPerMinuteMax,
  lookEveryMs
} from "../../src/onboarding/OnboardingDesk.ts"
import { because, OnboardingStoreFailed } from "../../src/onboarding/OnboardingError.ts"
import * as OnboardingState from "../../src/onboarding/OnboardingState.ts"
import { OnboardingStore } from "../../src/onboarding/OnboardingStore.ts"
import { peer, startMs } from "../charter/fixture.ts"
import { functions as crypto } from "../journal/nodeCrypto.ts"
import * as Site from "./onboardingSite.ts"

const stateOf = ({ charter }: Site.Hub) => charter.state()

describe("a request", () => {
  it.effect("[OB-5] [OB-9] waits, is approved by one record, and says so for good", () =>
    Effect.gen(function* () {
      const hub = yield* Site.openHub()
      const { link } = yield* Site.invite(hub, { role: "readonly", teams: ["sales", "sales"] })
      const asked = yield* Site.ask(hub, link, { device: 9, name: "  Zoë\u0007 Low " })
      expect(asked).toMatchObject({ status: "pending", because: null, member: null, role: null, spaceName: "office" })
      expect(asked.space).toBe(stateOf(hub).space)
      const before = stateOf(hub).version
      expect(stateOf(hub).devices.has(peer(9))).toBe(false)
      const [waiting] = yield* hub.desk.requests
      expect(waiting).toMatchObject({ id: asked.request, peer: peer(9), role: "readonly", teams: ["sales"] })
      const approved = yield* hub.desk.approve(asked.request)
      expect(approved).toMatchObject({ status: "approved", by: peer(1), settledMs: startMs, member: "zo-low" })
      expect(stateOf(hub).version).toBe(before + 1)
      expect(stateOf(hub).members.get("zo-low")).toMatchObject({ name: "Zoë Low", role: "readonly", teams: ["sales"] })
      expect(stateOf(hub).devices.get(peer(9))).toMatchObject({ member: "zo-low", name: "Zoë Low", isPaused: false })
      for (const name of ["Zoë", "somebody else"]) {
        const again = yield* Site.ask(hub, link, { device: 9, name })
        expect(again).toMatchObject({ request: asked.request, status: "approved", member: "zo-low", role: "readonly" })
      }
      expect(yield* hub.desk.requests).toEqual([approved])
      expect(yield* Site.reasonOf(hub.desk.approve(asked.request))).toBe("RequestSettled")
      expect(yield* Site.reasonOf(hub.desk.reject(asked.request))).toBe("RequestSettled")
      expect(stateOf(hub).version).toBe(before + 1)
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-5] is rejected for good, with the reason; the same bytes again open nothing", () =>
    Effect.gen(function* () {
      const hub = yield* Site.openHub()
      const { link } = yield* Site.invite(hub, { uses: 3 })
      const request = Site.requestOf(link, { device: 9 })
      const answered = Effect.map(hub.desk.ask(request, "a"), (signed) =>
        JoinAnswer.open(crypto, link.hubPeer, request, signed)
      )
      const asked = yield* answered
      yield* hub.desk.reject(asked!.request, "who are you?")
      for (let i = 0; i < 3; i++) {
        expect(yield* answered).toEqual({ ...asked, status: "rejected", because: "who are you?" })
      }
      expect(yield* Site.reasonOf(hub.desk.approve(asked!.request))).toBe("RequestSettled")
      expect(yield* hub.desk.requests).toHaveLength(1)
      expect((yield* hub.desk.invitations)[0]).toMatchObject({ uses: 1 })
      expect(stateOf(hub).devices.has(peer(9))).toBe(false)
      const other = yield* Site.ask(hub, link, { device: 10 })
      const rejected = yield* hub.desk.reject(other.request)
      expect(rejected.because).toBe("a person at the hub said no")
      expect(yield* Site.reasonOf(hub.desk.approve("ffffffff"))).toBe("RequestUnknown")
      expect(yield* Site.reasonOf(hub.desk.reject("ffffffff"))).toBe("RequestUnknown")
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-8] that nobody answers within 7 days is rejected, and stays so when the clock goes back", () =>
    Effect.gen(function* () {
      const hub = yield* Site.openHub()
      const { link } = yield* Site.invite(hub, { uses: 2, validMs: OnboardingState.validMsMin })
      const asked = yield* Site.ask(hub, link, { device: 9 })
      yield* TestClock.adjust(OnboardingState.validMsMin)
      // The invitation is over, the request is not.
      expect(yield* Site.reasonOf(Site.ask(hub, link, { device: 10 }))).toBe("JoinRefused")
      expect((yield* Site.ask(hub, link, { device: 9 })).status).toBe("pending")
      yield* TestClock.adjust(OnboardingState.waitMsMax - OnboardingState.validMsMin - 1)
      expect((yield* Site.ask(hub, link, { device: 9 })).status).toBe("pending")
      yield* TestClock.adjust(1)
      const late = yield* Site.ask(hub, link, { device: 9 })
      expect(late).toMatchObject({ status: "rejected", because: "nobody answered it in time" })
      yield* TestClock.setTime(startMs)
      expect(yield* Site.ask(hub, link, { device: 9 })).toEqual(late)
      expect(yield* Site.reasonOf(hub.desk.approve(asked.request))).toBe("RequestSettled")
      expect(yield* Site.reasonOf(Site.ask(hub, link, { device: 10 }))).toBe("JoinRefused")
      expect((yield* hub.desk.invitations)[0]).toMatchObject({ over: "expired", uses: 1 })
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-8] [OB-16] is found to have waited too long also where nobody asks", () =>
    Effect.gen(function* () {
      const hub = yield* Site.openHub()
      const { link } = yield* Site.invite(hub)
      yield* Site.ask(hub, link, { device: 9 })
      yield* TestClock.adjust(OnboardingState.waitMsMax + lookEveryMs)
      expect(hub.disk.state.requests[0]).toMatchObject({ status: "rejected", by: null })
      expect(Site.toldOf(hub).at(-1)).toBe("reject no 9")
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-18] makes an id of the name, and another one where that is taken or was removed", () =>
    Effect.gen(function* () {
      const hub = yield* Site.openHub()
      yield* hub.charter.write([{ _tag: "AddMember", member: "max", name: "Max", role: "member", teams: [] }])
      yield* hub.charter.write([{ _tag: "RemoveMember", member: "max" }])
      const { link } = yield* Site.invite(hub, { uses: 9, isByHand: false })
      const memberOf = Effect.fnUntraced(function* (device: number, name: string) {
        const { member, request } = yield* Site.ask(hub, link, { device, name })
        return member!.replace(request, "<id>")
      })
      expect(yield* memberOf(9, "Mia")).toBe("mia-<id>")
      expect(yield* memberOf(10, "max")).toBe("max-<id>")
      expect(yield* memberOf(11, "李")).toBe("device-<id>")
      expect(yield* memberOf(12, "\u0000\u0001")).toBe("device-<id>")
      expect(yield* memberOf(13, "n".repeat(64))).toBe("n".repeat(55))
      expect(yield* memberOf(14, "n".repeat(64))).toBe(`${"n".repeat(55)}-<id>`)
    }).pipe(Effect.scoped)
  )
})

describe("uses", () => {
  it.effect("[OB-6] are taken with the request, and a rejection gives none back", () =>
    Effect.gen(function* () {
      const hub = yield* Site.openHub()
      const { invitation, link } = yield* Site.invite(hub, { uses: 2 })
      const first = yield* Site.ask(hub, link, { device: 9 })
      yield* hub.desk.reject(first.request)
      yield* Site.ask(hub, link, { device: 10 })
      for (let i = 0; i < 2; i++) expect(yield* Site.reasonOf(Site.ask(hub, link, { device: 11 }))).toBe("JoinRefused")
      const [now] = yield* hub.desk.invitations
      expect(now).toEqual({ ...invitation, uses: 2 })
      expect(OnboardingState.standingOf(now!)).toBe("used up")
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-6] are durable before the hub answers; where that fails it says nothing and counts nothing", () => {
    const disk = Site.newDisk()
    const broken = { isBroken: false }
    const failed = because(new OnboardingStoreFailed({ place: "onboarding.json", problem: "the disk is full" }))
    const store = Layer.effect(
      OnboardingStore,
      Effect.map(Effect.provide(OnboardingStore, OnboardingStore.layerMemory(disk)), ({ change, state }) => ({
        state,
        change: (step) =>
          Effect.suspend(() => (broken.isBroken && step(disk.state).state !== disk.state ? failed : change(step)))
      }))
    )
    return Effect.gen(function* () {
      const hub = yield* Site.openHub(disk, store)
      const { link } = yield* Site.invite(hub)
      broken.isBroken = true
      for (const device of [9, 10]) {
        expect(yield* Site.reasonOf(Site.ask(hub, link, { device }))).toBe("OnboardingStoreFailed")
      }
      expect(yield* Site.reasonOf(Site.invite(hub))).toBe("OnboardingStoreFailed")
      expect(disk.state.requests).toEqual([])
      broken.isBroken = false
      expect((yield* Site.ask(hub, link, { device: 10 })).status).toBe("pending")
      expect(yield* Site.reasonOf(Site.ask(hub, link, { device: 9 }))).toBe("JoinRefused")
    }).pipe(Effect.scoped)
  })

  it.effect("[OB-6] [OB-5] are no more after a restart, and what was decided stays", () =>
    Effect.gen(function* () {
      const first = yield* Site.openHub()
      const { link } = yield* Site.invite(first, { uses: 3 })
      const [gone, in_] = [yield* Site.ask(first, link, { device: 9 }), yield* Site.ask(first, link, { device: 10 })]
      yield* first.desk.reject(gone.request)
      yield* first.desk.approve(in_.request)
      const last = yield* Site.ask(first, link, { device: 11 })
      yield* first.stop
      const hub = yield* Site.openHub(first.disk)
      expect((yield* Site.ask(hub, link, { device: 9 })).status).toBe("rejected")
      expect((yield* Site.ask(hub, link, { device: 10 })).status).toBe("approved")
      expect(yield* Site.ask(hub, link, { device: 11 })).toEqual(last)
      expect(yield* Site.reasonOf(Site.ask(hub, link, { device: 12 }))).toBe("JoinRefused")
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-6] two devices that come at once do not share one use", () =>
    Effect.gen(function* () {
      const hub = yield* Site.openHub()
      const { link } = yield* Site.invite(hub, { uses: 2 })
      const ends = yield* Effect.forEach([9, 10, 11, 12], (device) => Site.reasonOf(Site.ask(hub, link, { device })), {
        concurrency: "unbounded"
      })
      expect(ends.toSorted()).toEqual(["JoinRefused", "JoinRefused", "done", "done"])
    }).pipe(Effect.scoped)
  )
})

describe("a stranger", () => {
  it.effect("[OB-7] [OB-16] hears one and the same, whatever is wrong, and nothing of it is told", () =>
    Effect.gen(function* () {
      const hub = yield* Site.openHub()
      const good = yield* Site.invite(hub)
      const usedUp = yield* Site.invite(hub)
      const revoked = yield* Site.invite(hub)
      const expired = yield* Site.invite(hub, { validMs: OnboardingState.validMsMin })
      const known = yield* Site.ask(hub, usedUp.link, { device: 20 })
      yield* hub.desk.revoke(revoked.invitation.id)
      yield* TestClock.adjust(OnboardingState.validMsMin)
      yield* hub.desk.invitations
      const told = Site.toldOf(hub)
      const secret = new Uint8Array(16)
      const wrong = [
        { ...good.link, id: "ffffffffffffffff" },
        { ...good.link, secret },
        { ...usedUp.link, secret },
        usedUp.link,
        revoked.link,
        expired.link
      ]
      const heard = yield* Effect.forEach(wrong, (link) => Effect.flip(Site.ask(hub, link, { device: 9 })))
      const unsigned = { ...Site.requestOf(good.link, { device: 9 }), device: peer(10) }
      heard.push(yield* Effect.flip(hub.desk.ask(unsigned, "b")))
      for (const each of heard) expect([each.reason._tag, each.message]).toEqual(["JoinRefused", heard[0]!.message])
      expect(Site.toldOf(hub)).toEqual(told)
      expect(yield* hub.desk.requests).toHaveLength(1)
      // Who has asked before is no stranger.
      expect(yield* Site.ask(hub, usedUp.link, { device: 20 })).toEqual(known)
      expect((yield* Site.ask(hub, good.link, { device: 9 })).status).toBe("pending")
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-15] may join with twenty-nine others behind one address, and ask again while they wait", () =>
    Effect.gen(function* () {
      const hub = yield* Site.openHub()
      const { link } = yield* Site.invite(hub, { uses: 30 })
      const ask = (device: number) => Site.ask(hub, link, { device }, "classroom")
      for (let device = 9; device < 39; device++) {
        for (let times = 0; times < 5; times++) expect((yield* ask(device)).status).toBe("pending")
      }
      for (let calls = 150; calls < callsPerMinuteMax; calls++) yield* ask(9)
      expect(yield* Site.reasonOf(ask(9))).toBe("JoinBusy")
      expect(yield* hub.desk.requests).toHaveLength(30)
      expect(yield* Site.reasonOf(Site.ask(hub, link, { device: 50 }, "another"))).toBe("JoinRefused")
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-15] may call so often in vain within a minute, and so may only so many addresses", () =>
    Effect.gen(function* () {
      const hub = yield* Site.openHub()
      const { link } = yield* Site.invite(hub)
      const wrong = { ...link, secret: new Uint8Array(16) }
      const call = Site.reasonOf(Site.ask(hub, wrong, { device: 9 }, "busy"))
      for (let i = 0; i < failuresPerMinuteMax; i++) expect(yield* call).toBe("JoinRefused")
      expect(yield* call).toBe("JoinBusy")
      const request = Site.requestOf(wrong, { device: 9 })
      for (let i = 1; i < addressesMax; i++) yield* Effect.ignore(hub.desk.ask(request, `${i}`))
      expect(yield* Site.reasonOf(hub.desk.ask(request, "one more"))).toBe("JoinBusy")
      expect(yield* Site.reasonOf(hub.desk.ask(request, "1"))).toBe("JoinRefused")
      yield* TestClock.adjust(60_000)
      expect(yield* call).toBe("JoinRefused")
      expect(yield* Site.reasonOf(hub.desk.ask(request, "one more"))).toBe("JoinRefused")
    }).pipe(Effect.scoped)
  )
})

describe("revoking", () => {
  it.effect("[OB-8] [OB-16] ends the link and rejects what waits; to do it again changes nothing", () =>
    Effect.gen(function* () {
      const hub = yield* Site.openHub()
      const { invitation, link } = yield* Site.invite(hub, { uses: 3 })
      const first = yield* Site.ask(hub, link, { device: 9 })
      yield* hub.desk.approve(first.request)
      yield* Site.ask(hub, link, { device: 10 })
      expect((yield* hub.desk.revoke(invitation.id)).over).toBe("revoked")
      const told = Site.toldOf(hub)
      expect(told).toEqual([
        "invite yes 1",
        "request yes 9",
        "approve yes 9",
        "request yes 10",
        "revoke yes 1",
        "reject no 10"
      ])
      expect((yield* hub.desk.revoke(invitation.id)).over).toBe("revoked")
      expect(Site.toldOf(hub)).toEqual(told)
      expect(yield* Site.ask(hub, link, { device: 10 })).toMatchObject({
        status: "rejected",
        because: "its invitation was revoked"
      })
      expect((yield* Site.ask(hub, link, { device: 9 })).status).toBe("approved")
      expect(yield* Site.reasonOf(Site.ask(hub, link, { device: 11 }))).toBe("JoinRefused")
      expect(yield* Site.reasonOf(hub.desk.revoke("ffffffffffffffff"))).toBe("InvitationUnknown")
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-16] every entry says who, what and by which rule, and none holds a secret", () =>
    Effect.gen(function* () {
      const hub = yield* Site.openHub()
      const { invitation, link } = yield* Site.invite(hub, { teams: ["sales"] })
      const asked = yield* Site.ask(hub, link, { device: 9, name: "Zoe" })
      yield* hub.desk.approve(asked.request)
      const [invited, requested, approved] = hub.disk.told
      expect(invited).toMatchObject({
        action: "invite",
        peer: peer(1),
        decision: { allowed: true, rule: "onboarding/invite", policyVersion: 1 },
        detail: `invitation ${invitation.id}`
      })
      expect(invited!.decision.because).toContain("the role member and the teams sales to 1 newcomers")
      const place = `request ${asked.request} by invitation ${invitation.id}`
      expect(requested).toMatchObject({ action: "request", peer: peer(9), detail: place })
      expect(approved).toMatchObject({ decision: { policyVersion: 2, rule: "onboarding/approve" }, detail: place })
      expect(approved!.decision.because).toContain(
        `"Zoe" is the member zoe now, the role member and the teams sales, by ${peer(1)}`
      )
      const everything = JSON.stringify([hub.disk.told, hub.disk.state])
      expect(everything).toContain(invitation.id)
      expect(everything).not.toContain(Bytes.toHex(link.secret))
    }).pipe(Effect.scoped)
  )
})
