// What the seed systems' scenarios say of how many devices a member may have.
import { describe, expect, it } from "@effect/vitest"
import { CharterState } from "@syncline/core"
import { Effect } from "effect"
import { deviceOf, open } from "../space.ts"
import { pass } from "../teamNodes.ts"
import { exchange, held, openTeam, putAll, refusal, replicas } from "./openTeam.ts"

const add = (device: number, member = "mia") =>
  ({ _tag: "AddDevice", member, device: deviceOf(device).publicKey, name: `device ${device}` }) as const
const limitOf = (limit: number | null) => ({ _tag: "SetDeviceLimit", limit }) as const
const reached = (count: number, limit: number) => `mia has ${count} devices, and the limit is ${limit}`

describe("a limit of devices", () => {
  it.effect(
    "[CH-8] privstack device_limit_exactly_at_boundary: the last one it allows is let in, the next is not",
    () =>
      Effect.gen(function* () {
        const { charter, gate, write } = yield* open(["mia", "member", 2])
        yield* write(limitOf(3))
        yield* write(add(3))
        yield* write(add(4))
        expect(yield* refusal(charter, add(5))).toContain(reached(3, 3))
        expect((yield* gate.admits(deviceOf(4).peer)).allowed).toBe(true)
        expect((yield* gate.admits(deviceOf(5).peer)).allowed).toBe(false)
        yield* write(limitOf(4))
        yield* write(add(5))
        expect((yield* gate.admits(deviceOf(5).peer)).allowed).toBe(true)
      })
  )

  it.effect(
    "[CH-8] privstack device_limit_zero_blocks_all: nobody gets a device, but for who has a limit of its own",
    () =>
      Effect.gen(function* () {
        const { charter, write } = yield* open()
        yield* write(limitOf(0))
        for (const member of ["mia", "max"]) {
          yield* write({ _tag: "AddMember", member, name: member, role: "member", teams: [] })
          expect(yield* refusal(charter, add(5, member))).toContain("has 0 devices, and the limit is 0")
        }
        expect(yield* refusal(charter, add(6, "ann"))).toContain("Ann has 1 devices, and the limit is 0")
        yield* write({ _tag: "SetMemberDeviceLimit", member: "mia", isOwn: true, limit: 1 })
        yield* write(add(5))
        expect(yield* refusal(charter, add(6))).toContain(reached(1, 1))
        yield* write({ _tag: "SetMemberDeviceLimit", member: "max", isOwn: true, limit: null })
        yield* write(add(6, "max"), add(7, "max"))
      })
  )

  it.effect("[CH-8] privstack device_limit_downgrade_grandfathers_existing: they sync on, and none is added", () =>
    Effect.gen(function* () {
      const { enter, hub } = yield* openTeam(["mia", "member", 2, "north"])
      yield* hub.write(add(3))
      const nodes = [yield* enter(2), yield* enter(3)]
      yield* pass(2_000)
      yield* hub.write(limitOf(1))
      yield* putAll(hub, "north", 2)
      yield* nodes[1]!.put("n9", { team: "north", title: "from the second" })
      yield* pass(2_000)
      for (const node of [hub, ...nodes]) expect(yield* held(node)).toEqual({ north: 3 })
      expect(yield* refusal(hub.charter, add(4))).toContain(reached(2, 1))
    })
  )

  it.effect("[CH-8] privstack remove_device_frees_slot: for a key that was not there before", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2])
      yield* write(limitOf(1))
      expect(yield* refusal(charter, add(3))).toContain(reached(1, 1))
      yield* write({ _tag: "RemoveDevice", device: deviceOf(2).publicKey })
      yield* write(add(3))
      expect(yield* refusal(charter, add(2))).toContain("a device comes back with a new key")
      expect(CharterState.devicesOf(charter.state(), "mia").map(({ peer }) => peer)).toEqual([deviceOf(3).peer])
    })
  )

  it.effect("[CH-8] privstack remove_device_frees_slot: a paused one keeps its place", () =>
    Effect.gen(function* () {
      const { charter, write } = yield* open(["mia", "member", 2])
      yield* write(limitOf(1))
      yield* write({ _tag: "PauseDevice", device: deviceOf(2).publicKey, isPaused: true })
      expect(yield* refusal(charter, add(3))).toContain(reached(1, 1))
    })
  )

  it.effect(
    "[CH-4] [CH-8] privstack concurrent_device_registration_respects_limit: of ten at once the hub takes one",
    () =>
      Effect.gen(function* () {
        const { hub } = yield* openTeam(["mia", "member", 2])
        yield* hub.write(limitOf(2))
        const numbers = Array.from({ length: 10 }, (_, i) => i + 10)
        const outcomes = yield* Effect.forEach(numbers, (device) => Effect.exit(hub.write(add(device))), {
          concurrency: "unbounded"
        })
        expect(outcomes.filter(({ _tag }) => _tag === "Success").length).toBe(1)
        expect(CharterState.devicesOf(hub.charter.state(), "mia").length).toBe(2)
        expect(yield* refusal(hub.charter, limitOf(4), add(30), add(31), add(32))).toContain(reached(4, 4))
        expect(hub.charter.state().deviceLimit).toBe(2)
      })
  )

  it.effect(
    "[CH-8] [CH-13] privstack concurrent_device_registration_respects_limit: nor is it passed by two that do not know of each other",
    () =>
      Effect.gen(function* () {
        const [ann, olga, mia] = yield* replicas(
          [
            ["olga", "owner", 3],
            ["mia", "member", 2]
          ],
          [3, 2]
        )
        yield* ann!.write([limitOf(2)])
        for (const other of [olga!, mia!]) yield* exchange(ann!, other)
        // Three add the member's second device, each on its own.
        yield* ann!.write([add(10)])
        yield* olga!.write([add(11)])
        yield* mia!.write([add(12)])
        for (const [a, b] of [
          [ann, olga],
          [olga, mia],
          [mia, ann],
          [ann, olga]
        ]) {
          yield* exchange(a!, b!)
        }
        for (const charter of [ann!, olga!, mia!]) {
          expect(CharterState.devicesOf(charter.state(), "mia").map(({ peer }) => peer)).toEqual([
            deviceOf(2).peer,
            deviceOf(10).peer
          ])
        }
      })
  )
})
