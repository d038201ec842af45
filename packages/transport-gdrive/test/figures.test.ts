// The figures that are promised of a Drive which fails in one request of twenty, half of them after the effect, and lists half a
// minute late: nothing lost, nothing twice, few requests at rest, no hurry, and one renewal for each refusal.
import { expect, it } from "@effect/vitest"
import { SeededRandom } from "@syncline/core/testing"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { fileProperties } from "../src/DriveNames.ts"
import * as DriveFake from "../src/testing/DriveFake.ts"
import { bytesOf, left, namesOf, nameOf, openAt, right, running, space, startMs } from "./Harness.ts"

const faulty = Effect.fnUntraced(function* (seed: number) {
  yield* TestClock.setTime(startMs)
  const fake = yield* DriveFake.make({ chance: new SeededRandom.SeededRandom(seed) })
  // A login, and what opens a mailbox, is no figure of its own.
  const [a, b] = [yield* openAt(fake, left), yield* openAt(fake, right)]
  Object.assign(fake.faults, { failure: 0.05, retryAfterS: 7, lagMsOf: () => 30_000 })
  return { fake, a, b, from: fake.asked.length }
})

/** Tries again like a node, which gives nothing up. */
const atLast = <A, E, R>(effect: Effect.Effect<A, E, R>) => running(Effect.eventually(effect))

const filesMade = 300

it.effect.each([1, 2, 3])("[GD-4] [GD-8] [GD-14] nothing is lost and nothing is there twice: seed %i", (seed) =>
  Effect.gen(function* () {
    const { a, b, fake, from } = yield* faulty(seed)
    const names = Array.from({ length: filesMade }, (_, i) => nameOf(bytesOf(50, i), i + 1))
    for (const [i, name] of names.entries()) {
      yield* atLast(a.put(name, bytesOf(50, i)))
      if (i % 20 === 0) yield* atLast(b.list)
    }
    yield* TestClock.adjust("1 minute")
    yield* atLast(b.list)
    expect(yield* atLast(namesOf(b))).toEqual(names)
    const made = fake.files().filter(({ appProperties }) => appProperties["syncline"] === "file-1")
    expect(made.map(({ name }) => name).sort()).toEqual(names)
    expect(made[0]!.appProperties).toEqual(fileProperties(space, left, names[0]!))
    for (const [i, name] of names.entries()) {
      if (i % 30 === 0) expect(Buffer.from(yield* atLast(b.get(left, name)))).toEqual(Buffer.from(bytesOf(50, i)))
    }
    // It was hard: answers were lost, after the effect too, which a repetition finds out by the id that is taken.
    const asked = fake.asked.slice(from)
    expect(asked.filter(({ status }) => status >= 403 && status !== 409).length).toBeGreaterThan(10)
    expect(asked.filter(({ method, status }) => method === "create" && status === 409).length).toBeGreaterThan(2)
  })
)

it.effect("[GD-15] nobody comes back sooner than Drive says", () =>
  Effect.gen(function* () {
    const { a, fake, from } = yield* faulty(4)
    fake.faults.failure = 0.2
    for (let i = 0; i < filesMade; i++) yield* atLast(a.put(nameOf(bytesOf(50, i), i + 1), bytesOf(50, i)))
    const asked = fake.asked.slice(from)
    const limited = asked.flatMap(({ atMs, retryAfterS }, i) =>
      retryAfterS === 0 || asked[i + 1] === undefined ? [] : [asked[i + 1]!.atMs - atMs - retryAfterS * 1_000]
    )
    expect(limited.length).toBeGreaterThan(2)
    expect(Math.min(...limited)).toBeGreaterThanOrEqual(0)
  })
)

/** Most of the moments that are within a minute, wherever it begins. */
const mostInAMinute = (timesMs: ReadonlyArray<number>): number =>
  Math.max(...timesMs.map((first) => timesMs.filter((ms) => ms >= first && ms < first + 60_000).length))

it.effect.each([
  { failure: 0, what: "at a Drive without faults" },
  { failure: 0.05, what: "beside repetitions, at one that fails" }
])("[GD-12] at most 6 requests in any minute of rest, however often it is asked, $what", ({ failure }) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(startMs)
    const fake = yield* DriveFake.make({ chance: new SeededRandom.SeededRandom(5) })
    const a = yield* openAt(fake, left)
    for (let i = 0; i < 20; i++) yield* a.put(nameOf(bytesOf(9, i), i + 1), bytesOf(9, i))
    const b = yield* openAt(fake, right, { freshForMs: 10_000, pollEveryMs: 15_000 })
    fake.faults.failure = failure
    yield* Effect.forkScoped(Stream.runDrain(b.changes), { startImmediately: true })
    const from = fake.asked.length
    for (let second = 0; second < 20 * 60; second++) {
      yield* Effect.ignore(running(b.list))
      yield* TestClock.adjust("1 second")
    }
    const asked = fake.asked.slice(from)
    const isFault = ({ status }: DriveFake.Asked) => status === 0 || status >= 403
    // What failed is asked again, which is a request more each time.
    const anew = asked.filter((each) => !isFault(each))
    expect(asked.some(isFault)).toBe(failure > 0)
    expect(anew.length).toBeGreaterThan(60)
    expect(mostInAMinute(anew.map(({ atMs }) => atMs))).toBeLessThanOrEqual(6)
  })
)

it.effect("[GD-17] exactly one renewal for each token that is refused", () =>
  Effect.gen(function* () {
    const { a, fake, from } = yield* faulty(6)
    Object.assign(fake.faults, { failure: 0, expiry: 0.05 })
    for (let i = 0; i < filesMade; i++) yield* atLast(a.put(nameOf(bytesOf(50, i), i + 1), bytesOf(50, i)))
    const asked = fake.asked.slice(from)
    const refused = asked.filter(({ status }) => status === 401).length
    expect(refused).toBeGreaterThan(5)
    expect(asked.filter(({ method }) => method === "token").length).toBe(refused)
    // Refusal, renewal, and the same request again.
    for (const [i, { method, status }] of asked.entries()) {
      if (status === 401) expect([asked[i + 1]?.method, asked[i + 2]?.method]).toEqual(["token", method])
    }
  })
)
