/**
 * Whom the nodes of a simulated cluster trust, as a policy that can change while they run: whoever is on the list
 * passes in both directions, nobody else in any.
 */
import { Effect, PubSub, Stream } from "effect"
import type { GateShape } from "../gate/Gate.ts"
import * as Author from "../identity/Author.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { Partition } from "../model/Partition.ts"

/** Changes that a node may lag behind; what counts is that it looks again. */
const changesMax = 4

/** What a peer may not do with the records of a team: write them, or deliver them, whoever wrote them. */
export interface PeerDenial {
  readonly kind: "write" | "deliver"
  readonly peer: PeerId
  readonly team: string
}

export class SimulatedTrust {
  readonly #trusted = new Set<PeerId>()
  readonly #denied = new Set<PeerDenial>()
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

  /** Takes a right away from a peer, or gives it back, and tells every node that is up. */
  setDenied(denial: PeerDenial, isDenied: boolean): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (isDenied) this.#denied.add(denial)
      else this.#denied.delete(denial)
      this.#version++
      return Effect.asVoid(PubSub.publish(this.#changes, undefined))
    })
  }

  /** Gives everything back that was denied. */
  readonly permitAll: Effect.Effect<void> = Effect.suspend(() =>
    Effect.forEach([...this.#denied], (denial) => this.setDenied(denial, false), { discard: true })
  )

  #isDenied(kind: PeerDenial["kind"], peer: PeerId, partition: Partition): boolean {
    for (const denial of this.#denied) {
      if (denial.kind === kind && denial.peer === peer && denial.team === partition.header["team"]) return true
    }
    return false
  }

  has(peer: PeerId): boolean {
    return this.#trusted.has(peer)
  }

  /** The gate of one node, which knows nothing of what is denied to itself; a node goes on trusting the others while they do not trust it. */
  gate(): GateShape {
    const answer = (allowed: boolean, rule: string) => ({
      allowed,
      rule,
      policyVersion: this.#version,
      because: allowed ? "everybody trusted may do everything" : "it was taken away"
    })
    const decide = (peer: PeerId) => Effect.sync(() => answer(this.has(peer), "simulated/trusted"))
    return {
      devices: Effect.sync(() => [...this.#trusted]),
      admits: decide,
      canSend: (_partition, peer) => decide(peer),
      canReceive: (partition, peer) =>
        Effect.sync(() => answer(this.has(peer) && !this.#isDenied("deliver", peer, partition), "simulated/deliver")),
      canRead: () => Effect.sync(() => answer(true, "simulated/own")),
      mustForget: () => Effect.undefined,
      accepts: ({ author, partition }) =>
        Effect.sync(() => answer(!this.#isDenied("write", Author.peer(author), partition), "simulated/write")),
      givesWay: Effect.succeed(false),
      isRenumbered: Effect.succeed(false),
      isCustodian: (peer) => Effect.sync(() => this.has(peer)),
      canWrite: () => Effect.sync(() => answer(true, "simulated/own")),
      audit: () => Effect.void,
      changes: Stream.fromPubSub(this.#changes)
    }
  }
}
