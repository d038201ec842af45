/** Other systems' clients: Socket.IO's own client as they have it, and messages that no client sends. */
import { Effect, Exit, Scope } from "effect"
import { createServer, type Server } from "node:http"
import type { AddressInfo, Socket as NetSocket } from "node:net"
import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client"
import { frame, opcode } from "./RawClient.ts"
import { describe, expect, it, onTestFinished } from "vitest"
import { decode } from "../src/ForeignParser.ts"
import { type ForeignClient, type ForeignOptions, serveForeign } from "../src/ForeignServer.ts"

interface World {
  readonly url: string
  readonly server: Server
  readonly heard: Array<readonly [string, string | undefined]>
  readonly clients: Array<ForeignClient>
  readonly ended: Array<string>
  readonly close: () => Promise<void>
}

const world = async (more: Partial<ForeignOptions> = {}): Promise<World> => {
  const server = createServer()
  const scope = Effect.runSync(Scope.make())
  const heard: World["heard"] = []
  const clients: Array<ForeignClient> = []
  const ended: Array<string> = []
  const foreign = await Effect.runPromise(
    Scope.provide(
      serveForeign(server, {
        messageBytesMax: 100_000,
        connectionsMax: 4,
        connectionsPerRemoteMax: 3,
        mayUpgrade: () => true,
        onClient: (client) => {
          clients.push(client)
          return { onEvent: (name, text) => void heard.push([name, text]), onEnd: () => void ended.push(client.id) }
        },
        ...more
      }),
      scope
    )
  )
  server.on("request", (request, response) => {
    if (request.url?.startsWith("/socket.io/") === true) foreign.handle(request, response)
    else response.end("mine")
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
  onTestFinished(async () => {
    await close()
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, heard, clients, ended, close }
}

const isLetIn = (socket: Socket): Promise<boolean> =>
  Promise.race([once(socket, "connect").then(() => true), once(socket, "connect_error").then(() => false)])

const dial = (url: string, options: Partial<ManagerOptions & SocketOptions> = {}): Socket => {
  const socket = io(url, { forceNew: true, reconnection: false, ...options })
  onTestFinished(() => void socket.disconnect())
  return socket
}

const once = (socket: Socket, event: string): Promise<unknown> => new Promise((resolve) => socket.once(event, resolve))

const until = async (isSo: () => boolean): Promise<void> => {
  const began = Date.now()
  while (!isSo()) {
    if (Date.now() - began > 5_000) throw new Error(`not so: ${isSo.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe("foreign clients", () => {
  for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
    it(`[SIO-30][SIO-31] events pass both ways by ${transports.join(" and ")}`, async () => {
      const { clients, ended, heard, url } = await world()
      const socket = dial(url, { transports })
      await once(socket, "connect")
      await until(() => socket.io.engine.transport.name === transports.at(-1))
      socket.emit("hello", { a: [1, "é"] })
      socket.emit("none")
      socket.emit("two", 1, 2)
      await until(() => heard.length === 3)
      expect(heard).toEqual([
        ["hello", `{"a":[1,"é"]}`],
        ["none", undefined],
        ["two", "1,2"]
      ])
      const back = once(socket, "back")
      let sent = 0
      clients[0]!.send("back", `{"n":1728123456.0}`, () => sent++)
      expect(await back).toEqual({ n: 1_728_123_456 })
      await until(() => sent === 1)
      socket.disconnect()
      await until(() => ended.length === 1)
    })
  }

  it("[SIO-30] leaves other requests of the server, and its owner's say about upgrades", async () => {
    const { clients, url } = await world({ mayUpgrade: () => false })
    expect(await (await fetch(`${url}/other`)).text()).toBe("mine")
    const socket = dial(url, { transports: ["websocket"] })
    await once(socket, "connect_error")
    expect(clients).toEqual([])
  })

  it("[SIO-31] text of an argument passes as it came, and only names are read", () => {
    const text = `{ "t" : 1728123456.0, "n": 12345678901234567890, "a": "\\u00e9" }`
    expect(decode(`2["sync_data",${text}]`).data).toEqual(["event", "sync_data", text])
    expect(decode(`212["x" , {]`).data).toEqual(["event", "x", "{"])
    expect(decode(`2["disconnect"]`).data).toEqual(["event", "disconnect", undefined])
  })

  it("[SIO-32] what is no packet throws one kind of error", () => {
    const wrong = [
      "",
      "x",
      "7",
      "2",
      "2{}",
      "2[]",
      `2[1]`,
      `2["\\x"]`,
      `2["${"a".repeat(65)}"]`,
      "51-[]",
      "3[]",
      new Uint8Array(1),
      null
    ]
    for (const message of wrong) expect(() => decode(message)).toThrow("no ")
    expect(() => decode(`0${"x".repeat(5_000)}`)).toThrow("too large")
  })

  it("[SIO-32] what is no packet or too large ends its sender only", async () => {
    const { clients, ended, url } = await world()
    const good = dial(url, { transports: ["websocket"] })
    await once(good, "connect")
    for (const message of ["2[]", "4{}", Buffer.alloc(3), `2["x","${"a".repeat(200_000)}"]`]) {
      const bad = dial(url, { transports: ["websocket"] })
      await once(bad, "connect")
      const gone = once(bad, "disconnect")
      ;(bad.io.engine as unknown as { write: (message: unknown) => void }).write(message)
      await gone
    }
    await until(() => ended.length === 4)
    const back = once(good, "back")
    clients[0]!.send("back", "7")
    expect(await back).toBe(7)
  })

  for (const isUpgraded of [false, true]) {
    it(`[SIO-32] pings whose answers nobody reads end the connection${isUpgraded ? " after an upgrade" : ""}`, async () => {
      const { url } = await world()
      const socket = dial(url, { transports: isUpgraded ? ["polling", "websocket"] : ["websocket"] })
      await once(socket, "connect")
      await until(() => socket.io.engine.transport.name === "websocket")
      const { ws } = socket.io.engine.transport as unknown as { readonly ws: { readonly _socket: NetSocket } }
      ws._socket.pause()
      let isGone = false
      ws._socket.once("error", () => (isGone = true)).once("close", () => (isGone = true))
      const pings = Buffer.concat(Array.from({ length: 10_000 }, () => frame(opcode.ping, Buffer.alloc(125))))
      await until(() => {
        if (ws._socket.writableLength < 4_000_000) ws._socket.write(pings)
        return isGone
      })
      expect(isGone).toBe(true)
    })
  }

  it("[SIO-32] connections are limited, places are free again, and all end with the scope", async () => {
    const { close, ended, url } = await world()
    const three = [1, 2, 3].map(() => dial(url))
    await Promise.all(three.map((socket) => once(socket, "connect")))
    await once(dial(url), "connect_error")
    three[0]!.disconnect()
    await until(() => ended.length === 1)
    // Its connection ends a moment after it has said goodbye.
    let again = dial(url)
    while (!(await isLetIn(again))) again = dial(url)
    const gone = Promise.all([again, three[1]!, three[2]!].map((socket) => once(socket, "disconnect")))
    await close()
    expect(await gone).toHaveLength(3)
  })
})
