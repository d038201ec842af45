/**
 * Two whole nodes over a transport as it is, as tests that cite the rules [SE-n] and [OR-n] of SPEC.md: what both have goes over, links
 * break and come back, and who is not let in gets nothing. It is the second half of `SessionConformance`.
 */
import { expect, it } from "@effect/vitest"
import { Context, Effect, Layer, Schema, Stream } from "effect"
import { Crypto } from "../crypto/Crypto.ts"
import type { Gate } from "../gate/Gate.ts"
import { Journal } from "../journal/Journal.ts"
import * as MemoryJournal from "../journal/MemoryJournal.ts"
import * as StateHash from "../journal/StateHash.ts"
import * as Entity from "../model/Entity.ts"
import { Orchestrator } from "../orchestrator/Orchestrator.ts"
import { Records } from "../orchestrator/Records.ts"
import type { SyncEvent } from "../orchestrator/SyncEvent.ts"
import type { Transport } from "../transport/Transport.ts"
import { TransportRegistry } from "../transport/TransportRegistry.ts"
import * as SpokenSession from "./SpokenSession.ts"
import * as TransportConformance from "./TransportConformance.ts"

const { gateFor, layerDevice, peerOf, space } = SpokenSession

const testMsMax = 20_000

const Note = Entity.make("note", { text: Entity.lww(Schema.String) })

type Services = Journal | Orchestrator | Records | Crypto | Gate

interface NodeOfPair {
  readonly run: <A, E>(effect: Effect.Effect<A, E, Services>) => Effect.Effect<A, E>
  readonly seen: ReadonlyArray<SyncEvent>
}

/** A node that trusts the given devices. */
const makeNode = Effect.fnUntraced(function* (transport: Transport, device: number, trusts: ReadonlyArray<number>) {
  const base = Layer.mergeAll(
    gateFor(trusts),
    TransportRegistry.layer([transport]),
    MemoryJournal.layer({ space })
  ).pipe(Layer.provideMerge(layerDevice(device)))
  const layer = Layer.mergeAll(Orchestrator.layer({ routes: [], retryMsMin: 50, retryMsMax: 200 }), Records.layer).pipe(
    Layer.provideMerge(base)
  )
  const services: Context.Context<Services> = yield* Layer.build(layer)
  const seen: Array<SyncEvent> = []
  const { events } = Context.get(services, Orchestrator)
  yield* Effect.forkScoped(Stream.runForEach(events, (event) => Effect.sync(() => void seen.push(event))))
  yield* Effect.yieldNow
  const node: NodeOfPair = { run: (effect) => Effect.provide(effect, services), seen }
  return node
})

interface Pair {
  readonly under: TransportConformance.TransportUnderTest
  readonly hub: NodeOfPair
  readonly device: NodeOfPair
  /** Lets the device dial the hub, which listens. */
  readonly start: Effect.Effect<void, unknown>
}

type Step = Effect.Effect<unknown, unknown, never>

const test = (
  setup: TransportConformance.TransportSetup,
  title: string,
  body: (pair: Pair) => Generator<Step, void, never>,
  hubTrusts: ReadonlyArray<number> = [2]
): void =>
  it.live(
    title,
    () =>
      Effect.gen(function* () {
        const under = yield* setup
        const hub = yield* makeNode(under.server, 1, hubTrusts)
        const device = yield* makeNode(under.client, 2, [1])
        const started = yield* send(hub, { _tag: "Start" })
        const address = yield* under.route(TransportConformance.first("addresses" in started ? started.addresses : []))
        // Who only dials listens nowhere.
        const start = Effect.andThen(send(device, { _tag: "Start" }), send(device, { _tag: "AddRoute", address }))
        yield* Effect.gen(() => body({ under, hub, device, start: Effect.asVoid(start) }))
      }),
    testMsMax
  )

const send = (node: NodeOfPair, command: Parameters<Orchestrator["Service"]["send"]>[0]) =>
  node.run(Orchestrator.use((orchestrator) => orchestrator.send(command)))

const put = (node: NodeOfPair, id: string, text: string) =>
  node.run(Records.use((records) => records.put(Note, { text }, id)))

const has = (node: NodeOfPair, id: string, text: string) =>
  Effect.map(node.run(Records.use((records) => records.get("note", id))), (found) => found?.fields["text"] === text)

const hashOf = (node: NodeOfPair) => node.run(StateHash.compute())
const peersOf = (node: NodeOfPair) =>
  Effect.map(node.run(Orchestrator.use((orchestrator) => orchestrator.status)), ({ peers }) => peers)

/** Waits for something; the test's own limit is the end of waiting. */
const until = Effect.fnUntraced(function* <E>(isSo: Effect.Effect<boolean, E>) {
  while (!(yield* isSo)) yield* Effect.sleep(10)
})

const sees = (node: NodeOfPair, tag: SyncEvent["_tag"], times = 1) =>
  until(Effect.sync(() => node.seen.filter((event) => event._tag === tag).length >= times))

const manyBytes = 60_000

/** Registers the tests of two nodes. */
export const nodePair = (setup: TransportConformance.TransportSetup): void => {
  steady(setup)
  commands(setup)
  broken(setup)
}

const steady = (setup: TransportConformance.TransportSetup): void => {
  test(setup, "[OR-1] [OR-10] two nodes sync what both have, then each change, after a proof", function* (pair) {
    const { device, hub, start } = pair
    yield* put(hub, "h", "from the hub")
    yield* put(device, "d", "from the device")
    yield* start
    yield* sees(device, "SyncCompleted")
    yield* sees(hub, "SyncCompleted")
    expect(yield* hashOf(device)).toEqual(yield* hashOf(hub))
    expect(yield* peersOf(device)).toMatchObject([{ peer: peerOf(1), state: "synced", pendingOut: 0 }])
    yield* put(device, "d", "changed")
    yield* until(has(hub, "d", "changed"))
    yield* put(hub, "h", "changed, too")
    yield* until(has(device, "h", "changed, too"))
    yield* until(Effect.map(peersOf(device), ([peer]) => peer?.state === "synced"))
    expect(yield* hashOf(device)).toEqual(yield* hashOf(hub))
  })

  test(setup, "[OR-1] a hundred records of 60 kB each way are the same on both sides", function* (pair) {
    const { device, hub, start } = pair
    for (let i = 0; i < 100; i++) {
      yield* put(hub, `h${i}`, String(i).padEnd(manyBytes))
      yield* put(device, `d${i}`, String(i).padEnd(manyBytes))
    }
    yield* start
    yield* sees(device, "SyncCompleted")
    yield* sees(hub, "SyncCompleted")
    expect((yield* hashOf(device)).count).toBe(200)
    expect(yield* hashOf(device)).toEqual(yield* hashOf(hub))
  })

  test(
    setup,
    "[OR-2] a peer that is not trusted is refused, told so, and gets nothing",
    function* ({ device, hub, start }) {
      yield* put(hub, "secret", "x")
      yield* start
      yield* sees(device, "SyncError", 2)
      const codes = device.seen.flatMap((event) => (event._tag === "SyncError" ? [event.code] : []))
      expect(codes).toContain("PeerDenied")
      expect((yield* hashOf(device)).count).toBe(0)
    },
    []
  )
}

const commands = (setup: TransportConformance.TransportSetup): void => {
  test(setup, "[OR-3] a paused peer is let go and comes back when resumed", function* ({ device, hub, start }) {
    yield* start
    yield* sees(hub, "SyncCompleted")
    yield* send(hub, { _tag: "PausePeer", peer: peerOf(2) })
    yield* sees(hub, "PeerDisconnected")
    yield* put(device, "d", "while paused")
    yield* Effect.sleep(200)
    expect(yield* has(hub, "d", "while paused")).toBe(false)
    yield* send(hub, { _tag: "ResumePeer", peer: peerOf(2) })
    yield* until(has(hub, "d", "while paused"))
  })

  test(setup, "[OR-6] forcing a sync compares roots again", function* ({ device, start }) {
    yield* start
    yield* sees(device, "SyncCompleted")
    yield* send(device, { _tag: "ForceSync", peer: null })
    yield* sees(device, "SyncCompleted", 2)
  })
}

const broken = (setup: TransportConformance.TransportSetup): void => {
  test(setup, "[SE-15] [OR-2] after a cut the link comes back, and only what is new is sent", function* (pair) {
    const { device, hub, start, under } = pair
    for (let i = 0; i < 20; i++) yield* put(hub, `n${i}`, "x")
    yield* start
    yield* sees(device, "SyncCompleted")
    const sentOf = Effect.map(peersOf(hub), ([peer]) => peer?.sentEvents ?? 0)
    const before = yield* sentOf
    yield* under.dropLink
    yield* sees(device, "PeerDisconnected")
    yield* put(hub, "new", "y")
    yield* until(has(device, "new", "y"))
    yield* sees(device, "SyncCompleted", 2)
    expect((yield* sentOf) - before).toBe(1)
  })

  test(
    setup,
    "[OR-1] [OR-2] what both wrote while nobody was reached is the same on both afterwards",
    function* (pair) {
      const { device, hub, start, under } = pair
      yield* start
      yield* sees(device, "SyncCompleted")
      yield* under.goOffline
      yield* sees(device, "PeerDisconnected")
      yield* put(hub, "both", "the hub's")
      yield* put(device, "both", "the device's")
      yield* put(device, "own", "x")
      yield* under.goOnline
      yield* until(has(hub, "own", "x"))
      yield* until(Effect.map(peersOf(device), ([peer]) => peer?.state === "synced"))
      expect(yield* hashOf(device)).toEqual(yield* hashOf(hub))
    }
  )

  test(setup, "[OR-1] [SE-15] a sync that is cut again and again comes to its end", function* (pair) {
    const { device, hub, start, under } = pair
    for (let i = 0; i < 150; i++) yield* put(hub, `h${i}`, String(i).padEnd(manyBytes))
    yield* start
    for (let cuts = 0; cuts < 2; cuts++) {
      const before = (yield* hashOf(device)).count
      yield* until(Effect.map(hashOf(device), ({ count }) => count > before || count === 150))
      yield* under.dropLink
      yield* sees(device, "PeerDisconnected", cuts + 1)
    }
    yield* until(Effect.map(hashOf(device), ({ count }) => count === 150))
    yield* until(Effect.map(peersOf(device), ([peer]) => peer?.state === "synced"))
    expect(yield* hashOf(device)).toEqual(yield* hashOf(hub))
  })

  test(setup, "[OR-4] stopping ends the session, starting again goes on where it was", function* (pair) {
    const { device, hub, start } = pair
    yield* start
    yield* sees(hub, "SyncCompleted")
    yield* send(device, { _tag: "Stop" })
    yield* sees(hub, "PeerDisconnected")
    yield* put(hub, "later", "x")
    yield* send(device, { _tag: "Start" })
    yield* until(has(device, "later", "x"))
  })
}
