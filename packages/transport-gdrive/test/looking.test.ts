// What a device sees of Drive: all that others wrote, late and not never, with few requests.
import { expect, it } from "@effect/vitest"
import { Effect, Metric, Stream } from "effect"
import { TestClock } from "effect/testing"
import { describe } from "vitest"
import * as DriveApi from "../src/DriveApi.ts"
import { DriveIndex } from "../src/DriveIndex.ts"
import { forgottenTotal } from "../src/DriveMetrics.ts"
import { fileProperties } from "../src/DriveNames.ts"
import { settings } from "../src/GoogleDriveOptions.ts"
import * as TokenStore from "../src/TokenStore.ts"
import * as DriveFake from "../src/testing/DriveFake.ts"
import {
  bytesOf,
  folderOf,
  left,
  namesOf,
  nameOf,
  openAt,
  reasonOf,
  right,
  running,
  space,
  startMs
} from "./Harness.ts"

const names = Array.from({ length: 9 }, (_, i) => nameOf(bytesOf(100), i + 1))
const bytes = bytesOf(100)
const putAll = (a: { readonly put: (name: string, bytes: Uint8Array) => Effect.Effect<void, unknown> }) =>
  Effect.forEach(names, (name) => a.put(name, bytes))

describe("looking", () => {
  it.effect(
    "[GD-7] listings and changes are read to their end, page by page, and changes that come twice count once",
    () =>
      Effect.gen(function* () {
        const fake = yield* DriveFake.make({ pageSizeMax: 2, chance: { fraction: () => 0 } })
        fake.faults.duplicate = 1
        const a = yield* openAt(fake, left)
        const early = yield* openAt(fake, right)
        yield* putAll(a)
        const late = yield* openAt(fake, right)
        expect(yield* namesOf(late)).toEqual(names)
        expect(yield* namesOf(early)).toEqual(names)
      })
  )

  it.effect("[GD-8] a place in the changes that Drive does not know any more is answered with a full listing", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const [a, b] = [yield* openAt(fake, left), yield* openAt(fake, right)]
      for (const lost of [400, 404, 410]) {
        const name = nameOf(bytes, lost)
        yield* a.put(name, bytes)
        if (lost === 400) fake.loseTokens()
        else fake.plan({ method: "changes", status: lost, reason: "invalid", when: "before" })
        expect(yield* namesOf(b)).toContain(name)
      }
    })
  )

  it.effect("[GD-8] listings that lag by half a minute lose nothing, also to who opens just then", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(startMs)
      const fake = yield* DriveFake.make()
      const a = yield* openAt(fake, left)
      fake.faults.lagMsOf = (client) => (client === "b" ? 30_000 : 0)
      yield* a.put(names[0]!, bytes)
      yield* running(Effect.sleep("5 seconds"))
      // The listing is too late to show the file, and the changes begin behind it.
      const b = yield* openAt(fake, right)
      expect(yield* namesOf(b)).toEqual([])
      for (const name of names.slice(1)) {
        yield* running(Effect.sleep("15 seconds"))
        yield* a.put(name, bytes)
        yield* b.list
      }
      yield* running(Effect.sleep("1 minute"))
      expect(yield* namesOf(b)).toEqual(names)
    })
  )

  it.effect("[GD-9] what a person deletes or puts into the bin is not there any more", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const [a, b] = [yield* openAt(fake, left), yield* openAt(fake, right)]
      yield* putAll(a)
      yield* b.list
      const idOf = (name: string) => fake.files().find((file) => file.name === name)!.id
      fake.trash(idOf(names[0]!))
      fake.erase(idOf(names[1]!))
      expect(yield* namesOf(b)).toEqual(names.slice(2))
      fake.erase(idOf(names[2]!))
      expect((yield* reasonOf(b.get(left, names[2]!)))._tag).toBe("FileNotThere")
      expect(yield* namesOf(yield* openAt(fake, right))).toEqual(names.slice(3))
    })
  )

  it.effect("[GD-12] an idle device makes at most 6 requests a minute, however often it is asked to list", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(startMs)
      const fake = yield* DriveFake.make()
      const a = yield* openAt(fake, left)
      yield* putAll(a)
      const opened = { freshForMs: 10_000, pollEveryMs: 15_000 }
      const b = yield* openAt(fake, right, opened)
      yield* Effect.forkScoped(Stream.runDrain(b.changes), { startImmediately: true })
      const from = fake.asked.length
      for (let turn = 0; turn < 4 * 30; turn++) {
        // As a node does: it lists twice each time it looks.
        yield* b.list
        yield* b.list
        yield* TestClock.adjust("15 seconds")
        yield* TestClock.withLive(Effect.sleep(5))
      }
      const minutes = new Map<number, number>()
      const [first] = fake.asked.slice(from)
      for (const { atMs } of fake.asked.slice(from)) {
        const minute = Math.floor((atMs - first!.atMs) / 60_000)
        minutes.set(minute, (minutes.get(minute) ?? 0) + 1)
      }
      expect(minutes.size).toBeGreaterThanOrEqual(29)
      expect(Math.max(...minutes.values())).toBeLessThanOrEqual(6)
      expect(fake.count("list")).toBeLessThan(12)
    })
  )

  it.effect("[GD-12] after a pause three looks may follow each other soon, and the next one not", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(startMs)
      const fake = yield* DriveFake.make()
      const b = yield* openAt(fake, right, { freshForMs: 10_000 })
      // Behind the listings that come soon after the first one.
      for (let pauses = 0; pauses < 4; pauses++) {
        yield* b.list
        yield* TestClock.adjust("20 minutes")
      }
      const from = fake.asked.length
      const asked: Array<number> = []
      for (const waitMs of [0, 1_999, 1, 2_000, 2_000, 2_000, 6_000]) {
        yield* TestClock.adjust(waitMs)
        yield* b.list
        asked.push(fake.asked.length - from)
      }
      expect(asked).toEqual([1, 1, 2, 3, 3, 3, 4])
    })
  )

  it.effect("[GD-12] a clock that is set back keeps nobody from looking", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(startMs)
      const fake = yield* DriveFake.make()
      const [a, b] = [yield* openAt(fake, left), yield* openAt(fake, right, { freshForMs: 10_000 })]
      yield* a.put(names[0]!, bytes)
      expect(yield* namesOf(b)).toEqual([])
      yield* TestClock.setTime(startMs - 86_400_000)
      // Drive's own clock goes on.
      fake.faults.lagMsOf = () => -86_400_000
      expect(yield* namesOf(b)).toEqual([names[0]])
    })
  )

  it.effect("[GD-12] everything is listed again a day later", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(startMs)
      const fake = yield* DriveFake.make()
      const b = yield* openAt(fake, right)
      for (const wait of [60_000, 600_000, 86_400_000, 86_400_000]) {
        const before = fake.count("list")
        yield* b.list
        expect(fake.count("list")).toBe(before)
        yield* TestClock.adjust(wait)
        yield* b.list
        expect(fake.count("list")).toBe(before + 2)
      }
    })
  )
})

describe("what is known", () => {
  const stored = (counter: number) => ({
    id: `${counter}`,
    owner: left,
    name: names[counter]!,
    bytes: 1,
    md5: `${counter}`
  })

  it("[GD-13] is bounded: the oldest files are left out and counted", () => {
    const index = new DriveIndex(3)
    index.replace([0, 1, 2].map(stored), 0)
    index.add(stored(3), 1)
    expect(index.listed().map(({ id }) => id)).toEqual(["1", "2", "3"])
    expect([index.size, index.takeForgotten(), index.takeForgotten()]).toEqual([3, 1, 0])
  })

  it.effect("[GD-13] and shows in the metrics", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      yield* openAt(fake, left)
      expect((yield* Metric.value(forgottenTotal)).count).toBe(0)
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )

  it("[GD-8] keeps what was heard of just now, although a listing does not show it", () => {
    const index = new DriveIndex()
    index.add(stored(1), 1_000_000)
    expect(index.replace([stored(2)], 1_000_001)).toBe(true)
    expect(index.size).toBe(2)
    expect(index.replace([stored(2)], 1_600_000)).toBe(true)
    expect(index.size).toBe(1)
    expect(index.replace([stored(2)], 1_600_000)).toBe(false)
  })
})

describe("reading", () => {
  it.effect("[GD-11] what grew beyond the limit since it was listed is not read", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const login = fake.signIn("a")
      const resolved = settings({ app: fake.app, tokens: TokenStore.makeMemory(login), endpoints: fake.endpoints })
      const api = DriveApi.make(resolved, { logins: () => 1, use: (request) => request(login.accessToken!) })
      const id = fake.plant({ name: "large", parents: [], appProperties: {}, bytes: bytesOf(1_000) })
      expect((yield* Effect.flip(api.download(id, 999))).kind).toBe("oversize")
      expect((yield* api.download(id, 1_000)).length).toBe(1_000)
    })
  )

  it.effect("[GD-11] of copies with other content the one counts that its name is made of", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const b = yield* openAt(fake, right)
      const name = nameOf(bytes)
      const appProperties = fileProperties(space, left, name)
      for (const content of [bytesOf(100, 1), bytesOf(90), bytes, bytesOf(100, 2), bytes]) {
        fake.plant({ name, parents: [folderOf(fake)], appProperties, bytes: content })
      }
      expect(yield* b.list).toHaveLength(1)
      expect(Buffer.from(yield* b.get(left, name))).toEqual(Buffer.from(bytes))
    })
  )

  it.effect("[GD-11] a download that breaks off is no file, and the next try gets it", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make({ chance: { fraction: () => 0.5 } })
      const [a, b] = [yield* openAt(fake, left), yield* openAt(fake, right)]
      yield* a.put(names[0]!, bytes)
      yield* b.list
      fake.faults.truncate = 1
      expect((yield* reasonOf(b.get(left, names[0]!)))._tag).toBe("FileNotThere")
      fake.faults.truncate = 0
      expect(Buffer.from(yield* b.get(left, names[0]!))).toEqual(Buffer.from(bytes))
    })
  )
})
