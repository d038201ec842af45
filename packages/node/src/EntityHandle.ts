/**
 * Reading and writing records of one entity type with promises: what `node.task` is. It translates types and nothing
 * else: schemas, rights and durability are core's business.
 */
import {
  Entity,
  type EntityTimeline,
  History,
  HybridTime,
  type Journal,
  type Orchestrator,
  type Partition,
  type Records,
  type SyncEvent
} from "@syncline/core"
import { type Context, Effect, Queue, Stream } from "effect"
import { type PointInTime, toStamp } from "./PointInTime.ts"

type NamesOf<F extends Entity.Fields, Kind> = {
  [K in keyof F]: F[K] extends { readonly kind: Kind } ? K : never
}[keyof F]

/** A record as it is read: its id and its fields. Counters that nobody changed are 0, sets are empty. */
export type RowOf<F extends Entity.Fields> = Entity.Row<F> & {
  readonly [K in NamesOf<F, "counter">]: number
} & {
  readonly [K in NamesOf<F, "orSet">]: K extends keyof Entity.Input<F> ? Exclude<Entity.Input<F>[K], undefined> : never
}

/** Fields that hold a single value, so that questions can ask for it. */
type ScalarNames<F extends Entity.Fields> = {
  [K in keyof Entity.Input<F>]-?: Exclude<Entity.Input<F>[K], undefined> extends string | number | boolean | null
    ? K
    : never
}[keyof Entity.Input<F>] &
  string

/** A question about the records of one type. */
export interface Question<F extends Entity.Fields> {
  /** Fields that must equal these values; `null` also means missing. */
  readonly where?: { readonly [K in ScalarNames<F> & keyof Entity.Input<F>]?: Entity.Input<F>[K] | null }
  readonly orderBy?: ScalarNames<F>
  readonly isDescending?: boolean
  /** 1 to 10,000; default 1,000. */
  readonly limit?: number
  readonly offset?: number
}

/** A question about the present or about the past. */
export interface PastQuestion<F extends Entity.Fields> extends Question<F> {
  /** The records as they were then. It takes longer than asking about the present. */
  readonly at?: PointInTime
}

/** Which part of a history is wanted. */
export interface HistoryPage {
  /** Only what lies before this entry. */
  readonly before?: EntityTimeline.HistoryPosition
  /** Which record is meant where several have the id; without it that rejects with `EntityAmbiguous`. */
  readonly header?: Partition.HeaderValues
  /** 1 to 1,000; default 100. */
  readonly limit?: number
}

/** One change of a record. `undo` takes it as it is; `restore` takes its `at`. */
export interface Change extends EntityTimeline.HistoryEntry {
  /** When its author's clock said it was. */
  readonly date: Date
}

/** What a transaction wrote. */
export interface Written {
  readonly ids: ReadonlyArray<string>
  /** Ids of its commits, which `undo` takes; none when nothing changed. */
  readonly commits: ReadonlyArray<string>
}

export interface EntityHandle<F extends Entity.Fields> {
  /**
   * Makes one record look like `value` and gives its id, a new one when `value` has none. Durable when it resolves.
   * `putAll` of one record also tells the commit. What is written at once of one record has at most 63 KiB encoded and
   * 32,512 values, every name and list element being one; with more it rejects with `WriteError`. A record that grew
   * larger by patches can be patched further, but not put as a whole.
   */
  readonly put: (value: Entity.Input<F> & { readonly id?: string }) => Promise<string>
  /** Puts many in one transaction: all or none. */
  readonly putAll: (values: ReadonlyArray<Entity.Input<F> & { readonly id?: string }>) => Promise<Written>
  /**
   * Changes fields of a record. Sets and counters change by `Entity.add`, `Entity.remove` and `Entity.inc`. Gives the
   * ids of its commits, by which a hook knows what it wrote itself; none when nothing changed. Here and below, `header` says
   * which record is meant where several have the id; without it that rejects with `EntityAmbiguous`.
   */
  readonly patch: (
    id: string,
    changes: Entity.PatchInput<F>,
    header?: Partition.HeaderValues
  ) => Promise<ReadonlyArray<string>>
  /** Deletes a record. Gives the ids of its commits. */
  readonly delete: (id: string, header?: Partition.HeaderValues) => Promise<ReadonlyArray<string>>
  readonly get: (id: string, header?: Partition.HeaderValues) => Promise<RowOf<F> | undefined>
  readonly query: (question?: PastQuestion<F>) => Promise<ReadonlyArray<RowOf<F>>>
  /** What became of a record, newest first by the times of its authors' clocks; also of a deleted one. */
  readonly history: (id: string, page?: HistoryPage) => Promise<ReadonlyArray<Change>>
  /**
   * The record as it was; `undefined` when it was deleted or did not exist yet. Where several had the id then, `header` says
   * which is meant.
   */
  readonly at: (id: string, time: PointInTime, header?: Partition.HeaderValues) => Promise<RowOf<F> | undefined>
  /**
   * Makes the record look as it did, also a deleted one. Fields that it did not have then are missing afterwards. Gives
   * the ids of its commits; none when it looks so. Rejects with `WriteError` when it did not exist.
   */
  readonly restore: (id: string, time: PointInTime, header?: Partition.HeaderValues) => Promise<ReadonlyArray<string>>
  /**
   * The answer now, and again after changes of this type. Changes while the caller is busy are answered together, so
   * a slow caller misses states in between and never the last one. Ends when the node closes.
   */
  readonly live: (question?: Question<F>) => AsyncIterable<ReadonlyArray<RowOf<F>>>
}

/** What a handle works with. */
export interface HandleContext {
  readonly records: Records.Records["Service"]
  readonly orchestrator: Orchestrator.Orchestrator["Service"]
  readonly services: Context.Context<never>
  /** Succeeds when the node closes. */
  readonly closed: Effect.Effect<void>
}

/** Rows that a question gets when it names no limit. */
const limitDefault = 1_000
const limitMax = 10_000
/** Changes that a page of history holds when it names no limit. */
const changesDefault = 100

export const make = <F extends Entity.Fields>(
  context: HandleContext,
  type: Entity.EntityType<string, F>
): EntityHandle<F> => {
  const { records } = context
  const run = Effect.runPromiseWith(context.services)
  // The declared type is erased for core, which checks every value against the schema anyway.
  const erased = type as unknown as Entity.EntityType
  const row = rowsOf<F>(erased)
  const found = (view: Journal.EntityView | undefined) => (view === undefined || view.isDeleted ? undefined : row(view))
  const ask = (question: PastQuestion<F> | undefined) => {
    const asked = toQuery(type.name, question)
    const at = question?.at
    const views = at === undefined ? records.query(asked) : records.queryAt(asked, toStamp(at))
    return Effect.map(views, (all) => all.map(row))
  }
  return {
    put: (value) => run(records.put(erased, value, value.id)),
    putAll: (values) =>
      run(
        Effect.map(
          records.putAll(
            erased,
            values.map((value) => ({ id: value.id, value }))
          ),
          ({ commits, ids }) => ({ ids, commits })
        )
      ),
    patch: (id, changes, header) =>
      run(Effect.map(records.patch(erased, id, changes, header), ({ commits }) => commits)),
    delete: (id, header) => run(Effect.map(records.remove(erased, id, header), ({ commits }) => commits)),
    get: (id, header) => run(Effect.map(records.get(type.name, id, header), found)),
    query: async (question) => run(ask(question)),
    history: async (id, { before, header, limit = changesDefault } = {}) => {
      wholeWithin("limit", limit, 1, History.historyRowsMax)
      const partition = header === undefined ? undefined : { type: type.name, header }
      const asked = { type: type.name, id, partition, before, limit }
      return run(Effect.map(records.history(asked), (entries) => entries.map(dated)))
    },
    at: async (id, time, header) => run(Effect.map(records.at(type.name, id, toStamp(time), header), found)),
    restore: async (id, time, header) =>
      run(Effect.map(records.restore(erased, id, toStamp(time), header), ({ commits }) => commits)),
    live: (question) => {
      const rows = Stream.mapEffect(changesOf(context, type.name), () => ask(question))
      return Stream.toAsyncIterableWith(Stream.interruptWhen(rows, context.closed), context.services)
    }
  }
}

/** A signal that was not taken yet stands for all later ones. */
const signalsWaitingMax = 1

/** One signal at once and one after changes; signals that nobody took yet are one. */
const changesOf = (context: HandleContext, type: string): Stream.Stream<void> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const wanted = yield* Queue.sliding<void>(signalsWaitingMax)
      yield* Queue.offer(wanted, undefined)
      yield* context.orchestrator.events.pipe(
        Stream.filter((event) => concerns(event, type)),
        Stream.runForEach(() => Queue.offer(wanted, undefined)),
        // Listening begins before the first answer is read, so that no change falls in between.
        Effect.forkScoped({ startImmediately: true })
      )
      return Stream.fromQueue(wanted)
    })
  )

const concerns = (event: SyncEvent.SyncEvent, type: string): boolean =>
  event._tag === "Lagged" || (event._tag === "EntitiesUpdated" && event.type === type)

const dated = (entry: EntityTimeline.HistoryEntry): Change => ({
  ...entry,
  date: new Date(HybridTime.millis(entry.at))
})

/** How records of a type are shown. What undoing or restoring had to empty is not there. */
const rowsOf =
  <F extends Entity.Fields>(type: Entity.EntityType): ((view: Journal.EntityView) => RowOf<F>) =>
  (view) => {
    const row: Record<string, unknown> = { id: view.id, ...Entity.withoutEmptied(type, view.fields) }
    for (const [name, field] of Object.entries(type.fields)) {
      if (field.kind === "counter") row[name] ??= 0
      else if (field.kind === "orSet") row[name] ??= []
    }
    return row as RowOf<F>
  }

const toQuery = <F extends Entity.Fields>(type: string, question: Question<F> = {}): Journal.EntityQuery => {
  const { isDescending = false, limit = limitDefault, offset = 0, orderBy, where = {} } = question
  wholeWithin("limit", limit, 1, limitMax)
  wholeWithin("offset", offset, 0, Number.MAX_SAFE_INTEGER)
  const orders = orderBy === undefined ? undefined : { field: orderBy, isDescending }
  return { type, where: defined(where), orderBy: orders, limit, offset }
}

/** A condition that is `undefined` is none, as in the rest of JavaScript. */
const defined = (where: object): Journal.EntityQuery["where"] =>
  Object.fromEntries(Object.entries(where).filter(([, value]) => value !== undefined))

const wholeWithin = (name: string, value: number, min: number, max: number): void => {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  throw new RangeError(`${name} is ${value}, not a whole number from ${min} to ${max}`)
}
