/**
 * The wire between two nodes in tests, for TCP and for QUIC's UDP: it forwards, cuts and can be offline. It does not look into
 * the bytes.
 */
import { Effect, type Scope } from "effect"
import { createSocket, type Socket as UdpSocket } from "node:dgram"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"

export interface MultiaddrProxy {
  /** Starts a proxy in front of a multiaddr of loopback; resolves with the one to dial instead. */
  readonly route: (address: string) => Effect.Effect<string, never, Scope.Scope>
  readonly dropLink: Effect.Effect<void>
  readonly goOffline: Effect.Effect<void>
  readonly goOnline: Effect.Effect<void>
}

interface Wire {
  readonly drop: () => void
}

interface State {
  isOnline: boolean
  readonly wires: Set<Wire>
}

export const make = Effect.sync((): MultiaddrProxy => {
  const state: State = { isOnline: true, wires: new Set() }
  const dropLink = Effect.sync(() => {
    for (const { drop } of state.wires) drop()
  })
  return {
    route: Effect.fnUntraced(function* (address: string) {
      const [, kind, port] = /\/(tcp|udp)\/(\d+)/.exec(address)!
      const started = kind === "tcp" ? tcpProxy(state, Number(port)) : udpProxy(state, Number(port))
      const { port: own } = yield* Effect.acquireRelease(started, ({ close }) => Effect.sync(close))
      return address.replace(/\/ip4\/[\d.]+\/(tcp|udp)\/\d+/, `/ip4/127.0.0.1/$1/${own}`)
    }),
    dropLink,
    goOffline: Effect.andThen(
      Effect.sync(() => void (state.isOnline = false)),
      dropLink
    ),
    goOnline: Effect.sync(() => void (state.isOnline = true))
  }
})

interface Proxy {
  readonly port: number
  readonly close: () => void
}

const tcpProxy = (state: State, target: number): Effect.Effect<Proxy> =>
  Effect.promise(async () => {
    const sockets = new Set<Socket>()
    const wire: Wire = { drop: () => sockets.forEach((socket) => socket.resetAndDestroy()) }
    const forward = (from: Socket, to: Socket): void => {
      sockets.add(from)
      from.on("error", () => to.destroy())
      from.on("close", () => {
        sockets.delete(from)
        to.destroy()
      })
      from.setNoDelay()
      from.pipe(to)
    }
    const server = createServer((near) => {
      if (!state.isOnline) return near.resetAndDestroy()
      const far = connect(target, "127.0.0.1")
      forward(near, far)
      forward(far, near)
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    state.wires.add(wire)
    const close = (): void => {
      state.wires.delete(wire)
      wire.drop()
      server.close()
    }
    return { port: (server.address() as AddressInfo).port, close }
  })

/** Longer than the tests' connections live without a word, in milliseconds. */
const silenceMs = 2_000

/** UDP has no connection to cut, and QUIC's survives a new path: nothing passes until its ends have given it up. */
const udpProxy = (state: State, target: number): Effect.Effect<Proxy> =>
  Effect.promise(async () => {
    const front = createSocket("udp4")
    const backs = new Map<number, UdpSocket | undefined>()
    const wire: Wire = {
      drop: () => {
        for (const [port, back] of backs) {
          back?.close()
          backs.set(port, undefined)
          setTimeout(() => backs.delete(port), silenceMs).unref()
        }
      }
    }
    const backOf = (port: number): UdpSocket | undefined => {
      if (backs.has(port)) return backs.get(port)
      const back = createSocket("udp4")
      back.on("message", (message) => state.isOnline && front.send(message, port, "127.0.0.1"))
      backs.set(port, back)
      return back
    }
    front.on("message", (message, { port }) => {
      if (state.isOnline) backOf(port)?.send(message, target, "127.0.0.1")
    })
    await new Promise<void>((resolve) => front.bind(0, "127.0.0.1", resolve))
    state.wires.add(wire)
    const close = (): void => {
      state.wires.delete(wire)
      wire.drop()
      front.close()
    }
    return { port: front.address().port, close }
  })
