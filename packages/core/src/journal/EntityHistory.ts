/**
 * The events that an entity is made of, found by following its commits back in time: each stored event names the
 * commit that changed its entity before. There is no event table; this walk is what history, undo, withdrawal and
 * forks rest on.
 */
import * as HybridTime from "../identity/HybridTime.ts"
import type { Origin } from "../merge/EntityState.ts"
import * as Event from "../model/Event.ts"
import type { OpenedCommit, OpenedCommits } from "./OpenedCommits.ts"

/** One applied event and where it is stored. */
export interface HistoricEvent {
  /** Arrival number of its commit here. */
  readonly lseq: number
  /** Its index among the events that the row stores; a part of a commit stores only some. */
  readonly index: number
  readonly event: Event.Event
  readonly origin: Origin
  readonly commit: OpenedCommit
}

/** Where an event of an opened commit comes from. */
export const originOf = ({ events, packed }: Pick<OpenedCommit, "events" | "packed">, index: number): Origin => ({
  at: HybridTime.add(packed.header.at, events.places[index]!),
  authors: packed.header.authors,
  hash: events.leaves[index]!.slice(0, Event.eventHashBytes)
})

/** Applied events of one entity from the newest arrival back, lazily; `lseq` is the entity's last change. */
export function* newestFirst(commits: OpenedCommits, id: string, lseq: number): Generator<HistoricEvent> {
  for (let at = lseq; at > 0;) {
    const { before, events } = eventsIn(commits.get(at), id)
    yield* events
    at = before
  }
}

/** The applied events of one entity in one commit, the last first, and the commit that changed the entity before. */
export const eventsIn = (
  commit: OpenedCommit,
  id: string
): { readonly events: ReadonlyArray<HistoricEvent>; readonly before: number } => {
  const events: Array<HistoricEvent> = []
  let before = 0
  for (let index = commit.decoded.length - 1; index >= 0; index--) {
    const event = commit.decoded[index]!
    const previous = commit.row.previous[index]!
    if (event.entity !== id || previous < 0) continue
    before = previous
    events.push({ lseq: commit.row.lseq, index, event, origin: originOf(commit, index), commit })
  }
  return { events, before }
}

/** All applied events of one entity in order of arrival. */
export const ofEntity = (commits: OpenedCommits, id: string, lseq: number): ReadonlyArray<HistoricEvent> =>
  [...newestFirst(commits, id, lseq)].reverse()
