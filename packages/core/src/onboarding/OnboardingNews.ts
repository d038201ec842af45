/**
 * What is told of invitations: an entry of the audit for each that is made or revoked, and for each request that is made,
 * approved or rejected; and a count of who asks, by what came of it. A call that proves nothing is counted only: the audit
 * would accuse whoever it named.
 */
import { Effect, Metric } from "effect"
import type { CharterShape } from "../charter/Charter.ts"
import type { AuditedAction, GateShape } from "../gate/Gate.ts"
import type { PeerId } from "../identity/PeerId.ts"
import * as OnboardingMetrics from "./OnboardingMetrics.ts"
import type { Asked, Invitation, Request } from "./OnboardingState.ts"

/** What came of a call by a link. */
export type Outcome = Asked["kind"] | "limited"

/** `behalf`: the person in whose name this device did it. */
export interface OnboardingNews {
  readonly invited: (invitation: Invitation, behalf?: string) => Effect.Effect<void>
  readonly revoked: (invitation: Invitation, behalf?: string) => Effect.Effect<void>
  readonly requested: (request: Request) => Effect.Effect<void>
  /** A request was approved or rejected. */
  readonly settled: (request: Request, behalf?: string) => Effect.Effect<void>
  readonly asked: (outcome: Outcome) => Effect.Effect<void>
}

export const make = (audit: GateShape["audit"], charter: CharterShape, self: PeerId): OnboardingNews => {
  const tell = (
    action: AuditedAction["action"],
    peer: PeerId,
    because: string,
    detail: string,
    allowed = true
  ): Effect.Effect<void> =>
    Effect.suspend(() => {
      const decision = { allowed, rule: `onboarding/${action}`, policyVersion: charter.state().version, because }
      return audit({ action, peer, decision, detail })
    })
  return {
    invited: (invitation, behalf) =>
      tell("invite", self, `${inNameOf(behalf)}${offerOf(invitation)}`, `invitation ${invitation.id}`),
    revoked: ({ id, uses }, behalf) =>
      tell("revoke", self, `${inNameOf(behalf)}revoked after ${uses} requests`, `invitation ${id}`),
    requested: (request) =>
      tell("request", request.peer, `${shown(request.name)} asks for ${rightsOf(request)}`, placeOf(request)),
    settled: (request, behalf) => tell(...endOf(request, behalf)),
    asked: (outcome) => Metric.update(counted[outcome], 1)
  }
}

type Told = readonly [action: AuditedAction["action"], peer: PeerId, because: string, detail: string, allowed: boolean]

const endOf = (request: Request, behalf: string | undefined): Told => {
  const inName = inNameOf(behalf)
  const by = request.by === null ? "" : `, by ${request.by}`
  if (request.status === "approved") {
    const words = `${inName}${shown(request.name)} is the member ${request.member} now, ${rightsOf(request)}${by}`
    return ["approve", request.peer, words, placeOf(request), true]
  }
  return ["reject", request.peer, `${inName}${shown(request.because ?? "")}${by}`, placeOf(request), false]
}

const placeOf = ({ id, invitation }: Request): string => `request ${id} by invitation ${invitation}`

const rightsOf = ({ role, teams }: Pick<Request, "role" | "teams">): string =>
  `the role ${role}${teams.length === 0 ? "" : ` and the teams ${teams.join(", ")}`}`

const offerOf = (invitation: Invitation): string => {
  const { expiresMs, isByHand, usesMax } = invitation
  const how = isByHand ? "each approved by a person" : "approved by themselves"
  return `offers ${rightsOf(invitation)} to ${usesMax} newcomers, ${how}, until ${expiresMs} ms since 1970`
}

/** In front of everything else, as what comes last may be cut off. */
const inNameOf = (behalf: string | undefined): string =>
  behalf === undefined ? "" : `in the name of ${shown(behalf)}: `

/** What somebody typed, as a part of a sentence. */
const shown = (text: string): string => JSON.stringify(text)

const outcomes: ReadonlyArray<Outcome> = ["new", "known", "refused", "crowded", "limited"]

// Attributes are attached once: doing it for every call would build a new metric each time.
const counted = Object.fromEntries(
  outcomes.map((outcome) => [outcome, Metric.withAttributes(OnboardingMetrics.asked, { outcome })])
) as Record<Outcome, typeof OnboardingMetrics.asked>
