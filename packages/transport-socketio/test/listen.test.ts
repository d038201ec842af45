import { expect, it } from "@effect/vitest"
import { Duration, Effect, Exit, Metric, Scope } from "effect"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import * as SocketIoMetrics from "../src/SocketIoMetrics.ts"
import { socketIo } from "../src/SocketIoTransport.ts"
import { counted, echo, listen, until, visit } from "./Harness.ts"
import * as RawClient from "./RawClient.ts"

/** A server with an owner, who answers requests and upgrades to `/theirs`. */
const foreignServer = Effect.acquireRelease(
  Effect.promise(
    () =>
      new Promise<Server>((resolve) => {
        const server = createServer((_, response) => response.end("theirs"))
        server.on("upgrade", (request, socket) => {
          if (request.url === "/theirs") socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\ntheirs")
        })
        server.listen(0, "127.0.0.1", () => resolve(server))
      })
  ),
  (server) =>
    Effect.sync(() => {
      server.close()
      server.closeAllConnections()
    })
)

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
const request = (server: Server) => Effect.promise(() => fetch(urlOf(server)).then((response) => response.text()))

it.live(
  "[SIO-10] a listener of one's own is on loopback, and says on which port",
  () =>
    Effect.gen(function* () {
      const address = yield* listen()
      expect(address).toMatch(/^ws:\/\/127\.0\.0\.1:[1-9]\d*\/sl$/)
      expect(yield* visit(address)).toBe("1,2,3")
      expect(yield* visit(address.replace("ws:", "http:"))).toBe("1,2,3")
      expect(yield* visit(address.replace("/sl", ""))).toBe("1,2,3")
    }),
  5_000
)

it.live(
  "[SIO-10] announced addresses replace the bound one, and paths may differ",
  () =>
    Effect.gen(function* () {
      expect(yield* listen({ announcedAddresses: ["wss://hub.example/sync"] })).toBe("wss://hub.example/sync")
      const address = yield* listen({ path: "/a/b" })
      expect(yield* visit(address)).toBe("1,2,3")
      expect((yield* Effect.flip(visit(address.replace("/a/b", "/a")))).reason._tag).toBe("Unreachable")
    }),
  5_000
)

it.live(
  "[SIO-11] a taken port fails with AddressInUse that names the address",
  () =>
    Effect.gen(function* () {
      const server = yield* foreignServer
      const { port } = server.address() as AddressInfo
      const failure = yield* Effect.flip(listen({ server: { port } }))
      expect(failure.reason).toMatchObject({ _tag: "AddressInUse", address: `127.0.0.1:${port}` })
      expect(failure.isRetryable).toBe(false)
    }),
  5_000
)

it.live(
  "[SIO-11] two listeners on one server and path are refused, on two paths they work",
  () =>
    Effect.gen(function* () {
      const server = yield* foreignServer
      const address = yield* listen({ server })
      const failure = yield* Effect.flip(listen({ server }))
      expect(failure.reason).toMatchObject({ _tag: "AddressInUse", address: "/sl" })
      expect(yield* visit(yield* listen({ server, path: "/other" }))).toBe("1,2,3")
      expect(yield* visit(address)).toBe("1,2,3")
    }),
  5_000
)

it.live(
  "[SIO-11] a transport without a server only dials",
  () =>
    Effect.gen(function* () {
      const transport = socketIo()
      expect(transport.capabilities.canListen).toBe(false)
      expect((yield* Effect.flip(transport.listen(echo))).reason._tag).toBe("AddressInvalid")
    }),
  5_000
)

it.live(
  "[SIO-12] a foreign server keeps its requests and upgrades, and outlives the listener",
  () =>
    Effect.gen(function* () {
      const server = yield* foreignServer
      const theirs = Effect.gen(function* () {
        expect(yield* request(server)).toBe("theirs")
        const client = yield* RawClient.open(urlOf(server))
        yield* client.write(RawClient.upgrade("/theirs"))
        yield* until(Effect.sync(() => client.read().endsWith("theirs")))
      })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const address = yield* listen({ server })
          expect(yield* visit(address)).toBe("1,2,3")
          yield* theirs
          const nobodys = yield* RawClient.open(urlOf(server))
          yield* nobodys.write(RawClient.upgrade("/nobodys"))
          expect(yield* nobodys.closesWithin(3_000)).toBe(true)
        })
      )
      expect(server.listening).toBe(true)
      expect(server.listenerCount("upgrade")).toBe(1)
      expect(server.listenerCount("request")).toBe(1)
      yield* theirs
      expect(yield* visit(yield* listen({ server }))).toBe("1,2,3")
    }),
  10_000
)

it.live(
  "[SIO-13] closing takes less than 2 seconds with deaf, pending and idle connections",
  () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const flood = (link: { readonly send: (frame: Uint8Array) => Effect.Effect<void, unknown> }) =>
        Effect.ignore(Effect.delay(Effect.forever(link.send(new Uint8Array(1024 * 1024))), 100))
      const address = yield* listen({}, flood).pipe(Scope.provide(scope))
      const deaf = yield* RawClient.connected(address)
      deaf.socket.pause()
      const pending = yield* RawClient.upgraded(address)
      const idle = yield* RawClient.open(address)
      yield* Effect.sleep(500)
      const [took] = yield* Effect.timed(Scope.close(scope, Exit.void))
      expect(Duration.toMillis(took)).toBeLessThan(2_000)
      for (const client of [pending, idle]) expect(yield* client.closesWithin(1_000)).toBe(true)
      deaf.socket.resume()
      expect(yield* deaf.closesWithin(1_000)).toBe(true)
    }),
  10_000
)

it.live(
  "[SIO-13] a farewell sent by a link's handler when listening ends still arrives",
  () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const address = yield* listen({}, (link) =>
        Effect.never.pipe(Effect.onInterrupt(() => Effect.ignore(link.send(Uint8Array.of(9)))))
      ).pipe(Scope.provide(scope))
      const link = yield* socketIo().dial(address)
      yield* Scope.close(scope, Exit.void)
      expect([...(yield* link.receive)]).toEqual([9])
      expect((yield* Effect.flip(link.receive)).reason._tag).toBe("LinkClosed")
    }),
  5_000
)

it.live(
  "[SIO-14] a client that does not answer heartbeats is ended",
  () =>
    Effect.gen(function* () {
      const address = yield* listen({ pingIntervalMs: 100, pingTimeoutMs: 100 })
      const silent = yield* RawClient.connected(address)
      expect(yield* silent.closesWithin(2_000)).toBe(true)
      const link = yield* socketIo().dial(address)
      yield* Effect.sleep(600)
      yield* link.send(Uint8Array.of(4))
      expect([...(yield* link.receive)]).toEqual([4])
    }),
  5_000
)

it.live(
  "[SIO-15] connections and frame bytes are counted",
  () =>
    counted(
      Effect.gen(function* () {
        yield* visit(yield* listen())
        const read = (metric: typeof SocketIoMetrics.bytesTotal, direction: "in" | "out") =>
          Effect.map(Metric.value(Metric.withAttributes(metric, { direction })), ({ count }) => count)
        for (const direction of ["in", "out"] as const) {
          expect(yield* read(SocketIoMetrics.connectionsTotal, direction)).toBe(1)
          // The visitor's three bytes there and back are counted at both ends.
          expect(yield* read(SocketIoMetrics.bytesTotal, direction)).toBe(6)
        }
      })
    ),
  5_000
)

it.live("[SIO-10] options out of bounds throw when the node is composed", () =>
  Effect.sync(() => {
    expect(() => socketIo({ path: "sl" })).toThrow(RangeError)
    expect(() => socketIo({ path: "/sl?a" })).toThrow(RangeError)
    expect(() => socketIo({ pingIntervalMs: 5 })).toThrow(/pingIntervalMs is 5/)
    expect(() => socketIo({ server: { port: 65_536 } })).toThrow(RangeError)
    expect(() => socketIo({ maxConnections: 0.5 })).toThrow(RangeError)
  })
)
