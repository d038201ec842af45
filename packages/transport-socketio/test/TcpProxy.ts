/**
 * The wire between client and server in tests: it forwards TCP connections, counts their bytes, cuts them, and can be
 * offline. It does not look into the bytes.
 */
import { Effect, type Scope } from "effect"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"

export interface TcpProxy {
  /** Starts a proxy in front of the address; resolves with the address to dial instead. */
  readonly route: (address: string) => Effect.Effect<string, never, Scope.Scope>
  readonly dropLink: Effect.Effect<void>
  readonly goOffline: Effect.Effect<void>
  readonly goOnline: Effect.Effect<void>
  /** Bytes forwarded so far: `up` towards the server. */
  readonly bytes: { up: number; down: number }
}

export const make = Effect.sync((): TcpProxy => {
  const sockets = new Set<Socket>()
  const bytes = { up: 0, down: 0 }
  let isOnline = true
  const dropLink = Effect.sync(() => sockets.forEach((socket) => socket.resetAndDestroy()))
  const forward = (from: Socket, to: Socket, direction: "up" | "down"): void => {
    sockets.add(from)
    from.on("data", (chunk) => (bytes[direction] += chunk.length))
    from.on("error", () => to.destroy())
    from.on("close", () => to.destroy())
    from.pipe(to)
  }
  const route = Effect.fnUntraced(function* (address: string) {
    const url = new URL(address)
    const target = { host: url.hostname, port: Number(url.port) }
    const server = createServer((near) => {
      if (!isOnline) return near.resetAndDestroy()
      const far = connect(target)
      forward(near, far, "up")
      forward(far, near, "down")
    })
    yield* Effect.acquireRelease(
      Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))),
      () =>
        Effect.andThen(
          dropLink,
          Effect.sync(() => server.close())
        )
    )
    url.port = String((server.address() as AddressInfo).port)
    return url.href
  })
  return {
    route,
    dropLink,
    goOffline: Effect.andThen(
      Effect.sync(() => void (isOnline = false)),
      dropLink
    ),
    goOnline: Effect.sync(() => void (isOnline = true)),
    bytes
  }
})
