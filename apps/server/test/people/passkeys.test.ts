/** Passkeys, by an authenticator in software: added, signed in by, refused, named and removed. */
import { HubStore } from "@syncline/node/hub"
import { Effect } from "effect"
import { describe, expect, it, vi } from "vitest"
import { answeredMax, challengeMsMax, Challenges } from "../../src/people/Challenges.ts"
import * as RelyingParty from "../../src/people/RelyingParty.ts"
import { type Authenticator, authenticator, type Creation, type Request, type Twist } from "./authenticator.ts"
import { type Answer, type Browser, join, password, peopleWorld, type World } from "./peopleWorld.ts"

vi.setConfig({ testTimeout: 60_000 })

const originOf = ({ url }: World) => url.replace("127.0.0.1", "localhost")

const creation = async ({ ask }: Browser) => (await ask("POST", "/passkeys/options")).body as unknown as Creation
const request = async ({ ask }: Browser) => (await ask("POST", "/session/passkey/options")).body as unknown as Request

const add = async (browser: Browser, key: Authenticator, name = "laptop", twist?: Twist) =>
  browser.ask("POST", "/passkeys", { name, credential: key.create(await creation(browser), twist) })
const signIn = async (browser: Browser, key: Authenticator, twist?: Twist) =>
  browser.ask("POST", "/session/passkey", { credential: key.get(await request(browser), twist) })

const shapeOf = ({ body, headers, status }: Answer) => ({
  status,
  body: { ...body, instance: "" },
  names: [...headers.keys()].filter((name) => name !== "x-request-id").toSorted()
})

/** A world in which `ann` has a passkey. */
const withPasskey = async () => {
  const world = await peopleWorld()
  const ann = await world.owner()
  const key = authenticator(originOf(world))
  const added = await add(ann, key)
  expect(added).toMatchObject({ status: 201, body: { name: "laptop", usedMs: null, isBackedUp: false } })
  return { world, ann, key, id: added.body["id"] as unknown as string }
}

describe("a passkey", () => {
  it("[HA-17] signs in without a name, as often as its authenticator answers a new challenge", async () => {
    const { ann, id, key, world } = await withPasskey()
    const phone = world.browser()
    const options = await phone.ask("POST", "/session/passkey/options")
    expect(options).toMatchObject({
      status: 200,
      body: { rpId: "localhost", allowCredentials: [], userVerification: "required" }
    })
    expect(await signIn(phone, key)).toMatchObject({
      status: 200,
      body: { kind: "session", account: { name: "ann", role: "owner" } }
    })
    expect(phone.cookie).toMatch(/^__Host-syncline=[\w-]{43}$/)
    expect((await phone.ask("GET", "/accounts")).status).toBe(200)
    const before = phone.cookie
    expect((await signIn(phone, key)).status).toBe(200)
    expect((await ann.ask("GET", "/session", undefined, { cookie: before! })).status).toBe(401)
    const listed = (await ann.ask("GET", "/passkeys")).body["passkeys"]
    expect(listed).toMatchObject([{ id, name: "laptop", usedMs: expect.any(Number) as number }])
    expect((await ann.ask("GET", "/accounts")).body["items"]).toMatchObject([{ signsInBy: ["password", "passkey"] }])
    expect((await phone.ask("GET", "/session/ways")).body).toMatchObject({ passkeys: true })
  })

  it("[HA-17] signs in by an attestation of its own, too, and by no maker's", async () => {
    const world = await peopleWorld()
    const ann = await world.owner()
    const key = authenticator(originOf(world))
    expect((await add(ann, key, "own", { format: "packed" })).status).toBe(201)
    expect((await signIn(world.browser(), key)).status).toBe(200)
    const other = authenticator(originOf(world))
    const statements: ReadonlyArray<Twist> = [
      { format: "packed", isMakers: true },
      { format: "apple" },
      { format: "fido-u2f" },
      { format: "android-safetynet" },
      { format: "none", statement: new Map([["a", 1]]) }
    ]
    for (const twist of statements) expect((await add(ann, other, "maker's", twist)).status).toBe(422)
  })

  it("[HA-18] is added by its person alone, within ten minutes, for this site and the challenge of this session", async () => {
    const { ann, key, world } = await withPasskey()
    const bob = await join(world, ann, "bob", "viewer")
    const own = authenticator(originOf(world))
    const wrong: ReadonlyArray<Twist> = [
      { origin: world.url },
      { origin: "https://evil.example" },
      { rpId: "evil.example" },
      { flags: 1 },
      { flags: 4 },
      { type: "webauthn.get" },
      { challenge: (await request(ann)).challenge },
      { challenge: (await creation(ann)).challenge },
      { challenge: "x" }
    ]
    for (const twist of wrong) {
      const refused = await add(bob.own, own, "wrong", twist)
      expect([twist, refused.status, refused.body["code"]]).toEqual([twist, 422, "PasskeyUnfit"])
    }
    const options = await creation(bob.own)
    const again = { name: "phone", credential: own.create(options) }
    expect((await bob.own.ask("POST", "/passkeys", again)).status).toBe(201)
    expect(await bob.own.ask("POST", "/passkeys", again)).toMatchObject({ status: 422 })
    expect(await add(bob.own, key)).toMatchObject({ status: 409, body: { code: "CredentialTaken" } })
    const late = await creation(bob.own)
    world.pass(challengeMsMax)
    const other = authenticator(originOf(world))
    expect((await bob.own.ask("POST", "/passkeys", { name: "late", credential: other.create(late) })).status).toBe(422)
    world.pass(6 * 60_000)
    for (const path of ["/passkeys/options", "/passkeys"]) {
      const answer = await bob.own.ask("POST", path, path === "/passkeys" ? again : undefined)
      expect(answer).toMatchObject({ status: 401, body: { code: "SignInAgain" } })
    }
  })

  it("[HA-18] of one account are 20 ways to sign in at most, and the options name those that are there", async () => {
    const { ann, key, world } = await withPasskey()
    for (let at = 0; at < 18; at++) expect((await add(ann, authenticator(originOf(world)))).status).toBe(201)
    const more = await add(ann, authenticator(originOf(world)))
    expect(more).toMatchObject({ status: 409, body: { code: "HubRowsExhausted" } })
    const { excludeCredentials } = (await creation(ann)) as unknown as {
      readonly excludeCredentials: ReadonlyArray<{ readonly id: string }>
    }
    expect(excludeCredentials).toHaveLength(19)
    expect(excludeCredentials[0]!.id).toBe(key.id)
  })

  it("[HA-19] that is unknown, unproven, replayed, cloned, removed or of a disabled account is refused alike", async () => {
    const { ann, key, world } = await withPasskey()
    const bob = await join(world, ann, "bob", "viewer")
    const disabled = authenticator(originOf(world))
    expect((await add(bob.own, disabled)).status).toBe(201)
    await ann.ask("PATCH", `/accounts/${bob.id}`, { isDisabled: true })
    const stranger = authenticator(originOf(world))
    const eve = world.browser()
    const refusals: Array<Answer> = [await signIn(eve, stranger, { userHandle: "AAAA" }), await signIn(eve, disabled)]
    const later = async (answering: Promise<Answer>) => {
      refusals.push(await answering)
      // So that nobody has to wait.
      world.pass(15 * 60_000)
    }
    const twists: ReadonlyArray<Twist> = [
      { origin: world.url },
      { rpId: "evil.example" },
      { flags: 1 },
      { type: "webauthn.create" },
      { userHandle: null },
      { userHandle: "AAAA" },
      { challenge: "x" },
      { challenge: (await creation(ann)).challenge }
    ]
    for (const twist of twists) await later(signIn(eve, key, twist))
    const unsigned = key.get(await request(eve))
    const other = authenticator(originOf(world)).get(await request(eve)).response.signature
    await later(
      eve.ask("POST", "/session/passkey", {
        credential: { ...unsigned, response: { ...unsigned.response, signature: other } }
      })
    )
    const once = { credential: key.get(await request(eve), { counter: 100 }) }
    expect((await eve.ask("POST", "/session/passkey", once)).status).toBe(200)
    world.pass(2 * 60_000)
    await later(eve.ask("POST", "/session/passkey", once))
    await later(signIn(eve, key, { counter: 100 }))
    await later(signIn(eve, key, { counter: 7 }))
    expect(shapeOf(refusals[0]!)).toMatchObject({ status: 401, body: { code: "PasskeyRefused" } })
    for (const refused of refusals) expect(shapeOf(refused)).toEqual(shapeOf(refusals[0]!))
    expect((await signIn(eve, key, { counter: 101 })).status).toBe(200)
  })

  it("[HA-19] is good for one of two that answer at once, for five minutes, and whoever fails too often waits", async () => {
    const { key, world } = await withPasskey()
    const eve = world.browser()
    // An authenticator that does not count.
    const once = { credential: key.get(await request(eve), { counter: 0 }) }
    const both = await Promise.all([1, 2].map(() => world.browser().ask("POST", "/session/passkey", once)))
    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 401]))
    world.pass(15 * 60_000)
    const late = { credential: key.get(await request(eve), { counter: 0 }) }
    world.pass(challengeMsMax)
    expect((await eve.ask("POST", "/session/passkey", late)).status).toBe(401)
    for (let at = 0; at < 8; at++) await eve.ask("POST", "/session/passkey", late)
    const waiting = await signIn(eve, key, { counter: 0 })
    expect(waiting).toMatchObject({ status: 429, body: { code: "SignInTooOften" } })
    expect(Number(waiting.headers.get("retry-after"))).toBeGreaterThan(0)
    world.pass(15 * 60_000)
    expect((await signIn(eve, key, { counter: 0 })).status).toBe(200)
  })

  it("[HA-20] is named and removed by its person, and by who looks after accounts; other sessions of the account end", async () => {
    const { ann, id, key, world } = await withPasskey()
    const bob = await join(world, ann, "bob", "admin")
    const phone = world.browser()
    expect((await signIn(phone, key)).status).toBe(200)
    expect((await ann.ask("PATCH", `/passkeys/${id}`, { name: "old laptop" })).body).toMatchObject({
      id,
      name: "old laptop"
    })
    for (const method of ["PATCH", "DELETE"]) {
      const body = method === "PATCH" ? { name: "mine" } : undefined
      const refused = await bob.own.ask(method, `/passkeys/${id}`, body)
      expect([method, refused.status, refused.body["code"]]).toEqual([method, 404, "NoneOfPeople"])
    }
    expect((await ann.ask("PATCH", `/passkeys/${id}`, { name: "" })).status).toBe(400)
    expect((await ann.ask("DELETE", `/passkeys/${id}`)).status).toBe(204)
    expect([(await ann.ask("GET", "/session")).status, (await phone.ask("GET", "/session")).status]).toEqual([200, 401])
    expect((await signIn(phone, key)).status).toBe(401)
    const other = authenticator(originOf(world))
    const added = await add(bob.own, other)
    const listed = await ann.ask("GET", `/accounts/${bob.id}/passkeys`)
    expect(listed.body["passkeys"]).toMatchObject([{ id: added.body["id"] }])
    expect((await bob.own.ask("GET", `/accounts/${bob.id}/passkeys`)).status).toBe(403)
    expect((await ann.ask("DELETE", `/passkeys/${added.body["id"]}`)).status).toBe(204)
    expect((await bob.own.ask("GET", "/session")).status).toBe(401)
    const token = await ann.ask("POST", "/tokens", { note: "", scopes: ["team:read"] })
    const ask = world.program(token.body["secret"]!)
    for (const [method, path] of [
      ["GET", "/passkeys"],
      ["POST", "/passkeys/options"]
    ] as const) {
      expect(await ask(method, path)).toMatchObject({ status: 403, body: { code: "PersonNeeded" } })
    }
  })

  it("[HA-20] that is the last way to sign in stays", async () => {
    const { ann, id, world } = await withPasskey()
    const [account] = (await world.door("GET", "/accounts")).body["items"] as unknown as readonly [{ id: string }]
    await world.run(
      Effect.flatMap(HubStore.HubStore, ({ change }) =>
        change(({ credentials }) => credentials.remove("password", account.id))
      )
    )
    for (const ask of [ann.ask, world.door]) {
      expect(await ask("DELETE", `/passkeys/${id}`)).toMatchObject({ status: 409, body: { code: "LastCredential" } })
    }
  })

  it("[HA-17] is for the host of the public address, and there is none for an IP address", async () => {
    const world = await peopleWorld({ publicUrl: "https://hub.example.com/team" })
    const ann = await world.owner()
    const key = authenticator("https://hub.example.com")
    expect((await request(ann)).rpId).toBe("hub.example.com")
    expect((await add(ann, key)).status).toBe(201)
    expect((await signIn(world.browser(), key)).status).toBe(200)
    for (const publicUrl of ["http://192.0.2.1:5342", "https://[2001:db8::1]/hub"]) {
      const bare = await peopleWorld({ publicUrl })
      const owner = await bare.owner()
      const asked = await Promise.all([
        owner.ask("POST", "/passkeys/options"),
        owner.ask("POST", "/session/passkey/options"),
        owner.ask("POST", "/session/passkey", {
          credential: key.get({ rpId: "192.0.2.1", challenge: "x" })
        })
      ])
      for (const answer of asked) expect(answer).toMatchObject({ status: 409, body: { code: "PasskeysOff" } })
      expect((await owner.ask("GET", "/session/ways")).body).toMatchObject({ passkeys: false })
    }
    expect(RelyingParty.of(undefined, "https://10.0.0.7:443")).toEqual({ id: "localhost", origin: "https://localhost" })
    expect(RelyingParty.of(undefined, undefined)).toBe(undefined)
  })

  it("[HA-15] stands in the audit when it is added, used, refused and removed", async () => {
    const { ann, id, key, world } = await withPasskey()
    await signIn(world.browser(), key)
    await signIn(world.browser(), key, { origin: "https://evil.example" })
    await signIn(world.browser(), authenticator(originOf(world)), { userHandle: "AAAA" })
    await ann.ask("DELETE", `/passkeys/${id}`)
    const told = world.audited.map(({ action, decision: { allowed, rule }, detail }) => [action, allowed, rule, detail])
    expect(told.slice(1)).toEqual([
      ["manage", true, "hub/passkeys.add", expect.stringContaining(`the passkey ${id}`) as string],
      ["signin", true, "hub/signin.passkey", "ann from 127.0.0.1"],
      ["signin", false, "hub/signin.passkey", "ann from 127.0.0.1"],
      ["signin", false, "hub/signin.passkey", "nobody known from 127.0.0.1"],
      ["manage", true, "hub/passkeys.remove", expect.stringContaining(`DELETE /api/v1/passkeys/${id}`) as string]
    ])
  })
})

describe("challenges", () => {
  it("[HA-19] that nobody answered take no room; of answered ones 8,192 are remembered while they would be good", () => {
    const challenges = new Challenges()
    const draw = () => challenges.draw("sign in", 1_000)
    const first = draw()
    for (let at = 0; at < 2 * answeredMax; at++) draw()
    expect(challenges.answered).toBe(0)
    expect(challenges.take(first, "sign in", 1_000)).toBe("taken")
    for (let at = 1; at < answeredMax; at++) challenges.take(draw(), "sign in", 1_000)
    expect(challenges.take(draw(), "sign in", 1_000)).toBe("busy")
    expect(challenges.take(first, "sign in", 1_000)).toBe("refused")
    const later = challenges.draw("sign in", 1_000 + challengeMsMax)
    expect(challenges.take(later, "sign in", 1_000 + challengeMsMax)).toBe("taken")
    expect(challenges.answered).toBe(1)
    const [other, own] = [new Challenges().draw("sign in", 1_000), draw()]
    for (const wrong of [other, `${own}=`, `${own}A`, own.slice(1), ""]) {
      expect(challenges.isGood(wrong, "sign in", 1_000)).toBe(false)
    }
    expect(challenges.isGood(own, "add x", 1_000)).toBe(false)
    expect(challenges.isGood(own, "sign in", 1_000)).toBe(true)
  })
})

it("[HA-4] a password is guessed no better at an account with a passkey", async () => {
  const { world } = await withPasskey()
  const wrong = await world.browser().ask("POST", "/session", { name: "ann", password: `${password}!` })
  const nobody = await world.browser().ask("POST", "/session", { name: "nobody", password })
  expect(shapeOf(wrong)).toEqual(shapeOf(nobody))
})
