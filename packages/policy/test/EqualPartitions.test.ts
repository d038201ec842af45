/**
 * Partitions that are said to be alike must be, for everybody and everything that can be asked.
 */
import { describe, expect, it } from "@effect/vitest"
import { SeededRandom } from "@syncline/core/testing"
import { Effect } from "effect"
import { EnterpriseDecisions } from "../src/EnterpriseDecisions.ts"
import { otherFields } from "../src/SubjectDecisions.ts"
import { actions } from "../src/PolicyDocument.ts"
import { deviceOf, open, peer, type TeamSpace } from "./space.ts"

type Random = SeededRandom.SeededRandom
type Value = string | number | boolean | null

const types = {
  task: { header: { team: "text", owner: "text", level: "number", open: "boolean" }, fields: ["title", "done"] },
  note: { header: { team: "text", audience: "audience" } }
} as const
const texts = ["north", "south", "west", "mia", "max", "rob", "x", peer(2), peer(3)]
const audiences = ["", "mia", "max mia", "team:north", "x", peer(2)]
const kinds: Record<string, ReadonlyArray<Value>> = {
  text: texts,
  number: [0, 1, 2, 3, 4],
  boolean: [true, false],
  audience: audiences
}

const termOf = (random: Random, field: string, kind: string): object => {
  if (random.chance(0.2)) return { field, op: "exists", value: random.chance(0.5) }
  if (kind === "audience") return { field, op: "has", value: random.pick(["$me", "mia", "team:north"]) }
  if (kind === "boolean") return { field, op: random.pick(["eq", "ne"]), value: random.chance(0.5) }
  const from: ReadonlyArray<Value> = kind === "text" ? [...texts.slice(0, 5), "$member", "$device"] : kinds[kind]!
  const op = random.pick(["eq", "ne", "in", "nin", "lt", "gte"])
  if (op !== "in" && op !== "nin") return { field, op, value: random.pick(from) }
  if (kind === "text" && random.chance(0.4)) return { field, op, value: "$teams" }
  return { field, op, value: from.filter(() => random.chance(0.3)) }
}

const ruleOf = (random: Random, id: string): object => {
  const type = random.pick(["task", "note"] as const)
  const header = Object.entries<string>(types[type].header).filter(() => random.chance(0.3))
  const hasFields = type === "task" && random.chance(0.3)
  return {
    id,
    effect: random.chance(0.75) ? "allow" : "forbid",
    actions: hasFields ? ["update"] : actions.filter(() => random.chance(0.5)).concat("read"),
    types: [type],
    ...(hasFields ? { fields: ["title"] } : {}),
    ...(random.chance(0.5) ? {} : { to: { members: [random.pick(["mia", "max"])] } }),
    ...(header.length === 0 ? {} : { where: header.map(([field, kind]) => termOf(random, field, kind)) })
  }
}

const partitionOf = (random: Random) => {
  const type = random.pick(["task", "note", "other"])
  const declared = Object.entries<string>(type === "other" ? { team: "text" } : types[type as "task" | "note"].header)
  const header: Record<string, Value> = {}
  for (const [field, kind] of declared) {
    if (random.chance(0.2)) continue
    header[field] = random.chance(0.05) ? random.pick<Value>([null, 7, true, "y x"]) : random.pick(kinds[kind]!)
  }
  return { type, header }
}

const differing = (decisions: EnterpriseDecisions, random: Random): ReadonlyArray<string> => {
  const keyOf = decisions.partitionKeys()
  const firsts = new Map<string, string>()
  const wrong: Array<string> = []
  for (let i = 0; i < 120; i++) {
    const partition = partitionOf(random)
    const answers = [1, 2, 3, 4, 5].flatMap((device) => {
      const may = decisions.allowing(peer(device), partition)
      const fields = [undefined, "title", otherFields]
      return actions.flatMap((action) => fields.map((field) => may(action, field)))
    })
    const key = `${partition.type}\n${keyOf(partition)}`
    const told = JSON.stringify(answers)
    if ((firsts.get(key) ?? told) !== told) wrong.push(`${JSON.stringify(partition)}: ${key}`)
    firsts.set(key, firsts.get(key) ?? told)
  }
  return wrong
}

describe("partitions with one key", () => {
  it.effect("[EP-91] have the same answers, for 120 random documents and without one", () =>
    Effect.gen(function* () {
      const space: TeamSpace = yield* open(
        ["mia", "member", 2, "north"],
        ["max", "admin", 3, "south"],
        ["rob", "readonly", 4]
      )
      yield* space.write({ _tag: "AddDevice", member: "mia", device: deviceOf(5).publicKey, name: "phone" })
      expect(differing(new EnterpriseDecisions(space.charter.state()), new SeededRandom.SeededRandom(1))).toEqual([])
      for (let seed = 1; seed <= 120; seed++) {
        const random = new SeededRandom.SeededRandom(seed)
        const rules = Array.from({ length: random.between(1, 8) }, (_, i) => ruleOf(random, `r${i}`))
        const text = JSON.stringify({ version: 1, types, rules })
        const state = { ...space.charter.state(), policy: { text, version: 9 } }
        const found = differing(new EnterpriseDecisions(state), random)
        expect({ seed, text, found }).toMatchObject({ found: [] })
      }
      const unreadable = { ...space.charter.state(), policy: { text: "version: 9", version: 9 } }
      expect(differing(new EnterpriseDecisions(unreadable), new SeededRandom.SeededRandom(2))).toEqual([])
    })
  )
})
