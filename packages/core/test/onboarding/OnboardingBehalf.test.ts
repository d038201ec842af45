// What a hub's desk does in the name of people who are signed in.
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import * as TestClock from "effect/testing/TestClock"
import * as CharterRecord from "../../src/charter/CharterRecord.ts"
import { CharterStore } from "../../src/charter/CharterStore.ts"
import { join } from "../charter/fixture.ts"
import { functions as crypto } from "../journal/nodeCrypto.ts"
import * as Site from "./onboardingSite.ts"

const adam = { name: "Adam (adam)", member: "adam" }
const mia = { name: "Mia (mia)", member: "mia" }

/** A hub at which adam manages and mia does not. */
const openHub = Effect.gen(function* () {
  const hub = yield* Site.openHub()
  yield* hub.charter.write(join("adam", "admin", 3))
  return hub
})

const wordsOf = ({ disk }: Site.Hub) => disk.told.map(({ action, decision }) => `${action}: ${decision.because}`)

describe("in a person's name", () => {
  it.effect("[OB-20] a newcomer is let in by a record that names the person, and the audit names it, too", () =>
    Effect.gen(function* () {
      const hub = yield* openHub
      const { link } = yield* Site.invite(hub, { behalf: adam, uses: 2 })
      const asked = yield* Site.ask(hub, link, { device: 9, name: "Zoe" })
      expect(yield* hub.desk.approve(asked.request, undefined, adam)).toMatchObject({ status: "approved" })
      const { behalf, note } = CharterRecord.open(crypto, hub.disk.records.at(-1)!) as CharterRecord.CharterRecord
      expect([behalf, note.startsWith(`request ${asked.request}`)]).toEqual([adam.name, true])
      const other = yield* Site.ask(hub, link, { device: 10, name: "Eve" })
      yield* hub.desk.reject(other.request, "who?", adam)
      const open = yield* Site.invite(hub, { behalf: { name: "the hub's machine" } })
      yield* Site.ask(hub, open.link, { device: 11 })
      yield* hub.desk.revoke(open.invitation.id, adam)
      const [invited, , approved, , rejected, byMachine, , revoked, gone] = wordsOf(hub)
      const inName = 'in the name of "Adam (adam)": '
      expect(invited).toMatch(`invite: ${inName}offers the role member`)
      expect(approved).toMatch(`approve: ${inName}"Zoe" is the member zoe now`)
      expect(rejected).toMatch(`reject: ${inName}"who?", by `)
      expect(byMachine).toMatch(`invite: in the name of "the hub's machine": offers`)
      expect(revoked).toMatch(`revoke: ${inName}revoked after 1 requests`)
      expect(gone).toMatch(`reject: ${inName}"its invitation was revoked"`)
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-20] nothing is done that its member may not do, whatever this device may", () =>
    Effect.gen(function* () {
      const hub = yield* openHub
      const denied = <A, E extends { readonly reason: { readonly _tag: string }; readonly message: string }, R>(
        effect: Effect.Effect<A, E, R>
      ) => Effect.map(Effect.flip(effect), ({ message, reason }) => `${reason._tag}: ${message}`)
      const { invitation, link } = yield* Site.invite(hub, { uses: 3, role: "member" })
      const { request } = yield* Site.ask(hub, link, { device: 9 })
      const { version } = hub.charter.state()
      const state = { ...hub.disk.state }
      const told = hub.disk.told.length
      expect(yield* denied(Site.invite(hub, { behalf: mia }))).toMatch(/^BehalfDenied: .*does not manage the space/)
      expect(yield* denied(Site.invite(hub, { role: "owner", behalf: adam }))).toMatch(/nobody gives more than it has/)
      expect(yield* denied(hub.desk.approve(request, "owner", adam))).toMatch(/^BehalfDenied: .*gives more/)
      expect(yield* denied(hub.desk.approve(request, undefined, mia))).toMatch(/does not manage the space/)
      expect(yield* denied(hub.desk.reject(request, "no", mia))).toMatch(/does not manage the space/)
      expect(yield* denied(hub.desk.revoke(invitation.id, mia))).toMatch(/does not manage the space/)
      const gone = { name: "x", member: "gone" }
      expect(yield* denied(hub.desk.approve(request, undefined, gone))).toMatch(/there is no member gone/)
      const long = { name: "x".repeat(CharterRecord.behalfCharsMax + 1) }
      expect(yield* denied(hub.desk.reject(request, "no", long))).toMatch(/more than 128/)
      expect([hub.charter.state().version, hub.disk.state, hub.disk.told.length]).toEqual([version, state, told])
      expect((yield* hub.desk.approve(request, "owner", { name: "the hub's machine" })).role).toBe("owner")
    }).pipe(Effect.scoped)
  )

  it.effect("[OB-20] [OB-19] who is demoted in the very moment lets nobody in", () =>
    Effect.gen(function* () {
      const slow = { disk: Effect.void as Effect.Effect<void> }
      const append = () => Effect.suspend(() => slow.disk)
      const store = Layer.succeed(CharterStore, { path: "slow", load: Effect.succeed([]), append })
      const hub = yield* Site.openHub(Site.newDisk(), undefined, store)
      yield* hub.charter.write(join("adam", "admin", 3))
      const { link } = yield* Site.invite(hub)
      const { request } = yield* Site.ask(hub, link, { device: 9 })
      const written = yield* Deferred.make<void>()
      slow.disk = Deferred.await(written)
      const demoting = hub.charter.write([{ _tag: "SetMemberRole", member: "adam", role: "member" }])
      const recording = yield* Effect.forkChild(demoting, { startImmediately: true })
      const approving = Site.reasonOf(hub.desk.approve(request, undefined, adam))
      const done = yield* Effect.forkChild(approving, { startImmediately: true })
      yield* TestClock.adjust(10)
      slow.disk = Effect.void
      yield* Deferred.succeed(written, undefined)
      yield* Fiber.join(recording)
      expect(yield* Fiber.join(done)).toBe("BehalfDenied")
      expect((yield* hub.desk.requests)[0]).toMatchObject({ status: "pending" })
    }).pipe(Effect.scoped)
  )
})
