/**
 * All records of a charter that are known, and which of them count, in which order. Records form a chain, unless some were
 * written without knowing of each other; then every replica that knows them orders them alike (`CharterOrder`). What
 * does not count is kept, because a later record may change that. In a space with a hub only what the hub has signed
 * counts, so that there is one record behind each. Pure, but for its own memory.
 */
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import * as CharterFold from "./CharterFold.ts"
import { type Node, type Resolution, resolve, takingOf } from "./CharterOrder.ts"
import { behindMax, type CharterRecord, hasReceipt, noRecord, type RecordId } from "./CharterRecord.ts"
import * as CharterState from "./CharterState.ts"

/** Records that do not count; more are refused, and so are more than 64 of one device. What counts is never refused for it. */
export const rivalsMax = 1_024
const rivalsOfDeviceMax = 64
/** Every so many versions a state is kept, from which those behind it are computed. */
const checkpointEvery = 64
/** Policy documents whose check is remembered: ordering anew asks again. */
const policiesMax = 16
/** Writers' views that are remembered, for who wrote next often knew the same. */
const viewsMax = 64

/** `missing`: something that it stands behind is not known here. */
export type Added =
  | { readonly kind: "added" | "known" | "missing" }
  | { readonly kind: "refused"; readonly problem: string }

const crowded: Added = { kind: "refused", problem: "too many records of its device, or of all, do not count" }

export class CharterGraph {
  readonly #crypto: CryptoFunctions
  readonly #policyProblem: CharterFold.PolicyCheck
  readonly #nodes = new Map<RecordId, Node>()
  readonly #empty: CharterState.CharterState
  /** All records in the order in which they are looked at. */
  #sequence: Array<RecordId> = []
  #counting: Array<RecordId> = []
  #state: CharterState.CharterState
  /** Those of them that count and that none of those knew of. */
  #heads: ReadonlyArray<RecordId> = []
  /** The highest version of a record. */
  #height = 0
  readonly #views = new Map<RecordId, CharterState.CharterState>()
  /** What counts after version 0, 64, 128, ... */
  #checkpoints: Array<CharterState.CharterState>

  constructor(crypto: CryptoFunctions, space: SpaceId, policyProblem: CharterFold.PolicyCheck) {
    this.#crypto = crypto
    this.#policyProblem = remembered(policyProblem)
    this.#empty = CharterState.empty(space)
    this.#state = this.#empty
    this.#checkpoints = [this.#empty]
  }

  /** What the records that count add up to. */
  get state(): CharterState.CharterState {
    return this.#state
  }

  /** The records that count, in order, after a version. */
  after(version: number): ReadonlyArray<CharterRecord> {
    return this.#counting.slice(version).map((id) => this.#record(id))
  }

  /** Records that are known, whether they count or not. */
  get size(): number {
    return this.#nodes.size
  }

  /** Known records that do not count, each behind what it stands behind. */
  get rivals(): ReadonlyArray<CharterRecord> {
    const counting = new Set(this.#counting)
    return this.#sequence.filter((id) => !counting.has(id)).map((id) => this.#record(id))
  }

  /** The record that counts at a version. */
  at(version: number): RecordId | undefined {
    return version === 0 ? noRecord : this.#counting[version - 1]
  }

  /** The state after a version of those that count. */
  stateAt(version: number): CharterState.CharterState | undefined {
    if (version < 0 || version > this.#counting.length) return undefined
    const from = Math.floor(version / checkpointEvery)
    let state = this.#checkpoints[from]!
    for (const id of this.#counting.slice(from * checkpointEvery, version)) state = this.#follow(state, id)
    return state
  }

  /** What a new record stands behind, at most 16: by them it is known what its writer knew. */
  get heads(): ReadonlyArray<RecordId> {
    return this.#heads.slice(-behindMax).sort()
  }

  /** The version of a record behind these. */
  versionBehind(behind: ReadonlyArray<RecordId>): number {
    return 1 + Math.max(0, ...behind.map((id) => this.#record(id).version))
  }

  /** Records that somebody lacks who knows these and all that they stand behind: first what counts, with what it needs. */
  beyond(known: ReadonlyArray<RecordId>): ReadonlyArray<CharterRecord> {
    const there = this.#closure(known)
    const needed = this.#closure(this.#counting)
    const lacking = this.#sequence.filter((id) => !there.has(id))
    return [...lacking.filter((id) => needed.has(id)), ...lacking.filter((id) => !needed.has(id))].map((id) =>
      this.#record(id)
    )
  }

  /** Takes a record in. */
  add(record: CharterRecord): Added {
    return this.addAll([record])[0]!
  }

  /**
   * Takes records in, together: one that does not count is kept where another of them needs it. What came of each, in their
   * order.
   */
  addAll(records: ReadonlyArray<CharterRecord>): ReadonlyArray<Added> {
    const fresh: Array<RecordId> = []
    const outcomes = records.map((record) => this.#take(record, fresh))
    if (fresh.length === 0) return outcomes
    const dropped = this.#order(fresh)
    return outcomes.map((outcome, place) => (dropped.has(records[place]!.id) ? crowded : outcome))
  }

  /** Takes in what stands behind all others; what does not is noted in `fresh`, and its place is found for all together. */
  #take(record: CharterRecord, fresh: Array<RecordId>): Added {
    if (this.#nodes.has(record.id)) return { kind: "known" }
    if (!record.behind.every((id) => this.#nodes.has(id))) return { kind: "missing" }
    // Anybody can sign one, and it would be its own authority: a rival founding must not come up for choice.
    if (record.behind.length === 0 && this.#nodes.size > 0) {
      return { kind: "refused", problem: "the space was founded by another record" }
    }
    if (record.version !== this.versionBehind(record.behind)) {
      return { kind: "refused", problem: "its version is not that of a record behind those" }
    }
    const before = this.#view(record.behind, fresh)
    const after = this.#after(before, record)
    if (typeof after === "string") return { kind: "refused", problem: after }
    this.#nodes.set(record.id, { record, taking: takingOf(before, record) })
    this.#seen(record.id, after)
    if (fresh.length === 0 && before === this.#state && record.version > this.#height) this.#append(record, after)
    else fresh.push(record.id)
    return { kind: "added" }
  }

  #record(id: RecordId): CharterRecord {
    return this.#nodes.get(id)!.record
  }

  /** What counts after one that does. */
  #follow(state: CharterState.CharterState, id: RecordId): CharterState.CharterState {
    return resolve([this.#nodes.get(id)!], state, this.#policyProblem).state
  }

  #after(before: CharterState.CharterState, record: CharterRecord): CharterState.CharterState | string {
    if (before.hub !== undefined && record.signer !== before.hub && !hasReceipt(this.#crypto, record, before.hub)) {
      return "the hub of the space has not taken it in"
    }
    return CharterFold.apply(before, record, this.#policyProblem)
  }

  /** Behind all others: its writer knew everything that counts. */
  #append({ behind, id, version }: CharterRecord, state: CharterState.CharterState): void {
    this.#sequence.push(id)
    this.#counting.push(id)
    this.#state = state
    this.#height = version
    this.#heads = [...this.#heads.filter((head) => !behind.includes(head)), id]
    if (this.#counting.length % checkpointEvery === 0) this.#checkpoints.push(state)
  }

  /** What counted for the writer of a record, after it. */
  #seen(id: RecordId, state: CharterState.CharterState): void {
    this.#views.set(id, state)
    if (this.#views.size > viewsMax) this.#views.delete(this.#views.keys().next().value!)
  }

  /** What counts for somebody who knows these records and all that they stand behind. */
  #view(behind: ReadonlyArray<RecordId>, fresh: ReadonlyArray<RecordId>): CharterState.CharterState {
    if (fresh.length === 0 && this.#heads.every((id) => behind.includes(id))) return this.#state
    const [only] = behind
    const seen = behind.length === 1 ? this.#views.get(only!) : undefined
    if (seen !== undefined) return seen
    const known = this.#closure(behind)
    if (fresh.length === 0 && this.#heads.every((id) => known.has(id))) return this.#state
    const { state } = this.#resolve([...this.#sequence, ...fresh].filter((id) => known.has(id)))
    if (behind.length === 1) this.#seen(only!, state)
    return state
  }

  /** Orders all records anew, with these; gives those that do not count and were given back, as too many do not. */
  #order(fresh: ReadonlyArray<RecordId>): ReadonlySet<RecordId> {
    const { counting, sequence, state } = this.#resolve([...this.#sequence, ...fresh])
    const dropped = this.#superfluous(sequence, counting, new Set(fresh))
    for (const id of dropped) this.#nodes.delete(id)
    this.#sequence = sequence.filter((id) => !dropped.has(id))
    this.#counting = [...counting]
    this.#state = state
    this.#height = this.#sequence.reduce((height, id) => Math.max(height, this.#record(id).version), 0)
    const passed = new Set(counting.flatMap((id) => this.#record(id).behind))
    this.#heads = counting.filter((id) => !passed.has(id))
    this.#checkpoints = this.#checkpointsOf(counting)
    return dropped
  }

  #checkpointsOf(counting: ReadonlyArray<RecordId>): Array<CharterState.CharterState> {
    const checkpoints = [this.#empty]
    let state = this.#empty
    for (const [place, id] of counting.entries()) {
      state = this.#follow(state, id)
      if ((place + 1) % checkpointEvery === 0) checkpoints.push(state)
    }
    return checkpoints
  }

  /** Records that do not count, are new, and are needed by none that counts, beyond the bounds. */
  #superfluous(
    sequence: ReadonlyArray<RecordId>,
    counting: ReadonlyArray<RecordId>,
    fresh: ReadonlySet<RecordId>
  ): ReadonlySet<RecordId> {
    const needed = this.#closure(counting)
    const dropped = new Set<RecordId>()
    const ofDevice = new Map<string, number>()
    let all = 0
    const counts = new Set(counting)
    const idle = sequence.filter((id) => !counts.has(id))
    // Those that were here before come first.
    for (const id of [...idle.filter((each) => !fresh.has(each)), ...idle.filter((each) => fresh.has(each))]) {
      const { behind, signer } = this.#record(id)
      const theirs = (ofDevice.get(signer) ?? 0) + 1
      const isTooMuch = all >= rivalsMax || theirs > rivalsOfDeviceMax || behind.some((each) => dropped.has(each))
      if (fresh.has(id) && !needed.has(id) && isTooMuch) {
        dropped.add(id)
        continue
      }
      ofDevice.set(signer, theirs)
      all++
    }
    return dropped
  }

  /** The records with all that they stand behind. */
  #closure(ids: ReadonlyArray<RecordId>): ReadonlySet<RecordId> {
    const found = new Set<RecordId>()
    const open = ids.filter((id) => this.#nodes.has(id))
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (found.has(id)) continue
      found.add(id)
      open.push(...this.#record(id).behind)
    }
    return found
  }

  /**
   * Orders a set that holds, with each, all that it stands behind. As long as there is one record of each version, all
   * later ones know it, and nothing is to be chosen.
   */
  #resolve(ids: ReadonlyArray<RecordId>): Resolution {
    const nodes = ids.map((id) => this.#nodes.get(id)!).sort((a, b) => a.record.version - b.record.version)
    let trunk = 0
    while (trunk < nodes.length && nodes[trunk + 1]?.record.version !== nodes[trunk]!.record.version) trunk++
    const below = nodes.slice(0, trunk).map(({ record }) => record.id)
    let shared = 0
    while (shared < trunk && below[shared] === this.#counting[shared]) shared++
    let begin = this.stateAt(shared)!
    for (const id of below.slice(shared)) begin = this.#follow(begin, id)
    const { counting, sequence, state } = resolve(nodes.slice(trunk), begin, this.#policyProblem)
    return { sequence: [...below, ...sequence], counting: [...below, ...counting], state }
  }
}

const remembered = (check: CharterFold.PolicyCheck): CharterFold.PolicyCheck => {
  const known = new Map<string, string | undefined>()
  return (text, state) => {
    if (known.has(text)) return known.get(text)
    const problem = check(text, state)
    if (known.size >= policiesMax) known.delete(known.keys().next().value!)
    known.set(text, problem)
    return problem
  }
}
