/**
 * Where an inviting device keeps what it remembers of its pairings, so that no crash gives an attempt back. One change at
 * a time, also among several processes on one data folder. It knows nothing of what a change means.
 */
import { Context, Effect, Layer } from "effect"
import type { PairingError } from "./PairingError.ts"
import { empty, type PairingState, type Step } from "./PairingWindow.ts"

export interface PairingStoreShape {
  /** What is kept now, also what another process has written. */
  readonly state: Effect.Effect<PairingState, PairingError>
  /**
   * Changes what is kept and gives the step's answer, once that is durable. A step that gives its own state back writes
   * nothing. It fails with `PairingStoreFailed`, and then nothing is changed.
   */
  readonly change: <A>(step: (state: PairingState) => Step<A>) => Effect.Effect<A, PairingError>
}

export class PairingStore extends Context.Service<PairingStore, PairingStoreShape>()(
  "@syncline/core/pairing/PairingStore"
) {
  /** Keeps it in the given place, which outlives the service. */
  static readonly layerMemory = (kept: { state: PairingState } = { state: empty }) =>
    Layer.succeed(PairingStore, {
      state: Effect.sync(() => kept.state),
      change: (step) =>
        Effect.sync(() => {
          const { answer, state } = step(kept.state)
          kept.state = state
          return answer
        })
    })
}
