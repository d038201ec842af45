/**
 * A whole cluster in simulated time, from one seed: nodes that write at random while links fail, hosts crash and clocks
 * are wrong; then quiet, and a check of everything that must hold. The same seed gives the same run, frame by frame.
 */
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { PeerId } from "../identity/PeerId.ts"
import * as SpaceId from "../identity/SpaceId.ts"
import { type Cluster, emptyLedger } from "./Cluster.ts"
import { check, type Problem } from "./ConvergenceCheck.ts"
import { defaultPlan, type FaultPlan } from "./FaultPlan.ts"
import { SeededRandom } from "./SeededRandom.ts"
import { SimulatedCrypto } from "./SimulatedCrypto.ts"
import { SimulatedNetwork } from "./SimulatedNetwork.ts"
import { SimulatedNode } from "./SimulatedNode.ts"
import * as Workload from "./Workload.ts"

export interface SimulationOptions {
  readonly seed: number
  readonly sha256: CryptoFunctions["sha256"]
  readonly plan?: Partial<FaultPlan>
}

export interface SimulationResult {
  readonly seed: number
  /** What was violated; empty when all is well. */
  readonly problems: ReadonlyArray<Problem>
  /** Hash over everything that happened, in order. Two runs of one seed have the same. */
  readonly trace: string
  readonly frames: number
  readonly writes: number
  readonly crashes: number
  /** Simulated time from the end of the faults to agreement. */
  readonly quietMs: number
}

/** Simulated hour zero: late enough that a clock ten minutes slow is still positive. */
const epochMs = 1_800_000_000_000

/** Runs one seed to its end and reports. */
export const simulate = Effect.fnUntraced(function* (options: SimulationOptions) {
  const plan: FaultPlan = { ...defaultPlan, ...options.plan }
  yield* TestClock.setTime(epochMs)
  let trace = options.sha256(Bytes.utf8(`seed ${options.seed}`))
  let frames = 0
  const note = (what: string): void => {
    trace = options.sha256(Bytes.concat(trace, Bytes.utf8(what)))
  }
  const cluster = makeCluster(plan, options, note, (from, to, frame) => {
    frames++
    note(`${from}>${to} ${frame.length}`)
    if (from === plan.nodes || to === plan.nodes) strangerFrames.push(frame.length)
  })
  const strangerFrames: Array<number> = []
  for (const node of [...cluster.nodes, cluster.stranger]) yield* node.start()
  yield* Effect.forkScoped(Workload.run(cluster))
  yield* Effect.forkScoped(crashNodes(cluster))
  yield* Effect.forkScoped(cutLinks(cluster))
  yield* TestClock.adjust(plan.faultMs)
  cluster.isFaulty = false
  cluster.network.heal()
  for (const node of cluster.nodes) if (!node.isUp) yield* node.start()
  const { problems, quietMs } = yield* settle(cluster, strangerFrames)
  yield* stopAll(cluster)
  note(JSON.stringify(problems))
  const result: SimulationResult = {
    seed: options.seed,
    problems,
    trace: Bytes.toHex(trace),
    frames,
    writes: cluster.ledger.writes,
    crashes: cluster.crashes,
    quietMs
  }
  return result
}, Effect.scoped)

/** Stops the nodes while time goes on, for what they still write when they stop takes time. */
const stopAll = Effect.fnUntraced(function* (cluster: Cluster) {
  const nodes = [...cluster.nodes, cluster.stranger]
  const stopping = yield* Effect.forkChild(Effect.forEach(nodes, (node) => node.crash(), { discard: true }))
  yield* TestClock.adjust(60_000)
  yield* Fiber.join(stopping)
})

/** Looks again and again until nothing is wrong, at most as long as the plan allows. */
const settle = Effect.fnUntraced(function* (cluster: Cluster, strangerFrames: ReadonlyArray<number>) {
  const stepMs = 60_000
  for (let quietMs = stepMs; ; quietMs += stepMs) {
    yield* TestClock.adjust(stepMs)
    const problems = yield* check(cluster, strangerFrames)
    if (problems.length === 0 || quietMs >= cluster.plan.quietMsMax) return { problems, quietMs }
  }
})

const makeCluster = (
  plan: FaultPlan,
  options: SimulationOptions,
  note: (what: string) => void,
  witness: (from: number, to: number, frame: Uint8Array) => void
): Cluster => {
  const random = new SeededRandom(options.seed)
  const network = new SimulatedNetwork(plan, new SeededRandom(options.seed, 1), witness)
  const crypto = new SimulatedCrypto(options.sha256)
  const space = SpaceId.fromName(options.sha256, "simulation")
  const trusted = new Set<PeerId>()
  const makeNode = (host: number, routes: ReadonlyArray<number>): SimulatedNode => {
    const own = new SeededRandom(options.seed, 100 + host)
    const functions = crypto.functions(own)
    return new SimulatedNode({
      host,
      network,
      space,
      crypto: functions,
      device: crypto.makeDevice(own),
      skewMs: host % 2 === 1 ? random.between(-plan.skewMsMax, plan.skewMsMax) : 0,
      trusted: () => trusted,
      incarnation: Bytes.toHex(functions.randomBytes(Author.incarnationBytes)),
      commitDelayMs: random.between(1, 20),
      orchestrator: {
        routes: routes.map((route) => ({ address: network.address(route) })),
        retryMsMin: 500,
        releaseEveryMs: 20_000,
        // A stranger is refused each time; its tries must not fill the run.
        retryMsMax: host === plan.nodes ? 120_000 : 8_000,
        timing: {
          greetingMsMax: 5_000,
          progressMsMax: 10_000,
          proofPeriodMs: 120_000,
          pingAfterMs: 20_000,
          tickMs: 10_000
        }
      }
    })
  }
  // Everybody dials the hub and some their neighbour, so that data has several ways to go round.
  const nodes = Array.from({ length: plan.nodes }, (_, host) =>
    makeNode(host, host === 0 ? [] : host > 1 && random.chance(0.5) ? [0, host - 1] : [0])
  )
  for (const node of nodes) trusted.add(node.options.device.peer)
  return {
    plan,
    random,
    network,
    nodes,
    stranger: makeNode(plan.nodes, [0, 1]),
    ledger: emptyLedger(),
    note,
    crashes: 0,
    isFaulty: true
  }
}

const crashNodes = Effect.fnUntraced(function* (cluster: Cluster) {
  const random = new SeededRandom(cluster.random.bits(), 2)
  for (;;) {
    yield* Effect.sleep(random.between(1, 2 * cluster.plan.crashEveryMs))
    if (!cluster.isFaulty) return
    const node = random.pick(cluster.nodes)
    const downMs = random.between(1, cluster.plan.downMsMax)
    if (!node.isUp) continue
    cluster.crashes++
    cluster.note(`crash ${node.options.host}`)
    yield* node.crash()
    yield* Effect.forkChild(
      Effect.gen(function* () {
        yield* Effect.sleep(downMs)
        if (!node.isUp && cluster.isFaulty) yield* node.start()
      })
    )
  }
})

const cutLinks = Effect.fnUntraced(function* (cluster: Cluster) {
  const random = new SeededRandom(cluster.random.bits(), 3)
  for (;;) {
    yield* Effect.sleep(random.between(1, 2 * cluster.plan.partitionEveryMs))
    if (!cluster.isFaulty) return
    const a = random.between(0, cluster.plan.nodes - 1)
    const b = random.between(0, cluster.plan.nodes - 1)
    const cutMs = random.between(1, cluster.plan.partitionMsMax)
    if (a === b) continue
    cluster.network.cut(a, b)
    yield* Effect.forkChild(
      Effect.andThen(
        Effect.sleep(cutMs),
        Effect.sync(() => cluster.network.join(a, b))
      )
    )
  }
})
