// Anything of a hub's REST interface at the terminal: on its machine, and from elsewhere with a token.
import { once } from "node:events"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { type Hub, run, startHub, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
const hubFolder = join(folder.path, "hub")
const at = (name: string): string => join(folder.path, name)
let hub: Hub
let viewer: ReadonlyArray<string>

beforeAll(async () => {
  hub = await startHub(hubFolder, { SYNCLINE_POLICY: "enterprise", SYNCLINE_BACKUP_FOLDER: at("backups") })
  await door("accounts.make", "--set", "name=vera", "--set", "role=viewer")
  const made = await run([
    "token",
    "new",
    "vera",
    "--scope",
    "status:read",
    "--scope",
    "peers:read",
    "--data",
    hubFolder,
    "--json"
  ])
  writeFileSync(at("token"), `${(JSON.parse(made.out) as { readonly secret: string }).secret}\n`)
  viewer = ["--at", hub.address, "--token-file", at("token")]
})
afterAll(async () => {
  await hub.stop()
  folder.remove()
})

const door = (...args: ReadonlyArray<string>) => run(["hub", ...args, "--data", hubFolder])
const told = async (...args: ReadonlyArray<string>): Promise<ReadonlyArray<Record<string, unknown>>> => {
  const { code, err, out } = await door(...args, "--json")
  expect([args, code, err]).toEqual([args, 0, ""])
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

interface Described {
  readonly [path: string]: { readonly [method: string]: { readonly operationId: string } }
}

it("[CL-210] every operation that the hub describes can be asked, and says how it is written", async () => {
  const { paths } = (await (await fetch(`${hub.address}/openapi.json`)).json()) as { readonly paths: Described }
  const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId))
  expect(ids.length).toBeGreaterThan(100)
  const listed = await told()
  expect(new Set(listed.map(({ id }) => id))).toEqual(new Set(ids))
  for (const { args, id, usage } of listed)
    expect(usage).toContain(["hub", id, ...(args as Array<string>).map((name) => `<${name}>`)].join(" "))
  const { out } = await door("pause", "peer")
  expect(out).toContain("hub peers.pause <peer>")
  expect(out).not.toContain("backups.make")
  expect((await door("nothing-like-it")).err).toContain("There is none.")
})

it("[CL-210] [CL-211] asks with arguments, fields and bodies, over the door and with a token", async () => {
  expect((await door("status.get")).out).toContain("sentence:")
  const [made] = await told(
    "members.add",
    "--set",
    "id=mia",
    "--set",
    "name=Mia",
    "--set",
    "role=member",
    "--set",
    "teams=[]"
  )
  expect(made).toMatchObject({ id: "mia", name: "Mia" })
  const record = await run(["hub", "entities.put", "task", "a/b c", "--body", "-", "--data", hubFolder, "--json"], {
    input: '{"fields":{"title":"Milk","votes":2},"kinds":{"votes":"counter"}}'
  })
  expect([record.code, record.err]).toEqual([0, ""])
  writeFileSync(at("body.json"), '{"fields":{"title":"Bread"}}')
  await told("entities.patch", "task", "a/b c", "--body", at("body.json"))
  expect(await told("entities.get", "task", "a/b c")).toMatchObject([
    { id: "a/b c", fields: { title: "Bread", votes: 2 } }
  ])
  expect((await door("entities.remove", "task", "a/b c", "--yes")).code).toBe(0)
  expect(await told("entities.list", "task")).toEqual([])
  const remote = await run(["hub", "status.get", ...viewer])
  expect([remote.code, remote.err]).toEqual([0, ""])
})

it("[CL-211] refuses what the operation does not take before anything is asked", async () => {
  for (const [args, said] of [
    [["peers.nothing"], "there are peers.add, peers.connect"],
    [["no.such"], "see `syncline hub`"],
    [["peers.pause"], "takes 1 arguments, and not 0"],
    [["peers.pause", "a", "b"], "hub peers.pause <peer>"],
    [["members.limit", "..", "--set", "limit=1"], "cannot stand for something here"],
    [["accounts.get", "."], "cannot stand for something here"],
    [["accounts.get", ""], "cannot stand for something here"],
    [["members.add", "--set", "colour=red"], "has no colour"],
    [["status.get", "--set", "x"], "write it as --set field=value"],
    [["status.get", "--body", at("none")], "takes no body"],
    [["members.add", "--body", at("none")], "no such file"],
    [["status.get", "--to", at("x")], "gives no file"],
    [["status.get", "--from", at("x")], "takes no file"],
    [["space.import"], "takes a file"],
    [["members.remove", "mia"], "say so by --yes"]
  ] as const) {
    const { code, err, out } = await door(...args)
    expect([args, code, out]).toEqual([
      args,
      args.includes(at("none") as never) && args[0] === "members.add" ? 1 : 2,
      ""
    ])
    expect(err).toContain(said)
  }
  expect(await told("members.get", "mia")).toMatchObject([{ id: "mia" }])
})

it("[CL-214] takes arguments that look like flags behind --, and texts that look like lists in quotes", async () => {
  const behind = (flags: ReadonlyArray<string>, ...words: ReadonlyArray<string>) =>
    run(["hub", ...flags, "--data", hubFolder, "--", ...words])
  for (const id of ["-x", "--yes", "--json", "--", "-1"]) {
    const { code, err, out } = await behind(["--set", 'fields={"t":"-"}', "--json"], "entities.put", "task", id)
    expect([id, code, err, JSON.parse(out)]).toMatchObject([id, 0, "", { id }])
    const plain = await behind([], "entities.get", "task", id)
    expect([plain.code, plain.err, plain.out]).toEqual([0, "", expect.stringContaining("fields: t -") as string])
    expect((await behind([], "entities.remove", "task", id)).err).toContain("say so by --yes")
    expect((await behind(["--yes"], "entities.remove", "task", id)).code).toBe(0)
  }
  for (const text of ["[1]", '{"a":1}', "5", "plain"]) {
    const set = `name=${text === "plain" ? text : JSON.stringify(text)}`
    expect(await told("teams.put", "north", "--set", set)).toMatchObject([{ name: text }])
  }
})

it("[CL-212] follows lists to their end, tells one page where that is asked for, and shows what others wrote as text", async () => {
  const items = Array.from({ length: 230 }, (_, n) => ({
    id: `n${String(n).padStart(3, "0")}`,
    fields: { text: "\u001b[31mred\u202e" }
  }))
  writeFileSync(at("items.json"), JSON.stringify({ items }))
  await told("entities.batch", "note", "--body", at("items.json"))
  const all = await told("entities.list", "note")
  expect(all.map(({ id }) => id)).toEqual(items.map(({ id }) => id))
  const page = await door("entities.list", "note", "--set", "limit=3")
  expect(page.out.trim().split("\n").length).toBe(3)
  expect(page.out).toContain("red\\u{202e}")
  expect(page.out).not.toContain("\u001b")
  expect(page.err).toContain("next: ")
  const records = await door("charter.records", "--set", "limit=1")
  expect(records.out).toMatch(/atMs 20\d\d-\d\d-\d\dT/)
})

describe("[CL-213]", () => {
  it("[CL-213] files come and go, and a part is never taken for the whole", async () => {
    const file = at("space.ndjson")
    expect(await door("space.export", "--to", file)).toMatchObject({ code: 0, out: `Wrote ${file}.\n` })
    expect(readFileSync(file, "utf8")).toContain('"end"')
    expect((await door("audit.export", "--set", "format=csv")).out).toContain("number,time,action")
    const other = await startHub(at("other"))
    onTestFinished(other.stop)
    const into = await run(["hub", "space.import", "--from", file, "--data", at("other"), "--json"])
    expect([into.code, into.err]).toEqual([0, ""])
    expect(JSON.parse(into.out)).toMatchObject({ records: 230 })
    const again = await run(["hub", "space.import", "--from", file, "--data", at("other")])
    expect(again).toMatchObject({ code: 1, out: "" })
    expect(again.err).toContain("holds records already")
    const gone = await door("space.export", "--to", join(at("nowhere"), "x"))
    expect([gone.code, existsSync(at("nowhere"))]).toEqual([1, false])
    expect((await run(["hub", "space.import", "--from", at("none"), "--data", at("other")])).err).toContain(
      "no such file"
    )
  })

  it("[CL-213] whoever may not is told so with 4, and a hub that is not there with 3", async () => {
    const denied = await run(["hub", "members.list", ...viewer])
    expect(denied).toMatchObject({ code: 4, out: "" })
    expect(denied.err).toContain("team:read")
    expect((await run(["hub", "space.export", "--to", at("never"), ...viewer])).code).toBe(4)
    expect(existsSync(at("never"))).toBe(false)
    writeFileSync(at("wrong"), "syn_0000000000000000_x\n")
    expect((await run(["hub", "status.get", "--at", hub.address, "--token-file", at("wrong")])).code).toBe(4)
    expect((await run(["hub", "status.get", "--data", at("no-hub")])).code).toBe(3)
    expect((await run(["hub", "status.get", "--at", "http://127.0.0.1:1", "--token-file", at("token")])).code).toBe(3)
    const server = createServer((_, response) => response.end("{}")).listen(0, "127.0.0.1")
    await once(server, "listening")
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const foreign = await run(["hub", "status.get", "--at", url, "--token-file", at("token")])
    expect(foreign).toMatchObject({ code: 3, out: "" })
  })
})
