/**
 * libp2p's QUIC without two faults of the library (version 2.1.1). Its muxer asks a connection that has ended before it was made ready
 * for streams again and again, for ever and without a pause, so whoever dials and hangs up would keep a core busy and the process from
 * its end: here no muxer is made of such a one. And its streams take 4 KiB at a time from what has come, each time in a turn of the
 * process's own, so a busy process would get next to nothing: here they take 64 KiB.
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
    const native = nativeOf(factory)
    if (native !== undefined) widen(native)
    return factory.createStreamMuxer(connection)
  }
})

/** Bytes that a stream takes at a time, as the library's TCP does. */
const readBytes = 64 * 1024

/** The library's own parts in Rust, as far as they are used here. */
interface NativeConnection {
  inboundStream: () => Promise<NativeStream>
  outboundStream: () => Promise<NativeStream>
}
interface NativeStream {
  read: (bytesMax: number) => Promise<Uint8Array | null | undefined>
}

/** What the factory makes its muxer of, where it is as it was. */
const nativeOf = (factory: StreamMuxerFactory): NativeConnection | undefined =>
  (factory as { readonly init?: { readonly connection?: NativeConnection } }).init?.connection

const widen = (connection: NativeConnection): void => {
  const [inbound, outbound] = [connection.inboundStream.bind(connection), connection.outboundStream.bind(connection)]
  connection.inboundStream = async () => widened(await inbound())
  connection.outboundStream = async () => widened(await outbound())
}

const widened = (stream: NativeStream): NativeStream => {
  const read = stream.read.bind(stream)
  return Object.assign(stream, { read: () => read(readBytes) })
}
