/**
 * What is told of commits that leave the quarantine: nothing leaves it without a word, whoever took it out. Who may take
 * what out is decided elsewhere.
 */
import { Effect, Metric } from "effect"
import type { QuarantineReason, QuarantineWay } from "../journal/Quarantine.ts"
import * as CoreMetrics from "../telemetry/CoreMetrics.ts"
import type { SyncEvent } from "./SyncEvent.ts"

/** Counts commits that left the quarantine and tells subscribers. */
export const left = Effect.fnUntraced(function* (
  channel: { readonly publish: (event: SyncEvent) => Effect.Effect<void> },
  reason: QuarantineReason,
  how: QuarantineWay,
  commits: number
) {
  if (commits === 0) return
  yield* Metric.update(Metric.withAttributes(CoreMetrics.quarantineLeft, { reason, how }), commits)
  yield* channel.publish({ _tag: "QuarantineLeft", reason, how, commits })
})
