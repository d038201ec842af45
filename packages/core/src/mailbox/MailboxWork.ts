/**
 * What the parts of a mailbox's sync share: the place, the engine around it, and what is remembered. It holds state only;
 * `MailboxReading` and `MailboxWriting` act on it.
 */
import { Effect } from "effect"
import type { CharterShape } from "../charter/Charter.ts"
import type { CompressionFunctions } from "../crypto/Compression.ts"
import type { CryptoFunctions, Signer } from "../crypto/Crypto.ts"
import type { FileSealShape } from "../crypto/FileSeal.ts"
import type { GateShape } from "../gate/Gate.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { DeleteLimits } from "../journal/DeleteWatch.ts"
import type { JournalShape, RemoteOutcome } from "../journal/Journal.ts"
import type { JournalError } from "../journal/JournalError.ts"
import type { PartitionRow } from "../journal/JournalTables.ts"
import type { Partition } from "../model/Partition.ts"
import type { MailboxShape } from "./Mailbox.ts"
import type { Ask, MailboxHead } from "./MailboxHead.ts"
import * as MailboxName from "./MailboxName.ts"
import type { MailboxState } from "./MailboxState.ts"

/** What became of something that lay in a mailbox. */
export interface MailboxNotice {
  readonly peer: PeerId
  readonly outcome: RemoteOutcome
  readonly partitions: ReadonlyArray<Partition>
}

export interface MailboxWork {
  readonly mailbox: MailboxShape
  readonly journal: JournalShape
  readonly gate: GateShape
  /** The charter of the space, in one that has one. */
  readonly charter: CharterShape | undefined
  readonly crypto: CryptoFunctions
  readonly compression: CompressionFunctions
  readonly seal: FileSealShape
  readonly signer: Signer & { readonly peer: PeerId }
  readonly aheadMsMax: number
  readonly deleteLimits: DeleteLimits
  /** True for a paused device: nothing is read of it, and nothing written for it. */
  readonly isPaused: (peer: PeerId) => boolean
  readonly notify: (notice: MailboxNotice) => Effect.Effect<void, JournalError>
  /** Stores `state`; durable when it succeeds. */
  readonly save: (state: MailboxState) => Effect.Effect<void, JournalError>
  state: MailboxState
  /** The newest heads that were read, by owner. */
  readonly heads: Map<string, MailboxHead>
  /** Open questions, by whom they go to, and since when. */
  readonly asks: Map<string, Ask & { readonly sinceMs: number }>
  /** Segments with records of the charter that were read, by owner: those of its newest head that was looked at. */
  readonly charterRead: Map<string, ReadonlySet<string>>
  /** Names of this device's files when it looked last. */
  own: ReadonlySet<string>
  /** Ids of commits that came by this mailbox: nobody has to pass them on here. */
  readonly seen: Set<string>
  /** Heads of this journal and when they were noticed, the oldest first: what is passed on waits for others to do so. */
  readonly noticed: Array<{ readonly head: number; readonly atMs: number }>
  /**
   * By owner: the segment that is missing, or rests on something that is, the journal's head when it was tried, and looks since.
   */
  readonly resting: Map<string, { readonly counter: number; readonly head: number; readonly looks: number }>
  /** By owner: segments that its head names and that were not read yet, by their numbers, and since when it names them. */
  readonly named: Map<string, ReadonlyMap<number, number>>
  /** Something that a head names could not be read, or rests on something missing. */
  isWaiting: boolean
}

/** Ids that are remembered; beyond it all are forgotten, and some may be passed on twice. */
export const seenMax = 65_536

export const ownTag = ({ crypto, journal, signer }: MailboxWork): string =>
  MailboxName.ownerTag(crypto.sha256, journal.info.space, signer.peer)

/** Other devices that the policy knows and admits and that are not paused, by their tags. */
export const others = Effect.fnUntraced(function* ({ crypto, gate, isPaused, journal, signer }: MailboxWork) {
  const found = new Map<string, PeerId>()
  for (const peer of yield* gate.devices) {
    if (peer === signer.peer || isPaused(peer) || !(yield* gate.admits(peer)).allowed) continue
    found.set(MailboxName.ownerTag(crypto.sha256, journal.info.space, peer), peer)
  }
  return found
})

/** The partitions that may go to a device and come from it: what both compare. */
export const sharedWith = Effect.fnUntraced(function* ({ gate, journal }: MailboxWork, peer: PeerId) {
  const { rows } = yield* journal.partitions
  const shared: Array<PartitionRow> = []
  for (const row of rows) {
    const isShared =
      (yield* gate.canSend(row.partition, peer)).allowed && (yield* gate.canReceive(row.partition, peer)).allowed
    if (isShared) shared.push(row)
  }
  return shared
})
