/**
 * The libp2p node of a device: its key, its transports, what it serves and the limits on strangers, started and stopped with a
 * scope. It carries no frame and decides nothing about peers.
 */
import { type Transport, TransportError } from "@syncline/core"
import { circuitRelayServer, circuitRelayTransport } from "@libp2p/circuit-relay-v2"
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys"
import { dcutr } from "@libp2p/dcutr"
import { identify, identifyPush } from "@libp2p/identify"
import { type Connection, FaultTolerance, type Libp2p, type PeerDiscovery } from "@libp2p/interface"
import type { TransportManager } from "@libp2p/interface-internal"
import { kadDHT, passthroughMapper } from "@libp2p/kad-dht"
import { noise } from "@libp2p/noise"
import { ping } from "@libp2p/ping"
import { tcp } from "@libp2p/tcp"
import { yamux } from "@libp2p/yamux"
import { multiaddr } from "@multiformats/multiaddr"
import { Effect, Redacted, type Scope } from "effect"
import { createLibp2p } from "libp2p"
import { mdns } from "./LanDiscovery.ts"
import { fail, problemOf } from "./Libp2pFailure.ts"
import type { Libp2pSettings } from "./Libp2pOptions.ts"
import * as PeerGater from "./PeerGater.ts"
import { quic } from "./QuicTransport.ts"
import { reachability } from "./Reachability.ts"

/** How this program names itself to peers. */
const agentVersion = "syncline/1"
/** Where peers are is asked of machines that speak this, and of nobody else's network. */
const whereaboutsProtocol = "/syncline/kad/1"
/** The names under which devices look for each other in a local network: those that sync, and those that pair. */
const lanServices = { sync: "_syncline._udp.local", pair: "_syncline-pair._udp.local" }
/** To listen on this is to ask for a place at whichever relay gives one. */
const anyRelay = "/p2p-circuit"
/** How long stopping may take, in milliseconds; what is still open then is left to the process. */
const stopMsMax = 1_500
/** How long a connection may take to prove whose it is, in milliseconds. */
const upgradeMsMax = 5_000

export interface Libp2pNode {
  readonly libp2p: Libp2p
  /** What finds peers in the local network, where the node looks there. */
  readonly lan: PeerDiscovery | undefined
  /** The part that dials one address; the node itself tries one after the other. */
  readonly dialAddress: TransportManager["dial"]
  /** Where it listens, places at relays among it; the node itself tells what others are told. */
  readonly listensAt: TransportManager["getAddrs"]
  /** Asks for a place at a relay more, whichever gives one. */
  readonly askForPlace: () => Promise<void>
}

export interface NodeOptions {
  readonly settings: Libp2pSettings
  readonly host: Transport.TransportHost
  /** Listens and is found, or only dials. */
  readonly listens: boolean
  /** Peers whose machines this node uses as relays. */
  readonly helpers: PeerGater.Helpers
  /** True for a connection with a link, or with what may become one. */
  readonly isUsed: (connection: Connection) => boolean
}

/** Starts a node. Fails with `AddressInUse` where it cannot listen. */
export const make = Effect.fnUntraced(function* (
  options: NodeOptions
): Effect.fn.Return<Libp2pNode, TransportError.TransportError, Scope.Scope> {
  const run = Effect.runPromiseWith(yield* Effect.context<never>())
  const admits = options.settings.pairing ? everybody : options.host.admits
  const door: PeerGater.Door = { admits, helpers: options.helpers }
  const libp2p = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () => create(options, PeerGater.make(door, run)),
      catch: (error) => {
        const address = options.settings.listen.join(", ")
        return fail(new TransportError.AddressInUse({ address, problem: problemOf(error) }))
      }
    }),
    (node) => Effect.promise(async () => node.stop()).pipe(Effect.timeoutOption(stopMsMax), Effect.asVoid)
  )
  yield* Effect.forkScoped(PeerGater.sweep(door, libp2p))
  if (options.settings.pairing) yield* Effect.forkScoped(PeerGater.sweepUnused(libp2p, options.isUsed))
  const { lan, parts } = libp2p.services
  const { transportManager } = parts
  return {
    libp2p,
    lan,
    dialAddress: (address, more) => transportManager.dial(address, more),
    listensAt: () => transportManager.getAddrs(),
    askForPlace: () => transportManager.listen([multiaddr(anyRelay)])
  }
})

/** Who pairs is nobody's peer yet; the code says who it is. */
const everybody: Transport.TransportHost["admits"] = () => Effect.succeed(true)

/** What libp2p hands its services and does not show otherwise. */
interface Parts {
  readonly transportManager: TransportManager
}

const create = async ({ host, listens, settings }: NodeOptions, connectionGater: PeerGater.Gater) =>
  createLibp2p({
    privateKey: await generateKeyPairFromSeed("Ed25519", Redacted.value(host.seed)),
    nodeInfo: { userAgent: agentVersion },
    addresses: addressesOf(settings, listens),
    transportManager: {
      faultTolerance: settings.isListenGiven ? FaultTolerance.FATAL_ALL : FaultTolerance.NO_FATAL
    },
    transports: [...(await quic(settings.idleMs)), tcp(), ...(settings.pairing ? [] : [throughRelays])],
    connectionEncrypters: [noise()],
    streamMuxers: [
      // A peer may open all its links before this side knows of the connection.
      yamux({ maxEarlyStreams: settings.maxLinksPerPeer, maxInboundStreams: 2 * settings.maxLinksPerPeer })
    ],
    connectionGater,
    connectionManager: {
      maxConnections: settings.maxConnections,
      maxIncomingPendingConnections: settings.maxPendingConnections,
      inboundConnectionThreshold: settings.maxConnectionsPerSecond,
      inboundUpgradeTimeout: upgradeMsMax
    },
    services: servicesOf(settings, listens, connectionGater)
  })

type RelayComponents = Parameters<ReturnType<typeof circuitRelayTransport>>[0]

/**
 * The library's way through relays. While it has no place at one it asks the network for random peers that may be relays, again and
 * again without a pause (version 4.2.13), which keeps a core busy here and at the relay. Here relays are named: it finds nobody so.
 */
const throughRelays = (components: RelayComponents) =>
  circuitRelayTransport()(
    new Proxy(components, {
      get: (target, name) => (name === "randomWalk" ? nobodyElse : (Reflect.get(target, name) as unknown))
    })
  )

const nobodyElse: RelayComponents["randomWalk"] = {
  walk: async function* () {}
}

/** Where a node listens, and what it tells others of that. */
export const addressesOf = (settings: Libp2pSettings, listens: boolean) => ({
  // The last asks whoever relays for a place there, again and again as relays come and go.
  listen: listens ? [...settings.listen, ...(usesRelays(settings) ? [anyRelay] : [])] : [],
  announce: [...settings.announce],
  // libp2p keeps public addresses to itself until others have confirmed them; the program has named these.
  appendAnnounce: settings.isListenGiven ? settings.listen.filter(isExact) : []
})

const lanServiceOf = ({ pairing }: Libp2pSettings): string => (pairing ? lanServices.pair : lanServices.sync)

/** An address as others dial it: one host and one port, not all that this machine has. */
const isExact = (address: string): boolean => !/^\/ip4\/0\.0\.0\.0\/|^\/ip6\/::\/|\/(tcp|udp)\/0(\/|$)/.test(address)

const usesRelays = ({ relays, serves }: Libp2pSettings): boolean => !serves && relays !== "disabled"

const servicesOf = (settings: Libp2pSettings, listens: boolean, { lets }: PeerGater.Gater) => ({
  parts: ({ transportManager }: Parts): Parts => ({ transportManager }),
  // As a service it can be asked whom it found; the node itself also tells of peers that it merely met.
  ...(settings.lan ? { lan: mdns({ serviceTag: lanServiceOf(settings), broadcast: listens, wants: lets }) } : {}),
  identify: identify(),
  identifyPush: identifyPush(),
  ping: ping(),
  // Strangers get nothing that makes this node dial, or that brings others.
  ...(settings.pairing ? {} : { dcutr: dcutr(), reachability: reachability() }),
  ...(settings.relays === "disabled" && !settings.serves ? {} : { whereabouts: whereabouts(settings) }),
  ...(settings.serves ? { relay: relay(settings) } : {})
})

const whereabouts = ({ serves }: Libp2pSettings) =>
  kadDHT({
    protocol: whereaboutsProtocol,
    clientMode: !serves,
    // Two devices of one network must be told of their addresses there.
    peerInfoMapper: passthroughMapper
  })

/** Without the library's limits of two minutes and 128 KiB: only peers that the policy admits have a place. */
const relay = ({ maxRelayed }: Libp2pSettings) =>
  circuitRelayServer({ reservations: { maxReservations: maxRelayed, applyDefaultLimit: false } })
