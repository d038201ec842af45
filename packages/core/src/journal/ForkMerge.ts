/**
 * Merging an event that does not continue its author's chain: the author's journal was copied, or it lies; or one that
 * takes the place of an event that has done something here. Both branches count, and the entity is folded from all of its
 * events in one order that every replica computes alike, so that nothing is lost and replicas agree, whichever branch each
 * saw first. All events are read and folded once for a transaction, however many of them it brings; it is slow and for
 * such entities only.
 */
import * as Bytes from "../identity/Bytes.ts"
import { eseqOf } from "../identity/VectorClock.ts"
import type { PlacedEvent } from "../merge/EntityFold.ts"
import { eventName, isReplaced } from "../merge/EntityState.ts"
import type { Dependency } from "../model/Event.ts"
import * as EntityHistory from "./EntityHistory.ts"
import type { OpenedCommits } from "./OpenedCommits.ts"
import type { OpenEntity, Unfolded } from "./OpenEntities.ts"

/** `forked`: applied, and this event is what showed the fork. */
export type ForkStanding = "known" | "gap" | "applied" | "forked"

/**
 * Judges an event against everything that its entity is made of, and notes it; of the entity's state only the clock is
 * right until the transaction ends. `pending` are events of the same commit that were applied already and are not stored
 * yet.
 */
export const merge = (
  commits: OpenedCommits,
  entity: OpenEntity,
  placed: PlacedEvent,
  pending: ReadonlyArray<PlacedEvent>
): ForkStanding => {
  const { event, origin } = placed
  const author = origin.authors[0]!
  const unfolded = (entity.unfolded ??= allOf(commits, entity, pending))
  if (unfolded.numbers.has(eventName(author, origin.hash))) return "known"
  const { clock } = entity.state
  const isSeen = ([index, eseq]: Dependency): boolean => eseqOf(clock, origin.authors[index]!) >= eseq
  // As in an entity without forks: a number that leaves some out has a gap before it, whatever it says it follows.
  const follows = event.eseq === 1 || unfolded.numbers.get(eventName(author, event.prev!)) === event.eseq - 1
  // What it rests on may have been taken back together with it, once it was written again.
  if (!follows || !event.deps.every(isSeen)) return isReplaced(entity.state, origin) ? "known" : "gap"
  const before = clock.get(author)
  const continues =
    before === undefined
      ? event.eseq === 1
      : before.isForked !== true && event.eseq === before.eseq + 1 && Bytes.equals(before.head, event.prev!)
  // As in an entity without forks; in one with them removals are applied after all additions.
  const removals = Object.values(event.ops.r ?? {}).flat()
  if (continues && !entity.state.isForked && !removals.every(([, additions]) => additions.every(isSeen))) return "gap"
  note(unfolded, placed)
  const entry = { eseq: Math.max(before?.eseq ?? 0, event.eseq), head: origin.hash }
  clock.set(author, continues ? entry : { ...entry, isForked: true })
  if (continues) return "applied"
  entity.state.isForked = true
  return before?.isForked === true ? "applied" : "forked"
}

const allOf = (commits: OpenedCommits, entity: OpenEntity, pending: ReadonlyArray<PlacedEvent>): Unfolded => {
  const unfolded: Unfolded = { events: [], numbers: new Map() }
  for (const placed of EntityHistory.newestFirst(commits, entity.id, entity.lseq)) note(unfolded, placed)
  for (const placed of pending) note(unfolded, placed)
  return unfolded
}

const note = ({ events, numbers }: Unfolded, placed: PlacedEvent): void => {
  events.push(placed)
  numbers.set(eventName(placed.origin.authors[0]!, placed.origin.hash), placed.event.eseq)
}
