// What the seed systems' scenarios say of nodes that do not run the same policy: each one's own gate holds.
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { EnterpriseDecisions } from "../../src/EnterpriseDecisions.ts"
import { personal } from "../../src/PersonalPolicy.ts"
import { peer } from "../space.ts"
import { makeNode, pass, seenBy } from "../teamNodes.ts"
import { disobey, held, openTeam, putAll } from "./openTeam.ts"

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
        const { hub } = yield* openTeam(["mia", "member", 2, "north"])
        const state = hub.charter.state()
        const newer = new EnterpriseDecisions({ ...state, policy: { text: "version: 2\nnews: 1", version: 9 } })
        const north = { type: "task", header: { team: "north" } }
        expect(newer.reads(peer(2), north)).toMatchObject({ allowed: false, rule: "policy/closed" })
        expect(newer.mayWrite(peer(2), north)).toMatchObject({ allowed: false, rule: "policy/closed" })
        expect(newer.forgets(peer(2), north)).toBe(undefined)
        expect(newer.reads(peer(1), north).allowed).toBe(true)
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
