/**
 * When the network of a simulated cluster fails: partitions, half-open links, links that die behind an acknowledgement,
 * clogs and hosts that read nothing. How each looks to the hosts is the network's business.
 */
import { Effect } from "effect"
import type { Cluster } from "./Cluster.ts"
import { lasting, repeated } from "./FaultLoop.ts"
import type { SeededRandom } from "./SeededRandom.ts"

/** Runs until the faults end. */
export const run = (cluster: Cluster): Effect.Effect<void> => {
  const { plan } = cluster
  return Effect.all(
    [
      repeated(cluster, 10, plan.partitionEveryMs, (random) => partition(cluster, random)),
      repeated(cluster, 11, plan.halfOpenEveryMs, (random) => halfOpen(cluster, random)),
      repeated(cluster, 12, plan.severedEveryMs, (random) => sever(cluster, random)),
      repeated(cluster, 13, plan.clogEveryMs, (random) => clog(cluster, random)),
      repeated(cluster, 14, plan.deafEveryMs, (random) => deafen(cluster, random))
    ],
    { concurrency: "unbounded", discard: true }
  )
}

const partition = (cluster: Cluster, random: SeededRandom): Effect.Effect<void> => {
  const { network, nodes, plan } = cluster
  const a = random.between(0, nodes.length - 1)
  const b = random.between(0, nodes.length - 1)
  if (a === b) return Effect.void
  network.cut(a, b)
  return lasting(cluster, random.between(1, plan.partitionMsMax), () => network.join(a, b))
}

/** One direction goes silent, for a while or until the session notices. */
const halfOpen = (cluster: Cluster, random: SeededRandom): Effect.Effect<void> => {
  const links = cluster.network.openLinks
  if (links.length === 0) return Effect.void
  const near = random.pick(links)
  const end = random.chance(0.5) ? near : near.other
  if (end.silence !== undefined) return Effect.void
  end.silence = "halfOpen"
  if (random.chance(0.5)) return Effect.void
  return lasting(cluster, random.between(1, cluster.plan.halfOpenMsMax), () => {
    if (end.silence === "halfOpen") end.silence = undefined
  })
}

const sever = (cluster: Cluster, random: SeededRandom): Effect.Effect<void> =>
  Effect.sync(() => {
    const links = cluster.network.openLinks
    if (links.length === 0) return
    const near = random.pick(links)
    const end = random.chance(0.5) ? near : near.other
    end.isDoomed = true
  })

/** Clogs the ways of one host one after another and frees them in another order. */
const clog = Effect.fnUntraced(function* (cluster: Cluster, random: SeededRandom) {
  const { network, nodes, plan } = cluster
  const host = random.between(0, nodes.length - 1)
  const others = nodes.map((_, other) => other).filter((other) => other !== host && random.chance(0.7))
  for (const other of others) {
    network.clog(host, other)
    yield* lasting(cluster, random.between(1, plan.clogMsMax), () => network.unclog(host, other))
    yield* Effect.sleep(random.between(1, plan.clogMsMax / 3))
    if (!cluster.isFaulty) return
  }
})

const deafen = (cluster: Cluster, random: SeededRandom): Effect.Effect<void> => {
  const { network, nodes, plan } = cluster
  const host = random.between(0, nodes.length - 1)
  if (network.isDeaf(host)) return Effect.void
  network.setDeaf(host, true)
  return lasting(cluster, random.between(1, plan.deafMsMax), () => network.setDeaf(host, false))
}
