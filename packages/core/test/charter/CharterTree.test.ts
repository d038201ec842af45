import { describe, expect, it } from "vitest"
import type { CharterOperation } from "../../src/charter/CharterOperation.ts"
import { type CharterRecord, open, withReceipt } from "../../src/charter/CharterRecord.ts"
import { CharterTree } from "../../src/charter/CharterTree.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"
import { addDevice, addMember, crypto, found, join, key, newTree, peer, record, signerOf, team } from "./fixture.ts"

/** Everything that a tree knows, as another one that takes it in in another order. */
const shuffled = (records: ReadonlyArray<CharterRecord>, random: SeededRandom): CharterTree => {
  const tree = newTree()
  const left = [...records]
  while (left.length > 0) {
    const at = random.between(0, left.length - 1)
    const [one] = left.splice(at, 1)
    if (tree.add(one!).kind === "missing") left.push(one!)
  }
  return tree
}

const all = (tree: CharterTree): ReadonlyArray<CharterRecord> => [...tree.after(0), ...tree.rivals]
const headOf = (tree: CharterTree) => ({ id: tree.state.head, version: tree.state.version })

describe("records behind the same one", () => {
  it("[CH-11] a removal counts before anything else, then the more senior signer's", () => {
    const tree = team()
    const base = headOf(tree)
    const rename = record(base, 1, { _tag: "SetTeam", team: "north", name: "Norden" })
    const removal = record(base, 3, { _tag: "RemoveMember", member: "mia" })
    expect(tree.add(rename)).toEqual({ kind: "added", lost: [] })
    expect(tree.add(removal)).toEqual({ kind: "added", lost: [rename] })
    expect(tree.state.members.has("mia")).toBe(false)
    const senior = record(base, 2, { _tag: "RemoveMember", member: "rob" })
    expect(tree.add(senior)).toEqual({ kind: "added", lost: [removal] })
    expect(tree.rivals).toHaveLength(2)
  })

  it("[CH-12] two owners that remove each other: the one who was there first stays, on every replica", () => {
    const tree = team()
    const base = headOf(tree)
    const [a, b] = [
      record(base, 1, { _tag: "RemoveMember", member: "olga" }),
      record(base, 2, { _tag: "RemoveMember", member: "ann" })
    ]
    for (const order of [
      [a, b],
      [b, a]
    ]) {
      const replica = shuffled(all(tree), new SeededRandom(1))
      for (const each of order) replica.add(each)
      expect([...replica.state.members.keys()]).not.toContain("olga")
      expect([...replica.state.members.keys()]).toContain("ann")
    }
  })

  it("[CH-12] who was removed cannot write itself back behind an older record", () => {
    const tree = team()
    const base = headOf(tree)
    tree.add(record(base, 1, { _tag: "SetTeam", team: "north", name: "Norden" }))
    tree.add(record(headOf(tree), 1, { _tag: "RemoveMember", member: "adam" }))
    const before = headOf(tree)
    // A removal would come before the renaming of the team; adam's has no say.
    const backdated = record(base, 3, { _tag: "RemoveMember", member: "mia" })
    expect(tree.add(backdated)).toEqual({ kind: "added", lost: [] })
    expect(headOf(tree)).toEqual(before)
    expect(tree.add(record(backdated, 3, ...join("eve", "admin", 30)))).toMatchObject({ kind: "added", lost: [] })
    expect(tree.state.members.has("eve")).toBe(false)
    // Nor when it is the first that a replica hears of.
    expect(shuffled(all(tree), new SeededRandom(7)).state.head).toBe(before.id)
  })

  it("[CH-13] replicas that know the same records agree, in whatever order they came", () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new SeededRandom(seed)
      const tree = team()
      const known = [...all(tree)]
      for (let i = 0; i < 14; i++) {
        const before = random.pick(known.slice(1))
        const made = record(before, random.between(1, 6), ...operation(random, i))
        if (tree.add(made).kind === "added") known.push(made)
      }
      const replicas = [1, 2, 3].map((stream) => shuffled(known, new SeededRandom(seed, stream)))
      expect(replicas.map(({ state }) => state.head)).toEqual(replicas.map(() => tree.state.head))
      expect(replicas[0]!.state).toEqual(tree.state)
    }
  })

  it("[CH-15] in a space with a hub only what the hub has signed counts", () => {
    const tree = newTree()
    const first = record(undefined, 1, { ...found, hub: key(8) } as CharterOperation)
    expect(tree.add(first)).toMatchObject({ kind: "added" })
    const made = record(first, 1, addMember("x", "member"))
    expect(tree.add(made)).toEqual({ kind: "refused", problem: "the hub of the space has not taken it in" })
    expect(tree.add(withReceipt(made, signerOf(1)))).toMatchObject({ kind: "refused" })
    const received = withReceipt(made, signerOf(8))
    expect(received.id).toBe(made.id)
    expect(tree.add(open(crypto, received.bytes) as CharterRecord)).toMatchObject({ kind: "added" })
    // The hub has no rights of its own.
    expect(tree.add(record(received, 8, addMember("y", "member")))).toMatchObject({ kind: "refused" })
  })

  it("[CH-3] a second founding of the space counts nowhere, whatever it does and whoever signs it", () => {
    for (const hub of [null, key(8)]) {
      const tree = newTree()
      tree.add(record(undefined, 1, { ...found, hub } as CharterOperation))
      const { head } = tree.state
      for (const [device, operations] of [
        [9, []],
        [1, []],
        [9, [addMember("x", "member"), { _tag: "RemoveMember", member: "x" }]]
      ] as const) {
        const own = { ...found, device: key(device), name: "Mine" } as CharterOperation
        const problem = "the space was founded by another record"
        expect(tree.add(record(undefined, device, own, ...operations))).toEqual({ kind: "refused", problem })
        expect(tree.state).toMatchObject({ head, name: "Space" })
      }
      expect(tree.rivals).toEqual([])
    }
  })

  it("[CH-14] rivals are bounded, and what is known or lacks its record before is told", () => {
    const tree = team()
    const base = headOf(tree)
    const next = record(base, 1, addMember("x", "member"))
    expect(tree.add(record(next, 1, addDevice("x", 40)))).toEqual({ kind: "missing" })
    tree.add(next)
    expect(tree.add(next)).toEqual({ kind: "known" })
    let refused = 0
    for (let i = 0; i < 1_030; i++) {
      const rival = record(base, 4, { _tag: "SetTeam", team: "north", name: `${i}` })
      if (tree.add(rival).kind === "refused") refused++
    }
    expect(refused).toBe(6)
    expect(tree.state.head).toBe(next.id)
  })
})

const operation = (random: SeededRandom, i: number): ReadonlyArray<CharterOperation> => {
  const members = ["ann", "olga", "adam", "ada", "mia", "rob"]
  switch (random.between(0, 4)) {
    case 0:
      return [{ _tag: "RemoveMember", member: random.pick(members) }]
    case 1:
      return [{ _tag: "RemoveDevice", device: key(random.between(1, 6)) }]
    case 2:
      return [{ _tag: "SetMemberRole", member: random.pick(members), role: random.pick(["owner", "admin", "member"]) }]
    case 3:
      return join(`new${i}`, "admin", 50 + i)
    default:
      return [{ _tag: "SetTeam", team: "north", name: `${peer(1)} ${i}` }]
  }
}
