/**
 * A server that completes a WebSocket upgrade and then says whatever a test wants. It answers nothing by itself.
 */
import { Effect, type Scope } from "effect"
import { createHash } from "node:crypto"
import { type AddressInfo, createServer, type Socket } from "node:net"

const acceptOf = (key: string): string =>
  createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64")

/** One unmasked WebSocket frame below 64 KiB. */
export const frame = (code: number, payload: Uint8Array | string): Buffer => {
  const body = Buffer.from(payload)
  const head = body.length < 126 ? [0x80 | code, body.length] : [0x80 | code, 126, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from(head), body])
}

export const opening = (fields: object = {}): Buffer =>
  frame(
    1,
    `0${JSON.stringify({
      sid: "aaaaaaaaaaaaaaaaaaaa",
      upgrades: [],
      pingInterval: 25_000,
      pingTimeout: 20_000,
      maxPayload: 1_000_000,
      ...fields
    })}`
  )

/** Listens; `onUpgraded` runs for each connection, `onHead` before it. Resolves with the address. */
export const listen = Effect.fnUntraced(function* (
  onUpgraded: (socket: Socket) => void,
  onHead: (head: string) => void = () => {}
): Effect.fn.Return<string, never, Scope.Scope> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on("error", () => socket.destroy())
    socket.once("data", (head) => {
      onHead(head.toString())
      const key = /Sec-WebSocket-Key: (.+)\r\n/i.exec(head.toString())?.[1] ?? ""
      const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
      socket.write([...lines, `Sec-WebSocket-Accept: ${acceptOf(key)}`, "\r\n"].join("\r\n"))
      onUpgraded(socket)
    })
  })
  yield* Effect.acquireRelease(
    Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))),
    () =>
      Effect.sync(() => {
        sockets.forEach((socket) => socket.destroy())
        server.close()
      })
  )
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
})
