/**
 * What had no room in an audit, as one entry for each peer: how often, for which reasons, and the first case of each. Whoever
 * is told of much gets one at once and then one every ten minutes. What has no room is decided by `AuditKeeper`.
 */
import type { Gate, PeerId } from "@syncline/core"
import type { AuditFacts } from "./AuditChain.ts"

/** Between two entries about one peer. */
export const everyMs = 10 * 60 * 1_000
/** Peers that are counted for themselves; what others did beyond is counted under this device's own name. */
const peersMax = 1_024
/** Reasons that an entry names with a first case; the rest are in its sum. */
const reasonsMax = 4
/** Of a first case, in characters. */
const caseCharsMax = 80

interface Reason {
  times: number
  readonly first: string
}

interface Counted {
  times: number
  readonly reasons: Map<string, Reason>
}

export class AuditOverflow {
  readonly #self: PeerId.PeerId
  readonly #counted = new Map<PeerId.PeerId, Counted>()
  /** When the last entry about a peer was made, while that is not long ago. */
  readonly #toldAtMs = new Map<PeerId.PeerId, number>()

  /** `self`: under whose name is counted what is nobody else's. */
  constructor(self: PeerId.PeerId) {
    this.#self = self
  }

  add(peer: PeerId.PeerId, { action, decision, detail }: Gate.AuditedAction): void {
    const isKnown = this.#counted.has(peer) || this.#counted.size < peersMax
    const who = isKnown ? peer : this.#self
    const counted = this.#counted.get(who) ?? { times: 0, reasons: new Map<string, Reason>() }
    this.#counted.set(who, counted)
    counted.times++
    const key = `${action} ${decision.allowed ? "allowed" : "denied"} by ${decision.rule}`
    const reason = counted.reasons.get(key)
    if (reason !== undefined) reason.times++
    else if (counted.reasons.size < reasonsMax) counted.reasons.set(key, { times: 1, first: detail })
  }

  get isEmpty(): boolean {
    return this.#counted.size === 0
  }

  /** Takes out what is to be told now; everything when the node closes. */
  take(nowMs: number, isClosing: boolean): ReadonlyArray<AuditFacts> {
    for (const [peer, atMs] of this.#toldAtMs) if (nowMs - atMs >= everyMs) this.#toldAtMs.delete(peer)
    const facts: Array<AuditFacts> = []
    for (const [peer, counted] of this.#counted) {
      if (this.#toldAtMs.has(peer) && !isClosing) continue
      this.#counted.delete(peer)
      this.#toldAtMs.set(peer, nowMs)
      facts.push(factsOf(peer, counted, nowMs))
    }
    return facts
  }
}

const factsOf = (peer: PeerId.PeerId, { reasons, times }: Counted, atMs: number): AuditFacts => {
  const because = `${times} decisions were only counted, as there was no room for each; the detail has the first for each reason`
  const decision = { allowed: false, rule: "audit/overflow", policyVersion: 0, because }
  const detail = [...reasons].map(
    ([reason, each]) => `${each.times} ${reason}, first ${each.first.slice(0, caseCharsMax)}`
  )
  return { atMs, action: "overflow", peer, decision, detail: detail.join("; "), times }
}
