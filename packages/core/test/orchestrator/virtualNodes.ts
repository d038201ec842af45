// Real nodes on a clock that the test moves: rules that change, rows to look behind, links and journals that break.
import { Context, Effect, Exit, Layer, PubSub, Schema, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { FileSeal } from "../../src/crypto/FileSeal.ts"
import { Gate } from "../../src/gate/Gate.ts"
import * as Author from "../../src/identity/Author.ts"
import type { PeerId } from "../../src/identity/PeerId.ts"
import { Journal, type JournalShape } from "../../src/journal/Journal.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import { MemoryTables } from "../../src/journal/MemoryTables.ts"
import * as StateHash from "../../src/journal/StateHash.ts"
import type { Mailbox } from "../../src/mailbox/Mailbox.ts"
import { MailboxRegistry } from "../../src/mailbox/MailboxRegistry.ts"
import { MailboxStore } from "../../src/mailbox/MailboxState.ts"
import * as Entity from "../../src/model/Entity.ts"
import type { Partition } from "../../src/model/Partition.ts"
import { Orchestrator } from "../../src/orchestrator/Orchestrator.ts"
import { Records } from "../../src/orchestrator/Records.ts"
import type { Route } from "../../src/orchestrator/Route.ts"
import type { OrchestratorOptions } from "../../src/orchestrator/Supervision.ts"
import type { SyncCommand } from "../../src/orchestrator/SyncCommand.ts"
import type { SyncEvent } from "../../src/orchestrator/SyncEvent.ts"
import { IntakeQuota, type IntakeQuotaShape } from "../../src/session/IntakeQuota.ts"
import * as SimulatedSeal from "../../src/testing/SimulatedSeal.ts"
import { withSkew } from "../../src/testing/SkewedClock.ts"
import type { Link } from "../../src/transport/Link.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import type { Finder, Transport } from "../../src/transport/Transport.ts"
import type { TransportError } from "../../src/transport/TransportError.ts"
import { TransportRegistry } from "../../src/transport/TransportRegistry.ts"
import { crypto, layerDevice } from "../nodeCrypto.ts"
import { peerOf, space } from "../session/SessionUnderTest.ts"
import type { Services } from "./twoNodes.ts"

/** A day on which every test begins. */
export const startMs = 1_800_000_000_000

/** A record of a team; the team is its partition. */
export const Task = Entity.make(
  "task",
  { team: Entity.lww(Schema.String), title: Entity.lww(Schema.String), votes: Entity.counter },
  { header: ["team"] }
)

type IsDenied = (partition: Partition, peer: PeerId | undefined) => boolean

/** Rules of one node: everybody known may do everything but what is denied, and is a custodian unless some are named. */
export const makeRules = Effect.fnUntraced(function* (
  known: ReadonlyArray<number>,
  custodians = known,
  isOnePolicy = false,
  isRenumbered = false
) {
  const changes = yield* PubSub.sliding<void>(4)
  const peers = new Set<PeerId>(known.map(peerOf))
  const judges = new Set<PeerId>(custodians.map(peerOf))
  const told = new Set<string>()
  let version = 1
  let isDenied: IsDenied = () => false
  let isRevoked: IsDenied = () => false
  let forgotten: string | undefined
  const decide = (allowed: boolean) => ({
    allowed,
    rule: allowed ? "team/all" : "team/closed",
    policyVersion: version,
    because: allowed ? "everybody works here" : "nobody works here"
  })
  const passes = (partition: Partition, peer: PeerId) =>
    Effect.sync(() => decide(peers.has(peer) && !isDenied(partition, peer)))
  const layer = Layer.succeed(Gate, {
    devices: Effect.sync(() => [...peers]),
    admits: (peer) => Effect.sync(() => decide(peers.has(peer))),
    canSend: passes,
    canReceive: passes,
    canRead: ({ header }) => Effect.sync(() => decide(header["team"] !== forgotten)),
    mustForget: ({ header }) => Effect.sync(() => (header["team"] === forgotten ? decide(false) : undefined)),
    accepts: ({ author, partition }) => Effect.sync(() => decide(!isRevoked(partition, Author.peer(author)))),
    givesWay: Effect.succeed(isOnePolicy),
    isRenumbered: Effect.succeed(isRenumbered),
    isCustodian: (peer) => Effect.succeed(judges.has(peer)),
    canWrite: (partition) => Effect.sync(() => decide(!isDenied(partition, undefined))),
    audit: ({ action, decision, detail, isPassedOver = false }) =>
      Effect.sync(() => {
        const how = decision.allowed ? "allowed" : "denied"
        told.add(`${how} ${action} ${detail.replace("\n", " ")}${isPassedOver ? " passed over" : ""}`)
      }),
    changes: Stream.fromPubSub(changes)
  })
  /** Puts other rules in the place of the present ones. */
  const change = (denied: IsDenied, revoked: IsDenied = () => false) =>
    Effect.suspend(() => {
      isDenied = denied
      isRevoked = revoked
      forgotten = undefined
      version++
      return PubSub.publish(changes, undefined)
    })
  /** The node must give up what it has of a team. Nobody is told. */
  const forget = (team: string): void => {
    forgotten = team
  }
  /** The same, and the node is told. */
  const lose = (team: string) =>
    Effect.suspend(() => {
      forget(team)
      version++
      return PubSub.publish(changes, undefined)
    })
  return { layer, change, forget, lose, told }
})

export type Rules = Effect.Success<ReturnType<typeof makeRules>>

export const deniesTeam =
  (team: string): IsDenied =>
  ({ header }) =>
    header["team"] === team
export const deniesNothing: IsDenied = () => false

export interface VirtualOptions extends Partial<OrchestratorOptions> {
  readonly rules: Rules
  /** Rows of an earlier run, or rows to look behind. */
  readonly tables?: MemoryTables
  /** By how much the node's clock is ahead of the true time now; times that nobody sets go on as they are. */
  readonly skew?: { ms: number }
  /** Stands between the node and its journal. */
  readonly journal?: (journal: JournalShape) => JournalShape
  readonly mailboxes?: ReadonlyArray<Mailbox>
  /** How much devices may bring. */
  readonly quota?: IntakeQuotaShape
  /** Several addresses, each of a peer that must be there, in the place of the given numbers. */
  readonly routes?: ReadonlyArray<Route>
  /** Stands between the node and the links that it dials. */
  readonly link?: (link: Link) => Link
  /** Why a dial comes to nothing, where it does. */
  readonly turnedAway?: () => TransportError | undefined
  /** Whether it dials where it is told, as lists want it; true where nothing is said. */
  readonly looksUp?: boolean
  /** How its transport finds peers. */
  readonly finder?: Finder
}

export const makeTables = (): MemoryTables =>
  new MemoryTables(crypto.sha256, space, Buffer.from(crypto.randomBytes(8)).toString("hex"))

/** A node that listens under its number and dials the given ones. It is closed with the test, or before. */
export const makeNode = Effect.fnUntraced(function* (
  network: MemoryTransport.MemoryNetwork,
  device: number,
  dials: ReadonlyArray<number>,
  {
    finder,
    journal = (same) => same,
    link = (same) => same,
    looksUp = true,
    mailboxes = [],
    quota,
    rules,
    skew = { ms: 0 },
    tables = makeTables(),
    turnedAway = () => undefined,
    ...options
  }: VirtualOptions
) {
  yield* TestClock.setTime(Math.max(startMs, yield* Effect.clockWith((clock) => clock.currentTimeMillis)))
  const scope = yield* Scope.make()
  yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
  const inner = MemoryTransport.make(network, String(device))
  const capabilities = { ...inner.capabilities, looksUp }
  const dial: Transport["dial"] = (address) =>
    Effect.suspend(() => {
      const why = turnedAway()
      return why === undefined ? Effect.map(inner.dial(address), link) : Effect.fail(why)
    })
  const transport: Transport = { ...inner, capabilities, dial, finder }
  const base = Layer.mergeAll(rules.layer, TransportRegistry.layer([transport])).pipe(
    Layer.provideMerge(layerDevice(device))
  )
  const store = Layer.effect(Journal, Effect.map(MemoryJournal.make({ space, tables }), journal))
  const routes = dials.map((other) => ({ address: `memory:${other}` }))
  const registry = MailboxRegistry.layer(mailboxes).pipe(
    Layer.provide(Layer.succeed(FileSeal, SimulatedSeal.of(peerOf(device)))),
    Layer.provide(MailboxStore.layerMemory())
  )
  const orchestration = Orchestrator.layer({ routes, ...options }).pipe(Layer.provide(registry))
  const layer = Layer.mergeAll(orchestration, Records.layer).pipe(
    Layer.provideMerge(store),
    Layer.provideMerge(base),
    Layer.provide(Layer.succeed(IntakeQuota, quota))
  )
  const services: Context.Context<Services> = yield* withSkew(skew, Layer.buildWithScope(layer, scope))
  const seen: Array<SyncEvent> = []
  const orchestrator = Context.get(services, Orchestrator)
  yield* orchestrator.events.pipe(
    Stream.runForEach((event) => Effect.sync(() => void seen.push(event))),
    Effect.forkIn(scope)
  )
  yield* Effect.yieldNow
  const run = <A, E>(effect: Effect.Effect<A, E, Services>) => withSkew(skew, Effect.provide(effect, services))
  return {
    device,
    peer: peerOf(device),
    tables,
    journal: Context.get(services, Journal),
    seen,
    run,
    send: <C extends SyncCommand>(command: C) => withSkew(skew, Effect.orDie(orchestrator.send(command))),
    tell: <C extends SyncCommand>(command: C) => withSkew(skew, orchestrator.send(command)),
    start: withSkew(skew, Effect.orDie(orchestrator.send({ _tag: "Start" }))),
    pause: (peer: PeerId) => Effect.orDie(orchestrator.send({ _tag: "PausePeer", peer })),
    resume: (peer: PeerId) => Effect.orDie(orchestrator.send({ _tag: "ResumePeer", peer })),
    stop: Effect.orDie(orchestrator.send({ _tag: "Stop" })),
    discard: (id: string) => Effect.orDie(orchestrator.send({ _tag: "DiscardQuarantined", ids: [id] })),
    status: withSkew(skew, Effect.orDie(orchestrator.status)),
    put: (id: string, value: { readonly team: string; readonly title: string; readonly votes?: number }) =>
      run(Records.use((records) => records.put(Task, { votes: 0, ...value }, id))),
    remove: (id: string) => run(Records.use((records) => records.remove(Task, id))),
    fieldsOf: (id: string) =>
      Effect.map(run(Records.use((records) => records.get("task", id))), (found) => found?.fields),
    hash: run(StateHash.compute()),
    close: Scope.close(scope, Exit.void)
  }
})

export type VirtualNode = Effect.Success<ReturnType<typeof makeNode>>

/** Lets the nodes do what they can do without time. */
const settle = Effect.forEach(Array.from({ length: 100 }), () => Effect.yieldNow, { discard: true })

/** Lets time pass, in steps between which the nodes come to rest: the clock does not wait for what it did not wake. */
export const pass = Effect.fnUntraced(function* (ms: number) {
  const stepMs = 500
  yield* settle
  for (let left = ms; left > 0; left -= stepMs) {
    yield* TestClock.adjust(Math.min(stepMs, left))
    yield* settle
  }
})

/** The status of the only peer, or of the named one. */
export const statusOf = (node: VirtualNode, device?: number) =>
  Effect.map(node.status, ({ peers }) => peers.find(({ peer }) => device === undefined || peer === peerOf(device)))

export const seenBy = <Tag extends SyncEvent["_tag"]>({ seen }: VirtualNode, tag: Tag) =>
  seen.filter((event): event is Extract<SyncEvent, { readonly _tag: Tag }> => event._tag === tag)

/** Every receipt of the node's own commits. */
export const receiptsOf = ({ journal }: VirtualNode) => Effect.orDie(journal.receipts(0, 1_000))
