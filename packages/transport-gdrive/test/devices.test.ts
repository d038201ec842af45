// Two devices of one account at a Drive that misbehaves: in the end both have the same records.
import { expect, it } from "@effect/vitest"
import { SeededRandom } from "@syncline/core/testing"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as DriveFake from "../src/testing/DriveFake.ts"
import * as Devices from "./devices.ts"
import { mailboxAt, running, startMs } from "./Harness.ts"

it.effect.each([1, 2, 3])("[GD-23] two devices get the same records whatever Drive does: seed %i", (seed) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(startMs)
    const random = new SeededRandom.SeededRandom(seed)
    const fake = yield* DriveFake.make({ chance: new SeededRandom.SeededRandom(seed, 1), pageSizeMax: 5 })
    Object.assign(fake.faults, {
      failure: 0.05,
      disconnect: 0.01,
      retryAfterS: 3,
      duplicate: 0.2,
      truncate: 0.05,
      expiry: 0.01,
      latencyMsMax: 2,
      lagMsOf: () => 30_000
    })
    const names = ["a", "b"]
    const devices = yield* Effect.forEach(names, (name, i) => running(Devices.join(mailboxAt(fake, name), i + 1, 2)))
    const written = new Set<string>()
    for (let turn = 0; turn < 40; turn++) {
      const device = random.pick(devices)
      if (random.chance(0.5)) {
        const note = `n${random.between(1, 15)}`
        yield* device.write(note, `${turn}`)
        written.add(note)
      } else yield* running(Effect.ignore(device.step))
      yield* TestClock.adjust(random.between(1, 20_000))
    }
    expect(written.size).toBeGreaterThan(5)
    for (let round = 0; round < 60; round++) {
      for (const device of devices) yield* running(Effect.ignore(device.step))
      yield* TestClock.adjust(30_000)
      const states = yield* Effect.forEach(devices, ({ state }) => state)
      if (new Set(states.map(({ hash }) => hash)).size === 1) {
        expect(states.map(({ count }) => count)).toEqual([written.size, written.size])
        // No file of a device is there twice.
        const files = fake.files().filter(({ appProperties }) => appProperties["syncline"] === "file-1")
        const names = files.map(({ appProperties: { n, o } }) => `${o}/${n}`)
        expect(new Set(names).size).toBe(names.length)
        return
      }
    }
    return yield* Effect.die("they never agree")
  })
)
