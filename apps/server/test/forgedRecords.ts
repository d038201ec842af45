/**
 * Records for a charter that nobody with the right has written: a member's device signs them itself, puts other names on
 * them, or takes true ones apart. It sends nothing.
 */
import { Bytes, CharterRecord, type CharterOperation, HybridTime, PeerId, type SpaceId } from "@syncline/core"
import type { SeededRandom } from "@syncline/core/testing"
import { NodeCrypto, spaceOf } from "@syncline/node"
import { type Identity, identity } from "./hostileClient.ts"
import { policyText } from "./misdeeds.ts"

const { functions: crypto } = NodeCrypto
type Operation = CharterOperation.CharterOperation

/** The charter as the hub told it, and who is who in it. */
export interface Known {
  readonly records: ReadonlyArray<Uint8Array>
  readonly hub: PeerId.PeerId
  /** Member id of whoever forges, and of one whose devices it would like to have. */
  readonly self: string
  readonly other: string
}

export interface Forgery {
  readonly kind: string
  readonly record: Uint8Array
}

interface Making {
  readonly space?: SpaceId.SpaceId
  readonly behind?: CharterRecord.CharterRecord | undefined
  readonly version?: number
}

export class ForgedRecords {
  readonly #random: SeededRandom.SeededRandom
  readonly #me: Identity
  readonly #known: Known
  readonly #true: ReadonlyArray<CharterRecord.CharterRecord>

  constructor(random: SeededRandom.SeededRandom, me: Identity, known: Known) {
    this.#random = random
    this.#me = me
    this.#known = known
    this.#true = known.records.map((bytes) => CharterRecord.open(crypto, bytes) as CharterRecord.CharterRecord)
  }

  get kinds(): ReadonlyArray<string> {
    return this.#kinds.map(([kind]) => kind)
  }

  next(): Forgery {
    const [kind, make] = this.#random.pick(this.#kinds)
    return { kind, record: make() }
  }

  readonly #kinds: ReadonlyArray<readonly [string, () => Uint8Array]> = [
    ["behind the head", () => this.#made(this.#wish()).bytes],
    ["behind an older record", () => this.#made(this.#wish(), { behind: this.#random.pick(this.#true) }).bytes],
    ["at another version", () => this.#made(this.#wish(), { version: this.#random.between(1, 99) }).bytes],
    ["in another space", () => this.#made(this.#wish(), { space: spaceOf("work") }).bytes],
    ["with an own receipt", () => CharterRecord.withReceipt(this.#made(this.#wish()), this.#me).bytes],
    ["with the receipt of another", () => this.#withReceiptOf(this.#random.pick(this.#true))],
    ["in the hub's name", () => this.#inName(PeerId.toPublicKey(this.#known.hub)!)],
    ["a founding", () => this.#founding()],
    ["a founding with a removal", () => this.#founding(this.#extra("x"), { _tag: "RemoveMember", member: "x" })],
    ["altered", () => this.#altered()],
    ["noise", () => Uint8Array.from({ length: this.#random.between(0, 200) }, () => this.#random.between(0, 255))]
  ]

  /** What it would like to be in force. */
  #wish(): Operation {
    const { hub, other, self } = this.#known
    const mine = identity().publicKey
    return this.#random.pick<Operation>([
      { _tag: "SetMemberRole", member: self, role: this.#random.pick(["owner", "admin"]) },
      { _tag: "SetMemberTeams", member: self, teams: ["north", "south"] },
      { _tag: "AddDevice", member: this.#random.pick([other, "owner"]), device: mine, name: "more" },
      // What it may do, but not without the hub.
      { _tag: "AddDevice", member: self, device: mine, name: "another" },
      { _tag: "RenameMember", member: self, name: "Owner" },
      { _tag: "RemoveMember", member: "owner" },
      { _tag: "RemoveDevice", device: PeerId.toPublicKey(hub)! },
      { _tag: "PauseDevice", device: PeerId.toPublicKey(hub)!, isPaused: true },
      { _tag: "SetPolicy", text: policyText.replace("forbid", "allow") },
      { _tag: "SetRole", role: "lead", name: "Lead", level: 99 },
      { _tag: "RemoveTeam", team: "south" },
      { _tag: "SetDeviceLimit", limit: 0 },
      this.#extra("friend")
    ])
  }

  #extra(member: string): Operation {
    return { _tag: "AddMember", member, name: member, role: "owner", teams: [] }
  }

  #made(
    operation: Operation,
    { behind = this.#true.at(-1), space, version }: Making = {}
  ): CharterRecord.CharterRecord {
    return this.#sealed([operation], space ?? spaceOf("home"), behind, version)
  }

  #founding(...more: ReadonlyArray<Operation>): Uint8Array {
    const mine = { member: "owner", memberName: "Me", device: this.#me.publicKey, deviceName: "mine" }
    const hub = this.#random.pick([null, this.#me.publicKey, PeerId.toPublicKey(this.#known.hub)!])
    return this.#sealed([{ _tag: "Found", name: "home", hub, ...mine }, ...more], spaceOf("home"), undefined).bytes
  }

  #sealed(
    operations: ReadonlyArray<Operation>,
    space: SpaceId.SpaceId,
    behind: CharterRecord.CharterRecord | undefined,
    version = (behind?.version ?? 0) + 1
  ): CharterRecord.CharterRecord {
    return CharterRecord.seal(crypto, this.#me, {
      space,
      version,
      behind: behind === undefined ? [] : [behind.id],
      at: HybridTime.make(this.#random.between(1, 2e12), 0),
      behalf: "",
      note: "",
      operations
    })
  }

  /** The hub's signature under another record, put behind this one. */
  #withReceiptOf({ receipt }: CharterRecord.CharterRecord): Uint8Array {
    const signer = { publicKey: this.#me.publicKey, sign: () => receipt ?? new Uint8Array(64) }
    return CharterRecord.withReceipt(this.#made(this.#wish()), signer).bytes
  }

  /** Another key stands where its own stood when it signed. */
  #inName(key: Uint8Array): Uint8Array {
    const bytes = Uint8Array.from(this.#made(this.#wish()).bytes)
    bytes.set(key, Buffer.from(bytes).indexOf(this.#me.publicKey))
    return bytes
  }

  #altered(): Uint8Array {
    const bytes = Bytes.copy(this.#random.pick(this.#known.records))
    bytes[this.#random.between(0, bytes.length - 1)]! ^= 1 << this.#random.between(0, 7)
    return bytes
  }
}
