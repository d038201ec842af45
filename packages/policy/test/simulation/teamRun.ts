/**
 * One seed of a team's life and what must be true in the end: everybody has exactly what it may, nothing that was
 * confirmed is lost, and nothing counts that its author was not allowed.
 */
import { Author, type CharterState, Partition, type PeerId } from "@syncline/core"
import { Effect } from "effect"
import { isLetIn, may } from "../referenceTeam.ts"
import * as Team from "./teamCluster.ts"
import * as TeamFaults from "./teamFaults.ts"
import { commitsOf, heldWrong, lost, recordsOf } from "./teamRecords.ts"

/** What a seed came to. */
export interface TeamResult {
  readonly problems: ReadonlyArray<string>
  readonly commitsSent: number
  readonly writes: number
  readonly versions: number
  readonly quietMs: number
}

export const runTeam = (seed: number): TeamResult => {
  const time = Team.makeTime()
  return time.run(Effect.scoped(run(Team.makeCluster(seed, time))))
}

const run = Effect.fnUntraced(function* (cluster: Team.TeamCluster) {
  const { nodes, watch } = cluster
  let writes = 0
  const textOf = ({ host }: Team.TeamNode): string => `${host} ${writes++} ${nodes[0]!.charter?.state().version ?? 0}`
  yield* TeamFaults.live(cluster, { textOf, rightsEveryMs: 1_000, partitionEveryMs: 3_000 })
  const { problems, quietMs } = yield* TeamFaults.settle(nodes, () => ({ problems: check(cluster) }))
  const versions = nodes[0]!.charter!.state().version
  yield* Team.stop(cluster)
  const result: TeamResult = {
    problems: [...problems, ...watch.leaks],
    commitsSent: watch.commits,
    writes,
    versions,
    quietMs
  }
  return result
})

const check = ({ nodes }: Team.TeamCluster): ReadonlyArray<string> => {
  const [hub, ...members] = nodes
  const state = hub!.charter!.state()
  const atHub = recordsOf(hub!)
  const problems: Array<string> = []
  for (const member of members) {
    if (!isLetIn(state, member.node.peer)) continue
    problems.push(...heldWrong(member, state, atHub), ...lost(member, hub!))
  }
  return [...problems, ...voidWrites(nodes, state), ...unallowed(nodes)]
}

/** Every commit at the hub was allowed to its author at a version from the one of its writing on. */
const unallowed = (nodes: ReadonlyArray<Team.TeamNode>): ReadonlyArray<string> => {
  const [hub] = nodes
  const charter = hub!.charter!
  const wrong: Array<string> = []
  for (const [id, { authors, partition }] of commitsOf(hub!)) {
    const text = nodes.map(({ written }) => written.get(id)).find((each) => each !== undefined)
    if (text === undefined) continue
    const upto = charter.state().version
    const allowed = Array.from({ length: upto }, (_, i) => i + 1).some((version) => {
      if (version < Number(text.split(" ")[2])) return false
      const state = charter.stateAt(version)!
      return writing.some((action) => may(state, Author.peer(authors[0]!), action, partition))
    })
    if (!allowed) wrong.push(`not allowed: ${text} in ${Partition.key(partition)}`)
  }
  return wrong
}

const writing = ["create", "update", "delete"] as const

/** Nothing that a member wrote after its removal is seen at the hub. */
const voidWrites = (nodes: ReadonlyArray<Team.TeamNode>, state: CharterState.CharterState): ReadonlyArray<string> => {
  const hub = commitsOf(nodes[0]!)
  const removed = (peer: PeerId.PeerId): number => state.removedDevices.get(peer) ?? Infinity
  return nodes.flatMap(({ member, node, written }) =>
    [...written].flatMap(([commit, text]) =>
      Number(text.split(" ")[2]) >= removed(node.peer) && hub.has(commit) ? [`void: ${text} of ${member} counts`] : []
    )
  )
}
