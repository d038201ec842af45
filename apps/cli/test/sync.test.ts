// Devices and the real hub: joining, syncing, being refused, watching.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Hub, run, runAlone, start, startHub, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
const hubFolder = join(folder.path, "hub")
const [a, b] = [join(folder.path, "a"), join(folder.path, "b")]
let hub: Hub

const trustOnHub = async (device: string): Promise<void> => {
  const id = (await run(["id", "--data", device])).out.trim()
  expect((await run(["trust", id, "--data", hubFolder])).code).toBe(0)
}
const hash = async (device: string): Promise<unknown> =>
  JSON.parse((await run(["hash", "--json", "--data", device])).out)

beforeAll(async () => {
  hub = await startHub(hubFolder)
})
afterAll(async () => {
  await hub.stop()
  folder.remove()
})

describe("a device and the hub", () => {
  it("[CL-10] [CL-41] learns who the hub is, and is told how to be trusted", async () => {
    const made = await run(["init", "--data", a, "--hub", hub.address])
    expect(made.code).toBe(0)
    expect(made.out).toContain(hub.peer)
    const id = (await run(["id", "--data", a])).out.trim()
    expect(made.err).toContain(`trust ${id} --data`)
    const refused = await run(["sync", "--data", a, "--json"])
    expect(refused).toMatchObject({ code: 4, out: "" })
    expect(JSON.parse(refused.err).error).toMatchObject({
      code: "NotTrusted",
      message: expect.stringContaining(`trust ${id}`)
    })
    expect((await run(["init", "--data", join(folder.path, "x"), "--hub", hub.address, "--space", "work"])).code).toBe(
      2
    )
  })

  it("[CL-133] is let in right behind the word of trust, wherever the hub's next look is", async () => {
    for (let n = 0; n < 3; n++) {
      const other = join(folder.path, `early ${n}`)
      await run(["init", "--data", other, "--hub", hub.address])
      await trustOnHub(other)
      expect((await run(["sync", "--data", other])).code).toBe(0)
    }
  })

  it("[CL-12] [CL-23] [CL-40] carries records to the hub and on to another device, all of them the same", async () => {
    await run(["init", "--data", b, "--hub", hub.address.replace("http://", "")])
    await Promise.all([trustOnHub(a), trustOnHub(b)])
    const input = Array.from({ length: 3000 }, (_, id) => JSON.stringify({ id, name: `City ${id}`, extra: [id] })).join(
      "\n"
    )
    expect((await run(["import", "-", "--type", "city", "--data", a], { input })).code).toBe(0)
    const sent = await run(["sync", "--data", a, "--json"])
    expect(JSON.parse(sent.out)).toMatchObject({
      synced: true,
      peer: hub.peer,
      records: 3000,
      sentEvents: 3000,
      receivedEvents: 0
    })
    const received = await run(["sync", "--data", b])
    expect(received.out).toMatch(/^Synced: both sides hold the same 3,000 records; received 3,000, sent 0 events/)
    const hashes = await Promise.all([hash(a), hash(b), hash(hubFolder)])
    expect(hashes).toEqual([hashes[0], hashes[0], hashes[0]])
    expect(hashes[0]).toMatchObject({ count: 3000 })
    expect(JSON.parse((await run(["get", "city", "2999", "--data", b, "--json"])).out)).toEqual({
      id: "2999",
      name: "City 2999",
      extra: [2999]
    })
    expect((await run(["query", "city", "--count", "--data", hubFolder])).out).toBe("3,000\n")
    expect(JSON.parse((await run(["status", "--data", hubFolder, "--json"])).out)).toMatchObject({
      peer: hub.peer,
      records: { city: 3000 }
    })
    expect((await run(["put", "city", "{}", "--data", hubFolder, "--json"])).err).toContain("StoreInUse")
  })

  it("[CL-43] says that changes wait because of a clock that is ahead", async () => {
    const early = join(folder.path, "early")
    const ahead = join(folder.path, "ahead.mjs")
    writeFileSync(ahead, "const now = Date.now\nDate.now = () => now() + 3_600_000\n")
    await run(["init", "--data", early, "--hub", hub.address])
    await trustOnHub(early)
    const env = { NODE_OPTIONS: `--import ${pathToFileURL(ahead).href}` }
    expect((await runAlone(["put", "city", "{}", "--id", "early", "--data", early], { env })).code).toBe(0)
    const told = await run(["sync", "--data", early])
    expect(told).toMatchObject({ code: 1, out: "" })
    expect(told.err).toContain(
      "Syncing failed (ViewsDiffer): changes wait: its time is ahead of the clock there; it is applied when due"
    )
    const json = await run(["sync", "--data", early, "--json"])
    expect(json).toMatchObject({ code: 1, out: "" })
    expect(JSON.parse(json.err).error).toMatchObject({
      code: "SyncFailed",
      message: expect.stringContaining("its time is ahead of the clock there")
    })
  })

  it("[CL-42] [CL-3] watches changes of the other device until it is interrupted", async () => {
    const watching = start(["watch", "--type", "city", "--data", b, "--json"])
    // `watch` says nothing before the first change, so the change comes once it has had time to connect.
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    await run(["put", "city", '{"name":"Renamed"}', "--id", "7", "--data", a])
    await run(["put", "person", "{}", "--id", "7", "--data", a])
    await run(["delete", "city", "8", "--data", a])
    await run(["sync", "--data", a])
    await watching.said('"delete"')
    watching.child.kill("SIGINT")
    const { code, err, out } = await watching.ended
    expect({ code, err }).toEqual({ code: 130, err: "" })
    const peer = hub.peer
    expect(
      out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown)
    ).toEqual([
      { change: "put", type: "city", id: "7", peer, fields: { name: "Renamed", extra: [7] } },
      { change: "delete", type: "city", id: "8", peer }
    ])
  })

  it("[CL-40] stays with --watch and tells of proofs", async () => {
    const staying = start(["sync", "--watch", "--data", b])
    // 2,999 cities and a person: the city that was deleted is none any more.
    await staying.said("Synced: both sides hold the same 3,000 records;")
    staying.child.kill("SIGINT")
    expect((await staying.ended).code).toBe(130)
  })

  it("[CL-170] stays with --every, and comes back so often", async () => {
    const staying = start(["sync", "--every", "5", "--data", b])
    await staying.said("Synced: both sides hold the same 3,000 records;")
    await run(["put", "city", '{"name":"Late"}', "--id", "late", "--data", a])
    await run(["sync", "--data", a])
    await staying.said("Synced: both sides hold the same 3,001 records;")
    staying.child.kill("SIGINT")
    const { code, err } = await staying.ended
    // A slow machine may be told how far it is; nothing else.
    const others = err.split("\n").filter((line) => line !== "" && !/^\d+ % of this device's /.test(line))
    expect({ code, others }).toEqual({ code: 130, others: [] })
    const refused = await run(["sync", "--every", "4", "--data", b])
    expect(refused.code).toBe(2)
    expect(refused.err).toContain("--every must be 5 to 86400 seconds, not 4")
  })

  it("[CL-41] tells when this side does not trust the hub", async () => {
    await run(["trust", hub.peer, "--remove", "--data", b])
    const told = await run(["sync", "--data", b])
    expect(told.code).toBe(4)
    expect(told.err).toContain(`trust ${hub.peer} --data ${b}`)
  })
})

describe("no hub", () => {
  it("[CL-41] [CL-3] is told with 3", async () => {
    const alone = join(folder.path, "alone")
    await run(["init", "--data", alone, "--hub", "http://127.0.0.1:4", "--hub-peer", hub.peer])
    const told = await run(["sync", "--data", alone, "--timeout", "1", "--json"])
    expect(told).toMatchObject({ code: 3, out: "" })
    expect(JSON.parse(told.err).error).toMatchObject({
      code: "NotConnected",
      message: expect.stringContaining("ECONNREFUSED")
    })
    expect((await run(["init", "--data", join(folder.path, "y"), "--hub", "http://127.0.0.1:4"])).code).toBe(3)
    const none = join(folder.path, "none")
    await run(["init", "--data", none])
    expect((await run(["sync", "--data", none])).err).toContain("This device knows no hub")
  })
})
