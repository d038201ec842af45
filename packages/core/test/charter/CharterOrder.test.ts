/**
 * The order of records that did not know of each other, against its plain definition.
 */
import { describe, expect, it } from "vitest"
import type { CharterGraph } from "../../src/charter/CharterGraph.ts"
import type { CharterOperation } from "../../src/charter/CharterOperation.ts"
import type { RecordId } from "../../src/charter/CharterRecord.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"
import { addDevice, join, newTree, peer, record, team, write } from "./fixture.ts"
import {
  headOf,
  all,
  inVersions,
  idsOf,
  plain,
  remove,
  removeDevice,
  pause,
  rename,
  withRole,
  agreed
} from "./plainOrder.ts"

/** A graph of records that anybody wrote behind anything. */
const grown = (random: SeededRandom, length: number): CharterGraph => {
  const tree = team()
  const known = [...all(tree)]
  for (let i = 0; i < length; i++) {
    const before = Array.from({ length: random.between(1, 3) }, () => random.pick(known.slice(1)))
    const behind = random.chance(0.3) ? tree.heads.map((id) => known.find((each) => each.id === id)!) : before
    const device = random.chance(0.2) ? random.pick([11, 12, 50, 51]) : random.between(1, 6)
    const made = record([...new Set(behind)], device, ...something(random, i))
    if (tree.add(made).kind === "added") known.push(made)
  }
  return tree
}

const something = (random: SeededRandom, i: number): ReadonlyArray<CharterOperation> => {
  const member = random.pick(["ann", "olga", "adam", "ada", "mia", "rob", "new"])
  switch (random.between(0, 9)) {
    case 0:
      return [remove(member)]
    case 1:
      return [removeDevice(random.pick([1, 2, 3, 4, 5, 6, 11, 12, 50]))]
    case 2:
      return [withRole(member, random.pick(["owner", "admin", "member", "lead"]))]
    case 3:
      return join("new", random.pick(["admin", "member"]), 50)
    case 4:
      return [addDevice(member, random.pick([11, 12, 51]))]
    case 5:
      return [pause(random.between(1, 6), random.chance(0.6)), rename(`${i}`)]
    case 6:
      return [{ _tag: "SetRole", role: "lead", name: "Lead", level: random.pick([30, 70, 90]) }]
    case 7:
      return [{ _tag: "RemoveTeam", team: "south" }, rename(`${i}`)]
    case 8:
      return [remove(member), ...join(`more${i}`, "admin", 60 + i)]
    default:
      return [rename(`${i}`)]
  }
}

/** What lets others write, or keeps them from it, and what they then may do. */
const letting = (random: SeededRandom, i: number): ReadonlyArray<CharterOperation> => {
  const member = random.pick(["olga", "adam", "ada", "mia", "new"])
  switch (random.between(0, 5)) {
    case 0:
      return [pause(random.between(2, 6), false)]
    case 1:
    case 2:
      return [pause(random.between(2, 6))]
    case 3:
      return [withRole(member, random.pick(["owner", "admin", "member"]))]
    case 4:
      return join("new", random.pick(["admin", "member"]), 50)
    default:
      return [rename(`${i}`)]
  }
}

describe("the order of a charter", () => {
  it("[CH-13] is that of its plain definition, in whatever order and pieces records come, and after every start", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new SeededRandom(seed)
      const tree = grown(random, random.between(4, 22))
      const { members } = agreed(tree)
      expect([...members.values()].some(({ role }) => role === "owner")).toBe(true)
      for (let version = 1; version <= tree.state.version; version++) {
        expect(tree.stateAt(version)?.head).toBe(tree.at(version))
      }
    }
  })

  it("[CH-13] is not moved by what does not count, so replicas agree that keep different ones", () => {
    for (let seed = 1; seed <= 60; seed++) {
      const tree = grown(new SeededRandom(seed, 7), 18)
      const needed = new Set(tree.after(0).flatMap(({ id }) => [id, ...behindAll(tree, id)]))
      const idle = tree.rivals.filter(({ id }) => !needed.has(id))
      const some = newTree()
      some.addAll(inVersions(tree).filter((each) => !idle.includes(each)))
      expect(some.state).toEqual(tree.state)
    }
  })

  it("[CH-13] behind all that counts come records one by one, and with them what did not count and now makes sense", () => {
    let [alone, roused] = [0, 0]
    for (let seed = 1; seed <= 250; seed++) {
      const random = new SeededRandom(seed, 9)
      const tree = team()
      for (let i = 0; i < 16; i++) {
        const { rivals } = tree
        const { version } = tree.state
        if (random.chance(0.4)) {
          const behind = [random.pick(tree.after(1)), random.pick([...tree.after(1), ...rivals])]
          tree.add(record([...new Set(behind)], random.between(2, 6), ...letting(random, i)))
          continue
        }
        const heads = tree.heads.map((id) => tree.after(0).find((each) => each.id === id)!)
        const paused = [2, 3, 4, 5, 6].filter((each) => tree.state.devices.get(peer(each))?.isPaused === true)
        const isTakenBack = paused.length > 0 && random.chance(0.4)
        const operations = isTakenBack ? [pause(random.pick(paused), false)] : letting(random, i)
        const { kind } = tree.add(record(heads, random.between(1, 3), ...operations))
        if (kind !== "added" || rivals.length === 0) continue
        if (tree.state.version === version + 1) alone++
        else roused++
        expect(idsOf(tree.after(0))).toEqual(idsOf(plain(all(tree)).counting))
      }
    }
    // Both happened.
    expect(alone).toBeGreaterThan(50)
    expect(roused).toBeGreaterThan(10)
  })

  it("[CH-13] a record that does not count does not bring forward what it stands behind", () => {
    const tree = team()
    write(tree, 1, ...join("bob", "owner", 7))
    const base = headOf(tree)
    const removal = record(base, 3, remove("mia"))
    tree.add(record(base, 1, pause(2)))
    tree.add(record(base, 7, withRole("mia", "owner")))
    tree.add(removal)
    const before = tree.state
    expect(before.members.get("mia")?.role).toBe("owner")
    // Olga is senior to Bob, and paused by somebody senior to both.
    expect(tree.add(record(removal, 2, rename("void")))).toEqual({ kind: "added" })
    expect(agreed(tree)).toEqual(before)
  })

  it("[CH-11] what its writer saw in one order stays in it, and who wrote behind everything comes behind everything", () => {
    for (let seed = 1; seed <= 60; seed++) {
      const tree = grown(new SeededRandom(seed, 8), 14)
      const before = idsOf(tree.after(0))
      const writer = [...tree.state.devices.values()].find(({ isPaused, member }) => {
        return !isPaused && tree.state.members.get(member)?.role === "owner"
      })!
      const device = [1, 2, 3, 4, 5, 6, 11, 12, 50, 51].find((each) => peer(each) === writer.peer)!
      const made = record(
        tree.heads.map((id) => tree.after(0).find((each) => each.id === id)!),
        device,
        { _tag: "SetTeam", team: `t${seed}`, name: "T" }
      )
      expect(tree.add(made).kind).toBe("added")
      expect(idsOf(tree.after(0)).slice(0, before.length + 1)).toEqual([...before, made.id])
    }
  })
})

const behindAll = (tree: CharterGraph, id: RecordId): ReadonlyArray<RecordId> => {
  const known = new Map(all(tree).map((each) => [each.id, each]))
  const found = new Set<RecordId>()
  const open = [...known.get(id)!.behind]
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    if (!found.has(each)) open.push(...known.get(each)!.behind)
    found.add(each)
  }
  return [...found]
}
