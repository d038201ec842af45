/**
 * Backups from the command line: of a running hub's folder, their verification, and a hub that goes on from one.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { run, startHub, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
const [data, device, place] = ["data", "device", "backups"].map((name) => join(folder.path, name)) as [
  string,
  string,
  string
]
const json = async (...args: ReadonlyArray<string>): Promise<Record<string, unknown>> => {
  const { code, err, out } = await run([...args, "--json"])
  expect(err).toBe("")
  expect(code).toBe(0)
  return JSON.parse(out) as Record<string, unknown>
}
const put = async (id: string): Promise<void> =>
  expect((await run(["put", "city", `{"id":"${id}","name":"Ghent"}`, "--data", device])).code).toBe(0)
const sync = async (): Promise<void> => expect((await run(["sync", "--data", device])).code).toBe(0)
const hash = async (of: string) => (await json("hash", "--data", of))["hash"]

afterAll(() => folder.remove())

let made: Record<string, unknown>
let port: string

beforeAll(async () => {
  const hub = await startHub(data)
  port = new URL(hub.address).port
  expect((await run(["init", "--data", device, "--hub", hub.address])).code).toBe(0)
  const { peer } = await json("id", "--data", device)
  expect((await run(["trust", String(peer), "--data", data])).code).toBe(0)
  await put("1")
  await sync()
  made = await json("backup", "make", place, "--data", data)
  await put("2")
  await sync()
  await hub.stop()
})

it("[CL-180] makes a backup of a folder whose hub runs, and takes older ones away", async () => {
  expect(made).toMatchObject({ records: 1, commits: 1, charterRecords: 0, isKeySealed: false, removed: [] })
  const said = await run(["backup", "make", place, "--data", data, "--keep", "2"])
  expect(said.code).toBe(0)
  expect(said.out).toMatch(/\/backups\/\d{8}T\d{6}Z-[0-9a-f]{8}\n$/)
  expect(said.err).toMatch(/^2 records, .* MiB\.\nWhoever can read it is this device/)
  rmSync(said.out.trim(), { recursive: true })
  expect(await run(["backup", "make", join(data, "in"), "--data", data])).toMatchObject({ code: 2, out: "" })
  expect(await run(["backup", "make", place, "--data", join(folder.path, "none")])).toMatchObject({ code: 1, out: "" })
  const other = join(folder.path, "others")
  for (let round = 0; round < 2; round++) await json("backup", "make", other, "--data", device, "--keep", "1")
  expect((await run(["backup", "list", other])).out.split("\n").length).toBe(2)
})

it("[CL-181] lists backups and says whether one is good", async () => {
  const listed = await json("backup", "list", place)
  expect(listed).toMatchObject({ id: made["id"], records: 1 })
  expect((await run(["backup", "list", join(folder.path, "none")])).out).toBe("")
  const mixed = join(folder.path, "mixed")
  const first = await json("backup", "make", mixed, "--data", data)
  // Their names tell seconds.
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  const second = await json("backup", "make", mixed, "--data", device)
  mkdirSync(join(mixed, "20200101T000000Z-00000000"))
  const told = (await run(["backup", "list", mixed])).out.trim().split("\n")
  expect(told.map((line) => line.split(" ", 1)[0])).toEqual([second["id"], first["id"], "20200101T000000Z-00000000"])
  expect(told[2]).toMatch(/^\S+ {2}\S/)
  const good = await run(["backup", "verify", String(made["path"])])
  expect(good).toMatchObject({ code: 0, err: "" })
  expect(good.out).toContain(`is good: 1 record, state hash ${String(made["stateHash"])}`)
  const spoilt = await json("backup", "make", join(folder.path, "spoilt"), "--data", data)
  rmSync(join(String(spoilt["path"]), "trusted-peers"))
  const bad = await run(["backup", "verify", String(spoilt["path"])])
  expect(bad).toMatchObject({ code: 1, out: "trusted-peers: it is gone\n" })
  expect(bad.err).toContain("is damaged: it is gone")
  expect((await run(["backup", "verify", folder.path])).code).toBe(1)
})

it("[CL-182] [CL-183] restores a hub after a dry run, and its device brings it what came since", async () => {
  const now = await hash(data)
  const restore = ["backup", "restore", String(made["path"])]
  const fresh = join(folder.path, "fresh")
  const dry = await run([...restore, "--data", fresh, "--dry-run"])
  expect(dry).toMatchObject({ code: 0, err: "Nothing was done; without --dry-run it is.\n" })
  expect(dry.out).toContain("would be restored from")
  expect(existsSync(fresh)).toBe(false)
  const refused = await run([...restore, "--data", data])
  expect(refused).toMatchObject({ code: 1, out: "" })
  expect(refused.err).toContain("holds this very node")
  const busy = await startHub(join(folder.path, "busy"))
  expect((await run([...restore, "--data", join(folder.path, "busy"), "--replace"])).err).toContain(
    "another process works on"
  )
  await busy.stop()

  const plan = await json(...restore, "--data", data, "--replace")
  expect(plan).toMatchObject({ state: "taken", peers: 1, records: 1, present: { head: 2 } })
  expect(await hash(data)).toBe(made["stateHash"])
  expect(await hash(String(plan["movedTo"]))).toBe(now)
  const hub = await startHub(data, { SYNCLINE_PORT: port })
  await sync()
  await hub.stop()
  expect(await hash(data)).toBe(now)
  expect(readdirSync(data)).not.toContain("restore.part")
})
