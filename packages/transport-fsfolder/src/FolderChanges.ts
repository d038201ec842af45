/**
 * Hints that something came: what a watcher says, gathered for a moment, so that a burst is one. Without a watcher, or when it
 * fails, there are none, and the mailbox is looked at from time to time all the same.
 */
import { Effect, PubSub, Queue, type Scope, Stream } from "effect"
import { type FolderPlace, tellOnce } from "./FolderPlace.ts"
import type { Watch } from "./FolderWatch.ts"

/** What is said within so many milliseconds is one hint. */
export const gatherMs = 50
/** Hints that nobody has taken yet: one is enough to look. */
export const hintsMax = 1
/** How long a watcher may take to close, in milliseconds. */
const closeMsMax = 2_000

/** Listens until the scope closes. `watch` is absent where nobody wants to. */
export const listen = Effect.fnUntraced(function* (
  place: FolderPlace,
  watch: Effect.Effect<Watch> | undefined
): Effect.fn.Return<Stream.Stream<void>, never, Scope.Scope> {
  const hints = yield* PubSub.sliding<void>(hintsMax)
  if (watch !== undefined) yield* Effect.forkScoped(hear(place, watch, hints))
  return Stream.fromPubSub(hints)
})

const hear = Effect.fnUntraced(function* (place: FolderPlace, watch: Effect.Effect<Watch>, hints: PubSub.PubSub<void>) {
  const heard = yield* Queue.sliding<"heard" | { readonly problem: string }>(hintsMax)
  yield* Effect.acquireRelease(
    Effect.map(watch, (begin) => {
      const failed = (problem: string): void => void Queue.offerUnsafe(heard, { problem })
      try {
        return begin(place.spaceFolder, place.owner, () => void Queue.offerUnsafe(heard, "heard"), failed)
      } catch (error) {
        failed(error instanceof Error ? error.message : String(error))
        return undefined
      }
    }),
    // One that does not close has nothing to say any more.
    (watched) =>
      watched === undefined
        ? Effect.void
        : Effect.ignore(
            Effect.timeoutOption(
              Effect.promise(() => watched.close().catch(() => undefined)),
              closeMsMax
            )
          )
  )
  for (;;) {
    const said = yield* Queue.take(heard)
    if (said !== "heard") yield* tellOnce(place, "watch", `${said.problem}; it is looked at from time to time instead`)
    yield* Effect.sleep(gatherMs)
    yield* Queue.clear(heard)
    // Also after a failure: what was not said then may have been something.
    yield* PubSub.publish(hints, undefined)
  }
})
