/**
 * Where a hub keeps its invitations and the requests by them, so that no crash gives a use back or opens what was decided. It
 * knows nothing of what a change means.
 */
import { Context, Effect, Layer } from "effect"
import type { OnboardingError } from "./OnboardingError.ts"
import { empty, type OnboardingState, type Step } from "./OnboardingState.ts"

export interface OnboardingStoreShape {
  /** What is kept now. Fails with `OnboardingStoreFailed`. */
  readonly state: Effect.Effect<OnboardingState, OnboardingError>
  /**
   * Changes what is kept and gives the step's answer, once that is durable. A step that gives its own state back writes
   * nothing. It fails with `OnboardingStoreFailed`, and then nothing is changed.
   */
  readonly change: <A>(step: (state: OnboardingState) => Step<A>) => Effect.Effect<A, OnboardingError>
}

export class OnboardingStore extends Context.Service<OnboardingStore, OnboardingStoreShape>()(
  "@syncline/core/onboarding/OnboardingStore"
) {
  /** Keeps it in the given place, which outlives the service. */
  static readonly layerMemory = (kept: { state: OnboardingState } = { state: empty }) =>
    Layer.succeed(OnboardingStore, {
      state: Effect.sync(() => kept.state),
      change: (step) =>
        Effect.sync(() => {
          const { answer, state } = step(kept.state)
          kept.state = state
          return answer
        })
    })
}
