// What Google asks to do later is done later, a few times; what a person must do is said at once.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { describe } from "vitest"
import * as DriveFake from "../src/testing/DriveFake.ts"
import {
  bytesOf,
  left,
  mailboxAt,
  namesOf,
  nameOf,
  openAt,
  reasonOf,
  right,
  running,
  space,
  startMs
} from "./Harness.ts"

const bytes = bytesOf(10)
const name = nameOf(bytes)
const timesOf = (fake: DriveFake.DriveFake, method: string) =>
  fake.asked.filter((asked) => asked.method === method).map(({ atMs }) => atMs)
const waits = (times: ReadonlyArray<number>) => times.slice(1).map((atMs, i) => atMs - times[i]!)

const start = Effect.gen(function* () {
  yield* TestClock.setTime(startMs)
  const fake = yield* DriveFake.make()
  return { fake, a: yield* openAt(fake, left) }
})

describe("trying again", () => {
  it.effect("[GD-14] waits of about 1, 2, 4, 8 and 16 seconds, then the call ends", () =>
    Effect.gen(function* () {
      const { a, fake } = yield* start
      fake.plan({ method: "changes", status: 503, reason: "backendError", when: "before", times: 100 })
      expect((yield* running(reasonOf(a.list)))._tag).toBe("MailboxUnreachable")
      const found = waits(timesOf(fake, "changes"))
      expect(found).toHaveLength(5)
      for (const [i, wait] of found.entries()) {
        expect(wait).toBeGreaterThanOrEqual(800 * 2 ** i)
        expect(wait).toBeLessThanOrEqual(1_200 * 2 ** i + 10_000)
      }
    })
  )

  it.effect("[GD-14] the client itself repeats nothing", () =>
    Effect.gen(function* () {
      const { a, fake } = yield* start
      for (const status of [408, 429, 500]) {
        const before = fake.count("changes")
        fake.plan({ method: "changes", status, reason: "backendError", when: "before" })
        yield* running(a.list)
        expect(fake.count("changes") - before).toBe(2)
      }
    })
  )

  it.effect("[GD-14] a rate that is exceeded is busy, whether Drive says 403 or 429", () =>
    Effect.gen(function* () {
      const { fake } = yield* start
      for (const [status, reason] of [
        [403, "rateLimitExceeded"],
        [403, "userRateLimitExceeded"],
        [429, "rateLimitExceeded"]
      ] as const) {
        const before = fake.count("changes")
        fake.plan({ method: "changes", status, reason, when: "before", times: 6 })
        const mailbox = yield* mailboxAt(fake, "b").open({ space, owner: right })
        expect((yield* running(reasonOf(mailbox.list)))._tag).toBe("MailboxBusy")
        expect(fake.count("changes") - before).toBe(6)
      }
    })
  )

  it.effect("[GD-15] no sooner than Google says", () =>
    Effect.gen(function* () {
      const { a, fake } = yield* start
      fake.plan({ method: "changes", status: 429, reason: "rateLimitExceeded", when: "before", retryAfterS: 20 })
      yield* running(a.list)
      const [wait] = waits(timesOf(fake, "changes"))
      expect(wait).toBeGreaterThanOrEqual(20_000)
      expect(wait).toBeLessThanOrEqual(35_000)
    })
  )

  it.effect("[GD-15] a wait of more than a minute is the caller's: the call ends at once and says how long", () =>
    Effect.gen(function* () {
      const { a, fake } = yield* start
      fake.plan({ method: "changes", status: 429, reason: "rateLimitExceeded", when: "before", retryAfterS: 90 })
      expect(yield* reasonOf(a.list)).toMatchObject({ _tag: "MailboxBusy", afterMs: 90_000 })
      expect(fake.count("changes")).toBe(1)
    })
  )

  it.effect("[GD-14] an answer that does not come in time counts as none", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make({ chance: { fraction: () => 0.9 } })
      const b = yield* running(openAt(fake, right, { requestMsMax: 300 }))
      // The machine's time: far more than the limit.
      fake.faults.latencyMsMax = 2_000
      expect((yield* running(reasonOf(b.list))).message).toContain("no answer in time")
      expect(fake.count("changes")).toBe(6)
    })
  )

  it.effect("[GD-16] a full account is told at once, and what is there can be read", () =>
    Effect.gen(function* () {
      const { a, fake } = yield* start
      yield* a.put(name, bytes)
      fake.faults.isFull = true
      const before = fake.count("create")
      expect((yield* reasonOf(a.put(nameOf(bytes, 2), bytes)))._tag).toBe("MailboxFull")
      expect(fake.count("create") - before).toBe(1)
      expect(Buffer.from(yield* a.get(left, name))).toEqual(Buffer.from(bytes))
      expect(yield* namesOf(a)).toEqual([name])
    })
  )

  it.effect("[GD-16] what only a person can mend is told at once, with what to do", () =>
    Effect.gen(function* () {
      const { a, fake } = yield* start
      for (const reason of ["appNotAuthorizedToFile", "insufficientFilePermissions", "insufficientPermissions"]) {
        const before = fake.count("changes")
        fake.plan({ method: "changes", status: 403, reason, when: "before" })
        const denied = yield* reasonOf(a.list)
        expect(denied._tag).toBe("MailboxDenied")
        expect(denied.message).toContain("syncline drive login")
        expect(fake.count("changes") - before).toBe(1)
      }
    })
  )

  it.effect("[GD-2] nobody there when it opens: unreachable, also where Google is only busy", () =>
    Effect.gen(function* () {
      const { fake } = yield* start
      fake.plan({ method: "startPageToken", status: 429, reason: "rateLimitExceeded", when: "before", retryAfterS: 90 })
      expect((yield* reasonOf(openAt(fake, right)))._tag).toBe("MailboxUnreachable")
      const nobody = { api: "http://127.0.0.1:1/", token: "http://127.0.0.1:1/" }
      const closed = mailboxAt(fake, "c", { endpoints: nobody }).open({ space, owner: right })
      expect((yield* running(reasonOf(closed))).message).toContain("ECONNREFUSED")
    })
  )
})
