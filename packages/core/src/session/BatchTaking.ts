/**
 * Takes in the batches of a session in the order in which they came: checked one after the other, written a few at a
 * time. A batch in portions is alone: what came after it waits until its last portion is in. What is said to the peer
 * of a batch is the session's business.
 */
import { Deferred, Effect, Fiber, Queue, Stream } from "effect"
import { blind } from "../crypto/KeyRing.ts"
import * as CommitOpening from "../journal/CommitOpening.ts"
import type { CommitDeletes } from "../journal/Journal.ts"
import type { JournalError } from "../journal/JournalError.ts"
import { deletesOf } from "../journal/MassDelete.ts"
import * as Spans from "../telemetry/Spans.ts"
import type * as Wire from "../wire/WireMessage.ts"
import * as BatchIntake from "./BatchIntake.ts"
import type { CheckedBatch, IntakeContext } from "./CheckedBatch.ts"
import * as BatchPortions from "./BatchPortions.ts"
import * as CommitDeeds from "./CommitDeeds.ts"
import { endMsMax, monotonicMs, type RunningSession } from "./RunningSession.ts"
import type * as SessionState from "./SessionState.ts"

/** Batches checked and written at the same time, so that the disk and the processor both work. */
const applyingAtOnceMax = 4
/** Deletes beyond the first portion that are judged with it; where there are more, each portion is judged by itself. */
const laterDeletesMax = 65_536

/** A batch that may be taken in once an earlier one is in as a whole. */
interface Turn {
  readonly portions: ReadonlyArray<CheckedBatch>
  readonly after: Deferred.Deferred<void> | undefined
  /** Done when it is in itself; only for a batch in portions. */
  readonly whole: Deferred.Deferred<void> | undefined
}

export const run = (driver: RunningSession): Effect.Effect<never, JournalError> =>
  Effect.suspend(() => taking(driver, new CommitDeeds.Beginnings()))

const taking = (driver: RunningSession, beginnings: CommitDeeds.Beginnings): Effect.Effect<never, JournalError> =>
  Stream.fromQueue(driver.toApply).pipe(
    // One after the other, so that no batch overtakes an earlier one that takes longer to check.
    Stream.mapEffect((batch) => BatchIntake.check(intakeOf(driver, beginnings), batch)),
    Stream.mapAccum(
      (): Turn["whole"] => undefined,
      (after, checked) => {
        const portions = BatchPortions.of(checked)
        const whole = portions.length > 1 ? Deferred.makeUnsafe<void>() : undefined
        const turn: Turn = { portions, after, whole }
        return [whole ?? after, [turn]]
      }
    ),
    Stream.mapEffect((turn) => traced(turn, takeIn(driver, intakeOf(driver, beginnings), turn)), {
      concurrency: applyingAtOnceMax
    }),
    Stream.runForEach((input) => Queue.offer(driver.inputs, input)),
    Effect.andThen(Effect.never)
  )

const traced = <A, E, R>({ portions: [first] }: Turn, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Spans.AreSpansMade, (areMade) => {
    if (!areMade) return effect
    const { batch } = first!
    return Spans.spanned("sync.batch", { commits: batch.commits.length, bytes: bytesOf(batch) })(effect)
  })

export const bytesOf = (batch: Wire.EventBatch): number => batch.commits.reduce((sum, { length }) => sum + length, 0)

const intakeOf = (driver: RunningSession, beginnings: CommitDeeds.Beginnings): IntakeContext => ({
  journal: driver.journal,
  gate: driver.gate,
  crypto: driver.crypto,
  compression: driver.compression,
  beginnings,
  peer: driver.state.peer!,
  peerIncarnation: driver.state.peerSpace!.incarnation,
  space: driver.journal.info.space,
  aheadMsMax: driver.options.aheadMsMax,
  deleteLimits: driver.options.deleteLimits,
  quota: driver.quota,
  isDialled: driver.options.role === "responder"
})

const takeIn = Effect.fnUntraced(function* (
  driver: RunningSession,
  intake: IntakeContext,
  { after, portions, whole }: Turn
) {
  if (after !== undefined) yield* Deferred.await(after)
  const [first, ...rest] = portions
  const { batch } = first!
  const laterDeletes = yield* deletesIn(driver, rest)
  const sum = new BatchPortions.PortionSum()
  const outcome = yield* takePortion(driver, intake, { ...first!, laterDeletes })
  sum.add(outcome)
  const massDeletes = laterDeletes === undefined ? undefined : outcome.massDeletes
  for (const portion of rest) sum.add(yield* takePortion(driver, intake, { ...portion, massDeletes }))
  intake.beginnings.delete(first!.begun)
  driver.waitingBytes -= bytesOf(batch)
  driver.waitingBatches--
  if (whole !== undefined) Deferred.doneUnsafe(whole, Effect.void)
  const input: SessionState.Input = { _tag: "Applied", batch, outcome: sum.outcome }
  return input
})

/** What the commits of portions delete, opened one at a time; `undefined` when it is too much to be kept. */
const deletesIn = Effect.fnUntraced(function* (
  { compression, crypto, journal }: RunningSession,
  portions: ReadonlyArray<CheckedBatch>
) {
  const context: CommitOpening.OpeningContext = { compression, crypto, keys: blind, space: journal.info.space }
  const found: Array<CommitDeletes> = []
  let entities = 0
  for (const { commits, denials } of portions) {
    const denied = new Set(denials.map(({ index }) => index))
    for (let i = 0; i < commits.length; i++) {
      if (denied.has(i)) continue
      yield* Effect.yieldNow
      const opening = CommitOpening.open(context, commits[i]!)
      const deletes = opening.kind === "checked" ? deletesOf(opening.commit) : undefined
      if (deletes === undefined) continue
      found.push(deletes)
      entities += deletes.entities.length
      if (entities > laterDeletesMax) return undefined
    }
  }
  return found
})

const takePortion = (driver: RunningSession, intake: IntakeContext, checked: CheckedBatch) =>
  toTheEnd(
    Effect.gen(function* () {
      const outcome = yield* BatchIntake.takeIn(intake, checked)
      driver.lastProgressMs = yield* monotonicMs
      yield* driver.options.notify({ _tag: "TakenIn", outcome, partitions: checked.partitions })
      return outcome
    })
  )

/**
 * What is being written when the session ends may become durable, and then it is told what became of it: nobody brings
 * it again. A store that does not answer is left behind after a moment.
 */
const toTheEnd = Effect.fnUntraced(function* <A, E, R>(effect: Effect.Effect<A, E, R>) {
  const fiber = yield* Effect.forkDetach(effect, { startImmediately: true })
  const end = Effect.andThen(Effect.timeoutOption(Fiber.await(fiber), endMsMax), Fiber.interrupt(fiber))
  return yield* Effect.onInterrupt(Fiber.join(fiber), () => end)
})
