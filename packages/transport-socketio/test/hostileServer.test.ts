import { expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { Socket } from "node:net"
import type { Refusal } from "../src/Refusal.ts"
import { socketIo } from "../src/SocketIoTransport.ts"
import { counted, refused, until } from "./Harness.ts"
import { frame, listen, opening } from "./HostileServer.ts"

const [text, binary, ping] = [1, 2, 9]
const connectPacket = frame(binary, Uint8Array.of(0))
const message = (...bytes: ReadonlyArray<number>) => frame(binary, Uint8Array.from(bytes))

/** What a server says instead of opening a link. */
const openings: ReadonlyArray<readonly [string, Refusal, ReadonlyArray<Buffer>]> = [
  ["an opening that is no JSON", "malformed", [frame(text, "0{")]],
  ["an opening that is null", "malformed", [frame(text, "0null")]],
  ["an opening without fields", "malformed", [frame(text, "0{}")]],
  ["an opening with upgrades", "malformed", [opening({ upgrades: ["polling"] })]],
  ["an opening with a session id of another form", "malformed", [opening({ sid: "../../" })]],
  ["an opening that would never time out", "malformed", [opening({ pingTimeout: 2 ** 40 })]],
  ["an opening of 60 KiB", "text-message", [opening({ sid: "a".repeat(60_000) })]],
  ["Engine.IO's own error", "text-message", [frame(text, "9")]],
  ["text before the opening", "text-message", [frame(text, "2")]],
  ["a connect packet before the opening", "packet-order", [connectPacket]],
  ["a frame before the connect packet", "packet-order", [opening(), message(2, 1)]],
  ["a second opening", "text-message", [opening(), opening()]],
  ["a connect error", "packet-type", [opening(), message(4)]],
  ["Socket.IO's own connect", "text-message", [opening(), frame(text, '40{"sid":"a"}')]],
  ["a masked frame", "malformed", [Buffer.from([0x82, 0x81, 0, 0, 0, 0, 0])]]
]

/** What a server says on an open link. */
const messages: ReadonlyArray<readonly [string, Refusal, ReadonlyArray<Buffer>]> = [
  ["text", "text-message", [frame(text, "4hello")]],
  ["deeply nested JSON", "text-message", [frame(text, `42${"[".repeat(30_000)}`)]],
  ["an empty message", "empty-message", [message()]],
  ["an unknown packet type", "packet-type", [message(7, 1)]],
  ["a disconnect packet", "packet-type", [message(1)]],
  ["a second connect packet", "packet-order", [connectPacket]],
  ["a second opening", "text-message", [opening()]],
  ["a message of 2^40 bytes", "oversize", [Buffer.from([0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0])]],
  ["random bytes", "malformed", [Buffer.from("f3a1947be20d5c68b9", "hex")]]
]

const say =
  (parts: ReadonlyArray<Buffer>) =>
  (socket: Socket): void =>
    void socket.write(Buffer.concat(parts))

/** Opens a link, and says something once the client has sent a frame. */
const openThenSay =
  (parts: ReadonlyArray<Buffer>) =>
  (socket: Socket): void => {
    say([opening(), connectPacket, message(2, 5)])(socket)
    socket.on("data", (chunk) => {
      if (chunk.length > 100) say(parts)(socket)
    })
  }

it.live.each(openings)(
  "[SIO-7] a server that says %s is unreachable, counted",
  ([, reason, parts]) =>
    counted(
      Effect.gen(function* () {
        const address = yield* listen(say(parts))
        const failure = yield* Effect.flip(socketIo().dial(address))
        expect(failure.reason).toMatchObject({ _tag: "Unreachable", problem: `cut off: ${reason}` })
        yield* until(Effect.map(refused(reason), (count) => count === 1))
      })
    ),
  5_000
)

it.live.each(messages)(
  "[SIO-7] a server that says %s loses the link, counted",
  ([, reason, parts]) =>
    counted(
      Effect.gen(function* () {
        const address = yield* listen(openThenSay(parts))
        const link = yield* socketIo().dial(address)
        expect(yield* link.receive).toEqual(Buffer.of(5))
        yield* link.send(new Uint8Array(100))
        const failure = yield* Effect.flip(link.receive)
        expect(failure.reason).toMatchObject({ _tag: "LinkClosed", problem: `cut off: ${reason}` })
        yield* until(Effect.map(refused(reason), (count) => count === 1))
      })
    ),
  5_000
)

it.live.each([
  ["ends after the upgrade", (socket: Socket): void => void socket.end()],
  ["closes the WebSocket after the upgrade", (socket: Socket): void => void socket.end(frame(8, ""))],
  ["resets after its opening", (socket: Socket): void => void socket.write(opening(), () => socket.resetAndDestroy())]
] as const)(
  "[SIO-8] a server that %s is unreachable at once",
  ([, onUpgraded]) =>
    Effect.gen(function* () {
      const address = yield* listen(onUpgraded)
      const failure = yield* Effect.flip(socketIo().dial(address))
      expect(failure.reason._tag).toBe("Unreachable")
    }),
  5_000
)

it.live(
  "[SIO-9] an interrupted dial leaves no connection behind",
  () =>
    Effect.gen(function* () {
      let socket: Socket | undefined
      const address = yield* listen((accepted) => void (socket = accepted))
      const dialling = yield* Effect.forkChild(socketIo().dial(address))
      yield* until(Effect.sync(() => socket !== undefined))
      yield* Fiber.interrupt(dialling)
      yield* until(Effect.sync(() => socket?.closed === true))
    }),
  5_000
)

it.live(
  "[SIO-3] heartbeats and pings whose answers nobody reads cut the connection off",
  () =>
    counted(
      Effect.gen(function* () {
        const pings = Buffer.concat(Array(10_000).fill(frame(ping, Buffer.alloc(125))))
        const flood = (socket: Socket): void => {
          socket.pause()
          socket.write(Buffer.concat([opening(), connectPacket]))
          const timer = setInterval(() => socket.write(pings), 2)
          socket.once("close", () => clearInterval(timer))
        }
        const link = yield* socketIo().dial(yield* listen(flood))
        expect((yield* Effect.flip(link.receive)).message).toMatch(/ping-flood/)
        expect(yield* refused("ping-flood")).toBe(1)
      })
    ),
  15_000
)
