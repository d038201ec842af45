/** Names of the metrics of a meeting place. They count callers, never who they are or what they said. */
import { Metric } from "effect"

/** Callers of a meeting place, by what came of them. */
export const callers = Metric.counter("syncline_pairing_callers_total", {
  description: "Callers of the meeting place for pairings, by what came of them",
  incremental: true
})
