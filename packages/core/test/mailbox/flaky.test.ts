// Devices at a mailbox that fails in every way: in the end all have the same, and nobody changed what is another's.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { run } from "./flakyRun.ts"

const seeds = Array.from({ length: 12 }, (_, i) => i + 1)

it.effect.each(seeds)("[MX-8] whatever the provider does, all have the same in the end: seed %i", (seed) =>
  Effect.gen(function* () {
    const { agreedMs, touched, written } = yield* run(seed)
    expect(written).toBeGreaterThan(20)
    expect(agreedMs).toBeDefined()
    expect(touched).toEqual([])
  })
)
