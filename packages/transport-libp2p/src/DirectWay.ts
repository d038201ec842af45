/**
 * Looks for a direct way to the other end of a link that goes through a relay, and says when there is one. A way that libp2p found by
 * itself counts as much as one that was dialled here. It ends no link, and dials nobody whose link is direct.
 */
import type { PeerId } from "@syncline/core"
import type { Multiaddr } from "@multiformats/multiaddr"
import { Clock, Effect } from "effect"
import { pathOf } from "./Libp2pAddress.ts"
import type { Libp2pNode } from "./Libp2pNode.ts"
import { race } from "./RacingDial.ts"
import { directTo } from "./RelayKeeper.ts"

/** How often it is looked whether a direct connection is there, in milliseconds. */
const lookMs = 1_000
/** How long a connection must have stood, in milliseconds: one that was made to try an address is gone sooner. */
const stoodMsMin = 2_000
/** First wait before the peer's own addresses are dialled, in milliseconds; it doubles up to `dialWaitMsMax`. */
const dialWaitMsMin = 4_000
const dialWaitMsMax = 32_000
/** How long one such dial may take, in milliseconds. */
const dialMsMax = 5_000
/** How long a peer's links stay on a relay after one made way, in milliseconds: a direct way that breaks again must not move them to and fro. */
const restMs = 300_000
/** Peers of which it is remembered when their links made way; the oldest is forgotten. */
const restingMax = 256

/** When links of a peer last made way, in milliseconds since 1970. */
export type Resting = Map<PeerId.PeerId, number>

export interface DirectWayOptions {
  readonly node: Libp2pNode
  readonly peer: PeerId.PeerId
  readonly resting: Resting
  /** Where the peer may be; ways through a relay among them are passed over. */
  readonly sources: (signal: AbortSignal) => ReadonlyArray<Promise<ReadonlyArray<Multiaddr>>>
}

/** Returns once there is a direct connection with the peer, and notes it. */
export const found = Effect.fnUntraced(function* ({ node, peer, resting, sources }: DirectWayOptions) {
  const restedAtMs = (resting.get(peer) ?? -Infinity) + restMs
  let waitMs = dialWaitMsMin
  let dialAtMs = (yield* Clock.currentTimeMillis) + waitMs
  for (;;) {
    yield* Effect.sleep(lookMs)
    const nowMs = yield* Clock.currentTimeMillis
    if (nowMs < restedAtMs) continue
    const direct = directTo(node.libp2p, peer)
    if (direct !== undefined && nowMs - direct.timeline.open >= stoodMsMin) break
    if (direct !== undefined || nowMs < dialAtMs) continue
    yield* Effect.ignore(dial(node, sources))
    waitMs = Math.min(dialWaitMsMax, 2 * waitMs)
    dialAtMs = (yield* Clock.currentTimeMillis) + waitMs
  }
  // Last in the map is who made way last.
  resting.delete(peer)
  resting.set(peer, yield* Clock.currentTimeMillis)
  if (resting.size > restingMax) for (const oldest of [...resting.keys()].slice(0, 1)) resting.delete(oldest)
})

const dial = (node: Libp2pNode, sources: DirectWayOptions["sources"]) =>
  Effect.tryPromise((signal) => {
    const within = AbortSignal.any([signal, AbortSignal.timeout(dialMsMax)])
    const isDirect = (address: Multiaddr): boolean => pathOf(address) !== "relayed"
    const direct = sources(within).map(async (source) => (await source).filter(isDirect))
    return race(node.dialAddress, direct, within)
  })
