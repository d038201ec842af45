/**
 * Nodes of a team on a clock that the test moves: the engine as it runs in production, with a charter and the enterprise
 * policy, over links in memory. Device 1 is the hub and the first owner's device, and everybody's introducer.
 */
import {
  AuditStore,
  Charter,
  type CharterOperation,
  CharterStore,
  Compression,
  Crypto,
  DeviceKey,
  Entity,
  Gate,
  Journal,
  MemoryJournal,
  MemoryTransport,
  Orchestrator,
  type Partition,
  type PeerId,
  Records,
  type SpaceId,
  type Status,
  type SyncEvent,
  TransportRegistry
} from "@syncline/core"
import { SeededRandom } from "@syncline/core/testing"
import { Context, Effect, Exit, Layer, Schema, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { gateLayer } from "../src/EnterprisePolicy.ts"
import * as PolicyDraft from "../src/PolicyDraft.ts"
import { deviceOf, founding, peer, world } from "./space.ts"

export const startMs = 1_800_000_000_000
export const hubDevice = 1

const teamSpace = "00112233445566778899aabbccddeeff" as SpaceId.SpaceId

/** A record of a team; team and owner choose its partition. */
export const Task = Entity.make(
  "task",
  { team: Entity.lww(Schema.String), title: Entity.lww(Schema.String), salary: Entity.lww(Schema.Number) },
  { header: ["team"] }
)

type Services =
  | Journal.Journal
  | Records.Records
  | Orchestrator.Orchestrator
  | Charter.Charter
  | Crypto.Crypto
  | Gate.Gate

const layerOf = (
  transport: Parameters<typeof TransportRegistry.TransportRegistry.layer>[0][number],
  device: number,
  dials: ReadonlyArray<number>,
  { audit = [], checks = {}, policy, seed = device, space = teamSpace, stored }: TeamOptions
): Layer.Layer<Services> => {
  const keys = Layer.mergeAll(
    Layer.succeed(Crypto.Crypto, world.functions(new SeededRandom.SeededRandom(seed))),
    Layer.succeed(DeviceKey.DeviceKey, deviceOf(device)),
    Compression.Compression.layerStored,
    TransportRegistry.TransportRegistry.layer([transport])
  )
  const charter = Charter.layer({ space, ...PolicyDraft.charterChecks, ...checks }).pipe(
    Layer.provide(CharterStore.CharterStore.layerMemory(stored)),
    Layer.orDie
  )
  const introducer = device === hubDevice ? undefined : peer(hubDevice)
  const routes = dials.map((other) => ({ address: `memory:${other}` }))
  const engine = Layer.mergeAll(Orchestrator.Orchestrator.layer({ routes }), Records.Records.layer).pipe(
    Layer.provideMerge(MemoryJournal.layer({ space }))
  )
  if (policy !== undefined) {
    // The charter is beside the engine, which does not know of it.
    return Layer.merge(engine.pipe(Layer.provideMerge(policy), Layer.provideMerge(keys)), Layer.provide(charter, keys))
  }
  return engine.pipe(
    Layer.provideMerge(Layer.provide(gateLayer({ introducer }), AuditStore.AuditStore.layerMemory(audit))),
    Layer.provideMerge(charter),
    Layer.provideMerge(keys)
  )
}

export interface TeamOptions {
  /** Is told each frame that comes over a link that the node dialled. */
  readonly onFrame?: (frame: Uint8Array) => void
  /** Is told each frame that it sends over a link that it dialled. */
  readonly onSent?: (frame: Uint8Array) => void
  /** Takes the entries of its audit. */
  readonly audit?: Array<AuditStore.AuditRow>
  /** In the place of what its program asks before it puts a document in force. */
  readonly checks?: Partial<typeof PolicyDraft.charterChecks>
  /** Takes the records of its charter, and has those of an earlier run. */
  readonly stored?: Array<Uint8Array>
  /** In the place of the team's space. */
  readonly space?: SpaceId.SpaceId
  /** In the place of the enterprise policy; such a node has no charter. */
  readonly policy?: Layer.Layer<Gate.Gate>
  /** Of what is random; a node of the same device with another one is another incarnation. */
  readonly seed?: number
}

type Write<A = unknown> = Effect.Effect<A, unknown>

/** A node as a test sees it. */
export interface TeamNode {
  readonly device: number
  readonly peer: PeerId.PeerId
  readonly charter: Charter.CharterShape
  readonly journal: Journal.JournalShape
  readonly gate: Gate.GateShape
  readonly seen: ReadonlyArray<SyncEvent.SyncEvent>
  readonly write: (...operations: ReadonlyArray<CharterOperation.CharterOperation>) => Write
  readonly start: Effect.Effect<unknown>
  readonly stop: Effect.Effect<unknown>
  readonly status: Effect.Effect<Status.Status>
  readonly put: (
    id: string,
    value: { readonly team: string; readonly title: string; readonly salary?: number }
  ) => Write<string>
  /** In one transaction. */
  readonly putAll: (
    ...items: ReadonlyArray<{ readonly id: string; readonly team: string; readonly title: string }>
  ) => Write
  readonly patch: (id: string, changes: object, header?: Partition.HeaderValues) => Write
  readonly remove: (id: string, header?: Partition.HeaderValues) => Write
  readonly titleOf: (id: string, header?: Partition.HeaderValues) => Effect.Effect<unknown>
  readonly close: Effect.Effect<void>
}

export const makeNode = (
  network: MemoryTransport.MemoryNetwork,
  device: number,
  dials: ReadonlyArray<number>,
  options: TeamOptions = {}
): Effect.Effect<TeamNode, unknown, Scope.Scope> => nodeOf(network, device, dials, options)

/** A node that listens under its number and dials the given ones. It is closed with the test. */
const nodeOf = Effect.fnUntraced(function* (
  network: MemoryTransport.MemoryNetwork,
  device: number,
  dials: ReadonlyArray<number>,
  options: TeamOptions
) {
  yield* TestClock.setTime(Math.max(startMs, yield* Effect.clockWith((clock) => clock.currentTimeMillis)))
  const scope = yield* Scope.make()
  yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
  const inner = MemoryTransport.make(network, String(device))
  const transport: typeof inner = {
    ...inner,
    dial: (address) =>
      Effect.map(inner.dial(address), (link) => ({
        ...link,
        send: (frame: Uint8Array) =>
          Effect.andThen(
            Effect.sync(() => options.onSent?.(frame)),
            link.send(frame)
          ),
        receive: Effect.tap(link.receive, (frame) => Effect.sync(() => options.onFrame?.(frame)))
      }))
  }
  const services: Context.Context<Services> = yield* Layer.buildWithScope(
    layerOf(transport, device, dials, options),
    scope
  )
  const seen: Array<SyncEvent.SyncEvent> = []
  const orchestrator = Context.get(services, Orchestrator.Orchestrator)
  yield* orchestrator.events.pipe(
    Stream.runForEach((event) => Effect.sync(() => void seen.push(event))),
    Effect.forkIn(scope)
  )
  yield* Effect.yieldNow
  const charter = Context.get(services, Charter.Charter)
  const run = <A, E>(effect: Effect.Effect<A, E, Services>) => Effect.provide(effect, services)
  const node: TeamNode = {
    device,
    peer: peer(device),
    charter,
    journal: Context.get(services, Journal.Journal),
    gate: Context.get(services, Gate.Gate),
    seen,
    write: (...operations: ReadonlyArray<CharterOperation.CharterOperation>) => charter.write(operations),
    start: Effect.orDie(orchestrator.send({ _tag: "Start" })),
    stop: Effect.orDie(orchestrator.send({ _tag: "Stop" })),
    status: Effect.orDie(orchestrator.status),
    put: (id: string, value: { readonly team: string; readonly title: string; readonly salary?: number }) =>
      run(Records.Records.use((found) => found.put(Task, { salary: 0, ...value }, id))),
    putAll: (...items) =>
      run(
        Records.Records.use((found) =>
          found.putAll(
            Task,
            items.map(({ id, ...value }) => ({ id, value: { salary: 0, ...value } }))
          )
        )
      ),
    patch: (id, changes, header) => run(Records.Records.use((found) => found.patch(Task, id, changes, header))),
    remove: (id, header) => run(Records.Records.use((found) => found.remove(Task, id, header))),
    titleOf: (id, header) =>
      Effect.map(
        Effect.orDie(run(Records.Records.use((found) => found.get("task", id, header)))),
        (found) => found?.fields["title"]
      ),
    close: Scope.close(scope, Exit.void)
  }
  return node
})

/** Founds the space on the hub, with two teams. */
export const found = (hub: TeamNode): Write => founded(hub)

const founded = Effect.fnUntraced(function* (hub: TeamNode) {
  yield* hub.write(founding(true))
  yield* hub.write({ _tag: "SetTeam", team: "north", name: "North" }, { _tag: "SetTeam", team: "south", name: "South" })
})

/** Lets the nodes do what they can do without time. */
const settle = Effect.forEach(Array.from({ length: 200 }), () => Effect.yieldNow, { discard: true })

/** Lets time pass, in steps between which the nodes come to rest. */
export const pass = Effect.fnUntraced(function* (ms: number) {
  const stepMs = 500
  yield* settle
  for (let left = ms; left > 0; left -= stepMs) {
    yield* TestClock.adjust(Math.min(stepMs, left))
    yield* settle
  }
})

export const seenBy = <Tag extends SyncEvent.SyncEvent["_tag"]>({ seen }: TeamNode, tag: Tag) =>
  seen.filter((event): event is Extract<SyncEvent.SyncEvent, { readonly _tag: Tag }> => event._tag === tag)
