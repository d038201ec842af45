// A device that is out has no live connection a second later, whoever it was connected to.
import { describe, expect, it } from "@effect/vitest"
import { MemoryTransport } from "@syncline/core"
import { Effect } from "effect"
import { deviceOf, joining } from "./space.ts"
import { found, makeNode, pass, type TeamNode } from "./teamNodes.ts"

const isLinked = (node: TeamNode, other: TeamNode) =>
  Effect.map(node.status, ({ peers }) => {
    const known = peers.find(({ peer }) => peer === other.peer)
    return known !== undefined && known.state !== "offline" && known.state !== "blocked"
  })

describe("a device that is put out", () => {
  const ways = {
    removed: { _tag: "RemoveDevice", device: deviceOf(3).publicKey },
    paused: { _tag: "PauseDevice", device: deviceOf(3).publicKey, isPaused: true },
    "removed with its member": { _tag: "RemoveMember", member: "max" }
  } as const
  for (const [way, operation] of Object.entries(ways)) {
    it.effect(
      `[AK-12] ${way}, has no link left within a second, on no node that knows, and what it writes then reaches nobody`,
      () =>
        Effect.gen(function* () {
          const network = MemoryTransport.makeNetwork()
          const hub = yield* makeNode(network, 1, [])
          yield* found(hub)
          yield* hub.write(...joining(["mia", "member", 2, "north"]), ...joining(["max", "member", 3, "north"]))
          const mia = yield* makeNode(network, 2, [1])
          const max = yield* makeNode(network, 3, [1, 2])
          for (const node of [hub, mia, max]) yield* node.start
          yield* pass(5_000)
          for (const node of [hub, mia]) expect(yield* isLinked(node, max)).toBe(true)
          yield* hub.write(operation)
          yield* pass(1_000)
          for (const node of [hub, mia]) expect(yield* isLinked(node, max)).toBe(false)
          expect(yield* isLinked(hub, mia)).toBe(true)
          yield* max.put("late", { team: "north", title: "from outside" })
          yield* mia.put("inside", { team: "north", title: "not for max" })
          yield* pass(90_000)
          for (const node of [hub, mia]) {
            expect(yield* node.titleOf("late")).toBeUndefined()
            expect(yield* node.titleOf("inside")).toBe("not for max")
          }
          expect(yield* max.titleOf("inside")).toBeUndefined()
        })
    )
  }
})
