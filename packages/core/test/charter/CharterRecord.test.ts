import { describe, expect, it } from "vitest"
import * as CharterRecord from "../../src/charter/CharterRecord.ts"
import * as Bytes from "../../src/identity/Bytes.ts"
import * as MessagePack from "../../src/model/MessagePack.ts"
import { addDevice, addMember, crypto, found, key, laterRecord, peer, record, signerOf } from "./fixture.ts"
import type { CharterOperation } from "../../src/charter/CharterOperation.ts"

const everything: ReadonlyArray<CharterOperation> = [
  found,
  addMember("mia", "member", ["north"]),
  { _tag: "RenameMember", member: "mia", name: "Mía" },
  { _tag: "SetMemberRole", member: "mia", role: "admin" },
  { _tag: "SetMemberTeams", member: "mia", teams: [] },
  { _tag: "RemoveMember", member: "mia" },
  addDevice("mia", 5),
  { _tag: "RenameDevice", device: key(5), name: "x" },
  { _tag: "PauseDevice", device: key(5), isPaused: true },
  { _tag: "RemoveDevice", device: key(5) },
  { _tag: "SetRole", role: "clerk", name: "Clerk", level: 30 },
  { _tag: "RemoveRole", role: "clerk" },
  { _tag: "SetTeam", team: "north", name: "North" },
  { _tag: "RemoveTeam", team: "north" },
  { _tag: "SetPolicy", text: "version: 1" },
  { _tag: "SetDeviceLimit", limit: null },
  { _tag: "SetMemberDeviceLimit", member: "mia", isOwn: true, limit: 3 },
  { _tag: "RemovePolicy" }
]

describe("a record", () => {
  it("[CH-1] comes back as it was signed, whatever it does", () => {
    const made = record(undefined, 1, ...everything)
    expect(made.operations).toEqual(everything)
    const opened = CharterRecord.open(crypto, Bytes.copy(made.bytes))
    expect(opened).toEqual(made)
  })

  it("[CH-1] with any bit changed is none, and no bytes make the reader throw", () => {
    const { bytes } = record(undefined, 1, found)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = new Uint8Array(bytes)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(CharterRecord.open(crypto, changed), `bit ${bit}`).toBeTypeOf("string")
    }
    for (let length = 0; length < bytes.length; length += 7) {
      expect(CharterRecord.open(crypto, bytes.subarray(0, length))).toBeTypeOf("string")
    }
  })

  it("[CH-1] signed as something else is none", () => {
    const { bytes } = record(undefined, 1, found)
    const [body] = MessagePack.unpackOwn(bytes) as readonly [Uint8Array]
    const signature = signerOf(1).sign(crypto.sha256(body))
    expect(CharterRecord.open(crypto, MessagePack.pack([body, signature, null]))).toBe(
      "its signature is not the signer's"
    )
  })

  it("[CH-1] stands behind records that are named once and in order, at most 1,024", () => {
    const ids = Array.from({ length: 1_025 }, (_, i) => ({ id: i.toString(16).padStart(64, "0"), version: 1 }))
    const behind = (...all: typeof ids) => CharterRecord.open(crypto, record(all, 1, found).bytes)
    expect(behind(...ids.slice(0, 1_024))).toMatchObject({ behind: ids.slice(0, 1_024).map(({ id }) => id) })
    expect(() => behind(...ids)).toThrow("does not say what it stands behind")
    expect(() => behind(ids[1]!, ids[1]!)).toThrow("does not say what it stands behind")
  })

  it("[CH-2] of a later version, or with an operation of one, says where it stands and who signed it", () => {
    const first = record(undefined, 1, found)
    for (const later of [
      laterRecord(first, 3),
      laterRecord(first, 3, 2),
      laterRecord(first, 3, 7, "more", { of: 1 })
    ]) {
      expect(later).toMatchObject({ behind: [first.id], version: 2, signer: peer(3), operations: [], unread: "later" })
      const changed = new Uint8Array(later.bytes)
      changed[changed.length - 20]! ^= 1
      expect(CharterRecord.open(crypto, changed)).toBe("its signature is not the signer's")
    }
  })

  it("[CH-2] of a later version is told apart from a broken one", () => {
    const body = (version: number, operations: ReadonlyArray<unknown>) =>
      MessagePack.pack([version, new Uint8Array(16), 1, [], new Uint8Array(8), key(1), "", "", operations])
    const signed = (bytes: Uint8Array) => MessagePack.pack([bytes, new Uint8Array(64), null])
    expect(CharterRecord.open(crypto, signed(MessagePack.pack([2, "another form"])))).toBe(CharterRecord.newer)
    expect(CharterRecord.open(crypto, signed(body(2, [])))).toBe("its signature is not the signer's")
    // Whatever stands beside it: what is broken here is so in every later version.
    for (const broken of [
      [
        [99, "x"],
        [5, 123]
      ],
      [
        [5, 123],
        [99, "x"]
      ]
    ]) {
      expect(CharterRecord.open(crypto, signed(body(1, broken)))).toMatch(/none of a charter's operations/)
    }
    expect(CharterRecord.open(crypto, signed(body(1, [[5]])))).toMatch(/none of a charter's operations/)
    expect(CharterRecord.open(crypto, signed(body(1, [[5, "../x"]])))).toMatch(/none of a charter's operations/)
    expect(CharterRecord.open(crypto, signed(body(1, [])))).toMatch(/1 to 64/)
  })
})
