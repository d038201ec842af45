/**
 * One node of a simulated cluster: rows that survive crashes, a disk that may fail, a clock that may be wrong, and the
 * engine as it runs in production on top. Starting it after a crash goes on from the rows.
 */
import { type Context, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { Compression } from "../crypto/Compression.ts"
import { Crypto, type CryptoFunctions, type Signer } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import type { HeldKeys } from "../crypto/KeyRing.ts"
import type { Gate } from "../gate/Gate.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import { Journal } from "../journal/Journal.ts"
import * as MemoryJournal from "../journal/MemoryJournal.ts"
import { quarantineCommitsMax } from "../journal/Quarantine.ts"
import { MemoryTables } from "../journal/MemoryTables.ts"
import * as Limits from "../model/Limits.ts"
import { Orchestrator } from "../orchestrator/Orchestrator.ts"
import type { OrchestratorOptions } from "../orchestrator/Supervision.ts"
import { Records } from "../orchestrator/Records.ts"
import { TransportRegistry } from "../transport/TransportRegistry.ts"
import type { FaultCounts } from "./FaultCounts.ts"
import { SimulatedDisk } from "./SimulatedDisk.ts"
import { withSkew } from "./SkewedClock.ts"
import type { SimulatedNetwork } from "./SimulatedNetwork.ts"

export interface SimulatedNodeOptions {
  readonly host: number
  readonly network: SimulatedNetwork
  readonly space: SpaceId
  readonly crypto: CryptoFunctions
  readonly device: Signer & { readonly peer: PeerId }
  /** By how much its clock is ahead when nothing else is wrong with it. */
  readonly skewMs: number
  /** The policy, and whatever else the engine shall find beside it. */
  readonly rules: Layer.Layer<Gate, never, Crypto | DeviceKey>
  readonly faults: FaultCounts
  readonly orchestrator: Partial<OrchestratorOptions>
  readonly incarnation: string
  /** How long a durable write takes. */
  readonly commitDelayMs: number
  /** As in `FaultPlan`; production's bound where nothing is said. */
  readonly wholeBytesMin?: number | undefined
  /** The key of a sealed space, and whether the node gets it only with `giveKey`. */
  readonly seal?: { readonly held: HeldKeys; readonly isLate: boolean } | undefined
}

type Services = Journal | Records | Orchestrator | Crypto | Gate

export class SimulatedNode {
  readonly options: SimulatedNodeOptions
  readonly disk: SimulatedDisk
  readonly #skew: { ms: number }
  #tables: MemoryTables
  #held: HeldKeys | undefined
  #scope: Scope.Closeable | undefined
  #services: Context.Context<Services> | undefined
  #ending: Fiber.Fiber<void> | undefined

  constructor(options: SimulatedNodeOptions, tables?: MemoryTables) {
    this.options = options
    this.#skew = { ms: options.skewMs }
    this.#tables = tables ?? new MemoryTables(options.crypto.sha256, options.space, options.incarnation)
    this.disk = new SimulatedDisk(options.faults)
    this.#held = options.seal?.isLate === false ? options.seal.held : undefined
  }

  get isUp(): boolean {
    return this.#services !== undefined
  }

  /** Its space is sealed, and it has not got the key yet. */
  get isKeyless(): boolean {
    return this.options.seal !== undefined && this.#held === undefined
  }

  get peer(): PeerId {
    return this.options.device.peer
  }

  get tables(): MemoryTables {
    return this.#tables
  }

  /**
   * Commits that wait in its quarantine for what will come: not the proofs of forks, and not what others stamped with a
   * wrong clock and write again.
   */
  waiting(nowMs: number): number {
    const dueMax = nowMs + Limits.clockAheadMsMax
    const entries = this.#tables.quarantine(0, quarantineCommitsMax)
    return entries.filter(({ dueMs, reason }) => {
      if (reason === "Forked") return false
      return reason !== "ClockAhead" || (dueMs !== null && dueMs <= dueMax)
    }).length
  }

  /** Puts other rows in the place of its own; only while it is down. */
  replaceTables(tables: MemoryTables): void {
    if (this.isUp) throw new Error("a node that runs keeps its rows")
    this.#tables = tables
  }

  /** Puts its clock off by so much more than usual; 0 sets it right. */
  jumpClock(ms: number): void {
    this.#skew.ms = this.options.skewMs + ms
  }

  /** Gives the node the key of a sealed space, if it has not got it yet; what came before is read with it. */
  get giveKey(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { faults, seal } = this.options
      if (seal === undefined) return Effect.void
      if (this.#held === undefined) faults.count("lateKey")
      this.#held = seal.held
      const opened = Journal.use((journal) => Effect.andThen(journal.hold(seal.held), journal.unlock))
      return Effect.asVoid(Effect.ignore(this.run(opened)))
    })
  }

  /** Starts the node on what its rows hold. */
  readonly start = Effect.fnUntraced(function* (this: SimulatedNode) {
    yield* this.ended()
    const scope = yield* Scope.make()
    this.#scope = scope
    const built = Layer.buildWithScope(layer(this.options, this.#tables, this.disk.mount(), this.#held), scope)
    const services = yield* withSkew(this.#skew, built)
    this.#services = services
    yield* this.run(Orchestrator.use((orchestrator) => orchestrator.send({ _tag: "Start" }))).pipe(Effect.ignore)
  })

  /** Ends the process at once: what was not durable is lost, and the others are told or hear nothing any more. */
  readonly crash = Effect.fnUntraced(function* (this: SimulatedNode, isTold: boolean) {
    const scope = this.#scope
    this.#services = undefined
    this.#scope = undefined
    this.disk.kill()
    this.options.network.dropHost(this.options.host, isTold)
    if (scope === undefined) return
    // Whoever kills it does not wait for what a dead process still has to clear away.
    this.#ending = yield* Effect.forkDetach(Scope.close(scope, Exit.void))
  })

  /** Waits until everything that a killed process had is cleared away. */
  ended(): Effect.Effect<void> {
    return Effect.suspend(() => (this.#ending === undefined ? Effect.void : Effect.asVoid(Fiber.await(this.#ending))))
  }

  /** Runs something on the node's services and clock; fails with `undefined` while it is down. */
  run<A, E>(effect: Effect.Effect<A, E, Services>): Effect.Effect<A, E | undefined> {
    const services = this.#services
    if (services === undefined) return Effect.fail(undefined)
    return withSkew(this.#skew, Effect.provide(effect, services))
  }
}

const layer = (
  options: SimulatedNodeOptions,
  tables: MemoryTables,
  disk: MemoryJournal.MemoryDisk,
  held: HeldKeys | undefined
): Layer.Layer<Services> => {
  const { commitDelayMs, crypto, device, host, network, rules, space, wholeBytesMin } = options
  const base = Layer.mergeAll(
    Layer.succeed(Crypto, crypto),
    Layer.succeed(DeviceKey, device),
    Compression.layerStored,
    TransportRegistry.layer([network.transport(host)])
  )
  const journal = MemoryJournal.layer({ space, tables, commitDelayMs, disk, wholeBytesMin, held })
  return Layer.mergeAll(Orchestrator.layer(options.orchestrator), Records.layer).pipe(
    Layer.provideMerge(journal),
    Layer.provideMerge(rules),
    Layer.provideMerge(base)
  )
}
