/**
 * When the rows of a simulated node are not what they were: it goes on from an older copy of them, or a second node goes
 * on from a copy with the same key. Half of the time the journal notices when it is opened, as one in a file does by
 * the file's place; else the others have to show it.
 */
import { Effect } from "effect"
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import type { MemoryTables } from "../journal/MemoryTables.ts"
import { quarantineCommitsMax } from "../journal/Quarantine.ts"
import * as Commit from "../model/Commit.ts"
import type { Cluster } from "./Cluster.ts"
import { repeated } from "./FaultLoop.ts"
import { SeededRandom } from "./SeededRandom.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"
import * as Workload from "./Workload.ts"

/** Runs until the faults end. */
export const run = (cluster: Cluster): Effect.Effect<void> =>
  Effect.all(
    [
      repeated(cluster, 30, cluster.plan.restoreEveryMs, (random) => restore(cluster, random)),
      repeated(cluster, 31, cluster.plan.copyEveryMs, (random) => copy(cluster, random))
    ],
    { concurrency: "unbounded", discard: true }
  )

/** Takes a backup, lets time pass, and puts it in the place of the node's rows. */
const restore = Effect.fnUntraced(function* (cluster: Cluster, random: SeededRandom) {
  const node = random.pick(cluster.nodes)
  const backup = node.tables.copy()
  yield* Effect.sleep(random.between(1, cluster.plan.backupMsMax))
  if (!cluster.isFaulty || !node.isUp || !isKeptElsewhere(cluster, node, backup)) return
  yield* node.crash(random.chance(0.5))
  yield* node.ended()
  // What was under way has ended now.
  if (!node.isUp && isKeptElsewhere(cluster, node, backup)) {
    cluster.faults.count("restored")
    cluster.note(`restore ${node.options.host}`)
    if (random.chance(0.5)) renew(node, backup)
    node.replaceTables(backup)
  }
  if (!node.isUp) yield* node.start()
})

/** Copies a node's rows to another host, where they run beside the original from now on. */
const copy = Effect.fnUntraced(function* (cluster: Cluster, random: SeededRandom) {
  const { nodes, plan } = cluster
  if (nodes.length >= plan.nodes + plan.copiesMax) return
  // The hub listens for the others, and does not dial itself.
  const node = nodes[random.between(1, plan.nodes - 1)]!
  if (!cluster.trust.has(node.peer)) return
  cluster.faults.count("copied")
  cluster.note(`copy ${node.options.host}`)
  const tables = node.tables.copy()
  if (random.chance(0.5)) renew(node, tables)
  const twin = cluster.copyOf(node, tables)
  nodes.push(twin)
  yield* twin.start()
  const writing = Workload.writeFor(cluster, twin, new SeededRandom(cluster.random.bits(), twin.options.host))
  yield* Effect.forkIn(writing, cluster.scope)
})

/** What opening a copied file does. */
const renew = ({ options }: SimulatedNode, tables: MemoryTables): void => {
  const incarnation = Bytes.toHex(options.crypto.randomBytes(Author.incarnationBytes))
  tables.transact(() => tables.setIdentity({ incarnation, writing: incarnation }))
}

/** True when nothing is lost with the node's rows: other nodes have what the backup has not, in a form that lasts. */
const isKeptElsewhere = ({ nodes, plan, time }: Cluster, node: SimulatedNode, backup: MemoryTables): boolean => {
  const kept = commitsOf(backup)
  for (const other of nodes) {
    if (other === node) continue
    for (const commit of commitsOf(other.tables, time.nowMs + plan.aheadMsMax)) kept.add(commit)
  }
  for (const commit of commitsOf(node.tables)) if (!kept.has(commit)) return false
  // What it has taken back is nowhere else.
  for (const { id, reason } of node.tables.quarantine(0, quarantineCommitsMax)) {
    if (reason === "Rejected" && backup.quarantineRow(id) === undefined) return false
  }
  return true
}

/** Commits in rows, as hexadecimal digits; those with a time beyond a bound, which others may turn away, left out. */
const commitsOf = (tables: MemoryTables, uptoMs = Infinity): Set<string> => {
  const found = new Set<string>()
  for (let lseq = 1; lseq <= tables.head(); lseq++) {
    const { bytes, events } = tables.commitAt(lseq)!
    if (events === 0) continue
    const commit = uptoMs === Infinity ? "" : Commit.open(bytes)
    if (typeof commit !== "string" && HybridTime.millis(commit.header.at) > uptoMs) continue
    found.add(Bytes.toHex(bytes))
  }
  return found
}
