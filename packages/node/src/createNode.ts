/**
 * A node with promises and async iterables instead of effects, for programs that do not use Effect. It starts what
 * `nodeLayer` composes, hands each call to core's services and rejects with their typed errors; it adds no behaviour.
 */
import {
  DeviceKey,
  type Entity,
  type Gate,
  Journal,
  type Mailbox,
  Orchestrator,
  PeerId,
  QuarantineDesk,
  type Receipt,
  Records,
  SpaceKeys,
  StateHash,
  type Status,
  type SyncCommand,
  type SyncEvent,
  type Transport
} from "@syncline/core"
import {
  Cause,
  Context,
  Deferred,
  Effect,
  Exit,
  Layer,
  Logger,
  ManagedRuntime,
  Redacted,
  References,
  Scope,
  Stream
} from "effect"
import * as EntityHandle from "./EntityHandle.ts"
import * as NodeCloud from "./NodeCloud.ts"
import * as NodeHook from "./NodeHook.ts"
import * as NodeQuarantine from "./NodeQuarantine.ts"
import * as NodeUndo from "./NodeUndo.ts"
import * as RoadMemory from "./RoadMemory.ts"
import { type CharteredPolicy, nodeLayer, type NodeLayerOptions } from "./NodeLayer.ts"

/** A policy is a value that its factory makes, e.g. `personal({ trusted })` or `enterprise({ introducer })`. */
export type Policy = Layer.Layer<Gate.Gate, unknown> | CharteredPolicy<unknown>

export interface NodeRoute {
  readonly address: string
  /** The only peer that may answer there; any that the policy admits when absent. */
  readonly peer?: string
}

/** Entity types by the name under which the node offers them. */
export interface Entities {
  readonly [name: string]: Entity.EntityType
}

type Tuning = Pick<
  NodeLayerOptions,
  | "aheadMsMax"
  | "autoSync"
  | "deleteLimits"
  | "dialledMax"
  | "listens"
  | "peerLists"
  | "retryMsMax"
  | "retryMsMin"
  | "roads"
  | "timing"
>

export interface NodeOptions<E extends Entities> extends Tuning {
  /** The name that all devices of the space agree on. */
  readonly space: string
  /** The data folder; it is made when it is missing, and one process at a time uses it. */
  readonly store: string
  /** What opens the device's key where it is under a passphrase; see `syncline key protect`. */
  readonly passphrase?: string
  /**
   * Seals the contents of records in a space without a charter: whoever keeps them without it reads none. 8 to 1,024
   * characters, the same on every device; of a list the last one seals, and the others open what was sealed before.
   */
  readonly spacePassphrase?: string | ReadonlyArray<string>
  readonly entities: E & { readonly [K in keyof NodeControl]?: never }
  readonly policy: Policy
  /** Made by their factories, e.g. `socketIo()` or `libp2p()`. */
  readonly transports: ReadonlyArray<Transport.TransportPlugin>
  readonly routes?: ReadonlyArray<NodeRoute>
  /** Places that store and forward, used while links do not reach somebody. Made by their factories, e.g. `folder({ path })`. */
  readonly mailboxes?: ReadonlyArray<Mailbox.Mailbox>
  /** Called for every durable change from before the first link on, and not before the node was handed over. */
  readonly hooks?: NodeHook.NodeHook
}

/** The events of one tag. */
export type EventOf<Tag extends SyncEvent.SyncEvent["_tag"]> = Extract<SyncEvent.SyncEvent, { readonly _tag: Tag }>

export interface NodeControl {
  /** This device's peer id, which other devices trust. */
  readonly peer: string
  /** Where others may dial this node. */
  readonly addresses: ReadonlyArray<string>
  /**
   * Calls the handler for each such event until the returned function is called or the node closes. What it throws is
   * logged, as is what a promise rejects with that it gives; nobody waits for the promise.
   */
  readonly on: <Tag extends SyncEvent.SyncEvent["_tag"]>(
    tag: Tag,
    handler: (event: EventOf<Tag>) => unknown
  ) => () => void
  /** All events from the first `next` on. Whoever is too slow gets `Lagged`. Ends when the node closes. */
  readonly events: () => AsyncIterable<SyncEvent.SyncEvent>
  /**
   * Calls a hook for every durable change from now on, or from its `from`: in order, one call at a time, also while
   * nothing is linked. The returned function takes the hook away: no call begins after it, and it resolves once the
   * running call has ended, after two seconds at most. Not to be awaited inside the hook itself.
   */
  readonly hook: (hook: NodeHook.NodeHook) => Promise<() => Promise<void>>
  readonly send: <C extends SyncCommand.SyncCommand>(command: C) => Promise<SyncCommand.ReplyOf<C>>
  readonly status: () => Promise<Status.Status>
  /**
   * A mailbox as a storage that the program asks itself: nothing looks into it by itself, so it is none of `mailboxes`. Open until
   * `close` of it or of the node. Rejects with a `MailboxError` or `JournalError`.
   */
  readonly cloud: (mailbox: Mailbox.Mailbox) => Promise<NodeCloud.NodeCloud>
  /** How the contents of the space are kept from those who have no key. */
  readonly seal: () => Promise<SpaceKeys.SealStatus>
  /** Commits that are kept and may not be applied now. */
  readonly quarantine: NodeQuarantine.NodeQuarantine
  /** What became of this device's own commits, in the order of arrival: a page of 100, or as asked, at most 1,000. */
  readonly receipts: (list?: QuarantineDesk.ReceiptList) => Promise<ReadonlyArray<Receipt.Receipt>>
  /** The receipt of one commit; `undefined` when this device did not write it. */
  readonly receipt: (commit: string) => Promise<Receipt.Receipt | undefined>
  /**
   * Takes back what a commit did, whoever wrote it: what was overwritten since stays, and the answer says so. It takes a
   * commit's id, the ids that a write gave, an entry of a history, or the `group` of a whole transaction. An undo is
   * undone by its own `commits`. Of several ids none is undone when one is not here. Rejects with `WriteError`; when the
   * policy or the schema refuses one of several, those before it are undone, and their records' histories show it.
   */
  readonly undo: (target: NodeUndo.Undoable) => Promise<Records.UndoOutcome>
  /** One hash over all records: equal on two nodes that have the same. */
  readonly hash: () => Promise<StateHash.StateHash>
  /** Ends links and closes the store. Closing twice is fine. */
  readonly close: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

type Handles<E extends Entities> = {
  readonly [K in keyof E]: E[K] extends Entity.EntityType<string, infer F> ? EntityHandle.EntityHandle<F> : never
}

export type SynclineNode<E extends Entities> = NodeControl & Handles<E>

/**
 * Opens the store, listens and dials. Rejects with `JournalError`, `DeviceKeyError` or `OrchestratorError`, and with a
 * `TypeError` or `RangeError` for options that cannot be, before anything is opened. One write of a record has at most
 * 63 KiB encoded and 32,512 values; see `EntityHandle.put`.
 */
export const createNode = async <const E extends Entities>(options: NodeOptions<E>): Promise<SynclineNode<E>> => {
  const { entities, hooks, passphrase, policy, routes = [], space, spacePassphrase = [], ...more } = options
  const { mailboxes, store, transports, ...tuning } = more
  refuseMistakes(entities, hooks)
  const layer = nodeLayer({
    ...tuning,
    folder: store,
    passphrase: passphrase === undefined ? undefined : Redacted.make(passphrase),
    spacePassphrases: [spacePassphrase].flat().map((text) => Redacted.make(text)),
    space,
    policy,
    transports,
    mailboxes,
    routes: routes.map(({ address, peer }) => ({ address, peer: peer === undefined ? undefined : peerOf(peer) }))
  })
  const runtime = ManagedRuntime.make(Layer.merge(layer, quietLogs))
  try {
    const services = await runtime.context()
    const orchestrator = Context.get(services, Orchestrator.Orchestrator)
    const desk = Context.get(services, QuarantineDesk.QuarantineDesk)
    const closed = Deferred.makeUnsafe<void>()
    const clouds = Scope.makeUnsafe()
    const close = async (): Promise<void> => {
      Deferred.doneUnsafe(closed, Effect.void)
      await Effect.runPromise(Scope.close(clouds, Exit.void))
      await runtime.dispose()
    }
    const head = await Effect.runPromise(Context.get(services, Journal.Journal).head)
    // Whoever asks by the command line how the node meets others works on the folder beside it.
    if (mailboxes !== undefined && mailboxes.length > 0) {
      runtime.runFork(Effect.ignore(Effect.raceFirst(RoadMemory.keep(store), Deferred.await(closed))))
    }
    const { addresses } = await Effect.runPromise(orchestrator.send({ _tag: "Start" }))
    const context: EntityHandle.HandleContext = {
      records: Context.get(services, Records.Records),
      orchestrator,
      services,
      closed: Deferred.await(closed)
    }
    const control: NodeControl = {
      peer: Context.get(services, DeviceKey.DeviceKey).peer,
      addresses,
      on: (tag, handler) => listen(context, tag, handler),
      hook: (hook) => addHook(context, hook, Effect.void),
      events: () => Stream.toAsyncIterableWith(Stream.interruptWhen(orchestrator.events, context.closed), services),
      send: (command) => Effect.runPromiseWith(services)(orchestrator.send(command)),
      status: () => Effect.runPromiseWith(services)(orchestrator.status),
      cloud: (mailbox) =>
        Effect.runPromiseWith(services)(NodeCloud.open({ mailbox, folder: store, ...tuning }, clouds)),
      seal: () => Effect.runPromiseWith(services)(Context.get(services, SpaceKeys.SpaceKeys).status),
      quarantine: NodeQuarantine.make(desk, services),
      receipts: (list) => Effect.runPromiseWith(services)(desk.receipts(list)),
      receipt: (commit) => Effect.runPromiseWith(services)(desk.receipt(commit)),
      undo: NodeUndo.make(context.records, Object.values(entities), services),
      hash: () => Effect.runPromiseWith(services)(StateHash.compute()),
      close,
      [Symbol.asyncDispose]: close
    }
    const node: SynclineNode<E> = { ...handlesOf(context, entities), ...control }
    if (hooks !== undefined) {
      const opened = Deferred.makeUnsafe<void>()
      await addHook(context, { ...hooks, from: hooks.from ?? { head } }, Deferred.await(opened))
      // A hook will use the node, so the caller has it first.
      setImmediate(() => Deferred.doneUnsafe(opened, Effect.void))
    }
    return node
  } catch (error) {
    await runtime.dispose()
    throw error
  }
}

/** A library is silent; what a program should know comes as an event or an error. Warnings go to standard error. */
const quietLogs = Layer.merge(
  Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)]),
  Layer.succeed(References.MinimumLogLevel, "Warn")
)

/** What a node has by itself; an entity type of such a name would hide it or be hidden. */
const ownNames: { readonly [K in Exclude<keyof NodeControl, symbol>]: true } = {
  peer: true,
  addresses: true,
  on: true,
  events: true,
  hook: true,
  send: true,
  status: true,
  cloud: true,
  seal: true,
  quarantine: true,
  receipts: true,
  receipt: true,
  undo: true,
  hash: true,
  close: true
}

/** Throws for entity types and hooks that cannot be, which types do not show to every program. */
const refuseMistakes = (entities: Entities, hooks: NodeHook.NodeHook | undefined): void => {
  const taken = Object.keys(entities).find((name) => name in ownNames)
  if (taken !== undefined) throw new TypeError(`an entity type cannot be offered as ${taken}: the node has that itself`)
  const problem = hooks === undefined ? undefined : NodeHook.problem(hooks)
  if (problem !== undefined) throw new RangeError(problem)
}

const peerOf = (text: string): PeerId.PeerId => {
  if (PeerId.is(text)) return text
  throw new TypeError(`${JSON.stringify(text)} is no peer id; one looks like 12D3KooW… and has 52 characters`)
}

const handlesOf = <E extends Entities>(context: EntityHandle.HandleContext, entities: E): Handles<E> => {
  const names = Object.keys(entities)
  // Each handle has the fields of its own type; a loop cannot show that to the compiler.
  return Object.fromEntries(names.map((name) => [name, EntityHandle.make(context, entities[name]!)])) as Handles<E>
}

const addHook = async (
  context: EntityHandle.HandleContext,
  hook: NodeHook.NodeHook,
  opened: Effect.Effect<void>
): Promise<() => Promise<void>> => {
  const run = Effect.runPromiseWith(context.services)
  const scope = Scope.makeUnsafe()
  await run(NodeHook.register(context.orchestrator, hook, opened).pipe(Scope.provide(scope)))
  return () => run(Scope.close(scope, Exit.void))
}

const listen = <Tag extends SyncEvent.SyncEvent["_tag"]>(
  context: EntityHandle.HandleContext,
  tag: Tag,
  handler: (event: EventOf<Tag>) => unknown
): (() => void) => {
  const failed = (cause: Cause.Cause<unknown>): Effect.Effect<void> => {
    const line = `the handler of ${tag} failed`
    // A logger shows the cause, which may be what cannot be shown.
    return Effect.catchCause(Effect.logError(line, cause), () => Effect.logError(line))
  }
  const rejected = (reason: unknown): void => void Effect.runForkWith(context.services)(failed(Cause.die(reason)))
  const isMeant = (event: SyncEvent.SyncEvent): event is EventOf<Tag> => event._tag === tag
  const handled = context.orchestrator.events.pipe(
    Stream.filter(isMeant),
    Stream.interruptWhen(context.closed),
    Stream.runForEach((event) =>
      // A handler's mistake must not end the program's syncing, nor the calls for later events.
      Effect.catchCause(
        Effect.sync(() => void Promise.resolve(handler(event)).catch(rejected)),
        failed
      )
    )
  )
  const fiber = Effect.runForkWith(context.services)(handled)
  return () => fiber.interruptUnsafe()
}
