import { expect, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Scope } from "effect"
import { createServer, type IncomingMessage, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { io, type Socket } from "socket.io-client"
import { type EventsConnection, type EventsOptions, type EventsRefused, serveEvents } from "../src/EventsServer.ts"
import { until } from "./Harness.ts"
import * as RawClient from "./RawClient.ts"

const path = "/api/events"
const target = `${path}/?EIO=4&transport=websocket`

const foreignServer = Effect.acquireRelease(
  Effect.promise(
    () =>
      new Promise<Server>((resolve) => {
        const server = createServer((_, response) => response.end("theirs"))
        server.listen(0, "127.0.0.1", () => resolve(server))
      })
  ),
  (server) =>
    Effect.sync(() => {
      server.close()
      server.closeAllConnections()
    })
)

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

/** Who asks is what the client says in a header; the other statuses by their number. */
const admit = ({ headers }: IncomingMessage): Effect.Effect<string, EventsRefused> => {
  const who = String(headers["x-who"])
  if (who === "slow") return Effect.never
  return who.startsWith("4") ? Effect.fail({ status: Number(who) as 401 }) : Effect.succeed(who)
}

const open = Effect.fnUntraced(function* (options: Partial<EventsOptions<string>> = {}) {
  const server = yield* foreignServer
  const listening = Effect.never
  yield* serveEvents(server, {
    path,
    namespace: "/admin",
    admit,
    onOpen: () => listening,
    connectionsMax: 8,
    maxPendingConnections: 3,
    ...options
  })
  return urlOf(server)
})

interface Client {
  readonly socket: Socket
  readonly heard: Array<unknown>
  readonly ends: Array<string>
}

const connect = (url: string, who = "mia", namespace = "/admin") =>
  Effect.acquireRelease(
    Effect.sync((): Client => {
      const heard: Array<unknown> = []
      const ends: Array<string> = []
      const socket = io(url + namespace, {
        path,
        transports: ["websocket"],
        reconnection: false,
        forceNew: true,
        extraHeaders: { "x-who": who }
      })
      socket.on("event", (argument: unknown) => heard.push(argument))
      socket.on("connect_error", (error) =>
        ends.push(String(Reflect.get(error, "description")?.message ?? error.message))
      )
      socket.on("disconnect", (reason) => ends.push(reason))
      return { socket, heard, ends }
    }),
    ({ socket }) => Effect.sync(() => socket.disconnect())
  )

const soon = (is: () => boolean) => until(Effect.sync(is))

it.live(
  "[SIO-21] a client of Socket.IO hears what it is told, in order, and the server keeps the rest",
  () =>
    Effect.gen(function* () {
      const url = yield* open({
        onOpen: (who, { emit }) =>
          Effect.andThen(
            Effect.forEach([1, 2, 3], (n) => emit("event", { who, n })),
            Effect.never
          )
      })
      const { heard } = yield* connect(url)
      yield* soon(() => heard.length === 3)
      expect(heard).toEqual([1, 2, 3].map((n) => ({ who: "mia", n })))
      expect(yield* Effect.promise(() => fetch(`${url}/other`).then((answer) => answer.text()))).toBe("theirs")
      const elsewhere = yield* RawClient.open(url)
      yield* elsewhere.write(RawClient.upgrade("/elsewhere"))
      expect(yield* elsewhere.closesWithin(3_000)).toBe(true)
    }),
  10_000
)

it.live(
  "[SIO-21] who may not listen is told so before the upgrade, and who cannot be judged in time",
  () =>
    Effect.gen(function* () {
      const opened: Array<string> = []
      const url = yield* open({
        onOpen: (who) =>
          Effect.andThen(
            Effect.sync(() => opened.push(who)),
            Effect.never
          )
      })
      for (const [who, status] of [
        ["401", 401],
        ["403", 403],
        ["slow", 503]
      ] as const) {
        const { ends } = yield* connect(url, who)
        const [took] = yield* Effect.timed(soon(() => ends.length > 0))
        expect(Duration.toMillis(took)).toBeLessThan(1_000)
        expect(ends[0]).toContain(String(status))
      }
      const other = yield* connect(url, "mia", "/")
      yield* soon(() => other.ends.length > 0)
      expect(opened).toEqual([])
    }),
  10_000
)

it.live(
  "[SIO-21] a path is served once",
  () =>
    Effect.gen(function* () {
      const server = yield* foreignServer
      const options = { path, namespace: "/admin", admit, onOpen: () => Effect.never, connectionsMax: 1 } as const
      yield* serveEvents(server, { ...options, maxPendingConnections: 1 })
      const failure = yield* Effect.flip(serveEvents(server, { ...options, maxPendingConnections: 1 }))
      expect(failure.reason).toMatchObject({ _tag: "AddressInUse", address: path })
    }),
  5_000
)

it.live(
  "[SIO-22] nothing that a client says is read, and at worst its own connection ends",
  () =>
    Effect.gen(function* () {
      let opened = 0
      const url = yield* open({
        onOpen: (_, { emit }) =>
          Effect.andThen(
            Effect.sync(() => void opened++),
            Effect.andThen(emit("event", 1), Effect.never)
          )
      })
      const good = yield* connect(url)
      yield* soon(() => good.heard.length === 1)
      for (const hostile of ['42/admin,["x"]', "40/admin,", "40/other,", "4no", "41,", "4".repeat(5_000)]) {
        const client = yield* connect(url)
        yield* soon(() => client.heard.length === 1)
        // Below Socket.IO's client, as it would say none of this.
        Reflect.get(client.socket.io.engine.transport, "ws").send(hostile)
        yield* soon(() => client.ends.length > 0)
      }
      const twice = yield* RawClient.open(url)
      yield* twice.write(RawClient.upgrade(target))
      yield* soon(() => twice.read().includes('"sid"'))
      const hello = RawClient.frame(RawClient.opcode.text, "40/admin,")
      yield* twice.write(Buffer.concat([hello, hello]))
      expect(yield* twice.closesWithin(2_000)).toBe(true)
      expect(opened).toBeLessThan(9)
      for (const query of ["EIO=4&transport=polling", "EIO=4&transport=websocket&sid=x", "EIO=3&transport=websocket"]) {
        const raw = yield* RawClient.open(url)
        yield* raw.write(RawClient.upgrade(`${path}/?${query}`))
        yield* soon(() => raw.read().includes(" 400 "))
      }
      expect(good.ends).toEqual([])
      expect(good.socket.connected).toBe(true)
    }),
  20_000
)

it.live(
  "[SIO-23] a connection and its handler end with each other, and all of them with the scope",
  () =>
    Effect.gen(function* () {
      const stop = yield* Deferred.make<void>()
      const over: Array<string> = []
      const scope = yield* Scope.make()
      const flood = ({ emit }: EventsConnection) => Effect.forever(emit("event", "x".repeat(1_000_000)))
      const url = yield* open({
        onOpen: (who, connection) =>
          Effect.ensuring(
            who === "deaf" ? flood(connection) : Deferred.await(stop),
            Effect.sync(() => over.push(who))
          )
      }).pipe(Scope.provide(scope))
      const gone = yield* connect(url, "gone")
      yield* soon(() => gone.socket.connected)
      gone.socket.disconnect()
      yield* soon(() => over.includes("gone"))
      const ended = yield* connect(url, "ended")
      yield* soon(() => ended.socket.connected)
      const [took] = yield* Effect.timed(
        Effect.andThen(
          Deferred.succeed(stop, undefined),
          soon(() => ended.ends.length > 0)
        )
      )
      expect(Duration.toMillis(took)).toBeLessThan(1_000)
      const deaf = yield* deafClient(url)
      yield* Effect.sleep(300)
      const [closing] = yield* Effect.timed(Scope.close(scope, Exit.void))
      expect(Duration.toMillis(closing)).toBeLessThan(2_000)
      deaf.socket.resume()
      expect(yield* deaf.closesWithin(1_000)).toBe(true)
      expect(over).toEqual(["gone", "ended", "deaf"])
    }),
  15_000
)

/** One that opens a connection and then reads nothing. */
const deafClient = Effect.fnUntraced(function* (url: string) {
  const raw = yield* RawClient.open(url)
  yield* raw.write(RawClient.upgrade(target, ["x-who: deaf"]))
  yield* soon(() => raw.read().includes(" 101 "))
  yield* raw.write(RawClient.frame(RawClient.opcode.text, "40/admin,"))
  raw.socket.pause()
  return raw
})

it.live(
  "[SIO-24] connections are bounded, and one that does not read holds up nobody else",
  () =>
    Effect.gen(function* () {
      const sent = new Map<string, number>()
      const url = yield* open({
        connectionsMax: 5,
        onOpen: (who, { emit }) =>
          Effect.forever(
            Effect.andThen(
              Effect.tap(emit("event", "x".repeat(who === "deaf" ? 4_000_000 : 1)), () =>
                Effect.sync(() => sent.set(who, (sent.get(who) ?? 0) + 1))
              ),
              Effect.sleep(10)
            )
          )
      })
      yield* deafClient(url)
      const mia = yield* connect(url)
      yield* soon(() => mia.heard.length > 20)
      expect(sent.get("deaf") ?? 0).toBeLessThan(4)
      const pending = yield* Effect.forEach([1, 2, 3], () => RawClient.open(url))
      for (const raw of pending) yield* raw.write(RawClient.upgrade(target))
      yield* Effect.forEach(pending, (raw) => soon(() => raw.read().includes(" 101 ")))
      const refused = yield* connect(url)
      yield* soon(() => refused.ends.length > 0)
      expect(refused.ends[0]).toMatch(/429|503/)
      for (const raw of pending) raw.socket.destroy()
      yield* Effect.sleep(50)
      const again = yield* connect(url)
      yield* soon(() => again.heard.length > 0)
    }),
  20_000
)
