// A node with a desk over its quarantine, a policy that a test changes, and journals of other devices that fill it.
import { Context, Effect, Layer, Logger, Stream } from "effect"
import type { Decision } from "../../src/gate/Decision.ts"
import { Gate } from "../../src/gate/Gate.ts"
import type { AuditedAction } from "../../src/gate/Gate.ts"
import { DeviceKey } from "../../src/crypto/DeviceKey.ts"
import { Journal, type JournalShape } from "../../src/journal/Journal.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import { Orchestrator } from "../../src/orchestrator/Orchestrator.ts"
import { QuarantineDesk } from "../../src/orchestrator/QuarantineDesk.ts"
import type { SyncEvent } from "../../src/orchestrator/SyncEvent.ts"
import { type MakeJournal, open, type Opened, space } from "../../src/testing/JournalFixture.ts"
import { TransportRegistry } from "../../src/transport/TransportRegistry.ts"
import { layerDevice } from "../journal/nodeCrypto.ts"

export const allowed: Decision = { allowed: true, rule: "team/all", policyVersion: 8, because: "everybody may" }
export const refused: Decision = { allowed: false, rule: "team/none", policyVersion: 9, because: "nobody may" }

export interface Policy {
  receive: Decision
  accept: Decision
  write: Decision
  readonly audited: Array<AuditedAction>
}

const makeMemory: MakeJournal = (device, ofSpace) =>
  MemoryJournal.layer({ space: ofSpace }).pipe(Layer.provideMerge(layerDevice(device)))

/** The journal of another device. */
export const openOther = (device: number) => open(makeMemory, device)

const gateOf = (policy: Policy) =>
  Layer.succeed(Gate, {
    devices: Effect.succeed([]),
    admits: () => Effect.succeed(allowed),
    canSend: () => Effect.succeed(allowed),
    canReceive: () => Effect.sync(() => policy.receive),
    canRead: () => Effect.sync(() => policy.write),
    mustForget: () => Effect.undefined,
    accepts: () => Effect.sync(() => policy.accept),
    givesWay: Effect.succeed(false),
    isRenumbered: Effect.succeed(false),
    isCustodian: () => Effect.succeed(false),
    canWrite: () => Effect.sync(() => policy.write),
    audit: (action) => Effect.sync(() => void policy.audited.push(action)),
    changes: Stream.never
  })

/** Device 1 with a desk; `change` replaces parts of its journal. */
export const openDesk = Effect.fnUntraced(function* (
  change: (journal: JournalShape) => Partial<JournalShape> = () => ({})
) {
  const policy: Policy = { receive: allowed, accept: allowed, write: allowed, audited: [] }
  const logged: Array<string> = []
  const logger = Logger.make(({ message }) => void logged.push(JSON.stringify(message)))
  const changed = Layer.effect(
    Journal,
    Effect.map(
      MemoryJournal.make({ space }),
      (journal) =>
        Object.defineProperties(
          {},
          {
            ...Object.getOwnPropertyDescriptors(journal),
            ...Object.getOwnPropertyDescriptors(change(journal))
          }
        ) as JournalShape
    )
  )
  const services = yield* Layer.build(
    Orchestrator.layer({ releaseEveryMs: 1e9 }).pipe(
      Layer.provideMerge(changed),
      Layer.provideMerge(Layer.mergeAll(layerDevice(1), gateOf(policy), TransportRegistry.layer([]))),
      Layer.provideMerge(Logger.layer([logger]))
    )
  )
  const journal = Context.get(services, Journal)
  const orchestrator = Context.get(services, Orchestrator)
  const told: Array<SyncEvent> = []
  yield* Effect.forkScoped(
    Stream.runForEach(orchestrator.events, (event) => Effect.sync(() => void told.push(event))),
    { startImmediately: true }
  )
  return {
    journal,
    orchestrator,
    policy,
    logged,
    device: Context.get(services, DeviceKey).peer,
    desk: Context.get(services, QuarantineDesk),
    /** Runs something with the node's logger. */
    run: <A, E>(effect: Effect.Effect<A, E>) => Effect.provide(effect, services),
    /** The journal as a fixture of journals takes it. */
    opened: Object.assign(journal, { services, device: Context.get(services, DeviceKey).peer }) satisfies Opened,
    /** What subscribers were told of the quarantine. */
    left: Effect.map(Effect.yieldNow, () => told.filter((event) => event._tag === "QuarantineLeft"))
  }
})

export type DeskNode = Effect.Success<ReturnType<typeof openDesk>>
