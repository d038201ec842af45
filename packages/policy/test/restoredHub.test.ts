// A hub that was set back to a backup, with devices that know what it had signed since, over real sessions.
import { describe, expect, it } from "@effect/vitest"
import { type CharterOperation, MemoryTransport } from "@syncline/core"
import { Effect, Fiber, Result } from "effect"
import { joining } from "./space.ts"
import { found, makeNode, pass, type TeamNode } from "./teamNodes.ts"

const setTeam = (team: string): CharterOperation.CharterOperation => ({ _tag: "SetTeam", team, name: team })

/** The restored hub with olga's and adam's devices; olga knows that eve was removed since the backup. */
const restored = Effect.gen(function* () {
  const network = MemoryTransport.makeNetwork()
  const lost = yield* makeNode(network, 1, [])
  yield* found(lost)
  yield* lost.write(
    ...joining(["olga", "owner", 2]),
    ...joining(["adam", "admin", 3]),
    ...joining(["eve", "member", 4])
  )
  const [olga, adam] = [yield* makeNode(network, 2, [1]), yield* makeNode(network, 3, [1])]
  for (const node of [lost, olga, adam]) yield* node.start
  yield* pass(2_000)
  const stored = [...lost.charter.beyond({ marks: [], rivals: [] }, 1e6)]
  yield* adam.stop
  yield* lost.write({ _tag: "RemoveMember", member: "eve" })
  yield* pass(2_000)
  yield* olga.stop
  yield* lost.close
  const hub = yield* makeNode(network, 1, [], { seed: 77, stored })
  yield* hub.write(setTeam("west"))
  for (const node of [hub, olga, adam]) yield* node.start
  yield* pass(5_000)
  return { hub, olga, adam }
})

const attempt = Effect.fnUntraced(function* (hub: TeamNode, node: TeamNode, team: string) {
  const before = hub.charter.state().version
  const writing = yield* Effect.forkScoped(Effect.result(node.write(setTeam(team))), { startImmediately: true })
  yield* pass(2_000)
  const outcome = yield* Fiber.join(writing)
  return { isDone: Result.isSuccess(outcome), records: hub.charter.state().version - before }
})

describe("a hub that was set back", () => {
  it.effect("[CH-67] [CH-68] learns what it had signed, and devices write through it as before, each record once", () =>
    Effect.gen(function* () {
      const { adam, hub, olga } = yield* restored
      const nodes = [hub, olga, adam]
      for (const { charter } of nodes) {
        expect([...charter.state().members.keys()].sort()).toEqual(["adam", "ann", "olga"])
        expect(charter.state().teams.has("west")).toBe(true)
      }
      expect(yield* attempt(hub, olga, "east")).toEqual({ isDone: true, records: 1 })
      expect(yield* attempt(hub, adam, "north-east")).toEqual({ isDone: true, records: 1 })
      yield* hub.write(setTeam("north-west"))
      yield* pass(2_000)
      expect(yield* attempt(hub, olga, "south-east")).toEqual({ isDone: true, records: 1 })
      yield* pass(2_000)
      for (const { charter } of nodes) expect(charter.state()).toEqual(hub.charter.state())
    })
  )

  it.effect("[CH-67] [CH-68] two devices that write at once are both served, each once", () =>
    Effect.gen(function* () {
      const { adam, hub, olga } = yield* restored
      const before = hub.charter.state().version
      const both = yield* Effect.forkScoped(
        Effect.all([olga.write(setTeam("east")), adam.write(setTeam("far-east"))], { concurrency: 2 }),
        { startImmediately: true }
      )
      yield* pass(5_000)
      yield* Fiber.join(both)
      expect(hub.charter.state().version - before).toBe(2)
    })
  )
})
