/**
 * When the nodes of a simulated cluster fail: processes that die, at any moment or at the worst one, disks that fill
 * up, and trust that is taken away and given back.
 */
import { Deferred, Effect } from "effect"
import type { Cluster } from "./Cluster.ts"
import { lasting, repeated } from "./FaultLoop.ts"
import { commitsBy } from "./LeakWatch.ts"
import type { SeededRandom } from "./SeededRandom.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"
import type { PeerDenial } from "./SimulatedTrust.ts"

/** Runs until the faults end. */
export const run = (cluster: Cluster): Effect.Effect<void> => {
  const { plan } = cluster
  return Effect.all(
    [
      repeated(cluster, 20, plan.crashEveryMs, (random) => crash(cluster, random)),
      repeated(cluster, 21, plan.tornWriteEveryMs, (random) => die(cluster, random, random.between(1, tornRowsMax))),
      repeated(cluster, 22, plan.unconfirmedWriteEveryMs, (random) => die(cluster, random, undefined)),
      repeated(cluster, 23, plan.diskFullEveryMs, (random) => fillDisk(cluster, random)),
      repeated(cluster, 24, plan.revocationEveryMs, (random) => revoke(cluster, random)),
      repeated(cluster, 25, plan.denialEveryMs, (random) => deny(cluster, random)),
      repeated(cluster, 26, plan.clockJumpEveryMs, (random) => jumpClock(cluster, random))
    ],
    { concurrency: "unbounded", discard: true }
  )
}

/** Ends all faults of nodes: disks have room, everybody is trusted and up. */
export const heal = Effect.fnUntraced(function* (cluster: Cluster) {
  yield* cluster.trust.permitAll
  for (const node of cluster.nodes) {
    node.disk.disarm()
    node.disk.isFull = false
    node.jumpClock(0)
    yield* restoreTrust(cluster, node)
    if (!node.isUp) yield* node.start()
  }
})

/** Lets a node do nothing with the records of one team that the others would take, while it does not know. */
const deny = Effect.fnUntraced(function* (cluster: Cluster, random: SeededRandom) {
  const { peer } = random.pick(cluster.nodes)
  const denial: PeerDenial = { kind: random.pick(["write", "deliver"]), peer, team: random.pick(["a", "b"]) }
  cluster.faults.count("denial")
  cluster.note(`deny ${peer}`)
  yield* cluster.trust.setDenied(denial, true)
  const permit = Effect.suspend(() => (cluster.isFaulty ? cluster.trust.setDenied(denial, false) : Effect.void))
  const forMs = random.between(1, cluster.plan.denialMsMax)
  yield* Effect.forkIn(Effect.andThen(Effect.sleep(forMs), permit), cluster.scope)
})

const dayMs = 86_400_000

const jumpClock = (cluster: Cluster, random: SeededRandom): Effect.Effect<void> => {
  const node = random.pick(cluster.nodes)
  cluster.faults.count("clockJump")
  node.jumpClock(random.pick([-1, 1]) * random.between(364 * dayMs, 366 * dayMs))
  return lasting(cluster, random.between(1, cluster.plan.clockJumpMsMax), () => node.jumpClock(0))
}

/** Rows that a torn transaction may get to write; most have more. */
const tornRowsMax = 6

const crash = Effect.fnUntraced(function* (cluster: Cluster, random: SeededRandom) {
  const node = random.pick(cluster.nodes)
  if (!node.isUp) return
  cluster.faults.count("crash")
  yield* bringDown(cluster, random, node)
})

/** Kills the process and starts it again after a while, on what its disk holds. */
const bringDown = Effect.fnUntraced(function* (cluster: Cluster, random: SeededRandom, node: SimulatedNode) {
  cluster.note(`down ${node.options.host}`)
  const downMs = random.between(1, cluster.plan.downMsMax)
  yield* node.crash(random.chance(0.5))
  const restart = Effect.suspend(() => (!node.isUp && cluster.isFaulty ? node.start() : Effect.void))
  yield* Effect.forkIn(Effect.andThen(Effect.sleep(downMs), restart), cluster.scope)
})

/** Lets the process die in its next transaction: after some rows of it, or when it is durable and not confirmed. */
const die = Effect.fnUntraced(function* (cluster: Cluster, random: SeededRandom, rows: number | undefined) {
  const node = random.pick(cluster.nodes)
  if (!node.isUp) return
  const died = yield* Deferred.make<void>()
  node.disk.arm(rows, () => Deferred.doneUnsafe(died, Effect.void))
  yield* Effect.forkIn(Effect.andThen(Deferred.await(died), bringDown(cluster, random, node)), cluster.scope)
})

const fillDisk = (cluster: Cluster, random: SeededRandom): Effect.Effect<void> => {
  const { disk } = random.pick(cluster.nodes)
  disk.isFull = true
  return lasting(cluster, random.between(1, cluster.plan.diskFullMsMax), () => {
    disk.isFull = false
  })
}

/** Takes trust away from one node. It goes on writing; nothing of it may arrive and nothing may be sent to it. */
const revoke = Effect.fnUntraced(function* (cluster: Cluster, random: SeededRandom) {
  const node = random.pick(cluster.nodes)
  const forMs = random.between(1, cluster.plan.revocationMsMax)
  cluster.faults.count("revocation")
  cluster.note(`revoke ${node.options.host}`)
  yield* cluster.trust.set([node.peer], false)
  const twins = cluster.nodes.filter(({ peer }) => peer === node.peer)
  for (const { options } of twins) cluster.leaks.start(options.host, cluster.time.nowMs)
  const others = cluster.nodes.filter(({ peer }) => peer !== node.peer)
  const heads = others.map((other) => ({ node: other, head: other.tables.head() }))
  const written = new Set(cluster.nodes.flatMap((any) => commitsBy(node.peer, any, 0)))
  cluster.revoked.set(node, { written, heads })
  yield* Effect.sleep(forMs)
  yield* restoreTrust(cluster, node)
})

/** Gives trust back, after a look at what came in while there was none. */
const restoreTrust = Effect.fnUntraced(function* (cluster: Cluster, node: SimulatedNode) {
  const revoked = cluster.revoked.get(node)
  if (revoked === undefined) return
  cluster.revoked.delete(node)
  cluster.leaks.lookForCommits(node, revoked)
  for (const { options, peer } of cluster.nodes) if (peer === node.peer) cluster.leaks.stop(options.host)
  yield* cluster.trust.set([node.peer], true)
})
