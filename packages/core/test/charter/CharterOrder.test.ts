/**
 * The order of records that did not know of each other: against its plain definition, and in plain words what nobody can do
 * to whom by writing behind an older record.
 */
import { describe, expect, it } from "vitest"
import * as CharterFold from "../../src/charter/CharterFold.ts"
import type { CharterGraph } from "../../src/charter/CharterGraph.ts"
import type { CharterOperation } from "../../src/charter/CharterOperation.ts"
import { byTurn, type Node, nodeOf } from "../../src/charter/CharterOrder.ts"
import type { CharterRecord, RecordId } from "../../src/charter/CharterRecord.ts"
import * as CharterState from "../../src/charter/CharterState.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"
import { addDevice, addMember, found, join, key, newTree, peer, record, space, team, write } from "./fixture.ts"

const headOf = (tree: CharterGraph) => ({ id: tree.state.head, version: tree.state.version })
const all = (tree: CharterGraph): ReadonlyArray<CharterRecord> => [...tree.after(0), ...tree.rivals]
const inVersions = (tree: CharterGraph) => all(tree).toSorted((a, b) => a.version - b.version)
const idsOf = (records: ReadonlyArray<CharterRecord>) => records.map(({ id }) => id)

const remove = (member: string): CharterOperation => ({ _tag: "RemoveMember", member })
const removeDevice = (device: number): CharterOperation => ({ _tag: "RemoveDevice", device: key(device) })
const pause = (device: number, isPaused = true): CharterOperation => ({
  _tag: "PauseDevice",
  device: key(device),
  isPaused
})
const rename = (name: string): CharterOperation => ({ _tag: "SetTeam", team: "north", name })
const renameDevice = (device: number, name: string): CharterOperation => ({
  _tag: "RenameDevice",
  device: key(device),
  name
})
const withRole = (member: string, role: string): CharterOperation => ({ _tag: "SetMemberRole", member, role })

interface Plain {
  readonly counting: ReadonlyArray<CharterRecord>
  readonly state: CharterState.CharterState
}

/** The order as it is defined, without a shortcut. */
const plain = (records: ReadonlyArray<CharterRecord>): Plain => {
  const byId = new Map(records.map((each) => [each.id, each]))
  const known = new Map<string, Plain>()
  const nodes = new Map<RecordId, Node>()
  const pastOf = ({ behind }: CharterRecord): ReadonlySet<RecordId> =>
    new Set(behind.flatMap((id) => [id, ...pastOf(byId.get(id)!)]))
  const past = new Map(records.map((each) => [each.id, pastOf(each)]))
  const nodeIn = (each: CharterRecord): Node => {
    const node = nodes.get(each.id) ?? nodeOf({ last: undefined, state: order(past.get(each.id)!).state }, each)
    nodes.set(each.id, node)
    return node
  }
  const order = (ids: ReadonlySet<RecordId>): Plain => {
    const name = [...ids].sort().join()
    const before = known.get(name)
    if (before !== undefined) return before
    const counting: Array<CharterRecord> = []
    let state = CharterState.empty(space)
    let left = [...ids].map((id) => nodeIn(byId.get(id)!)).sort(byTurn)
    while (left.length > 0) {
      const { record: next } = left[0]!
      const isLeft = new Set(left.map(({ record: { id } }) => id))
      const view = order(past.get(next.id)!).counting.filter(({ id }) => isLeft.has(id))
      let [after, turn] = [state, [] as Array<CharterRecord>]
      for (const each of [...view, next]) {
        const done = CharterFold.applyInTurn(after, each, () => undefined)
        if (typeof done !== "string") [after, turn] = [done, [...turn, each]]
      }
      if (turn.at(-1) === next) {
        counting.push(...turn)
        state = after
        left = left.filter(({ record: { id } }) => !past.get(next.id)!.has(id))
      }
      left = left.filter(({ record: { id } }) => id !== next.id)
    }
    known.set(name, { counting, state })
    return { counting, state }
  }
  return order(new Set(byId.keys()))
}

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

/** What a replica makes of records that come in any order, in pieces of any size, with starts of the program between. */
const arrived = (records: ReadonlyArray<CharterRecord>, random: SeededRandom): CharterGraph => {
  let tree = newTree()
  let left = [...records].sort(() => random.fraction() - 0.5)
  while (left.length > 0) {
    const missing: Array<CharterRecord> = []
    for (let from = 0; from < left.length;) {
      const piece = left.slice(from, from + random.between(1, 6))
      from += piece.length
      for (const [place, { kind }] of tree.addAll(piece).entries()) if (kind === "missing") missing.push(piece[place]!)
      if (random.chance(0.2)) {
        const stored = idsOf(all(tree))
        const again = newTree()
        again.addAll(inVersions(tree))
        expect(idsOf(all(again)).toSorted()).toEqual(stored.toSorted())
        tree = again
      }
    }
    if (missing.length === left.length) throw new Error("what they stand behind never comes")
    left = missing
  }
  return tree
}

/** The state of a tree, which the plain definition and every other order of arrival give, too. */
const agreed = (tree: CharterGraph) => {
  const records = all(tree)
  const { counting, state } = plain(records)
  expect(idsOf(tree.after(0))).toEqual(idsOf(counting))
  expect(tree.state).toEqual(state)
  for (const seed of [1, 2, 3]) expect(arrived(records, new SeededRandom(seed)).state).toEqual(state)
  return state
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

describe("nobody gains by writing behind an older record", () => {
  it("[CH-12] a removed owner takes nobody out through a device that it adds there", () => {
    const tree = newTree()
    tree.add(record(undefined, 1, found))
    write(tree, 1, ...join("bob", "owner", 7))
    write(tree, 1, ...join("olga", "owner", 2))
    const base = headOf(tree)
    write(tree, 1, remove("bob"))
    write(tree, 1, { _tag: "SetPolicy", text: "a policy that forbids" })
    const before = tree.state
    const device = record(base, 7, addDevice("bob", 60), withRole("ann", "member"))
    expect(tree.add(device)).toEqual({ kind: "added" })
    expect(tree.add(record(device, 60, remove("ann"), remove("olga")))).toEqual({ kind: "added" })
    expect(agreed(tree)).toEqual(before)
  })

  it("[CH-12] neither does a demoted admin through a member that it makes up", () => {
    for (const taking of [withRole("adam", "readonly"), remove("adam"), pause(3)]) {
      const tree = team()
      const base = headOf(tree)
      write(tree, 1, taking)
      const before = tree.state
      const puppet = record(base, 3, ...join("puppet", "admin", 60))
      tree.addAll([puppet, record(puppet, 60, remove("mia"), remove("rob"))])
      expect(agreed(tree)).toEqual(before)
    }
  })

  it("[CH-12] an admin neither removes nor demotes an owner behind a record at which it was a member only", () => {
    for (const taking of [remove("mia"), withRole("mia", "readonly")]) {
      for (const ahead of [0, 1, 9]) {
        const tree = team()
        let behind = headOf(tree)
        write(tree, 1, withRole("mia", "owner"))
        for (let i = 0; i < 5; i++) write(tree, 5, rename(`${i}`))
        for (let i = 0; i < ahead; i++) {
          const own = record(behind, 3, renameDevice(3, `${i}`))
          tree.add(own)
          behind = own
        }
        tree.add(record(behind, 3, taking))
        const { members, teams } = agreed(tree)
        expect([members.get("mia")?.role, teams.get("north")?.name]).toEqual(["owner", "4"])
      }
    }
  })

  it("[CH-12] who was demoted by lowering its role's level has no say behind an older record", () => {
    for (const ahead of [0, 3]) {
      const tree = team()
      write(tree, 1, { _tag: "SetRole", role: "lead", name: "Lead", level: 90 }, ...join("leo", "lead", 8))
      let behind = headOf(tree)
      write(tree, 1, { _tag: "SetRole", role: "lead", name: "Lead", level: 30 })
      write(tree, 1, rename("b"))
      const before = tree.state
      for (let i = 0; i < ahead; i++) {
        const own = record(behind, 8, rename(`own ${i}`))
        tree.add(own)
        behind = own
      }
      tree.add(record(behind, 8, ...join("eve", "lead", 9), remove("adam")))
      expect(agreed(tree)).toEqual(before)
    }
  })

  it("[CH-12] what somebody less senior removed with right is removed, unless the removed one was there first", () => {
    const tree = team()
    const base = headOf(tree)
    tree.add(record(base, 3, remove("mia")))
    tree.add(record(base, 2, rename("of olga")))
    expect(agreed(tree).members.has("mia")).toBe(false)
    // The founder did not know that it was removed: what it wrote counts, and then the removal.
    const other = team()
    const before = headOf(other)
    other.add(record(before, 2, remove("ann")))
    other.add(record(before, 1, rename("of ann")))
    const { members, teams } = agreed(other)
    expect([members.has("ann"), teams.get("north")?.name]).toEqual([false, "of ann"])
  })

  it("[CH-12] what a founder has built upon cannot be undone behind an older record, not even by its equals", () => {
    const tree = team()
    const base = headOf(tree)
    // Olga joined with the others; Ann's next record stands behind her removal of Adam.
    write(tree, 2, remove("adam"))
    write(tree, 1, rename("seen"))
    const before = idsOf(tree.after(0))
    tree.add(record(base, 3, remove("mia"), rename("of adam")))
    tree.add(record(base, 4, withRole("mia", "readonly"), rename("of ada")))
    const state = agreed(tree)
    expect(state.members.has("adam")).toBe(false)
    expect(state.members.get("mia")?.role).toBe("readonly")
    expect(idsOf(tree.after(0)).slice(0, before.length)).toEqual(before)
    expect(state.version).toBe(before.length + 1)
  })

  it("[CH-12] of two devices of one member that remove each other one stays, the same everywhere", () => {
    const tree = newTree()
    tree.add(record(undefined, 1, found))
    write(tree, 1, addDevice("ann", 11), ...join("mia", "member", 5))
    const base = headOf(tree)
    tree.add(record(base, 11, removeDevice(1)))
    tree.add(record(base, 1, removeDevice(11)))
    expect(CharterState.devicesOf(agreed(tree), "ann")).toHaveLength(1)
    // What takes nothing comes behind the removal, however old it claims to be.
    const thief = newTree()
    for (const each of tree.after(0).slice(0, base.version)) thief.add(each)
    write(thief, 11, rename("n"))
    write(thief, 11, removeDevice(1))
    const before = thief.state
    thief.add(record(base, 1, ...join("thief", "owner", 66)))
    expect(agreed(thief)).toEqual(before)
  })
})

describe("what was removed stays removed", () => {
  it("[CH-7] also where the record that had brought it in does not count any more", () => {
    const tree = team()
    const base = headOf(tree)
    const zed = record(base, 3, ...join("zed", "member", 80), addDevice("adam", 81))
    tree.add(zed)
    tree.add(record(zed, 2, remove("zed"), removeDevice(81)))
    // Nobody who wrote so far knew that.
    tree.add(record(base, 1, remove("adam")))
    const state = agreed(tree)
    expect([state.members.has("zed"), state.removedMembers.has("zed")]).toEqual([false, true])
    expect(state.removedDevices.has(peer(81))).toBe(true)
    expect(write(tree, 4, ...join("zed", "member", 80))).toContain("was removed")
    expect(write(tree, 4, addDevice("ada", 81))).toContain("was removed")
  })

  it("[CH-7] nobody fills the state with removals of what never was", () => {
    const tree = team()
    expect(write(tree, 3, remove("nobody"))).toContain("there is no member nobody")
    expect(write(tree, 3, removeDevice(99))).toContain("there is no device")
    // Who does not manage the space keeps nothing out by a device that it never had.
    write(tree, 1, { _tag: "SetMemberDeviceLimit", member: "mia", isOwn: true, limit: 2 })
    const base = headOf(tree)
    const second = record(base, 5, addDevice("mia", 52))
    tree.add(second)
    tree.add(record(second, 5, removeDevice(52), renameDevice(5, "mine")))
    tree.add(record(base, 1, addDevice("mia", 51)))
    const state = agreed(tree)
    expect([state.devices.get(peer(5))?.name, state.removedDevices.size]).toEqual(["mine", 0])
  })

  it("[CH-7] two who remove the same device both have their way, with all else that they wrote", () => {
    const tree = team()
    write(tree, 5, addDevice("mia", 51))
    write(tree, 5, addDevice("mia", 52))
    const base = headOf(tree)
    write(tree, 1, removeDevice(52))
    const own = record(base, 5, removeDevice(51), removeDevice(52))
    const other = record(headOf(tree), 51, renameDevice(51, "mine"))
    tree.addAll([own, other])
    const state = agreed(tree)
    expect([state.devices.has(peer(51)), state.devices.has(peer(52))]).toEqual([false, false])
    const again = newTree()
    again.addAll(all(tree))
    expect(again.state).toEqual(tree.state)
  })

  it("[CH-4] a record that names somebody who has gone meanwhile does not count, and nothing breaks", () => {
    for (const swap of [false, true]) {
      const tree = team()
      const base = headOf(tree)
      const twice = [record(base, 3, addDevice("mia", 70)), record(base, 3, addDevice("rob", 70))]
      const [first, second] = swap ? twice.toReversed() : twice
      const owner = swap ? "rob" : "mia"
      const both = record(second, 3, remove(owner), pause(70))
      for (const each of [first!, second!, both]) expect(tree.add(each)).toEqual({ kind: "added" })
      agreed(tree)
      expect(tree.add(record(headOf(tree), 1, rename("goes on")))).toEqual({ kind: "added" })
    }
  })
})

describe("bounds", () => {
  /** Adam's device is paused, and as many of its records are here as are kept that do not count. */
  const crowdedTree = () => {
    const tree = team()
    const base = headOf(tree)
    write(tree, 1, pause(3))
    tree.addAll(Array.from({ length: 64 }, (_, i) => record(base, 3, rename(`${i}`))))
    return { tree, base }
  }

  it("[CH-14] a record that is refused for its device's bound changes nothing, then and after a start", () => {
    const { base, tree } = crowdedTree()
    const before = tree.state
    const taking = record(base, 3, remove("mia"))
    for (let i = 0; i < 3; i++) expect(tree.add(taking)).toMatchObject({ kind: "refused" })
    expect(tree.state).toBe(before)
    const again = newTree()
    again.addAll(all(tree))
    expect(again.state).toEqual(before)
  })

  it("[CH-14] a refused record is judged again once something else counts, or another one needs it", () => {
    const { base, tree } = crowdedTree()
    const late = record(base, 3, ...join("x", "member", 40))
    expect(tree.add(late)).toMatchObject({ kind: "refused" })
    // Behind it stands somebody who knew of the pause later, and counts.
    const senior = record([late, base], 2, rename("of olga"))
    expect(tree.addAll([late, senior])).toEqual([{ kind: "added" }, { kind: "added" }])
    const other = crowdedTree().tree
    expect(other.add(late)).toMatchObject({ kind: "refused" })
    write(other, 1, pause(3, false))
    expect(other.rivals).toEqual([])
    expect(other.add(late)).toEqual({ kind: "added" })
    expect(other.state.members.has("x")).toBe(true)
  })

  it("[CH-14] a flood of 1,200 records that do not count is soon over, and its repetition sooner", () => {
    const tree = team()
    write(tree, 5, addDevice("mia", 51))
    const places = [headOf(tree)]
    for (let i = 0; i < 1_000; i++) {
      write(tree, 1, rename(`${i}`))
      places.push(headOf(tree))
    }
    write(tree, 1, removeDevice(5))
    const before = tree.state
    const flood = Array.from({ length: 1_200 }, (_, i) => record(places[i % 1_000]!, 5, renameDevice(5, `x${i}`)))
    const began = performance.now()
    expect(tree.addAll(flood).filter(({ kind }) => kind === "added")).toHaveLength(64)
    const took = performance.now() - began
    tree.addAll(flood)
    expect(took).toBeLessThan(2_000)
    expect(performance.now() - began - took).toBeLessThan(500)
    expect(tree.state).toBe(before)
  }, 30_000)

  it("[CH-24] a writer stands behind all that it knew, also where 18 wrote at once", () => {
    const tree = team()
    for (let i = 0; i < 18; i++) write(tree, 5, addDevice("mia", 100 + i))
    const base = headOf(tree)
    tree.add(record(base, 3, addMember("zed", "member")))
    for (let i = 0; i < 18; i++) tree.add(record(base, 100 + i, renameDevice(100 + i, `m${i}`)))
    expect(write(tree, 1, remove("adam"))).toMatchObject({ behind: { length: 19 } })
    expect(tree.heads).toHaveLength(1)
    // Adam was removed by somebody who knew whom it had brought in.
    expect(agreed(tree).members.has("zed")).toBe(true)
    expect(write(tree, 1, addDevice("zed", 80))).toMatchObject({ behind: { length: 1 } })
  })

  it("[CH-24] nobody stands behind what does not count, which may count later all the same", () => {
    const tree = team()
    const base = headOf(tree)
    write(tree, 1, pause(3))
    const idle = record(base, 3, ...join("x", "member", 40))
    tree.add(idle)
    expect(tree.heads).not.toContain(idle.id)
    write(tree, 2, rename("on"))
    expect(agreed(tree).members.has("x")).toBe(false)
    write(tree, 1, pause(3, false))
    expect(agreed(tree).members.has("x")).toBe(true)
    expect(tree.rivals).toEqual([])
  })

  it("[CH-16] what counts and stands behind what does not is passed on with it", () => {
    const tree = team()
    const base = headOf(tree)
    const idle = record(base, 3, ...join("x", "member", 40))
    const upon = record(idle, 2, rename("upon it"))
    tree.addAll([idle, upon])
    tree.add(record(base, 1, remove("adam")))
    const state = agreed(tree)
    expect([state.members.has("x"), state.teams.get("north")?.name]).toEqual([false, "upon it"])
    const other = team()
    const lacking = tree.beyond(idsOf(other.after(0)))
    expect(lacking).toContain(idle)
    other.addAll(lacking)
    expect(other.state).toEqual(state)
    expect(tree.heads).not.toContain(idle.id)
  })
})
