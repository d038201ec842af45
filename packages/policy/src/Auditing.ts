/**
 * What becomes of a decision that is worth keeping: an entry of the audit, a line in the log, and a count of those that
 * said no.
 */
import type { Gate } from "@syncline/core"
import { Effect, Metric, type Scope } from "effect"
import * as AuditKeeper from "./AuditKeeper.ts"
import * as PolicyMetrics from "./PolicyMetrics.ts"

/** What a gate does with what it is told: it never fails and never waits. */
export const make = (options?: AuditKeeper.AuditOptions): Effect.Effect<AuditKeeper.Tell, never, Scope.Scope> =>
  Effect.map(
    AuditKeeper.make(options),
    (keep): AuditKeeper.Tell =>
      (audited) =>
        Effect.andThen(keep(audited), show(audited))
  )

const show = (audited: Gate.AuditedAction): Effect.Effect<void> => {
  const { action, decision, detail, peer } = audited
  const logged = Effect.logDebug(`${decision.allowed ? "allowed" : "denied"} ${action}`, {
    peer,
    rule: decision.rule,
    policyVersion: decision.policyVersion,
    because: decision.because,
    detail
  })
  return decision.allowed ? logged : Effect.andThen(Metric.update(denied[action], 1), logged)
}

// Attributes are attached once: doing it for every refusal would build a new metric each time.
const denied: Record<Gate.AuditedAction["action"], typeof PolicyMetrics.decisionsDenied> = {
  admit: Metric.withAttributes(PolicyMetrics.decisionsDenied, { action: "admit" }),
  send: Metric.withAttributes(PolicyMetrics.decisionsDenied, { action: "send" }),
  receive: Metric.withAttributes(PolicyMetrics.decisionsDenied, { action: "receive" }),
  write: Metric.withAttributes(PolicyMetrics.decisionsDenied, { action: "write" }),
  forget: Metric.withAttributes(PolicyMetrics.decisionsDenied, { action: "forget" }),
  invite: Metric.withAttributes(PolicyMetrics.decisionsDenied, { action: "invite" }),
  revoke: Metric.withAttributes(PolicyMetrics.decisionsDenied, { action: "revoke" }),
  request: Metric.withAttributes(PolicyMetrics.decisionsDenied, { action: "request" }),
  approve: Metric.withAttributes(PolicyMetrics.decisionsDenied, { action: "approve" }),
  reject: Metric.withAttributes(PolicyMetrics.decisionsDenied, { action: "reject" }),
  manage: Metric.withAttributes(PolicyMetrics.decisionsDenied, { action: "manage" }),
  signin: Metric.withAttributes(PolicyMetrics.decisionsDenied, { action: "signin" })
}
