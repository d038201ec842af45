// Which seeds compare commits in parts.
import { expect, it } from "vitest"
import { wholeBytesMin } from "../../src/journal/JournalReads.ts"
import { lateKeysOf, wholeBytesMinOf } from "../../src/testing/FaultPlan.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"

it("[SI-13] every third seed or so sends small commits as production sends large ones, the others as small ones", () => {
  const seeds = Array.from({ length: 300 }, (_, seed) => wholeBytesMinOf(new SeededRandom(seed + 1, 2)))
  const small = seeds.filter((bytes) => bytes < wholeBytesMin)
  expect(small.length).toBeGreaterThan(60)
  expect(small.length).toBeLessThan(120)
  expect(new Set(small).size).toBe(3)
})

it("[SI-14] every third seed or so seals its space, and in some of those keys come late", () => {
  const seeds = Array.from({ length: 300 }, (_, seed) => lateKeysOf(new SeededRandom(seed + 1, 3)))
  const sealed = seeds.filter((late) => late !== undefined)
  expect(sealed.length).toBeGreaterThan(60)
  expect(sealed.length).toBeLessThan(120)
  expect(new Set(sealed)).toEqual(new Set([0, 3, 6]))
})
