/**
 * How many of a node's routes may be dialled or linked at a time: who has a place, and who waits for one in which order. Who
 * leaves when so that others get their turn, `GivingWay` says.
 */
import { Deferred, Effect } from "effect"
import type { RouteEntry } from "./Route.ts"

/** A route that waits for a place. */
export interface Queued {
  readonly entry: RouteEntry
  readonly granted: Deferred.Deferred<void>
  /** Somebody wants it dialled now. */
  isWished: boolean
}

/** What is wished for comes first, then a node's own routes before those of lists; else who came first. */
const rankOf = ({ entry, isWished }: Queued): number => (isWished ? 0 : 2) + (entry.route.listed === undefined ? 0 : 1)

export class DialPlaces {
  readonly #placesMax: number
  readonly #taken = new Set<RouteEntry>()
  /** At most one for each route. */
  #queue: ReadonlyArray<Queued> = []
  /** Wished for before they asked; a route that is gone is not kept by it. */
  readonly #wished = new WeakSet<RouteEntry>()

  constructor(placesMax: number) {
    this.#placesMax = placesMax
  }

  /** Waits for a place. It is given at once where one is free; `leave` gives it, or the wish for it, up. */
  ask(entry: RouteEntry): Deferred.Deferred<void> {
    const granted = Deferred.makeUnsafe<void>()
    this.#queue = [...this.#queue, { entry, granted, isWished: this.#wished.delete(entry) }]
    this.#fill()
    return granted
  }

  leave(entry: RouteEntry): void {
    this.#taken.delete(entry)
    this.#queue = this.#queue.filter((one) => one.entry !== entry)
    this.#fill()
  }

  /** A route that somebody wants dialled now comes before the others; so it does where it asks only later. */
  wish(entry: RouteEntry): void {
    const queued = this.#queue.find((one) => one.entry === entry)
    if (queued !== undefined) queued.isWished = true
    else if (!this.#taken.has(entry)) this.#wished.add(entry)
  }

  has(entry: RouteEntry): boolean {
    return this.#taken.has(entry)
  }

  /** Who waits, the next one first. */
  get waiting(): ReadonlyArray<Queued> {
    return this.#queue.toSorted((a, b) => rankOf(a) - rankOf(b))
  }

  get size(): number {
    return this.#taken.size
  }

  #fill(): void {
    while (this.#taken.size < this.#placesMax) {
      const [next] = this.waiting
      if (next === undefined) return
      this.#queue = this.#queue.filter((one) => one !== next)
      this.#taken.add(next.entry)
      Deferred.doneUnsafe(next.granted, Effect.void)
    }
  }
}
