// Tokens: renewed once however many notice, never shown, and asked for anew when a login has ended.
import { expect, it } from "@effect/vitest"
import { Cause, Effect, Logger, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { describe } from "vitest"
import * as DriveFake from "../src/testing/DriveFake.ts"
import * as TokenStore from "../src/TokenStore.ts"
import { TokenStoreError } from "../src/TokenStoreError.ts"
import { bytesOf, left, mailboxAt, nameOf, openAt, reasonOf, right, running, space, startMs } from "./Harness.ts"

const bytes = bytesOf(10)

describe("a token", () => {
  it.effect("[GD-17] that is refused is renewed once, however many requests notice, and each is repeated once", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const [a, b] = [yield* openAt(fake, left), yield* openAt(fake, right)]
      const names = Array.from({ length: 10 }, (_, i) => nameOf(bytes, i + 1))
      yield* Effect.forEach(names, (name) => a.put(name, bytes))
      yield* b.list
      fake.expireTokens()
      // So that all are under way before the first is refused.
      fake.faults.latencyMsMax = 20
      yield* Effect.forEach(names, (name) => b.get(left, name), { concurrency: "unbounded" })
      expect(fake.count("token")).toBe(1)
      expect(fake.count("download")).toBe(20)
    })
  )

  it.effect("[GD-17] that is refused when it is new too ends the call", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const a = yield* openAt(fake, left)
      fake.plan({ method: "changes", status: 401, reason: "authError", when: "before", times: 2 })
      const denied = yield* reasonOf(a.list)
      expect([denied._tag, fake.count("changes"), fake.count("token")]).toEqual(["MailboxDenied", 2, 1])
      yield* a.list
    })
  )

  it.effect("[GD-17] is renewed before it ends, kept in the store, and a failing renewal is tried again", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(startMs)
      const fake = yield* DriveFake.make()
      const tokens = TokenStore.makeMemory(fake.signIn("a"))
      const a = yield* mailboxAt(fake, "a", { tokens }).open({ space, owner: left })
      const before = yield* tokens.load
      yield* TestClock.adjust("59 minutes")
      yield* TestClock.adjust("30 seconds")
      fake.plan({ method: "token", status: 503, reason: "backendError", when: "before", times: 2 })
      const asked = fake.asked.length
      yield* running(a.list)
      expect(fake.asked.slice(asked).every(({ client, method }) => client === "a" || method === "token")).toBe(true)
      expect(fake.count("token")).toBe(3)
      const after = yield* tokens.load
      expect(Redacted.value(after!.accessToken!)).not.toBe(Redacted.value(before!.accessToken!))
      expect(after!.expiresAtMs).toBeGreaterThan(before!.expiresAtMs)
      // Nobody but the one policy repeats it.
      fake.expireTokens()
      fake.plan({ method: "token", status: 503, reason: "backendError", when: "before", times: 100 })
      expect((yield* running(reasonOf(a.list)))._tag).toBe("MailboxUnreachable")
      expect(fake.count("token")).toBe(9)
    })
  )

  it.effect("[GD-18] of a login that ended says to sign in again, and a new login needs no restart", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const tokens = TokenStore.makeMemory(fake.signIn("a"))
      const mailbox = mailboxAt(fake, "a", { tokens })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const a = yield* mailbox.open({ space, owner: left })
          fake.revokeLogins()
          const denied = yield* reasonOf(a.list)
          expect(denied._tag).toBe("MailboxDenied")
          expect(denied.message).toContain("syncline drive login")
          // The new login may be another account's, of which this mailbox knows nothing.
          yield* tokens.save(fake.signIn("a"))
          const asked = fake.count()
          expect((yield* reasonOf(a.list)).message).toContain("opened again")
          expect(fake.count()).toBe(asked)
        })
      )
      yield* Effect.scoped(Effect.flatMap(mailbox.open({ space, owner: left }), ({ list }) => list))
    })
  )

  it.effect("[GD-18] that nobody has, or that cannot be read, closes the mailbox", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const none = yield* reasonOf(openAt(fake, left, { tokens: TokenStore.makeMemory() }))
      expect([none._tag, fake.count()]).toEqual(["MailboxDenied", 0])
      const broken = new TokenStoreError({ problem: "the file is damaged" })
      const tokens = { load: Effect.fail(broken), save: () => Effect.fail(broken) }
      expect((yield* reasonOf(openAt(fake, left, { tokens }))).message).toContain("the file is damaged")
    })
  )

  it.effect("[GD-19] and a secret are in no error, address or log", () =>
    Effect.gen(function* () {
      const said: Array<unknown> = []
      const logger = Logger.make(({ cause, message }) => void said.push(message, Cause.pretty(cause)))
      const fake = yield* DriveFake.make()
      const failing = { load: TokenStore.makeMemory(fake.signIn("a")).load, save: () => Effect.fail(unkept) }
      const unkept = new TokenStoreError({ problem: "the disk is full" })
      const mailbox = mailboxAt(fake, "a", { tokens: failing })
      said.push(mailbox, mailbox.address)
      const body = Effect.gen(function* () {
        const a = yield* mailbox.open({ space, owner: left })
        yield* a.put(nameOf(bytes), bytes)
        yield* a.list
        fake.expireTokens()
        yield* a.list
        for (const status of [0, 400, 401, 403, 404, 408, 409, 410, 429, 500]) {
          for (const method of ["changes", "startPageToken", "list", "download", "create", "generateIds", "token"]) {
            fake.plan({ method, status, reason: "access-secret-1", when: "before", times: 20 })
          }
          fake.expireTokens()
          for (const call of [a.list, a.get(left, nameOf(bytes)), a.put(nameOf(bytes, status + 2), bytes)]) {
            const failed = yield* Effect.exit(running(Effect.asVoid(call)))
            said.push(failed, inspect(failed, { depth: 20, showHidden: true }), JSON.stringify(failed))
          }
          for (let i = 0; i < 200; i++) yield* Effect.ignore(Effect.void)
        }
      })
      yield* body.pipe(Effect.provide(Logger.layer([logger])))
      const text = said.map((each) => `${inspect(each, { depth: 20, showHidden: true })} ${String(each)}`).join("\n")
      expect(text).toContain("the disk is full")
      expect(text).toContain("MailboxUnreachable")
      expect(text).not.toContain("secret-")
      expect(text).not.toContain(Redacted.value(fake.app.clientSecret))
    })
  )
})
