/** Where the hub does not call, however it is written. */
import { TransportError, type Link, type Transport } from "@syncline/core"
import { socketIo } from "@syncline/transport-socketio"
import { Effect, Result } from "effect"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { expect, it, onTestFinished } from "vitest"
import * as AddressGuard from "../../src/peers/AddressGuard.ts"
import { openLiveHub } from "./liveHub.ts"

const closed = AddressGuard.make({ isLanOpen: false })
const open = AddressGuard.make({ isLanOpen: true })
const isCalled = (guard: AddressGuard.AddressGuardShape, address: string): boolean =>
  Result.isSuccess(Effect.runSync(Effect.result(guard.check(address))))

/** Ways to write this machine, its network, and where machines of a cloud ask who they are. */
const inside = [
  "http://127.0.0.1:5342",
  "http://2130706433",
  "http://0x7f.1",
  "http://0177.0.0.1",
  "http://①②⑦.0.0.1",
  "http://localhost",
  "http://localhost.",
  "http://a.localhost:5342",
  "ws://10.0.0.7:5342/sl",
  "wss://192.168.1.1",
  "http://172.16.0.1",
  "http://100.64.0.1",
  "http://[::1]:5342",
  "http://[::ffff:127.0.0.1]",
  "http://[::ffff:7f00:1]",
  "http://[fc00::1]",
  "http://[fe80::1]",
  "http://[64:ff9b::7f00:1]",
  "http://[2002:7f00:1::]",
  "/ip4/127.0.0.1/tcp/5343",
  "/ip4/192.168.1.1/udp/5343/quic-v1",
  "/ip6/::1/tcp/5343"
]
const never = [
  "http://169.254.169.254/latest/meta-data",
  "http://[::ffff:169.254.169.254]",
  "http://[fd00:ec2::254]",
  "http://[64:ff9b::a9fe:a9fe]",
  "http://[fd20:ce::254]",
  "http://100.100.100.200",
  "http://192.0.0.192",
  "http://168.63.129.16",
  "http://[::ffff:a83f:8110]",
  "http://0.0.0.0:5342",
  "http://224.0.0.1",
  "http://255.255.255.255",
  "/ip4/169.254.169.254/tcp/8080",
  "file:///etc/passwd",
  "gopher://hub.example.com",
  "ftp://hub.example.com",
  "http://user:secret@hub.example.com",
  "http://hub.example.com/?a=b",
  "http://hub.example.com/#a",
  "http://hub.example.com:22",
  "http://hub.example.com:25",
  "/ip4/8.8.8.8/tcp/22",
  "hub.example.com",
  "http://",
  ""
]
const outside = [
  "https://hub.example.com",
  "wss://hub.example.com/sync",
  "http://hub.example.com:5342",
  "http://8.8.8.8:80",
  "http://[2606:4700::1111]:443",
  "/ip4/8.8.8.8/udp/5343/quic-v1"
]

it("[HP-3] no address that is not of the internet is called, however it is written", () => {
  for (const address of [...inside, ...never]) expect([address, isCalled(closed, address)]).toEqual([address, false])
  for (const address of outside) expect([address, isCalled(closed, address)]).toEqual([address, true])
  for (const address of ["/dns4/hub.example.com/tcp/5343", "/p2p/12D3Koo"]) {
    expect([address, isCalled(closed, address), isCalled(open, address)]).toEqual([address, false, true])
  }
})

it("[HP-3] with SYNCLINE_LAN_PEERS=on the hub's own network is called, and nobody's addresses are not", () => {
  const own = inside.filter((address) => !/64:ff9b|2002:/.test(address))
  for (const address of [...own, ...outside]) expect([address, isCalled(open, address)]).toEqual([address, true])
  for (const address of never) expect([address, isCalled(open, address)]).toEqual([address, false])
})

const listening = (): Promise<{ readonly server: Server; readonly port: number; readonly calls: Array<string> }> =>
  new Promise((resolve) => {
    const calls: Array<string> = []
    const server = createServer((request, response) => {
      calls.push(request.url ?? "")
      response.writeHead(302, { location: "http://127.0.0.1:1/" }).end()
    })
    server.on("upgrade", (request, socket) => {
      calls.push(request.url ?? "")
      socket.end(
        `HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:${(server.address() as AddressInfo).port}/inside\r\n\r\n`
      )
    })
    onTestFinished(() => void server.close())
    server.listen(0, "127.0.0.1", () => resolve({ server, port: (server.address() as AddressInfo).port, calls }))
  })

const dial = (transport: Transport.Transport, address: string) =>
  Effect.runPromise(Effect.result(Effect.scoped(transport.dial(address))))

it("[HP-3] a name that leads inside is not called, also where it led elsewhere a moment before", async () => {
  const { calls, port } = await listening()
  let asked = 0
  const answers: ReadonlyArray<ReadonlyArray<string>> = [
    ["127.0.0.1"],
    ["8.8.8.8", "127.0.0.1"],
    ["::ffff:127.0.0.1"],
    ["169.254.169.254"]
  ]
  const guard = AddressGuard.make({
    isLanOpen: false,
    resolve: (_, __, callback) =>
      callback(
        null,
        answers[asked++ % answers.length]!.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }))
      )
  })
  const transport = guard.over(socketIo())
  for (const _ of answers) {
    const failed = await dial(transport, `http://rebinding.example.com:${port}`)
    expect(Result.isFailure(failed)).toBe(true)
  }
  expect([asked, calls]).toEqual([answers.length, []])
})

it("[HP-3] what is saved already is looked at again when it is called, and no redirect is followed", async () => {
  const { calls, port } = await listening()
  const failed = await dial(closed.over(socketIo()), `http://127.0.0.1:${port}`)
  expect(Result.isFailure(failed) && failed.failure.reason._tag).toBe("AddressInvalid")
  expect(calls).toEqual([])
  await dial(open.over(socketIo()), `http://127.0.0.1:${port}`)
  expect(calls).toEqual(["/sl?EIO=4&transport=websocket"])
})

it("[HP-3] a guard leaves everything else of a transport as it is", () => {
  const link = { remote: "x" } as Link.Link
  const inner: Transport.Transport = { ...socketIo(), name: "inner", dial: () => Effect.succeed(link) }
  const guarded = closed.over(inner)
  expect([guarded.name, guarded.capabilities, guarded.accepts]).toEqual([inner.name, inner.capabilities, inner.accepts])
  expect(Effect.runSync(Effect.scoped(guarded.dial("wss://hub.example.com")))).toBe(link)
  const failure = Effect.runSync(Effect.flip(Effect.scoped(guarded.dial("wss://10.0.0.1"))))
  expect(failure).toBeInstanceOf(TransportError.TransportError)
})

it("[HP-3] over REST such an address is neither kept nor called, and a test says what came of one dial", async () => {
  const hub = await openLiveHub()
  const { ask } = hub.door
  for (const address of ["http://127.0.0.1:5342", "http://169.254.169.254", "http://0x7f.1"]) {
    for (const [path, body] of [
      ["/routes", { address }],
      ["/routes/test", { address }],
      ["/peers", { address, peer: hub.peer }]
    ] as const) {
      expect(await ask("POST", path, body)).toMatchObject({ status: 422, body: { code: "AddressRefused" } })
    }
  }
  expect((await ask("GET", "/routes")).body).toEqual({ routes: [] })
  await hub.stop()
  const lan = await openLiveHub({ lanPeers: "on" })
  expect((await lan.door.ask("POST", "/routes/test", { address: lan.url })).body).toMatchObject({
    isReachable: true,
    problem: null
  })
  const { port } = await listening()
  const tried = await lan.door.ask("POST", "/routes/test", { address: `http://127.0.0.1:${port}` })
  expect(tried.body).toMatchObject({ isReachable: false })
  expect(tried.body["problem"]).toContain("cannot reach")
  expect((await lan.door.ask("GET", "/routes")).body).toEqual({ routes: [] })
})
