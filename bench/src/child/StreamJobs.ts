/**
 * Records from process to process without Syncline, as a limit to compare with: a plain WebSocket that sends JSON, and
 * a client that stores what comes. No identity, no merge, no proof that both sides are equal.
 */
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { WebSocket, WebSocketServer } from "ws"
import * as Cities from "../Cities.ts"
import { openPlainStore } from "./SqliteJobs.ts"
import { timed } from "./Timing.ts"

/** Records of one message and of one transaction. */
const recordsPerFrame = 1_000

export const streamJobs = {
  /** Sends the first `count` records to whoever connects, and gives the address. */
  serveStream: async ({ count }: { readonly count: number }) => {
    const parts = Cities.chunks(Cities.first(count), recordsPerFrame)
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false })
    server.on("connection", (socket) => {
      // Encoded while it is sent, as a server would that keeps no copy for each client.
      const send = (index: number): void => {
        const part = parts[index]
        if (part === undefined) return socket.close()
        socket.send(JSON.stringify(part), () => send(index + 1))
      }
      send(0)
    })
    await once(server, "listening")
    return { address: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` }
  },

  /** Connects and stores; ends when everything is durable. */
  receiveStream: async ({ address, file }: { readonly address: string; readonly file: string }) => {
    const store = openPlainStore(file)
    let count = 0
    const timing = await timed(async () => {
      const socket = new WebSocket(address, { perMessageDeflate: false, maxPayload: 16 * 1024 * 1024 })
      socket.on("message", (data: Buffer) => {
        const records = JSON.parse(data.toString("utf8")) as ReadonlyArray<Cities.CityRecord>
        store.insert(records)
        count += records.length
      })
      await once(socket, "close")
    })
    store.close()
    return { ...timing, count }
  }
}
