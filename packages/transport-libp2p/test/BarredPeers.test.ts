import { describe, expect, it } from "@effect/vitest"
import { barredMax, barredMs, BarredPeers } from "../src/BarredPeers.ts"

describe("peers that are turned away for a while", () => {
  it("[LP-40] are let in again after a minute, counted from the last time", () => {
    let nowMs = 0
    const barred = new BarredPeers(() => nowMs)
    barred.bar("a")
    nowMs += barredMs - 1
    expect(barred.has("a")).toBe(true)
    barred.bar("a")
    nowMs += barredMs - 1
    expect(barred.has("a")).toBe(true)
    nowMs += 1
    expect(barred.has("a")).toBe(false)
    expect(barred.has("b")).toBe(false)
  })

  it("[LP-40] are so many at most; who was barred first goes first", () => {
    const barred = new BarredPeers(() => 0)
    for (let i = 0; i <= barredMax; i++) barred.bar(String(i))
    expect([barred.has("0"), barred.has("1"), barred.has(String(barredMax))]).toEqual([false, true, true])
  })
})
