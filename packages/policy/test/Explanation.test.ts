/**
 * What is told of fields and of a member's several devices, and that comparing a whole team lets others work.
 */
import { describe, expect, it, vi } from "@effect/vitest"
import { CharterOperation, PeerId } from "@syncline/core"
import { Effect } from "effect"
import { EnterpriseDecisions } from "../src/EnterpriseDecisions.ts"
import * as Explanation from "../src/Explanation.ts"
import * as PolicyDesk from "../src/PolicyDesk.ts"
import * as PolicyReview from "../src/PolicyReview.ts"
import { asks, deviceOf, doing, open, peer, policy } from "./space.ts"

const task = { type: "task", header: {} }
const note = { type: "note", header: {} }
const sizes = [
  { partition: task, records: 7 },
  { partition: note, records: 2 }
]
const records: PolicyDesk.DeskRecords = {
  partitions: Effect.succeed(sizes),
  partitionsOf: () => Effect.succeed([])
}
const works = { id: "works", actions: ["read", "create", "update"], types: ["task", "note"] }
const noSalary = { id: "no-salary", effect: "forbid", actions: ["update"], fields: ["salary"] }

describe("fields", () => {
  it.effect("[EP-43] that are denied where the record may be written are named, with their rules", () =>
    Effect.gen(function* () {
      const { charter, gate, write } = yield* open(["mia", "member", 2])
      yield* write(policy(works, noSalary))
      const explain = (action: "update" | "create", partition = task) =>
        Explanation.ofDevice(new EnterpriseDecisions(charter.state()), peer(2), { action, partition })
      expect(explain("update").lines).toEqual([
        "mia (member) may update task, but not: salary.",
        "Decided by works at version 4: the rule works lets mia update task (everybody).",
        "Not salary, by no-salary: the rule no-salary forbids mia to update task.salary."
      ])
      expect(explain("update").fields).toMatchObject([{ field: "salary", decision: { rule: "no-salary" } }])
      expect(yield* asks(gate, task)(2, doing("update", "salary"))).toMatchObject({ allowed: false, rule: "no-salary" })
      expect(explain("create").fields).toEqual([])
      expect(explain("update", note).fields).toEqual([])
      yield* write(policy({ id: "reads" }, { id: "titles", actions: ["update"], fields: ["title"] }))
      expect(explain("update").lines[0]).toBe("mia (member) may update task, but not: salary, any other field.")
      expect(explain("update").lines.at(-1)).toBe(
        "Not salary, any other field, by default: no rule lets mia update task.salary, and what no rule allows is denied."
      )
      for (const field of ["rank", ""]) {
        expect((yield* asks(gate, task)(2, doing("update", field))).allowed).toBe(false)
      }
    })
  )

  it.effect("[EP-43] are told for themselves by difference and simulation, where they are not as the whole", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2])
      yield* write(policy(works))
      const before = charter.state()
      yield* write(policy(works, noSalary))
      const after = charter.state()
      const turned = { peer: peer(2), action: "update", type: "task", field: "salary", partitions: 1, records: 7 }
      const [lost, ...others] = yield* PolicyReview.diff(before, after, sizes)
      expect(lost).toMatchObject({ ...turned, direction: "loses", samples: [{ after: { rule: "no-salary" } }] })
      expect(others).toEqual([])
      expect(yield* PolicyReview.diff(after, before, sizes)).toMatchObject([{ ...turned, direction: "gains" }])
      const ofFields = (yield* PolicyReview.reach(after, sizes)).filter(({ field }) => field !== undefined)
      expect(ofFields).toEqual([{ ...turned, partitions: 0, records: 0 }])
      expect((yield* PolicyReview.reach(before, sizes)).filter(({ field }) => field !== undefined)).toEqual([])
      yield* write(policy({ id: "reads" }, { id: "titles", actions: ["update"], fields: ["title"] }))
      const fewer = yield* PolicyReview.diff(before, charter.state(), [sizes[0]!])
      expect(fewer.map(({ action, direction, field }) => [direction, action, field])).toEqual([
        ["loses", "create", undefined],
        ["loses", "update", ""]
      ])
    })
  )
})

describe("what is gained or lost of some fields only", () => {
  const reads = { id: "reads", types: ["task", "note"] }
  const titles = { id: "titles", actions: ["update"], fields: ["title"] }
  const told = (impacts: ReadonlyArray<PolicyReview.Impact>) =>
    impacts.map(({ action, direction, field, partitions, records: of, samples }) =>
      [direction, action, field === "" ? "others" : (field ?? "whole"), of, partitions, samples.length].join(" ")
    )

  it.effect("[EP-43] is told beside the whole, with what of it does not turn", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2])
      const stateWith = Effect.fnUntraced(function* (...rules: ReadonlyArray<object>) {
        yield* write(policy(...rules))
        return charter.state()
      })
      const none = yield* stateWith(reads)
      const some = yield* stateWith(reads, titles)
      const most = yield* stateWith(works, noSalary)
      const all = yield* stateWith(works)
      const diff = (before: typeof none, after: typeof none) =>
        Effect.map(PolicyReview.diff(before, after, sizes), told)
      expect(yield* diff(none, some)).toEqual(["gains update whole 7 1 1", "gains update others 0 0 0"])
      expect(yield* diff(some, none)).toEqual(["loses update whole 7 1 1", "loses update others 0 0 0"])
      const created = "gains create whole 9 2 2"
      expect(yield* diff(none, most)).toEqual([created, "gains update whole 9 2 2", "gains update salary 0 0 0"])
      expect(yield* diff(none, all)).toEqual([created, "gains update whole 9 2 2"])
      // The notes as a whole; of the tasks, which could be updated before, the other fields only.
      expect(yield* diff(some, most)).toEqual([created, "gains update whole 2 1 1", "gains update others 7 1 1"])
    })
  )

  it.effect("[EP-43] is summed over all partitions, whether the whole turns there or not", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2])
      const north = { where: [{ field: "team", op: "eq", value: "north" }] }
      const places = ["north", "south"].map((team, i) => ({
        partition: { type: "task", header: { team } },
        records: 10 ** i
      }))
      yield* write(policy({ id: "reads" }, { ...titles, ...north }))
      const before = charter.state()
      yield* write(policy({ id: "reads" }, { ...titles, fields: ["title", "salary"] }))
      expect(told(yield* PolicyReview.diff(before, charter.state(), places))).toEqual([
        "gains update whole 10 1 1",
        "gains update salary 11 2 2",
        "gains update others 0 0 0"
      ])
    })
  )
})

describe("a member with several devices", () => {
  it.effect("[EP-44] may what any of them may, and the others are named", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2])
      yield* write({ _tag: "AddDevice", member: "mia", device: deviceOf(3).publicKey, name: "phone" })
      yield* write({ _tag: "PauseDevice", device: deviceOf(2).publicKey, isPaused: true })
      const explain = PolicyDesk.explain(charter, records, { asker: "mia", action: "update", type: "task" })
      const byRole = yield* explain
      expect(byRole.decision).toMatchObject({ allowed: true, rule: "role/member" })
      expect(byRole.devices).toMatchObject([{ peer: peer(2), decision: { allowed: false, rule: "charter/paused" } }])
      expect(byRole.lines.at(-1)).toBe(`Not on mia's (${peer(2)}), by charter/paused: mia's is paused.`)
      yield* write({ _tag: "PauseDevice", device: deviceOf(2).publicKey, isPaused: false })
      expect((yield* explain).devices).toEqual([])
      yield* write(policy(works, { ...noSalary, to: { devices: [peer(2)] } }))
      const fewer = yield* explain
      expect(fewer.fields).toEqual([])
      expect(fewer.devices).toMatchObject([{ peer: peer(2), fields: [{ field: "salary" }] }])
      expect(fewer.lines.at(-1)).toBe(`On mia's (${peer(2)}) not: salary.`)
      yield* write(
        { _tag: "PauseDevice", device: deviceOf(2).publicKey, isPaused: true },
        { _tag: "PauseDevice", device: deviceOf(3).publicKey, isPaused: true }
      )
      expect((yield* explain).decision).toMatchObject({ allowed: false, rule: "charter/paused" })
      // What none may: the one that is let in says why.
      yield* write(policy(), { _tag: "PauseDevice", device: deviceOf(3).publicKey, isPaused: false })
      expect((yield* explain).decision).toMatchObject({ allowed: false, rule: "default" })
    })
  )
})

describe("comparing a whole team", () => {
  const partitions = Array.from({ length: 6_000 }, (_, i) => ({
    partition: { type: "task", header: { team: `t${i}` } },
    records: 1
  }))
  const rules = Array.from({ length: 60 }, (_, i) => ({
    actions: ["read", "create", "update", "delete"],
    where: [{ field: "team", op: "eq", value: `t${i}` }]
  }))

  it.effect("[EP-45] asks once for all with the same rights, and what it finds is what each would be told", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(
        ["mia", "member", 2, "north"],
        ["max", "member", 3, "north"],
        ["rob", "readonly", 4],
        ["ned", "member", 6, "north"],
        ["pam", "member", 7, "north"],
        ["pat", "member", 10, "north"],
        ["sue", "member", 8, "south"],
        ["tom", "readonly", 9, "north"]
      )
      // Between the devices of pam and pat, whom no header names, as "pan" is between their names.
      const between = [peer(7), peer(10)].toSorted()[1]!.slice(0, -1)
      yield* write({ _tag: "AddDevice", member: "mia", device: deviceOf(5).publicKey, name: "phone" })
      const few = [
        ...["north", "south", "mia", peer(5), peer(2), "ned", "pan", between].map((owner, i) => ({
          partition: { type: "task", header: { team: i % 2 === 0 ? "north" : "t", owner } },
          records: i + 1
        })),
        { partition: { type: "task", header: {} }, records: 9 },
        { partition: { type: "task", header: { audience: "max" } }, records: 1 }
      ]
      const documents = [
        policy(),
        policy({ actions: ["read"], where: [{ field: "owner", op: "eq", value: "$member" }] }, noSalary),
        policy({ actions: ["read", "update"], where: [{ field: "owner", op: "lte", value: "$device" }] }),
        policy({ actions: ["read", "update"], where: [{ field: "owner", op: "lte", value: "$member" }] }),
        policy({ actions: ["administer"], to: { devices: [peer(5)] } }, { to: { members: ["max"] }, effect: "forbid" }),
        policy({ actions: ["administer"] }, { to: { members: ["pam"] }, effect: "forbid" }),
        policy({ actions: ["administer"] }, { to: { devices: [peer(8)] }, effect: "forbid" }),
        policy({ where: [{ field: "team", op: "in", value: "$teams" }] }, { to: { roles: ["readonly"] } })
      ]
      for (const document of documents) {
        const before = charter.state()
        yield* write(document)
        const after = charter.state()
        const [old, fresh] = [new EnterpriseDecisions(before), new EnterpriseDecisions(after)]
        const told = yield* PolicyReview.diff(before, after, few)
        const reach = yield* PolicyReview.reach(after, few)
        for (const device of after.devices.keys()) {
          for (const action of ["read", "create", "update", "delete", "share", "administer"] as const) {
            const could = few.filter(({ partition }) => old.may(device, action, partition).allowed)
            const can = few.filter(({ partition }) => fresh.may(device, action, partition).allowed)
            const isIt = (each: PolicyReview.Deed & { readonly peer: PeerId.PeerId }) =>
              each.peer === device && each.action === action && each.field === undefined
            const sum = (found: typeof few) => found.reduce((all, { records: count }) => all + count, 0)
            expect(reach.find(isIt)).toMatchObject({ partitions: can.length, records: sum(can) })
            const lost = told.find((each) => isIt(each) && each.direction === "loses")?.records ?? 0
            const gained = told.find((each) => isIt(each) && each.direction === "gains")?.records ?? 0
            expect(lost).toBe(sum(could.filter((each) => !can.includes(each))))
            expect(gained).toBe(sum(can.filter((each) => !could.includes(each))))
          }
        }
        for (const { action, after: is, before: was, partition, peer: who } of told.flatMap(({ samples, ...impact }) =>
          samples.map((sample) => ({ ...impact, ...sample }))
        )) {
          expect([was, is]).toEqual([old.may(who, action, partition), fresh.may(who, action, partition)])
        }
      }
    })
  )

  it.live(
    "[EP-45] takes seconds for 42 devices and 6,000 partitions, and others have their turns",
    () =>
      Effect.gen(function* () {
        const { charter, write } = yield* open()
        const people = Array.from({ length: 41 }, (_, i) => i + 2)
        yield* write(...people.slice(0, 20).flatMap(joiningAs))
        yield* write(...people.slice(20).flatMap(joiningAs))
        const before = charter.state()
        yield* write(policy(...rules))
        let worstMs = 0
        let turns = 0
        let last = performance.now()
        const timer = setInterval(() => {
          worstMs = Math.max(worstMs, performance.now() - last)
          last = performance.now()
          turns++
        }, 1)
        const asked = vi.spyOn(EnterpriseDecisions.prototype, "allowing")
        yield* Effect.addFinalizer(() => Effect.sync(() => asked.mockRestore()))
        const begin = performance.now()
        const impacts = yield* PolicyReview.diff(before, charter.state(), partitions)
        const reach = yield* PolicyReview.reach(charter.state(), partitions)
        const allMs = performance.now() - begin
        clearInterval(timer)
        // All 41 have the same rights, so each state is asked once for them, and for the owner; about each kind of partition.
        const kinds = rules.length + 1
        expect(asked.mock.calls.length).toBe(2 * 2 * kinds + 2 * kinds)
        expect(impacts).toHaveLength(4 * 41)
        expect(reach).toHaveLength(6 * 42)
        expect(allMs).toBeLessThan(10_000)
        expect(worstMs).toBeLessThan(250)
        expect(turns).toBeGreaterThan(5)
      }),
    60_000
  )
})

const joiningAs = (number: number): ReadonlyArray<CharterOperation.CharterOperation> => [
  { _tag: "AddMember", member: `m${number}`, name: "m", role: "member", teams: [] },
  { _tag: "AddDevice", member: `m${number}`, device: deviceOf(number).publicKey, name: "d" }
]
