// Devices of a team: a hub that keeps a charter, and what the charter lets each of them do.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
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
/** Writes a record into the charter. */
const write = async (...operations: ReadonlyArray<object>): Promise<void> => {
  const door = JSON.parse(readFileSync(join(hubFolder, "local-door.json"), "utf8")) as { url: string; token: string }
  const response = await fetch(`${door.url}/api/v1/charter/records`, {
    method: "POST",
    headers: { authorization: `Bearer ${door.token}`, "content-type": "application/json" },
    body: JSON.stringify({ operations })
  })
  expect(response.status).toBe(200)
}
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
    const member = (name: string, device: string, ...teams: ReadonlyArray<string>) => [
      { _tag: "AddMember", member: name, name, role: "member", teams },
      { _tag: "AddDevice", member: name, device, name: "laptop" }
    ]
    const teams = ["north", "south"].map((name) => ({ _tag: "SetTeam", team: name, name }))
    await write(...teams, ...member("ann", ann.id, "north", "south"), ...member("mia", mia.id, "north"))
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
    await write({ _tag: "PauseDevice", device: mia.id, isPaused: true })
    expect((await run(["sync", "--data", mia.data])).code).toBe(4)
  })

  it("[CL-71] has its charter's rules whatever device.json says, and so has a hub's own folder", async () => {
    const { data, id } = await joined("kept")
    await write(
      { _tag: "AddMember", member: "kim", name: "Kim", role: "readonly", teams: [] },
      { _tag: "AddDevice", member: "kim", device: id, name: "laptop" }
    )
    expect((await run(["sync", "--data", data])).code).toBe(0)
    const { policy, ...rest } = deviceOf(data)
    expect(policy).toBe("enterprise")
    writeFileSync(join(data, "device.json"), JSON.stringify(rest))
    const put = await run(["put", "task", "{}", "--data", data])
    expect(put).toMatchObject({ code: 4, out: "" })
    expect(put.err).toContain("which does not update")
    const own = join(folder.path, "own")
    const other = await startHub(own, team)
    await other.stop()
    expect((await run(["put", "task", "{}", "--data", own])).code).toBe(0)
  })
})
