/** A document as a table, and the table's cells as changes of its text. */
import { readFileSync } from "node:fs"
import { expect, it } from "@effect/vitest"
import { Result } from "effect"
import { describe } from "vitest"
import { compile } from "../src/PolicyCompiler.ts"
import { type Action, actions, type PolicyDocument } from "../src/PolicyDocument.ts"
import { withCell } from "../src/PolicyEdit.ts"
import * as PolicyDraft from "../src/PolicyDraft.ts"
import * as PolicyFile from "../src/PolicyFile.ts"
import { cellOf, typesOf } from "../src/PolicyMatrix.ts"

const text = readFileSync(new URL("../../../docs/snippets/policy.yaml", import.meta.url), "utf8")
const parsed = (source: string): PolicyDocument => Result.getOrThrow(PolicyFile.parse(source))
const roles = ["admin", "member", "readonly", "nurse"]
/** `share` and `administer` are asked about beside the table. */
const shown = actions.filter((action) => action !== "share" && action !== "administer")

const answers = (source: string, role: string, type: string) =>
  Object.fromEntries(shown.map((action) => [action, cellOf(parsed(source), role, type, action).answer]))

/** Asked of the compiler for somebody who has the role and nothing else, with records of several headers. */
const really = (source: string, role: string, type: string, action: Action): ReadonlySet<boolean> => {
  const compiled = compile(parsed(source), { device: "d", member: "m", role, teams: [] } as never)
  const headers = type === "task" ? [{ team: "north" }, { team: "south" }] : [{}]
  const takes: ReadonlyArray<Action> = action === "read" ? ["read"] : ["read", action]
  return new Set(headers.map((header) => takes.every((each) => compiled.decide(each, type, header).allowed)))
}

describe("the table", () => {
  it("[EP-94] says what each role may do with each type", () => {
    expect(answers(text, "admin", "task")).toEqual({ read: "yes", create: "yes", update: "yes", delete: "yes" })
    expect(answers(text, "member", "task")).toEqual({ read: "some", create: "some", update: "some", delete: "some" })
    expect(answers(text, "readonly", "task")).toEqual({ read: "some", create: "no", update: "no", delete: "no" })
    expect(answers(text, "member", "announcement")).toEqual({ read: "yes", create: "no", update: "no", delete: "no" })
    expect(typesOf(parsed(text))).toEqual(["task", "announcement"])
    expect(cellOf(parsed(text), "readonly", "task", "update").rules).toEqual([
      "tasks-of-own-teams",
      "readonly-writes-nothing"
    ])
  })

  it("[EP-94] says yes and no only where the compiler does for every record", () => {
    for (const role of roles) {
      for (const type of typesOf(parsed(text))) {
        for (const action of shown) {
          const { answer } = cellOf(parsed(text), role, type, action)
          const all = really(text, role, type, action)
          const expected = answer === "some" ? [...all] : [answer === "yes"]
          expect([role, type, action, ...all]).toEqual([role, type, action, ...expected])
        }
      }
    }
  })
})

describe("a cell", () => {
  const change = (source: string, role: string, type: string, action: Action, isAllowed: boolean) =>
    withCell(source, { role, type, action, isAllowed })

  it("[EP-95] becomes as wished by a rule of its own, and nothing else of the text changes", () => {
    const allowed = Result.getOrThrow(change(text, "nurse", "task", "read", true))
    expect(answers(allowed, "nurse", "task")["read"]).toBe("yes")
    expect(allowed).toContain("# Rules see a record's type and its header fields, nothing else.")
    expect(allowed).toContain("- id: may.nurse.task")
    for (const line of text.split("\n").filter((each) => each.trim() !== "")) expect(allowed).toContain(line)
    const both = Result.getOrThrow(change(allowed, "nurse", "task", "update", true))
    expect(both).toContain("actions: [read, update]")
    const back = Result.getOrThrow(
      change(Result.getOrThrow(change(both, "nurse", "task", "update", false)), "nurse", "task", "read", false)
    )
    expect(PolicyDraft.problems(back)).toEqual([])
    // What members of teams may stays open to whoever has the role and a team: to say no takes a rule that forbids.
    expect(answers(back, "nurse", "task")["read"]).toBe("no")
  })

  it("[EP-95] that others' rules allow is forbidden by one of its own, and allowed again by taking that out", () => {
    const without = Result.getOrThrow(change(text, "admin", "announcement", "delete", false))
    expect(answers(without, "admin", "announcement")).toEqual({
      read: "yes",
      create: "yes",
      update: "yes",
      delete: "no"
    })
    expect(without).toContain("- id: no.admin.announcement")
    const again = Result.getOrThrow(change(without, "admin", "announcement", "delete", true))
    expect(again).not.toContain("no.admin.announcement")
    expect(answers(again, "admin", "announcement")["delete"]).toBe("yes")
  })

  it("[EP-95] that other rules keep, or a text that cannot be read, is told and stays", () => {
    expect(Result.getOrThrow(Result.flip(change(text, "readonly", "announcement", "update", true)))).toContain(
      "readonly-writes-nothing"
    )
    expect(Result.getOrThrow(Result.flip(change("rules: [", "member", "task", "read", true)))).toContain(
      "cannot be read"
    )
  })

  it("[EP-95] is changed in a document of one line and in one without rules", () => {
    const bare = "version: 1\ntypes:\n  task: {}\nrules: []\n"
    const made = Result.getOrThrow(change(bare, "member", "task", "read", true))
    expect(answers(made, "member", "task")["read"]).toBe("yes")
    const json = '{"version":1,"types":{"task":{}},"rules":[]}'
    expect(answers(Result.getOrThrow(change(json, "member", "task", "read", true)), "member", "task")["read"]).toBe(
      "yes"
    )
  })
})
