import { describe, expect, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Charter from "../../src/charter/Charter.ts"
import type * as CharterFold from "../../src/charter/CharterFold.ts"
import type { CharterOperation } from "../../src/charter/CharterOperation.ts"
import { CharterStore } from "../../src/charter/CharterStore.ts"
import * as Bytes from "../../src/identity/Bytes.ts"
import { JournalError, StoreFull } from "../../src/journal/JournalError.ts"
import { layerDevice } from "../journal/nodeCrypto.ts"
import { addDevice, addMember, found, join, key, peer, space } from "./fixture.ts"

const policyProblem = (text: string) => (text.startsWith("bad") ? "it is bad" : undefined)

/** The charter of a device's number on a store. */
const open = Effect.fnUntraced(function* (
  device: number,
  store: Layer.Layer<CharterStore> = CharterStore.layerMemory(),
  draftProblem?: CharterFold.PolicyCheck,
  removalProblem?: Charter.RemovalCheck
) {
  const options = { space, policyProblem, draftProblem, removalProblem }
  const layer = Charter.layer(options).pipe(Layer.provide([layerDevice(device), store]))
  return Context.get(yield* Layer.build(layer), Charter.Charter)
})

/** Both tell each other what the other lacks, until neither has anything new. */
const exchange = Effect.fnUntraced(function* (a: Charter.CharterShape, b: Charter.CharterShape, bytesMax = 1e6) {
  for (let i = 0; i < 50; i++) {
    const there = yield* b.receive(a.beyond(b.known(), bytesMax))
    const here = yield* a.receive(b.beyond(a.known(), bytesMax))
    if (there.added + here.added === 0) return
  }
})

const team = [...join("olga", "owner", 2), ...join("adam", "admin", 3), ...join("mia", "member", 5)]
const rename = (name: string): CharterOperation => ({ _tag: "SetTeam", team: "north", name })
const remove = (member: string): CharterOperation => ({ _tag: "RemoveMember", member })

describe("a node's charter", () => {
  it.effect("[CH-16] travels in bounded steps, and a newcomer has all of it", () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(1), yield* open(2)]
      yield* a.write([found])
      yield* a.write(team)
      for (let i = 0; i < 40; i++) yield* a.write([rename(`${i}`)], { behalf: "ann@example.org", note: "trying" })
      yield* exchange(a, b, 600)
      expect(b.state()).toEqual(a.state())
      expect(b.known().marks.length).toBeLessThan(30)
      expect(b.beyond(a.known(), 1e6)).toEqual([])
      expect(b.stateAt(2)?.teams.size).toBe(0)
    })
  )

  it.effect("[CH-17] two that wrote apart agree, and all of it counts", () =>
    Effect.gen(function* () {
      const [a, b, c] = [yield* open(1), yield* open(2), yield* open(3)]
      yield* a.write([found])
      yield* a.write(team)
      for (const each of [b, c]) yield* exchange(a, each)
      yield* b.write([rename("of b")])
      yield* b.write([addMember("bea", "member")])
      yield* c.write([remove("mia")])
      yield* exchange(b, c)
      yield* exchange(a, c)
      yield* exchange(a, b)
      for (const each of [a, b, c]) expect(each.state()).toEqual(a.state())
      expect([...a.state().members.keys()].sort()).toEqual(["adam", "ann", "bea", "olga"])
      expect(a.state().teams.get("north")?.name).toBe("of b")
    })
  )

  it.effect("[CH-13] [CH-16] what does not count travels, too, for it may decide what does", () =>
    Effect.gen(function* () {
      const [ann, olga, adam, ada, mia] = [
        yield* open(1),
        yield* open(2),
        yield* open(3),
        yield* open(4),
        yield* open(5)
      ]
      yield* ann.write([found])
      yield* ann.write(team)
      yield* ann.write([...join("ada", "admin", 4), ...join("rob", "member", 6)])
      for (const each of [olga, adam, ada, mia]) yield* exchange(ann, each)
      // Each behind the same record. Ann's removal of adam takes his say.
      yield* ann.write([rename("of ann")])
      yield* ann.write([remove("adam")])
      yield* adam.write([remove("rob"), rename("of adam")])
      yield* adam.write([addMember("eve", "admin")])
      yield* ada.write([rename("of ada"), addMember("new", "member")])
      // Mia hears of everything but the removal, olga of the removal only.
      yield* exchange(olga, ann)
      for (const each of [adam, ada]) yield* exchange(mia, each)
      expect(mia.state().members.has("eve")).toBe(true)
      yield* exchange(olga, mia, 600)
      expect(mia.state()).toEqual(olga.state())
      expect([...mia.state().members.keys()].sort()).toEqual(["ada", "ann", "mia", "new", "olga", "rob"])
      expect(mia.state().teams.get("north")?.name).toBe("of ada")
      expect(mia.known().rivals.length).toBe(2)
    })
  )

  it.effect("[CH-17] nothing is lost when a device stays away or a process ends in between", () =>
    Effect.gen(function* () {
      const rows: Array<Uint8Array> = []
      const [ann, olga, rob] = [yield* open(1, CharterStore.layerMemory(rows)), yield* open(2), yield* open(6)]
      yield* ann.write([found])
      yield* ann.write([...team, ...join("rob", "readonly", 6)])
      for (const each of [olga, rob]) yield* exchange(ann, each)
      yield* rob.write([{ _tag: "RenameMember", member: "rob", name: "Robert" }])
      yield* ann.write([{ _tag: "SetTeam", team: "east", name: "East" }])
      yield* exchange(ann, olga)
      // One rests on what somebody else wrote, and its author never comes back.
      yield* olga.write([{ _tag: "SetMemberTeams", member: "mia", teams: ["east"] }, remove("adam")])
      yield* exchange(olga, rob)
      yield* exchange(rob, ann)
      const again = yield* open(1, CharterStore.layerMemory([...rows]))
      yield* exchange(again, rob)
      for (const each of [ann, again, rob]) {
        expect(each.state()).toEqual(ann.state())
        expect(each.state().members.get("mia")?.teams).toEqual(["east"])
        expect(each.state().members.get("rob")?.name).toBe("Robert")
        expect(each.state().members.has("adam")).toBe(false)
      }
    })
  )

  it.effect("[CH-14] a charter that holds as many records as it keeps of one device agrees all the same", () =>
    Effect.gen(function* () {
      const [ann, olga, adam] = [yield* open(1), yield* open(2), yield* open(3)]
      yield* ann.write([found])
      yield* ann.write(team)
      for (const each of [olga, adam]) yield* exchange(ann, each)
      yield* ann.write([remove("adam")])
      for (let i = 0; i < 100; i++) yield* adam.write([rename(`${i}`)])
      yield* ann.receive(adam.beyond(ann.known(), 1e6))
      yield* olga.write([remove("mia")])
      yield* exchange(ann, olga)
      expect(olga.digest()).toEqual(ann.digest())
      expect(ann.known().rivals.length).toBeLessThanOrEqual(64)
      expect([...ann.state().members.keys()].sort()).toEqual(["ann", "olga"])
      // And whoever takes both in from the start.
      const newcomer = yield* open(9)
      yield* exchange(newcomer, adam)
      yield* exchange(newcomer, ann)
      expect(newcomer.state()).toEqual(ann.state())
    })
  )

  it.effect("[CH-17] however much a device wrote apart, all of it counts", () =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(1), yield* open(2)]
      yield* a.write([found])
      yield* a.write(team)
      yield* exchange(a, b)
      for (let i = 0; i < 20; i++) yield* b.write([addMember(`m${i}`, "member")])
      yield* a.write([remove("mia")])
      yield* exchange(a, b)
      expect(b.state()).toEqual(a.state())
      expect(a.state().members.size).toBe(23)
    })
  )

  it.effect("[CH-17] two admins that remove each other at once: everybody agrees who stays", () =>
    Effect.gen(function* () {
      const [a, b, c] = [yield* open(1), yield* open(2), yield* open(3)]
      yield* a.write([found])
      yield* a.write(team)
      for (const each of [b, c]) yield* exchange(a, each)
      yield* a.write([remove("olga")])
      yield* b.write([remove("ann")])
      yield* exchange(b, c)
      yield* exchange(a, c)
      yield* exchange(b, c)
      for (const each of [a, b, c]) expect([...each.state().members.keys()].sort()).toEqual(["adam", "ann", "mia"])
      expect(yield* Effect.flip(b.write([rename("late")]))).toMatchObject({ reason: { _tag: "CharterDenied" } })
    })
  )

  it.effect("[CH-18] what its store does not keep has never been, and what it keeps is there after a restart", () =>
    Effect.gen(function* () {
      const records: Array<Uint8Array> = []
      let isFull = false
      const full = new JournalError({ reason: new StoreFull({ path: "somewhere" }) })
      const store = Layer.succeed(CharterStore, {
        path: "somewhere",
        load: Effect.suspend(() => (isFull ? Effect.fail(full) : Effect.sync(() => [...records]))),
        append: (fresh: ReadonlyArray<Uint8Array>) =>
          Effect.suspend(() => (isFull ? Effect.fail(full) : Effect.sync(() => void records.push(...fresh))))
      })
      const [a, b] = [yield* open(1, store), yield* open(2)]
      yield* a.write([found])
      isFull = true
      const before = a.state()
      expect(yield* Effect.flip(a.write(team))).toMatchObject({ reason: { _tag: "CharterStoreFailed" } })
      expect(a.state()).toEqual(before)
      isFull = false
      yield* a.write(team)
      yield* exchange(a, b)
      yield* b.write([rename("by b")])
      isFull = true
      expect(yield* Effect.flip(a.receive(b.beyond(a.known(), 1e6)))).toBeInstanceOf(JournalError)
      expect(a.state().version).toBe(2)
      isFull = false
      yield* exchange(a, b)
      expect(a.state().version).toBe(3)
      expect((yield* open(1, store)).state()).toEqual(a.state())
    })
  )

  it.effect("[CH-19] a change is told also where it is ordered in before the last record", () =>
    Effect.gen(function* () {
      const [ann, olga] = [yield* open(1), yield* open(2)]
      yield* ann.write([found])
      yield* ann.write(team)
      yield* exchange(ann, olga)
      yield* ann.write([addMember("x", "member")])
      yield* olga.write([rename("of olga")])
      const { head } = olga.state()
      const told = yield* Effect.forkScoped(Stream.runHead(olga.changes), { startImmediately: true })
      yield* exchange(ann, olga)
      expect(olga.state().head).toBe(head)
      expect((yield* Fiber.join(told))._tag).toBe("Some")
      expect(olga.state().members.has("x")).toBe(true)
    })
  )

  it.effect(
    "[CH-26] what was looked at is expected by its digest, for a version may come to mean another charter",
    () =>
      Effect.gen(function* () {
        const [ann, olga, adam] = [yield* open(1), yield* open(2), yield* open(3)]
        yield* ann.write([found])
        yield* ann.write(team)
        for (const each of [olga, adam]) yield* exchange(ann, each)
        yield* adam.write([{ _tag: "SetPolicy", text: "adam's" }])
        yield* exchange(olga, adam)
        const expected = { expectedVersion: olga.state().version, expectedDigest: Bytes.toHex(olga.digest()) }
        yield* ann.write([remove("adam")])
        yield* exchange(olga, ann)
        expect(olga.state().version).toBe(expected.expectedVersion)
        const moved = yield* Effect.flip(olga.write([rename("x")], expected))
        expect(moved.reason._tag).toBe("CharterMoved")
        expect(moved.message).toBe("the charter says something else than was expected; look at it again")
        const expectedDigest = Bytes.toHex(olga.digest())
        expect((yield* olga.write([rename("x")], { ...expected, expectedDigest })).teams.get("north")?.name).toBe("x")
      })
  )

  it.effect("[CH-19] says why it cannot be written here, and tells what changed", () =>
    Effect.gen(function* () {
      const [hub, a] = [yield* open(8), yield* open(1)]
      expect(yield* Effect.flip(a.write(team))).toMatchObject({ reason: { _tag: "CharterMissing" } })
      const told = yield* Effect.forkScoped(Stream.runCollect(Stream.take(hub.changes, 2)), { startImmediately: true })
      yield* hub.write([{ ...found, device: key(8), hub: key(8) } as CharterOperation])
      yield* hub.write(join("bea", "owner", 1))
      expect((yield* Fiber.join(told)).map(({ version }) => version)).toEqual([1, 2])
      yield* exchange(hub, a)
      expect(a.state()).toEqual(hub.state())
      const writing = yield* Effect.forkScoped(Effect.flip(a.write([rename("x")])), { startImmediately: true })
      yield* TestClock.adjust(9_999)
      expect(a.offered()).toBeDefined()
      yield* TestClock.adjust(1)
      expect((yield* Fiber.join(writing)).message).toMatch(/^the hub 12D3KooW.* has not taken this one/)
      expect(a.offered()).toBeUndefined()
      const denied = yield* Effect.flip(hub.write([{ _tag: "SetPolicy", text: "bad" }]))
      expect(denied.message).toBe("the charter does not allow it at version 2: it is bad")
    })
  )

  it.effect(
    "[CH-21] a document is judged once, by the device that puts it in force, and not where it is in force",
    () =>
      Effect.gen(function* () {
        const teamNamed: CharterFold.PolicyCheck = (text, { teams }) =>
          teams.has(text) ? undefined : `there is no team ${text}`
        const [strict, lenient] = [yield* open(1, undefined, teamNamed), yield* open(1)]
        const policy = (text: string): CharterOperation => ({ _tag: "SetPolicy", text })
        const north: CharterOperation = { _tag: "SetTeam", team: "north", name: "North" }
        yield* strict.write([found])
        const denied = yield* Effect.flip(strict.write([policy("north")]))
        expect(denied.message).toBe("the charter does not allow it at version 1: there is no team north")
        expect(strict.state().version).toBe(1)
        yield* strict.write([north, policy("north")])
        yield* strict.write([{ _tag: "RemoveTeam", team: "north" }])
        expect(strict.state().policy).toEqual({ text: "north", version: 2 })
        yield* exchange(strict, lenient)
        yield* lenient.write([policy("elsewhere")])
        yield* exchange(strict, lenient)
        expect(strict.state()).toEqual(lenient.state())
        expect((yield* strict.write([policy("north")])).policy?.text).toBe("north")
        expect((yield* Effect.flip(strict.write([policy("east")]))).message).toContain("no team east")
      })
  )

  it.effect(
    "[CH-23] a team or role that the policy names stays until the policy does not, on the device that writes",
    () =>
      Effect.gen(function* () {
        const named: Charter.RemovalCheck = (text, removed) =>
          removed._tag === "RemoveTeam" && text === removed.team ? `the policy names ${text}` : undefined
        const [strict, lenient] = [yield* open(1, undefined, undefined, named), yield* open(1)]
        const north: CharterOperation = { _tag: "SetTeam", team: "north", name: "North" }
        const gone: CharterOperation = { _tag: "RemoveTeam", team: "north" }
        const policy = (text: string): CharterOperation => ({ _tag: "SetPolicy", text })
        yield* strict.write([found])
        yield* strict.write([north, policy("north")])
        yield* exchange(strict, lenient)
        expect((yield* Effect.flip(strict.write([gone]))).message).toContain("the policy names north")
        expect((yield* Effect.flip(strict.write([gone, policy("north")]))).message).toContain("the policy names north")
        expect(strict.state().version).toBe(2)
        yield* lenient.write([gone])
        yield* exchange(strict, lenient)
        expect(strict.state().teams.has("north")).toBe(false)
        yield* strict.write([{ ...north, team: "east" }, policy("east")])
        yield* strict.write([{ ...gone, team: "east" }, { _tag: "RemovePolicy" }])
        expect(strict.state().teams.size).toBe(0)
      })
  )

  it.effect("[CH-19] what no record can hold is refused with the reason, and nothing comes of it", () =>
    Effect.gen(function* () {
      const charter = yield* open(1)
      yield* charter.write([found])
      const device = (bytes: number): CharterOperation => ({
        _tag: "AddDevice",
        member: "ann",
        device: new Uint8Array(bytes),
        name: "x"
      })
      const tries: ReadonlyArray<readonly [ReadonlyArray<CharterOperation>, string, string]> = [
        [[], "", "it does not do 1 to 64 things"],
        [Array.from({ length: 65 }, (_, i) => rename(`${i}`)), "", "it does not do 1 to 64 things"],
        [[device(31)], "", "none of a charter's operations"],
        [[{ _tag: "SetRole", role: "x", name: "X", level: 100 }], "", "none of a charter's operations"],
        [[{ _tag: "SetPolicy", text: "x".repeat(200_000) }], "", "it has more than 163840 bytes"],
        [[rename("x")], "x".repeat(513), "a text of it is too long"]
      ]
      for (const [operations, note, problem] of tries) {
        const denied = yield* Effect.flip(charter.write(operations, { note }))
        expect(denied).toMatchObject({ reason: { _tag: "CharterDenied", version: 1 } })
        expect(denied.message).toContain(problem)
      }
      yield* charter.write([rename("North")])
      expect(charter.state()).toMatchObject({ version: 2 })
    })
  )
})

it.effect("[CH-25] a device is put aside by its own member alone, until it is taken back", () =>
  Effect.gen(function* () {
    const charter = yield* open(1)
    const pause = (device: number, isPaused: boolean) =>
      charter.write([{ _tag: "PauseDevice", device: key(device), isPaused }])
    const aside = () => [...charter.state().putAside]
    yield* charter.write([
      found,
      ...join("mia", "owner", 2),
      addDevice("mia", 3),
      addDevice("ann", 5),
      addDevice("ann", 6)
    ])
    yield* pause(2, true)
    yield* charter.write([{ _tag: "RemoveDevice", device: key(3) }])
    expect(aside()).toEqual([])
    yield* pause(5, true)
    yield* charter.write([{ _tag: "RemoveDevice", device: key(6) }])
    expect(aside()).toEqual([peer(5), peer(6)])
    yield* pause(5, false)
    expect(aside()).toEqual([peer(6)])
    yield* charter.write([{ _tag: "RemoveMember", member: "mia" }])
    expect(aside()).toEqual([peer(6)])
  })
)
