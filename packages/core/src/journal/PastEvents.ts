/**
 * Reads the events of an entity in turns, so that a long history does not hold up the program: each turn is one read of
 * the store. Turns may see different states of it; commits that arrived after the wanted one do not count.
 */
import { Effect } from "effect"
import * as HybridTime from "../identity/HybridTime.ts"
import type { CommittedEvent } from "../merge/EntityTimeline.ts"
import * as Commit from "../model/Commit.ts"
import type { JournalError } from "./JournalError.ts"
import type { EntityRow } from "./JournalTables.ts"
import type { ReaderContext } from "./OpenedCommits.ts"
import { type PastCommit, PastCommits } from "./PastCommits.ts"
import type { CommitSpan } from "./PastState.ts"

export interface PastContext extends ReaderContext {
  /** Runs reads on one state of the store. */
  readonly read: <A>(body: () => A) => Effect.Effect<A, JournalError>
}

/** Commits whose times are remembered; beyond it all are forgotten. */
const spansMax = 4_096
/** Events read in one turn; each may open a commit of 128 events. */
const eventsPerTurnMax = 32

/** What the reading for one question shares. */
export interface Reading {
  readonly context: PastContext
  readonly opened: PastCommits
  readonly spans: Map<number, CommitSpan>
  /** Events read in this turn. */
  sinceRest: number
}

export const begin = (context: PastContext): Reading => ({
  context,
  opened: new PastCommits(context),
  spans: new Map(),
  sinceRest: 0
})

/** The reading of one entity's events, which several turns may share. */
export interface Walk {
  readonly row: EntityRow
  /** Newer commits do not count. */
  readonly head: number
  /** What was found so far, the newest arrival first. */
  found: Array<CommittedEvent>
  /** Arrival number of the commit to read next, 0 at the end. */
  at: number
}

/** Begins with the entity's last change. */
export const walk = (row: EntityRow, head = Number.POSITIVE_INFINITY): Walk => ({ row, head, found: [], at: row.lseq })

/** Reads on, inside a read of the store, as far as the turn allows. True at the end of the walk. */
export const readOn = (reading: Reading, walked: Walk): boolean => {
  while (walked.at > 0) {
    if (reading.sinceRest >= eventsPerTurnMax) return false
    const commit = reading.opened.find(walked.at)
    if (commit === undefined) beginAgain(reading, walked)
    else takeEvents(reading, walked, commit)
  }
  return true
}

const takeEvents = (reading: Reading, walked: Walk, commit: PastCommit): void => {
  const { before, events } = reading.opened.eventsOf(commit, walked.row.id)
  walked.at = before
  reading.sinceRest += events.length
  if (commit.lseq <= walked.head) walked.found.push(...events)
}

/** Between two turns a commit on the way was withdrawn, and the others were linked past it. */
const beginAgain = ({ context, opened }: Reading, walked: Walk): void => {
  const { id, key, partition } = walked.row
  opened.clear()
  walked.found = []
  walked.at = context.rows.entity(partition, key, id)?.lseq ?? 0
}

/** All events of one entity, the newest arrival first. */
export const ofEntity = Effect.fnUntraced(function* (reading: Reading, row: EntityRow) {
  const walked = walk(row)
  while (!(yield* reading.context.read(() => readOn(reading, walked)))) yield* rest(reading)
  return walked.found
})

/** The times of a commit that a row names, from its header alone; `undefined` when it was withdrawn since. */
export const spanOf = ({ context, spans }: Reading, lseq: number): CommitSpan | undefined => {
  const known = spans.get(lseq)
  if (known !== undefined) return known
  const row = context.rows.commitAt(lseq)
  if (row === undefined || row.events === 0) return undefined
  const packed = Commit.open(row.bytes)
  if (typeof packed === "string") throw new Error(`commit ${lseq}: ${packed}`)
  const { at, count } = packed.header
  const span: CommitSpan = [at, HybridTime.add(at, count - 1)]
  if (spans.size >= spansMax) spans.clear()
  spans.set(lseq, span)
  return span
}

/** Lets others run; a turn ends with it. */
export const rest = (reading: Reading): Effect.Effect<void> =>
  Effect.suspend(() => {
    reading.sinceRest = 0
    return Effect.yieldNow
  })
