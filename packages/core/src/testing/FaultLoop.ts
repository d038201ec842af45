/**
 * The rhythm of faults: again and again at random distances until the cluster is healed, and each for a while.
 */
import { Effect } from "effect"
import type { Cluster } from "./Cluster.ts"
import { SeededRandom } from "./SeededRandom.ts"

/** Does something about every `everyMs` until the faults end; never when that is infinite. */
export const repeated = Effect.fnUntraced(function* (
  cluster: Cluster,
  stream: number,
  everyMs: number,
  inject: (random: SeededRandom) => Effect.Effect<void>
) {
  const random = new SeededRandom(cluster.random.bits(), stream)
  if (everyMs === Infinity) return
  for (;;) {
    yield* Effect.sleep(random.between(1, 2 * everyMs))
    if (!cluster.isFaulty) return
    yield* inject(random)
  }
})

/** Undoes a fault after a while, unless the end of all faults has undone it before. */
export const lasting = (cluster: Cluster, forMs: number, undo: () => void): Effect.Effect<void> =>
  Effect.sync(() => {
    cluster.time.after(forMs, () => {
      if (cluster.isFaulty) undo()
    })
  })
