/** Numbers of the last hour: what the hub's counters grew by in each ten seconds. They are lost with the process, and what they count is the metrics' business. */
import { CoreMetrics, Occupancy } from "@syncline/core"
import type { AdminStatus } from "@syncline/core/admin"
import { SocketIoMetrics } from "@syncline/transport-socketio"
import { Clock, Context, Effect, Layer, Metric } from "effect"

/** How long a point is, in milliseconds. */
export const pointMs = 10_000
/** Points that are kept: an hour. Beyond it the oldest is forgotten. */
export const pointsMax = 360

export interface StatsShape {
  /** The oldest first. */
  readonly points: Effect.Effect<ReadonlyArray<AdminStatus.StatsPoint>>
}

export class Stats extends Context.Service<Stats, StatsShape>()("@syncline/server/status/Stats") {
  static readonly layer = (everyMs = pointMs): Layer.Layer<Stats> =>
    Layer.effect(
      Stats,
      Effect.gen(function* () {
        const points: Array<AdminStatus.StatsPoint> = []
        let before = yield* counters
        const look = Effect.gen(function* () {
          const now = yield* counters
          points.push({
            atMs: yield* Clock.currentTimeMillis,
            eventsIn: now.eventsIn - before.eventsIn,
            eventsOut: now.eventsOut - before.eventsOut,
            bytesIn: now.bytesIn - before.bytesIn,
            bytesOut: now.bytesOut - before.bytesOut,
            sessions: now.sessions
          })
          before = now
          if (points.length > pointsMax) points.shift()
        })
        yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(everyMs), look)))
        yield* Occupancy.watch([{ kind: "cache", name: "stats_points", limit: pointsMax, length: () => points.length }])
        return { points: Effect.sync(() => [...points]) }
      })
    )
}

const countOf = (metric: Metric.Counter<number>) => Effect.map(Metric.value(metric), ({ count }) => count)
const bytesOf = (direction: "in" | "out") => countOf(Metric.withAttributes(SocketIoMetrics.bytesTotal, { direction }))

const counters = Effect.gen(function* () {
  return {
    eventsIn: yield* countOf(CoreMetrics.eventsApplied),
    eventsOut: yield* countOf(CoreMetrics.eventsSent),
    bytesIn: yield* bytesOf("in"),
    bytesOut: yield* bytesOf("out"),
    sessions: (yield* Metric.value(CoreMetrics.sessionsLive)).value
  }
})
