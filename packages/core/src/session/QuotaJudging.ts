/**
 * Asks the quota about a batch, leaves out what it puts off, and tells it what was taken in. A commit counts to the device that
 * signed it, whoever brings it: relaying evades nothing, and nobody fills the quota of another. What devices wrote that the
 * policy does not admit counts to who brings it, or it would invent them. It knows no limits.
 */
import { Effect, Metric } from "effect"
import type { GateShape } from "../gate/Gate.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { Released, RemoteOutcome } from "../journal/Journal.ts"
import * as CoreMetrics from "../telemetry/CoreMetrics.ts"
import type { CheckedBatch, IntakeContext } from "./CheckedBatch.ts"
import * as CommitDeeds from "./CommitDeeds.ts"
import { type Brought, code, IntakeQuota, type IntakeQuotaShape, type PutOff } from "./IntakeQuota.ts"

/** Commits of a batch by place, and the device to which each counts. */
interface Counted {
  readonly commits: ReadonlyArray<Uint8Array>
  readonly counted: ReadonlyArray<PeerId>
}

/** The device to which a commit counts. */
export const countedTo = (gate: GateShape, author: PeerId, deliverer: PeerId): Effect.Effect<PeerId> =>
  author === deliverer
    ? Effect.succeed(author)
    : Effect.map(gate.admits(author), ({ allowed }) => (allowed ? author : deliverer))

/** The batch without what has to wait; of each device all of it, or all that begins records, or nothing. What the policy denied waits elsewhere and stays. */
export const putOff = Effect.fnUntraced(function* (context: IntakeContext, checked: CheckedBatch) {
  const { gate, peer, quota } = context
  if (quota === undefined || checked.commits.length === 0) return checked
  const devices = new Map<PeerId, PeerId>()
  for (const author of new Set(checked.counted)) devices.set(author, yield* countedTo(gate, author, peer))
  const batch: CheckedBatch = { ...checked, counted: checked.counted.map((author) => devices.get(author)!) }
  const denied = new Set(batch.denials.map(({ index }) => index))
  const places = batch.commits.flatMap((_, index) => (denied.has(index) ? [] : [[index, 0] as const]))
  const waiting = yield* quota.ask(summed(batch, places))
  if (waiting.size === 0) return batch
  const reasons = new Map<number, PutOff>()
  for (const [index, bytes] of batch.commits.entries()) {
    const reason = denied.has(index) ? undefined : waiting.get(batch.counted[index]!)
    if (reason === undefined) continue
    // What cannot be opened here may begin something.
    const isTaken = reason.isOfBeginnings === true && (yield* CommitDeeds.beginsNothing(context, bytes))
    if (!isTaken) reasons.set(index, reason)
  }
  return yield* without(batch, reasons)
})

/** Tells the quota what of a portion was not here before. */
export const took = (quota: IntakeQuotaShape | undefined, counted: Counted, { fresh }: RemoteOutcome) =>
  quota === undefined || fresh.length === 0 ? Effect.void : quota.took(summed(counted, fresh))

/** Tells the quota by how much records grew that left the quarantine; their bytes counted when they came. */
export const tookReleased = Effect.fnUntraced(function* (gate: GateShape, { grown }: Pick<Released, "grown">) {
  const quota = yield* IntakeQuota
  if (quota === undefined || grown.length === 0) return
  const brought: Array<Brought> = []
  for (const { author, peer, records } of grown) {
    brought.push({ device: yield* countedTo(gate, author, peer), commits: 0, bytes: 0, records })
  }
  yield* quota.took(brought)
})

const summed = ({ commits, counted }: Counted, places: RemoteOutcome["fresh"]): ReadonlyArray<Brought> => {
  const sums = new Map<PeerId, Brought>()
  for (const [index, records] of places) {
    const device = counted[index]!
    const before = sums.get(device) ?? { device, commits: 0, bytes: 0, records: 0 }
    sums.set(device, {
      device,
      commits: before.commits + 1,
      bytes: before.bytes + commits[index]!.length,
      records: before.records + records
    })
  }
  return [...sums.values()]
}

const without = Effect.fnUntraced(function* (checked: CheckedBatch, reasons: ReadonlyMap<number, PutOff>) {
  const verdicts = [...checked.verdicts]
  const kept: Array<number> = []
  const byRule = new Map<string, number>()
  for (let index = 0; index < checked.commits.length; index++) {
    const reason = reasons.get(index)
    if (reason === undefined) {
      kept.push(index)
      continue
    }
    const { because, rule } = reason
    verdicts.push({ index: checked.places[index]!, code, kind: "held", rule, policyVersion: 0, because })
    byRule.set(rule, (byRule.get(rule) ?? 0) + 1)
  }
  for (const [quota, commits] of byRule) {
    yield* Metric.update(Metric.withAttributes(CoreMetrics.commitsPutOff, { quota }), commits)
  }
  const placeOf = new Map(kept.map((index, place) => [index, place]))
  const pick = <A>(all: ReadonlyArray<A>): ReadonlyArray<A> => kept.map((index) => all[index]!)
  const left: CheckedBatch = {
    ...checked,
    commits: pick(checked.commits),
    places: pick(checked.places),
    sizes: pick(checked.sizes),
    counted: pick(checked.counted),
    denials: checked.denials.map((denial) => ({ ...denial, index: placeOf.get(denial.index)! })),
    verdicts
  }
  return left
})
