import { Clock, Effect, Fiber } from "effect"
import { describe, expect, it } from "vitest"
import { SimulatedTime } from "../../src/testing/SimulatedTime.ts"

const startMs = 1_800_000_000_000

describe("simulated time", () => {
  it("[SI-4] wakes sleepers in the order of their times, and those of one moment in the order in which they came", () => {
    const woken: Array<string> = []
    const sleeper = (name: string, ms: number) =>
      Effect.andThen(
        Effect.sleep(ms),
        Effect.sync(() => void woken.push(name))
      )
    const waits = Array.from({ length: 100 }, (_, i) => (i * 37) % 50)
    const program = Effect.forEach(waits, (ms, i) => sleeper(`${ms}/${i}`, ms), { concurrency: "unbounded" })
    new SimulatedTime(startMs).run(program)
    const expected = waits
      .map((ms, i) => ({ ms, name: `${ms}/${i}` }))
      .toSorted((a, b) => a.ms - b.ms)
      .map(({ name }) => name)
    expect(woken).toEqual(expected)
  })

  it("an hour passes in one call, and who was called off is not woken", () => {
    const program = Effect.gen(function* () {
      const late = yield* Effect.forkChild(Effect.sleep("2 hours"))
      const wait = yield* Effect.timeoutOption(Effect.never, "1 hour")
      yield* Fiber.interrupt(late)
      return [wait._tag, yield* Clock.currentTimeMillis]
    })
    expect(new SimulatedTime(startMs).run(program)).toEqual(["None", startMs + 3_600_000])
  })

  it("a program that waits for something that never comes, or never rests, is an error", () => {
    expect(() => new SimulatedTime(startMs).run(Effect.never)).toThrow("never comes")
    expect(() => new SimulatedTime(startMs, 1_000).run(Effect.forever(Effect.yieldNow))).toThrow(
      "does not come to rest"
    )
  })

  it("what a program fails with is thrown", () => {
    expect(() => new SimulatedTime(startMs).run(Effect.die(new Error("no")))).toThrow("no")
  })
})
