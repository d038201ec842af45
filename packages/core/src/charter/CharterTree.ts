/**
 * All records of a charter that are known, and which of them count. Records form a chain, unless two were written behind
 * the same one without knowing of each other; then every replica that knows both chooses the same: who was removed by
 * somebody more senior has no say beside that removal, then removals come first, then the more senior signer, then the
 * smaller id. What does not count is kept, because a later record may change the choice. In a space with a hub only what
 * the hub has signed counts, so that there is one record behind each. Pure, but for its own memory.
 */
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import { fromPublicKey, type PeerId } from "../identity/PeerId.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import * as CharterFold from "./CharterFold.ts"
import { type CharterRecord, hasReceipt, noRecord, type RecordId } from "./CharterRecord.ts"
import * as CharterState from "./CharterState.ts"

/** Records beside the ones that count; more are refused. Each was signed by somebody who manages the space. */
export const rivalsMax = 1_024
/** States that are kept; others are computed again. */
const statesMax = 64

interface Node {
  readonly record: CharterRecord
  readonly children: Array<RecordId>
}

/** `missing`: what it stands behind is not known here. */
export type Added =
  | { readonly kind: "added"; readonly lost: ReadonlyArray<CharterRecord> }
  | { readonly kind: "known" | "missing" }
  | { readonly kind: "refused"; readonly problem: string }

export class CharterTree {
  readonly #crypto: CryptoFunctions
  readonly #policyProblem: CharterFold.PolicyCheck
  readonly #nodes = new Map<RecordId, Node>()
  readonly #first: Array<RecordId> = []
  readonly #states = new Map<RecordId, CharterState.CharterState>()
  readonly #empty: CharterState.CharterState
  #chain: Array<RecordId> = []

  constructor(crypto: CryptoFunctions, space: SpaceId, policyProblem: CharterFold.PolicyCheck) {
    this.#crypto = crypto
    this.#policyProblem = policyProblem
    this.#empty = CharterState.empty(space)
  }

  /** What the records that count add up to. */
  get state(): CharterState.CharterState {
    return this.#stateAt(this.#chain.at(-1) ?? noRecord)
  }

  /** The records that count, in order, after a version. */
  after(version: number): ReadonlyArray<CharterRecord> {
    return this.#chain.slice(version).map((id) => this.#nodes.get(id)!.record)
  }

  /** Records that are known, whether they count or not. */
  get size(): number {
    return this.#nodes.size
  }

  /** Known records that do not count. */
  get rivals(): ReadonlyArray<CharterRecord> {
    const counting = new Set(this.#chain)
    return [...this.#nodes.values()].flatMap(({ record }) => (counting.has(record.id) ? [] : [record]))
  }

  /** The record that counts at a version. */
  at(version: number): RecordId | undefined {
    return version === 0 ? noRecord : this.#chain[version - 1]
  }

  has(id: RecordId): boolean {
    return this.#nodes.has(id)
  }

  /** The state after a version of those that count. */
  stateAt(version: number): CharterState.CharterState | undefined {
    const id = this.at(version)
    return id === undefined ? undefined : this.#stateAt(id)
  }

  #after(record: CharterRecord): CharterState.CharterState | string {
    const before = this.#stateAt(record.previous)
    if (before.hub !== undefined && record.signer !== before.hub && !hasReceipt(this.#crypto, record, before.hub)) {
      return "the hub of the space has not taken it in"
    }
    return CharterFold.apply(before, record, this.#policyProblem)
  }

  /** Takes a record in. `lost` are records that counted until now. */
  add(record: CharterRecord): Added {
    if (this.#nodes.has(record.id)) return { kind: "known" }
    const siblings = record.previous === noRecord ? this.#first : this.#nodes.get(record.previous)?.children
    if (siblings === undefined) return { kind: "missing" }
    // Anybody can sign one, and it would be its own authority: a rival founding must not come up for choice.
    if (siblings === this.#first && siblings.length > 0) {
      return { kind: "refused", problem: "the space was founded by another record" }
    }
    const next = this.#after(record)
    if (typeof next === "string") return { kind: "refused", problem: next }
    const isNext = record.previous === (this.#chain.at(-1) ?? noRecord)
    if (!isNext && this.#nodes.size - this.#chain.length >= rivalsMax) {
      return { kind: "refused", problem: `there are ${rivalsMax} records beside the ones that count` }
    }
    this.#nodes.set(record.id, { record, children: [] })
    siblings.push(record.id)
    this.#keep(record.id, next)
    const chain = this.#chain
    if (isNext) this.#chain.push(record.id)
    else this.#chain = this.#choose()
    const counting = new Set(isNext ? [] : this.#chain)
    const lost = isNext ? [] : chain.filter((id) => !counting.has(id)).map((id) => this.#nodes.get(id)!.record)
    return { kind: "added", lost }
  }

  #keep(id: RecordId, state: CharterState.CharterState): void {
    this.#states.delete(id)
    this.#states.set(id, state)
    if (this.#states.size > statesMax) this.#states.delete(this.#states.keys().next().value!)
  }

  #stateAt(id: RecordId): CharterState.CharterState {
    const behind: Array<CharterRecord> = []
    let at = id
    let state = at === noRecord ? this.#empty : this.#states.get(at)
    while (state === undefined) {
      const { record } = this.#nodes.get(at)!
      behind.push(record)
      at = record.previous
      state = at === noRecord ? this.#empty : this.#states.get(at)
    }
    for (let record = behind.pop(); record !== undefined; record = behind.pop()) {
      state = CharterFold.apply(state, record, this.#policyProblem) as CharterState.CharterState
    }
    if (id !== noRecord) this.#keep(id, state)
    return state
  }

  /** Walks from the first record to the head, choosing where there is a choice. */
  #choose(): Array<RecordId> {
    const chain: Array<RecordId> = []
    for (let children = this.#first; children.length > 0;) {
      const id = children.length === 1 ? children[0]! : this.#best(chain.at(-1) ?? noRecord, children)
      chain.push(id)
      children = this.#nodes.get(id)!.children
    }
    return chain
  }

  #best(parent: RecordId, children: ReadonlyArray<RecordId>): RecordId {
    const state = this.#stateAt(parent)
    const rivals = children.map((id): Rival => {
      const { record } = this.#nodes.get(id)!
      return { id, record, rank: rankOf(state, record.signer), removals: this.#removalsIn(id) }
    })
    const heard = unsilenced(rivals)
    return heard.reduce((best, each) => (comesBefore(each, best) ? each : best)).id
  }

  /** All removals in the records from one on. */
  #removalsIn(id: RecordId): ReadonlyArray<Removal> {
    const found: Array<Removal> = []
    const open = [id]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const { children, record } = this.#nodes.get(at)!
      open.push(...children)
      if (!removes(record)) continue
      const state = this.#stateAt(record.previous)
      found.push({ signer: record.signer, rank: rankOf(state, record.signer), targets: targetsOf(state, record) })
    }
    return found
  }
}

/** Smaller means more senior: level first, then how long its member, then the device itself, has been there. */
type Rank = readonly [level: number, member: number, device: number]

interface Removal {
  readonly signer: PeerId
  readonly rank: Rank
  /** Devices that have no say beside it. */
  readonly targets: ReadonlySet<PeerId>
}

interface Rival {
  readonly id: RecordId
  readonly record: CharterRecord
  readonly rank: Rank
  readonly removals: ReadonlyArray<Removal>
}

const rankOf = (state: CharterState.CharterState, signer: PeerId): Rank => {
  const device = state.devices.get(signer)
  const member = CharterState.memberOf(state, signer)
  if (device === undefined || member === undefined) return [0, 0, 0]
  return [-CharterState.levelOf(state, member), member.since, device.since]
}

const compare = (a: Rank, b: Rank): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]

const removes = ({ operations }: CharterRecord): boolean =>
  operations.some(({ _tag }) => _tag === "RemoveMember" || _tag === "RemoveDevice")

const targetsOf = (state: CharterState.CharterState, { operations }: CharterRecord): ReadonlySet<PeerId> => {
  const targets = new Set<PeerId>()
  for (const operation of operations) {
    if (operation._tag === "RemoveDevice") targets.add(fromPublicKey(operation.device))
    if (operation._tag !== "RemoveMember") continue
    for (const { peer } of CharterState.devicesOf(state, operation.member)) targets.add(peer)
  }
  return targets
}

/** Those whose signers no more senior one has removed elsewhere. The most senior removals are heard first. */
const unsilenced = (rivals: ReadonlyArray<Rival>): ReadonlyArray<Rival> => {
  const removals = rivals
    .flatMap(({ id, removals: found }) => found.map((removal) => ({ ...removal, branch: id })))
    .sort((a, b) => compare(a.rank, b.rank))
  const silenced: Array<(typeof removals)[number]> = []
  const isSilenced = (signer: PeerId, rank: Rank, branch: RecordId): boolean =>
    silenced.some(
      (removal) => removal.branch !== branch && removal.targets.has(signer) && compare(removal.rank, rank) < 0
    )
  for (const removal of removals) if (!isSilenced(removal.signer, removal.rank, removal.branch)) silenced.push(removal)
  const heard = rivals.filter(({ id, rank, record }) => !isSilenced(record.signer, rank, id))
  return heard.length > 0 ? heard : rivals
}

const comesBefore = (a: Rival, b: Rival): boolean => {
  const [removesA, removesB] = [removes(a.record), removes(b.record)]
  if (removesA !== removesB) return removesA
  const rank = compare(a.rank, b.rank)
  return rank === 0 ? a.id < b.id : rank < 0
}
