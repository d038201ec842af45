// What counts as deleted lately when clocks were wrong, and which limits there can be.
import { describe, expect, it } from "vitest"
import {
  defaultDeleteLimits,
  deleteLimitsOf,
  DeleteWatch,
  notedCommitsMax,
  windowPartsMax
} from "../../src/journal/DeleteWatch.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"
import { SimulatedCrypto } from "../../src/testing/SimulatedCrypto.ts"
import { crypto } from "../nodeCrypto.ts"

const { peer } = new SimulatedCrypto(crypto.sha256).makeDevice(new SeededRandom(1))
const nowMs = 1_800_000_000_000
const windowMs = 60_000
const yearMs = 365 * 86_400_000

describe("DeleteWatch", () => {
  it("[JR-71] forgets what was noted while the clock was a year ahead, and counts what was noted just ahead", () => {
    const watch = new DeleteWatch()
    const recent = (atMs: number) => watch.recent(peer, "note", atMs, windowMs)
    watch.note(peer, "note", 900, nowMs + yearMs, windowMs)
    expect(recent(nowMs + yearMs)).toBe(900)
    expect(recent(nowMs)).toBe(0)
    watch.note(peer, "note", 1, nowMs, windowMs)
    expect(recent(nowMs)).toBe(1)
    expect(watch.recent(peer, undefined, nowMs, windowMs)).toBe(1)
    // Noting has dropped it as well: when that time comes indeed, it was long ago.
    expect(recent(nowMs + yearMs)).toBe(0)
    watch.note(peer, "note", 10, nowMs + windowMs - 1, windowMs)
    expect(recent(nowMs)).toBe(11)
    expect(recent(nowMs - 1)).toBe(1)
  })

  it("[JR-136] remembers within the window which deletes of a commit were noted, of a bounded number of commits", () => {
    const watch = new DeleteWatch()
    const fresh = (commit: string, places: ReadonlyArray<number>, atMs = nowMs) =>
      watch.remember(peer, commit, places, atMs, windowMs)
    expect(fresh("a", [0, 127])).toEqual([0, 127])
    expect(fresh("a", [0, 5, 127], nowMs + windowMs - 1)).toEqual([5])
    expect(fresh("a", [0, 5, 127], nowMs + windowMs)).toEqual([0, 5, 127])
    for (let i = 0; i < notedCommitsMax; i++) fresh(`b${i}`, [0])
    expect(watch.notedCommits).toBe(notedCommitsMax)
    expect(fresh("b1", [0])).toEqual([])
    expect(fresh("a", [0])).toEqual([0])
  })

  it("[JR-72] a long window counts everything within it in few parts", () => {
    const watch = new DeleteWatch()
    const longMs = 86_400_000
    const partMs = longMs / windowPartsMax
    const everyMs = 60_000
    for (let atMs = 0; atMs < 3 * longMs; atMs += everyMs) {
      watch.note(peer, "note", 1, nowMs + atMs, longMs)
      expect(watch.partsOf(peer, "note")).toBeLessThanOrEqual(windowPartsMax)
    }
    const counted = watch.recent(peer, "note", nowMs + 3 * longMs, longMs)
    expect(counted).toBeLessThanOrEqual(longMs / everyMs)
    expect(counted).toBeGreaterThanOrEqual((longMs - partMs) / everyMs)
  })

  it("[JR-72] refuses limits out of bounds and fills up the others", () => {
    expect(deleteLimitsOf({})).toEqual(defaultDeleteLimits)
    const widest = { recordsMax: 1_000_000, shareMax: 1, shareFrom: 1_000_000, windowMs: 86_400_000 }
    const narrowest = { recordsMax: 1, shareMax: 0, shareFrom: 1, windowMs: 1_000 }
    for (const limits of [widest, narrowest]) expect(deleteLimitsOf(limits)).toEqual(limits)
    for (const [name, value] of [
      ["recordsMax", 0],
      ["recordsMax", 1_000_001],
      ["recordsMax", NaN],
      ["shareMax", -0.1],
      ["shareMax", 1.1],
      ["shareMax", NaN],
      ["shareFrom", 0],
      ["shareFrom", 2.5],
      ["windowMs", 999],
      ["windowMs", 86_400_001]
    ] as const) {
      const read = () => deleteLimitsOf({ [name]: value })
      expect(read).toThrow(RangeError)
      expect(read).toThrow(`deleteLimits.${name} is ${value}, not a`)
    }
  })
})
