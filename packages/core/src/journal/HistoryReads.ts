/**
 * How a journal answers about the past, once for every store: the history of an entity, an entity or all of them as
 * they were, and questions as of a time. What rows alone tell is `PastState`'s, the events are `PastEvents`'; nothing is
 * written, and at most a page of entities is held.
 */
import { Effect } from "effect"
import type { HybridTime } from "../identity/HybridTime.ts"
import * as EntityFold from "../merge/EntityFold.ts"
import * as EntityTimeline from "../merge/EntityTimeline.ts"
import * as Partition from "../model/Partition.ts"
import * as EntityRead from "./EntityRead.ts"
import { type HistoryQuery, type HistoryReads, historyRowsMax, type ScanPage, type ScanPosition } from "./History.ts"
import { type EntityQuery, type EntityView, queryRowsMax, type Sees } from "./EntityQuery.ts"
import type { EntityRow, PartitionRow } from "./JournalTables.ts"
import * as PastEvents from "./PastEvents.ts"
import * as PastState from "./PastState.ts"
import * as StateCodec from "./StateCodec.ts"
import * as UndoReads from "./UndoReads.ts"

export interface HistoryContext extends PastEvents.PastContext {
  /** Largest stamp given or seen. */
  readonly lastTime: () => HybridTime
  /** A question about the present. */
  readonly query: (query: EntityQuery) => ReadonlyArray<EntityView>
}

/** The reads of a store. */
export const make = (context: HistoryContext): HistoryReads => ({
  history: (query) => history(context, query),
  at: (type, id, time) => Effect.map(allAt(context, type, id, time), (all) => all.find(isLive) ?? all[0]),
  allAt: (type, id, time, sees) => allAt(context, type, id, time, sees),
  scanAt: (type, time, after, limit) => scanAt(begin(context), type, time, after, limit),
  queryAt: (query, time) => queryAt(context, query, time),
  restoration: (type, id, time, header, sees) => UndoReads.restoration(context, { type, id, time, header, sees }),
  reversal: (target, sees) => UndoReads.reversal(context, target, sees)
})

interface Reading extends PastEvents.Reading {
  readonly context: HistoryContext
}

const begin = (context: HistoryContext): Reading => ({ ...PastEvents.begin(context), context })

type Found = readonly [PartitionRow, EntityRow]

const history = Effect.fnUntraced(function* (context: HistoryContext, query: HistoryQuery) {
  const { id, sees, type } = query
  const found = yield* context.read(() => EntityRead.ofId(context.rows, context.crypto.sha256, type, id, sees))
  const key = query.partition === undefined ? undefined : Partition.key(query.partition)
  const meant =
    key === undefined
      ? (found.find(([, row]) => !row.isDeleted) ?? found[0])
      : found.find(([{ partition }]) => Partition.key(partition) === key)
  if (meant === undefined) return []
  const events = yield* PastEvents.ofEntity(begin(context), meant[1])
  return EntityTimeline.entries(events, query.before, Math.min(query.limit, historyRowsMax), context.crypto.sha256)
})

const isLive = ({ isDeleted }: EntityView): boolean => !isDeleted

const allAt = Effect.fnUntraced(function* (
  context: HistoryContext,
  type: string,
  id: string,
  time: HybridTime,
  sees?: Sees
) {
  const reading = begin(context)
  const views: Array<EntityView> = []
  for (const found of yield* context.read(() => EntityRead.ofId(context.rows, context.crypto.sha256, type, id, sees))) {
    const view = yield* viewAt(reading, found, time)
    if (view !== undefined) views.push(view)
  }
  return views
})

/** One entity as it was, from its row where that tells it. */
const viewAt = Effect.fnUntraced(function* (reading: Reading, [partition, row]: Found, time: HybridTime) {
  const seen = yield* reading.context.read(() => PastState.glance(row, time, spansOf(reading)))
  if (seen !== "unknown") return seen === "present" ? EntityRead.view(partition, row) : undefined
  return viewOf(reading, partition, row.id, yield* PastEvents.ofEntity(reading, row), time)
})

const spansOf = (reading: Reading) => (lseq: number) => PastEvents.spanOf(reading, lseq)

/** What the events up to a time add up to; `undefined` when there are none. */
const viewOf = (
  { context }: Reading,
  { partition }: PartitionRow,
  id: string,
  events: ReadonlyArray<EntityTimeline.CommittedEvent>,
  time: HybridTime
): EntityView | undefined => {
  const known = events.filter(({ origin }) => origin.at <= time)
  if (known.length === 0) return undefined
  const state = EntityFold.fold(known, context.crypto.sha256)
  const fields = StateCodec.view(state, partition.header)
  return { type: partition.type, id, partition, fields, isDeleted: state.isDeleted }
}

/** A page of rows on its way to what they were; several turns may work on it. */
interface PageWork {
  readonly rows: ReadonlyArray<EntityRow>
  readonly time: HybridTime
  readonly head: number
  readonly entities: Array<EntityView>
  next: number
  /** The events of the next row, where they are needed. */
  walk: PastEvents.Walk | undefined
}

const scanAt = Effect.fnUntraced(function* (
  reading: Reading,
  type: string | undefined,
  time: HybridTime,
  position: ScanPosition | undefined,
  limit: number
) {
  const { context } = reading
  const after = position?.after ?? 0
  const { head, page } = yield* context.read(() => ({
    head: position?.head ?? context.rows.head(),
    page: context.rows.entitiesInOrder(after, limit, partitionsOf(context, type))
  }))
  const work: PageWork = { rows: page.rows, time, head, entities: [], next: 0, walk: undefined }
  while (!(yield* context.read(() => workOn(reading, work)))) yield* PastEvents.rest(reading)
  yield* PastEvents.rest(reading)
  return { entities: work.entities, next: page.isEnd ? undefined : { after: after + limit, head } } satisfies ScanPage
})

const partitionsOf = ({ rows }: HistoryContext, type: string | undefined): ReadonlyArray<number> =>
  rows
    .partitions()
    .filter(({ partition }) => type === undefined || partition.type === type)
    .map(({ index }) => index)

/** One turn; true at the end of the page. */
const workOn = (reading: Reading, work: PageWork): boolean => {
  const { entities, head, rows, time } = work
  const { context } = reading
  const isAllPast = context.lastTime() <= time
  const spans = spansOf(reading)
  for (; work.next < rows.length; work.next++) {
    const row = rows[work.next]!
    const partition = context.rows.partitionAt(row.partition)
    if (work.walk === undefined && row.lseq <= head) {
      const seen = isAllPast ? "present" : PastState.glance(row, time, spans)
      if (seen === "present") entities.push(EntityRead.view(partition, row))
      if (seen !== "unknown") continue
    }
    work.walk ??= PastEvents.walk(row, head)
    if (!PastEvents.readOn(reading, work.walk)) return false
    const view = viewOf(reading, partition, row.id, work.walk.found, time)
    if (view !== undefined) entities.push(view)
    work.walk = undefined
  }
  return true
}

/** Places that a question looks at before others have their turn. */
const placesPerTurn = 250

const queryAt = Effect.fnUntraced(function* (context: HistoryContext, query: EntityQuery, time: HybridTime) {
  const present = yield* context.read(() => (context.lastTime() <= time ? context.query(query) : undefined))
  if (present !== undefined) return present
  const answer: Array<EntityView> = []
  const start: ScanPosition = { after: 0, head: yield* context.read(() => context.rows.head()) }
  let skip = query.offset
  let floor: EntityView | undefined
  for (;;) {
    // Rows before the asked ones are passed over a page at a time, so that memory does not grow with the offset.
    const wanted = Math.min(skip + query.limit - answer.length, queryRowsMax)
    const best = yield* firstOf(context, query, time, start, new Selection(query, floor, wanted))
    answer.push(...best.slice(skip))
    if (best.length < wanted || answer.length >= query.limit) return answer
    skip = Math.max(0, skip - best.length)
    floor = best[best.length - 1]
  }
})

/** One reading of all entities. */
const firstOf = Effect.fnUntraced(function* (
  context: HistoryContext,
  query: EntityQuery,
  time: HybridTime,
  start: ScanPosition,
  selection: Selection
) {
  const reading = begin(context)
  for (let next: ScanPosition | undefined = start; next !== undefined;) {
    const page: ScanPage = yield* scanAt(reading, query.type, time, next, placesPerTurn)
    selection.offer(page.entities)
    next = page.next
  }
  return selection.best()
})

/** The first so many entities of a question's order behind a place in it, without holding many more. */
class Selection {
  readonly #query: EntityQuery
  readonly #compare: (a: EntityView, b: EntityView) => number
  readonly #floor: EntityView | undefined
  readonly #max: number
  #rows: Array<EntityView> = []

  constructor(query: EntityQuery, floor: EntityView | undefined, max: number) {
    this.#query = query
    this.#compare = EntityRead.orderOf(query)
    this.#floor = floor
    this.#max = max
  }

  offer(entities: ReadonlyArray<EntityView>): void {
    for (const entity of entities) {
      if (entity.isDeleted || !EntityRead.matches(entity, this.#query)) continue
      if (this.#floor === undefined || this.#compare(entity, this.#floor) > 0) this.#rows.push(entity)
    }
    if (this.#rows.length > this.#max + queryRowsMax) this.best()
  }

  best(): ReadonlyArray<EntityView> {
    this.#rows = this.#rows.sort(this.#compare).slice(0, this.#max)
    return this.#rows
  }
}
