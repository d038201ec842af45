/** Signing in by another service, by a small provider: who is let in, who is not, and what it takes. */
import { readFileSync, writeFileSync } from "node:fs"
import { join as pathOf } from "node:path"
import { Effect, Redacted } from "effect"
import { describe, expect, it, vi } from "vitest"
import * as HubConfig from "../../src/HubConfig.ts"
import { awayMsMax } from "../../src/people/Oidc.ts"
import type { MappedClaim } from "../../src/people/OidcSettings.ts"
import { startHub, temporaryFolder } from "../hubProcess.ts"
import { ask as askDoor } from "../localDoor.ts"
import { join, password, peopleWorld, type World } from "./peopleWorld.ts"
import { clientId, clientSecret, type Fault, type Person, type Provider, provider } from "./provider.ts"

vi.setConfig({ testTimeout: 60_000 })

interface Came {
  readonly status: number
  readonly cookies: ReadonlyArray<string>
  readonly text: string
  readonly headers: Headers
}

/** A browser's way: what it is sent with, and how it comes back. */
const begin = async ({ url }: World) => {
  const answer = await fetch(`${url}/api/v1/session/oidc`, { method: "POST" })
  const { url: there } = (await answer.json()) as { readonly url: string }
  return { status: answer.status, there, cookie: answer.headers.get("set-cookie") ?? "" }
}
const comeBack = async ({ url }: World, back: URL, cookie: string, accept = "*/*"): Promise<Came> => {
  const answer = await fetch(`${url}/oidc/callback${back.search}`, {
    headers: { cookie: cookie.split(";", 1)[0]!, "sec-fetch-site": "cross-site", accept }
  })
  const { headers, status } = answer
  return { status, cookies: headers.getSetCookie(), text: await answer.text(), headers }
}
const signIn = async (world: World, { vouch }: Provider, person: Person, fault?: Fault): Promise<Came> => {
  const { cookie, there } = await begin(world)
  return comeBack(world, vouch(there, person, fault), cookie)
}
/** Whose the session is that a browser was given. */
const nameOf = async (world: World, { cookies, status, text }: Came): Promise<string> => {
  expect([status, text]).toEqual([200, expect.stringContaining("refresh")])
  const own = cookies.find((line) => line.startsWith("__Host-syncline="))!
  const { body } = await world.browser().ask("GET", "/session", undefined, { cookie: own.split(";", 1)[0]! })
  const account = body["account"] as unknown as { readonly name: string; readonly role: string }
  return `${account.name}, ${account.role}`
}
const codeOf = ({ text }: Came) => (JSON.parse(text) as { readonly code: string }).code

const settingsOf = ({ issuer }: Provider, members: ReadonlyArray<MappedClaim> = []) => ({
  issuer,
  clientId,
  clientSecret: Redacted.make(clientSecret),
  members
})

const mia = { sub: "m-1", email: "mia@example.com", email_verified: true }

/** A hub with an account `bob` that is linked to `b-1`. */
const linked = async () => {
  const service = await provider()
  const world = await peopleWorld({ oidc: settingsOf(service) })
  const ann = await world.owner()
  const bob = await join(world, ann, "bob", "admin")
  expect((await ann.ask("POST", `/accounts/${bob.id}/oidc`, { subject: "b-1" })).body).toMatchObject({
    signsInBy: ["password", "oidc"]
  })
  return { service, world, ann, bob }
}

describe("another service", () => {
  it("[HA-21] signs in whose account is linked to a person there, with a proof of the code and cookies of their own", async () => {
    const { ann, bob, service, world } = await linked()
    const { cookie, status, there } = await begin(world)
    expect(status).toBe(200)
    expect(cookie).toMatch(/^__Host-syncline-oidc=[\w-]+; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$/)
    const asked = Object.fromEntries(new URL(there).searchParams)
    expect(asked).toMatchObject({
      response_type: "code",
      client_id: clientId,
      code_challenge_method: "S256",
      redirect_uri: `${world.url.replace("127.0.0.1", "localhost")}/oidc/callback`
    })
    const secret = /=([\w-]+);/.exec(cookie)![1]!
    expect(there).not.toContain(secret)
    expect(new Set([asked["state"], asked["nonce"], asked["code_challenge"]]).size).toBe(3)
    const came = await comeBack(world, service.vouch(there, { sub: "b-1" }), cookie)
    expect(await nameOf(world, came)).toBe("bob, admin")
    expect(came.cookies.map((line) => line.replace(/=[\w-]{43};/, "=…;"))).toEqual([
      "__Host-syncline-oidc=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
      "__Host-syncline=…; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=1209600"
    ])
    expect(came.headers.get("content-security-policy")).toContain("default-src 'none'")
    expect((await ann.ask("GET", `/accounts/${bob.id}`)).body["signsInBy"]).toEqual(["password", "oidc"])
    expect((await ann.ask("GET", "/session/ways")).body).toMatchObject({ oidc: true })
    expect(world.audited.at(-1)).toMatchObject({
      action: "signin",
      behalf: "bob",
      decision: { allowed: true, rule: "hub/signin.oidc" }
    })
  })

  it("[HA-22] leads a person who is refused back to the sign-in, by the name of what refused", async () => {
    const { service, world } = await linked()
    const { cookie, there } = await begin(world)
    const came = await comeBack(world, service.vouch(there, { sub: "nobody" }), cookie, "text/html,*/*;q=0.8")
    expect([came.status, came.headers.get("content-type")]).toEqual([401, "text/html; charset=utf-8"])
    expect(came.text).toContain(`content="0; url=../sign-in?refused=OidcRefused"`)
    expect(came.cookies.some((line) => line.startsWith("__Host-syncline="))).toBe(false)
  })

  it("[HA-22] is refused alike for a wrong nonce, state, issuer, audience, time or key, another browser, and nobody's person", async () => {
    const { ann, bob, service, world } = await linked()
    const faults: ReadonlyArray<Fault> = [
      { nonce: "another" },
      { issuer: "http://127.0.0.1:4" },
      { audience: "another" },
      { isOld: true },
      { isForged: true }
    ]
    const refusals: Array<Came> = []
    const refused = async (coming: Promise<Came>) => {
      const came = await coming
      expect([came.status, codeOf(came)]).toEqual([401, "OidcRefused"])
      expect(came.cookies.some((line) => line.startsWith("__Host-syncline="))).toBe(false)
      refusals.push(came)
      world.pass(15 * 60_000)
    }
    for (const fault of faults) await refused(signIn(world, service, { sub: "b-1" }, fault))
    await refused(signIn(world, service, { sub: "nobody" }))
    const [one, other] = [await begin(world), await begin(world)]
    await refused(comeBack(world, service.vouch(one.there, { sub: "b-1" }), other.cookie))
    const stateless = await begin(world)
    await refused(comeBack(world, service.vouch(stateless.there, { sub: "b-1" }), ""))
    const forged = await begin(world)
    const cookie = `__Host-syncline-oidc=${"A".repeat(72)}`
    await refused(comeBack(world, service.vouch(forged.there, { sub: "b-1" }), cookie))
    const denied = await begin(world)
    const error = new URL(`${world.url}/?error=access_denied&state=${new URL(denied.there).searchParams.get("state")}`)
    await refused(comeBack(world, error, denied.cookie))
    const stolen = await begin(world)
    const back = service.vouch(stolen.there, { sub: "b-1" })
    // A code that was meant for another sign-in of the same hub.
    const mine = await begin(world)
    back.searchParams.set("state", new URL(mine.there).searchParams.get("state")!)
    await refused(comeBack(world, back, mine.cookie))
    await world.door("PATCH", `/accounts/${bob.id}`, { isDisabled: true })
    await refused(signIn(world, service, { sub: "b-1" }))
    const words = refusals.map(({ text }) => ({ ...(JSON.parse(text) as object), instance: "" }))
    for (const each of words) expect(each).toEqual(words[0])
    expect((await ann.ask("GET", "/setup")).status).toBe(200)
    expect(JSON.stringify(world.audited)).not.toContain('nobody"')
  })

  it("[HA-22] comes through once, within ten minutes, and whoever fails too often waits", async () => {
    const { service, world } = await linked()
    const { cookie, there } = await begin(world)
    const back = service.vouch(there, { sub: "b-1" })
    expect(await nameOf(world, await comeBack(world, back, cookie))).toBe("bob, admin")
    const again = await comeBack(world, back, cookie)
    expect([again.status, codeOf(again)]).toEqual([401, "OidcRefused"])
    world.pass(15 * 60_000)
    const twice = await begin(world)
    const same = service.vouch(twice.there, { sub: "b-1" })
    const both = await Promise.all([1, 2].map(() => comeBack(world, same, twice.cookie)))
    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 401]))
    world.pass(15 * 60_000)
    const late = await begin(world)
    world.pass(awayMsMax)
    const told = service.redeemed.length
    expect((await comeBack(world, service.vouch(late.there, { sub: "b-1" }), late.cookie)).status).toBe(401)
    // Nobody asked the service for it.
    expect(service.redeemed.length).toBe(told)
    for (let at = 0; at < 8; at++) await signIn(world, service, { sub: "nobody" })
    const waiting = await signIn(world, service, { sub: "b-1" })
    expect([waiting.status, codeOf(waiting)]).toEqual([429, "SignInTooOften"])
    expect(Number(waiting.headers.get("retry-after"))).toBeGreaterThan(0)
  })

  it("[HA-23] lets in by claims that the settings map to members: a reader, and never an owner", async () => {
    const service = await provider()
    const members = [
      { claim: "email", text: "mia@example.com", member: "mia" },
      { claim: "email", text: "both@example.com", member: "mia" },
      { claim: "sub", text: "both", member: "tom" },
      { claim: "sub", text: "gone", member: "gone" },
      { claim: "sub", text: "o-1", member: "owner" },
      { claim: "sub", text: "z-1", member: "zoe" }
    ]
    const world = await peopleWorld({ members: ["owner", "mia", "tom", "zoe"], oidc: settingsOf(service, members) })
    const ann = await world.owner()
    expect(await nameOf(world, await signIn(world, service, mia))).toBe("mia, viewer")
    expect(await nameOf(world, await signIn(world, service, mia))).toBe("mia, viewer")
    const { items } = (await ann.ask("GET", "/accounts")).body as unknown as { readonly items: ReadonlyArray<object> }
    expect(items).toMatchObject([{ name: "ann" }, { name: "mia", role: "viewer", member: "mia", signsInBy: [] }])
    const nobody: ReadonlyArray<Person> = [
      { ...mia, email_verified: false },
      { sub: "m-1", email: "mia@example.com" },
      { sub: "both", email: "both@example.com", email_verified: true },
      { sub: "gone" },
      { sub: "o-1" },
      { sub: "m-2", email: "MIA@example.com", email_verified: true }
    ]
    for (const person of nobody) {
      expect([person, (await signIn(world, service, person)).status]).toEqual([person, 401])
      world.pass(15 * 60_000)
    }
    await ann.ask("POST", "/session", { name: "ann", password })
    world.pass(60_000)
    await join(world, ann, "zoe", "admin", "zoe")
    world.pass(60_000)
    expect(await nameOf(world, await signIn(world, service, { sub: "z-1" }))).toBe("zoe, admin")
    await world.remove("mia")
    await vi.waitFor(async () => {
      world.pass(15 * 60_000)
      expect((await signIn(world, service, mia)).status).toBe(401)
    })
    expect((await world.door("GET", "/accounts")).body["items"]).toHaveLength(3)
  })

  it("[HA-23] is linked and taken back by who looks after accounts, one person to one account, and not as the last way", async () => {
    const { ann, bob, service, world } = await linked()
    const [own] = (await world.door("GET", "/accounts")).body["items"] as unknown as readonly [{ id: string }]
    const taken = await ann.ask("POST", `/accounts/${own.id}/oidc`, { subject: "b-1" })
    expect(taken).toMatchObject({ status: 409, body: { code: "CredentialTaken" } })
    expect(await ann.ask("POST", "/accounts/none/oidc", { subject: "x" })).toMatchObject({ status: 404 })
    for (const body of [{}, { subject: "" }, { subject: "ä" }, { subject: "x".repeat(256) }]) {
      expect((await ann.ask("POST", `/accounts/${bob.id}/oidc`, body)).status).toBe(400)
    }
    expect((await bob.own.ask("POST", `/accounts/${bob.id}/oidc`, { subject: "x" })).status).toBe(403)
    expect((await ann.ask("DELETE", `/accounts/${bob.id}/oidc`)).status).toBe(204)
    expect((await bob.own.ask("GET", "/session")).status).toBe(401)
    expect((await signIn(world, service, { sub: "b-1" })).status).toBe(401)
    expect((await ann.ask("DELETE", "/accounts/none/oidc")).status).toBe(404)
    const made = await ann.ask("POST", "/accounts", { name: "eve", role: "viewer" })
    const { id } = made.body["account"] as unknown as { readonly id: string }
    await ann.ask("POST", `/accounts/${id}/oidc`, { subject: "e-1" })
    expect(await nameOf(world, await signIn(world, service, { sub: "e-1" }))).toBe("eve, viewer")
    const last = await ann.ask("DELETE", `/accounts/${id}/oidc`)
    expect(last).toMatchObject({ status: 409, body: { code: "LastCredential" } })
  })

  it("[HA-21] that does not answer is told so, and is no attempt; a hub that is set to none says that", async () => {
    const { service, world } = await linked()
    const { cookie, there } = await begin(world)
    service.be("down")
    const back = service.vouch(there, { sub: "b-1" })
    for (let at = 0; at < 8; at++) {
      const came = await comeBack(world, back, cookie)
      expect([came.status, codeOf(came)]).toEqual([503, "OidcUnreachable"])
    }
    service.be("up")
    expect(await nameOf(world, await comeBack(world, back, cookie))).toBe("bob, admin")
    const down = await provider()
    down.be("down")
    const other = await peopleWorld({ oidc: settingsOf(down) })
    expect(await other.browser().ask("POST", "/session/oidc")).toMatchObject({
      status: 503,
      body: { code: "OidcUnreachable" }
    })
    const none = await peopleWorld()
    const ann = await none.owner()
    const off = { status: 409, body: { code: "OidcOff" } }
    expect(await ann.ask("POST", "/session/oidc")).toMatchObject(off)
    expect(await ann.ask("POST", "/accounts/x/oidc", { subject: "x" })).toMatchObject(off)
    expect((await ann.ask("GET", "/session/ways")).body).toMatchObject({ oidc: false })
    expect((await fetch(`${none.url}/oidc/callback?code=x`)).status).toBe(404)
  })

  it("[HA-21] that is silent is given up after some seconds, and 16 people are asked about at a time", async () => {
    const service = await provider()
    service.be("silent")
    const world = await peopleWorld({ oidc: settingsOf(service) })
    const all = await Promise.all(Array.from({ length: 18 }, () => world.browser().ask("POST", "/session/oidc")))
    const codes = all.map(({ body }) => body["code"] as unknown as string).toSorted()
    expect(codes).toEqual([...Array.from({ length: 16 }, () => "OidcUnreachable"), "PasswordsBusy", "PasswordsBusy"])
    service.be("up")
    expect((await begin(world)).status).toBe(200)
  })
})

describe("the settings", () => {
  const load = (environment: HubConfig.Environment) => Effect.runSync(HubConfig.load(environment))
  const complaint = (environment: HubConfig.Environment) => Effect.runSync(Effect.flip(HubConfig.load(environment)))

  it("[HA-21] name the service, the hub there and its secret by a file, and map claims", () => {
    const file = pathOf(temporaryFolder(), "secret")
    writeFileSync(file, "the secret\n")
    const { oidc } = load({
      SYNCLINE_OIDC_ISSUER: "https://id.example.com/realm",
      SYNCLINE_OIDC_CLIENT_ID: "hub",
      SYNCLINE_OIDC_CLIENT_SECRET_FILE: file,
      SYNCLINE_OIDC_MEMBERS: "email:mia@example.com=mia, sub:a=b:c=tom"
    })
    expect(oidc).toMatchObject({
      issuer: "https://id.example.com/realm",
      clientId: "hub",
      members: [
        { claim: "email", text: "mia@example.com", member: "mia" },
        { claim: "sub", text: "a=b:c", member: "tom" }
      ]
    })
    expect(Redacted.value(oidc!.clientSecret!)).toBe("the secret")
    expect(JSON.stringify(oidc)).not.toContain("the secret")
    expect(load({}).oidc).toBe(undefined)
  })

  it("[HA-21][HB-2] are refused where the road to it is open to others, or half of them is missing", () => {
    const issuer = "SYNCLINE_OIDC_ISSUER"
    const id = "SYNCLINE_OIDC_CLIENT_ID"
    const wrong: ReadonlyArray<readonly [HubConfig.Environment, string]> = [
      [{ [issuer]: "http://id.example.com", [id]: "hub" }, issuer],
      [{ [issuer]: "https://id.example.com/?a=b", [id]: "hub" }, issuer],
      [{ [issuer]: "id.example.com", [id]: "hub" }, issuer],
      [{ [issuer]: "https://id.example.com" }, id],
      [{ [id]: "hub" }, issuer],
      [{ SYNCLINE_OIDC_MEMBERS: "sub:x=mia" }, issuer],
      [{ SYNCLINE_OIDC_CLIENT_SECRET_FILE: "/nowhere/at/all" }, "SYNCLINE_OIDC_CLIENT_SECRET_FILE"],
      [{ [issuer]: "https://id.example.com", [id]: "hub", SYNCLINE_OIDC_MEMBERS: "mia" }, "SYNCLINE_OIDC_MEMBERS"],
      [{ [issuer]: "https://id.example.com", [id]: "hub", SYNCLINE_OIDC_MEMBERS: "sub:x=" }, "SYNCLINE_OIDC_MEMBERS"]
    ]
    for (const [environment, setting] of wrong) {
      expect(complaint(environment).reason).toMatchObject({ _tag: "SettingInvalid", setting })
    }
  })
})

it("[HA-14][HA-21] a hub that is set to a service lets people in by it and tells no secret of theirs in its log", async () => {
  const service = await provider()
  const data = temporaryFolder()
  const file = pathOf(temporaryFolder(), "secret")
  writeFileSync(file, clientSecret)
  const env = {
    SYNCLINE_LOG_LEVEL: "trace",
    SYNCLINE_OIDC_ISSUER: service.issuer,
    SYNCLINE_OIDC_CLIENT_ID: clientId,
    SYNCLINE_OIDC_CLIENT_SECRET_FILE: file
  }
  const hub = await startHub({ data, env })
  const made = await askDoor(data, "accounts", { name: "bob", role: "viewer" })
  const { id } = made.body["account"] as unknown as { readonly id: string }
  expect((await askDoor(data, `accounts/${id}/oidc`, { subject: "b-1" })).status).toBe(200)
  const world = { url: hub.url } as World
  const { cookie, there } = await begin(world)
  const back = service.vouch(there, { sub: "b-1" })
  const came = await comeBack(world, back, cookie)
  expect(came.status).toBe(200)
  const secrets = [
    clientSecret,
    back.searchParams.get("code")!,
    back.searchParams.get("state")!,
    /=([\w-]+);/.exec(cookie)![1]!,
    ...came.cookies.flatMap((line) => /=([\w-]+);/.exec(line)?.[1] ?? []),
    "an access token"
  ]
  const log = hub.log()
  expect(log).toContain("/oidc/callback")
  for (const secret of secrets) {
    expect([secret, log.includes(secret)]).toEqual([secret, false])
    expect(readFileSync(pathOf(data, "hub.db"), "latin1").includes(secret)).toBe(false)
  }
})
