/**
 * What the application is told when the road to others changes. Which road is taken is decided elsewhere.
 */
import { Effect, Metric } from "effect"
import * as CoreMetrics from "../telemetry/CoreMetrics.ts"
import type { RouteChanged, SyncEvent } from "./SyncEvent.ts"

/** Counts the change and tells subscribers. */
export const changed = Effect.fnUntraced(function* (
  { channel }: { readonly channel: { readonly publish: (event: SyncEvent) => Effect.Effect<void> } },
  change: Omit<typeof RouteChanged.Type, "_tag">
) {
  yield* Metric.update(CoreMetrics.routesChanged, 1)
  yield* channel.publish({ _tag: "RouteChanged", ...change })
})
