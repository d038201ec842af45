/**
 * What can be set on the transport, with units, bounds and defaults. Limits of the protocol itself (frame size, window, how long
 * a dial may take) belong to core and cannot be set here.
 */
import { read } from "./Libp2pAddress.ts"

export interface Libp2pOptions {
  /**
   * Multiaddrs to listen on, e.g. `/ip4/0.0.0.0/udp/4001/quic-v1`. Default: every interface, QUIC and TCP, ports that the system
   * chooses. An empty list: dial only. Who is not admitted by the policy gets no further than the handshake.
   */
  readonly listen?: ReadonlyArray<string>
  /** Multiaddrs that others are told instead of those that were bound, e.g. the public one of a forwarded port. */
  readonly announce?: ReadonlyArray<string>
  /** Look for peers in the local network, and be found there, by mDNS; default true. */
  readonly lan?: boolean
  /**
   * Machines that pass on what two peers behind NAT cannot send each other directly, and that know where peers are: multiaddrs
   * with a peer at the end. `default`: those that the hubs of this node announce. `disabled`: none, and no asking around.
   */
  readonly relays?: "default" | "disabled" | ReadonlyArray<string>
  /** Be such a machine for the peers that the policy admits; default false. Needs addresses that they can reach. */
  readonly serves?: boolean
  /**
   * Carry pairings of devices that do not know each other yet instead of syncing, as `DirectMeeting` wants it: everybody gets past the
   * handshake, no relay is used, and in the local network only its like is found. Default false.
   */
  readonly pairing?: boolean
  /** Peers for whom this node relays, 1 to 100,000; default 1,024. */
  readonly maxRelayed?: number
  /** Connections altogether, 1 to 100,000; default 256. More are turned away. */
  readonly maxConnections?: number
  /** Connections that have not proven whose they are, 1 to 10,000; default 32. More are turned away. */
  readonly maxPendingConnections?: number
  /** Connections that one host may open in a second, 1 to 10,000; default 10. More are turned away. */
  readonly maxConnectionsPerSecond?: number
  /** Links that one peer may have open, 1 to 256; default 32. */
  readonly maxLinksPerPeer?: number
  /** A QUIC connection of which nothing is heard for so long ends; milliseconds, 500 to 120,000; default 10,000. */
  readonly idleMs?: number
}

export interface Libp2pSettings {
  readonly listen: ReadonlyArray<string>
  /** The program has named the addresses: each must work. */
  readonly isListenGiven: boolean
  readonly announce: ReadonlyArray<string>
  readonly lan: boolean
  readonly relays: "default" | "disabled" | ReadonlyArray<string>
  readonly serves: boolean
  readonly pairing: boolean
  readonly maxRelayed: number
  readonly maxConnections: number
  readonly maxPendingConnections: number
  readonly maxConnectionsPerSecond: number
  readonly maxLinksPerPeer: number
  readonly idleMs: number
}

/** Connections of a node that admits everybody, unless more are asked for: one visitor is served at a time. */
const pairingConnections = 32

const everywhere = ["/ip4/0.0.0.0/udp/0/quic-v1", "/ip6/::/udp/0/quic-v1", "/ip4/0.0.0.0/tcp/0", "/ip6/::/tcp/0"]

/** Fills in the defaults. A value out of bounds is a mistake in the program and throws while the node is composed. */
export const settings = (options: Libp2pOptions): Libp2pSettings => {
  const { pairing = false, serves = false } = options
  if (pairing && serves) throw new RangeError("serves is for peers that the policy admits, and pairing for others")
  return filled(options, pairing)
}

const filled = (options: Libp2pOptions, pairing: boolean): Libp2pSettings => ({
  listen: options.listen ?? everywhere,
  isListenGiven: options.listen !== undefined,
  announce: options.announce ?? [],
  lan: options.lan ?? true,
  relays: pairing ? "disabled" : relaysOf(options.relays ?? "default"),
  serves: options.serves ?? false,
  pairing,
  maxRelayed: within("maxRelayed", options.maxRelayed ?? 1_024, 1, 100_000),
  maxConnections: within("maxConnections", options.maxConnections ?? (pairing ? pairingConnections : 256), 1, 100_000),
  maxPendingConnections: within("maxPendingConnections", options.maxPendingConnections ?? 32, 1, 10_000),
  maxConnectionsPerSecond: within("maxConnectionsPerSecond", options.maxConnectionsPerSecond ?? 10, 1, 10_000),
  maxLinksPerPeer: within("maxLinksPerPeer", options.maxLinksPerPeer ?? 32, 1, 256),
  idleMs: within("idleMs", options.idleMs ?? 10_000, 500, 120_000)
})

const relaysOf = (relays: NonNullable<Libp2pOptions["relays"]>): Libp2pSettings["relays"] => {
  const wrong =
    typeof relays === "string"
      ? undefined
      : relays.find((relay) => !/\/p2p\/[A-Za-z0-9]{40,60}$/.test(relay) || read(relay) === undefined)
  if (wrong !== undefined) throw new RangeError(`the relay ${wrong} is no multiaddr with a peer at its end`)
  return relays
}

const within = (name: string, value: number, min: number, max: number): number => {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} is ${value}, not a whole number from ${min} to ${max}`)
  }
  return value
}
