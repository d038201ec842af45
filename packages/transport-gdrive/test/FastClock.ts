/**
 * A clock a hundred times as fast as the real one, for suites that run in real time and must not wait for retries.
 */
import { Clock, Duration, Effect } from "effect"

const factor = 100

export const make = Effect.map(Clock.Clock, (real): Clock.Clock => {
  const startMs = real.currentTimeMillisUnsafe()
  const startNanos = real.monotonicTimeNanosUnsafe()
  const nanos = (): bigint => (real.monotonicTimeNanosUnsafe() - startNanos) * BigInt(factor)
  const millis = (): number => startMs + Number(nanos() / 1_000_000n)
  return {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: () => BigInt(millis()) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => BigInt(millis()) * 1_000_000n),
    monotonicTimeNanosUnsafe: nanos,
    monotonicTimeNanos: Effect.sync(nanos),
    sleep: (duration) => real.sleep(Duration.millis(Duration.toMillis(duration) / factor))
  }
})
