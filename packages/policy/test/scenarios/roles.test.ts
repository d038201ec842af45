// What the seed systems' scenarios say of roles, grants and teams: who may do what, and which of several rules counts.
import { describe, expect, it } from "@effect/vitest"
import { Gate } from "@syncline/core"
import { Context, Effect, Layer } from "effect"
import { gateLayer } from "../../src/EnterprisePolicy.ts"
import { personal } from "../../src/PersonalPolicy.ts"
import { asks, deviceOf, doing, layerCharter, open, peer, policy } from "../space.ts"
import { pass, seenBy } from "../teamNodes.ts"
import { disobey, held, openTeam, putAll, waiting } from "./openTeam.ts"

const task = (team?: string) => ({ type: "task", header: team === undefined ? {} : { team } })
const writes = ["create", "update", "delete"]
const writeDenied = (rule: string) => ({ reason: { _tag: "WriteDenied", rule } })

describe("which rule counts", () => {
  it.effect("[EP-13] [EP-14] privstack empty_acl_denies_all: a document without rules is for nobody but owners", () =>
    Effect.gen(function* () {
      const { enter, hub } = yield* openTeam(["mia", "member", 2, "north"], ["adam", "admin", 3])
      yield* putAll(hub, "north", 3)
      const mia = yield* enter(2)
      const adam = yield* enter(3)
      yield* pass(2_000)
      expect([yield* held(mia), yield* held(adam)]).toEqual([{ north: 3 }, { north: 3 }])
      yield* hub.write(policy())
      yield* pass(2_000)
      expect([yield* held(mia), yield* held(adam), yield* held(hub)]).toEqual([{}, {}, { north: 3 }])
      for (const node of [mia, adam]) {
        const refused = yield* Effect.flip(node.put("n9", { team: "north", title: "mine" }))
        expect(refused).toMatchObject(writeDenied("default"))
      }
      yield* hub.put("n9", { team: "north", title: "the owner's" })
    })
  )

  it.effect(
    "[EP-23] [GA-7] privstack empty_known_peers_skips_membership_check: knowing nobody lets nobody in, where they check nobody then",
    () =>
      Effect.gen(function* () {
        const team = yield* Layer.build(Layer.provide(gateLayer({ introducer: peer(2) }), layerCharter(1)))
        const alone = yield* Layer.build(personal({ trusted: [] }))
        for (const services of [team, alone]) {
          const gate = Context.get(services, Gate.Gate)
          expect((yield* gate.admits(peer(3))).allowed).toBe(false)
          expect((yield* gate.canSend(task(), peer(2))).allowed).toBe(false)
          expect((yield* gate.canReceive(task(), peer(3))).allowed).toBe(false)
        }
      })
  )

  it.effect("[EP-14] privstack default_role_applies_when_no_peer_or_team_match: then a rule for everybody counts", () =>
    Effect.gen(function* () {
      const { gate, write } = yield* open(["mia", "member", 2, "north"], ["max", "member", 3], ["olga", "member", 4])
      yield* write(
        policy(
          { id: "everybody-reads" },
          { id: "north-works", to: { teams: ["north"] }, actions: ["read", ...writes] },
          { id: "olga", to: { members: ["olga"] }, actions: ["read", ...writes] }
        )
      )
      expect(yield* gate.canSend(task(), peer(2))).toMatchObject({ allowed: true, rule: "north-works" })
      expect(yield* gate.canSend(task(), peer(3))).toMatchObject({ allowed: true, rule: "everybody-reads" })
      const asked = asks(gate, task())
      expect((yield* asked(2, doing("update"))).allowed).toBe(true)
      expect(yield* asked(3, doing("update"))).toMatchObject({ allowed: false, rule: "default" })
    })
  )

  it.effect(
    "[EP-14] privstack peer_role_overrides_team_role: a grant counts before a team; to have less than the team takes a forbid",
    () =>
      Effect.gen(function* () {
        const { gate, write } = yield* open(["mia", "member", 2, "north"], ["max", "member", 3, "north"])
        const [mia, max] = [peer(2), peer(3)]
        yield* write(
          policy(
            { id: "north", to: { teams: ["north"] }, actions: ["read", "update"] },
            { id: "mia-deletes", to: { members: ["mia"] }, actions: ["read", ...writes] },
            { id: "max-reads", to: { devices: [max] }, actions: ["read"] },
            { id: "max-writes-not", effect: "forbid", to: { devices: [max] }, actions: writes }
          )
        )
        const asked = asks(gate, task())
        expect(yield* gate.canSend(task(), mia)).toMatchObject({ rule: "mia-deletes" })
        expect((yield* asked(2, doing("delete"))).allowed).toBe(true)
        expect(yield* gate.canSend(task(), max)).toMatchObject({ allowed: true, rule: "max-reads" })
        expect(yield* asked(3, doing("update"))).toMatchObject({ allowed: false, rule: "max-writes-not" })
      })
  )

  it.effect("[EP-14] privstack peer_in_multiple_teams_gets_highest_role: what one of its teams may, it may", () =>
    Effect.gen(function* () {
      const { gate, write } = yield* open(
        ["mia", "member", 2, "north", "south"],
        ["max", "member", 3, "north"],
        ["eva", "member", 4, "south"]
      )
      yield* write(
        policy(
          { id: "north-reads", to: { teams: ["north"] } },
          { id: "south-works", to: { teams: ["south"] }, actions: ["read", ...writes] }
        )
      )
      const asked = asks(gate, task())
      const mayUpdate = Effect.forEach([2, 3, 4], (device) =>
        Effect.map(asked(device, doing("update")), ({ allowed }) => allowed)
      )
      expect(yield* mayUpdate).toEqual([true, false, true])
    })
  )

  it.effect("[EP-14] privstack peer_removed_from_teams_falls_back_to_default: it keeps what everybody may", () =>
    Effect.gen(function* () {
      const { enter, hub } = yield* openTeam(["mia", "member", 2, "north"])
      yield* hub.write(
        policy({ id: "everybody-reads" }, { id: "north-works", to: { teams: ["north"] }, actions: ["read", ...writes] })
      )
      yield* putAll(hub, "north", 2)
      const mia = yield* enter(2)
      yield* pass(2_000)
      yield* mia.patch("n0", { title: "hers" })
      yield* pass(500)
      yield* hub.write({ _tag: "SetMemberTeams", member: "mia", teams: [] })
      yield* pass(2_000)
      expect(yield* held(mia)).toEqual({ north: 2 })
      expect(yield* Effect.flip(mia.patch("n0", { title: "again" }))).toMatchObject(writeDenied("default"))
      expect(yield* hub.titleOf("n0")).toBe("hers")
    })
  )
})

describe("who reads and who writes", () => {
  it.effect(
    "[EP-12] [EP-34] privstack viewer_receives_events_but_cannot_send: nor when its program asks no policy",
    () =>
      Effect.gen(function* () {
        const { enter, hub } = yield* openTeam(["rob", "readonly", 2, "north"], ["mia", "member", 3, "north"])
        yield* putAll(hub, "north", 3)
        const rob = yield* enter(2)
        const mia = yield* enter(3)
        yield* pass(2_000)
        expect(yield* held(rob)).toEqual({ north: 3 })
        expect(yield* Effect.flip(rob.patch("n0", { title: "no" }))).toMatchObject(writeDenied("role/readonly"))
        disobey(rob)
        yield* rob.patch("n0", { title: "no" })
        yield* rob.put("n9", { team: "north", title: "no" })
        yield* pass(5_000)
        for (const node of [hub, mia]) {
          expect([yield* node.titleOf("n0"), yield* node.titleOf("n9")]).toEqual(["north 0", undefined])
        }
        expect((yield* waiting(hub)).map(({ reason, rule }) => [reason, rule])).toEqual([
          ["Revoked", "role/readonly"],
          ["Revoked", "role/readonly"]
        ])
        yield* hub.put("n4", { team: "north", title: "later" })
        yield* pass(2_000)
        expect(yield* rob.titleOf("n4")).toBe("later")
      })
  )

  it.effect("[EP-11] [EP-34] privstack editor_can_write_assigned_entities: and none of another team", () =>
    Effect.gen(function* () {
      const { enter, hub } = yield* openTeam(["mia", "member", 2, "north"], ["sam", "member", 3, "south"])
      yield* putAll(hub, "north", 1)
      yield* putAll(hub, "south", 1)
      const mia = yield* enter(2)
      const sam = yield* enter(3)
      yield* pass(2_000)
      yield* mia.patch("n0", { title: "hers" })
      yield* mia.put("n1", { team: "north", title: "new" })
      yield* pass(2_000)
      expect([yield* hub.titleOf("n0"), yield* hub.titleOf("n1")]).toEqual(["hers", "new"])
      const foreign = { team: "south", title: "not hers" }
      expect(yield* Effect.flip(mia.put("s1", foreign))).toMatchObject(writeDenied("team"))
      disobey(mia)
      yield* mia.put("s1", foreign)
      yield* pass(5_000)
      expect([yield* hub.titleOf("s1"), yield* sam.titleOf("s1")]).toEqual([undefined, undefined])
      expect([yield* held(hub), yield* held(sam)]).toEqual([{ north: 2, south: 1 }, { south: 1 }])
    })
  )
})

describe("roles that change", () => {
  const inForce = (from: string, to: string) =>
    Effect.gen(function* () {
      const { enter, hub } = yield* openTeam(["mia", from, 2, "north"])
      yield* putAll(hub, "north", 1)
      const mia = yield* enter(2)
      yield* pass(2_000)
      const before = yield* Effect.exit(mia.patch("n0", { title: "before" }))
      yield* pass(500)
      yield* hub.write({ _tag: "SetMemberRole", member: "mia", role: to })
      // No time passes but what the frames need.
      yield* pass(0)
      const after = yield* Effect.exit(mia.patch("n0", { title: "after" }))
      yield* pass(1_000)
      expect(seenBy(mia, "PeerConnected").length).toBe(1)
      return [before._tag, after._tag, yield* hub.titleOf("n0")]
    })

  it.effect("[EP-12] [CX-2] privstack role_downgrade_takes_effect_immediately: in the session that there is", () =>
    Effect.gen(function* () {
      expect(yield* inForce("member", "readonly")).toEqual(["Success", "Failure", "before"])
    })
  )

  it.effect("[EP-12] [CX-2] privstack role_upgrade_takes_effect_immediately: in the session that there is", () =>
    Effect.gen(function* () {
      expect(yield* inForce("readonly", "member")).toEqual(["Failure", "Success", "after"])
    })
  )

  it.effect(
    "[CX-2] [AK-1] [AK-4] privstack cascading_permission_changes: each one holds for everybody it is about",
    () =>
      Effect.gen(function* () {
        const { enter, hub } = yield* openTeam()
        yield* hub.write({ _tag: "SetRole", role: "clerk", name: "Clerk", level: 40 })
        for (const [member, device] of [
          ["mia", 2],
          ["max", 3]
        ] as const) {
          yield* hub.write(
            { _tag: "AddMember", member, name: member, role: "clerk", teams: ["north", "south"] },
            { _tag: "AddDevice", member, device: deviceOf(device).publicKey, name: member }
          )
        }
        yield* putAll(hub, "north", 2)
        yield* putAll(hub, "south", 2)
        const clerks = [yield* enter(2), yield* enter(3)]
        yield* pass(2_000)
        const writing = Effect.forEach(clerks, (node) =>
          Effect.map(Effect.exit(node.patch("n0", { title: "changed" })), ({ _tag }) => _tag)
        )
        const holding = Effect.forEach(clerks, held)
        expect(yield* writing).toEqual(["Success", "Success"])
        // The role, which both have.
        yield* hub.write({ _tag: "SetRole", role: "clerk", name: "Clerk", level: 20 })
        yield* pass(2_000)
        expect(yield* writing).toEqual(["Failure", "Failure"])
        // Another role for one, and both leave a team.
        yield* hub.write(
          { _tag: "SetMemberRole", member: "max", role: "member" },
          { _tag: "SetMemberTeams", member: "mia", teams: ["north"] },
          { _tag: "SetMemberTeams", member: "max", teams: ["north"] }
        )
        yield* pass(2_000)
        expect(yield* writing).toEqual(["Failure", "Success"])
        expect(yield* holding).toEqual([{ north: 2 }, { north: 2 }])
        // One is in the other team alone, and a document lets everybody read the one team only.
        yield* hub.write({ _tag: "SetMemberTeams", member: "mia", teams: ["south"] })
        yield* pass(2_000)
        expect(yield* holding).toEqual([{ south: 2 }, { north: 2 }])
        yield* hub.write(policy({ where: [{ field: "team", op: "eq", value: "north" }] }))
        yield* pass(2_000)
        expect(yield* holding).toEqual([{ north: 2 }, { north: 2 }])
        yield* hub.write({ _tag: "RemoveMember", member: "mia" })
        yield* putAll(hub, "north", 1, 5)
        yield* pass(2_000)
        expect(yield* holding).toEqual([{ north: 2 }, { north: 3 }])
      })
  )
})
