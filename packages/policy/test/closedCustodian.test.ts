// What becomes of members' work while a custodian's program is too old to tell what the policy or the charter says.
import { describe, expect, it } from "@effect/vitest"
import { MemoryTransport } from "@syncline/core"
import { Effect } from "effect"
import { disobey, openWatched, waiting } from "./scenarios/openTeam.ts"
import { founding, joining } from "./space.ts"
import { makeNode, pass, seenBy, type TeamNode } from "./teamNodes.ts"

const newer = { policyProblem: () => undefined, draftProblem: () => undefined }
const document = { _tag: "SetPolicy", text: "version: 2\nnews: 1" } as const

/** From now on the node's program reads the document, which lets everybody do everything. */
const update = (node: TeamNode): void => {
  const { admits } = node.gate
  disobey(node)
  const lets = () =>
    Effect.sync(() => ({ allowed: true, rule: "all", policyVersion: node.charter.state().version, because: "all may" }))
  Object.assign(node.gate, { admits, canSend: lets, canReceive: lets, canRead: lets, canWrite: lets, accepts: lets })
}

/** Without a hub: of two owners ann has an older program, and only she is there. */
const opened = Effect.gen(function* () {
  const network = MemoryTransport.makeNetwork()
  const ann = yield* makeNode(network, 1, [])
  const olga = yield* makeNode(network, 4, [1], { checks: newer })
  const max = yield* makeNode(network, 3, [1, 4])
  const mia = yield* makeNode(network, 2, [1, 3, 4])
  yield* ann.write(founding())
  yield* ann.write(
    { _tag: "SetTeam", team: "north", name: "North" },
    ...joining(["olga", "owner", 4]),
    ...joining(["mia", "member", 2, "north"]),
    ...joining(["max", "member", 3, "north"])
  )
  for (const node of [ann, olga, max, mia]) yield* node.start
  yield* pass(3_000)
  for (const node of [olga, max, mia]) update(node)
  yield* olga.write(document)
  yield* pass(5_000)
  expect(ann.charter.digest()).toEqual(mia.charter.digest())
  yield* olga.stop
  yield* pass(1_000)
  return { ann, olga, max, mia }
})

/** What both have of both, at every half second of a while. */
const titles = Effect.fnUntraced(function* (nodes: ReadonlyArray<TeamNode>, ids: ReadonlyArray<string>) {
  const seen = new Set<unknown>()
  for (let i = 0; i < 40; i++) {
    yield* pass(500)
    for (const node of i < 10 ? [] : nodes) for (const id of ids) seen.add(yield* node.titleOf(id))
  }
  return [...seen]
})

describe("an owner's device that cannot read the policy", () => {
  it.effect("[AK-3] [AK-13] takes nobody's work away, neither its author's nor from others who have it", () =>
    Effect.gen(function* () {
      const { ann, max, mia, olga } = yield* opened
      yield* mia.put("x", { team: "north", title: "work" })
      yield* max.put("y", { team: "north", title: "work" })
      expect(yield* titles([mia, max], ["x", "y"])).toEqual(["work"])
      for (const node of [mia, max]) {
        expect(yield* waiting(node)).toEqual([])
        expect(seenBy(node, "WriteRejected")).toEqual([])
        const [receipt] = yield* node.journal.receipts(0, 5)
        expect(receipt).toMatchObject({ status: "deferred", peer: ann.peer, rule: "policy/closed", policyVersion: 0 })
      }
      for (const entry of yield* waiting(ann)) expect(entry).toMatchObject({ reason: "Denied", policyVersion: 0 })
      expect(yield* titles([ann], ["x", "y"])).toEqual([undefined])
      yield* olga.start
      yield* pass(60_000)
      // An owner who can judge them vouches for them.
      expect(yield* titles([mia, max, olga, ann], ["x", "y"])).toEqual(["work"])
      expect(yield* waiting(ann)).toEqual([])
    })
  )

  it.effect("[AK-13] takes in what waits once it is updated, and the receipts say so", () =>
    Effect.gen(function* () {
      const { ann, max, mia } = yield* opened
      yield* mia.put("x", { team: "north", title: "work" })
      yield* max.put("y", { team: "north", title: "work" })
      yield* pass(20_000)
      expect(yield* waiting(ann)).toHaveLength(2)
      yield* ann.stop
      update(ann)
      yield* ann.start
      yield* pass(60_000)
      expect(yield* titles([mia, max, ann], ["x", "y"])).toEqual(["work"])
      for (const node of [mia, max]) {
        expect(yield* node.journal.receipts(0, 5)).toMatchObject([{ status: "accepted" }])
      }
    })
  )
})

it.effect("[AK-13] a hub that cannot read the policy takes in what members wrote once it is updated", () =>
  Effect.gen(function* () {
    const { enter, hub } = yield* openWatched({ checks: newer }, ["mia", "member", 2, "north"])
    const mia = yield* enter(2)
    yield* pass(3_000)
    update(mia)
    yield* hub.write(document)
    yield* pass(3_000)
    yield* mia.put("x", { team: "north", title: "work" })
    yield* pass(20_000)
    expect(yield* mia.titleOf("x")).toBe("work")
    expect([yield* waiting(mia), yield* hub.titleOf("x")]).toEqual([[], undefined])
    expect(yield* waiting(hub)).toMatchObject([{ reason: "Denied", rule: "policy/closed" }])
    yield* hub.stop
    update(hub)
    yield* hub.start
    yield* pass(60_000)
    expect([yield* waiting(hub), yield* hub.titleOf("x")]).toEqual([[], "work"])
    expect(yield* mia.journal.receipts(0, 5)).toMatchObject([{ status: "accepted" }])
  })
)
