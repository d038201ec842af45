// What a device may have changes while it runs: records go and come, and nobody's work is lost.
import { describe, expect, it } from "@effect/vitest"
import { Commit, Compression, FrameCodec, MemoryTransport } from "@syncline/core"
import { Effect, Result } from "effect"
import { EnterpriseDecisions } from "../src/EnterpriseDecisions.ts"
import { deviceOf, joining, peer, type Person, policy } from "./space.ts"
import { found, makeNode, pass, seenBy, type TeamNode } from "./teamNodes.ts"

const join = (hub: TeamNode, ...people: ReadonlyArray<Person>) => hub.write(...people.flatMap(joining))
const setTeams = (hub: TeamNode, member: string, ...teams: ReadonlyArray<string>) =>
  hub.write({ _tag: "SetMemberTeams", member, teams })

/** A hub with records of two teams, and mia, who is in both. */
const openTeam = Effect.fnUntraced(function* (...others: ReadonlyArray<Person>) {
  const network = MemoryTransport.makeNetwork()
  const hub = yield* makeNode(network, 1, [])
  yield* found(hub)
  yield* join(hub, ["mia", "member", 2, "north", "south"], ...others)
  for (let i = 0; i < 3; i++) {
    yield* hub.put(`n${i}`, { team: "north", title: `north ${i}` })
    yield* hub.put(`s${i}`, { team: "south", title: `south ${i}` })
  }
  const mia = yield* makeNode(network, 2, [1])
  yield* hub.start
  yield* mia.start
  yield* pass(2_000)
  return { network, hub, mia }
})

const heldBy = (node: TeamNode) =>
  Effect.map(node.journal.held, (held) => held.map(({ count, partition }) => [partition.header["team"], count]))

const waiting = (node: TeamNode) => node.journal.quarantine({ after: 0, limit: 100 })

describe("a right that is taken away", () => {
  it.effect("[AK-1] takes the records with it at once, and says so", () =>
    Effect.gen(function* () {
      const { hub, mia } = yield* openTeam()
      expect(yield* heldBy(mia)).toEqual([
        ["north", 3],
        ["south", 3]
      ])
      yield* setTeams(hub, "mia", "north")
      yield* pass(2_000)
      expect(yield* heldBy(mia)).toEqual([["north", 3]])
      expect(yield* mia.titleOf("s1")).toBe(undefined)
      expect(seenBy(mia, "AccessChanged")).toMatchObject([
        {
          lost: [{ type: "task", header: { team: "south" }, entities: 3, kept: 0, rule: "team" }],
          gained: []
        }
      ])
      expect(yield* heldBy(hub)).toEqual([
        ["north", 3],
        ["south", 3]
      ])
      yield* pass(10_000)
      const { peers } = yield* mia.status
      expect(peers[0]).toMatchObject({ state: "synced" })
      expect(seenBy(mia, "PeerConnected").length).toBe(1)
    })
  )

  it.effect("[EP-12] what this device may not read it neither sends nor takes, also from who may read everything", () =>
    Effect.gen(function* () {
      const { hub, mia } = yield* openTeam()
      const answers = (team: string) =>
        Effect.gen(function* () {
          const partition = { type: "task", header: { team } }
          const sends = yield* mia.gate.canSend(partition, hub.peer)
          const receives = yield* mia.gate.canReceive(partition, hub.peer)
          return [sends, receives].map(({ allowed, rule }) => `${allowed} ${rule}`)
        })
      expect(yield* answers("south")).toEqual(["true charter/hub", "true charter/hub"])
      yield* setTeams(hub, "mia", "north")
      yield* pass(2_000)
      expect(yield* answers("north")).toEqual(["true charter/hub", "true charter/hub"])
      expect(yield* answers("south")).toEqual(["false team", "false team"])
    })
  )

  it.effect("[AK-1] [AK-4] work that nobody has yet waits, and is submitted when the right comes back", () =>
    Effect.gen(function* () {
      const { hub, mia } = yield* openTeam()
      yield* mia.stop
      yield* pass(1_000)
      yield* mia.put("s9", { team: "south", title: "unsent" })
      yield* mia.patch("s1", { title: "changed offline" })
      yield* setTeams(hub, "mia", "north")
      yield* hub.put("s3", { team: "south", title: "meanwhile" })
      yield* mia.start
      yield* pass(3_000)
      expect(yield* heldBy(mia)).toEqual([["north", 3]])
      expect(yield* hub.titleOf("s9")).toBe(undefined)
      expect(yield* hub.titleOf("s1")).toBe("south 1")
      expect(yield* waiting(mia)).toMatchObject([
        { reason: "Rejected", rule: "team" },
        { reason: "Rejected", rule: "team" }
      ])
      expect(seenBy(mia, "AccessChanged")).toMatchObject([{ lost: [{ entities: 4, kept: 2 }] }])
      yield* setTeams(hub, "mia", "north", "south")
      yield* pass(10_000)
      expect(yield* mia.titleOf("s3")).toBe("meanwhile")
      expect(yield* hub.titleOf("s9")).toBe("unsent")
      expect(yield* hub.titleOf("s1")).toBe("changed offline")
      expect(yield* mia.titleOf("s1")).toBe("changed offline")
      expect(yield* waiting(mia)).toEqual([])
      expect(seenBy(mia, "AccessChanged").at(-1)).toMatchObject({ lost: [], gained: [{ header: { team: "south" } }] })
    })
  )

  it.effect("[AK-1] one that may not write is refused where it writes, and keeps what it reads", () =>
    Effect.gen(function* () {
      const { hub, mia } = yield* openTeam()
      yield* hub.write({ _tag: "SetMemberRole", member: "mia", role: "readonly" })
      yield* pass(2_000)
      expect(yield* Effect.flip(mia.put("n9", { team: "north", title: "no" }))).toMatchObject({
        reason: { _tag: "WriteDenied", rule: "role/readonly" }
      })
      expect(yield* heldBy(mia)).toEqual([
        ["north", 3],
        ["south", 3]
      ])
    })
  )

  it.effect("[AK-3] a device that is paused or removed keeps what it has, and gets nothing more", () =>
    Effect.gen(function* () {
      const { hub, mia } = yield* openTeam()
      yield* hub.write({ _tag: "PauseDevice", device: deviceOf(2).publicKey, isPaused: true })
      yield* pass(2_000)
      yield* hub.put("n9", { team: "north", title: "later" })
      yield* pass(10_000)
      expect(yield* heldBy(mia)).toEqual([
        ["north", 3],
        ["south", 3]
      ])
      expect(yield* mia.titleOf("n9")).toBe(undefined)
      expect((yield* hub.status).peers[0]).toMatchObject({ state: "blocked" })
      yield* hub.write({ _tag: "PauseDevice", device: deviceOf(2).publicKey, isPaused: false })
      yield* pass(70_000)
      expect(yield* mia.titleOf("n9")).toBe("later")
    })
  )

  it.effect("[AK-3] a policy that cannot be read, and none at all, take nothing away", () =>
    Effect.gen(function* () {
      const { hub } = yield* openTeam()
      const state = hub.charter.state()
      const south = { type: "task", header: { team: "south" } }
      const outsider = yield* join(hub, ["rob", "member", 3])
      expect(outsider).toBeDefined()
      const now = new EnterpriseDecisions(hub.charter.state())
      expect(now.forgets(peer(3), south)).toMatchObject({ allowed: false, rule: "team" })
      const newer = { ...hub.charter.state(), policy: { ...state.policy, text: "version: 99" } }
      const closed = new EnterpriseDecisions(newer as typeof state)
      expect(closed.reads(peer(3), south).allowed).toBe(false)
      expect(closed.forgets(peer(3), south)).toBe(undefined)
      expect(now.forgets(peer(9), south)).toBe(undefined)
    })
  )
})

describe("a write that its author may not make any more", () => {
  it.effect("[CX-4] is refused where its partition may not be read, and not kept", () =>
    Effect.gen(function* () {
      const { hub, mia, network } = yield* openTeam(["nora", "member", 3, "north"])
      // Nora and mia share a link of their own; nora is not in the south.
      const nora = yield* makeNode(network, 3, [1, 2])
      yield* nora.start
      yield* pass(3_000)
      yield* mia.put("s8", { team: "south", title: "not for nora" })
      yield* mia.put("n8", { team: "north", title: "for nora" })
      yield* pass(3_000)
      expect(yield* nora.titleOf("n8")).toBe("for nora")
      expect(yield* nora.titleOf("s8")).toBe(undefined)
      expect(yield* waiting(nora)).toEqual([])
      expect(yield* heldBy(nora)).toEqual([["north", 4]])
      expect(yield* hub.titleOf("s8")).toBe("not for nora")
    })
  )

  it.effect("[JR-135] is taken back by everybody who had it before they knew, once a custodian refuses it", () =>
    Effect.gen(function* () {
      const { hub, mia, network } = yield* openTeam(["max", "member", 3, "north"])
      const max = yield* makeNode(network, 3, [1, 2])
      yield* max.start
      yield* pass(3_000)
      yield* hub.stop
      yield* mia.put("n8", { team: "north", title: "late" })
      yield* mia.patch("n1", { title: "changed late" })
      yield* pass(3_000)
      expect(yield* max.titleOf("n8")).toBe("late")
      yield* max.patch("n8", { title: "max builds on it" })
      yield* mia.stop
      yield* hub.write({ _tag: "RemoveMember", member: "mia" })
      yield* hub.start
      yield* pass(70_000)
      expect(yield* hub.titleOf("n8")).toBe(undefined)
      expect(yield* max.titleOf("n8")).toBe(undefined)
      expect(yield* max.titleOf("n1")).toBe("north 1")
      expect((yield* waiting(hub)).filter(({ reason }) => reason === "Revoked").length).toBeGreaterThan(0)
      expect((yield* max.status).peers.find((known) => known.peer === peer(1))).toMatchObject({ state: "synced" })
    })
  )
})

describe("who may create and nothing else", () => {
  it.effect("[EP-21] overwrites nothing, not its own either, and not under another incarnation", () =>
    Effect.gen(function* () {
      const { hub, mia, network } = yield* openTeam()
      yield* hub.write(policy({ actions: ["read", "create"], to: { members: ["mia"] } }))
      yield* pass(2_000)
      yield* mia.put("log", { team: "north", title: "what happened" })
      const refused = { reason: { _tag: "WriteDenied", rule: "default" } }
      expect(yield* Effect.flip(mia.put("log", { team: "north", title: "something else" }))).toMatchObject(refused)
      expect(yield* Effect.flip(mia.remove("log"))).toMatchObject(refused)
      const twice = ["first", "second"].map((title) => ({ id: "twice", team: "north", title }))
      expect(yield* Effect.flip(mia.putAll(...twice))).toMatchObject(refused)
      expect(yield* mia.titleOf("twice")).toBe(undefined)
      yield* pass(3_000)
      expect(yield* hub.titleOf("log")).toBe("what happened")
      yield* mia.close
      // The same key in a new data folder, which has seen nothing.
      const again = yield* makeNode(network, 2, [1], { seed: 20 })
      yield* again.charter.receive(hub.charter.beyond(again.charter.known(), 100_000))
      yield* again.put("log", { team: "north", title: "something else" })
      yield* again.start
      yield* pass(5_000)
      expect(yield* hub.titleOf("log")).toBe("what happened")
      yield* again.close
      // The same incarnation once more, which says something else under the same number.
      const forking = yield* makeNode(network, 2, [1])
      yield* forking.charter.receive(hub.charter.beyond(forking.charter.known(), 100_000))
      yield* forking.put("log", { team: "north", title: "something else again" })
      yield* forking.start
      yield* pass(5_000)
      expect(yield* hub.titleOf("log")).toBe("what happened")
    })
  )

  it.effect("[EP-21] brings no deleted record back", () =>
    Effect.gen(function* () {
      const { hub, mia } = yield* openTeam()
      yield* hub.write(policy({ actions: ["read", "create"], to: { members: ["mia"] } }))
      yield* hub.remove("n1")
      yield* pass(3_000)
      const refused = yield* Effect.flip(mia.put("n1", { team: "north", title: "back" }))
      expect(refused).toMatchObject({ reason: { _tag: "WriteDenied", rule: "default" } })
    })
  )
})

describe("a right that is given", () => {
  /** Names of the messages in frames, and the records in them. */
  const messagesOf = (frames: ReadonlyArray<Uint8Array>) =>
    frames.map((frame) => {
      const { message } = Result.getOrThrow(FrameCodec.decode(Compression.stored, frame))
      const commits = message._tag === "EventBatch" ? message.commits : []
      const headers = commits.map((bytes) => {
        const commit = Commit.open(bytes)
        return typeof commit === "string" ? commit : String(commit.header.partition.header["team"])
      })
      return { tag: message._tag, headers }
    })

  it.effect("[AK-6] brings the gain, and others see nothing of it", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const hub = yield* makeNode(network, 1, [])
      yield* found(hub)
      yield* join(hub, ["mia", "member", 2, "north"], ["max", "member", 3, "north"])
      for (let i = 0; i < 50; i++) {
        yield* hub.put(`n${i}`, { team: "north", title: `north ${i}` })
        yield* hub.put(`s${i}`, { team: "south", title: `south ${i}` })
      }
      const [toMia, toMax]: [Array<Uint8Array>, Array<Uint8Array>] = [[], []]
      const mia = yield* makeNode(network, 2, [1], { onFrame: (frame) => void toMia.push(frame) })
      const max = yield* makeNode(network, 3, [1], { onFrame: (frame) => void toMax.push(frame) })
      for (const node of [hub, mia, max]) yield* node.start
      yield* pass(3_000)
      toMia.length = 0
      toMax.length = 0
      yield* setTeams(hub, "mia", "north", "south")
      yield* pass(3_000)
      expect(yield* heldBy(mia)).toEqual([
        ["north", 50],
        ["south", 50]
      ])
      const gained = messagesOf(toMia).flatMap(({ headers }) => headers)
      expect(gained.length).toBe(50)
      expect(new Set(gained)).toEqual(new Set(["south"]))
      const seen = messagesOf(toMax).map(({ tag }) => tag)
      expect(seen).toContain("CharterSync")
      expect(seen).not.toContain("EventBatch")
    })
  )
})

it.effect("[AK-10] what a hub confirmed before its files were put back to an earlier day is not trusted", () =>
  Effect.gen(function* () {
    const network = MemoryTransport.makeNetwork()
    const yesterday = yield* makeNode(network, 1, [])
    const mia = yield* makeNode(network, 2, [1])
    yield* found(yesterday)
    yield* join(yesterday, ["mia", "member", 2, "north"])
    yield* yesterday.start
    yield* mia.start
    yield* pass(3_000)
    const records = yesterday.charter.beyond({ marks: [], rivals: [] }, 1e6)
    yield* mia.put("x", { team: "north", title: "a day's work" })
    yield* pass(5_000)
    expect(yield* mia.journal.receipts(0, 5)).toMatchObject([{ status: "accepted" }])
    yield* mia.stop
    yield* yesterday.close
    // The same journal as it was before the record came; it greets as what it was, and takes the right away with that.
    const hub = yield* makeNode(network, 1, [])
    expect(hub.journal.info.incarnation).toBe(yesterday.journal.info.incarnation)
    yield* hub.charter.receive(records)
    yield* setTeams(hub, "mia")
    yield* hub.start
    yield* mia.start
    yield* pass(60_000)
    expect(yield* mia.titleOf("x")).toBeUndefined()
    expect(yield* mia.journal.quarantine({ after: 0, limit: 5 })).toMatchObject([{ reason: "Rejected", type: "task" }])
    yield* setTeams(hub, "mia", "north")
    yield* pass(100_000)
    expect([yield* hub.titleOf("x"), yield* mia.titleOf("x")]).toEqual(["a day's work", "a day's work"])
  })
)
