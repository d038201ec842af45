/**
 * A TCP relay on loopback that counts the bytes it passes on, so that everything on the wire counts: HTTP upgrade,
 * WebSocket framing, heartbeats. TCP and IP headers do not. It also counts how often the two sides took turns.
 */
import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"

/** What crossed the relay. */
export interface Traffic {
  /** In both directions. */
  readonly bytes: number
  /** There and back, counted by changes of direction; the last way back may be missing. */
  readonly roundTrips: number
}

interface Counts {
  bytes: number
  turns: number
  /** Who sent last. */
  last: Socket | undefined
}

export class CountingProxy {
  readonly #server: Server
  readonly #sockets: Set<Socket>
  readonly #counts: Counts

  private constructor(server: Server, sockets: Set<Socket>, counts: Counts) {
    this.#server = server
    this.#sockets = sockets
    this.#counts = counts
  }

  /** Relays to an address such as `http://127.0.0.1:5342`. */
  static async open(target: string): Promise<CountingProxy> {
    const { hostname, port } = new URL(target)
    const sockets = new Set<Socket>()
    const counts: Counts = { bytes: 0, turns: 0, last: undefined }
    const join = (from: Socket, to: Socket): void => {
      sockets.add(from)
      from.setNoDelay(true)
      from.on("data", (data) => {
        counts.bytes += data.length
        if (counts.last !== from) counts.turns++
        counts.last = from
      })
      from.pipe(to)
      from.on("error", () => to.destroy())
      from.on("close", () => {
        sockets.delete(from)
        to.destroy()
      })
    }
    const server = createServer((near) => {
      const far = connect({ host: hostname, port: Number(port) })
      join(near, far)
      join(far, near)
    })
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    return new CountingProxy(server, sockets, counts)
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** What crossed since the last call. */
  take(): Traffic {
    const { bytes, turns } = this.#counts
    this.#counts.bytes = 0
    this.#counts.turns = 0
    this.#counts.last = undefined
    return { bytes, roundTrips: Math.ceil(turns / 2) }
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close")
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}
