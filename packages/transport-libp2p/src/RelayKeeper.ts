/**
 * Keeps a node connected to its relays, and with a place at each. libp2p asks a relay for a place when it meets one, and does not
 * dial one again that went away (js-libp2p issue 3601): this does, and begins anew with a relay that gives no place. It relays
 * nothing.
 */
import { PeerId } from "@syncline/core"
import type { Connection, Libp2p } from "@libp2p/interface"
import { peerIdFromString } from "@libp2p/peer-id"
import type { Multiaddr } from "@multiformats/multiaddr"
import { Clock, Effect, FiberMap, Random } from "effect"
import { cut } from "./Libp2pFailure.ts"
import { pathOf, read, resolved } from "./Libp2pAddress.ts"
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
/**
 * How long a relay may be connected without giving a place before it is asked anew, in milliseconds. It doubles up to the second while none
 * is given, and is that at once while links go through it, which end with the connection.
 */
const placeWaitMsMin = 8_000
const placeWaitMsMax = 300_000
/** How often it is asked which relays there are, in milliseconds; more often while there are none. */
const askMs = 60_000
const askNoneMs = 5_000
/** Relays that are used at a time. */
export const relaysMax = 4
/** Places that are asked for: at each relay, and as many again that machines which are none of them may have given. */
const placesMax = 2 * relaysMax

/** The relays in use and their addresses. */
export type Relays = Map<PeerId.PeerId, ReadonlyArray<Multiaddr>>

/** The relays that addresses name, the first four; addresses that cannot be read, or end in no peer, are passed over. */
export const relaysOf = (addresses: ReadonlyArray<string>): Relays => {
  const found: Relays = new Map()
  for (const text of addresses) {
    const named = /\/p2p\/([A-Za-z0-9]+)$/.exec(text)?.[1]
    const address = read(text)
    if (!PeerId.is(named) || address === undefined || (!found.has(named) && found.size >= relaysMax)) continue
    found.set(named, [...(found.get(named) ?? []), address])
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
  const { addresses, relays } = options
  const keepers = yield* FiberMap.make<PeerId.PeerId>()
  // A node that listens has asked for one.
  const asked: Asked = { places: 1 }
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
      yield* FiberMap.run(keepers, peer, { onlyIfMissing: true })(keepOne(options, asked, peer))
    }
    yield* askForPlaces(options, asked)
    yield* Effect.sleep(found.size === 0 ? askNoneMs : askMs)
  }
}, Effect.scoped)

/** How far a relay is: connected for long enough to be of use, and with a place for this node. */
type Reach = "away" | "there" | "placed"

/** Places that were asked for so far. */
interface Asked {
  places: number
}

/** Asks for a place more for each relay that could give none: libp2p takes one each time it is asked, from whoever relays. */
const askForPlaces = Effect.fnUntraced(function* ({ node, relays, wantsPlace }: KeeperOptions, asked: Asked) {
  const needed = new Set([...relays.keys(), ...placesOf(node)]).size
  while (wantsPlace && asked.places < Math.min(needed, placesMax)) {
    asked.places++
    yield* Effect.ignore(Effect.tryPromise(() => node.askForPlace()))
  }
})

const keepOne = Effect.fnUntraced(function* (options: KeeperOptions, asked: Asked, peer: PeerId.PeerId) {
  const { news, node, relays, wantsPlace } = options
  let known: Reach = "away"
  let isAskedAnew = false
  let placeWaitMs = placeWaitMsMin
  let beganMs = 0
  for (let failures = 0; ;) {
    const connection = directTo(node.libp2p, peer)
    if (connection === undefined) {
      // Whoever waits for a relay is not to hear of one that was only asked anew.
      if (!isAskedAnew) [known, placeWaitMs] = ["away", placeWaitMsMin]
      if (failures > 0) yield* restAfter(failures, beganMs)
      // It has failed until it was of use: a relay may also end the connection at once.
      failures++
      isAskedAnew = false
      beganMs = yield* Clock.currentTimeMillis
      yield* Effect.ignore(attempt(node, relays.get(peer) ?? []))
      continue
    }
    const ageMs = (yield* Clock.currentTimeMillis) - connection.timeline.open
    const reach = hasPlace(node, peer) ? "placed" : ageMs >= settledMsMin ? "there" : "away"
    if (reach !== "away") failures = 0
    if (known === "away" && reach !== "away") yield* news.back
    else if (known === "there" && reach === "placed") yield* news.placed
    if (reach !== "away") known = reach
    if (reach === "placed") placeWaitMs = placeWaitMsMin
    const isWhole = reach === "placed" || (reach === "there" && !wantsPlace)
    if (!isWhole && ageMs > (isPassedThrough(node, peer) ? placeWaitMsMax : placeWaitMs)) {
      yield* askForPlaces(options, asked)
      isAskedAnew = true
      placeWaitMs = Math.min(placeWaitMsMax, 2 * placeWaitMs)
      cut(connection, "the relay gives no place")
    }
    yield* Effect.sleep(isWhole ? lookMs : lookPlaceMs)
  }
})

/** Waits between attempts, from the beginning of the last. */
const restAfter = Effect.fnUntraced(function* (failures: number, beganMs: number) {
  const tookMs = (yield* Clock.currentTimeMillis) - beganMs
  yield* Effect.sleep(Math.max(waitMsMin, (yield* waitMs(failures)) - tookMs))
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
const hasPlace = (node: Libp2pNode, relay: PeerId.PeerId): boolean => placesOf(node).has(relay)

/** Who has given this node a place. */
const placesOf = ({ listensAt }: Libp2pNode): ReadonlySet<string> =>
  new Set(listensAt().flatMap((address) => /\/p2p\/([A-Za-z0-9]+)\/p2p-circuit/.exec(address.toString())?.[1] ?? []))

/** Somebody is met through the relay now. */
const isPassedThrough = ({ libp2p }: Libp2pNode, relay: PeerId.PeerId): boolean =>
  libp2p.getConnections().some(({ remoteAddr }) => remoteAddr.toString().includes(`/p2p/${relay}/p2p-circuit`))
