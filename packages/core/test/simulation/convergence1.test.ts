// Seeds 1 to 100; split over two files so that two cores share the work.
import { describe, expect, it } from "vitest"
import { failureOf } from "./runSeed.ts"

describe("a cluster under faults", () => {
  it(
    "[SI-1][SI-2][SI-3][SI-4] seeds 1 to 100 converge, lose nothing, leak nothing, and replay alike",
    { timeout: 400_000 },
    async () => {
      const failures: Array<string> = []
      for (let seed = 1; seed <= 100; seed++) {
        const failure = await failureOf(seed)
        if (failure !== undefined) failures.push(failure)
      }
      expect(failures).toEqual([])
    }
  )
})
