/**
 * What policies count. Only refusals are counted, by action; who was refused stands in the log and not in a metric,
 * because strangers would make it grow without bound.
 */
import { Metric } from "effect"

/** Decisions that came out as "no" and were audited, by `action`. */
export const decisionsDenied = Metric.counter("syncline_decisions_denied_total", {
  description: "Decisions of the policy that denied something, by action",
  incremental: true
})
