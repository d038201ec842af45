/**
 * Spans at the edges of what takes long: a session, a batch, a request. Nothing is made of them unless whoever composes the node
 * switches them on and brings a tracer. What they say is counts and choices, never a name, an id or a value.
 */
import { Context, Effect } from "effect"

/** Whether spans are made. */
export const AreSpansMade = Context.Reference<boolean>("@syncline/core/telemetry/Spans/AreSpansMade", {
  defaultValue: () => false
})

export interface SpanFacts {
  readonly [attribute: string]: string | number
}

/** The effect, as a span of its own where spans are made. */
export const spanned =
  (name: string, attributes: SpanFacts) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(AreSpansMade, (areMade) =>
      areMade
        ? (Effect.withSpan(effect, name, { attributes, root: true, captureStackTrace: false }) as Effect.Effect<
            A,
            E,
            R
          >)
        : effect
    )
