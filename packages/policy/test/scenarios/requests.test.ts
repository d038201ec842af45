// What the scenarios of Eidetica's approvals say of requests that wait for an admin: the desk of a team's hub for invitations,
// with real nodes of a team around it.
import { expect, it } from "@effect/vitest"
import {
  type AuditStore,
  Charter,
  Crypto,
  DeviceKey,
  Gate,
  type InvitationLink,
  JoinAnswer,
  JoinRequest,
  OnboardingDesk,
  OnboardingStore
} from "@syncline/core"
import { SeededRandom } from "@syncline/core/testing"
import { Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as AuditChain from "../../src/AuditChain.ts"
import { deviceOf, peer, world } from "../space.ts"
import { hubDevice, pass, type TeamNode } from "../teamNodes.ts"
import { held, openTeam, openWatched, putAll } from "./openTeam.ts"

const crypto = world.functions(new SeededRandom.SeededRandom(7))
/** The key pair of the link. */
const linkKey = deviceOf(40)

/** The desk of a hub, and somebody who asks there by its link. */
const openDesk = Effect.fnUntraced(function* (hub: TeamNode, options: Partial<OnboardingDesk.InviteOptions> = {}) {
  const layer = OnboardingDesk.OnboardingDesk.layer.pipe(
    Layer.provide([
      Layer.succeed(Charter.Charter, hub.charter),
      Layer.succeed(Gate.Gate, hub.gate),
      Layer.succeed(Crypto.Crypto, crypto),
      Layer.succeed(DeviceKey.DeviceKey, deviceOf(hubDevice)),
      OnboardingStore.OnboardingStore.layerMemory()
    ])
  )
  const desk = Context.get(yield* Layer.build(layer), OnboardingDesk.OnboardingDesk)
  const { id } = yield* desk.invite({ key: linkKey.publicKey, uses: 10, ...options })
  const link: InvitationLink.InvitationLink = {
    hub: "http://hub",
    hubPeer: peer(hubDevice),
    id,
    secret: new Uint8Array(16)
  }
  const ask = Effect.fnUntraced(function* (device: number) {
    const said = { link, invitation: linkKey, device: deviceOf(device), name: `newcomer ${device}`, platform: "linux" }
    const request = JoinRequest.make(crypto, said)
    return JoinAnswer.open(crypto, link.hubPeer, request, yield* desk.ask(request, "an address"))!
  })
  return { desk, ask }
})

it.effect("[OB-5] eidetica stores_pending_request: it waits for a person, and its device gets nothing meanwhile", () =>
  Effect.gen(function* () {
    const { enter, hub } = yield* openTeam()
    yield* putAll(hub, "north", 3)
    const { ask, desk } = yield* openDesk(hub, { teams: ["north"] })
    const mia = yield* enter(2)
    const asked = yield* ask(2)
    yield* TestClock.adjust("10 minutes")
    expect(yield* ask(2)).toEqual(asked)
    expect(asked).toMatchObject({ status: "pending", member: null })
    expect(yield* desk.requests).toMatchObject([{ peer: peer(2), status: "pending", role: "member", teams: ["north"] }])
    expect(yield* held(mia)).toEqual({})
    yield* desk.approve(asked.request)
    yield* pass(70_000)
    expect(yield* held(mia)).toEqual({ north: 3 })
  })
)

it.effect("[OB-5] [OB-16] eidetica reject: it is out for good, however often it asks, and the audit says so", () =>
  Effect.gen(function* () {
    const audit: Array<AuditStore.AuditRow> = []
    const { enter, hub } = yield* openWatched({ audit })
    yield* putAll(hub, "north", 3)
    const { ask, desk } = yield* openDesk(hub)
    const { request } = yield* ask(2)
    const { version } = hub.charter.state()
    yield* desk.reject(request, "unknown to us")
    for (let i = 0; i < 3; i++) {
      expect(yield* ask(2)).toMatchObject({ request, status: "rejected", because: "unknown to us" })
    }
    expect((yield* Effect.flip(desk.approve(request))).reason._tag).toBe("RequestSettled")
    const mia = yield* enter(2)
    yield* pass(5_000)
    expect([yield* held(mia), hub.charter.state().version]).toEqual([{}, version])
    const told = audit.map(({ text }) => AuditChain.ofText(text)!).filter(({ action }) => action === "reject")
    expect(told).toMatchObject([{ peer: peer(2), decision: { allowed: false, rule: "onboarding/reject" } }])
    expect(told[0]!.decision.because).toContain("unknown to us")
  })
)

it.effect("[OB-5] [OB-8] eidetica list_by_status: every request stands in one status, and keeps the last one", () =>
  Effect.gen(function* () {
    const { hub } = yield* openTeam()
    const { ask, desk } = yield* openDesk(hub)
    const ids = yield* Effect.forEach([2, 3, 4, 5], (device) => Effect.map(ask(device), ({ request }) => request))
    yield* desk.approve(ids[0]!)
    yield* desk.reject(ids[1]!)
    const byStatus = Effect.map(desk.requests, (requests) =>
      Object.groupBy(
        requests.map(({ peer: who, status }) => ({ who, status })),
        ({ status }) => status
      )
    )
    const only = (status: string, ...devices: ReadonlyArray<number>) =>
      devices.map((device) => ({ who: peer(device), status }))
    expect(yield* byStatus).toEqual({
      approved: only("approved", 2),
      rejected: only("rejected", 3),
      pending: only("pending", 4, 5)
    })
    const [invitation] = yield* desk.invitations
    yield* desk.revoke(invitation!.id)
    expect(yield* byStatus).toEqual({ approved: only("approved", 2), rejected: only("rejected", 3, 4, 5) })
  })
)
