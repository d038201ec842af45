/**
 * The service an application talks to: typed commands in, typed events and a status out. It keeps the routes dialled
 * and the listeners open, and gives every link to a session. It moves no data itself and decides no rights.
 */
import { Context, Effect, Layer, type Scope, Stream } from "effect"
import { Compression } from "../crypto/Compression.ts"
import { Crypto } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import { Gate } from "../gate/Gate.ts"
import type { PeerId } from "../identity/PeerId.ts"
import { Journal } from "../journal/Journal.ts"
import { TransportRegistry } from "../transport/TransportRegistry.ts"
import * as AutoSync from "./AutoSync.ts"
import * as AutoSyncMode from "./AutoSyncMode.ts"
import type * as EventChannel from "./EventChannel.ts"
import * as Hooks from "./Hooks.ts"
import { OrchestratorError, PausesExhausted, RouteUnknown } from "./OrchestratorError.ts"
import * as QuarantineDesk from "./QuarantineDesk.ts"
import * as QuarantineKeeper from "./QuarantineKeeper.ts"
import { routeListsMax } from "./RouteList.ts"
import type { Status } from "./Status.ts"
import * as StatusReport from "./StatusReport.ts"
import * as Supervisor from "./Supervisor.ts"
import { defaultOptions, type OrchestratorOptions, pausedPeersMax, routesMax, type Supervision } from "./Supervision.ts"
import type { ReplyOf, SyncCommand } from "./SyncCommand.ts"
import type { SyncEvent } from "./SyncEvent.ts"

export class Orchestrator extends Context.Service<
  Orchestrator,
  {
    /** Carries out a command; resolves when it has taken effect. */
    readonly send: <C extends SyncCommand>(command: C) => Effect.Effect<ReplyOf<C>, OrchestratorError>
    /** What happens from now on. Slow subscribers get `Lagged`. */
    readonly events: Stream.Stream<SyncEvent>
    readonly status: Effect.Effect<Status, OrchestratorError>
    /**
     * Calls the hook for every durable change from now on, or from its `from`, until the scope or the node closes;
     * whether sessions run or not. Fails with `HookPlaceUnknown`, `HooksExhausted` or a `JournalError`.
     */
    readonly hook: Hooks.Hooks["register"]
  }
>()("@syncline/core/orchestrator/Orchestrator") {
  /**
   * Waits for `Start`. Brings the desk whose changes its subscribers are told. Throws a `RangeError` at once for too many routes or lists
   * of peers, the same list twice, and for a `dialledMax` or `autoSync` out of bounds.
   */
  static readonly layer = (
    options: Partial<OrchestratorOptions> = {}
  ): Layer.Layer<
    Orchestrator | QuarantineDesk.QuarantineDesk,
    never,
    Journal | Gate | Crypto | Compression | DeviceKey | TransportRegistry
  > => Layer.effectContext(make(withoutMistakes({ ...defaultOptions, ...options })))
}

const make = Effect.fnUntraced(function* (options: OrchestratorOptions) {
  const supervisor = yield* Supervisor.make(options)
  yield* Effect.addFinalizer(() => Supervisor.stop(supervisor))
  yield* QuarantineKeeper.showAll(supervisor)
  yield* Effect.forkScoped(relayChanges(supervisor.channel))
  yield* Effect.forkScoped(QuarantineKeeper.run(supervisor))
  yield* Effect.forkScoped(Supervisor.followPolicy(supervisor))
  const hooks = yield* Hooks.make(supervisor.journal, supervisor.channel)
  for (const route of options.routes) Supervisor.addRoute(supervisor, route)
  const desk = QuarantineDesk.make({
    journal: supervisor.journal,
    gate: supervisor.gate,
    crypto: supervisor.crypto,
    compression: supervisor.compression,
    publish: supervisor.channel.publish
  })
  const orchestrator = Orchestrator.of({
    // The reply belongs to the command by construction; a switch cannot show that to the compiler.
    send: <C extends SyncCommand>(command: C) =>
      carryOut(supervisor, desk, command) as Effect.Effect<ReplyOf<C>, OrchestratorError>,
    events: supervisor.channel.events,
    status: StatusReport.of(supervisor),
    hook: hooks.register
  })
  return Context.make(Orchestrator, orchestrator).pipe(Context.add(QuarantineDesk.QuarantineDesk, desk))
})

/** The same options; throws for some that cannot be. */
const withoutMistakes = (options: OrchestratorOptions): OrchestratorOptions => {
  const { autoSync, dialledMax, routeLists, routes } = options
  if (new Set(routes.map(({ address }) => address)).size > routesMax) {
    throw new RangeError(`a node has at most ${routesMax} routes`)
  }
  if (!Number.isInteger(dialledMax) || dialledMax < 1 || dialledMax > routesMax) {
    throw new RangeError(`dialledMax is ${dialledMax}, not a whole number from 1 to ${routesMax}`)
  }
  const problem = AutoSyncMode.problem(autoSync)
  if (problem !== undefined) throw new RangeError(problem)
  if (new Set(routeLists.map(({ name }) => name)).size < routeLists.length) {
    throw new RangeError("two lists of peers are the same")
  }
  if (routeLists.length > routeListsMax) throw new RangeError(`a node has at most ${routeListsMax} lists of peers`)
  return options
}

const carryOut = (
  supervisor: Supervision,
  desk: QuarantineDesk.QuarantineDeskShape,
  command: SyncCommand
): Effect.Effect<ReplyOf<SyncCommand>, OrchestratorError> => {
  switch (command._tag) {
    case "Start":
      return Effect.map(Supervisor.start(supervisor), (addresses) => ({ addresses }))
    case "Stop":
      return touched(Supervisor.stop(supervisor))
    case "ForceSync":
      return touched(Supervisor.forceSync(supervisor, command.peer ?? undefined))
    case "AddPeer":
      return touched(Supervisor.openRoute(supervisor, { address: command.address, peer: command.peer }))
    case "AddRoute":
      return touched(Supervisor.openRoute(supervisor, { address: command.address }))
    case "RemoveRoute":
      return known(
        command.address,
        Supervisor.removeRoutes(supervisor, (route) => route.address === command.address)
      )
    case "RemovePeer":
      return known(
        command.peer,
        Effect.all([
          Supervisor.endSessions(supervisor, command.peer),
          Supervisor.removeRoutes(supervisor, (route) => route.peer === command.peer)
        ]).pipe(Effect.map(([sessions, routes]) => sessions + routes))
      )
    case "PausePeer":
      return touched(pause(supervisor, command.peer))
    case "ResumePeer":
      supervisor.paused.delete(command.peer)
      return touched(Supervisor.wake(supervisor, command.peer))
    case "SetAutoSync":
      return touched(AutoSync.set(supervisor, command.mode))
    case "ReleaseQuarantined":
      return decided(desk.release(command.ids))
    case "DiscardQuarantined":
      return decided(desk.discard(command.ids))
  }
}

const decided = (effect: ReturnType<QuarantineDesk.QuarantineDeskShape["release"]>) =>
  effect.pipe(
    Effect.map((answers) => ({ answers })),
    Effect.mapError((reason) => new OrchestratorError({ reason }))
  )

const pause = (supervisor: Supervision, peer: PeerId): Effect.Effect<number, OrchestratorError> => {
  const { paused } = supervisor
  if (paused.size >= pausedPeersMax && !paused.has(peer)) {
    return Effect.fail(new OrchestratorError({ reason: new PausesExhausted({ pausedPeersMax }) }))
  }
  paused.add(peer)
  return Supervisor.endSessions(supervisor, peer)
}

const touched = <E>(effect: Effect.Effect<number, E>) => Effect.map(effect, (count) => ({ touched: count }))

const known = (name: string, effect: Effect.Effect<number>) =>
  Effect.flatMap(effect, (count) =>
    count > 0
      ? Effect.succeed({ touched: count })
      : Effect.fail(new OrchestratorError({ reason: new RouteUnknown({ name }) }))
  )

/** Ids of one type that an event names; the count is always whole. */
const idsNamedMax = 100

const relayChanges = (channel: EventChannel.EventChannel): Effect.Effect<void, never, Journal | Scope.Scope> =>
  Effect.gen(function* () {
    const journal = yield* Journal
    yield* Stream.runForEach(journal.changes, (change) => {
      const byType = new Map<string, Array<string>>()
      for (const { id, type } of change.entities) {
        const ids = byType.get(type) ?? []
        byType.set(type, ids)
        ids.push(id)
      }
      return Effect.forEach(
        byType,
        ([type, ids]) =>
          channel.publish({
            _tag: "EntitiesUpdated",
            peer: change.source ?? null,
            type,
            ids: ids.slice(0, idsNamedMax),
            count: ids.length
          }),
        { discard: true }
      )
    })
  })
