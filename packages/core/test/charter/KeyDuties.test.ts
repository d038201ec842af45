import { ed25519 } from "@noble/curves/ed25519.js"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { CharterGraph } from "../../src/charter/CharterGraph.ts"
import type { CharterOperation, Named } from "../../src/charter/CharterOperation.ts"
import * as CharterRecord from "../../src/charter/CharterRecord.ts"
import { dutiesOf, isLastAndLeft, recipientsInTurn, sealingAgain } from "../../src/charter/KeyDuties.ts"
import * as KeyWrap from "../../src/crypto/KeyWrap.ts"
import * as SpaceKey from "../../src/crypto/SpaceKey.ts"
import * as Bytes from "../../src/identity/Bytes.ts"
import * as HybridTime from "../../src/identity/HybridTime.ts"
import * as PeerId from "../../src/identity/PeerId.ts"
import { crypto, found, join, key, peer, record, signerOf, space, startMs } from "./fixture.ts"

const dayMs = 24 * 60 * 60_000
const secretOf = (number: number) => SpaceKey.of(space, new Uint8Array(SpaceKey.spaceKeyBytes).fill(number))
const seedOf = (device: number) => new Uint8Array(32).fill(device)
const wrapped = (number: number, ...devices: ReadonlyArray<number>) =>
  Effect.runPromise(KeyWrap.wrap(secretOf(number), devices.map(key)))

const seal = (more: Partial<Named<"SealSpace">> = {}): CharterOperation => ({
  _tag: "SealSpace",
  showsHistory: true,
  periodDays: null,
  ...more
})
const rotate = (
  number: number,
  behind: number | null,
  wraps: Uint8Array,
  hasBefore = behind !== null
): CharterOperation => ({
  _tag: "RotateKey",
  key: secretOf(number).commitment,
  behind: behind === null ? null : secretOf(behind).commitment,
  before: hasBefore ? SpaceKey.sealBefore(crypto, secretOf(number), secretOf(behind!)) : null,
  wraps
})
const share = (number: number, wraps: Uint8Array): CharterOperation => ({
  _tag: "ShareKey",
  key: secretOf(number).commitment,
  wraps
})

/** A charter of ann (1), who owns it, bob (2), an admin, and mia (3), a member; and what comes behind that. */
const charter = () => {
  const graph = new CharterGraph(crypto, space)
  let last: CharterRecord.CharterRecord | undefined
  const write = (device: number, ...operations: ReadonlyArray<CharterOperation>): string | undefined => {
    const next = record(last, device, ...operations)
    const added = graph.add(next)
    if (added.kind === "refused") return added.problem
    last = next
    return undefined
  }
  write(1, found, ...join("bob", "admin", 2), ...join("mia", "member", 3))
  const duties = (nowMs = startMs) => {
    const { rotate: cause, share: shares } = dutiesOf(graph.state, nowMs, graph.rivals)
    return [cause, ...shares.map(({ devices, key: { id } }) => [id, devices.map(({ name }) => name)])]
  }
  return { graph, write, duties }
}

describe("keys in a charter", () => {
  it("[SK-84] the last key that can be is known as such, whoever of those who are left would have to follow it", async () => {
    const { graph, write } = charter()
    write(1, seal(), rotate(1, null, await wrapped(1, 1, 2, 3)))
    const inForce = () => graph.state.seal!.keys[0]!
    const withKeys = (length: number) => ({
      ...graph.state,
      seal: { ...graph.state.seal!, keys: Array.from({ length }, inForce) }
    })
    expect(isLastAndLeft(withKeys(4_096), inForce())).toBe(false)
    write(1, { _tag: "RemoveMember", member: "mia" })
    // Bob may follow, then only ann, then nobody.
    expect([1, 2_047, 2_048, 4_095, 4_096].map((length) => isLastAndLeft(withKeys(length), inForce()))).toEqual([
      false,
      false,
      false,
      false,
      true
    ])
    const withoutOwner = (length: number) => ({
      ...withKeys(length),
      devices: new Map([...graph.state.devices].filter(([id]) => id !== peer(1)))
    })
    expect([2_047, 2_048].map((length) => isLastAndLeft(withoutOwner(length), inForce()))).toEqual([false, true])
  })

  it("[CH-62] who manages the space puts each key in force once, behind the one in force; others do not", async () => {
    const { graph, write } = charter()
    const all = await wrapped(1, 1, 2, 3)
    expect(write(1, rotate(1, null, all))).toContain("not sealed")
    expect(write(3, seal())).toContain("does not manage")
    expect(write(2, seal(), rotate(1, null, all))).toBeUndefined()
    expect(write(3, rotate(2, 1, all))).toContain("does not manage")
    expect(write(1, rotate(1, 1, all))).toContain("once")
    expect(write(1, rotate(2, null, all))).toContain("does not stand behind")
    expect(write(1, rotate(2, 3, all))).toContain("does not stand behind")
    expect(write(1, rotate(2, 1, all))).toBeUndefined()
    expect(write(1, rotate(3, 1, all))).toContain("does not stand behind")
    expect(write(3, share(2, all))).toContain("does not manage")
    expect(graph.state.seal?.keys.map(({ id }) => id)).toEqual([secretOf(1).id, secretOf(2).id])
    expect(write(1, seal({ showsHistory: false, periodDays: 30 }))).toBeUndefined()
    expect(graph.state.seal).toMatchObject({ showsHistory: false, periodDays: 30, keys: [{}, {}] })
  })

  it("[CH-62] its hub never puts one in force, though its device is an owner's", async () => {
    const graph = new CharterGraph(crypto, space)
    const hub = { ...found, hub: key(1) } as CharterOperation
    const first = record(undefined, 1, hub, seal())
    expect(graph.add(first).kind).toBe("added")
    const added = graph.add(record(first, 1, rotate(1, null, await wrapped(1, 1))))
    expect(added).toMatchObject({ kind: "refused", problem: expect.stringContaining("hub") as string })
  })

  it("[SK-35] a key is due at first, when somebody has it who left, and when it is old", async () => {
    const { duties, write } = charter()
    expect(duties()).toEqual([undefined])
    write(1, seal({ periodDays: 30 }))
    expect(duties()).toEqual(["first"])
    write(1, rotate(1, null, await wrapped(1, 1, 2, 3)))
    expect(duties()).toEqual([undefined])
    expect(duties(startMs + 30 * dayMs - 1)).toEqual([undefined])
    expect(duties(startMs + 30 * dayMs)).toEqual(["period"])
    write(1, { _tag: "PauseDevice", device: key(3), isPaused: true })
    expect(duties()).toEqual([undefined])
    write(1, { _tag: "RemoveDevice", device: key(3) })
    expect(duties()).toEqual(["removed"])
    // One that was made before and still gives the key to who left does not end it.
    write(2, rotate(2, 1, await wrapped(2, 1, 2, 3)))
    expect(duties()).toEqual(["removed"])
    write(1, rotate(3, 2, await wrapped(3, 1, 2)))
    expect(duties()).toEqual([undefined])
  })

  it("[SK-35][SK-46] a key that nobody has who could hand it on is to be replaced, and due to nobody", async () => {
    const { duties, write } = charter()
    write(1, seal(), rotate(1, null, await wrapped(1, 3)))
    expect(duties()).toEqual(["lost"])
    write(2, share(1, await wrapped(1, 2)))
    expect(duties()).toEqual([undefined, [secretOf(1).id, ["Ann's laptop"]]])
    write(1, { _tag: "PauseDevice", device: key(2), isPaused: true })
    expect(duties()).toEqual(["lost"])
    write(1, rotate(2, 1, await wrapped(2, 1, 3), false))
    expect(duties()).toEqual([undefined])
    write(1, { _tag: "PauseDevice", device: key(2), isPaused: false })
    // Who has the first is back, and hands it on.
    expect(duties()).toEqual([undefined, [secretOf(1).id, ["Ann's laptop"]], [secretOf(2).id, ["device 2"]]])
  })

  it("[SK-60] a key that was replaced by one that does not count any more is to be replaced anew, and handed to nobody", async () => {
    const { duties, graph, write } = charter()
    write(1, seal(), rotate(1, null, await wrapped(1, 1, 2)))
    const base = graph.after(graph.state.version - 1)[0]!
    expect(duties()).toEqual([undefined, [secretOf(1).id, ["device 3"]]])
    write(2, rotate(2, 1, await wrapped(2, 1, 2, 3)))
    expect(duties()).toEqual([undefined])
    // Ann did not know of it.
    const pause = record(base, 1, { _tag: "PauseDevice", device: key(2), isPaused: true })
    expect(graph.add(pause).kind).toBe("added")
    expect([graph.state.seal!.keys.length, graph.rivals.length]).toEqual([1, 1])
    expect(duties()).toEqual(["undone"])
    expect(graph.add(record(pause, 1, rotate(3, 1, await wrapped(3, 1, 3)))).kind).toBe("added")
    expect(duties()).toEqual([undefined])
  })

  it("[SK-59] where the sealing does not count any more a first key is due with it, if there was one", async () => {
    const { duties, graph, write } = charter()
    const base = graph.after(0)[0]!
    write(2, seal({ periodDays: 7 }))
    const bobs = graph.after(1)[0]!
    expect(graph.add(record(base, 1, { _tag: "RemoveMember", member: "bob" })).kind).toBe("added")
    expect([graph.state.seal, graph.rivals.length]).toEqual([undefined, 1])
    expect(duties()).toEqual([undefined])
    expect(graph.add(record(bobs, 2, rotate(1, null, await wrapped(1, 1, 2, 3)))).kind).toBe("added")
    expect(duties()).toEqual(["first"])
    expect(sealingAgain(graph.rivals)).toMatchObject({ periodDays: 7, showsHistory: true })
  })

  it("[SK-49] a key that is dated ahead is as old as the newest one before it that is not", async () => {
    const { duties, graph, write } = charter()
    write(1, seal({ periodDays: 30 }), rotate(1, null, await wrapped(1, 1, 2, 3)))
    const dated = CharterRecord.seal(crypto, signerOf(2), {
      space,
      version: graph.state.version + 1,
      behind: graph.heads,
      at: HybridTime.make(startMs + 1_000 * dayMs, 0),
      behalf: "",
      note: "",
      operations: [rotate(2, 1, await wrapped(2, 1, 2, 3))]
    })
    expect(graph.add(dated).kind).toBe("added")
    expect(duties(startMs + 29 * dayMs)).toEqual([undefined])
    expect(duties(startMs + 30 * dayMs)).toEqual(["period"])
    // By then it is believed.
    expect(duties(startMs + 999 * dayMs)).toEqual([undefined])
    // Of a first one nothing is known.
    const only = charter()
    only.write(1, seal({ periodDays: 30 }), rotate(1, null, await wrapped(1, 1, 2, 3)))
    expect(only.duties(startMs - dayMs)).toEqual([undefined])
    expect(only.duties(startMs - dayMs - 1)).toEqual(["period"])
  })

  it("[SK-34][SK-35] where the history is hidden a newcomer is a reason for a new key, and not given the old one", async () => {
    const { duties, write } = charter()
    write(1, seal({ showsHistory: false }), rotate(1, null, await wrapped(1, 1, 2, 3)))
    write(1, { _tag: "AddDevice", member: "mia", device: key(5), name: "mia's second" })
    expect(duties()).toEqual([undefined, [secretOf(1).id, ["mia's second"]]])
    write(1, ...join("eve", "member", 4))
    expect(duties()).toEqual(["joined", [secretOf(1).id, ["mia's second"]]])
    write(1, rotate(2, 1, await wrapped(2, 1, 2, 3, 4, 5), false))
    expect(duties()).toEqual([undefined, [secretOf(1).id, ["mia's second"]]])
    // In the same record she is there when the key comes into force.
    write(1, share(1, await wrapped(1, 5)))
    write(1, ...join("zed", "member", 6), rotate(3, 2, await wrapped(3, 1, 2, 3, 4, 5, 6), false))
    expect(duties()).toEqual([undefined])
  })

  it("[SK-51] where a key does not lead to the one before, the earlier one is due to those who lack it", async () => {
    const { graph, write } = charter()
    write(1, seal(), rotate(1, null, await wrapped(1, 1, 2, 3)))
    const link = new Uint8Array(SpaceKey.sealedKeyBytes)
    const unsound = { ...rotate(2, 1, await wrapped(2, 1, 2, 3)), before: link } as CharterOperation
    write(2, unsound)
    write(1, ...join("eve", "member", 4), share(2, await wrapped(2, 4)))
    expect(dutiesOf(graph.state, startMs).share).toEqual([])
    const { share: due } = dutiesOf(graph.state, startMs, graph.rivals, (before) => before.every((byte) => byte === 0))
    expect(due.map(({ devices, key: { id } }) => [id, devices.map(({ name }) => name)])).toEqual([
      [secretOf(1).id, ["device 4"]]
    ])
  })

  it("[SK-43] the device that hands a key out comes first, then those that manage the space", () => {
    const { graph, write } = charter()
    write(1, ...join("eve", "admin", 4), { _tag: "AddDevice", member: "mia", device: key(5), name: "mia's second" })
    const names = (device: number) => recipientsInTurn(graph.state, peer(device)).map(({ name }) => name)
    expect(names(5)).toEqual(["mia's second", "Ann's laptop", "device 2", "device 4", "device 3"])
    expect(names(4)).toEqual(["device 4", "Ann's laptop", "device 2", "device 3", "mia's second"])
  })

  it("[SK-36] devices that lack a key are due to be given it: all the one in force, and those of its time one that none leads to", async () => {
    const { duties, write } = charter()
    write(1, seal(), rotate(1, null, await wrapped(1, 1, 2)))
    expect(duties()).toEqual([undefined, [secretOf(1).id, ["device 3"]]])
    write(2, share(1, await wrapped(1, 3)))
    expect(duties()).toEqual([undefined])
    write(1, { _tag: "PauseDevice", device: key(3), isPaused: true }, rotate(2, 1, await wrapped(2, 1, 2)))
    expect(duties()).toEqual([undefined])
    write(1, { _tag: "PauseDevice", device: key(3), isPaused: false })
    expect(duties()).toEqual([undefined, [secretOf(2).id, ["device 3"]]])
    write(1, rotate(3, 2, await wrapped(3, 1, 2, 3), false))
    write(1, ...join("eve", "member", 4), { _tag: "AddDevice", member: "mia", device: key(5), name: "mia's second" })
    // Eve came when the third was in force, which leads to none before it; mia did not.
    expect(duties()).toEqual([
      undefined,
      [secretOf(2).id, ["device 3", "mia's second"]],
      [secretOf(3).id, ["device 4", "mia's second"]]
    ])
  })
})

describe("a key that somebody has who left", () => {
  it("[SK-36] is due to nobody any more while it is in force, for it is replaced; those before it are", async () => {
    const { duties, write } = charter()
    write(1, seal(), rotate(1, null, await wrapped(1, 1, 2)), rotate(2, 1, await wrapped(2, 1, 2, 3), false))
    write(1, ...join("eve", "member", 4))
    const [first, second] = [secretOf(1).id, secretOf(2).id]
    expect(duties()).toEqual([undefined, [first, ["device 3"]], [second, ["device 4"]]])
    write(1, { _tag: "RemoveDevice", device: key(2) })
    expect(duties()).toEqual(["removed", [first, ["device 3"]]])
    write(1, rotate(3, 2, await wrapped(3, 1, 3, 4)))
    expect(duties()).toEqual([undefined, [first, ["device 3"]]])
  })
})

describe("a wrapped key", () => {
  it("[SK-37] is opened by the device that it is for, in its space and under its name, and by nobody else", async () => {
    const open = (device: number, ofSpace = space, commitment = secretOf(1).commitment, ...wraps: Array<Uint8Array>) =>
      Effect.runPromise(KeyWrap.openerOf(seedOf(device)).open(ofSpace, commitment, wraps))
    const wraps = await wrapped(1, 1, 2)
    expect(wraps.length).toBe(2 * SpaceKey.wrapBytes)
    expect((await open(1, space, secretOf(1).commitment, wraps))?.secret).toEqual(secretOf(1).secret)
    expect((await open(2, space, secretOf(1).commitment, await wrapped(1, 3), wraps))?.secret).toEqual(
      secretOf(1).secret
    )
    expect(await open(3, space, secretOf(1).commitment, wraps)).toBeUndefined()
    expect(await open(1, "ff".repeat(16) as typeof space, secretOf(1).commitment, wraps)).toBeUndefined()
    expect(await open(1, space, secretOf(2).commitment, wraps)).toBeUndefined()
    // Under the name of another one.
    const renamed = Uint8Array.from(wraps)
    renamed.set((await wrapped(1, 3)).subarray(0, 8))
    expect(await open(3, space, secretOf(1).commitment, renamed)).toBeUndefined()
    for (const at of [8, 40, 87]) {
      const damaged = Uint8Array.from(wraps)
      damaged[at]! ^= 1
      expect(await open(1, space, secretOf(1).commitment, damaged)).toBeUndefined()
    }
  })

  it("[SK-37] for a key that is none counts as given and opens nowhere", async () => {
    const none = new Uint8Array(32).fill(2)
    const wraps = await Effect.runPromise(KeyWrap.wrap(secretOf(1), [none, key(2)]))
    expect(KeyWrap.tagsIn(wraps)).toEqual([KeyWrap.tagOf(none), KeyWrap.tagOf(key(2))])
    const opened = await Effect.runPromise(KeyWrap.openerOf(seedOf(2)).open(space, secretOf(1).commitment, [wraps]))
    expect(opened?.id).toBe(secretOf(1).id)
  })

  it.each([
    ["order 2", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
    ["order 4", "0000000000000000000000000000000000000000000000000000000000000000"],
    ["order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
    ["the identity", "0100000000000000000000000000000000000000000000000000000000000000"]
  ])("[SK-37] for a key of low order (%s) counts as given and keeps nothing from others", async (_, hex) => {
    const low = Bytes.fromHex(hex)!
    const wraps = await Effect.runPromise(KeyWrap.wrap(secretOf(1), [key(1), low, key(2)]))
    expect(KeyWrap.tagsIn(wraps)).toEqual([KeyWrap.tagOf(key(1)), KeyWrap.tagOf(low), KeyWrap.tagOf(key(2))])
    const opened = await Effect.runPromise(KeyWrap.openerOf(seedOf(2)).open(space, secretOf(1).commitment, [wraps]))
    expect(opened?.id).toBe(secretOf(1).id)
  })
})

describe("a large space", () => {
  it("[SK-38] is given a new key by a record of less than 120,000 bytes for 1,000 devices", async () => {
    const { graph, write } = charter()
    const people = 997
    for (let from = 0; from < people; from += 32) {
      const some = Array.from({ length: Math.min(32, people - from) }, (_, i) => from + i)
      const operations = some.flatMap((i): ReadonlyArray<CharterOperation> => [
        { _tag: "AddMember", member: `m${i}`, name: `Member ${i}`, role: "member", teams: [] },
        { _tag: "AddDevice", member: `m${i}`, device: deviceKeyOf(i), name: "laptop" }
      ])
      expect(write(1, ...operations)).toBeUndefined()
    }
    expect(graph.state.devices.size).toBe(1_000)
    write(1, seal(), rotate(1, null, await wrapped(1, 1)))
    const devices = [...graph.state.devices.values()].filter(({ member }) => member !== "m0")
    const wraps = await Effect.runPromise(
      KeyWrap.wrap(
        secretOf(2),
        devices.map(({ peer }) => PeerId.toPublicKey(peer)!)
      )
    )
    expect(write(1, { _tag: "RemoveMember", member: "m0" }, rotate(2, 1, wraps))).toBeUndefined()
    expect(graph.after(graph.state.version - 1)[0]!.bytes.length).toBeLessThan(120_000)
    expect(dutiesOf(graph.state, startMs)).toEqual({ rotate: undefined, share: [] })
  })
})

/** Keys of many devices, made fast. */
const deviceKeyOf = (i: number): Uint8Array => {
  const seed = new Uint8Array(32).fill(7)
  new DataView(seed.buffer).setUint32(0, i)
  return ed25519.getPublicKey(seed)
}
