/**
 * In which order records count that were written without knowing of each other, and which of them do not. Each stands
 * behind those that its writer knew, and comes in the order of versions. Of several of one version what takes rights from
 * others comes first, then the more senior signer, then the smaller id. Who was removed, demoted or paused by
 * somebody more senior has no say beside that, and what was taken so stays taken. What makes no sense any more at its turn
 * does not count; nothing else is lost, so nobody has to write anything again. Pure.
 */
import { fromPublicKey, type PeerId } from "../identity/PeerId.ts"
import * as CharterFold from "./CharterFold.ts"
import type { CharterOperation } from "./CharterOperation.ts"
import type { CharterRecord, RecordId } from "./CharterRecord.ts"
import * as CharterState from "./CharterState.ts"

/** Smaller means more senior: level first, then how long its member, then the device itself, has been there. */
export type Rank = readonly [level: number, member: number, device: number]

/** What a record takes from others, as its signer saw them. */
export interface Taking {
  readonly rank: Rank
  /** Devices, of somebody less senior, that have no say beside it. */
  readonly targets: ReadonlySet<PeerId>
  /** From somebody else than the signer's own member. */
  readonly isFromOthers: boolean
}

export interface Node {
  readonly record: CharterRecord
  readonly taking: Taking | undefined
}

/** The records of a set in the order in which they are looked at, and those that count. */
export interface Resolution {
  readonly sequence: ReadonlyArray<RecordId>
  readonly counting: ReadonlyArray<RecordId>
  readonly state: CharterState.CharterState
}

export const rankOf = (state: CharterState.CharterState, signer: PeerId): Rank => {
  const device = state.devices.get(signer)
  const member = CharterState.memberOf(state, signer)
  if (device === undefined || member === undefined) return [0, 0, 0]
  return [-CharterState.levelOf(state, member), member.since, device.since]
}

const compare = (a: Rank, b: Rank): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]

/** What a record takes, in the state that its signer saw before it. */
export const takingOf = (
  state: CharterState.CharterState,
  { operations, signer }: CharterRecord
): Taking | undefined => {
  const rank = rankOf(state, signer)
  const targets = new Set<PeerId>()
  let isFromOthers = false
  for (const operation of operations) {
    for (const device of takenFrom(state, operation)) {
      if (device.member !== state.devices.get(signer)?.member) isFromOthers = true
      if (compare(rank, rankOf(state, device.peer)) < 0) targets.add(device.peer)
    }
  }
  return targets.size === 0 && !isFromOthers ? undefined : { rank, targets, isFromOthers }
}

/** The devices whose rights an operation takes, all or some. */
const takenFrom = (
  state: CharterState.CharterState,
  operation: CharterOperation
): ReadonlyArray<CharterState.Device> => {
  switch (operation._tag) {
    case "RemoveMember":
      return CharterState.devicesOf(state, operation.member)
    case "SetMemberRole": {
      const member = state.members.get(operation.member)
      const level = state.roles.get(operation.role)?.level ?? 0
      if (member === undefined || level >= CharterState.levelOf(state, member)) return []
      return CharterState.devicesOf(state, operation.member)
    }
    case "RemoveDevice":
    case "PauseDevice": {
      const device = state.devices.get(fromPublicKey(operation.device))
      if (device === undefined || (operation._tag === "PauseDevice" && !operation.isPaused)) return []
      return [device]
    }
    default:
      return []
  }
}

/**
 * Orders records in the order of their versions. `begin`: what counted before the first of them, all of which every one of
 * them knew.
 */
export const resolve = (
  nodes: ReadonlyArray<Node>,
  begin: CharterState.CharterState,
  policyProblem: CharterFold.PolicyCheck
): Resolution => {
  const silenced = silencedIn(nodes)
  const [sequence, counting]: [Array<RecordId>, Array<RecordId>] = [[], []]
  let state = begin
  for (let from = 0; from < nodes.length;) {
    const { version } = nodes[from]!.record
    let upto = from
    while (nodes[upto]?.record.version === version) upto++
    const before = state
    for (const { record, taking } of nodes.slice(from, upto).sort((a, b) => (comesBefore(before, a, b) ? -1 : 1))) {
      sequence.push(record.id)
      const after = silenced.has(record.id) ? "" : CharterFold.apply(state, record, policyProblem)
      const next = typeof after === "string" ? takenAlone(state, record, taking, silenced) : after
      if (next === undefined) continue
      counting.push(record.id)
      state = next
    }
    from = upto
  }
  return { sequence, counting, state }
}

/** What a record took from others holds, also where the rest of it makes no sense any more. */
const takenAlone = (
  state: CharterState.CharterState,
  record: CharterRecord,
  taking: Taking | undefined,
  silenced: ReadonlySet<RecordId>
): CharterState.CharterState | undefined => {
  if (taking?.isFromOthers !== true || silenced.has(record.id)) return undefined
  const operations = record.operations.filter((operation) => takenFrom(state, operation).length > 0)
  return CharterFold.carryOut(state, record, operations)
}

const comesBefore = (state: CharterState.CharterState, a: Node, b: Node): boolean => {
  const [takesA, takesB] = [a.taking?.isFromOthers === true, b.taking?.isFromOthers === true]
  if (takesA !== takesB) return takesA
  const rank = compare(rankOf(state, a.record.signer), rankOf(state, b.record.signer))
  return rank === 0 ? a.record.id < b.record.id : rank < 0
}

/** Records whose signers lost rights by records that they did not know, and whose writers did not know them. */
const silencedIn = (nodes: ReadonlyArray<Node>): ReadonlySet<RecordId> => {
  const takings = nodes
    .filter(({ taking }) => taking !== undefined && taking.targets.size > 0)
    .sort((a, b) => compare(a.taking!.rank, b.taking!.rank) || (a.record.id < b.record.id ? -1 : 1))
  if (takings.length === 0) return new Set()
  const ancestry = new Ancestry(nodes)
  const heard: Array<Node> = []
  const isSilenced = ({ record }: Node): boolean =>
    heard.some(({ record: { id }, taking }) => taking!.targets.has(record.signer) && ancestry.isApart(id, record.id))
  const silenced = new Set<RecordId>()
  for (const node of takings) {
    // The most senior are heard first, so two that take from each other are not both silenced.
    if (isSilenced(node)) silenced.add(node.record.id)
    else heard.push(node)
  }
  const settled = new Set(takings)
  for (const node of nodes) if (!settled.has(node) && isSilenced(node)) silenced.add(node.record.id)
  return silenced
}

/** Which of some records, in the order of their versions, knew of which; a bit for each pair. */
class Ancestry {
  readonly #places = new Map<RecordId, number>()
  readonly #known: Array<Uint32Array> = []

  constructor(nodes: ReadonlyArray<Node>) {
    const words = Math.ceil(nodes.length / 32)
    for (const { record } of nodes) {
      const known = new Uint32Array(words)
      for (const each of record.behind) {
        const place = this.#places.get(each)
        if (place === undefined) continue
        const theirs = this.#known[place]!
        for (let word = 0; word < words; word++) known[word]! |= theirs[word]!
        known[place >>> 5]! |= 1 << (place & 31)
      }
      this.#places.set(record.id, this.#known.length)
      this.#known.push(known)
    }
  }

  /** True when neither knew of the other. */
  isApart(a: RecordId, b: RecordId): boolean {
    return a !== b && !this.#knows(a, b) && !this.#knows(b, a)
  }

  #knows(a: RecordId, b: RecordId): boolean {
    const place = this.#places.get(b)!
    return (this.#known[this.#places.get(a)!]![place >>> 5]! & (1 << (place & 31))) !== 0
  }
}
