/**
 * What nobody can do to whom by writing behind an older record, in plain words.
 */
import { describe, expect, it } from "vitest"
import * as CharterState from "../../src/charter/CharterState.ts"
import { join, addDevice, found, newTree, peer, record, team, write } from "./fixture.ts"
import {
  headOf,
  all,
  idsOf,
  remove,
  removeDevice,
  pause,
  rename,
  renameDevice,
  withRole,
  agreed
} from "./plainOrder.ts"

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
