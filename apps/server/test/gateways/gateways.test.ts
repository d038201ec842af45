/** The frame of all gateways: which are open, who may call, and what a caller cannot do to others. */
import { readFileSync } from "node:fs"
import { request } from "node:http"
import { connect } from "node:net"
import { join } from "node:path"
import { Charter, CharterState, DeviceKey, Entity, Records, SpaceKeys } from "@syncline/core"
import { DeviceKeyFile, nodeLayer } from "@syncline/node"
import { personal } from "@syncline/policy"
import { Context, Effect, Layer, Logger, Redacted } from "effect"
import fastify from "fastify"
import { describe, expect, it, onTestFinished } from "vitest"
import * as ChunkedText from "../../src/gateway/ChunkedText.ts"
import type { Gateway, GatewayServices } from "../../src/gateway/Gateway.ts"
import * as GatewayBudget from "../../src/gateway/GatewayBudget.ts"
import * as Gateways from "../../src/gateway/Gateways.ts"
import * as BodyDeadline from "../../src/http/BodyDeadline.ts"
import * as EdgeSettings from "../../src/http/EdgeSettings.ts"
import { temporaryFolder } from "../hubProcess.ts"
import { ask, write } from "../localDoor.ts"
import { nobodyBefore, openHub } from "./gatewayHub.ts"

describe("gateways", () => {
  it("[GW-1] none is open where no setting opens it", async () => {
    const hub = await openHub({})
    for (const path of ["/sync/api/status", "/api/stats", "/isyncpeers.json", "/socket.io/?EIO=4&transport=polling"]) {
      const answer = await fetch(`${hub.url}${path}`)
      expect([path, answer.status]).toEqual([path, 404])
    }
    expect((await ask(hub.data, "gateways")).body).toEqual({ gateways: [] })
  })

  it("[GW-2] an open one tells log and status what it cannot protect", async () => {
    const hub = await openHub({ projectAi: "on" })
    const { gateways } = (await ask(hub.data, "gateways")).body
    expect(gateways).toEqual([
      {
        name: "project-ai",
        isOpen: true,
        because: null,
        warning: expect.stringContaining("whoever knows a user name") as string
      }
    ])
    const told = hub.log().filter(({ gateway }) => gateway === "project-ai")
    expect(told).toMatchObject([{ level: 40, warning: expect.stringContaining("whoever knows") as string }])
  })

  it(
    "[GW-3] in a sealed space none is open, and one that is open answers no more once it is sealed",
    { timeout: 30_000 },
    async () => {
      const hub = await openHub({ projectAi: "on" }, { policy: "enterprise" })
      const status = () => fetch(`${hub.url}/sync/api/status`)
      expect((await status()).status).toBe(200)
      expect((await write(hub.data, { _tag: "SealSpace", periodDays: null, showsHistory: true })).status).toBe(200)
      const closed = await status()
      expect(closed.status).toBe(503)
      expect(await closed.json()).toEqual({ error: expect.stringContaining("the space is sealed") as string })
      await hub.stop()
      const again = await openHub({ projectAi: "on" }, { policy: "enterprise", data: hub.data })
      expect((await fetch(`${again.url}/sync/api/status`)).status).toBe(404)
      const { gateways } = (await ask(again.data, "gateways")).body
      expect(gateways).toMatchObject([
        { isOpen: false, because: expect.stringContaining("the space is sealed") as string }
      ])
      expect(again.log().filter(({ gateway }) => gateway === "project-ai")).toMatchObject([{ level: 50 }])
    }
  )

  it("[GW-3] none is open where the hub's device may not write what clients send, or lacks the space's key", async () => {
    const key = DeviceKeyFile.deviceKey(Redacted.make(new Uint8Array(32).fill(1)))
    const opened = (isTeam: boolean, role: string, seal: string) => {
      const state = {
        seal: undefined,
        devices: new Map([[key.peer, { member: "m", isPaused: role === "paused" }]]),
        members: new Map([["m", { role: role === "paused" ? "owner" : role }]]),
        roles: new Map(CharterState.builtInRoles.map((known) => [known.id, known]))
      }
      const services = Context.make(DeviceKey.DeviceKey, key).pipe(
        Context.add(Charter.Charter, { state: () => state } as never),
        Context.add(SpaceKeys.SpaceKeys, { status: Effect.succeed({ state: seal }) } as never)
      ) as unknown as Context.Context<GatewayServices>
      const opening = Gateways.open(fastify(), [idle], { services, ...nobodyBefore, from: [], isTeam })
      return Effect.runPromise(Effect.scoped(Effect.provide(opening, services)).pipe(Effect.provide(Logger.layer([]))))
    }
    const because = async (...given: Parameters<typeof opened>) => (await opened(...given))[0]?.because
    expect(await because(true, "owner", "open")).toBeUndefined()
    expect(await because(false, "none", "open")).toBeUndefined()
    for (const role of ["admin", "member", "gone", "paused"]) {
      expect([role, await because(true, role, "open")]).toEqual([role, expect.stringContaining("none of an owner's")])
    }
    for (const seal of ["sealed", "waiting"])
      expect(await because(false, "none", seal)).toContain("the space is sealed")
  })

  it("[GW-4] only addresses of the networks that the settings name may call", async () => {
    const home = new GatewayBudget.GatewayBudget(["10.0.0.0/8", "192.0.2.7", "fd00::/8"], () => 0)
    const yes = ["10.1.2.3", "192.0.2.7", "fd12::1", "::ffff:10.0.0.1", "fd00::1%eth0"]
    const no = ["11.0.0.1", "192.0.2.8", "fe80::1", "::ffff:11.0.0.1", "", "x"]
    expect(yes.map((address) => home.call(address))).toEqual(yes.map(() => undefined))
    expect(no.map((address) => home.call(address))).toEqual(no.map(() => "foreign"))
    const hub = await openHub({ projectAi: "on", from: ["192.0.2.0/24"] })
    const refused = await fetch(`${hub.url}/sync/api/status`)
    expect([refused.status, await refused.json()]).toEqual([403, { error: expect.any(String) as string }])
    expect((await fetch(`${hub.url}/healthz`)).status).toBe(200)
  })

  it("[GW-4] a page of another origin gets nothing", async () => {
    const hub = await openHub({ projectAi: "on" })
    const answer = await fetch(`${hub.url}/sync/download?username=ada`, { headers: { origin: "https://evil.example" } })
    expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([403, null])
  })

  it("[GW-4] a page whose name leads to the hub's address gets nothing either, by requests and upgrades", async () => {
    const publicUrl = "https://hub.example.com/team"
    const hub = await openHub({ projectAi: "on", isync: "on" }, { edge: { ...EdgeSettings.none, publicUrl } })
    const door = JSON.parse(readFileSync(join(hub.data, "local-door.json"), "utf8")) as { readonly url: string }
    const { host, port } = new URL(door.url)
    const asked = (name: string | undefined, path: string, more: Record<string, string> = {}) =>
      new Promise<number>((resolve, reject) => {
        const headers = { host: name ?? host, ...more }
        const asking = request({ host: "127.0.0.1", port, path, headers })
        asking.on("response", (answer) => resolve(answer.resume().statusCode ?? 0))
        asking.on("upgrade", ({ statusCode = 0 }, socket) => {
          socket.destroy()
          resolve(statusCode)
        })
        asking.on("error", reject)
        asking.end()
      })
    const upgrade = {
      connection: "upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA=="
    }
    for (const name of [
      "evil.example",
      `evil.example:${port}`,
      "127.0.0.1.evil.example",
      "hub.example.com.evil.example"
    ]) {
      const own = { origin: `http://${name}` }
      expect([name, await asked(name, "/sync/api/status"), await asked(name, "/sync/api/status", own)]).toEqual([
        name,
        403,
        403
      ])
      expect(await asked(name, "/socket.io/?EIO=4&transport=polling")).toBe(403)
      expect(await asked(name, "/socket.io/?EIO=4&transport=websocket", { ...upgrade, ...own })).toBe(403)
    }
    for (const name of [
      undefined,
      "localhost",
      `[::1]:${port}`,
      "hub",
      "hub.local:5342",
      "HUB.example.com",
      "10.0.0.1"
    ]) {
      expect([name, await asked(name, "/sync/api/status")]).toEqual([name, 200])
    }
    expect(await asked(undefined, "/socket.io/?EIO=4&transport=websocket", upgrade)).toBe(101)
  })

  it("[GW-5] an address has so many calls a minute and so many large bodies at a time, and others are served", () => {
    let nowMs = 0
    const budget = new GatewayBudget.GatewayBudget([], () => nowMs)
    const calls = Array.from({ length: 1_300 }, () => budget.call("192.0.2.1"))
    expect(calls.filter((denial) => denial === undefined)).toHaveLength(1_200)
    expect(calls.at(-1)).toBe("too-often")
    expect(budget.call("192.0.2.2")).toBeUndefined()
    nowMs = 60_000
    expect(budget.call("192.0.2.1")).toBeUndefined()
    const large = { headers: { "content-length": "50000000" } }
    const chunked = { headers: { "transfer-encoding": "chunked" } }
    const held = [budget.body("192.0.2.1", large), budget.body("192.0.2.1", chunked)]
    expect(held.map((place) => typeof place)).toEqual(["function", "function"])
    expect(budget.body("192.0.2.1", large)).toBe("busy")
    expect(typeof budget.body("192.0.2.1", { headers: { "content-length": "1000" } })).toBe("function")
    expect(typeof budget.body("2001:db8::1", large)).toBe("function")
    // One machine has a whole network of IPv6.
    expect(typeof budget.body("2001:db8::2", large)).toBe("function")
    expect(budget.body("2001:db8::3", large)).toBe("busy")
    expect(budget.body("192.0.2.9", large)).toBe("busy")
    for (const place of held) {
      const free = place as () => void
      free()
      free()
    }
    expect(budget.largeBodies).toBe(2)
    expect(typeof budget.body("192.0.2.9", large)).toBe("function")
  })

  it("[GW-6] a large body has minutes to arrive, every other as long as before", async () => {
    const app = fastify()
    onTestFinished(() => app.close())
    // Most routes of a hub are there already.
    app.post("/small", async () => "ok")
    BodyDeadline.install(app, 200)
    app.post("/large", { config: { bodyMsMax: 60_000 } }, async () => "ok")
    app.post("/quick", async () => "ok")
    const { port } = new URL(await app.listen({ port: 0, host: "127.0.0.1" }))
    expect(app.server.requestTimeout).toBe(BodyDeadline.fileBodyMsMax)
    const slowly = (path: string) =>
      new Promise<string>((resolve) => {
        const socket = connect(Number(port), "127.0.0.1")
        let answer = ""
        socket.on("data", (chunk) => {
          answer += String(chunk)
          socket.end()
        })
        socket.on("error", () => undefined).on("close", () => resolve(answer))
        socket.write(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n1`)
        setTimeout(() => socket.writable && socket.write("2"), path === "/quick" ? 50 : 600)
      })
    const [small, large, quick] = await Promise.all(["/small", "/large", "/quick"].map(slowly))
    expect([small, large!.slice(0, 15), quick!.slice(0, 15)]).toEqual(["", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK"])
  })
})

const idle: Gateway = {
  name: "idle",
  warning: "nothing",
  bodyBytesMax: 1,
  answerMsMax: 1,
  refuse: (reply) => reply,
  open: () => Effect.succeed({ addRoutes: () => undefined })
}

const kind: ChunkedText.TextKind = { head: "seed-blob", piece: "seed-part", versions: 3 }

/** Runs on a node of its own. */
const withTexts = <A, E>(
  use: (texts: ChunkedText.ChunkedText, records: Records.Records["Service"]) => Effect.Effect<A, E, Records.Records>
): Promise<A> => {
  const node = nodeLayer({
    folder: temporaryFolder(),
    space: "home",
    transports: [],
    routes: [],
    policy: personal({ trusted: [] })
  })
  const using = Effect.gen(function* () {
    return yield* use(yield* ChunkedText.make, yield* Records.Records)
  })
  return Effect.runPromise(Effect.scoped(Effect.provide(using, Layer.fresh(node))) as Effect.Effect<A, E>)
}

const long = (letter: string, length = 200_000): string => `${letter}€😀`.repeat(length / 4)

describe("texts in pieces", () => {
  it(
    "[GW-7] come back as they were put, short and long, with their facts",
    () =>
      withTexts((texts) =>
        Effect.gen(function* () {
          expect(yield* texts.get(kind, "a")).toBeUndefined()
          for (const text of ["", "short", long("x"), long("y", 3_000_000), "short again"]) {
            yield* texts.put(kind, "a", text, { by: "ada", at: 7 })
            const held = yield* texts.get(kind, "a")
            expect(held?.text === text).toBe(true)
            expect(held?.facts).toEqual({ by: "ada", at: 7 })
          }
        })
      ),
    20_000
  )

  it(
    "[GW-7] the same text again writes no piece; a crash before the head leaves the text before",
    () =>
      withTexts((texts, records) =>
        Effect.gen(function* () {
          yield* texts.put(kind, "a", long("x"), { n: 1 })
          const pieces = Effect.map(
            records.query({ type: kind.piece, where: {}, orderBy: undefined, limit: 1_000, offset: 0 }),
            (all) => all.length
          )
          const before = yield* pieces
          yield* texts.put(kind, "a", long("x"), { n: 2 })
          expect(yield* pieces).toBe(before)
          expect((yield* texts.get(kind, "a"))?.facts).toEqual({ n: 2 })
          // What a writer that dies before its head leaves behind.
          const slot = yield* slotOf(records)
          const next = slot.slice(0, -1) + String((Number(slot.at(-1)) + 1) % kind.versions)
          yield* records.put(Entity.open(kind.piece), { of: "a", text: "half" }, `a/${next}/0`)
          expect((yield* texts.get(kind, "a"))?.text === long("x")).toBe(true)
        })
      ),
    20_000
  )

  it(
    "[GW-7] the last versions come back with their head, and nothing was deleted",
    () =>
      withTexts((texts, records) =>
        Effect.gen(function* () {
          const heads: Array<unknown> = []
          for (const letter of ["p", "q", "r"]) {
            yield* texts.put(kind, "a", long(letter), {})
            heads.push((yield* records.get(kind.head, "a"))?.fields)
          }
          for (const [i, letter] of ["p", "q", "r"].entries()) {
            yield* records.put(Entity.open(kind.head), heads[i], "a")
            expect((yield* texts.get(kind, "a"))?.text === long(letter)).toBe(true)
          }
          yield* texts.put(kind, "a", "short", {})
          const pieces = yield* records.query({
            type: kind.piece,
            where: {},
            orderBy: undefined,
            limit: 1_000,
            offset: 0
          })
          expect(pieces).toHaveLength(3 * Math.ceil(Buffer.byteLength(long("p")) / (48 * 1024)))
        })
      ),
    20_000
  )

  it(
    "[GW-7] pieces that are missing are told, not taken for no text; too long a text is refused",
    () =>
      withTexts((texts, records) =>
        Effect.gen(function* () {
          yield* texts.put(kind, "a", long("x"), {})
          yield* records.put(Entity.open(kind.piece), { of: "a", text: "other" }, `a/${yield* slotOf(records)}/1`)
          expect((yield* Effect.flip(texts.get(kind, "a"))).reason._tag).toBe("PiecesMissing")
          const error = yield* Effect.flip(texts.put(kind, "a", "x".repeat(ChunkedText.textBytesMax + 1), {}))
          expect(error.reason._tag).toBe("TextTooLarge")
        })
      ),
    20_000
  )
})

const slotOf = (records: Records.Records["Service"]) =>
  Effect.map(records.get(kind.head, "a"), (view) => (view!.fields["content"] as { slot: string }).slot)
