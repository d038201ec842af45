/**
 * An entity's state from all of its events at once, in one order that every replica computes alike: by time, author
 * and hash. A writer's stamps are larger than all it had seen, so this order keeps causes before effects. It is the
 * slow way, for entities whose history changed behind them: a fork was found, or a commit was withdrawn.
 */
import type { Author } from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { Event } from "../model/Event.ts"
import { eventHashBytes } from "../model/Event.ts"
import * as EntityState from "./EntityState.ts"
import { wins } from "./LwwRegister.ts"

export interface PlacedEvent {
  readonly event: Event
  readonly origin: EntityState.Origin
}

/** The state of exactly these events, each given once. */
export const fold = (
  events: ReadonlyArray<PlacedEvent>,
  sha256: (bytes: Uint8Array) => Uint8Array
): EntityState.EntityState => {
  const state = EntityState.empty()
  const byAuthor = new Map<Author, Array<PlacedEvent>>()
  for (const placed of inOrder(events)) {
    EntityState.apply(state, placed.event, placed.origin)
    const author = placed.origin.authors[0]!
    const own = byAuthor.get(author)
    if (own === undefined) byAuthor.set(author, [placed])
    else own.push(placed)
  }
  for (const [author, own] of byAuthor) {
    if (isChain(own)) continue
    state.clock.set(author, forkedEntry(own, sha256))
    state.isForked = true
  }
  return state
}

/** The events in the order (time, author, hash). */
export const inOrder = <E extends PlacedEvent>(events: ReadonlyArray<E>): ReadonlyArray<E> =>
  [...events].sort((a, b) => (wins(stampOf(a), stampOf(b)) ? 1 : -1))

const stampOf = ({ event, origin }: PlacedEvent) => ({
  at: origin.at,
  author: origin.authors[0]!,
  eseq: event.eseq,
  hash: origin.hash
})

/** True when each event follows the one before: an honest author's events, in order of their stamps. */
const isChain = (events: ReadonlyArray<PlacedEvent>): boolean =>
  events.every(({ event }, i) => {
    if (event.eseq !== i + 1) return false
    return i === 0 || Bytes.equals(event.prev!, events[i - 1]!.origin.hash)
  })

/** Two branches have no single head: the entry names the set of all events instead, alike on every replica. */
const forkedEntry = (events: ReadonlyArray<PlacedEvent>, sha256: (bytes: Uint8Array) => Uint8Array) => {
  const hashes = events.map(({ origin }) => Bytes.toHex(origin.hash)).sort()
  const head = sha256(Bytes.utf8(`fork\n${hashes.join("\n")}`))
  return {
    eseq: Math.max(...events.map(({ event }) => event.eseq)),
    head: Bytes.copy(head.subarray(0, eventHashBytes)),
    isForked: true
  }
}
