import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Scope } from "effect"
import type { Refusal } from "../src/Refusal.ts"
import { counted, listen, refused, until, visit } from "./Harness.ts"
import * as RawClient from "./RawClient.ts"

const { binary, continuation, ping, text } = RawClient.opcode
const frame = RawClient.frame

type Attack = (address: string) => Effect.Effect<RawClient.RawClient, never, Scope.Scope>

const after =
  (state: Attack) =>
  (...messages: ReadonlyArray<Uint8Array | string>): Attack =>
  (address) =>
    Effect.tap(state(address), (client) => Effect.forEach(messages, client.write))

const start = after(RawClient.open)
const upgraded = after(RawClient.upgraded)
const connected = after(RawClient.connected)
const upgradeTo = (target: string, ...lines: ReadonlyArray<string>) => start(RawClient.upgrade(target, lines))

const mebibyte = Buffer.alloc(1024 * 1024)
const nested = `2["f",${"[".repeat(40_000)}${"]".repeat(40_000)}]`

const attacks: ReadonlyArray<readonly [string, Refusal, Attack]> = [
  ["no HTTP", "bad-request", start("\u0016\u0003\u0001 hello\r\n\r\n")],
  ["a head that never ends", "bad-request", start("GET /sl HTTP/1.1\r\nHost: a\r\nX-Slow: ")],
  ["an upgrade to another path", "bad-request", upgradeTo("/other")],
  ["an upgrade to long polling", "bad-request", upgradeTo("/sl?EIO=4&transport=polling")],
  ["an upgrade of protocol version 3", "bad-request", upgradeTo("/sl?EIO=3&transport=websocket")],
  ["an upgrade that names a session", "bad-request", upgradeTo(`/sl${RawClient.query}&sid=abc`)],
  ["an upgrade that names __proto__", "bad-request", upgradeTo(`/sl${RawClient.query}&sid=__proto__`)],
  ["an upgrade from a web page", "origin", upgradeTo(`/sl${RawClient.query}`, "Origin: https://evil.example")],
  ["an upgrade without a key", "abandoned", upgradeTo(`/sl${RawClient.query}`, "Sec-WebSocket-Key: no")],
  ["no connect packet", "abandoned", upgraded()],
  ["a text message", "text-message", connected(frame(text, "hello"))],
  ["a text message before the connect packet", "text-message", upgraded(frame(text, "4hello"))],
  ["Socket.IO's own connect", "text-message", upgraded(frame(text, "40"))],
  ["deeply nested JSON", "text-message", connected(frame(text, `4${nested}`))],
  ["binary in base64 text", "text-message", connected(frame(text, "bAgEC"))],
  ["Engine.IO's upgrade packet", "text-message", connected(frame(text, "5"))],
  ["Engine.IO's ping", "text-message", connected(frame(text, "2"))],
  ["invalid UTF-8", "malformed", connected(frame(text, Uint8Array.of(0xff)))],
  ["an empty message", "empty-message", connected(frame(binary, ""))],
  ["a disconnect packet", "packet-type", connected(frame(binary, Uint8Array.of(1)))],
  ["an acknowledgement packet", "packet-type", connected(frame(binary, Uint8Array.of(3, 1)))],
  ["an unknown packet type", "packet-type", connected(frame(binary, Uint8Array.of(255, 1, 2, 3)))],
  ["a frame before the connect packet", "packet-order", upgraded(frame(binary, Uint8Array.of(2, 1)))],
  ["a second connect packet", "packet-order", connected(frame(binary, Uint8Array.of(0)))],
  ["another namespace", "namespace", upgraded(frame(binary, "\u0000/admin,"))],
  ["another namespace later", "namespace", connected(frame(binary, "\u0000/admin,"))],
  ["10 MiB in one message", "oversize", connected(frame(binary, Buffer.concat(Array(10).fill(mebibyte))))],
  [
    "2 MiB in fragments",
    "oversize",
    connected(frame(binary, mebibyte, false), frame(continuation, mebibyte, false), frame(continuation, "", true))
  ],
  ["reserved bits", "malformed", connected(Uint8Array.of(0xf2, 0x80, 0, 0, 0, 0))],
  ["an unmasked frame", "malformed", connected(Uint8Array.of(0x82, 0x01, 0x02))],
  ["a compressed frame", "malformed", connected(Uint8Array.of(0xc2, 0x81, 0, 0, 0, 0, 2))],
  ["random bytes", "malformed", connected(Buffer.from("f3a1947be20d5c68b9", "hex"))]
]

const listening = listen({ handshakeTimeoutMs: 300 })

it.live.each(attacks)(
  "[SIO-1] %s ends the connection, counted; the next client is served",
  ([, reason, attack]) =>
    counted(
      Effect.gen(function* () {
        const address = yield* listening
        const attacker = yield* attack(address)
        expect(yield* attacker.closesWithin(3_000)).toBe(true)
        yield* until(Effect.map(refused(reason), (count) => count === 1))
        expect(yield* visit(address)).toBe("1,2,3")
      })
    ),
  10_000
)

it.live(
  "[SIO-2] more small frames than the inbox holds cut the connection off",
  () =>
    counted(
      Effect.gen(function* () {
        const address = yield* listen({}, () => Effect.never)
        const attacker = yield* RawClient.connected(address)
        const burst = Buffer.concat(Array(40_000).fill(frame(binary, Uint8Array.of(2))))
        yield* attacker.write(burst)
        expect(yield* attacker.closesWithin(3_000)).toBe(true)
        expect(yield* refused("inbox-overflow")).toBe(1)
      })
    ),
  10_000
)

it.live(
  "[SIO-3] pings whose answers nobody reads cut the connection off",
  () =>
    counted(
      Effect.gen(function* () {
        const address = yield* listening
        const attacker = yield* RawClient.connected(address)
        attacker.socket.pause()
        const pings = Buffer.concat(Array(10_000).fill(frame(ping, Buffer.alloc(125))))
        yield* Effect.forever(Effect.andThen(attacker.write(pings), Effect.sleep(1))).pipe(
          Effect.raceFirst(until(Effect.map(refused("ping-flood"), (count) => count === 1)))
        )
        expect(yield* visit(address)).toBe("1,2,3")
      })
    ),
  15_000
)

it.live(
  "[SIO-4] connections that are no links yet are limited per remote address",
  () =>
    counted(
      Effect.gen(function* () {
        const address = yield* listen({ handshakeTimeoutMs: 1_000, maxPendingConnections: 5 })
        const clients = yield* Effect.all(Array.from({ length: 12 }, () => upgradeTo(`/sl${RawClient.query}`)(address)))
        yield* until(Effect.map(refused("pending-limit"), (count) => count === 7))
        expect(clients.filter((client) => client.read().startsWith("HTTP/1.1 429")).length).toBeLessThanOrEqual(7)
        yield* Effect.forEach(clients, (client) => client.closesWithin(3_000), { concurrency: "unbounded" })
        expect(yield* refused("abandoned")).toBe(5)
        expect(yield* visit(address)).toBe("1,2,3")
      })
    ),
  10_000
)

it.live(
  "[SIO-5] a link does not count as pending, and connections altogether are limited",
  () =>
    counted(
      Effect.gen(function* () {
        const address = yield* listen({ maxPendingConnections: 1, maxConnections: 3 })
        const links = [yield* RawClient.connected(address), yield* RawClient.connected(address)]
        links.push(yield* RawClient.connected(address))
        const fourth = yield* upgradeTo(`/sl${RawClient.query}`)(address)
        expect(yield* fourth.closesWithin(1_000)).toBe(true)
        expect(fourth.read()).toMatch(/^HTTP\/1\.1 503/)
        expect(yield* refused("connection-limit")).toBe(1)
        links[0]?.socket.destroy()
        yield* until(Effect.map(Effect.option(visit(address)), (visited) => visited._tag === "Some"))
      })
    ),
  10_000
)

it.live(
  "[SIO-6] knowing a session id does not let anyone into its connection",
  () =>
    counted(
      Effect.gen(function* () {
        const address = yield* listening
        const victim = yield* RawClient.connected(address)
        const sid = /"sid":"([^"]+)"/.exec(victim.read())?.[1]
        const thief = yield* upgradeTo(`/sl${RawClient.query}&sid=${sid}`)(address)
        expect(yield* thief.closesWithin(1_000)).toBe(true)
        yield* victim.write(frame(binary, Uint8Array.of(2, 77)))
        yield* until(Effect.sync(() => victim.read().endsWith("\u0082\u0002\u0002M")))
      })
    ),
  10_000
)
