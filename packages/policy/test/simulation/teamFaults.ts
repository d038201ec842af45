/**
 * A team's life and what goes wrong in it: everybody writes, rights change, devices die and come back, ways are cut and
 * joined; then all is well, and it is waited until everything is as it must be. What that is, is said by whoever runs it.
 */
import { Effect } from "effect"
import * as Team from "./teamCluster.ts"
import type { TeamCluster, TeamNode } from "./teamCluster.ts"

const faultMs = 14_000
/** Whose program does not ask what it may write. */
const unaskedHost = 4
const quietMsMax = 120_000
const stepMs = 2_000
/** A look at whether anything still moves, and how many of them there are at most. */
const restMs = 5_000
const restsMax = 6

export interface Life {
  /** What a node is to write now; it says who wrote it when. */
  readonly textOf: (writer: TeamNode) => string
  /** How often rights change and two nodes are separated, on average. */
  readonly rightsEveryMs: number
  readonly partitionEveryMs: number
}

/** Runs a life to the end of its faults. */
export const live = Effect.fnUntraced(function* (cluster: TeamCluster, life: Life) {
  const { nodes, random } = cluster
  for (const { node } of nodes) yield* node.start()
  yield* Team.found(cluster)
  for (const writer of nodes) {
    const write = () =>
      Effect.suspend(() => {
        const text = life.textOf(writer)
        const isUnasked = writer.host === unaskedHost && random.chance(0.5)
        return isUnasked ? Team.writeUnasked(cluster, writer, text) : Team.writeOne(cluster, writer, text)
      })
    yield* Effect.forkScoped(repeated(cluster, 1_200, write))
  }
  yield* Effect.forkScoped(repeated(cluster, life.rightsEveryMs, () => Team.changeRights(cluster)))
  yield* Effect.forkScoped(repeated(cluster, 4_000, () => restart(cluster)))
  yield* Effect.forkScoped(repeated(cluster, life.partitionEveryMs, () => partition(cluster)))
  yield* Effect.sleep(faultMs)
  yield* end(cluster)
})

/**
 * Looks until there is no problem, or it has taken too long, and once more when nothing moves any more; gives the last look
 * and how long it took until the first.
 */
export const settle = Effect.fnUntraced(function* <A extends { readonly problems: ReadonlyArray<string> }>(
  nodes: ReadonlyArray<TeamNode>,
  look: () => A
) {
  let quietMs = 0
  do {
    yield* Effect.sleep(stepMs)
    quietMs += stepMs
  } while (look().problems.length > 0 && quietMs < quietMsMax)
  const restless = yield* moving(nodes)
  const found = look()
  return { ...found, problems: [...found.problems, ...restless], quietMs }
})

/** Who goes on writing to its journal although nobody does anything: something is sent round and taken back for ever. */
const moving = Effect.fnUntraced(function* (nodes: ReadonlyArray<TeamNode>) {
  const printOf = ({ node: { tables } }: TeamNode): string => `${tables.head()} ${tables.identity().writing}`
  for (let rests = 1; ; rests++) {
    const before = nodes.map(printOf)
    yield* Effect.sleep(restMs)
    const restless = nodes.filter((node, i) => printOf(node) !== before[i])
    if (restless.length === 0 || rests === restsMax)
      return restless.map(({ member }) => `${member} does not come to rest`)
  }
})

/** Does something again and again while faults last. */
const repeated = (cluster: TeamCluster, everyMs: number, act: () => Effect.Effect<void>) =>
  Effect.gen(function* () {
    while (cluster.isFaulty) {
      yield* Effect.sleep(cluster.random.between(1, 2 * everyMs))
      if (cluster.isFaulty) yield* act()
    }
  })

/** A node dies and comes back. */
const restart = Effect.fnUntraced(function* ({ nodes, random }: TeamCluster) {
  const { node } = random.pick(nodes)
  if (!node.isUp) return
  yield* node.crash(random.chance(0.5))
  yield* Effect.sleep(random.between(1, 2_000))
  if (!node.isUp) yield* node.start()
})

/** Two nodes do not reach each other for a while. */
const partition = Effect.fnUntraced(function* ({ network, nodes, random }: TeamCluster) {
  const [a, b] = [random.between(0, nodes.length - 1), random.between(0, nodes.length - 1)]
  if (a === b) return
  network.cut(a, b)
  yield* Effect.sleep(random.between(1, 4_000))
  network.join(a, b)
})

/** Ends all faults; everybody is up afterwards. */
const end = Effect.fnUntraced(function* (cluster: TeamCluster) {
  cluster.isFaulty = false
  cluster.network.heal()
  yield* Effect.sleep(3_000)
  for (const { node } of cluster.nodes) if (!node.isUp) yield* node.start()
})
