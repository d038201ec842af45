/**
 * The transport's counters. They count links and frames, never whose they are or what is in them.
 */
import type { Link } from "@syncline/core"
import { Effect, Metric } from "effect"

export type Direction = "in" | "out"

/** Links by direction and path; `in` were accepted, `out` were dialled. */
export const linksTotal = Metric.counter("syncline_libp2p_links_total", {
  description: "libp2p streams that became links",
  incremental: true
})

/** Peers and streams that were turned away or cut off, by `reason`. */
export const refusedTotal = Metric.counter("syncline_libp2p_refused_total", {
  description: "libp2p connections and streams turned away or cut off",
  incremental: true
})

/** Bytes of frames, without what libp2p and the network add. */
export const bytesTotal = Metric.counter("syncline_libp2p_bytes_total", {
  description: "Bytes of frames handed over",
  incremental: true
})

// Attributes are attached once: doing it for every frame would build a new metric each time.
const bytes = {
  in: Metric.withAttributes(bytesTotal, { direction: "in" }),
  out: Metric.withAttributes(bytesTotal, { direction: "out" })
}

export const linked = (direction: Direction, path: Link.LinkPath): Effect.Effect<void> =>
  Effect.suspend(() => Metric.update(Metric.withAttributes(linksTotal, { direction, path }), 1))

export const moved = (direction: Direction, count: number): Effect.Effect<void> =>
  Metric.update(bytes[direction], count)

export const refused = (reason: Refusal): Effect.Effect<void> =>
  Effect.suspend(() => Metric.update(Metric.withAttributes(refusedTotal, { reason }), 1))

/** Why somebody was turned away: the policy does not know the peer, it opened a stream and no link, or too many of them. */
export type Refusal = "not-admitted" | "abandoned" | "link-limit"
