/** A whole space out of a hub and into another one, over REST. */
import { existsSync, writeFileSync } from "node:fs"
import { request } from "node:http"
import { join } from "node:path"
import { Readable } from "node:stream"
import { HubStore } from "@syncline/node/hub"
import { Effect, Exit, Layer } from "effect"
import { expect, it } from "vitest"
import { Imports } from "../src/exchange/Imports.ts"
import { temporaryFolder, until } from "./hubProcess.ts"
import { type LiveHub, openLiveHub, type Person } from "./live/liveHub.ts"

const ok = async (answer: ReturnType<Person["ask"]>) => {
  const { body, status, text } = await answer
  if (status >= 300) throw new Error(text)
  return body as unknown as Record<string, unknown>
}

const long = "x".repeat(40_000)

const filled = async () => {
  const hub = await openLiveHub()
  const { door } = hub
  const put = (path: string, body: object) => ok(door.ask("PUT", `/entities/${path}`, body))
  await put("task/plain", {
    header: { team: "north" },
    fields: { title: "a", votes: 3, tags: ["b", "a"] },
    kinds: { votes: "counter", tags: "orSet" }
  })
  await put("task/bare", { fields: { title: null } })
  // Beyond one write, by changes.
  await put("task/large", { fields: { text: long } })
  await ok(door.ask("PATCH", "/entities/task/large", { fields: { other: long } }))
  await put("note/emptied", { fields: { votes: 1, tags: ["gone"] }, kinds: { votes: "counter", tags: "orSet" } })
  await ok(door.ask("PATCH", "/entities/note/emptied", { fields: { votes: { inc: -1 }, tags: { remove: ["gone"] } } }))
  const items = Array.from({ length: 2_000 }, (_, at) => ({ id: `n${at}`, fields: { text: `${at}` } }))
  await ok(door.ask("POST", "/entities/note/batch", { items }))
  await put("note/gone", { fields: { text: "x" } })
  await ok(door.ask("DELETE", "/entities/note/gone"))
  return hub
}

const importing = async ({ url }: LiveHub, { shown }: Person, body: string, headers: Record<string, string> = {}) => {
  const sent = { ...shown, "content-type": "application/x-ndjson", ...headers }
  const answer = await fetch(`${url}/api/v1/import`, { method: "POST", headers: sent, body })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

it("[HX-40] [HX-41] what is exported and imported into an empty hub has the same hash, and fields go on as what they are", async () => {
  const hub = await filled()
  const owner = await hub.owner()
  const exported = await owner.ask("GET", "/export")
  expect(exported.status).toBe(200)
  expect(exported.headers.get("content-disposition")).toContain("space.ndjson")
  const lines = exported.text.trim().split("\n")
  expect(lines.length).toBe(2_004 + 2)
  const { end } = JSON.parse(lines.at(-1)!) as {
    readonly end: { readonly records: number; readonly stateHash: string }
  }
  expect(end.records).toBe(2_004)
  const other = await openLiveHub()
  expect(await importing(other, other.door, exported.text)).toEqual({ status: 200, body: { ...end } })
  const again = await other.door.ask("GET", "/export")
  expect(again.text.split("\n").slice(1)).toEqual(exported.text.split("\n").slice(1))
  expect(await ok(other.door.ask("PATCH", "/entities/note/emptied", { fields: { votes: { inc: 5 } } }))).toMatchObject({
    record: { fields: { votes: 5, tags: [] } }
  })
  expect(await importing(other, other.door, exported.text)).toMatchObject({
    status: 409,
    body: { code: "SpaceNotEmpty" }
  })
  expect(existsSync(join(other.data, "import.part"))).toBe(false)
})

it("[HX-41] nothing is written of a file that is not whole, changed, foreign, compressed or of another kind", async () => {
  const source = await openLiveHub()
  await ok(source.door.ask("PUT", "/entities/task/a", { fields: { title: "one" } }))
  await ok(source.door.ask("PUT", "/entities/task/b", { fields: { title: "two" } }))
  const { text } = await source.door.ask("GET", "/export")
  const [first = "", one = "", two = "", last = ""] = text.trim().split("\n")
  const hub = await openLiveHub()
  const sum = JSON.parse(last) as { readonly end: object }
  for (const [lines, code] of [
    [[first, one, two], "ExportMalformed"],
    [[first, one, last], "ExportMalformed"],
    [[first, one.replace("one", "won").replace("two", "won"), two, last], "ExportMalformed"],
    [[first, one, two, JSON.stringify({ end: { ...sum.end, stateHash: "0".repeat(64) } })], "ExportMalformed"],
    [[first, one, two, last, one], "ExportMalformed"],
    [[first, `{"type":"task","id":"x","header":{},"fields":{"__proto__":1}}`, two, last], "ExportMalformed"],
    [[first.replace(/"space":"./, '"space":"'), one, two, last], "ExportForeign"],
    [["null"], "ExportMalformed"],
    [[""], "ExportMalformed"],
    [["\u0000".repeat(100_000)], "ExportMalformed"],
    [["[".repeat(100_000)], "ExportMalformed"]
  ] as const) {
    const answer = await importing(hub, hub.door, `${lines.join("\n")}\n`)
    expect([answer.body["code"], answer.status >= 400 && answer.status < 500]).toEqual([code, true])
  }
  const gzip = await importing(hub, hub.door, text, { "content-encoding": "gzip" })
  expect(gzip.status).toBe(415)
  expect((await hub.door.ask("POST", "/import", {})).status).toBe(415)
  const stranger = await importing(hub, hub.by({}), text)
  expect(stranger.status).toBe(401)
  expect(existsSync(join(hub.data, "import.part"))).toBe(false)
  expect(await importing(hub, hub.door, text)).toMatchObject({ status: 200 })
})

it("[HX-41] a sender that goes away leaves nothing, and another import goes on then; two at a time do not", async () => {
  const source = await openLiveHub()
  await ok(source.door.ask("PUT", "/entities/task/a", { fields: { title: "one" } }))
  const { text } = await source.door.ask("GET", "/export")
  const hub = await openLiveHub()
  const begin = () => {
    const asked = request(`${hub.url}/api/v1/import`, {
      method: "POST",
      headers: { ...hub.door.shown, "content-type": "application/x-ndjson", "content-length": "100000" }
    })
    asked.on("error", () => undefined)
    asked.write(text.slice(0, 20))
    return asked
  }
  const slow = begin()
  await until(() => existsSync(join(hub.data, "import.part")), 3_000)
  expect(await importing(hub, hub.door, text)).toMatchObject({ status: 409, body: { code: "ImportUnderWay" } })
  slow.destroy()
  await until(() => !existsSync(join(hub.data, "import.part")), 3_000)
  expect(await importing(hub, hub.door, text)).toMatchObject({ status: 200, body: { records: 1 } })
})

it("[HX-40] [HX-41] only who has the whole space, and signed in just now, takes it out or brings it in", async () => {
  const hub = await openLiveHub({ policy: "enterprise" })
  const owner = await hub.owner()
  await ok(owner.ask("POST", "/members", { id: "mia", name: "Mia", role: "member", teams: [] }))
  const mia = await hub.join(owner, "mia", "owner", "mia")
  expect((await mia.ask("GET", "/export")).body).toMatchObject({ code: "WholeSpaceNeeded" })
  expect(await importing(hub, mia, "x")).toMatchObject({ status: 403, body: { code: "WholeSpaceNeeded" } })
  const viewer = await hub.join(owner, "vera", "viewer")
  expect((await viewer.ask("GET", "/export")).status).toBe(403)
  expect((await owner.ask("GET", "/export")).status).toBe(200)
})

it("[HX-41] [HX-42] too many bytes are refused as they come, and an import that was cut short is told", async () => {
  const folder = temporaryFolder()
  // Of a hub that was killed while a file arrived.
  writeFileSync(join(folder, "import.part"), "x")
  const rows = await Effect.runPromise(Effect.provide(HubStore.HubStore, HubStore.HubStore.layerMemory))
  const layer = Imports.layer(folder, 1_000).pipe(Layer.provide(Layer.succeed(HubStore.HubStore, rows)))
  const imports = await Effect.runPromise(Effect.provide(Imports, layer))
  expect(existsSync(join(folder, "import.part"))).toBe(false)
  const sent = Readable.from(Array.from({ length: 50 }, () => Buffer.alloc(100)))
  const exit = await Effect.runPromiseExit(imports.takeIn(sent) as unknown as Effect.Effect<unknown, Error>)
  expect(Exit.isFailure(exit) && String(exit.cause)).toContain("more than 1000 bytes")
  expect(existsSync(join(folder, "import.part"))).toBe(false)
  expect(await Effect.runPromise(imports.brokenOffMs)).toBe(undefined)
  await Effect.runPromise(rows.change(({ settings }) => settings.set("import-under-way", "1700000000000")))
  expect(await Effect.runPromise(imports.brokenOffMs)).toBe(1_700_000_000_000)
})
