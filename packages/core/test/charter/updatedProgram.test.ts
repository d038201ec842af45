// What a program makes of records that it can judge and an earlier one could not, and what both count.
import { describe, expect, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { vi } from "vitest"
import * as Charter from "../../src/charter/Charter.ts"
import { CharterGraph } from "../../src/charter/CharterGraph.ts"
import type * as Operations from "../../src/charter/CharterOperation.ts"
import * as CharterRecord from "../../src/charter/CharterRecord.ts"
import { CharterStore } from "../../src/charter/CharterStore.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"
import { layerDevice } from "../journal/nodeCrypto.ts"
import { type Before, crypto, encoded, found, join, key, record, signerOf, space, team } from "./fixture.ts"
import { headOf, idsOf, pause, remove, rename } from "./plainOrder.ts"

/** The present version of the program does not know operation 99; an updated one does. */
const program = vi.hoisted(() => ({ isUpdated: false }))

vi.mock("../../src/charter/CharterOperation.ts", async (original) => {
  const actual = await original<typeof Operations>()
  const updated = (does: unknown): ReturnType<typeof Operations.fromWire> => {
    if (does === "what makes sense") return { _tag: "SetTeam", team: "west", name: "West" }
    return does === "what is forbidden" ? { _tag: "RemoveMember", member: "ann" } : undefined
  }
  return {
    ...actual,
    fromWire: (input: unknown) =>
      program.isUpdated && Array.isArray(input) && input[0] === 99 ? updated(input[1]) : actual.fromWire(input)
  }
})

const as = <A>(version: "present" | "updated", run: () => A): A => {
  const before = program.isUpdated
  program.isUpdated = version === "updated"
  try {
    return run()
  } finally {
    program.isUpdated = before
  }
}

/** A charter whose records are read by the version that is on at that time. */
const open = Effect.fnUntraced(function* (device: number, rows: Array<Uint8Array> = []) {
  const layer = Charter.layer({ space, policyProblem: () => undefined }).pipe(
    Layer.provide([layerDevice(device), CharterStore.layerMemory(rows, "charter.db")])
  )
  return Context.get(yield* Layer.build(layer), Charter.Charter)
})

/** A record of operation 99, as the present version has it. */
const later = (before: Before | ReadonlyArray<Before>, device: number, does: string): CharterRecord.CharterRecord =>
  as("present", () =>
    CharterRecord.open(crypto, encoded(before, device, 1, [[99, does]]))
  ) as CharterRecord.CharterRecord

const sent = (...records: ReadonlyArray<CharterRecord.CharterRecord>) => records.map(({ bytes }) => bytes)

const renamed = { _tag: "RenameMember", member: "mia", name: "Mia" } as const

/** What a version counts of records, which it takes in until no more of them come in. */
const counted = (version: "present" | "updated", records: ReadonlyArray<Uint8Array>): CharterGraph =>
  as(version, () => {
    const graph = new CharterGraph(crypto, space)
    const read = records.flatMap((bytes) => {
      const opened = CharterRecord.open(crypto, bytes)
      return typeof opened === "string" ? [] : [opened]
    })
    while (graph.addAll(read).some(({ kind }) => kind === "added"));
    return graph
  })

describe("[CH-66] a start after an update", () => {
  for (const does of ["what is broken", "what is forbidden"]) {
    it.effect(`leaves out ${does}, as it would have been refused when it came, and what stands behind it`, () =>
      Effect.gen(function* () {
        program.isUpdated = false
        const tree = team()
        const rows: Array<Uint8Array> = []
        const olga = yield* open(2, rows)
        const bad = later(headOf(tree), 3, does)
        yield* olga.receive(sent(...tree.after(0), bad, record(bad, 5, renamed)))
        expect(olga.state().unread).toBe(3)
        // Somebody more senior removes that admin, and did not know of it.
        yield* olga.receive(sent(record(headOf(tree), 1, remove("adam"))))
        yield* olga.write([remove("ada")])
        expect(olga.state()).toMatchObject({ version: 4, unread: undefined })
        expect(rows).toHaveLength(6)
        program.isUpdated = true
        const fresh = yield* open(6)
        const { added, refused } = yield* fresh.receive(olga.beyond({ marks: [], rivals: [] }, 1e6))
        expect([added, refused.length]).toEqual([4, 1])
        for (const each of [fresh, yield* open(2, rows)]) {
          expect(each.state()).toEqual(olga.state())
          expect(each.digest()).toEqual(olga.digest())
          expect(each.rivals()).toEqual([])
        }
        program.isUpdated = false
      })
    )
  }

  it.effect("goes by what a record stands behind, though an earlier version had taken it for judged", () =>
    Effect.gen(function* () {
      program.isUpdated = false
      const tree = team()
      const rows: Array<Uint8Array> = []
      const bad = later(headOf(tree), 3, "what is broken")
      const removal = record(headOf(tree), 1, remove("adam"))
      yield* (yield* open(2, rows)).receive(sent(...tree.after(0), bad, removal))
      const behind = record(bad, 5, renamed)
      rows.push(...sent(behind, record([behind, removal], 2, remove("ada"))))
      for (const isUpdated of [false, true]) {
        program.isUpdated = isUpdated
        const { version, unread } = (yield* open(2, rows)).state()
        expect({ version, unread }).toEqual({ version: 3, unread: undefined })
      }
      program.isUpdated = false
    })
  )
})

describe("[CH-69] what stands behind what only a later version knows", () => {
  it("counts with it, and without it in no version, whatever that makes of it", () => {
    const tree = team()
    for (const does of ["what makes sense", "what is forbidden", "what is broken"]) {
      const first = later(headOf(tree), 3, does)
      const behind = record(first, 5, renamed)
      const known = sent(...tree.after(0), first, behind)
      const [present, updated] = [counted("present", known), counted("updated", known)]
      expect(present.state).toMatchObject({ version: 4, unread: 3 })
      expect(updated.state).toMatchObject({ version: does === "what makes sense" ? 4 : 2, unread: undefined })
      const without = [...known, ...sent(record(headOf(tree), 1, remove("adam")))]
      const open = counted("present", without)
      expect(open.state).toMatchObject({ version: 3, unread: undefined })
      expect(open.state.members.get("mia")?.name).toBe("MIA")
      expect(idsOf(counted("updated", without).after(0))).toEqual(idsOf(open.after(0)))
    }
  })

  it("counts with another one that is as new, for a version that cannot judge it is closed by that one", () => {
    const tree = team()
    const byAnn = later(headOf(tree), 1, "what makes sense")
    const byAdam = later(byAnn, 3, "what makes sense")
    const known = sent(...tree.after(0), byAnn, byAdam, record(byAdam, 5, renamed), record(byAnn, 1, remove("adam")))
    const { state } = counted("updated", known)
    expect([state.version, state.members.get("mia")?.name, state.members.has("adam")]).toEqual([5, "Mia", false])
    expect(counted("present", known).state.unread).toBe(3)
  })

  it("counts in a space with a hub as ever, for the hub has signed that it is there", () => {
    const signed = (each: CharterRecord.CharterRecord) => CharterRecord.withReceipt(each, signerOf(8))
    const first = signed(record(undefined, 1, { ...found, hub: key(8) } as Operations.CharterOperation))
    const people = signed(record(first, 1, ...join("adam", "admin", 3), ...join("mia", "member", 5)))
    const byAdam = signed(later(people, 3, "what makes sense"))
    // The hub was set back, and somebody removed him meanwhile.
    const removal = signed(record(people, 1, remove("adam")))
    const known = sent(first, people, byAdam, signed(record(byAdam, 5, renamed)), removal)
    expect(counted("updated", known).state.members.get("mia")?.name).toBe("Mia")
    expect(counted("present", known).state.unread).toBeGreaterThan(0)
  })

  it("counts the same in all versions, wherever the space is open to one that cannot judge it", () => {
    let isOpen = 0
    for (let seed = 1; seed <= 100; seed++) {
      const random = new SeededRandom(seed)
      const tree = team()
      // Who has no say in the end, as a rule, so that the space is open.
      const all = [...tree.after(0), record(headOf(tree), 1, remove("adam"))]
      for (let i = 0; i < 9; i++) {
        const behind = antichain(all.slice(1), random)
        const does = random.pick(["what makes sense", "what is forbidden", "what is broken"])
        const isLater = random.chance(0.3)
        const device = isLater && random.chance(0.8) ? 3 : random.between(1, 5)
        all.push(isLater ? later(behind, device, does) : record(behind, device, random.pick(deeds)))
      }
      const known = sent(...all)
      const [present, updated] = [counted("present", known), counted("updated", known.toReversed())]
      expect(counted("present", known.toReversed()).state).toEqual(present.state)
      if (present.state.unread !== undefined) continue
      if (present.size > updated.size) isOpen++
      expect(idsOf(updated.after(0)), `seed ${seed}`).toEqual(idsOf(present.after(0)))
      expect(updated.state).toEqual(present.state)
    }
    expect(isOpen).toBeGreaterThan(10)
  })
})

const deeds: ReadonlyArray<Operations.CharterOperation> = [
  remove("adam"),
  remove("ada"),
  pause(3),
  pause(4),
  rename("Norden"),
  renamed,
  { _tag: "SetMemberTeams", member: "zoe", teams: [] },
  ...join("zoe", "member", 9).slice(0, 1)
]

/** One to three records none of which stands behind another. */
const antichain = (
  all: ReadonlyArray<CharterRecord.CharterRecord>,
  random: SeededRandom
): ReadonlyArray<CharterRecord.CharterRecord> => {
  const byId = new Map(all.map((each) => [each.id, each]))
  const past = (each: CharterRecord.CharterRecord): ReadonlyArray<string> =>
    each.behind.flatMap((id) => [id, ...(byId.has(id) ? past(byId.get(id)!) : [])])
  const chosen: Array<CharterRecord.CharterRecord> = []
  for (let i = random.between(1, 3); i > 0; i--) {
    const each = random.pick(all)
    const isApart = chosen.every(
      (other) => other.id !== each.id && !past(other).includes(each.id) && !past(each).includes(other.id)
    )
    if (isApart) chosen.push(each)
  }
  return chosen
}
