/**
 * Commits that their author or their bringer has no right to, drawn by chance: a member of the team north, under the policy
 * that `forbiddenTo` speaks of, knows what honest devices sent it and makes the most of it. It sends nothing.
 */
import { Author, Commit, Compression, Event, HybridTime, type Partition, PeerId, type SpaceId } from "@syncline/core"
import type { SeededRandom } from "@syncline/core/testing"
import { NodeCrypto, spaceOf } from "@syncline/node"
import { type Identity, identity } from "./hostileClient.ts"

const { functions: crypto } = NodeCrypto
const { stored } = Compression

/** Members of a team read it, create in it and change the title of its tasks; leads do everything there. */
export const policyText = JSON.stringify({
  version: 1,
  types: { task: { header: { team: "text" }, fields: ["title", "salary"] }, note: { header: { team: "text" } } },
  rules: [
    { id: "read-own", effect: "allow", actions: ["read"], types: ["task", "note"], where: ofOwnTeams() },
    {
      id: "leads-write",
      effect: "allow",
      actions: ["create", "update", "delete"],
      types: ["task", "note"],
      to: { roles: ["lead"] },
      where: ofOwnTeams()
    },
    {
      id: "members-create",
      effect: "allow",
      actions: ["create"],
      types: ["task", "note"],
      to: { roles: ["member"] },
      where: ofOwnTeams()
    },
    {
      id: "members-title",
      effect: "allow",
      actions: ["update"],
      types: ["task"],
      to: { roles: ["member"] },
      where: ofOwnTeams(),
      fields: ["title"]
    },
    {
      id: "no-salary",
      effect: "forbid",
      actions: ["create", "update"],
      types: ["task"],
      to: { roles: ["member"] },
      fields: ["salary"]
    }
  ]
})

function ofOwnTeams() {
  return [{ field: "team", op: "in", value: "$teams" }]
}

/** What a member of the north knows of others, by right or by guessing. */
export interface Loot {
  /** Commits of others as the hub sent them. */
  readonly commits: ReadonlyArray<Uint8Array>
  /** Who wrote the records below. */
  readonly writer: Author.Author
  /** Records of the north that are there, by type, and a note of it that was deleted. */
  readonly tasks: ReadonlyArray<string>
  readonly notes: ReadonlyArray<string>
  readonly deleted: string
  /** A note of the north that it made itself. */
  readonly own: string
  /** Ids of records in the south, which it may not know of. */
  readonly south: ReadonlyArray<string>
}

export interface Misdeed {
  readonly kind: string
  readonly commit: Uint8Array
  /** One of these must be the hub's verdict. */
  readonly codes: ReadonlyArray<string>
}

/** What it is called, a commit of that kind, and the verdicts that it may get. */
type Kinds = ReadonlyArray<readonly [string, () => Uint8Array, ReadonlyArray<string>]>

type Change = Pick<Event.Event, "entity" | "ops"> & Partial<Event.Event>

interface Writing {
  readonly space?: SpaceId.SpaceId
  readonly type?: string
  readonly header?: Partition.HeaderValues
  readonly ms?: number
  /** Whose name stands in it; the own one unless it lies. */
  readonly author?: PeerId.PeerId
}

const forged = ["SignatureInvalid", "CommitMalformed", "CommitForged", "EventMalformed", "SpaceForeign"]
const dayMs = 86_400_000
const stranger = identity()

/** Whoever may only read, or was removed, is refused whatever it does; a member has some rights. */
export type Standing = "member" | "readonly" | "removed"

export class Misdeeds {
  readonly #random: SeededRandom.SeededRandom
  readonly #me: Identity
  readonly #loot: Loot
  readonly #kinds: Kinds

  constructor(random: SeededRandom.SeededRandom, me: Identity, loot: Loot, standing: Standing) {
    this.#random = random
    this.#me = me
    this.#loot = loot
    const kinds = [...this.#anywhere, ...this.#amongOwn]
    this.#kinds = standing === "member" ? kinds : [...kinds, ...this.#withoutRight]
  }

  get kinds(): ReadonlyArray<string> {
    return this.#kinds.map(([kind]) => kind)
  }

  next(): Misdeed {
    const [kind, make, codes] = this.#random.pick(this.#kinds)
    return { kind, commit: make(), codes }
  }

  /** A commit of the own device as it would make it; two changes of two records are two events. */
  seal(
    changes: ReadonlyArray<Change>,
    { author = this.#me.peer, header, ms, space, type = "note" }: Writing = {}
  ): Uint8Array {
    const events = changes.map((change) => Event.encode({ eseq: 1, prev: undefined, deps: [], ...change }))
    const written = {
      space: space ?? spaceOf("home"),
      partition: { type, header: header ?? { team: "north" } },
      authors: [Author.make(author, this.#hex(16)), this.#loot.writer],
      at: HybridTime.make(ms ?? Date.now(), this.#random.between(0, 1_000)),
      nonce: this.#random.bits(),
      group: undefined
    }
    return Commit.seal(crypto, stored, this.#me, written, events).bytes
  }

  /** Overwrites a task of another team, if there is one of that id. */
  guess(team: string, id: string): Uint8Array {
    return this.seal([this.#over([id])], { type: "task", header: { team } })
  }

  /** Where it may not write, or for what the bytes are; alike for everybody. */
  readonly #anywhere: Kinds = [
    ["another team", () => this.seal([this.#created()], { header: { team: "south" } }), ["Denied"]],
    ["a guessed id", () => this.guess("south", this.#random.pick(this.#loot.south)), ["Denied"]],
    ["a team that is not there", () => this.seal([this.#created()], { header: { team: this.#word() } }), ["Denied"]],
    ["no team", () => this.seal([this.#created()], { header: {} }), ["Denied"]],
    ["a header that is none", () => this.seal([this.#created()], { header: this.#oddHeader() }), ["Denied"]],
    ["a type that is not there", () => this.seal([this.#created()], { type: this.#word() }), ["Denied"]],
    ["a stranger's name", () => this.seal([this.#created()], { author: stranger.peer }), ["SignatureInvalid"]],
    ["the writer's name", () => this.#inName(Author.peer(this.#loot.writer)), ["SignatureInvalid"]],
    ["altered", () => this.#altered(), forged],
    ["another's, in another space", () => this.#respaced(), ["SpaceForeign"]],
    ["own, in another space", () => this.seal([this.#created()], { space: spaceOf("work") }), ["SpaceForeign"]],
    ["noise", () => this.#bytes(this.#random.between(0, 300)), ["CommitMalformed"]]
  ]

  /** What a member of the team may not do to what it reads. */
  readonly #amongOwn: Kinds = [
    ["a note changed", () => this.seal([this.#changed(this.#loot.notes, { s: { title: "x" } })]), ["Revoked"]],
    ["a note overwritten", () => this.seal([this.#over(this.#loot.notes)]), ["Revoked"]],
    ["an own note overwritten", () => this.seal([this.#over([this.#loot.own])]), ["Revoked"]],
    [
      "a note revived",
      () => this.seal([this.#changed([this.#loot.deleted], { d: false, s: { title: "x" } })]),
      ["Revoked"]
    ],
    ["a note deleted", () => this.seal([this.#changed(this.#loot.notes, { d: true })]), ["Revoked"]],
    ["a deletion with fields", () => this.#task({ d: true, s: { title: "x" } }), ["Revoked"]],
    ["a deletion out of nothing", () => this.seal([{ entity: this.#word(), ops: { d: true } }]), ["Revoked"]],
    ["a forbidden field", () => this.#task({ s: { done: true } }), ["Revoked"]],
    ["a salary", () => this.#task({ s: { title: "x", salary: 9 } }), ["Revoked"]],
    ["a salary from the beginning", () => this.#newTask({ s: { title: "x", salary: 9 } }), ["Revoked"]],
    ["a counter", () => this.#task({ c: { votes: 1 } }), ["Revoked"]],
    ["elements", () => this.#task({ a: { tags: ["x"] } }), ["Revoked"]],
    ["one of two forbidden", () => this.seal([this.#created(), this.#over(this.#loot.notes)]), ["Revoked"]],
    ["a part", () => this.#part(), ["Revoked"]],
    ["long ago", () => this.seal([this.#over(this.#loot.notes)], { ms: this.#random.between(1, 1e12) }), ["Revoked"]],
    ["to come", () => this.seal([this.#over(this.#loot.notes)], { ms: Date.now() + dayMs / 2 }), ["Revoked"]],
    [
      "a day to come",
      () => this.#newTask({ s: { title: "x" } }, Date.now() + 2 * dayMs),
      ["StampTooFarAhead", "Revoked"]
    ],
    ["in another's place", () => this.#replacing(), ["EventMalformed"]]
  ]

  /** What a member may do, by one that may not. */
  readonly #withoutRight: Kinds = [
    ["a title", () => this.#task({ s: { title: "x" } }), ["Revoked"]],
    ["a creation", () => this.seal([this.#created()]), ["Revoked"]],
    ["a creation, backdated", () => this.seal([this.#created()], { ms: Date.now() - dayMs }), ["Revoked"]],
    ["a creation, to come", () => this.seal([this.#created()], { ms: Date.now() + dayMs / 2 }), ["Revoked"]],
    ["an event of nothing", () => this.seal([{ entity: this.#word(), ops: {} }]), ["Revoked"]]
  ]

  #created(): Change {
    return { entity: this.#word(), ops: { s: { title: this.#word() } } }
  }

  /** Calls itself the beginning of a record that somebody else began. */
  #over(ids: ReadonlyArray<string>): Change {
    return { entity: this.#random.pick(ids), ops: { s: { title: "overwritten" } } }
  }

  #changed(ids: ReadonlyArray<string>, ops: Event.Operations): Change {
    return { entity: this.#random.pick(ids), deps: [[1, 1]], ops }
  }

  #task(ops: Event.Operations): Uint8Array {
    return this.seal([this.#changed(this.#loot.tasks, ops)], { type: "task" })
  }

  #newTask(ops: Event.Operations, ms = Date.now()): Uint8Array {
    return this.seal([{ entity: this.#word(), ops }], { type: "task", ms })
  }

  /** The forbidden event of a commit whose other one would be allowed. */
  #part(): Uint8Array {
    const whole = Commit.open(this.seal([this.#created(), this.#over(this.#loot.notes)])) as Commit.PackedCommit
    return Commit.takePart(whole, Commit.openEvents(crypto, stored, whole) as Commit.CommitEvents, [1])
  }

  #replacing(): Uint8Array {
    const ops = { w: [[1, 1, this.#bytes(16)]] } satisfies Event.Operations
    return this.seal([{ entity: this.#random.pick(this.#loot.notes), ops }])
  }

  #inName(author: PeerId.PeerId): Uint8Array {
    return this.seal([this.#over(this.#loot.notes)], { author })
  }

  #altered(): Uint8Array {
    for (;;) {
      const bytes = Uint8Array.from(this.#random.pick(this.#loot.commits))
      bytes[this.#random.between(0, bytes.length - 1)]! ^= 1 << this.#random.between(0, 7)
      // One bit makes it a commit of a later version, which is kept and not merged.
      if (!Commit.isNewer(bytes)) return bytes
    }
  }

  /** Another's commit with the name of another space in it, under the signature that it had. */
  #respaced(): Uint8Array {
    const bytes = Uint8Array.from(this.#random.pick(this.#loot.commits))
    const place = Buffer.from(bytes).indexOf(Buffer.from(spaceOf("home"), "hex"))
    bytes.set(Buffer.from(spaceOf("work"), "hex"), place)
    return bytes
  }

  #oddHeader(): Partition.HeaderValues {
    const odd = [{ team: 1 }, { team: null }, { team: "north", owner: "me" }, { TEAM: "north" }, { team: "North" }]
    return this.#random.pick<Partition.HeaderValues>(odd)
  }

  #word(): string {
    return `w${this.#hex(12)}`
  }

  #hex(digits: number): string {
    return Array.from({ length: digits }, () => this.#random.between(0, 15).toString(16)).join("")
  }

  #bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#random.between(0, 255))
  }
}
