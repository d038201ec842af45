// Rights that come and go while everybody writes, links fail and devices crash.
import { describe, expect, it } from "vitest"
import { runHubless } from "./hublessRun.ts"
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

  it(
    "[EP-37] [EP-31] [AK-9] [AK-11] [JR-138] without a hub all come to one charter and to exactly what each may",
    { timeout: 120_000 },
    () => {
      // The last ones each found a fault once.
      const seeds = [...Array.from({ length: 20 }, (_, i) => i + 1), 46, 56, 61, 113, 213, 338, 353]
      const results = seeds.map((seed) => ({ seed, ...runHubless(seed) }))
      expect(results.filter(({ problems }) => problems.length > 0)).toEqual([])
      const sums = results.map(({ letIn, versions }) => ({ letIn, versions }))
      // It was a life: rights changed, most were in at the end, and records went round.
      expect(Math.max(...sums.map(({ versions }) => versions))).toBeGreaterThan(12)
      expect(sums.filter(({ letIn }) => letIn > 2).length).toBeGreaterThan(12)
      expect(results.reduce((sum, { commitsSent }) => sum + commitsSent, 0)).toBeGreaterThan(2_000)
    }
  )
})
