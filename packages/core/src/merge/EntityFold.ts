/**
 * An entity's state from all of its events at once, in one order that every replica computes alike: by time, author
 * and hash. The result is that of every order which keeps causes before effects. It is the slow way, for entities whose
 * history changed behind them: a fork was found, an event was replaced, or a commit was withdrawn.
 */
import type { Author } from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { Event } from "../model/Event.ts"
import { eventHashBytes } from "../model/Event.ts"
import { canonicalText } from "../model/FieldValue.ts"
import * as EntityState from "./EntityState.ts"
import { wins } from "./LwwRegister.ts"

export interface PlacedEvent {
  readonly event: Event
  readonly origin: EntityState.Origin
}

type Sha256 = (bytes: Uint8Array) => Uint8Array

/** The state of exactly these events, each given once. */
export const fold = (events: ReadonlyArray<PlacedEvent>, sha256: Sha256): EntityState.EntityState => {
  const state = EntityState.empty()
  const byAuthor = new Map<Author, Array<PlacedEvent>>()
  const ordered = inOrder(events)
  state.replaced = replacedIn(ordered, sha256)
  for (const placed of ordered) {
    EntityState.applyNoted(state, placed.event, placed.origin)
    const author = placed.origin.authors[0]!
    const own = byAuthor.get(author)
    if (own === undefined) byAuthor.set(author, [placed])
    else own.push(placed)
  }
  // A stamp may lie before what its writer had seen; a removal counts all the same.
  for (const { event, origin } of events) EntityState.withdraw(state, event, origin)
  for (const [author, own] of byAuthor) {
    own.sort((a, b) => a.event.eseq - b.event.eseq)
    if (isChain(own)) {
      const { event, origin } = own.at(-1)!
      state.clock.set(author, { eseq: event.eseq, head: origin.hash })
    } else {
      state.clock.set(author, forkedEntry(own, sha256))
      state.isForked = true
    }
  }
  return state
}

/** Of events in order those that count: the others have one in their place. */
export const counting = <E extends PlacedEvent>(ordered: ReadonlyArray<E>, sha256: Sha256): ReadonlyArray<E> => {
  const replaced = replacedIn(ordered, sha256)
  return replaced === undefined ? ordered : ordered.filter(({ origin }) => !replaced.has(nameOf(origin)))
}

/**
 * Names of the events that others are in the place of, and of absent ones of which that is said. It is so only of one that
 * says the same: else a device could empty its records without deleting them, and no history would tell. Copies of
 * one journal may each have written an event again: of those in the place of the same event, directly or by others, the
 * first in the order counts.
 */
const replacedIn = (ordered: ReadonlyArray<PlacedEvent>, sha256: Sha256): Set<string> | undefined => {
  const again = ordered.filter(({ event }) => event.ops.w !== undefined)
  if (again.length === 0) return undefined
  const present = new Map(ordered.map(({ event, origin }) => [nameOf(origin), event]))
  const replaced = new Set<string>()
  /** For each event, and what it is said to say, the one that stands for all in whose place it is, or that are in the place of the same. */
  const origins = new Map<string, string>()
  const originOf = (name: string): string => {
    let first = name
    for (let next = origins.get(first); next !== undefined; next = origins.get(first)) first = next
    // The way is short the next time, however long the chain is.
    for (let at = name; at !== first;) {
      const next = origins.get(at)!
      origins.set(at, first)
      at = next
    }
    return first
  }
  const sayings = new Map<Event, string>()
  const sayingOf = (event: Event): string => {
    const known = sayings.get(event) ?? Bytes.toHex(sha256(Bytes.utf8(sayingText(event))))
    sayings.set(event, known)
    return known
  }
  for (const { event, origin } of again) {
    const saying = sayingOf(event)
    for (const [index, , hash] of event.ops.w!) {
      const name = EntityState.eventName(origin.authors[index]!, hash)
      const there = present.get(name)
      if (there !== undefined && sayingOf(there) !== saying) continue
      replaced.add(name)
      const [a, b] = [originOf(name + saying), originOf(nameOf(origin) + saying)]
      if (a !== b) origins.set(b, a)
    }
  }
  const counted = new Set<string>()
  for (const { event, origin } of again) {
    const name = nameOf(origin)
    if (replaced.has(name)) continue
    const first = originOf(name + sayingOf(event))
    if (counted.has(first)) replaced.add(name)
    counted.add(first)
  }
  return replaced
}

/** What an event says, however its commit says it: written again, a removal may withdraw more additions. */
const sayingText = ({ ops: { a = {}, c = {}, d, r = {}, s = {} } }: Event): string => {
  const removed = Object.entries(r).map(([field, removals]) => [field, removals.map(([value]) => value)] as const)
  return canonicalText([a, c, d ?? null, Object.fromEntries(removed), s])
}

const nameOf = ({ authors, hash }: EntityState.Origin): string => EntityState.eventName(authors[0]!, hash)

/** The events in the order (time, author, hash). */
export const inOrder = <E extends PlacedEvent>(events: ReadonlyArray<E>): ReadonlyArray<E> =>
  [...events].sort((a, b) => (wins(stampOf(a), stampOf(b)) ? 1 : -1))

const stampOf = ({ event, origin }: PlacedEvent) => ({
  at: origin.at,
  author: origin.authors[0]!,
  eseq: event.eseq,
  hash: origin.hash
})

/** True when each event, by number, follows the one before: an honest author's events. */
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
