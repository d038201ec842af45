/**
 * Reading and writing records on one node: schema, then the gate, then the keys, then the journal. A write is durable when its
 * effect succeeds and never waits for the network.
 */
import { Clock, Context, Effect, Layer, Option } from "effect"
import { Crypto } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import type { Decision } from "../gate/Decision.ts"
import { type Deeds, ofChange } from "../gate/Deeds.ts"
import { Gate, type GateShape } from "../gate/Gate.ts"
import * as EntityId from "../identity/EntityId.ts"
import type { HybridTime } from "../identity/HybridTime.ts"
import * as Fingerprint from "../journal/Fingerprint.ts"
import type { EntityReversal, HistoryQuery, HistoryReads, UndoTarget } from "../journal/History.ts"
import { type EntityQuery, type EntityView, Journal, type Sees, type WriteOutcome } from "../journal/Journal.ts"
import type { JournalError } from "../journal/JournalError.ts"
import * as EntityCopy from "../merge/EntityCopy.ts"
import type { HistoryEntry } from "../merge/EntityTimeline.ts"
import * as Entity from "../model/Entity.ts"
import type { EntityChange } from "../model/EntityChange.ts"
import * as Partition from "../model/Partition.ts"
import {
  EntityAmbiguous,
  EntityInvalid,
  EntityNotFound,
  QuotaExceeded,
  WriteDenied,
  WriteError
} from "../model/WriteError.ts"
import type { PeerId } from "../identity/PeerId.ts"
import { IntakeQuota, type IntakeQuotaShape } from "../session/IntakeQuota.ts"
import { SpaceKeys } from "./SpaceKeys.ts"

export interface PutItem {
  /** A new UUIDv7 when absent. */
  readonly id?: string | undefined
  readonly value: unknown
}

/** What became of an undo. */
export interface UndoOutcome {
  /** Ids of the commits made, in order; none when nothing was to be taken back. */
  readonly commits: ReadonlyArray<string>
  /** Each entity that the target changed. */
  readonly entities: ReadonlyArray<EntityReversal>
}

type Failure = WriteError | JournalError

/** Somebody in whose name this device reads and writes, and who may less than the device. */
export interface Viewer {
  readonly sees: Sees
  /** May it do this there? Asked of every change. */
  readonly mayDo: (partition: Partition.Partition, deeds: Deeds) => Decision
}

/** Records as somebody sees and writes them. */
export interface RecordsShape {
  /** Makes one entity look like `value` and returns its id. */
  readonly put: (type: Entity.EntityType, value: unknown, id?: string) => Effect.Effect<string, Failure>
  /** Puts many in one transaction: all or none. */
  readonly putAll: (
    type: Entity.EntityType,
    items: ReadonlyArray<PutItem>
  ) => Effect.Effect<WriteOutcome & { readonly ids: ReadonlyArray<string> }, Failure>
  /**
   * Makes entities look as they did elsewhere, whatever their size, in one transaction: all or none. Their types' schemas are not asked. For
   * entities that are not there: a counter of one that is would be added to.
   */
  readonly copyAll: (copies: ReadonlyArray<EntityCopy.EntityCopy>) => Effect.Effect<WriteOutcome, Failure>
  /**
   * Changes fields of a live entity. Here and below, `header` says which one is meant where several have the id; without
   * it that is refused with `EntityAmbiguous`.
   */
  readonly patch: (
    type: Entity.EntityType,
    id: string,
    changes: unknown,
    header?: Partition.HeaderValues
  ) => Effect.Effect<WriteOutcome, Failure>
  readonly remove: (
    type: Entity.EntityType,
    id: string,
    header?: Partition.HeaderValues
  ) => Effect.Effect<WriteOutcome, Failure>
  readonly get: (
    type: string,
    id: string,
    header?: Partition.HeaderValues
  ) => Effect.Effect<EntityView | undefined, Failure>
  readonly query: (query: EntityQuery) => Effect.Effect<ReadonlyArray<EntityView>, JournalError>
  /** What became of an entity; see `HistoryReads`. Where several have the id, the partition says which is meant. */
  readonly history: (query: HistoryQuery) => Effect.Effect<ReadonlyArray<HistoryEntry>, Failure>
  /** An entity as it was at a time, also a deleted one. Several may have had the id then. */
  readonly at: (
    type: string,
    id: string,
    time: HybridTime,
    header?: Partition.HeaderValues
  ) => Effect.Effect<EntityView | undefined, Failure>
  /** A question as of a time. */
  readonly queryAt: HistoryReads["queryAt"]
  /**
   * Makes an entity look as it did at a time, by a new commit, or by none when it looks so. A deleted one is revived;
   * one that was deleted then is deleted. A field that did not exist then becomes null.
   */
  readonly restore: (
    type: Entity.EntityType,
    id: string,
    at: HybridTime,
    header?: Partition.HeaderValues
  ) => Effect.Effect<WriteOutcome, Failure>
  /**
   * Takes back by new commits what is still in force of a commit or transaction, whoever wrote it, and says what it
   * left as it is. An undo is undone like anything else. Values of the given types pass their schema.
   */
  readonly undo: (target: UndoTarget, types?: ReadonlyArray<Entity.EntityType>) => Effect.Effect<UndoOutcome, Failure>
  /**
   * Undoes one after the other in the order given. When one of them is not here, none is undone; what is refused for
   * another reason leaves those before it undone.
   */
  readonly undoAll: (
    targets: ReadonlyArray<UndoTarget>,
    types?: ReadonlyArray<Entity.EntityType>
  ) => Effect.Effect<UndoOutcome, Failure>
}

export class Records extends Context.Service<
  Records,
  RecordsShape & {
    /**
     * The same for a viewer: what it does not see is not there, whatever is asked, and what it may not do is refused with `WriteDenied`
     * and the words of its decision. What it writes is this device's work all the same, and must be allowed to the device, too.
     */
    readonly seenBy: (viewer: Viewer) => RecordsShape
  }
>()("@syncline/core/orchestrator/Records") {
  static readonly layer = Layer.effect(
    Records,
    Effect.gen(function* () {
      const context: RecordsContext = {
        journal: yield* Journal,
        gate: yield* Gate,
        crypto: yield* Crypto,
        self: (yield* DeviceKey).peer,
        keys: Option.getOrUndefined(yield* Effect.serviceOption(SpaceKeys)),
        quota: yield* IntakeQuota
      }
      return Records.of({ ...shapeOf(context), seenBy: (viewer) => shapeOf({ ...context, viewer }) })
    })
  )
}

const shapeOf = (context: RecordsContext): RecordsShape => {
  const { journal, viewer } = context
  const sees = viewer?.sees
  return {
    put: (type, value, id) => putAll(context, type, [{ id, value }]).pipe(Effect.map((outcome) => outcome.ids[0]!)),
    putAll: (type, items) => putAll(context, type, items),
    copyAll: (copies) => copyAll(context, copies),
    patch: (type, id, changes, header) => patch(context, type, id, changes, header),
    remove: (type, id, header) => remove(context, type, id, header),
    get: (type, id, header) => theOne(journal, type, id, header, sees),
    query: (query) => journal.query({ ...query, sees }),
    history: (query) => history(journal, { ...query, sees }),
    at: (type, id, time, header) => theOneAt(journal, type, id, time, header, sees),
    queryAt: (query, time) => journal.queryAt({ ...query, sees }, time),
    restore: (type, id, at, header) => restore(context, type, id, at, header),
    undo: (target, types = []) => undo(context, target, types),
    undoAll: (targets, types = []) => undoAll(context, targets, types)
  }
}

interface RecordsContext {
  readonly journal: Journal["Service"]
  readonly gate: GateShape
  readonly crypto: Crypto["Service"]
  readonly self: PeerId
  /** Where the keys of the space are followed. */
  readonly keys: SpaceKeys["Service"] | undefined
  /** Where there are quotas. */
  readonly quota: IntakeQuotaShape | undefined
  /** In whose name it is, where it is not for the device itself. */
  readonly viewer?: Viewer | undefined
}

const refuse = (reason: WriteError["reason"]): Effect.Effect<never, WriteError> =>
  Effect.fail(new WriteError({ reason }))

/**
 * Asks the viewer, then the gate, then writes. A policy that does not ask what is done is asked once for each partition; one that
 * does is asked of each change, and so is a viewer.
 */
const write = Effect.fnUntraced(function* (
  context: RecordsContext,
  changes: ReadonlyArray<EntityChange>,
  group?: string
) {
  if (context.viewer !== undefined) yield* askViewer(context, context.viewer, changes)
  const asked: Asked = { allowed: new Set(), told: new Set() }
  const begun = new Set<string>()
  for (const [place, change] of changes.entries()) {
    yield* askGate(context, change, deedsOf(context, change, begun), asked)
    if (place % checkedAtOnceMax === 0) yield* Effect.yieldNow
  }
  const full = changes.length === 0 ? undefined : yield* context.quota?.whyFull ?? Effect.undefined
  if (full !== undefined) return yield* refuse(new QuotaExceeded(full))
  // Last of all: what was asked before may have taken a while.
  if (context.keys !== undefined) yield* context.keys.current
  return yield* context.journal.write(changes, group)
})

/** Records of one write that are looked up before others get a turn: each is looked for in every partition of its type. */
const checkedAtOnceMax = 16

/** Partitions, by their keys. */
interface Asked {
  /** Where everything may be written. */
  readonly allowed: Set<string>
  /** Of which the audit has heard. */
  readonly told: Set<string>
}

const askGate = Effect.fnUntraced(function* (
  { gate, self }: RecordsContext,
  change: EntityChange,
  deeds: Effect.Effect<Deeds, JournalError>,
  { allowed, told }: Asked
) {
  const key = Partition.key(change.partition)
  if (allowed.has(key)) return
  let isAsked = false
  const asking = Effect.suspend(() => {
    isAsked = true
    return deeds
  })
  const decision = yield* gate.canWrite(change.partition, asking)
  if (!decision.allowed || !told.has(key)) yield* gate.audit({ action: "write", peer: self, decision, detail: key })
  told.add(key)
  if (!decision.allowed) return yield* deny(change, decision)
  if (!isAsked) allowed.add(key)
})

const askViewer = Effect.fnUntraced(function* (
  context: RecordsContext,
  viewer: Viewer,
  changes: ReadonlyArray<EntityChange>
) {
  const begun = new Set<string>()
  for (const [place, change] of changes.entries()) {
    const decision = viewer.mayDo(change.partition, yield* deedsOf(context, change, begun))
    if (!decision.allowed) return yield* deny(change, decision)
    if (place % checkedAtOnceMax === 0) yield* Effect.yieldNow
  }
})

const deny = ({ id, partition: { type } }: EntityChange, { because, rule }: Decision) =>
  refuse(new WriteDenied({ type, id, rule, because }))

/** `begun` names the records that earlier changes of the same transaction begin. */
const deedsOf = Effect.fnUntraced(function* (
  { crypto, journal, viewer }: RecordsContext,
  change: EntityChange,
  begun: Set<string>
) {
  // Nothing is read of other partitions, of which there may be very many.
  const isMeant = (partition: Partition.Partition): boolean =>
    Partition.same(partition, change.partition) && viewer?.sees(partition) !== false
  const [known] = yield* journal.liveOf(change.partition.type, change.id, isMeant)
  if (known !== undefined) return ofChange(change, known)
  const name = `${Partition.key(change.partition)}\n${change.id}`
  if (begun.has(name)) return ofChange(change, { fields: {} })
  begun.add(name)
  const partitionHash = Partition.hash(crypto.sha256, journal.info.space, change.partition)
  const deleted = yield* journal.clocks([{ partitionHash, key: Fingerprint.entityKey(crypto.sha256, change.id) }])
  return ofChange(change, deleted.length === 0 ? undefined : { fields: undefined })
})

const putAll = Effect.fnUntraced(function* (
  context: RecordsContext,
  type: Entity.EntityType,
  items: ReadonlyArray<PutItem>
) {
  const nowMs = yield* Clock.currentTimeMillis
  const changes: Array<EntityChange> = []
  for (const item of items) {
    const id = item.id ?? EntityId.uuidV7(nowMs, context.crypto.randomBytes(10))
    const change = Entity.put(type, id, item.value)
    if (change instanceof EntityInvalid) return yield* refuse(change)
    yield* checkHeader(context, type, change)
    changes.push(change)
    if (changes.length % checkedAtOnceMax === 0) yield* Effect.yieldNow
  }
  const outcome = yield* write(context, changes)
  return { ...outcome, ids: changes.map((change) => change.id) }
})

const copyAll = Effect.fnUntraced(function* (context: RecordsContext, copies: ReadonlyArray<EntityCopy.EntityCopy>) {
  for (const copy of copies) {
    const problem = EntityCopy.problem(copy)
    if (problem !== undefined) return yield* refuse(problem)
  }
  return yield* write(context, copies.flatMap(EntityCopy.changes))
})

/** An entity stays in the partition it was made in. */
const checkHeader = Effect.fnUntraced(function* (
  context: RecordsContext,
  type: Entity.EntityType,
  change: EntityChange
) {
  if (type.header.length === 0) return
  const live = yield* context.journal.liveOf(type.name, change.id, context.viewer?.sees)
  if (live.length === 0 || live.some(({ partition }) => Partition.same(partition, change.partition))) return
  const problem = "chooses the partition and cannot change; make a new entity"
  return yield* refuse(new EntityInvalid({ type: type.name, id: change.id, field: type.header.join(", "), problem }))
})

/** The live entity of an id, of those in several partitions the one whose header is named, or `EntityAmbiguous`. */
export const theOne = Effect.fnUntraced(function* (
  journal: Pick<Journal["Service"], "liveOf">,
  type: string,
  id: string,
  header: Partition.HeaderValues | undefined,
  sees?: Sees
) {
  const live = yield* journal.liveOf(type, id, sees)
  if (header !== undefined) return live.find(({ partition }) => Partition.same(partition, { type, header }))
  return yield* onlyOne(type, id, live)
})

const onlyOne = (type: string, id: string, live: ReadonlyArray<EntityView>) =>
  live.length > 1
    ? refuse(new EntityAmbiguous({ type, id, headers: live.map(({ partition }) => partition.header) }))
    : Effect.succeed(live[0])

/** As `theOne` at a time; a deleted one where none was live then. */
export const theOneAt = Effect.fnUntraced(function* (
  journal: Pick<Journal["Service"], "allAt">,
  type: string,
  id: string,
  time: HybridTime,
  header: Partition.HeaderValues | undefined,
  sees?: Sees
) {
  const all = yield* journal.allAt(type, id, time, sees)
  if (header !== undefined) return all.find(({ partition }) => Partition.same(partition, { type, header }))
  const live = all.filter(({ isDeleted }) => !isDeleted)
  return (yield* onlyOne(type, id, live)) ?? all[0]
})

/** The changes of the entity that the question means, or `EntityAmbiguous`. */
export const history = Effect.fnUntraced(function* (
  journal: Pick<Journal["Service"], "history" | "liveOf">,
  query: HistoryQuery
) {
  const partition = query.partition ?? (yield* theOne(journal, query.type, query.id, undefined, query.sees))?.partition
  return yield* journal.history({ ...query, partition })
})

const headerOf = Effect.fnUntraced(function* (
  context: RecordsContext,
  type: Entity.EntityType,
  id: string,
  header: Partition.HeaderValues | undefined
) {
  const known = yield* theOne(context.journal, type.name, id, header, context.viewer?.sees)
  if (known === undefined) return yield* refuse(new EntityNotFound({ type: type.name, id }))
  return known.partition.header
})

const patch = Effect.fnUntraced(function* (
  context: RecordsContext,
  type: Entity.EntityType,
  id: string,
  changes: unknown,
  of: Partition.HeaderValues | undefined
) {
  const header = yield* headerOf(context, type, id, of)
  const change = Entity.patch(type, id, changes, header)
  if (change instanceof EntityInvalid) return yield* refuse(change)
  return yield* write(context, [change])
})

const remove = Effect.fnUntraced(function* (
  context: RecordsContext,
  type: Entity.EntityType,
  id: string,
  of: Partition.HeaderValues | undefined
) {
  const header = yield* headerOf(context, type, id, of)
  return yield* write(context, [{ partition: { type: type.name, header }, id, change: { kind: "delete" } }])
})

const restore = (
  context: RecordsContext,
  type: Entity.EntityType,
  id: string,
  at: HybridTime,
  header: Partition.HeaderValues | undefined
) =>
  againWhenChanged(
    Effect.gen(function* () {
      const changes = yield* context.journal.restoration(type.name, id, at, header, context.viewer?.sees)
      yield* checkPast(changes, [type])
      return yield* write(context, changes)
    })
  )

const undo = (context: RecordsContext, target: UndoTarget, types: ReadonlyArray<Entity.EntityType>) =>
  againWhenChanged(
    Effect.gen(function* () {
      const { changes, entities, group } = yield* context.journal.reversal(target, context.viewer?.sees)
      yield* checkPast(changes, types)
      const { commits } = yield* write(context, changes, group)
      return { commits, entities } satisfies UndoOutcome
    })
  )

const undoAll = Effect.fnUntraced(function* (
  context: RecordsContext,
  targets: ReadonlyArray<UndoTarget>,
  types: ReadonlyArray<Entity.EntityType>
) {
  // What there is to write depends on the undos before it; whether it can be found does not.
  if (targets.length > 1) {
    yield* Effect.forEach(targets, (target) => context.journal.reversal(target, context.viewer?.sees), {
      discard: true
    })
  }
  const outcomes = yield* Effect.forEach(targets, (target) => undo(context, target, types))
  return {
    commits: outcomes.flatMap(({ commits }) => commits),
    entities: outcomes.flatMap(({ entities }) => entities)
  } satisfies UndoOutcome
})

/** How often something is planned anew because an entity was changed between reading and writing it. */
const plansMax = 8

const againWhenChanged = <A>(planned: Effect.Effect<A, Failure>): Effect.Effect<A, Failure> =>
  planned.pipe(
    Effect.retry({
      times: plansMax - 1,
      while: (error) => error._tag === "WriteError" && error.reason._tag === "EntityChanged"
    })
  )

const checkPast = Effect.fnUntraced(function* (
  changes: ReadonlyArray<EntityChange>,
  types: ReadonlyArray<Entity.EntityType>
) {
  const byName = new Map(types.map((type) => [type.name, type]))
  for (const change of changes) {
    const type = byName.get(change.partition.type)
    const invalid = type === undefined ? undefined : Entity.pastProblem(type, change)
    if (invalid !== undefined) return yield* refuse(invalid)
  }
})
