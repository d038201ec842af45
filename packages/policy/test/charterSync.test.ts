// The charter on its way between nodes, and what a change of it does while they are connected.
import { describe, expect, it } from "@effect/vitest"
import { MemoryTransport } from "@syncline/core"
import { Effect } from "effect"
import { personal } from "../src/PersonalPolicy.ts"
import { joining, type Person } from "./space.ts"
import { found, makeNode, pass, seenBy, type TeamNode } from "./teamNodes.ts"

const join = (hub: TeamNode, ...people: ReadonlyArray<Person>) => hub.write(...people.flatMap(joining))

describe("a charter between nodes", () => {
  it.effect("[CX-1] a newcomer gets it from its introducer, and then what it may read", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const hub = yield* makeNode(network, 1, [])
      yield* found(hub)
      yield* join(hub, ["mia", "member", 2, "north"])
      yield* hub.put("n1", { team: "north", title: "for the north" })
      yield* hub.put("s1", { team: "south", title: "for the south" })
      const mia = yield* makeNode(network, 2, [1])
      yield* hub.start
      yield* mia.start
      yield* pass(2_000)
      expect(mia.charter.state()).toEqual(hub.charter.state())
      expect(yield* mia.titleOf("n1")).toBe("for the north")
      expect(yield* mia.titleOf("s1")).toBe(undefined)
      expect(seenBy(mia, "SyncCompleted").length).toBeGreaterThan(0)
      expect(seenBy(mia, "SyncError")).toEqual([])
    })
  )

  it.effect("[CX-3] a node with one and a node without do not sync, and both say why", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const hub = yield* makeNode(network, 1, [])
      yield* found(hub)
      yield* join(hub, ["mia", "member", 2])
      const mia = yield* makeNode(network, 2, [1], { policy: personal({ trusted: [hub.peer] }) })
      yield* mia.put("m1", { team: "north", title: "of a personal space" })
      yield* hub.start
      yield* mia.start
      yield* pass(3_000)
      expect(seenBy(mia, "SyncError")[0]).toMatchObject({ code: "CharterUnknown" })
      expect(seenBy(hub, "SyncError")[0]).toMatchObject({ code: "CharterUnknown" })
      expect(yield* hub.titleOf("m1")).toBe(undefined)
    })
  )

  it.effect("[CX-3] charters that cannot agree end the session, with the reason", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const hub = yield* makeNode(network, 1, [])
      yield* found(hub)
      yield* join(hub, ["mia", "member", 2], ["max", "member", 3])
      const mia = yield* makeNode(network, 2, [1])
      yield* hub.start
      yield* mia.start
      yield* pass(3_000)
      // Mia's node lies: it says that it knows a record, which it cannot show.
      const digest = mia.charter.digest
      Object.assign(mia.charter, { digest: () => Uint8Array.from(digest(), (byte) => byte ^ 1) })
      yield* mia.stop
      yield* mia.start
      yield* pass(3_000)
      expect(seenBy(hub, "SyncError").at(-1)).toMatchObject({ code: "CharterDiffers" })
      expect(seenBy(hub, "SyncError").at(-1)!.detail).toContain("brought nothing new")
    })
  )

  it.effect("[CX-2] a grant brings the gain without a new session, and others hear nothing of it", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const hub = yield* makeNode(network, 1, [])
      yield* found(hub)
      yield* join(hub, ["mia", "member", 2, "north"], ["nora", "member", 3, "north"])
      yield* hub.put("n1", { team: "north", title: "for the north" })
      for (let i = 0; i < 20; i++) yield* hub.put(`s${i}`, { team: "south", title: `south ${i}` })
      const mia = yield* makeNode(network, 2, [1])
      const nora = yield* makeNode(network, 3, [1])
      for (const node of [hub, mia, nora]) yield* node.start
      yield* pass(2_000)
      expect(yield* mia.titleOf("s3")).toBe(undefined)
      yield* hub.write({ _tag: "SetMemberTeams", member: "mia", teams: ["north", "south"] })
      yield* pass(3_000)
      expect(yield* mia.titleOf("s3")).toBe("south 3")
      expect(yield* nora.titleOf("s3")).toBe(undefined)
      expect(nora.charter.state()).toEqual(hub.charter.state())
      expect(seenBy(mia, "PeerConnected").length).toBe(1)
      expect(seenBy(nora, "SyncProgress").at(-1)).toMatchObject({ receivedEvents: 1 })
      const { peers } = yield* mia.status
      expect(peers[0]).toMatchObject({ state: "synced", receivedEvents: 21 })
    })
  )
})
