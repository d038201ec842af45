/**
 * What the tests of this package share: transports of devices on loopback, an honest visit, and a libp2p node that sends what it
 * likes.
 */
import { PeerId, type Link, type Transport, type TransportError } from "@syncline/core"
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys"
import { identify } from "@libp2p/identify"
import type { Connection } from "@libp2p/interface"
import { noise } from "@libp2p/noise"
import { tcp as tcpTransport } from "@libp2p/tcp"
import { yamux } from "@libp2p/yamux"
import { multiaddr } from "@multiformats/multiaddr"
import { Effect, Metric, Redacted, type Scope } from "effect"
import { createLibp2p } from "libp2p"
import { createPrivateKey, createPublicKey } from "node:crypto"
import * as Libp2pMetrics from "../src/Libp2pMetrics.ts"
import type { Libp2pOptions } from "../src/Libp2pOptions.ts"
import { libp2p } from "../src/Libp2pTransport.ts"

export const quic = "/ip4/127.0.0.1/udp/0/quic-v1"
export const tcp = "/ip4/127.0.0.1/tcp/0"

const seedOf = (number: number): Uint8Array => new Uint8Array(32).fill(number)

// PKCS#8 of an Ed25519 seed (RFC 8410).
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex")

/** The peer id of a device by Node's own cryptography. */
export const peerOf = (number: number): PeerId.PeerId => {
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seedOf(number)]), format: "der", type: "pkcs8" })
  return PeerId.fromPublicKey(
    new Uint8Array(createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32))
  )
}

type Admits = Transport.TransportHost["admits"]

export const everybody: Admits = () => Effect.succeed(true)

/** A device's transport; by default it admits everybody and looks for nobody in the local network. */
export const device = (
  number: number,
  options: Libp2pOptions = {},
  admits: Admits = everybody,
  relays?: Transport.TransportHost["relays"]
): Transport.Transport =>
  libp2p({ idleMs: 1_500, lan: false, relays: "disabled", ...options })({
    seed: Redacted.make(seedOf(number)),
    admits,
    relays
  })

export const echo = (link: Link.Link): Effect.Effect<void> =>
  Effect.ignore(Effect.forever(Effect.flatMap(link.receive, link.send)))

/** Listens as an echo; resolves with the first address. */
export const listen = Effect.fnUntraced(function* (
  transport: Transport.Transport,
  onLink: (link: Link.Link) => Effect.Effect<void> = echo
): Effect.fn.Return<string, TransportError.TransportError, Scope.Scope> {
  const [address] = yield* transport.listen(onLink)
  return address ?? ""
})

/** An honest visit: connect, one frame there and back, and what the link says of its path. */
export const visit = Effect.fnUntraced(function* (client: Transport.Transport, address: string) {
  const link = yield* client.dial(address)
  yield* link.send(Uint8Array.of(1, 2, 3))
  return { echoed: [...(yield* link.receive)].join(), path: link.path, remote: link.remote }
}, Effect.scoped)

/** Tries until it works; the test's own time limit is the end of trying. */
export const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, never, R> =>
  Effect.flatMap(Effect.option(effect), (found) =>
    found._tag === "Some" ? Effect.succeed(found.value) : Effect.delay(eventually(effect), 50)
  )

/** Runs a test with counters that start at zero. */
export const counted = <A, E, R>(body: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => Effect.provideService(body, Metric.MetricRegistry, new Map()))

export const refused = (reason: Libp2pMetrics.Refusal): Effect.Effect<number> =>
  Effect.map(Metric.value(Metric.withAttributes(Libp2pMetrics.refusedTotal, { reason })), (state) => state.count)

/** Waits for something that callbacks bring about; the test's own time limit is the end of waiting. */
export const until = Effect.fnUntraced(function* (is: Effect.Effect<boolean>) {
  while (!(yield* is)) yield* Effect.sleep(20)
})

/** A connection of a plain libp2p node with a device's key, which opens the streams and sends the bytes that a test wants. */
export const rawConnection = Effect.fnUntraced(function* (
  number: number,
  address: string
): Effect.fn.Return<Connection, never, Scope.Scope> {
  const node = yield* Effect.acquireRelease(
    Effect.promise(async () =>
      createLibp2p({
        privateKey: await generateKeyPairFromSeed("Ed25519", seedOf(number)),
        transports: [tcpTransport()],
        connectionEncrypters: [noise()],
        streamMuxers: [yamux()],
        services: { identify: identify() }
      })
    ),
    (started) => Effect.promise(async () => started.stop())
  )
  return yield* Effect.promise((signal) => node.dial(multiaddr(address), { signal }))
})
