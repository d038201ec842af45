// What the seed systems' scenarios say of nodes that do not run the same policy: each one's own gate holds.
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { personal } from "../../src/PersonalPolicy.ts"
import { peer } from "../space.ts"
import { makeNode, pass, seenBy } from "../teamNodes.ts"
import { disobey, held, openTeam, openWatched, putAll } from "./openTeam.ts"

const north = { type: "task", header: { team: "north" } }
/** A program that can read what this one cannot. */
const newer = { policyProblem: () => undefined, draftProblem: () => undefined }

describe("nodes with different policies", () => {
  it.effect(
    "[CX-3] privstack mixed_policy_engines_interop: a personal node and a team's do not sync at all, and both say so",
    () =>
      Effect.gen(function* () {
        const { enter, hub } = yield* openTeam(["mia", "member", 2, "north"])
        yield* putAll(hub, "north", 3)
        const mia = yield* enter(2, { policy: personal({ trusted: [hub.peer] }) })
        yield* mia.put("m1", { team: "north", title: "of a personal space" })
        yield* pass(5_000)
        expect([yield* held(hub), yield* held(mia)]).toEqual([{ north: 3 }, { north: 1 }])
        for (const node of [hub, mia]) expect(seenBy(node, "SyncError")[0]).toMatchObject({ code: "CharterUnknown" })
      })
  )

  it.effect(
    "[EP-34] privstack mixed_policy_engines_interop: beside one that allows everything, the others allow no more than before",
    () =>
      Effect.gen(function* () {
        const { enter, hub, network } = yield* openTeam(["mia", "member", 2, "north"], ["nora", "member", 3, "south"])
        yield* putAll(hub, "north", 2)
        yield* putAll(hub, "south", 2)
        const mia = yield* enter(2)
        const nora = yield* makeNode(network, 3, [1, 2])
        yield* nora.start
        yield* pass(3_000)
        disobey(nora)
        yield* nora.put("n7", { team: "north", title: "from outside" })
        yield* nora.put("s7", { team: "south", title: "her own" })
        yield* pass(5_000)
        // New sessions ask again.
        yield* nora.stop
        yield* nora.start
        yield* pass(5_000)
        expect(yield* held(hub)).toEqual({ north: 2, south: 3 })
        expect(yield* held(mia)).toEqual({ north: 2 })
        expect(yield* held(nora)).toEqual({ south: 3 })
        expect(yield* nora.titleOf("n0")).toBe(undefined)
      })
  )

  it.effect(
    "[EP-17] [AK-3] privstack mixed_policy_engines_interop: one that cannot read the document lets nothing pass and loses nothing",
    () =>
      Effect.gen(function* () {
        const team = yield* openWatched({ checks: newer }, ["mia", "member", 2, "north"], ["eve", "admin", 3, "north"])
        const { enter, hub } = team
        yield* putAll(hub, "north", 3)
        const stored: Array<Uint8Array> = []
        const mia = yield* enter(2, { stored })
        const eve = yield* enter(3)
        yield* pass(3_000)
        // A program that is ahead of theirs puts it in force, and then somebody out.
        yield* hub.write({ _tag: "SetPolicy", text: "version: 2\nnews: 1" })
        yield* hub.write({ _tag: "RemoveMember", member: "eve" })
        yield* hub.put("n9", { team: "north", title: "for who can read the policy" })
        yield* pass(5_000)
        yield* mia.close
        const again = yield* enter(2, { stored })
        yield* pass(5_000)
        for (const { charter, gate } of [mia, again]) {
          expect(charter.state()).toEqual(hub.charter.state())
          expect(yield* gate.admits(eve.peer)).toMatchObject({ allowed: false, rule: "charter/device" })
          expect((yield* gate.admits(hub.peer)).allowed).toBe(true)
          for (const asked of [gate.canRead(north), gate.canReceive(north, hub.peer), gate.canSend(north, hub.peer)]) {
            expect(yield* asked).toMatchObject({
              allowed: false,
              rule: "policy/closed",
              because: expect.stringContaining("update it")
            })
          }
          expect(yield* gate.mustForget(north)).toBe(undefined)
        }
        expect(yield* held(mia)).toEqual({ north: 3 })
        expect(yield* held(eve)).toEqual({ north: 3 })
        expect(String(yield* Effect.flip(mia.put("n8", { team: "north", title: "no" })))).toContain(
          "cannot read the policy"
        )
        // The sessions go on, so that it hears of a policy that it can read.
        yield* hub.write({ _tag: "RemovePolicy" })
        yield* pass(5_000)
        expect(yield* held(again)).toEqual({ north: 4 })
        expect(seenBy(again, "SyncError").filter(({ code }) => code !== "SessionReplaced")).toEqual([])
        expect(yield* held(eve)).toEqual({ north: 3 })
      })
  )
})

describe("who is not known", () => {
  it.effect("[EP-10] [SE-1] privstack unknown_peer_denied_at_handshake: it learns nothing, not even the charter", () =>
    Effect.gen(function* () {
      const { enter, hub } = yield* openTeam(["mia", "member", 2, "north"])
      yield* putAll(hub, "north", 3)
      const stranger = yield* enter(9)
      const mia = yield* enter(2)
      yield* stranger.put("x1", { team: "north", title: "no" }).pipe(Effect.ignore)
      yield* pass(5_000)
      expect(yield* held(stranger)).toEqual({})
      expect(stranger.charter.state()).toMatchObject({ version: 0, name: "" })
      expect(seenBy(stranger, "PeerConnected")).toEqual([])
      expect(seenBy(stranger, "SyncError").length).toBeGreaterThan(0)
      expect(yield* held(mia)).toEqual({ north: 3 })
      expect((yield* hub.status).peers.map((known) => known.peer)).not.toContain(peer(9))
    })
  )
})
