// What the scenarios of Eidetica's keys say: who stands above whom, and that nobody climbs by its own hand. Syncline has
// roles with levels from 1 to 100 in the place of permissions with priorities; no bounds clamp them.
import { describe, expect, it } from "@effect/vitest"
import { type CharterOperation, CharterState } from "@syncline/core"
import { Effect } from "effect"
import { asks, deviceOf, doing, open, peer } from "../space.ts"
import { exchange, refusal, replica, replicas } from "./openTeam.ts"

type Operation = CharterOperation.CharterOperation

const roleOf = (member: string, role: string): Operation => ({ _tag: "SetMemberRole", member, role })
const role = (id: string, level: number): Operation => ({ _tag: "SetRole", role: id, name: id, level })
const remove = (member: string): Operation => ({ _tag: "RemoveMember", member })
const key = (device: number) => deviceOf(device).publicKey

/** A space without a hub with an owner, admins of two levels, a member and a reader, and each one's replica. */
const hierarchy = Effect.gen(function* () {
  const [ann] = yield* replicas([], [])
  yield* ann!.write([role("chief", 90), role("junior", 81)])
  const people = [
    ["olga", "owner", 2],
    ["cleo", "chief", 3],
    ["june", "junior", 4],
    ["mia", "member", 5],
    ["rob", "readonly", 6],
    ["jane", "junior", 7]
  ] as const
  for (const [member, given, device] of people) {
    yield* ann!.write([
      { _tag: "AddMember", member, name: member, role: given, teams: [] },
      { _tag: "AddDevice", member, device: key(device), name: member }
    ])
  }
  const [olga, cleo, june, mia, rob] = yield* Effect.forEach(people, ([, , device]) => replica(device))
  for (const each of [olga, cleo, june, mia, rob]) yield* exchange(ann!, each!)
  return { ann: ann!, olga: olga!, cleo: cleo!, june: june!, mia: mia!, rob: rob! }
})

describe("who stands above whom", () => {
  it.effect(
    "[CH-5] eidetica admin_hierarchy_enforcement: an admin touches neither a higher one nor one beside it",
    () =>
      Effect.gen(function* () {
        const { cleo, june } = yield* hierarchy
        for (const operation of [
          roleOf("cleo", "member"),
          remove("cleo"),
          roleOf("olga", "member"),
          remove("olga"),
          remove("jane")
        ]) {
          expect(yield* refusal(june, operation)).toContain("which is not below junior")
        }
        yield* cleo.write([roleOf("june", "member")])
        expect(cleo.state().members.get("june")).toMatchObject({ role: "member" })
      })
  )

  it.effect(
    "[CH-5] eidetica admin_hierarchy_complete_enforcement: nor its device, its role's definition or its place, in no way",
    () =>
      Effect.gen(function* () {
        const { june } = yield* hierarchy
        const before = june.state()
        const tries: ReadonlyArray<Operation> = [
          { _tag: "RemoveDevice", device: key(3) },
          { _tag: "PauseDevice", device: key(3), isPaused: true },
          { _tag: "RenameDevice", device: key(3), name: "mine" },
          { _tag: "AddDevice", member: "cleo", device: key(20), name: "mine" },
          { _tag: "RenameMember", member: "cleo", name: "mine" },
          { _tag: "SetMemberTeams", member: "cleo", teams: [] },
          role("chief", 81),
          { _tag: "RemoveRole", role: "chief" },
          role("junior", 90),
          role("new", 82),
          roleOf("june", "chief"),
          roleOf("mia", "chief"),
          { _tag: "AddMember", member: "eve", name: "Eve", role: "chief", teams: [] }
        ]
        for (const operation of tries) expect(yield* refusal(june, operation)).toContain("does not allow it")
        expect(june.state()).toBe(before)
      })
  )

  it.effect(
    "[CH-5] eidetica permission_ordering_correctness: every level that manages is above every one that writes",
    () =>
      Effect.gen(function* () {
        const { ann } = yield* hierarchy
        yield* ann.write([role("least", 80), role("most", 79)])
        yield* ann.write([roleOf("june", "least"), roleOf("mia", "most")])
        const [june, mia] = [yield* replica(4), yield* replica(5)]
        for (const each of [june, mia]) yield* exchange(ann, each)
        expect(yield* refusal(mia, roleOf("june", "member"))).toContain("does not manage the space")
        yield* june.write([roleOf("mia", "readonly")])
        expect(june.state().members.get("mia")).toMatchObject({ role: "readonly" })
      })
  )

  it.effect(
    "[CH-5] [EP-11] eidetica permission_comparison_edge_cases: levels decide, just below a bound and at it",
    () =>
      Effect.gen(function* () {
        const { charter, gate, write } = yield* open()
        const levels = [1, 20, 39, 40, 79, 80, 99]
        for (const [i, level] of levels.entries()) {
          yield* write(role(`l${level}`, level))
          yield* write(
            { _tag: "AddMember", member: `m${level}`, name: `m${level}`, role: `l${level}`, teams: [] },
            { _tag: "AddDevice", member: `m${level}`, device: key(10 + i), name: "x" }
          )
        }
        const record = { type: "task", header: {} }
        const foreign = { type: "task", header: { team: "north" } }
        const rights = yield* Effect.forEach(levels, (level, i) =>
          Effect.gen(function* () {
            const device = 10 + i
            const reads = yield* gate.canSend(record, peer(device))
            const writes = yield* asks(gate, record)(device, doing("update"))
            const manages = yield* gate.canSend(foreign, peer(device))
            return [level, reads.allowed, writes.allowed, manages.allowed]
          })
        )
        expect(rights).toEqual([
          [1, true, false, false],
          [20, true, false, false],
          [39, true, false, false],
          [40, true, true, false],
          [79, true, true, false],
          [80, true, true, true],
          [99, true, true, true]
        ])
        expect(yield* gate.isCustodian(peer(16))).toBe(false)
        expect(CharterState.levelOf(charter.state(), charter.state().members.get("m99")!)).toBe(99)
      })
  )

  it.effect(
    "[EP-10] [EP-12] [EP-13] eidetica permission_capabilities_edge_cases: owners, admins, members and readers",
    () =>
      Effect.gen(function* () {
        const { gate } = yield* open(["adam", "admin", 2], ["mia", "member", 3], ["rob", "readonly", 4])
        const asked = asks(gate, { type: "task", header: {} })
        const rights = yield* Effect.forEach([1, 2, 3, 4, 9], (device) =>
          Effect.gen(function* () {
            const reads = yield* gate.canSend({ type: "task", header: {} }, peer(device))
            const writes = yield* asked(device, doing("create"))
            return [reads.allowed, writes.allowed, yield* gate.isCustodian(peer(device))]
          })
        )
        expect(rights).toEqual([
          [true, true, true],
          [true, true, false],
          [true, true, false],
          [true, false, false],
          [false, false, false]
        ])
      })
  )
})

describe("the numbers themselves", () => {
  const hasNoRoleOf = Effect.fnUntraced(function* (...levels: ReadonlyArray<number>) {
    const { charter } = yield* open()
    for (const level of levels) {
      expect(yield* refusal(charter, role("odd", level))).toContain("none of a charter's operations")
    }
    expect(charter.state().roles.has("odd")).toBe(false)
    expect(charter.state().version).toBe(2)
  })

  it.effect("[CH-19] eidetica permission_arithmetic_overflow: no level is beyond 99, or too large to be a number", () =>
    hasNoRoleOf(100, 2 ** 32 - 1, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY)
  )

  it.effect("[CH-19] eidetica permission_arithmetic_correctness: nor below 1, nor between two", () =>
    hasNoRoleOf(0, -1, 1.5, Number.NaN)
  )

  it.effect(
    "[CH-16] eidetica permission_serialization_extreme_values: the lowest and the highest level arrive as they are",
    () =>
      Effect.gen(function* () {
        const [ann, olga] = yield* replicas([["olga", "owner", 2]], [2])
        yield* ann!.write([role("low", 1), role("high", 99)])
        yield* exchange(ann!, olga!)
        expect([...olga!.state().roles.values()].map(({ id, level }) => [id, level])).toEqual([
          ["owner", 100],
          ["admin", 80],
          ["member", 40],
          ["readonly", 20],
          ["low", 1],
          ["high", 99]
        ])
      })
  )

  it.effect("[CH-10] eidetica permission_priority_extraction: every member has a role, and every role a level", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2])
      yield* write(role("clerk", 30))
      yield* write(roleOf("mia", "clerk"))
      expect(yield* refusal(charter, { _tag: "RemoveRole", role: "clerk" })).toContain("mia has the role clerk")
      const state = charter.state()
      const levels = [...state.members.values()].map((member) => CharterState.levelOf(state, member))
      expect(levels).toEqual([100, 30])
    })
  )
})

describe("a space that begins", () => {
  it.effect(
    "[CH-3] eidetica simple_tree_creation_with_auth: has one owner, whose device has signed that, and no place for anybody else",
    () =>
      Effect.gen(function* () {
        const [ann] = yield* replicas([], [])
        const { devices, members } = ann!.state()
        expect([...members.values()]).toMatchObject([{ id: "ann", role: "owner", since: 1 }])
        expect([...devices.keys()]).toEqual([peer(1)])
        const eve = yield* replica(9)
        const founding: Operation = {
          _tag: "Found",
          name: "Mine",
          hub: null,
          member: "eve",
          memberName: "Eve",
          device: key(1),
          deviceName: "x"
        }
        expect(yield* refusal(eve, founding)).toContain("founded by its first owner's device")
        expect(yield* refusal(eve, role("mine", 99))).toContain("no charter yet")
        expect(yield* refusal(ann!, { ...founding, device: key(1) })).toContain("founded once")
      })
  )
})

describe("climbing", () => {
  it.effect(
    "[CH-5] eidetica privilege_escalation_prevention: who does not manage gives nobody a right, itself least of all",
    () =>
      Effect.gen(function* () {
        const { ann, mia, rob } = yield* hierarchy
        const tries = (own: string, device: number): ReadonlyArray<Operation> => [
          roleOf(own, "owner"),
          roleOf(own, "admin"),
          roleOf("olga", "readonly"),
          { _tag: "AddMember", member: "eve", name: "Eve", role: "readonly", teams: [] },
          { _tag: "AddDevice", member: "olga", device: key(device), name: "mine" },
          { _tag: "SetMemberTeams", member: own, teams: ["north"] },
          { _tag: "SetPolicy", text: "version: 1\ntypes: {}\nrules: []\n" },
          { _tag: "SetDeviceLimit", limit: null },
          { _tag: "SetTeam", team: "east", name: "East" },
          role("mine", 99)
        ]
        for (const operation of tries("mia", 20)) {
          expect(yield* refusal(mia, operation)).toContain("does not manage the space")
        }
        for (const operation of tries("rob", 21)) {
          expect(yield* refusal(rob, operation)).toContain("does not manage the space")
        }
        // One of several operations that it may do does not carry the others.
        const rename: Operation = { _tag: "RenameMember", member: "mia", name: "Mia" }
        expect(yield* refusal(mia, rename, roleOf("mia", "owner"))).toContain("does not manage the space")
        yield* exchange(ann, mia)
        expect(mia.state()).toEqual(ann.state())
        expect(ann.state().members.get("mia")).toMatchObject({ name: "mia", role: "member" })
      })
  )

  it.effect("[CH-12] eidetica privilege_escalation_prevention: nor behind an older record, once it was removed", () =>
    Effect.gen(function* () {
      const { ann, june, olga } = yield* hierarchy
      yield* ann.write([remove("june")])
      yield* june.write([{ _tag: "AddMember", member: "eve", name: "Eve", role: "junior", teams: [] }])
      yield* june.write([{ _tag: "AddDevice", member: "eve", device: key(20), name: "mine" }])
      for (const [a, b] of [
        [june, olga],
        [ann, olga],
        [ann, june]
      ]) {
        yield* exchange(a!, b!)
      }
      for (const charter of [ann, olga, june]) {
        expect([charter.state().members.has("june"), charter.state().members.has("eve")]).toEqual([false, false])
        expect(charter.state().devices.has(peer(20))).toBe(false)
      }
    })
  )
})
