/**
 * A whole cluster in simulated time, from one seed: nodes that write at random while links, hosts, disks and clocks
 * fail and trust is taken away; then quiet, and a check of everything that must hold. The same seed gives the same run,
 * frame by frame.
 */
import { Effect, Layer, Logger } from "effect"
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import { Gate } from "../gate/Gate.ts"
import * as SpaceKey from "../crypto/SpaceKey.ts"
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as SpaceId from "../identity/SpaceId.ts"
import { type Cluster, emptyLedger, type Problem } from "./Cluster.ts"
import { FaultCounts, type FaultKind } from "./FaultCounts.ts"
import { type FaultPlan, lateKeysOf, vary, wholeBytesMinOf } from "./FaultPlan.ts"
import type { MemoryTables } from "../journal/MemoryTables.ts"
import * as JournalFaults from "./JournalFaults.ts"
import { LeakWatch } from "./LeakWatch.ts"
import * as NetworkFaults from "./NetworkFaults.ts"
import * as NodeFaults from "./NodeFaults.ts"
import { RunTrace } from "./RunTrace.ts"
import { SeededRandom } from "./SeededRandom.ts"
import { settle } from "./Settling.ts"
import { SimulatedCrypto } from "./SimulatedCrypto.ts"
import { SimulatedNetwork } from "./SimulatedNetwork.ts"
import { SimulatedNode, type SimulatedNodeOptions } from "./SimulatedNode.ts"
import { SimulatedTime } from "./SimulatedTime.ts"
import { SimulatedTrust } from "./SimulatedTrust.ts"
import * as Workload from "./Workload.ts"

export interface SimulationOptions {
  readonly seed: number
  readonly sha256: CryptoFunctions["sha256"]
  /** What differs from the plan that the seed gives. */
  readonly plan?: Partial<FaultPlan>
}

export interface SimulationResult {
  readonly seed: number
  /** What was violated; empty when all is well. */
  readonly problems: ReadonlyArray<Problem>
  /** Print of everything that happened, in order, frames byte by byte. Two runs of one seed have the same. */
  readonly trace: string
  readonly frames: number
  readonly writes: number
  /** How often each kind of fault happened. */
  readonly faults: Readonly<Record<FaultKind, number>>
  /** Simulated time from the end of the faults until nothing was pending. */
  readonly pendingMs: number
  /** Simulated time from the end of the faults to agreement. */
  readonly quietMs: number
}

/** Simulated hour zero: late enough that a clock that is slow is still positive. */
const epochMs = 1_800_000_000_000

/** Runs one seed to its end and reports. Throws when the simulation itself is broken. */
export const simulate = (options: SimulationOptions): SimulationResult => {
  const time = new SimulatedTime(epochMs)
  const violations: Array<Problem> = []
  const program = Effect.scoped(run(options, time, violations))
  return time.run(Effect.provide(program, Logger.layer([defectLogger(violations)])))
}

/** What a node logs as an error is a mistake in the engine: here nothing else is logged as one. */
const defectLogger = (violations: Array<Problem>) =>
  Logger.make<unknown, void>(({ logLevel, message }) => {
    if (logLevel === "Error" || logLevel === "Fatal") violations.push({ rule: "defect", detail: String(message) })
  })

const run = Effect.fnUntraced(function* (options: SimulationOptions, time: SimulatedTime, violations: Array<Problem>) {
  const random = new SeededRandom(options.seed)
  const plan: FaultPlan = {
    ...vary(random),
    // By numbers of its own, so that everything else of a seed stays as it was.
    wholeBytesMin: wholeBytesMinOf(new SeededRandom(options.seed, 2)),
    lateKeys: lateKeysOf(new SeededRandom(options.seed, 3)),
    ...options.plan
  }
  const trace = new RunTrace()
  const cluster = yield* makeCluster(plan, options, random, { time, trace, violations })
  for (const node of cluster.nodes) yield* node.start()
  yield* Effect.forkScoped(Workload.run(cluster))
  yield* Effect.forkScoped(NetworkFaults.run(cluster))
  yield* Effect.forkScoped(NodeFaults.run(cluster))
  yield* Effect.forkScoped(JournalFaults.run(cluster))
  yield* Effect.forkScoped(visit(cluster))
  yield* Effect.sleep(plan.faultMs)
  yield* heal(cluster)
  const failed = yield* Workload.writeLast(cluster)
  const { pendingMs, problems, quietMs } = yield* settle(cluster)
  for (const node of [...cluster.nodes, cluster.stranger]) {
    yield* node.crash(true)
    yield* node.ended()
  }
  const result: SimulationResult = {
    seed: options.seed,
    problems: [
      ...failed.map((host): Problem => ({ rule: "down", detail: `node ${host} does not write when all is well` })),
      ...problems
    ],
    trace: trace.print,
    frames: cluster.frames,
    writes: cluster.ledger.writes,
    faults: cluster.faults.all,
    pendingMs,
    quietMs
  }
  return result
})

/** Lets the stranger try for a while; that it is refused again and again must not fill the run. */
const visit = Effect.fnUntraced(function* ({ plan, random, stranger }: Cluster) {
  yield* Effect.sleep(random.between(1, plan.faultMs))
  yield* stranger.start()
  yield* Effect.sleep(plan.strangerMs)
  yield* stranger.crash(true)
})

/** Ends all faults: ways are free, disks have room, everybody is trusted and up. */
const heal = Effect.fnUntraced(function* (cluster: Cluster) {
  cluster.note("heal")
  cluster.isFaulty = false
  cluster.network.heal()
  yield* NodeFaults.heal(cluster)
  for (const node of cluster.nodes) yield* node.giveKey
})

const makeCluster = Effect.fnUntraced(function* (
  plan: FaultPlan,
  options: SimulationOptions,
  random: SeededRandom,
  {
    time,
    trace,
    violations
  }: { readonly time: SimulatedTime; readonly trace: RunTrace; readonly violations: Array<Problem> }
) {
  const faults = new FaultCounts()
  const leaks = new LeakWatch()
  let frames = 0
  const network = new SimulatedNetwork({
    plan,
    random: new SeededRandom(options.seed, 1),
    time,
    faults,
    witness: (from, to, frame) => {
      frames++
      trace.note(`${from}>${to}`)
      trace.noteBytes(frame)
      leaks.look(from, to, frame, time.nowMs)
    }
  })
  const trust = yield* SimulatedTrust.make
  const rules = Layer.sync(Gate, () => trust.gate())
  const makeNode = nodeMaker(plan, options, random, { network, faults, rules })
  // Everybody dials the hub and some their neighbour, so that data has several ways to go round.
  const nodes = Array.from({ length: plan.nodes }, (_, host) =>
    makeNode(host, host === 0 ? [] : host > 1 && random.chance(0.5) ? [0, host - 1] : [0])
  )
  // Behind the copies.
  const stranger = makeNode(plan.nodes + plan.copiesMax, [0, 1])
  yield* trust.set(
    nodes.map((node) => node.peer),
    true
  )
  leaks.start(stranger.options.host, -Infinity)
  const cluster: Cluster = {
    plan,
    random,
    time,
    scope: yield* Effect.scope,
    network,
    trust,
    nodes,
    stranger,
    ledger: emptyLedger(),
    faults,
    leaks,
    violations,
    revoked: new Map(),
    copyOf: (node, tables) => makeCopy(node, nodes.length, tables),
    note: (what) => trace.note(what),
    get frames() {
      return frames
    },
    isFaulty: true
  }
  return cluster
})

const makeCopy = ({ options }: SimulatedNode, host: number, tables: MemoryTables): SimulatedNode =>
  new SimulatedNode({ ...options, host }, tables)

/** One key for all. The numbers of a space that is not sealed stay as they were. */
const sealOf = (
  { lateKeys }: FaultPlan,
  space: SpaceId.SpaceId,
  random: SeededRandom
): SimulatedNodeOptions["seal"] => {
  if (lateKeys === undefined) return undefined
  const key = SpaceKey.of(space, new Uint8Array(SpaceKey.spaceKeyBytes).fill(7))
  return { held: { keys: [key.secret], sealing: key.id }, isLate: random.chance(lateKeys / 10) }
}

const nodeMaker = (
  plan: FaultPlan,
  options: SimulationOptions,
  random: SeededRandom,
  parts: Pick<SimulatedNodeOptions, "network" | "faults" | "rules">
) => {
  const crypto = new SimulatedCrypto(options.sha256)
  const space = SpaceId.fromName(options.sha256, "simulation")
  return (host: number, routes: ReadonlyArray<number>): SimulatedNode => {
    const own = new SeededRandom(options.seed, 100 + host)
    const functions = crypto.functions(own)
    return new SimulatedNode({
      ...parts,
      host,
      space,
      crypto: functions,
      device: crypto.makeDevice(own),
      skewMs: host % 2 === 1 ? random.between(-plan.skewMsMax, plan.skewMsMax) : 0,
      incarnation: Bytes.toHex(functions.randomBytes(Author.incarnationBytes)),
      commitDelayMs: random.between(1, 20),
      wholeBytesMin: plan.wholeBytesMin,
      seal: sealOf(plan, space, own),
      orchestrator: {
        routes: routes.map((route) => ({ address: parts.network.address(route) })),
        aheadMsMax: plan.aheadMsMax,
        releaseEveryMs: 2_000,
        retryMsMin: 250,
        retryMsMax: 2_000,
        // A local network: what takes seconds is lost. Rules and their order are those of production.
        timing: {
          greetingMsMax: 3_000,
          progressMsMax: 3_000,
          proofPeriodMs: 60_000,
          pingAfterMs: 2_000,
          tickMs: 1_000
        }
      }
    })
  }
}
