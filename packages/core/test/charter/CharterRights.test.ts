import { describe, expect, it } from "vitest"
import type { CharterOperation } from "../../src/charter/CharterOperation.ts"
import { withReceipt } from "../../src/charter/CharterRecord.ts"
import { addDevice, addMember, found, join, key, newTree, peer, record, signerOf, team, write } from "./fixture.ts"

const role = (member: string, to: string): CharterOperation => ({ _tag: "SetMemberRole", member, role: to })
const remove = (member: string): CharterOperation => ({ _tag: "RemoveMember", member })
const removeDevice = (device: number): CharterOperation => ({ _tag: "RemoveDevice", device: key(device) })

describe("a charter", () => {
  it("[CH-3] begins with its founder's own device and is founded once", () => {
    const tree = newTree()
    expect(tree.add(record(undefined, 2, found))).toMatchObject({ kind: "refused" })
    expect(tree.add(record(undefined, 1, addMember("x", "member")))).toMatchObject({ kind: "refused" })
    expect(tree.add(record(undefined, 1, found))).toMatchObject({ kind: "added" })
    expect(write(tree, 1, found)).toBe("a space is founded once, by its first record")
    expect(tree.state).toMatchObject({ version: 1, name: "Space" })
    expect(tree.state.members.get("ann")).toMatchObject({ role: "owner", since: 1 })
  })

  it("[CH-4] takes a record whole or not at all", () => {
    const tree = team()
    const before = tree.state
    expect(write(tree, 3, addMember("new", "member"), role("ann", "member"))).toMatch(/Ann has the role owner/)
    expect(tree.state).toBe(before)
  })

  const denied: ReadonlyArray<readonly [string, number, CharterOperation, RegExp]> = [
    ["a stranger", 9, addMember("x", "readonly"), /is no device of a member/],
    ["a member", 5, addMember("x", "readonly"), /does not manage the space/],
    ["a reader", 6, { _tag: "SetPolicy", text: "p" }, /does not manage the space/],
    ["a member that promotes itself", 5, role("mia", "admin"), /does not manage/],
    ["an admin that promotes itself", 3, role("adam", "owner"), /nobody gives more than it has/],
    ["an admin that makes an owner", 3, addMember("x", "owner"), /nobody gives more than it has/],
    ["an admin that removes an admin", 3, remove("ada"), /not below admin/],
    ["an admin that removes an owner", 3, remove("olga"), /not below admin/],
    ["an admin that lowers an admin", 3, role("ada", "readonly"), /not below admin/],
    ["an admin that kicks an owner's device", 3, removeDevice(1), /not below admin/],
    ["an admin that pauses an owner's device", 3, { _tag: "PauseDevice", device: key(2), isPaused: true }, /not below/],
    ["an admin that adds a device to an owner", 3, addDevice("ann", 9), /not below admin/],
    ["an admin that adds a second device to an admin", 3, addDevice("ada", 9), /not below admin/],
    ["an admin that makes a role above its own", 3, { _tag: "SetRole", role: "x", name: "X", level: 81 }, /above your/],
    ["a change of a built-in role", 1, { _tag: "SetRole", role: "member", name: "M", level: 90 }, /built in/],
    ["a role that is not there", 1, addMember("x", "boss"), /there is no role boss/],
    ["a team that is not there", 1, addMember("x", "member", ["east"]), /there is no team east/],
    ["a member that is there", 1, addMember("mia", "member"), /there is a member mia already/],
    ["a device that is there", 1, addDevice("mia", 3), /is a device of adam already/],
    ["a reader that takes the policy away", 6, { _tag: "RemovePolicy" }, /does not manage the space/],
    ["a policy that is not there to be taken away", 1, { _tag: "RemovePolicy" }, /no policy is in force/],
    ["a policy beyond the bound", 1, { _tag: "SetPolicy", text: "ü".repeat(70_000) }, /more than 131072/]
  ]
  for (const [what, device, operation, because] of denied) {
    it(`[CH-5] refuses ${what}`, () => expect(write(team(), device, operation)).toMatch(because))
  }

  const allowed: ReadonlyArray<readonly [string, number, ReadonlyArray<CharterOperation>]> = [
    ["an owner that removes an owner", 2, [remove("ann")]],
    ["an owner that makes an owner", 1, [role("adam", "owner")]],
    ["an admin that adds an admin", 3, join("x", "admin", 9)],
    ["an admin that removes a member", 3, [remove("mia")]],
    ["an admin that lowers itself", 3, [role("adam", "readonly")]],
    ["a member that leaves", 5, [remove("mia")]],
    ["a member that adds and removes its own device", 5, [addDevice("mia", 9), removeDevice(9)]],
    ["a reader that names itself", 6, [{ _tag: "RenameMember", member: "rob", name: "Robert" }]]
  ]
  for (const [what, device, operations] of allowed) {
    it(`[CH-5] lets ${what}`, () => expect(write(team(), device, ...operations)).toBeTypeOf("object"))
  }

  it("[CH-6] keeps an owner with a device, whatever is tried", () => {
    const tree = team()
    expect(write(tree, 2, remove("ann"))).toBeTypeOf("object")
    for (const last of [
      remove("olga"),
      role("olga", "admin"),
      removeDevice(2),
      { _tag: "PauseDevice", device: key(2), isPaused: true } as const
    ]) {
      expect(write(tree, 2, last)).toBe("a space keeps at least one owner with a device")
    }
    expect(write(tree, 2, role("adam", "owner"), remove("olga"))).toBeTypeOf("object")
    expect(write(tree, 3, removeDevice(3))).toBe("a space keeps at least one owner with a device")
  })

  it("[CH-20] takes the policy out of force, and another one comes into force later", () => {
    const tree = team()
    write(tree, 1, { _tag: "SetPolicy", text: "p" })
    const { version } = tree.state
    expect(tree.state).toMatchObject({ policy: { text: "p", version }, policySince: version })
    expect(write(tree, 3, { _tag: "RemovePolicy" })).toBeTypeOf("object")
    expect(tree.state).toMatchObject({ policy: undefined, policySince: version + 1 })
    expect(write(tree, 3, { _tag: "RemovePolicy" })).toMatch(/no policy is in force/)
    write(tree, 1, { _tag: "SetPolicy", text: "q" })
    expect(tree.state).toMatchObject({ policy: { text: "q" }, policySince: version + 2 })
  })

  it("[CH-6] keeps the hub a device of an owner, as only it can write", () => {
    const tree = newTree()
    tree.add(record(undefined, 1, { ...found, hub: key(1) } as CharterOperation))
    write(tree, 1, ...join("olga", "owner", 2), addDevice("ann", 9))
    const problem = "Ann's laptop is the hub, which writes for ann: it stays a device of an owner, and is not paused"
    const pause = { _tag: "PauseDevice", device: key(1), isPaused: true } as const
    for (const last of [remove("ann"), role("ann", "admin"), removeDevice(1), pause]) {
      expect(write(tree, 1, last)).toBe(problem)
    }
    expect(write(tree, 1, removeDevice(9), remove("olga"))).toBeTypeOf("object")
    // A hub that is nobody's device only orders what others write.
    const other = newTree()
    other.add(record(undefined, 1, { ...found, hub: key(8) } as CharterOperation))
    const made = record({ id: other.state.head, version: 1 }, 1, ...join("olga", "owner", 2), remove("ann"))
    expect(other.add(withReceipt(made, signerOf(8)))).toEqual({ kind: "added" })
  })

  it("[CH-7] never lets a removed team come back under its id", () => {
    const tree = team()
    write(tree, 1, { _tag: "RemoveTeam", team: "north" })
    expect(write(tree, 1, { _tag: "SetTeam", team: "north", name: "New" })).toMatch(/takes another id/)
  })

  it("[CH-7] never lets a removed member or device come back under its id or key", () => {
    const tree = team()
    write(tree, 1, remove("mia"))
    expect(tree.state.devices.has(peer(5))).toBe(false)
    expect(write(tree, 1, addMember("mia", "member"))).toMatch(/comes under another id/)
    expect(write(tree, 1, addMember("mia2", "member"), addDevice("mia2", 5))).toMatch(/comes back with a new key/)
    expect(write(tree, 5, remove("rob"))).toMatch(/is no device of a member/)
  })

  it("[CH-8] counts devices against the member's limit, else the space's; who has more keeps them", () => {
    const tree = team()
    write(tree, 1, { _tag: "SetDeviceLimit", limit: 2 })
    expect(write(tree, 5, addDevice("mia", 20))).toBeTypeOf("object")
    expect(write(tree, 5, addDevice("mia", 21))).toBe("MIA has 2 devices, and the limit is 2")
    write(tree, 1, { _tag: "SetMemberDeviceLimit", member: "mia", isOwn: true, limit: 1 })
    expect(tree.state.devices.has(peer(20))).toBe(true)
    expect(write(tree, 5, addDevice("mia", 21))).toBe("MIA has 2 devices, and the limit is 1")
    write(tree, 5, removeDevice(20))
    expect(write(tree, 5, addDevice("mia", 21))).toBe("MIA has 1 devices, and the limit is 1")
    write(tree, 1, { _tag: "SetMemberDeviceLimit", member: "rob", isOwn: true, limit: 0 })
    expect(write(tree, 1, addDevice("rob", 22))).toBe("ROB has 1 devices, and the limit is 0")
    write(tree, 1, { _tag: "SetMemberDeviceLimit", member: "mia", isOwn: false, limit: null })
    expect(write(tree, 5, addDevice("mia", 21))).toBeTypeOf("object")
  })

  it("[CH-8] limits nobody who stands as high as the signer", () => {
    const limit = (member: string): CharterOperation => ({
      _tag: "SetMemberDeviceLimit",
      member,
      isOwn: true,
      limit: 0
    })
    const tree = team()
    for (const member of ["ann", "ada"]) expect(write(tree, 3, limit(member))).toMatch(/is not below admin/)
    expect(write(tree, 3, limit("mia"))).toBeTypeOf("object")
    expect(write(tree, 2, limit("ann"))).toBeTypeOf("object")
  })

  it("[CH-9] a paused device has no say until it is let on again", () => {
    const tree = team()
    write(tree, 1, { _tag: "PauseDevice", device: key(3), isPaused: true })
    expect(write(tree, 3, addMember("x", "member"))).toBe("device 3 is paused")
    write(tree, 1, { _tag: "PauseDevice", device: key(3), isPaused: false })
    expect(write(tree, 3, addMember("x", "member"))).toBeTypeOf("object")
  })

  it("[CH-10] roles and teams that go leave no member with them", () => {
    const tree = team()
    write(tree, 1, { _tag: "SetRole", role: "clerk", name: "Clerk", level: 30 }, role("mia", "clerk"))
    expect(write(tree, 1, { _tag: "RemoveRole", role: "clerk" })).toMatch(/MIA has the role clerk/)
    write(tree, 1, { _tag: "RemoveTeam", team: "north" })
    expect(tree.state.members.get("rob")?.teams).toEqual(["south"])
    expect(tree.state.members.get("mia")?.teams).toEqual([])
  })
})
