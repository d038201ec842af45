/**
 * Who gets past the handshake: peers that the policy admits, and machines that this node was told to use, such as a relay. It is
 * the outer door only; each session asks the policy again, for everything.
 */
import { PeerId, type Transport } from "@syncline/core"
import type { Connection, ConnectionGater, Libp2p } from "@libp2p/interface"
import { Effect } from "effect"
import { setTimeout as sleep } from "node:timers/promises"
import { HandshakePace } from "./HandshakePace.ts"
import { cut } from "./Libp2pFailure.ts"
import * as Metrics from "./Libp2pMetrics.ts"

/** Peers by id, as a set or a map has them. */
export interface Helpers {
  readonly has: (peer: PeerId.PeerId) => boolean
}

export interface Door {
  readonly admits: Transport.TransportHost["admits"]
  /** Machines that this node uses, whose records nobody reads: relays, which also know where peers are. */
  readonly helpers: Helpers
}

/** How often connections are looked at whose peers may not be admitted any more, in milliseconds. */
const sweepMs = 5_000

/** The door as libp2p asks it. */
export interface Gater extends ConnectionGater {
  /** True for whom the policy admits, and for machines that this node uses. */
  readonly lets: (peer: LibraryPeer) => Promise<boolean>
}

export const make = (door: Door, run: <A>(effect: Effect.Effect<A>) => Promise<A>): Gater => {
  const lets = (peer: LibraryPeer): Promise<boolean> => run(isKnown(door, peer))
  const turnsAway = (peer: LibraryPeer): Promise<boolean> =>
    run(Effect.flatMap(isKnown(door, peer), (isIn) => (isIn ? Effect.succeed(false) : Effect.as(refused, true))))
  const pace = new HandshakePace()
  return {
    lets,
    denyInboundConnection: async () => {
      const waitMs = pace.take()
      if (waitMs > 0) await sleep(waitMs)
      return false
    },
    // What libp2p dials by itself; a route's address is for the session to judge.
    denyDialPeer: async (peer) => !(await lets(peer)),
    // By default private addresses are not dialled everywhere; which ones are is for the routes to say.
    denyDialMultiaddr: () => false,
    denyInboundEncryptedConnection: turnsAway,
    denyInboundRelayReservation: turnsAway,
    denyInboundRelayedConnection: (_relay, peer) => turnsAway(peer)
  }
}

/** Ends connections of peers that the policy does not admit any more, again and again. */
export const sweep = (door: Door, libp2p: Libp2p): Effect.Effect<never> =>
  Effect.gen(function* () {
    for (const connection of libp2p.getConnections()) {
      // A route's address is for the session to judge, and whoever passes a link on is not its other end.
      if (connection.direction === "outbound" || (yield* isKnown(door, connection.remotePeer))) continue
      cut(connection, "the policy does not admit this peer any more")
      yield* refused
    }
    yield* Effect.sleep(sweepMs)
  }).pipe(Effect.forever)

/**
 * Ends connections that nobody uses, again and again, each once it was seen so twice: where everybody is let in they would keep
 * others out, and no policy ends them.
 */
export const sweepUnused = (libp2p: Libp2p, isUsed: (connection: Connection) => boolean): Effect.Effect<never> => {
  let unused: ReadonlyArray<Connection> = []
  const look = Effect.gen(function* () {
    const now = libp2p.getConnections().filter((one) => one.direction === "inbound" && !isUsed(one))
    for (const connection of now) {
      if (!unused.includes(connection)) continue
      cut(connection, "it was opened for nothing")
      yield* Metrics.refused("abandoned")
    }
    unused = now
    yield* Effect.sleep(sweepMs)
  })
  return Effect.forever(look)
}

const refused = Metrics.refused("not-admitted")

type LibraryPeer = { readonly toString: () => string }

const isKnown = ({ admits, helpers }: Door, peer: LibraryPeer): Effect.Effect<boolean> => {
  const text = peer.toString()
  if (!PeerId.is(text)) return Effect.succeed(false)
  return helpers.has(text) ? Effect.succeed(true) : admits(text)
}
