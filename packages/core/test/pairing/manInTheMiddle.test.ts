// Some of the runs that `npm run sim:pairing` makes by the thousand.
import { expect, it } from "vitest"
import { run } from "./manInTheMiddle.ts"

it("[PR-9] nobody in between is ever taken for a device of the pair", { timeout: 120_000 }, () => {
  const outcomes = Array.from({ length: 240 }, (_, seed) => ({ seed, ...run(seed) }))
  expect(outcomes.filter(({ agreedWithStranger }) => agreedWithStranger)).toEqual([])
  // Who only repeats or delays may be unseen; and then the two pair as if nobody were there.
  const paired = outcomes.filter(({ paired }) => paired).length
  expect(paired).toBeGreaterThan(3)
  expect(paired).toBeLessThan(120)
  expect(run(7)).toEqual(run(7))
})
