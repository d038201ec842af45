// A hub that was set back to a backup: what it had signed since comes back from devices, beside what it signs then.
import { describe, expect, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Result, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Charter from "../../src/charter/Charter.ts"
import * as CharterOffer from "../../src/charter/CharterOffer.ts"
import type { CharterOperation } from "../../src/charter/CharterOperation.ts"
import { CharterStore } from "../../src/charter/CharterStore.ts"
import { layerDevice } from "../journal/nodeCrypto.ts"
import { addMember, found, join, key, record, space } from "./fixture.ts"

const open = Effect.fnUntraced(function* (device: number) {
  const layer = Charter.layer({ space, policyProblem: () => undefined }).pipe(
    Layer.provide([layerDevice(device), CharterStore.layerMemory()])
  )
  return Context.get(yield* Layer.build(layer), Charter.Charter)
})

const exchange = Effect.fnUntraced(function* (a: Charter.CharterShape, b: Charter.CharterShape) {
  for (let i = 0; i < 50; i++) {
    const there = yield* b.receive(a.beyond(b.known(), 1e6))
    const here = yield* a.receive(b.beyond(a.known(), 1e6))
    if (there.added + here.added === 0) return
  }
})

const setTeam = (team: string): CharterOperation => ({ _tag: "SetTeam", team, name: team })

/** A device writes, and a session hands over what it offers once a second; what came of it, and how many records that made. */
const writeThrough = Effect.fnUntraced(function* (
  device: Charter.CharterShape,
  hub: Charter.CharterShape,
  ...operations: ReadonlyArray<CharterOperation>
) {
  const before = hub.state().version
  const writing = yield* Effect.forkScoped(Effect.result(device.write(operations)), { startImmediately: true })
  for (let i = 0; i < 12; i++) {
    const offered = device.offered()
    if (offered !== undefined) yield* hub.receive([offered])
    yield* exchange(hub, device)
    yield* TestClock.adjust(1_000)
  }
  return { outcome: yield* Fiber.join(writing), records: hub.state().version - before }
})

/** A hub that is an owner's device, set back to before it removed eve; olga has heard of that, adam has not. */
const restored = Effect.fnUntraced(function* () {
  const [lost, hub, olga, adam] = [yield* open(8), yield* open(8), yield* open(2), yield* open(3)]
  yield* lost.write([{ ...found, device: key(8), hub: key(8) } as CharterOperation])
  yield* lost.write([...join("olga", "owner", 2), ...join("adam", "admin", 3), ...join("eve", "member", 4)])
  for (const each of [olga, adam, hub]) yield* exchange(lost, each)
  yield* lost.write([{ _tag: "RemoveMember", member: "eve" }])
  yield* exchange(lost, olga)
  // Meanwhile the restored one goes on.
  expect((yield* writeThrough(adam, hub, addMember("bea", "member"))).records).toBe(1)
  for (const each of [olga, adam]) yield* exchange(hub, each)
  for (const each of [hub, olga, adam]) {
    expect([...each.state().members.keys()].sort()).toEqual(["adam", "ann", "bea", "olga"])
  }
  return { hub, olga, adam }
})

describe("a hub that was set back", () => {
  it.effect("[CH-67] takes records of devices in behind all that are newest, each once", () =>
    Effect.gen(function* () {
      const { adam, hub, olga } = yield* restored()
      const first = yield* writeThrough(olga, hub, addMember("cid", "member"))
      expect(Result.isSuccess(first.outcome)).toBe(true)
      expect(first.records).toBe(1)
      for (const [i, device] of [adam, olga, adam].entries()) {
        if (i === 1) yield* hub.write([setTeam("of-the-hub")])
        yield* exchange(hub, device)
        const { outcome, records } = yield* writeThrough(device, hub, setTeam(`team-${i}`))
        expect(records).toBe(1)
        expect(Result.isSuccess(outcome) && outcome.success.teams.has(`team-${i}`)).toBe(true)
      }
      for (const each of [olga, adam]) {
        yield* exchange(hub, each)
        expect(each.digest()).toEqual(hub.digest())
      }
    })
  )

  it.effect("[CH-67] takes none in that leaves one of the newest out", () =>
    Effect.gen(function* () {
      const { hub, olga } = yield* restored()
      const heads = hub.known().marks.slice(0, 2)
      for (const [version, id] of heads) {
        const handed = yield* hub.receive([record({ id, version: Math.min(version, 3) }, 2, setTeam("x")).bytes])
        expect(handed.refused.map(({ problem }) => problem)).toEqual(["it does not stand behind all newest records"])
      }
      expect((yield* writeThrough(olga, hub, setTeam("x"))).records).toBe(1)
    })
  )
})

describe("a record that is handed over", () => {
  it.effect("[CH-68] counts once, also where its device hears of it behind what others wrote", () =>
    Effect.gen(function* () {
      // Before it is drafted again, and after.
      for (const [waitMs, drafts] of [
        [100, 1],
        [400, 2]
      ] as const) {
        const { hub, olga } = yield* restored()
        const other = yield* open(8)
        yield* other.receive(olga.beyond({ marks: [], rivals: [] }, 1e6))
        yield* other.write([setTeam("elsewhere")])
        const writing = yield* Effect.forkScoped(olga.write([setTeam("x")]), { startImmediately: true })
        const first = olga.offered()!
        yield* hub.receive([first])
        // What another copy of the hub had signed comes first, and then its own.
        yield* exchange(other, olga)
        yield* TestClock.adjust(waitMs)
        expect(new Set([first.join(), olga.offered()!.join()]).size).toBe(drafts)
        yield* exchange(hub, olga)
        yield* TestClock.adjust(1_000)
        expect((yield* Fiber.join(writing)).teams.has("x")).toBe(true)
        expect(olga.offered()).toBe(undefined)
        yield* exchange(hub, olga)
        expect(hub.state()).toEqual(olga.state())
      }
    })
  )

  it.effect("[CH-68] is drafted a bounded number of times, with a pause between", () =>
    Effect.gen(function* () {
      const { hub, olga } = yield* restored()
      const offers = new Set<string>()
      yield* Effect.forkScoped(
        Stream.runForEach(olga.changes, () =>
          Effect.sync(() => {
            const offered = olga.offered()
            if (offered !== undefined) offers.add(offered.join())
          })
        ),
        { startImmediately: true }
      )
      const writing = yield* Effect.forkScoped(Effect.flip(olga.write([setTeam("x")])), { startImmediately: true })
      // Somebody else is always faster.
      for (let i = 0; i < 400; i++) {
        yield* hub.write([setTeam(`other-${i}`)])
        yield* exchange(hub, olga)
        yield* TestClock.adjust(25)
        if (i === 39) expect(offers.size).toBeLessThanOrEqual(5)
      }
      expect((yield* Fiber.join(writing)).reason._tag).toBe("CharterElsewhere")
      expect(offers.size).toBe(CharterOffer.draftsMax)
      expect(olga.offered()).toBe(undefined)
    })
  )
})
