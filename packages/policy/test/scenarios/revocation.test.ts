// What the seed systems' scenarios say of rights that are taken away and given back while records are on their way.
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { deviceOf } from "../space.ts"
import { makeNode, pass, seenBy } from "../teamNodes.ts"
import { teamsIn } from "./byHand.ts"
import { disobey, held, openTeam, putAll } from "./openTeam.ts"

/** Lets the nodes go on, a little at a time, until it holds. */
const goOnUntil = (holds: () => boolean): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (let step = 0; step < 100_000 && !holds(); step++) yield* Effect.yieldNow
    expect(holds()).toBe(true)
  })

/** The moment at which mia has taken in the first ones of 600 large records, and others are on their way. */
const midSync = Effect.gen(function* () {
  const team = yield* openTeam(["mia", "member", 2, "north"])
  for (let i = 0; i < 600; i++) yield* team.hub.put(`n${i}`, { team: "north", title: `${i} `.padEnd(9_000, "x") })
  const mia = yield* team.enter(2)
  yield* goOnUntil(() => seenBy(mia, "EntitiesUpdated").length > 0)
  return { ...team, mia }
})

describe("a right that is taken away", () => {
  it.effect("[EP-33] privstack revoked_peer_blocked_mid_sync: what was not sent yet is not sent any more", () =>
    Effect.gen(function* () {
      const { hub, mia } = yield* midSync
      yield* hub.write({ _tag: "RemoveMember", member: "mia" })
      yield* pass(30_000)
      const { north } = yield* held(mia)
      expect(north).toBeGreaterThan(0)
      expect(north).toBeLessThan(600)
      expect((yield* hub.status).peers[0]).toMatchObject({ state: "blocked" })
      expect(yield* held(hub)).toEqual({ north: 600 })
    })
  )

  it.effect("[EP-33] privstack revoked_peer_blocked_mid_sync: and of a team that is lost, nothing stays", () =>
    Effect.gen(function* () {
      const { hub, mia } = yield* midSync
      yield* hub.write({ _tag: "SetMemberTeams", member: "mia", teams: ["south"] })
      yield* putAll(hub, "south", 2)
      yield* pass(5_000)
      expect(yield* held(mia)).toEqual({ south: 2 })
      expect(seenBy(mia, "PeerConnected").length).toBe(1)
      expect((yield* mia.status).peers[0]).toMatchObject({ state: "synced" })
    })
  )

  it.effect(
    "[AK-1] [AK-3] privstack revoked_peer_existing_data_stays_cannot_write_or_read_new: so for a removed device; one that only loses a team gives its records up",
    () =>
      Effect.gen(function* () {
        const { enter, hub } = yield* openTeam(["mia", "member", 2, "north"], ["max", "member", 3, "north", "south"])
        yield* putAll(hub, "north", 3)
        yield* putAll(hub, "south", 3)
        const mia = yield* enter(2)
        const max = yield* enter(3)
        yield* pass(2_000)
        yield* hub.write({ _tag: "RemoveMember", member: "mia" })
        yield* hub.write({ _tag: "SetMemberTeams", member: "max", teams: ["north"] })
        yield* putAll(hub, "north", 1, 3)
        yield* mia.patch("n0", { title: "written behind it" })
        yield* pass(70_000)
        expect(yield* held(mia)).toEqual({ north: 3 })
        expect(yield* mia.titleOf("n1")).toBe("north 1")
        expect([yield* hub.titleOf("n0"), yield* max.titleOf("n0")]).toEqual(["north 0", "north 0"])
        expect(yield* held(max)).toEqual({ north: 4 })
      })
  )

  it.effect(
    "[AK-4] [EP-33] privstack re_granted_peer_resyncs_including_gap_events: what came meanwhile comes, too",
    () =>
      Effect.gen(function* () {
        const { enter, hub } = yield* openTeam(["mia", "member", 2, "north", "south"])
        yield* putAll(hub, "south", 3)
        const mia = yield* enter(2)
        yield* pass(2_000)
        const setTeams = (...teams: ReadonlyArray<string>) =>
          hub.write({ _tag: "SetMemberTeams", member: "mia", teams })
        for (let round = 1; round <= 3; round++) {
          yield* setTeams("north")
          yield* pass(1_000)
          expect(yield* held(mia)).toEqual({})
          yield* putAll(hub, "south", 2, 1 + 2 * round)
          yield* hub.patch("s0", { title: `changed ${round}` })
          yield* hub.remove("s1")
          yield* setTeams("north", "south")
          yield* pass(2_000)
          expect(yield* mia.titleOf("s0")).toBe(`changed ${round}`)
          expect(yield* mia.titleOf("s1")).toBe(undefined)
          expect(yield* mia.titleOf(`s${2 + 2 * round}`)).toBe(`south ${2 + 2 * round}`)
          expect(yield* held(mia)).toEqual(yield* held(hub))
          yield* hub.put("s1", { team: "south", title: "there again" })
          yield* pass(1_000)
        }
        expect((yield* mia.status).peers[0]).toMatchObject({ state: "synced" })
      })
  )

  it.effect(
    "[EP-10] [CH-7] privstack re_granted_peer_resyncs_including_gap_events: a paused device, too; a removed one comes back with a new key",
    () =>
      Effect.gen(function* () {
        const { enter, hub } = yield* openTeam(["mia", "member", 2, "north"])
        yield* putAll(hub, "north", 2)
        const mia = yield* enter(2)
        yield* pass(2_000)
        const pause = (isPaused: boolean) => hub.write({ _tag: "PauseDevice", device: deviceOf(2).publicKey, isPaused })
        yield* pause(true)
        yield* pass(1_000)
        yield* putAll(hub, "north", 2, 2)
        yield* pass(5_000)
        expect(yield* held(mia)).toEqual({ north: 2 })
        yield* pause(false)
        yield* pass(70_000)
        expect(yield* held(mia)).toEqual({ north: 4 })
        yield* hub.write({ _tag: "RemoveDevice", device: deviceOf(2).publicKey })
        const back = { _tag: "AddDevice", member: "mia", name: "hers" } as const
        const refused = yield* Effect.flip(hub.write({ ...back, device: deviceOf(2).publicKey }))
        expect(String(refused)).toContain("a device comes back with a new key")
        yield* hub.write({ ...back, device: deviceOf(5).publicKey })
        yield* putAll(hub, "north", 1, 4)
        const again = yield* enter(5)
        yield* pass(3_000)
        expect([yield* held(mia), yield* held(again)]).toEqual([{ north: 4 }, { north: 5 }])
      })
  )
})

describe("what comes back", () => {
  it.effect(
    "[SE-13] [EP-31] privstack reverse_delta_filtered_for_denied_peer: answers hold no more than questions may",
    () =>
      Effect.gen(function* () {
        const { enter, hub } = yield* openTeam(["mia", "member", 2, "north"], ["rob", "readonly", 3, "north"])
        yield* putAll(hub, "north", 5)
        yield* putAll(hub, "south", 5)
        const teams = new Set<unknown>()
        const onFrame = (frame: Uint8Array) => teamsIn(frame).forEach((team) => teams.add(team))
        const mia = yield* enter(2, { onFrame })
        // Before it has met anybody it holds something that it may not even have.
        disobey(mia)
        yield* mia.put("s77", { team: "south", title: "foreign" })
        yield* mia.put("n77", { team: "north", title: "own" })
        yield* pass(5_000)
        expect([...teams]).toEqual(["north"])
        expect(yield* hub.titleOf("n77")).toBe("own")
        expect(yield* held(hub)).toEqual({ north: 6, south: 5 })
        const rob = yield* enter(3, { onFrame })
        yield* pass(2_000)
        expect(yield* held(rob)).toEqual({ north: 6 })
        expect([...teams]).toEqual(["north"])
      })
  )

  it.effect("[SE-5] privstack tampered_events_rejected: whoever changes a record on its way brings nothing", () =>
    Effect.gen(function* () {
      const [real, forged] = ["genuine", "changed"].map((text) => new TextEncoder().encode(text))
      let tampered = 0
      const onFrame = (frame: Uint8Array) => {
        const at = Buffer.from(frame.buffer, frame.byteOffset, frame.length).indexOf(real!)
        if (at < 0) return
        frame.set(forged!, at)
        tampered++
      }
      const { enter, hub } = yield* openTeam(["mia", "member", 2, "north"])
      yield* hub.put("n1", { team: "north", title: "genuine" })
      yield* hub.put("n2", { team: "north", title: "another" })
      const mia = yield* enter(2, { onFrame })
      yield* pass(3_000)
      expect(tampered).toBeGreaterThan(0)
      expect([yield* mia.titleOf("n1"), yield* mia.titleOf("n2")]).toEqual([undefined, "another"])
      expect(seenBy(mia, "CommitsRefused").length).toBeGreaterThan(0)
      expect((yield* mia.status).peers[0]?.state).not.toBe("synced")
    })
  )
})

describe("devices with and without records", () => {
  it.effect(
    "[EP-35] privstack empty_peer_syncs_to_full_peer_adds_not_wipes: an empty device takes, and takes away nothing",
    () =>
      Effect.gen(function* () {
        const { enter, hub, network } = yield* openTeam(["mia", "member", 2, "north"], ["max", "member", 3, "north"])
        yield* putAll(hub, "north", 40)
        yield* hub.remove("n0")
        const mia = yield* enter(2)
        yield* pass(2_000)
        expect(yield* held(mia)).toEqual({ north: 40 })
        // The same device with an empty folder, and another new one that begins with a record of its own.
        yield* mia.close
        const again = yield* makeNode(network, 2, [1], { seed: 20 })
        yield* again.start
        const max = yield* makeNode(network, 3, [1])
        yield* max.charter.receive(hub.charter.beyond(max.charter.known(), 100_000))
        yield* max.put("m1", { team: "north", title: "brought" })
        yield* max.start
        yield* pass(3_000)
        for (const node of [hub, again, max]) {
          expect(yield* held(node)).toEqual({ north: 41 })
          expect([yield* node.titleOf("n0"), yield* node.titleOf("n39"), yield* node.titleOf("m1")]).toEqual([
            undefined,
            "north 39",
            "brought"
          ])
        }
      })
  )

  it.effect(
    "[EP-35] privstack empty_peer_syncs_to_full_peer_adds_not_wipes: a hub that lost its records gets them back",
    () =>
      Effect.gen(function* () {
        const { enter, hub, network } = yield* openTeam(["mia", "member", 2, "north"])
        yield* putAll(hub, "north", 10)
        const mia = yield* enter(2)
        yield* pass(2_000)
        const records = hub.charter.beyond({ marks: [], rivals: [] }, 1e6)
        yield* hub.close
        const fresh = yield* makeNode(network, 1, [], { seed: 30 })
        yield* fresh.charter.receive(records)
        yield* fresh.start
        yield* pass(70_000)
        expect(yield* held(fresh)).toEqual({ north: 10 })
        expect(yield* held(mia)).toEqual({ north: 10 })
      })
  )
})
