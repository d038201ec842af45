/**
 * What rules on fields cost whoever judges by them, and what they are said to have decided.
 */
import { describe, expect, it } from "@effect/vitest"
import type { CharterOperation } from "@syncline/core"
import { Effect } from "effect"
import { EnterpriseDecisions } from "../src/EnterpriseDecisions.ts"
import { open, peer, policy } from "./space.ts"

/** A policy of a type that declares these fields. */
const policyOf = (
  fields: ReadonlyArray<string>,
  ...rules: ReadonlyArray<object>
): CharterOperation.CharterOperation => ({
  _tag: "SetPolicy",
  text: JSON.stringify({
    version: 1,
    types: { task: { header: { team: "text" }, fields } },
    rules: rules.map((rule) => ({ effect: "allow", types: ["task"], ...rule }))
  })
})

const all = { id: "all", actions: ["read", "create", "update"] }
const noSalary = { id: "no-salary", effect: "forbid", actions: ["create", "update"], fields: ["salary"] }
const writing = (...fields: ReadonlyArray<string>) => ({
  creates: true,
  updates: true,
  deletes: false,
  fields: new Set(fields)
})
const unnamed = Array.from({ length: 8_000 }, (_, i) => `f${i}`)

/** A device's rights, and how often the header of the record was looked at to decide. */
const asking = (decisions: EnterpriseDecisions) => {
  let looks = 0
  const header = {
    get team() {
      looks++
      return "north"
    }
  }
  return (...fields: ReadonlyArray<string>) => {
    looks = 0
    const answer = decisions.mayDo(peer(2), { type: "task", header }, writing(...fields))
    return { answer, looks }
  }
}

describe("a commit that writes to thousands of fields", () => {
  it.effect("[EP-90] takes as many looks at the rules as one that writes to two", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2, "north"])
      const named = Array.from({ length: 100 }, (_, i) => `secret${i}`)
      yield* write(policyOf(["salary", ...named], all, { ...noSalary, fields: ["salary", ...named] }))
      const ask = asking(new EnterpriseDecisions(charter.state()))
      ask("title")
      const few = ask("title", "f0")
      const many = ask("title", ...unnamed)
      expect(few.answer).toMatchObject({ allowed: true, rule: "all" })
      expect(many).toEqual(few)
      expect(few.looks).toBeGreaterThan(0)
      const denied = ask(...unnamed, "salary", ...named)
      expect(denied.answer).toMatchObject({ allowed: false, rule: "no-salary" })
      expect(denied.answer.because).toContain("create task.salary")
      expect(denied.looks).toBeLessThanOrEqual(few.looks + 1)
    })
  )

  it.effect("[EP-90] fills no memory with their names", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2, "north"])
      yield* write(policy(all, noSalary))
      const decisions = new EnterpriseDecisions(charter.state())
      asking(decisions)(...unnamed)
      // To read, to create and to update.
      expect(decisions.size).toBe(3)
    })
  )

  it.effect("[EP-90] is refused at the first that is denied, by its name", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2, "north"])
      const named = ["title", "salary"]
      yield* write(policy({ id: "read" }, { id: "named", actions: ["create", "update"], fields: named }))
      const ask = asking(new EnterpriseDecisions(charter.state()))
      const { answer } = ask("title", "f7", ...unnamed, ...named)
      expect(answer).toMatchObject({ allowed: false, rule: "default" })
      expect(answer.because).toBe("no rule lets mia create task.f7, and what no rule allows is denied")
      expect(ask(...named).answer).toMatchObject({ allowed: true, rule: "named" })
    })
  )
})
