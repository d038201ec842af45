/**
 * The transport's counters. They count connections and frames, never whose they are or what is in them.
 */
import { Effect, Metric } from "effect"
import type { Refusal } from "./Refusal.ts"

export type Direction = "in" | "out"

/** Connections that became links; `in` were accepted, `out` were dialled. */
export const connectionsTotal = Metric.counter("syncline_socketio_connections_total", {
  description: "Socket.IO connections that became links",
  incremental: true
})

/** Connections turned away or cut off, by `reason`. */
export const refusedTotal = Metric.counter("syncline_socketio_refused_total", {
  description: "Socket.IO connections turned away or cut off",
  incremental: true
})

/** Bytes of frames, without the bytes of Socket.IO, WebSocket, HTTP and TLS around them. */
export const bytesTotal = Metric.counter("syncline_socketio_bytes_total", {
  description: "Bytes of frames handed over",
  incremental: true
})

// Attributes are attached once: doing it for every frame would build a new metric each time.
const byDirection = (metric: Metric.Counter<number>) => ({
  in: Metric.withAttributes(metric, { direction: "in" }),
  out: Metric.withAttributes(metric, { direction: "out" })
})
const connections = byDirection(connectionsTotal)
const bytes = byDirection(bytesTotal)

export const connected = (direction: Direction): Effect.Effect<void> => Metric.update(connections[direction], 1)

export const moved = (direction: Direction, count: number): Effect.Effect<void> =>
  Metric.update(bytes[direction], count)

export const refused = (reason: Refusal): Effect.Effect<void> =>
  Effect.suspend(() => Metric.update(Metric.withAttributes(refusedTotal, { reason }), 1))
