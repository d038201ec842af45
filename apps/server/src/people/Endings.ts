/** Sessions, tokens and accounts that ended, told to whoever holds something open for them. Calls ask the store and need no word. */
import { Context, Effect, Layer, PubSub, Stream } from "effect"
import type { Ended } from "../rest/Principal.ts"

/** Words that a subscriber has not taken; beyond it the oldest is lost. */
const toldMax = 4_096

export class Endings extends Context.Service<
  Endings,
  {
    readonly tell: (all: ReadonlyArray<Ended>) => Effect.Effect<void>
    readonly told: Stream.Stream<Ended>
  }
>()("@syncline/server/people/Endings") {
  static readonly layer: Layer.Layer<Endings> = Layer.effect(
    Endings,
    Effect.map(PubSub.sliding<Ended>(toldMax), (told) => ({
      tell: (all) => Effect.asVoid(PubSub.publishAll(told, all)),
      told: Stream.fromPubSub(told)
    }))
  )
}
