/**
 * All records of a charter that are known, and which of them count, in which order. Records form a chain, unless some were
 * written without knowing of each other; then every replica that knows them orders them alike (`CharterOrder`). What
 * does not count is kept, because a later record may change that. In a space with a hub only what the hub has signed
 * counts, so that there is one record behind each. Pure, but for its own memory.
 */
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import * as CharterFold from "./CharterFold.ts"
import { byTurn, type Counted, isAnyRoused, type Node, nodeOf, type Resolution, resolve } from "./CharterOrder.ts"
import { behindMax, type CharterRecord, hasReceipt, noRecord, type RecordId } from "./CharterRecord.ts"
import * as CharterState from "./CharterState.ts"

/** Records that do not count; more are refused, and so are more than 64 of one device. What counts is never refused for it. */
export const rivalsMax = 1_024
const rivalsOfDeviceMax = 64
/** Records refused for that bound whose ids are remembered until something else counts. */
const crowdedMax = 4_096
/** States that are remembered, for who wrote next often knew the same; likewise what several records together amount to. */
const statesMax = 64

/** `missing`: something that it stands behind is not known here. */
export type Added =
  | { readonly kind: "added" | "known" | "missing" }
  | { readonly kind: "refused"; readonly problem: string }

/** What is wrong with a record that the hub of the space has not signed for. */
export const notTakenIn = "the hub of the space has not taken it in"

const none: ReadonlySet<RecordId> = new Set()
const noRecords: ReadonlyArray<CharterRecord> = []

const crowded: Added = { kind: "refused", problem: "too many records of its device, or of all, do not count" }

export class CharterGraph {
  readonly #crypto: CryptoFunctions
  /** Each behind what it stands behind. */
  readonly #nodes = new Map<RecordId, Node>()
  /** Those among them that are being taken in and have no place yet. */
  readonly #fresh = new Map<RecordId, Node>()
  readonly #empty: CharterState.CharterState
  #counting: Array<Counted> = []
  #state: CharterState.CharterState
  /** Those that do not, once somebody has asked; what comes behind all that counts changes nothing of them. */
  #rivals: ReadonlyArray<CharterRecord> | undefined
  /** Those that count and that none of those knew of. */
  #heads: ReadonlyArray<RecordId> = []
  /** What is known beside what counts and what that stands behind. */
  #idle: ReadonlyArray<Node> = []
  readonly #states = new Map<Counted, CharterState.CharterState>()
  readonly #joined = new Map<string, Resolution>()
  readonly #crowded = new Set<RecordId>()

  constructor(crypto: CryptoFunctions, space: SpaceId) {
    this.#crypto = crypto
    this.#empty = CharterState.empty(space)
    this.#state = this.#empty
  }

  /** What the records that count add up to; the same object until something else counts. */
  get state(): CharterState.CharterState {
    return this.#state
  }

  /** The records that count, in order, after a version. */
  after(version: number): ReadonlyArray<CharterRecord> {
    return this.#counting.slice(version).map(({ record }) => record)
  }

  /** Records that are known, whether they count or not. */
  get size(): number {
    return this.#nodes.size
  }

  /** True for a record that is known, whether it counts or not. */
  knows(id: RecordId): boolean {
    return this.#nodes.has(id)
  }

  /** True for a known record that counts. */
  counts(id: RecordId): boolean {
    return this.#node(id) !== undefined && this.#counting.some(({ record }) => record.id === id)
  }

  /** True for a known record that this version of the program could judge: it and all that it stands behind. */
  isJudged(id: RecordId): boolean {
    const { own, record } = this.#node(id)!
    return newnessOf(record) < Infinity && this.#stateOf(own).unread === undefined
  }

  /** Everything that is known, each behind what it stands behind. */
  get records(): ReadonlyArray<CharterRecord> {
    return this.#known()
  }

  /** Known records that do not count, each behind what it stands behind. */
  get rivals(): ReadonlyArray<CharterRecord> {
    if (this.#nodes.size === this.#counting.length) return noRecords
    if (this.#rivals === undefined) {
      const counts = this.#counts()
      this.#rivals = this.#known().filter(({ id }) => !counts.has(id))
    }
    return this.#rivals
  }

  /** The record that counts at a version. */
  at(version: number): RecordId | undefined {
    return version === 0 ? noRecord : this.#counting[version - 1]?.record.id
  }

  /** The state after a version of those that count. */
  stateAt(version: number): CharterState.CharterState | undefined {
    if (version < 0 || version > this.#counting.length) return undefined
    return version === this.#counting.length ? this.#state : this.#stateOf(this.#counting[version - 1])
  }

  /**
   * What a new record stands behind: by them it is known what its writer knew. Where there are more than 1,024 the least
   * senior ones are left out.
   */
  get heads(): ReadonlyArray<RecordId> {
    if (this.#heads.length <= behindMax) return [...this.#heads].sort()
    const nodes = this.#heads.map((id) => this.#node(id)!).sort(byTurn)
    return nodes
      .slice(0, behindMax)
      .map(({ record }) => record.id)
      .sort()
  }

  /** The version of a record behind these. */
  versionBehind(behind: ReadonlyArray<RecordId>): number {
    return behind.reduce((highest, id) => Math.max(highest, this.#record(id).version), 0) + 1
  }

  /** Records that somebody lacks who knows these and all that they stand behind: first what counts, with what it needs. */
  beyond(known: ReadonlyArray<RecordId>): ReadonlyArray<CharterRecord> {
    const there = this.#closure(known)
    const needed = this.#closure(this.#heads)
    const lacking = this.#known().filter(({ id }) => !there.has(id))
    return [...lacking.filter(({ id }) => needed.has(id)), ...lacking.filter(({ id }) => !needed.has(id))]
  }

  /** Takes a record in. */
  add(record: CharterRecord): Added {
    return this.addAll([record])[0]!
  }

  /**
   * Takes records in, together: one that does not count is kept where another of them needs it. What came of each, in their
   * order. `kept`: those of them that were judged and kept before; they are not too many, and none of them is refused for what
   * it does.
   */
  addAll(records: ReadonlyArray<CharterRecord>, kept: ReadonlySet<RecordId> = none): ReadonlyArray<Added> {
    const repeated = this.#repeated(records)
    try {
      const outcomes = records.map((record) => (repeated.has(record.id) ? crowded : this.#take(record, kept)))
      if (this.#fresh.size === 0) return outcomes
      const dropped = this.#order(kept)
      return outcomes.map((outcome, place) => (dropped.has(records[place]!.id) ? crowded : outcome))
    } finally {
      this.#fresh.clear()
    }
  }

  /** Those that were refused already, in the same state of things, and that no other one needs. */
  #repeated(records: ReadonlyArray<CharterRecord>): ReadonlySet<RecordId> {
    const repeated = new Set<RecordId>()
    if (this.#crowded.size === 0) return repeated
    const needed = new Set<RecordId>()
    for (const { behind, id } of records.toReversed()) {
      if (this.#crowded.has(id) && !needed.has(id)) repeated.add(id)
      else for (const each of behind) needed.add(each)
    }
    return repeated
  }

  /** Takes in what stands behind all others; what does not is noted, and its place is found for all together. */
  #take(record: CharterRecord, kept: ReadonlySet<RecordId>): Added {
    const { behind, id } = record
    if (this.#node(id) !== undefined) return { kind: "known" }
    if (!behind.every((each) => this.#node(each) !== undefined)) return { kind: "missing" }
    // Anybody can sign one, and it would be its own authority: a rival founding must not come up for choice.
    if (behind.length === 0 && this.#nodes.size > 0) {
      return { kind: "refused", problem: "the space was founded by another record" }
    }
    if (record.version !== this.versionBehind(behind)) {
      return { kind: "refused", problem: "its version is not that of a record behind those" }
    }
    const past = this.#past(behind)
    const restsOn = Math.max(0, ...behind.map((each) => newnessOf(this.#record(each))))
    const placed = restsOn === record.restsOn ? record : { ...record, restsOn }
    const judged = this.#judged(past.state, placed, kept.has(id))
    if (typeof judged === "string") return { kind: "refused", problem: judged }
    const { after } = judged
    const node = nodeOf(past, judged.record, after)
    this.#remember(node.own, after)
    if (this.#fresh.size === 0 && this.#comesLast(node, after)) this.#append(node, after)
    else this.#fresh.set(id, node)
    return { kind: "added" }
  }

  #node(id: RecordId): Node | undefined {
    return this.#nodes.get(id) ?? this.#fresh.get(id)
  }

  #record(id: RecordId): CharterRecord {
    return this.#node(id)!.record
  }

  #known(): ReadonlyArray<CharterRecord> {
    return [...this.#nodes.values()].map(({ record }) => record)
  }

  #counts(): ReadonlySet<RecordId> {
    return new Set(this.#counting.map(({ record }) => record.id))
  }

  /**
   * The state after a record behind its own past. Where that holds what this version cannot judge, or where it was judged
   * before, no reason against it is good enough: it counts, and what it does is not known.
   */
  #judged(
    before: CharterState.CharterState,
    record: CharterRecord,
    isKept: boolean
  ): { readonly record: CharterRecord; readonly after: CharterState.CharterState } | string {
    if (before.hub !== undefined && record.signer !== before.hub && !hasReceipt(this.#crypto, record, before.hub)) {
      return notTakenIn
    }
    const after = CharterFold.apply(before, record)
    if (typeof after !== "string") return { record, after }
    if (before.unread === undefined && !isKept) return after
    const unread: CharterRecord = { ...record, unread: isKept ? "refused" : "behind" }
    const unknown = CharterFold.apply(before, unread)
    return typeof unknown === "string" ? unknown : { record: unread, after: unknown }
  }

  /** Its writer knew everything that counts, and nothing else comes to count with it. */
  #comesLast(node: Node, state: CharterState.CharterState): boolean {
    if (!this.#isBehindAll(node.record.behind)) return false
    return !isAnyRoused(this.#idle, state, node)
  }

  /** Whoever stands behind these knew all that counts, and nothing but what that stands behind. */
  #isBehindAll(behind: ReadonlyArray<RecordId>): boolean {
    const heads = this.#heads
    return this.#idle.length === 0 ? heads.every((id) => behind.includes(id)) : areEqual(heads, behind)
  }

  /** It comes behind all that counts, which is what ordering anew would give. */
  #append(node: Node, state: CharterState.CharterState): void {
    this.#nodes.set(node.record.id, node)
    this.#counting.push(node.own)
    this.#heads = [node.record.id]
    this.#countOtherwise(state)
  }

  #countOtherwise(state: CharterState.CharterState): void {
    this.#state = state
    // What was too much may count now.
    this.#crowded.clear()
  }

  #remember(counted: Counted, state: CharterState.CharterState): void {
    this.#states.set(counted, state)
    if (this.#states.size > statesMax) this.#states.delete(this.#states.keys().next().value!)
  }

  /** What it adds up to, from the nearest state that is known. */
  #stateOf(counted: Counted | undefined): CharterState.CharterState {
    const steps: Array<CharterRecord> = []
    let known: CharterState.CharterState | undefined
    let each = counted
    for (; each !== undefined; each = each.before) {
      known = each.state ?? this.#states.get(each)
      if (known !== undefined) break
      steps.push(each.record)
    }
    let state = known ?? this.#empty
    for (const record of steps.reverse()) {
      const after = CharterFold.applyInTurn(state, record)
      if (typeof after !== "string") state = after
    }
    if (steps.length > 0) this.#remember(counted!, state)
    return state
  }

  /** What counts for somebody who knows these records and all that they stand behind. */
  #past(behind: ReadonlyArray<RecordId>): Resolution {
    // Also beside others that do not count: they move nothing.
    if (this.#isBehindAll(behind) && behind.every((id) => this.#nodes.has(id))) {
      return { last: this.#counting.at(-1), state: this.#state }
    }
    if (behind.length === 1) {
      const { own } = this.#node(behind[0]!)!
      return { last: own, state: this.#stateOf(own) }
    }
    const name = behind.join()
    const known = this.#joined.get(name)
    if (known !== undefined) return known
    const found = this.#resolve(behind)
    this.#joined.set(name, found)
    if (this.#joined.size > statesMax) this.#joined.delete(this.#joined.keys().next().value!)
    return found
  }

  /** What counts of these records and all that they stand behind. */
  #resolve(ids: ReadonlyArray<RecordId>): Resolution {
    const { above, trunk } = this.#above(ids)
    const begin = { last: trunk?.own, state: this.#stateOf(trunk?.own) }
    return above.length === 0 ? begin : resolve(above, begin, this.#counting)
  }

  /**
   * The last record that all others of a set stand behind, or it behind them, and those others that stand behind it. What
   * comes up to that one is what its writer saw, so only the others have to be ordered.
   */
  #above(ids: ReadonlyArray<RecordId>): { readonly trunk: Node | undefined; readonly above: ReadonlyArray<Node> } {
    const waiting = new Map<number, Set<RecordId>>()
    let [count, version] = [0, 0]
    const wait = (id: RecordId): void => {
      const at = this.#record(id).version
      const same = waiting.get(at) ?? new Set()
      waiting.set(at, same)
      if (same.has(id)) return
      same.add(id)
      count++
      version = Math.max(version, at)
    }
    for (const id of ids) wait(id)
    const above: Array<Node> = []
    for (; version > 0; version--) {
      for (const id of waiting.get(version) ?? []) {
        const node = this.#node(id)!
        if (count === 1) return { trunk: node, above }
        count--
        above.push(node)
        for (const each of node.record.behind) wait(each)
      }
    }
    return { trunk: undefined, above }
  }

  /** Orders all records anew, with the fresh ones; gives those that do not count and were given back, as too many do not. */
  #order(kept: ReadonlySet<RecordId>): ReadonlySet<RecordId> {
    const all = [...this.#nodes.values(), ...this.#fresh.values()]
    const passed = new Set(all.flatMap(({ record }) => record.behind))
    const tops = all.filter(({ record }) => !passed.has(record.id)).map(({ record }) => record.id)
    const { last, state } = this.#resolve(tops)
    const counted = this.#listOf(last)
    const counts = new Set(counted.map(({ record }) => record.id))
    const behindThose = this.#closure(counted.flatMap(({ record }) => record.behind))
    const heads = [...counts].filter((id) => !behindThose.has(id))
    const needed = this.#closure(heads)
    const dropped = this.#superfluous(counts, new Set([...needed, ...kept]))
    // All is computed: from here on nothing can fail.
    for (const [id, node] of this.#fresh) if (!dropped.has(id)) this.#nodes.set(id, node)
    this.#heads = heads
    this.#idle = [...this.#nodes.values()].filter(({ record: { id } }) => !needed.has(id))
    const isSame =
      counted.length === this.#counting.length &&
      counted.every(({ record }, place) => record.id === this.#counting[place]!.record.id)
    this.#counting = counted
    this.#rivals = undefined
    if (!isSame) this.#countOtherwise(state)
    for (const id of dropped) if (this.#crowded.size < crowdedMax) this.#crowded.add(id)
    return dropped
  }

  #listOf(last: Counted | undefined): Array<Counted> {
    const found: Array<Counted> = []
    let each = last
    for (; each !== undefined && this.#counting[each.length - 1] !== each; each = each.before) found.push(each)
    return [...this.#counting.slice(0, each?.length ?? 0), ...found.reverse()]
  }

  /** Records that do not count, are new, and are needed by none that counts, beyond the bounds. */
  #superfluous(counts: ReadonlySet<RecordId>, needed: ReadonlySet<RecordId>): ReadonlySet<RecordId> {
    const dropped = new Set<RecordId>()
    const ofDevice = new Map<string, number>()
    let all = 0
    // Those that were here before come first.
    for (const { record } of [...this.#nodes.values(), ...this.#fresh.values()]) {
      const { behind, id, signer } = record
      if (counts.has(id)) continue
      const theirs = (ofDevice.get(signer) ?? 0) + 1
      const isTooMuch = all >= rivalsMax || theirs > rivalsOfDeviceMax || behind.some((each) => dropped.has(each))
      if (this.#fresh.has(id) && !needed.has(id) && isTooMuch) {
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
    const open = ids.filter((id) => this.#node(id) !== undefined)
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (found.has(id)) continue
      found.add(id)
      open.push(...this.#record(id).behind)
    }
    return found
  }
}

/** The highest newness of a record and of all that it stands behind. */
const newnessOf = ({ newness, restsOn }: CharterRecord): number => Math.max(newness, restsOn)

const areEqual = (a: ReadonlyArray<RecordId>, b: ReadonlyArray<RecordId>): boolean =>
  a.length === b.length && a.every((id) => b.includes(id))
