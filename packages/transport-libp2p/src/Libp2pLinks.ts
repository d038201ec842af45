/**
 * Opens and accepts links on a device's libp2p node: one stream for each link, on which both ends first say a number that they
 * drew for it. The node is there while somebody listens or has a link. It never dials again by itself; the orchestrator does.
 */
import { type Link, PeerId, Transport, TransportError } from "@syncline/core"
import type { Connection, Libp2p, PeerInfo, Stream } from "@libp2p/interface"
import { peerIdFromString } from "@libp2p/peer-id"
import type { Multiaddr } from "@multiformats/multiaddr"
import { Effect, Exit, FiberSet, Option, Scope, Semaphore } from "effect"
import { randomBytes } from "node:crypto"
import { BarredPeers } from "./BarredPeers.ts"
import * as DirectWay from "./DirectWay.ts"
import * as Libp2pAddress from "./Libp2pAddress.ts"
import { cut, fail, linkClosed, problemOf, unreachable } from "./Libp2pFailure.ts"
import * as Libp2pLink from "./Libp2pLink.ts"
import * as Metrics from "./Libp2pMetrics.ts"
import * as Libp2pNode from "./Libp2pNode.ts"
import type { Libp2pSettings } from "./Libp2pOptions.ts"
import { race } from "./RacingDial.ts"
import * as RelayKeeper from "./RelayKeeper.ts"
import { RelayNews } from "./RelayNews.ts"

/** The protocols of a link; the same names on every node of this version. Who syncs does not pair by mistake, nor the other way round. */
export const protocols = { sync: "/syncline/sync/1", pair: "/syncline/pair/1" }
const protocolOf = ({ pairing }: Libp2pSettings): string => (pairing ? protocols.pair : protocols.sync)

/** Bytes that each end draws for a link, so that no proof holds on another one. */
const nonceBytes = 16
/** How long a stream may take to become a link, in milliseconds. */
const openingMsMax = 5_000
/** How long handlers have for a farewell when listening ends, in milliseconds. */
const farewellMs = 500

type OnLink = (link: Link.Link) => Effect.Effect<void>

/** One libp2p node and who uses it. */
interface Shared {
  readonly node: Libp2pNode.Libp2pNode
  readonly relays: RelayKeeper.Relays
  readonly scope: Scope.Closeable
  readonly protocol: string
  readonly listens: boolean
  readonly serves: boolean
  readonly uses: Set<ConnectionUse>
  readonly news: RelayNews
  users: number
}

/** A link, or what may become one, on its connection. */
interface ConnectionUse {
  readonly connection: Connection
  /** Absent until its stream is there. */
  opening: Libp2pLink.Opening | undefined
}

interface Device {
  readonly settings: Libp2pSettings
  readonly host: Transport.TransportHost
  readonly oneAtATime: Semaphore.Semaphore
  readonly barred: BarredPeers
  readonly resting: DirectWay.Resting
  /** The node that a dial uses. */
  current: Shared | undefined
}

export interface Libp2pLinks {
  readonly listen: Transport.Transport["listen"]
  readonly dial: Transport.Transport["dial"]
  readonly watch: Transport.Finder["watch"]
}

export const make = (settings: Libp2pSettings, host: Transport.TransportHost): Libp2pLinks => {
  const barred = new BarredPeers()
  const admits: typeof host.admits = (peer) =>
    Effect.suspend(() => (barred.has(peer) ? Effect.succeed(false) : host.admits(peer)))
  const device: Device = {
    settings,
    host: { ...host, admits },
    oneAtATime: Semaphore.makeUnsafe(1),
    barred,
    resting: new Map(),
    current: undefined
  }
  return {
    listen: (onLink) => listen(device, onLink),
    dial: (address) => dial(device, address),
    watch: (onFound, onRenewed) => watch(device, onFound, onRenewed)
  }
}

/** The device's node until the scope closes; it stops with its last user. */
const use = (device: Device, listens: boolean): Effect.Effect<Shared, TransportError.TransportError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.gen(function* () {
      const { current } = device
      const shared = current === undefined || (listens && !current.listens) ? yield* start(device, listens) : current
      shared.users++
      return shared
    }).pipe(device.oneAtATime.withPermits(1)),
    (shared) =>
      Effect.suspend(() => {
        shared.users--
        if (shared.users > 0) return Effect.void
        if (device.current === shared) device.current = undefined
        return Scope.close(shared.scope, Exit.void)
      }).pipe(device.oneAtATime.withPermits(1))
  )

const start = Effect.fnUntraced(function* (device: Device, listens: boolean) {
  const { host, settings } = device
  const relays: RelayKeeper.Relays = new Map()
  const uses = new Set<ConnectionUse>()
  const news = new RelayNews()
  const scope = yield* Scope.make()
  const started = Effect.gen(function* () {
    const isUsed = (connection: Connection): boolean => [...uses].some((one) => one.connection === connection)
    const node = yield* Libp2pNode.make({ settings, host, listens, helpers: relays, isUsed })
    yield* Libp2pLink.watchSizes(uses)
    yield* device.barred.watched
    const { addresses, isNeeded } = relayAddresses(settings, host)
    const wantsPlace = listens && !settings.serves
    const keeper = RelayKeeper.keep({ node, addresses, wantsPlace, relays, news })
    if (isNeeded) yield* Effect.forkScoped(keeper)
    return node
  })
  const node = yield* started.pipe(
    Scope.provide(scope),
    Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
  )
  const shared: Shared = {
    node,
    relays,
    scope,
    protocol: protocolOf(settings),
    listens,
    serves: settings.serves,
    uses,
    news,
    users: 0
  }
  device.current = shared
  return shared
})

const relayAddresses = ({ relays }: Libp2pSettings, { relays: announced }: Transport.TransportHost) => {
  if (relays === "disabled") return { isNeeded: false, addresses: Effect.succeed([]) }
  if (relays === "default") return { isNeeded: announced !== undefined, addresses: announced ?? Effect.succeed([]) }
  return { isNeeded: relays.length > 0, addresses: Effect.succeed(relays) }
}

const listen = Effect.fnUntraced(function* (device: Device, onLink: OnLink) {
  const shared = yield* use(device, true)
  const { libp2p: node } = shared.node
  const fibers = yield* FiberSet.make()
  const fork = yield* FiberSet.runtime(fibers)()
  const take = (stream: Stream, connection: Connection): void => {
    // Another connection of a peer that has just been cut off.
    if (device.barred.has(connection.remotePeer.toString())) return cut(connection, "it broke the protocol before")
    // Before anything that takes time: what comes before somebody listens is lost.
    const one: ConnectionUse = { connection, opening: openingOf(device, connection, stream) }
    shared.uses.add(one)
    fork(accept(device, shared, one, onLink).pipe(Effect.ensuring(end(shared, one))))
  }
  const { maxLinksPerPeer } = device.settings
  yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () =>
        node.handle(shared.protocol, take, { maxInboundStreams: maxLinksPerPeer, runOnLimitedConnection: true }),
      // The library refuses a second handler.
      catch: () => {
        const problem = "this transport listens already"
        return fail(new TransportError.AddressInUse({ address: device.settings.listen.join(", "), problem }))
      }
    }),
    () =>
      Effect.andThen(
        Effect.promise(() => node.unhandle(shared.protocol)),
        FiberSet.clear(fibers)
      ).pipe(Effect.timeoutOption(farewellMs))
  )
  return node.getMultiaddrs().map(String)
})

/** What comes by a stream; whoever breaks the protocol there loses its connection and is turned away for a while. */
const openingOf = ({ barred }: Device, connection: Connection, stream: Stream): Libp2pLink.Opening =>
  new Libp2pLink.Opening(stream, (problem) => {
    barred.bar(connection.remotePeer.toString())
    cut(connection, problem)
  })

const accept = Effect.fnUntraced(function* (device: Device, shared: Shared, one: ConnectionUse, onLink: OnLink) {
  const { remotePeer } = one.connection
  const links = [...shared.uses].filter(({ connection }) => connection.remotePeer.equals(remotePeer)).length
  if (links > device.settings.maxLinksPerPeer) return yield* Metrics.refused("link-limit")
  if (!(yield* isLetIn(device, remotePeer.toString()))) return yield* Metrics.refused("not-admitted")
  const link = yield* Effect.option(greet(shared, one, "in"))
  if (Option.isNone(link)) return yield* Metrics.refused("abandoned")
  yield* Effect.forkScoped(makeWay(device, shared, one, link.value))
  yield* onLink(link.value)
}, Effect.scoped)

/** Whom this node dials, such as a relay, may ask for a link on that connection: the door does not see it. */
const isLetIn = ({ host, settings }: Device, peer: string): Effect.Effect<boolean> =>
  settings.pairing ? Effect.succeed(true) : PeerId.is(peer) ? host.admits(peer) : Effect.succeed(false)

/** Ends a link through a relay once there is a direct way: whoever has dialled it dials again, and takes that one. */
const makeWay = Effect.fnUntraced(function* (device: Device, shared: Shared, one: ConnectionUse, link: Link.Link) {
  const peer = one.connection.remotePeer.toString()
  if (link.path !== "relayed" || !PeerId.is(peer)) return
  const sources = (signal: AbortSignal) => whereabouts(shared, peer, signal)
  yield* DirectWay.found({ node: shared.node, peer, resting: device.resting, sources })
  one.opening?.end("it made way for a direct one")
  yield* link.close
})

/** Both ends say a number, the dialler first: once it hears the other's, the link is there on both sides. */
const greet = Effect.fnUntraced(function* (shared: Shared, one: ConnectionUse, direction: Metrics.Direction) {
  const { connection, opening } = one
  if (opening === undefined) return yield* linkClosed("its stream never opened")
  const own = { peer: shared.node.libp2p.peerId.toString(), nonce: new Uint8Array(randomBytes(nonceBytes)) }
  if (direction === "out") opening.post(own.nonce)
  const nonce = yield* Libp2pLink.receive(opening).pipe(
    Effect.timeoutOrElse({ duration: openingMsMax, orElse: () => Effect.fail(linkClosed("no word for too long")) })
  )
  if (nonce.length !== nonceBytes) return yield* linkClosed("it did not begin as a link does")
  if (direction === "in") opening.post(own.nonce)
  const other = { peer: connection.remotePeer.toString(), nonce }
  const [dialler, listener] = direction === "out" ? [own, other] : [other, own]
  const path = Libp2pAddress.pathOf(connection.remoteAddr)
  yield* Metrics.linked(direction, path)
  const channelBinding = Libp2pLink.bindingOf(dialler, listener)
  return Libp2pLink.make({ opening, path, remote: connection.remoteAddr.toString(), channelBinding })
})

/** Closes a link, and its connection when that has no other. */
const end = Effect.fnUntraced(function* (shared: Shared, one: ConnectionUse) {
  if (one.opening !== undefined) yield* Libp2pLink.close(one.opening)
  shared.uses.delete(one)
  letGo(shared, one)
})

const letGo = ({ relays, serves, uses }: Shared, { connection }: ConnectionUse): void => {
  const isUsed = [...uses].some((other) => other.connection === connection)
  // Relays, and whoever has a place at this one, stay without a link.
  if (isUsed || serves || relays.has(connection.remotePeer.toString() as PeerId.PeerId)) return
  // Both ends have ended the stream or one of them does not answer: nothing is under way that a farewell would save.
  cut(connection, "nobody uses it any more")
}

/** Tells of peers that answer in the local network, each time they do, and of relays that are there again. */
const watch = Effect.fnUntraced(function* (
  device: Device,
  onFound: (peer: PeerId.PeerId) => Effect.Effect<void>,
  onRenewed: Effect.Effect<void> = Effect.void
) {
  const { news, node } = yield* use(device, false)
  const fork = yield* FiberSet.runtime(yield* FiberSet.make())()
  const tell = ({ detail }: CustomEvent<PeerInfo>): void => {
    const peer = detail.id.toString()
    if (PeerId.is(peer)) fork(onFound(peer))
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => node.lan?.addEventListener("peer", tell)),
    () => Effect.sync(() => node.lan?.removeEventListener("peer", tell))
  )
  yield* news.watch(() => void fork(onRenewed))
})

const dial = Effect.fnUntraced(function* (
  device: Device,
  address: string
): Effect.fn.Return<Link.Link, TransportError.TransportError, Scope.Scope> {
  const target = yield* Libp2pAddress.parse(address)
  const shared = yield* use(device, false)
  const opened = Effect.tryPromise({
    try: (signal) =>
      open(device, shared, target, AbortSignal.any([signal, AbortSignal.timeout(Transport.dialTimeoutMs)])),
    catch: (error) => unreachable(address, problemOf(error))
  })
  const acquired = target.isPeerOnly ? sought(shared, opened) : opened
  const one = yield* Effect.acquireRelease(acquired, (opened) => end(shared, opened), { interruptible: true })
  const link = yield* Effect.mapError(greet(shared, one, "out"), (error) => unreachable(address, error.message))
  yield* Effect.forkScoped(makeWay(device, shared, one, link))
  return link
})

/** Opens to a peer wherever it is: again, and with the whole time of a dial, when a relay comes back meanwhile. */
const sought = (shared: Shared, opened: Opened): Opened =>
  Effect.raceFirst(Effect.asSome(opened), Effect.as(shared.news.untilBack, Option.none())).pipe(
    Effect.flatMap((one) => (Option.isSome(one) ? Effect.succeed(one.value) : sought(shared, opened)))
  )

type Opened = Effect.Effect<ConnectionUse, TransportError.TransportError>

/** A connection and a stream on it. Where it ends early nothing of it is left. */
const open = async (
  device: Device,
  shared: Shared,
  target: Libp2pAddress.DialTarget,
  signal: AbortSignal
): Promise<ConnectionUse> => {
  const one: ConnectionUse = { connection: await connect(shared, target, signal), opening: undefined }
  // Before the next wait, or the end of another link would take the connection away.
  shared.uses.add(one)
  try {
    const stream = await one.connection.newStream(shared.protocol, { signal, runOnLimitedConnection: true })
    one.opening = openingOf(device, one.connection, stream)
    signal.throwIfAborted()
    return one
  } catch (error) {
    shared.uses.delete(one)
    letGo(shared, one)
    throw error
  }
}

/** The connection with a peer that is there, or the first that comes about. */
const connect = async (shared: Shared, target: Libp2pAddress.DialTarget, signal: AbortSignal): Promise<Connection> => {
  const { isPeerOnly, multiaddr, peer } = target
  const { dialAddress, libp2p } = shared.node
  if (peer !== undefined) {
    const known = RelayKeeper.directTo(libp2p, peer) ?? libp2p.getConnections(peerIdFromString(peer))[0]
    if (known?.status === "open") return known
  }
  const sources =
    isPeerOnly && peer !== undefined ? whereabouts(shared, peer, signal) : [Libp2pAddress.resolved(multiaddr)]
  return race(dialAddress, sources, signal)
}

/** Where a peer may be: what is known of it, what the machines that know such things say, and at the relays of this node. */
const whereabouts = (shared: Shared, peer: PeerId.PeerId, signal: AbortSignal) => {
  const { libp2p } = shared.node
  const id = peerIdFromString(peer)
  const named = (address: Multiaddr): Multiaddr =>
    address.getComponents().at(-1)?.name === "p2p" ? address : address.encapsulate(`/p2p/${peer}`)
  const known = libp2p.peerStore.get(id).then(
    ({ addresses }) => addresses.map(({ multiaddr }) => named(multiaddr)),
    () => []
  )
  const asked = libp2p.peerRouting.findPeer(id, { signal }).then(
    ({ multiaddrs }) => multiaddrs.map(named),
    () => []
  )
  const told = toldMeanwhile(libp2p, peer, asked).then((addresses) => addresses.map(named))
  const relayed = [...shared.relays.values()].flat().map((relay) => Libp2pAddress.through(relay, peer))
  return [Promise.resolve(relayed), ...[known, asked, told].flatMap(Libp2pAddress.dialled)]
}

/** What comes to be known of a peer while others are asked, e.g. in the local network: asking may take the whole time of a dial. */
const toldMeanwhile = async (libp2p: Libp2p, peer: PeerId.PeerId, asked: Promise<unknown>) => {
  const first = Promise.withResolvers<ReadonlyArray<Multiaddr>>()
  const tell = ({ detail }: CustomEvent<PeerInfo>): void => {
    if (detail.id.toString() === peer) first.resolve(detail.multiaddrs)
  }
  libp2p.addEventListener("peer:discovery", tell)
  try {
    return await Promise.race([first.promise, asked.then(() => [])])
  } finally {
    libp2p.removeEventListener("peer:discovery", tell)
  }
}
