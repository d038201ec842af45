/**
 * Who gets past the handshake: peers that the policy admits, and machines that this node was told to use, such as a relay. It is
 * the outer door only; each session asks the policy again, for everything.
 */
import { PeerId, type Transport } from "@syncline/core"
import type { ConnectionGater } from "@libp2p/interface"
import { Effect } from "effect"
import * as Metrics from "./Libp2pMetrics.ts"

export interface GaterOptions {
  readonly admits: Transport.TransportHost["admits"]
  /** Machines that this node uses, whose records nobody reads: relays and those that know where peers are. */
  readonly helpers: ReadonlySet<string>
  readonly run: <A>(effect: Effect.Effect<A>) => Promise<A>
}

export const make = ({ admits, helpers, run }: GaterOptions): ConnectionGater => {
  const isKnown = async (peer: { readonly toString: () => string }): Promise<boolean> => {
    const text = peer.toString()
    if (helpers.has(text)) return true
    if (PeerId.is(text) && (await run(admits(text)))) return true
    await run(Metrics.refused("not-admitted"))
    return false
  }
  return {
    // By default libp2p dials no private addresses in browsers; where to dial is for the routes to say.
    denyDialMultiaddr: () => false,
    denyInboundEncryptedConnection: async (peer) => !(await isKnown(peer)),
    denyInboundRelayReservation: async (peer) => !(await isKnown(peer)),
    denyInboundRelayedConnection: async (_relay, peer) => !(await isKnown(peer))
  }
}
