// Whose Drive it is: two accounts are two places, and a login is taken back at Google.
import { expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { inspect } from "node:util"
import { describe } from "vitest"
import { logout } from "../src/DriveLogout.ts"
import { driveAccount } from "../src/GoogleDrive.ts"
import * as DriveFake from "../src/testing/DriveFake.ts"
import * as TokenStore from "../src/TokenStore.ts"
import * as Devices from "./devices.ts"
import { left, mailboxAt, openAt, reasonOf, right, running } from "./Harness.ts"

describe("an account", () => {
  it.effect("[GD-24] is told by its address and id, and by its id where Google shows no address", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make({ account: "ada@example.com" })
      const of = { app: fake.app, endpoints: fake.endpoints }
      const told = yield* driveAccount({ ...of, tokens: TokenStore.makeMemory(fake.signIn("a")) })
      expect(told).toEqual({ id: expect.stringMatching(/^\d+$/), address: "ada@example.com" })
      const nobody = driveAccount({ ...of, tokens: TokenStore.makeMemory() })
      expect((yield* reasonOf(nobody))._tag).toBe("MailboxDenied")
      const shy = yield* DriveFake.make({ account: "" })
      const tokens = TokenStore.makeMemory(shy.signIn("a"))
      const { address, id } = yield* driveAccount({ app: shy.app, endpoints: shy.endpoints, tokens })
      expect(address).toBe(id)
    })
  )

  it.effect("[GD-24] that was named stands in the address, and a login of another one is refused with both names", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make({ account: "ada@example.com" })
      const own = mailboxAt(fake, "a", { account: "ada@example.com" })
      expect(own.address).toBe("Google Drive of ada@example.com: Syncline")
      expect(mailboxAt(fake, "a", { account: "1", folderId: "1AbC-dEf_234" }).address).toBe(
        "Google Drive of 1: folder 1AbC-dEf_234"
      )
      const { account } = yield* own.open({ space: "s".repeat(26), owner: left })
      yield* openAt(fake, right, { account: account! })
      const refused = yield* reasonOf(openAt(fake, left, { account: "ben@example.com" }))
      expect([refused._tag, refused.message]).toEqual([
        "MailboxDenied",
        expect.stringMatching(/of ada@example\.com, not of ben@example\.com: sign in .* as ben@example\.com/)
      ])
      expect(fake.count("create")).toBe(1)
      for (const wrong of ["", "two words", "a\u001b[31m", "x".repeat(255)]) {
        expect(() => mailboxAt(fake, "a", { account: wrong })).toThrow(RangeError)
      }
    })
  )

  it.effect("[GD-24] [MX-11] what a device remembers of one account's Drive holds for no other", () =>
    Effect.gen(function* () {
      const [first, second] = [yield* DriveFake.make(), yield* DriveFake.make({ account: "ben@example.com" })]
      const [addressOne, addressTwo] = [first, second].map((fake) => mailboxAt(fake, "a").address)
      expect(addressTwo).toBe(addressOne)
      const kept = new Map<string, Uint8Array>()
      const round = (fake: DriveFake.DriveFake, note: string) =>
        Effect.scoped(
          Effect.gen(function* () {
            const a = yield* Devices.join(mailboxAt(fake, "a"), 1, 2, kept)
            yield* a.write(note, "x")
            yield* a.step
            return yield* a.state
          })
        )
      yield* round(first, "one")
      yield* round(second, "two")
      expect([...kept.keys()]).toHaveLength(2)
      expect(new Set([...kept.keys()].map((key) => key.replace(/ \d+$/, "")))).toEqual(
        new Set([`gdrive ${addressOne}`])
      )
    })
  )
})

describe("a logout", () => {
  it.effect("[GD-25] takes the login back, also one that has ended, and mailboxes say to sign in", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const tokens = fake.signIn("a")
      const mailbox = yield* mailboxAt(fake, "a", { tokens: TokenStore.makeMemory(tokens) }).open({
        space: "s".repeat(26),
        owner: left
      })
      const { refreshToken } = tokens
      const out = logout({ app: fake.app, endpoints: fake.endpoints, refreshToken })
      fake.plan({ method: "revoke", status: 503, reason: "backendError", when: "before" })
      yield* running(out)
      expect(fake.count("revoke")).toBe(2)
      expect((yield* reasonOf(mailbox.list)).message).toContain("syncline drive login")
      yield* out
    })
  )

  it.effect("[GD-25] [GD-19] that Google does not hear of fails, without the token", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const { refreshToken } = fake.signIn("a")
      for (const [status, times] of [
        [400, 1],
        [404, 1],
        [503, 6]
      ] as const) {
        fake.plan({ method: "revoke", status, reason: "badRequest", when: "before", times })
        const failed = yield* running(Effect.flip(logout({ app: fake.app, endpoints: fake.endpoints, refreshToken })))
        expect([failed.reason._tag, failed.isRetryable]).toEqual(["LogoutFailed", true])
        expect(inspect(failed, { depth: 9, showHidden: true })).not.toContain(Redacted.value(refreshToken))
      }
    })
  )
})
