import { SeededRandom } from "@syncline/core/testing"
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import * as PolicyCompiler from "../src/PolicyCompiler.ts"
import * as PolicyDocument from "../src/PolicyDocument.ts"
import type { PolicySubject } from "../src/PolicySubject.ts"
import { decide } from "./referenceEvaluator.ts"

type Random = SeededRandom.SeededRandom
type Scalar = string | number | boolean

const types = {
  task: { header: { team: "text", owner: "text", level: "number", open: "boolean" }, fields: ["title", "done"] },
  note: { header: { team: "text", "a.b": "text", shared: "audience" } },
  plain: {}
} as const

const some = <A>(random: Random, from: ReadonlyArray<A>): Array<A> => from.filter(() => random.chance(0.4))
const atLeastOne = <A>(random: Random, from: ReadonlyArray<A>): Array<A> => {
  const found = some(random, from)
  return found.length > 0 ? found : [random.pick(from)]
}

const values = {
  text: ["north", "south", "ann", "bob"],
  number: [0, 1, 2, 3],
  boolean: [true, false],
  audience: ["", "ann", "ann bob", "bob team:north", "team:north team:south", "ann team:south"]
} as const

const term = (random: Random, field: string, kind: keyof typeof values): PolicyDocument.Term => {
  const fitting = PolicyDocument.operators.filter(
    (each) => each !== "has" && (kind !== "boolean" || !/^[lg]t/.test(each))
  )
  const op = random.pick(kind === "audience" ? (["has", "exists"] as const) : fitting)
  if (op === "has") return { field, op, value: random.pick(["$me", "ann", "team:north"]) }
  if (op === "exists") return { field, op, value: random.chance(0.5) }
  const from: ReadonlyArray<Scalar> = kind === "text" ? [...values.text, "$member", "$device"] : values[kind]
  if (op !== "in" && op !== "nin") return { field, op, value: random.pick(from) }
  return { field, op, value: kind === "text" && random.chance(0.3) ? "$teams" : some(random, from) }
}

const rule = (random: Random, id: string): PolicyDocument.Rule => {
  const all = random.chance(0.15)
  const type = random.pick(["task", "note", "plain"] as const)
  const header = Object.entries(
    all ? {} : ((types[type] as { header?: Record<string, keyof typeof values> }).header ?? {})
  )
  const where = header.filter(() => random.chance(0.4)).map(([field, kind]) => term(random, field, kind))
  const writes = !all && type === "task" && random.chance(0.3)
  return {
    id,
    effect: random.chance(0.7) ? "allow" : "forbid",
    actions: writes ? ["update"] : atLeastOne(random, PolicyDocument.actions),
    types: all ? "all" : [type],
    ...(random.chance(0.3) ? {} : { to: target(random) }),
    ...(where.length > 0 ? { where } : {}),
    ...(writes ? { fields: atLeastOne(random, types.task.fields) } : {})
  }
}

const target = (random: Random): PolicyDocument.Target => ({
  ...(random.chance(0.5) ? { roles: atLeastOne(random, ["admin", "member"]) } : {}),
  ...(random.chance(0.3) ? { teams: atLeastOne(random, ["north", "south"]) } : {}),
  ...(random.chance(0.3) ? { members: atLeastOne(random, ["ann", "bob"]) } : {}),
  ...(random.chance(0.3) ? { devices: atLeastOne(random, ["d1", "d2"]) } : {})
})

const subject = (random: Random): PolicySubject => ({
  device: random.pick(["d1", "d2", undefined]),
  member: random.pick(["ann", "bob"]),
  role: random.pick(["admin", "member"]),
  level: random.between(1, 99),
  teams: some(random, ["north", "south"])
})

const headerOf = (random: Random, type: string) => {
  const declared = Object.entries((types as Record<string, { header?: Record<string, string> }>)[type]?.header ?? {})
  const header: Record<string, Scalar | null> = {}
  for (const [field, kind] of declared) {
    if (random.chance(0.25)) continue
    header[field] = random.chance(0.05) ? null : random.pick<Scalar>(values[kind as keyof typeof values])
    if (random.chance(0.02)) header[field] = random.pick<Scalar>(["x y x", " ", 1, true])
  }
  if (random.chance(0.02)) header["__proto__x"] = "north"
  return header
}

describe("a compiled policy", () => {
  it("[EP-1] decides as the sentence says, for 100,000 random documents", { timeout: 120_000 }, () => {
    let allowed = 0
    const wrong: Array<string> = []
    for (let seed = 1; seed <= 100_000; seed++) {
      const random = new SeededRandom.SeededRandom(seed)
      const rules = Array.from({ length: random.between(0, 8) }, (_, i) => rule(random, `r${i}`))
      const document = Result.getOrThrow(PolicyDocument.parse({ version: 1, types, rules }))
      const who = subject(random)
      const compiled = PolicyCompiler.compile(document, who)
      for (let i = 0; i < 2; i++) {
        const action = random.pick(PolicyDocument.actions)
        const type = random.pick(["task", "note", "plain", "other"])
        const header = headerOf(random, type)
        const field = action === "update" && random.chance(0.5) ? random.pick(["title", "done", "rank"]) : undefined
        const expected = decide(document, who, action, type, header, field)
        const { allowed: isAllowed, rule: by } =
          field !== undefined && random.chance(0.5)
            ? compiled.decideFields(action, type, header)(field)
            : compiled.decide(action, type, header, field)
        if (isAllowed) allowed++
        if (isAllowed !== expected.allowed || by !== expected.rule) {
          wrong.push(`seed ${seed}: ${JSON.stringify({ rules, who, action, type, header, field, expected, by })}`)
        }
      }
    }
    expect(wrong).toEqual([])
    expect(allowed).toBeGreaterThan(20_000)
    expect(allowed).toBeLessThan(120_000)
  })

  it("[EP-67] a forbid holds where the value that it asks about is missing, an allow does not", () => {
    const header = { team: "text", level: "number", shared: "audience" }
    const terms = [
      ...(["eq", "ne"] as const).map((op) => ({ field: "team", op, value: "north" })),
      ...(["in", "nin"] as const).map((op) => ({ field: "team", op, value: ["north"] })),
      ...(["lt", "lte", "gt", "gte"] as const).map((op) => ({ field: "level", op, value: 3 })),
      { field: "team", op: "nin", value: "$teams" },
      { field: "team", op: "ne", value: "$member" },
      { field: "shared", op: "has", value: "$me" }
    ]
    const who = { device: "d", member: "m", role: "r", level: 1, teams: [] }
    const decides = (values: object, ...rules: ReadonlyArray<object>) => {
      const whole = rules.map((each, i) => ({ id: `r${i}`, actions: ["read"], types: ["task"], ...each }))
      const document = PolicyDocument.parse({ version: 1, types: { task: { header } }, rules: whole })
      return PolicyCompiler.compile(Result.getOrThrow(document), who).decide("read", "task", { ...values }).allowed
    }
    for (const term of terms) {
      for (const missing of [{}, { [term.field]: null }]) {
        expect([term, decides(missing, { effect: "allow", where: [term] })]).toEqual([term, false])
        const forbid = { effect: "forbid", where: [term] }
        expect([term, decides(missing, { effect: "allow" }, forbid)]).toEqual([term, false])
        const where = [{ field: term.field, op: "exists", value: true }, term]
        expect([term, decides(missing, { effect: "allow" }, { ...forbid, where })]).toEqual([term, true])
      }
    }
  })

  it("[EP-1] a type that is called all is one type", () => {
    const rules = [{ id: "r", effect: "allow", actions: ["read"], types: ["all"] }]
    const document = Result.getOrThrow(PolicyDocument.parse({ version: 1, types: { all: {}, secret: {} }, rules }))
    const compiled = PolicyCompiler.compile(document, { device: "d", member: "m", role: "r", level: 1, teams: [] })
    expect(compiled.decide("read", "all", {}).allowed).toBe(true)
    expect(compiled.decide("read", "secret", {}).allowed).toBe(false)
  })
})
