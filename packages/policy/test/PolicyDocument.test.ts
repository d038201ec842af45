import { Result } from "effect"
import { describe, expect, it } from "vitest"
import * as PolicyDocument from "../src/PolicyDocument.ts"

const types = {
  task: { header: { team: "text", level: "number", open: "boolean" }, fields: ["title"] },
  note: { header: { team: "number" } },
  letter: { header: { to: "audience" } }
}
const rule = { id: "r", effect: "allow", actions: ["read"], types: ["task"] }
const withRule = (change: object) => ({ version: 1, types, rules: [{ ...rule, ...change }] })
const where = (term: object) => withRule({ where: [term] })

const problemsOf = (input: unknown): string =>
  Result.match(PolicyDocument.parse(input), { onSuccess: () => "", onFailure: (problems) => problems.join("; ") })

describe("a policy document", () => {
  it("[EP-2] that is in order is taken", () => {
    for (const change of [
      {},
      { to: {} },
      { types: "all" },
      { where: [{ field: "team", op: "in", value: "$teams" }] },
      { where: [{ field: "team", op: "in", value: ["$member", "north"] }] },
      { where: [{ field: "open", op: "eq", value: true }] },
      { where: [{ field: "level", op: "gte", value: 3 }] },
      { actions: ["update", "create"], fields: ["title"] },
      { types: ["letter"], where: [{ field: "to", op: "has", value: "$me" }] },
      { types: ["letter"], where: [{ field: "to", op: "has", value: "team:north" }] },
      { types: ["letter"], where: [{ field: "to", op: "exists", value: false }] },
      { effect: "forbid", actions: ["update"], types: "all", fields: ["title"] }
    ]) {
      expect(problemsOf(withRule(change))).toBe("")
    }
  })

  const refused: ReadonlyArray<readonly [string, unknown, RegExp]> = [
    ["of another version", { version: 2, types, rules: [] }, /version/],
    ["with a key that is not known", { version: 1, types, rules: [], extra: 1 }, /extra/],
    ["with a rule that says more", withRule({ unless: [] }), /unless/],
    ["with an unknown effect", withRule({ effect: "permit" }), /effect/],
    ["with an unknown action", withRule({ actions: ["manage"] }), /actions/],
    ["with no action", withRule({ actions: [] }), /actions/],
    ["with an unknown operator", where({ field: "team", op: "regex", value: "a+" }), /op/],
    ["with an unknown type", withRule({ types: ["tsak"] }), /rule r: there is no type tsak/],
    ["with a field of the body in a condition", where({ field: "title", op: "eq", value: "x" }), /no header field/],
    ["with a field of Object's", where({ field: "constructor", op: "eq", value: "x" }), /no header field/],
    ["with a value of another kind", where({ field: "level", op: "eq", value: "3" }), /task.level: 3 is no number/],
    ["with a list for one value", where({ field: "team", op: "eq", value: ["a"] }), /eq takes one value/],
    ["with one value for a list", where({ field: "team", op: "in", value: "a" }), /in takes a list/],
    ["with a structure as value", where({ field: "team", op: "eq", value: { $ne: 1 } }), /value/],
    ["with an unknown variable", where({ field: "team", op: "eq", value: "$user" }), /neither \$member/],
    [
      "with an audience compared",
      withRule({ types: ["letter"], where: [{ field: "to", op: "eq", value: "mia" }] }),
      /has/
    ],
    ["with a text that has", where({ field: "team", op: "has", value: "mia" }), /audience/],
    ["with no name", withRule({ types: ["letter"], where: [{ field: "to", op: "has", value: "Mia!" }] }), /has takes/],
    ["with all in a text", where({ field: "team", op: "eq", value: "$me" }), /neither/],
    ["with teams compared", where({ field: "team", op: "eq", value: "$teams" }), /in and nin/],
    ["with booleans ordered", where({ field: "open", op: "lt", value: true }), /does not order/],
    [
      "with a condition that one type cannot meet",
      withRule({ types: ["task", "note"], where: [{ field: "team", op: "eq", value: "x" }] }),
      /note.team: x is no number/
    ],
    [
      "with a condition on all types",
      withRule({ types: "all", where: [{ field: "team", op: "eq", value: "x" }] }),
      /needs the types/
    ],
    ["with fields to read", withRule({ fields: ["title"] }), /a record is read as a whole/],
    [
      "with a field that the type lacks",
      withRule({ actions: ["update"], fields: ["titel"] }),
      /task has no field titel/
    ],
    ["with two rules of one name", { version: 1, types, rules: [rule, rule] }, /two of this name/],
    [
      "with too many rules",
      { version: 1, types, rules: Array.from({ length: 201 }, (_, i) => ({ ...rule, id: `${i}` })) },
      /200/
    ],
    [
      "with too many terms",
      withRule({ where: Array.from({ length: 11 }, () => ({ field: "team", op: "eq", value: "x" })) }),
      /10/
    ],
    [
      "with a test of a type that is not there",
      { version: 1, types, rules: [], tests: [{ name: "t", who: {}, type: "x" }] },
      /test t: there is no type x/
    ]
  ]
  for (const [what, input, because] of refused) {
    it(`[EP-2] ${what} is refused`, () => expect(problemsOf(input)).toMatch(because))
  }
})
