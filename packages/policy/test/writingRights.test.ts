/**
 * What it takes to write beside a rule that allows it: reading, and sharing what is for others; and what `administer` says.
 */
import { describe, expect, it } from "@effect/vitest"
import type { CharterOperation } from "@syncline/core"
import { Effect } from "effect"
import * as PolicyReview from "../src/PolicyReview.ts"
import { EnterpriseDecisions } from "../src/EnterpriseDecisions.ts"
import * as Explanation from "../src/Explanation.ts"
import { asks, doing, open, peer, policy } from "./space.ts"

const task = { type: "task", header: { team: "north" } }
const writes = ["create", "update", "delete"] as const

/** A policy of one type `note`, whose records are for an audience. */
const shared = (...rules: ReadonlyArray<object>): CharterOperation.CharterOperation => ({
  _tag: "SetPolicy",
  text: JSON.stringify({
    version: 1,
    types: { note: { header: { audience: "audience" } } },
    rules: rules.map((rule, i) => ({ id: `r${i}`, effect: "allow", actions: ["read"], types: ["note"], ...rule }))
  })
})

const note = (audience?: string) => ({ type: "note", header: audience === undefined ? {} : { audience } })

describe("writing", () => {
  it.effect("[EP-40] takes reading, and explanation, simulation and gate name the rule that denies it", () =>
    Effect.gen(function* () {
      const { charter, gate, write } = yield* open(["mia", "member", 2, "north"])
      const hidden = { id: "hidden", effect: "forbid", where: [{ field: "team", op: "eq", value: "north" }] }
      for (const [rule, rules] of [
        ["default", [{ id: "writes", actions: [...writes] }]],
        ["hidden", [{ id: "writes", actions: ["read", ...writes] }, hidden]]
      ] as const) {
        yield* write(policy(...rules))
        const decisions = new EnterpriseDecisions(charter.state())
        for (const action of writes) {
          expect(yield* asks(gate, task)(2, doing(action))).toMatchObject({ allowed: false, rule })
          const { decision, losing } = Explanation.ofDevice(decisions, peer(2), { action, partition: task })
          expect(decision).toMatchObject({ allowed: false, rule })
          expect(decision.because).toMatch(new RegExp(`^what it may not read it may not ${action}, and `))
          expect(losing).toEqual(["writes"])
        }
        expect(decisions.may(peer(2), "update", task, "title")).toMatchObject({ allowed: false, rule })
      }
      const fine = { type: "task", header: { team: "south" } }
      expect(yield* asks(gate, fine)(2, doing("create"))).toMatchObject({ allowed: true, rule: "writes" })
    })
  )

  it.effect("[EP-41] for others takes share as well, for oneself, for nobody or without an audience it does not", () =>
    Effect.gen(function* () {
      const { gate, write } = yield* open(["mia", "member", 2, "north"], ["adam", "admin", 3])
      const creates = (audience?: string, number = 2) =>
        Effect.map(asks(gate, note(audience))(number, doing("create")), ({ allowed, rule }) => `${allowed} ${rule}`)
      const foreign = ["max", "max mia", "mia team:north", "team:north", peer(3)]
      const own = [undefined, "", "mia", peer(2), [peer(2), "mia"].toSorted().join(" ")]
      yield* write(shared({ id: "works", actions: ["read", ...writes] }))
      for (const audience of own) expect(yield* creates(audience)).toBe("true works")
      for (const audience of foreign) expect(yield* creates(audience)).toBe("false default")
      for (const what of ["update", "delete"] as const) {
        expect((yield* asks(gate, note("max"))(2, doing(what))).allowed).toBe(true)
      }
      expect(yield* creates("max", 1)).toBe("true charter/owner")
      yield* write(
        shared(
          { id: "works", actions: ["read", ...writes] },
          { id: "may-share", actions: ["share"], to: { roles: ["admin"] } },
          { id: "not-mia", effect: "forbid", actions: ["share"], to: { members: ["mia"] } }
        )
      )
      for (const audience of foreign) expect(yield* creates(audience)).toBe("false not-mia")
      expect((yield* asks(gate, note("max"))(2, doing("create"))).because).toBe(
        "to create it for others takes share, and the rule not-mia forbids mia to share note"
      )
      expect(yield* creates("max", 3)).toBe("true works")
    })
  )

  it.effect("[EP-41] without a document members share as they like", () =>
    Effect.gen(function* () {
      const { gate } = yield* open(["mia", "member", 2], ["max", "member", 3])
      expect((yield* asks(gate, note("max mia"))(2, doing("create"))).allowed).toBe(true)
    })
  )

  it.effect("[EP-42] administer stands for every action, where it is allowed and where it is forbidden", () =>
    Effect.gen(function* () {
      const { charter, gate, write } = yield* open(["mia", "member", 2], ["max", "member", 3])
      yield* write(
        policy(
          { id: "all", actions: ["administer"] },
          { id: "none", effect: "forbid", actions: ["administer"], to: { members: ["max"] } }
        )
      )
      const reach = yield* PolicyReview.reach(charter.state(), [{ partition: task, records: 1 }])
      for (const [number, rule, allowed] of [
        [2, "all", true],
        [3, "none", false]
      ] as const) {
        for (const action of writes) {
          expect(yield* asks(gate, task)(number, doing(action))).toMatchObject({ allowed, rule })
        }
        expect(yield* gate.canSend(task, peer(number))).toMatchObject({ allowed, rule })
        const found = reach.filter((each) => each.peer === peer(number) && each.records > 0)
        expect(found.map(({ action }) => action)).toEqual(
          allowed ? ["read", "create", "update", "delete", "share", "administer"] : []
        )
      }
    })
  )
})
