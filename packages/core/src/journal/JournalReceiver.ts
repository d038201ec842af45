/**
 * What commits of others do to the rows of a journal, once for every store: they are checked, merged and kept, each
 * wholly or not at all. It runs inside one transaction of the store. The author's signature and the peer's rights were
 * checked before; everything that concerns the events themselves is checked here.
 */
import * as HybridTime from "../identity/HybridTime.ts"
import type { PeerId } from "../identity/PeerId.ts"
import * as EntityState from "../merge/EntityState.ts"
import * as Commit from "../model/Commit.ts"
import * as Event from "../model/Event.ts"
import * as Limits from "../model/Limits.ts"
import type { ConflictRef, EntityRef, RemoteBatch, RemoteOutcome } from "./Journal.ts"
import type { JournalTables, PartitionRow } from "./JournalTables.ts"
import type { WriterContext } from "./JournalWriter.ts"
import { OpenEntities, type OpenEntity } from "./OpenEntities.ts"

/** Most conflicts and forks that one batch reports; the rest stays visible in the history only. */
const reportsMax = 64

/** Counts of a batch while it is taken in. */
interface Tally {
  applied: number
  known: number
  held: number
  gaps: number
  readonly refused: Map<string, number>
  readonly forks: Array<RemoteOutcome["forks"][number]>
  readonly conflicts: Array<ConflictRef>
}

/** One batch on its way into the rows. */
interface Intake {
  readonly context: WriterContext
  readonly entities: OpenEntities
  readonly tally: Tally
  readonly nowMs: number
  readonly aheadMsMax: number
}

const intake = (context: WriterContext, nowMs: number, aheadMsMax: number): Intake => ({
  context,
  entities: new OpenEntities(context.tables, context.crypto),
  tally: { applied: 0, known: 0, held: 0, gaps: 0, refused: new Map(), forks: [], conflicts: [] },
  nowMs,
  aheadMsMax
})

/** Takes in commits of others whose author signatures were verified, and moves the cursor with them. */
export const receive = (context: WriterContext, batch: RemoteBatch, nowMs: number): RemoteOutcome => {
  const work = intake(context, nowMs, batch.aheadMsMax)
  const source = context.tables.peerOf(batch.peer).index
  for (const bytes of batch.commits) {
    const refusal = takeCommit(work, bytes, batch.peer, source)
    if (refusal !== undefined) work.tally.refused.set(refusal, (work.tally.refused.get(refusal) ?? 0) + 1)
  }
  const entities = work.entities.finish()
  const cursor = moveCursor(context.tables, batch)
  return { ...work.tally, refused: [...work.tally.refused], entities, cursor, head: context.tables.head() }
}

/** Applies held commits that are due; each is tried as if it came now from the peer that brought it. */
export const releaseHeld = (
  context: WriterContext,
  nowMs: number,
  limit: number
): { readonly released: number; readonly entities: ReadonlyArray<EntityRef> } => {
  // Being due was decided when the commit was held, with the bound that was in force then.
  const work = intake(context, nowMs, Infinity)
  const due = context.tables.heldDue(nowMs, limit)
  for (const row of due) {
    context.tables.unhold(row.id)
    takeCommit(work, row.bytes, row.peer, context.tables.peerOf(row.peer).index)
  }
  return { released: due.length, entities: work.entities.finish() }
}

const moveCursor = (tables: JournalTables, batch: RemoteBatch): number => {
  const row = tables.peerOf(batch.peer)
  if (batch.feed === undefined) return row.cursor
  const { from, incarnation, upto } = batch.feed
  const cursor = row.incarnation === incarnation ? row.cursor : 0
  // A stretch that starts beyond the cursor would jump over what lies between.
  if (from > cursor || upto <= cursor) return cursor
  tables.setPeer({ ...row, incarnation, cursor: upto })
  return upto
}

/** Takes in one commit; returns the code of a refusal. */
const takeCommit = (work: Intake, bytes: Uint8Array, peer: PeerId, source: number): string | undefined => {
  const { compression, crypto, space, tables } = work.context
  const packed = Commit.open(bytes)
  if (typeof packed === "string") return "CommitMalformed"
  const { header } = packed
  if (header.space !== space) return "SpaceForeign"
  const opened = Commit.openEvents(crypto, compression, packed)
  if (typeof opened === "string") return "CommitForged"
  const events: Array<Event.Event> = []
  for (const eventBytes of opened.events) {
    const event = Event.decode(eventBytes, header.authors.length)
    if (typeof event === "string") return "EventMalformed"
    events.push(event)
  }
  const dueMs = HybridTime.millis(header.at) - work.aheadMsMax
  if (dueMs > work.nowMs) {
    if (dueMs > work.nowMs + Limits.clockAheadMsMax) return "StampTooFarAhead"
    if (tables.heldCount() >= Limits.heldCommitsMax) return "QuarantineFull"
    tables.hold({ id: Commit.id(crypto, packed), dueMs, peer, bytes })
    work.tally.held++
    return undefined
  }
  const row = tables.partitionOf(header.partition)
  if (row === undefined) return "PartitionsExhausted"
  mergeCommit(work, { packed, opened, events, bytes }, row, source)
  return undefined
}

interface OpenedCommit {
  readonly packed: Commit.PackedCommit
  readonly opened: Commit.CommitEvents
  readonly events: ReadonlyArray<Event.Event>
  readonly bytes: Uint8Array
}

const mergeCommit = (work: Intake, commit: OpenedCommit, row: PartitionRow, source: number): void => {
  const { tables } = work.context
  const { header } = commit.packed
  const previous: Array<number> = []
  const touched: Array<OpenEntity> = []
  for (let i = 0; i < commit.events.length; i++) {
    const entity = work.entities.open(row, commit.events[i]!.entity)
    const before = entity.lseq
    const isApplied = mergeEvent(work, commit, i, row, entity)
    previous.push(isApplied ? before : -1)
    if (isApplied) touched.push(entity)
  }
  if (touched.length === 0) return
  const author = header.authors[0]!
  const lseq = tables.appendCommit({
    partition: row.index,
    author: tables.authorIndex(author),
    source,
    events: commit.events.length,
    previous,
    bytes: commit.bytes
  })
  for (const entity of touched) work.entities.changed(entity, lseq)
  // A clock that has seen a stamp never gives a smaller one. What is further ahead than allowed never gets here.
  const last = HybridTime.add(header.at, header.count - 1)
  if (last > tables.lastTime()) tables.setLastTime(last)
}

const mergeEvent = (work: Intake, commit: OpenedCommit, i: number, row: PartitionRow, entity: OpenEntity): boolean => {
  const { header } = commit.packed
  const { tally } = work
  const event = commit.events[i]!
  const origin: EntityState.Origin = {
    at: HybridTime.add(header.at, commit.opened.places[i]!),
    authors: header.authors,
    hash: commit.opened.leaves[i]!.slice(0, Event.eventHashBytes)
  }
  const { type } = row.partition
  switch (EntityState.standing(entity.state, event, origin)) {
    case "known":
      tally.known++
      return false
    case "gap":
      tally.gaps++
      return false
    case "fork":
      if (tally.forks.length < reportsMax) tally.forks.push({ author: header.authors[0]!, type, id: entity.id })
      tally.refused.set("Forked", (tally.refused.get("Forked") ?? 0) + 1)
      return false
    case "new": {
      tally.applied++
      for (const { field, loser, winner } of EntityState.apply(entity.state, event, origin)) {
        if (tally.conflicts.length >= reportsMax) break
        tally.conflicts.push({ type, id: entity.id, field, winner: winner.author, loser: loser.author })
      }
      return true
    }
  }
}
