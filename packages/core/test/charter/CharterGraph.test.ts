import { describe, expect, it } from "vitest"
import type { CharterOperation } from "../../src/charter/CharterOperation.ts"
import { type CharterRecord, open, withReceipt } from "../../src/charter/CharterRecord.ts"
import type { CharterGraph } from "../../src/charter/CharterGraph.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"
import {
  addDevice,
  addMember,
  crypto,
  found,
  join,
  key,
  newTree,
  peer,
  record,
  signerOf,
  team,
  write
} from "./fixture.ts"

/** Everything that a tree knows, as another one that takes it in in another order. */
const shuffled = (records: ReadonlyArray<CharterRecord>, random: SeededRandom): CharterGraph => {
  const tree = newTree()
  let left = [...records]
  while (left.length > 0) {
    const missing: Array<CharterRecord> = []
    for (const one of left.sort(() => random.fraction() - 0.5)) if (tree.add(one).kind === "missing") missing.push(one)
    if (missing.length === left.length) throw new Error("what they stand behind never comes")
    left = missing
  }
  return tree
}

const all = (tree: CharterGraph): ReadonlyArray<CharterRecord> => [...tree.after(0), ...tree.rivals]
const headOf = (tree: CharterGraph) => ({ id: tree.state.head, version: tree.state.version })

const remove = (member: string): CharterOperation => ({ _tag: "RemoveMember", member })
const rename = (name: string): CharterOperation => ({ _tag: "SetTeam", team: "north", name })
const withRole = (member: string, role: string): CharterOperation => ({ _tag: "SetMemberRole", member, role })

/** The state of a tree, which every other order of its records must give, too. */
const agreed = (tree: CharterGraph) => {
  for (const seed of [1, 2, 3]) expect(shuffled(all(tree), new SeededRandom(seed)).state).toEqual(tree.state)
  return tree.state
}

describe("records that did not know of each other", () => {
  it("[CH-11] all count, the more senior signer's first", () => {
    const tree = team()
    const base = headOf(tree)
    for (const each of [
      record(base, 1, rename("of ann"), withRole("mia", "admin")),
      record(base, 2, rename("of olga")),
      record(base, 3, remove("rob"), rename("of adam")),
      record(base, 4, addMember("new", "member", ["south"]))
    ]) {
      expect(tree.add(each)).toEqual({ kind: "added" })
    }
    const state = agreed(tree)
    expect(state.version).toBe(base.version + 4)
    expect(state.members.has("rob")).toBe(false)
    expect(state.members.get("mia")?.role).toBe("admin")
    expect(state.members.has("new")).toBe(true)
    // The last in that order, as if it had been written again behind the others.
    expect(state.teams.get("north")?.name).toBe("of adam")
    expect(tree.rivals).toEqual([])
  })

  it("[CH-11] a later record stands behind all of them, and a chain goes on", () => {
    const tree = team()
    const base = headOf(tree)
    tree.add(record(base, 1, rename("of ann")))
    tree.add(record(base, 2, addMember("x", "member")))
    expect(tree.heads).toHaveLength(2)
    expect(write(tree, 3, addDevice("x", 40))).toMatchObject({ version: base.version + 2, behind: { length: 2 } })
    expect(tree.heads).toHaveLength(1)
    expect(write(tree, 3, rename("of adam"))).toMatchObject({ version: base.version + 3, behind: { length: 1 } })
    expect(agreed(tree).version).toBe(base.version + 4)
  })

  it("[CH-11] what makes no sense at its turn does not count, and may later", () => {
    const tree = team()
    const base = headOf(tree)
    const twice = [record(base, 1, ...join("x", "member", 40)), record(base, 3, ...join("x", "readonly", 41))]
    for (const each of twice) tree.add(each)
    expect(agreed(tree).members.get("x")?.role).toBe("member")
    expect(tree.rivals).toEqual([twice[1]])
    const alone = newTree()
    for (const each of [...tree.after(0).slice(0, base.version), twice[1]!]) alone.add(each)
    expect(alone.state.members.get("x")?.role).toBe("readonly")
  })

  it("[CH-12] two owners that take from each other: the one who was there first stays, on every replica", () => {
    for (const take of [remove, (member: string) => withRole(member, "member")]) {
      const tree = team()
      const base = headOf(tree)
      tree.add(record(base, 2, take("ann")))
      tree.add(record(base, 1, take("olga")))
      const state = agreed(tree)
      expect(state.members.get("ann")?.role).toBe("owner")
      expect(state.members.get("olga")?.role).not.toBe("owner")
    }
  })

  it("[CH-12] who was removed, demoted or paused has no say behind an older record", () => {
    const pause: CharterOperation = { _tag: "PauseDevice", device: key(3), isPaused: true }
    for (const taking of [remove("adam"), withRole("adam", "readonly"), pause]) {
      const tree = team()
      const base = headOf(tree)
      write(tree, 1, rename("Norden"))
      write(tree, 1, taking)
      const before = tree.state
      const spare = [addDevice("adam", 60), { _tag: "RemoveDevice", device: key(60) } as const]
      for (const operations of [[remove("mia")], join("eve", "admin", 30), [...spare, rename("mine")]]) {
        const backdated = record(base, 3, ...operations)
        expect(tree.add(backdated)).toEqual({ kind: "added" })
        expect(tree.add(record(backdated, 3, ...join("ed", "admin", 31)))).toEqual({ kind: "added" })
      }
      expect(agreed(tree)).toEqual(before)
      expect(tree.rivals).toHaveLength(6)
    }
  })

  it("[CH-12] an owner that was demoted and then removed does not come back by removing its remover", () => {
    const tree = newTree()
    tree.add(record(undefined, 1, found))
    write(tree, 1, ...join("bob", "owner", 7))
    write(tree, 1, ...join("olga", "owner", 2))
    const base = headOf(tree)
    write(tree, 1, withRole("bob", "member"))
    write(tree, 2, remove("bob"))
    tree.add(record(base, 7, addDevice("bob", 60), { _tag: "RemoveDevice", device: key(60) }, remove("olga")))
    const { members, removedMembers } = agreed(tree)
    expect([...members.keys()]).toEqual(["ann", "olga"])
    expect([...removedMembers.keys()]).toEqual(["bob"])
  })

  it("[CH-7] a removal stays, whatever others wrote beside it and whoever comes late", () => {
    const tree = team()
    const base = headOf(tree)
    // Rob, who may only read, takes a device of his own out while owners work.
    write(tree, 1, addDevice("rob", 66))
    const later = headOf(tree)
    write(tree, 2, { _tag: "SetTeam", team: "east", name: "East" })
    write(tree, 2, remove("mia"))
    tree.add(record(later, 6, { _tag: "RemoveDevice", device: key(66) }))
    tree.add(record(base, 1, rename("of ann")))
    tree.add(record(base, 1, withRole("mia", "admin")))
    const state = agreed(tree)
    expect(state.members.has("mia")).toBe(false)
    expect(state.devices.has(peer(66))).toBe(false)
    expect(state.teams.get("north")?.name).toBe("of ann")
  })

  it("[CH-4] a record that makes no sense any more takes nothing either, and its author may write it again", () => {
    const tree = team()
    const base = headOf(tree)
    tree.add(record(base, 1, ...join("x", "member", 40)))
    tree.add(record(base, 3, ...join("x", "member", 41), remove("mia")))
    expect([...agreed(tree).members.keys()]).toContain("mia")
    expect(tree.rivals).toHaveLength(1)
    expect(write(tree, 3, remove("mia"))).toMatchObject({ signer: peer(3) })
    expect([...agreed(tree).members.keys()]).not.toContain("mia")
  })

  it("[CH-13] replicas that know the same records agree, in whatever order they came", () => {
    for (let seed = 1; seed <= 120; seed++) {
      const random = new SeededRandom(seed)
      const tree = team()
      const known = [...all(tree)]
      for (let i = 0; i < 16; i++) {
        const before = Array.from({ length: random.between(1, 3) }, () => random.pick(known.slice(1)))
        const behind = random.chance(0.3) ? tree.heads.map((id) => known.find((each) => each.id === id)!) : before
        const made = record([...new Set(behind)], random.between(1, 6), ...operation(random, i))
        if (tree.add(made).kind === "added") known.push(made)
      }
      const replicas = [1, 2, 3].map((stream) => shuffled(known, new SeededRandom(seed, stream)))
      for (const replica of replicas) expect(replica.state).toEqual(tree.state)
      for (let version = 0; version <= tree.state.version; version++) {
        expect(replicas[0]!.stateAt(version)).toEqual(tree.stateAt(version))
      }
      expect(tree.stateAt(tree.state.version)).toEqual(tree.state)
      // A space is never left without somebody who manages it.
      expect([...tree.state.members.values()].some(({ role }) => role === "owner")).toBe(true)
    }
  })

  it("[CH-13] a long charter is ordered anew like a short one, and tells what counted at each of its versions", () => {
    const tree = team()
    for (let i = 0; i < 70; i++) write(tree, 1, rename(`${i}`))
    const early = headOf(tree)
    for (let i = 0; i < 80; i++) write(tree, 2, rename(`later ${i}`))
    tree.add(record(early, 3, addMember("x", "member")))
    tree.add(record(headOf(team()), 4, addMember("y", "member")))
    const { state } = tree
    expect([state.members.has("x"), state.members.has("y"), state.version]).toEqual([true, true, 154])
    const other = shuffled(all(tree), new SeededRandom(5))
    expect(other.state).toEqual(state)
    for (let version = 0; version <= state.version; version++) {
      expect(tree.stateAt(version)?.version).toBe(version)
      expect(other.stateAt(version)).toEqual(tree.stateAt(version))
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

  it("[CH-14] what does not count is bounded for each device, keeps nothing out that does, and what lacks a record is told", () => {
    const tree = team()
    const base = headOf(tree)
    const next = record(base, 1, remove("adam"))
    expect(tree.add(record(next, 1, addDevice("x", 40)))).toEqual({ kind: "missing" })
    tree.add(next)
    expect(tree.add(next)).toEqual({ kind: "known" })
    const refused = Array.from({ length: 70 }, (_, i) => tree.add(record(base, 3, rename(`${i}`)))).filter(
      ({ kind }) => kind === "refused"
    )
    expect(refused).toHaveLength(6)
    expect(tree.rivals).toHaveLength(64)
    expect(tree.state.head).toBe(next.id)
    // Others are heard as before.
    expect(tree.add(record(base, 4, rename("of ada")))).toEqual({ kind: "added" })
    expect(tree.state.teams.get("north")?.name).toBe("of ada")
  })

  it("[CH-22] who does not manage the space writes 256 records of its own and no more, in whatever order they come", () => {
    const tree = team()
    const base = headOf(tree)
    const own = Array.from({ length: 300 }, (_, i) =>
      record(base, 6, { _tag: "RenameMember", member: "rob", name: `Rob ${i}` })
    )
    for (const each of own) tree.add(each)
    expect(tree.state.ownRecords.get("rob")).toBe(256)
    const other = team()
    for (const each of own.toReversed()) other.add(each)
    for (const each of tree.after(0)) other.add(each)
    expect(other.state).toEqual(tree.state)
    write(tree, 6, { _tag: "RenameMember", member: "rob", name: "Robert" })
    expect(tree.state.members.get("rob")?.name).not.toBe("Robert")
    const chain = team()
    for (let i = 0; i < 256; i++) write(chain, 6, { _tag: "RenameMember", member: "rob", name: `Rob ${i}` })
    expect(write(chain, 6, { _tag: "RenameMember", member: "rob", name: "Robert" })).toContain("256 records of its own")
    // Who manages the space is not held up by it.
    expect(write(tree, 2, remove("rob"))).toMatchObject({ signer: peer(2) })
  })

  it("[CH-11] a record that names another version than it has is refused", () => {
    const tree = team()
    const { id, version } = headOf(tree)
    const problem = "its version is not that of a record behind those"
    for (const wrong of [version - 1, version + 5]) {
      expect(tree.add(record({ id, version: wrong }, 1, rename("x")))).toEqual({ kind: "refused", problem })
    }
  })
})

const operation = (random: SeededRandom, i: number): ReadonlyArray<CharterOperation> => {
  const members = ["ann", "olga", "adam", "ada", "mia", "rob"]
  switch (random.between(0, 5)) {
    case 5:
      return [
        { _tag: "PauseDevice", device: key(random.between(1, 6)), isPaused: random.chance(0.6) },
        ...extra(random, i)
      ]
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

/** Something that another record may have done already. */
const extra = (random: SeededRandom, i: number): ReadonlyArray<CharterOperation> =>
  random.chance(0.5) ? [] : [addMember(`extra${i % 3}`, "member")]
