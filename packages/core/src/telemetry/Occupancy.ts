/**
 * How full every queue and cache of a node is. Whoever owns one names it here together with its bound; sizes are read
 * when somebody asks for metrics and never on the way of data. It bounds nothing itself.
 */
import { Context, Effect, Metric, type Scope } from "effect"

/** A queue at its bound makes somebody wait or lose something; a full cache only forgets what it can find again. */
export type Kind = "queue" | "cache"

export interface Watched {
  readonly kind: Kind
  /** Letters and underscores; the row of docs/OPERATIONS.md. */
  readonly name: string
  /** The bound, in the unit of `length`. */
  readonly limit: number
  /** The present size. It must be cheap and may be called at any time until the scope closes. */
  readonly length: () => number
}

interface Entry {
  readonly kind: Kind
  limit: number
  readonly lengths: Set<() => number>
}

/** By name. Like Effect's registry of metrics it is one for the process unless another one is provided. */
const Registry = Context.Reference<Map<string, Entry>>("@syncline/core/telemetry/Occupancy", {
  defaultValue: () => new Map()
})

/** Shows sizes until the scope closes. A name may be in use many times at once: then the fullest is shown. */
export const watch = (all: ReadonlyArray<Watched>): Effect.Effect<void, never, Scope.Scope> =>
  Effect.flatMap(Registry, (registry) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        for (const { kind, length, limit, name } of all) {
          const entry = registry.get(name) ?? { kind, limit, lengths: new Set() }
          registry.set(name, entry)
          entry.limit = limit
          entry.lengths.add(length)
        }
      }),
      () =>
        Effect.sync(() => {
          for (const { length, name } of all) registry.get(name)?.lengths.delete(length)
        })
    )
  )

/** Reads every size into the metrics. What was in use before and is not any more shows as empty. */
export const sample: Effect.Effect<void> = Effect.gen(function* () {
  for (const [name, { kind, lengths, limit }] of yield* Registry) {
    let longest = 0
    for (const length of lengths) longest = Math.max(longest, sizeOf(length))
    yield* Metric.update(Metric.withAttributes(gauges[kind].length, { [kind]: name }), longest)
    yield* Metric.update(Metric.withAttributes(gauges[kind].limit, { [kind]: name }), limit)
  }
})

/** A store that cannot be read is no reason to show no metrics at all. */
const sizeOf = (length: () => number): number => {
  try {
    return length()
  } catch {
    return Number.NaN
  }
}

const gauges = {
  queue: {
    length: Metric.gauge("syncline_queue_length", {
      description: "How much waits in a queue or stands in a table now; of several with one name the fullest"
    }),
    limit: Metric.gauge("syncline_queue_limit", { description: "The bound of that queue or table" })
  },
  cache: {
    length: Metric.gauge("syncline_cache_length", { description: "Entries of a cache now; of several the fullest" }),
    limit: Metric.gauge("syncline_cache_limit", { description: "The bound of that cache" })
  }
} as const
