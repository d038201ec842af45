/**
 * A client made of a TCP socket, to send what no WebSocket library would: it writes HTTP and WebSocket frames by hand
 * and does not read them, except for whether the other end has closed.
 */
import { Effect, type Scope } from "effect"
import { connect, type Socket } from "node:net"

export interface RawClient {
  readonly socket: Socket
  readonly write: (bytes: Uint8Array | string) => Effect.Effect<void>
  /** Everything read so far, as Latin-1 text. */
  readonly read: () => string
  /** Whether the other end closes within the time. */
  readonly closesWithin: (ms: number) => Effect.Effect<boolean>
}

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9 } as const

/** The query that Engine.IO's client asks for. */
export const query = "?EIO=4&transport=websocket"

export const open = Effect.fnUntraced(function* (address: string): Effect.fn.Return<RawClient, never, Scope.Scope> {
  const url = new URL(address)
  const socket = connect({ host: url.hostname, port: Number(url.port) })
  let text = ""
  let isClosed = false
  socket.on("data", (chunk) => (text += chunk.toString("latin1")))
  socket.on("error", () => socket.destroy())
  socket.on("end", () => (isClosed = true))
  socket.on("close", () => (isClosed = true))
  yield* Effect.addFinalizer(() => Effect.sync(() => socket.destroy()))
  const until = Effect.fnUntraced(function* (is: () => boolean) {
    while (!is()) yield* Effect.sleep(5)
  })
  return {
    socket,
    write: (bytes) => Effect.sync(() => void socket.write(bytes)),
    read: () => text,
    closesWithin: (ms) =>
      Effect.map(
        Effect.timeoutOption(
          until(() => isClosed),
          ms
        ),
        () => isClosed
      )
  }
})

/** The head of an upgrade request; `lines` replaces or adds headers. */
export const upgrade = (target: string, lines: ReadonlyArray<string> = []): string =>
  [
    `GET ${target} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ...lines,
    "\r\n"
  ].join("\r\n")

/** One masked WebSocket frame; the mask is all zeros. */
export const frame = (code: number, payload: Uint8Array | string, isLast = true): Buffer => {
  const body = Buffer.from(payload)
  const head = Buffer.alloc(14)
  head[0] = (isLast ? 0x80 : 0) | code
  let length = 2
  if (body.length < 126) head[1] = 0x80 | body.length
  else if (body.length < 65_536) {
    head[1] = 0x80 | 126
    length = head.writeUInt16BE(body.length, 2)
  } else {
    head[1] = 0x80 | 127
    length = head.writeBigUInt64BE(BigInt(body.length), 2)
  }
  return Buffer.concat([head.subarray(0, length + 4), body])
}

/** A client past the upgrade, after Engine.IO's opening. */
export const upgraded = Effect.fnUntraced(function* (address: string) {
  const client = yield* open(address)
  yield* client.write(upgrade(new URL(address).pathname + query))
  while (!client.read().includes('"sid"')) yield* Effect.sleep(5)
  return client
})

/** A client that has a link. */
export const connected = Effect.fnUntraced(function* (address: string) {
  const client = yield* upgraded(address)
  yield* client.write(frame(opcode.binary, Uint8Array.of(0)))
  while (!client.read().endsWith("\u0082\u0001\u0000")) yield* Effect.sleep(5)
  return client
})
