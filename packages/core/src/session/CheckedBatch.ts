/**
 * A batch on its way in: what its judges know of where it comes from, and what they made of it. Judging is `BatchIntake`'s and
 * `QuotaJudging`'s.
 */
import type { CompressionFunctions } from "../crypto/Compression.ts"
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import type { GateShape } from "../gate/Gate.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import type { DeleteLimits } from "../journal/DeleteWatch.ts"
import type { Denial, JournalShape, RemoteBatch, RemoteOutcome } from "../journal/Journal.ts"
import type * as Partition from "../model/Partition.ts"
import type * as Wire from "../wire/WireMessage.ts"
import type * as CommitDeeds from "./CommitDeeds.ts"
import type { IntakeQuotaShape } from "./IntakeQuota.ts"

export interface IntakeContext {
  readonly journal: JournalShape
  readonly gate: GateShape
  readonly crypto: CryptoFunctions
  readonly compression: CompressionFunctions
  /** Of the batches of this session that are not written yet. */
  readonly beginnings: CommitDeeds.Beginnings
  readonly peer: PeerId
  readonly peerIncarnation: string
  readonly space: SpaceId
  readonly aheadMsMax: number
  readonly deleteLimits: DeleteLimits
  /** How much devices may bring; no limit where absent. */
  readonly quota: IntakeQuotaShape | undefined
  /**
   * The peer dialled this node: what it has judged counts for itself. Were a hub to believe its devices, two that each got
   * a part of a mass delete would vouch for each other's, and one with loose limits for all of it.
   */
  readonly isDialled: boolean
}

/** A batch whose commits were judged one by one. */
export interface CheckedBatch {
  readonly batch: Wire.EventBatch
  /** Commits for the journal, and the place that each had in the batch. */
  readonly commits: ReadonlyArray<Uint8Array>
  readonly places: ReadonlyArray<number>
  /** Bytes that the events of each commit take once they are unpacked. */
  readonly sizes: ReadonlyArray<number>
  /** The device that each counts to, where there are quotas; see `QuotaJudging`. */
  readonly counted: ReadonlyArray<PeerId>
  /** Those of them that the policy does not let in. */
  readonly denials: ReadonlyArray<Denial>
  /** In the first portion of a batch: what the others delete. */
  readonly laterDeletes?: RemoteBatch["laterDeletes"]
  /** In the others: which commits of the batch wait, as was judged with the first one. */
  readonly massDeletes?: RemoteBatch["massDeletes"]
  /** The stretch of the peer's feed that it is. */
  readonly feed: RemoteBatch["feed"]
  /** What is to be said of commits that never reach the journal. */
  readonly verdicts: ReadonlyArray<RemoteOutcome["verdicts"][number]>
  /** Devices that wrote them. */
  readonly devices: ReadonlySet<PeerId>
  /** Where they belong, refused ones too. */
  readonly partitions: ReadonlyArray<Partition.Partition>
  /** Records that commits for the journal begin; they are among the session's beginnings. */
  readonly begun: ReadonlyArray<CommitDeeds.Beginning>
}
