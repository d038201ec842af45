// Two real nodes of one process, linked by the memory transport.
import { Context, Effect, Layer, Stream } from "effect"
import { Crypto } from "../../src/crypto/Crypto.ts"
import { Gate } from "../../src/gate/Gate.ts"
import { Journal } from "../../src/journal/Journal.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import { Orchestrator } from "../../src/orchestrator/Orchestrator.ts"
import { Records } from "../../src/orchestrator/Records.ts"
import type { SyncEvent } from "../../src/orchestrator/SyncEvent.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { TransportRegistry } from "../../src/transport/TransportRegistry.ts"
import { layerDevice } from "../nodeCrypto.ts"
import { gateFor, space } from "../session/SessionUnderTest.ts"

export type Services = Journal | Orchestrator | Records | Crypto

export interface NodeUnderTest {
  readonly run: <A, E>(effect: Effect.Effect<A, E, Services>) => Effect.Effect<A, E>
  readonly seen: ReadonlyArray<SyncEvent>
}

interface NodeOptions {
  readonly failuresOfFeed?: number
  readonly sessionsMax?: number
  /** Decides instead of the list of trusted devices. */
  readonly gate?: Layer.Layer<Gate>
}

/** A node that trusts the given devices, listens under its number and dials the given ones. */
export const makeNode = Effect.fnUntraced(function* (
  network: MemoryTransport.MemoryNetwork,
  device: number,
  trusts: ReadonlyArray<number>,
  dials: ReadonlyArray<number>,
  { failuresOfFeed = 0, gate = gateFor(trusts), ...options }: NodeOptions = {}
) {
  const base = Layer.mergeAll(gate, TransportRegistry.layer([MemoryTransport.make(network, String(device))])).pipe(
    Layer.provideMerge(layerDevice(device))
  )
  const routes = dials.map((other) => ({ address: `memory:${other}` }))
  const layer = Layer.mergeAll(
    Orchestrator.layer({ ...options, routes, retryMsMin: 20, retryMsMax: 100 }),
    Records.layer
  ).pipe(Layer.provideMerge(brokenJournal(failuresOfFeed)), Layer.provideMerge(base))
  const services: Context.Context<Services> = yield* Layer.build(layer)
  const seen: Array<SyncEvent> = []
  const orchestrator = Context.get(services, Orchestrator)
  yield* Effect.forkScoped(Stream.runForEach(orchestrator.events, (event) => Effect.sync(() => void seen.push(event))))
  yield* Effect.yieldNow
  const node: NodeUnderTest = { run: (effect) => Effect.provide(effect, services), seen }
  return node
})

/** A journal whose feed has a defect the first times it is read. */
const brokenJournal = (failures: number) =>
  Layer.effect(
    Journal,
    Effect.map(MemoryJournal.make({ space }), (journal) => {
      let left = failures
      const feed: typeof journal.feed = (after, exclude, bytesMax) =>
        left-- > 0 ? Effect.die("a mistake in the program") : journal.feed(after, exclude, bytesMax)
      return { ...journal, feed }
    })
  )

export const send = (node: NodeUnderTest, command: Parameters<Orchestrator["Service"]["send"]>[0]) =>
  node.run(Orchestrator.use((orchestrator) => orchestrator.send(command)))

/** Waits until something is true, at most 5 seconds. */
export const until = <E>(what: string, isTrue: Effect.Effect<boolean, E>): Effect.Effect<void, E> =>
  Effect.gen(function* () {
    for (let tries = 0; tries < 500; tries++) {
      if (yield* isTrue) return
      yield* Effect.sleep(10)
    }
    return yield* Effect.die(`never came true: ${what}`)
  })

export const sawEvent = (node: NodeUnderTest, tag: SyncEvent["_tag"], times = 1) =>
  until(
    tag,
    Effect.sync(() => node.seen.filter((event) => event._tag === tag).length >= times)
  )
