// Records of one id in several places, and which of them a command means.
import { join } from "node:path"
import { Entity, Journal } from "@syncline/core"
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as Device from "../src/Device.ts"
import * as SchemaFile from "../src/SchemaFile.ts"
import { type Hub, run, start, startHub, teamSchema, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
const device = join(folder.path, "device")
const on = (...args: ReadonlyArray<string>) => run([...args, "--data", device])
const teams = ["north", "south"] as const
type Team = (typeof teams)[number]
const in_ = (team: Team) => ["--header", `team=${team}`] as const
const read = async (team: Team, ...more: ReadonlyArray<string>): Promise<unknown> =>
  JSON.parse((await on("get", "task", "p", ...in_(team), ...more)).out)

/** Records with the id `p` in both teams, as two devices make them. */
const makeBoth = (data: string): Promise<void> =>
  Effect.gen(function* () {
    const type = yield* (yield* SchemaFile.load(teamSchema))("task")
    const journal = yield* Journal.Journal
    for (const team of teams) {
      const change = Entity.put(type, "p", { title: `of ${team}`, team })
      if (!("partition" in change)) return yield* change
      yield* journal.write([change])
    }
    return undefined
  }).pipe(Effect.provide(Device.layerWriting(data)), Effect.scoped, Effect.runPromise)

const errorOf = (err: string): unknown => (JSON.parse(err) as { readonly error: { readonly code: string } }).error.code
const rows = (out: string): ReadonlyArray<Record<string, unknown>> =>
  out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>)

let hub: Hub
beforeAll(async () => {
  expect((await on("init", "--schema", teamSchema)).code).toBe(0)
  await makeBoth(device)
  hub = await startHub(join(folder.path, "hub"))
})
afterAll(async () => {
  await hub.stop()
  folder.remove()
})

describe("of records with one id", () => {
  it("[CL-134] [CL-61] the one is got whose header is named, now and as of a time", async () => {
    for (const past of [[], ["--at", "2099-01-01"]]) {
      const unclear = await on("get", "task", "p", ...past)
      expect(unclear).toMatchObject({ code: 1, out: "" })
      expect(unclear.err).toContain(`say which header is meant: {"team":"`)
      for (const team of teams) expect(await read(team, ...past)).toEqual({ id: "p", team, title: `of ${team}` })
      const nowhere = await on("get", "task", "p", "--header", "team=west", "--json", ...past)
      expect([nowhere.code, errorOf(nowhere.err)]).toEqual([1, "EntityNotFound"])
    }
    const early = await on("get", "task", "p", ...in_("south"), "--at", "2020-01-01")
    expect([early.code, early.err]).toEqual([1, expect.stringContaining("it was made at")])
  })

  it("[CL-134] [CL-30] the one is put whose header values the record names, or --header beside it", async () => {
    for (const team of teams) {
      const put = await on("put", "task", JSON.stringify({ title: `new of ${team}`, team }), "--id", "p")
      expect(put).toMatchObject({ code: 0, err: "" })
      expect(await read(team)).toEqual({ id: "p", team, title: `new of ${team}` })
      // Fields that are not named stay those of the record that is meant.
      expect((await on("put", "task", JSON.stringify({ team, more: 1 }), "--id", "p")).code).toBe(0)
      expect((await on("put", "task", '{"id":"p","more":2}', ...in_(team))).code).toBe(0)
      expect(await read(team)).toEqual({ id: "p", team, title: `new of ${team}`, more: 2 })
    }
    const unclear = await on("put", "task", '{"title":"whose?"}', "--id", "p", "--json")
    expect([unclear.code, errorOf(unclear.err)]).toEqual([1, "EntityAmbiguous"])
    for (const more of [in_("south"), ["--header", "title=x"]]) {
      expect((await on("put", "task", '{"team":"north"}', "--id", "p", ...more)).code).toBe(2)
    }
    const moved = await on("put", "task", '{"team":"west"}', "--id", "p")
    expect([moved.code, moved.err]).toEqual([1, expect.stringContaining("cannot change")])
  })

  it("[CL-134] [CL-60] [CL-63] [CL-64] the past is that of the one whose header is named", async () => {
    for (const team of teams) {
      const [last] = rows((await on("history", "task", "p", ...in_(team), "--json")).out)
      expect((await on("put", "task", `{"title":"late"}`, "--id", "p", ...in_(team))).code).toBe(0)
      const back = JSON.parse(
        (await on("restore", "task", "p", "--at", String(last!["at"]), ...in_(team), "--json")).out
      )
      const titles = { field: "title", value: `new of ${team}`, previous: "late" }
      expect(back.written).toMatchObject([{ changes: [titles] }])
      expect(await read(team)).toMatchObject({ title: `new of ${team}` })
      const undone = JSON.parse((await on("undo", back.commits[0], "--json")).out)
      const retitled = { field: "title", value: "late", previous: `new of ${team}` }
      expect(undone.entities).toMatchObject([{ id: "p", header: { team }, written: [{ changes: [retitled] }] }])
      const redone = await on("undo", undone.commits[0])
      expect(redone.out).toContain(`task p {"team":"${team}"}\n  title = "new of ${team}", was "late"\n`)
    }
    const [{ at }] = rows((await on("history", "task", "p", ...in_("north"), "--json")).out) as [{ at: string }]
    for (const unclear of [await on("history", "task", "p"), await on("restore", "task", "p", "--at", at)]) {
      expect([unclear.code, unclear.err]).toEqual([1, expect.stringContaining("say which header is meant")])
    }
  })

  it("[CL-134] one without header fields is named, too, and none is made for want of a schema", async () => {
    const data = join(folder.path, "bare")
    const bare = (...args: ReadonlyArray<string>) => run([...args, "--data", data])
    await bare("init")
    const north = ["put", "task", '{"team":"north","title":"of north"}', "--id", "p", "--schema", teamSchema]
    expect((await bare(...north)).code).toBe(0)
    const unknown = await bare("put", "task", '{"title":"nowhere"}', "--id", "p")
    expect([unknown.code, unknown.err]).toEqual([
      2,
      expect.stringContaining("header field team, which no schema names")
    ])
    expect((await bare("delete", "task", "p")).code).toBe(0)
    expect((await bare("put", "task", '{"title":"nowhere"}', "--id", "p")).code).toBe(0)
    await makeBoth(data)
    const unclear = await bare("get", "task", "p")
    expect(unclear.err).toContain("{}")
    for (const header of ["{}", '{"team":"north"}']) {
      const { title } = JSON.parse((await bare("get", "task", "p", "--header", header)).out)
      expect(title).toBe(header === "{}" ? "nowhere" : "of north")
    }
    expect((await bare("put", "task", '{"title":"still"}', "--id", "p")).code).toBe(0)
    expect(JSON.parse((await bare("get", "task", "p", "--header", "{}")).out)).toEqual({ id: "p", title: "still" })
    expect((await bare("delete", "task", "p", "--header", "{}")).code).toBe(0)
    for (const wrong of ["{", '{"team":["north"]}']) {
      expect((await bare("get", "task", "p", "--header", wrong)).code).toBe(2)
    }
  })

  it("[CL-134] [CL-42] the one is watched that changed", async () => {
    const [a, b] = [join(folder.path, "a"), join(folder.path, "b")]
    for (const data of [a, b]) {
      await run(["init", "--data", data, "--hub", hub.address, "--schema", teamSchema])
      const id = (await run(["id", "--data", data])).out.trim()
      await run(["trust", id, "--data", join(folder.path, "hub")])
    }
    await makeBoth(a)
    for (const data of [a, b]) {
      await expect.poll(async () => (await run(["sync", "--data", data])).code, { timeout: 20_000 }).toBe(0)
    }
    const watching = start(["watch", "--data", b, "--json"])
    // `watch` says nothing before the first change, so the change comes once it has had time to connect.
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    for (const team of teams) {
      await run(["put", "task", JSON.stringify({ team, title: `seen in ${team}` }), "--id", "p", "--data", a])
      await run(["sync", "--data", a])
      await watching.said(`seen in ${team}`)
    }
    await run(["delete", "task", "p", ...in_("north"), "--data", a])
    await run(["sync", "--data", a])
    await watching.said('"delete"')
    watching.child.kill("SIGINT")
    const { peer } = hub
    const seen = (team: Team) => ({ type: "task", id: "p", header: { team }, peer })
    expect(rows((await watching.ended).out)).toEqual([
      ...teams.map((team) => ({ change: "put", ...seen(team), fields: { team, title: `seen in ${team}` } })),
      { change: "delete", ...seen("north") }
    ])
  })
})
