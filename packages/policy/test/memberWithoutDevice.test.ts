/**
 * What a member may that asks without any of its devices.
 */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { EnterpriseDecisions } from "../src/EnterpriseDecisions.ts"
import * as PolicyDesk from "../src/PolicyDesk.ts"
import type { Action } from "../src/PolicyDocument.ts"
import { deviceOf, open, peer, policy } from "./space.ts"

const task = (header: object = {}) => ({ type: "task", header: { ...header } })
const actions: ReadonlyArray<Action> = ["read", "create", "update", "delete", "share"]
const reads = { id: "reads", actions: ["read"], types: ["task"] }

describe("a member without a device", () => {
  it.effect("[EP-92] may what its role and teams say, as with a device", () =>
    Effect.gen(function* () {
      const people = [
        ["mia", "member", 2, "north"],
        ["rob", "readonly", 3, "south"],
        ["adam", "admin", 4]
      ] as const
      const { charter, write } = yield* open(...people)
      const rules = [
        { id: "works", actions: ["read", "create", "update"], types: ["task"], to: { roles: ["member"] } },
        { id: "north", actions: ["delete"], types: ["task"], to: { teams: ["north"] } },
        { id: "mine", actions: ["share"], types: ["task"], where: [{ field: "owner", op: "eq", value: "$member" }] },
        { ...reads, to: { members: ["rob"] } },
        { id: "no-salary", effect: "forbid", actions: ["update"], types: ["task"], fields: ["salary"] }
      ]
      const seen = { yes: 0, no: 0 }
      for (const rules_ of [undefined, rules]) {
        if (rules_ !== undefined) yield* write(policy(...rules_))
        const decisions = new EnterpriseDecisions(charter.state())
        for (const [member, , device] of [["ann", "owner", 1] as const, ...people]) {
          const own = decisions.ofMember(member)!
          for (const header of [{}, { team: "north" }, { team: "south" }, { owner: "mia" }, { owner: "rob" }]) {
            for (const action of actions) {
              const fields = action === "update" ? [undefined, "salary", "title"] : [undefined]
              for (const field of fields) {
                const answer = decisions.may(peer(device), action, task(header), field)
                expect(own.may(action, task(header), field)).toEqual(answer)
                expect(own.allowing(task(header))(action, field)).toBe(answer.allowed)
                seen[answer.allowed ? "yes" : "no"]++
              }
            }
          }
        }
      }
      expect(Math.min(seen.yes, seen.no)).toBeGreaterThan(50)
    })
  )

  it.effect("[EP-93] is answered about a whole act as its device is, and of what it may not read always alike", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2, "north"])
      const works = { id: "works", actions: ["read", "create", "update"], types: ["task"], to: { teams: ["north"] } }
      const where = [{ field: "team", op: "eq", value: "north" }]
      yield* write(
        policy(
          { ...works, where },
          { id: "no-salary", effect: "forbid", actions: ["update"], types: ["task"], fields: ["salary"] }
        )
      )
      const decisions = new EnterpriseDecisions(charter.state())
      const deeds = { creates: false, updates: false, deletes: false, fields: new Set<string>() }
      const acts = [
        { ...deeds, creates: true, fields: new Set(["title", "salary"]) },
        { ...deeds, updates: true, fields: new Set(["title", "salary"]) },
        { ...deeds, updates: true, fields: new Set(["title"]) },
        { ...deeds, creates: true, updates: true },
        { ...deeds, deletes: true },
        deeds
      ]
      const mia = decisions.ofMember("mia")!
      const own = acts.map((act) => mia.mayDo(task({ team: "north" }), act))
      expect(own).toEqual(acts.map((act) => decisions.mayDo(peer(2), task({ team: "north" }), act)))
      expect(own.map(({ allowed }) => allowed)).toEqual([true, false, true, true, false, true])
      const hidden = acts.map((act) => mia.mayDo(task({ team: "south" }), act))
      expect(new Set(hidden.map((each) => JSON.stringify(each))).size).toBe(1)
      expect(hidden[0]).toEqual(mia.may("read", task({ team: "south" })))
    })
  )

  it.effect("[EP-92] rules for devices do not speak of it, allowing or forbidding", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2])
      const devices = { to: { devices: [peer(2)] } }
      yield* write(policy({ ...reads, ...devices }))
      const may = (action: Action, header: object = {}) =>
        new EnterpriseDecisions(charter.state()).ofMember("mia")!.may(action, task(header)).rule
      expect(new EnterpriseDecisions(charter.state()).may(peer(2), "read", task()).rule).toBe("reads")
      expect(may("read")).toBe("default")
      yield* write(policy(reads, { ...reads, id: "no-read", effect: "forbid", ...devices }))
      expect(new EnterpriseDecisions(charter.state()).may(peer(2), "read", task()).rule).toBe("no-read")
      expect(may("read")).toBe("reads")
    })
  )

  it.effect("[EP-92] where a condition asks for the device a forbid holds and an allow does not", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2])
      const where = (op: string, value: unknown) => ({ where: [{ field: "owner", op, value }] })
      const allowed = (header: object) =>
        new EnterpriseDecisions(charter.state()).ofMember("mia")!.may("read", task(header)).allowed
      for (const [op, value] of [
        ["eq", "$device"],
        ["ne", "$device"],
        ["in", ["$device", "x"]]
      ] as const) {
        yield* write(policy({ ...reads, ...where(op, value) }))
        expect([op, allowed({ owner: "x" }), allowed({ owner: "" }), allowed({})]).toEqual([op, false, false, false])
        yield* write(policy(reads, { ...reads, id: "no-read", effect: "forbid", ...where(op, value) }))
        expect([op, allowed({ owner: "x" }), allowed({ owner: "" }), allowed({})]).toEqual([op, false, false, false])
      }
    })
  )

  it.effect("[EP-92] it makes no record for others without share, and is in an audience by its name", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2])
      const audience = (value: string) => ({ type: "memo", header: { audience: value } })
      const mia = () => new EnterpriseDecisions(charter.state()).ofMember("mia")!
      expect(mia().may("read", audience("mia")).allowed).toBe(true)
      expect(mia().may("read", audience(peer(2))).rule).toBe("audience")
      const types = { memo: { header: { audience: "audience" } } }
      const all = { id: "all", effect: "allow", actions: ["read", "create"], types: ["memo"] }
      const mine = { ...all, where: [{ field: "audience", op: "has", value: "$me" }] }
      yield* write({ _tag: "SetPolicy", text: JSON.stringify({ version: 1, types, rules: [mine] }) })
      expect(mia().may("create", audience("mia")).allowed).toBe(true)
      expect(mia().may("create", audience("mia rob")).because).toMatch(/to create it for others takes share/)
      expect(mia().may("create", audience(peer(2))).rule).toBe("default")
    })
  )

  it.effect(
    "[EP-92] a pause of its devices is no reason, a removal is, and an unreadable policy closes all but owners",
    () =>
      Effect.gen(function* () {
        const { charter, write } = yield* open(["mia", "member", 2])
        const decisions = () => new EnterpriseDecisions(charter.state())
        yield* write({ _tag: "PauseDevice", device: deviceOf(2).publicKey, isPaused: true })
        expect(decisions().may(peer(2), "read", task()).rule).toBe("charter/paused")
        expect(decisions().ofMember("mia")!.may("read", task()).allowed).toBe(true)
        const closed = new EnterpriseDecisions({ ...charter.state(), policy: { text: "{", version: 1 } })
        expect(closed.ofMember("mia")!.may("read", task())).toMatchObject({ allowed: false, isUnjudged: true })
        expect(closed.ofMember("ann")!.may("read", task()).allowed).toBe(true)
        const unread = new EnterpriseDecisions({ ...charter.state(), unread: 4 })
        for (const member of ["mia", "ann"]) {
          expect(unread.ofMember(member)!.may("read", task())).toMatchObject({ allowed: false, isUnjudged: true })
          expect(unread.ofMember(member)!.allowing(task())("read")).toBe(false)
        }
        yield* write({ _tag: "RemoveMember", member: "mia" })
        expect(decisions().ofMember("mia")).toBeUndefined()
        expect(decisions().ofMember("nobody")).toBeUndefined()
      })
  )

  it.effect("[EP-92] [EP-24] the desk explains for one that has none", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2])
      yield* write({ _tag: "AddMember", member: "eve", name: "Eve", role: "member", teams: ["north"] })
      const records = { partitions: Effect.succeed([]), partitionsOf: () => Effect.succeed([]) }
      const explain = (action: Action) =>
        PolicyDesk.explain(charter, records, { asker: "eve", action, type: "task", header: { team: "north" } })
      const noSalary = { id: "no-salary", effect: "forbid", actions: ["update"], fields: ["salary"] }
      const works = { id: "works", actions: ["read", "update"], types: ["task"] }
      const weaker = { ...works, id: "weaker" }
      yield* write(policy({ ...works, to: { teams: ["north"] } }, weaker, noSalary))
      const { decision, devices, fields, lines, losing } = yield* explain("update")
      expect([decision.rule, devices, losing]).toEqual(["works", [], ["weaker"]])
      expect(fields).toMatchObject([{ field: "salary", decision: { rule: "no-salary" } }])
      expect(lines[0]).toBe('Eve (member, in north) may update task with team "north", but not: salary.')
      expect((yield* explain("delete")).lines[0]).toBe('Eve (member, in north) may not delete task with team "north".')
    })
  )
})
