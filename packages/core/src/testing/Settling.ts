/**
 * What happens once all faults have ended: within a bound nothing may be pending any more, so every commit that can
 * move has moved and every connected pair has proven that its views are equal. What waits for a clock is given the time
 * that it needs. It looks and reports; it helps nobody along.
 */
import { Effect } from "effect"
import { stored } from "../crypto/Compression.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { PeerId } from "../identity/PeerId.ts"
import { quarantineCommitsMax } from "../journal/Quarantine.ts"
import * as Commit from "../model/Commit.ts"
import * as Event from "../model/Event.ts"
import * as Partition from "../model/Partition.ts"
import { Orchestrator } from "../orchestrator/Orchestrator.ts"
import type { Cluster, Problem } from "./Cluster.ts"
import { check } from "./ConvergenceCheck.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"

export interface Settled {
  readonly problems: ReadonlyArray<Problem>
  /** Simulated time from the end of the faults until nothing was pending. */
  readonly pendingMs: number
  /** Simulated time from the end of the faults until everything was equal. */
  readonly quietMs: number
}

/** How often the cluster is looked at, first while something may be pending, then while something is held. */
const pendingStepMs = 500
const heldStepMs = 5_000

/** Looks again and again until nothing is wrong, at most as long as the plan allows. */
export const settle = Effect.fnUntraced(function* (cluster: Cluster) {
  const { pendingMsMax, quietMsMax } = cluster.plan
  const holding = new Set<SimulatedNode>()
  let passedMs = 0
  for (;;) {
    yield* Effect.sleep(pendingStepMs)
    passedMs += pendingStepMs
    noteHolding(cluster, holding)
    const pending = yield* pendingIn(cluster, holding)
    if (pending.length === 0) break
    if (passedMs >= pendingMsMax) return { problems: pending, pendingMs: passedMs, quietMs: passedMs } satisfies Settled
  }
  const pendingMs = passedMs
  for (;;) {
    const isHolding = cluster.nodes.some((node) => node.waiting(cluster.time.nowMs) > 0)
    const problems = isHolding && passedMs < quietMsMax ? undefined : yield* check(cluster)
    if (problems !== undefined && (problems.length === 0 || passedMs >= quietMsMax)) {
      return { problems, pendingMs, quietMs: passedMs } satisfies Settled
    }
    yield* Effect.sleep(heldStepMs)
    passedMs += heldStepMs
  }
})

const noteHolding = (cluster: Cluster, holding: Set<SimulatedNode>): void => {
  for (const node of cluster.nodes) {
    if (node.waiting(cluster.time.nowMs) === 0 || holding.has(node)) continue
    holding.add(node)
    cluster.faults.count("held")
  }
}

const pendingProblem = (detail: string): Problem => ({ rule: "pending", detail })

/** What could still move; and, when nothing is held anywhere, everything that is wrong. */
const pendingIn = Effect.fnUntraced(function* (cluster: Cluster, holding: ReadonlySet<SimulatedNode>) {
  const problems: Array<Problem> = []
  for (const node of cluster.nodes) problems.push(...(yield* pendingAt(cluster, node, holding)))
  return problems.length === 0 && holding.size === 0 ? yield* check(cluster) : problems
})

const pendingAt = Effect.fnUntraced(function* (
  cluster: Cluster,
  node: SimulatedNode,
  holding: ReadonlySet<SimulatedNode>
) {
  const { host } = node.options
  const status = yield* node.run(Orchestrator.use((orchestrator) => orchestrator.status)).pipe(Effect.option)
  if (status._tag === "None") return [pendingProblem(`node ${host} is down`)]
  const problems: Array<Problem> = []
  for (const route of status.value.routes) {
    if (route.state !== "connected") problems.push(pendingProblem(`node ${host}: ${route.address} is ${route.state}`))
  }
  for (const { peer, pendingOut, state } of status.value.peers) {
    if (state !== "syncing") continue
    if (nodesOf(cluster, peer).some((other) => isExcused(node, other, holding))) continue
    problems.push(pendingProblem(`node ${host} is not equal to ${peer.slice(-4)}, ${pendingOut} pending`))
  }
  return problems
})

/** A peer and its copies. */
const nodesOf = (cluster: Cluster, peer: PeerId): ReadonlyArray<SimulatedNode> =>
  cluster.nodes.filter((node) => node.peer === peer)

/** A pair in which something is or was held proves nothing for a while, but may differ only where something is held. */
const isExcused = (a: SimulatedNode, b: SimulatedNode, holding: ReadonlySet<SimulatedNode>): boolean => {
  if (!holding.has(a) && !holding.has(b)) return false
  const held = new Set([...heldEntities(a), ...heldEntities(b)])
  const [ofA, ofB] = [versionsOf(a), versionsOf(b)]
  const isEqual = (name: string): boolean => ofA.get(name) === ofB.get(name)
  return [...ofA.keys(), ...ofB.keys()].every((name) => held.has(name) || isEqual(name))
}

const versionsOf = ({ tables }: SimulatedNode): ReadonlyMap<string, string> => {
  const versions = new Map<string, string>()
  for (const { index, partition } of tables.partitions()) {
    for (const { id, version } of tables.entitiesInRange(index, 0, Number.MAX_SAFE_INTEGER, Infinity)) {
      versions.set(`${Partition.key(partition)}/${id}`, Bytes.toHex(version))
    }
  }
  return versions
}

/** Entities for which a commit waits in quarantine. */
const heldEntities = ({ options, tables }: SimulatedNode): ReadonlyArray<string> => {
  const names: Array<string> = []
  for (const { id } of tables.quarantine(0, quarantineCommitsMax)) {
    const { bytes } = tables.quarantineRow(id)!
    const commit = Commit.open(bytes)
    const opened = typeof commit === "string" ? commit : Commit.openEvents(options.crypto, stored, commit)
    if (typeof commit === "string" || typeof opened === "string") continue
    for (const bytesOfEvent of opened.events) {
      const event = Event.decode(bytesOfEvent, commit.header.authors.length)
      if (typeof event !== "string") names.push(`${Partition.key(commit.header.partition)}/${event.entity}`)
    }
  }
  return names
}
