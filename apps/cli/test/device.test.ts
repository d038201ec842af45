// Making devices, trusting, and the manners of the command line: exit codes, JSON, streams.
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { run, runAlone, start, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
const device = join(folder.path, "device")
const other = "12D3KooWEJvCNdyXr2LUUkA6CBxBEFS4XzyFpquttVMVgsW39ZTK"

beforeAll(async () => {
  expect((await runAlone(["init", "--data", device])).code).toBe(0)
})
afterAll(() => folder.remove())

const errorOf = (err: string): { readonly code: string; readonly message: string } => {
  const parsed = JSON.parse(err) as { readonly error: { readonly code: string; readonly message: string } }
  expect(Object.keys(parsed)).toEqual(["error"])
  expect(Object.keys(parsed.error)).toEqual(["code", "message"])
  return parsed.error
}

describe("manners", () => {
  it("[CL-1] [CL-3] shows help on standard output and ends with 0", async () => {
    const help = await runAlone(["--help"])
    expect(help).toMatchObject({ code: 0, err: "" })
    for (const name of ["init", "trust", "import", "query", "sync", "watch", "export", "hash"]) {
      expect(help.out).toContain(`  ${name} `)
    }
  })

  const wrong: ReadonlyArray<ReadonlyArray<string>> = [
    ["bogus"],
    ["query"],
    ["query", "city", "--limit", "0"],
    ["query", "city", "--where", "name"],
    ["restore", "city", "1"],
    ["undo", "everything"],
    ["sync", "--timeout", "soon"],
    ["put", "city", "{"],
    ["put", "$city", "{}"],
    ["trust", "somebody"],
    ["init", "--hub-peer", other],
    ["init", "--hub", "ftp://hub"]
  ]
  for (const args of wrong) {
    it(`[CL-3] [CL-4] answers ${args.join(" ")} with 2 and a sentence`, async () => {
      const told = await run(["--json", "--data", device, ...args])
      expect(told).toMatchObject({ code: 2, out: "" })
      expect(errorOf(told.err).message).not.toContain("    at ")
    })
  }

  it("[CL-2] [CL-4] tells errors as JSON and as a sentence", async () => {
    const nowhere = join(folder.path, "nowhere")
    const [json, plain] = await Promise.all([
      runAlone(["status", "--data", nowhere, "--json"]),
      runAlone(["status", "--data", nowhere])
    ])
    expect(json).toMatchObject({ code: 1, out: "" })
    expect(errorOf(json.err).code).toBe("DeviceMissing")
    expect(plain).toMatchObject({ code: 1, out: "" })
    expect(plain.err).toMatch(/is no device\. Make one with: .*init --data/)
    expect(existsSync(nowhere)).toBe(false)
  })

  it("[CL-7] tells what it was given without what could work a terminal", async () => {
    const told = await run(["get", "city", "\u001b[2J", "--data", device])
    expect(told).toMatchObject({ code: 1, out: "", err: expect.stringContaining(String.raw`\u{1b}[2J`) })
    expect(told.err).not.toContain("\u001b")
  })

  it("[CL-5] takes the folder from --data, then from SYNCLINE_DEVICE", async () => {
    const byFlag = await run(["id", "--data", device])
    const byName = await runAlone(["id"], { env: { SYNCLINE_DEVICE: device } })
    expect(byName).toEqual(byFlag)
    expect((await runAlone(["id"], { cwd: folder.path })).err).toContain("./syncline-device is no device")
  })
})

describe("a device", () => {
  it("[CL-10] has a key, a journal and a file of its own, readable by its owner", async () => {
    for (const name of ["device.key", "journal.db", "device.json"]) expect(existsSync(join(device, name))).toBe(true)
    expect(statSync(join(device, "device.key")).mode & 0o777).toBe(0o600)
    const again = await run(["init", "--data", device, "--json"])
    expect(again.code).toBe(0)
    const id = await run(["id", "--data", device, "--json"])
    expect(JSON.parse(again.out)).toMatchObject({ created: false, peer: JSON.parse(id.out).peer, spaceName: "home" })
  })

  it("[CL-10] stays in its space", async () => {
    const told = await run(["init", "--data", device, "--space", "work"])
    expect(told.code).toBe(2)
    expect(told.err).toContain("belongs to the space home")
  })

  it("[CL-10] refuses a schema that is none, before anything is made", async () => {
    const file = join(folder.path, "empty.ts")
    writeFileSync(file, "export const nothing = 1\n")
    const made = join(folder.path, "unmade")
    const told = await run(["init", "--data", made, "--schema", file])
    expect(told).toMatchObject({ code: 1, out: "" })
    expect(told.err).toContain("exports no entity type")
    expect(existsSync(made)).toBe(false)
  })

  it("[CL-11] trusts and stops trusting", async () => {
    const added = await run(["trust", other, "--data", device, "--json"])
    expect(JSON.parse(added.out)).toEqual({ peer: other, trusted: true, changed: true })
    expect(readFileSync(join(device, "trusted-peers"), "utf8")).toContain(other)
    expect(JSON.parse((await run(["status", "--data", device, "--json"])).out).trusted).toEqual([other])
    const removed = await run(["trust", other, "--remove", "--data", device])
    expect(removed).toMatchObject({ code: 0 })
    expect(readFileSync(join(device, "trusted-peers"), "utf8")).not.toContain(other)
    expect((await run(["trust", other, "--data", join(folder.path, "nowhere")])).code).toBe(1)
  })

  it("[CL-4] tells of a damaged device file", async () => {
    const damaged = join(folder.path, "damaged")
    await run(["init", "--data", damaged])
    writeFileSync(join(damaged, "device.json"), '{"space":"here"}')
    const told = await run(["put", "city", "{}", "--data", damaged, "--json"])
    expect(told.code).toBe(1)
    expect(errorOf(told.err).code).toBe("DeviceFileDamaged")
  })

  it("[CL-13] is refused with the key of another device", async () => {
    const mixed = join(folder.path, "mixed")
    const made = await run(["init", "--data", mixed, "--json"])
    const owner = (JSON.parse(made.out) as { readonly peer: string }).peer
    const key = readFileSync(join(device, "device.key"))
    writeFileSync(join(mixed, "device.key"), key, { mode: 0o600 })
    const peer = (await run(["id", "--data", device])).out.trim()
    for (const command of ["id", "status", "put city {}"]) {
      const told = await run([...command.split(" "), "--data", mixed, "--json"])
      expect(told).toMatchObject({ code: 1, out: "" })
      expect(errorOf(told.err)).toEqual({
        code: "StoreForeign",
        message: `${mixed} cannot be used: it is the journal of the device ${owner}, not ${peer}.`
      })
    }
    rmSync(join(mixed, "device.key"))
    expect(JSON.parse((await run(["status", "--data", mixed, "--json"])).out)).toMatchObject({ peer: owner })
  })

  it("[CL-11] [CL-12] is read and told whom to trust while another process holds it, and not written", async () => {
    const held = join(folder.path, "held")
    await run(["init", "--data", held, "--hub", "http://127.0.0.1:4", "--hub-peer", other])
    expect((await run(["put", "city", '{"name":"Ulm"}', "--id", "1", "--data", held])).code).toBe(0)
    const watching = start(["watch", "--data", held])
    await watching.said("Trying again")
    const reading = [
      "hash",
      "id",
      "status",
      "export",
      "query city --count",
      "get city 1",
      "history city 1",
      `trust ${other} --remove`
    ]
    const told = await Promise.all(reading.map((text) => runAlone([...text.split(" "), "--data", held])))
    for (const each of told) expect(each).toMatchObject({ code: 0, err: "" })
    const refused = await runAlone(["put", "city", "{}", "--id", "1", "--data", held, "--json"])
    expect(refused.code).toBe(1)
    expect(errorOf(refused.err)).toMatchObject({ code: "StoreInUse", message: expect.stringContaining("Wait until") })
    watching.child.kill("SIGINT")
    expect(await watching.ended).toMatchObject({ code: 130, out: "" })
  })
})
