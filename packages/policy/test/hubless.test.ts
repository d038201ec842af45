// A team without a hub: owners and members write the charter apart from each other, and records follow it.
import { describe, expect, it } from "@effect/vitest"
import { CharterRecord, HybridTime, MemoryTransport } from "@syncline/core"
import { SeededRandom } from "@syncline/core/testing"
import { Effect } from "effect"
import { deviceOf, founding, joining, world } from "./space.ts"
import { makeNode, pass, type TeamNode } from "./teamNodes.ts"

/** Nodes of ann and olga, owners, mia, who writes, and rob, who reads; all know the same, and ann is whom they dial; mia dials olga, too. */
const openTeam = Effect.gen(function* () {
  const network = MemoryTransport.makeNetwork()
  const ann = yield* makeNode(network, 1, [])
  const [olga, mia, rob] = [
    yield* makeNode(network, 4, [1]),
    yield* makeNode(network, 2, [1, 4]),
    yield* makeNode(network, 3, [1])
  ]
  yield* ann.write(founding())
  yield* ann.write(
    { _tag: "SetTeam", team: "north", name: "North" },
    ...joining(["olga", "owner", 4]),
    ...joining(["mia", "member", 2, "north"]),
    ...joining(["rob", "readonly", 3, "north"]),
    { _tag: "AddDevice", member: "rob", device: deviceOf(33).publicKey, name: "old phone" }
  )
  for (const node of [ann, olga, mia, rob]) yield* node.start
  yield* pass(3_000)
  return { ann, olga, mia, rob }
})

const isMember = (node: TeamNode, member: string): boolean => node.charter.state().members.has(member)

describe("a team without a hub", () => {
  it.effect("[CH-7] [CH-17] who was removed stays out, whatever somebody wrote offline at the same time", () =>
    Effect.gen(function* () {
      const { ann, mia, olga, rob } = yield* openTeam
      yield* rob.stop
      yield* mia.stop
      yield* pass(1_000)
      yield* rob.write({ _tag: "RemoveDevice", device: deviceOf(33).publicKey })
      yield* olga.write({ _tag: "SetTeam", team: "east", name: "East" })
      yield* olga.write({ _tag: "RemoveMember", member: "mia" })
      yield* pass(3_000)
      expect(isMember(ann, "mia")).toBe(false)
      yield* olga.close
      yield* ann.put("secret", { team: "north", title: "written after the removal" })
      yield* rob.start
      yield* pass(10_000)
      for (const node of [ann, rob]) expect([isMember(node, "mia"), isMember(node, "rob")]).toEqual([false, true])
      expect(ann.charter.state().devices.size).toBe(3)
      expect(ann.charter.state().teams.has("east")).toBe(true)
      expect(yield* rob.titleOf("secret")).toBe("written after the removal")
      yield* mia.start
      yield* pass(70_000)
      expect(yield* mia.titleOf("secret")).toBe(undefined)
    })
  )

  it.effect(
    "[AK-9] [JR-138] what an owner had confirmed and took with it waits at its author, who lost the right",
    () =>
      Effect.gen(function* () {
        const { ann, mia, olga } = yield* openTeam
        // Only olga hears of what mia writes.
        yield* ann.stop
        yield* pass(1_000)
        yield* mia.put("x", { team: "north", title: "confirmed by olga alone" })
        yield* pass(5_000)
        expect(yield* olga.titleOf("x")).toBe("confirmed by olga alone")
        yield* olga.stop
        yield* ann.write({ _tag: "RemoveMember", member: "olga" })
        yield* ann.write({ _tag: "SetMemberTeams", member: "mia", teams: [] })
        yield* ann.start
        yield* pass(10_000)
        expect(yield* mia.titleOf("x")).toBe(undefined)
        expect(yield* mia.journal.quarantine({ after: 0, limit: 10 })).toMatchObject([{ reason: "Rejected" }])
        yield* ann.write({ _tag: "SetMemberTeams", member: "mia", teams: ["north"] })
        yield* pass(70_000)
        for (const node of [ann, mia]) expect(yield* node.titleOf("x")).toBe("confirmed by olga alone")
      })
  )

  it.effect("[AK-9] what an owner had confirmed whose device is paused then is confirmed by nobody", () =>
    Effect.gen(function* () {
      const { ann, mia, olga } = yield* openTeam
      // Only olga hears of what mia writes.
      yield* ann.stop
      yield* pass(1_000)
      yield* mia.put("x", { team: "north", title: "confirmed by olga alone" })
      yield* pass(5_000)
      expect(yield* mia.journal.receipts(0, 5)).toMatchObject([{ status: "accepted", peer: olga.peer }])
      expect(yield* mia.journal.custodians).toContain(olga.peer)
      yield* olga.stop
      yield* ann.write({ _tag: "PauseDevice", device: deviceOf(4).publicKey, isPaused: true })
      yield* ann.write({ _tag: "SetMemberTeams", member: "mia", teams: [] })
      yield* ann.start
      yield* pass(10_000)
      // She is an owner as before.
      expect((yield* mia.gate.isCustodian(olga.peer)) && isMember(mia, "olga")).toBe(true)
      expect(yield* mia.journal.custodians).not.toContain(olga.peer)
      expect(yield* mia.titleOf("x")).toBe(undefined)
      expect(yield* mia.journal.quarantine({ after: 0, limit: 10 })).toMatchObject([{ reason: "Rejected" }])
    })
  )

  it.effect(
    "[AK-11] [EP-37] what one owner alone had confirmed is not lost when both its author and that owner give it up",
    () =>
      Effect.gen(function* () {
        const { ann, mia, olga } = yield* openTeam
        yield* ann.stop
        yield* pass(1_000)
        yield* mia.put("x", { team: "north", title: "confirmed by olga alone" })
        yield* pass(5_000)
        expect(yield* mia.journal.receipts(0, 5)).toMatchObject([{ status: "accepted", peer: olga.peer }])
        yield* olga.write({ _tag: "SetMemberTeams", member: "mia", teams: [] })
        yield* pass(5_000)
        expect(yield* mia.titleOf("x")).toBe(undefined)
        const waiting = mia.journal.quarantine({ after: 0, limit: 10 })
        expect(yield* waiting).toMatchObject([{ reason: "Rejected", rule: "team" }])
        // Olga gives it up before ann has heard of it.
        yield* olga.write({ _tag: "SetMemberRole", member: "olga", role: "member" })
        yield* pass(5_000)
        expect(yield* olga.titleOf("x")).toBe(undefined)
        yield* ann.start
        yield* pass(70_000)
        expect(ann.charter.state().members.get("mia")?.teams).toEqual([])
        for (const node of [ann, olga, mia]) expect(yield* node.titleOf("x")).toBe(undefined)
        expect(yield* waiting).toMatchObject([{ reason: "Rejected" }])
        yield* ann.write({ _tag: "SetMemberTeams", member: "mia", teams: ["north"] })
        yield* pass(70_000)
        for (const node of [ann, mia]) expect(yield* node.titleOf("x")).toBe("confirmed by olga alone")
        expect(yield* waiting).toEqual([])
      })
  )

  it.effect("[AK-9] [JR-139] what an owner brought again stays no longer than that one is an owner", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const ann = yield* makeNode(network, 1, [])
      const [mia, max, olga] = [
        yield* makeNode(network, 2, [1]),
        yield* makeNode(network, 3, [1, 2]),
        yield* makeNode(network, 4, [1, 2, 3])
      ]
      yield* ann.write(founding())
      yield* ann.write({ _tag: "SetTeam", team: "north", name: "North" })
      yield* ann.write(
        ...joining(["olga", "owner", 4]),
        ...joining(["mia", "member", 2, "north"]),
        ...joining(["max", "member", 3, "north"])
      )
      for (const node of [mia, max, olga]) {
        yield* ann.start
        yield* node.start
        yield* pass(3_000)
        yield* node.stop
        yield* ann.stop
      }
      // Olga gets it from max, and never meets mia, who wrote it, meanwhile.
      const during = Effect.fnUntraced(function* (ms: number, ...nodes: ReadonlyArray<TeamNode>) {
        for (const node of nodes) yield* node.start
        yield* pass(ms)
        for (const node of nodes) yield* node.stop
      })
      yield* mia.put("x", { team: "north", title: "written in time" })
      yield* during(3_000, mia, max)
      yield* during(3_000, max, olga)
      expect(yield* olga.titleOf("x")).toBe("written in time")
      yield* ann.write({ _tag: "SetMemberRole", member: "mia", role: "readonly" })
      yield* during(5_000, ann, mia)
      expect(yield* mia.titleOf("x")).toBe(undefined)
      // It comes back by olga, who is an owner for as long as it takes.
      yield* mia.start
      yield* olga.start
      yield* pass(500)
      expect(yield* mia.titleOf("x")).toBe("written in time")
      expect(yield* mia.journal.custodians).toEqual([ann.peer])
      yield* olga.write({ _tag: "SetMemberRole", member: "olga", role: "readonly" })
      yield* pass(3_000)
      yield* ann.start
      yield* pass(70_000)
      for (const node of [ann, olga, mia]) expect(yield* node.titleOf("x")).toBe(undefined)
      expect(yield* mia.journal.quarantine({ after: 0, limit: 10 })).toMatchObject([{ reason: "Rejected" }])
      const { incarnation } = mia.journal.info
      yield* pass(70_000)
      expect(mia.journal.info.incarnation).toBe(incarnation)
    })
  )

  it.effect("[CH-14] [CH-22] nobody keeps two owners apart by flooding their charters", () =>
    Effect.gen(function* () {
      const { ann, olga } = yield* openTeam
      const { head, space, version } = ann.charter.state()
      yield* olga.stop
      yield* pass(1_000)
      const crypto = world.functions(new SeededRandom.SeededRandom(5))
      const flood = Array.from({ length: 600 }, (_, i) => {
        const at = HybridTime.make(1_800_000_000_000, i)
        const operations = [{ _tag: "RenameMember", member: "rob", name: `Rob ${i}` }] as const
        const made = { space, version: version + 1, behind: [head], at, behalf: "", note: "", operations }
        return CharterRecord.seal(crypto, deviceOf(3), made).bytes
      })
      // Each of the two meets another half of them.
      for (let from = 0; from < 300; from += 50) yield* ann.charter.receive(flood.slice(from, from + 50))
      for (let from = 300; from < 600; from += 50) yield* olga.charter.receive(flood.slice(from, from + 50))
      yield* ann.write({ _tag: "SetTeam", team: "west", name: "West" })
      yield* olga.write({ _tag: "RemoveMember", member: "rob" })
      yield* ann.put("x", { team: "north", title: "after" })
      yield* olga.start
      yield* pass(60_000)
      expect(olga.charter.digest()).toEqual(ann.charter.digest())
      for (const node of [ann, olga]) expect(isMember(node, "rob")).toBe(false)
      expect(yield* olga.titleOf("x")).toBe("after")
    })
  )
})
