// Rights that come and go while everybody writes, links fail and devices crash.
import { describe, expect, it } from "vitest"
import { runTeam } from "./teamRun.ts"

describe("a team in simulated time", () => {
  it(
    "[EP-30] [EP-31] [EP-32] everybody ends with exactly what it may, nothing is lost, nothing leaks on the way",
    { timeout: 120_000 },
    () => {
      // The last ones each found a fault once.
      const seeds = [...Array.from({ length: 38 }, (_, i) => i + 1), 121, 861]
      const results = seeds.map((seed) => ({ seed, ...runTeam(seed) }))
      expect(results.filter(({ problems }) => problems.length > 0)).toEqual([])
      // It was a life: rights changed, and records went round.
      expect(Math.min(...results.map(({ versions }) => versions))).toBeGreaterThan(8)
      expect(results.reduce((sum, { commitsSent }) => sum + commitsSent, 0)).toBeGreaterThan(2_000)
    }
  )

  it("[EP-30] a seed is the same every time", () => {
    expect(runTeam(7)).toEqual(runTeam(7))
  })
})
