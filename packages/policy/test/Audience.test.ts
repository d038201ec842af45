// Whom a record is for.
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Audience from "../src/Audience.ts"
import { open, peer, policy } from "./space.ts"

describe("an audience", () => {
  it("[EP-29] has one text, whatever the order and however often a name comes", () => {
    expect(Audience.of(["team:north", "mia", peer(2), "mia"])).toBe(`${peer(2)} mia team:north`)
    expect(Audience.of([])).toBe("")
    for (const names of [[], ["mia"], ["mia", "team:north"], [peer(2), peer(3)]]) {
      expect(Audience.namesOf(Audience.of(names))).toEqual(names.toSorted())
    }
    for (const text of [" ", "mia ", "mia mia", "team:north mia", "Mia", "team:", "a  b", "x".repeat(300)]) {
      expect([text, Audience.namesOf(text)]).toEqual([text, undefined])
    }
    for (const name of ["", "Mia", "team:", "team: north", "12D3KooW", "a b"]) {
      expect(() => Audience.of([name])).toThrow(RangeError)
    }
    expect(() => Audience.of(Array.from({ length: 60 }, (_, i) => `member-${i}`))).toThrow("make a team")
  })

  const letter = (to: string) => ({ type: "letter", header: { to } })
  const shared = (audience: string) => ({ type: "task", header: { audience } })

  it.effect("[EP-29] a rule may be for those that it names", () =>
    Effect.gen(function* () {
      const { gate, write } = yield* open(["mia", "member", 2, "north"], ["max", "member", 3, "south"])
      const operation = policy()
      const text = JSON.stringify({
        version: 1,
        types: { letter: { header: { to: "audience" } } },
        rules: [
          {
            id: "named",
            effect: "allow",
            actions: ["read"],
            types: ["letter"],
            where: [{ field: "to", op: "has", value: "$me" }]
          }
        ]
      })
      yield* write({ ...operation, text } as typeof operation)
      const reads = (to: string) =>
        Effect.forEach([2, 3], (number) => Effect.map(gate.canSend(letter(to), peer(number)), ({ allowed }) => allowed))
      expect(yield* reads("mia")).toEqual([true, false])
      expect(yield* reads("max team:north")).toEqual([true, true])
      expect(yield* reads("team:south")).toEqual([false, true])
      expect(yield* reads(peer(3))).toEqual([false, true])
      expect(yield* reads("")).toEqual([false, false])
      expect(yield* reads("mia mia")).toEqual([false, false])
      expect(yield* reads("mi")).toEqual([false, false])
    })
  )

  it.effect("[EP-29] without a document it is for those that it names and who manages", () =>
    Effect.gen(function* () {
      const { gate } = yield* open(["mia", "member", 2, "north"], ["max", "member", 3], ["adam", "admin", 4])
      const reads = (audience: string) =>
        Effect.forEach([2, 3, 4], (number) =>
          Effect.map(gate.canSend(shared(audience), peer(number)), ({ allowed }) => allowed)
        )
      expect(yield* reads("mia")).toEqual([true, false, true])
      expect(yield* reads("team:north")).toEqual([true, false, true])
      expect(yield* reads("mia max")).toEqual([false, false, true])
      expect(yield* reads("max mia")).toEqual([true, true, true])
      for (const audience of [5, true]) {
        const odd = { type: "task", header: { audience } }
        expect((yield* gate.canSend(odd, peer(2))).allowed).toBe(false)
        expect((yield* gate.canSend({ type: "task", header: { team: audience } }, peer(2))).allowed).toBe(false)
      }
      expect(yield* gate.canSend(shared("max"), peer(2))).toMatchObject({
        rule: "audience",
        because: "mia is not among those it is for"
      })
    })
  )
})
