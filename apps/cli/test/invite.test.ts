// A team's hub and newcomers: inviting by links and answering who asks, as people do it, and everything that must not come of it.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { type Hub, run, start, startHub, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
const hubFolder = join(folder.path, "hub")
const hubs: { team?: Hub } = {}

beforeAll(async () => {
  hubs.team = await startHub(hubFolder, { SYNCLINE_POLICY: "enterprise", SYNCLINE_SPACE: "office" })
  await run(["team", "add", "sales", "--data", hubFolder])
})
afterAll(async () => {
  await hubs.team?.stop()
  folder.remove()
})

const at = (name: string): string => join(folder.path, name)

interface Invited {
  readonly link: string
  readonly id: string
}
const invite = async (...args: ReadonlyArray<string>): Promise<Invited> => {
  const { code, err, out } = await run(["invite", "new", "--json", ...args, "--data", hubFolder])
  if (code !== 0) throw new Error(err)
  return JSON.parse(out) as Invited
}

/** Asks once. */
const joinOnce = (name: string, link: string, ...more: ReadonlyArray<string>) =>
  run(["join", link, "--timeout", "0", "--name", name, "--data", at(name), ...more])

const answer = (word: "approve" | "reject", ...args: ReadonlyArray<string>) =>
  run(["request", word, ...args, "--data", hubFolder])

interface Listed {
  readonly id: string
  readonly name: string
  readonly status: string
}
const requests = async (...args: ReadonlyArray<string>): Promise<ReadonlyArray<Listed>> =>
  (await run(["request", "list", "--json", ...args, "--data", hubFolder])).out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Listed)

const memberOf = async (id: string) => {
  const { out } = await run(["member", "list", "--json", "--data", hubFolder])
  const { members } = JSON.parse(out) as { readonly members: ReadonlyArray<{ readonly id: string }> }
  return members.find((member) => member.id === id)
}
const deviceOf = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(at(name), "device.json"), "utf8")) as Record<string, unknown>

/** The text of every file below a folder. */
const everythingIn = (path: string): string =>
  readdirSync(path, { recursive: true, encoding: "utf8" })
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile())
    .map((file) => readFileSync(file, "latin1"))
    .join("\n")

describe("two terminals", () => {
  it("[CL-120] [CL-121] [CL-126] bring a newcomer in by following what they are told, and leave no secret behind", async () => {
    const data = at("followed-hub")
    const hub = await startHub(data, { SYNCLINE_POLICY: "enterprise", SYNCLINE_LOG_LEVEL: "trace" })
    onTestFinished(hub.stop)
    const shown = await run(["invite", "new", "--role", "readonly", "--data", data])
    expect(shown.code).toBe(0)
    const [link] = /http:\S+\/join#\S+/.exec(shown.out)!
    expect(shown.out).toContain("for the role readonly")
    expect(shown.out).toContain("join --data ./syncline-device")
    // What a person does: the link goes into the command's question, in a folder of one's own.
    const newcomer = start(["join", "--name", "Mia Low", "--data", at("followed")], { input: `${link}\n` })
    onTestFinished(() => void newcomer.child.kill("SIGKILL"))
    await newcomer.said("your request's id")
    const listed = await run(["request", "list", "--data", data])
    expect(listed.out).toMatch(/^[0-9a-f]{8} {2}pending {2}Mia Low/)
    const approved = await run(["request", "approve", "--data", data])
    expect(approved).toMatchObject({ code: 0, out: expect.stringContaining("is the member mia-low now") })
    const joined = await newcomer.ended
    expect(joined).toMatchObject({ code: 0, out: expect.stringContaining("member mia-low, with the role readonly") })
    expect(joined.err).toContain(`sync --data ${at("followed")}`)
    expect(deviceOf("followed")).toMatchObject({ spaceName: "home", policy: "enterprise", hub: { peer: hub.peer } })
    expect((await run(["sync", "--data", at("followed")])).code).toBe(0)
    const audit = await run(["audit", "list", "--action", "approve", "--data", data])
    expect(audit.out).toContain("onboarding/approve")
    await hub.stop()
    const secret = link.split(".").at(-2)!
    expect(secret).toMatch(/^[0-9a-f]{32}$/)
    const later = await run(["request", "list", "--status", "all", "--data", data])
    const told = [hub.said(), listed, approved, joined, audit, later].map((each) => JSON.stringify(each))
    const everything = [...told, everythingIn(data), everythingIn(at("followed"))].join("\n")
    const bytes = Buffer.from(secret, "hex")
    for (const form of [secret, bytes.toString("base64"), bytes.toString("base64url"), bytes.toString("latin1")]) {
      expect([form, everything.includes(form)]).toEqual([form, false])
    }
    expect(everything).toContain("mia-low")
  })
})

describe("inviting", () => {
  it("[CL-120] prints a link once, lists invitations without it, and revokes them", async () => {
    const { id, link } = await invite("--team", "sales", "--uses", "3", "--expires", "12h")
    expect(link.startsWith(`${hubs.team!.address}/join#1.${id}.`)).toBe(true)
    expect(link.endsWith(`.${hubs.team!.peer}`)).toBe(true)
    const listed = await run(["invite", "list", "--data", hubFolder])
    expect(listed.out).toMatch(new RegExp(`^${id} {2}good {2}0 of 3 {2}member in sales {2}until `, "m"))
    expect(listed.out).not.toContain(link.split(".").at(-2))
    const revoked = await run(["invite", "revoke", id, "--data", hubFolder])
    expect(revoked).toMatchObject({ code: 0, out: expect.stringContaining("is revoked") })
    expect((await joinOnce("too-late", link)).code).toBe(4)
    const named = await invite("--hub", "https://hub.example/team")
    expect(named.link.startsWith("https://hub.example/team/join#")).toBe(true)
    expect(await run(["invite", "revoke", "ffff", "--data", hubFolder])).toMatchObject({
      code: 1,
      err: expect.stringContaining("there is no invitation ffff")
    })
  })

  it("[CL-124] says why there can be no such invitation, and makes none", async () => {
    const before = (await run(["invite", "list", "--data", hubFolder])).out
    const refused = async (code: number, ...args: ReadonlyArray<string>) => {
      const said = await run(["invite", "new", ...args, "--data", hubFolder])
      expect([args, said.code, said.out]).toEqual([args, code, ""])
      return said.err
    }
    expect(await refused(1, "--role", "king")).toContain("there is no role king")
    expect(await refused(1, "--team", "nowhere")).toContain("there is no team nowhere")
    expect(await refused(1, "--role", "admin", "--no-approve")).toContain("a person must approve each request")
    expect(await refused(1, "--uses", "101")).toContain("1 to 100")
    expect(await refused(1, "--expires", "91d")).toContain("a minute to 90 days")
    for (const time of ["7", "d", "1w", "7dx", "1.5h", ""])
      expect(await refused(2, "--expires", time)).toContain("30m, 12h or 7d")
    expect((await run(["invite", "list", "--data", hubFolder])).out).toBe(before)
    const nobody = await run(["invite", "new", "--data", at("nothing")])
    expect(nobody).toMatchObject({ code: 3, err: expect.stringContaining("No hub answers this") })
    expect(existsSync(at("nothing"))).toBe(false)
  })
})

describe("asking", () => {
  it("[CL-121] [CL-123] a later run is the same newcomer, and an answer that came meanwhile is found", async () => {
    const { link } = await invite("--team", "sales")
    const first = await joinOnce("later", link)
    expect(first).toMatchObject({ code: 1, out: "", err: expect.stringContaining("waits for a person at the hub") })
    expect(first.err).toContain(`join --data ${at("later")}`)
    expect(existsSync(join(at("later"), "device.json"))).toBe(false)
    const key = readFileSync(join(at("later"), "device.key"))
    const [waiting] = (await requests()).filter(({ name }) => name === "later")
    expect((await joinOnce("later", link)).err).toContain(waiting!.id)
    expect(await answer("approve", waiting!.id)).toMatchObject({ code: 0 })
    expect((await joinOnce("later", link)).code).toBe(0)
    expect(readFileSync(join(at("later"), "device.key"))).toEqual(key)
    expect(await memberOf("later")).toMatchObject({ role: "member", teams: ["sales"] })
    expect((await run(["sync", "--data", at("later")])).code).toBe(0)
    // Again changes nothing, and is no failure.
    expect((await joinOnce("later", link)).code).toBe(0)
    expect((await requests("--status", "approved")).filter(({ name }) => name === "later")).toHaveLength(1)
    expect(await answer("reject", waiting!.id)).toMatchObject({
      code: 1,
      err: expect.stringContaining("approved already")
    })
  })

  it("[CL-122] a rejection ends with 4 and the reason, and stays", async () => {
    const { link } = await invite("--uses", "2")
    await joinOnce("unwanted", link)
    const [waiting] = await requests()
    const rejected = await answer("reject", waiting!.id, "--reason", "who are you?\u001b[2J\nApproved.")
    expect(rejected).toMatchObject({ code: 0, out: expect.stringContaining("is not let in, for good") })
    for (let i = 0; i < 2; i++) {
      const said = await joinOnce("unwanted", link)
      expect(said).toMatchObject({
        code: 4,
        out: "",
        err: expect.stringContaining("who are you?\\u{1b}[2J\\u{a}Approved.")
      })
      expect(said.err).not.toContain("\u001b")
    }
    expect(existsSync(join(at("unwanted"), "device.json"))).toBe(false)
    expect(await answer("approve", waiting!.id)).toMatchObject({
      code: 1,
      err: expect.stringContaining("rejected already")
    })
    expect(await memberOf("unwanted")).toBeUndefined()
  })

  it("[CL-122] without a person it is in at once; a link that is used up says no more than a wrong one", async () => {
    const { id, link } = await invite("--no-approve")
    const joined = await run(["join", link, "--name", "at once", "--json", "--data", at("at-once")])
    expect(joined.code).toBe(0)
    expect(JSON.parse(joined.out)).toMatchObject({ event: "joined", member: "at-once", role: "member" })
    const usedUp = await joinOnce("second", link)
    const wrong = await joinOnce("second", link.replace(id, "0123456789abcdef"))
    expect(usedUp).toMatchObject({ code: 4, out: "", err: expect.stringContaining("not good here") })
    expect(wrong).toEqual(usedUp)
  })

  it("[CL-122] what is no link is told with 2, and a hub that is not there with 3; nothing is asked", async () => {
    const { link } = await invite()
    const secret = link.split(".").at(-2)!
    for (const wrong of [
      "syncline:pair?v=1",
      link.slice(0, -1),
      link.split("#")[0]!,
      "",
      link.replace(secret, secret.slice(1))
    ]) {
      const said = await run(["join", "--data", at("nobody")], { input: `${wrong}\n` })
      expect([wrong, said.code]).toEqual([wrong, 2])
      expect(said.err).toContain("no link of an invitation")
      expect(said.err).not.toContain(secret.slice(1))
    }
    const away = await joinOnce("nobody", link.replace(/^http:\/\/[^/]+/, "http://127.0.0.1:4"))
    expect(away).toMatchObject({ code: 3, err: expect.stringContaining("nobody listens there") })
    expect(existsSync(at("nobody"))).toBe(false)
    expect((await requests()).filter(({ name }) => name === "nobody")).toEqual([])
  })

  it("[CL-125] another hub, and a folder that is a hub's or another device, are told before anything is asked", async () => {
    const { link } = await invite()
    const other = await startHub(at("other-hub"), { SYNCLINE_POLICY: "enterprise" })
    onTestFinished(other.stop)
    const elsewhere = await joinOnce("fooled", link.replace(hubs.team!.address, other.address))
    expect(elsewhere).toMatchObject({ code: 1, err: expect.stringContaining(`it is ${other.peer}`) })
    expect(existsSync(at("fooled"))).toBe(false)
    const onHub = await run(["join", link, "--data", hubFolder])
    expect(onHub).toMatchObject({ code: 2, err: expect.stringContaining("is a hub's folder") })
    // Also of the same name: what lies in it would go to the team.
    for (const space of ["elsewhere", "office"]) {
      await run(["init", "--space", space, "--data", at(`of-${space}`)])
      const foreign = await joinOnce(`of-${space}`, link)
      expect(foreign).toMatchObject({ code: 2, err: expect.stringContaining(`a device of the space ${space} already`) })
    }
    await run(["init", "--hub", other.address, "--data", at("of-other")])
    expect((await joinOnce("of-other", link)).code).toBe(2)
    expect(await requests()).toEqual([])
    expect((await run(["invite", "list", "--data", hubFolder])).out).toContain("0 of 1")
    await run(["init", "--hub", hubs.team!.address, "--data", at("prepared")])
    expect(await joinOnce("prepared", link)).toMatchObject({
      code: 1,
      err: expect.stringContaining("waits for a person")
    })
    await answer("reject")
  })

  it("[CL-125] somebody in between who answers for the hub is not believed", async () => {
    const { link } = await invite()
    const hub = hubs.team!
    // Whole but for the signature.
    const answer = { version: 1, request: "00", status: "approved", because: null, space: "0".repeat(32) }
    const text = JSON.stringify({ ...answer, spaceName: "office", member: "mia", role: "member" })
    const forged = { answer: text, signature: "00".repeat(64) }
    const server = createServer((request, response) => {
      request.resume()
      const body =
        request.url === "/api/v1/identity" ? { peer: hub.peer, space: "office", policy: "enterprise" } : forged
      response.setHeader("content-type", "application/json").end(JSON.stringify(body))
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void server.close())
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const fooled = await joinOnce("between", link.replace(hub.address, address))
    expect(fooled).toMatchObject({ code: 1, err: expect.stringContaining("cannot sign as that hub") })
    expect(existsSync(join(at("between"), "device.json"))).toBe(false)
  })
})

describe("answering", () => {
  it("[CL-123] names the one that waits, or asks which; lists by what became of requests", async () => {
    const { id, link } = await invite("--uses", "3")
    for (const name of ["ann", "ben"]) await joinOnce(name, link)
    const both = await answer("approve")
    expect(both).toMatchObject({ code: 2, err: expect.stringContaining("Several wait; name one:") })
    const ann = (await requests()).find(({ name }) => name === "ann")!
    expect(await answer("approve", ann.id)).toMatchObject({ code: 0 })
    expect(await answer("reject")).toMatchObject({ code: 0, out: expect.stringContaining("ben") })
    expect(await answer("approve")).toMatchObject({ code: 2, err: expect.stringContaining("Nobody waits") })
    const names = async (status: string) => (await requests("--status", status)).map(({ name }) => name)
    expect(await names("approved")).toContain("ann")
    expect(await names("rejected")).toContain("ben")
    expect(await names("all")).toEqual(expect.arrayContaining(["ann", "ben"]))
    expect(await names("pending")).toEqual([])
    expect(await answer("approve", "ffffffff")).toMatchObject({
      code: 1,
      err: expect.stringContaining("no request ffffffff")
    })
    await run(["invite", "revoke", id, "--data", hubFolder])
  })

  it("[CL-124] a role that manages is given only by who names it, and no role that there is not", async () => {
    const { link } = await invite("--role", "admin", "--uses", "2")
    await joinOnce("boss", link)
    const [waiting] = await requests()
    expect(await answer("approve", waiting!.id)).toMatchObject({
      code: 1,
      err: expect.stringContaining("--role admin")
    })
    expect(await answer("approve", waiting!.id, "--role", "king")).toMatchObject({
      code: 1,
      err: expect.stringContaining("no role king")
    })
    expect((await requests())[0]).toMatchObject({ status: "pending" })
    expect(await answer("approve", waiting!.id, "--role", "admin")).toMatchObject({ code: 0 })
    expect(await memberOf("boss")).toMatchObject({ role: "admin" })
    await joinOnce("helper", link)
    expect(await answer("approve", "--role", "readonly")).toMatchObject({ code: 0 })
    expect(await memberOf("helper")).toMatchObject({ role: "readonly" })
  })

  it("[CL-124] a damaged file of invitations is told, and everything else goes on", async () => {
    const data = at("damaged")
    const hub = await startHub(data, { SYNCLINE_POLICY: "enterprise", SYNCLINE_LOG_LEVEL: "silent" })
    onTestFinished(hub.stop)
    writeFileSync(join(data, "onboarding.json"), "{", { mode: 0o600 })
    const listed = await run(["invite", "list", "--data", data])
    expect(listed).toMatchObject({ code: 1, err: expect.stringContaining("onboarding.json cannot be used") })
    expect((await run(["member", "list", "--data", data])).code).toBe(0)
  })
})
