/**
 * What can be set on the transport, with units, bounds and defaults. Limits of the protocol itself (frame size, queue
 * lengths, how long a dial may take) belong to core and cannot be set here.
 */
import type { IncomingMessage, Server as HttpServer } from "node:http"
import type { Server as HttpsServer } from "node:https"

/** A port of one's own, plain HTTP. TLS comes from a proxy, or from an `https.Server` passed instead. */
export interface ListenAddress {
  /** Default `127.0.0.1`: a node is not open to the network by accident. */
  readonly host?: string
  /** 0 lets the system choose. */
  readonly port: number
}

export interface SocketIoOptions {
  /**
   * Where to listen; absent: dial only. A server that is passed in stays its owner's: it is neither started nor
   * closed here, and its other paths and upgrade handlers keep working.
   */
  readonly server?: HttpServer | HttpsServer | ListenAddress
  /** HTTP path of listener and dialler, without query; default `/sl`. An address with a path overrides it. */
  readonly path?: string
  /** What `listen` returns instead of the bound address, e.g. the public address of a proxy. */
  readonly announcedAddresses?: ReadonlyArray<string>
  /** Time between heartbeats in milliseconds, 100 to 600,000; default 25,000. Set by the listening side. */
  readonly pingIntervalMs?: number
  /** A link without an answer to a heartbeat for so long ends; milliseconds, 100 to 600,000; default 20,000. */
  readonly pingTimeoutMs?: number
  /** From a connection's upgrade to its connect packet, milliseconds, 100 to 60,000; default 5,000. Then it is ended. */
  readonly handshakeTimeoutMs?: number
  /** Connections of one remote address that are not links yet, 1 to 10,000; default 20. More are turned away. */
  readonly maxPendingConnections?: number
  /** Connections altogether, 1 to 1,000,000; default 4,096. More are turned away. */
  readonly maxConnections?: number
  /** Values of the `Origin` header that may connect. Default none: browsers are turned away, Node sends no origin. */
  readonly allowedOrigins?: ReadonlyArray<string>
  /** The remote address that limits and logs go by. Default: the TCP peer. Set it behind a proxy. */
  readonly remoteOf?: (request: IncomingMessage) => string
  /**
   * Adds keying material of the TLS connection to `channelBinding`. Both ends must set it, and TLS must reach from
   * node to node: with a proxy in between the two ends compute different bindings and no session opens.
   */
  readonly tlsChannelBinding?: boolean
  /** Certificate authorities (PEM) that a dialler trusts instead of the system's. */
  readonly tlsAuthorities?: ReadonlyArray<string>
}

export interface SocketIoSettings {
  readonly server: HttpServer | HttpsServer | Required<ListenAddress> | undefined
  readonly path: string
  readonly announcedAddresses: ReadonlyArray<string> | undefined
  readonly pingIntervalMs: number
  readonly pingTimeoutMs: number
  readonly handshakeTimeoutMs: number
  readonly maxPendingConnections: number
  readonly maxConnections: number
  readonly allowedOrigins: ReadonlySet<string>
  readonly remoteOf: ((request: IncomingMessage) => string) | undefined
  readonly tlsChannelBinding: boolean
  readonly tlsAuthorities: ReadonlyArray<string> | undefined
}

export const pathDefault = "/sl"

/** Fills in the defaults. A value out of bounds is a mistake in the program and throws while the node is composed. */
export const settings = (options: SocketIoOptions): SocketIoSettings => ({
  server: serverOf(options.server),
  path: pathOf(options.path ?? pathDefault),
  announcedAddresses: options.announcedAddresses,
  pingIntervalMs: within("pingIntervalMs", options.pingIntervalMs ?? 25_000, 100, 600_000),
  pingTimeoutMs: within("pingTimeoutMs", options.pingTimeoutMs ?? 20_000, 100, 600_000),
  handshakeTimeoutMs: within("handshakeTimeoutMs", options.handshakeTimeoutMs ?? 5_000, 100, 60_000),
  maxPendingConnections: within("maxPendingConnections", options.maxPendingConnections ?? 20, 1, 10_000),
  maxConnections: within("maxConnections", options.maxConnections ?? 4_096, 1, 1_000_000),
  allowedOrigins: new Set(options.allowedOrigins),
  remoteOf: options.remoteOf,
  tlsChannelBinding: options.tlsChannelBinding ?? false,
  tlsAuthorities: options.tlsAuthorities
})

const serverOf = (server: SocketIoOptions["server"]): SocketIoSettings["server"] => {
  if (server === undefined || "listen" in server) return server
  return { host: server.host ?? "127.0.0.1", port: within("port", server.port, 0, 65_535) }
}

const pathOf = (path: string): string => {
  if (!/^(\/[\w.~-]+)+$/.test(path)) throw new RangeError(`path ${path} is not of the form /name`)
  return path
}

const within = (name: string, value: number, min: number, max: number): number => {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} is ${value}, not a whole number from ${min} to ${max}`)
  }
  return value
}
