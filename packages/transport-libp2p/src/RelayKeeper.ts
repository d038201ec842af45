/**
 * Keeps a node connected to its relays, and with a place at each. libp2p asks a relay for a place when it meets one, and does not
 * dial one again that went away (js-libp2p issue 3601): this does, and begins anew with a relay that gives no place. It relays
 * nothing.
 */
import { PeerId } from "@syncline/core"
import type { Connection, Libp2p } from "@libp2p/interface"
import { peerIdFromString } from "@libp2p/peer-id"
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr"
import { Clock, Effect, FiberMap, Random } from "effect"
import { cut } from "./Libp2pFailure.ts"
import { pathOf, resolved } from "./Libp2pAddress.ts"
import type { Libp2pNode } from "./Libp2pNode.ts"
import { race } from "./RacingDial.ts"
import type { RelayNews } from "./RelayNews.ts"

/** How often it is looked whether a relay is there, in milliseconds; more often until it has given a place. */
const lookMs = 1_000
const lookPlaceMs = 200
/** How long one attempt may take, in milliseconds. */
const attemptMsMax = 5_000
/**
 * From the beginning of an attempt that failed to the next, in milliseconds; it doubles up to `waitMsMax`, and `waitMsMin` lie between
 * them always. Short, since nobody is reached meanwhile; half of it is chance, so that not all come to a relay at once.
 */
const waitMsMin = 500
const waitMsMax = 4_000
/** How long both ends of a connection need to tell each other what they do, in milliseconds; before that nobody is found by the relay. */
const settledMsMin = 500
/** How long a relay may be connected without giving a place, in milliseconds. */
const placeMsMax = 8_000
/** How often it is asked which relays there are, in milliseconds; more often while there are none. */
const askMs = 60_000
const askNoneMs = 5_000
/** Relays that are used at a time. */
export const relaysMax = 4

/** The relays in use and their addresses. */
export type Relays = Map<PeerId.PeerId, ReadonlyArray<Multiaddr>>

/** The relays that addresses name, the first four; addresses that end in no peer are passed over. */
export const relaysOf = (addresses: ReadonlyArray<string>): Relays => {
  const found: Relays = new Map()
  for (const text of addresses) {
    const named = /\/p2p\/([A-Za-z0-9]+)$/.exec(text)?.[1]
    if (!PeerId.is(named) || (!found.has(named) && found.size >= relaysMax)) continue
    found.set(named, [...(found.get(named) ?? []), multiaddr(text)])
  }
  return found
}

export interface KeeperOptions {
  readonly node: Libp2pNode
  /** Addresses of the relays that there are now. */
  readonly addresses: Effect.Effect<ReadonlyArray<string>>
  /** Wants a place at each, so that others reach this node there. */
  readonly wantsPlace: boolean
  /** The relays in use, which this fills. */
  readonly relays: Relays
  /** Told when a relay is there, and when it has given a place. */
  readonly news: RelayNews
}

/** Keeps on until it is interrupted. */
export const keep = Effect.fnUntraced(function* (options: KeeperOptions) {
  const { addresses, node, relays } = options
  const keepers = yield* FiberMap.make<PeerId.PeerId>()
  for (;;) {
    const found = relaysOf(yield* addresses)
    for (const peer of relays.keys()) {
      if (found.has(peer)) continue
      relays.delete(peer)
      yield* FiberMap.remove(keepers, peer)
    }
    for (const [peer, at] of found) {
      relays.set(peer, at)
      // It goes on with the new addresses when it is there already.
      yield* FiberMap.run(keepers, peer, { onlyIfMissing: true })(keepOne(options, node, peer))
    }
    yield* Effect.sleep(found.size === 0 ? askNoneMs : askMs)
  }
}, Effect.scoped)

/** How far a relay is: connected for long enough to be of use, and with a place for this node. */
type Reach = "away" | "there" | "placed"

const keepOne = Effect.fnUntraced(function* (options: KeeperOptions, node: Libp2pNode, peer: PeerId.PeerId) {
  let known: Reach = "away"
  for (let failures = 0; ;) {
    const connection = directTo(node.libp2p, peer)
    if (connection === undefined) {
      known = "away"
      const beganMs = yield* Clock.currentTimeMillis
      const isThere = yield* Effect.isSuccess(attempt(node, options.relays.get(peer) ?? []))
      failures = isThere ? 0 : failures + 1
      const tookMs = (yield* Clock.currentTimeMillis) - beganMs
      if (!isThere) yield* Effect.sleep(Math.max(waitMsMin, (yield* waitMs(failures)) - tookMs))
      continue
    }
    const ageMs = (yield* Clock.currentTimeMillis) - connection.timeline.open
    const reach = hasPlace(node, peer) ? "placed" : ageMs >= settledMsMin ? "there" : "away"
    if (known === "away" && reach !== "away") yield* options.news.back
    else if (known === "there" && reach === "placed") yield* options.news.placed
    known = reach
    const isWhole = reach === "placed" || (reach === "there" && !options.wantsPlace)
    if (!isWhole && ageMs > placeMsMax) cut(connection, "the relay gives no place")
    yield* Effect.sleep(isWhole ? lookMs : lookPlaceMs)
  }
})

/** From one attempt to the next after so many failures in a row. */
const waitMs = (failures: number): Effect.Effect<number> =>
  Effect.map(Random.next, (chance) => {
    const fullMs = Math.min(waitMsMax, waitMsMin * 2 ** Math.min(failures, 10))
    return fullMs / 2 + (chance * fullMs) / 2
  })

const attempt = (node: Libp2pNode, addresses: ReadonlyArray<Multiaddr>) =>
  Effect.tryPromise((signal) => {
    const within = AbortSignal.any([signal, AbortSignal.timeout(attemptMsMax)])
    return race(node.dialAddress, addresses.map(resolved), within)
  })

/** A connection with a peer that goes through nobody else. */
export const directTo = (libp2p: Libp2p, peer: PeerId.PeerId): Connection | undefined =>
  libp2p
    .getConnections(peerIdFromString(peer))
    .find(({ remoteAddr, status }) => status === "open" && pathOf(remoteAddr) !== "relayed")

/** Others may reach this node by the relay, whatever else the program has them told. */
const hasPlace = ({ listensAt }: Libp2pNode, relay: PeerId.PeerId): boolean =>
  listensAt().some((address) => address.toString().includes(`/p2p/${relay}/p2p-circuit`))
