/**
 * Bytes from process to process by a plain libp2p stream, as a limit to compare with: two nodes of the library with its own encryption,
 * and nothing of Syncline. What the bytes are is nobody's business.
 */
import { once } from "node:events"
import { quic } from "@chainsafe/libp2p-quic"
import type { Stream } from "@libp2p/interface"
import { noise } from "@libp2p/noise"
import { tcp } from "@libp2p/tcp"
import { yamux } from "@libp2p/yamux"
import { multiaddr } from "@multiformats/multiaddr"
import { createLibp2p } from "libp2p"
import { loopback, type Road } from "./OpenPeer.ts"
import { timed, type Timing } from "./Timing.ts"

export interface ServeBytesInput {
  readonly bytes: number
  readonly road: Exclude<Road, "Socket.IO">
}

export interface ReceiveBytesInput extends ServeBytesInput {
  readonly address: string
}

const protocol = "/syncline-bench/bytes/1"
/** As large as a batch of commits mostly is. */
const chunkBytes = 64 * 1024

const nodeOf = async (listen: ReadonlyArray<string>) =>
  createLibp2p({
    addresses: { listen: [...listen] },
    transports: [quic(), tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // By itself the library does not dial loopback.
    connectionGater: { denyDialMultiaddr: () => false }
  })

const sendAll = async (stream: Stream, bytes: number): Promise<void> => {
  const chunk = new Uint8Array(chunkBytes)
  for (let sent = 0; sent < bytes; sent += chunkBytes) {
    if (!stream.send(chunk.subarray(0, Math.min(chunkBytes, bytes - sent)))) await once(stream, "drain")
  }
  await stream.close()
}

/** Sends so many bytes to whoever opens a stream; gives where. */
export const serveBytes = async ({ bytes, road }: ServeBytesInput) => {
  const node = await nodeOf([loopback[road]])
  await node.handle(protocol, (stream) => sendAll(stream, bytes))
  return { address: String(node.getMultiaddrs()[0]) }
}

/** Opens a stream and takes what comes; from the dial to the last byte. */
export const receiveBytes = async ({ address, bytes }: ReceiveBytesInput): Promise<Timing> => {
  const node = await nodeOf([])
  return timed(async () => {
    const connection = await node.dial(multiaddr(address))
    const stream = await connection.newStream(protocol)
    let left = bytes
    await new Promise<void>((resolve, reject) => {
      stream.addEventListener("message", ({ data }) => {
        left -= data.byteLength
        if (left <= 0) resolve()
      })
      stream.addEventListener("close", () => reject(new Error(`the stream ended ${left} bytes too early`)))
    })
  })
}
