import { expect, it } from "@effect/vitest"
import type { Transport } from "@syncline/core"
import { Effect, Exit, Result, Scope } from "effect"
import { createServer } from "node:https"
import type { Socket } from "node:net"
import { socketIo } from "../src/SocketIoTransport.ts"
import { listen, until, visit } from "./Harness.ts"
import * as HostileServer from "./HostileServer.ts"
import * as TcpProxy from "./TcpProxy.ts"
import { certificate, privateKey } from "./TlsFixture.ts"

/** Bytes of connecting and closing, both ways, HTTP upgrade included. Our sessions' budget counts on it. */
const connectionBytesMax = 450

it.live(
  "[SIO-16] connecting and closing cost few bytes",
  () =>
    Effect.gen(function* () {
      const proxy = yield* TcpProxy.make
      const address = yield* proxy.route(yield* listen())
      yield* Effect.scoped(socketIo().dial(address))
      yield* Effect.sleep(100)
      const { up, down } = proxy.bytes
      expect(up).toBeGreaterThan(100)
      expect(up + down).toBeLessThanOrEqual(connectionBytesMax)
    }),
  5_000
)

it.live(
  "[SIO-16] a frame costs its WebSocket header and one byte",
  () =>
    Effect.gen(function* () {
      const proxy = yield* TcpProxy.make
      const link = yield* socketIo().dial(yield* proxy.route(yield* listen()))
      const cost = Effect.fnUntraced(function* (size: number) {
        const { up, down } = proxy.bytes
        yield* link.send(new Uint8Array(size))
        yield* link.receive
        return { up: proxy.bytes.up - up - size, down: proxy.bytes.down - down - size }
      })
      expect(yield* cost(100)).toEqual({ up: 7, down: 3 })
      expect(yield* cost(1_000)).toEqual({ up: 9, down: 5 })
      expect(yield* cost(1024 * 1024)).toEqual({ up: 15, down: 11 })
    }),
  5_000
)

it.live(
  "[SIO-16] the upgrade asks for no extension and sends no header that is not needed",
  () =>
    Effect.gen(function* () {
      let head = ""
      const address = yield* HostileServer.listen(
        (socket) => void socket.end(),
        (text) => (head = text)
      )
      yield* Effect.flip(socketIo().dial(address))
      const names = head
        .split("\r\n")
        .slice(1, -2)
        .map((line) => line.split(":")[0])
      expect(new Set(names)).toEqual(
        new Set(["Connection", "Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Upgrade"])
      )
    }),
  5_000
)

const leadingTo =
  (address: string, asked: Array<string>): Transport.Lookup =>
  (hostname, options, callback) => {
    asked.push(hostname)
    if (options.all === true) callback(null, [{ address, family: 4 }])
    else callback(null, address, 4)
  }

it.live(
  "[SIO-20] a dial with a lookup goes where that leads, and nowhere where it refuses",
  () =>
    Effect.gen(function* () {
      const { port } = new URL(yield* listen())
      const address = `http://peer.nowhere.invalid:${port}`
      const asked: Array<string> = []
      const link = yield* socketIo().dial(address, { lookup: leadingTo("127.0.0.1", asked) })
      yield* link.send(Uint8Array.of(1))
      expect([...(yield* link.receive)]).toEqual([1])
      expect(asked).toEqual(["peer.nowhere.invalid"])
      const error = yield* Effect.flip(
        socketIo().dial(`http://localhost:${port}`, {
          lookup: (hostname, _, callback) => callback(new Error(`${hostname} is closed`), "")
        })
      )
      expect(error.reason._tag).toBe("Unreachable")
    }),
  5_000
)

it.live(
  "[SIO-33] a dial that is turned away because too many are there says so, and works once there is room",
  () =>
    Effect.gen(function* () {
      const address = yield* listen({ maxConnections: 1 })
      const scope = yield* Scope.make()
      yield* Effect.provideService(socketIo().dial(address), Scope.Scope, scope)
      const failure = yield* Effect.flip(Effect.scoped(socketIo().dial(address)))
      expect(failure.reason).toMatchObject({ _tag: "ListenerBusy", address })
      expect(failure.isRetryable).toBe(true)
      yield* Scope.close(scope, Exit.void)
      yield* until(Effect.map(Effect.result(Effect.scoped(socketIo().dial(address))), Result.isSuccess))
    }),
  5_000
)

it.live(
  "[SIO-17] an address has scheme, host, port and path, nothing else",
  () =>
    Effect.gen(function* () {
      for (const address of ["ws://", "ws://a:b@host", "ws://host/?a=1", "ws://host/#a", "ws://[1", "ftp://host"]) {
        const failure = yield* Effect.flip(socketIo().dial(address))
        expect([address, failure.reason._tag]).toEqual([address, "AddressInvalid"])
      }
      expect(["HTTP://a", "https://a", "ws://a", "wss://a"].every(socketIo().accepts)).toBe(true)
    }),
  5_000
)

it.live(
  "[SIO-14] a server whose heartbeats stop is left",
  () =>
    Effect.gen(function* () {
      const opening = HostileServer.opening({ pingInterval: 100, pingTimeout: 100 })
      const connect = HostileServer.frame(2, Uint8Array.of(0))
      const address = yield* HostileServer.listen(
        (socket: Socket) => void socket.write(Buffer.concat([opening, connect]))
      )
      const link = yield* socketIo().dial(address)
      expect((yield* Effect.flip(link.receive)).reason._tag).toBe("LinkClosed")
    }),
  5_000
)

const tlsServer = Effect.acquireRelease(
  Effect.promise(() => {
    const server = createServer({ cert: certificate, key: privateKey })
    return new Promise<typeof server>((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)))
  }),
  (server) => Effect.sync(() => server.close())
)

/** Both ends' channel bindings of one TLS connection. */
const bindings = Effect.fnUntraced(function* (isServerBound: boolean, isClientBound: boolean) {
  let far: Uint8Array | undefined
  const address = yield* listen({ server: yield* tlsServer, tlsChannelBinding: isServerBound }, (link) => {
    far = link.channelBinding
    return Effect.never
  })
  const client = socketIo({ tlsAuthorities: [certificate], tlsChannelBinding: isClientBound })
  const near = yield* client.dial(address)
  yield* until(Effect.sync(() => far !== undefined))
  return [near.channelBinding, far ?? new Uint8Array()] as const
})

it.live(
  "[SIO-18] with tlsChannelBinding both ends add the same keying material",
  () =>
    Effect.gen(function* () {
      const [near, far] = yield* bindings(true, true)
      expect(Buffer.compare(near, far)).toBe(0)
      expect(near.length).toBe("socketio/1/".length + 20 + 32)
    }),
  5_000
)

it.live(
  "[SIO-18] without it the binding is the session id; with it on one side bindings differ",
  () =>
    Effect.gen(function* () {
      const [near, far] = yield* bindings(false, false)
      expect(Buffer.compare(near, far)).toBe(0)
      expect(Buffer.from(near).toString()).toMatch(/^socketio\/1\/[\w-]{20}$/)
      const [bound, unbound] = yield* bindings(false, true)
      expect(Buffer.compare(bound, unbound)).not.toBe(0)
    }),
  5_000
)

it.live(
  "[SIO-18] a certificate of an unknown authority makes the server unreachable",
  () =>
    Effect.gen(function* () {
      const address = yield* listen({ server: yield* tlsServer })
      expect(address).toMatch(/^wss:/)
      const failure = yield* Effect.flip(visit(address))
      expect(failure.reason).toMatchObject({ _tag: "Unreachable", problem: expect.stringMatching(/self-signed/) })
      expect(yield* visit(address, socketIo({ tlsAuthorities: [certificate] }))).toBe("1,2,3")
    }),
  5_000
)
