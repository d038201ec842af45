// What the policy's audit is told of.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { deniesTeam, makeNode, makeRules, pass } from "./virtualNodes.ts"

it.effect("[SE-24] every decision is told: sessions, what is sent, what arrives, what is written", () =>
  Effect.gen(function* () {
    const network = MemoryTransport.makeNetwork()
    const [here, there] = [yield* makeRules([1, 2]), yield* makeRules([1, 2])]
    const hub = yield* makeNode(network, 1, [], { rules: here })
    const reader = yield* makeNode(network, 2, [1], { rules: there })
    yield* hub.put("n1", { team: "north", title: "a" })
    yield* hub.put("s1", { team: "south", title: "b" })
    yield* hub.start
    yield* reader.start
    yield* pass(2_000)
    const north = 'task {"team":"north"}'
    const south = 'task {"team":"south"}'
    expect([...here.told].toSorted()).toEqual([
      "allowed admit session",
      `allowed send ${north}`,
      `allowed send ${south}`,
      `allowed write ${north}`,
      `allowed write ${south}`
    ])
    expect([...there.told].toSorted()).toEqual([
      "allowed admit session",
      `allowed receive ${north}`,
      `allowed receive ${south}`,
      `allowed write ${north}`,
      `allowed write ${south}`
    ])
    yield* there.change(deniesTeam("south"))
    yield* Effect.flip(reader.put("s2", { team: "south", title: "c" }))
    yield* hub.put("s3", { team: "south", title: "d" })
    yield* pass(2_000)
    expect(there.told).toContain(`denied write ${south}`)
    expect(there.told).toContain(`denied receive ${south}`)
    yield* here.change((partition, peer) => peer !== undefined && deniesTeam("south")(partition, peer))
    yield* hub.put("s4", { team: "south", title: "not for the reader" })
    yield* hub.put("n2", { team: "north", title: "e" })
    yield* pass(2_000)
    yield* reader.put("n3", { team: "north", title: "f" })
    yield* pass(2_000)
    expect(here.told).toContain(`allowed receive ${north}`)
    // What the feed passes over says so, for it does that in every session.
    expect(here.told).toContain(`denied send ${south} passed over`)
  })
)
