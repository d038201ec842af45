/** Galileosky's phones at the hub: the exact requests of their peer sync, with its quirks, and what strangers try. */
import { createConnection } from "node:net"
import { Entity } from "@syncline/core"
import { Effect } from "effect"
import { describe, expect, it, onTestFinished } from "vitest"
import { make } from "../../src/gateway/galileosky/Galileosky.ts"
import { temporaryFolder, until } from "../hubProcess.ts"
import { openAlone, openHub } from "./gatewayHub.ts"
import { ask, keyOf, type Made, phone, record, said } from "./galileoskyClient.ts"

const on = { galileosky: "on" } as const
const options = { bodyBytesMax: 50 * 1024 * 1024, mayClear: false, peers: [], pages: [] }

describe("Galileosky's phones", () => {
  it("[GG-1] are answered in the form of one of theirs", async () => {
    const { log, url } = await openHub(on)
    for (const method of ["GET", "POST", "PUT", "DELETE"]) {
      const { body, status } = await ask(url, method, "/peer/status")
      expect([method, status, body]).toEqual([
        method,
        200,
        {
          deviceId: expect.stringMatching(/^syncline-[0-9a-f]{8}$/) as string,
          isServerMode: true,
          totalRecords: 0,
          totalDevices: 0,
          lastIMEI: null,
          lastSyncTime: null,
          timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as string
        }
      ])
    }
    const posted = {
      deviceId: "phone",
      records: [record(2), record(1)],
      devices: { a: { lastSeen: "x" } },
      lastIMEI: "7"
    }
    expect((await ask(url, "POST", "/peer/import", { body: posted })).body).toEqual({
      success: true,
      newRecords: 2,
      totalRecords: 2,
      message: "Imported 2 new records from peer"
    })
    for (const method of ["GET", "POST", "DELETE"]) {
      expect((await ask(url, method, "/peer/export")).body).toEqual({
        deviceId: expect.stringMatching(/^syncline-/) as string,
        records: [record(1), record(2)],
        devices: { a: { lastSeen: "x" } },
        lastIMEI: "7",
        exportTime: expect.stringMatching(/Z$/) as string
      })
    }
    expect((await ask(url, "POST", "/peer/import", { body: {} })).body).toMatchObject({
      newRecords: 0,
      totalRecords: 2
    })
    for (const [method, path] of [
      ["GET", "/peer/import"],
      ["GET", "/peer/sync"],
      ["POST", "/peer/x"]
    ] as const) {
      const { body, status } = await ask(url, method, path)
      expect([path, status, body]).toEqual([path, 404, { error: "Peer endpoint not found" }])
    }
    const before = await ask(url, "OPTIONS", "/peer/sync")
    expect([before.status, before.body]).toEqual([200, undefined])
    expect(log().filter(({ gateway }) => gateway === "galileosky")).toMatchObject([
      { level: 40, warning: expect.stringContaining("whoever reaches the hub") as string }
    ])
  })

  it("[GG-2] two of them have everything of each other after a sync of each, and the same again changes nothing", async () => {
    const { records, url } = await openAlone(make(options))
    const a = phone("a", [record(1), record(3)], { "861230043907626": { lastSeen: "1" } })
    const b = phone("b", [record(2), record(4)], { b: { lastSeen: "2", lastLocation: null } })
    const first = await a.connectToPeer(url)
    expect(first).toMatchObject({
      success: true,
      syncResult: { newRecords: 2, totalRecords: 2 },
      message: "Sync complete: 2 new records added"
    })
    // Devices as before, records as after.
    expect(first.peerData.devices).toEqual({})
    expect(first.peerData.records).toEqual([record(1), record(3)])
    expect((await b.connectToPeer(`${url}/some/prefix`)).syncResult).toEqual({ newRecords: 2, totalRecords: 4 })
    expect((await a.connectToPeer(url)).syncResult).toEqual({ newRecords: 0, totalRecords: 4 })
    const all = [record(1), record(2), record(3), record(4)]
    expect(a.records).toEqual(all)
    expect(b.records).toEqual(all)
    expect([...a.devices.keys()].sort()).toEqual(["861230043907626", "b"])
    const history = () =>
      Effect.runPromise(
        records.query({ type: "galileosky-device", where: {}, orderBy: undefined, limit: 10, offset: 0 })
      )
    const before = await history()
    expect((await b.connectToPeer(url)).syncResult).toEqual({ newRecords: 0, totalRecords: 4 })
    expect(await history()).toEqual(before)
  })

  it("[GG-3] records of one key are all kept, and every phone ends with all of them", async () => {
    const { url } = await openHub(on)
    const a = phone("a", [record(1, { temperature: 26 }), record(2, { recordIndex: 0 })])
    const b = phone("b", [record(1, { temperature: 999 }), record(2, { recordIndex: 1 })])
    const c = phone("c", [])
    for (let round = 0; round < 2; round++) for (const one of [a, b, c]) await one.connectToPeer(url)
    const all = said([
      record(1, { temperature: 26 }),
      record(1, { temperature: 999 }),
      record(2, { recordIndex: 0 }),
      record(2, { recordIndex: 1 })
    ])
    for (const one of [a, b, c]) expect(said(one.records)).toEqual(all)
    // Each has its own under its own key, and all times are what they were.
    expect(a.records).toContainEqual(record(1, { temperature: 26 }))
    expect(b.records).toContainEqual(record(1, { temperature: 999 }))
    for (const { synclineTimestamp, timestamp } of [...a.records, ...b.records, ...c.records]) {
      const own = (synclineTimestamp ?? timestamp) as string
      expect(new Date(timestamp as string).getTime()).toBe(new Date(own).getTime())
    }
    for (const one of [a, b, c])
      expect((await one.connectToPeer(url)).syncResult).toEqual({ newRecords: 0, totalRecords: 4 })
    for (const one of [a, b, c]) expect(said(one.records)).toEqual(all)
    const { body } = await ask(url, "GET", "/peer/export")
    expect(said(body.records)).toEqual(all)
  })

  it("[GG-3] records of one millisecond in one batch, without a device, a time or any sense are kept as they are", async () => {
    const { url } = await openHub(on)
    const odd: ReadonlyArray<Made> = [
      record(1, { recordIndex: 0 }),
      record(1, { recordIndex: 1 }),
      record(1, { recordIndex: 1 }),
      { timestamp: record(1)["timestamp"], deviceImei: "1", temperature: 1 },
      { timestamp: record(1)["timestamp"], deviceImei: "2", temperature: 1 },
      { deviceId: "no time", n: 1 },
      { deviceId: "no time", n: 2 },
      { timestamp: 1_757_000_000_000, deviceId: "number", n: 1 },
      { timestamp: 1_757_000_000_000, deviceId: "number", n: 2 },
      { timestamp: "yesterday", deviceId: "x", n: 1 },
      { timestamp: "yesterday", deviceId: "x", n: 2 },
      { timestamp: { deep: [1] }, deviceId: null, n: -0 },
      { $x: 1, toString: 2, "": 3 },
      { json: "{}" },
      { json: `{"a":1}`, timestamp: "2025-09-04T00:00:00Z" },
      {},
      { surrogate: "\ud800", long: "x".repeat(20_000) },
      { nul: "a\u0000b", many: Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, i])) },
      Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, i])),
      // A field of its own that looks like the hub's.
      { timestamp: "2025-09-04T00:00:00.000Z", synclineTimestamp: "2020-01-01T00:00:00.000Z", n: 1 }
    ]
    const text = (records: ReadonlyArray<Made>) => JSON.stringify({ deviceId: "odd", records })
    const [first, again] = [
      await ask(url, "POST", "/peer/import", { body: text(odd) }),
      await ask(url, "POST", "/peer/import", { body: text(odd) })
    ]
    expect([first.body.newRecords, again.body.newRecords]).toEqual([odd.length - 1, 0])
    const { records } = (await ask(url, "GET", "/peer/export")).body as { records: Array<Made> }
    expect(new Set(records.map(keyOf)).size).toBe(records.length)
    // What it sent comes back as it was, also under keys of their own.
    const back = await ask(url, "POST", "/peer/import", { body: text(records) })
    expect(back.body).toMatchObject({ newRecords: 0, totalRecords: odd.length - 1 })
  })

  it("[GG-2][GG-3] twenty at once lose nothing and have nothing twice", async () => {
    const { url } = await openHub(on)
    const phones = Array.from({ length: 20 }, (_, i) =>
      phone(
        `p${i}`,
        Array.from({ length: 50 }, (_, j) => record(i * 25 + j)),
        { [`p${i}`]: { lastSeen: i } }
      )
    )
    const results = await Promise.all(phones.map((one) => one.connectToPeer(url)))
    const gained = results.reduce((so: number, { syncResult }) => so + syncResult.newRecords, 0)
    expect(gained).toBe(19 * 25 + 50)
    await Promise.all(phones.map((one) => one.connectToPeer(url)))
    const all = said(Array.from({ length: gained }, (_, i) => record(i)))
    for (const one of phones) expect(said(one.records)).toEqual(all)
    expect((await ask(url, "GET", "/peer/status")).body).toMatchObject({ totalRecords: gained, totalDevices: 20 })
  })

  it("[GG-4] all is there after a restart, and what devices of the space write reaches the phones", async () => {
    const data = temporaryFolder()
    const hub = await openHub(on, { data })
    const a = phone(
      "a",
      Array.from({ length: 1_300 }, (_, i) => record(i)),
      { a: { lastSeen: 1 }, odd: null }
    )
    await a.connectToPeer(hub.url)
    await hub.stop()
    const again = await openHub(on, { data })
    const b = phone("b", [])
    await b.connectToPeer(again.url)
    expect(b.records).toEqual(a.records)
    expect(Object.fromEntries(b.devices)).toEqual({ a: { lastSeen: 1 }, odd: null })
    await again.stop()
    const { records, url } = await openAlone(make(options))
    const type = Entity.open("galileosky-record")
    const id = await Effect.runPromise(
      records.put(type, { timestamp: "2025-01-01T00:00:00.000Z", deviceId: "by hand" }, "by-hand")
    )
    const exported = async () => (await ask(url, "GET", "/peer/export")).body.records as ReadonlyArray<Made>
    await until(async () => (await exported()).length === 1, 5_000)
    const c = phone("c", [])
    await c.connectToPeer(url)
    expect(c.records).toEqual([{ timestamp: "2025-01-01T00:00:00.000Z", deviceId: "by hand" }])
    // It is known although its id is not what the gateway would have given it.
    expect((await c.connectToPeer(url)).syncResult.newRecords).toBe(0)
    await Effect.runPromise(records.patch(type, id, { temperature: 5 }))
    await until(async () => (await exported())[0]?.["temperature"] === 5, 5_000)
    await c.connectToPeer(url)
    expect(c.records).toHaveLength(2)
    await Effect.runPromise(records.remove(type, id))
    await until(async () => (await exported()).length <= 1, 5_000)
  })

  it("[GG-8][GW-8] what is no body of theirs is answered in their form, and nothing of it is kept", async () => {
    const { log, url } = await openHub({ ...on, bodyMebibytes: 1 })
    const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`
    const wrong = [
      "",
      "{",
      "null",
      "[]",
      "7",
      `"x"`,
      nested(10_000),
      `{"records":7}`,
      `{"records":"x"}`,
      `{"records":{}}`,
      `{"records":[null]}`,
      `{"records":[[]]}`,
      `{"records":[{"a":1},{"deep":${nested(40)}}]}`,
      `{"records":[{"deep":${nested(10_000)}}]}`,
      `{"records":[{"large":"${"x".repeat(25_000)}"}]}`,
      `{"records":[{"a":1}],"devices":{"d":${nested(10_000)}}}`
    ]
    for (const body of wrong) {
      const sync = await ask(url, "POST", "/peer/sync", { body })
      expect([body.slice(0, 40), sync.status, sync.body]).toEqual([body.slice(0, 40), 400, { error: "Sync failed" }])
      const imported = await ask(url, "POST", "/peer/import", { body })
      expect([imported.status, imported.body]).toEqual([400, { error: "Invalid import data" }])
    }
    const large = await ask(url, "POST", "/peer/sync", { body: `{"records":[${" ".repeat(1_100_000)}]}` })
    expect([large.status, Object.keys(large.body)]).toEqual([413, ["error"]])
    const packed = await ask(url, "POST", "/peer/sync", { body: "{}", headers: { "content-encoding": "gzip" } })
    expect([packed.status, Object.keys(packed.body)]).toEqual([415, ["error"]])
    expect((await ask(url, "GET", "/peer/status")).body).toMatchObject({ totalRecords: 0, totalDevices: 0 })
    const names = ["__proto__", "constructor", "x".repeat(300), "", "ok", "\u0000", "list"]
    const devices = `{${names.map((name) => `${JSON.stringify(name)}:{"__proto__":1}`).join(",")}}`
    const odd = `{"records":[{"__proto__":{"a":1},"constructor":2}],"devices":${devices},"lastIMEI":{"a":1}}`
    expect((await ask(url, "POST", "/peer/sync", { body: odd })).body).toMatchObject({ syncResult: { newRecords: 1 } })
    expect((await ask(url, "POST", "/peer/sync", { body: odd })).body).toMatchObject({ syncResult: { newRecords: 0 } })
    const { body } = await ask(url, "GET", "/peer/export")
    expect(Object.keys(body.devices).sort()).toEqual(["\u0000", "__proto__", "constructor", "list", "ok"])
    expect(Object.hasOwn(body.records[0], "__proto__")).toBe(true)
    expect(log().filter(({ level }) => (level as number) >= 50)).toEqual([])
  })

  it("[GG-8] phones that go away in the middle disturb nobody", async () => {
    const { log, url } = await openHub(on)
    const records = Array.from({ length: 2_000 }, (_, i) => record(i))
    const body = JSON.stringify({ deviceId: "gone", records })
    const leaving = Array.from({ length: 10 }, (_, i) => {
      const socket = createConnection(Number(new URL(url).port), "127.0.0.1")
      onTestFinished(() => void socket.destroy())
      socket.on("error", () => undefined)
      const head = `POST /peer/sync HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`
      // In the middle of the body, or of the answer.
      socket.write(head + body.slice(0, i % 2 === 0 ? 40_000 : body.length), () =>
        setTimeout(() => socket.destroy(), 20 * i)
      )
      return new Promise((resolve) => socket.once("close", resolve))
    })
    await Promise.all(leaving)
    const stays = phone("stays", [record(1), record(5_000)])
    await until(
      () =>
        stays.connectToPeer(url).then(
          () => true,
          () => false
        ),
      10_000
    )
    const all = said([...records, record(5_000)])
    await phone("whole", records).connectToPeer(url)
    await stays.connectToPeer(url)
    expect(said(stays.records)).toEqual(all)
    expect(log().filter(({ level }) => (level as number) >= 50)).toEqual([])
  })
})
