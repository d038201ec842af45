/** Trying whether somebody answers at an address: one dial, which ends at once. Who answers there is not asked, and nothing is synced. */
import { TransportRegistry, type TransportError } from "@syncline/core"
import { Clock, Context, Effect, Layer, Result } from "effect"
import { because, type PeersError, TestsBusy } from "./PeersError.ts"

/** Addresses that are tried at a time; a further one is refused. */
export const testsMax = 4

export interface Tried {
  readonly isReachable: boolean
  readonly tookMs: number
  readonly problem: string | null
}

export class RouteTests extends Context.Service<
  RouteTests,
  {
    /** Takes at most as long as a dial may. Fails with `TestsBusy`. */
    readonly tryOut: (address: string) => Effect.Effect<Tried, PeersError, TransportRegistry.TransportRegistry>
  }
>()("@syncline/server/peers/RouteTests") {
  static readonly layer: Layer.Layer<RouteTests> = Layer.sync(RouteTests, () => {
    let running = 0
    return {
      tryOut: (address) =>
        Effect.suspend(() => {
          if (running >= testsMax) return Effect.fail(because(new TestsBusy({ limit: testsMax })))
          running++
          return Effect.ensuring(
            dial(address),
            Effect.sync(() => void running--)
          )
        })
    }
  })
}

const dial = Effect.fnUntraced(function* (address: string) {
  const beganMs = yield* Clock.currentTimeMillis
  const { forAddress } = yield* TransportRegistry.TransportRegistry
  const dialling: Effect.Effect<void, TransportError.TransportError> = Effect.scoped(
    Effect.flatMap(forAddress(address), (transport) => Effect.asVoid(transport.dial(address)))
  )
  const result = yield* Effect.result(dialling)
  const tookMs = (yield* Clock.currentTimeMillis) - beganMs
  return Result.isSuccess(result)
    ? { isReachable: true, tookMs, problem: null }
    : { isReachable: false, tookMs, problem: result.failure.message }
})
