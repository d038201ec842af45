// What the seed systems' scenarios say of a charter on its way between devices, and of teams of any size.
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { EnterpriseDecisions } from "../../src/EnterpriseDecisions.ts"
import * as PolicyDesk from "../../src/PolicyDesk.ts"
import { joining, type Person, peer, policy } from "../space.ts"
import { makeNode, pass, type TeamNode } from "../teamNodes.ts"
import { teamsIn } from "./byHand.ts"
import { exchange, held, openTeam, putAll, refusal, replicas } from "./openTeam.ts"

describe("who changes rights", () => {
  it.effect("[CH-5] [CH-15] privstack acl_grant_from_viewer_rejected: wherever it is written", () =>
    Effect.gen(function* () {
      const grant = { _tag: "SetMemberRole", member: "rob", role: "member" } as const
      const { enter, hub } = yield* openTeam(["rob", "readonly", 2, "north"])
      const rob = yield* enter(2)
      yield* pass(2_000)
      expect(yield* refusal(rob.charter, grant)).toContain("does not manage")
      const [ann, alone] = yield* replicas([["rob", "readonly", 2]], [2])
      expect(yield* refusal(alone!, grant)).toContain("rob has the role readonly, which does not manage the space")
      yield* exchange(ann!, alone!)
      for (const charter of [hub.charter, ann!, alone!]) {
        expect(charter.state().members.get("rob")).toMatchObject({ role: "readonly" })
      }
    })
  )

  it.effect(
    "[CH-11] [CH-12] privstack acl_grant_from_viewer_rejected: nor by one that does not know yet that it only reads",
    () =>
      Effect.gen(function* () {
        const [ann, adam, olga] = yield* replicas(
          [
            ["olga", "owner", 3],
            ["adam", "admin", 2]
          ],
          [2, 3]
        )
        yield* ann!.write([{ _tag: "SetMemberRole", member: "adam", role: "readonly" }])
        // Adam was away: for him he manages still.
        yield* adam!.write([{ _tag: "AddMember", member: "eve", name: "Eve", role: "admin", teams: [] }])
        yield* exchange(adam!, olga!)
        yield* exchange(ann!, olga!)
        yield* exchange(ann!, adam!)
        for (const charter of [ann!, adam!, olga!]) {
          expect(charter.state().members.has("eve")).toBe(false)
          expect(charter.state().members.get("adam")).toMatchObject({ role: "readonly" })
        }
      })
  )

  it.effect("[CX-2] privstack acl_grant_from_owner_propagates: to the device it is for, and to all others", () =>
    Effect.gen(function* () {
      const { enter, hub } = yield* openTeam(["mia", "member", 2], ["max", "member", 3])
      yield* putAll(hub, "north", 3)
      const mia = yield* enter(2)
      const max = yield* enter(3)
      yield* pass(2_000)
      expect([yield* held(mia), yield* held(max)]).toEqual([{}, {}])
      yield* hub.write({ _tag: "SetMemberTeams", member: "mia", teams: ["north"] })
      yield* pass(1_000)
      expect([yield* held(mia), yield* held(max)]).toEqual([{ north: 3 }, {}])
      expect(max.charter.state()).toEqual(hub.charter.state())
    })
  )

  it.effect(
    "[CX-2] [EP-26] privstack acl_round_trip_sync_updates_remote_policy: a document decides on every device, and so does going back",
    () =>
      Effect.gen(function* () {
        const { enter, hub } = yield* openTeam(["mia", "member", 2, "north"])
        yield* putAll(hub, "north", 2)
        const reading = policy({ id: "all-read" })
        yield* hub.write(policy({ id: "all-work", actions: ["read", "create", "update"] }))
        const { version } = hub.charter.state()
        const mia = yield* enter(2)
        yield* pass(2_000)
        const rule = Effect.map(Effect.exit(mia.patch("n0", { title: "hers" })), ({ _tag }) => _tag)
        expect(yield* rule).toBe("Success")
        yield* hub.write(reading)
        yield* pass(1_000)
        expect(mia.charter.state().policy).toEqual(hub.charter.state().policy)
        expect(yield* rule).toBe("Failure")
        yield* PolicyDesk.rollBack(hub.charter, version)
        yield* pass(1_000)
        expect(mia.charter.state()).toEqual(hub.charter.state())
        expect(yield* rule).toBe("Success")
      })
  )

  it.effect(
    "[CX-1] [CX-2] privstack team_membership_propagates_via_event: and devices that meet without the hub go by it",
    () =>
      Effect.gen(function* () {
        const { enter, hub, network } = yield* openTeam(["nora", "member", 2, "north"], ["mia", "member", 3])
        yield* putAll(hub, "north", 3)
        const nora = yield* enter(2)
        const mia = yield* makeNode(network, 3, [1, 2])
        yield* mia.start
        yield* pass(3_000)
        expect([yield* held(nora), yield* held(mia)]).toEqual([{ north: 3 }, {}])
        // Only nora hears of it from the hub.
        yield* mia.stop
        yield* hub.write({ _tag: "SetMemberTeams", member: "mia", teams: ["north"] })
        yield* pass(1_000)
        yield* hub.stop
        yield* nora.put("n9", { team: "north", title: "from nora" })
        yield* mia.start
        yield* pass(5_000)
        expect(mia.charter.state().version).toBe(hub.charter.state().version)
        expect(yield* held(mia)).toEqual({ north: 4 })
        expect(yield* mia.titleOf("n9")).toBe("from nora")
      })
  )
})

/** What a device has, and what its policy says that it should have of the hub's. */
const isExact = Effect.fnUntraced(function* (hub: TeamNode, node: TeamNode) {
  const decisions = new EnterpriseDecisions(hub.charter.state())
  const all = yield* Effect.orDie(hub.journal.held)
  const due = all.filter(({ partition }) => decisions.reads(node.peer, partition).allowed)
  const has = yield* held(node)
  expect(has).toEqual(Object.fromEntries(due.map(({ count, partition }) => [partition.header["team"], count])))
  return has
})

describe("teams of any size", () => {
  it.effect("[EP-11] [EP-30] privstack three_teams_isolated_entities: each has its own and nothing of the others", () =>
    Effect.gen(function* () {
      const { enter, hub } = yield* openTeam()
      const teams = ["north", "south", "east"]
      yield* hub.write({ _tag: "SetTeam", team: "east", name: "East" })
      yield* hub.write(...teams.flatMap((team, i) => joining([`m-${team}`, "member", 2 + i, team])))
      const sent = teams.map(() => new Set<unknown>())
      const nodes = yield* Effect.forEach(teams, (_, i) =>
        enter(2 + i, { onFrame: (frame) => teamsIn(frame).forEach((team) => sent[i]!.add(team)) })
      )
      yield* pass(2_000)
      for (const [i, team] of teams.entries()) {
        yield* putAll(nodes[i]!, team, 4)
        yield* putAll(hub, team, 3, 4)
      }
      yield* pass(3_000)
      for (const [i, team] of teams.entries()) {
        expect(yield* held(nodes[i]!)).toEqual({ [team]: 7 })
        expect([...sent[i]!]).toEqual([team])
      }
      expect(yield* held(hub)).toEqual({ north: 7, south: 7, east: 7 })
    })
  )

  it.effect(
    "[EP-30] privstack hundred_entities_mixed_access_stress: a hundred records under a document of many rules",
    () =>
      Effect.gen(function* () {
        const people: ReadonlyArray<Person> = [
          ["mia", "member", 2, "north"],
          ["max", "member", 3, "north", "south"],
          ["rob", "readonly", 4, "south"],
          ["adam", "admin", 5],
          ["eva", "member", 6],
          ["olga", "owner", 7]
        ]
        const { enter, hub } = yield* openTeam(...people)
        for (let i = 0; i < 100; i++) yield* hub.put(`r${i}`, { team: `t${i % 20}`, title: `record ${i}` })
        const team = (...numbers: ReadonlyArray<number>) => [
          { field: "team", op: "in", value: numbers.map((n) => `t${n}`) }
        ]
        yield* hub.write(
          policy(
            { id: "all", where: team(0) },
            { id: "north", to: { teams: ["north"] }, where: team(1, 2, 3, 4) },
            { id: "south", to: { teams: ["south"] }, where: team(4, 5, 6) },
            { id: "admins", to: { roles: ["admin"] } },
            { id: "admins-not", effect: "forbid", to: { roles: ["admin"] }, where: team(19) },
            { id: "eva", to: { members: ["eva"] }, where: team(7, 8) },
            { id: "mia-not", effect: "forbid", to: { devices: [peer(2)] }, where: team(2) }
          )
        )
        const nodes = yield* Effect.forEach(people, ([, , device]) => enter(device))
        yield* pass(3_000)
        const teams = yield* Effect.forEach(nodes, (node) =>
          Effect.map(isExact(hub, node), (has) => Object.keys(has).length)
        )
        expect(teams).toEqual([4, 7, 4, 19, 3, 20])
        // Everybody's rights change at once.
        yield* hub.write(policy({ where: team(1, 3, 5, 7, 9) }))
        yield* pass(3_000)
        for (const node of nodes.slice(0, -1)) expect(Object.keys(yield* isExact(hub, node)).length).toBe(5)
        expect(Object.keys(yield* isExact(hub, nodes.at(-1)!)).length).toBe(20)
      })
  )

  it.effect("[EP-30] privstack fifty_peer_enterprise_full_sync_with_policy: fifty devices of five teams", () =>
    Effect.gen(function* () {
      const { enter, hub } = yield* openTeam()
      const teams = ["a", "b", "c", "d", "e"]
      const devices = Array.from({ length: 50 }, (_, i) => i + 2)
      const teamOf = (device: number) => teams[device % teams.length]!
      yield* hub.write(...teams.map((team) => ({ _tag: "SetTeam", team, name: team }) as const))
      for (const device of devices) yield* hub.write(...joining([`m${device}`, "member", device, teamOf(device)]))
      for (const team of teams) yield* putAll(hub, team, 4)
      const nodes = yield* Effect.forEach(devices, (device) => enter(device))
      yield* pass(2_000)
      for (const node of nodes) {
        yield* node.put(`own-${node.device}`, { team: teamOf(node.device), title: "written by a member" })
      }
      yield* pass(3_000)
      for (const node of nodes) expect(yield* isExact(hub, node)).toEqual({ [teamOf(node.device)]: 14 })
      // The first team goes, and a tenth of the members with it.
      yield* hub.write({ _tag: "RemoveTeam", team: "a" }, { _tag: "SetMemberTeams", member: "m3", teams: ["b", "c"] })
      yield* pass(2_000)
      for (const node of nodes) yield* isExact(hub, node)
      expect(yield* held(nodes[1]!)).toEqual({ b: 14, c: 14 })
    })
  )
})
