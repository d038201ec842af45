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

/** Looks until there is no problem, or it has taken too long; gives the last look and how long it took. */
export const settle = Effect.fnUntraced(function* <A extends { readonly problems: ReadonlyArray<string> }>(
  look: () => A
) {
  for (let quietMs = stepMs; ; quietMs += stepMs) {
    yield* Effect.sleep(stepMs)
    const found = look()
    if (found.problems.length === 0 || quietMs >= quietMsMax) return { ...found, quietMs }
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
