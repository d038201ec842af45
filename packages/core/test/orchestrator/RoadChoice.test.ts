// When a road is left for another one, and when it is taken again.
import { expect, it } from "vitest"
import { defaultRoadTiming as timing, dialInMs, type Turn, turnOf } from "../../src/orchestrator/RoadChoice.ts"

const standby: Turn = { isActive: false, turningSinceMs: undefined }
const active: Turn = { isActive: true, turningSinceMs: undefined }

/** The turn behind moments at which it was needed or not. */
const behind = (turn: Turn, moments: ReadonlyArray<readonly [atMs: number, isNeeded: boolean]>): Turn =>
  moments.reduce((now, [atMs, isNeeded]) => turnOf(now, isNeeded, atMs, timing), turn)

it("[OR-67] a mailbox is taken into use once it was needed for 20 s without a pause", () => {
  expect(
    behind(standby, [
      [0, true],
      [19_999, true]
    ]).isActive
  ).toBe(false)
  expect(
    behind(standby, [
      [0, true],
      [20_000, true]
    ]).isActive
  ).toBe(true)
  expect(
    behind(standby, [
      [0, true],
      [19_000, false],
      [19_500, true],
      [39_000, true]
    ]).isActive
  ).toBe(false)
})

it("[OR-67] it is left once links have reached everybody for 2 min without a pause", () => {
  expect(
    behind(active, [
      [0, false],
      [119_999, false]
    ]).isActive
  ).toBe(true)
  expect(
    behind(active, [
      [0, false],
      [120_000, false]
    ]).isActive
  ).toBe(false)
  expect(
    behind(active, [
      [0, false],
      [60_000, true],
      [61_000, false],
      [180_000, false]
    ]).isActive
  ).toBe(true)
})

const live = (changedMs: number) => ({ isLive: true, changedMs })
const down = (changedMs: number) => ({ isLive: false, changedMs })

it("[OR-69] the first address is dialled at once, the next once those before it have failed for 20 s", () => {
  expect(dialInMs([down(0), down(0), down(0)], 0, 0, timing)).toBe(0)
  expect(dialInMs([down(0), down(0), down(0)], 1, 5_000, timing)).toBe(15_000)
  expect(dialInMs([down(0), down(5_000), down(0)], 2, 20_000, timing)).toBe(5_000)
  expect(dialInMs([down(0), down(0)], 1, 20_000, timing)).toBe(0)
})

it("[OR-69] while a better address is live no other is dialled, and a better one not before a worse had 2 min", () => {
  expect(dialInMs([live(0), down(0)], 1, 1e9, timing)).toBe(Infinity)
  expect(dialInMs([down(0), live(30_000)], 0, 31_000, timing)).toBe(119_000)
  expect(dialInMs([down(0), live(30_000)], 0, 150_000, timing)).toBe(0)
})
