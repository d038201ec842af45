/**
 * What happens to a peer's batch before the journal sees it: sizes, space, policy and the author's signature, cheapest
 * first. A commit that fails is refused with a code and the rest of the batch flows on.
 */
import { Effect, Metric } from "effect"
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import type { GateShape } from "../gate/Gate.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import type { JournalShape, RemoteOutcome } from "../journal/Journal.ts"
import * as Commit from "../model/Commit.ts"
import * as Partition from "../model/Partition.ts"
import * as CoreMetrics from "../telemetry/CoreMetrics.ts"
import type * as Wire from "../wire/WireMessage.ts"

export interface IntakeContext {
  readonly journal: JournalShape
  readonly gate: GateShape
  readonly crypto: CryptoFunctions
  readonly peer: PeerId
  readonly peerIncarnation: string
  readonly space: SpaceId
  readonly aheadMsMax: number
}

/** Signatures checked before other fibers get a turn: about 6 ms of work. */
const checkedAtOnceMax = 64

/** A batch whose commits were judged one by one. */
export interface CheckedBatch {
  readonly batch: Wire.EventBatch
  readonly accepted: ReadonlyArray<Uint8Array>
  readonly refused: Map<string, number>
}

/** Judges the commits of a batch. Batches may be checked while earlier ones are written, but in their order. */
export const check = Effect.fnUntraced(function* (context: IntakeContext, batch: Wire.EventBatch) {
  const decisions = new Map<string, boolean>()
  const refused = new Map<string, number>()
  const accepted: Array<Uint8Array> = []
  for (let i = 0; i < batch.commits.length; i++) {
    if (i > 0 && i % checkedAtOnceMax === 0) yield* Effect.yieldNow
    const bytes = batch.commits[i]!
    const code = yield* refusal(context, decisions, bytes)
    if (code === undefined) accepted.push(bytes)
    else refused.set(code, (refused.get(code) ?? 0) + 1)
  }
  const checked: CheckedBatch = { batch, accepted, refused }
  return checked
})

/** Takes in what passed, and reports what became of each commit. */
export const takeIn = Effect.fnUntraced(function* (context: IntakeContext, checked: CheckedBatch) {
  const { accepted, batch, refused } = checked
  const feed =
    batch.from === null ? undefined : { incarnation: context.peerIncarnation, from: batch.from, upto: batch.upto }
  const outcome = yield* context.journal.receive({
    peer: context.peer,
    feed,
    commits: accepted,
    aheadMsMax: context.aheadMsMax
  })
  for (const [code, commits] of outcome.refused) refused.set(code, (refused.get(code) ?? 0) + commits)
  yield* count(refused, outcome)
  const result: RemoteOutcome = { ...outcome, refused: [...refused] }
  return result
})

/** The code under which a commit is refused, or `undefined`. */
const refusal = Effect.fnUntraced(function* (
  context: IntakeContext,
  decisions: Map<string, boolean>,
  bytes: Uint8Array
) {
  const commit = Commit.open(bytes)
  if (typeof commit === "string") return "CommitMalformed"
  if (commit.header.space !== context.space) return "SpaceForeign"
  const key = Partition.key(commit.header.partition)
  let isAllowed = decisions.get(key)
  if (isAllowed === undefined) {
    const decision = yield* context.gate.canReceive(commit.header.partition, context.peer)
    isAllowed = decision.allowed
    decisions.set(key, isAllowed)
    if (!isAllowed) {
      yield* context.gate.audit({ action: "receive", peer: context.peer, decision, detail: key })
    }
  }
  if (!isAllowed) return "Denied"
  return Commit.isSignedByAuthor(context.crypto, commit) ? undefined : "SignatureInvalid"
})

const count = Effect.fnUntraced(function* (refused: ReadonlyMap<string, number>, outcome: RemoteOutcome) {
  yield* Metric.update(CoreMetrics.eventsApplied, outcome.applied)
  if (outcome.held > 0) yield* Metric.update(CoreMetrics.commitsHeld, outcome.held)
  for (const [code, commits] of refused) {
    yield* Metric.update(Metric.withAttributes(CoreMetrics.commitsRefused, { code }), commits)
  }
})
