// Two terminals and a hub: pairing as people do it, and everything that must not come of it.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { PassThrough, Writable } from "node:stream"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import * as Program from "../src/Program.ts"
import { type Hub, run, runAlone, start, startHub, type Started, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
const teamFolder = join(folder.path, "team")
const homeFolder = join(folder.path, "home")
const hubs: { team?: Hub; home?: Hub } = {}

beforeAll(async () => {
  hubs.team = await startHub(teamFolder, { SYNCLINE_POLICY: "enterprise", SYNCLINE_SPACE: "office" })
  hubs.home = await startHub(homeFolder, { SYNCLINE_SPACE: "flat" })
})
afterAll(async () => {
  await hubs.team?.stop()
  await hubs.home?.stop()
  folder.remove()
})

interface Invited {
  readonly started: Started
  readonly digits: string
  readonly words: string
  readonly link: string
}

/** `pair new` as a process, once it shows its code. */
const invite = async (...args: ReadonlyArray<string>): Promise<Invited> => {
  const started = start(["pair", "new", "--json", ...args])
  onTestFinished(() => void started.child.kill("SIGKILL"))
  let text = ""
  started.child.stdout!.on("data", (said: string) => (text += said))
  await Promise.race([started.said(`"expiresMs"`), started.ended.then(({ err }) => Promise.reject(new Error(err)))])
  return { started, ...(JSON.parse(text.split("\n", 1)[0]!) as Omit<Invited, "started">) }
}

const atTeam = (...args: ReadonlyArray<string>) => invite("--data", teamFolder, ...args)
const joinAs = (name: string, code: string, hub: Hub = hubs.team!) =>
  run(["pair", "join", code, "--hub", hub.address, "--name", name, "--data", join(folder.path, name)])

/** Answers as soon as somebody waits. */
const answer = async (word: "accept" | "deny", data: string, ...more: ReadonlyArray<string>) => {
  for (let i = 0; i < 400; i++) {
    const said = await run(["pair", word, ...more, "--data", data])
    if (!said.err.includes("Nobody waits")) return said
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error("nobody came")
}

interface Member {
  readonly id: string
  readonly role: string
}
const team = async (data = teamFolder) =>
  JSON.parse((await run(["member", "list", "--json", "--data", data])).out) as {
    readonly members: ReadonlyArray<Member>
    readonly devices: ReadonlyArray<{ readonly peer: string; readonly member: string }>
  }
const idOf = async (data: string): Promise<string> => (await run(["id", "--data", data])).out.trim()
const deviceOf = (data: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(data, "device.json"), "utf8")) as Record<string, unknown>

/** The text of every file below a folder. */
const everythingIn = (path: string): string =>
  readdirSync(path, { recursive: true, encoding: "utf8" })
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile() && !file.endsWith("device.key"))
    .map((file) => readFileSync(file, "latin1"))
    .join("\n")

describe("two terminals", () => {
  it("[CL-100] [CL-108] pair through a hub by following what they are told, list each other, and leave no secret behind", async () => {
    const began = performance.now()
    const hubFolder = join(folder.path, "followed-hub")
    const hub = await startHub(hubFolder, { SYNCLINE_POLICY: "enterprise", SYNCLINE_LOG_LEVEL: "trace" })
    onTestFinished(hub.stop)
    const data = join(folder.path, "followed")
    const first = start(["pair", "new", "--data", hubFolder, "--name", "the hub"])
    onTestFinished(() => void first.child.kill("SIGKILL"))
    let said = ""
    first.child.stdout!.on("data", (text: string) => (said += text))
    first.child.stderr!.on("data", (text: string) => (said += text))
    // What a person copies: the command that is shown, in a folder of one's own.
    await first.said("pair join")
    const shown = said
    const [, code, address] = /pair join (\S+) --hub (\S+) /.exec(said)!
    const second = start(["pair", "join", code!, "--hub", address!, "--data", data, "--name", "Mias Fernsprecher"])
    await second.said("check number")
    await first.said("pair accept")
    const [, request] = /pair accept (\w+) --data/.exec(said)!
    const listed = await runAlone(["pair", "pending", "--data", hubFolder])
    const accepted = await runAlone(["pair", "accept", request!, "--data", hubFolder])
    expect(accepted).toMatchObject({ code: 0, out: expect.stringContaining("Mias Fernsprecher") })
    const [inviter, joiner] = [await first.ended, await second.ended]
    expect([inviter.code, joiner.code]).toEqual([0, 0])
    const number = /check number\s+(\d{4})/
    expect(number.exec(joiner.err)![1]).toBe(number.exec(inviter.err)![1])
    expect(listed.out).toContain(`${request} `)
    expect(joiner.err).toContain(`sync --data ${data}`)
    expect((await run(["sync", "--data", data])).code).toBe(0)
    const pairedMs = performance.now() - began
    expect(pairedMs).toBeLessThan(60_000)
    const [phone, self] = [await idOf(data), await idOf(hubFolder)]
    for (const each of [hubFolder, data]) {
      const { devices, members } = await team(each)
      expect(members.find(({ id }) => id === "mias-fernsprecher")).toMatchObject({ role: "member" })
      expect(devices.map(({ peer }) => peer)).toEqual(expect.arrayContaining([phone, self]))
    }
    expect(deviceOf(data)).toMatchObject({ spaceName: "home", policy: "enterprise", hub: { peer: self } })
    await hub.stop()
    // A code stands where it is shown and nowhere else.
    const [digits, words, link] = ["digits", "words", "link"].map(
      (name) => new RegExp(`${name}\\s+(\\S+)`).exec(shown)![1]!
    )
    const plain = digits!.replaceAll("-", "")
    const secrets = [digits!, plain, plain.slice(3, 11), words!, /secret=(\w+)/.exec(link!)![1]!]
    const keys = [hubFolder, data].map((each) => readFileSync(join(each, "device.key")))
    const hidden = secrets
      .flatMap((secret) => [secret, Buffer.from(secret).toString("hex")])
      .concat(keys.flatMap((key) => [key.toString("hex"), key.toString("base64"), key.toString("latin1")]))
    const afterwards = inviter.out.slice(inviter.out.indexOf("--data ./syncline-device"))
    const told = [
      hub.said(),
      inviter.err,
      joiner.out,
      joiner.err,
      listed.out,
      listed.err,
      accepted.out,
      accepted.err,
      afterwards
    ]
    const everything = [...told, everythingIn(hubFolder), everythingIn(data)].join("\n")
    for (const secret of hidden) expect([secret, everything.includes(secret)]).toEqual([secret, false])
    expect(everything).toContain(phone)
  })

  it("[CL-101] the person at the code's own terminal is asked, and anything but yes is no", async () => {
    for (const [said, isLetIn] of [
      ["yes", true],
      ["maybe", false]
    ] as const) {
      const stdin = Object.assign(new PassThrough(), { isTTY: true })
      const [stdout, stderr] = [new Said(), new Said()]
      const asking = Program.run(["pair", "new", "--data", teamFolder], { stdin, stdout, stderr })
      await stdout.holds("pair join")
      // A picture for a camera, as a terminal is there.
      expect(stdout.text).toContain("█▀▀▀▀▀▀▀")
      const code = /digits\s+(\S+)/.exec(stdout.text)![1]!
      const joining = joinAs(`asked-${said}`, code)
      await stderr.holds("[y/N]")
      stdin.write(`${said}\n`)
      expect((await joining).code).toBe(isLetIn ? 0 : 4)
      expect((await team()).members.some(({ id }) => id === `asked-${said}`)).toBe(isLetIn)
      if (!isLetIn) {
        await stderr.holds("was not let in")
        process.emit("SIGINT")
      }
      expect(await asking).toBe(isLetIn ? 0 : 130)
    }
  })

  it("[CL-102] pair with a personal hub and between devices, by words and by a link", async () => {
    const atHub = await invite("--data", homeFolder, "--hub", hubs.home!.address)
    const laptop = join(folder.path, "laptop")
    const [joined] = await Promise.all([joinAs("laptop", atHub.words, hubs.home), answer("accept", homeFolder)])
    expect(joined).toMatchObject({ code: 0 })
    expect((await atHub.started.ended).code).toBe(0)
    expect((await run(["status", "--data", homeFolder])).out).toContain(await idOf(laptop))
    expect((await run(["status", "--data", laptop])).out).toContain(`Trusts:    ${hubs.home!.peer}`)
    expect(deviceOf(laptop)).toMatchObject({ spaceName: "flat", hub: { peer: hubs.home!.peer } })
    expect(await synced(laptop)).toBe(0)
    // From that device to the next one: the link carries the hub.
    const fromLaptop = await invite("--data", laptop)
    const tablet = join(folder.path, "tablet")
    const joining = run(["pair", "join", fromLaptop.link, "--name", "tablet", "--data", tablet])
    const [second] = await Promise.all([joining, answer("accept", laptop)])
    expect(second.code).toBe(0)
    const ended = await fromLaptop.started.ended
    expect(ended.code).toBe(0)
    const [laptopId, tabletId] = [await idOf(laptop), await idOf(tablet)]
    expect((await run(["status", "--data", laptop])).out).toContain(tabletId)
    expect((await run(["status", "--data", tablet])).out).toContain(laptopId)
    // Its hub does not know it, which is said in a terminal; here programs read.
    expect((await run(["trust", tabletId, "--data", homeFolder])).code).toBe(0)
    expect(await synced(tablet)).toBe(0)
    expect((await run(["hash", "--data", tablet])).out).toBe((await run(["hash", "--data", laptop])).out)
  })
})

/** A hub looks at its list of trusted peers twice a second. */
const synced = async (data: string): Promise<number | null> => {
  let code: number | null = null
  for (let i = 0; i < 20 && code !== 0; i++) code = (await run(["sync", "--data", data])).code
  return code
}

/** Keeps what is written to it, for whoever waits for a word. */
class Said extends Writable {
  text = ""
  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
  async holds(words: string): Promise<void> {
    for (let i = 0; i < 1_000 && !this.text.includes(words); i++)
      await new Promise((resolve) => setTimeout(resolve, 20))
    if (!this.text.includes(words)) throw new Error(`${words} was not said, but: ${this.text}`)
  }
}

/** As if no code of the team's had been tried in vain; ten such codes stop new ones. */
const forgiveCodes = (): void => {
  const path = join(teamFolder, "pairing.json")
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, "utf8")) as object), burntMs: [] }))
}

describe("what must not come of it", () => {
  it("[CL-103] a device that is not let in leaves nothing, on neither side", async () => {
    const before = await team()
    const { digits } = await atTeam()
    const [joined, denied] = await Promise.all([joinAs("denied", digits), answer("deny", teamFolder)])
    expect(joined).toMatchObject({ code: 4, out: "", err: expect.stringContaining("declined") })
    expect(denied).toMatchObject({ code: 0, out: expect.stringContaining("not let in") })
    expect(existsSync(join(folder.path, "denied"))).toBe(false)
    expect(await team()).toEqual(before)
  })

  it("[CL-104] a typing error costs nothing, a wrong code an attempt, and three of them the code", async () => {
    const { digits, words } = await atTeam()
    const last = digits.endsWith("0") ? "1" : "0"
    const typed = await joinAs("typing", digits.slice(0, -1) + last)
    expect(typed).toMatchObject({ code: 2, err: expect.stringContaining("digits is wrong") })
    const [slot, ...rest] = words.split("-")
    expect((await joinAs("typing", [slot, "zebra1", ...rest.slice(1)].join(" "))).code).toBe(2)
    for (let i = 0; i < 3; i++) {
      const wrong = await joinAs("typing", wrongOf(digits))
      expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining("the code was wrong") })
    }
    expect(await joinAs("typing", digits)).toMatchObject({ code: 1, err: expect.stringContaining("used up") })
    expect(existsSync(join(folder.path, "typing"))).toBe(false)
    const nobody = await run(["pair", "join", digits, "--hub", "127.0.0.1:4", "--data", join(folder.path, "typing")])
    expect(nobody).toMatchObject({ code: 3, err: expect.stringContaining("cannot be reached") })
    expect(nobody.err).not.toContain("name it: --hub")
    const away = join(folder.path, "away")
    expect((await run(["init", "--hub", "127.0.0.1:4", "--hub-peer", hubs.team!.peer, "--data", away])).code).toBe(0)
    const unnamed = await run(["pair", "join", digits, "--data", away])
    expect(unnamed).toMatchObject({ code: 3, err: expect.stringContaining("name it: --hub <address>") })
  })

  it("[CL-109] a code may be typed, or piped in, and is then in no list of processes", async () => {
    const { digits, started } = await atTeam()
    const data = join(folder.path, "typed")
    const joining = run(["pair", "join", "--hub", hubs.team!.address, "--data", data], { input: `${digits}\n` })
    const [done] = await Promise.all([joining, answer("accept", teamFolder)])
    expect(done).toMatchObject({ code: 0, err: expect.stringContaining("Type the code:") })
    await started.ended
    const empty = await run(["pair", "join", "--hub", hubs.team!.address, "--data", data], { input: "" })
    expect(empty.code).toBe(2)
  })

  it("[CL-105] [CL-138] a role that manages is granted only when it was named, and a further device only to a member that there is", async () => {
    const joined = async (name: string, args: ReadonlyArray<string>, answers: ReadonlyArray<string> = []) => {
      const { digits, started } = await atTeam(...args)
      const [done] = await Promise.all([joinAs(name, digits), answer("accept", teamFolder, ...answers)])
      expect(done.code).toBe(0)
      await started.ended
      const { devices, members } = await team()
      const id = await idOf(join(folder.path, name))
      const member = devices.find(({ peer }) => peer === id)!.member
      return members.find((each) => each.id === member)!
    }
    expect(await joined("plain", [])).toMatchObject({ id: "plain", role: "member" })
    expect(await joined("reader", ["--role", "readonly"])).toMatchObject({ role: "readonly" })
    expect(await joined("lesser", [], ["--role", "readonly"])).toMatchObject({ role: "readonly" })
    expect(await joined("boss", ["--role", "admin"])).toMatchObject({ id: "boss", role: "admin" })
    expect(await joined("plains-other", ["--member", "plain"])).toMatchObject({ id: "plain", role: "member" })
    const refused = async (...args: ReadonlyArray<string>) => {
      const { code, err } = await run(["pair", "new", ...args])
      expect(code).toBe(2)
      return err
    }
    expect(await refused("--member", "boss", "--data", teamFolder)).toContain("takes --role admin")
    expect(await refused("--member", "plain", "--role", "admin", "--data", teamFolder)).toContain("has the role member")
    const typo = await refused("--member", "plian", "--data", teamFolder)
    expect(typo).toMatch(/there is no member plian.*without it the device becomes a new member.*member add/)
    expect(await refused("--role", "king", "--data", teamFolder)).toContain("there is no role king")
    expect(await refused("--role", "admin", "--data", homeFolder)).toContain("are for teams")
    expect(await refused("--data", join(folder.path, "boss"))).toContain("at its hub")
    expect(await joined("bosses-other", ["--member", "boss", "--role", "admin"])).toMatchObject({ id: "boss" })
  })

  it("[CL-137] grants what was shown or nothing, also where the team is changed while the code is good", async () => {
    onTestFinished(forgiveCodes)
    const change = async (...args: ReadonlyArray<string>) =>
      expect(await run([...args, "--data", teamFolder])).toMatchObject({ code: 0 })
    /** A code is made, the team is changed, and the person says yes. */
    const come = async (
      made: ReadonlyArray<string>,
      changed: ReadonlyArray<string>,
      ...more: ReadonlyArray<string>
    ) => {
      const { digits, started } = await atTeam(...made)
      await change(...changed)
      const [joined] = await Promise.all([joinAs("late", digits), answer("accept", teamFolder, ...more)])
      const { code, err } = await started.ended
      const isThere = existsSync(join(folder.path, "late"))
      rmSync(join(folder.path, "late"), { recursive: true, force: true })
      return { codes: [joined.code, code], isThere, err }
    }
    const refused = (problem: string) => ({
      codes: [1, 1],
      isThere: false,
      err: expect.stringMatching(new RegExp(`"TeamChanged".*${problem}`)) as string
    })
    await change("member", "add", "rosa")
    const before = (await team()).devices
    const rosas = ["--member", "rosa"]
    const promoted = ["member", "role", "rosa", "admin"]
    expect(await come(rosas, promoted)).toEqual(refused("rosa has the role admin now"))
    const demoted = ["member", "role", "rosa", "readonly"]
    expect(await come([...rosas, "--role", "admin"], demoted)).toEqual(refused("rosa has the role readonly now"))
    // A role of one's own that comes to manage: of a member that has it, and of a new one that was to get it.
    await change("role", "set", "lead", "--level", "50")
    await change("member", "role", "rosa", "lead")
    const raised = ["role", "set", "lead", "--level", "80"]
    expect(await come(rosas, raised)).toEqual(refused("the role lead manages the team now"))
    await change("role", "set", "lead", "--level", "50")
    expect(await come(["--role", "lead"], raised)).toEqual(refused("the role lead manages the team now"))
    // The id that a new member was to get is another's by then, whose device was not meant.
    expect(await come([], ["member", "add", "late"])).toEqual(refused("there is a member late now"))
    await change("member", "role", "rosa", "member")
    expect((await team()).devices).toEqual(before)
    // What is named in the answer was seen.
    const named = await come(rosas, promoted, "--role", "admin")
    expect(named).toMatchObject({ codes: [0, 0], isThere: true })
    const again = [...rosas, "--role", "admin"]
    expect(await come(again, ["member", "remove", "rosa"])).toEqual(refused("there is no member rosa any more"))
  })

  it("[CL-137] grants nothing on a team that was changed in the very moment, and looks again", async () => {
    onTestFinished(forgiveCodes)
    const path = join(teamFolder, "local-door.json")
    const kept = readFileSync(path, "utf8")
    const door = JSON.parse(kept) as { readonly url: string; readonly token: string }
    const forward = async (url: string, method: string, body?: string) => {
      const headers = { authorization: `Bearer ${door.token}`, "content-type": "application/json" }
      return fetch(`${door.url}${url}`, { method, headers, ...(body === undefined ? {} : { body }) })
    }
    // A door before the hub's, where somebody is quicker with the next record.
    const quicker: Array<object> = []
    const serve = async (request: IncomingMessage, response: ServerResponse) => {
      let body = ""
      for await (const chunk of request) body += String(chunk)
      const isPost = request.method === "POST"
      const operation = isPost ? quicker.shift() : undefined
      if (operation !== undefined)
        await forward("/api/v1/charter/records", "POST", JSON.stringify({ operations: [operation] }))
      const answered = await forward(request.url!, request.method!, isPost ? body : undefined)
      response.statusCode = answered.status
      response.end(await answered.text())
    }
    const server = createServer((request, response) => void serve(request, response))
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const { port } = server.address() as AddressInfo
    onTestFinished(() => {
      writeFileSync(path, kept)
      server.closeAllConnections()
      server.close()
    })
    expect((await run(["member", "add", "tom", "--data", teamFolder])).code).toBe(0)
    writeFileSync(path, JSON.stringify({ ...door, url: `http://127.0.0.1:${port}` }))
    const come = async (operation: object) => {
      const { digits, started } = await atTeam("--member", "tom", "--hub", hubs.team!.address)
      quicker.push(operation)
      await Promise.all([joinAs("toms", digits), answer("accept", teamFolder)])
      return { ...(await started.ended), left: quicker.length }
    }
    expect(await come({ _tag: "SetMemberRole", member: "tom", role: "admin" })).toMatchObject({
      code: 1,
      err: expect.stringContaining("tom has the role admin now"),
      left: 0
    })
    expect((await team()).devices.some(({ member }) => member === "tom")).toBe(false)
    expect((await run(["member", "role", "tom", "member", "--data", teamFolder])).code).toBe(0)
    expect(await come({ _tag: "SetTeam", team: "west", name: "West" })).toMatchObject({ code: 0, left: 0 })
    expect((await team()).devices.some(({ member }) => member === "tom")).toBe(true)
  })

  it("[CL-106] answers without a question, and codes without a hub or a device, are told as that", async () => {
    expect(await run(["pair", "pending", "--data", teamFolder])).toMatchObject({ code: 0, out: "" })
    expect(await run(["pair", "accept", "--data", homeFolder])).toMatchObject({ code: 2 })
    const unknown = await run(["pair", "accept", "abcdef", "--data", teamFolder])
    expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining("Nobody waits to join under abcdef") })
    expect((await run(["pair", "new", "--data", join(folder.path, "nothing")])).err).toContain("is no device")
    expect(existsSync(join(folder.path, "nothing"))).toBe(false)
    const other = join(folder.path, "other")
    expect((await run(["init", "--data", other, "--space", "elsewhere"])).code).toBe(0)
    const { digits } = await atTeam()
    const joined = await run(["pair", "join", digits, "--hub", hubs.team!.address, "--data", other])
    expect(joined).toMatchObject({ code: 2, err: expect.stringContaining("belongs to the space elsewhere") })
    expect(deviceOf(other)).toMatchObject({ spaceName: "elsewhere" })
  })

  it("[CL-107] a killed terminal's code is dead, its attempts stay counted, and ten such codes stop new ones", async () => {
    const { digits, started } = await atTeam()
    await joinAs("killer", wrongOf(digits))
    started.child.kill("SIGKILL")
    await started.ended
    expect((await joinAs("killer", digits)).code).toBe(1)
    const path = join(teamFolder, "pairing.json")
    const kept = JSON.parse(readFileSync(path, "utf8")) as { burntMs: Array<number>; window: object }
    expect(kept.burntMs.length).toBeGreaterThan(0)
    expect(kept.window).toMatchObject({ state: "open", codes: [{ begun: 1 }, { begun: 0 }] })
    writeFileSync(path, JSON.stringify({ ...kept, burntMs: Array.from({ length: 10 }, () => Date.now() - 1_000) }))
    onTestFinished(() => writeFileSync(path, JSON.stringify({ ...kept, burntMs: [] })))
    const paused = await run(["pair", "new", "--data", teamFolder, "--json"])
    expect(paused).toMatchObject({ code: 1, out: "" })
    expect(JSON.parse(paused.err)).toMatchObject({ error: { code: "PairingPaused" } })
  })
})

/** Another secret in the same slot, with the right check digit. */
const wrongOf = (digits: string): string => {
  const plain = digits.replaceAll("-", "")
  const other = plain.slice(0, 3) + (plain[3] === "9" ? "0" : Number(plain[3]) + 1) + plain.slice(4, 11)
  for (let check = 0; check < 10; check++) if (damm(`${other}${check}`) === 0) return `${other}${check}`
  throw new Error("every number has a check digit")
}

const table = "0317598642709215486342068713591750983426612304597836742095815869720134894536201794386172052581436790"
const damm = (text: string): number =>
  text.split("").reduce((interim, digit) => Number(table[10 * interim + Number(digit)]), 0)
