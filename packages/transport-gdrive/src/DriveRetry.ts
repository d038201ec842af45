/**
 * The one place that tries again: what Google asks to do later, and what did not get through, a few times with growing waits.
 * The client's own retries are off. What is tried must be safe to do twice, and everything here is.
 */
import { Duration, Effect, Metric, Schedule } from "effect"
import type { DriveFailure } from "./DriveFailure.ts"
import { retriesTotal } from "./DriveMetrics.ts"

/** Times a request is repeated: after about 1, 2, 4, 8 and 16 seconds. */
export const retriesMax = 5
const firstWaitMs = 1_000
/** A wait that Google asks for and that is longer is the caller's business, who is told. Milliseconds. */
export const waitMsMax = 60_000

const isTriedAgain = ({ afterMs, kind }: DriveFailure): boolean =>
  (kind === "busy" || kind === "unreachable") && afterMs <= waitMsMax

/** Waits are spread by a fifth, so that devices do not come back together, and are never shorter than Google asked. */
const schedule = Schedule.exponential(Duration.millis(firstWaitMs), 2).pipe(
  Schedule.upTo({ times: retriesMax }),
  Schedule.jittered,
  Schedule.setInputType<DriveFailure>(),
  Schedule.modifyDelay(({ duration, input }) =>
    Effect.as(
      Metric.update(Metric.withAttributes(retriesTotal, { reason: input.kind }), 1),
      Duration.max(duration, Duration.millis(input.afterMs))
    )
  )
)

export const retried = <A, R>(request: Effect.Effect<A, DriveFailure, R>): Effect.Effect<A, DriveFailure, R> =>
  Effect.retry(request, { schedule, while: isTriedAgain })
