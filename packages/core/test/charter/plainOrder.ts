/**
 * The order of a charter as it is defined, without a shortcut, and replicas that get its records in any order; what the tests
 * write stands here, too.
 */
import { expect } from "vitest"
import * as CharterFold from "../../src/charter/CharterFold.ts"
import type { CharterGraph } from "../../src/charter/CharterGraph.ts"
import type { CharterOperation } from "../../src/charter/CharterOperation.ts"
import { byTurn, type Node, nodeOf } from "../../src/charter/CharterOrder.ts"
import type { CharterRecord, RecordId } from "../../src/charter/CharterRecord.ts"
import * as CharterState from "../../src/charter/CharterState.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"
import { key, newTree, space } from "./fixture.ts"

export const headOf = (tree: CharterGraph) => ({ id: tree.state.head, version: tree.state.version })
export const all = (tree: CharterGraph): ReadonlyArray<CharterRecord> => [...tree.after(0), ...tree.rivals]
export const inVersions = (tree: CharterGraph) => all(tree).toSorted((a, b) => a.version - b.version)
export const idsOf = (records: ReadonlyArray<CharterRecord>) => records.map(({ id }) => id)

export const remove = (member: string): CharterOperation => ({ _tag: "RemoveMember", member })
export const removeDevice = (device: number): CharterOperation => ({ _tag: "RemoveDevice", device: key(device) })
export const pause = (device: number, isPaused = true): CharterOperation => ({
  _tag: "PauseDevice",
  device: key(device),
  isPaused
})
export const rename = (name: string): CharterOperation => ({ _tag: "SetTeam", team: "north", name })
export const renameDevice = (device: number, name: string): CharterOperation => ({
  _tag: "RenameDevice",
  device: key(device),
  name
})
export const withRole = (member: string, role: string): CharterOperation => ({ _tag: "SetMemberRole", member, role })

interface Plain {
  readonly counting: ReadonlyArray<CharterRecord>
  readonly state: CharterState.CharterState
}

/** The order as it is defined, without a shortcut. */
export const plain = (records: ReadonlyArray<CharterRecord>): Plain => {
  const byId = new Map(records.map((each) => [each.id, each]))
  const known = new Map<string, Plain>()
  const nodes = new Map<RecordId, Node>()
  const pastOf = ({ behind }: CharterRecord): ReadonlySet<RecordId> =>
    new Set(behind.flatMap((id) => [id, ...pastOf(byId.get(id)!)]))
  const past = new Map(records.map((each) => [each.id, pastOf(each)]))
  const nodeIn = (each: CharterRecord): Node => {
    const node = nodes.get(each.id) ?? nodeOf({ last: undefined, state: order(past.get(each.id)!).state }, each)
    nodes.set(each.id, node)
    return node
  }
  const order = (ids: ReadonlySet<RecordId>): Plain => {
    const name = [...ids].sort().join()
    const before = known.get(name)
    if (before !== undefined) return before
    const counting: Array<CharterRecord> = []
    let state = CharterState.empty(space)
    let left = [...ids].map((id) => nodeIn(byId.get(id)!)).sort(byTurn)
    while (left.length > 0) {
      const { record: next } = left[0]!
      const isLeft = new Set(left.map(({ record: { id } }) => id))
      const view = order(past.get(next.id)!).counting.filter(({ id }) => isLeft.has(id))
      let [after, turn] = [state, [] as Array<CharterRecord>]
      for (const each of [...view, next]) {
        const done = CharterFold.applyInTurn(after, each)
        if (typeof done !== "string") [after, turn] = [done, [...turn, each]]
      }
      if (turn.at(-1) === next) {
        counting.push(...turn)
        state = after
        left = left.filter(({ record: { id } }) => !past.get(next.id)!.has(id))
      }
      left = left.filter(({ record: { id } }) => id !== next.id)
    }
    known.set(name, { counting, state })
    return { counting, state }
  }
  return order(new Set(byId.keys()))
}

/** What a replica makes of records that come in any order, in pieces of any size, with starts of the program between. */
const arrived = (records: ReadonlyArray<CharterRecord>, random: SeededRandom): CharterGraph => {
  let tree = newTree()
  let left = [...records].sort(() => random.fraction() - 0.5)
  while (left.length > 0) {
    const missing: Array<CharterRecord> = []
    for (let from = 0; from < left.length;) {
      const piece = left.slice(from, from + random.between(1, 6))
      from += piece.length
      for (const [place, { kind }] of tree.addAll(piece).entries()) if (kind === "missing") missing.push(piece[place]!)
      if (random.chance(0.2)) {
        const stored = idsOf(all(tree))
        const again = newTree()
        again.addAll(inVersions(tree))
        expect(idsOf(all(again)).toSorted()).toEqual(stored.toSorted())
        tree = again
      }
    }
    if (missing.length === left.length) throw new Error("what they stand behind never comes")
    left = missing
  }
  return tree
}

/** The state of a tree, which the plain definition and every other order of arrival give, too. */
export const agreed = (tree: CharterGraph) => {
  const records = all(tree)
  const { counting, state } = plain(records)
  expect(idsOf(tree.after(0))).toEqual(idsOf(counting))
  expect(tree.state).toEqual(state)
  for (const seed of [1, 2, 3]) expect(arrived(records, new SeededRandom(seed)).state).toEqual(state)
  return state
}
