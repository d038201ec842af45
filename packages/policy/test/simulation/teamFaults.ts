/**
 * What goes wrong in a team's life: devices die and come back, ways are cut and joined. How often is said by whoever runs
 * a life.
 */
import { Effect } from "effect"
import type { TeamCluster } from "./teamCluster.ts"

/** Does something again and again while faults last. */
export const repeated = (cluster: TeamCluster, everyMs: number, act: () => Effect.Effect<void>) =>
  Effect.gen(function* () {
    while (cluster.isFaulty) {
      yield* Effect.sleep(cluster.random.between(1, 2 * everyMs))
      if (cluster.isFaulty) yield* act()
    }
  })

/** A node dies and comes back. */
export const restart = Effect.fnUntraced(function* ({ nodes, random }: TeamCluster) {
  const { node } = random.pick(nodes)
  if (!node.isUp) return
  yield* node.crash(random.chance(0.5))
  yield* Effect.sleep(random.between(1, 2_000))
  if (!node.isUp) yield* node.start()
})

/** Two nodes do not reach each other for a while. */
export const partition = Effect.fnUntraced(function* ({ network, nodes, random }: TeamCluster) {
  const [a, b] = [random.between(0, nodes.length - 1), random.between(0, nodes.length - 1)]
  if (a === b) return
  network.cut(a, b)
  yield* Effect.sleep(random.between(1, 4_000))
  network.join(a, b)
})

/** Ends all faults; everybody is up afterwards. */
export const end = Effect.fnUntraced(function* (cluster: TeamCluster) {
  cluster.isFaulty = false
  cluster.network.heal()
  yield* Effect.sleep(3_000)
  for (const { node } of cluster.nodes) if (!node.isUp) yield* node.start()
})
