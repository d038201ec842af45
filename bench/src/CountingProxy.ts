/**
 * A TCP relay on loopback that counts the bytes it passes on, so that everything on the wire counts: HTTP upgrade,
 * WebSocket framing, heartbeats. TCP and IP headers do not.
 */
import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"

export class CountingProxy {
  readonly #server: Server
  readonly #sockets: Set<Socket>
  readonly #counts: { bytes: number }

  private constructor(server: Server, sockets: Set<Socket>, counts: { bytes: number }) {
    this.#server = server
    this.#sockets = sockets
    this.#counts = counts
  }

  /** Relays to an address such as `http://127.0.0.1:5342`. */
  static async open(target: string): Promise<CountingProxy> {
    const { hostname, port } = new URL(target)
    const sockets = new Set<Socket>()
    const counts = { bytes: 0 }
    const join = (from: Socket, to: Socket): void => {
      sockets.add(from)
      from.setNoDelay(true)
      from.on("data", (data) => {
        counts.bytes += data.length
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

  /** Bytes in both directions since the last call. */
  takeBytes(): number {
    const { bytes } = this.#counts
    this.#counts.bytes = 0
    return bytes
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close")
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}
