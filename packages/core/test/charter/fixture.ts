/**
 * Charters for tests: devices are numbers, records are signed by real keys. A founding record makes device 1 the owner
 * `ann`; what follows is up to the test.
 */
import type { CharterOperation } from "../../src/charter/CharterOperation.ts"
import * as CharterRecord from "../../src/charter/CharterRecord.ts"
import { CharterGraph } from "../../src/charter/CharterGraph.ts"
import * as Bytes from "../../src/identity/Bytes.ts"
import * as HybridTime from "../../src/identity/HybridTime.ts"
import * as PeerId from "../../src/identity/PeerId.ts"
import * as SpaceId from "../../src/identity/SpaceId.ts"
import * as MessagePack from "../../src/model/MessagePack.ts"
import * as NodeCrypto from "../journal/nodeCrypto.ts"

export const { functions: crypto, signerOf } = NodeCrypto
export const space = "00112233445566778899aabbccddeeff" as SpaceId.SpaceId
export const startMs = 1_800_000_000_000

const keys = new Map<number, Uint8Array>()
/** The key of a device's number. */
export const key = (device: number): Uint8Array => {
  const known = keys.get(device) ?? signerOf(device).publicKey
  keys.set(device, known)
  return known
}
export const peer = (device: number): PeerId.PeerId => PeerId.fromPublicKey(key(device))

export const newTree = (): CharterGraph => new CharterGraph(crypto, space)

export type Before = Pick<CharterRecord.CharterRecord, "id" | "version">

/** A record behind another one, behind several, or behind nothing. */
export const record = (
  before: Before | ReadonlyArray<Before> | undefined,
  device: number,
  ...operations: ReadonlyArray<CharterOperation>
): CharterRecord.CharterRecord => {
  const all = before === undefined ? [] : Array.isArray(before) ? (before as ReadonlyArray<Before>) : [before as Before]
  const version = Math.max(0, ...all.map((each) => each.version)) + 1
  return CharterRecord.seal(crypto, signerOf(device), {
    space,
    version,
    behind: all.map(({ id }) => id).sort(),
    at: HybridTime.make(startMs, version - 1),
    behalf: "",
    note: "",
    operations
  })
}

/** A record behind others that does what only a later version knows; of a later format where that is said. */
export const laterRecord = (
  before: Before | ReadonlyArray<Before>,
  device: number,
  format = 1,
  ...more: ReadonlyArray<unknown>
): CharterRecord.CharterRecord =>
  CharterRecord.open(
    crypto,
    encoded(before, device, format, format === 1 ? [[99, "what it does"]] : { what: "it does" }, ...more)
  ) as CharterRecord.CharterRecord

/** The bytes of a record behind others that does whatever is given. */
export const encoded = (
  before: Before | ReadonlyArray<Before>,
  device: number,
  format: number,
  does: unknown,
  ...more: ReadonlyArray<unknown>
): Uint8Array => {
  const all = Array.isArray(before) ? (before as ReadonlyArray<Before>) : [before as Before]
  const signer = signerOf(device)
  const body = MessagePack.pack([
    format,
    SpaceId.toBytes(space),
    Math.max(...all.map(({ version }) => version)) + 1,
    all.map(({ id }) => Bytes.fromHex(id)!).sort((a, b) => (Bytes.toHex(a) < Bytes.toHex(b) ? -1 : 1)),
    HybridTime.toBytes(HybridTime.make(startMs, 0)),
    signer.publicKey,
    "",
    "",
    does,
    ...more
  ])
  const signed = Bytes.concat(Bytes.utf8("syncline/charter/v1"), crypto.sha256(body))
  return MessagePack.pack([body, signer.sign(signed), null])
}

export const found: CharterOperation = {
  _tag: "Found",
  name: "Space",
  hub: null,
  member: "ann",
  memberName: "Ann",
  device: key(1),
  deviceName: "Ann's laptop"
}

export const addMember = (member: string, role: string, teams: ReadonlyArray<string> = []): CharterOperation => ({
  _tag: "AddMember",
  member,
  name: member.toUpperCase(),
  role,
  teams
})

export const addDevice = (member: string, device: number): CharterOperation => ({
  _tag: "AddDevice",
  member,
  device: key(device),
  name: `device ${device}`
})

/** A member and its device with that number. */
export const join = (
  member: string,
  role: string,
  device: number,
  teams: ReadonlyArray<string> = []
): ReadonlyArray<CharterOperation> => [addMember(member, role, teams), addDevice(member, device)]

/** Adds a record behind the head of a tree; gives the record, or why it was refused. */
export const write = (
  tree: CharterGraph,
  device: number,
  ...operations: ReadonlyArray<CharterOperation>
): CharterRecord.CharterRecord | string => {
  const behind = tree.heads.map((id) => tree.after(0).find((each) => each.id === id)!)
  const made = record(behind, device, ...operations)
  const added = tree.add(made)
  return added.kind === "refused" ? added.problem : made
}

/** A founded tree with: ann owner (1), olga owner (2), adam admin (3), ada admin (4), mia member (5), rob readonly (6). */
export const team = (): CharterGraph => {
  const tree = newTree()
  tree.add(record(undefined, 1, found))
  write(
    tree,
    1,
    { _tag: "SetTeam", team: "north", name: "North" },
    { _tag: "SetTeam", team: "south", name: "South" },
    ...join("olga", "owner", 2),
    ...join("adam", "admin", 3),
    ...join("ada", "admin", 4),
    ...join("mia", "member", 5, ["north"]),
    ...join("rob", "readonly", 6, ["north", "south"])
  )
  return tree
}
