import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as PolicyReview from "../src/PolicyReview.ts"
import { open, peer, policy } from "./space.ts"

const task = (team: string, records: number) => ({ partition: { type: "task", header: { team } }, records })

describe("what a change would mean", () => {
  it.effect("[EP-20] is told by device, action and direction, in records, with the rules behind it", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2, "north"], ["max", "member", 3, "south"])
      const own = { where: [{ field: "team", op: "in", value: "$teams" }], to: { roles: ["member"] } }
      yield* write(policy({ id: "own", ...own, actions: ["read", "update"] }))
      const before = charter.state()
      const sizes = [task("north", 100), task("south", 7), task("east", 3)]
      expect(yield* PolicyReview.diff(before, before, sizes)).toEqual([])
      yield* write(policy({ id: "own", ...own }, { id: "max", to: { members: ["max"] } }))
      const impacts = yield* PolicyReview.diff(before, charter.state(), sizes)
      expect(impacts).toMatchObject([
        { peer: peer(2), action: "update", direction: "loses", partitions: 1, records: 100 },
        { peer: peer(3), action: "read", direction: "gains", partitions: 2, records: 103 },
        { peer: peer(3), action: "update", direction: "loses", partitions: 1, records: 7 }
      ])
      expect(impacts[1]!.samples).toMatchObject([
        { records: 100, before: { rule: "default" }, after: { rule: "max" } },
        { records: 3, before: { rule: "default" }, after: { rule: "max" } }
      ])
    })
  )

  it.effect("[EP-20] devices that come and go are told, too", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2])
      const before = charter.state()
      yield* write({ _tag: "RemoveMember", member: "mia" })
      const gone = yield* PolicyReview.diff(before, charter.state(), [
        { partition: { type: "note", header: {} }, records: 5 }
      ])
      expect(gone.map(({ action, direction }) => `${direction} ${action}`)).toEqual([
        "loses read",
        "loses create",
        "loses update",
        "loses delete"
      ])
    })
  )
})
