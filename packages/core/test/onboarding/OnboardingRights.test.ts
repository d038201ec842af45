// Whom a hub's desk may let in, as what, and with whose word.
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import * as TestClock from "effect/testing/TestClock"
import type { CharterOperation } from "../../src/charter/CharterOperation.ts"
import { CharterStore } from "../../src/charter/CharterStore.ts"
import * as OnboardingState from "../../src/onboarding/OnboardingState.ts"
import { addDevice, key, peer } from "../charter/fixture.ts"
import * as Site from "./onboardingSite.ts"

const stateOf = ({ charter }: Site.Hub) => charter.state()
const setRole = (role: string, level: number): CharterOperation => ({ _tag: "SetRole", role, name: role, level })

/** A hub whose charter takes a moment to write as its disk does. */
const slowHub = Effect.gen(function* () {
  const slow = { disk: Effect.void as Effect.Effect<void> }
  const append = () => Effect.suspend(() => slow.disk)
  const store = Layer.succeed(CharterStore, { path: "slow", load: Effect.succeed([]), append })
  const hub = yield* Site.openHub(Site.newDisk(), undefined, store)
  /** What is done while a record is on its way to the disk. */
  const during = Effect.fnUntraced(function* <A, E, R>(
    record: ReadonlyArray<CharterOperation>,
    doing: Effect.Effect<A, E, R>
  ) {
    const written = yield* Deferred.make<void>()
    slow.disk = Deferred.await(written)
    const recording = yield* Effect.forkChild(hub.charter.write(record), { startImmediately: true })
    const done = yield* Effect.forkChild(doing, { startImmediately: true })
    yield* TestClock.adjust(10)
    slow.disk = Effect.void
    yield* Deferred.succeed(written, undefined)
    yield* Fiber.join(recording)
    return yield* Fiber.join(done)
  })
  return { hub, during, slow }
})

describe("rights", () => {
  it.effect("[OB-10] an invitation offers only what there is and what this device may give", () =>
    Effect.gen(function* () {
      const hub = yield* Site.openHub()
      const problemOf = (options: Parameters<typeof Site.invite>[1]) =>
        Effect.map(Effect.flip(Site.invite(hub, options)), ({ reason, message }) => {
          expect(reason._tag).toBe("InvitationUnfit")
          return message
        })
      expect(yield* problemOf({ role: "emperor" })).toContain("there is no role emperor")
      expect(yield* problemOf({ teams: ["sales", "nowhere"] })).toContain("there is no team nowhere")
      yield* hub.charter.write([{ _tag: "RemoveTeam", team: "sales" }])
      expect(yield* problemOf({ teams: ["sales"] })).toContain("there is no team sales")
      expect(yield* hub.desk.invitations).toEqual([])
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-10] [OB-9] a hub that only orders what others write lets nobody in", () =>
    Effect.gen(function* () {
      const disk = Site.newDisk()
      const owner = yield* Site.openHub(disk)
      const { link } = yield* Site.invite(owner)
      const asked = yield* Site.ask(owner, link, { device: 9 })
      // A space whose hub belongs to no member cannot come of this one; its desk is asked on the same file.
      yield* owner.stop
      const founding: CharterOperation = {
        _tag: "Found",
        name: "office",
        hub: key(1),
        member: "ann",
        memberName: "Ann",
        device: key(7),
        deviceName: "Ann's"
      }
      const bare = yield* Site.openHub({ ...disk, records: [Site.signedBy(7, founding)] })
      expect((yield* Effect.flip(Site.invite(bare))).message).toContain("is no device of a member")
      const refused = yield* Effect.flip(bare.desk.approve(asked.request))
      expect([refused.reason._tag, refused.message.includes("is no device of a member")]).toEqual([
        "CharterDenied",
        true
      ])
      expect((yield* bare.desk.requests)[0]).toMatchObject({ status: "pending" })
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-11] [OB-19] a role that comes to manage in the very moment is not given by itself", () =>
    Effect.gen(function* () {
      const { during, hub } = yield* slowHub
      yield* hub.charter.write([setRole("helper", 50)])
      const { link } = yield* Site.invite(hub, { role: "helper", isByHand: false })
      const asked = yield* during([setRole("helper", 80)], Site.ask(hub, link, { device: 9 }))
      expect(asked.status).toBe("pending")
      expect([...stateOf(hub).members.values()].map(({ role }) => role)).not.toContain("helper")
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-11] [OB-19] nor is it by a person who has not named it", () =>
    Effect.gen(function* () {
      const { during, hub } = yield* slowHub
      yield* hub.charter.write([setRole("helper", 50)])
      const { link } = yield* Site.invite(hub, { role: "helper" })
      const { request } = yield* Site.ask(hub, link, { device: 9 })
      const raising = [setRole("helper", 80)]
      expect(yield* during(raising, Site.reasonOf(hub.desk.approve(request)))).toBe("RoleUnnamed")
      expect((yield* hub.desk.requests)[0]).toMatchObject({ status: "pending" })
      expect(yield* Site.reasonOf(hub.desk.approve(request, "helper"))).toBe("done")
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-19] [OB-18] what else comes in between is judged anew, and a newcomer is let in all the same", () =>
    Effect.gen(function* () {
      const { during, hub } = yield* slowHub
      const { link } = yield* Site.invite(hub, { isByHand: false, uses: 2 })
      const eve: CharterOperation = { _tag: "AddMember", member: "eve", name: "Eve", role: "member", teams: [] }
      const asked = yield* during([eve], Site.ask(hub, link, { device: 9, name: "Eve" }))
      expect(asked).toMatchObject({ status: "approved", member: `eve-${asked.request}` })
      // Somebody else's record that brings the very device in: it is that member's.
      const added = yield* during([addDevice("eve", 8)], Site.ask(hub, link, { device: 8, name: "Eve" }))
      expect(added).toMatchObject({ status: "approved", member: "eve" })
      expect(stateOf(hub).members.size).toBe(4)
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-19] where the charter never rests the request waits for a person", () =>
    Effect.gen(function* () {
      const { hub, slow } = yield* slowHub
      const { link } = yield* Site.invite(hub, { isByHand: false })
      let [isBusy, roles] = [true, 0]
      // As soon as one record is on its way another one waits behind it.
      const next = Effect.suspend(() => hub.charter.write([setRole(`r${roles++}`, 1)]))
      const behind = Effect.andThen(Effect.forkDetach(next, { startImmediately: true }), Effect.sleep(1))
      slow.disk = Effect.suspend(() => (isBusy ? Effect.asVoid(behind) : Effect.void))
      yield* Effect.forkChild(next, { startImmediately: true })
      const asking = yield* Effect.forkChild(Site.ask(hub, link, { device: 9 }), { startImmediately: true })
      for (let i = 0; i < 30; i++) yield* TestClock.adjust(1)
      isBusy = false
      yield* TestClock.adjust(10)
      expect((yield* Fiber.join(asking)).status).toBe("pending")
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-11] a role that manages is named by a person, or not given", () =>
    Effect.gen(function* () {
      const hub = yield* Site.openHub()
      for (const role of ["admin", "owner"]) {
        expect(yield* Site.reasonOf(Site.invite(hub, { role, isByHand: false }))).toBe("RoleNeedsPerson")
      }
      const { link } = yield* Site.invite(hub, { role: "admin", uses: 3 })
      const ids = yield* Effect.forEach([9, 10, 11], (device) =>
        Effect.map(Site.ask(hub, link, { device }), ({ request }) => request)
      )
      const unnamed = yield* Effect.flip(hub.desk.approve(ids[0]!))
      expect([unnamed.reason._tag, unnamed.message.includes("--role admin")]).toEqual(["RoleUnnamed", true])
      expect(yield* hub.desk.approve(ids[0]!, "admin")).toMatchObject({ status: "approved", role: "admin" })
      expect(yield* hub.desk.approve(ids[1]!, "readonly")).toMatchObject({ status: "approved", role: "readonly" })
      expect(stateOf(hub).members.get("device-10")?.role).toBe("readonly")
      expect(yield* Site.reasonOf(hub.desk.approve(ids[2]!, "emperor"))).toBe("CharterDenied")
      expect((yield* Site.ask(hub, link, { device: 11 })).status).toBe("pending")
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-11] [OB-12] one that came to manage later waits for a person, who names it", () =>
    Effect.gen(function* () {
      const hub = yield* Site.openHub()
      yield* hub.charter.write([setRole("helper", 50)])
      const { link } = yield* Site.invite(hub, { role: "helper", uses: 3, isByHand: false })
      expect(yield* Site.ask(hub, link, { device: 9 })).toMatchObject({ status: "approved", role: "helper" })
      yield* hub.charter.write([setRole("helper", 80)])
      const asked = yield* Site.ask(hub, link, { device: 10 })
      expect(asked.status).toBe("pending")
      expect(yield* Site.reasonOf(hub.desk.approve(asked.request))).toBe("RoleUnnamed")
      expect((yield* hub.desk.approve(asked.request, "helper")).status).toBe("approved")
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-12] [OB-9] without a person it is in at once; what the charter does not allow then waits", () =>
    Effect.gen(function* () {
      const hub = yield* Site.openHub()
      const { link } = yield* Site.invite(hub, { teams: ["sales"], uses: 5, isByHand: false })
      expect(yield* Site.ask(hub, link, { device: 9 })).toMatchObject({ status: "approved", member: "device-9" })
      expect(stateOf(hub).members.get("device-9")).toMatchObject({ role: "member", teams: ["sales"] })
      yield* hub.charter.write([{ _tag: "RemoveTeam", team: "sales" }])
      const asked = yield* Site.ask(hub, link, { device: 10 })
      expect(asked).toMatchObject({ status: "pending", member: null })
      const refused = yield* Effect.flip(hub.desk.approve(asked.request))
      expect(refused.message).toContain("there is no team sales")
      expect((yield* hub.desk.requests)[1]).toMatchObject({ status: "pending" })
      expect(stateOf(hub).devices.has(peer(10))).toBe(false)
      yield* hub.desk.reject(asked.request, "another link comes")
      expect((yield* Site.ask(hub, link, { device: 10 })).because).toBe("another link comes")
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-13] a device that the charter names is in as what it is, and a removed one is not", () =>
    Effect.gen(function* () {
      const hub = yield* Site.openHub()
      const { link } = yield* Site.invite(hub, { role: "readonly", uses: 4 })
      const { version } = stateOf(hub)
      expect(yield* Site.ask(hub, link, { device: 5 })).toMatchObject({
        status: "approved",
        member: "mia",
        role: "member"
      })
      expect(stateOf(hub).version).toBe(version)
      const asked = yield* Site.ask(hub, link, { device: 9 })
      yield* hub.charter.write([addDevice("mia", 9)])
      expect(yield* Site.reasonOf(hub.desk.approve(asked.request))).toBe("RequestSettled")
      expect(yield* Site.ask(hub, link, { device: 9 })).toMatchObject({ status: "approved", member: "mia" })
      yield* hub.charter.write([{ _tag: "RemoveDevice", device: key(9) }])
      const other = yield* Site.invite(hub)
      const removed = yield* Site.ask(hub, other.link, { device: 9 })
      expect(removed).toMatchObject({
        status: "rejected",
        because: expect.stringContaining("comes back with a new key")
      })
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-13] a hub that died between the record and its note goes on with the record", () =>
    Effect.gen(function* () {
      const disk = Site.newDisk()
      const first = yield* Site.openHub(disk)
      const { link } = yield* Site.invite(first, { isByHand: false })
      const before = { ...disk.state }
      yield* Site.ask(first, link, { device: 9, name: "Zoe" })
      yield* first.stop
      const { requests } = disk.state
      const { version } = stateOf(first)
      // As the file was behind the record: the request was taken, and what came of it not noted.
      disk.state = {
        ...disk.state,
        requests: requests.map((each) => ({ ...each, status: "pending", settledMs: null, by: null, member: null }))
      }
      expect(before.requests).toEqual([])
      yield* TestClock.adjust(OnboardingState.waitMsMax)
      const hub = yield* Site.openHub(disk)
      expect(yield* Site.ask(hub, link, { device: 9 })).toMatchObject({ status: "approved", member: "zoe" })
      expect(stateOf(hub).version).toBe(version)
    }).pipe(Effect.scoped)
  )
})
