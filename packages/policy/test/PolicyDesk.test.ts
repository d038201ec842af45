/**
 * The desk at which people look after a policy.
 */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as PolicyDesk from "../src/PolicyDesk.ts"
import { open, peer, policy } from "./space.ts"

const north = { type: "task", header: { team: "north" } }
const south = { type: "task", header: { team: "south" } }

const records: PolicyDesk.DeskRecords = {
  partitions: Effect.succeed([
    { partition: north, records: 40 },
    { partition: south, records: 2 }
  ]),
  partitionsOf: (type, id) => Effect.succeed(type === "task" && id === "t1" ? [north] : [])
}

const textOf = (...rules: ReadonlyArray<object>): string => {
  const operation = policy(...rules)
  return operation._tag === "SetPolicy" ? operation.text : ""
}

const readOwn = { id: "own", actions: ["read"], where: [{ field: "team", op: "in", value: "$teams" }] }

describe("the desk", () => {
  it.effect("[EP-24] explains by member or device, by record, header or type", () =>
    Effect.gen(function* () {
      const { charter } = yield* open(["mia", "member", 2, "north"], ["rob", "readonly", 3, "south"])
      const asks = (question: Partial<PolicyDesk.Question>) =>
        PolicyDesk.explain(charter, records, { asker: "mia", action: "read", type: "task", ...question })
      expect((yield* asks({ id: "t1" })).decision.allowed).toBe(true)
      expect((yield* asks({ id: "t1", asker: peer(3) })).decision).toMatchObject({ allowed: false, rule: "team" })
      expect((yield* asks({ header: south.header })).decision.allowed).toBe(false)
      expect((yield* asks({})).decision.allowed).toBe(true)
      expect((yield* Effect.flip(asks({ asker: "nobody" }))).reason).toMatchObject({ _tag: "AskerUnknown" })
      expect((yield* Effect.flip(asks({ id: "t9" }))).reason).toMatchObject({ _tag: "RecordUnknown", id: "t9" })
    })
  )

  it.effect("[EP-24] the words of an explanation", () =>
    Effect.gen(function* () {
      const { charter } = yield* open(["mia", "member", 2, "north"])
      yield* PolicyDesk.apply(
        charter,
        textOf(readOwn, { id: "no-south", effect: "forbid", where: [{ field: "team", op: "eq", value: "south" }] })
      )
      const words = (header: object) =>
        Effect.map(
          PolicyDesk.explain(charter, records, { asker: "mia", action: "read", type: "task", header: { ...header } }),
          ({ lines }) => lines
        )
      expect(yield* words({ team: "north" })).toEqual([
        'mia (member, in north) may read task with team "north".',
        "Decided by own at version 4: the rule own lets mia read task (everybody)."
      ])
      expect(yield* words({ team: "south" })).toEqual([
        'mia (member, in north) may not read task with team "south".',
        "Decided by no-south at version 4: the rule no-south forbids mia to read task."
      ])
    })
  )

  it.effect("[EP-28] tells what everybody could do, now and with a draft, and explains a draft", () =>
    Effect.gen(function* () {
      const { charter } = yield* open(["mia", "member", 2, "north"], ["rob", "readonly", 3, "south"])
      const reachOf = (text?: string) =>
        Effect.map(PolicyDesk.simulate(charter, records, text), (reach) =>
          reach
            .filter(({ partitions }) => partitions > 0)
            .map(
              (each) =>
                `${each.peer === peer(2) ? "mia" : each.peer === peer(3) ? "rob" : "ann"} ${each.action} ${each.records}`
            )
        )
      const owner = ["read", "create", "update", "delete", "share", "administer"].map((action) => `ann ${action} 42`)
      expect(yield* reachOf()).toEqual([
        ...owner,
        "mia read 40",
        "mia create 40",
        "mia update 40",
        "mia delete 40",
        "rob read 2"
      ])
      expect(yield* reachOf(textOf(readOwn))).toEqual([...owner, "mia read 40", "rob read 2"])
      expect((yield* Effect.flip(PolicyDesk.simulate(charter, records, "version: 7"))).reason._tag).toBe(
        "PolicyRefused"
      )
      const question = { asker: "mia", action: "update", type: "task", id: "t1" } as const
      expect((yield* PolicyDesk.explain(charter, records, question)).decision.allowed).toBe(true)
      const drafted = yield* PolicyDesk.explain(charter, records, { ...question, draft: textOf(readOwn) })
      expect(drafted.decision).toMatchObject({ allowed: false, rule: "default" })
      expect(charter.state().policy).toBe(undefined)
    })
  )

  it.effect("[EP-25] a draft changes nothing, and what it would change is told on real data", () =>
    Effect.gen(function* () {
      const { charter } = yield* open(["mia", "member", 2, "north"], ["rob", "readonly", 3, "south"])
      const { version } = charter.state()
      const impacts = yield* PolicyDesk.diff(charter, records, textOf(readOwn))
      expect(impacts).toMatchObject([
        { peer: peer(2), action: "create", direction: "loses", records: 40 },
        { peer: peer(2), action: "update", direction: "loses", records: 40 },
        { peer: peer(2), action: "delete", direction: "loses", records: 40 }
      ])
      expect(charter.state().version).toBe(version)
      const broken = yield* Effect.flip(PolicyDesk.diff(charter, records, "version: 7"))
      expect(broken.reason).toMatchObject({ _tag: "PolicyRefused" })
    })
  )

  it.effect("[EP-26] a document is put in force, and an earlier one again", () =>
    Effect.gen(function* () {
      const { charter } = yield* open(["mia", "member", 2, "north"])
      const first = textOf(readOwn)
      const second = textOf()
      expect((yield* PolicyDesk.apply(charter, first, { note: "the first" })).policy?.text).toBe(first)
      const { version } = charter.state()
      yield* PolicyDesk.apply(charter, second)
      expect(PolicyDesk.versions(charter, 10).map(({ text }) => text)).toEqual([second, first])
      expect((yield* PolicyDesk.rollBack(charter, version)).policy?.text).toBe(first)
      expect(PolicyDesk.versions(charter, 2).map(({ text }) => text)).toEqual([first, second])
      for (const wrong of [99, -1]) {
        const failure = yield* Effect.flip(PolicyDesk.rollBack(charter, wrong))
        expect(failure.reason).toMatchObject({ _tag: "VersionWithoutPolicy", version: wrong })
      }
      const { head } = charter.state()
      const refused = yield* Effect.flip(PolicyDesk.apply(charter, "rules: {}"))
      expect(refused.reason._tag).toBe("PolicyRefused")
      expect(charter.state().head).toBe(head)
      expect(PolicyDesk.problems(second)).toEqual([])
    })
  )

  it.effect("[EP-68] going back to a version before the first policy brings the built-in roles back", () =>
    Effect.gen(function* () {
      const { charter } = yield* open(["mia", "member", 2, "north"])
      const { version: before } = charter.state()
      const none = yield* Effect.flip(PolicyDesk.rollBack(charter, before))
      expect(none.reason).toMatchObject({ _tag: "VersionWithoutPolicy", version: before })
      const reads = () =>
        Effect.map(
          PolicyDesk.explain(charter, records, { asker: "mia", action: "read", type: "task", id: "t1" }),
          ({ decision }) => decision
        )
      const { version: first } = yield* PolicyDesk.apply(charter, textOf())
      expect(yield* reads()).toMatchObject({ allowed: false, rule: "default" })
      const back = yield* PolicyDesk.rollBack(charter, before)
      expect(back.policy).toBeUndefined()
      expect(yield* reads()).toMatchObject({ allowed: true, rule: "role/member" })
      expect(PolicyDesk.versions(charter, 10)).toEqual([
        { version: back.version, text: null },
        { version: first, text: textOf() }
      ])
      yield* PolicyDesk.rollBack(charter, first)
      expect(yield* reads()).toMatchObject({ allowed: false, rule: "default" })
      expect(PolicyDesk.versions(charter, 2).map(({ text }) => text)).toEqual([textOf(), null])
    })
  )
})
