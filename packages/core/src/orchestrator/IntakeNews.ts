/**
 * What the application is told of what came from a peer, by whichever road: commits that wait, were refused, forked or
 * conflicted, and that this journal was copied. What is done about them is decided elsewhere.
 */
import { Effect, Schema } from "effect"
import * as Author from "../identity/Author.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { RemoteOutcome } from "../journal/Journal.ts"
import type { JournalError } from "../journal/JournalError.ts"
import { QuarantineReason } from "../journal/Quarantine.ts"
import type { MailboxError } from "../mailbox/MailboxError.ts"
import type * as Partition from "../model/Partition.ts"
import type { TransportError } from "../transport/TransportError.ts"
import { code as putOffCode, type PutOff } from "../session/IntakeQuota.ts"
import * as QuarantineNews from "./QuarantineNews.ts"
import type { Supervision } from "./Supervision.ts"

/** What was judged before the policy changed may have been written behind the look at what must go. */
export const lookForLost = Effect.fnUntraced(function* (
  supervisor: Supervision,
  partitions: ReadonlyArray<Partition.Partition>
) {
  for (const partition of partitions) {
    if ((yield* supervisor.gate.mustForget(partition)) !== undefined) supervisor.isAccessReviewDue = true
  }
})

/** Other codes stand for what is left out and comes again. */
const isKeptAs = Schema.is(QuarantineReason)

/** Tells of one portion that was taken in. */
export const takenIn = Effect.fnUntraced(function* (
  supervisor: Supervision,
  peer: PeerId,
  { outcome }: { readonly outcome: RemoteOutcome }
) {
  const { publish } = supervisor.channel
  const held = new Map<QuarantineReason, number>()
  const putOff = new Map<string, PutOff & { commits: number }>()
  for (const { because, code, kind, rule } of outcome.verdicts) {
    if (code === putOffCode) {
      putOff.set(rule, { rule, because, commits: (putOff.get(rule)?.commits ?? 0) + 1 })
    }
    if (kind === "held" && isKeptAs(code)) held.set(code, (held.get(code) ?? 0) + 1)
  }
  for (const [code, commits] of held) {
    if (code === "ClockAhead") yield* publish({ _tag: "ClockSkewed", peer, commits })
    yield* publish({ _tag: "CommitsHeld", peer, reason: code, commits })
  }
  for (const told of putOff.values()) yield* publish({ _tag: "CommitsPutOff", peer, ...told })
  for (const [code, commits] of outcome.refused) yield* publish({ _tag: "CommitsRefused", peer, code, commits })
  for (const [reason, commits] of outcome.arrived) {
    yield* QuarantineNews.left(supervisor.channel, reason, "arrived", commits)
  }
  const hasKey = typeof supervisor.journal.keys.sealing !== "string"
  if (outcome.locked > 0 && hasKey) yield* publish({ _tag: "CommitsLocked", peer, commits: outcome.locked })
  if (outcome.isCopied) yield* copied(supervisor, peer)
  for (const { author, id, type } of outcome.forks) yield* publish({ _tag: "ForkDetected", author, type, id })
  for (const { field, id, loser, loserAt, partition, winner, winnerAt } of outcome.conflicts) {
    yield* publish({
      _tag: "ConflictResolved",
      type: partition.type,
      header: partition.header,
      id,
      field,
      winner: Author.peer(winner),
      winnerAt,
      loser: Author.peer(loser),
      loserAt
    })
  }
})

/** Tells of the new incarnation; every session greeted with the old one. */
export const copied = Effect.fnUntraced(function* (supervisor: Supervision, peer: PeerId) {
  const { incarnation } = supervisor.journal.info
  yield* supervisor.channel.publish({ _tag: "JournalCopied", peer, incarnation })
  for (const session of supervisor.sessions.all) session.replace()
})

/** Tells the application that something went wrong outside a session. */
export const reportFailure = (
  supervisor: Supervision,
  peer: PeerId | undefined,
  route: string,
  error: TransportError | MailboxError | JournalError
): Effect.Effect<void> =>
  supervisor.channel.publish({
    _tag: "SyncError",
    peer: peer ?? null,
    route,
    code: error.reason._tag,
    detail: error.message,
    willRetry: true
  })
