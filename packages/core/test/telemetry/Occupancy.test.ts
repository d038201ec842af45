import { expect, it } from "@effect/vitest"
import { Effect, Metric, Scope } from "effect"
import * as Occupancy from "../../src/telemetry/Occupancy.ts"

const shown = (name: string) =>
  Effect.gen(function* () {
    yield* Occupancy.sample
    const found = new Map<string, number>()
    for (const { attributes, id, state } of yield* Metric.snapshot) {
      if (attributes?.["queue"] === name || attributes?.["cache"] === name) {
        found.set(id, (state as { readonly value: number }).value)
      }
    }
    return Object.fromEntries(found)
  })

it.effect("[TE-1] the fullest of one name is shown, and nothing once its scope has closed", () =>
  Effect.gen(function* () {
    const [first, second] = [yield* Scope.make(), yield* Scope.make()]
    let size = 3
    const named = { kind: "queue", name: "letters", limit: 10 } as const
    yield* Occupancy.watch([{ ...named, length: () => size }]).pipe(Scope.provide(first))
    yield* Occupancy.watch([{ ...named, length: () => 2 }]).pipe(Scope.provide(second))
    expect(yield* shown("letters")).toEqual({ syncline_queue_length: 3, syncline_queue_limit: 10 })
    size = 7
    expect(yield* shown("letters")).toMatchObject({ syncline_queue_length: 7 })
    yield* Scope.close(first, yield* Effect.exit(Effect.void))
    expect(yield* shown("letters")).toMatchObject({ syncline_queue_length: 2 })
    yield* Scope.close(second, yield* Effect.exit(Effect.void))
    expect(yield* shown("letters")).toEqual({ syncline_queue_length: 0, syncline_queue_limit: 10 })
  })
)

it.effect("[TE-1] a size that cannot be read keeps no other from being shown", () =>
  Effect.gen(function* () {
    const broken = (): number => {
      throw new Error("the store is closed")
    }
    yield* Occupancy.watch([
      { kind: "cache", name: "broken", limit: 1, length: broken },
      { kind: "cache", name: "whole", limit: 5, length: () => 4 }
    ])
    expect(yield* shown("broken")).toEqual({ syncline_cache_length: Number.NaN, syncline_cache_limit: 1 })
    expect(yield* shown("whole")).toEqual({ syncline_cache_length: 4, syncline_cache_limit: 5 })
  })
)
