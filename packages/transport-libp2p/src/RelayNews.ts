/**
 * Tells whoever waits for it that a relay is there again: a dial under way begins anew, and whoever watches for peers may reach those
 * that it has missed. It keeps no relay and dials nobody.
 */
import { Deferred, Effect } from "effect"

export class RelayNews {
  readonly #watchers = new Set<() => void>()
  #back = Deferred.makeUnsafe<void>()

  /** A relay is connected that was not. */
  readonly back = Effect.suspend(() => {
    const back = this.#back
    this.#back = Deferred.makeUnsafe()
    return Effect.andThen(Deferred.succeed(back, undefined), this.placed)
  })

  /** A relay has given this node a place: others may reach it who could not. */
  readonly placed = Effect.sync(() => this.#watchers.forEach((tell) => tell()))

  /** Waits until a relay comes back from now on. */
  readonly untilBack = Effect.suspend(() => Deferred.await(this.#back))

  /** Calls `tell` on all such news until the scope closes. */
  readonly watch = (tell: () => void) =>
    Effect.acquireRelease(
      Effect.sync(() => this.#watchers.add(tell)),
      () => Effect.sync(() => this.#watchers.delete(tell))
    )
}
