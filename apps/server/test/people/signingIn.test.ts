/** Signing in by a password: the first account, who is refused and how, how often, and what a browser is given. */
import { argon2Sync } from "node:crypto"
import { HubStore } from "@syncline/node/hub"
import { Duration, Effect, Fiber, Redacted } from "effect"
import { describe, expect, it, vi } from "vitest"
import * as Passwords from "../../src/people/Passwords.ts"
import * as SignInThrottle from "../../src/people/SignInThrottle.ts"
import { type Browser, join, password, peopleWorld } from "./peopleWorld.ts"

vi.setConfig({ testTimeout: 60_000 })

const signIn = ({ ask }: Browser, name: string, typed = password) => ask("POST", "/session", { name, password: typed })

describe("the first account", () => {
  it("[HA-1][HA-2] is made once by the token that the hub tells, and nobody is signed in before", async () => {
    const world = await peopleWorld({ members: ["owner", "mia"] })
    const [ann, bob] = [world.browser(), world.browser()]
    expect((await ann.ask("GET", "/setup")).body).toEqual({ isNeeded: true })
    expect((await signIn(ann, "ann")).status).toBe(401)
    expect((await ann.ask("GET", "/session")).status).toBe(401)
    const old = await world.setupToken()
    const token = await world.setupToken()
    for (const wrong of ["", "x", old]) {
      const refused = await ann.ask("POST", "/setup", { token: wrong, name: "ann", password })
      expect(refused).toMatchObject({ status: 403, body: { code: "SetupRefused" } })
    }
    const made = await ann.ask("POST", "/setup", { token, name: "Ann", password })
    expect(made).toMatchObject({
      status: 201,
      body: { kind: "session", account: { name: "ann", role: "owner", member: "owner" } }
    })
    expect((await ann.ask("GET", "/session")).body).toMatchObject({
      account: { name: "ann" },
      scopes: made.body["scopes"]
    })
    const again = await bob.ask("POST", "/setup", { token, name: "bob", password })
    expect(again).toMatchObject({ status: 403, body: { code: "SetupRefused" } })
    expect(await world.setupToken()).toBe(undefined)
    expect((await ann.ask("GET", "/setup")).body).toEqual({ isNeeded: false })
  })

  it("[HA-1] the token is good for a day, and two that bring it at once make one account", async () => {
    const world = await peopleWorld()
    const late = await world.setupToken()
    world.pass(24 * 60 * 60_000)
    const ask = (token: unknown, name: string) => world.browser().ask("POST", "/setup", { token, name, password })
    expect((await ask(late, "ann")).status).toBe(403)
    const token = await world.setupToken()
    const answers = await Promise.all([ask(token, "ann"), ask(token, "bob")])
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 403]))
    expect((await world.door("GET", "/accounts")).body["items"]).toMatchObject([{ role: "owner", member: null }])
  })
})

describe("a password", () => {
  it("[HA-3] has 12 to 1,024 characters, and none of it is repeated", async () => {
    const world = await peopleWorld()
    const token = await world.setupToken()
    for (const typed of ["elevenchars", "x".repeat(1_025)]) {
      const { body, status } = await world.browser().ask("POST", "/setup", { token, name: "ann", password: typed })
      expect([status, body["code"]]).toEqual([400, "InputInvalid"])
      expect(JSON.stringify(body)).not.toContain(typed)
    }
    expect((await world.browser().ask("POST", "/setup", { token, name: "a b", password })).status).toBe(400)
  })

  const withPasswords = <A>(body: (passwords: Passwords.PasswordsShape) => Effect.Effect<A, unknown>) =>
    Effect.runPromise(
      Effect.scoped(Effect.provide(Effect.flatMap(Passwords.Passwords, body), Passwords.Passwords.layer))
    )

  it("[HA-3] is kept as argon2id in a PHC string with its costs, and forms of one text are one password", async () => {
    const [typed, composed] = [Redacted.make("Ångström was here"), Redacted.make("Ångström was here")]
    const { matches, phc, wrong } = await withPasswords((passwords) =>
      Effect.gen(function* () {
        const phc = yield* passwords.hash(typed)
        return {
          phc,
          matches: yield* passwords.matches(composed, phc),
          wrong: yield* Effect.all([
            passwords.matches(Redacted.make("angstrom was here"), phc),
            passwords.matches(composed, undefined),
            passwords.matches(composed, "$1$abc$def")
          ])
        }
      })
    )
    expect(phc).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(matches).toEqual({ isRight: true, isOld: false })
    expect(wrong.map(({ isRight }) => isRight)).toEqual([false, false, false])
  })

  it("[HA-3] two are hashed at a time and 32 wait; what has begun keeps its place to the end", async () => {
    const { leavingMs, turnedAway } = await withPasswords((passwords) =>
      Effect.gen(function* () {
        const one = passwords.matches(Redacted.make(password), undefined)
        const all = yield* Effect.forEach(Array.from({ length: 40 }), () =>
          Effect.forkChild(Effect.exit(one), { startImmediately: true })
        )
        const turnedAway = all.filter((fiber) => fiber.pollUnsafe() !== undefined).length
        yield* Effect.forEach(all, Fiber.await)
        const begun = yield* Effect.forkChild(one, { startImmediately: true })
        const [leaving] = yield* Effect.timed(Fiber.interrupt(begun))
        return { turnedAway, leavingMs: Duration.toMillis(leaving) }
      })
    )
    expect(turnedAway).toBe(6)
    // No machine hashes in less.
    expect(leavingMs).toBeGreaterThan(4)
  })

  it("[HA-3] hashed with other costs it is hashed anew when its person signs in", async () => {
    const world = await peopleWorld()
    const ann = await world.owner()
    const salt = Buffer.from("sixteen bytes of")
    const costs = { message: password, nonce: salt, memory: 64, passes: 1, parallelism: 1, tagLength: 32 }
    const unpadded = (bytes: Buffer) => bytes.toString("base64").replaceAll("=", "")
    const cheap = `$argon2id$v=19$m=64,t=1,p=1$${unpadded(salt)}$${unpadded(argon2Sync("argon2id", costs))}`
    const kept = (put?: string) =>
      world.run(
        Effect.flatMap(HubStore.HubStore, ({ change }) =>
          change(({ accounts, credentials }) => {
            const row = credentials.get("password", accounts.named("ann")!.id)!
            if (put !== undefined) credentials.put({ ...row, data: put })
            return row.data
          })
        )
      )
    await kept(cheap)
    expect((await signIn(ann, "ann", "wrong")).status).toBe(401)
    expect(await kept()).toBe(cheap)
    expect((await signIn(ann, "ann")).status).toBe(200)
    expect(await kept()).toContain("$m=19456,t=2,p=1$")
    expect((await signIn(ann, "ann")).status).toBe(200)
  })
})

describe("who is refused", () => {
  it("[HA-4] is told the same, whether there is such an account, a password, or it is disabled", async () => {
    const world = await peopleWorld()
    const ann = await world.owner()
    await ann.ask("POST", "/accounts", { name: "new", role: "viewer" })
    const { id } = await join(world, ann, "off", "viewer")
    await ann.ask("PATCH", `/accounts/${id}`, { isDisabled: true })
    const told = []
    for (const [name, typed] of [
      ["ann", "not the password"],
      ["nobody", password],
      ["new", password],
      ["off", password],
      ["x".repeat(200), "x"]
    ] as const) {
      const { body, headers, status } = await signIn(world.browser(), name, typed)
      const own = new Set(["date", "x-request-id"])
      const others = [...headers].filter(([header]) => !own.has(header))
      told.push(JSON.stringify({ status, others, body: { ...body, instance: "" } }))
    }
    expect(told[0]).toContain("SignInRefused")
    expect(new Set(told).size).toBe(1)
    world.pass(60_000)
    expect((await signIn(world.browser(), "ANN")).status).toBe(200)
  })

  it("[HA-4] waits as long whether there is such an account or not", async () => {
    const world = await peopleWorld()
    await world.owner()
    const times: Record<string, Array<number>> = { ann: [], nobody: [] }
    for (let at = 0; at < 50; at++) {
      for (const name of ["ann", "nobody"]) {
        world.pass(SignInThrottle.forgetMs)
        const began = performance.now()
        expect((await signIn(world.browser(), name, "wrong")).status).toBe(401)
        times[name]!.push(performance.now() - began)
      }
    }
    // The quick ones: what others do on this machine makes the slow ones slow.
    const quick = (all: ReadonlyArray<number>) => all.toSorted((one, other) => one - other)[5]!
    expect(Math.abs(quick(times["ann"]!) - quick(times["nobody"]!))).toBeLessThan(15)
  })
})

describe("how often", () => {
  it("[HA-5] after five failures a name waits, longer each time, and the right password does as well", async () => {
    const world = await peopleWorld()
    await world.owner()
    const answers: Array<string> = []
    for (const name of ["ann", "nobody"]) {
      for (let at = 0; at < 5; at++) expect((await signIn(world.browser(), name, "wrong")).status).toBe(401)
      const { body, headers, status } = await signIn(world.browser(), name)
      answers.push(JSON.stringify([status, headers.get("retry-after"), { ...body, instance: "" }]))
      world.pass(SignInThrottle.forgetMs)
    }
    expect(answers[0]).toContain('[429,"1",')
    expect(answers[1]).toBe(answers[0])
    for (let at = 0; at < 5; at++) await signIn(world.browser(), "ann", "wrong")
    const waits: Array<string | null> = []
    for (let at = 0; at < 13; at++) {
      const { headers } = await signIn(world.browser(), "ann", "wrong")
      waits.push(headers.get("retry-after"))
      world.pass(Number(headers.get("retry-after")) * 1_000)
      await signIn(world.browser(), "ann", "wrong")
    }
    expect(waits).toEqual(["1", "2", "4", "8", "16", "32", "64", "128", "256", "512", "900", "900", "900"])
    world.pass(900_000)
    expect((await signIn(world.browser(), "ann")).status).toBe(200)
    expect((await signIn(world.browser(), "ann", "wrong")).status).toBe(429)
  })

  it("[HA-5] many at once get no more attempts, and nothing is hashed for those who wait", async () => {
    const world = await peopleWorld()
    await world.owner()
    const answers = await Promise.all(Array.from({ length: 30 }, () => signIn(world.browser(), "ann", "wrong")))
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(25)
  })

  it("[HA-5] an address is counted over all names, by its network, and who signs in well is not", async () => {
    const rows = Effect.gen(function* () {
      const { change } = yield* HubStore.HubStore
      const begin = (remote: string, name: string, nowMs: number) =>
        change((all) => SignInThrottle.begin(all, SignInThrottle.keysOf(remote, name), nowMs))
      for (let at = 0; at < 5; at++) yield* begin(`2001:db8:0:1::${at + 1}`, `name ${at}`, 0)
      const same = yield* begin("2001:0db8::1:ffff:0:0:9%eth0", "other", 0)
      const other = yield* begin("2001:db8:0:2::1", "other", 0)
      const keys = SignInThrottle.keysOf("10.0.0.1", "ann")
      for (let at = 0; at < 100; at++) {
        yield* change((all) => SignInThrottle.begin(all, keys, at))
        yield* change((all) => SignInThrottle.succeed(all, keys))
      }
      const many = yield* begin("10.0.0.1", "ann", 100)
      return [same, other, many]
    })
    const answers = await Effect.runPromise(Effect.scoped(Effect.provide(rows, HubStore.HubStore.layerMemory)))
    expect(answers).toEqual([1_000, undefined, undefined])
    expect(SignInThrottle.networkOf("::ffff:10.1.2.3")).toBe("10.1.2.3")
    expect(SignInThrottle.networkOf("::1")).toBe("0:0:0:0::/64")
  })
})

describe("a session", () => {
  it("[HA-6] is in a cookie that no script reads, no other site sends and no other host gets", async () => {
    const world = await peopleWorld()
    const ann = world.browser()
    const { headers } = await ann.ask("POST", "/setup", { token: await world.setupToken(), name: "ann", password })
    expect(headers.get("set-cookie")).toMatch(
      /^__Host-syncline=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=1209600$/
    )
    expect(headers.get("set-cookie")).not.toContain("Domain")
    const out = await ann.ask("DELETE", "/session")
    expect(out.headers.get("set-cookie")).toBe("__Host-syncline=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0")
  })

  it("[HA-7] ends after 12 hours without a call, and after 14 days", async () => {
    const world = await peopleWorld()
    const ann = await world.owner()
    const status = async () => (await ann.ask("GET", "/session")).status
    for (let half = 0; half < 28; half++) {
      world.pass(12 * 60 * 60_000 - 1_000)
      expect([half, await status()]).toEqual([half, 200])
    }
    world.pass(60_000)
    expect(await status()).toBe(401)
    await signIn(ann, "ann")
    world.pass(12 * 60 * 60_000)
    expect(await status()).toBe(401)
  })

  it("[HA-7][HA-8] is listed and ended, has another secret after each sign-in, and ends by a new password", async () => {
    const world = await peopleWorld()
    const ann = await world.owner()
    const [phone, tv] = [world.browser(), world.browser()]
    await signIn(phone, "ann")
    await signIn(tv, "ann")
    const before = { cookie: ann.cookie }
    await signIn(ann, "ann")
    expect(ann.cookie).not.toBe(before.cookie)
    expect((await world.browser().ask("GET", "/session", undefined, { cookie: before.cookie! })).status).toBe(401)
    const { sessions } = (await ann.ask("GET", "/sessions")).body as unknown as {
      readonly sessions: ReadonlyArray<{ readonly id: string; readonly isCurrent: boolean; readonly remote: string }>
    }
    expect(sessions).toHaveLength(3)
    expect(sessions.filter(({ isCurrent }) => isCurrent)).toHaveLength(1)
    expect(sessions[0]!.remote).toBe("127.0.0.1")
    expect(JSON.stringify(sessions)).not.toContain(ann.cookie!.split("=")[1])
    const bob = await join(world, ann, "bob", "admin")
    const other = sessions.find(({ isCurrent }) => !isCurrent)!
    expect((await bob.own.ask("DELETE", `/sessions/${other.id}`)).status).toBe(404)
    expect((await ann.ask("DELETE", `/sessions/${other.id}`)).status).toBe(204)
    expect((await ann.ask("DELETE", `/sessions/${other.id}`)).status).toBe(404)
    const left = [(await phone.ask("GET", "/session")).status, (await tv.ask("GET", "/session")).status]
    expect(new Set(left)).toEqual(new Set([200, 401]))
    const next = "another horse battery"
    expect((await ann.ask("PUT", "/password", { current: "wrong", next })).status).toBe(401)
    const old = ann.cookie
    expect((await ann.ask("PUT", "/password", { current: password, next })).status).toBe(200)
    expect(ann.cookie).not.toBe(old)
    expect((await ann.ask("GET", "/session")).status).toBe(200)
    for (const browser of [phone, tv]) expect((await browser.ask("GET", "/session")).status).toBe(401)
    expect((await signIn(phone, "ann")).status).toBe(401)
    expect((await signIn(phone, "ann", next)).status).toBe(200)
    expect((await bob.own.ask("GET", "/session")).status).toBe(200)
    expect(world.ended.length).toBeGreaterThanOrEqual(4)
  })

  it("[HA-7] signing out ends it at the hub, and not only in the browser", async () => {
    const world = await peopleWorld()
    const ann = await world.owner()
    const { cookie } = ann
    expect((await ann.ask("DELETE", "/session")).status).toBe(204)
    expect(ann.cookie).toBe(undefined)
    expect((await ann.ask("GET", "/session", undefined, { cookie: cookie! })).status).toBe(401)
  })
})
