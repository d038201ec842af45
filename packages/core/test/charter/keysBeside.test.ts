// Keys that were put in force without knowing of each other, and what their records do beside that.
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import * as CharterFold from "../../src/charter/CharterFold.ts"
import type { CharterGraph } from "../../src/charter/CharterGraph.ts"
import type { CharterOperation, Named } from "../../src/charter/CharterOperation.ts"
import type { CharterRecord } from "../../src/charter/CharterRecord.ts"
import * as CharterSeal from "../../src/charter/CharterSeal.ts"
import type { KeyBeside } from "../../src/charter/CharterState.ts"
import { dutiesOf, sealingAgain } from "../../src/charter/KeyDuties.ts"
import { keysMax } from "../../src/crypto/KeyRing.ts"
import * as KeyWrap from "../../src/crypto/KeyWrap.ts"
import * as SpaceKey from "../../src/crypto/SpaceKey.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"
import { addDevice, addMember, crypto, found, join, key, newTree, peer, record, space, startMs } from "./fixture.ts"
import { agreed, all, pause, remove, withRole } from "./plainOrder.ts"

const secretOf = (number: number) =>
  SpaceKey.of(space, new Uint8Array(SpaceKey.spaceKeyBytes).fill(number).fill(number >> 8, 0, 1))
const wrapped = (number: number, ...devices: ReadonlyArray<number>) =>
  Effect.runPromise(KeyWrap.wrap(secretOf(number), devices.map(key)))

const seal = (showsHistory = true): CharterOperation => ({ _tag: "SealSpace", showsHistory, periodDays: null })
/** A key behind another one, for devices that are given it. */
const rotate = async (
  number: number,
  behind: number | null,
  ...devices: ReadonlyArray<number>
): Promise<Named<"RotateKey">> => ({
  _tag: "RotateKey",
  key: secretOf(number).commitment,
  behind: behind === null ? null : secretOf(behind).commitment,
  before: null,
  wraps: await wrapped(number, ...devices)
})
const share = async (number: number, ...devices: ReadonlyArray<number>): Promise<Named<"ShareKey">> => ({
  _tag: "ShareKey",
  key: secretOf(number).commitment,
  wraps: await wrapped(number, ...devices)
})

const shareOf = ({ key: commitment, wraps }: Named<"RotateKey">): CharterOperation => ({
  _tag: "ShareKey",
  key: commitment,
  wraps
})

const everybody = [1, 2, 3, 4, 5]

/** Ann (1) founded it, bob (2) and carl (3) are admins, xav (4) and yve (5) members; and the first key. */
const sealed = async (showsHistory = true) => {
  const tree = newTree()
  const people = [...join("bob", "admin", 2), ...join("carl", "admin", 3), ...join("xav", "member", 4)]
  const first = record(undefined, 1, found, ...people, ...join("yve", "member", 5))
  const base = record(first, 1, seal(showsHistory), await rotate(1, null, ...everybody))
  return { tree: added(tree, first, base), first, base }
}

const added = (tree: CharterGraph, ...records: ReadonlyArray<CharterRecord>): CharterGraph => {
  for (const each of records) expect(tree.add(each)).toEqual({ kind: "added" })
  return tree
}

/** Members, and keys by their numbers: those that were in force, and those beside them. */
const said = (tree: CharterGraph) => {
  const { keysBeside, members, seal: kept } = agreed(tree)
  const numberOf = ({ id }: { readonly id: string }) => [...Array(40).keys()].find((each) => secretOf(each).id === id)
  return {
    members: [...members.keys()],
    keys: (kept?.keys ?? []).map(numberOf),
    beside: keysBeside.map(numberOf),
    rivals: tree.rivals.length
  }
}

/** What is due: a cause, and devices by the numbers of the keys that they are to be given. */
const due = (tree: CharterGraph, ...unknown: ReadonlyArray<number>) => {
  const { rotate: cause, share: shares } = dutiesOf(
    tree.state,
    startMs,
    tree.rivals,
    () => false,
    unknown.map(secretOf)
  )
  const ids = [...Array(40).keys()].map((each) => secretOf(each).id)
  return [cause, ...shares.map(({ devices, key: { id } }) => [ids.indexOf(id), devices.map(({ name }) => name)])]
}

describe("keys that did not know of each other", () => {
  it("[CH-7][CH-75] a removal with its key stays, whatever key somebody more senior put in force beside it", async () => {
    const others = [[], [remove("yve")]] as ReadonlyArray<ReadonlyArray<CharterOperation>>
    for (const more of others) {
      const { base, tree } = await sealed()
      const bobs = record(base, 2, remove("xav"), await rotate(2, 1, 1, 2, 3, 5))
      const anns = record(base, 1, ...more, await rotate(3, 1, ...everybody))
      added(tree, bobs)
      expect(said(tree)).toMatchObject({ keys: [1, 2], beside: [] })
      added(tree, anns)
      const left = ["ann", "bob", "carl", ...(more.length === 0 ? ["yve"] : [])]
      expect(said(tree)).toEqual({ members: left, keys: [1, 3], beside: [2], rivals: 0 })
      // Xav has the key in force.
      expect(due(tree)).toEqual(["removed"])
      const devices = more.length === 0 ? [1, 2, 3, 5] : [1, 2, 3]
      added(tree, record([anns, bobs], 2, await rotate(4, 3, ...devices)))
      expect(said(tree)).toMatchObject({ keys: [1, 3, 4], beside: [2] })
      expect(due(tree)).toEqual([undefined])
    }
  })

  it("[CH-75] removals stay that came one behind another, each with its key", async () => {
    const { base, tree } = await sealed()
    const one = record(base, 2, remove("xav"), await rotate(2, 1, 1, 2, 3, 5))
    const two = record(one, 3, remove("yve"), await rotate(3, 2, 1, 2, 3))
    added(tree, one, two, record(base, 1, await rotate(4, 1, ...everybody)))
    expect(said(tree)).toEqual({ members: ["ann", "bob", "carl"], keys: [1, 4], beside: [2, 3], rivals: 0 })
    expect(due(tree)).toEqual(["removed"])
  })

  it("[CH-75] what is done beside a key counts where the record that brought the key before it does not", async () => {
    const { base, tree } = await sealed()
    const carls = record(base, 3, await rotate(2, 1, ...everybody))
    const bobs = record(carls, 2, remove("xav"), await rotate(3, 2, 1, 2, 3, 5))
    const shared = record(bobs, 2, ...join("zed", "member", 6), await share(2, 6), await share(3, 6))
    added(tree, carls, bobs, shared, record(base, 1, remove("carl")))
    const members = ["ann", "bob", "yve", "zed"]
    expect(said(tree)).toEqual({ members, keys: [1], beside: [3, 2], rivals: 1 })
    expect(tree.state.keysBeside[0]!.wraps.length).toBe(2)
    expect(due(tree)[0]).toBe("removed")
  })

  it("[CH-75] who does not manage the space at its turn has no say in keys", async () => {
    for (const taking of [withRole("bob", "member"), pause(2), remove("bob")]) {
      for (const more of [[], [remove("xav")]]) {
        const { base, tree } = await sealed()
        const bobs = record(base, 2, ...more, await rotate(2, 1, 1, 2, 3, 5))
        added(tree, bobs, record(base, 1, taking, await rotate(3, 1, ...everybody)))
        expect(said(tree)).toMatchObject({ keys: [1, 3], beside: [], rivals: 1 })
        expect(tree.state.members.has("xav")).toBe(true)
      }
    }
  })

  it("[CH-76] never comes into force later, and is handed on by who manages the space", async () => {
    const { base, first, tree } = await sealed()
    const bobs = record(base, 2, await rotate(2, 1, 1, 2))
    const anns = record(base, 1, await rotate(3, 1, ...everybody))
    added(tree, bobs, anns)
    const heads = [anns, bobs]
    const refused = (problem: string) => ({ kind: "refused", problem: expect.stringContaining(problem) as string })
    expect(tree.add(record(heads, 1, await rotate(2, 3, 1)))).toMatchObject(refused("once"))
    expect(tree.add(record(heads, 4, await share(2, 4)))).toMatchObject(refused("does not manage"))
    const handed = record(heads, 3, await share(2, 3, 4))
    added(tree, handed)
    expect(tree.state.keysBeside[0]!.wraps.length).toBe(2)
    // Another one may put it in force that did not know of it: then it is, and bob hands it to more devices.
    const again = record(base, 1, await rotate(2, 1, 1))
    const fresh = added(newTree(), first, base, again, bobs)
    expect(said(fresh)).toMatchObject({ keys: [1, 2], beside: [], rivals: 0 })
    expect(fresh.state.seal!.keys[1]!.wraps.length).toBe(2)
  })

  it("[CH-78] leave room for the owners' keys, whatever somebody below them does", async () => {
    const { tree } = await sealed()
    const last = tree.state.seal!.keys[0]!
    const withKeys = (length: number) => ({
      ...tree.state,
      seal: { ...tree.state.seal!, keys: Array.from({ length }, () => last) }
    })
    const next = await rotate(2, 1, 1)
    const why = (length: number, device: number) => CharterSeal.whyNot(withKeys(length), peer(device), next)
    expect(why(2_047, 2)).toBeUndefined()
    expect(why(2_048, 2)).toContain("only an owner")
    expect(why(2_048, 1)).toBeUndefined()
    expect(why(4_095, 1)).toBeUndefined()
    expect(why(4_096, 1)).toContain("at most 4096 keys")
  })

  it("[CH-78] are not kept where there was no room for them, and what their record does beside that stays", async () => {
    const { base, tree } = await sealed()
    const last = tree.state.seal!.keys[0]!
    const full = { ...tree.state, seal: { ...tree.state.seal!, keys: Array.from({ length: 2_048 }, () => last) } }
    const late = record(base, 2, remove("xav"), await rotate(9, 8, 1, 2, 3))
    const after = CharterFold.applyInTurn(full, late)
    if (typeof after === "string") throw new Error(after)
    expect(after.members.has("xav")).toBe(false)
    expect(after.keysBeside).toEqual([])
    expect(after.seal).toBe(full.seal)
  })

  it("[CH-76] are kept up to a bound, and so are their wraps", async () => {
    const { tree } = await sealed()
    const made = await rotate(2, 1, 1)
    const at = { at: tree.state.seal!.keys[0]!.at, version: 3 }
    const one = CharterSeal.keepBeside(tree.state, made, at).keysBeside[0]!
    const others = Array.from({ length: keysMax }, (_, i): KeyBeside => ({
      ...one,
      commitment: secretOf(i + 3).commitment
    }))
    const full = { ...tree.state, keysBeside: others }
    expect(CharterSeal.keepBeside(full, made, at)).toBe(full)
    const wraps = Array.from({ length: 4_096 }, () => made.wraps)
    const worn = { ...tree.state, keysBeside: [{ ...one, wraps }] }
    expect(CharterSeal.keepBeside(worn, made, at)).toBe(worn)
    expect(CharterSeal.whyNot(worn, "" as never, await share(2, 4))).toContain("too often")
  })

  it("[CH-13][CH-75] are the same everywhere, in whatever order and pieces records come", async () => {
    const rotations = await Promise.all([...Array(12).keys()].map((number) => rotate(number + 2, null, 1, 2, 3, 4)))
    let beside = 0
    for (let seed = 1; seed <= 25; seed++) {
      const random = new SeededRandom(seed)
      const { base, tree } = await sealed(random.chance(0.5))
      const known = [base]
      for (let i = 0; i < 24; i++) {
        const behind = random.chance(0.4) ? all(tree).filter(({ id }) => tree.heads.includes(id)) : [random.pick(known)]
        const device = random.pick([1, 2, 2, 3, 3])
        const made = random.pick(rotations)
        const more = random.pick<ReadonlyArray<CharterOperation>>([
          [],
          [],
          [remove(random.pick(["xav", "yve", "carl", "bob"]))],
          [pause(random.pick([2, 3]), random.chance(0.5))],
          [addMember(`new${i}`, "member"), addDevice(`new${i}`, 40 + i)]
        ])
        const doing = random.chance(0.2)
          ? [[...more, shareOf(made)]]
          : [...rotations.keys()].map((last) => [...more, { ...made, behind: secretOf(last + 2).commitment }])
        // Of the keys that it may stand behind one is in force for its writer.
        const next = [...doing, [...more, { ...made, behind: secretOf(1).commitment }]]
          .map((operations) => record(behind, device, ...operations))
          .find((each) => tree.add(each).kind === "added")
        if (next !== undefined) known.push(next)
      }
      beside += agreed(tree).keysBeside.length
    }
    expect(beside).toBeGreaterThan(25)
  })
})

describe("what is due about a key that could not come into force", () => {
  it("[SK-80] who may read with the key before it is given it, newcomers too, and whoever else has it is no matter", async () => {
    const { base, tree } = await sealed()
    const link = SpaceKey.sealBefore(crypto, secretOf(3), secretOf(1))
    const bobs = record(base, 2, remove("xav"), await rotate(2, 1, 1, 2, 3, 5))
    const anns = record(base, 1, { ...(await rotate(3, 1, ...everybody)), before: link })
    const next = record([anns, bobs], 1, { ...(await rotate(4, 3, 1, 2, 3, 5)), before: link })
    const joined = record(next, 1, ...join("zed", "member", 6), await share(4, 6))
    added(tree, bobs, anns, next, joined)
    expect(due(tree)).toEqual([undefined, [2, ["device 6"]]])
    const handed = record(joined, 2, await share(2, 6))
    added(tree, handed)
    expect(due(tree)).toEqual([undefined])
    added(tree, record(handed, 1, remove("yve"), await rotate(5, 4, 1, 2, 3, 6)))
    expect(due(tree)[0]).toBeUndefined()
  })

  it("[SK-80] where the history is hidden newcomers are not, and further devices of those who were there are", async () => {
    const { base, tree } = await sealed(false)
    const renamed = record(base, 2, { _tag: "RenameMember", member: "bob", name: "Bob" })
    const bobs = record(renamed, 2, ...join("eve", "member", 7), await rotate(2, 1, 1, 2, 3, 4, 7))
    const anns = record(base, 1, ...join("zed", "member", 6), await rotate(3, 1, ...everybody, 6))
    added(tree, renamed, bobs, anns)
    // Yve was there before both; eve came with it, and zed beside it.
    expect(due(tree)).toEqual(["joined", [2, ["device 5"]]])
    const next = record([anns, bobs], 1, await rotate(4, 3, ...everybody, 6, 7), await share(2, 5))
    const more = record(
      next,
      1,
      addDevice("eve", 8),
      addDevice("zed", 9),
      addDevice("ann", 10),
      await share(4, 8, 9, 10)
    )
    added(tree, next, more)
    expect(due(tree)).toEqual([
      undefined,
      [1, ["device 10"]],
      [3, ["device 9", "device 10"]],
      [2, ["device 8", "device 10"]]
    ])
  })

  it("[SK-80] one that nobody has who could hand it on is due to nobody", async () => {
    const { base, tree } = await sealed()
    added(tree, record(base, 2, await rotate(2, 1, 4)), record(base, 1, await rotate(3, 1, ...everybody)))
    expect(due(tree)).toEqual([undefined])
  })

  it("[SK-81] a key in force is replaced that such a key was to stand behind", async () => {
    const { base, tree } = await sealed()
    const carls = record(base, 3, await rotate(2, 1, ...everybody))
    const bobs = record(carls, 2, remove("xav"), await rotate(4, 2, 1, 2, 3, 5))
    const anns = record(base, 1, pause(3))
    added(tree, carls, bobs, anns)
    expect(said(tree)).toMatchObject({ keys: [1], beside: [4], rivals: 1 })
    const back = record([anns, bobs], 1, pause(3, false))
    // Once more, behind everything.
    added(tree, back, record(back, 3, await rotate(2, 1, 1, 2, 3, 5)))
    expect(said(tree)).toMatchObject({ keys: [1, 2], beside: [4] })
    expect(due(tree)).toEqual(["undone"])
    added(tree, record(tree.after(0).slice(-1), 1, await rotate(5, 2, 1, 2, 3, 5)))
    expect(due(tree)).toEqual([undefined])
  })

  it("[CH-75][SK-59][SK-81] a removal stays where the sealing before its key does not count, and the space is sealed again", async () => {
    const tree = newTree()
    const first = record(
      undefined,
      1,
      found,
      ...join("bob", "admin", 2),
      ...join("carl", "admin", 3),
      ...join("xav", "member", 4)
    )
    const carls = record(first, 3, { _tag: "SealSpace", showsHistory: true, periodDays: 7 })
    const bobs = record(carls, 2, remove("xav"), await rotate(1, null, 1, 2, 3))
    added(tree, first, carls, bobs, record(first, 1, remove("carl")))
    expect(said(tree)).toEqual({ members: ["ann", "bob"], keys: [], beside: [1], rivals: 1 })
    expect(tree.state.seal).toBeUndefined()
    expect(due(tree)).toEqual(["first"])
    expect(sealingAgain(tree.rivals)).toMatchObject({ periodDays: 7, showsHistory: true })
    added(tree, record(tree.after(0).slice(-2), 1, seal()))
    expect(due(tree)).toEqual(["first"])
  })
})

describe("keys that no record made which counts", () => {
  /** Bob removed xav with a new key, and ann, who did not know of it, removed bob and put one in force herself. */
  const undone = async (showsHistory = true, ...more: ReadonlyArray<CharterOperation>) => {
    const { base, tree } = await sealed(showsHistory)
    const bobs = record(base, 2, remove("xav"), await rotate(2, 1, 1, 3, 5))
    const before = showsHistory ? SpaceKey.sealBefore(crypto, secretOf(3), secretOf(1)) : null
    const anns = record(base, 1, remove("bob"), ...more, {
      ...(await rotate(3, 1, 1, 3, 4, 5, ...(more.length === 0 ? [] : [9]))),
      before
    })
    added(tree, bobs, anns)
    expect(said(tree)).toMatchObject({ keys: [1, 3], beside: [], rivals: 1 })
    expect([tree.state.members.has("bob"), tree.state.members.has("xav")]).toEqual([false, true])
    return { tree, anns }
  }

  it("[CH-77] are kept in the first place once they are handed out, and come into force by nothing", async () => {
    const { anns, tree } = await undone()
    const handed = record(anns, 3, await share(2, 1, 3, 5))
    added(tree, handed)
    expect(said(tree)).toMatchObject({ keys: [1, 3], beside: [2] })
    expect(tree.state.keysBeside).toMatchObject([{ isMade: false, place: 0, behind: undefined, wraps: [{}] }])
    const again = await rotate(2, 3, 1, 3)
    expect(tree.add(record(handed, 1, again))).toMatchObject({ kind: "refused" })
    expect(tree.add(record(handed, 4, await share(9, 4)))).toMatchObject({ kind: "refused" })
    expect(said(tree)).toMatchObject({ keys: [1, 3], beside: [2] })
  })

  it("[CH-77] are at most 64, also of records that did not know of each other", async () => {
    const { anns, tree } = await undone()
    const shares = await Promise.all(Array.from({ length: 65 }, (_, i) => share(i + 100, 1)))
    const most = record(anns, 1, ...shares.slice(0, 63))
    const [one, other] = [record(most, 1, shares[63]!), record(most, 3, shares[64]!)]
    added(tree, most, one, other)
    expect([tree.rivals.length, tree.state.keysBeside.length]).toEqual([1, CharterSeal.keysUnmadeMax])
    const problem = expect.stringContaining("no record has made") as string
    expect(tree.add(record([one, other], 1, shares[64]!))).toEqual({ kind: "refused", problem })
    expect(due(tree, 2)).toEqual(due(tree))
    // What is known may be handed on still.
    added(tree, record([one, other], 1, shareOf({ ...(await rotate(100, 1, 3)) })))
  })

  it("[CH-77] stand where their record says once that counts", async () => {
    const { base, tree } = await sealed()
    const admin = record(base, 1, withRole("bob", "owner"), withRole("yve", "admin"), await rotate(6, 1, ...everybody))
    const yves = record(admin, 5, remove("xav"), await rotate(2, 6, 1, 2, 3, 5))
    const bobs = record(admin, 2, remove("yve"))
    const carls = record(bobs, 3, await share(2, 1, 2, 3))
    added(tree, admin, yves, bobs, carls)
    expect(tree.state.keysBeside).toMatchObject([{ isMade: false, place: 0, behind: undefined }])
    // Without bob's removal of yve her record has its turn, behind carl's.
    added(tree, record(admin, 1, remove("bob")))
    expect(said(tree)).toMatchObject({ members: ["ann", "carl", "yve"], keys: [1, 6], beside: [2] })
    expect(tree.state.keysBeside).toMatchObject([{ isMade: true, place: 1, wraps: [{}, {}] }])
    expect(tree.state.keysBeside[0]!.behind).toEqual(secretOf(6).commitment)
    expect(due(tree)[0]).toBe("removed")
  })

  it("[SK-82] are due to all who may read with the first one, and to nobody whom a known record removes", async () => {
    const { anns, tree } = await undone()
    // The device that asks has the key. Bob is gone, and xav is there, but was not for bob.
    expect(due(tree, 2)).toEqual([undefined, [2, ["Ann's laptop", "device 3", "device 5"]]])
    const joined = record(anns, 1, ...join("zed", "member", 6), await share(3, 6), await share(2, 1, 3, 5))
    added(tree, joined)
    expect(due(tree)).toEqual([undefined, [2, ["device 6"]]])
  })

  it("[SK-82] are due to nobody who may not read with the first one where the history is hidden", async () => {
    // Eve has every key since she came.
    const { anns, tree } = await undone(false, ...join("eve", "member", 9))
    const joined = record(anns, 1, ...join("zed", "member", 6), await rotate(4, 3, 1, 3, 4, 5, 6, 9))
    added(tree, joined, record(joined, 1, addDevice("zed", 7), addDevice("yve", 8), await share(4, 7, 8)))
    const [cause, ...shares] = due(tree, 2)
    expect([cause, shares.at(-1)]).toEqual([undefined, [2, ["Ann's laptop", "device 3", "device 5", "device 8"]]])
    added(tree, record(tree.after(0).slice(-1), 1, await share(2, 1, 3, 5)))
    expect(due(tree).at(-1)).toEqual([2, ["device 8"]])
  })
})
