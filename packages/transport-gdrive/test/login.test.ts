// Signing in, from the address that is shown to tokens that open a mailbox.
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { describe, vi } from "vitest"
import { login } from "../src/DriveLogin.ts"
import type { DriveLoginError } from "../src/DriveLoginError.ts"
import { googleEndpoints } from "../src/GoogleDriveOptions.ts"
import * as DriveFake from "../src/testing/DriveFake.ts"
import * as TokenStore from "../src/TokenStore.ts"
import { signIn } from "./signIn.ts"
import { left, mailboxAt, running, space } from "./Harness.ts"

const begin = Effect.gen(function* () {
  const fake = yield* DriveFake.make()
  return { fake, begun: yield* login({ app: fake.app, endpoints: fake.endpoints }) }
})

/** Where Google's page sends the browser. */
const consent = (url: string) =>
  Effect.promise(async () => {
    const response = await fetch(url, { redirect: "manual" })
    return new URL(response.headers.get("location") ?? "")
  })

const visit = (url: URL) =>
  Effect.promise(async () => {
    const response = await fetch(url)
    return { status: response.status, text: await response.text() }
  })

const failed = <A>(tokens: Effect.Effect<A, DriveLoginError>) =>
  Effect.flip(tokens).pipe(Effect.catch(() => Effect.die("it succeeded")))

describe("a login", () => {
  it.effect("[GD-20] shows Google's page, takes what it sends back and gives tokens that open a mailbox", () =>
    Effect.gen(function* () {
      const { begun, fake } = yield* begin
      const asked = new URL(begun.url).searchParams
      expect(asked.get("scope")).toBe("https://www.googleapis.com/auth/drive.file")
      expect(asked.get("code_challenge_method")).toBe("S256")
      expect(asked.get("redirect_uri")).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
      expect(asked.get("state")!.length).toBeGreaterThanOrEqual(43)
      expect(begun.url).not.toContain(Redacted.value(fake.app.clientSecret))
      const answer = yield* visit(yield* consent(begun.url))
      expect(answer).toMatchObject({ status: 200, text: expect.stringContaining("close this page") })
      const tokens = yield* begun.tokens
      expect(inspect(tokens, { depth: 9, showHidden: true })).not.toContain("secret-")
      yield* mailboxAt(fake, "", { tokens: TokenStore.makeMemory(tokens) }).open({ space, owner: left })
    })
  )

  it.effect("[GD-20] as the README shows it", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const store = TokenStore.makeMemory()
      const shown = vi.spyOn(console, "log").mockImplementation(() => undefined)
      const options = { app: fake.app, endpoints: fake.endpoints }
      const signing = yield* Effect.forkChild(signIn(options, store), { startImmediately: true })
      while (shown.mock.calls.length === 0) yield* TestClock.withLive(Effect.sleep(5))
      const [, url] = /(http:\S+)$/.exec(String(shown.mock.calls[0]?.[0])) ?? []
      yield* visit(yield* consent(url!))
      yield* Fiber.join(signing)
      expect((yield* store.load)?.accessToken).toBeDefined()
    })
  )

  it.effect("[GD-21] what has another state changes nothing, and the person can still go on", () =>
    Effect.gen(function* () {
      const { begun, fake } = yield* begin
      const back = yield* consent(begun.url)
      const [forged, bare, denying] = [new URL(back), new URL(back.origin), new URL(back.origin)]
      forged.searchParams.set("state", "another")
      denying.searchParams.set("error", "access_denied")
      for (const url of [forged, bare, denying]) expect((yield* visit(url)).status).toBe(400)
      const elsewhere = yield* visit(new URL("/favicon.ico", back))
      expect([elsewhere.status, fake.count("token")]).toEqual([404, 0])
      yield* visit(back)
      expect((yield* begun.tokens).expiresAtMs).toBeGreaterThan(0)
    })
  )

  it.effect("[GD-21] a code that somebody else asked for is refused, and so is one that is used twice", () =>
    Effect.gen(function* () {
      const { begun, fake } = yield* begin
      const url = new URL(begun.url)
      url.searchParams.set("code_challenge", "of-another-verifier")
      yield* visit(yield* consent(url.href))
      const refused = yield* failed(begun.tokens)
      expect(refused.reason._tag).toBe("LoginRefused")
      expect(refused.isRetryable).toBe(false)
      expect(refused.message).toContain("invalid_grant")
      expect(fake.count("token")).toBe(1)
    })
  )

  it.effect("[GD-22] says when the person declines, or leaves out Drive", () =>
    Effect.gen(function* () {
      const { begun, fake } = yield* begin
      fake.setConsent("deny")
      yield* visit(yield* consent(begun.url))
      const declined = yield* failed(begun.tokens)
      expect([declined.reason._tag, declined.message]).toEqual([
        "LoginDeclined",
        "access to Google Drive was not given: access_denied"
      ])
      fake.setConsent("without-drive")
      const again = yield* login({ app: fake.app, endpoints: fake.endpoints })
      yield* visit(yield* consent(again.url))
      expect((yield* failed(again.tokens)).message).toContain("tick the box for Drive")
    })
  )

  it.effect("[GD-22] ends when nobody comes back, or Google is gone", () =>
    Effect.gen(function* () {
      const { begun, fake } = yield* begin
      const waiting = yield* Effect.forkChild(failed(begun.tokens), { startImmediately: true })
      yield* TestClock.adjust("10 minutes")
      expect((yield* Fiber.join(waiting)).message).toContain("within 10 minutes")
      const gone = yield* login({ app: fake.app, endpoints: { ...fake.endpoints, token: "http://127.0.0.1:1/" } })
      yield* visit(yield* consent(gone.url))
      expect((yield* running(failed(gone.tokens))).reason._tag).toBe("LoginUnreachable")
    })
  )

  it.effect("[GD-20] closes its door with its scope, and goes to Google by itself", () =>
    Effect.gen(function* () {
      const { begun, door } = yield* Effect.scoped(
        Effect.gen(function* () {
          const { begun } = yield* begin
          return { begun, door: new URL(begun.url).searchParams.get("redirect_uri")! }
        })
      )
      expect(begun.url.length).toBeLessThan(2_000)
      const closed = yield* Effect.result(Effect.tryPromise(() => fetch(door)))
      expect(closed._tag).toBe("Failure")
      expect(
        Object.values(googleEndpoints).every((address) =>
          /^https:\/\/[a-z0-9]+\.(googleapis|google)\.com/.test(address)
        )
      ).toBe(true)
    })
  )
})
