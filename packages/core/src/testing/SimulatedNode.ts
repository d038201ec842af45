/**
 * One node of a simulated cluster: rows that survive crashes, a clock that may be wrong, and the engine as it runs in
 * production on top. Starting it after a crash goes on from the rows.
 */
import { Clock, type Context, Effect, Exit, Layer, Scope, Stream } from "effect"
import { Compression } from "../crypto/Compression.ts"
import { Crypto, type CryptoFunctions, type Signer } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import { Gate, type GateShape } from "../gate/Gate.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import { Journal } from "../journal/Journal.ts"
import * as MemoryJournal from "../journal/MemoryJournal.ts"
import { MemoryTables } from "../journal/MemoryTables.ts"
import { Orchestrator } from "../orchestrator/Orchestrator.ts"
import type { OrchestratorOptions } from "../orchestrator/Supervision.ts"
import { Records } from "../orchestrator/Records.ts"
import { TransportRegistry } from "../transport/TransportRegistry.ts"
import type { SimulatedNetwork } from "./SimulatedNetwork.ts"

export interface SimulatedNodeOptions {
  readonly host: number
  readonly network: SimulatedNetwork
  readonly space: SpaceId
  readonly crypto: CryptoFunctions
  readonly device: Signer & { readonly peer: PeerId }
  readonly skewMs: number
  readonly trusted: () => ReadonlySet<PeerId>
  readonly orchestrator: Partial<OrchestratorOptions>
  readonly incarnation: string
  /** How long a durable write takes. */
  readonly commitDelayMs: number
}

type Services = Journal | Records | Orchestrator | Crypto

export class SimulatedNode {
  readonly options: SimulatedNodeOptions
  readonly tables: MemoryTables
  #scope: Scope.Closeable | undefined
  #services: Context.Context<Services> | undefined

  constructor(options: SimulatedNodeOptions) {
    this.options = options
    this.tables = new MemoryTables(options.crypto.sha256, options.space, options.incarnation)
  }

  get isUp(): boolean {
    return this.#services !== undefined
  }

  /** Starts the node on what its rows hold. */
  readonly start = Effect.fnUntraced(function* (this: SimulatedNode) {
    const scope = yield* Scope.make()
    this.#scope = scope
    const built = Layer.buildWithScope(layer(this.options, this.tables), scope)
    const services = yield* withSkew(this.options.skewMs, built)
    this.#services = services
    yield* this.run(Orchestrator.use((orchestrator) => orchestrator.send({ _tag: "Start" }))).pipe(Effect.ignore)
  })

  /** Ends the node at once; what was not durable is lost. */
  readonly crash = Effect.fnUntraced(function* (this: SimulatedNode) {
    const scope = this.#scope
    this.#services = undefined
    this.#scope = undefined
    yield* this.options.network.dropHost(this.options.host)
    if (scope !== undefined) yield* Scope.close(scope, Exit.void)
  })

  /** Runs something on the node's services and clock; fails with `undefined` while it is down. */
  run<A, E>(effect: Effect.Effect<A, E, Services>): Effect.Effect<A, E | undefined> {
    const services = this.#services
    if (services === undefined) return Effect.fail(undefined)
    return withSkew(this.options.skewMs, Effect.provide(effect, services))
  }
}

/** The same effect under a clock that is off by some milliseconds; durations stay what they are. */
const withSkew = <A, E, R>(skewMs: number, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Clock.clockWith((clock) => {
    const skewed: Clock.Clock = {
      currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
      currentTimeNanos: clock.currentTimeNanos,
      monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: clock.monotonicTimeNanos,
      sleep: (duration) => clock.sleep(duration),
      currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + skewMs,
      currentTimeMillis: Effect.map(clock.currentTimeMillis, (nowMs) => nowMs + skewMs)
    }
    return Effect.provideService(effect, Clock.Clock, skewed)
  })

const layer = (options: SimulatedNodeOptions, tables: MemoryTables): Layer.Layer<Services> => {
  const { commitDelayMs, crypto, device, host, network, space } = options
  const base = Layer.mergeAll(
    Layer.succeed(Crypto, crypto),
    Layer.succeed(DeviceKey, device),
    Compression.layerStored,
    Layer.succeed(Gate, trustGate(options.trusted)),
    TransportRegistry.layer([network.transport(host)])
  )
  const journal = MemoryJournal.layer({ space, tables, commitDelayMs })
  return Layer.mergeAll(Orchestrator.layer(options.orchestrator), Records.layer).pipe(
    Layer.provideMerge(journal),
    Layer.provideMerge(base)
  )
}

/** Lets trusted peers pass in both directions and nobody else. */
const trustGate = (trusted: () => ReadonlySet<PeerId>): GateShape => {
  const decide = (peer: PeerId) =>
    Effect.sync(() => ({
      allowed: trusted().has(peer),
      rule: "simulated/trusted",
      policyVersion: 1,
      because: trusted().has(peer) ? "the peer is trusted" : "the peer is not trusted"
    }))
  return {
    admits: decide,
    canSend: (_partition, peer) => decide(peer),
    canReceive: (_partition, peer) => decide(peer),
    accepts: () => Effect.succeed({ allowed: true, rule: "any", policyVersion: 1, because: "every author counts" }),
    isCustodian: (peer) => Effect.sync(() => trusted().has(peer)),
    canWrite: () => Effect.succeed({ allowed: true, rule: "own", policyVersion: 1, because: "own device" }),
    audit: () => Effect.void,
    changes: Stream.never
  }
}
