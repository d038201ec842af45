/**
 * A clock that is wrong: what the wall shows is off, how time passes is not.
 */
import { Clock, Effect } from "effect"

/** The same effect under a clock that is off by some milliseconds, more or fewer later; durations stay what they are. */
export const withSkew = <A, E, R>(
  skew: { readonly ms: number },
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Clock.clockWith((clock) => {
    const skewed: Clock.Clock = {
      currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
      currentTimeNanos: clock.currentTimeNanos,
      monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: clock.monotonicTimeNanos,
      sleep: (duration) => clock.sleep(duration),
      currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + skew.ms,
      currentTimeMillis: Effect.map(clock.currentTimeMillis, (nowMs) => nowMs + skew.ms)
    }
    return Effect.provideService(effect, Clock.Clock, skewed)
  })
