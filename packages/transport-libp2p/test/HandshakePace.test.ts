import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { betweenMs, HandshakePace } from "../src/HandshakePace.ts"
import { device, listen, tcp, visit } from "./Harness.ts"

describe("handshakes", () => {
  it("[LP-41] take turns, and one that comes alone waits for nothing", () => {
    let nowMs = 1_000
    const pace = new HandshakePace(() => nowMs)
    expect([pace.take(), pace.take(), pace.take()]).toEqual([0, betweenMs, 2 * betweenMs])
    nowMs += 2 * betweenMs
    expect(pace.take()).toBe(betweenMs)
    nowMs += 10 * betweenMs
    expect(pace.take()).toBe(0)
  })

  it.live("[LP-41] devices that come at once are all let in, one after another", () =>
    Effect.gen(function* () {
      const address = yield* listen(device(1, { listen: [tcp], maxConnectionsPerSecond: 100 }))
      const devices = [2, 3, 4, 5, 6, 7].map((number) => device(number, { listen: [] }))
      const beganMs = performance.now()
      const visits = yield* Effect.all(
        devices.map((one) => visit(one, address)),
        { concurrency: "unbounded" }
      )
      expect(visits.map(({ echoed }) => echoed)).toEqual(devices.map(() => "1,2,3"))
      expect(performance.now() - beganMs).toBeGreaterThan((devices.length - 1) * betweenMs)
    })
  )
})
