/**
 * A member who may write in one team only makes a record with the id of one in another team.
 */
import { expect, it } from "@effect/vitest"
import { Bytes, MemoryTransport, Partition, WriteError } from "@syncline/core"
import { SeededRandom } from "@syncline/core/testing"
import { Effect } from "effect"
import { joining, world } from "./space.ts"
import { found, makeNode, pass, seenBy, type TeamNode } from "./teamNodes.ts"

const { sha256 } = world.functions(new SeededRandom.SeededRandom(5))
const at = (team: string) => ({ type: "task", header: { team } })

/** Two teams: what is read by an id alone is read in the first one's partition. */
const teamsOf = ({ journal }: TeamNode): readonly [string, string] => {
  const hash = (team: string) => Bytes.toHex(Partition.hash(sha256, journal.info.space, at(team)))
  return hash("north") < hash("south") ? ["north", "south"] : ["south", "north"]
}

const reasonOf = (effect: Effect.Effect<unknown, unknown>) =>
  Effect.map(Effect.flip(effect), (error) => (error instanceof WriteError.WriteError ? error.reason : undefined))

const everything = ["read", "create", "update", "delete"]
const ownTeams = { field: "team", op: "in", value: "$teams" }

/** What may be done in the space; who may not touch salaries may not in any record. */
const may = (...forbidden: ReadonlyArray<object>) => ({
  _tag: "SetPolicy" as const,
  text: JSON.stringify({
    version: 1,
    types: { task: { header: { team: "text" }, fields: ["title", "salary"] } },
    rules: [{ id: "all", effect: "allow", actions: everything, types: ["task"], where: [ownTeams] }, ...forbidden]
  })
})
const noSalary = { id: "s", effect: "forbid", actions: ["update"], types: ["task"], fields: ["salary"] }

const twoTeams = Effect.gen(function* () {
  const network = MemoryTransport.makeNetwork()
  const hub = yield* makeNode(network, 1, [])
  yield* found(hub)
  const [first, second] = teamsOf(hub)
  yield* hub.write(...joining(["mia", "member", 2, "north", "south"]), ...joining(["eve", "member", 3, first]), may())
  const [mia, eve] = [yield* makeNode(network, 2, [1]), yield* makeNode(network, 3, [1])]
  for (const node of [hub, mia, eve]) yield* node.start
  yield* pass(3_000)
  yield* mia.put("plan", { team: second, title: "ours", salary: 100 })
  yield* pass(3_000)
  yield* eve.put("plan", { team: first, title: "eve's", salary: 5_000 })
  yield* pass(3_000)
  return { hub, mia, eve, first, second }
})

it.effect("[EP-81] [OR-65] a record with another one's id is not taken for it", () =>
  Effect.gen(function* () {
    const { eve, first, hub, mia, second } = yield* twoTeams
    for (const refused of [mia.patch("plan", { salary: 4_242 }), mia.remove("plan")]) {
      expect(yield* reasonOf(refused)).toMatchObject({ _tag: "EntityAmbiguous" })
    }
    expect(yield* mia.titleOf("plan", { team: second })).toBe("ours")
    yield* mia.put("plan", { team: second, title: "ours still" })
    yield* mia.patch("plan", { salary: 4_242 }, { team: second })
    yield* pass(3_000)
    expect(yield* hub.titleOf("plan", { team: second })).toBe("ours still")
    expect((yield* eve.journal.get("task", "plan"))?.fields).toEqual({ team: first, title: "eve's", salary: 5_000 })
    yield* mia.remove("plan", { team: first })
    yield* pass(3_000)
    expect(yield* mia.titleOf("plan")).toBe("ours still")
    expect(yield* eve.titleOf("plan")).toBeUndefined()
    yield* mia.remove("plan")
    expect(yield* mia.titleOf("plan")).toBeUndefined()
  })
)

it.effect("[EP-81] what a write does is judged by its own record and by no other with its id", () =>
  Effect.gen(function* () {
    const { hub, mia, second } = yield* twoTeams
    yield* hub.write(may(noSalary))
    yield* pass(5_000)
    // What somebody else's record has is no news there.
    const raise = mia.put("plan", { team: second, title: "ours", salary: 5_000 })
    expect(yield* reasonOf(raise)).toMatchObject({ _tag: "WriteDenied" })
    // Past its own node's gate, too.
    const lww = { salary: 5_000 }
    yield* mia.journal.write([
      { partition: at(second), id: "plan", change: { kind: "patch", lww, counters: {}, sets: {} } }
    ])
    yield* pass(10_000)
    const salaries = Effect.map(hub.journal.liveOf("task", "plan"), (live) =>
      live.map(({ fields }) => fields["salary"])
    )
    expect(new Set(yield* salaries)).toEqual(new Set([100, 5_000]))
    expect(seenBy(mia, "WriteRejected")).toHaveLength(1)
    // Who changes what it may is kept from nothing.
    yield* mia.patch("plan", { title: "ours still" }, { team: second })
    yield* pass(5_000)
    expect(yield* hub.titleOf("plan", { team: second })).toBe("ours still")
  })
)
