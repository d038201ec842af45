/** Names of the metrics of invitations. They count who asks, never who that is. */
import { Metric } from "effect"

/** Calls by an invitation's link, by what came of them. */
export const asked = Metric.counter("syncline_join_requests_total", {
  description: "Calls by the link of an invitation, by what came of them",
  incremental: true
})
