/**
 * One seed of a team's life and what must be true in the end: everybody has exactly what it may, nothing that was
 * confirmed is lost, and nothing counts that its author was not allowed.
 */
import { Author, Commit, type CharterState, Partition, type PeerId } from "@syncline/core"
import { Effect } from "effect"
import { isLetIn, may } from "../referenceTeam.ts"
import * as Team from "./teamCluster.ts"

const faultMs = 14_000
/** Whose program does not ask what it may write. */
const unaskedHost = 4
const quietMsMax = 120_000
const stepMs = 2_000

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

const repeated = (cluster: Team.TeamCluster, everyMs: number, act: () => Effect.Effect<void>) =>
  Effect.gen(function* () {
    while (cluster.isFaulty) {
      yield* Effect.sleep(cluster.random.between(1, 2 * everyMs))
      if (cluster.isFaulty) yield* act()
    }
  })

const run = Effect.fnUntraced(function* (cluster: Team.TeamCluster) {
  const { network, nodes, random, watch } = cluster
  for (const { node } of nodes) yield* node.start()
  yield* Team.found(cluster)
  let writes = 0
  for (const writer of nodes) {
    yield* Effect.forkScoped(
      repeated(cluster, 1_200, () =>
        Effect.gen(function* () {
          const version = nodes[0]!.charter?.state().version ?? 0
          const text = `${writer.host} ${writes++} ${version}`
          const isUnasked = writer.host === unaskedHost && random.chance(0.5)
          yield* isUnasked ? Team.writeUnasked(cluster, writer, text) : Team.writeOne(cluster, writer, text)
        })
      )
    )
  }
  yield* Effect.forkScoped(repeated(cluster, 1_000, () => Team.changeRights(cluster)))
  yield* Effect.forkScoped(repeated(cluster, 4_000, () => restart(cluster)))
  yield* Effect.forkScoped(repeated(cluster, 3_000, () => partition(cluster)))
  yield* Effect.sleep(faultMs)
  cluster.isFaulty = false
  network.heal()
  yield* Effect.sleep(3_000)
  for (const { node } of nodes) if (!node.isUp) yield* node.start()
  let quietMs = 0
  let problems: ReadonlyArray<string> = ["it was never looked at"]
  while (problems.length > 0 && quietMs < quietMsMax) {
    yield* Effect.sleep(stepMs)
    quietMs += stepMs
    problems = check(cluster)
  }
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

/** A node dies and comes back. */
const restart = Effect.fnUntraced(function* ({ nodes, random }: Team.TeamCluster) {
  const { node } = random.pick(nodes)
  if (!node.isUp) return
  yield* node.crash(random.chance(0.5))
  yield* Effect.sleep(random.between(1, 2_000))
  if (!node.isUp) yield* node.start()
})

const partition = Effect.fnUntraced(function* ({ network, nodes, random }: Team.TeamCluster) {
  const [a, b] = [random.between(0, nodes.length - 1), random.between(0, nodes.length - 1)]
  if (a === b) return
  network.cut(a, b)
  yield* Effect.sleep(random.between(1, 4_000))
  network.join(a, b)
})

/** Live and deleted records by partition and id, with their versions. */
const recordsOf = ({
  node
}: Team.TeamNode): ReadonlyMap<string, { readonly partition: Partition.Partition; readonly version: string }> => {
  const found = new Map<string, { readonly partition: Partition.Partition; readonly version: string }>()
  for (const row of node.tables.partitions()) {
    for (const entity of node.tables.entitiesInRange(row.index, 0, 2 ** 52 - 1, 100_000)) {
      const version = Buffer.from(entity.version).toString("hex")
      found.set(`${Partition.key(row.partition)} ${entity.id}`, { partition: row.partition, version })
    }
  }
  return found
}

const check = ({ nodes }: Team.TeamCluster): ReadonlyArray<string> => {
  const [hub, ...members] = nodes
  const state = hub!.charter!.state()
  const atHub = recordsOf(hub!)
  const problems: Array<string> = []
  for (const member of members) {
    if (!isLetIn(state, member.node.peer)) continue
    problems.push(...heldRight(member, state, atHub), ...lost(member, hub!))
  }
  return [...problems, ...voidWrites(nodes, state), ...unallowed(nodes)]
}

/** A device has what it may read of what the hub has, and nothing else. */
const heldRight = (
  member: Team.TeamNode,
  state: CharterState.CharterState,
  atHub: ReturnType<typeof recordsOf>
): ReadonlyArray<string> => {
  const here = recordsOf(member)
  const { peer } = member.node
  const wrong: Array<string> = []
  for (const [name, { partition: where, version }] of atHub) {
    const mayHave = may(state, peer, "read", where)
    if (mayHave && here.get(name)?.version !== version) wrong.push(`${member.member} differs in ${name}`)
    if (!mayHave && here.has(name)) wrong.push(`${member.member} has ${name}`)
  }
  for (const name of here.keys()) if (!atHub.has(name)) wrong.push(`${member.member} alone has ${name}`)
  return wrong
}

/** What was confirmed to a member is at the hub, or waits at the member. */
const lost = (member: Team.TeamNode, hub: Team.TeamNode): ReadonlyArray<string> => {
  const known = new Set([...commitsOf(hub), ...quarantinedOf(member)])
  return [...member.written].flatMap(([commit, text]) =>
    known.has(commit) ? [] : [`lost: ${text} of ${member.member}`]
  )
}

const commitsOf = ({ node }: Team.TeamNode): ReadonlyArray<string> => {
  const ids: Array<string> = []
  for (let lseq = 1; lseq <= node.tables.head(); lseq++) {
    const row = node.tables.commitAt(lseq)!
    const packed = row.events === 0 ? "gone" : Commit.open(row.bytes)
    if (typeof packed !== "string") ids.push(Commit.id(node.options.crypto, packed))
  }
  return ids
}

const quarantinedOf = ({ node }: Team.TeamNode): ReadonlyArray<string> =>
  node.tables.quarantine(0, 10_000).map(({ id }) => id)

/** Every commit at the hub was allowed to its author at a version from the one of its writing on. */
const unallowed = (nodes: ReadonlyArray<Team.TeamNode>): ReadonlyArray<string> => {
  const [hub] = nodes
  const { tables } = hub!.node
  const charter = hub!.charter!
  const wrong: Array<string> = []
  for (let lseq = 1; lseq <= tables.head(); lseq++) {
    const row = tables.commitAt(lseq)!
    const packed = row.events === 0 ? "gone" : Commit.open(row.bytes)
    if (typeof packed === "string") continue
    const { authors, partition } = packed.header
    const id = Commit.id(hub!.node.options.crypto, packed)
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
  const hub = new Set(commitsOf(nodes[0]!))
  const removed = (peer: PeerId.PeerId): number => state.removedDevices.get(peer) ?? Infinity
  return nodes.flatMap(({ member, node, written }) =>
    [...written].flatMap(([commit, text]) =>
      Number(text.split(" ")[2]) >= removed(node.peer) && hub.has(commit) ? [`void: ${text} of ${member} counts`] : []
    )
  )
}
