/**
 * The one channel of `SyncEvent`s: bounded, with any number of subscribers. It numbers events, so that a subscriber
 * that was too slow learns how many it missed.
 */
import { Effect, PubSub, type Scope, Stream } from "effect"
import * as Occupancy from "../telemetry/Occupancy.ts"
import type { SyncEvent } from "./SyncEvent.ts"

/** Events that a subscriber may lag behind before it loses the oldest. */
export const eventsBufferedMax = 1024

interface Numbered {
  readonly number: number
  readonly event: SyncEvent
}

export interface EventChannel {
  readonly publish: (event: SyncEvent) => Effect.Effect<void>
  /** Events from now on. */
  readonly events: Stream.Stream<SyncEvent>
}

export const make: Effect.Effect<EventChannel, never, Scope.Scope> = Effect.gen(function* () {
  const pubsub = yield* PubSub.sliding<Numbered>(eventsBufferedMax)
  const length = (): number => PubSub.sizeUnsafe(pubsub)
  yield* Occupancy.watch([{ kind: "queue", name: "events", limit: eventsBufferedMax, length }])
  let last = 0
  return {
    publish: (event) => Effect.suspend(() => Effect.asVoid(PubSub.publish(pubsub, { number: ++last, event }))),
    events: Stream.unwrap(
      Effect.sync(() => {
        let seen = last
        return Stream.fromPubSub(pubsub).pipe(
          Stream.flatMap(({ event, number }) => {
            const missed = number - seen - 1
            seen = number
            return missed > 0
              ? Stream.make<[SyncEvent, SyncEvent]>({ _tag: "Lagged", missed }, event)
              : Stream.make(event)
          })
        )
      })
    )
  }
})
