/**
 * The enterprise policy: its own rules, and those of every gate.
 */
import { describe, expect, it } from "@effect/vitest"
import { Charter, type CharterOperation, Gate } from "@syncline/core"
import { GateConformance } from "@syncline/core/testing"
import { Context, Effect, Layer } from "effect"
import { EnterpriseDecisions } from "../src/EnterpriseDecisions.ts"
import * as Explanation from "../src/Explanation.ts"
import { gateLayer } from "../src/EnterprisePolicy.ts"
import * as PolicyDraft from "../src/PolicyDraft.ts"
import { asks, deviceOf, doing, founding, layerCharter, open, peer, policy } from "./space.ts"

const task = (team?: string) => ({ type: "task", header: team === undefined ? {} : { team } })

describe("the enterprise policy as a gate", () => {
  GateConformance.suite(() => {
    let charter: Charter.CharterShape | undefined
    const watched = Layer.effectContext(
      Effect.gen(function* () {
        const services = yield* Effect.context<Charter.Charter>()
        charter = Context.get(services, Charter.Charter)
        yield* Effect.orDie(
          charter.write([
            {
              _tag: "Found",
              name: "x",
              hub: null,
              member: "ann",
              memberName: "Ann",
              device: deviceOf(1).publicKey,
              deviceName: "a"
            }
          ])
        )
        return services
      })
    )
    return {
      layer: gateLayer().pipe(Layer.provide(watched), Layer.provide(layerCharter(1))),
      peers: [peer(1), peer(2)],
      partitions: [task(), task("north"), { type: "note", header: {} }],
      change: Effect.suspend(() => Effect.orDie(charter!.write([{ _tag: "SetTeam", team: "t", name: "t" }])))
    }
  })
})

describe("without a policy document", () => {
  it.effect("[EP-10] the hub is among the known devices, also where it is no member's", () =>
    Effect.gen(function* () {
      const services = yield* Layer.build(Layer.provideMerge(gateLayer(), layerCharter(1)))
      const hub = deviceOf(9).publicKey
      yield* Context.get(services, Charter.Charter).write([{ ...founding(), hub } as CharterOperation.CharterOperation])
      expect(yield* Context.get(services, Gate.Gate).devices).toEqual([peer(1), peer(9)])
    })
  )

  it.effect("[EP-10] strangers, paused and removed devices are not admitted and read nothing", () =>
    Effect.gen(function* () {
      const { gate, write } = yield* open(["mia", "member", 2])
      expect(yield* gate.admits(peer(9))).toMatchObject({ allowed: false, rule: "charter/device" })
      expect(yield* gate.canSend(task(), peer(9))).toMatchObject({ allowed: false, rule: "charter/device" })
      expect(yield* gate.canSend(task(), peer(2))).toMatchObject({ allowed: true, rule: "role/member" })
      yield* write({ _tag: "PauseDevice", device: deviceOf(2).publicKey, isPaused: true })
      expect(yield* gate.canSend(task(), peer(2))).toMatchObject({ allowed: false, rule: "charter/paused" })
      expect(yield* gate.devices).toContain(peer(2))
      yield* write({ _tag: "RemoveMember", member: "mia" })
      expect(yield* gate.admits(peer(2))).toMatchObject({ allowed: false, rule: "charter/device" })
      expect(yield* gate.devices).not.toContain(peer(2))
    })
  )

  it.effect("[EP-11] a record of one team never goes to who is only in another", () =>
    Effect.gen(function* () {
      const { gate } = yield* open(["nora", "member", 2, "north"], ["sam", "member", 3, "south"], ["adam", "admin", 4])
      const north = task("north")
      expect((yield* gate.canSend(north, peer(2))).allowed).toBe(true)
      expect(yield* gate.canSend(north, peer(3))).toMatchObject({
        allowed: false,
        rule: "team",
        because: "sam is not in the team north"
      })
      expect((yield* gate.canSend(north, peer(4))).allowed).toBe(true)
      expect((yield* gate.canSend(task(), peer(3))).allowed).toBe(true)
    })
  )

  it.effect("[EP-12] readers receive and do not write, whoever carries it", () =>
    Effect.gen(function* () {
      const { gate, write } = yield* open(["rob", "readonly", 2, "north"])
      const asked = asks(gate, task("north"))
      const by = (number: number, from = number) => asked(number, doing("update"), from)
      expect((yield* gate.canSend(task("north"), peer(2))).allowed).toBe(true)
      expect((yield* gate.canReceive(task("north"), peer(2))).allowed).toBe(true)
      expect(yield* by(2)).toMatchObject({ allowed: false, rule: "role/readonly" })
      yield* write({ _tag: "SetMemberRole", member: "rob", role: "member" })
      expect((yield* by(2)).allowed).toBe(true)
      expect((yield* by(9)).allowed).toBe(false)
      expect((yield* by(9, 2)).allowed).toBe(false)
    })
  )

  it.effect("[EP-22] a custodian's word counts for what it has, and nobody else's", () =>
    Effect.gen(function* () {
      const { gate, write } = yield* open(["mia", "member", 2], ["max", "member", 3], ["olga", "owner", 4])
      const asked = asks(gate, task())
      expect((yield* asked(2, doing("update"), 3)).allowed).toBe(true)
      yield* write({ _tag: "RemoveMember", member: "mia" })
      expect(yield* asked(2, doing("update"))).toMatchObject({ allowed: false, rule: "charter/device" })
      expect(yield* asked(2, doing("update"), 3)).toMatchObject({ allowed: false, rule: "charter/device" })
      expect(yield* asked(2, doing("update"), 4)).toMatchObject({ allowed: true, rule: "charter/custodian" })
    })
  )

  it.effect("[EP-23] a node without a charter lets in whom it is to get one from, and nobody else", () =>
    Effect.gen(function* () {
      const gate = Context.get(
        yield* Layer.build(Layer.provide(gateLayer({ introducer: peer(2) }), layerCharter(1))),
        Gate.Gate
      )
      expect(yield* gate.admits(peer(2))).toMatchObject({ allowed: true, rule: "charter/introducer" })
      expect(yield* gate.admits(peer(3))).toMatchObject({ allowed: false, rule: "charter/none" })
      expect((yield* gate.canSend(task(), peer(2))).allowed).toBe(false)
      expect((yield* gate.canRead(task())).allowed).toBe(false)
    })
  )

  it.effect("[EP-13] owners' devices and the hub are custodians, others are not", () =>
    Effect.gen(function* () {
      const { gate } = yield* open(["adam", "admin", 2], ["olga", "owner", 3])
      expect(yield* gate.isCustodian(peer(1))).toBe(true)
      expect(yield* gate.isCustodian(peer(3))).toBe(true)
      expect(yield* gate.isCustodian(peer(2))).toBe(false)
      expect(yield* gate.isCustodian(peer(9))).toBe(false)
    })
  )
})

describe("with a policy document", () => {
  it.effect("[EP-21] what a commit does is judged deed by deed, and field by field", () =>
    Effect.gen(function* () {
      const { gate, write } = yield* open(["mia", "member", 2], ["max", "member", 3])
      yield* write(
        policy(
          {},
          { actions: ["create"], to: { members: ["mia"] } },
          { actions: ["update"], fields: ["title"], to: { members: ["mia"] } },
          { actions: ["create", "update", "delete"], to: { members: ["max"] } },
          { effect: "forbid", actions: ["create", "update"], fields: ["salary"], to: { members: ["max"] } }
        )
      )
      const asked = asks(gate, task())
      const answers = (number: number) =>
        Effect.forEach(
          [
            doing("create", "title", "salary"),
            doing("update", "title"),
            doing("update", "title", "salary"),
            doing("update", "salary"),
            doing("delete"),
            doing("update")
          ],
          (deeds) => Effect.map(asked(number, deeds), ({ allowed }) => allowed)
        )
      expect(yield* answers(2)).toEqual([true, true, false, false, false, true])
      expect(yield* answers(3)).toEqual([false, true, false, false, true, true])
    })
  )

  it.effect("[EP-21] the rule that decided on what was done is named, also where all of it is allowed or denied", () =>
    Effect.gen(function* () {
      const { gate, write } = yield* open(["mia", "member", 2])
      const named = Effect.forEach(["create", "update", "delete"] as const, (deed) =>
        Effect.gen(function* () {
          const theirs = yield* asks(gate, task())(2, doing(deed))
          return `${theirs.allowed} ${theirs.rule}`
        })
      )
      const forbidding = (action: string) => ({ id: `no-${action}`, effect: "forbid", actions: [action] })
      yield* write(policy({}, forbidding("create"), forbidding("delete")))
      expect(yield* named).toEqual(["false no-create", "false default", "false no-delete"])
      const allowing = (action: string) => ({ id: `may-${action}`, actions: [action] })
      yield* write(policy({}, allowing("create"), { id: "rest", actions: ["update", "delete"] }))
      expect(yield* named).toEqual(["true may-create", "true rest", "true rest"])
    })
  )

  it.effect("[EP-21] what is done is read only where it matters", () =>
    Effect.gen(function* () {
      const { gate, write } = yield* open(["mia", "member", 2], ["rob", "readonly", 3])
      const asked = asks(gate, task())
      const unread = Effect.die("it was read")
      expect((yield* asked(2, unread)).allowed).toBe(true)
      expect((yield* asked(3, unread)).allowed).toBe(false)
      yield* write(policy({ actions: ["read", "create", "update", "delete"], to: { members: ["mia"] } }))
      expect((yield* asked(2, unread)).allowed).toBe(true)
      expect((yield* gate.canWrite(task(), unread)).rule).toBe("charter/owner")
    })
  )

  it.effect("[EP-21] a refusal names what was tried, also where one rule or none decides on all of it", () =>
    Effect.gen(function* () {
      const { gate, write } = yield* open(["mia", "member", 2])
      const because = Effect.forEach(["create", "update", "delete"] as const, (deed) =>
        Effect.map(asks(gate, task())(2, doing(deed)), (told) => told.because)
      )
      const all = ["create", "update", "delete"]
      yield* write(policy({ actions: ["read"] }, { id: "frozen", effect: "forbid", actions: all }))
      expect(yield* because).toEqual(all.map((action) => `the rule frozen forbids mia to ${action} task`))
      yield* write(policy({ actions: ["read"] }))
      expect(yield* because).toEqual(
        all.map((action) => `no rule lets mia ${action} task, and what no rule allows is denied`)
      )
      yield* write(policy({ actions: all }))
      for (const [place, told] of (yield* because).entries()) {
        expect(told).toMatch(
          new RegExp(`^what it may not read it may not ${all[place]}, and no rule lets mia read task`)
        )
      }
      yield* write(policy({ id: "open", actions: ["read", ...all] }))
      for (const told of yield* because) {
        expect(told).toBe("the rule open lets mia create, update or delete task (everybody)")
      }
    })
  )

  it.effect(
    "[EP-14] forbid beats allow, then a grant, then the highest role or team, then a rule for everybody, then no",
    () =>
      Effect.gen(function* () {
        const { gate, write } = yield* open(["mia", "member", 2, "north"])
        const ask = Effect.map(gate.canSend(task("north"), peer(2)), ({ allowed, rule }) => `${allowed} ${rule}`)
        const rules: Array<object> = []
        const add = (rule: object) => Effect.suspend(() => write(policy(...(rules.unshift(rule), rules))))
        yield* write(policy())
        expect(yield* ask).toBe("false default")
        yield* add({ id: "all" })
        expect(yield* ask).toBe("true all")
        yield* add({ id: "team", to: { teams: ["north"] } })
        expect(yield* ask).toBe("true team")
        yield* add({ id: "grant", to: { devices: [peer(2)] } })
        expect(yield* ask).toBe("true grant")
        yield* add({ id: "no", effect: "forbid", to: { roles: ["member"] } })
        expect(yield* ask).toBe("false no")
        expect((yield* gate.canSend(task("north"), peer(1))).rule).toBe("charter/owner")
      })
  )

  it.effect("[EP-15] who asks stands in conditions as $member, $teams and $device", () =>
    Effect.gen(function* () {
      const { gate, write } = yield* open(["mia", "member", 2, "north"], ["max", "member", 3, "south"])
      yield* write(
        policy(
          { where: [{ field: "team", op: "in", value: "$teams" }] },
          { where: [{ field: "owner", op: "eq", value: "$member" }] }
        )
      )
      const of = (header: object, number: number) =>
        Effect.map(gate.canSend({ type: "task", header: { ...header } }, peer(number)), ({ allowed }) => allowed)
      expect([yield* of({ team: "north" }, 2), yield* of({ team: "north" }, 3)]).toEqual([true, false])
      expect([yield* of({ owner: "max" }, 2), yield* of({ owner: "max" }, 3)]).toEqual([false, true])
      expect(yield* of({}, 2)).toBe(false)
    })
  )

  it.effect("[EP-16] a header that is not as declared is nobody's but the owners'", () =>
    Effect.gen(function* () {
      const { gate, write } = yield* open(["adam", "admin", 2])
      yield* write(policy({ types: "all" }))
      const of = (header: object, type = "task") =>
        Effect.map(gate.canSend({ type, header: { ...header } }, peer(2)), ({ allowed }) => allowed)
      expect([yield* of({ team: "x" }), yield* of({ team: 3 }), yield* of({ teem: "x" })]).toEqual([true, false, false])
      expect([yield* of({}, "other"), yield* of({ a: 1 }, "other")]).toEqual([true, false])
      expect((yield* gate.canSend({ type: "task", header: { team: 3 } }, peer(1))).allowed).toBe(true)
    })
  )

  it.effect("[EP-17] a document that is not in order cannot be put in force", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open()
      const before = charter.state()
      const refused = yield* Effect.flip(write(policy({ actions: ["read", "manage"] })))
      expect(refused.message).toMatch(/^the charter does not allow it at version 2: Expected .*actions/)
      for (const text of [
        "version: 1\nversion: 1",
        "a: &x [1]\nb: *x",
        "{",
        "- 1",
        "version: 1\ntypes: {}\nrules: []\nx: 1"
      ]) {
        expect((yield* Effect.flip(write({ _tag: "SetPolicy", text }))).reason._tag).toBe("CharterDenied")
      }
      expect(charter.state()).toBe(before)
      yield* write({ _tag: "SetPolicy", text: "# ours\nversion: 1 # first\ntypes: {}\nrules: []\n" })
      expect(charter.state().policy?.text).toContain("# ours")
    })
  )
})

describe("an explanation", () => {
  it.effect("[EP-18] says who, what, by which rule and why, and what was outweighed", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2, "north"], ["rob", "readonly", 3])
      const explain = (number: number, team?: string, field?: string) =>
        Explanation.ofDevice(new EnterpriseDecisions(charter.state()), peer(number), {
          action: field ? "update" : "read",
          partition: task(team),
          field
        })
      expect(explain(3, "north").lines).toEqual([
        'rob (readonly) may not read task with team "north".',
        "Decided by team at version 3: rob is not in the team north."
      ])
      yield* write(
        policy(
          { id: "everyone-reads" },
          { id: "own-team", to: { roles: ["member"] }, where: [{ field: "team", op: "in", value: "$teams" }] },
          { id: "no-north", effect: "forbid", where: [{ field: "team", op: "eq", value: "north" }] },
          { id: "titles", actions: ["update"], to: { roles: ["member"] }, fields: ["title"] }
        )
      )
      expect(explain(2, "north").lines).toEqual([
        'mia (member, in north) may not read task with team "north".',
        "Decided by no-north at version 4: the rule no-north forbids mia to read task.",
        "The rule own-team speaks of it too and was outweighed.",
        "The rule everyone-reads speaks of it too and was outweighed."
      ])
      expect(explain(3, "south").lines).toEqual([
        'rob (readonly) may read task with team "south".',
        "Decided by everyone-reads at version 4: the rule everyone-reads lets rob read task (everybody)."
      ])
      expect(explain(2, "south", "title").decision.rule).toBe("titles")
      expect(explain(2, "south", "salary").lines[1]).toBe(
        "Decided by default at version 4: no rule lets mia update task.salary, and what no rule allows is denied."
      )
      expect(explain(1, "north").lines).toEqual([
        'Ann (owner) may read task with team "north".',
        "Decided by charter/owner at version 4: Ann is an owner of the space."
      ])
      expect(explain(9).lines[0]).toMatch(/^12D3KooW\w+ may not read task\.$/)
    })
  )
})

describe("tests in a document", () => {
  it("[EP-19] are run before a document is put in force, and one that fails refuses it", () => {
    const text = (cannot: string) => `
version: 1
types: { salary: { header: { team: text } } }
rules:
  - { id: hr, effect: allow, actions: [read, update], types: [salary], to: { teams: [hr] } } # only they
tests:
  - { name: members, who: { role: member, teams: [north] }, cannot: [read, update], type: salary }
  - { name: hr reads, who: { teams: [hr] }, can: [read], cannot: [${cannot}], type: salary, header: { team: hr } }
`
    const problemOf = (draft: string): string => PolicyDraft.problems(draft).join("; ")
    expect(problemOf(text("delete"))).toBe("")
    expect(problemOf(text("update"))).toBe("test hr reads: it can update salary, because the rule hr says so")
    expect(problemOf(text("delete").replace("cannot: [read, update]", "can: [read]"))).toBe(
      "test members: it cannot read salary, because no rule allows it"
    )
  })
})
