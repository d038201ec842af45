/**
 * The firewall against mass deletes: deletes of one device that are more than a person usually means wait until a
 * person has confirmed them. It is judged where a device delivers its own commits, where whoever delivers them is no
 * custodian, and whoever delivers them at a node that was dialled, such as a hub. Who dials a custodian takes its word.
 */
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import type { PeerId } from "../identity/PeerId.ts"
import * as EntityState from "../merge/EntityState.ts"
import * as Event from "../model/Event.ts"
import * as Partition from "../model/Partition.ts"
import type { CheckedCommit, Opening } from "./CommitOpening.ts"
import type { DeleteLimits } from "./DeleteWatch.ts"
import * as EntityHistory from "./EntityHistory.ts"
import type { CommitDeletes } from "./Journal.ts"
import type { WriterContext } from "./JournalWriter.ts"
import type { KnownEvents } from "./KnownEvents.ts"
import { OpenEntities, type OpenEntity } from "./OpenEntities.ts"

interface Work {
  readonly context: WriterContext
  readonly entities: OpenEntities
  readonly known: KnownEvents
  readonly nowMs: number
  readonly aheadMsMax: number
}

/** What an opened commit deletes; `undefined` when it deletes nothing. */
export const deletesOf = ({ decoded, events, id, packed: { header } }: CheckedCommit): CommitDeletes | undefined => {
  const found: Array<CommitDeletes["entities"][number]> = []
  decoded.forEach((event, index) => {
    if (!Event.mayDelete(event)) return
    const { deps, entity, eseq } = event
    const hash = events.leaves[index]!.slice(0, Event.eventHashBytes)
    found.push([entity, eseq, hash, events.places[index]!, eseq === 1 && deps.length === 0])
  })
  const writer = header.authors[0]!
  if (found.length === 0) return undefined
  return { id, author: Author.peer(writer), writer, at: header.at, partition: header.partition, entities: found }
}

/** The deletes of one device in a batch. */
interface Deleting {
  readonly byType: Map<string, number>
  readonly commits: Array<string>
}

export interface Judging {
  readonly deleteLimits: DeleteLimits
  /** The custodian that delivered the commits and has judged those of others. */
  readonly judgedBy: PeerId | undefined
  /** The device as which a commit's deletes count; its author's where nothing is said. */
  readonly deletingOf?: (commit: CommitDeletes) => PeerId
  /** What commits delete that come right after these and are judged with them. */
  readonly later?: ReadonlyArray<CommitDeletes>
}

/**
 * Ids of the commits that must wait. What comes is noted, held or not, so that the next batch is judged with it: else a
 * long row of deletes would pass bit by bit. Each delete is noted once within the window, however often it comes, and
 * what is ahead of the clock not before it is due.
 */
export const judgeDeletes = (
  work: Work,
  openings: ReadonlyArray<Opening>,
  { deleteLimits, deletingOf = authorOf, judgedBy, later = [] }: Judging
): ReadonlySet<string> => {
  const { deleteWatch, signer, tables } = work.context
  const byAuthor = new Map<PeerId, Deleting>()
  const waiting = new Set<string>()
  const begins = beginningsIn(openings)
  const judge = (commit: CommitDeletes, entities: OpenEntities): void => {
    const author = deletingOf(commit)
    if (author === signer.peer || (judgedBy !== undefined && author !== judgedBy)) return
    const deletes = deletesWhat(work, entities, commit, begins)
    if (deletes === "known") return
    if (tables.quarantineRow(commit.id)?.reason === "MassDelete") return void waiting.add(commit.id)
    if (deletes.length === 0 || HybridTime.millis(commit.at) - work.aheadMsMax > work.nowMs) return
    const fresh = deleteWatch.remember(author, commit.id, deletes, work.nowMs, deleteLimits.windowMs)
    const { type } = commit.partition
    const deleting = byAuthor.get(author) ?? { byType: new Map<string, number>(), commits: [] }
    byAuthor.set(author, deleting)
    deleting.byType.set(type, (deleting.byType.get(type) ?? 0) + fresh.length)
    deleting.commits.push(commit.id)
  }
  for (const opening of openings) {
    const commit = opening.kind === "checked" ? deletesOf(opening.commit) : undefined
    if (commit !== undefined) judge(commit, work.entities)
  }
  // They are not written now, so what is read for one is not kept for the next.
  for (const commit of later) judge(commit, new OpenEntities(tables, work.context.crypto))
  for (const [author, { byType, commits }] of byAuthor) {
    if (isTooMuch(work, author, byType, deleteLimits)) for (const id of commits) waiting.add(id)
    for (const [type, records] of byType) {
      deleteWatch.note(author, type, records, work.nowMs, deleteLimits.windowMs)
    }
  }
  return waiting
}

const authorOf = ({ author }: CommitDeletes): PeerId => author

/** True for an entity that some of these commits begin; they are read when a delete asks for it. */
type Begins = (partition: Partition.Partition, id: string) => boolean

const beginningsIn = (openings: ReadonlyArray<Opening>): Begins => {
  let found: Set<string> | undefined
  return (partition, id) => {
    if (found === undefined) {
      found = new Set()
      for (const opening of openings) {
        if (opening.kind !== "checked") continue
        const { decoded, packed } = opening.commit
        const key = Partition.key(packed.header.partition)
        for (const { deps, entity, eseq } of decoded)
          if (eseq === 1 && deps.length === 0) found.add(`${key}\n${entity}`)
      }
    }
    return found.has(`${Partition.key(partition)}\n${id}`)
  }
}

/**
 * Places of the commit's events that delete a live entity, or one that is not here and may come: a delete that rests on
 * nothing is taken in before the records that it deletes, and one that comes with its record may be of another device's, too: of
 * one that was made with the same id elsewhere and would be deleted as it comes. What was taken in before deletes nothing once
 * more, although somebody may have brought the record back since.
 */
const deletesWhat = (
  { context: { tables }, known }: Work,
  opened: OpenEntities,
  { entities, partition, writer }: CommitDeletes,
  begins: Begins
): ReadonlyArray<number> | "known" => {
  const row = tables.findPartition(partition)
  const mayTake = (id: string, isFirst: boolean): boolean => isFirst || begins(partition, id)
  if (row === undefined)
    return entities.filter(([id, , , , isFirst]) => mayTake(id, isFirst)).map(([, , , place]) => place)
  const deletes: Array<number> = []
  let unknown = 0
  for (const [id, eseq, hash, place, isFirst] of entities) {
    const entity = opened.open(row, id)
    if (isKnown(known, entity, writer, eseq, hash)) continue
    unknown++
    const isUnknown = entity.state.clock.size === 0
    if (isUnknown ? mayTake(id, isFirst) : !entity.state.isDeleted) deletes.push(place)
  }
  return unknown === 0 ? "known" : deletes
}

const isKnown = (known: KnownEvents, entity: OpenEntity, writer: Author.Author, eseq: number, hash: Uint8Array) => {
  const last = entity.state.clock.get(writer)
  if (last === undefined || last.eseq < eseq) return false
  return last.eseq === eseq && Bytes.equals(last.head, hash) ? true : known.has(entity, hash)
}

/**
 * True when something that the commit rests on is missing here, so that it cannot be applied as a whole. Of records with
 * forks only a merge can tell; there it is not said.
 */
export const restsOnMissing = ({ context: { tables }, entities }: Work, commit: CheckedCommit): boolean => {
  const row = tables.partitionOf(commit.packed.header.partition)
  if (row === undefined) return false
  const states = new Map<OpenEntity, EntityState.EntityState>()
  return commit.decoded.some((event, index) => {
    const entity = entities.open(row, event.entity)
    const { state } = entity
    // Events of one commit may rest on each other, and nothing of them is kept.
    const tried = states.get(entity) ?? { ...state, clock: new Map(state.clock), replaced: new Set(state.replaced) }
    states.set(entity, tried)
    const origin = EntityHistory.originOf(commit, index)
    const standing = entity.unfolded === undefined ? EntityState.standing(tried, event, origin, true) : "fork"
    if (standing === "new" || EntityState.isReplaced(tried, origin)) {
      EntityState.noteReplaced(tried, event, origin)
      tried.clock.set(origin.authors[0]!, { eseq: event.eseq, head: origin.hash })
    }
    return standing === "gap"
  })
}

const isTooMuch = (
  { context: { deleteWatch, tables }, nowMs }: Work,
  author: PeerId,
  byType: ReadonlyMap<string, number>,
  { recordsMax, shareFrom, shareMax, windowMs }: DeleteLimits
): boolean => {
  let all = deleteWatch.recent(author, undefined, nowMs, windowMs)
  for (const [type, records] of byType) {
    all += records
    const before = deleteWatch.recent(author, type, nowMs, windowMs)
    const ofType = before + records
    // What is deleted, put and deleted again counts each time, so a share can be more than everything.
    if (shareMax < 1 && ofType >= shareFrom && ofType > shareMax * (tables.countLive(type) + before)) return true
  }
  return all > recordsMax
}
