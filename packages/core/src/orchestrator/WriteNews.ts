/**
 * What the application is told of its own writes that a custodian did not simply take. What is done about them is decided
 * elsewhere.
 */
import { Effect, Metric } from "effect"
import type { PeerId } from "../identity/PeerId.ts"
import { withdrawingCodes } from "../journal/Receipt.ts"
import type { SessionNotice } from "../session/RunningSession.ts"
import * as CoreMetrics from "../telemetry/CoreMetrics.ts"
import type { Supervision } from "./Supervision.ts"

/** Write rejections that one settlement tells one by one; receipts tell them all. */
const rejectionsToldMax = 64

/** Tells of one settlement: what waits there, what was written again, and what was taken back. */
export const settled = Effect.fnUntraced(function* (
  supervisor: Supervision,
  peer: PeerId,
  { outcome, verdicts }: SessionNotice & { readonly _tag: "Settled" }
) {
  const { publish } = supervisor.channel
  const deferred = new Map<string, { commits: number; because: string }>()
  for (const { because, code } of verdicts.filter((verdict) => !withdrawingCodes.has(verdict.code))) {
    deferred.set(code, { because, commits: (deferred.get(code)?.commits ?? 0) + 1 })
  }
  for (const [code, { because, commits }] of deferred) {
    yield* publish({ _tag: "WritesDeferred", peer, code, commits, because })
  }
  if (outcome.rewritten.length > 0) yield* publish({ _tag: "WritesRestamped", commits: outcome.rewritten.length })
  yield* Metric.update(CoreMetrics.commitsRejected, outcome.withdrawn.length)
  for (const commit of outcome.withdrawn.slice(0, rejectionsToldMax)) {
    const receipt = yield* supervisor.journal.receipt(commit).pipe(Effect.orElseSucceed(() => undefined))
    const { because, code, policyVersion, rule } = receipt ?? verdicts[0]!
    yield* publish({ _tag: "WriteRejected", peer, commit, code, rule, policyVersion, because })
  }
})
