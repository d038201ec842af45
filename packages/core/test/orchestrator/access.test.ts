// What a device may have, looked at when its node starts.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { describe } from "vitest"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { deniesNothing, makeNode, makeRules, makeTables, pass, seenBy } from "./virtualNodes.ts"

describe("a policy that changed while nobody looked", () => {
  it.effect("[AK-2] what may not be here any more is gone before anybody is dialled", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const tables = makeTables()
      const rules = yield* makeRules([1, 2])
      const before = yield* makeNode(network, 1, [], { rules, tables })
      yield* before.put("n", { team: "north", title: "stays" })
      yield* before.put("s", { team: "south", title: "goes" })
      yield* before.close
      rules.forget("south")
      const after = yield* makeNode(network, 1, [], { rules, tables })
      expect(yield* after.fieldsOf("s")).toMatchObject({ title: "goes" })
      yield* after.start
      expect(yield* after.fieldsOf("s")).toBe(undefined)
      expect(yield* after.fieldsOf("n")).toMatchObject({ title: "stays" })
      yield* pass(500)
      expect(seenBy(after, "AccessChanged")).toMatchObject([
        { lost: [{ header: { team: "south" }, entities: 1, kept: 1, rule: "team/closed" }], gained: [] }
      ])
      yield* rules.change(deniesNothing)
      yield* pass(1_000)
      expect(yield* after.fieldsOf("s")).toMatchObject({ title: "goes" })
      expect(seenBy(after, "AccessChanged").at(-1)).toMatchObject({ lost: [], gained: [{ header: { team: "south" } }] })
    })
  )
})
