/** Accounts as owners look after them, tokens for programs, and what the audit hears. */
import { describe, expect, it, vi } from "vitest"
import { type Browser, join, password, peopleWorld, type World } from "./peopleWorld.ts"

vi.setConfig({ testTimeout: 60_000 })

const whoami = async ({ ask }: Browser) => (await ask("GET", "/session")).status

interface Listed {
  readonly id: string
  readonly name: string
}
const accountsOf = async (world: World) =>
  (await world.door("GET", "/accounts")).body["items"] as unknown as ReadonlyArray<Listed>

const dayMs = 24 * 60 * 60_000

describe("accounts", () => {
  it("[HA-12] have no link any more once their person has chosen another password", async () => {
    const world = await peopleWorld()
    const ann = await world.owner()
    const { id } = (await ann.ask("GET", "/session")).body["account"] as unknown as { readonly id: string }
    await world.door("POST", `/accounts/${id}/link`)
    expect((await ann.ask("GET", `/accounts/${id}`)).body["linkUntilMs"]).toBeGreaterThan(0)
    expect((await ann.ask("PUT", "/password", { current: password, next: "another horse battery" })).status).toBe(200)
    expect((await ann.ask("GET", `/accounts/${id}`)).body["linkUntilMs"]).toBeNull()
  })

  it("[HA-12] are made with a link that works once, for three days, and only the newest", async () => {
    const world = await peopleWorld()
    const ann = await world.owner()
    const made = await ann.ask("POST", "/accounts", { name: "Bob", role: "viewer" })
    expect(made).toMatchObject({ status: 201, body: { account: { name: "bob", signsInBy: [], isDisabled: false } } })
    const { id } = made.body["account"] as unknown as Listed
    expect(await ann.ask("POST", "/accounts", { name: "BOB", role: "viewer" })).toMatchObject({
      status: 409,
      body: { code: "AccountNameTaken" }
    })
    const use = (link: unknown) => world.browser().ask("POST", "/session/link", { link, password })
    const newer = (await ann.ask("POST", `/accounts/${id}/link`)).body["link"]
    for (const link of [made.body["link"], `${id}_${"x".repeat(43)}`, "", newer + "x"]) {
      expect(await use(link)).toMatchObject({ status: 403, body: { code: "LinkRefused" } })
    }
    const bob = world.browser()
    const entered = await bob.ask("POST", "/session/link", { link: newer, password })
    expect(entered).toMatchObject({ status: 200, body: { account: { id, name: "bob", role: "viewer" } } })
    expect((await use(newer)).status).toBe(403)
    const last = (await world.door("POST", `/accounts/${id}/link`)).body["link"]
    world.pass(60_000)
    expect(await whoami(bob)).toBe(200)
    expect((await use(last)).status).toBe(200)
    expect(await whoami(bob)).toBe(401)
    const late = (await world.door("POST", `/accounts/${id}/link`)).body["link"]
    world.pass(3 * dayMs)
    expect((await use(late)).status).toBe(403)
    expect((await world.door("GET", `/accounts/${id}`)).body).toMatchObject({
      signsInBy: ["password"],
      linkUntilMs: null
    })
    expect(await world.door("POST", "/accounts/none/link")).toMatchObject({
      status: 404,
      body: { code: "NoneOfPeople" }
    })
  })

  it("[HA-8] another role or member, and being disabled, end what was open, and removal ends all", async () => {
    const world = await peopleWorld({ members: ["owner", "mia"] })
    const ann = await world.owner()
    const { id, own: bob } = await join(world, ann, "bob", "admin", "mia")
    const signIn = async () => (await bob.ask("POST", "/session", { name: "bob", password })).status
    expect((await bob.ask("GET", "/accounts")).status).toBe(403)
    for (const changes of [{ role: "viewer" }, { member: null }, { isDisabled: true }]) {
      expect(await whoami(bob)).toBe(200)
      expect((await ann.ask("PATCH", `/accounts/${id}`, changes)).status).toBe(200)
      expect([changes, await whoami(bob)]).toEqual([changes, 401])
      const isDisabled = "isDisabled" in changes
      expect(await signIn()).toBe(isDisabled ? 401 : 200)
    }
    expect(world.ended.filter(({ kind }) => kind === "account")).toHaveLength(3)
    expect((await ann.ask("PATCH", `/accounts/${id}`, { isDisabled: false })).status).toBe(200)
    expect(await signIn()).toBe(200)
    expect((await ann.ask("DELETE", `/accounts/${id}/sessions`)).status).toBe(204)
    expect(await whoami(bob)).toBe(401)
    expect(await signIn()).toBe(200)
    expect((await ann.ask("DELETE", `/accounts/${id}`)).status).toBe(204)
    expect([await whoami(bob), await signIn()]).toEqual([401, 401])
    expect((await ann.ask("DELETE", `/accounts/${id}`)).status).toBe(404)
    expect(await whoami(ann)).toBe(200)
  })

  it("[HA-8] take a sign-in within ten minutes", async () => {
    const world = await peopleWorld()
    const ann = await world.owner()
    world.pass(11 * 60_000)
    const make = () => ann.ask("POST", "/accounts", { name: "bob", role: "viewer" })
    expect(await make()).toMatchObject({ status: 401, body: { code: "SignInAgain" } })
    await ann.ask("POST", "/session", { name: "ann", password })
    expect((await make()).status).toBe(201)
  })

  it("[HA-11] keep one owner, whoever asks and at once", async () => {
    const world = await peopleWorld()
    const ann = await world.owner()
    const [{ id: first }] = (await accountsOf(world)) as readonly [Listed]
    const refused = { status: 409, body: { code: "LastOwner" } }
    for (const changes of [{ role: "admin" }, { isDisabled: true }]) {
      expect(await ann.ask("PATCH", `/accounts/${first}`, changes)).toMatchObject(refused)
    }
    expect(await world.door("DELETE", `/accounts/${first}`)).toMatchObject(refused)
    expect(await whoami(ann)).toBe(200)
    const { id: second } = await join(world, ann, "bob", "owner")
    const both = await Promise.all([first, second].map((id) => world.door("DELETE", `/accounts/${id}`)))
    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([204, 409]))
    expect(await accountsOf(world)).toHaveLength(1)
  })

  it("[HA-13] act as members that there are, and are disabled with them", async () => {
    const world = await peopleWorld({ members: ["owner", "mia", "tom"] })
    const ann = await world.owner()
    const unknown = await ann.ask("POST", "/accounts", { name: "zoe", role: "viewer", member: "zoe" })
    expect(unknown).toMatchObject({ status: 422, body: { code: "MemberMissing" } })
    const mia = await join(world, ann, "mia", "viewer", "mia")
    const tom = await join(world, ann, "tom", "viewer", "tom")
    await world.remove("mia")
    await vi.waitFor(async () => expect(await whoami(mia.own)).toBe(401))
    expect((await ann.ask("GET", `/accounts/${mia.id}`)).body).toMatchObject({ isDisabled: true, member: "mia" })
    expect((await mia.own.ask("POST", "/session", { name: "mia", password })).status).toBe(401)
    expect(await whoami(tom.own)).toBe(200)
    await world.remove("owner")
    await vi.waitFor(async () => expect(await whoami(ann)).toBe(401))
    expect((await ann.ask("POST", "/session", { name: "ann", password })).body).toMatchObject({
      account: { role: "owner", member: null }
    })
    const personal = await peopleWorld()
    const owner = await personal.owner()
    expect((await owner.ask("POST", "/accounts", { name: "zoe", role: "viewer", member: "mia" })).status).toBe(422)
  })

  it("[HA-2] nobody but who holds the folder looks after accounts without one", async () => {
    const world = await peopleWorld()
    expect(await accountsOf(world)).toEqual([])
    const browser = world.browser()
    browser.cookie = `__Host-syncline=${"A".repeat(43)}`
    expect((await browser.ask("GET", "/accounts")).status).toBe(401)
    expect((await world.program(`syn_${"0".repeat(16)}_${"A".repeat(43)}`)("GET", "/accounts")).status).toBe(401)
    expect(await world.door("GET", "/session")).toMatchObject({ status: 200, body: { kind: "door", account: null } })
    for (const [method, path] of [
      ["DELETE", "/session"],
      ["GET", "/sessions"],
      ["GET", "/tokens"],
      ["POST", "/tokens"]
    ] as const) {
      const body = method === "POST" ? { note: "", scopes: ["team:read"] } : undefined
      expect(await world.door(method, path, body)).toMatchObject({ status: 403, body: { code: "PersonNeeded" } })
    }
  })

  it("lists them in pages, by their names", async () => {
    const world = await peopleWorld()
    for (const name of ["c", "a", "b"]) await world.door("POST", "/accounts", { name, role: "viewer" })
    const page = async (query: string) => {
      const { body } = await world.door("GET", `/accounts?${query}`)
      return [(body["items"] as unknown as ReadonlyArray<Listed>).map(({ name }) => name), body["next"]]
    }
    expect(await page("limit=2")).toEqual([["a", "b"], "b"])
    expect(await page("limit=2&after=b")).toEqual([["c"], null])
    expect(await page("limit=3")).toEqual([["a", "b", "c"], null])
  })
})

describe("tokens", () => {
  interface Made {
    readonly secret: string
    readonly token: { readonly id: string; readonly expiresMs: number; readonly madeMs: number }
  }
  const tokenOf = async ({ ask }: Browser, scopes: ReadonlyArray<string>, days?: number) => {
    const { body, status } = await ask("POST", "/tokens", {
      note: "a script",
      scopes,
      ...(days === undefined ? {} : { days })
    })
    expect([status, body]).toMatchObject([201, {}])
    return body as unknown as Made
  }

  it("[HA-9] are shown once, do what they were made for, for their time, and are ended", async () => {
    const world = await peopleWorld({ members: ["owner"] })
    const ann = await world.owner()
    const { secret, token } = await tokenOf(ann, ["accounts:write"], 2)
    expect(secret).toMatch(new RegExp(`^syn_${token.id}_[\\w-]{43}$`))
    expect(token.expiresMs - token.madeMs).toBe(2 * dayMs)
    const ask = world.program(secret)
    expect((await ask("GET", "/accounts")).status).toBe(200)
    expect(await ask("GET", "/members")).toMatchObject({ status: 403, body: { code: "ScopeMissing" } })
    expect((await ask("GET", "/session")).body).toMatchObject({ kind: "token", scopes: ["accounts:write"] })
    const listed = (await ann.ask("GET", "/tokens")).body
    expect(listed).toMatchObject({ tokens: [{ id: token.id, note: "a script", scopes: ["accounts:write"] }] })
    expect(JSON.stringify(listed)).not.toContain(secret.slice(-43))
    const wrong = [`${secret.slice(0, -1)}${secret.endsWith("A") ? "B" : "A"}`, secret.slice(0, -1), `syn_${token.id}_`]
    for (const each of wrong) expect((await world.program(each)("GET", "/accounts")).status).toBe(401)
    world.pass(2 * dayMs - 60_000)
    expect((await ask("GET", "/accounts")).status).toBe(200)
    world.pass(60_000)
    expect((await ask("GET", "/accounts")).status).toBe(401)
    await ann.ask("POST", "/session", { name: "ann", password })
    const other = await tokenOf(ann, ["team:read"])
    expect(other.token.expiresMs - other.token.madeMs).toBe(90 * dayMs)
    expect((await ann.ask("DELETE", `/tokens/${other.token.id}`)).status).toBe(204)
    expect((await world.program(other.secret)("GET", "/members")).status).toBe(401)
    expect(world.ended).toContainEqual({ kind: "token", id: other.token.id })
    expect((await ann.ask("POST", "/tokens", { note: "", scopes: ["team:read"], days: 366 })).status).toBe(400)
  })

  it("[HA-10] have no more than their account, now and later, and make no others", async () => {
    const world = await peopleWorld({ members: ["owner"] })
    const ann = await world.owner()
    const bob = await join(world, ann, "bob", "admin")
    const beyond = await bob.own.ask("POST", "/tokens", { note: "", scopes: ["team:read", "accounts:write"] })
    expect(beyond).toMatchObject({ status: 403, body: { code: "ScopesExceeded" } })
    const { secret, token } = await tokenOf(bob.own, ["team:read", "team:write"])
    const ask = world.program(secret)
    expect(await ask("POST", "/tokens", { note: "", scopes: ["team:read"] })).toMatchObject({
      status: 403,
      body: { code: "PersonNeeded" }
    })
    expect((await ask("DELETE", `/tokens/${token.id}`)).status).toBe(403)
    expect((await ask("GET", "/sessions")).status).toBe(403)
    await ann.ask("PATCH", `/accounts/${bob.id}`, { role: "viewer" })
    expect((await ask("GET", "/session")).body["scopes"]).toEqual(["team:read"])
    await ann.ask("PATCH", `/accounts/${bob.id}`, { isDisabled: true })
    expect((await ask("GET", "/session")).status).toBe(401)
    await ann.ask("PATCH", `/accounts/${bob.id}`, { isDisabled: false })
    expect((await ask("GET", "/session")).status).toBe(200)
    expect((await ann.ask("GET", `/accounts/${bob.id}/tokens`)).body["tokens"]).toMatchObject([{ id: token.id }])
    await ann.ask("DELETE", `/accounts/${bob.id}`)
    expect((await ask("GET", "/session")).status).toBe(401)
    world.pass(11 * 60_000)
    const tired = await ann.ask("POST", "/tokens", { note: "", scopes: ["team:read"] })
    expect(tired).toMatchObject({ status: 401, body: { code: "SignInAgain" } })
  })
})

describe("a token of another", () => {
  it("[HA-10] is made on the hub's machine alone, with no more than its account has", async () => {
    const world = await peopleWorld({ members: ["owner"] })
    const ann = await world.owner()
    const bob = await join(world, ann, "bob", "viewer")
    const path = `/accounts/${bob.id}/tokens`
    const wanted = { note: "a script", scopes: ["team:read"], days: 1 }
    const made = await world.door("POST", path, wanted)
    expect(made).toMatchObject({ status: 201, body: { token: { note: "a script", scopes: ["team:read"] } } })
    const secret = made.body["secret"]!
    expect((await world.program(secret)("GET", "/session")).body).toMatchObject({ account: { name: "bob" } })
    expect(world.audited.at(-1)).toMatchObject({
      behalf: "the hub's machine",
      decision: { allowed: true, rule: "hub/accounts.makeToken" },
      detail: expect.stringContaining(`of the account ${bob.id} for team:read`) as string
    })
    expect(JSON.stringify(world.audited)).not.toContain(secret)
    const all = await ann.ask("POST", "/tokens", { note: "", scopes: ["accounts:write"] })
    const asked = [ann.ask, world.program(all.body["secret"]!)]
    for (const ask of asked) {
      expect(await ask("POST", path, wanted)).toMatchObject({ status: 403, body: { code: "DoorNeeded" } })
    }
    expect(await bob.own.ask("POST", path, wanted)).toMatchObject({ status: 403, body: { code: "ScopeMissing" } })
    expect((await world.browser().ask("POST", path, wanted)).status).toBe(401)
    const beyond = { ...wanted, scopes: ["team:write"] }
    expect(await world.door("POST", path, beyond)).toMatchObject({ status: 403, body: { code: "ScopesExceeded" } })
    expect((await world.door("POST", path, { ...wanted, days: 0 })).status).toBe(400)
    expect(await world.door("POST", "/accounts/none/tokens", wanted)).toMatchObject({
      status: 404,
      body: { code: "NoneOfPeople" }
    })
    expect((await world.door("GET", path)).body["tokens"]).toHaveLength(1)
  })
})

describe("the audit", () => {
  it("[HR-11] hears what was changed by whom, each act, and who was kept from what, but not who reads", async () => {
    const world = await peopleWorld({ members: ["owner"] })
    const ann = await world.owner()
    const bob = await join(world, ann, "bob", "viewer")
    const acts = () => world.audited.filter(({ action }) => action === "manage")
    const told = acts().length
    await ann.ask("GET", "/accounts")
    await ann.ask("PATCH", `/accounts/${bob.id}`, { role: "admin", isDisabled: "no" })
    expect(acts()).toHaveLength(told)
    for (const _ of [1, 2]) await ann.ask("DELETE", `/accounts/${bob.id}/sessions`)
    await bob.own.ask("POST", "/session", { name: "bob", password })
    await bob.own.ask("POST", "/accounts", { name: "eve", role: "owner" })
    await ann.ask("DELETE", `/accounts/${bob.id}`, undefined, { origin: "https://evil.example" })
    const [one, same, denied, foreign] = acts().slice(told)
    expect(one).toMatchObject({ behalf: "ann (owner)", decision: { allowed: true, rule: "hub/accounts.endSessions" } })
    expect(one!.detail).toMatch(new RegExp(`^ann \\(owner\\): DELETE /api/v1/accounts/${bob.id}/sessions, request `))
    expect(same!.detail).not.toBe(one!.detail)
    expect(denied).toMatchObject({
      behalf: "bob",
      decision: {
        allowed: false,
        rule: "hub/accounts.make",
        policyVersion: 7,
        because: expect.stringContaining("accounts:write") as string
      }
    })
    expect(foreign).toMatchObject({ behalf: "ann (owner)", decision: { allowed: false } })
    expect(acts()).toHaveLength(told + 4)
    await world.door("DELETE", `/accounts/${bob.id}`)
    expect(acts().at(-1)!.behalf).toBe("the hub's machine")
  })

  it("[HA-14][HA-15] hears who signed in and who tried, and no secret and no name that nobody has", async () => {
    const world = await peopleWorld()
    const ann = await world.owner()
    const { own: bob } = await join(world, ann, "bob", "viewer")
    await bob.ask("POST", "/session", { name: "ann", password: "wrong password" })
    await bob.ask("POST", "/session", { name: "a password", password: "ann" })
    await bob.ask("POST", "/session/link", { link: "no link", password })
    await ann.ask("PUT", "/password", { current: password, next: "another horse battery" })
    await ann.ask("POST", "/tokens", { note: "", scopes: ["team:read"] })
    const signIns = world.audited.filter(({ action }) => action === "signin")
    expect(signIns.map(({ decision: { allowed, rule }, detail }) => [allowed, rule, detail])).toEqual([
      [true, "hub/signin.setup", "ann from 127.0.0.1"],
      [true, "hub/signin.link", "bob from 127.0.0.1"],
      [false, "hub/signin.password", "ann from 127.0.0.1"],
      [false, "hub/signin.password", "nobody known from 127.0.0.1"],
      [false, "hub/signin.link", "nobody known from 127.0.0.1"]
    ])
    const all = JSON.stringify(world.audited.map(({ decision, detail }) => [decision, detail]))
    for (const secret of [password, "wrong password", "a password", "another horse", ann.cookie!.slice(-43)]) {
      expect(all).not.toContain(secret)
    }
    expect(all).not.toMatch(/syn_|[\w-]{43}/)
  })
})
