// Devices that meet directly: beside a hub that relays, when it is gone, and without any.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { run, type Started, start, startHub, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
afterAll(() => folder.remove())

const listen = ["--listen", "/ip4/127.0.0.1/tcp/0"]

interface Linked {
  readonly peer: string
  readonly path: string
  readonly provenAtMs: number | null
}

const idOf = async (device: string): Promise<string> => (await run(["id", "--data", device])).out.trim()
const peersOf = async (device: string): Promise<ReadonlyArray<Linked>> =>
  (
    JSON.parse((await run(["status", "--json", "--data", device])).out) as {
      readonly roads: { readonly peers: ReadonlyArray<Linked> }
    }
  ).roads.peers
const kept = (device: string): unknown =>
  (JSON.parse(readFileSync(join(device, "device.json"), "utf8")) as { readonly direct?: unknown }).direct
const end = async ({ child, ended }: Started): Promise<void> => {
  child.kill("SIGINT")
  expect((await ended).code).toBe(130)
}
const meetDirectly = async (one: string, other: string): Promise<void> => {
  for (const [device, peer] of [
    [one, other],
    [other, one]
  ] as const) {
    expect((await run(["road", "add", "direct", ...listen, "--data", device])).code).toBe(0)
    await run(["trust", await idOf(peer), "--data", device])
  }
}

describe("the direct road", () => {
  it("[CL-148] is kept, listed and taken away, and refused where nothing can be listened on", async () => {
    const device = join(folder.path, "listed")
    await run(["init", "--data", device])
    const wrong = await run(["road", "add", "direct", "--listen", "nowhere", "--data", device])
    expect(wrong).toMatchObject({ code: 2, out: "", err: expect.stringContaining("/ip4/0.0.0.0/tcp/4001") })
    expect(kept(device)).toBeUndefined()
    expect((await run(["road", "add", "direct", "--data", device])).code).toBe(0)
    expect(kept(device)).toEqual({})
    const added = await run(["road", "add", "direct", ...listen, "--data", device, "--json"])
    expect(JSON.parse(added.out)).toEqual({ name: "direct", address: "direct", listen: [listen[1]], changed: true })
    expect((await run(["road", "list", "--data", device])).out).toBe(`direct  ${listen[1]}\n`)
    const once = await run(["sync", "--data", device])
    expect(once).toMatchObject({ code: 2, err: expect.stringContaining("--watch") })
    expect((await run(["road", "remove", "direct", "--data", device])).code).toBe(0)
    expect(kept(device)).toBeUndefined()
    expect((await run(["road", "remove", "direct", "--data", device])).code).toBe(1)
  })

  it("[CL-149] [CL-171] links two devices without a hub, and status says how", async () => {
    const [one, other] = [join(folder.path, "one"), join(folder.path, "other")]
    for (const device of [one, other]) await run(["init", "--data", device])
    await meetDirectly(one, other)
    await run(["put", "city", '{"name":"Oslo"}', "--id", "1", "--data", other])
    const [first, second] = [start(["sync", "--watch", "--data", one]), start(["sync", "--watch", "--data", other])]
    await first.said("has the same as the 1 record here")
    const peer = await idOf(other)
    await expect
      .poll(() => peersOf(one), { timeout: 10_000 })
      .toEqual([{ peer, path: "lan", provenAtMs: expect.any(Number) }])
    expect((await run(["status", "--data", one])).out).toMatch(
      new RegExp(`^Linked: +${peer}, LAN at .*; in step at`, "m")
    )
    await end(first)
    await end(second)
  })

  it("[CL-149] goes on when the hub is gone, also for who comes back then", async () => {
    const hubFolder = join(folder.path, "hub")
    const hub = await startHub(hubFolder, { SYNCLINE_RELAY: "1", SYNCLINE_RELAY_PORT: "0" })
    const [near, far] = [join(folder.path, "near"), join(folder.path, "far")]
    for (const device of [near, far]) {
      await run(["init", "--data", device, "--hub", hub.address])
      await run(["trust", await idOf(device), "--data", hubFolder])
    }
    await meetDirectly(near, far)
    await run(["put", "city", '{"name":"Kyiv"}', "--id", "1", "--data", far])
    const staying = start(["sync", "--watch", "--data", near])
    const leaving = start(["sync", "--watch", "--data", far])
    await staying.said("1 record")
    const peer = await idOf(far)
    await expect
      .poll(async () => (await peersOf(near)).map((one) => [one.peer, one.path]), { timeout: 30_000 })
      .toContainEqual([peer, "lan"])
    await hub.stop()
    await end(leaving)
    await run(["put", "city", '{"name":"Lviv"}', "--id", "2", "--data", far])
    const back = start(["sync", "--watch", "--data", far])
    await staying.said("has the same as the 2 records here")
    await expect
      .poll(async () => (await peersOf(near)).map((one) => [one.peer, one.path]), { timeout: 10_000 })
      .toEqual([[peer, "lan"]])
    await expect
      .poll(async () => (await run(["status", "--data", near])).out, { timeout: 10_000 })
      .toMatch(/^Link: +not there/m)
    await end(staying)
    await end(back)
  })
})
