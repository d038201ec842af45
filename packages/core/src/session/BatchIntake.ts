/**
 * What happens to a peer's batch before the journal sees it: sizes, space, the author's signature and policy. A commit that
 * fails is refused with a code and the rest of the batch flows on.
 */
import { Effect, Metric } from "effect"
import * as CountedWrite from "../gate/CountedWrite.ts"
import type { Decision } from "../gate/Decision.ts"
import * as Author from "../identity/Author.ts"
import type { PeerId } from "../identity/PeerId.ts"
import * as CommitDeeds from "./CommitDeeds.ts"
import type { Denial, RemoteOutcome } from "../journal/Journal.ts"
import { notJudged } from "../journal/Receipt.ts"
import * as Commit from "../model/Commit.ts"
import * as Partition from "../model/Partition.ts"
import { PartitionMap } from "../model/PartitionMap.ts"
import * as CoreMetrics from "../telemetry/CoreMetrics.ts"
import type * as Wire from "../wire/WireMessage.ts"
import type { CheckedBatch, IntakeContext } from "./CheckedBatch.ts"
import * as QuotaJudging from "./QuotaJudging.ts"

/** Signatures checked before other fibers get a turn: about 6 ms of work. */
const checkedAtOnceMax = 64

/** What the policy says of a partition in one batch. */
interface JudgedPartition {
  readonly partition: Partition.Partition
  /** This device itself may not have it. */
  readonly isHidden: boolean
  readonly decision: Decision
  /** By author's device: by what its work counted last, of which the audit was told. */
  readonly counted: Map<PeerId, Decision>
}

/** Judges the commits of a batch. Batches may be checked while earlier ones are written, but in their order. */
export const check = Effect.fnUntraced(function* (context: IntakeContext, batch: Wire.EventBatch) {
  const decisions = new PartitionMap<JudgedPartition>()
  const commits: Array<Uint8Array> = []
  const places: Array<number> = []
  const sizes: Array<number> = []
  const counted: Array<PeerId> = []
  const denials: Array<Denial> = []
  const verdicts: Array<RemoteOutcome["verdicts"][number]> = []
  const devices = new Set<PeerId>()
  const begun: Array<CommitDeeds.Beginning> = []
  for (let i = 0; i < batch.commits.length; i++) {
    if (i > 0 && i % checkedAtOnceMax === 0) yield* Effect.yieldNow
    const bytes = batch.commits[i]!
    const commit = Commit.open(bytes)
    const judged = yield* judge(context, { decisions, devices, begun }, bytes, commit)
    if (typeof judged === "string") {
      verdicts.push({ index: i, code: judged, kind: "refused", rule: "", policyVersion: 0, because: "" })
      continue
    }
    if (judged !== undefined && "code" in judged) {
      verdicts.push({ ...judged, index: i })
      continue
    }
    if (judged !== undefined) denials.push({ ...judged, index: commits.length })
    commits.push(bytes)
    places.push(i)
    counted.push(typeof commit === "string" ? context.peer : Author.peer(commit.header.authors[0]!))
    sizes.push(typeof commit === "string" ? bytes.length : Commit.unpackedBytes(commit.header))
  }
  const feed = batch.from === null ? undefined : { from: batch.from, upto: batch.upto }
  const partitions = Array.from(decisions.values(), ({ partition }) => partition)
  const all = { batch, commits, places, sizes, counted, denials, feed, verdicts, devices, partitions, begun }
  return yield* QuotaJudging.putOff(context, all)
})

/** Takes in what passed of a portion, keeps what the policy denies, and reports what became of each commit. */
export const takeIn = Effect.fnUntraced(function* (context: IntakeContext, checked: CheckedBatch) {
  const { commits, denials, feed, laterDeletes, massDeletes, places, sizes } = checked
  const outcome = yield* context.journal.receive({
    peer: context.peer,
    incarnation: context.peerIncarnation,
    isCustodian: yield* context.gate.isCustodian(context.peer),
    judgesAll: context.isDialled,
    givesWay: yield* context.gate.givesWay,
    // Whose deletes are whose matters only where they are judged.
    strangers: context.isDialled && massDeletes === undefined ? yield* strangersOf(context, checked) : undefined,
    feed,
    commits,
    unpackedBytes: sizes.reduce((sum, size) => sum + size, 0),
    denials,
    aheadMsMax: context.aheadMsMax,
    deleteLimits: context.deleteLimits,
    laterDeletes,
    massDeletes
  })
  yield* QuotaJudging.took(context.quota, checked, outcome)
  const refused = new Map(outcome.refused)
  for (const { code, kind } of checked.verdicts) {
    if (kind === "refused") refused.set(code, (refused.get(code) ?? 0) + 1)
  }
  const verdicts = [
    ...checked.verdicts,
    ...outcome.verdicts.map((verdict) => ({ ...verdict, index: places[verdict.index]! }))
  ]
  yield* count(refused, outcome)
  yield* auditFaults(context, refused)
  const result: RemoteOutcome = { ...outcome, refused: [...refused], verdicts }
  return result
})

const strangersOf = Effect.fnUntraced(function* ({ gate }: IntakeContext, { devices }: CheckedBatch) {
  const strangers: Array<PeerId> = []
  for (const device of devices) if (!(yield* gate.admits(device)).allowed) strangers.push(device)
  return strangers
})

/** What is known of a batch while its commits are judged one after the other. */
interface Judging {
  readonly decisions: PartitionMap<JudgedPartition>
  readonly devices: Set<PeerId>
  readonly begun: Array<CommitDeeds.Beginning>
}

/** The code under which a commit is refused, what is said of one that is left out, why it is denied, or nothing when it may come in. */
const judge = Effect.fnUntraced(function* (
  context: IntakeContext,
  { begun, decisions, devices }: Judging,
  bytes: Uint8Array,
  commit: Commit.PackedCommit | string
) {
  if (typeof commit === "string") return Commit.isNewer(bytes) ? undefined : "CommitMalformed"
  const { at, authors, partition, space } = commit.header
  if (space !== context.space) return "SpaceForeign"
  // Before the policy: what nobody signed could name any partition, and the audit would repeat it.
  if (!Commit.isSignedByAuthor(context.crypto, commit)) return "SignatureInvalid"
  const device = Author.peer(authors[0]!)
  devices.add(device)
  let judged = decisions.get(partition)
  if (judged === undefined) {
    judged = yield* judgePartition(context, partition)
    decisions.set(partition, judged)
    yield* audit(context, judged.decision, Partition.key(partition))
  }
  const { decision, isHidden } = judged
  // Not even kept: it is none of this device's business.
  if (isHidden) return decision.isUnjudged === true ? notJudged(decision) : "NotReadable"
  if (!decision.allowed) return denial("Denied", decision)
  const write = { author: authors[0]!, partition, at, from: context.peer }
  const beginnings: Array<CommitDeeds.Beginning> = []
  const deeds = Effect.map(CommitDeeds.of(context, bytes), (done) => {
    beginnings.push(...done.begun)
    return done.deeds
  })
  const counts = yield* context.gate.accepts(write, deeds)
  if (counts.allowed) {
    context.beginnings.add(beginnings)
    begun.push(...beginnings)
    const told = judged.counted.get(device)
    if (told?.rule !== counts.rule || told.policyVersion !== counts.policyVersion) {
      judged.counted.set(device, counts)
      yield* context.gate.audit(CountedWrite.audited(write, counts))
    }
    return undefined
  }
  // Whoever passes a commit on is not who had no right to write it.
  const key = Partition.key(partition)
  yield* audit(context, counts, device === context.peer ? key : `${key} by ${device}`)
  return denial("Revoked", counts)
})

const judgePartition = Effect.fnUntraced(function* ({ gate, peer }: IntakeContext, partition: Partition.Partition) {
  const here = yield* gate.canRead(partition)
  const judged: JudgedPartition = here.allowed
    ? { partition, isHidden: false, decision: yield* gate.canReceive(partition, peer), counted: new Map() }
    : { partition, isHidden: true, decision: here, counted: new Map() }
  return judged
})

/** What was not judged is asked again under whatever version, also the present one. */
const denial = (reason: Denial["reason"], decision: Decision): Omit<Denial, "index"> => {
  const { because, isUnjudged = false, policyVersion, rule } = decision
  return { reason, rule, policyVersion: isUnjudged ? 0 : policyVersion, because, isUnjudged }
}

const audit = ({ gate, peer }: IntakeContext, decision: Decision, detail: string): Effect.Effect<void> =>
  gate.audit({ action: "receive", peer, decision, detail })

/** Codes that stand for a decision of the policy, which the audit was told when it was made. */
const decidedCodes: ReadonlySet<string> = new Set(["Denied", "Revoked", "NotReadable"])

/** What was refused for what it is, e.g. because nobody signed it so: whoever brings that is worth knowing, too. */
const auditFaults = Effect.fnUntraced(function* ({ gate, peer }: IntakeContext, refused: ReadonlyMap<string, number>) {
  for (const [code, commits] of refused) {
    if (decidedCodes.has(code)) continue
    const because = `no policy was asked: ${commits} in this batch were refused as ${code}`
    const decision = { allowed: false, rule: `commit/${code}`, policyVersion: 0, because }
    yield* gate.audit({ action: "receive", peer, decision, detail: "commits" })
  }
})

const count = Effect.fnUntraced(function* (refused: ReadonlyMap<string, number>, outcome: RemoteOutcome) {
  yield* Metric.update(CoreMetrics.eventsApplied, outcome.applied)
  if (outcome.held > 0) yield* Metric.update(CoreMetrics.commitsHeld, outcome.held)
  for (const [code, commits] of refused) {
    yield* Metric.update(Metric.withAttributes(CoreMetrics.commitsRefused, { code }), commits)
  }
})
