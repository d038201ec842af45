// Two devices that pair with nothing in between, over real mDNS and libp2p. Others may be inviting in the same network.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, expect, it, onTestFinished } from "vitest"
import { type Outcome, run, type RunOptions, start, startHub, type Started, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
afterAll(() => folder.remove())

interface Invited {
  readonly started: Started
  readonly digits: string
  readonly addresses: ReadonlyArray<string>
}

/** `pair new` as a process, once it shows its code. */
const invite = async (data: string, ...more: ReadonlyArray<string>): Promise<Invited> => {
  const started = start(["pair", "new", "--json", "--data", data, ...more])
  onTestFinished(() => void started.child.kill("SIGKILL"))
  let text = ""
  started.child.stdout!.on("data", (said: string) => (text += said))
  await Promise.race([started.said(`"expiresMs"`), started.ended.then(({ err }) => Promise.reject(new Error(err)))])
  return { started, ...(JSON.parse(text.split("\n", 1)[0]!) as Omit<Invited, "started">) }
}

const accept = async (data: string): Promise<Outcome> => {
  for (let i = 0; i < 400; i++) {
    const said = await run(["pair", "accept", "--data", data])
    if (!said.err.includes("Nobody waits")) return said
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error("nobody came")
}

const idOf = async (data: string): Promise<string> => (await run(["id", "--data", data])).out.trim()
const deviceOf = (data: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(data, "device.json"), "utf8")) as Record<string, unknown>
const device = async (name: string, ...more: ReadonlyArray<string>): Promise<string> => {
  const data = join(folder.path, name)
  expect(await run(["init", "--data", data, "--space", "flat", ...more])).toMatchObject({ code: 0 })
  return data
}
const pairJoin = (code: string, data: string, more: ReadonlyArray<string>, options: RunOptions = {}) =>
  run(["pair", "join", code, "--data", data, "--name", "phone", ...more], options)
const number = /check number\s+(\d{4})/

describe("two devices in one network", () => {
  it("[CL-172] pair without a hub by what they are told, trust each other, and sync", async () => {
    const [laptop, phone] = [await device("laptop"), join(folder.path, "phone")]
    await run(["put", "city", '{"name":"Oslo"}', "--id", "1", "--data", laptop])
    const started = start(["pair", "new", "--data", laptop])
    onTestFinished(() => void started.child.kill("SIGKILL"))
    let said = ""
    started.child.stdout!.on("data", (text: string) => (said += text))
    await started.said("--inviter ")
    const digits = /pair join (\d{3}-\d{3}) --data/.exec(said)![1]!
    expect(said).toMatch(/--inviter \/ip4\/[\d.]+\/tcp\/\d+\/p2p\/12D3/)
    const [joined, accepted] = await Promise.all([
      pairJoin(digits, phone, ["--inviter", await idOf(laptop)]),
      accept(laptop)
    ])
    expect([joined.code, accepted.code]).toEqual([0, 0])
    const invited = await started.ended
    expect(invited.code).toBe(0)
    expect(number.exec(joined.err)![1]).toBe(number.exec(invited.err)![1])
    for (const [one, other] of [
      [laptop, phone],
      [phone, laptop]
    ] as const) {
      expect(readFileSync(join(one, "trusted-peers"), "utf8")).toContain(await idOf(other))
    }
    expect(deviceOf(phone)).toMatchObject({ spaceName: "flat", direct: {} })
    expect(deviceOf(phone)).not.toHaveProperty("hub")
    expect(invited.err).toContain(`road add direct --data ${laptop}`)
    expect(joined.err).toContain(`sync --watch --data ${phone}`)
    expect((await run(["road", "add", "direct", "--data", laptop])).code).toBe(0)
    const both = [laptop, phone].map((data) => start(["sync", "--watch", "--data", data]))
    onTestFinished(() => both.forEach(({ child }) => void child.kill("SIGKILL")))
    await both[1]!.said("has the same as the 1 record here")
  })

  it("[CL-172] the inviter may be named by its address where nothing finds it", async () => {
    const [laptop, phone] = [await device("addressed"), join(folder.path, "addressed-phone")]
    const { addresses, digits, started } = await invite(laptop, "--direct")
    const address = addresses.find((each) => each.includes("/127.0.0.1/tcp/"))!
    const peer = await idOf(laptop)
    for (const wrong of [
      "nobody",
      `/p2p/${peer}`,
      `/ip4/127.0.0.1/p2p/${peer}`,
      `/ip4/127.0.0.1/tcp/99999/p2p/${peer}`
    ]) {
      const refused = await pairJoin(digits, phone, ["--inviter", wrong])
      expect(refused).toMatchObject({ code: 2, err: expect.stringContaining(wrong) })
    }
    const [joined] = await Promise.all([pairJoin(digits, phone, ["--inviter", address]), accept(laptop)])
    expect(joined.code).toBe(0)
    expect((await started.ended).code).toBe(0)
  })

  it("[CL-172] the inviter need not be named while nobody else invites", async () => {
    const [laptop, phone] = [await device("plain"), join(folder.path, "plain-phone")]
    const { digits, started } = await invite(laptop)
    const answered = accept(laptop)
    let joined = await pairJoin(digits, phone, [])
    // Another test of this machine may be inviting, which is told and costs nothing.
    for (let i = 0; i < 20 && joined.err.includes("several devices"); i++) joined = await pairJoin(digits, phone, [])
    expect(joined).toMatchObject({ code: 0 })
    expect((await answered).code).toBe(0)
    expect((await started.ended).code).toBe(0)
  })

  it("[CL-173] tell what went wrong, and only a wrong code uses one up", async () => {
    const [laptop, phone] = [await device("strict"), join(folder.path, "strict-phone")]
    const { digits, started } = await invite(laptop, "--direct")
    const inviter = ["--inviter", await idOf(laptop)]
    const long = await pairJoin(`syncline:pair?v=1&slot=7&secret=${"5a".repeat(16)}`, phone, inviter)
    expect(long).toMatchObject({ code: 2, err: expect.stringContaining("--inviter is for codes of six digits") })
    const nobody = await pairJoin(digits, phone, ["--inviter", `/ip4/127.0.0.1/tcp/9/p2p/${await idOf(laptop)}`])
    expect(nobody).toMatchObject({ code: 3, err: expect.stringContaining("Both devices must be in one network") })
    expect(started.child.exitCode).toBeNull()
    const wrong = digits.startsWith("9") ? `8${digits.slice(1)}` : `9${digits.slice(1)}`
    expect(await pairJoin(wrong, phone, inviter)).toMatchObject({ code: 1, err: expect.stringContaining("wrong") })
    expect((await started.ended).code).toBe(1)
    expect(existsSync(phone)).toBe(false)
  })

  it("[CL-174] who joins a team at its hub's machine learns where the hub is", async () => {
    const hubFolder = join(folder.path, "hub")
    const hub = await startHub(hubFolder, { SYNCLINE_POLICY: "enterprise", SYNCLINE_SPACE: "office" })
    onTestFinished(hub.stop)
    const join1 = async (name: string, ...more: ReadonlyArray<string>): Promise<Outcome> => {
      const { digits } = await invite(hubFolder, "--direct", "--hub", hub.address)
      const joining = pairJoin(digits, join(folder.path, name), ["--inviter", hub.peer, ...more])
      expect((await accept(hubFolder)).code).toBe(0)
      return joining
    }
    expect(await join1("member")).toMatchObject({ code: 0 })
    const member = join(folder.path, "member")
    expect(deviceOf(member)).toMatchObject({ policy: "enterprise", hub: { address: hub.address, peer: hub.peer } })
    expect(deviceOf(member)).not.toHaveProperty("direct")
    expect((await run(["sync", "--data", member])).code).toBe(0)
    const astray = await join1("astray", "--hub", "http://127.0.0.1:9")
    expect(astray).toMatchObject({ code: 0, err: expect.stringContaining("init --hub <address>") })
    expect(deviceOf(join(folder.path, "astray"))).toMatchObject({ hub: { address: "http://127.0.0.1:9" } })
  })

  it("[CL-174] who knows the hub keeps its address, and everything else of the folder", async () => {
    const hubFolder = join(folder.path, "own-hub")
    const hub = await startHub(hubFolder, { SYNCLINE_SPACE: "flat" })
    onTestFinished(hub.stop)
    const phone = await device("knowing")
    const before = {
      ...deviceOf(phone),
      hub: { address: hub.address.replace("127.0.0.1", "localhost"), peer: hub.peer },
      mailboxes: [{ kind: "folder", path: folder.path }]
    }
    writeFileSync(join(phone, "device.json"), JSON.stringify(before))
    const { digits } = await invite(hubFolder, "--direct", "--hub", "http://127.0.0.1:9")
    const [joined] = await Promise.all([pairJoin(digits, phone, ["--inviter", hub.peer]), accept(hubFolder)])
    expect(joined).toMatchObject({ code: 0 })
    expect(deviceOf(phone)).toEqual(before)
  })

  it("[CL-174] a team's device stays one where somebody nearby without a team invites it", async () => {
    const [laptop, phone] = [await device("teamless"), await device("of-team")]
    const hub = { address: "http://127.0.0.1:9", peer: await idOf(laptop) }
    const before = { ...deviceOf(phone), policy: "enterprise", hub }
    writeFileSync(join(phone, "device.json"), JSON.stringify(before))
    const { digits, started } = await invite(laptop)
    const [joined, accepted] = await Promise.all([pairJoin(digits, phone, ["--inviter", hub.peer]), accept(laptop)])
    expect(joined).toMatchObject({ code: 1, err: expect.stringContaining("is a device of a team") })
    expect(accepted).toMatchObject({ code: 0, err: expect.stringContaining("could not keep") })
    expect(deviceOf(phone)).toEqual(before)
    expect(existsSync(join(phone, "trusted-peers"))).toBe(false)
    expect((await started.ended).code).toBe(0)
  })
})
