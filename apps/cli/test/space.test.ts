/**
 * A whole space out of a folder and into an empty one: the same state hash, whatever the records are like.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Entity, Schema, createNode } from "@syncline/node"
import { personal } from "@syncline/policy"
import { afterAll, beforeAll, expect, it } from "vitest"
import { run, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
const at = (name: string): string => join(folder.path, name)
const Thing = Entity.make(
  "thing",
  {
    team: Entity.optional(Schema.String),
    text: Entity.optional(Schema.String),
    other: Entity.optional(Schema.NullOr(Schema.String)),
    votes: Entity.counter,
    tags: Entity.orSet(Schema.String)
  },
  { header: ["team"] }
)
const open = (name: string) =>
  createNode({
    space: "home",
    store: at(name),
    entities: { thing: Thing },
    policy: personal({ trusted: [] }),
    transports: [],
    routes: []
  })
const device = async (name: string, space = "home"): Promise<void> => {
  expect((await run(["init", "--data", at(name), "--space", space])).code).toBe(0)
}
const hash = async (name: string): Promise<unknown> =>
  (JSON.parse((await run(["hash", "--data", at(name), "--json"])).out) as { readonly hash: unknown }).hash
const file = at("home.ndjson")
const long = "x".repeat(40_000)

beforeAll(async () => {
  await device("first")
  await using node = await open("first")
  await node.thing.put({ id: "plain", team: "north", text: "a", other: null, votes: 3, tags: ["b", "a"] })
  await node.thing.put({ id: "south", team: "south", text: "b", votes: 0, tags: [] })
  await node.thing.put({ id: "bare", votes: 0, tags: [] })
  // Beyond one write, by patches.
  await node.thing.put({ id: "large", team: "north", text: long, votes: 2 ** 31, tags: [] })
  await node.thing.patch("large", { other: long, votes: Entity.inc(2 ** 31) })
  for (let round = 0; round < 3; round++) {
    const tags = Array.from({ length: 500 }, (_, tag) => `${round} ${tag} ${"y".repeat(50)}`)
    await node.thing.patch("large", { tags: Entity.add(...tags) })
  }
  // There and back again: a counter at 0 and an empty set are there.
  await node.thing.put({ id: "emptied", team: "north", votes: 1, tags: ["gone"] })
  await node.thing.patch("emptied", { votes: Entity.inc(-1), tags: Entity.remove("gone") })
  await node.thing.put({ id: "deleted", team: "north", votes: 1, tags: [] })
  await node.thing.delete("deleted")
})
afterAll(() => folder.remove())

it("[CL-190] [CL-191] [CL-192] an export that is imported has the same state hash, and its fields go on as what they are", async () => {
  const out = await run(["space", "export", file, "--data", at("first"), "--json"])
  expect(out).toMatchObject({ code: 0, err: "" })
  const stateHash = await hash("first")
  expect(JSON.parse(out.out)).toEqual({ file, records: 5, stateHash })
  const lines = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line))
  expect(lines[0]).toMatchObject({ format: "syncline-export/1" })
  expect(lines.at(-1)).toEqual({ end: { records: 5, stateHash } })
  expect(lines).toContainEqual({
    type: "thing",
    id: "emptied",
    header: { team: "north" },
    fields: { team: "north", votes: 0, tags: [] },
    kinds: { votes: "counter", tags: "orSet" }
  })

  await device("second")
  const taken = await run(["space", "import", file, "--data", at("second")])
  expect(taken).toMatchObject({ code: 0, err: "" })
  expect(taken.out).toContain(`Imported 5 records, state hash ${String(stateHash)} as in the export.`)
  expect(await hash("second")).toBe(stateHash)
  const again = at("again.ndjson")
  expect((await run(["space", "export", again, "--data", at("second")])).code).toBe(0)
  const records = (path: string) => readFileSync(path, "utf8").split("\n").slice(1)
  expect(records(again)).toEqual(records(file))

  await using node = await open("second")
  await node.thing.patch("large", { votes: Entity.inc(1), tags: Entity.add("more") })
  expect((await node.thing.get("large"))?.votes).toBe(2 ** 32 + 1)
  expect((await node.thing.get("large"))?.tags.length).toBe(1_501)
})

it("[CL-191] nothing is written of a file that is not whole or of another space, nor into a folder that has records", async () => {
  await device("third")
  const text = readFileSync(file, "utf8")
  const lines = text.trimEnd().split("\n")
  const spoilt: ReadonlyArray<[text: string, said: string]> = [
    [lines.slice(0, -1).join("\n"), "the end is missing"],
    [[lines[0], ...lines.slice(2)].join("\n"), "its end says 5"],
    [text.replace('"votes":3', '"votes":4'), "another state hash"],
    [`${text}{}\n`, "behind the last line"],
    [text.replace('"votes":3', '"votes":"3"'), "must be a whole number"],
    [text.replace('"id":"plain"', `"id":"${"p".repeat(200)}"`), "line "],
    [text.replace("export/1", "export/2"), "no export, or one of a later version"],
    ["", "the end is missing"]
  ]
  for (const [written, said] of spoilt) {
    const path = at("spoilt.ndjson")
    writeFileSync(path, written)
    const outcome = await run(["space", "import", path, "--data", at("third")])
    expect(outcome, `what is said of ${said}`).toMatchObject({ code: 1, out: "" })
    expect(outcome.err).toContain(said)
  }
  expect((await run(["query", "thing", "--count", "--data", at("third")])).out).toBe("0\n")
  await device("elsewhere", "elsewhere")
  expect((await run(["space", "import", file, "--data", at("elsewhere")])).err).toContain(
    "import it where the space has the same name"
  )
  expect((await run(["space", "import", file, "--data", at("first")])).err).toContain("import into a new folder")
  expect((await run(["space", "import", at("none"), "--data", at("third")])).err).toContain("there is no such file")
  expect((await run(["space", "import", file, "--data", at("third")])).code).toBe(0)
})
