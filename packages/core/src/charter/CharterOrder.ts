/**
 * In which order records count that were written without knowing of each other, and which of them do not. The most senior
 * signer's turn comes first: what its record's writer knew counts before it, in the order in which that writer saw it. A
 * record that makes no sense at its turn does not count, and moves nothing: everything it stands behind has its own turn
 * still. One function of what is known, without any memory of how it came. Pure.
 */
import * as CharterFold from "./CharterFold.ts"
import type { CharterRecord, RecordId } from "./CharterRecord.ts"
import * as CharterState from "./CharterState.ts"
import { fromPublicKey } from "../identity/PeerId.ts"

/** Every so many records the state after them is kept, from which those behind it are computed. */
const checkpointEvery = 64

/** Smaller is more senior: level first, then how long the member has been there, then the smaller id. */
export interface Rank {
  readonly level: number
  readonly since: number
  readonly member: string
}

/** What counts, as the last of it and all before; views that begin alike share what they have in common. */
export interface Counted {
  readonly before: Counted | undefined
  readonly record: CharterRecord
  readonly length: number
  /** Kept after every 64th. */
  readonly state: CharterState.CharterState | undefined
}

/** A record with what its own past says of it; neither depends on any other record. */
export interface Node {
  readonly record: CharterRecord
  readonly rank: Rank
  readonly isTaking: boolean
  /** What counted for its writer, and then the record. */
  readonly own: Counted
}

/** What counts, and what it adds up to. */
export interface Resolution {
  readonly last: Counted | undefined
  readonly state: CharterState.CharterState
}

const counting = (
  before: Counted | undefined,
  record: CharterRecord,
  state: CharterState.CharterState | undefined
): Counted => {
  const length = (before?.length ?? 0) + 1
  return { before, record, length, state: length % checkpointEvery === 0 ? state : undefined }
}

/** A record with its place among others, in the state that its writer saw before it. */
export const nodeOf = (past: Resolution, record: CharterRecord, after?: CharterState.CharterState): Node => ({
  record,
  rank: rankOf(past.state, record),
  isTaking: isTaking(past.state, record),
  own: counting(past.last, record, after)
})

const rankOf = (state: CharterState.CharterState, { signer }: CharterRecord): Rank => {
  const member = CharterState.memberOf(state, signer)
  // Who founds a space is not in it before; a record of a hub that is nobody's device is behind all others anyway.
  if (member === undefined) return { level: Infinity, since: 0, member: "" }
  return { level: CharterState.levelOf(state, member), since: member.since, member: member.id }
}

/** True for a record that takes rights from somebody, by leave of the state before it. */
const isTaking = (state: CharterState.CharterState, { operations }: CharterRecord): boolean =>
  operations.some((operation) => {
    switch (operation._tag) {
      case "RemoveMember":
      case "RemoveDevice":
        return true
      case "PauseDevice":
        return operation.isPaused && state.devices.get(fromPublicKey(operation.device))?.isPaused === false
      case "SetMemberRole": {
        const member = state.members.get(operation.member)
        const level = state.roles.get(operation.role)?.level ?? 0
        return member !== undefined && level < CharterState.levelOf(state, member)
      }
      case "SetRole":
        return operation.level < (state.roles.get(operation.role)?.level ?? 0)
      default:
        return false
    }
  })

/** Whose turn comes first: seniority, then what takes rights, then the smaller version, then the smaller id. */
export const byTurn = (a: Node, b: Node): number =>
  b.rank.level - a.rank.level ||
  a.rank.since - b.rank.since ||
  inOrder(a.rank.member, b.rank.member) ||
  Number(b.isTaking) - Number(a.isTaking) ||
  a.record.version - b.record.version ||
  inOrder(a.record.id, b.record.id)

const inOrder = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)

/**
 * Orders records all of which stand behind the last one of `begin`, and counts on from there. `known`: what counted until
 * now; where the outcome begins alike it shares that.
 */
export const resolve = (nodes: ReadonlyArray<Node>, begin: Resolution, known: ReadonlyArray<Counted>): Resolution => {
  const here = new Map(nodes.map((node) => [node.record.id, node]))
  const settled = new Settled(here, begin.last?.length ?? 0)
  let { last, state } = begin
  for (const node of [...nodes].sort(byTurn)) {
    if (settled.has(node.record.id)) continue
    const turn = tried(state, settled.before(node), node.record)
    settled.add(node.record.id)
    if (turn === undefined) continue
    settled.close(node)
    for (const { after, record } of turn) {
      last = shared(last, here.get(record.id)!, known) ?? counting(last, record, after)
      state = after
    }
  }
  return { last, state }
}

/**
 * Whether one of these records, which do not count, comes to count with a new one that stands behind all that does; `end` is what
 * that amounts to with the new one. Those whose turn comes before that of the new one are as they were: nothing that comes
 * before them is another. The new one brings everything that counts, in its order, so the others have their turns behind it;
 * and the first that makes sense there, alone or in the past of another one, makes sense in that very state.
 */
export const isAnyRoused = (idle: ReadonlyArray<Node>, end: CharterState.CharterState, added: Node): boolean =>
  idle.some((node) => byTurn(node, added) > 0 && typeof CharterFold.applyInTurn(end, node.record) !== "string")

interface Step {
  readonly record: CharterRecord
  readonly after: CharterState.CharterState
}

/** What a turn adds: what its writer knew, without what makes no sense here, and the record; nothing unless that counts. */
const tried = (
  begin: CharterState.CharterState,
  past: ReadonlyArray<CharterRecord>,
  record: CharterRecord
): ReadonlyArray<Step> | undefined => {
  const steps: Array<Step> = []
  let state = begin
  for (const each of past) {
    const after = CharterFold.applyInTurn(state, each)
    if (typeof after === "string") continue
    steps.push({ record: each, after })
    state = after
  }
  const after = CharterFold.applyInTurn(state, record)
  return typeof after === "string" ? undefined : [...steps, { record, after }]
}

const shared = (
  last: Counted | undefined,
  { own, record }: Node,
  known: ReadonlyArray<Counted>
): Counted | undefined => {
  if (own.before === last) return own
  const here = known[last?.length ?? 0]
  if (here === undefined || here.before !== last) return undefined
  return here.record.id === record.id ? here : undefined
}

/** Which records had their turn. Once a record counts, all that it stands behind is settled as its writer saw it. */
class Settled {
  readonly #here: ReadonlyMap<RecordId, Node>
  readonly #begin: number
  readonly #settled = new Set<RecordId>()
  /** Those of them whose whole past is settled. */
  readonly #closed = new Set<RecordId>()

  constructor(here: ReadonlyMap<RecordId, Node>, begin: number) {
    this.#here = here
    this.#begin = begin
  }

  has(id: RecordId): boolean {
    return this.#settled.has(id)
  }

  add(id: RecordId): void {
    this.#settled.add(id)
  }

  /** What counted for the writer of a record and has not had its turn here, in that order. */
  before({ own }: Node): ReadonlyArray<CharterRecord> {
    const found: Array<CharterRecord> = []
    for (let each = own.before; each !== undefined && each.length > this.#begin; each = each.before) {
      const { id } = each.record
      // What such a record's own writer saw is settled with it.
      if (this.#closed.has(id) && this.#here.get(id)!.own === each) break
      if (!this.#settled.has(id)) found.push(each.record)
    }
    return found.reverse()
  }

  close({ record }: Node): void {
    const open = [record.id]
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      const node = this.#here.get(id)
      if (node === undefined || this.#closed.has(id)) continue
      this.#closed.add(id)
      this.#settled.add(id)
      open.push(...node.record.behind)
    }
  }
}
