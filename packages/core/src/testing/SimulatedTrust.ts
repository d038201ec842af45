/**
 * Whom the nodes of a simulated cluster trust, as a policy that can change while they run: whoever is on the list
 * passes in both directions, nobody else in any.
 */
import { Effect, PubSub, Stream } from "effect"
import type { GateShape } from "../gate/Gate.ts"
import type { PeerId } from "../identity/PeerId.ts"

/** Changes that a node may lag behind; what counts is that it looks again. */
const changesMax = 4

export class SimulatedTrust {
  readonly #trusted = new Set<PeerId>()
  readonly #changes: PubSub.PubSub<void>
  #version = 0

  private constructor(changes: PubSub.PubSub<void>) {
    this.#changes = changes
  }

  static readonly make = Effect.map(PubSub.sliding<void>(changesMax), (changes) => new SimulatedTrust(changes))

  /** Puts peers on the list or takes them off, and tells every node that is up. */
  set(peers: ReadonlyArray<PeerId>, isTrusted: boolean): Effect.Effect<void> {
    return Effect.suspend(() => {
      for (const peer of peers) {
        if (isTrusted) this.#trusted.add(peer)
        else this.#trusted.delete(peer)
      }
      this.#version++
      return Effect.asVoid(PubSub.publish(this.#changes, undefined))
    })
  }

  has(peer: PeerId): boolean {
    return this.#trusted.has(peer)
  }

  /** The gate of one node; a node goes on trusting the others while they do not trust it. */
  gate(): GateShape {
    const decide = (peer: PeerId) =>
      Effect.sync(() => ({
        allowed: this.has(peer),
        rule: "simulated/trusted",
        policyVersion: this.#version,
        because: this.has(peer) ? "the peer is trusted" : "the peer is not trusted"
      }))
    return {
      admits: decide,
      canSend: (_partition, peer) => decide(peer),
      canReceive: (_partition, peer) => decide(peer),
      accepts: () => Effect.succeed({ allowed: true, rule: "any", policyVersion: 1, because: "every author counts" }),
      isCustodian: (peer) => Effect.sync(() => this.has(peer)),
      canWrite: () => Effect.succeed({ allowed: true, rule: "own", policyVersion: 1, because: "own device" }),
      audit: () => Effect.void,
      changes: Stream.fromPubSub(this.#changes)
    }
  }
}
