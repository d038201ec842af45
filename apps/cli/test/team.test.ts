// Devices of a team: a hub that keeps a charter, and what the charter lets each of them do.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { type Hub, run, start, startHub, teamSchema, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
const hubFolder = join(folder.path, "hub")
const team = { SYNCLINE_POLICY: "enterprise" }
let hub: Hub

beforeAll(async () => {
  hub = await startHub(hubFolder, team)
})
afterAll(async () => {
  await hub.stop()
  folder.remove()
})

const deviceOf = (data: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(data, "device.json"), "utf8")) as Record<string, unknown>
const joined = async (name: string): Promise<{ readonly data: string; readonly id: string }> => {
  const data = join(folder.path, name)
  const made = await run(["init", "--data", data, "--hub", hub.address, "--json"])
  expect(made).toMatchObject({ code: 0, err: "" })
  return { data, id: (JSON.parse(made.out) as { readonly peer: string }).peer }
}
/** A command on the hub's machine. */
const onHub = (...args: ReadonlyArray<string>) => run([...args, "--data", hubFolder])
const done = async (...args: ReadonlyArray<string>): Promise<void> =>
  expect(await onHub(...args)).toMatchObject({ code: 0, err: "" })
const errorOf = (err: string) =>
  (JSON.parse(err) as { readonly error: { readonly code: string; readonly message: string } }).error

describe("a device of a team", () => {
  it("[CL-70] [CL-10] knows that its hub is a team's, and is told how to be added", async () => {
    const data = join(folder.path, "fresh")
    const made = await run(["init", "--data", data, "--hub", hub.address])
    const id = (await run(["id", "--data", data])).out.trim()
    expect(made.err).toContain(`member add <name> --device ${id} --data ./data`)
    expect(made.err).not.toContain("trust")
    expect(deviceOf(data)).toMatchObject({ policy: "enterprise", hub: { peer: hub.peer } })
    expect(existsSync(join(data, "trusted-peers"))).toBe(false)
    await run(["init", "--data", data])
    expect(deviceOf(data)).toMatchObject({ policy: "enterprise" })
  })

  it("[CL-70] is personal with a hub that says nothing, and what --policy says with --hub-peer", async () => {
    const old = createServer((_, response) => response.end(JSON.stringify({ peer: hub.peer, space: "home" })))
    await new Promise<void>((resolve) => old.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void old.close())
    const address = `http://127.0.0.1:${(old.address() as AddressInfo).port}`
    const personal = join(folder.path, "personal")
    const made = await run(["init", "--data", personal, "--hub", address])
    expect(made.err).toMatch(/\btrust 12D3KooW/)
    expect(deviceOf(personal)).not.toHaveProperty("policy")
    expect(readFileSync(join(personal, "trusted-peers"), "utf8")).toContain(hub.peer)
    const told = join(folder.path, "told")
    const named = ["--hub", "http://127.0.0.1:4", "--hub-peer", hub.peer]
    expect((await run(["init", "--data", told, ...named, "--policy", "enterprise"])).code).toBe(0)
    expect(deviceOf(told)).toMatchObject({ policy: "enterprise" })
    expect((await run(["init", "--data", told, "--hub", hub.address, "--policy", "personal"])).code).toBe(2)
  })

  it("[CL-71] [CL-41] writes nothing and syncs nothing before a member has it", async () => {
    const { data, id } = await joined("stranger")
    const put = await run(["put", "task", "{}", "--data", data, "--json"])
    expect(put).toMatchObject({ code: 4, out: "" })
    expect(errorOf(put.err)).toMatchObject({ code: "WriteDenied", message: expect.stringContaining("no charter yet") })
    const sync = await run(["sync", "--data", data, "--json"])
    expect(sync).toMatchObject({ code: 4, out: "" })
    expect(errorOf(sync.err)).toMatchObject({
      code: "NotTrusted",
      message: expect.stringContaining(`member add <name> --device ${id} --data ./data`)
    })
  })

  it("[CL-71] [CL-42] syncs and watches what the charter gives it, and writes what it may", async () => {
    const [ann, mia] = [await joined("ann"), await joined("mia")]
    for (const id of ["north", "south"]) await done("team", "add", id)
    await done("member", "add", "ann", "--team", "north", "--team", "south", "--device", ann.id)
    await done("member", "add", "mia", "--team", "north", "--device", mia.id)
    expect((await run(["sync", "--data", ann.data])).code).toBe(0)
    const put = (data: string, id: string, where: string) =>
      run([
        "put",
        "task",
        JSON.stringify({ team: where, title: id }),
        "--id",
        id,
        "--schema",
        teamSchema,
        "--data",
        data
      ])
    expect((await put(ann.data, "s1", "south")).code).toBe(0)
    const watching = start(["watch", "--data", mia.data])
    expect((await put(ann.data, "n1", "north")).code).toBe(0)
    expect((await run(["sync", "--data", ann.data])).code).toBe(0)
    await watching.said("+ task n1")
    watching.child.kill("SIGINT")
    expect((await watching.ended).out).not.toContain("s1")
    const refused = await put(mia.data, "s2", "south")
    expect(refused).toMatchObject({ code: 4, out: "" })
    expect(refused.err).toContain("mia is not in the team south")
    expect((await put(mia.data, "n2", "north")).code).toBe(0)
    expect((await run(["sync", "--data", mia.data])).code).toBe(0)
    expect((await run(["query", "task", "--count", "--data", mia.data])).out).toBe("2\n")
    await done("device", "pause", mia.id)
    expect((await run(["sync", "--data", mia.data])).code).toBe(4)
  })

  it("[CL-71] has its charter's rules whatever device.json says, and so has a hub's own folder", async () => {
    const { data, id } = await joined("kept")
    await done("member", "add", "kim", "--name", "Kim", "--role", "readonly", "--device", id)
    expect((await run(["sync", "--data", data])).code).toBe(0)
    const status = await run(["status", "--data", data])
    expect(status.out).toMatch(/^Trusts: +whom the charter names$/m)
    expect(JSON.parse((await run(["status", "--data", data, "--json"])).out)).toMatchObject({ policy: "enterprise" })
    const trusted = await run(["trust", hub.peer, "--data", hubFolder])
    expect(trusted).toMatchObject({ code: 0, err: expect.stringContaining("member add") })
    const { policy, ...rest } = deviceOf(data)
    expect(policy).toBe("enterprise")
    writeFileSync(join(data, "device.json"), JSON.stringify(rest))
    const put = await run(["put", "task", "{}", "--data", data])
    expect(put).toMatchObject({ code: 4, out: "" })
    expect(put.err).toContain("which does not write")
    const own = join(folder.path, "own")
    const other = await startHub(own, team)
    await other.stop()
    expect((await run(["put", "task", "{}", "--data", own])).code).toBe(0)
  })
})

describe("looking after a team", () => {
  const peer = "12D3KooWEJvCNdyXr2LUUkA6CBxBEFS4XzyFpquttVMVgsW39ZTK"
  const version = async (): Promise<number> =>
    (JSON.parse((await onHub("member", "list", "--json")).out) as { readonly version: number }).version
  const found = async (id: string) => {
    const listed = JSON.parse((await onHub("member", "list", "--json")).out) as {
      readonly members: ReadonlyArray<{ readonly id: string }>
      readonly devices: ReadonlyArray<{ readonly member: string }>
    }
    return {
      member: listed.members.find((each) => each.id === id),
      devices: listed.devices.filter(({ member }) => member === id)
    }
  }

  it("[CL-72] [CL-73] adds, changes and removes members, devices and teams, each by one record", async () => {
    const before = await version()
    await done("team", "add", "west", "--name", "The West")
    const [first, second] = [await joined("first"), await joined("second")]
    const added = ["--name", "Eve", "--team", "west", "--device", first.id, "--device-name", "laptop", "--json"]
    const told = await onHub("member", "add", "eve", ...added)
    expect(JSON.parse(told.out)).toEqual({ version: before + 2 })
    await done("device", "add", "eve", second.id, "--name", "phone")
    expect(await found("eve")).toMatchObject({
      member: { name: "Eve", role: "member", teams: ["west"] },
      devices: [
        { peer: first.id, name: "laptop", isPaused: false },
        { peer: second.id, name: "phone" }
      ]
    })
    await done("member", "role", "eve", "readonly")
    await done("member", "teams", "eve")
    await done("device", "pause", first.id)
    await done("device", "remove", second.id)
    expect(await found("eve")).toMatchObject({
      member: { role: "readonly", teams: [] },
      devices: [{ peer: first.id, isPaused: true }]
    })
    await done("device", "resume", first.id)
    expect(await found("eve")).toMatchObject({ devices: [{ isPaused: false }] })
    await done("member", "teams", "eve", "west")
    await done("team", "remove", "west")
    expect(await found("eve")).toMatchObject({ member: { teams: [] } })
    const removed = await onHub("member", "remove", "eve")
    expect(removed).toMatchObject({ code: 0, err: "" })
    expect(removed.out).toBe(
      `eve is no member any more, and its devices are out: version ${before + 11} of the charter.\n`
    )
    expect(await found("eve")).toEqual({ member: undefined, devices: [] })
  })

  it("[CL-75] makes, changes and removes roles, and limits devices", async () => {
    await done("role", "set", "lead", "--level", "50", "--name", "Team lead")
    await done("role", "set", "lead", "--level", "60", "--name", "Team lead")
    const listed = await onHub("role", "list")
    expect(listed.out.split("\n")).toEqual([
      "owner  level 100, Owner, built in",
      "admin  level 80, Admin, built in",
      "member  level 40, Member, built in",
      "readonly  level 20, ReadOnly, built in",
      "lead  level 60, Team lead",
      ""
    ])
    await done("member", "add", "lea", "--role", "lead")
    const used = await onHub("role", "remove", "lead")
    expect(used).toMatchObject({ code: 1, err: expect.stringContaining("lea has the role lead") })
    await done("member", "role", "lea", "member")
    await done("role", "remove", "lead")
    expect((await onHub("role", "list")).out).not.toContain("lead")
    const [one, two] = [await joined("one"), await joined("two")]
    expect((await onHub("device", "limit", "1")).out).toMatch(/^Each member may have 1 device now: version \d+ /)
    await done("device", "add", "lea", one.id)
    const beyond = ["device", "add", "lea", two.id]
    expect(await onHub(...beyond)).toMatchObject({ code: 1, err: expect.stringContaining("the limit is 1") })
    expect((await onHub("member", "list")).err).toContain("at most 1 device each")
    await done("member", "limit", "lea", "2")
    await done(...beyond)
    const told = JSON.parse((await onHub("member", "list", "--json")).out) as Record<string, unknown>
    expect(told).toMatchObject({ deviceLimit: 1, deviceLimits: { lea: 2 } })
    await done("member", "limit", "lea", "any")
    const any = JSON.parse((await onHub("member", "list", "--json")).out) as Record<string, unknown>
    expect(any).toMatchObject({ deviceLimit: 1, deviceLimits: { lea: null } })
    await done("member", "limit", "lea", "default")
    await done("device", "limit", "any")
    expect(JSON.parse((await onHub("member", "list", "--json")).out)).toMatchObject({
      deviceLimit: null,
      deviceLimits: {}
    })
    await done("member", "remove", "lea")
    for (const wrong of [
      ["role", "set", "lead", "--level", "100"],
      ["role", "set", "lead"],
      ["role", "set", "The Lead", "--level", "50"],
      ["device", "limit", "many"],
      ["device", "limit", "10001"],
      ["member", "limit", "mia", "-1"]
    ]) {
      expect([wrong, (await onHub(...wrong)).code]).toEqual([wrong, 2])
    }
    expect((await onHub("role", "set", "member", "--level", "50")).err).toContain("the role member is built in")
  })

  it("[CL-73] [CL-7] lists members and their devices for people", async () => {
    const { id } = await joined("listed")
    const hostile = "Zoe\u001b[2J\nowner"
    await done("member", "add", "zoe", "--name", hostile, "--device", id, "--device-name", "laptop")
    await done("device", "pause", id)
    const { code, err, out } = await onHub("member", "list")
    expect(code).toBe(0)
    const lines = out.split("\n")
    expect(lines[0]).toMatch(/^MEMBER +NAME +ROLE +TEAMS$/)
    const at = lines.findIndex((line) => line.startsWith("zoe "))
    expect(lines[at]).toMatch(/^zoe +Zoe\\u\{1b\}\[2J\\u\{a\}owner +member +-$/)
    expect(lines[at + 1]).toBe(`  ${id}  laptop, paused`)
    expect(lines.some((line) => line.startsWith("owner "))).toBe(true)
    expect(err).toMatch(/^home: [1-9]\d* members, [1-9]\d* devices, .*; version [1-9]\d* of the charter\.\n$/)
  })

  it("[CL-72] [CL-74] tells the hub's own sentence, and changes nothing", async () => {
    const before = await version()
    const refusals: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
      [["member", "remove", "owner"], "the charter does not allow it"],
      [["member", "role", "nobody", "member"], "the charter does not allow it"],
      [["member", "add", "una", "--team", "nowhere", "--device", peer], "the charter does not allow it"],
      [["device", "pause", peer], "the charter does not allow it"],
      [["team", "remove", "nowhere"], "the charter does not allow it"]
    ]
    for (const [args, sentence] of refusals) {
      const told = await onHub(...args, "--json")
      expect([args, told]).toMatchObject([args, { code: 1, out: "" }])
      expect(errorOf(told.err)).toMatchObject({ code: "HubRefused", message: expect.stringContaining(sentence) })
    }
    const mistakes = [
      ["member", "add", "No Id"],
      ["member", "add", "una", "--device", "12D3"],
      ["member", "add", "una", "--device-name", "laptop"],
      ["member", "teams", "owner", "North"],
      ["device", "add", "owner", "laptop"],
      ["team", "add", "$teams"]
    ]
    for (const args of mistakes) expect([args, await onHub(...args)]).toMatchObject([args, { code: 2, out: "" }])
    expect(await version()).toBe(before)
    expect((await found("una")).member).toBeUndefined()
  })

  it("[CL-74] [CL-3] says with 3 that no team's hub runs on the folder", async () => {
    const personal = await startHub(join(folder.path, "personal-hub"))
    onTestFinished(() => personal.stop())
    const stopped = join(folder.path, "stopped")
    await (await startHub(stopped, team)).stop()
    const killed = join(folder.path, "killed")
    mkdirSync(killed)
    const door = (text: string) => writeFileSync(join(killed, "local-door.json"), text)
    const closed = async (data: string, problem: string) => {
      const told = await run(["team", "add", "x", "--data", data, "--json"])
      expect(told).toMatchObject({ code: 3, out: "" })
      const { code, message } = errorOf(told.err)
      expect(code).toBe("DoorClosed")
      expect(message).toContain(problem)
    }
    await closed(join(folder.path, "personal-hub"), "has no team (SYNCLINE_POLICY=enterprise gives it one)")
    await closed(stopped, "there is no local-door.json")
    door(JSON.stringify({ url: "http://127.0.0.1:4", token: "x" }))
    await closed(killed, "nobody listens at http://127.0.0.1:4")
    door(JSON.stringify({ url: hub.address, token: "x" }))
    await closed(killed, "another token")
    door("{")
    await closed(killed, "cannot be read")
    const listed = await run(["member", "list", "--data", stopped])
    expect(listed).toMatchObject({ code: 0, err: expect.stringContaining("what the folder itself knows") })
    expect(listed.out).toContain("owner")
  })
})
