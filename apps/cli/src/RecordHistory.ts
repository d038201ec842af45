/**
 * Reads histories page by page, for whatever a command wants of one: all of it, what a commit just wrote, or when the
 * record began. It prints nothing.
 */
import {
  type EntityTimeline,
  type HybridTime,
  History,
  Journal,
  type Partition,
  Records,
  WriteError
} from "@syncline/core"
import { Effect } from "effect"
import { because, RecordMissingThen } from "./CliError.ts"
import * as PointInTime from "./PointInTime.ts"

export interface RecordRef {
  readonly type: string
  readonly id: string
  /** Says which is meant where several have the id. */
  readonly header?: Partition.HeaderValues | undefined
}

const partitionOf = ({ header, type }: RecordRef): Partition.Partition | undefined =>
  header === undefined ? undefined : { type, header }

/** Newest first, at most `limit` entries; gives how many there were. */
export const eachPage = Effect.fnUntraced(function* <E, R>(
  ref: RecordRef,
  limit: number,
  onPage: (page: ReadonlyArray<EntityTimeline.HistoryEntry>) => Effect.Effect<void, E, R>
) {
  const journal = yield* Journal.Journal
  let count = 0
  let before: EntityTimeline.HistoryEntry | undefined
  for (;;) {
    const wanted = Math.min(limit - count, History.historyRowsMax)
    const { id, type } = ref
    const page = yield* Records.history(journal, { type, id, partition: partitionOf(ref), before, limit: wanted })
    yield* onPage(page)
    count += page.length
    if (page.length < wanted || count >= limit) return count
    before = page.at(-1)
  }
})

/** Changes that one write usually makes of a record, and so are read at first. */
const writtenUsual = 8

/** What commits that were written just now did to the record, in order. */
export const writtenBy = Effect.fnUntraced(function* (
  { header, id, type }: Omit<Journal.EntityRef, "isDeleted">,
  commits: ReadonlyArray<string>
) {
  const journal = yield* Journal.Journal
  const own = new Set(commits)
  const written: Array<EntityTimeline.HistoryEntry> = []
  let before: EntityTimeline.HistoryEntry | undefined
  for (;;) {
    // Their stamps are later than all that is known, so they are the newest.
    const page = yield* journal.history({ type, id, partition: { type, header }, before, limit: writtenUsual })
    const known = page.filter(({ commit }) => own.has(commit))
    written.push(...known)
    if (known.length < writtenUsual) return written.reverse()
    before = page.at(-1)
  }
})

/** Why the record was not there at a time: never, not yet, or not any more. */
export const missingThen = Effect.fnUntraced(function* (ref: RecordRef, at: HybridTime.HybridTime) {
  const then = yield* Journal.Journal.use((journal) => Records.theOneAt(journal, ref.type, ref.id, at, ref.header))
  const { id, type } = ref
  let first: EntityTimeline.HistoryEntry | undefined
  yield* eachPage(ref, Number.POSITIVE_INFINITY, (page) =>
    Effect.sync(() => {
      first = page.at(-1) ?? first
    })
  )
  const made = first as EntityTimeline.HistoryEntry | undefined
  if (made === undefined)
    return yield* new WriteError.WriteError({ reason: new WriteError.EntityNotFound({ type, id }) })
  const problem =
    then === undefined
      ? `it was made at ${PointInTime.print(made.at)}, so take that time or a later one`
      : "it was deleted then, so take an earlier time"
  return yield* because(new RecordMissingThen({ type, id, at: PointInTime.print(at), problem }))
})
