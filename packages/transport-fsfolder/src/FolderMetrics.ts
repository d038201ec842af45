/**
 * The mailbox's counters. They count files and bytes, never whose they are or what is in them.
 */
import { Effect, Metric } from "effect"

/** Files of mailboxes; `in` were read, `out` were written. */
export const filesTotal = Metric.counter("syncline_folder_files_total", {
  description: "Files read from and written into folders",
  incremental: true
})

/** Bytes of those files. */
export const bytesTotal = Metric.counter("syncline_folder_bytes_total", {
  description: "Bytes of files read from and written into folders",
  incremental: true
})

const byDirection = (metric: Metric.Counter<number>) => ({
  in: Metric.withAttributes(metric, { direction: "in" }),
  out: Metric.withAttributes(metric, { direction: "out" })
})
const files = byDirection(filesTotal)
const bytes = byDirection(bytesTotal)

export const moved = (direction: "in" | "out", length: number): Effect.Effect<void> =>
  Effect.andThen(Metric.update(files[direction], 1), Metric.update(bytes[direction], length))
