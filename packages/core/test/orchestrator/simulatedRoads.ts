// Two nodes between which there are two roads, in simulated time: who dials what, which road breaks, how often sessions begin.
import { Context, Effect, Exit, Layer, Logger, Scope, Stream } from "effect"
import { Compression } from "../../src/crypto/Compression.ts"
import { Crypto } from "../../src/crypto/Crypto.ts"
import { DeviceKey } from "../../src/crypto/DeviceKey.ts"
import type { PeerId } from "../../src/identity/PeerId.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import { MemoryTables } from "../../src/journal/MemoryTables.ts"
import { Orchestrator } from "../../src/orchestrator/Orchestrator.ts"
import { Records } from "../../src/orchestrator/Records.ts"
import type { Route } from "../../src/orchestrator/Route.ts"
import type { SyncEvent } from "../../src/orchestrator/SyncEvent.ts"
import { FaultCounts } from "../../src/testing/FaultCounts.ts"
import { defaultPlan } from "../../src/testing/FaultPlan.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"
import { SimulatedNetwork } from "../../src/testing/SimulatedNetwork.ts"
import { SimulatedTime } from "../../src/testing/SimulatedTime.ts"
import type { Link, LinkPath } from "../../src/transport/Link.ts"
import type { Transport } from "../../src/transport/Transport.ts"
import { TransportRegistry } from "../../src/transport/TransportRegistry.ts"
import { crypto, signerOf } from "../nodeCrypto.ts"
import { peerOf, space } from "../session/SessionUnderTest.ts"
import { makeRules, startMs } from "./virtualNodes.ts"

/** The roads: `near` is like a hub's, `far` has a finder. */
export type RoadName = "near" | "far"

/** Devices 1 and 2 by their peer ids: of two links that both open at once that of the smaller one stays. */
export const [smaller, larger] = peerOf(1) < peerOf(2) ? ([1, 2] as const) : ([2, 1] as const)

/** The address of a device on a road. */
export const at = (road: RoadName, device: number): string => `${road}:${device}`

export interface RoadNodeOptions {
  readonly routes?: ReadonlyArray<Route>
  /** Looks for the other one by the far road. */
  readonly finds?: boolean
  readonly incarnation?: string
}

const quiet = { frameLoss: 0, frameDouble: 0, frameReorder: 0, delayMsMin: 20, delayMsMax: 60 }

/** Runs a test of two roads to its end; the same one gives the same run. */
export const simulate = (test: (site: Site) => Effect.Effect<void, unknown, Scope.Scope>): void => {
  const time = new SimulatedTime(startMs)
  const seed = new SeededRandom(7)
  const network = () =>
    new SimulatedNetwork({
      plan: { ...defaultPlan, ...quiet },
      random: seed,
      time,
      faults: new FaultCounts(),
      witness: () => undefined
    })
  const site = new Site({ near: network(), far: network() }, seed)
  time.run(Effect.provide(Effect.scoped(test(site)), Logger.layer([])))
}

interface Told {
  readonly found: (peer: PeerId) => Effect.Effect<void>
  readonly renewed: Effect.Effect<void>
}

export class Site {
  readonly networks: Readonly<Record<RoadName, SimulatedNetwork>>
  /** What lies between the ends of a link, by road. */
  readonly paths: Partial<Record<RoadName, LinkPath>> = {}
  /** Dials by road, whatever came of them. */
  readonly dials: Record<RoadName, number> = { near: 0, far: 0 }
  readonly #random: SeededRandom
  /** What the finders of devices are told with. */
  readonly tell = new Map<number, Told>()

  constructor(networks: Site["networks"], seed: SeededRandom) {
    this.networks = networks
    this.#random = seed
  }

  /** Breaks roads, or mends them: nothing passes, and nobody is told. */
  cut(...roads: ReadonlyArray<RoadName>): void {
    for (const road of roads) this.networks[road].cut(1, 2)
  }

  join(...roads: ReadonlyArray<RoadName>): void {
    for (const road of roads) this.networks[road].join(1, 2)
  }

  /** Ends the links of a road, and lets no other come about. Both sides see it. */
  end(road: RoadName): void {
    for (const device of [1, 2]) this.networks[road].dropHost(device, true)
    this.cut(road)
  }

  #transport(road: RoadName, device: number): Transport {
    const inner = this.networks[road].transport(device)
    const from = `${road}:`
    const withPath = (link: Link): Link => ({ ...link, path: this.paths[road] })
    return {
      ...inner,
      name: road,
      accepts: (address) => address.startsWith(from),
      listen: (onLink) =>
        Effect.as(
          inner.listen((link) => onLink(withPath(link))),
          [at(road, device)]
        ),
      dial: (address) =>
        Effect.suspend(() => {
          this.dials[road]++
          return Effect.map(inner.dial(address.replace(from, "sim:")), withPath)
        })
    }
  }

  /** A node that listens on both roads and trusts the other one. It runs until it is crashed, or to the end. */
  readonly start = Effect.fnUntraced(function* (
    this: Site,
    device: number,
    { finds = false, incarnation = `${device}`.repeat(16), routes = [] }: RoadNodeOptions
  ) {
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    const other = device === 1 ? 2 : 1
    const signer = signerOf(device)
    const far: Transport = {
      ...this.#transport("far", device),
      finder: finds
        ? {
            addressOf: () => at("far", other),
            looksFar: true,
            watch: (found, renewed = Effect.void) => Effect.sync(() => void this.tell.set(device, { found, renewed }))
          }
        : undefined
    }
    const base = Layer.mergeAll(
      Layer.succeed(Crypto, {
        ...crypto,
        randomBytes: (length) => Uint8Array.from({ length }, () => this.#random.between(0, 255))
      }),
      Compression.layerStored,
      Layer.succeed(DeviceKey, { ...signer, peer: peerOf(device) }),
      (yield* makeRules([other])).layer,
      TransportRegistry.layer([this.#transport("near", device), far])
    )
    const tables = new MemoryTables(crypto.sha256, space, incarnation)
    const layer = Layer.mergeAll(Orchestrator.layer({ routes }), Records.layer).pipe(
      Layer.provideMerge(MemoryJournal.layer({ space, tables })),
      Layer.provideMerge(base)
    )
    const services = yield* Layer.buildWithScope(layer, scope)
    const seen: Array<SyncEvent> = []
    const orchestrator = Context.get(services, Orchestrator)
    yield* orchestrator.events.pipe(
      Stream.runForEach((event) => Effect.sync(() => void seen.push(event))),
      Effect.forkIn(scope)
    )
    yield* Effect.yieldNow
    yield* orchestrator.send({ _tag: "Start" })
    const count = (tag: SyncEvent["_tag"]): number => seen.filter(({ _tag }) => _tag === tag).length
    return {
      device,
      peer: peerOf(device),
      seen,
      status: orchestrator.status,
      send: orchestrator.send,
      /** Sessions that began, and how many there are. */
      begun: () => count("PeerConnected"),
      live: () => count("PeerConnected") - count("PeerDisconnected"),
      /** Its process ends; the other one is told of its links' end or not. */
      crash: (isTold: boolean) =>
        Effect.suspend(() => {
          for (const network of Object.values(this.networks)) network.dropHost(device, isTold)
          return Scope.close(scope, Exit.void)
        })
    }
  })
}

export type RoadNode = Effect.Success<ReturnType<Site["start"]>>
