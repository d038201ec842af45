/**
 * A process that attacks a libp2p listener: sockets that say nothing or nonsense, strangers that finish the handshake, and a device of
 * the team itself that opens streams without end and breaks the protocol on each. It keeps to nothing and waits for nobody.
 */
import { randomBytes } from "node:crypto"
import { createSocket } from "node:dgram"
import { connect, type Socket } from "node:net"
import { constants, setPriority } from "node:os"
import { setTimeout as sleep } from "node:timers/promises"
import { quic } from "@chainsafe/libp2p-quic"
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys"
import type { Connection, Stream } from "@libp2p/interface"
import { noise } from "@libp2p/noise"
import { tcp } from "@libp2p/tcp"
import { yamux } from "@libp2p/yamux"
import { multiaddr } from "@multiformats/multiaddr"
import { createLibp2p, type Libp2p } from "libp2p"

export interface AttackInput {
  readonly address: string
  readonly dials: number
  readonly streams: number
  /** Over how long all that is spread, in milliseconds. */
  readonly forMs: number
}

/** What came of it. */
export interface Attack {
  /** Dials that were made. */
  readonly dials: number
  /** Sockets that were open at a time, at most. */
  readonly socketsAtOnce: number
  /** Strangers whose handshake came to its end. */
  readonly strangersIn: number
  /** Streams that were opened by the device of the team. */
  readonly streams: number
  /** Streams that were open at a time, at most. */
  readonly streamsAtOnce: number
}

const insiderSeed = new Uint8Array(32).fill(77)
const syncProtocol = "/syncline/sync/1"
/** Hosts of loopback from which sockets come. */
const hosts = 200
/** Strangers with a key of their own. */
const strangersMax = 8
/** Bytes of the largest datagram that opens a QUIC connection. */
const initialBytes = 1_200

const nodeOf = async (seed: Uint8Array): Promise<Libp2p> =>
  createLibp2p({
    privateKey: await generateKeyPairFromSeed("Ed25519", seed),
    transports: [quic(), tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionManager: { reconnectRetries: 0 }
  })

/** The peer id of the device that is let in and hostile. */
export const hostileId = async (): Promise<string> => {
  const node = await nodeOf(insiderSeed)
  await node.stop()
  return node.peerId.toString()
}

interface Target {
  readonly address: string
  readonly port: number
  readonly isUdp: boolean
}

const targetOf = (address: string): Target => {
  const [, kind, port] = /\/(tcp|udp)\/(\d+)/.exec(address)!
  return { address, port: Number(port), isUdp: kind === "udp" }
}

/** Counts what is open at a time. */
class Gauge {
  now = 0
  most = 0

  add(): void {
    this.now++
    this.most = Math.max(this.most, this.now)
  }

  remove(): void {
    this.now--
  }
}

/** Says the names of the protocols as an honest peer does, and then nonsense. */
const halfHandshake = Buffer.concat([
  Buffer.from("\x13/multistream/1.0.0\n"),
  Buffer.from("\x07/noise\n"),
  Buffer.from([0xff, 0xff]),
  Buffer.alloc(70_000, 7)
])

const rawSocket = ({ port }: Target, number: number, open: Gauge): void => {
  const socket: Socket = connect({ port, host: "127.0.0.1", localAddress: `127.0.0.${2 + (number % hosts)}` })
  socket.on("connect", () => {
    open.add()
    socket.once("close", () => open.remove())
    if (number % 3 === 1) socket.write(randomBytes(4_096))
    if (number % 3 === 2) socket.write(halfHandshake)
  })
  socket.on("error", () => {})
}

/** Datagrams that look like the beginning of a QUIC connection, each of another one. */
const rawDatagrams = ({ port }: Target, number: number): void => {
  const socket = createSocket("udp4")
  socket.on("error", () => {})
  socket.bind(0, `127.0.0.${2 + (number % hosts)}`, () => {
    const datagram = randomBytes(initialBytes)
    // A long header of an Initial of version 1, with connection ids of 8 bytes (RFC 9000, section 17.2.2).
    datagram.set([0xc3, 0, 0, 0, 1, 8], 0)
    datagram[14] = 8
    socket.send(datagram, port, "127.0.0.1", () => setTimeout(() => socket.close(), 1_000))
  })
}

const strangers = async (count: number): Promise<ReadonlyArray<Libp2p>> =>
  Promise.all(Array.from({ length: count }, () => nodeOf(new Uint8Array(randomBytes(32)))))

/** What the device of the team sends on its streams, by turns. */
const misdeeds: ReadonlyArray<(stream: Stream) => void> = [
  () => {},
  // A frame of 4 GiB, less a flag.
  (stream) => void stream.send(Uint8Array.of(0x7f, 0xff, 0xff, 0xff)),
  (stream) => void stream.send(new Uint8Array(randomBytes(60_000))),
  // More than the window holds, in frames of 1,000,000 bytes.
  (stream) => {
    const frame = new Uint8Array(1_000_004)
    new DataView(frame.buffer).setUint32(0, 1_000_000)
    for (let sent = 0; sent < 6 && stream.status === "open"; sent++) stream.send(frame)
  },
  // It took what was never sent.
  (stream) => void stream.send(Uint8Array.of(0xff, 0xff, 0xff, 0xff))
]

const openStream = async (connection: Connection, number: number, open: Gauge): Promise<void> => {
  const stream = await connection.newStream(syncProtocol, { signal: AbortSignal.timeout(5_000) })
  stream.addEventListener("message", () => {})
  open.add()
  stream.addEventListener("close", () => open.remove())
  // A link begins with 16 bytes.
  if (number % 2 === 0) stream.send(Uint8Array.of(0, 0, 0, 16, ...new Uint8Array(16)))
  misdeeds[number % misdeeds.length]!(stream)
}

/** Does something so often, spread over a time, and waits for none of it. */
const spread = async (times: number, forMs: number, each: (number: number) => void): Promise<void> => {
  const beganMs = performance.now()
  for (let number = 0; number < times; number++) {
    each(number)
    const dueMs = ((number + 1) / times) * forMs
    const leftMs = dueMs - (performance.now() - beganMs)
    if (leftMs > 1) await sleep(leftMs)
  }
}

/** Attacks, and tells what came of it. */
export const attack = async ({ address, dials, forMs, streams }: AttackInput): Promise<Attack> => {
  // As if it ran on another machine: what it costs itself must slow nobody else.
  setPriority(constants.priority.PRIORITY_LOW)
  const target = targetOf(address)
  const [sockets, openStreams] = [new Gauge(), new Gauge()]
  const nodes = await strangers(strangersMax)
  const insider = await nodeOf(insiderSeed)
  let strangersIn = 0
  let streamsOpened = 0
  const dialStranger = async (number: number): Promise<void> => {
    const connection = await nodes[number % nodes.length]!.dial(multiaddr(address), {
      signal: AbortSignal.timeout(5_000)
    })
    strangersIn++
    await connection.newStream(syncProtocol)
  }
  const flood = async (number: number): Promise<void> => {
    const connection = await insider.dial(multiaddr(address), { signal: AbortSignal.timeout(5_000) })
    await openStream(connection, number, openStreams)
    streamsOpened++
  }
  await Promise.all([
    spread(dials, forMs, (number) => {
      if (number % 4 === 3) dialStranger(number).catch(() => {})
      else if (target.isUdp) rawDatagrams(target, number)
      else rawSocket(target, number, sockets)
    }),
    spread(streams, forMs, (number) => void flood(number).catch(() => {}))
  ])
  return {
    dials,
    socketsAtOnce: sockets.most,
    strangersIn,
    streams: streamsOpened,
    streamsAtOnce: openStreams.most
  }
}
