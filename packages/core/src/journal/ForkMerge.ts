/**
 * Merging an event that does not continue its author's chain: the author's journal was copied, or it lies; or one that
 * takes the place of an event that has done something here. Both branches count, and the entity is folded from all of its events in one order that every replica computes alike, so
 * that nothing is lost and replicas agree, whichever branch each saw first. It is slow and for forked entities only.
 */
import * as Bytes from "../identity/Bytes.ts"
import { eseqOf } from "../identity/VectorClock.ts"
import type { PlacedEvent } from "../merge/EntityFold.ts"
import * as EntityFold from "../merge/EntityFold.ts"
import * as EntityHistory from "./EntityHistory.ts"
import type { OpenedCommits } from "./OpenedCommits.ts"
import type { OpenEntity } from "./OpenEntities.ts"

/** `forked`: applied, and this event is what showed the fork. */
export type ForkStanding = "known" | "gap" | "applied" | "forked"

/**
 * Judges an event against everything that its entity is made of, and applies it. `pending` are events of the same
 * commit that were applied already and are not stored yet.
 */
export const merge = (
  commits: OpenedCommits,
  entity: OpenEntity,
  placed: PlacedEvent,
  pending: ReadonlyArray<PlacedEvent>
): ForkStanding => {
  const { event, origin } = placed
  const author = origin.authors[0]!
  const events: Array<PlacedEvent> = [...EntityHistory.ofEntity(commits, entity.id, entity.lseq), ...pending]
  const own = events.filter((other) => other.origin.authors[0] === author)
  if (own.some((other) => Bytes.equals(other.origin.hash, origin.hash))) return "known"
  const { clock } = entity.state
  const follows = event.eseq === 1 || own.some((other) => Bytes.equals(other.origin.hash, event.prev!))
  if (!follows || !event.deps.every(([index, eseq]) => eseqOf(clock, origin.authors[index]!) >= eseq)) return "gap"
  const wasForked = clock.get(author)?.isForked === true
  entity.state = EntityFold.fold([...events, placed], commits.context.crypto.sha256)
  return !wasForked && entity.state.clock.get(author)!.isForked === true ? "forked" : "applied"
}
