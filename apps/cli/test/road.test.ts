// Devices that meet in a folder: adding one, syncing by it with a hub, without one and while it is down.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { run, runAlone, start, startHub, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
const cloud = join(folder.path, "cloud")
const [a, b] = [join(folder.path, "a"), join(folder.path, "b")]
const nobody = "http://127.0.0.1:4"

interface Look {
  readonly address: string
  readonly left: number
  readonly read: number
  readonly events: number
  readonly devices: number
  readonly equal: number
  readonly problem: string | null
}
interface Synced {
  readonly synced: boolean
  readonly records: number
  readonly hub: { readonly address: string; readonly problem: string } | null
  readonly roads: ReadonlyArray<Look>
}

const idOf = async (device: string): Promise<string> => (await run(["id", "--data", device])).out.trim()
const hashOf = async (device: string): Promise<unknown> =>
  (JSON.parse((await run(["hash", "--json", "--data", device])).out) as { readonly hash: string }).hash
const devicesOf = (device: string): unknown =>
  (JSON.parse(readFileSync(join(device, "device.json"), "utf8")) as { readonly mailboxes?: unknown }).mailboxes
const sync = async (device: string): Promise<Synced> => {
  const { code, err, out } = await run(["sync", "--json", "--data", device])
  expect({ code, err }).toEqual({ code: 0, err: "" })
  return JSON.parse(out) as Synced
}
const statusOf = async (device: string) =>
  JSON.parse((await run(["status", "--json", "--data", device])).out) as {
    readonly quarantine: unknown
    readonly roads: unknown
  }
const errorOf = (err: string): { readonly code: string; readonly message: string } =>
  (JSON.parse(err) as { readonly error: { readonly code: string; readonly message: string } }).error

/** Two devices that trust each other and have the folder as a road. */
const pairOf = async (one: string, other: string, place: string): Promise<void> => {
  mkdirSync(place, { recursive: true })
  for (const device of [one, other]) {
    if (!existsSync(device)) expect((await run(["init", "--data", device])).code).toBe(0)
    expect((await run(["road", "add", "folder", place, "--data", device])).code).toBe(0)
  }
  await run(["trust", await idOf(one), "--data", other])
  await run(["trust", await idOf(other), "--data", one])
}

beforeAll(() => pairOf(a, b, cloud))
afterAll(() => folder.remove())

describe("a road", () => {
  it("[CL-140] [CL-141] is kept once, listed, and taken away without what lies there", async () => {
    const device = join(folder.path, "listed")
    await run(["init", "--data", device])
    const none = await run(["road", "list", "--data", device])
    expect(none).toMatchObject({ code: 0, out: "" })
    expect(none.err).toContain("road suggest")
    const added = await run(["road", "add", "folder", cloud, "--data", device, "--json"])
    expect(JSON.parse(added.out)).toEqual({ name: "folder", address: cloud, changed: true })
    const again = await run(["road", "add", "folder", cloud, "--data", device, "--json"])
    expect(JSON.parse(again.out)).toMatchObject({ changed: false })
    expect(devicesOf(device)).toEqual([{ kind: "folder", path: cloud }])
    expect((await run(["init", "--data", device])).code).toBe(0)
    expect(devicesOf(device)).toEqual([{ kind: "folder", path: cloud }])
    expect((await run(["road", "list", "--data", device])).out).toBe(`${cloud}\n`)
    const before = readdirSync(cloud, { recursive: true }).length
    expect((await run(["road", "remove", cloud, "--data", device])).code).toBe(0)
    expect(devicesOf(device)).toBeUndefined()
    expect(readdirSync(cloud, { recursive: true })).toHaveLength(before)
    const gone = await run(["road", "remove", cloud, "--data", device, "--json"])
    expect(gone.code).toBe(1)
    expect(errorOf(gone.err).code).toBe("RoadMissing")
  })

  it("[CL-140] is refused where it is no place for a mailbox, and nothing is kept", async () => {
    const device = join(folder.path, "refused")
    await run(["init", "--data", device])
    const database = join(folder.path, "database")
    mkdirSync(database)
    writeFileSync(join(database, "records.sqlite"), "")
    const add = (path: string) => run(["road", "add", "folder", path, "--data", device, "--json"])
    const unfit = await add(database)
    expect(unfit).toMatchObject({ code: 2, out: "" })
    expect(errorOf(unfit.err)).toEqual({
      code: "MailboxUnfit",
      message: expect.stringMatching(/records\.sqlite is a database.*choose a folder of its own/)
    })
    const inside = await add(device)
    expect(inside).toMatchObject({ code: 2, out: "" })
    const missing = await add(join(folder.path, "nowhere"))
    expect(missing).toMatchObject({ code: 3, out: "" })
    expect(errorOf(missing.err).message).toMatch(/is not there; make it/)
    expect(devicesOf(device)).toBeUndefined()
    for (let n = 0; n < 8; n++) {
      mkdirSync(join(folder.path, `many ${n}`))
      expect((await add(join(folder.path, `many ${n}`))).code).toBe(0)
    }
    const ninth = await add(cloud)
    expect(ninth.code).toBe(2)
    expect(errorOf(ninth.err).message).toContain("8 mailboxes at most")
    const nobodys = await run(["road", "add", "folder", cloud, "--data", join(folder.path, "nobody"), "--json"])
    expect(errorOf(nobodys.err).code).toBe("DeviceMissing")
  })

  it("[CL-141] is suggested where a cloud program keeps its folder", async () => {
    const home = join(folder.path, "home")
    mkdirSync(join(home, "Dropbox"), { recursive: true })
    const oneDrive = join(folder.path, "one")
    mkdirSync(oneDrive)
    const env = { HOME: home, USERPROFILE: home, OneDrive: oneDrive }
    const found = await runAlone(["road", "suggest", "--json"], { env })
    expect(
      found.out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown)
    ).toEqual([
      { provider: "dropbox", name: "Dropbox", path: join(home, "Dropbox") },
      { provider: "onedrive", name: "OneDrive", path: oneDrive }
    ])
    const told = await runAlone(["road", "suggest"], { env })
    expect(told.out).toBe(`Dropbox  ${join(home, "Dropbox")}\nOneDrive  ${oneDrive}\n`)
    expect(told.err).toContain(`road add folder ${join(home, "Dropbox", "Syncline")}`)
  })
})

describe("devices that share a folder", () => {
  it("[CL-142] come to have the same without any hub, and say how they stand", async () => {
    await run(["put", "city", '{"name":"Oslo"}', "--id", "1", "--data", a])
    const first = await sync(a)
    expect(first).toMatchObject({ synced: false, records: 1, hub: null })
    expect(first.roads).toMatchObject([{ address: cloud, read: 0, events: 0, devices: 0, problem: null }])
    expect(first.roads[0]!.left).toBeGreaterThan(0)
    await run(["put", "city", '{"name":"Riga"}', "--id", "2", "--data", b])
    expect((await sync(b)).roads).toMatchObject([{ events: 1, devices: 1, equal: 0 }])
    const told = await run(["sync", "--data", a])
    expect(told.code).toBe(0)
    expect(told.out).toMatch(
      /^In .*cloud: left \d+ files?, read \d+ with 1 new event; 1 of 1 device there has the same\.\n2 records here\.\n$/
    )
    expect(await sync(b)).toMatchObject({ synced: true, records: 2, roads: [{ equal: 1, devices: 1 }] })
    expect(await hashOf(b)).toBe(await hashOf(a))
  })

  it("[CL-147] tell how they met others last, and what no hub has confirmed", async () => {
    const [one, other] = [join(folder.path, "told"), join(folder.path, "teller")]
    const place = join(folder.path, "telling")
    await run(["init", "--data", one, "--hub", nobody, "--hub-peer", await idOf(b)])
    const link = null
    expect(await statusOf(one)).toMatchObject({ pending: 0, roads: { atMs: null, link, mailboxes: [], changes: [] } })
    await pairOf(one, other, place)
    await run(["put", "city", '{"name":"Bonn"}', "--id", "1", "--data", one])
    expect(await statusOf(one)).toMatchObject({ pending: 1, roads: { mailboxes: [{ address: place, seen: null }] } })
    expect((await run(["status", "--data", one])).out).toMatch(/^Pending: +1 commit of this device that no hub/m)
    expect((await run(["sync", "--data", one])).code).toBe(0)
    const { quarantine, roads } = await statusOf(one)
    expect(quarantine).toMatchObject({ Denied: 0 })
    expect(roads).toMatchObject({
      atMs: expect.any(Number),
      link: { address: nobody, isConnected: false, provenAtMs: null, problem: expect.any(String) },
      mailboxes: [{ address: place, seen: { lookedAtMs: expect.any(Number), devices: 0, problem: null } }]
    })
    renameSync(place, `${place}-away`)
    expect((await run(["sync", "--data", one])).code).toBe(3)
    const told = (await run(["status", "--data", one])).out
    expect(told).toMatch(/^Link: +not there at .*; never in step yet$/m)
    expect(told).toMatch(/^Road: +.*telling, looked into at .*, last not used: .*is not there/m)
    writeFileSync(join(one, "roads.json"), "{")
    expect(await statusOf(one)).toMatchObject({ roads: { atMs: null } })
    await run(["road", "remove", place, "--data", one])
    expect(await statusOf(one)).toMatchObject({ roads: { mailboxes: [] } })
  })

  it("[CL-142] need no hub that answers; where nothing can be reached that is 3", async () => {
    const [one, other] = [join(folder.path, "c"), join(folder.path, "d")]
    const place = join(folder.path, "place")
    await run(["init", "--data", one, "--hub", nobody, "--hub-peer", await idOf(b)])
    await pairOf(one, other, place)
    await run(["put", "city", '{"name":"Bern"}', "--id", "1", "--data", one])
    const told = await run(["sync", "--data", one])
    expect(told.code).toBe(0)
    expect(told.out).toContain(`The hub at ${nobody} cannot be reached: `)
    expect(told.out).toContain(`In ${place}: left `)
    expect((await sync(other)).records).toBe(1)
    const both = await sync(one)
    expect(both).toMatchObject({ synced: true, hub: { address: nobody }, roads: [{ devices: 1, equal: 1 }] })
    renameSync(place, `${place}-away`)
    const lost = await run(["sync", "--data", one, "--json"])
    expect(lost).toMatchObject({ code: 3, out: "" })
    expect(errorOf(lost.err).code).toBe("NothingReached")
    expect(errorOf(lost.err).message).toMatch(/No connection to the hub.*place could not be used: .*is not there/s)
    expect(existsSync(place)).toBe(false)
  })

  it("[CL-142] [CL-143] [CL-144] [CL-147] go by the hub and leave what it brought; by the folder while it is down", async () => {
    const hubFolder = join(folder.path, "hub")
    const hub = await startHub(hubFolder)
    const [near, far, other] = [join(folder.path, "near"), join(folder.path, "far"), join(folder.path, "other")]
    const place = join(folder.path, "both")
    for (const device of [near, other]) {
      await run(["init", "--data", device, "--hub", hub.address])
      await run(["trust", await idOf(device), "--data", hubFolder])
    }
    await pairOf(near, far, place)
    await run(["trust", await idOf(other), "--data", near])
    await run(["trust", await idOf(other), "--data", far])
    await run(["put", "city", '{"name":"Kyiv"}', "--id", "1", "--data", other])
    expect((await run(["sync", "--data", other])).code).toBe(0)
    const proved = await sync(near)
    expect(proved).toMatchObject({
      synced: true,
      peer: hub.peer,
      records: 1,
      roads: [{ address: place, problem: null }]
    })
    expect(await sync(far)).toMatchObject({ records: 1, hub: null, roads: [{ events: 1 }] })
    const staying = start(["sync", "--watch", "--data", near])
    await staying.said("Synced: both sides hold the same 1 record;")
    await hub.stop()
    await staying.said(`By ${place} from now on: `)
    await run(["put", "city", '{"name":"Lviv"}', "--id", "2", "--data", far])
    await run(["sync", "--data", far])
    await staying.said("has the same as the 2 records here")
    await expect
      .poll(async () => (await statusOf(near)).roads, { timeout: 20_000 })
      .toMatchObject({
        link: { address: hub.address, isConnected: false, provenAtMs: expect.any(Number) },
        mailboxes: [{ address: place, seen: { state: "active", devices: 1, equal: 1, problem: null } }],
        changes: [{ from: null, to: place, because: expect.stringContaining("there is no link") }]
      })
    const story = (await run(["status", "--data", near])).out
    expect(story).toMatch(/^Link: +not there at .*; in step at /m)
    expect(story).toMatch(/^Road: +.*both, in use because there is no link by .*; 1 of 1 device there has the same$/m)
    expect(story).toMatch(/^Changed: +\S+: By .*both from now on: there is no link by /m)
    staying.child.kill("SIGINT")
    expect((await staying.ended).code).toBe(130)
  })

  it("[CL-144] are watched", async () => {
    const watching = start(["watch", "--json", "--data", b])
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    await run(["put", "city", '{"name":"Turku"}', "--id", "9", "--data", a])
    await sync(a)
    await watching.said("Turku")
    watching.child.kill("SIGINT")
    expect((await watching.ended).code).toBe(130)
  })
})
