/**
 * The libp2p node of a device: its key, its transports and the limits on strangers, started and stopped with a scope. It carries
 * no frame and decides nothing about peers.
 */
import { type Transport, TransportError } from "@syncline/core"
import { quic } from "@chainsafe/libp2p-quic"
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys"
import { identify } from "@libp2p/identify"
import { FaultTolerance, type Libp2p } from "@libp2p/interface"
import { noise } from "@libp2p/noise"
import { ping } from "@libp2p/ping"
import { tcp } from "@libp2p/tcp"
import { yamux } from "@libp2p/yamux"
import { Effect, Redacted, type Scope } from "effect"
import { createLibp2p } from "libp2p"
import { fail, problemOf } from "./Libp2pFailure.ts"
import type { Libp2pSettings } from "./Libp2pOptions.ts"
import * as PeerGater from "./PeerGater.ts"

/** How this program names itself to peers. */
const agentVersion = "syncline/1"
/** How long stopping may take, in milliseconds; what is still open then is left to the process. */
const stopMsMax = 1_500
/** How long a connection may take to prove whose it is, in milliseconds. */
const upgradeMsMax = 5_000

/** Starts a node that listens on these addresses, or on none. */
export const make = Effect.fnUntraced(function* (
  settings: Libp2pSettings,
  host: Transport.TransportHost,
  listen: ReadonlyArray<string>
): Effect.fn.Return<Libp2p, TransportError.TransportError, Scope.Scope> {
  const run = Effect.runPromiseWith(yield* Effect.context<never>())
  const gater = PeerGater.make({ admits: host.admits, helpers: new Set(), run })
  return yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const seed = Redacted.value(host.seed)
        return createLibp2p({
          privateKey: await generateKeyPairFromSeed("Ed25519", seed),
          nodeInfo: { userAgent: agentVersion },
          addresses: { listen: [...listen], announce: [...settings.announce] },
          transportManager: {
            faultTolerance: settings.isListenGiven ? FaultTolerance.FATAL_ALL : FaultTolerance.NO_FATAL
          },
          transports: [
            quic({ maxIdleTimeout: settings.idleMs, keepAliveInterval: Math.floor(settings.idleMs / 3) }),
            tcp()
          ],
          connectionEncrypters: [noise()],
          streamMuxers: [
            // A peer may open all its links before this side knows of the connection.
            yamux({ maxEarlyStreams: settings.maxLinksPerPeer, maxInboundStreams: 2 * settings.maxLinksPerPeer })
          ],
          connectionGater: gater,
          connectionManager: {
            maxConnections: settings.maxConnections,
            maxIncomingPendingConnections: settings.maxPendingConnections,
            inboundConnectionThreshold: settings.maxConnectionsPerSecond,
            inboundUpgradeTimeout: upgradeMsMax
          },
          services: { identify: identify(), ping: ping() }
        })
      },
      catch: (error) =>
        fail(new TransportError.AddressInUse({ address: listen.join(", "), problem: problemOf(error) }))
    }),
    (node) => Effect.promise(async () => node.stop()).pipe(Effect.timeoutOption(stopMsMax), Effect.asVoid)
  )
})
