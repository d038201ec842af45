/**
 * What rules on fields cost whoever judges by them, and what they are said to have decided.
 */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { EnterpriseDecisions } from "../src/EnterpriseDecisions.ts"
import { open, peer, policy } from "./space.ts"

const task = { type: "task", header: { team: "north" } }
const all = { id: "all", actions: ["read", "create", "update"] }
const noSalary = { id: "no-salary", effect: "forbid", actions: ["create", "update"], fields: ["salary"] }
const writing = (...fields: ReadonlyArray<string>) => ({
  creates: true,
  updates: true,
  deletes: false,
  fields: new Set(fields)
})
const unnamed = Array.from({ length: 8_000 }, (_, i) => `f${i}`)

describe("a commit that writes to thousands of fields", () => {
  it.effect("[EP-90] is decided on once for all that no rule names", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2, "north"])
      yield* write(policy(all, noSalary))
      const decisions = new EnterpriseDecisions(charter.state())
      expect(decisions.mayDo(peer(2), task, writing("title", ...unnamed))).toMatchObject({ allowed: true, rule: "all" })
      // To read, and to create and update any other field.
      expect(decisions.size).toBe(3)
      const denied = decisions.mayDo(peer(2), task, writing(...unnamed, "salary"))
      expect(denied).toMatchObject({ allowed: false, rule: "no-salary" })
      expect(denied.because).toContain("create task.salary")
      expect(decisions.size).toBe(4)
    })
  )

  it.effect("[EP-90] is refused at the first that is denied, by its name", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2, "north"])
      const named = ["title", "salary"]
      yield* write(policy({ id: "read" }, { id: "named", actions: ["create", "update"], fields: named }))
      const decisions = new EnterpriseDecisions(charter.state())
      const denied = decisions.mayDo(peer(2), task, writing("f7", ...unnamed, ...named))
      expect(denied).toMatchObject({ allowed: false, rule: "default" })
      expect(denied.because).toBe("no rule lets mia create task.f7, and what no rule allows is denied")
      expect(decisions.size).toBe(1)
      expect(decisions.mayDo(peer(2), task, writing(...named)).allowed).toBe(true)
    })
  )
})
