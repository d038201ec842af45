// People who sign in to a hub, looked after at the terminal: on its machine, and from elsewhere with a token.
import { readFileSync, readdirSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { type Hub, run, runAlone, startHub, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
const hubFolder = join(folder.path, "hub")
const password = "correct horse battery"
let hub: Hub

beforeAll(async () => {
  hub = await startHub(hubFolder, { SYNCLINE_LOG_LEVEL: "trace" })
})
afterAll(async () => {
  await hub.stop()
  folder.remove()
})

const onHub = (...args: ReadonlyArray<string>) => run([...args, "--data", hubFolder])
/** What a command prints for programs, the one thing or one a line. */
const told = async (...args: ReadonlyArray<string>): Promise<ReadonlyArray<Record<string, unknown>>> => {
  const { code, err, out } = await onHub(...args, "--json")
  expect([args, code, err]).toEqual([args, 0, ""])
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
const errorOf = (err: string) =>
  (JSON.parse(err) as { readonly error: { readonly code: string; readonly message: string } }).error
const ask = (path: string, cookie: string | undefined, body?: object) =>
  fetch(`${hub.address}/api/v1/${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { "content-type": "application/json", ...(cookie === undefined ? {} : { cookie }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
/** Signs a person in; gives the browser's cookie. */
const signIn = async (body: object, path = "session"): Promise<string> => {
  const answer = await ask(path, undefined, body)
  expect(answer.status).toBe(200)
  return answer.headers.get("set-cookie")!.split(";", 1)[0]!
}
const isIn = async (cookie: string) => (await ask("session", cookie)).status === 200
/** An account whose person is signed in. */
const person = async (name: string, ...more: ReadonlyArray<string>) => {
  const [made] = await told("account", "add", name, ...more)
  return {
    id: (made!["account"] as { id: string }).id,
    cookie: await signIn({ link: made!["link"], password }, "session/link")
  }
}
const fileOf = (name: string, text: string): string => {
  const path = join(folder.path, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

describe("accounts", () => {
  it("[CL-200] are made, listed, changed and removed by name or id, and sign in by their link", async () => {
    const ann = await person("Ann", "--role", "owner")
    const bob = await person("bob")
    expect(await told("account", "list")).toMatchObject([
      { name: "ann", role: "owner", signsInBy: ["password"] },
      { name: "bob", role: "viewer", isDisabled: false }
    ])
    expect((await onHub("account", "list")).out).toMatch(new RegExp(`^${ann.id}  ann  owner  by password\n`))
    expect(await told("account", "role", "BOB", "admin")).toMatchObject([{ id: bob.id, role: "admin" }])
    expect(await isIn(bob.cookie)).toBe(false)
    expect(await told("account", "disable", bob.id)).toMatchObject([{ isDisabled: true }])
    expect((await onHub("account", "list")).out).toContain("disabled")
    expect((await ask("session", undefined, { name: "bob", password })).status).toBe(401)
    expect(await told("account", "enable", "bob")).toMatchObject([{ isDisabled: false }])
    const before = await signIn({ name: "bob", password })
    const renewed = await onHub("account", "link", "bob")
    const link = /[0-9a-f]{16}_[\w-]{43}/.exec(renewed.out)![0]
    expect(await signIn({ link, password: "another horse battery" }, "session/link")).not.toBe("")
    expect(await isIn(before)).toBe(false)
    expect(await told("account", "remove", "bob")).toEqual([{ id: bob.id, name: "bob" }])
    expect(await told("account", "list")).toHaveLength(1)
    expect(hub.said()).not.toContain(link)
    for (const name of readdirSync(hubFolder).filter((each) => each !== "lock.db")) {
      expect(readFileSync(join(hubFolder, name)).includes(link.slice(-43))).toBe(false)
    }
  })

  it("[CL-204] keep to what the hub says, and nothing changes", async () => {
    const refusals: ReadonlyArray<readonly [ReadonlyArray<string>, number, string]> = [
      [["account", "disable", "ann"], 1, "LastOwner"],
      [["account", "remove", "ann"], 1, "LastOwner"],
      [["account", "role", "ann", "viewer"], 1, "LastOwner"],
      [["account", "add", "ANN"], 1, "AccountNameTaken"],
      [["account", "add", "zoe", "--member", "zoe"], 1, "MemberMissing"],
      [["account", "member", "ann", "zoe"], 1, "MemberMissing"],
      [["account", "add", "a b"], 1, "InputInvalid"],
      [["account", "role", "nobody", "viewer"], 2, "UsageInvalid"],
      [["account", "add", "zoe", "--role", "king"], 2, "UsageInvalid"],
      [["token", "new", "ann", "--scope", "everything"], 1, "InputInvalid"],
      [["token", "new", "ann"], 2, "UsageInvalid"],
      [["token", "revoke", "0"], 1, "NoneOfPeople"]
    ]
    for (const [args, code, reason] of refusals) {
      const refused = await onHub(...args, "--json")
      expect([args, refused.code, refused.out]).toEqual([args, code, ""])
      expect([args, errorOf(refused.err).code]).toEqual([args, code === 1 ? "HubRefused" : reason])
    }
    expect(await told("account", "list")).toMatchObject([{ name: "ann", role: "owner", isDisabled: false }])
    const closed = await run(["account", "list", "--data", folder.path, "--json"])
    expect([closed.code, errorOf(closed.err).code]).toEqual([3, "DoorClosed"])
    expect(errorOf(closed.err).message).not.toContain("enterprise")
  })

  it("[CL-200] act as members of a team", async () => {
    const teamFolder = join(folder.path, "team")
    const team = await startHub(teamFolder, { SYNCLINE_POLICY: "enterprise" })
    onTestFinished(team.stop)
    const at = (...args: ReadonlyArray<string>) => run([...args, "--data", teamFolder, "--json"])
    expect((await at("account", "add", "mia", "--member", "owner")).code).toBe(0)
    const read = async () => JSON.parse((await at("account", "list")).out) as { readonly member: string | null }
    expect((await read()).member).toBe("owner")
    expect((await at("account", "member", "mia")).code).toBe(0)
    expect((await read()).member).toBe(null)
  })
})

describe("tokens and sessions", () => {
  it("[CL-201] tokens are made on the hub's machine, shown once, and revoked", async () => {
    await person("tom", "--role", "viewer")
    const made = await onHub("token", "new", "tom", "--scope", "status:read", "--note", "the report", "--days", "2")
    const secret = /syn_([0-9a-f]{16})_[\w-]{43}/.exec(made.out)!
    expect(await told("token", "list", "--account", "tom")).toMatchObject([
      { id: secret[1], account: "tom", note: "the report", scopes: ["status:read"] }
    ])
    const listed = await onHub("token", "list")
    expect(listed.out).toContain("the report")
    expect(listed.out).not.toContain(secret[0])
    const beyond = await onHub("token", "new", "tom", "--scope", "accounts:write", "--json")
    expect([beyond.code, errorOf(beyond.err).message]).toMatchObject([4, expect.stringContaining("accounts:write")])
    const whose = async () =>
      (await fetch(`${hub.address}/api/v1/session`, { headers: { authorization: `Bearer ${secret[0]}` } })).status
    expect(await whose()).toBe(200)
    expect(await told("token", "revoke", secret[1]!)).toEqual([{ id: secret[1] }])
    expect(await whose()).toBe(401)
    expect(hub.said()).not.toContain(secret[0])
  })

  it("[CL-202] sessions are listed and ended, one by its beginning or all of an account", async () => {
    const sue = await person("sue")
    const other = await signIn({ name: "sue", password })
    const all = await told("session", "list", "--account", "sue")
    expect(all).toHaveLength(2)
    expect(all[0]).toMatchObject({ account: "sue", remote: "127.0.0.1" })
    const id = all[0]!["id"] as string
    for (const args of [[], [id, "--account", "sue"], [""], ["zz"]]) {
      const refused = await onHub("session", "end", ...args, "--json")
      expect([args, refused.code]).toEqual([args, 2])
    }
    expect(await told("session", "end", id.slice(0, 12).toUpperCase())).toEqual([{ id, account: "sue" }])
    expect(new Set([await isIn(sue.cookie), await isIn(other)])).toEqual(new Set([true, false]))
    expect(await told("session", "end", "--account", "Sue")).toEqual([{ account: "sue" }])
    expect([await isIn(sue.cookie), await isIn(other)]).toEqual([false, false])
    expect((await onHub("session", "list", "--account", "sue")).err).toContain("Nobody is signed in.")
  })
})

describe("a hub elsewhere", () => {
  it("[CL-203] is asked with a token from a file, for what the token may", async () => {
    const [made] = await told("token", "new", "ann", "--scope", "accounts:write")
    const secret = made!["secret"] as string
    const file = fileOf("token", `${secret}\n`)
    const at = (...args: ReadonlyArray<string>) => run([...args, "--at", `${hub.address}/`, "--json"])
    const listed = await at("account", "list", "--token-file", file)
    expect([listed.code, listed.out]).toEqual([0, (await onHub("account", "list", "--json")).out])
    const byVariable = await runAlone(["account", "list", "--at", hub.address, "--json"], {
      env: { SYNCLINE_TOKEN_FILE: file }
    })
    expect([byVariable.code, byVariable.out]).toEqual([0, listed.out])
    expect((await at("account", "add", "uma", "--token-file", file)).code).toBe(0)
    expect((await at("account", "remove", "uma", "--token-file", file)).code).toBe(0)
    const another = await at("token", "new", "ann", "--scope", "team:read", "--token-file", file)
    expect([another.code, errorOf(another.err).code]).toEqual([4, "HubRefused"])
    const [narrow] = await told("token", "new", "ann", "--scope", "team:read")
    const denied = await at("account", "list", "--token-file", fileOf("narrow", narrow!["secret"] as string))
    expect([denied.code, errorOf(denied.err).code]).toEqual([4, "HubRefused"])
    expect((await told("token", "revoke", secret.split("_")[1]!)).length).toBe(1)
    const ended = await at("account", "list", "--token-file", file)
    expect([ended.code, errorOf(ended.err).code]).toEqual([4, "TokenRefused"])
    for (const { err, out } of [listed, another, ended]) expect(out + err).not.toContain(secret)
  })

  it("[CL-203] gets no token over a road that others can read, and none from another file or by another address", async () => {
    const seen: Array<string | undefined> = []
    const thief = createServer(({ headers }, response) => {
      seen.push(headers.authorization)
      response.writeHead(200, { "content-type": "application/json" }).end("{}")
    })
    const door = createServer((_, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${(thief.address() as AddressInfo).port}/` }).end()
    })
    for (const server of [thief, door]) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      onTestFinished(() => void server.close())
    }
    const redirecting = `http://127.0.0.1:${(door.address() as AddressInfo).port}`
    const file = fileOf("some", `syn_${"0".repeat(16)}_${"A".repeat(43)}`)
    const list = (address: string, ...more: ReadonlyArray<string>) =>
      run(["account", "list", "--at", address, "--json", ...more])
    expect((await list(redirecting, "--token-file", file)).code).toBe(3)
    expect(seen).toEqual([])
    for (const address of ["http://hub.example.com", "http://127.evil.example", "ftp://localhost", "hub", ""]) {
      const refused = await list(address, "--token-file", file)
      expect([address, refused.code, errorOf(refused.err).code]).toEqual([address, 2, "UsageInvalid"])
    }
    const files = [[], ["--token-file", join(folder.path, "none")], ["--token-file", fileOf("empty", "\n")]]
    for (const more of files) expect((await list(hub.address, ...more)).code).toBe(2)
    const nobody = await list("http://127.0.0.1:4", "--token-file", file)
    expect([nobody.code, errorOf(nobody.err).code]).toEqual([3, "NotConnected"])
  })
})
