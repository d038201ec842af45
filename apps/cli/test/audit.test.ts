// What a node decided, read at a terminal: in a device's folder, and in a hub's beside the hub.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Hub, run, startHub, teamSchema, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
const hubFolder = join(folder.path, "hub")
const mia = join(folder.path, "mia")
let hub: Hub
let peer: string

beforeAll(async () => {
  hub = await startHub(hubFolder, { SYNCLINE_POLICY: "enterprise" })
  const made = await run(["init", "--data", mia, "--hub", hub.address, "--schema", teamSchema, "--json"])
  peer = (JSON.parse(made.out) as { readonly peer: string }).peer
  // Nobody knows mia yet.
  expect((await run(["sync", "--data", mia])).code).toBe(4)
  const device = ["--device", peer, "--device-name", "laptop"]
  expect((await run(["team", "add", "north", "--data", hubFolder])).code).toBe(0)
  const member = ["member", "add", "mia", "--name", "Mia", "--team", "north", ...device]
  expect((await run([...member, "--data", hubFolder])).code).toBe(0)
  expect((await run(["sync", "--data", mia])).code).toBe(0)
  const put = ["put", "task", JSON.stringify({ team: "north", title: "a" }), "--id", "n1"]
  expect((await run([...put, "--data", mia])).code).toBe(0)
  expect((await run(["sync", "--data", mia])).code).toBe(0)
  await hub.stop()
})
afterAll(() => folder.remove())

describe("an audit at a terminal", () => {
  it("[CL-90] lists what was let pass and refused, by which rule and why", async () => {
    const { code, out } = await run(["audit", "list", "--data", hubFolder, "--limit", "100"])
    expect(code).toBe(0)
    const lines = out.trimEnd().split("\n").toReversed()
    expect(lines[0]).toMatch(/^1 {2}\d{4}-\d\d-\d\dT\S+Z {2}denied admit 12D3KooW\w+ session/)
    expect(lines[0]).toContain("charter/device, version 1: ")
    expect(lines.some((line) => line.includes(`allowed admit ${peer} session`))).toBe(true)
    expect(lines.some((line) => line.includes(`allowed receive ${peer} task {"team":"north"}`))).toBe(true)
    const denied = await run(["audit", "list", "--data", hubFolder, "--denied", "--peer", peer, "--json"])
    const entries = denied.out.trimEnd().split("\n")
    expect(entries.length).toBeGreaterThan(0)
    for (const entry of entries) expect(JSON.parse(entry)).toMatchObject({ peer, decision: { allowed: false } })
    const own = await run(["audit", "list", "--data", mia, "--action", "write"])
    expect(own.out).toContain(`allowed write ${peer} task {"team":"north"}`)
    const none = await run(["audit", "list", "--data", mia, "--action", "overflow"])
    expect(none).toEqual({ code: 0, out: "", err: "Nothing of the kind was decided yet.\n" })
    expect((await run(["audit", "list", "--data", join(folder.path, "nowhere")])).code).toBe(1)
  })

  it("[CL-91] [CL-92] verifies the folder's audit and an export, and names what does not hold", async () => {
    const verified = await run(["audit", "verify", "--data", hubFolder])
    expect(verified.out).toMatch(/^\d+ entries hold, from the beginning; the last is \d+, [0-9a-f]{64}\.\n$/)
    const file = join(folder.path, "audit.ndjson")
    const written = await run(["audit", "export", "--data", hubFolder, "--file", file])
    expect(written.out).toMatch(/^Wrote \d+ entries to /)
    const printed = await run(["audit", "export", "--data", hubFolder])
    const withoutEnd = (text: string) => text.slice(0, text.lastIndexOf('{"end"'))
    expect(withoutEnd(printed.out)).toBe(withoutEnd(readFileSync(file, "utf8")))
    const signer = printed.out.match(/"signer":"(\w+)"/)![1]!
    expect(signer).toBe(hub.peer)
    const whose = `; signed by ${signer}.\n`
    expect((await run(["audit", "verify", "--file", file])).out).toBe(verified.out.replace(/\.\n$/, whose))
    expect((await run(["audit", "verify", "--file", file, "--signer", signer])).code).toBe(0)
    const other = await run(["audit", "verify", "--file", file, "--signer", peer])
    expect(other.err).toContain(`signed by ${signer}, and not by ${peer}`)
    expect((await run(["audit", "verify", "--file", file, "--signer", "mia"])).err).toContain("mia is no device")
    const lines = readFileSync(file, "utf8").split("\n")
    writeFileSync(file, lines.toSpliced(2, 1).join("\n"))
    const broken = await run(["audit", "verify", "--file", file, "--json"])
    expect(broken).toMatchObject({ code: 1, out: "" })
    expect(JSON.parse(broken.err)).toMatchObject({ error: { code: "AuditBroken" } })
    expect(broken.err).toContain("does not hold from entry 2 on")
    expect((await run(["audit", "verify", "--file", join(folder.path, "nothing")])).code).toBe(1)
  })
})
