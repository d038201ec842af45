/**
 * libp2p's QUIC, but for connections that have ended before they were made ready: the library's muxer asks such a one for streams
 * again and again, for ever and without a pause (version 2.1.1), so whoever dials and hangs up would keep a core busy and the process
 * from its end. Here no muxer is made of them.
 */
import type { MessageStream, StreamMuxerFactory, Transport, Upgrader } from "@libp2p/interface"

/** Signs of life within the time after which a silent connection ends: one may be lost, and one come late. */
const keepAlivesInIdle = 3

/** The transport, where its native code is there for this machine. A connection of which nothing is heard for `idleMs` ends. */
export const quic = async (idleMs: number): Promise<ReadonlyArray<(components: QuicComponents) => Transport>> => {
  const found = await import("@chainsafe/libp2p-quic").catch(() => undefined)
  if (found === undefined) return []
  const make = found.quic({ maxIdleTimeout: idleMs, keepAliveInterval: Math.floor(idleMs / keepAlivesInIdle) })
  return [(components) => onLiveOnly(make(components))]
}

type QuicComponents = Parameters<ReturnType<typeof import("@chainsafe/libp2p-quic").quic>>[0]

/** The same transport, which makes ready only what has not ended. */
const onLiveOnly = (transport: Transport): Transport => {
  const [createListener, dial] = [transport.createListener.bind(transport), transport.dial.bind(transport)]
  return Object.assign(transport, {
    createListener: (options: Parameters<typeof createListener>[0]) =>
      createListener({ ...options, upgrader: guarded(options.upgrader) }),
    dial: (...[address, options]: Parameters<typeof dial>) =>
      dial(address, { ...options, upgrader: guarded(options.upgrader) })
  })
}

/** An upgrader that makes no muxer of a connection that has ended. */
export const guarded = (upgrader: Upgrader): Upgrader =>
  Object.assign(Object.create(upgrader) as Upgrader, {
    upgradeInbound: ((connection, options) =>
      upgrader.upgradeInbound(connection, withGuard(options))) satisfies Upgrader["upgradeInbound"],
    upgradeOutbound: ((connection, options) =>
      upgrader.upgradeOutbound(connection, withGuard(options))) satisfies Upgrader["upgradeOutbound"]
  })

const withGuard = <O extends { readonly muxerFactory?: StreamMuxerFactory }>(options: O): O =>
  options.muxerFactory === undefined ? options : { ...options, muxerFactory: guardedFactory(options.muxerFactory) }

const guardedFactory = (factory: StreamMuxerFactory): StreamMuxerFactory => ({
  protocol: factory.protocol,
  createStreamMuxer: (connection: MessageStream) => {
    if (connection.status !== "open") throw new Error("the connection has ended already")
    return factory.createStreamMuxer(connection)
  }
})
