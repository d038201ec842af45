/** What stands between the hub and those who call it: its own certificate, proxies, and a public address with a path. */
import { writeFileSync } from "node:fs"
import { request } from "node:http"
import { join } from "node:path"
import { connect, setDefaultCACertificates } from "node:tls"
import { pino } from "pino"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import * as BodyDeadline from "../src/http/BodyDeadline.ts"
import * as EdgeSettings from "../src/http/EdgeSettings.ts"
import * as HttpServer from "../src/http/HttpServer.ts"
import * as LocalListener from "../src/http/LocalListener.ts"
import { first, second } from "./certificate.ts"
import { device, failHub, openDevice, startHub, temporaryFolder, until } from "./hubProcess.ts"
import { ask } from "./localDoor.ts"

// Several processes start in each test, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 })
setDefaultCACertificates([first.certificate, second.certificate])

/** Files with a certificate and its key, and the settings that name them. */
const certified = ({ certificate, key }: typeof first) => {
  const folder = temporaryFolder()
  const [cert, secret] = [join(folder, "cert.pem"), join(folder, "key.pem")]
  writeFileSync(cert, certificate)
  writeFileSync(secret, key)
  return { cert, secret, env: { SYNCLINE_TLS_CERT: cert, SYNCLINE_TLS_KEY: secret } }
}

/** The name in the certificate that a hub shows. */
const shownBy = (url: string) =>
  new Promise<string>((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.on("error", reject)
  })

describe("a certificate of its own", () => {
  it("[HO-1] serves browsers and devices by TLS alone, programs on its machine beside it, and shows a renewed one", async () => {
    const data = temporaryFolder()
    const { cert, env, secret } = certified(first)
    const hub = await startHub({ data, env })
    expect(hub.url).toMatch(/^https:/)
    const health = await fetch(`${hub.url}/healthz`)
    expect([health.status, health.headers.get("strict-transport-security")]).toEqual([200, "max-age=31536000"])
    await expect(fetch(`${hub.url.replace("https", "http")}/healthz`)).rejects.toThrow("fetch failed")

    const { peer, store } = device()
    writeFileSync(join(data, "trusted-peers"), `${peer}\n`)
    const node = await openDevice(store, hub)
    await node.task.put({ id: "a", title: "by TLS", votes: 0 })
    const isSynced = async () =>
      (await node.status()).peers.some((each) => each.peer === hub.peer && each.state === "synced")
    await until(isSynced, 20_000)
    expect((await ask(data, "accounts")).status).toBe(200)

    expect(await shownBy(hub.url)).toBe("hub 1")
    // Between the two no pair belongs together, and the one before stays.
    writeFileSync(cert, second.certificate)
    await until(() => hub.log().includes("the certificate before stays"), 15_000)
    expect(await shownBy(hub.url)).toBe("hub 1")
    writeFileSync(secret, second.key)
    await until(async () => (await shownBy(hub.url)) === "hub 2", 15_000)
  })

  it("[HO-1] that cannot be used ends the start with a sentence, and so does half of one", async () => {
    const { cert } = certified(first)
    const { secret } = certified(second)
    const SYNCLINE_LOG_LEVEL = "silent"
    const unlike = await failHub({
      data: temporaryFolder(),
      env: { SYNCLINE_TLS_CERT: cert, SYNCLINE_TLS_KEY: secret, SYNCLINE_LOG_LEVEL }
    })
    expect([unlike.code, unlike.log]).toEqual([1, expect.stringContaining("SYNCLINE_TLS_CERT")])
    const half = await failHub({ data: temporaryFolder(), env: { SYNCLINE_TLS_CERT: cert, SYNCLINE_LOG_LEVEL } })
    expect([half.code, half.log]).toEqual([2, expect.stringContaining("SYNCLINE_TLS_KEY")])
  })
})

describe("the way for programs on the hub's machine", () => {
  it("[HO-1] lets a file take its time, as the other way does", async () => {
    const app = HttpServer.make(pino({ level: "silent" }))
    onTestFinished(() => app.close())
    const config = { bodyMsMax: BodyDeadline.fileBodyMsMax }
    app.post("/file", { config, handlerTimeout: 60_000 }, async () => ({}))
    const beside = LocalListener.make(app)
    await app.ready()
    const url = await beside.open()
    const status = await new Promise<number | string>((resolve) => {
      const headers = { "content-type": "application/json", "content-length": "2" }
      const asked = request(`${url}/file`, { method: "POST", headers })
      asked.on("response", (answer) => resolve(answer.resume().statusCode ?? 0))
      asked.on("error", ({ message }) => resolve(message))
      asked.write("{")
      setTimeout(() => asked.end("}"), HttpServer.requestMsMax + 3_000)
    })
    expect(status).toBe(200)
  })
})

/** A server that answers with who called. */
const echoing = async (edge: Partial<EdgeSettings.EdgeSettings>) => {
  const app = HttpServer.make(pino({ level: "silent" }), { ...EdgeSettings.none, ...edge })
  onTestFinished(() => app.close())
  app.get("/who", async ({ host, ip, protocol, url }) => ({ host, ip, protocol, url }))
  return app.listen({ port: 0, host: "127.0.0.1" })
}

const whoAt = async (url: string, headers: Record<string, string>) =>
  (await (await fetch(`${url}/who`, { headers })).json()) as Record<string, string>

describe("a proxy", () => {
  it("[HO-2] says for whom it asks where it is trusted, and nobody else does", async () => {
    const said = { "x-forwarded-for": "198.51.100.7, 203.0.113.9", "x-forwarded-proto": "https" }
    expect(await whoAt(await echoing({}), said)).toMatchObject({ ip: "127.0.0.1", protocol: "http" })
    const trusted = await echoing({ trustedProxies: ["127.0.0.0/8"] })
    // The last address that no trusted proxy has: what stands before it, anybody could have written.
    expect(await whoAt(trusted, said)).toMatchObject({ ip: "203.0.113.9", protocol: "https" })
    expect(await whoAt(trusted, {})).toMatchObject({ ip: "127.0.0.1", protocol: "http" })
    const both = await echoing({ trustedProxies: ["127.0.0.1", "203.0.113.0/24"] })
    expect(await whoAt(both, said)).toMatchObject({ ip: "198.51.100.7" })
  })
})

/** Asks for an upgrade; the status of the answer. */
const upgraded = (url: string) =>
  new Promise<number>((resolve) => {
    const headers = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="
    }
    const asking = request(url, { headers })
    asking.on("upgrade", (response, socket) => {
      resolve(response.statusCode!)
      socket.destroy()
    })
    asking.on("response", (response) => resolve(response.statusCode!))
    asking.on("error", () => resolve(0))
    asking.end()
  })

describe("a public address", () => {
  it("[HO-3] may have a path, which routes and devices see nothing of, whether a proxy takes it off or not", async () => {
    const data = temporaryFolder()
    const hub = await startHub({ data, env: { SYNCLINE_PUBLIC_URL: "https://example.com/team/" } })
    expect(hub.url).toBe("https://example.com/team")
    const { addresses } = (await ask(data, "identity")).body as unknown as { addresses: ReadonlyArray<string> }
    const [named, bound] = addresses
    expect(named).toBe("https://example.com/team")
    for (const path of ["/healthz", "/team/healthz", "/team/api/v1/identity", "/team/docs"]) {
      expect((await fetch(bound + path)).status).toBe(200)
    }
    expect((await fetch(`${bound}/teams/healthz`)).status).toBe(404)
    for (const path of ["/sl", "/team/sl", "/team/pair"]) {
      expect(await upgraded(`${bound}${path}?EIO=4&transport=websocket`)).toBe(101)
    }
    expect(await upgraded(`${bound}/teams/sl?EIO=4&transport=websocket`)).not.toBe(101)
  })

  it("[HO-3] counts as the hub's own origin", async () => {
    const data = temporaryFolder()
    const hub = await startHub({ data, env: { SYNCLINE_PUBLIC_URL: "https://hub.example.com" } })
    const { addresses } = (await ask(data, "identity")).body as unknown as { addresses: ReadonlyArray<string> }
    const token = /setup token {2}(\S+)/.exec(hub.out())?.[1]
    const asked = (path: string, body: object, headers: Record<string, string> = {}) =>
      fetch(`${addresses[1]}/api/v1/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body)
      })
    const made = await asked("setup", { token, name: "ann", password: "correct horse battery" })
    const cookie = made.headers.get("set-cookie")!.split(";", 1)[0]!
    const issue = (origin: string) => asked("tokens", { note: "", scopes: ["status:read"] }, { cookie, origin })
    expect((await issue("https://hub.example.com")).status).toBe(201)
    expect((await issue("https://evil.example.com")).status).toBe(403)
    expect((await issue(addresses[1]!)).status).toBe(201)
  })

  it("[HB-2] that is no address is refused, and so are networks that are none", async () => {
    const { publicUrl, trustedProxies } = EdgeSettings
    expect(publicUrl.read("HTTPS://Hub.Example.com:443/a/b/")).toBe("https://hub.example.com/a/b")
    for (const bad of [
      "hub.example.com",
      "ftp://a",
      "https://a/?x",
      "https://u@a",
      "https://a/#",
      "https://a/b c",
      7
    ]) {
      expect(publicUrl.read(bad)).toBeUndefined()
    }
    expect(trustedProxies.read("10.0.0.0/8, fd00::/8,127.0.0.1")).toEqual(["10.0.0.0/8", "fd00::/8", "127.0.0.1"])
    for (const bad of ["10.0.0.0/33", "a", "", "10.0.0.1/8/8"]) expect(trustedProxies.read(bad)).toBeUndefined()
  })
})
