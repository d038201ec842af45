/**
 * Looks after the quarantine by itself: releases what is due, and asks the policy again about what it had denied once
 * its answers may have changed. What only a person may decide stays untouched; see `QuarantineDesk`.
 */
import { Effect, Metric } from "effect"
import type { JournalError } from "../journal/JournalError.ts"
import type { QuarantineRow } from "../journal/JournalTables.ts"
import {
  quarantinePageMax,
  type QuarantineEntry,
  type QuarantineReason,
  quarantineReasons
} from "../journal/Quarantine.ts"
import type { Author } from "../identity/Author.ts"
import * as Commit from "../model/Commit.ts"
import * as CoreMetrics from "../telemetry/CoreMetrics.ts"
import * as PeerSession from "./PeerSession.ts"
import type { Supervision } from "./Supervision.ts"

/** Releases what is due again and again, and keeps the gauges. */
export const run = Effect.fnUntraced(function* (supervisor: Supervision) {
  yield* guarded(supervisor, reviewAtStart(supervisor))
  for (;;) {
    yield* guarded(supervisor, releaseDue(supervisor))
    yield* Effect.sleep(supervisor.options.releaseEveryMs)
  }
})

const guarded = (supervisor: Supervision, effect: Effect.Effect<void, JournalError>): Effect.Effect<void> =>
  effect.pipe(
    Effect.catchTag("JournalError", (error) => PeerSession.reportFailure(supervisor, undefined, "journal", error)),
    Effect.catchDefect((defect) => Effect.logError("the quarantine could not be looked at", defect))
  )

const releaseDue = Effect.fnUntraced(function* (supervisor: Supervision) {
  const counts = yield* supervisor.journal.quarantineCounts
  for (const reason of quarantineReasons) {
    yield* Metric.update(Metric.withAttributes(CoreMetrics.quarantineCommits, { reason }), counts[reason])
  }
  if (counts.ClockAhead === 0) return
  const { released } = yield* supervisor.journal.releaseDue(supervisor.options.deleteLimits)
  yield* left(supervisor, "ClockAhead", "released", released.length)
})

/** Nothing leaves the quarantine without a word. */
export const left = Effect.fnUntraced(function* (
  supervisor: Supervision,
  reason: QuarantineReason,
  how: "released" | "discarded",
  commits: number
) {
  if (commits === 0) return
  yield* Metric.update(Metric.withAttributes(CoreMetrics.quarantineLeft, { reason, how }), commits)
  yield* supervisor.channel.publish({ _tag: "QuarantineLeft", reason, how, commits })
})

/** After a start, the program may be a later version, and the policy may have changed meanwhile. */
const reviewAtStart = Effect.fnUntraced(function* (supervisor: Supervision) {
  yield* releaseAllowed(supervisor, "SchemaUnknown", () => Effect.succeed(true))
  yield* reviewReasons(supervisor, true)
})

/** Asks the policy again about everything that it had denied. Each commit is tried once for each change. */
export const review = (supervisor: Supervision): Effect.Effect<void> =>
  guarded(supervisor, reviewReasons(supervisor, false))

const reviewReasons = Effect.fnUntraced(function* (supervisor: Supervision, isStart: boolean) {
  for (const reason of ["Denied", "Revoked", "Rejected"] as const) {
    yield* releaseAllowed(supervisor, reason, (row) => isAllowedNow(supervisor, row, isStart))
  }
})

/** What the policy says now of a commit that it, or a custodian, had turned away. */
export const isAllowedNow = Effect.fnUntraced(function* (
  { gate }: Supervision,
  row: QuarantineRow,
  isNewVersionOnly: boolean
) {
  const packed = Commit.open(row.bytes)
  if (typeof packed === "string") return false
  const { at, partition } = packed.header
  const decision =
    row.reason === "Rejected" ? yield* gate.canWrite(partition) : yield* gate.canReceive(partition, row.peer)
  if (!decision.allowed || (isNewVersionOnly && decision.policyVersion === row.policyVersion)) return false
  return row.reason === "Rejected" || (yield* gate.accepts(row.author as Author, partition, at)).allowed
})

const releaseAllowed = Effect.fnUntraced(function* (
  supervisor: Supervision,
  reason: QuarantineReason,
  isAllowed: (row: QuarantineRow) => Effect.Effect<boolean>
) {
  const { journal } = supervisor
  const { deleteLimits } = supervisor.options
  let after = 0
  for (;;) {
    const page: ReadonlyArray<QuarantineEntry> = yield* journal.quarantine({ after, limit: quarantinePageMax, reason })
    const ids: Array<string> = []
    for (const { id, place } of page) {
      after = place
      const row = yield* journal.quarantined(id)
      if (row !== undefined && (yield* isAllowed(row))) ids.push(id)
    }
    if (ids.length > 0)
      yield* left(supervisor, reason, "released", (yield* journal.release(ids, deleteLimits)).released.length)
    if (page.length < quarantinePageMax) return
  }
})
