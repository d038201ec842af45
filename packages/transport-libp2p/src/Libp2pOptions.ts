/**
 * What can be set on the transport, with units, bounds and defaults. Limits of the protocol itself (frame size, window, how long
 * a dial may take) belong to core and cannot be set here.
 */

export interface Libp2pOptions {
  /**
   * Multiaddrs to listen on, e.g. `/ip4/0.0.0.0/udp/4001/quic-v1`. Default: every interface, QUIC and TCP, ports that the system
   * chooses. An empty list: dial only. Who is not admitted by the policy gets no further than the handshake.
   */
  readonly listen?: ReadonlyArray<string>
  /** Multiaddrs that others are told instead of those that were bound, e.g. the public one of a forwarded port. */
  readonly announce?: ReadonlyArray<string>
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
  readonly maxConnections: number
  readonly maxPendingConnections: number
  readonly maxConnectionsPerSecond: number
  readonly maxLinksPerPeer: number
  readonly idleMs: number
}

const everywhere = ["/ip4/0.0.0.0/udp/0/quic-v1", "/ip6/::/udp/0/quic-v1", "/ip4/0.0.0.0/tcp/0", "/ip6/::/tcp/0"]

/** Fills in the defaults. A value out of bounds is a mistake in the program and throws while the node is composed. */
export const settings = (options: Libp2pOptions): Libp2pSettings => ({
  listen: options.listen ?? everywhere,
  isListenGiven: options.listen !== undefined,
  announce: options.announce ?? [],
  maxConnections: within("maxConnections", options.maxConnections ?? 256, 1, 100_000),
  maxPendingConnections: within("maxPendingConnections", options.maxPendingConnections ?? 32, 1, 10_000),
  maxConnectionsPerSecond: within("maxConnectionsPerSecond", options.maxConnectionsPerSecond ?? 10, 1, 10_000),
  maxLinksPerPeer: within("maxLinksPerPeer", options.maxLinksPerPeer ?? 32, 1, 256),
  idleMs: within("idleMs", options.idleMs ?? 10_000, 500, 120_000)
})

const within = (name: string, value: number, min: number, max: number): number => {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} is ${value}, not a whole number from ${min} to ${max}`)
  }
  return value
}
