/**
 * Looks after what this device may have. When the policy takes the right to read a partition away, everything of it is
 * taken out of the journal and of the quarantine; own work that no custodian has confirmed, and without a hub all of it, is
 * kept in quarantine. What it does not know the policy of it keeps.
 */
import { Effect } from "effect"
import * as Author from "../identity/Author.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { JournalShape } from "../journal/Journal.ts"
import { type QuarantineEntry, quarantinePageMax, releasedAtOnceMax } from "../journal/Quarantine.ts"
import * as Partition from "../model/Partition.ts"
import * as IntakeNews from "./IntakeNews.ts"
import * as QuarantineAccess from "./QuarantineAccess.ts"
import * as QuarantineNews from "./QuarantineNews.ts"
import type { Supervision } from "./Supervision.ts"
import type { AccessLoss } from "./SyncEvent.ts"

/** Removes what this device must forget, and tells of it. A full disk may keep it from its work; then it tries again. */
export const review = (supervisor: Supervision): Effect.Effect<void> =>
  Effect.suspend(() => {
    supervisor.isAccessReviewDue = true
    return reviewed(supervisor)
  }).pipe(
    Effect.catchTag("JournalError", (error) => IntakeNews.reportFailure(supervisor, undefined, "journal", error)),
    supervisor.accessReviews.withPermits(1)
  )

const reviewed = Effect.fnUntraced(function* (supervisor: Supervision) {
  const { channel, gate, journal } = supervisor
  const self = Author.peer(journal.info.author)
  yield* disownFormer(supervisor, self)
  // Without a hub a custodian may be none any more, and give up what it has, before another one has met it.
  const keepsConfirmed = yield* gate.isRenumbered
  const lost: Array<AccessLoss> = []
  for (const { partition } of yield* journal.held) {
    const decision = yield* gate.mustForget(partition)
    if (decision === undefined) continue
    const { because, policyVersion, rule } = decision
    const { entities, withdrawn } = yield* Effect.uninterruptible(
      journal.purge(partition, { rule, policyVersion, because, keepsConfirmed })
    )
    const { header, type } = partition
    yield* auditForgotten(supervisor, { partition, decision }, `${entities} records`)
    lost.push({ type, header: { ...header }, entities, kept: withdrawn.length, rule, because })
  }
  yield* forgetQuarantined(supervisor)
  const gained = yield* gains(supervisor)
  supervisor.isAccessReviewDue = false
  if (lost.length + gained.length > 0) yield* channel.publish({ _tag: "AccessChanged", lost, gained })
})

/**
 * Who was a custodian and is none now may have given up what it had confirmed, and nobody takes its word for it any more.
 * Its sessions begin anew, so that what it said in them counts only once it is proven. Who brought something and confirmed
 * nothing is not known here, so what stays for anybody's sake is decided anew each time.
 */
const disownFormer = Effect.fnUntraced(function* ({ gate, journal, sessions }: Supervision, self: PeerId) {
  // A custodian gives nothing up, and who is let in nowhere does not know who is one.
  if (!(yield* gate.givesWay) || !(yield* gate.admits(self)).allowed) return
  const former: Array<PeerId> = []
  for (const peer of yield* journal.custodians) {
    if (!(yield* gate.isCustodian(peer)) || !(yield* gate.admits(peer)).allowed) former.push(peer)
  }
  yield* journal.disown(former)
  for (const peer of former) sessions.get(peer)?.replace()
})

/** That it was done, and why it had to be; nothing was refused here. */
const auditForgotten = (
  { gate, journal }: Supervision,
  { decision, partition }: QuarantineAccess.Forbidden,
  what: string
): Effect.Effect<void> =>
  gate.audit({
    action: "forget",
    peer: Author.peer(journal.info.author),
    decision: { ...decision, allowed: true },
    detail: `${Partition.key(partition)} ${what}`
  })

/** Partitions that were known here and forgotten, and may be held again. */
const gains = Effect.fnUntraced(function* ({ forgotten, gate, journal }: Supervision) {
  const gained: Array<Pick<AccessLoss, "type" | "header">> = []
  for (const { partition } of (yield* journal.partitions).rows) {
    const key = Partition.key(partition)
    if ((yield* gate.mustForget(partition)) !== undefined) forgotten.add(key)
    else if (forgotten.delete(key)) gained.push({ type: partition.type, header: { ...partition.header } })
  }
  return gained
})

/** Commits of others that wait here and may not even wait here: no byte of them is left. Own work stays. */
const forgetQuarantined = Effect.fnUntraced(function* (supervisor: Supervision) {
  const { channel, journal } = supervisor
  let after = 0
  for (;;) {
    const page = yield* journal.quarantine({ after, limit: quarantinePageMax })
    const found = new Map<string, QuarantineAccess.Forbidden>()
    for (const entry of page) {
      const { id, place } = entry
      after = place
      if (isOwnWork(journal, entry)) continue
      const forbidden = yield* QuarantineAccess.forbidden(supervisor, id)
      if (forbidden !== undefined) found.set(id, forbidden)
    }
    const ids = [...found.keys()]
    for (let from = 0; from < ids.length; from += releasedAtOnceMax) {
      const gone = yield* journal.discard(ids.slice(from, from + releasedAtOnceMax), true)
      yield* auditDropped(supervisor, found, gone)
      for (const reason of new Set(gone.map((entry) => entry.reason))) {
        const commits = gone.filter((entry) => entry.reason === reason).length
        yield* QuarantineNews.left(channel, reason, "discarded", commits)
      }
      const left = gone.map(({ id }) => id)
      yield* Effect.logInfo("what this device may not have any more was discarded", { commits: left.length, ids: left })
    }
    if (page.length < quarantinePageMax) return
  }
})

/** One entry for each partition, with what of it was dropped at once. */
const auditDropped = Effect.fnUntraced(function* (
  supervisor: Supervision,
  found: ReadonlyMap<string, QuarantineAccess.Forbidden>,
  gone: ReadonlyArray<QuarantineEntry>
) {
  const counts = new Map<string, { readonly forbidden: QuarantineAccess.Forbidden; commits: number }>()
  for (const { id } of gone) {
    const forbidden = found.get(id)!
    const key = Partition.key(forbidden.partition)
    const known = counts.get(key)
    if (known === undefined) counts.set(key, { forbidden, commits: 1 })
    else known.commits++
  }
  for (const { commits, forbidden } of counts.values()) {
    yield* auditForgotten(supervisor, forbidden, `${commits} commits in quarantine`)
  }
})

/** Whatever it waits for, nobody else may have it. The proof of a fork waits for nothing: what it proves was applied. */
const isOwnWork = ({ info }: JournalShape, { author, reason }: QuarantineEntry): boolean =>
  reason !== "Forked" && author.startsWith(`${Author.peer(info.author)}/`)
