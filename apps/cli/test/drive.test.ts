// A device and its Google Drive: signing in and out, and meeting others there. Google is a server of this process.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { DriveFake } from "@syncline/transport-gdrive/testing"
import { Effect, Exit, Redacted, Scope } from "effect"
import { afterAll, describe, expect, it } from "vitest"
import * as DriveLoginFile from "../src/DriveLoginFile.ts"
import { type Outcome, run, runAlone, start, temporaryFolder } from "./commandRunner.ts"

const driveMain = fileURLToPath(new URL("./driveMain.ts", import.meta.url))
const folder = temporaryFolder()
const scope = Scope.makeUnsafe()
const fakeOf = (account?: string): Promise<DriveFake.DriveFake> =>
  Effect.runPromise(DriveFake.make(account === undefined ? {} : { account }).pipe(Scope.provide(scope)))
afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  folder.remove()
})

const clientFileOf = (fake: DriveFake.DriveFake): string => {
  const file = join(folder.path, "client_secret.json")
  const installed = { client_id: fake.app.clientId, client_secret: Redacted.value(fake.app.clientSecret) }
  writeFileSync(file, JSON.stringify({ installed }))
  return file
}

const at = (fake: DriveFake.DriveFake) => ({
  google: { endpoints: fake.endpoints, freshForMs: 0, pollEveryMs: 200 }
})

/** What a person does with the page that is shown; the fake says yes and sends the browser back. */
const visiting = (said: string): void => {
  const [page] = /http:\S+\/auth\?[^\s"]+/.exec(said) ?? []
  if (page !== undefined) void fetch(page)
}

const signIn = (device: string, fake: DriveFake.DriveFake, ...more: ReadonlyArray<string>): Promise<Outcome> =>
  run(["drive", "login", "--data", device, ...more], { ...at(fake), onOut: visiting })

const made = async (name: string): Promise<string> => {
  const device = join(folder.path, name)
  expect((await run(["init", "--data", device])).code).toBe(0)
  return device
}

const signedIn = async (name: string, fake: DriveFake.DriveFake): Promise<string> => {
  const device = await made(name)
  expect((await signIn(device, fake, "--client-file", clientFileOf(fake))).code).toBe(0)
  return device
}

const idOf = async (device: string): Promise<string> => (await run(["id", "--data", device])).out.trim()
const errorOf = ({ err }: Outcome): { readonly code: string; readonly message: string } =>
  (JSON.parse(err) as { readonly error: { readonly code: string; readonly message: string } }).error

/** All that lies in a folder, as text. */
const allOf = (path: string): string =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n")

const mia = "Google Drive of mia@example.com: Syncline"

describe("signing in", () => {
  it("[CL-160] [CL-162] shows Google's page, says whose Drive it is, and keeps no secret that can be read", async () => {
    const fake = await fakeOf()
    const device = await made("first")
    const secret = Redacted.value(fake.app.clientSecret)
    const outcome = await signIn(device, fake, "--client-file", clientFileOf(fake))
    expect(outcome.code).toBe(0)
    expect(outcome.out).toMatch(
      /^Open this page in a browser on this machine:\nhttp:\S+\nSigned in to the Google Drive of mia@/
    )
    expect(outcome.err).toMatch(/Waiting for 600 s.*ssh -L (\d+):127\.0\.0\.1:\1 .*road add drive/s)
    const mode = statSync(DriveLoginFile.loginFile(device)).mode & 0o777
    expect(process.platform === "win32" ? 0o600 : mode).toBe(0o600)
    for (const text of [outcome.out, outcome.err, allOf(device)]) {
      expect(text).not.toContain("-secret-")
      expect(text).not.toContain(secret)
    }
    const { sealed } = JSON.parse(readFileSync(DriveLoginFile.loginFile(device), "utf8")) as { readonly sealed: string }
    const file = Buffer.from(sealed, "base64").toString("latin1")
    expect(file).toMatch(/^age-encryption\.org\/v1\n-> X25519 /)
    expect(file).not.toContain("secret")
    const thief = await made("thief")
    copyFileSync(DriveLoginFile.loginFile(device), DriveLoginFile.loginFile(thief))
    const stolen = await run(["road", "add", "drive", "--data", thief, "--json"], at(fake))
    expect([stolen.code, errorOf(stolen).message]).toEqual([4, expect.stringContaining("sealed for another device")])
    const told = await run(["drive", "status", "--data", device, "--json"])
    expect(JSON.parse(told.out)).toEqual({
      account: "mia@example.com",
      clientId: fake.app.clientId,
      sinceMs: expect.any(Number),
      protected: false,
      roads: 0
    })
    // The OAuth client is known from now on.
    const again = await signIn(device, fake, "--json")
    const [page, done] = again.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, string>)
    expect([again.code, again.err, done!["account"]]).toEqual([0, "", "mia@example.com"])
    expect(page!["page"]).toContain("code_challenge_method=S256")
  })

  it("[CL-160] says what is lacking, who declined and that nobody came, and keeps nothing", async () => {
    const fake = await fakeOf()
    const device = await made("lacking")
    const ask = (...more: ReadonlyArray<string>) => signIn(device, fake, "--json", ...more)
    const bare = await ask()
    expect(bare).toMatchObject({ code: 2, out: "" })
    expect(errorOf(bare).message).toContain("--client-file <file>: the JSON file that Google's console gives")
    const file = join(folder.path, "other.json")
    writeFileSync(file, JSON.stringify({ web: { client_id: "a", client_secret: "of-the-web" } }))
    const foreign = await ask("--client-file", file)
    expect(foreign.code).toBe(2)
    expect(foreign.err).not.toContain("of-the-web")
    const half = await ask("--client-id", "a")
    expect(half.code).toBe(2)
    const known = ["--client-id", fake.app.clientId, "--client-secret", Redacted.value(fake.app.clientSecret)]
    expect((await ask("--client-file", file, ...known)).code).toBe(2)
    fake.setConsent("deny")
    const declined = await ask(...known)
    expect([declined.code, errorOf(declined).code]).toEqual([4, "LoginDeclined"])
    fake.setConsent("allow")
    const late = await run(["drive", "login", "--data", device, "--json", "--timeout", "1", ...known], at(fake))
    expect([late.code, errorOf(late).code, errorOf(late).message]).toEqual([
      1,
      "LoginTimedOut",
      expect.stringContaining("within 1 second: begin again")
    ])
    const wrong = await ask("--client-id", fake.app.clientId, "--client-secret", "another")
    expect([wrong.code, errorOf(wrong).code]).toEqual([4, "LoginRefused"])
    expect((await ask("--timeout", "0")).code).toBe(2)
    expect(JSON.parse((await run(["drive", "status", "--data", device, "--json"])).out)).toEqual({ account: null })
    const nobody = await run(["drive", "login", "--data", join(folder.path, "nobody"), "--json"])
    expect(errorOf(nobody).code).toBe("DeviceMissing")
  })

  it("[CL-160] waits as a process of its own, and goes away when it is interrupted", async () => {
    const fake = await fakeOf()
    const device = await signedIn("waiting", fake)
    const before = readFileSync(DriveLoginFile.loginFile(device), "utf8")
    const google = JSON.stringify({ endpoints: fake.endpoints })
    const waiting = start([google, "drive", "login", "--data", device], {}, driveMain)
    await waiting.said("Waiting for 600 s at most")
    waiting.child.kill("SIGINT")
    expect((await waiting.ended).code).toBe(130)
    expect(readFileSync(DriveLoginFile.loginFile(device), "utf8")).toBe(before)
  })

  it("[CL-162] keeps the tokens under the passphrase of the device's key, also one that it gets later", async () => {
    const fake = await fakeOf()
    const device = await signedIn("sealed", fake)
    const words = join(folder.path, "words")
    writeFileSync(words, "four words of mine\n")
    expect((await run(["key", "protect", "--data", device, "--new-passphrase-file", words])).code).toBe(0)
    const google = JSON.stringify({ endpoints: fake.endpoints })
    const add = [google, "road", "add", "drive", "--data", device, "--json"]
    const closed = await start(add, {}, driveMain).ended
    expect([closed.code, errorOf(closed).code, fake.count("list")]).toEqual([1, "KeyLocked", 0])
    const opened = await start(add, { env: { SYNCLINE_PASSPHRASE_FILE: words } }, driveMain).ended
    expect(opened).toMatchObject({ code: 0 })
    expect(JSON.parse((await run(["drive", "status", "--data", device, "--json"])).out)).toMatchObject({
      protected: true
    })
  })

  it("[CL-162] a renewal that comes late brings no earlier login back, and a damaged file is told", async () => {
    const fake = await fakeOf()
    const device = await signedIn("renewing", fake)
    const { tokens } = await Effect.runPromise(DriveLoginFile.open(device))
    const old = (await Effect.runPromise(tokens.load))!
    const refreshToken = Redacted.make("a renewed refresh token")
    await Effect.runPromise(tokens.save({ ...old, refreshToken }))
    const renewed = await Effect.runPromise(tokens.load)
    expect(Redacted.value(renewed!.refreshToken)).toBe("a renewed refresh token")
    await signIn(device, fake)
    await Effect.runPromise(tokens.save(old))
    const kept = (await Effect.runPromise((await Effect.runPromise(DriveLoginFile.open(device))).tokens.load))!
    expect(Redacted.value(kept.refreshToken)).not.toBe(Redacted.value(old.refreshToken))
    await Effect.runPromise(DriveLoginFile.forget(device))
    await Effect.runPromise(tokens.save(old))
    expect(await Effect.runPromise(DriveLoginFile.read(device))).toBeNull()
    writeFileSync(DriveLoginFile.loginFile(device), "{", { mode: 0o600 })
    const damaged = await run(["drive", "status", "--data", device, "--json"])
    expect([damaged.code, errorOf(damaged).code]).toEqual([1, "DriveFileUnusable"])
  })
})

describe("a road by Drive", () => {
  it("[CL-163] is tried and kept once, listed and taken away; without a login it is refused", async () => {
    const fake = await fakeOf()
    const device = await made("road")
    const add = (...more: ReadonlyArray<string>) =>
      run(["road", "add", "drive", "--data", device, "--json", ...more], at(fake))
    const out = await add()
    expect([out.code, errorOf(out).code]).toEqual([4, "DriveSignedOut"])
    await signIn(device, fake, "--client-file", clientFileOf(fake))
    const added = await add()
    expect(JSON.parse(added.out)).toEqual({ name: "gdrive", address: mia, changed: true })
    expect(JSON.parse((await add()).out)).toMatchObject({ changed: false })
    const folderId = fake.plant({ name: "Mine", parents: [], appProperties: {} })
    expect(JSON.parse((await add("--folder-id", folderId)).out)).toMatchObject({
      address: `Google Drive of mia@example.com: folder ${folderId}`
    })
    const absent = await add("--folder-id", "fake-file-none")
    expect([absent.code, errorOf(absent).code]).toEqual([4, "MailboxDenied"])
    expect((await add("--folder-id", "https://drive.google.com/x")).code).toBe(2)
    const listed = (await run(["road", "list", "--data", device])).out
    expect(listed).toBe(`${mia}\nGoogle Drive of mia@example.com: folder ${folderId}\n`)
    expect((await run(["init", "--data", device])).code).toBe(0)
    expect((await run(["road", "list", "--data", device])).out).toBe(listed)
    expect((await run(["road", "remove", mia, "--data", device])).code).toBe(0)
    expect((await run(["road", "list", "--data", device])).out).not.toContain(mia)
    const known = readFileSync(join(device, "device.json"), "utf8")
    writeFileSync(join(device, "device.json"), known.replace("mia@example.com", "mia\\u001b[31m"))
    expect((await run(["road", "list", "--data", device])).code).toBe(1)
  })

  it("[CL-142] [CL-147] [CL-163] brings two devices together without any hub, and status tells of it", async () => {
    const fake = await fakeOf()
    const [one, other] = [await signedIn("one", fake), await signedIn("other", fake)]
    for (const [device, peer] of [
      [one, other],
      [other, one]
    ] as const) {
      expect((await run(["road", "add", "drive", "--data", device], at(fake))).code).toBe(0)
      await run(["trust", await idOf(peer), "--data", device])
    }
    await run(["put", "city", '{"name":"Oslo"}', "--id", "1", "--data", one])
    const sync = async (device: string) =>
      JSON.parse((await run(["sync", "--json", "--data", device], at(fake))).out) as unknown
    expect(await sync(one)).toMatchObject({ records: 1, roads: [{ name: "gdrive", address: mia, problem: null }] })
    expect(await sync(other)).toMatchObject({ records: 1, roads: [{ events: 1, devices: 1 }] })
    expect(await sync(one)).toMatchObject({ synced: true, roads: [{ devices: 1, equal: 1 }] })
    const status = (await run(["status", "--data", one])).out
    expect(status).toMatch(
      /^Road: +Google Drive of mia@example\.com: Syncline, .*looked into at .*; 1 of 1 device there has the same$/m
    )
    const google = JSON.stringify({ endpoints: fake.endpoints, freshForMs: 0, pollEveryMs: 200 })
    const watching = start([google, "watch", "--json", "--data", other], {}, driveMain)
    const asked = fake.count("changes")
    await expect.poll(() => fake.count("changes"), { timeout: 20_000 }).toBeGreaterThan(asked)
    await run(["put", "city", '{"name":"Turku"}', "--id", "2", "--data", one])
    await sync(one)
    await watching.said("Turku")
    watching.child.kill("SIGINT")
    expect((await watching.ended).code).toBe(130)
  })

  it("[CL-163] of another account than the login's is not used, and another road is", async () => {
    const [fake, second] = [await fakeOf(), await fakeOf("ben@example.com")]
    const device = await signedIn("moved", fake)
    await run(["road", "add", "drive", "--data", device], at(fake))
    const cloud = join(folder.path, "cloud")
    mkdirSync(cloud)
    await run(["road", "add", "folder", cloud, "--data", device])
    const moved = await signIn(device, second)
    expect(moved.err).toContain("A road of this device is of mia@example.com, which this login cannot use.")
    const told = await run(["sync", "--data", device], at(second))
    expect(told.code).toBe(0)
    expect(told.out).toMatch(
      /Google Drive of mia@example\.com: Syncline could not be used: .*ben@example\.com, not of mia@/
    )
    expect(told.out).toContain(`In ${cloud}: left `)
    expect(second.count("create")).toBe(0)
  })
})

describe("signing out", () => {
  it("[CL-161] takes the login back at Google and forgets it; then nobody is signed in", async () => {
    const fake = await fakeOf()
    const device = await signedIn("leaving", fake)
    await run(["road", "add", "drive", "--data", device], at(fake))
    const out = await run(["drive", "logout", "--data", device], at(fake))
    expect(out.code).toBe(0)
    expect(out.out).toContain("Signed out of the Google Drive of mia@example.com")
    expect(out.err).toContain("may end logins of your other devices")
    expect(fake.count("revoke")).toBe(1)
    expect(readFileSync(DriveLoginFile.loginFile(device), "utf8")).toBe("null\n")
    const sync = await run(["sync", "--json", "--data", device], at(fake))
    expect([sync.code, errorOf(sync).message]).toEqual([3, expect.stringContaining("syncline drive login")])
    const again = await run(["drive", "logout", "--data", device, "--json"], at(fake))
    expect(JSON.parse(again.out)).toEqual({ account: null, revoked: false })
  })

  it("[CL-161] forgets it also where Google does not hear of it, and at Google nothing with --local", async () => {
    const fake = await fakeOf()
    const device = await signedIn("unheard", fake)
    fake.plan({ method: "revoke", status: 403, reason: "forbidden", when: "before" })
    const unheard = await run(["drive", "logout", "--data", device], at(fake))
    expect(unheard.code).toBe(0)
    expect(unheard.err).toMatch(/Google was not told: .*403.*myaccount\.google\.com\/permissions/)
    expect(await Effect.runPromise(DriveLoginFile.read(device))).toBeNull()
    const asked = fake.count("revoke")
    const other = await signedIn("local", fake)
    const local = await run(["drive", "logout", "--local", "--json", "--data", other], at(fake))
    expect(JSON.parse(local.out)).toEqual({ account: "mia@example.com", revoked: false })
    expect(fake.count("revoke")).toBe(asked)
    expect(await Effect.runPromise(DriveLoginFile.read(other))).toBeNull()
  })

  it("[CL-160] is told in the help", async () => {
    const help = await runAlone(["drive", "--help"])
    expect(help.out).toMatch(/login .*Sign in.*logout .*Take the login back.*status /s)
  })
})
