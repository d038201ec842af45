import { describe, expect, it } from "@effect/vitest"
import { type Connection, start, stop, type Stream } from "@libp2p/interface"
import { peerIdFromString } from "@libp2p/peer-id"
import { streamPair } from "@libp2p/utils"
import { multiaddr } from "@multiformats/multiaddr"
import { reachability } from "../src/Reachability.ts"
import { peerOf } from "./Harness.ts"

type Components = Parameters<ReturnType<typeof reachability>>[0]
type Handler = (stream: Stream, connection: Connection) => void

const asking = peerIdFromString(peerOf(2))
const address = multiaddr("/ip4/11.0.0.2/udp/4001/quic-v1")

/** A connection with the one that asks, and whether somebody has closed it. */
const connection = () => {
  const one = {
    isClosed: false,
    remotePeer: asking,
    remoteAddr: address.encapsulate(`/p2p/${peerOf(2)}`),
    close: () => (one.isClosed = true)
  }
  return one
}

const silent = Object.assign(() => {}, { error: () => {}, trace: () => {} })

/** A field of a protocol buffer. */
const field = (number: number, bytes: ReadonlyArray<number>): ReadonlyArray<number> => [
  (number << 3) | 2,
  bytes.length,
  ...bytes
]

/** AutoNAT's question whether this address can be reached, with its length in front. */
const question = (): Uint8Array => {
  const peer = [...field(1, [...asking.toMultihash().bytes]), ...field(2, [...address.bytes])]
  const message = [8, 0, ...field(2, field(1, peer))]
  return Uint8Array.from([message.length, ...message])
}

/** A node that answers such questions, and has a connection with the one that asks, as libp2p's own has. */
const answering = async (existing: Connection, fresh: Connection) => {
  const handlers: Array<Handler> = []
  const service = reachability()({
    logger: { forComponent: () => silent },
    registrar: {
      handle: async (_: string, handler: Handler) => void handlers.push(handler),
      register: async () => "topology",
      unhandle: async () => {}
    },
    addressManager: { getAddresses: () => [], getAddressesWithMetadata: () => [] },
    transportManager: { dialTransportForMultiaddr: () => ({}) },
    connectionManager: {
      openConnection: async (_: unknown, options?: { readonly force?: boolean }) =>
        options?.force === true ? fresh : existing
    }
  } as unknown as Components)
  await start(service)
  return { handler: handlers[0]!, end: () => stop(service) }
}

describe("where a node is reached", () => {
  it("[LP-17] who is asked dials anew, and leaves the connection that it was asked on", async () => {
    const existing = connection()
    const fresh = connection()
    const { end, handler } = await answering(existing as unknown as Connection, fresh as unknown as Connection)
    const [near, far] = await streamPair()
    const answered = new Promise((resolve) => near.addEventListener("message", resolve, { once: true }))
    near.send(question())
    handler(far, existing as unknown as Connection)
    await answered
    await end()
    expect({ existing: existing.isClosed, fresh: fresh.isClosed }).toEqual({ existing: false, fresh: true })
  })
})
