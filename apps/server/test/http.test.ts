/**
 * The hub's HTTP side, over real connections.
 */
import { chmodSync, mkdirSync, readdirSync, statSync } from "node:fs"
import { connect } from "node:net"
import { join } from "node:path"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { pino } from "pino"
import * as OperationSettings from "../src/operation/OperationSettings.ts"
import * as EdgeSettings from "../src/http/EdgeSettings.ts"
import * as GatewaySettings from "../src/gateway/GatewaySettings.ts"
import * as Hub from "../src/Hub.ts"
import { metric, startHub, temporaryFolder } from "./hubProcess.ts"

const cautious = ["content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy"]

/** Sends a text and then a byte each second; resolves with what came back and when the hub closed. */
const slowly = (url: string, text: string) =>
  new Promise<{ readonly answer: string; readonly ms: number }>((resolve) => {
    const began = Date.now()
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    let answer = ""
    socket.write(text)
    const dripping = setInterval(() => text !== "" && socket.write("a"), 1_000)
    socket.setEncoding("utf8").on("data", (chunk: string) => (answer += chunk))
    socket.on("error", () => undefined)
    socket.on("close", () => {
      clearInterval(dripping)
      resolve({ answer, ms: Date.now() - began })
    })
  })

// Several processes start in each test, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 })

describe("http", () => {
  it("[HB-7][HB-8][HB-9][HB-10] health, metrics, identity and errors", async () => {
    const hub = await startHub({ data: temporaryFolder(), env: { SYNCLINE_SPACE: "acme" } })
    const health = await fetch(`${hub.url}/healthz`)
    expect(await health.json()).toEqual({ status: "ok" })
    for (const header of cautious) expect(health.headers.get(header)).not.toBeNull()
    expect(health.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/)

    const ready = await fetch(`${hub.url}/readyz`)
    expect(ready.status).toBe(200)
    expect(await ready.json()).toEqual({ status: "ready", head: 0 })

    expect(await metric(hub, "process_resident_memory_bytes")).toBeGreaterThan(1e7)

    const identity = await fetch(`${hub.url}/api/v1/identity`)
    expect(await identity.json()).toEqual({
      peer: hub.peer,
      relays: [],
      space: "acme",
      policy: "personal",
      addresses: [hub.url],
      version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string
    })

    const unknown = await fetch(`${hub.url}/api/v1/secrets?token=abc`, { headers: { "x-request-id": "forged" } })
    expect(unknown.status).toBe(404)
    expect(unknown.headers.get("content-type")).toContain("application/problem+json")
    const problem = (await unknown.json()) as Record<string, unknown>
    expect(problem).toMatchObject({ title: "Not Found", status: 404, detail: "there is no GET /api/v1/secrets" })
    expect(problem["instance"]).toBe(`urn:uuid:${unknown.headers.get("x-request-id")}`)
    for (const header of cautious) expect(unknown.headers.get(header)).not.toBeNull()

    const tooLarge = await fetch(`${hub.url}/healthz`, { method: "POST", body: "x".repeat(70_000) })
    expect([404, 413]).toContain(tooLarge.status)
    expect(tooLarge.headers.get("content-type")).toContain("application/problem+json")
  })

  it("[HB-7] a stopping hub is not ready", async () => {
    const config = {
      port: 0,
      host: "127.0.0.1",
      dataFolder: temporaryFolder(),
      space: "home",
      logLevel: "silent",
      policy: "personal",
      massDeleteRecords: 1_000,
      massDeletePercent: 20,
      auditEntries: 1_000,
      pairing: "on",
      mailboxFolder: undefined,
      relay: "off",
      relayPort: 0,
      relayAddresses: [],
      backupFolder: undefined,
      backupEveryHours: 24,
      backupKeep: 14,
      quotas: OperationSettings.noQuotas,
      otlpUrl: undefined,
      origins: new Map(),
      edge: EdgeSettings.none,
      lanPeers: "off",
      gateways: GatewaySettings.none,
      oidc: undefined,
      passphrase: undefined
    } as const
    const hub = await Hub.open(config, pino({ level: "silent" }))
    onTestFinished(() => hub.stop())
    expect((await fetch(`${hub.url}/readyz`)).status).toBe(200)
    const stopped = hub.stop()
    const answers = await Promise.allSettled([fetch(`${hub.url}/readyz`), fetch(`${hub.url}/readyz`)])
    const statuses = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value.status] : []))
    expect(statuses.filter((status) => status !== 503)).toEqual([])
    await stopped
    await expect(fetch(`${hub.url}/healthz`)).rejects.toThrow("fetch failed")
  })

  it("[HB-96][HB-97] what is no HTTP is a problem, too, and files of the hub are its user's alone", async () => {
    const data = temporaryFolder()
    mkdirSync(data, { recursive: true })
    chmodSync(data, 0o755)
    const hub = await startHub({ data })
    const { answer } = await slowly(hub.url, "BREW / HTTP/1.1\r\n\r\n")
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\ncontent-type: application\/problem\+json\r\n/)
    expect(JSON.parse(answer.split("\r\n\r\n")[1]!)).toMatchObject({ status: 400, code: "BadRequest" })
    const long = await slowly(hub.url, `GET / HTTP/1.1\r\nx: ${"a".repeat(40_000)}\r\n\r\n`)
    expect(long.answer).toMatch(/^HTTP\/1\.1 431 /)
    for (const name of readdirSync(data)) {
      expect([name, (statSync(join(data, name)).mode & 0o077).toString(8)]).toEqual([name, "0"])
    }
  })

  it("[HB-11] silent and slow clients are cut off", async () => {
    const hub = await startHub({ data: temporaryFolder() })
    const [silent, headers, body] = await Promise.all([
      slowly(hub.url, ""),
      slowly(hub.url, "GET /healthz HTTP/1.1\r\nhost: a\r\nx: "),
      slowly(hub.url, "POST /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\ncontent-type: text/plain\r\n\r\n")
    ])
    expect(silent.ms).toBeLessThan(7_000)
    expect(headers.ms).toBeLessThan(7_000)
    expect(body.ms).toBeLessThan(12_500)
    expect((await fetch(`${hub.url}/healthz`)).status).toBe(200)
  })
})
