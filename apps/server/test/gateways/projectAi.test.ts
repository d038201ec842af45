/**
 * Project-AI's client at the hub: the exact requests of its `cloud_sync.py`, by a client written anew from what the real one sends.
 */
import { createHash, randomBytes } from "node:crypto"
import { request } from "node:http"
import { createConnection } from "node:net"
import { createNode, Entity, Schema, TrustFile } from "@syncline/node"
import { personal } from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"
import { Effect } from "effect"
import { describe, expect, it, onTestFinished } from "vitest"
import { make } from "../../src/gateway/projectai/ProjectAi.ts"
import * as Upload from "../../src/gateway/projectai/Upload.ts"
import { device, temporaryFolder, until } from "../hubProcess.ts"
import { type GatewayHub, openAlone, openHub } from "./gatewayHub.ts"

/** What python-requests sends of itself. */
const pythonHeaders = {
  "user-agent": "python-requests/2.31.0",
  "accept-encoding": "gzip, deflate",
  accept: "*/*",
  connection: "keep-alive"
}

interface Answered {
  readonly status: number
  readonly body: { readonly [key: string]: unknown }
}

/** One request as the client's library makes it. */
const ask = (
  url: string,
  { body, headers = {}, method = "GET" }: { method?: string; body?: string; headers?: Record<string, string> } = {}
): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }
    const sent = request(url, { method, headers: { ...pythonHeaders, ...length, ...headers } }, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk))
      response.on("end", () => {
        const isJson = response.headers["content-type"]?.includes("json") === true
        resolve({
          status: response.statusCode!,
          body: isJson ? (JSON.parse(text) as Answered["body"]) : { text }
        })
      })
      response.on("error", reject)
    })
    sent.on("error", reject)
    sent.end(body)
  })

const json = { "content-type": "application/json" }

/** `CloudSyncManager`, as far as it speaks to its server; `base` is its CLOUD_SYNC_URL. */
const client = (base: string, name: string) => {
  const device_id = createHash("sha256").update(name).digest("hex").slice(0, 16)
  const query = (username: string) => new URLSearchParams({ username, device_id }).toString()
  return {
    device_id,
    upload: async (username: string, token: string): Promise<boolean> => {
      const encrypted_data = Buffer.from(token, "latin1").toString("hex")
      const body = JSON.stringify({ username, device_id, encrypted_data })
      return (await ask(`${base}/upload`, { method: "POST", body, headers: json })).status === 200
    },
    download: async (username: string): Promise<string | undefined> => {
      const { body, status } = await ask(`${base}/download?${query(username)}`)
      return status === 200 ? Buffer.from(body["encrypted_data"] as string, "hex").toString("latin1") : undefined
    },
    devices: async (username: string): Promise<ReadonlyArray<{ device_id: string; last_sync: string }>> => {
      const { body } = await ask(`${base}/devices?${new URLSearchParams({ username }).toString()}`)
      return body["devices"] as ReadonlyArray<{ device_id: string; last_sync: string }>
    }
  }
}

const sha256Of = (text: string): string => createHash("sha256").update(text).digest("hex")

/** A text as Fernet makes it of so many bytes. */
const token = (bytes: number): string => `gAAAAA${randomBytes(bytes).toString("base64url")}==`

const upload = (hub: GatewayHub, body: unknown, headers: Record<string, string> = json) =>
  ask(`${hub.url}/sync/upload`, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers
  })

const good = { username: "ada", device_id: "0123456789abcdef", encrypted_data: "67414141" }

describe("Project-AI's client", () => {
  it("[GP-1][GP-2][GP-3] uploads, downloads and lists devices as it does at its own server", async () => {
    const hub = await openHub({ projectAi: "on" })
    const answered = await upload(hub, good)
    expect(answered.status).toBe(200)
    expect(answered.body).toEqual({ status: "success", timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as string })
    const found = await ask(`${hub.url}/sync/download?username=ada&device_id=feedfeedfeedfeed`)
    expect(found).toEqual({
      status: 200,
      body: {
        username: "ada",
        device_id: good.device_id,
        encrypted_data: good.encrypted_data,
        timestamp: answered.body["timestamp"]
      }
    })
    const listed = await ask(`${hub.url}/sync/devices?username=ada`)
    const last_sync = answered.body["timestamp"]
    expect(listed).toEqual({ status: 200, body: { devices: [{ device_id: good.device_id, last_sync }] } })
    expect(await ask(`${hub.url}/sync/devices?username=bob`)).toEqual({ status: 200, body: { devices: [] } })
    const online = await ask(`${hub.url}/sync/api/status`)
    expect(online).toMatchObject({ status: 200, body: { status: "online" } })
    // Exactly 404 is what it takes for "nothing there".
    const nobody = await ask(`${hub.url}/sync/download?username=bob&device_id=1`)
    expect(nobody).toEqual({ status: 404, body: { error: "No data found" } })
    for (const path of ["download", "devices", "download?username=", "download?username=a&username=b"]) {
      expect([path, (await ask(`${hub.url}/sync/${path}`)).status]).toEqual([path, 400])
    }
  })

  it("[HQ-3] [GW-8] is told in its own form that the space is full, and what it had stays", async () => {
    const quotas = { recordsPerDevice: 0, mebibytesPerDeviceDay: 0, mebibytesOfSpace: 1 }
    const hub = await openHub({ projectAi: "on" }, { quotas })
    expect((await upload(hub, good)).status).toBe(200)
    let last = 200
    for (let n = 0; n < 5 && last === 200; n++) {
      const encrypted_data = Buffer.from(token(400_000), "latin1").toString("hex")
      last = (await upload(hub, { ...good, username: `user${n}`, encrypted_data })).status
      // What it took in counts a second later.
      await new Promise((resolve) => setTimeout(resolve, 1_100))
    }
    const refused = await upload(hub, { ...good, username: "bob" })
    expect(refused).toMatchObject({ status: 507, body: { error: expect.stringContaining("its quota is 1 MiB") } })
    expect(await ask(`${hub.url}/sync/download?username=ada`)).toMatchObject({ status: 200, body: good })
  })

  it("[GP-1] is answered as well where its address ends in a slash", async () => {
    const hub = await openHub({ projectAi: "on" })
    const { download, upload: put } = client(`${hub.url}/sync/`, "laptop")
    expect(await put("ada", "gAAAAAx")).toBe(true)
    expect(await download("ada")).toBe("gAAAAAx")
  })

  it("[GP-2][GP-4] of two devices of one user the last upload counts, whole, also when many upload at once", async () => {
    const hub = await openHub({ projectAi: "on" })
    const [laptop, phone] = [client(`${hub.url}/sync`, "laptop"), client(`${hub.url}/sync`, "phone")]
    await laptop.upload("ada", "gAAAAAold")
    await phone.upload("ada", "gAAAAAnew")
    expect(await laptop.download("ada")).toBe("gAAAAAnew")
    const names = (await laptop.devices("ada")).map(({ device_id }) => device_id)
    expect(new Set(names)).toEqual(new Set([laptop.device_id, phone.device_id]))
    const texts = Array.from({ length: 6 }, () => token(90_000))
    const clients = texts.map((_, i) => client(`${hub.url}/sync`, `device ${i}`))
    const reads: Array<Promise<string | undefined>> = []
    const kept = await Promise.all(
      texts.map(async (text, i) => {
        reads.push(clients[i]!.download("ada"))
        return clients[i]!.upload("ada", text)
      })
    )
    // Two large bodies of one address are read at a time; the client takes a refusal for what it is and tries again later.
    expect(kept).toContain(true)
    expect([...texts, "gAAAAAnew"]).toContain(await laptop.download("ada"))
    for (const text of await Promise.all(reads)) expect([...texts, "gAAAAAnew"]).toContain(text)
  })

  it(
    "[GP-4][GP-5] a large text is there byte by byte, at the hub and in the records of another device",
    { timeout: 30_000 },
    async () => {
      const data = temporaryFolder()
      const { peer, store } = device()
      await Effect.runPromise(TrustFile.add(data, peer))
      const hub = await openHub({ projectAi: "on" }, { data })
      const text = token(1_000_000)
      const { download, upload: put } = client(`${hub.url}/sync`, "laptop")
      expect(await put("ada", text)).toBe(true)
      expect((await download("ada")) === text).toBe(true)
      const open = { of: Entity.lww(Schema.String), text: Entity.lww(Schema.String) }
      const node = await createNode({
        space: "home",
        store,
        entities: {
          blob: Entity.make("projectai-blob", {
            username: Entity.lww(Schema.String),
            content: Entity.lww(Schema.Unknown as never)
          }),
          part: Entity.make("projectai-part", open)
        },
        policy: personal({ trusted: [hub.peer] }),
        transports: [socketIo()],
        routes: [{ address: hub.url, peer: hub.peer }],
        retryMsMin: 200,
        retryMsMax: 500
      })
      onTestFinished(() => node.close())
      await until(async () => (await node.blob.query({})).length === 1, 10_000)
      const [head] = await node.blob.query({})
      const content = head!["content"] as unknown as { slot: string; pieces: number; sha256: string }
      const pieces = await Promise.all(
        Array.from({ length: content.pieces }, (_, i) => node.part.get(`${head!.id}/${content.slot}/${i}`))
      )
      const joined = pieces.map((piece) => piece!.text).join("")
      expect(joined === text).toBe(true)
      expect(sha256Of(joined)).toBe(content.sha256)
    }
  )

  it("[GP-6][GW-6][GW-8] what is no upload is answered in the client's form, and nothing is kept of it", async () => {
    const hub = await openHub({ projectAi: "on", bodyMebibytes: 1 })
    const nested = `${"[".repeat(10_000)}${"]".repeat(10_000)}`
    const missing = [
      ...["username", "device_id", "encrypted_data"].flatMap((field) => [
        { ...good, [field]: undefined },
        { ...good, [field]: "" }
      ]),
      "null",
      "[]",
      "7",
      `"x"`,
      "{}",
      nested
    ]
    for (const body of missing) {
      expect(await upload(hub, body)).toEqual({ status: 400, body: { error: "Missing required fields" } })
    }
    const wrong = [
      "{",
      "",
      `{"__proto__":{"a":1},"username":"ada","device_id":"d","encrypted_data":"00"}`,
      `{"constructor":{"prototype":1},"username":"ada","device_id":"d","encrypted_data":"00"}`,
      `{"username":"\\ud800","device_id":"d","encrypted_data":"00"}`,
      { ...good, username: "a\0b" },
      { ...good, username: "a".repeat(257) },
      { ...good, username: { a: 1 } },
      { ...good, device_id: "é" },
      { ...good, device_id: "d".repeat(65) },
      { ...good, encrypted_data: "abc" },
      { ...good, encrypted_data: "zz" },
      { ...good, encrypted_data: 12 }
    ]
    for (const body of wrong) {
      const { body: told, status } = await upload(hub, body)
      expect([body, status, Object.keys(told)]).toEqual([body, 400, ["error"]])
    }
    const large = { ...good, encrypted_data: "00".repeat(600_000) }
    expect(await upload(hub, large)).toMatchObject({ status: 413, body: { error: expect.any(String) as string } })
    expect((await upload(hub, good, { "content-type": "text/plain" })).status).toBe(415)
    expect((await upload(hub, good, { ...json, "content-encoding": "gzip" })).status).toBe(415)
    const found = await Promise.all(["ada", "a"].map((name) => ask(`${hub.url}/sync/devices?username=${name}`)))
    expect(found.map(({ body }) => body["devices"])).toEqual([[], []])
    // And it goes on.
    expect((await upload(hub, good)).status).toBe(200)
    // Bytes that are no text come back as well.
    expect((await upload(hub, { ...good, encrypted_data: "00FFd8" })).status).toBe(200)
    expect((await ask(`${hub.url}/sync/download?username=ada`)).body["encrypted_data"]).toBe("00ffd8")
  })

  it("[GP-6] a body of millions of parts keeps nobody waiting for 100 ms, and one with as many quotes in a text is read", async () => {
    const crowds = [
      " ".repeat(16_000_000),
      `[${"{},".repeat(5_000_000)}{}]`,
      "[".repeat(15_000_000),
      `{"a":`.repeat(3_000_000),
      `{"a":"${`\\"`.repeat(7_000_000)}"}`,
      `{"a":"x","b":[${`"",`.repeat(4_000_000)}""]}`
    ]
    for (const crowd of crowds) {
      let workedMs = Infinity
      // What this thread worked, at the best of some tries: a core that is shared counts up to twice as much.
      for (let tries = 0; tries < 5 && workedMs >= 100; tries++) {
        const began = process.threadCpuUsage()
        expect([crowd.slice(0, 8), Upload.isCrowded(crowd)]).toEqual([crowd.slice(0, 8), true])
        const { system, user } = process.threadCpuUsage(began)
        workedMs = Math.min(workedMs, (system + user) / 1_000)
      }
      expect([crowd.slice(0, 8), workedMs < 200]).toEqual([crowd.slice(0, 8), true])
    }
    const plain = { ...good, note: `a "quoted" {name}, [with]: \\"all"\\`, more: { list: [1, 2, { deep: "}" }] } }
    for (const text of [
      JSON.stringify(plain),
      JSON.stringify(`{[,:`.repeat(2_000)),
      " ".repeat(1_000_000),
      `{"a`,
      `"\\`,
      ""
    ]) {
      expect([text.slice(0, 8), Upload.isCrowded(text)]).toEqual([text.slice(0, 8), false])
    }
    const hub = await openHub({ projectAi: "on" })
    expect(await upload(hub, crowds[1]!)).toEqual({ status: 400, body: { error: "Missing required fields" } })
    expect((await upload(hub, plain)).status).toBe(200)
  })

  it("[GP-4][GP-6] a hundred clients at once, and clients that go away in the middle, disturb nobody", async () => {
    const hub = await openHub({ projectAi: "on" })
    const whole = `${JSON.stringify({ ...good, username: "gone" })}${" ".repeat(100_000)}`
    const leaving = Array.from({ length: 20 }, (_, i) => {
      const socket = createConnection(Number(new URL(hub.url).port), "127.0.0.1")
      const head = `POST /sync/upload HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${whole.length}\r\n\r\n`
      socket.on("error", () => undefined)
      // In the middle of the body, or of the answer.
      socket.write(head + whole.slice(0, i % 2 === 0 ? 40_000 : whole.length), () => socket.destroy())
      return new Promise((resolve) => socket.once("close", resolve))
    })
    const people = Array.from({ length: 100 }, (_, i) => client(`${hub.url}/sync`, `device ${i}`))
    const kept = await Promise.all(people.map((one, i) => one.upload(`user ${i}`, `gAAAAA${i}`)))
    expect(kept.every(Boolean)).toBe(true)
    const back = await Promise.all(people.map((one, i) => one.download(`user ${i}`)))
    expect(back).toEqual(people.map((_, i) => `gAAAAA${i}`))
    await Promise.all(leaving)
    expect(hub.log().filter(({ level }) => (level as number) >= 50)).toEqual([])
  })

  it("[GP-7][GW-8] a hub that stops says so, and never that nothing is there", async () => {
    const hub = await openHub({ projectAi: "on" })
    await upload(hub, good)
    const asking = Array.from({ length: 20 }, () => ask(`${hub.url}/sync/download?username=ada`))
    const stopped = hub.stop()
    const answers = await Promise.allSettled(asking)
    const statuses = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value.status] : []))
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([])
    await stopped
  })

  it("[GP-7][GW-8] a text whose pieces are not all here is answered 503; what was overwritten comes back with its head", async () => {
    const { records, url } = await openAlone(make(1_000_000))
    const { download, upload: put } = client(`${url}/sync`, "laptop")
    const texts = Array.from({ length: 8 }, () => token(60_000))
    const heads: Array<unknown> = []
    const id = `user:${sha256Of("ada").slice(0, 32)}`
    for (const text of texts) {
      expect(await put("ada", text)).toBe(true)
      heads.push((await Effect.runPromise(records.get("projectai-blob", id)))!.fields)
    }
    for (const [i, head] of heads.entries()) {
      await Effect.runPromise(records.put(Entity.open("projectai-blob"), head, id))
      expect((await download("ada")) === texts[i]).toBe(true)
    }
    // Another device may write anything there.
    const odd = { encoding: "hex", content: { sha256: sha256Of(`00"x`), bytes: 4, turn: 0, text: `00"x` } }
    await Effect.runPromise(records.put(Entity.open("projectai-blob"), odd, id))
    expect((await ask(`${url}/sync/download?username=ada`)).body["encrypted_data"]).toBe("00")
    await Effect.runPromise(records.put(Entity.open("projectai-blob"), heads.at(-1), id))
    const { slot } = (heads.at(-1) as { content: { slot: string } }).content
    await Effect.runPromise(records.put(Entity.open("projectai-part"), { of: id, text: "another" }, `${id}/${slot}/1`))
    const answer = await ask(`${url}/sync/download?username=ada`)
    expect(answer).toEqual({ status: 503, body: { error: expect.stringContaining("ask again") as string } })
  })
})
