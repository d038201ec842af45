/**
 * The policy of one person's devices: peers on the list of trusted ones sync everything in both directions, or the entity
 * types that are shared with them; all others get nothing and learn nothing. It has no roles and no rules on records or
 * fields; that is the enterprise policy's business.
 */
import { type Decision, Gate, PeerId } from "@syncline/core"
import { Effect, Layer } from "effect"
import * as Auditing from "./Auditing.ts"
import type * as AuditKeeper from "./AuditKeeper.ts"
import * as TrustedPeers from "./TrustedPeers.ts"

export type Shares = { readonly [peer: string]: ReadonlyArray<string> | "all" }

export interface PersonalOptions {
  /** Peer ids such as `12D3KooW…`, or a list that changes while the node runs. */
  readonly trusted: ReadonlyArray<string> | TrustedPeers.TrustedPeers
  /**
   * What each peer syncs in both directions, by peer id: names of entity types, or "all". Without it every trusted peer
   * syncs everything; with it, a trusted peer that it does not name syncs nothing. Both sides name the same types, or what
   * one sends waits at the other as denied, and they are never in step.
   */
  readonly shares?: Shares | undefined
  readonly audit?: AuditKeeper.AuditOptions | undefined
}

/** The gate of a personal space. Throws a `TypeError` for a text that is no peer id, and a `RangeError` for a bound out of range. */
export const personal = (options: PersonalOptions): Layer.Layer<Gate.Gate> => {
  const trusted = isList(options.trusted) ? TrustedPeers.fixed(options.trusted) : options.trusted
  for (const peer of Object.keys(options.shares ?? {})) {
    if (!PeerId.is(peer)) throw new TypeError(`shares: ${JSON.stringify(peer)} is no peer id`)
  }
  const shared = sharedOf(options.shares)
  const auditing = Auditing.make(options.audit)
  return Layer.effect(
    Gate.Gate,
    Effect.map(auditing, (audit) => gateOf(trusted, shared, audit))
  )
}

/** What a peer syncs; `undefined` for nothing at all. */
type Shared = (peer: PeerId.PeerId) => ReadonlySet<string> | "all" | undefined

const sharedOf = (shares: Shares | undefined): Shared => {
  if (shares === undefined) return () => "all"
  const sets = new Map(
    Object.entries(shares).map(([peer, types]) => [peer, types === "all" ? types : new Set(types)] as const)
  )
  return (peer) => sets.get(peer)
}

const isList = (trusted: PersonalOptions["trusted"]): trusted is ReadonlyArray<string> => Array.isArray(trusted)

/** The answers under one state of the list; made once for each, because every exchange asks. */
interface Answers {
  readonly trusted: ReadonlySet<PeerId.PeerId>
  readonly policyVersion: number
  readonly yes: Decision.Decision
  readonly own: Decision.Decision
  readonly authored: Decision.Decision
}

const answersOf = (trusted: ReadonlySet<PeerId.PeerId>, policyVersion: number): Answers => {
  const allowed = (rule: string, because: string): Decision.Decision => ({
    allowed: true,
    rule,
    policyVersion,
    because
  })
  return {
    trusted,
    policyVersion,
    yes: allowed("personal/trusted", "trusted peers sync everything in both directions"),
    authored: allowed("personal/author", "what a trusted peer passes on counts, whoever of the devices wrote it"),
    own: allowed("personal/own", "the owner's device may have and write everything")
  }
}

const gateOf = (trusted: TrustedPeers.TrustedPeers, shared: Shared, audit: AuditKeeper.Tell): Gate.GateShape => {
  let answers = answersOf(trusted.current(), 1)
  // The version is derived where it is read, so no decision can pair a new list with an old number.
  const now = (): Answers => {
    const list = trusted.current()
    if (list !== answers.trusted) answers = answersOf(list, answers.policyVersion + 1)
    return answers
  }
  const decide = (peer: PeerId.PeerId): Effect.Effect<Decision.Decision> =>
    Effect.sync(() => {
      const current = now()
      return current.trusted.has(peer) ? current.yes : refusal(peer, current.policyVersion)
    })
  const syncs: Gate.GateShape["canSend"] = ({ type }, peer) =>
    Effect.map(decide(peer), (decision) => {
      const types = shared(peer)
      if (!decision.allowed || types === "all") return decision
      return typeShared(type, peer, types, decision.policyVersion)
    })
  return {
    devices: Effect.sync(() => [...now().trusted]),
    admits: decide,
    canSend: syncs,
    canReceive: syncs,
    canRead: () => Effect.sync(() => now().own),
    mustForget: () => Effect.undefined,
    accepts: () => Effect.sync(() => now().authored),
    givesWay: Effect.succeed(false),
    isRenumbered: Effect.succeed(false),
    // Who has a part only cannot keep the whole safe.
    isCustodian: (peer) => Effect.sync(() => now().trusted.has(peer) && shared(peer) === "all"),
    canWrite: () => Effect.sync(() => now().own),
    audit,
    changes: trusted.changes
  }
}

const refusal = (peer: PeerId.PeerId, policyVersion: number): Decision.Decision => ({
  allowed: false,
  rule: "personal/trusted",
  policyVersion,
  because: `${peer} is not trusted here; whoever owns this device must add it to the trusted peers`
})

const typeShared = (
  type: string,
  peer: PeerId.PeerId,
  types: ReadonlySet<string> | undefined,
  policyVersion: number
): Decision.Decision => {
  const allowed = types?.has(type) === true
  const because = `${type} is ${allowed ? "" : "not "}shared with ${peer}`
  return { allowed, rule: "personal/share", policyVersion, because }
}
